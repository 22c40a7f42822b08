//! Frames: a message with its number and checksum, between bytes that are 0.
//!
//! On the line: `00 ff`, then the content in COBS (which has no byte 0), then `00`. The content is the number of the frame
//! (u16), the kind of the message (u8), the payload, and the CRC-32 of all these (u32). Text has neither a byte 0 nor, as
//! UTF-8, a byte ff; so what follows a 0 without ff is text, and a frame that lost its end is ended by the start of the next.

use super::checksum::crc32;
use super::fields::Writer;
use super::messages::Message;

/// Most bytes of a payload.
pub const MAX_PAYLOAD: usize = 244;
/// Bytes of number and kind.
pub(super) const HEAD: usize = 3;
/// Bytes of the checksum.
pub(super) const TAIL: usize = 4;
/// Most bytes of a content. Less than 254, so that COBS adds exactly one byte.
pub(super) const MAX_CONTENT: usize = HEAD + MAX_PAYLOAD + TAIL;
/// Most bytes of a content in COBS.
pub(super) const MAX_ENCODED: usize = MAX_CONTENT + 1;
/// Most bytes of a frame on the line.
pub const MAX_FRAME: usize = MAX_ENCODED + 3;
/// Follows the 0 before a frame.
pub(super) const MARK: u8 = 0xff;

/// A frame that passed its checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Its number among those of the sender, modulo 2^16.
    pub sequence: u16,
    /// The kind of its message.
    pub kind: u8,
    /// The fields of its message.
    pub payload: &'a [u8],
}

/// Memory for one frame on the line.
pub struct FrameBuffer([u8; MAX_FRAME]);

impl Default for FrameBuffer {
    fn default() -> Self {
        Self([0; MAX_FRAME])
    }
}

impl FrameBuffer {
    /// Writes the frame of a message; `None` if its texts and bytes are too long for a frame.
    pub fn encode(&mut self, sequence: u16, message: &Message<'_>) -> Option<&[u8]> {
        // The content begins behind 00, ff and the first byte of COBS, and is then encoded where it lies.
        let content = &mut self.0[3..3 + MAX_CONTENT];
        let mut writer = Writer::new(&mut content[..HEAD + MAX_PAYLOAD]);
        writer.put(&sequence.to_le_bytes())?;
        writer.put(&[message.kind()])?;
        message.write(&mut writer)?;
        let length = writer.length();
        let crc = crc32(&content[..length]);
        content[length..length + TAIL].copy_from_slice(&crc.to_le_bytes());
        let end = 3 + length + TAIL;
        self.0[0] = 0;
        self.0[1] = MARK;
        encode_cobs(&mut self.0[2..end]);
        self.0[end] = 0;
        Some(&self.0[..=end])
    }
}

/// Puts COBS in place of a content of at most 253 bytes that begins at the second byte: every byte 0, and the first one,
/// becomes the distance to the next 0 or to the end.
fn encode_cobs(bytes: &mut [u8]) {
    let mut distance = 1;
    for byte in bytes[1..].iter_mut().rev() {
        if *byte == 0 {
            *byte = distance;
            distance = 0;
        }
        distance += 1;
    }
    bytes[0] = distance;
}

/// Puts the content in place of COBS, from the first byte on; its length, or `None` if it is no COBS.
pub(super) fn decode_cobs(bytes: &mut [u8]) -> Option<usize> {
    let (mut read, mut written) = (0, 0);
    while read < bytes.len() {
        let code = usize::from(bytes[read]);
        let end = read + code;
        if code == 0 || end > bytes.len() {
            return None;
        }
        bytes.copy_within(read + 1..end, written);
        written += code - 1;
        read = end;
        if code < 0xff && read < bytes.len() {
            bytes[written] = 0;
            written += 1;
        }
    }
    Some(written)
}

/// What is in a content whose checksum is right, and the checksum.
pub(super) fn open(content: &[u8]) -> Option<(Frame<'_>, u32)> {
    let (body, crc) = content.split_last_chunk::<TAIL>()?;
    let crc = u32::from_le_bytes(*crc);
    let (head, payload) = body.split_first_chunk::<HEAD>()?;
    if crc32(body) != crc {
        return None;
    }
    Some((Frame { sequence: u16::from_le_bytes([head[0], head[1]]), kind: head[2], payload }, crc))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Examples of Cheshire and Baker, "Consistent Overhead Byte Stuffing" (1999), and edges.
    #[test]
    fn cobs_has_no_zero_and_comes_back() {
        let long: Vec<u8> = (0..253).map(|index| (index % 5) as u8).collect();
        let without_zero = [7; 253];
        let cases: [&[u8]; 7] = [
            &[0x45, 0, 0, 0x2c, 0x4c, 0x79, 0, 0, 0x40, 6, 0x4f, 0x37],
            &[],
            &[0],
            &[0, 0],
            &[1],
            &long,
            &without_zero,
        ];
        for content in cases {
            let mut bytes = [&[0xa5], content].concat();
            encode_cobs(&mut bytes);
            assert!(!bytes.contains(&0), "{content:?}");
            assert_eq!(decode_cobs(&mut bytes), Some(content.len()));
            assert_eq!(&bytes[..content.len()], content);
        }
        let mut bytes = [&[0xa5], cases[0]].concat();
        encode_cobs(&mut bytes);
        assert_eq!(bytes, [2, 0x45, 1, 4, 0x2c, 0x4c, 0x79, 1, 5, 0x40, 6, 0x4f, 0x37]);
    }

    #[test]
    fn broken_cobs_is_refused() {
        assert_eq!(decode_cobs(&mut [3, 1]), None);
        assert_eq!(decode_cobs(&mut [1, 0, 1]), None);
        assert_eq!(decode_cobs(&mut [0xff, 1, 2]), None);
        assert_eq!(decode_cobs(&mut []), Some(0));
    }
}
