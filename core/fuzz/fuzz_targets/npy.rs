//! An array file: read, written, read again.

#![no_main]

use emberlab_core::npy::{read, write_array};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(array) = read(bytes) else { return };
    let file = write_array(&array).expect("an array that was read can be written");
    assert_eq!(read(&file), Ok(array));
});
