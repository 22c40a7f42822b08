//! App and board over a line that loses, changes, repeats, delays and cuts off what goes over it.

#![no_main]

#[path = "../../tests/support/conversation.rs"]
mod conversation;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| conversation::converse(bytes));
