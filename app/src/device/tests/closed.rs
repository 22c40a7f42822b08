//! A pseudo terminal that is closed in the middle of every kind of message, in both directions, and opened again.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::thread::JoinHandle;

use emberlab_runtime::Registry;
use emberlab_runtime::link::messages::{Unit, kinds};
use emberlab_runtime::link::{About, Board, Decoder, Item, Message, serve};
use serialport::{SerialPort as _, TTYPort};

use super::*;

/// Kinds that no conversation with a board that is well has: the app does not choose between two models, and a board says the
/// others only of itself, when something is wrong.
const NOT_SAID: [u8; 4] = [kinds::CHOOSE, kinds::FAILED, kinds::NOTE, kinds::PANICKED];

/// A board behind a pseudo terminal, which is unplugged once.
struct Unplugged {
    master: TTYPort,
    /// Keeps the terminal when the app leaves it; goes with it.
    _slave: TTYPort,
    /// The message in which the line is closed.
    at: u8,
    was_closed: Arc<AtomicBool>,
    is_open: bool,
    told: Decoder,
    said: Decoder,
    start: Instant,
}

impl Unplugged {
    /// The line is closed now: there is such a message among the bytes.
    fn closes(&mut self, is_told: bool, mut bytes: &[u8]) -> bool {
        let decoder = if is_told { &mut self.told } else { &mut self.said };
        let mut is_there = false;
        while let Some(item) = decoder.next(&mut bytes) {
            is_there |= matches!(item, Item::Frame(frame) if frame.kind == self.at);
        }
        if is_there && !self.was_closed.swap(true, Ordering::Relaxed) {
            self.is_open = false;
        }
        !self.is_open
    }
}

impl Board for Unplugged {
    fn cycles(&mut self) -> u32 {
        self.start.elapsed().as_nanos() as u32
    }

    fn micros(&mut self) -> u64 {
        self.start.elapsed().as_micros() as u64
    }

    fn read(&mut self, bytes: &mut [u8]) -> usize {
        let waiting = self.master.bytes_to_read().unwrap_or(0);
        if waiting == 0 || !self.is_open {
            return 0;
        }
        let count = self.master.read(bytes).unwrap_or(0);
        if self.closes(true, &bytes[..count]) { 0 } else { count }
    }

    fn write(&mut self, bytes: &[u8]) -> usize {
        if !self.is_open {
            return bytes.len();
        }
        let sent = if self.closes(false, bytes) { &bytes[..bytes.len() / 2] } else { bytes };
        // Nobody may listen any more.
        let _ = self.master.write_all(sent);
        bytes.len()
    }

    fn is_open(&self) -> bool {
        self.is_open
    }

    fn idle(&mut self) {
        std::thread::sleep(Duration::from_micros(200));
    }
}

/// A place in the file system that leads to the board's terminal, as udev makes them.
struct Plug {
    link: PathBuf,
    was_closed: Arc<AtomicBool>,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Plug {
    /// A board with a model that is closed in the middle of a message, and plugged in again.
    fn new(at: u8, model: Option<Arc<[u8]>>) -> Self {
        let link = std::env::temp_dir().join(format!("emberlab-closed-{}-{at:02x}", std::process::id()));
        let (was_closed, is_over) = (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default());
        let (ready, is_ready) = std::sync::mpsc::channel();
        let thread = {
            let (link, was_closed, is_over) = (link.clone(), was_closed.clone(), is_over.clone());
            std::thread::spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    serve_once(&link, at, model.as_deref(), &was_closed, &is_over, &ready);
                }
            })
        };
        wait_for(&is_ready);
        Self { link, was_closed, is_over, thread: Some(thread) }
    }
}

impl Drop for Plug {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // What it fails with is told by the test that waits for it.
            let _ = thread.join();
        }
        let _ = std::fs::remove_file(&self.link);
    }
}

fn wait_for(is_ready: &Receiver<()>) {
    is_ready.recv_timeout(PATIENCE).expect("the board starts");
}

/// Until the line is closed or the test is over.
fn serve_once(
    link: &Path,
    at: u8,
    model: Option<&[u8]>,
    was_closed: &Arc<AtomicBool>,
    is_over: &Arc<AtomicBool>,
    ready: &std::sync::mpsc::Sender<()>,
) {
    let (mut master, slave) = TTYPort::pair().expect("the system has pseudo terminals");
    master.set_timeout(Duration::from_millis(200)).expect("a timeout can be set");
    let path = slave.name().expect("a pseudo terminal has a path");
    let _ = std::fs::remove_file(link);
    std::os::unix::fs::symlink(path, link).expect("temporary files can be made");
    let (told, said) = (Decoder::default(), Decoder::default());
    let board = Unplugged {
        master,
        _slave: slave,
        at,
        was_closed: was_closed.clone(),
        is_open: true,
        told,
        said,
        start: Instant::now(),
    };
    // The test may have ended before anybody waits.
    let _ = ready.send(());
    // What a board says of itself at its start is heard, too: it starts when the app has opened the line.
    while board.master.bytes_to_read().unwrap_or(0) == 0 && !is_over.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(1));
    }
    let about = About {
        firmware: "emberlab",
        version: "test",
        build: "test",
        chip: "simulated",
        reset_reason: "plugged in",
        unit: Unit::Nanoseconds,
        has_micros: true,
        clock_hz: 0,
    };
    let mut board = UntilOver { board, is_over: is_over.clone() };
    let mut memory = vec![0; 768 << 10];
    serve(&mut board, &about, &mut memory, model, &Registry::default());
}

/// Ends too when the test does.
struct UntilOver {
    board: Unplugged,
    is_over: Arc<AtomicBool>,
}

impl Board for UntilOver {
    fn cycles(&mut self) -> u32 {
        self.board.cycles()
    }

    fn micros(&mut self) -> u64 {
        self.board.micros()
    }

    fn read(&mut self, bytes: &mut [u8]) -> usize {
        self.board.read(bytes)
    }

    fn write(&mut self, bytes: &[u8]) -> usize {
        self.board.write(bytes)
    }

    fn is_open(&self) -> bool {
        self.board.is_open() && !self.is_over.load(Ordering::Relaxed)
    }

    fn idle(&mut self) {
        self.board.idle();
    }
}

/// The example with another weight.
fn changed_model() -> Arc<[u8]> {
    let model = tflite::read(Arc::from(MODEL)).expect("the example opens");
    let main = &model.subgraphs[0];
    let weights = main.operators[1].inputs[1].expect("a convolution has weights");
    let weights = model.constant_data(main.tensor(weights)).expect("weights are constants");
    let place = MODEL.windows(weights.len()).position(|bytes| bytes == weights);
    let mut board = MODEL.to_vec();
    board[place.expect("they lie in the file")] ^= 0x40;
    board.into()
}

#[test]
fn a_line_that_is_closed_in_any_message_is_opened_again_and_nothing_is_missing() {
    let all: BTreeSet<u8> = Message::TABLE.iter().map(|(_, kind, _)| *kind).collect();
    for at in all.into_iter().filter(|kind| !NOT_SAID.contains(kind)) {
        let model = match at {
            kinds::REFUSED => None,
            kinds::WRITTEN => Some(changed_model()),
            _ => Some(Arc::from(MODEL)),
        };
        let plug = Plug::new(at, model);
        let address = Address::Serial { path: plug.link.to_string_lossy().into_owned(), usb_serial: None };
        let input_bytes = tflite::read(Arc::from(MODEL)).expect("the example opens");
        let main = &input_bytes.subgraphs[0];
        let input_bytes = main.tensor(main.inputs[0]).byte_size().expect("its size is known") as usize;
        let given = Inputs::Given(vec![3; input_bytes].into());
        let session = start(
            device(&address, None),
            Plan {
                sends_model: at == kinds::REFUSED,
                trusts_model: at == kinds::WRITTEN,
                n_checks: 2,
                inputs: if matches!(at, kinds::PUT | kinds::TAKEN) { given } else { Inputs::Random(1) },
                ..plan(None)
            },
        );
        let what = format!("closed in message {at:#04x}");
        let mut heard = Heard::default();
        if at == kinds::STOP {
            until(&session, &mut heard, &what, |heard| heard.samples.len() > 2);
            // Nothing is to be stopped between two batches.
            let deadline = Instant::now() + PATIENCE;
            while !plug.was_closed.load(Ordering::Relaxed) && Instant::now() < deadline {
                session.order(SessionOrder::Measure(Order::Rate(1000)));
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        until(&session, &mut heard, &what, |heard| heard.has_marker(|kind| *kind == MarkerKind::Back));
        assert!(plug.was_closed.load(Ordering::Relaxed), "{what}");
        heard.said.clear();
        let before = heard.samples.len();
        if at == kinds::WRITTEN {
            let finds = |heard: &Heard| heard.check().is_some_and(|check| check.difference.is_some());
            until(&session, &mut heard, &what, finds);
            let difference = heard.check().and_then(|check| check.difference.clone());
            assert!(
                difference.is_some_and(|found| found.found.is_some() && found.expected.is_some()),
                "{what}"
            );
            continue;
        }
        until(&session, &mut heard, &what, |heard| {
            heard.samples.len() > before + 3 && heard.check().is_some_and(|check| check.is_equal())
        });
    }
}
