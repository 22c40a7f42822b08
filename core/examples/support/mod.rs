//! What mutation tests need: models to start from, a mutator, and an allocator that counts.

pub mod check;
pub mod counting;
pub mod mutator;
pub mod specimens;
