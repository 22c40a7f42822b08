//! From what was measured in a run to its lines: places across, smoothed and raw.

use super::curve::{Measured, Point, Smoothing, smoothed};
use crate::training::{EpochPoint, RunHistory, StepPoint};

/// What runs across.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Across {
    /// Epochs.
    #[default]
    Epoch,
    /// Steps.
    Step,
    /// Seconds of training, pauses left out.
    Time,
}

/// What the lines of a run depend on besides the run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LineRequest {
    /// What runs across.
    pub across: Across,
    /// How the line of steps is smoothed.
    pub smoothing: Smoothing,
    /// And how much, 0 to below 1.
    pub weight: f64,
    /// Steps of an epoch.
    pub steps_per_epoch: f64,
}

/// The lines of a run: values, from left to right.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunLines {
    /// Loss of every step; where steps were merged, their lowest and highest.
    pub raw: Vec<Point>,
    /// Loss of every step, smoothed.
    pub smoothed: Vec<Point>,
    /// Validation loss of every epoch.
    pub validation: Vec<Point>,
    /// Training metric of every epoch.
    pub metric: Vec<Point>,
    /// Validation metric of every epoch.
    pub validation_metric: Vec<Point>,
    /// Learning rate.
    pub rate: Vec<Point>,
    /// The best epoch.
    pub best: Option<Best>,
    /// The last place with a measurement.
    pub end: f64,
}

/// The epoch with the lowest loss.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Best {
    /// Which one, from 1.
    pub epoch: usize,
    /// Its place.
    pub x: f64,
    /// Its loss: of validation, else of training.
    pub loss: f64,
    /// Its metric, of the same samples.
    pub metric: f64,
}

impl LineRequest {
    fn of_step(&self, point: &StepPoint) -> f64 {
        self.place(point.step, point.seconds)
    }

    fn of_epoch(&self, epoch: &EpochPoint) -> f64 {
        self.place(epoch.step, epoch.seconds)
    }

    fn place(&self, step: u64, seconds: f64) -> f64 {
        match self.across {
            Across::Epoch => step as f64 / self.steps_per_epoch.max(1.0),
            Across::Step => step as f64,
            Across::Time => seconds,
        }
    }
}

impl RunLines {
    /// The lines of a run.
    pub fn new(history: &RunHistory, request: &LineRequest) -> Self {
        let steps = history.steps.points();
        let measured: Vec<Measured> = steps
            .iter()
            .map(|point| Measured {
                x: request.of_step(point),
                value: f64::from(point.loss),
                steps: point.steps,
            })
            .collect();
        let epochs = |value: fn(&EpochPoint) -> Option<f32>| -> Vec<Point> {
            let points = history
                .epochs
                .iter()
                .filter_map(|epoch| Some([request.of_epoch(epoch), f64::from(value(epoch)?)]));
            points.filter(|point| point[1].is_finite()).collect()
        };
        let best = history.best().map(|epoch| Best {
            epoch: epoch.epoch,
            x: request.of_epoch(epoch),
            loss: f64::from(epoch.deciding_loss()),
            metric: f64::from(epoch.deciding_metric()),
        });
        let of_steps = steps.last().map_or(0.0, |point| request.of_step(point));
        let of_epochs = history.epochs.last().map_or(0.0, |epoch| request.of_epoch(epoch));
        Self {
            raw: steps.iter().flat_map(|point| raw(point, request.of_step(point))).collect(),
            smoothed: smoothed(&measured, request.smoothing, request.weight),
            validation: epochs(|epoch| epoch.validation_loss),
            metric: epochs(|epoch| Some(epoch.metric)),
            validation_metric: epochs(|epoch| epoch.validation_metric),
            rate: steps
                .iter()
                .map(|point| [request.of_step(point), f64::from(point.learning_rate)])
                .collect(),
            best,
            end: of_steps.max(of_epochs),
        }
    }
}

/// A step as it was; of merged steps the lowest and the highest.
fn raw(point: &StepPoint, x: f64) -> impl Iterator<Item = Point> {
    let second = (point.lowest != point.highest).then_some([x, f64::from(point.highest)]);
    let points = [Some([x, f64::from(point.lowest)]), second];
    points.into_iter().flatten().filter(|point| point[1].is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(step: u64, loss: f32) -> StepPoint {
        StepPoint {
            step,
            steps: 1,
            seconds: step as f64 / 10.0,
            loss,
            lowest: loss,
            highest: loss,
            metric: 0.5,
            learning_rate: 0.1,
        }
    }

    fn history() -> RunHistory {
        let epoch = |number: usize, validation: f32| EpochPoint {
            epoch: number,
            step: number as u64 * 4,
            seconds: number as f64 * 0.4,
            loss: 1.0,
            metric: 0.25,
            validation_loss: Some(validation),
            validation_metric: Some(0.75),
            learning_rate: 0.1,
        };
        RunHistory {
            steps: (1..=8).map(|number| step(number, number as f32)).collect(),
            epochs: vec![epoch(1, 0.5), epoch(2, 0.75)],
        }
    }

    fn lines(across: Across) -> RunLines {
        let request =
            LineRequest { across, smoothing: Smoothing::Exponential, weight: 0.0, steps_per_epoch: 4.0 };
        RunLines::new(&history(), &request)
    }

    #[test]
    fn steps_and_epochs_share_the_axis() {
        for (across, step_of_5, epoch_2) in
            [(Across::Epoch, 1.25, 2.0), (Across::Step, 5.0, 8.0), (Across::Time, 0.5, 0.8)]
        {
            let lines = lines(across);
            assert_eq!(lines.raw[4], [step_of_5, 5.0]);
            assert_eq!(lines.smoothed, lines.raw);
            assert_eq!(lines.validation[1], [epoch_2, 0.75]);
            assert_eq!(lines.end, epoch_2);
        }
    }

    #[test]
    fn the_best_epoch_is_marked_with_its_metric() {
        let best = lines(Across::Epoch).best.expect("two epochs are done");
        assert_eq!((best.epoch, best.x, best.loss, best.metric), (1, 1.0, 0.5, 0.75));
    }

    #[test]
    fn merged_steps_show_both_extremes() {
        let merged = StepPoint { lowest: 0.5, highest: 3.0, steps: 2, ..step(2, 1.0) };
        let history = RunHistory { steps: [merged].into_iter().collect(), epochs: Vec::new() };
        let request = LineRequest {
            across: Across::Step,
            smoothing: Smoothing::Mean,
            weight: 0.9,
            steps_per_epoch: 1.0,
        };
        let lines = RunLines::new(&history, &request);
        assert_eq!(lines.raw, [[2.0, 0.5], [2.0, 3.0]]);
        assert_eq!(lines.smoothed, [[2.0, 1.0]]);
        assert_eq!(lines.best, None);
    }
}
