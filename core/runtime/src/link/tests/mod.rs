//! The link as a whole: lines that lose and change bytes, the board's side on such lines, and the document.

mod board;
mod document;
mod noise;
