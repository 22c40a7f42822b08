//! The options of a custom operator: a map of numbers as a FlexBuffer, looked at in place.
//!
//! Format: `docs/source/internals.md` and `include/flatbuffers/flexbuffers.h` of github.com/google/flatbuffers. The last
//! byte is the width of the root, the one before its type, and the root lies before that. A map is a vector of values
//! sorted by key, with the keys in another vector.

use crate::error::Reason;

/// A map, or a vector without keys.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FlexMap<'a> {
    bytes: &'a [u8],
    values: Vector,
    /// The keys as offsets to texts; `None` for a vector.
    keys: Option<Vector>,
}

/// Where the elements of a vector are.
#[derive(Clone, Copy, Debug)]
struct Vector {
    start: usize,
    len: usize,
    /// Bytes of an element: 1, 2, 4 or 8.
    width: usize,
}

/// A number of any type.
#[derive(Clone, Copy, Debug)]
enum Number {
    Int(i64),
    Float(f64),
}

/// Types of elements, the upper six bits of a type byte.
const INT: u8 = 1;
const UINT: u8 = 2;
const FLOAT: u8 = 3;
const INDIRECT_INT: u8 = 6;
const INDIRECT_UINT: u8 = 7;
const INDIRECT_FLOAT: u8 = 8;
const MAP: u8 = 9;
const VECTOR: u8 = 10;
const BOOL: u8 = 26;

const BROKEN: Reason = Reason::Unsupported("the custom options are not a FlexBuffers map of numbers");

impl<'a> FlexMap<'a> {
    /// The map that is the root.
    ///
    /// # Errors
    /// The root is no map and no vector, or lies beyond the bytes.
    pub(crate) fn root(bytes: &'a [u8]) -> Result<Self, Reason> {
        let Some((before, &[packed_type, root_width])) = bytes.split_last_chunk::<2>() else {
            return Err(BROKEN);
        };
        let root = before.len().checked_sub(usize::from(root_width)).ok_or(BROKEN)?;
        let start = indirect(bytes, root, usize::from(root_width))?;
        let width = 1usize << (packed_type & 3);
        let values = vector(bytes, start, width)?;
        // The types of the elements lie behind them.
        let types_end = values.len.checked_mul(width + 1).and_then(|size| size.checked_add(start));
        if types_end.is_none_or(|end| end > bytes.len()) {
            return Err(BROKEN);
        }
        let keys = match packed_type >> 2 {
            VECTOR => None,
            MAP => {
                let keys_offset = start.checked_sub(3 * width).ok_or(BROKEN)?;
                let keys_width = unsigned(bytes, keys_offset + width, width)? as usize;
                Some(vector(bytes, indirect(bytes, keys_offset, width)?, keys_width)?)
            }
            _ => return Err(BROKEN),
        };
        Ok(Self { bytes, values, keys })
    }

    /// The number at an index in the order of the keys, whatever its type is: TFLM reads options this way
    /// (`FlexbufferWrapper`, micro/flatbuffer_utils.cc). `name` is for the message.
    ///
    /// # Errors
    /// There are fewer elements.
    pub(crate) fn int_at(&self, index: usize, name: &'static str) -> Result<i64, Reason> {
        if index >= self.values.len {
            return Err(Reason::Missing { operand: name });
        }
        signed(self.bytes, self.values.start + index * self.values.width, self.values.width)
    }

    /// As [`FlexMap::int_at`], in 32 bits as TFLM keeps them.
    pub(crate) fn i32_at(&self, index: usize, name: &'static str) -> Result<i32, Reason> {
        Ok(self.int_at(index, name)? as i32)
    }

    /// As [`FlexMap::i32_at`], for a number from 0 to a largest one.
    ///
    /// # Errors
    /// The number is another one.
    pub(crate) fn number_at(&self, index: usize, name: &'static str, largest: i32) -> Result<u32, Reason> {
        let found = self.i32_at(index, name)?;
        if found < 0 || found > largest {
            let expected = "a number that the operator can work with";
            return Err(Reason::Range { what: name, found: i64::from(found), expected });
        }
        Ok(found as u32)
    }

    /// The number with a key as an integer; `None` if there is none, or if it is not a number.
    ///
    /// # Errors
    /// The bytes end too early.
    pub(crate) fn int(&self, key: &str) -> Result<Option<i64>, Reason> {
        Ok(self.number(key)?.map(|number| match number {
            Number::Int(number) => number,
            Number::Float(number) => number as i64,
        }))
    }

    /// The number with a key as a float; `None` if there is none, or if it is not a number.
    ///
    /// # Errors
    /// The bytes end too early.
    pub(crate) fn float(&self, key: &str) -> Result<Option<f32>, Reason> {
        Ok(self.number(key)?.map(|number| match number {
            Number::Int(number) => number as f32,
            Number::Float(number) => number as f32,
        }))
    }

    fn number(&self, key: &str) -> Result<Option<Number>, Reason> {
        let Some(keys) = self.keys else { return Ok(None) };
        for index in 0..keys.len.min(self.values.len) {
            let text = indirect(self.bytes, keys.start + index * keys.width, keys.width)?;
            let text = self.bytes.get(text..).unwrap_or(&[]);
            if text.strip_prefix(key.as_bytes()).is_some_and(|rest| rest.first() == Some(&0)) {
                return self.typed(index);
            }
        }
        Ok(None)
    }

    fn typed(&self, index: usize) -> Result<Option<Number>, Reason> {
        let Vector { start, len, width } = self.values;
        let at = start + index * width;
        let packed_type = self.bytes.get(start + len * width + index).copied().ok_or(BROKEN)?;
        let own_width = 1usize << (packed_type & 3);
        let target = || indirect(self.bytes, at, width);
        Ok(Some(match packed_type >> 2 {
            INT => Number::Int(signed(self.bytes, at, width)?),
            UINT | BOOL => Number::Int(unsigned(self.bytes, at, width)? as i64),
            FLOAT => Number::Float(float(self.bytes, at, width)?),
            INDIRECT_INT => Number::Int(signed(self.bytes, target()?, own_width)?),
            INDIRECT_UINT => Number::Int(unsigned(self.bytes, target()?, own_width)? as i64),
            INDIRECT_FLOAT => Number::Float(float(self.bytes, target()?, own_width)?),
            _ => return Ok(None),
        }))
    }
}

/// The elements of a vector whose first one is at `start`; their number lies before it.
fn vector(bytes: &[u8], start: usize, width: usize) -> Result<Vector, Reason> {
    let len = unsigned(bytes, start.checked_sub(width).ok_or(BROKEN)?, width)?;
    let len = usize::try_from(len).map_err(|_| BROKEN)?;
    let end = len.checked_mul(width).and_then(|size| size.checked_add(start));
    if end.is_none_or(|end| end > bytes.len()) {
        return Err(BROKEN);
    }
    Ok(Vector { start, len, width })
}

/// Offsets count backwards from where they are stored.
fn indirect(bytes: &[u8], at: usize, width: usize) -> Result<usize, Reason> {
    let offset = usize::try_from(unsigned(bytes, at, width)?).map_err(|_| BROKEN)?;
    at.checked_sub(offset).ok_or(BROKEN)
}

fn unsigned(bytes: &[u8], at: usize, width: usize) -> Result<u64, Reason> {
    let end = at.checked_add(width).ok_or(BROKEN)?;
    let number = bytes.get(at..end).ok_or(BROKEN)?;
    if !matches!(width, 1 | 2 | 4 | 8) {
        return Err(BROKEN);
    }
    Ok(number.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
}

fn signed(bytes: &[u8], at: usize, width: usize) -> Result<i64, Reason> {
    let unused = 64 - 8 * width.min(8) as u32;
    Ok((unsigned(bytes, at, width)? << unused) as i64 >> unused)
}

fn float(bytes: &[u8], at: usize, width: usize) -> Result<f64, Reason> {
    let bits = unsigned(bytes, at, width)?;
    match width {
        4 => Ok(f64::from(f32::from_bits(bits as u32))),
        8 => Ok(f64::from_bits(bits)),
        _ => Err(BROKEN),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A map of integers of four bytes; the keys must come sorted.
    pub(crate) fn map(entries: &[(&str, i32)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let texts: Vec<usize> = entries
            .iter()
            .map(|(key, _)| {
                let start = bytes.len();
                bytes.extend_from_slice(key.as_bytes());
                bytes.push(0);
                start
            })
            .collect();
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        let number =
            |bytes: &mut Vec<u8>, number: usize| bytes.extend_from_slice(&(number as u32).to_le_bytes());
        number(&mut bytes, entries.len());
        let keys = bytes.len();
        for text in texts {
            let offset = bytes.len() - text;
            number(&mut bytes, offset);
        }
        let offset = bytes.len() - keys;
        number(&mut bytes, offset);
        number(&mut bytes, 4);
        number(&mut bytes, entries.len());
        let values = bytes.len();
        entries.iter().for_each(|(_, value)| bytes.extend_from_slice(&value.to_le_bytes()));
        bytes.extend(entries.iter().map(|_| INT << 2 | 2));
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        let offset = bytes.len() - values;
        number(&mut bytes, offset);
        bytes.extend([MAP << 2 | 2, 4]);
        bytes
    }

    #[test]
    fn numbers_are_found_by_index_and_by_key() {
        let bytes = map(&[("T", 7), ("fft_length", 512), ("shift", -3)]);
        let options = FlexMap::root(&bytes).unwrap();
        assert_eq!([0, 1, 2].map(|index| options.i32_at(index, "x")), [Ok(7), Ok(512), Ok(-3)]);
        assert_eq!(options.int("fft_length"), Ok(Some(512)));
        assert_eq!(options.int("fft"), Ok(None));
        assert_eq!(options.i32_at(3, "x"), Err(Reason::Missing { operand: "x" }));
        assert!(options.number_at(2, "shift", 31).is_err());
        assert_eq!(options.number_at(1, "fft_length", 512), Ok(512));
    }

    #[test]
    fn bytes_of_the_reference_are_read() {
        // flexbuffers.Dumps({'T': 7, 'fft_length': 480}) of the Python package flatbuffers.
        let bytes = [
            0x54, 0x00, 0x66, 0x66, 0x74, 0x5f, 0x6c, 0x65, 0x6e, 0x67, 0x74, 0x68, 0x00, 0x02, 0x0e, 0x0d,
            0x02, 0x00, 0x01, 0x00, 0x02, 0x00, 0x07, 0x00, 0xe0, 0x01, 0x05, 0x05, 0x06, 0x25, 0x01,
        ];
        let options = FlexMap::root(&bytes).unwrap();
        assert_eq!((options.int("T"), options.int("fft_length")), (Ok(Some(7)), Ok(Some(480))));
        assert_eq!((options.i32_at(0, "T"), options.i32_at(1, "fft_length")), (Ok(7), Ok(480)));
    }

    #[test]
    fn floats_are_read_as_what_is_asked_for() {
        // flexbuffers.Dumps({'a': 0.5, 'b': 3, 'c': True, 'd': 'x'}) of the Python package flatbuffers.
        let bytes = [
            0x61, 0x00, 0x62, 0x00, 0x63, 0x00, 0x64, 0x00, 0x01, 0x78, 0x00, 0x04, 0x0c, 0x0b, 0x0a, 0x09,
            0x04, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x3f,
            0x03, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x1f, 0x00, 0x00, 0x00, 0x0e, 0x06, 0x6a, 0x14,
            0x14, 0x26, 0x01,
        ];
        let options = FlexMap::root(&bytes).unwrap();
        assert_eq!((options.float("a"), options.int("a")), (Ok(Some(0.5)), Ok(Some(0))));
        assert_eq!((options.float("b"), options.int("b")), (Ok(Some(3.0)), Ok(Some(3))));
        assert_eq!(
            (options.int("c"), options.float("d"), options.float("e")),
            (Ok(Some(1)), Ok(None), Ok(None))
        );
    }

    #[test]
    fn broken_bytes_are_refused() {
        let bytes = map(&[("a", 1), ("b", 2)]);
        for length in 0..bytes.len() {
            let Ok(options) = FlexMap::root(&bytes[..length]) else { continue };
            let _ = (options.int("a"), options.i32_at(0, "a"), options.i32_at(1, "b"));
        }
        for index in 0..bytes.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut bytes = bytes.clone();
                bytes[index] = value;
                let Ok(options) = FlexMap::root(&bytes) else { continue };
                let _ = (options.int("a"), options.int("b"), options.i32_at(0, "a"), options.i32_at(1, "b"));
            }
        }
        assert!(FlexMap::root(&[]).is_err());
        assert!(FlexMap::root(&[5, INT << 2, 1]).is_err());
    }
}
