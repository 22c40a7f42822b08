//! Models as sources: what they say, that compilers take them, and that the bytes come back.

mod compilers;
mod content;
mod support;
