//! Whole-product tests, in one binary.

mod architecture;
mod example;
mod notices;
mod plan_golden;
mod support;
