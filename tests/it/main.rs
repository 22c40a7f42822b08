//! Whole-product tests, in one binary.

mod architecture;
mod notices;
mod support;
