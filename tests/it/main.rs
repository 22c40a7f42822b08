//! Whole-product tests, in one binary.

mod architecture;
mod example;
mod notices;
mod support;
