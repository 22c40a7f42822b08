//! Whole-product tests, in one binary.
