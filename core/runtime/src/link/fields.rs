//! How single fields of messages lie in a payload: little-endian, one behind the other, nothing between them.

use super::frame::MAX_PAYLOAD;

/// Takes fields from a payload.
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(payload: &'a [u8]) -> Self {
        Self { rest: payload }
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }
}

/// Puts fields into a payload.
pub struct Writer<'b> {
    bytes: &'b mut [u8],
    length: usize,
}

impl<'b> Writer<'b> {
    pub(super) fn new(bytes: &'b mut [u8]) -> Self {
        Self { bytes, length: 0 }
    }

    pub(super) fn length(&self) -> usize {
        self.length
    }

    pub(super) fn put(&mut self, bytes: &[u8]) -> Option<()> {
        let end = self.length.checked_add(bytes.len())?;
        self.bytes.get_mut(self.length..end)?.copy_from_slice(bytes);
        self.length = end;
        Some(())
    }
}

/// A field of a message.
pub trait Field<'a>: Sized {
    /// What `firmware/PROTOCOL.md` calls the type.
    const TYPE: &'static str;

    /// Takes the field; `None` when the payload ends before it, or when its value means nothing.
    fn read(reader: &mut Reader<'a>) -> Option<Self>;

    /// Puts the field; `None` when there is no room.
    fn write(&self, writer: &mut Writer<'_>) -> Option<()>;
}

macro_rules! integer_fields {
    ($($ty:ty: $name:literal),*) => {$(
        impl Field<'_> for $ty {
            const TYPE: &'static str = $name;
            fn read(reader: &mut Reader<'_>) -> Option<Self> {
                reader.array().map(Self::from_le_bytes)
            }
            fn write(&self, writer: &mut Writer<'_>) -> Option<()> {
                writer.put(&self.to_le_bytes())
            }
        }
    )*};
}
integer_fields!(u8: "u8", u16: "u16", u32: "u32", u64: "u64");

/// A text: its length in bytes, then UTF-8. What does not fit into 255 bytes is cut off.
impl<'a> Field<'a> for &'a str {
    const TYPE: &'static str = "text";

    fn read(reader: &mut Reader<'a>) -> Option<Self> {
        let length = u8::read(reader)?;
        core::str::from_utf8(reader.take(usize::from(length))?).ok()
    }

    fn write(&self, writer: &mut Writer<'_>) -> Option<()> {
        let text = cut(self, usize::from(u8::MAX));
        (text.len() as u8).write(writer)?;
        writer.put(text.as_bytes())
    }
}

/// A field that an earlier program did not send: it may be missing where the payload ends before it.
macro_rules! later_fields {
    ($($ty:ty: $name:literal),*) => {$(
        impl<'a> Field<'a> for Option<$ty> {
            const TYPE: &'static str = concat!($name, " or nothing");
            fn read(reader: &mut Reader<'a>) -> Option<Self> {
                if reader.rest.is_empty() { Some(None) } else { <$ty>::read(reader).map(Some) }
            }
            fn write(&self, writer: &mut Writer<'_>) -> Option<()> {
                self.as_ref().map_or(Some(()), |field| field.write(writer))
            }
        }
    )*};
}
later_fields!(u32: "u32", &'a str: "text");

/// The start of a text that has at most `count` bytes.
pub fn cut(text: &str, count: usize) -> &str {
    &text[..text.floor_char_boundary(count)]
}

/// All bytes up to the end of the payload.
impl<'a> Field<'a> for &'a [u8] {
    const TYPE: &'static str = "bytes";

    fn read(reader: &mut Reader<'a>) -> Option<Self> {
        Some(core::mem::take(&mut reader.rest))
    }

    fn write(&self, writer: &mut Writer<'_>) -> Option<()> {
        writer.put(self)
    }
}

/// Something of a fixed size that a message has many of.
pub trait Record: for<'a> Field<'a> {
    /// Its bytes.
    const BYTES: usize;
}

/// Records up to the end of the payload.
pub struct List<'a, R> {
    bytes: &'a [u8],
    records: core::marker::PhantomData<R>,
}

impl<R> Clone for List<'_, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for List<'_, R> {}

impl<R: Record> PartialEq for List<'_, R> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl<R: Record + core::fmt::Debug> core::fmt::Debug for List<'_, R> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'a, R: Record> List<'a, R> {
    /// The records in order. What is left behind the last whole one is none.
    pub fn iter(&self) -> impl Iterator<Item = R> + use<'a, R> {
        self.bytes.chunks_exact(R::BYTES).filter_map(|bytes| R::read(&mut Reader::new(bytes)))
    }
}

impl<'a, R: Record> Field<'a> for List<'a, R> {
    const TYPE: &'static str = R::TYPE;

    fn read(reader: &mut Reader<'a>) -> Option<Self> {
        let bytes = core::mem::take(&mut reader.rest);
        Some(Self { bytes, records: core::marker::PhantomData })
    }

    fn write(&self, writer: &mut Writer<'_>) -> Option<()> {
        writer.put(self.bytes)
    }
}

/// Memory in which a list is made.
pub struct ListBuffer<R> {
    bytes: [u8; MAX_PAYLOAD],
    length: usize,
    records: core::marker::PhantomData<R>,
}

impl<R: Record> Default for ListBuffer<R> {
    fn default() -> Self {
        Self { bytes: [0; MAX_PAYLOAD], length: 0, records: core::marker::PhantomData }
    }
}

impl<R: Record> ListBuffer<R> {
    /// Adds a record; `None` when there is no room.
    pub fn push(&mut self, record: &R) -> Option<()> {
        let mut writer = Writer::new(&mut self.bytes[self.length..]);
        record.write(&mut writer)?;
        self.length += writer.length();
        Some(())
    }

    /// Number of records.
    pub fn n_records(&self) -> usize {
        self.length / R::BYTES
    }

    /// Takes all records out.
    pub fn clear(&mut self) {
        self.length = 0;
    }

    /// The records as a field.
    pub fn list(&self) -> List<'_, R> {
        List { bytes: &self.bytes[..self.length], records: core::marker::PhantomData }
    }
}

/// An enum that is one byte.
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident { $($(#[$code_doc:meta])* $code:literal $variant:ident,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$code_doc])* $variant,)* }

        impl $name {
            /// Every value with the byte that stands for it.
            pub const ALL: &'static [(Self, u8)] = &[$((Self::$variant, $code)),*];
        }

        impl $crate::link::fields::Field<'_> for $name {
            const TYPE: &'static str = concat!("u8, ", stringify!($name));
            fn read(reader: &mut $crate::link::fields::Reader<'_>) -> Option<Self> {
                match u8::read(reader)? {
                    $($code => Some(Self::$variant),)*
                    _ => None,
                }
            }
            fn write(&self, writer: &mut $crate::link::fields::Writer<'_>) -> Option<()> {
                let code: u8 = match self { $(Self::$variant => $code,)* };
                code.write(writer)
            }
        }
    )*};
}
pub(super) use codes;
