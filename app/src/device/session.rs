//! A measurement in a thread: it has the line, and tells the window what happened.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use emberlab_core::bench::{Measure, Order, Plan, Said, Sample, Trouble};
use emberlab_core::link::Counters;

use super::{Device, Line};
use crate::jobs::Wake;

/// Samples that wait for the window at most; more are dropped and counted.
const MAX_WAITING: usize = 1 << 17;
/// Everything else that waits at most: a board that prints without end must not fill the memory.
const MAX_SAID: usize = 1 << 14;
/// How long a read waits, so that orders are followed soon.
const READ_PATIENCE: Duration = Duration::from_millis(4);
/// A line of text without an end is shown after so long.
const TEXT_PATIENCE: Duration = Duration::from_millis(300);
/// How often it is tried to open a line that was lost.
const REOPEN_EVERY: Duration = Duration::from_millis(500);

/// What the window asks a session for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionOrder {
    /// Something about the measurement.
    Measure(Order),
    /// Bytes for the board's own firmware, as a terminal sends them.
    Send(Vec<u8>),
    /// Close the line and open it again.
    Reopen,
}

/// What has happened since the window looked last.
#[derive(Debug, Default)]
pub struct Inbox {
    /// Everything but samples, each with its time in microseconds since the session began.
    pub said: Vec<(u64, Said)>,
    /// Invocations, and the outputs of those that sent them.
    pub samples: VecDeque<(Sample, Option<Vec<u8>>)>,
    /// Samples and lines that were dropped because the window did not take them.
    pub dropped: u64,
    /// What became of the board's frames.
    pub counters: Counters,
    /// Microseconds since the session began.
    pub now_micros: u64,
    /// The session is over; why, if not because it was asked to end.
    pub ended: Option<Option<Trouble>>,
}

/// A measurement that goes on in a thread. It ends with this value.
pub struct Session {
    orders: Sender<SessionOrder>,
    inbox: Arc<Mutex<Inbox>>,
}

impl Session {
    /// Opens the line and begins; `wake` is called when there is something to take.
    pub fn start(device: Box<dyn Device>, plan: Plan, wake: Wake) -> Self {
        let (orders, asked) = channel();
        let inbox: Arc<Mutex<Inbox>> = Arc::default();
        let outlet = Outlet { inbox: inbox.clone(), wake, start: Instant::now() };
        let spare = outlet.clone();
        let spawned = thread::Builder::new().name("emberlab-board".to_owned()).spawn(move || {
            let end = work(device, plan, &asked, &outlet);
            outlet.end(end);
        });
        if let Err(error) = spawned {
            let help = "Close other programs".to_owned();
            spare.end(Some(Trouble { message: format!("No thread for the board: {error}"), help }));
        }
        Self { orders, inbox }
    }

    /// Asks for something; without effect when the session is over.
    pub fn order(&self, order: SessionOrder) {
        // It has said in the inbox that it is over.
        let _ = self.orders.send(order);
    }

    /// What has happened since the last call.
    pub fn take(&self) -> Inbox {
        let mut inbox = self.inbox.lock().unwrap_or_else(PoisonError::into_inner);
        let (counters, now_micros) = (inbox.counters, inbox.now_micros);
        std::mem::replace(&mut *inbox, Inbox { counters, now_micros, ..Inbox::default() })
    }
}

/// The thread's end of the inbox.
#[derive(Clone)]
struct Outlet {
    inbox: Arc<Mutex<Inbox>>,
    wake: Wake,
    start: Instant,
}

impl Outlet {
    fn micros(&self) -> u64 {
        self.start.elapsed().as_micros() as u64
    }

    /// Hands over what the measurement says.
    fn put(&self, measure: &mut Measure) {
        let Some(first) = measure.next_said() else { return };
        let now_micros = self.micros();
        let mut inbox = self.inbox.lock().unwrap_or_else(PoisonError::into_inner);
        let was_empty = inbox.said.is_empty() && inbox.samples.is_empty();
        let mut next = Some(first);
        while let Some(said) = next {
            match said {
                Said::Sample(sample, outputs) => {
                    if inbox.samples.len() >= MAX_WAITING {
                        inbox.samples.pop_front();
                        inbox.dropped += 1;
                    }
                    inbox.samples.push_back((sample, outputs));
                }
                Said::Text(_) | Said::Operators(_) if inbox.said.len() >= MAX_SAID => inbox.dropped += 1,
                said => inbox.said.push((now_micros, said)),
            }
            next = measure.next_said();
        }
        inbox.counters = measure.counters();
        inbox.now_micros = now_micros;
        drop(inbox);
        if was_empty {
            (self.wake)();
        }
    }

    fn end(&self, trouble: Option<Trouble>) {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner).ended = Some(trouble);
        (self.wake)();
    }
}

/// Until the window's end of the orders is gone, or the line cannot be opened.
fn work(
    mut device: Box<dyn Device>,
    plan: Plan,
    orders: &Receiver<SessionOrder>,
    outlet: &Outlet,
) -> Option<Trouble> {
    let open = |device: &mut Box<dyn Device>| {
        device.open().map_err(|error| Trouble { message: error.message, help: error.help })
    };
    let mut line = match open(&mut device) {
        Ok(line) => line,
        Err(trouble) => return Some(trouble),
    };
    let mut measure = Measure::new(plan);
    loop {
        match talk(&mut *line, &mut measure, orders, outlet) {
            Ending::Asked => return None,
            Ending::Reopen | Ending::Lost => (),
        }
        measure.line_lost();
        outlet.put(&mut measure);
        // The old line first: two programs cannot have one port.
        drop(line);
        line = loop {
            match open(&mut device) {
                Ok(line) => break line,
                Err(trouble) if !device.comes_back() => return Some(trouble),
                Err(_) => (),
            }
            let until = Instant::now() + REOPEN_EVERY;
            while Instant::now() < until {
                match orders.try_recv() {
                    Err(TryRecvError::Disconnected) => return None,
                    // There is nobody to ask now.
                    Ok(_) | Err(TryRecvError::Empty) => thread::sleep(Duration::from_millis(10)),
                }
            }
        };
        measure.line_back();
    }
}

enum Ending {
    /// The window wants no more.
    Asked,
    /// The window wants the line opened anew.
    Reopen,
    /// The line is gone.
    Lost,
}

fn talk(
    line: &mut dyn Line,
    measure: &mut Measure,
    orders: &Receiver<SessionOrder>,
    outlet: &Outlet,
) -> Ending {
    let mut bytes = vec![0; 16 << 10];
    let mut heard = Instant::now();
    loop {
        loop {
            let sent = match orders.try_recv() {
                Ok(SessionOrder::Measure(order)) => {
                    measure.order(order);
                    Ok(())
                }
                Ok(SessionOrder::Send(bytes)) => line.write(&bytes),
                Ok(SessionOrder::Reopen) => return Ending::Reopen,
                Err(TryRecvError::Disconnected) => {
                    stop(line, measure, outlet);
                    return Ending::Asked;
                }
                Err(TryRecvError::Empty) => break,
            };
            if sent.is_err() {
                return Ending::Lost;
            }
        }
        let to_send = measure.poll(outlet.micros());
        if !to_send.is_empty() && line.write(&to_send).is_err() {
            return Ending::Lost;
        }
        match line.read(&mut bytes, READ_PATIENCE) {
            Ok(0) => {
                if heard.elapsed() > TEXT_PATIENCE {
                    measure.flush_text();
                    heard = Instant::now();
                }
            }
            Ok(count) => {
                heard = Instant::now();
                measure.receive(&bytes[..count], outlet.micros());
            }
            Err(_) => return Ending::Lost,
        }
        outlet.put(measure);
    }
}

/// Leaves the board without a run that nobody listens to.
fn stop(line: &mut dyn Line, measure: &mut Measure, outlet: &Outlet) {
    measure.order(Order::Stop);
    let to_send = measure.poll(outlet.micros());
    if !to_send.is_empty() {
        // The line may be gone already.
        let _ = line.write(&to_send);
    }
}
