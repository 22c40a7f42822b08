//! Starts Emberlab.
fn main() {}
