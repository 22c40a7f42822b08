//! Texts without allocation.

use core::fmt;

use super::fields::cut;

/// Memory for a text of at most `N` bytes; what is longer is cut off.
pub struct TextBuffer<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

impl<const N: usize> TextBuffer<N> {
    /// The text that the arguments make.
    pub fn new(arguments: fmt::Arguments<'_>) -> Self {
        let mut text = Self { bytes: [0; N], length: 0 };
        // Cutting off is no error, and there is no other.
        let _ = fmt::write(&mut text, arguments);
        text
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.bytes[..self.length]).unwrap_or("")
    }
}

impl<const N: usize> fmt::Write for TextBuffer<N> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let kept = cut(text, N - self.length);
        self.bytes[self.length..self.length + kept.len()].copy_from_slice(kept.as_bytes());
        self.length += kept.len();
        // Nothing comes behind a text that was cut.
        if kept.len() < text.len() { Err(fmt::Error) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(TextBuffer::<8>::new(format_args!("{} {}", 12, "abc")).as_str(), "12 abc");
        assert_eq!(TextBuffer::<4>::new(format_args!("abcé{}", 1)).as_str(), "abc");
    }
}
