//! Boards: real ones on a port, the emulated one, and the simulated one, all over the same link.
//!
//! A line carries bytes; a session in a thread speaks the link over it and tells the window what happened.

pub mod flash;
pub mod holders;
pub mod idf_build;
pub mod image;
pub mod open;
pub mod ports;
