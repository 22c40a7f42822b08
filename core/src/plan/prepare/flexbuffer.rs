//! The options of custom operators: FlexBuffers, a self-describing binary format.
//!
//! Only what TFLM's kernels read is read: a map at the root, whose values lie in the order of its keys. Source:
//! `flexbuffers.h` of github.com/google/flatbuffers, and `tensorflow/lite/micro/flatbuffer_utils.cc` of
//! esp-tflite-micro 99f49e14, which takes values by position.

/// Bytes that must lie at the end: the root's packed type and the width of its value.
const TRAILER: usize = 2;

/// `FBT_MAP`.
const TYPE_MAP: u8 = 9;
const TYPE_INT: u8 = 1;
const TYPE_UINT: u8 = 2;
const TYPE_BOOL: u8 = 26;

/// A map at the root of a FlexBuffer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Map<'a> {
    bytes: &'a [u8],
    /// Where the values start.
    values: usize,
    /// Bytes of each value.
    width: usize,
    len: usize,
}

impl<'a> Map<'a> {
    /// The map at the root; `None` for bytes of another shape.
    pub fn root(bytes: &'a [u8]) -> Option<Self> {
        let width = usize::from(*bytes.last()?);
        let packed = *bytes.get(bytes.len().checked_sub(TRAILER)?)?;
        let place = bytes.len().checked_sub(TRAILER + width)?;
        if packed >> 2 != TYPE_MAP {
            return None;
        }
        let offset = usize::try_from(unsigned(bytes, place, width)?).ok()?;
        let values = place.checked_sub(offset)?;
        let width = 1usize << (packed & 3);
        let len = usize::try_from(unsigned(bytes, values.checked_sub(width)?, width)?).ok()?;
        let types_end = values.checked_add(len.checked_mul(width)?)?.checked_add(len)?;
        (types_end <= bytes.len()).then_some(Self { bytes, values, width, len })
    }

    /// The value at a position of the sorted keys, as a 32-bit integer; what a kernel gets from `ElementAsInt32`.
    pub fn int_at(&self, position: usize) -> Option<i64> {
        let value =
            signed(self.bytes, self.values.checked_add(position.checked_mul(self.width)?)?, self.width)?;
        (position < self.len).then_some(i64::from(value as i32))
    }

    /// The value of a key as an integer; 0 for a value of another type, as FlexBuffers' `AsInt32` has it.
    pub fn int(&self, key: &str) -> Option<i64> {
        let position = (0..self.len).find(|&position| self.key(position) == Some(key.as_bytes()))?;
        let packed = *self.bytes.get(self.values + self.len * self.width + position)?;
        match packed >> 2 {
            TYPE_INT | TYPE_UINT | TYPE_BOOL => self.int_at(position),
            _ => Some(0),
        }
    }

    fn key(&self, position: usize) -> Option<&'a [u8]> {
        // Three values lie before the map's own: offset to the keys, width of the keys, number of values.
        let prefix = self.values.checked_sub(3 * self.width)?;
        let offset = usize::try_from(unsigned(self.bytes, prefix, self.width)?).ok()?;
        let keys = prefix.checked_sub(offset)?;
        let width = usize::try_from(unsigned(self.bytes, prefix + self.width, self.width)?).ok()?;
        let place = keys.checked_add(position.checked_mul(width)?)?;
        let start = place.checked_sub(usize::try_from(unsigned(self.bytes, place, width)?).ok()?)?;
        let rest = self.bytes.get(start..)?;
        rest.get(..rest.iter().position(|&byte| byte == 0)?)
    }
}

fn unsigned(bytes: &[u8], place: usize, width: usize) -> Option<u64> {
    if !matches!(width, 1 | 2 | 4 | 8) {
        return None;
    }
    let bytes = bytes.get(place..place.checked_add(width)?)?;
    Some(bytes.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte)))
}

fn signed(bytes: &[u8], place: usize, width: usize) -> Option<i64> {
    let unused_bits = 64 - 8 * u32::try_from(width).ok().filter(|&width| width <= 8)?;
    unsigned(bytes, place, width).map(|value| ((value << unused_bits) as i64) >> unused_bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `{"T": 7, "fft_length": 512}` as FlexBuffers of 2-byte width writes it.
    const OPTIONS: [u8; 31] = [
        b'T', 0, b'f', b'f', b't', b'_', b'l', b'e', b'n', b'g', b't', b'h', 0, // keys
        2, 14, 13, // key vector: length, then distances back to the keys
        2, 0, // distance back to the key vector
        1, 0, // width of its elements
        2, 0, // number of values
        7, 0, 0, 2, // values
        5, 5, // types: 2-byte integers
        6, 37, 1, // distance back to the values, map of 2-byte values, width of the distance
    ];

    #[test]
    fn values_are_found_by_place_and_by_key() {
        let map = Map::root(&OPTIONS).unwrap();
        assert_eq!((map.int_at(0), map.int_at(1), map.int_at(2)), (Some(7), Some(512), None));
        assert_eq!((map.int("T"), map.int("fft_length"), map.int("x")), (Some(7), Some(512), None));
    }

    #[test]
    fn cut_or_broken_bytes_give_nothing_and_do_not_panic() {
        for length in 0..OPTIONS.len() {
            let _ = Map::root(&OPTIONS[..length]).map(|map| (map.int_at(1), map.int("T")));
        }
        for place in 0..OPTIONS.len() {
            for value in [0, 1, 7, 128, 255] {
                let mut bytes = OPTIONS;
                bytes[place] = value;
                let _ = Map::root(&bytes).map(|map| (map.int_at(1), map.int("fft_length")));
            }
        }
    }
}
