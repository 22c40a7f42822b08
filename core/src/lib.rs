//! Models, .tflite files and memory plans of Emberlab.
//!
//! Bytes and structs in, structs and bytes out: this crate opens no file, starts no thread and reads no clock.

pub mod bench;
pub mod cost;
pub mod dataset;
pub mod evaluate;
pub mod export;
pub mod firmware_image;
pub mod hash;
pub mod inspect;
pub mod layers;
pub mod link;
pub mod model;
pub mod npy;
pub mod plan;
pub mod project;
pub mod quantize;
pub mod run;
pub mod stats;
pub mod tflite;
pub mod training;
pub mod verdict;
mod words;
pub use emberlab_runtime::schema;
