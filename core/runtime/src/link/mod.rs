//! What a board and the app say to each other over one line: measurements, outputs, models; beside plain text.
//!
//! | module | what |
//! | --- | --- |
//! | [`messages`] | all messages in one table |
//! | [`FrameBuffer`], [`Decoder`] | frames that survive noise, and the text between them |
//! | [`serve`], [`Board`] | the board's side: what emulated, simulated and real boards do with a request |
//!
//! `firmware/PROTOCOL.md` describes the bytes for those who write a side of their own.

mod checksum;
mod decoder;
mod fields;
mod frame;
pub mod messages;
mod sequence;
mod server;
#[cfg(test)]
mod tests;
mod text;

pub use checksum::{Crc32, crc32};
pub use decoder::{Counters, Decoder, Item, MAX_TEXT};
pub use fields::{List, ListBuffer, Record};
pub use frame::{Frame, FrameBuffer, MAX_FRAME, MAX_PAYLOAD};
pub use messages::{Message, PROTOCOL};
pub use server::{About, Board, Stack, serve};
pub use text::TextBuffer;
