//! From whatever a line delivers to frames and lines of text.
//!
//! Nothing that arrives can break the decoder: a frame is either as it was sent, or counted as corrupt; and after any noise
//! the next whole frame is found, because it begins with a byte that is in no frame.

use super::frame::{Frame, MARK, MAX_ENCODED, decode_cobs, open};
use super::messages::kinds;
use super::sequence::Sequence;

/// Longest piece of a line of text; what is longer comes in pieces.
pub const MAX_TEXT: usize = 256;

/// Shortest text at the end of a broken frame that is taken for text, because a reset in the middle of a frame is
/// followed by what the chip's boot program prints.
const MIN_SALVAGED: usize = 16;

/// What was found on the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// A frame that passed its checksum and was not there before.
    Frame(Frame<'a>),
    /// A line of text without its end, or a piece of it. Should be UTF-8, but may be anything.
    Text(&'a [u8]),
}

/// What became of all frames so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Frames that were delivered.
    pub frames: u64,
    /// Frames whose number is missing.
    pub lost: u64,
    /// Broken frames. Mostly these are among `lost` too.
    pub corrupt: u64,
    /// Frames that came twice, and were delivered once.
    pub duplicate: u64,
    /// Frames that came after one with a higher number.
    pub reordered: u64,
    /// How often the sender began anew.
    pub restarts: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Bytes are text.
    Text,
    /// After a 0: a mark begins a frame, and everything else is text.
    Zero,
    /// In a frame.
    Frame,
    /// In a frame that is longer than any: nothing counts until the next 0.
    Overlong,
}

/// What a byte completed; how many bytes of it lie in the buffer.
enum Done {
    Frame(usize, u32),
    Text(usize),
}

/// Finds frames and text in the bytes of a line.
///
/// ```
/// use emberlab_runtime::link::{Decoder, Item};
///
/// let mut decoder = Decoder::default();
/// let mut bytes: &[u8] = b"hello\nwor";
/// assert_eq!(decoder.next(&mut bytes), Some(Item::Text(b"hello")));
/// assert_eq!(decoder.next(&mut bytes), None);
/// ```
pub struct Decoder {
    state: State,
    /// One byte more than the longest frame.
    frame: [u8; MAX_ENCODED + 1],
    n_frame: usize,
    /// Bytes of `frame` that are read once more, as text.
    salvaged: core::ops::Range<usize>,
    text: [u8; MAX_TEXT],
    n_text: usize,
    sequence: Sequence,
    counters: Counters,
}

impl Default for Decoder {
    fn default() -> Self {
        Self {
            state: State::Text,
            frame: [0; MAX_ENCODED + 1],
            n_frame: 0,
            salvaged: 0..0,
            text: [0; MAX_TEXT],
            n_text: 0,
            sequence: Sequence::default(),
            counters: Counters::default(),
        }
    }
}

impl Decoder {
    /// Takes bytes away from the front of `bytes` until something is complete; `None` when all are taken.
    pub fn next(&mut self, bytes: &mut &[u8]) -> Option<Item<'_>> {
        let done = loop {
            let done = match self.salvaged.next() {
                Some(index) => self.take_text(self.frame[index]),
                None => {
                    let (byte, rest) = bytes.split_first()?;
                    *bytes = rest;
                    self.take(*byte)
                }
            };
            match done {
                Some(Done::Frame(length, crc)) if !self.is_new(length, crc) => (),
                Some(done) => break done,
                None => (),
            }
        };
        match done {
            Done::Frame(length, _) => open(&self.frame[..length]).map(|(frame, _)| Item::Frame(frame)),
            Done::Text(length) => Some(Item::Text(&self.text[..length])),
        }
    }

    /// The beginning of a line of text whose end has not come, which is taken out: a prompt, for example.
    pub fn flush_text(&mut self) -> Option<&[u8]> {
        let length = core::mem::take(&mut self.n_text);
        (length > 0).then(|| &self.text[..length])
    }

    /// What became of all frames so far.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    fn take(&mut self, byte: u8) -> Option<Done> {
        match (self.state, byte) {
            (State::Frame, 0) => {
                self.state = State::Zero;
                self.end_frame()
            }
            (State::Text | State::Zero | State::Overlong, 0) => {
                self.state = State::Zero;
                None
            }
            (State::Zero, MARK) => {
                self.state = State::Frame;
                self.n_frame = 0;
                None
            }
            (State::Text | State::Zero, _) => {
                self.state = State::Text;
                self.take_text(byte)
            }
            (State::Frame, _) => {
                self.frame[self.n_frame] = byte;
                self.n_frame += 1;
                if self.n_frame > MAX_ENCODED {
                    self.state = State::Overlong;
                    self.break_frame();
                }
                None
            }
            (State::Overlong, _) => None,
        }
    }

    fn end_frame(&mut self) -> Option<Done> {
        // A broken frame is kept as it came, for the text in it.
        let mut content = self.frame;
        let opened = decode_cobs(&mut content[..self.n_frame])
            .and_then(|length| open(&content[..length]).map(|(_, crc)| (length, crc)));
        match opened {
            Some((length, crc)) => {
                self.frame = content;
                Some(Done::Frame(length, crc))
            }
            None => {
                self.break_frame();
                None
            }
        }
    }

    /// Counts a broken frame, and keeps the text at its end. Overlong ones go on as text if they end with text.
    fn break_frame(&mut self) {
        self.counters.corrupt += 1;
        let is_text = |byte: &u8| matches!(*byte, b'\t' | b'\n' | b'\r' | 0x1b | b' '..=b'~');
        let bytes = &self.frame[..self.n_frame];
        let start = bytes.iter().rposition(|byte| !is_text(byte)).map_or(0, |index| index + 1);
        if bytes.len() - start >= MIN_SALVAGED {
            self.salvaged = start..bytes.len();
            if self.state == State::Overlong {
                self.state = State::Text;
            }
        }
    }

    /// True for a frame that is to be delivered; counts all.
    fn is_new(&mut self, length: usize, crc: u32) -> bool {
        let Some((frame, _)) = open(&self.frame[..length]) else { return false };
        let begins_anew = matches!(frame.kind, kinds::STARTED | kinds::PANICKED);
        self.sequence.take(frame.sequence, crc, begins_anew, &mut self.counters)
    }

    fn take_text(&mut self, byte: u8) -> Option<Done> {
        let mut length = self.n_text;
        if byte == b'\n' {
            if length > 0 && self.text[length - 1] == b'\r' {
                length -= 1;
            }
            self.n_text = 0;
            return Some(Done::Text(length));
        }
        self.text[length] = byte;
        self.n_text += 1;
        if self.n_text == MAX_TEXT {
            self.n_text = 0;
            return Some(Done::Text(MAX_TEXT));
        }
        None
    }
}
