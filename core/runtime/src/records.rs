//! Plain values as words of 32 bits: how prepared parameters are kept in the arena.
//!
//! Words make the arena of a 64-bit host as large as that of a 32-bit chip, byte for byte, and need no `unsafe`.

use crate::schema::TensorType;

/// A value that is kept in words of 32 bits.
pub trait Record: Copy {
    /// Number of words.
    const WORDS: usize;
    /// Reads the value from the first [`Record::WORDS`] words.
    ///
    /// # Panics
    /// There are fewer words.
    fn read(words: &[u32]) -> Self;
    /// Writes the value to the first [`Record::WORDS`] words.
    ///
    /// # Panics
    /// There are fewer words.
    fn write(self, words: &mut [u32]);
}

/// Makes a struct whose fields are [`Record`]s a [`Record`] itself, with `Clone`, `Copy` and `Debug`.
///
/// ```
/// emberlab_runtime::record! {
///     /// What the kernel needs to know.
///     pub struct Params {
///         /// Added to every input.
///         pub input_offset: i32,
///         /// Output scale.
///         pub scale: f32,
///         /// Sizes of the window.
///         pub window: [u32; 2],
///     }
/// }
/// use emberlab_runtime::records::Record;
/// assert_eq!(Params::WORDS, 4);
/// ```
#[macro_export]
macro_rules! record {
    ($(#[$meta:meta])* $visibility:vis struct $name:ident {
        $($(#[$field_meta:meta])* $field_visibility:vis $field:ident: $ty:ty,)*
    }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug)]
        $visibility struct $name {
            $($(#[$field_meta])* $field_visibility $field: $ty,)*
        }

        impl $crate::records::Record for $name {
            const WORDS: usize = 0 $(+ <$ty as $crate::records::Record>::WORDS)*;
            #[inline]
            #[allow(unused_assignments)]
            fn read(words: &[u32]) -> Self {
                let mut at = 0;
                $(
                    let $field = <$ty as $crate::records::Record>::read(&words[at..]);
                    at += <$ty as $crate::records::Record>::WORDS;
                )*
                Self { $($field),* }
            }
            #[inline]
            #[allow(unused_assignments)]
            fn write(self, words: &mut [u32]) {
                let mut at = 0;
                $(
                    <$ty as $crate::records::Record>::write(self.$field, &mut words[at..]);
                    at += <$ty as $crate::records::Record>::WORDS;
                )*
            }
        }
    };
}
pub use crate::record;

macro_rules! one_word {
    ($($ty:ty, $from:expr, $to:expr;)*) => {$(
        impl Record for $ty {
            const WORDS: usize = 1;
            #[inline]
            fn read(words: &[u32]) -> Self {
                const FROM: fn(u32) -> $ty = $from;
                FROM(words[0])
            }
            #[inline]
            fn write(self, words: &mut [u32]) {
                const TO: fn($ty) -> u32 = $to;
                words[0] = TO(self);
            }
        }
    )*};
}
one_word! {
    u32, |word| word, |value| value;
    i32, |word| word as i32, |value| value as u32;
    f32, f32::from_bits, f32::to_bits;
    bool, |word| word != 0, u32::from;
    i16, |word| word as i16, |value| value as u32;
    i8, |word| word as i8, |value| value as u32;
    u8, |word| word as u8, u32::from;
    TensorType, |word| TensorType::from_any_code(word as i8), |ty| ty.code() as u8 as u32;
}

impl<T: Record, const N: usize> Record for [T; N] {
    const WORDS: usize = N * T::WORDS;
    #[inline]
    fn read(words: &[u32]) -> Self {
        core::array::from_fn(|index| T::read(&words[index * T::WORDS..]))
    }
    #[inline]
    fn write(self, words: &mut [u32]) {
        for (index, value) in self.into_iter().enumerate() {
            value.write(&mut words[index * T::WORDS..]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    record! {
        #[derive(PartialEq)]
        struct Inner {
            a: i8,
            b: [f32; 2],
        }
    }
    record! {
        #[derive(PartialEq)]
        struct Outer {
            flag: bool,
            inner: Inner,
            last: i32,
        }
    }

    #[test]
    fn values_survive_their_words() {
        let value = Outer { flag: true, inner: Inner { a: -3, b: [0.5, -2.0] }, last: i32::MIN };
        let mut words = [0xa5a5_a5a5; 6];
        value.write(&mut words);
        assert_eq!(Outer::WORDS, 5);
        assert_eq!(Outer::read(&words), value);
        assert_eq!(words[5], 0xa5a5_a5a5, "nothing is written behind the record");
    }
}
