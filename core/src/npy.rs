//! NumPy's `.npy` files: tensors out, inputs in.
//!
//! Format: `numpy/lib/format.py` (github.com/numpy/numpy), versions 1.0, 2.0 and 3.0.

use crate::model::packed::{unpack_signed, unpack_unsigned};
use crate::model::{Tensor, TensorType, Values, bytes_from_elements};

/// The first bytes of every `.npy` file.
const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// The data start at a multiple of this.
const ALIGNMENT: usize = 64;

/// An array in memory order (C order).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Array {
    /// Type of the elements.
    pub ty: TensorType,
    /// Sizes of the dimensions; empty for a single number.
    pub shape: Vec<usize>,
    /// The elements, little-endian.
    pub data: Vec<u8>,
}

/// Why bytes are not an array, or an array not bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NpyError {
    /// The file is not a `.npy` file.
    #[error("this is not a .npy file: expected the bytes \\x93NUMPY at its start")]
    NotNpy,
    /// The file's version is none that is known.
    #[error(".npy version {0}.{1} is unknown: expected 1.0, 2.0 or 3.0")]
    Version(u8, u8),
    /// The file ends too early.
    #[error("the .npy file is cut short: expected {expected} bytes, found {found}")]
    CutShort {
        /// Bytes that header and shape ask for.
        expected: u64,
        /// Bytes of the file.
        found: usize,
    },
    /// The header is not as NumPy writes it.
    #[error("the header of the .npy file is damaged at byte {offset}: expected {expected}")]
    Header {
        /// Bytes from the start of the file.
        offset: usize,
        /// What was expected there.
        expected: &'static str,
    },
    /// Elements of a type that no tensor has.
    #[error("the array's type {0} is not one that tensors have")]
    Type(String),
    /// Big-endian elements.
    #[error("the array's type {0} is big-endian")]
    BigEndian(String),
    /// Fortran order: the first dimension runs fastest.
    #[error("the array is in Fortran order")]
    FortranOrder,
    /// A tensor's bytes do not fit its shape.
    #[error("the tensor's shape asks for {expected} bytes, its data have {found}")]
    Size {
        /// Bytes that the shape asks for.
        expected: u64,
        /// Bytes of the data.
        found: usize,
    },
    /// A tensor without a fixed shape, or of a type without fixed size.
    #[error("a tensor of type {0} or of unknown shape has no array")]
    NoArray(&'static str),
}

impl NpyError {
    /// What to try.
    pub fn help(&self) -> &'static str {
        match self {
            NpyError::NotNpy | NpyError::Version(..) => "Save the array with numpy.save(path, array).",
            NpyError::CutShort { .. } | NpyError::Header { .. } => {
                "Save the array again with numpy.save(path, array)."
            }
            NpyError::Type(_) => "Convert it first: numpy.save(path, array.astype(numpy.float32)).",
            NpyError::BigEndian(_) => {
                "Convert it first: numpy.save(path, array.astype(array.dtype.newbyteorder('<')))."
            }
            NpyError::FortranOrder => "Reorder it first: numpy.save(path, numpy.ascontiguousarray(array)).",
            NpyError::Size { .. } => "The file of the model is damaged: fetch it again.",
            NpyError::NoArray(_) => "Choose a tensor of numbers whose dimensions are all known.",
        }
    }
}

/// The `.npy` file of a tensor with these bytes. int2, int4 and uint4 become one byte per element, bfloat16 and 8-bit
/// floats become float32: NumPy has no such types, and nothing is lost.
///
/// # Errors
/// The shape is unknown or does not fit the bytes, or elements have no fixed size.
pub fn write(tensor: &Tensor, bytes: &[u8]) -> Result<Vec<u8>, NpyError> {
    let no_array = NpyError::NoArray(tensor.ty.name());
    let (Some(n_elements), Some(expected)) = (tensor.element_count(), tensor.byte_size()) else {
        return Err(no_array);
    };
    if expected != bytes.len() as u64 {
        return Err(NpyError::Size { expected, found: bytes.len() });
    }
    let n_elements = n_elements as usize;
    let (ty, data) = match tensor.ty {
        TensorType::Int2 | TensorType::Int4 => {
            let bits = tensor.ty.bits().unwrap_or(4);
            (TensorType::Int8, bytes_from_elements(&unpack_signed(bytes, bits, n_elements)))
        }
        TensorType::Uint4 => (TensorType::Uint8, unpack_unsigned(bytes, 4, n_elements)),
        TensorType::Bfloat16 | TensorType::Float8E4m3fn | TensorType::Float8E5m2 => {
            let values = Values::of_tensor(tensor, bytes).ok_or(no_array)?;
            let floats: Vec<f32> = values.map(|value| value as f32).collect();
            (TensorType::Float32, bytes_from_elements(&floats))
        }
        ty => (ty, bytes.to_vec()),
    };
    let shape = tensor.shape.iter().map(|dimension| *dimension as usize).collect();
    write_array(&Array { ty, shape, data })
}

/// The `.npy` file of an array, version 1.0.
///
/// # Errors
/// The elements have a type that NumPy does not have, or the data do not fit the shape.
pub fn write_array(array: &Array) -> Result<Vec<u8>, NpyError> {
    let descr = descr(array.ty).ok_or(NpyError::NoArray(array.ty.name()))?;
    let expected = byte_count(&array.shape, array.ty);
    if expected != Some(array.data.len() as u64) {
        return Err(NpyError::Size { expected: expected.unwrap_or(u64::MAX), found: array.data.len() });
    }
    let shape = match array.shape.as_slice() {
        [] => "()".to_owned(),
        [one] => format!("({one},)"),
        many => format!("({})", many.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")),
    };
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    const BEFORE_HEADER: usize = 10;
    let data_start = (BEFORE_HEADER + header.len() + 1).next_multiple_of(ALIGNMENT);
    header.extend(std::iter::repeat_n(' ', data_start - BEFORE_HEADER - header.len() - 1));
    header.push('\n');
    let mut file = Vec::with_capacity(data_start + array.data.len());
    file.extend_from_slice(MAGIC);
    file.extend_from_slice(&[1, 0]);
    // A shape of a tensor has at most a few dimensions: the header is far below 64 KiB.
    file.extend_from_slice(&(header.len() as u16).to_le_bytes());
    file.extend_from_slice(header.as_bytes());
    file.extend_from_slice(&array.data);
    Ok(file)
}

/// The array of a `.npy` file. Bytes behind the array are left alone, as NumPy does.
///
/// # Errors
/// It is not such a file or is cut short, its elements are big-endian or of a type that tensors do not have, or it is in
/// Fortran order.
pub fn read(file: &[u8]) -> Result<Array, NpyError> {
    let cut_short = |expected: u64| NpyError::CutShort { expected, found: file.len() };
    if file.get(..6) != Some(MAGIC) {
        return Err(NpyError::NotNpy);
    }
    let version = file.get(6..8).ok_or_else(|| cut_short(10))?;
    let (header_start, header_bytes) = match (version[0], version[1]) {
        (1, 0) => (10, file.get(8..10).map(|bytes| u32::from(bytes[0]) | u32::from(bytes[1]) << 8)),
        (2 | 3, 0) => {
            (12, file.get(8..).and_then(|bytes| bytes.first_chunk()).map(|bytes| u32::from_le_bytes(*bytes)))
        }
        (major, minor) => return Err(NpyError::Version(major, minor)),
    };
    let header_bytes = header_bytes.ok_or_else(|| cut_short(header_start as u64))?;
    let data_start = header_start as u64 + u64::from(header_bytes);
    let header = usize::try_from(data_start).ok().and_then(|end| file.get(header_start..end));
    let header = Header::parse(header.ok_or_else(|| cut_short(data_start))?, header_start)?;
    if header.fortran_order {
        return Err(NpyError::FortranOrder);
    }
    let ty = type_from_descr(&header.descr)?;
    let n_bytes = byte_count(&header.shape, ty).ok_or_else(|| cut_short(u64::MAX))?;
    let end = data_start.saturating_add(n_bytes);
    let range = data_start as usize..usize::try_from(end).unwrap_or(usize::MAX);
    let data = file.get(range).ok_or_else(|| cut_short(end))?.to_vec();
    Ok(Array { ty, shape: header.shape, data })
}

/// NumPy's name of a type.
fn descr(ty: TensorType) -> Option<&'static str> {
    Some(match ty {
        TensorType::Float32 => "<f4",
        TensorType::Float16 => "<f2",
        TensorType::Float64 => "<f8",
        TensorType::Int8 => "|i1",
        TensorType::Int16 => "<i2",
        TensorType::Int32 => "<i4",
        TensorType::Int64 => "<i8",
        TensorType::Uint8 => "|u1",
        TensorType::Uint16 => "<u2",
        TensorType::Uint32 => "<u4",
        TensorType::Uint64 => "<u8",
        TensorType::Bool => "|b1",
        TensorType::Complex64 => "<c8",
        TensorType::Complex128 => "<c16",
        TensorType::String
        | TensorType::Resource
        | TensorType::Variant
        | TensorType::Int4
        | TensorType::Int2
        | TensorType::Uint4
        | TensorType::Bfloat16
        | TensorType::Float8E4m3fn
        | TensorType::Float8E5m2
        | TensorType::Unknown(_) => return None,
    })
}

fn type_from_descr(text: &str) -> Result<TensorType, NpyError> {
    let unknown = || NpyError::Type(text.to_owned());
    let mut letters = text.chars();
    let order = letters.next().ok_or_else(unknown)?;
    let name = letters.as_str();
    let ty = TensorType::ALL.into_iter().find(|ty| descr(*ty).is_some_and(|descr| &descr[1..] == name));
    let ty = ty.ok_or_else(unknown)?;
    match order {
        '<' | '|' => Ok(ty),
        // A single byte has no order.
        '>' | '=' if ty.bits() == Some(8) => Ok(ty),
        '>' => Err(NpyError::BigEndian(text.to_owned())),
        _ => Err(unknown()),
    }
}

fn byte_count(shape: &[usize], ty: TensorType) -> Option<u64> {
    let element = u64::from(ty.bits()?.div_ceil(8));
    shape.iter().try_fold(element, |product, dimension| product.checked_mul(*dimension as u64))
}

struct Header {
    descr: String,
    fortran_order: bool,
    shape: Vec<usize>,
}

impl Header {
    /// The header is a literal of a Python dictionary; only what NumPy writes into it is understood.
    fn parse(bytes: &[u8], offset: usize) -> Result<Self, NpyError> {
        let mut literal = Literal { bytes, at: 0, offset };
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        literal.expect(b'{', "{")?;
        while !literal.take(b'}') {
            let key = literal.text()?;
            literal.expect(b':', "a colon")?;
            match key.as_str() {
                "descr" => descr = Some(literal.descr()?),
                "fortran_order" => fortran_order = Some(literal.bool()?),
                "shape" => shape = Some(literal.tuple()?),
                _ => return Err(literal.error("descr, fortran_order or shape")),
            }
            if !literal.take(b',') {
                literal.expect(b'}', "a comma or }")?;
                break;
            }
        }
        match (descr, fortran_order, shape) {
            (Some(descr), Some(fortran_order), Some(shape)) => Ok(Self { descr, fortran_order, shape }),
            _ => Err(literal.error("descr, fortran_order and shape")),
        }
    }
}

/// A place in a Python literal.
struct Literal<'a> {
    bytes: &'a [u8],
    at: usize,
    offset: usize,
}

/// No tensor has more dimensions, and NumPy allows 64.
const MAX_DIMENSIONS: usize = 64;

impl Literal<'_> {
    fn error(&self, expected: &'static str) -> NpyError {
        NpyError::Header { offset: self.offset + self.at, expected }
    }

    fn peek(&mut self) -> Option<u8> {
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        self.bytes.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, byte: u8, what: &'static str) -> Result<(), NpyError> {
        if self.take(byte) { Ok(()) } else { Err(self.error(what)) }
    }

    fn text(&mut self) -> Result<String, NpyError> {
        let quote = self
            .peek()
            .filter(|byte| matches!(byte, b'\'' | b'"'))
            .ok_or_else(|| self.error("a quoted text"))?;
        let start = self.at + 1;
        let length = self.bytes[start..].iter().position(|byte| *byte == quote);
        let end = start + length.ok_or_else(|| self.error("a closing quote"))?;
        self.at = end + 1;
        Ok(String::from_utf8_lossy(&self.bytes[start..end]).into_owned())
    }

    /// The type: a text, or a list for records, which no tensor has.
    fn descr(&mut self) -> Result<String, NpyError> {
        match self.peek() {
            Some(b'[' | b'(') => Err(NpyError::Type("of records".to_owned())),
            _ => self.text(),
        }
    }

    fn bool(&mut self) -> Result<bool, NpyError> {
        self.peek();
        for (word, value) in [(&b"True"[..], true), (&b"False"[..], false)] {
            if self.bytes[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.error("True or False"))
    }

    fn tuple(&mut self) -> Result<Vec<usize>, NpyError> {
        let mut numbers = Vec::new();
        self.expect(b'(', "a tuple of numbers")?;
        while !self.take(b')') {
            self.peek();
            let start = self.at;
            while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
                self.at += 1;
            }
            let digits = std::str::from_utf8(&self.bytes[start..self.at]).unwrap_or_default();
            let number = digits.parse().map_err(|_| self.error("a number"))?;
            // Python 2 wrote 3L for a long integer.
            self.take(b'L');
            numbers.push(number);
            if numbers.len() > MAX_DIMENSIONS {
                return Err(self.error("at most 64 dimensions"));
            }
            if !self.take(b',') {
                self.expect(b')', "a comma or )")?;
                break;
            }
        }
        Ok(numbers)
    }
}

#[cfg(test)]
mod tests;
