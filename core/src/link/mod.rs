//! The app's side of the link to a board: bytes that arrive in, events out; requests in, bytes to send out.
//!
//! Nothing here waits, opens a port or reads a clock: whoever has the port calls [`Client::receive`] with what came,
//! [`Client::poll`] with the time, and takes events until there are none. `firmware/PROTOCOL.md` describes the messages.

mod client;
mod gather;
mod reference;
mod summary;

pub use client::{Board, Client, Event, Model, Refusal};
pub use emberlab_runtime::link::messages::{
    End, Mode, NO_OPERATOR, OperatorTime, OutputChecksum, Place, Problem, Run, Source, Target, Unit, advice,
};
pub use emberlab_runtime::link::{Counters, PROTOCOL, Stack};
pub use gather::Invocation;
pub use reference::{Mismatch, Reference, check_against, set_inputs};
pub use summary::Summary;
