//! The bundled example is what its maker writes, says that it is untrained, and runs on every chip.

#[path = "../../core/examples/make_example/keyword_spotting.rs"]
mod keyword_spotting;

use emberlab_core::plan::{self, Chip, Target};
use emberlab_core::tflite;

use crate::support::root;

#[test]
fn the_bundled_example_is_what_its_maker_writes() {
    let path = root().join("assets/examples/keyword_spotting.tflite");
    let bundled = std::fs::read(&path).expect("the example is part of the repository");
    let made = tflite::write(&keyword_spotting::model()).expect("the maker makes a sound model");
    assert!(
        bundled == made,
        "write it anew: cargo run -p emberlab-core --example make_example -- assets/examples/keyword_spotting.tflite"
    );
}

#[test]
fn the_bundled_example_says_that_nobody_has_trained_it() {
    let description = keyword_spotting::model().description.unwrap_or_default();
    assert!(description.contains(emberlab::document::UNTRAINED_MARK), "{description}");
}

#[test]
fn the_bundled_example_is_planned_for_every_chip() {
    for chip in Chip::ALL {
        let plan = plan::plan(&keyword_spotting::model(), Target::new(chip));
        assert!(plan.is_ok_and(|plan| plan.used_bytes > 0), "{}", chip.label());
    }
}
