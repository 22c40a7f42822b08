//! The time that a run takes, pauses left out, and how fast it is.

use std::time::{Duration, Instant};

/// Time over which the speed is measured.
const WINDOW: Duration = Duration::from_millis(500);
/// How much of the last measured speed stays.
const KEPT: f64 = 0.6;

/// The clock of a run.
#[derive(Clone, Debug)]
pub struct Clock {
    started: Instant,
    paused: Option<Instant>,
    pauses: Duration,
    /// Seconds that earlier sessions of the run took.
    before: f64,
    /// Samples since the last measurement of the speed, and when that was.
    samples: usize,
    measured: f64,
    speed: Option<f64>,
    /// Samples of this session.
    all_samples: usize,
}

impl Clock {
    /// Starts now; `before` are the seconds that earlier sessions took.
    pub fn start(before: f64) -> Self {
        Self {
            started: Instant::now(),
            paused: None,
            pauses: Duration::ZERO,
            before,
            samples: 0,
            measured: 0.0,
            speed: None,
            all_samples: 0,
        }
    }

    /// Seconds of training in this session.
    pub fn session_seconds(&self) -> f64 {
        let end = self.paused.unwrap_or_else(Instant::now);
        (end - self.started).saturating_sub(self.pauses).as_secs_f64()
    }

    /// Seconds of training in all.
    pub fn seconds(&self) -> f64 {
        self.before + self.session_seconds()
    }

    /// Stops until [`Self::go_on`].
    pub fn pause(&mut self) {
        self.paused.get_or_insert_with(Instant::now);
    }

    /// Goes on after a pause.
    pub fn go_on(&mut self) {
        if let Some(paused) = self.paused.take() {
            self.pauses += paused.elapsed();
        }
    }

    /// Notes that so many samples were trained on.
    pub fn count(&mut self, samples: usize) {
        self.samples += samples;
        self.all_samples += samples;
        let now = self.session_seconds();
        let elapsed = now - self.measured;
        if elapsed >= WINDOW.as_secs_f64() {
            let speed = self.samples as f64 / elapsed;
            self.speed = Some(self.speed.map_or(speed, |before| before * KEPT + speed * (1.0 - KEPT)));
            (self.samples, self.measured) = (0, now);
        }
    }

    /// Samples a second just now; over the whole session before the first measurement, 0 before the first sample.
    pub fn speed(&self) -> f64 {
        self.speed.unwrap_or_else(|| self.mean_speed())
    }

    /// Samples a second over the whole session.
    pub fn mean_speed(&self) -> f64 {
        let seconds = self.session_seconds();
        if seconds > 0.0 { self.all_samples as f64 / seconds } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_left_out() {
        let mut clock = Clock::start(100.0);
        clock.pause();
        let at = clock.seconds();
        std::thread::sleep(Duration::from_millis(20));
        assert_eq!(clock.seconds(), at, "the clock goes on in a pause");
        clock.go_on();
        assert!(clock.seconds() >= 100.0 && clock.pauses >= Duration::from_millis(20));
    }

    #[test]
    fn the_speed_is_known_from_the_first_sample_on() {
        let mut clock = Clock::start(0.0);
        assert_eq!(clock.speed(), 0.0);
        std::thread::sleep(Duration::from_millis(2));
        clock.count(64);
        assert!(clock.speed() > 0.0 && clock.speed() <= 32_000.0);
    }
}
