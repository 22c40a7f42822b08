//! A board on a pseudo terminal: the boot program in the ROM of a chip, the stub that it can be given, and a flash chip.
//!
//! Frames and commands follow the documentation of esptool ("Serial Protocol"); addresses of registers, its targets.
//! What a chip would not take is noted as a problem, and refused as a chip does.

mod md5;

use std::collections::HashMap;
use std::io::{ErrorKind, Read as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use flate2::{Decompress, FlushDecompress};
use serialport::{SerialPort as _, TTYPort};

pub use md5::md5;

/// What flash holds before anybody writes it: no byte of an erased one.
pub const OLD: u8 = 0x5a;
const SECTOR_BYTES: usize = 0x1000;
/// Status and error, and two bytes more from the ROM.
const ROM_STATUS_BYTES: usize = 4;
const STUB_STATUS_BYTES: usize = 2;

pub mod op {
    //! Numbers of the commands.
    pub const FLASH_BEGIN: u8 = 0x02;
    pub const FLASH_DATA: u8 = 0x03;
    pub const FLASH_END: u8 = 0x04;
    pub const MEM_BEGIN: u8 = 0x05;
    pub const MEM_END: u8 = 0x06;
    pub const MEM_DATA: u8 = 0x07;
    pub const SYNC: u8 = 0x08;
    pub const WRITE_REG: u8 = 0x09;
    pub const READ_REG: u8 = 0x0a;
    pub const SPI_SET_PARAMS: u8 = 0x0b;
    pub const SPI_ATTACH: u8 = 0x0d;
    pub const CHANGE_BAUDRATE: u8 = 0x0f;
    pub const FLASH_DEFL_BEGIN: u8 = 0x10;
    pub const FLASH_DEFL_DATA: u8 = 0x11;
    pub const FLASH_DEFL_END: u8 = 0x12;
    pub const FLASH_MD5: u8 = 0x13;
    pub const GET_SECURITY_INFO: u8 = 0x14;
}

/// What goes wrong with a board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// It never answers.
    Silent,
    /// The cable is pulled when this block of data comes.
    PulledAtBlock(u32),
    /// This block is refused.
    RefusesBlock(u32),
    /// A bit of this block does not stay as it was written.
    WornAtBlock(u32),
}

/// A board to simulate.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Number of the chip: 5 is the ESP32-C3, 9 the S3, 13 the C6, 16 the H2.
    pub chip_id: u32,
    /// Mebibytes of flash, a power of 2.
    pub flash_mib: usize,
    /// Flags of the security information.
    pub security_flags: u32,
    /// What goes wrong.
    pub fault: Fault,
}

impl Settings {
    /// An ESP32-C3 v0.4 with 4 MiB of flash.
    pub fn esp32c3() -> Self {
        Settings { chip_id: 5, flash_mib: 4, security_flags: 0, fault: Fault::None }
    }
}

/// A board that waits for a host.
pub struct Board {
    path: String,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<State>,
    /// Kept open, so that the terminal stays when the host goes.
    _slave: TTYPort,
}

impl Board {
    /// Plugs it in; `flash` is what it holds, or nothing of use.
    pub fn plug_in(settings: Settings, flash: Option<Vec<u8>>) -> Self {
        let (mut master, slave) = TTYPort::pair().expect("the system has pseudo terminals");
        let path = slave.name().expect("a pseudo terminal has a path");
        master.set_timeout(Duration::from_millis(10)).expect("a timeout can be set");
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let mut state = State::new(settings, flash);
        let thread = std::thread::spawn(move || {
            state.serve(master, &stopped);
            state
        });
        Board { path, stop, thread, _slave: slave }
    }

    /// Its port.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Unplugs it; what it has seen.
    pub fn unplug(self) -> State {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("the board does not panic")
    }
}

/// What a board has in it, and what was asked of it.
pub struct State {
    settings: Settings,
    /// Its flash.
    pub flash: Vec<u8>,
    /// Commands in order.
    pub commands: Vec<u8>,
    /// Regions that were summed up: where they begin, and their bytes.
    pub summed: Vec<(u32, u32)>,
    /// Speeds that were asked for.
    pub bauds: Vec<u32>,
    /// The stub runs.
    pub is_stub: bool,
    /// What a chip would not have taken.
    pub problems: Vec<String>,
    registers: HashMap<u32, u32>,
    is_attached: bool,
    memory: Option<Transfer>,
    writing: Option<Transfer>,
    blocks: u32,
}

/// Blocks that were announced.
struct Transfer {
    /// Where they go.
    start: usize,
    /// Bytes of them all, unpacked.
    bytes: usize,
    n_blocks: u32,
    block_bytes: usize,
    /// Number of the next block.
    next: u32,
    /// Bytes that have come, unpacked.
    done: usize,
    unpack: Option<Decompress>,
}

/// Why a command is refused: the number of the error.
type Refusal = u8;
const INVALID_MESSAGE: Refusal = 0x05;
const FAILED: Refusal = 0x06;
const INVALID_CRC: Refusal = 0x07;
const DEFLATE_ERROR: Refusal = 0x0b;

/// A value and data of an answer.
type Answer = Result<(u32, Vec<u8>), Refusal>;

impl State {
    fn new(settings: Settings, flash: Option<Vec<u8>>) -> Self {
        let bytes = settings.flash_mib << 20;
        let efuses = match settings.chip_id {
            13 => 0x600b_0844,
            9 => 0x6000_7044,
            _ => 0x6000_8844,
        };
        // The address of the radio, and revision v0.4.
        let registers = [(efuses, 0xf900_0001), (efuses + 4, 0x6055), (efuses + 12, 4 << 18)];
        State {
            flash: flash.unwrap_or_else(|| vec![OLD; bytes]),
            settings,
            commands: Vec::new(),
            summed: Vec::new(),
            bauds: Vec::new(),
            is_stub: false,
            problems: Vec::new(),
            registers: registers.into(),
            is_attached: false,
            memory: None,
            writing: None,
            blocks: 0,
        }
    }

    fn serve(&mut self, mut master: TTYPort, stop: &AtomicBool) {
        let mut frames = Frames::default();
        let mut bytes = [0; 4096];
        while !stop.load(Ordering::Relaxed) {
            match master.read(&mut bytes) {
                Ok(read) => {
                    for byte in &bytes[..read] {
                        let Some(frame) = frames.push(*byte, &mut self.problems) else { continue };
                        let Some(answers) = self.answers(&frame) else { return };
                        for answer in answers {
                            if master.write_all(&framed(&answer)).is_err() {
                                return;
                            }
                        }
                    }
                }
                Err(error) if error.kind() == ErrorKind::TimedOut => {}
                Err(_) => return,
            }
        }
    }

    /// What is said to a frame; `None` when the cable is pulled.
    fn answers(&mut self, frame: &[u8]) -> Option<Vec<Vec<u8>>> {
        if self.settings.fault == Fault::Silent {
            return Some(Vec::new());
        }
        let Some((head, data)) = frame.split_first_chunk::<8>() else {
            self.problems.push(format!("a frame of {} bytes", frame.len()));
            return Some(Vec::new());
        };
        let command = head[1];
        if head[0] != 0 || usize::from(u16::from_le_bytes([head[2], head[3]])) != data.len() {
            self.problems.push(format!("command {command:#04x} has a wrong head"));
            return Some(Vec::new());
        }
        self.commands.push(command);
        let is_data = matches!(command, op::FLASH_DATA | op::FLASH_DEFL_DATA);
        if is_data {
            self.blocks += 1;
            match self.settings.fault {
                Fault::PulledAtBlock(block) if block == self.blocks => return None,
                Fault::RefusesBlock(block) if block == self.blocks => {
                    return Some(vec![self.answer(command, Err(FAILED))]);
                }
                _ => {}
            }
        }
        let sum = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
        let was_stub = self.is_stub;
        let answer = self.act(command, sum, data);
        if let Err(error) = answer {
            self.problems.push(format!("command {command:#04x} was refused with {error:#04x}"));
        }
        // The ROM answers a call several times.
        let times = if command == op::SYNC { 8 } else { 1 };
        let mut answers = vec![self.answer_of(command, &answer, was_stub); times];
        if self.is_stub && !was_stub {
            answers.push(b"OHAI".to_vec());
        }
        Some(answers)
    }

    fn answer(&self, command: u8, answer: Answer) -> Vec<u8> {
        self.answer_of(command, &answer, self.is_stub)
    }

    fn answer_of(&self, command: u8, answer: &Answer, is_stub: bool) -> Vec<u8> {
        let (value, data, status) = match answer {
            Ok((value, data)) => (*value, data.as_slice(), [0, 0]),
            Err(error) => (0, &[][..], [1, *error]),
        };
        let status_bytes = if is_stub { STUB_STATUS_BYTES } else { ROM_STATUS_BYTES };
        let mut bytes = vec![1, command];
        bytes.extend(((data.len() + status_bytes) as u16).to_le_bytes());
        bytes.extend(value.to_le_bytes());
        bytes.extend(data);
        bytes.extend(status);
        bytes.resize(8 + data.len() + status_bytes, 0);
        bytes
    }

    fn act(&mut self, command: u8, sum: u32, data: &[u8]) -> Answer {
        let nothing = Ok((0, Vec::new()));
        match command {
            op::SYNC => {
                let call = [&[0x07, 0x07, 0x12, 0x20][..], &[0x55; 32]].concat();
                if data == call { nothing } else { Err(INVALID_MESSAGE) }
            }
            op::READ_REG => {
                let [address] = words(data)?;
                Ok((self.registers.get(&address).copied().unwrap_or(0), Vec::new()))
            }
            op::WRITE_REG => {
                let [address, value, _mask, _delay] = words(data)?;
                self.write_register(address, value);
                nothing
            }
            op::GET_SECURITY_INFO => {
                let mut info = self.settings.security_flags.to_le_bytes().to_vec();
                info.extend([0; 8]);
                info.extend(self.settings.chip_id.to_le_bytes());
                info.extend(0_u32.to_le_bytes());
                Ok((0, info))
            }
            op::SPI_ATTACH => {
                let expected = if self.is_stub { 4 } else { 8 };
                self.is_attached = data.len() == expected;
                if self.is_attached { nothing } else { Err(INVALID_MESSAGE) }
            }
            op::SPI_SET_PARAMS => {
                let [_id, total, _block, sector, _page, _mask] = words(data)?;
                let is_right = total as usize == self.flash.len() && sector as usize == SECTOR_BYTES;
                if is_right { nothing } else { Err(INVALID_MESSAGE) }
            }
            op::CHANGE_BAUDRATE => {
                let [baud, _prior] = words(data)?;
                self.bauds.push(baud);
                nothing
            }
            op::MEM_BEGIN => {
                self.memory = Some(Transfer::announced(data, None)?);
                nothing
            }
            op::MEM_DATA => {
                let transfer = self.memory.as_mut().ok_or(INVALID_MESSAGE)?;
                let block = transfer.block(sum, data)?;
                transfer.done += block.len();
                nothing
            }
            op::MEM_END => {
                let [no_entry, entry] = words(data)?;
                let is_whole = self.memory.take().is_some_and(|it| it.done >= it.bytes);
                self.is_stub = is_whole && no_entry == 0 && entry != 0;
                if self.is_stub { nothing } else { Err(INVALID_MESSAGE) }
            }
            op::FLASH_BEGIN => self.begin(data, None),
            op::FLASH_DEFL_BEGIN => self.begin(data, Some(Decompress::new(true))),
            op::FLASH_DATA | op::FLASH_DEFL_DATA => self.program(command == op::FLASH_DEFL_DATA, sum, data),
            op::FLASH_END | op::FLASH_DEFL_END => {
                self.complete();
                nothing
            }
            op::FLASH_MD5 => {
                self.complete();
                let [start, bytes, _, _] = words(data)?;
                self.summed.push((start, bytes));
                let region = (start as usize)
                    .checked_add(bytes as usize)
                    .and_then(|end| self.flash.get(start as usize..end));
                let sum = md5(region.ok_or(FAILED)?);
                // The ROM sends it as text.
                let text = || sum.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect();
                Ok((0, if self.is_stub { sum.to_vec() } else { text() }))
            }
            _ => Err(INVALID_MESSAGE),
        }
    }

    /// A register is written; a command for the flash chip is done at once.
    fn write_register(&mut self, address: u32, value: u32) {
        const START: u32 = 1 << 18;
        const READ_ID: u32 = 0x9f;
        let spi = if matches!(self.settings.chip_id, 13 | 16) { 0x6000_3000 } else { 0x6000_2000 };
        if address != spi {
            self.registers.insert(address, value);
            return;
        }
        let command = self.registers.get(&(spi + 0x20)).copied().unwrap_or(0) & 0xff;
        if value == START && command == READ_ID && self.is_attached {
            let size = 0x14 + self.settings.flash_mib.ilog2();
            self.registers.insert(spi + 0x58, (size << 16) | 0x4020);
        } else {
            self.problems.push(format!("the flash was given the command {command:#04x}"));
        }
    }

    fn begin(&mut self, data: &[u8], unpack: Option<Decompress>) -> Answer {
        if !self.is_attached {
            return Err(FAILED);
        }
        let is_packed = unpack.is_some();
        if is_packed && !self.is_stub {
            self.problems.push("packed data before the stub runs".to_owned());
        }
        let transfer = Transfer::announced(data, unpack)?;
        let erased =
            transfer.start..transfer.start.saturating_add(transfer.bytes).next_multiple_of(SECTOR_BYTES);
        if !transfer.start.is_multiple_of(SECTOR_BYTES)
            || (!is_packed && !transfer.bytes.is_multiple_of(SECTOR_BYTES))
        {
            self.problems.push(format!("{erased:x?} is not a number of sectors"));
        }
        self.flash.get_mut(erased).ok_or(FAILED)?.fill(0xff);
        self.complete();
        self.writing = Some(transfer);
        Ok((0, Vec::new()))
    }

    fn program(&mut self, is_packed: bool, sum: u32, data: &[u8]) -> Answer {
        let transfer = self.writing.as_mut().ok_or(INVALID_MESSAGE)?;
        if transfer.unpack.is_some() != is_packed {
            return Err(INVALID_MESSAGE);
        }
        let block = transfer.block(sum, data)?;
        let mut bytes = match &mut transfer.unpack {
            Some(unpack) => unpacked(unpack, block)?,
            None => block.to_vec(),
        };
        if self.settings.fault == Fault::WornAtBlock(self.blocks)
            && let Some(byte) = bytes.first_mut()
        {
            *byte ^= 0x10;
        }
        let start = transfer.start + transfer.done;
        transfer.done += bytes.len();
        // Programming only clears bits, so that what was not erased shows.
        for (offset, byte) in bytes.into_iter().enumerate() {
            *self.flash.get_mut(start + offset).ok_or(FAILED)? &= byte;
        }
        Ok((0, Vec::new()))
    }

    /// All blocks that were announced have to be there.
    fn complete(&mut self) {
        let Some(transfer) = self.writing.take() else { return };
        let is_whole = match transfer.unpack {
            Some(_) => transfer.done == transfer.bytes,
            None => transfer.done <= transfer.bytes.next_multiple_of(transfer.block_bytes),
        };
        if transfer.next != transfer.n_blocks || !is_whole {
            let Transfer { next, n_blocks, done, bytes, .. } = transfer;
            self.problems.push(format!("{next} of {n_blocks} blocks came, and {done} of {bytes} bytes"));
        }
    }
}

impl Transfer {
    fn announced(data: &[u8], unpack: Option<Decompress>) -> Result<Self, Refusal> {
        // Chips after the first one have a word more, whether the data are encrypted.
        let [bytes, n_blocks, block_bytes, start] = match data.len() {
            20 => words::<5>(data)
                .map(|[bytes, n_blocks, block_bytes, start, _]| [bytes, n_blocks, block_bytes, start])?,
            _ => words(data)?,
        };
        let [bytes, block_bytes, start] = [bytes, block_bytes, start].map(|word| word as usize);
        Ok(Transfer { start, bytes, n_blocks, block_bytes, next: 0, done: 0, unpack })
    }

    /// The content of the next block, if its number, size and sum are right.
    fn block<'a>(&mut self, sum: u32, data: &'a [u8]) -> Result<&'a [u8], Refusal> {
        let (head, block) = data.split_first_chunk::<16>().ok_or(INVALID_MESSAGE)?;
        let [bytes, number, zero, zero_too] = words(head)?;
        let is_right = bytes as usize == block.len() && number == self.next && (zero, zero_too) == (0, 0);
        if !is_right || block.len() > self.block_bytes || self.next == self.n_blocks {
            return Err(INVALID_MESSAGE);
        }
        if block.iter().fold(0xef, |sum, byte| sum ^ u32::from(*byte)) != sum {
            return Err(INVALID_CRC);
        }
        self.next += 1;
        Ok(block)
    }
}

fn unpacked(unpack: &mut Decompress, block: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    let mut taken = 0;
    loop {
        bytes.reserve(0x1_0000);
        let (before_in, before_out) = (unpack.total_in(), bytes.len());
        unpack
            .decompress_vec(&block[taken..], &mut bytes, FlushDecompress::None)
            .map_err(|_| DEFLATE_ERROR)?;
        taken += (unpack.total_in() - before_in) as usize;
        if taken == block.len() && bytes.len() == before_out {
            return Ok(bytes);
        }
        if unpack.total_in() == before_in && bytes.len() == before_out {
            return Err(DEFLATE_ERROR);
        }
    }
}

fn words<const N: usize>(data: &[u8]) -> Result<[u32; N], Refusal> {
    if data.len() != N * 4 {
        return Err(INVALID_MESSAGE);
    }
    let mut words = [0; N];
    for (word, bytes) in words.iter_mut().zip(data.chunks_exact(4)) {
        *word = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    }
    Ok(words)
}

/// SLIP (RFC 1055): `c0` ends a frame, `db dc` stands for it within one and `db dd` for `db`.
#[derive(Default)]
struct Frames {
    bytes: Vec<u8>,
    is_open: bool,
    is_escaped: bool,
}

impl Frames {
    fn push(&mut self, byte: u8, problems: &mut Vec<String>) -> Option<Vec<u8>> {
        let byte = match (byte, std::mem::take(&mut self.is_escaped)) {
            (0xc0, false) => {
                let frame = std::mem::take(&mut self.bytes);
                self.is_open = frame.is_empty();
                return (!frame.is_empty()).then_some(frame);
            }
            (0xdb, false) => {
                self.is_escaped = true;
                return None;
            }
            (0xdc, true) => 0xc0,
            (0xdd, true) => 0xdb,
            (byte, false) => byte,
            (byte, true) => {
                problems.push(format!("{byte:#04x} after an escape"));
                return None;
            }
        };
        if !self.is_open {
            problems.push(format!("{byte:#04x} between frames"));
        }
        self.bytes.push(byte);
        None
    }
}

fn framed(frame: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0xc0];
    for byte in frame {
        match byte {
            0xc0 => bytes.extend([0xdb, 0xdc]),
            0xdb => bytes.extend([0xdb, 0xdd]),
            byte => bytes.push(*byte),
        }
    }
    bytes.push(0xc0);
    bytes
}
