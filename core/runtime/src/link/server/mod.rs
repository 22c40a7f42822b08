//! The board's side of the link: the same for emulated, simulated and real boards.
//!
//! A board says [`Started`] and which model it has, and then does what requests ask for, one after the other. Nothing blocks
//! it: results that the line does not take in time are dropped and counted, and a run ends at the next operator or
//! invocation after [`super::messages::Stop`].

mod observers;
mod run;
mod session;
mod wire;

use super::checksum::crc32;
use super::fields::cut;
use super::messages::{
    Choose, End, Failed, Finished, Hello, NO_OPERATOR, Place, Problem, Ready, Refused, Started, Taken,
    Target, Unit,
};
use super::text::TextBuffer;
use crate::error::{PrepareError, Reason};
use crate::registry::Registry;
use session::{Session, prepare};
use wire::{Part, Request, Wire};

/// Longest reason in a message.
const MAX_REASON: usize = 160;
/// A model in RAM whose next part has not come for so long is given up.
const PART_PATIENCE_MICROS: u64 = 5_000_000;

/// What a board has to have.
pub trait Board {
    /// The counter of cycles, modulo 2^32.
    fn cycles(&mut self) -> u32;

    /// Microseconds since the start.
    fn micros(&mut self) -> u64;

    /// Takes bytes that have arrived, without waiting; their number.
    fn read(&mut self, bytes: &mut [u8]) -> usize;

    /// Sends the first of the bytes, as many as go without waiting; their number.
    fn write(&mut self, bytes: &[u8]) -> usize;

    /// What of the stack was ever used, if that is known.
    fn stack(&self) -> Option<Stack> {
        None
    }

    /// How the program is read from flash, such as `dio`; empty if that is not known.
    fn flash_mode(&self) -> &'static str {
        ""
    }

    /// False ends [`serve`]: the line of a simulated board is gone.
    fn is_open(&self) -> bool {
        true
    }

    /// Called when there is nothing to do.
    fn idle(&mut self) {
        core::hint::spin_loop();
    }
}

/// A stack that is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stack {
    /// Bytes of it.
    pub bytes: u32,
    /// Bytes that were ever used.
    pub used: u32,
}

/// What a board says of itself.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// Which program this is.
    pub firmware: &'a str,
    /// Its version.
    pub version: &'a str,
    /// Sources and compiler it was built with.
    pub build: &'a str,
    /// The chip.
    pub chip: &'a str,
    /// Why the board was reset.
    pub reset_reason: &'a str,
    /// What [`Board::cycles`] counts.
    pub unit: Unit,
    /// Whether [`Board::micros`] is a clock whose readings may be shown.
    pub has_micros: bool,
    /// Clock of the processor; 0 if it has none.
    pub clock_hz: u32,
}

/// Why the model that is served changes.
enum Next {
    /// The line is gone.
    Closed,
    Choose(Choose),
    /// A model comes into RAM.
    Receive(Part),
}

/// Serves requests for ever, or until the line is gone.
///
/// `window` is the model that was flashed. `memory` holds arena, inputs and measurements, and models that come over the
/// line.
pub fn serve<B: Board>(
    board: &mut B,
    about: &About<'_>,
    memory: &mut [u8],
    window: Option<&[u8]>,
    registry: &Registry<'_>,
) {
    let skip = memory.as_ptr().align_offset(16).min(memory.len());
    let memory = &mut memory[skip..];
    let mut wire = Wire::new(board, about, memory.len());
    wire.send(Started { protocol: super::PROTOCOL, reason: cut(about.reset_reason, MAX_REASON) });
    let (mut place, mut ram_bytes, mut request) = (Place::Window, 0, 0);
    loop {
        let next = match place {
            Place::Window => attend(&mut wire, place, window, memory, registry, request),
            Place::Ram => {
                let (model, rest) =
                    memory.split_at_mut(usize::min(ram_bytes, memory.len()).next_multiple_of(16));
                let model = (ram_bytes > 0).then(|| &model[..ram_bytes]);
                attend(&mut wire, place, model, rest, registry, request)
            }
        };
        match next {
            Next::Closed => return,
            Next::Choose(choice) => {
                // The arena for the other model lies over a model in RAM.
                if choice.place != place {
                    ram_bytes = 0;
                }
                (place, request) = (choice.place, choice.request);
            }
            Next::Receive(mut part) => loop {
                request = part.request;
                match receive_model(&mut wire, part, memory) {
                    Received::Whole(bytes) => (place, ram_bytes) = (Place::Ram, bytes),
                    Received::Nothing => (),
                    Received::Broken => (place, ram_bytes) = (Place::Window, 0),
                    Received::Other(other) => {
                        // Whatever becomes of it, what was in memory is gone.
                        (place, ram_bytes) = (Place::Window, 0);
                        part = other;
                        continue;
                    }
                }
                break;
            },
        }
    }
}

/// Prepares a model and serves requests for it.
fn attend<B: Board>(
    wire: &mut Wire<'_, B>,
    place: Place,
    model: Option<&[u8]>,
    memory: &mut [u8],
    registry: &Registry<'_>,
    request: u16,
) -> Next {
    let given = memory.len();
    let model_crc = model.map_or(0, crc32);
    let mut session = match model {
        Some(model) => prepare(model, memory, registry).map_err(Some),
        None => Err(None),
    };
    let about_model = AboutModel { place, bytes: model.map_or(0, <[u8]>::len) as u32, crc: model_crc, given };
    announce(wire, &session, &about_model, request);
    while wire.is_open() {
        match wire.receive() {
            None => wire.idle(),
            Some(Request::Ask(ask)) => {
                // A host that has just come may choose the same numbers as the one before.
                wire.last = None;
                if let Ok(session) = &mut session {
                    session.forget_parts();
                }
                wire.say_hello(ask.request);
                announce(wire, &session, &about_model, ask.request);
            }
            Some(Request::Run(run)) => match &mut session {
                Ok(session) => run::run(wire, session, &run),
                Err(_) => {
                    let reason = "there is no model that can run; flash one, or send one into RAM";
                    wire.send(Failed { request: run.request, problem: Problem::NoModel, reason });
                }
            },
            Some(Request::Stop(stop)) => {
                // A host that stops what is over has missed that it is.
                if let Some(last) = wire.last {
                    wire.send(last);
                }
                let dropped = wire.dropped();
                wire.send(Finished { request: stop.request, invocations: 0, end: End::Stopped, dropped });
            }
            Some(Request::Put(part)) => match (part.target, &mut session) {
                (Target::Model, _) if place == Place::Ram && part.request == request && part.offset > 0 => {
                    // The host missed the answer to the last part.
                    wire.send(Taken { request, target: Target::Model, next: about_model.bytes });
                    announce(wire, &session, &about_model, request);
                }
                (Target::Model, _) => return Next::Receive(part),
                (Target::Inputs, Ok(session)) => stage(wire, session, &part),
                (Target::Inputs, Err(_)) => {
                    let reason = "there is no model that these inputs could be for";
                    wire.send(Failed { request: part.request, problem: Problem::NoModel, reason });
                }
            },
            Some(Request::Choose(choice)) => return Next::Choose(choice),
            Some(Request::Unreadable) => wire.say_unreadable(),
        }
    }
    Next::Closed
}

/// What is known of a model, whether it can run or not.
struct AboutModel {
    place: Place,
    bytes: u32,
    crc: u32,
    /// Bytes of RAM for it.
    given: usize,
}

/// Says whether there is a model that can run, or why not.
fn announce<B: Board>(
    wire: &mut Wire<'_, B>,
    session: &Result<Session<'_>, Option<PrepareError<'_>>>,
    model: &AboutModel,
    request: u16,
) {
    let given = model.given as u32;
    let refused = Refused {
        request,
        place: model.place,
        model_bytes: model.bytes,
        model_crc: model.crc,
        needed: 0,
        given,
        subgraph: 0,
        operator: NO_OPERATOR,
        name: "",
        reason: "",
    };
    match session {
        Ok(session) => {
            let needs = session.interpreter.needs();
            wire.send(Ready {
                request,
                place: model.place,
                model_bytes: model.bytes,
                model_crc: model.crc,
                arena_used: needs.used_bytes,
                arena_minimum: needs.minimum_bytes,
                arena_given: session.arena_bytes,
                n_inputs: session.interpreter.n_inputs() as u16,
                n_outputs: session.interpreter.n_outputs() as u16,
                n_operators: session.n_operators() as u16,
                n_subgraphs: session.n_subgraphs as u16,
                input_bytes: session.staged.len() as u32,
                output_bytes: session.output_bytes() as u32,
            });
        }
        Err(None) => wire.send(Refused { reason: "there is no model", ..refused }),
        Err(Some(error)) => {
            let reason = TextBuffer::<MAX_REASON>::new(format_args!("{}", error.reason));
            let needed = match error.reason {
                Reason::Arena { needed, .. } => u32::try_from(needed).unwrap_or(u32::MAX),
                _ => 0,
            };
            let (subgraph, operator, name) = error.operator.map_or((0, NO_OPERATOR, ""), |place| {
                (
                    place.subgraph as u16,
                    place.index.min(u32::from(NO_OPERATOR) - 1) as u16,
                    cut(place.name, 40),
                )
            });
            wire.send(Refused { needed, subgraph, operator, name, reason: reason.as_str(), ..refused });
        }
    }
}

/// Takes a part of the inputs.
fn stage<B: Board>(wire: &mut Wire<'_, B>, session: &mut Session<'_>, part: &Part) {
    if part.total as usize != session.staged.len() {
        let reason = TextBuffer::<MAX_REASON>::new(format_args!(
            "the inputs of the model have {} bytes, not {}",
            session.staged.len(),
            part.total
        ));
        wire.send(Failed { request: part.request, problem: Problem::WrongInputs, reason: reason.as_str() });
        return;
    }
    let is_again = part.offset == 0 && session.n_staged == session.staged.len();
    if part.request != session.staged_request || is_again {
        (session.staged_request, session.n_staged) = (part.request, 0);
    }
    session.n_staged = take_part(session.staged, session.n_staged, part);
    let next = session.n_staged as u32;
    wire.send(Taken { request: part.request, target: Target::Inputs, next });
}

/// Copies a part to its place if it begins where the last one ended; where the next one has to begin.
fn take_part(bytes: &mut [u8], next: usize, part: &Part) -> usize {
    let end = next + part.bytes().len();
    match bytes.get_mut(next..end) {
        Some(place) if part.offset as usize == next => {
            place.copy_from_slice(part.bytes());
            end
        }
        _ => next,
    }
}

/// How a model came into RAM.
enum Received {
    Whole(usize),
    /// Not at all: what was in memory is still there.
    Nothing,
    /// In part.
    Broken,
    /// In part, and then another one began.
    Other(Part),
}

fn receive_model<B: Board>(wire: &mut Wire<'_, B>, first: Part, memory: &mut [u8]) -> Received {
    let (request, total) = (first.request, first.total as usize);
    if total == 0 || total.next_multiple_of(16) > memory.len() {
        let reason = TextBuffer::<MAX_REASON>::new(format_args!(
            "the model has {total} bytes, but there are only {} bytes of RAM for model and arena; flash it instead",
            memory.len()
        ));
        wire.send(Failed { request, problem: Problem::TooLarge, reason: reason.as_str() });
        return Received::Nothing;
    }
    if first.offset != 0 {
        // The rest of a transfer that was given up.
        wire.send(Taken { request, target: Target::Model, next: 0 });
        return Received::Nothing;
    }
    let mut next = take_part(&mut memory[..total], 0, &first);
    wire.send(Taken { request, target: Target::Model, next: next as u32 });
    let mut last_part = wire.micros();
    while next < total && wire.is_open() && wire.micros().wrapping_sub(last_part) < PART_PATIENCE_MICROS {
        match wire.receive() {
            None => wire.idle(),
            Some(Request::Put(part)) if part.request == request && part.target == Target::Model => {
                next = take_part(&mut memory[..total], next, &part);
                wire.send(Taken { request, target: Target::Model, next: next as u32 });
                last_part = wire.micros();
            }
            Some(Request::Put(part)) if part.target == Target::Model && part.offset == 0 => {
                return Received::Other(part);
            }
            Some(Request::Ask(ask)) => wire.say_hello(ask.request),
            Some(Request::Unreadable) => wire.say_unreadable(),
            Some(Request::Stop(_)) => break,
            Some(Request::Put(Part { request, .. }))
            | Some(Request::Run(super::messages::Run { request, .. }))
            | Some(Request::Choose(Choose { request, .. })) => {
                let reason = "a model is being received";
                wire.send(Failed { request, problem: Problem::Busy, reason });
            }
        }
    }
    if next == total { Received::Whole(total) } else { Received::Broken }
}

impl<B: Board> Wire<'_, B> {
    fn say_hello(&mut self, request: u16) {
        let about = *self.about();
        let stack = self.stack();
        let hello = Hello {
            request,
            protocol: super::PROTOCOL,
            running: self.running,
            unit: about.unit,
            has_micros: u8::from(about.has_micros),
            clock_hz: about.clock_hz,
            memory_bytes: self.memory_bytes(),
            overhead_cycles: self.overhead_cycles(),
            dropped: self.dropped(),
            firmware: cut(about.firmware, 24),
            version: cut(about.version, 24),
            build: cut(about.build, 120),
            chip: cut(about.chip, 24),
            stack_bytes: Some(stack.map_or(0, |stack| stack.bytes)),
            stack_used: Some(stack.map_or(0, |stack| stack.used)),
            flash_mode: Some(cut(self.flash_mode(), 8)),
        };
        self.send(hello);
    }

    fn say_unreadable(&mut self) {
        let reason = "the board does not know this request; do app and firmware have the same version?";
        self.send(Failed { request: 0, problem: Problem::Unreadable, reason });
    }
}
