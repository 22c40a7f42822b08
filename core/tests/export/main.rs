//! Models as sources: what they say, that compilers take them, and that the bytes come back.

// Skipped tests say so.
#![allow(clippy::print_stdout)]

mod compilers;
mod content;
mod esp_idf;
#[path = "../noise/mod.rs"]
mod noise;
mod support;
