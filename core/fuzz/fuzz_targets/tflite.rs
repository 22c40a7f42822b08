//! A model file: read, written, read again, planned.

#![no_main]

use std::sync::Arc;

use emberlab_core::plan::{Chip, Target, plan};
use emberlab_core::tflite::{read, write};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let file: Arc<[u8]> = bytes.into();
    let Ok(model) = read(file) else { return };
    let once = write(&model).expect("a model that was read can be written");
    let again = read(once.clone().into()).expect("a written file can be read");
    let twice = write(&again).expect("a rewritten model can be written");
    assert!(once == twice, "writing what was read changes the file");
    for chip in Chip::ALL {
        let _ = plan(&model, Target::new(chip));
    }
});
