//! A board in a thread of this program: the code that chips run, behind a line that loses and changes bytes if that is wanted.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::thread;
use std::time::{Duration, Instant};

use emberlab_core::run::Generator;
use emberlab_runtime::Registry;
use emberlab_runtime::link::messages::Unit;
use emberlab_runtime::link::{About, Board, serve};

use super::{Device, Line, OpenError};

/// RAM of the simulated board, as much as an ESP32-P4 has inside.
const MEMORY_BYTES: usize = 768 << 10;

/// What the line does to bytes, of 100,000 each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Bytes that vanish.
    pub lost: u32,
    /// Bytes of which a bit is changed.
    pub changed: u32,
    /// Places at which up to 300 bytes vanish.
    pub cut: u32,
    /// Pieces that arrive after the next one.
    pub late: u32,
    /// Seed of the faults.
    pub seed: u32,
}

pub(super) struct SimulatedDevice {
    model: Option<Arc<[u8]>>,
    faults: Faults,
    openings: u32,
}

impl SimulatedDevice {
    pub(super) fn new(model: Option<Arc<[u8]>>, faults: Faults) -> Self {
        Self { model, faults, openings: 0 }
    }
}

impl Device for SimulatedDevice {
    fn open(&mut self) -> Result<Box<dyn Line>, OpenError> {
        self.openings += 1;
        let (to_board, incoming) = channel();
        let (outgoing, from_board) = channel();
        let noise = |offset| Noise::new(self.faults, self.faults.seed + self.openings * 2 + offset);
        let mut board = ThreadBoard {
            incoming,
            rest: Vec::new(),
            outgoing,
            is_open: true,
            start: Instant::now(),
            noise: noise(0),
        };
        let model = self.model.clone();
        let reason = if self.openings == 1 { "start of the simulation" } else { "started anew" };
        let spawned = thread::Builder::new().name("emberlab-simulated".to_owned()).spawn(move || {
            let mut memory = vec![0; MEMORY_BYTES];
            let about = About {
                firmware: "emberlab",
                version: env!("CARGO_PKG_VERSION"),
                build: "in this program",
                chip: "simulated",
                reset_reason: reason,
                unit: Unit::Nanoseconds,
                has_micros: true,
                clock_hz: 0,
            };
            serve(&mut board, &about, &mut memory, model.as_deref(), &Registry::default());
        });
        spawned.map_err(|error| OpenError {
            message: format!("No thread for the simulated board: {error}"),
            help: "Close other programs".to_owned(),
        })?;
        Ok(Box::new(ThreadLine { to_board, from_board, rest: Vec::new(), noise: noise(1) }))
    }

    fn comes_back(&self) -> bool {
        true
    }
}

/// Makes the faults of one direction.
struct Noise {
    faults: Faults,
    generator: Generator,
    skip: u32,
    held: Vec<u8>,
}

impl Noise {
    fn new(faults: Faults, seed: u32) -> Self {
        Self { faults, generator: Generator::new(seed), skip: 0, held: Vec::new() }
    }

    fn pass(&mut self, bytes: &[u8]) -> Vec<u8> {
        let Faults { lost, changed, cut, late, .. } = self.faults;
        if lost + changed + cut + late == 0 {
            return bytes.to_vec();
        }
        let mut passed = Vec::with_capacity(bytes.len());
        for byte in bytes {
            let (kind, detail) = (self.generator.step() % 100_000, self.generator.step());
            if self.skip > 0 {
                self.skip -= 1;
            } else if kind < changed {
                passed.push(byte ^ (1 << (detail % 8)));
            } else if kind < changed + cut {
                self.skip = detail % 300;
            } else if kind >= changed + cut + lost {
                passed.push(*byte);
            }
        }
        if self.generator.step() % 100_000 < late && self.held.is_empty() {
            self.held = passed;
            return Vec::new();
        }
        passed.append(&mut self.held);
        passed
    }
}

/// What the code of chips sees of the thread it runs in.
struct ThreadBoard {
    incoming: Receiver<Vec<u8>>,
    rest: Vec<u8>,
    outgoing: Sender<Vec<u8>>,
    is_open: bool,
    start: Instant,
    noise: Noise,
}

impl Board for ThreadBoard {
    fn cycles(&mut self) -> u32 {
        self.start.elapsed().as_nanos() as u32
    }

    fn micros(&mut self) -> u64 {
        self.start.elapsed().as_micros() as u64
    }

    fn read(&mut self, bytes: &mut [u8]) -> usize {
        while self.rest.is_empty() {
            match self.incoming.try_recv() {
                Ok(more) => self.rest = more,
                Err(TryRecvError::Empty) => return 0,
                Err(TryRecvError::Disconnected) => {
                    self.is_open = false;
                    return 0;
                }
            }
        }
        let count = bytes.len().min(self.rest.len());
        bytes[..count].copy_from_slice(&self.rest[..count]);
        self.rest.drain(..count);
        count
    }

    fn write(&mut self, bytes: &[u8]) -> usize {
        let passed = self.noise.pass(bytes);
        self.is_open &= self.outgoing.send(passed).is_ok();
        bytes.len()
    }

    fn is_open(&self) -> bool {
        self.is_open
    }

    fn idle(&mut self) {
        thread::sleep(Duration::from_micros(100));
    }
}

/// The window's end.
struct ThreadLine {
    to_board: Sender<Vec<u8>>,
    from_board: Receiver<Vec<u8>>,
    rest: Vec<u8>,
    noise: Noise,
}

impl Line for ThreadLine {
    fn read(&mut self, bytes: &mut [u8], patience: Duration) -> io::Result<usize> {
        if self.rest.is_empty() {
            match self.from_board.recv_timeout(patience) {
                Ok(more) => self.rest = more,
                Err(RecvTimeoutError::Timeout) => return Ok(0),
                Err(RecvTimeoutError::Disconnected) => return Err(io::ErrorKind::BrokenPipe.into()),
            }
            // What else is there, so that a fast board costs few calls.
            while self.rest.len() < bytes.len()
                && let Ok(more) = self.from_board.try_recv()
            {
                self.rest.extend_from_slice(&more);
            }
        }
        let count = bytes.len().min(self.rest.len());
        bytes[..count].copy_from_slice(&self.rest[..count]);
        self.rest.drain(..count);
        Ok(count)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let passed = self.noise.pass(bytes);
        self.to_board.send(passed).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}
