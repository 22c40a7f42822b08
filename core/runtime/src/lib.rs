//! The part of Emberlab that runs on host and chip alike.
//!
//! No allocation, no operating system: the same source is built into the desktop app and into the firmware.
#![cfg_attr(not(test), no_std)]

pub mod schema;
pub mod tflite_view;
