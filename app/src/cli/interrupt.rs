//! Ctrl+C while a command works: what is done is kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::SIGINT;
use signal_hook::flag;

/// The code with which shells report a program that Ctrl+C has ended.
pub(super) const EXIT_CODE: u8 = 130;

/// Knows whether the user has pressed Ctrl+C.
#[derive(Clone, Default)]
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// From now on Ctrl+C is noted, and only the second one ends the program at once. Where the system lets nobody listen,
    /// the first one does, as before.
    pub(super) fn listen() -> Self {
        let pressed = Arc::new(AtomicBool::new(false));
        // In this order: the first press finds the flag unset, and then sets it.
        if flag::register_conditional_shutdown(SIGINT, EXIT_CODE.into(), pressed.clone()).is_ok() {
            flag::register(SIGINT, pressed.clone()).ok();
        }
        Self(pressed)
    }

    /// It was pressed.
    pub(super) fn is_pressed(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
