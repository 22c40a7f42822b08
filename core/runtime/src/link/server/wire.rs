//! Frames from and to the line of a board.

use super::{About, Board, Stack};
use crate::link::decoder::{Decoder, Item};
use crate::link::frame::{FrameBuffer, MAX_PAYLOAD};
use crate::link::messages::{Accepted, Ask, Choose, Finished, Message, Put, Run, Stop, Target};

/// A line that takes nothing for so long is full, and what is sent is dropped until it takes something again.
const PATIENCE_MICROS: u64 = 100_000;
/// Most readings of the line for one request, so that endless noise does not keep the board from its work.
const MAX_READINGS: usize = 16;

/// A message of the host.
pub(super) enum Request {
    Ask(Ask),
    Run(Run),
    Stop(Stop),
    Put(Part),
    Choose(Choose),
    /// A frame whose message means nothing.
    Unreadable,
}

/// A message [`Put`] with its bytes.
pub(super) struct Part {
    pub(super) request: u16,
    pub(super) target: Target,
    pub(super) offset: u32,
    pub(super) total: u32,
    bytes: [u8; MAX_PAYLOAD],
    length: usize,
}

impl Part {
    fn new(put: &Put<'_>) -> Self {
        let &Put { request, target, offset, total, bytes } = put;
        let mut part = Self { request, target, offset, total, bytes: [0; MAX_PAYLOAD], length: bytes.len() };
        part.bytes[..bytes.len()].copy_from_slice(bytes);
        part
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// The line of a board.
pub(super) struct Wire<'b, B> {
    board: &'b mut B,
    about: &'b About<'b>,
    memory_bytes: usize,
    overhead_cycles: u32,
    decoder: Decoder,
    incoming: [u8; 64],
    /// Bytes of `incoming` that are not looked at yet.
    unread: core::ops::Range<usize>,
    outgoing: FrameBuffer,
    sequence: u16,
    is_full: bool,
    dropped: u32,
    /// The request that is run; 0 for none.
    pub(super) running: u16,
    /// What was said when it began.
    pub(super) accepted: Accepted,
    /// How the last run ended, for a host that asks once more.
    pub(super) last: Option<Finished>,
}

impl<'b, B: Board> Wire<'b, B> {
    pub(super) fn new(board: &'b mut B, about: &'b About<'b>, memory_bytes: usize) -> Self {
        let mut pair = || {
            let before = board.cycles();
            board.cycles().wrapping_sub(before)
        };
        let overhead_cycles = (0..8).map(|_| pair()).min().unwrap_or(0);
        Self {
            board,
            about,
            memory_bytes,
            overhead_cycles,
            decoder: Decoder::default(),
            incoming: [0; 64],
            unread: 0..0,
            outgoing: FrameBuffer::default(),
            sequence: 0,
            is_full: false,
            dropped: 0,
            running: 0,
            accepted: Accepted { request: 0, inputs_crc: 0, operator_overhead: Some(0) },
            last: None,
        }
    }

    pub(super) fn about(&self) -> &'b About<'b> {
        self.about
    }

    pub(super) fn memory_bytes(&self) -> u32 {
        self.memory_bytes as u32
    }

    /// Cycles between two readings of the counter.
    pub(super) fn overhead_cycles(&self) -> u32 {
        self.overhead_cycles
    }

    /// Frames that were not sent because the line was full.
    pub(super) fn dropped(&self) -> u32 {
        self.dropped
    }

    #[inline(always)]
    pub(super) fn cycles(&mut self) -> u32 {
        self.board.cycles()
    }

    #[inline(always)]
    pub(super) fn micros(&mut self) -> u64 {
        self.board.micros()
    }

    pub(super) fn stack(&self) -> Option<Stack> {
        self.board.stack()
    }

    pub(super) fn flash_mode(&self) -> &'static str {
        self.board.flash_mode()
    }

    pub(super) fn is_open(&self) -> bool {
        self.board.is_open()
    }

    pub(super) fn idle(&mut self) {
        self.board.idle();
    }

    /// Sends a message, or drops it if the line takes nothing.
    pub(super) fn send<'m>(&mut self, message: impl Into<Message<'m>>) {
        let sequence = self.sequence;
        self.sequence = sequence.wrapping_add(1);
        let Some(mut rest) = self.outgoing.encode(sequence, &message.into()) else {
            self.dropped = self.dropped.saturating_add(1);
            return;
        };
        let mut last_progress = self.board.micros();
        while !rest.is_empty() {
            let written = self.board.write(rest).min(rest.len());
            rest = &rest[written..];
            if written > 0 {
                self.is_full = false;
                last_progress = self.board.micros();
                continue;
            }
            let waited = self.board.micros().wrapping_sub(last_progress);
            if self.is_full || waited > PATIENCE_MICROS || !self.board.is_open() {
                // A frame that is cut off here is ended by the first byte of the next one.
                self.is_full = true;
                self.dropped = self.dropped.saturating_add(1);
                return;
            }
            self.board.idle();
        }
    }

    /// The next request that has arrived.
    pub(super) fn receive(&mut self) -> Option<Request> {
        for _ in 0..MAX_READINGS {
            if self.unread.is_empty() {
                let length = self.board.read(&mut self.incoming).min(self.incoming.len());
                if length == 0 {
                    return None;
                }
                self.unread = 0..length;
            }
            let end = self.unread.end;
            let mut bytes = &self.incoming[self.unread.clone()];
            let item = self.decoder.next(&mut bytes);
            self.unread = end - bytes.len()..end;
            // Text is nothing that a board would understand.
            if let Some(Item::Frame(frame)) = item {
                return Some(match Message::decode(frame.kind, frame.payload) {
                    Ok(Message::Ask(ask)) => Request::Ask(ask),
                    Ok(Message::Run(run)) => Request::Run(run),
                    Ok(Message::Stop(stop)) => Request::Stop(stop),
                    Ok(Message::Put(put)) => Request::Put(Part::new(&put)),
                    Ok(Message::Choose(choice)) => Request::Choose(choice),
                    Ok(_) | Err(_) => Request::Unreadable,
                });
            }
        }
        None
    }
}
