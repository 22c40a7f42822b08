//! What the user wants of a run that goes on.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// What the user wants of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Wish {
    /// Go on.
    #[default]
    Go,
    /// Wait.
    Pause,
    /// End, and keep what is best.
    Stop,
}

/// A switch that the window turns and the run looks at.
#[derive(Debug, Default)]
pub struct Switch {
    wish: Mutex<Wish>,
    turned: Condvar,
}

impl Switch {
    /// Turns it; a run that was stopped stays so.
    pub fn turn(&self, wish: Wish) {
        let mut present = self.wish.lock().unwrap_or_else(PoisonError::into_inner);
        if *present != Wish::Stop {
            *present = wish;
        }
        self.turned.notify_all();
    }

    /// How it stands.
    pub fn wish(&self) -> Wish {
        *self.wish.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until it is turned, but not longer than `most`.
    pub fn wait(&self, most: Duration) {
        let wish = self.wish.lock().unwrap_or_else(PoisonError::into_inner);
        let before = *wish;
        // Whether it was turned or the time is over: whoever waits looks again.
        let _ = self.turned.wait_timeout_while(wish, most, |wish| *wish == before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopped_run_does_not_go_on() {
        let switch = Switch::default();
        for (turned, wish) in [(Wish::Pause, Wish::Pause), (Wish::Go, Wish::Go), (Wish::Stop, Wish::Stop)] {
            switch.turn(turned);
            assert_eq!(switch.wish(), wish);
        }
        switch.turn(Wish::Go);
        assert_eq!(switch.wish(), Wish::Stop);
    }

    #[test]
    fn who_waits_is_woken() {
        let switch = Switch::default();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while switch.wish() == Wish::Go {
                    switch.wait(Duration::from_secs(60));
                }
            });
            switch.turn(Wish::Stop);
        });
    }
}
