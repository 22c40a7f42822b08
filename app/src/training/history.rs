//! What was measured in a run, and its form as a file.
//!
//! The file is a table in CSV that a spreadsheet opens: one row for each step (or for neighbouring steps that were merged)
//! and one for each epoch, in the order of the steps. Rows of steps leave the columns of epochs empty, and the other way
//! round.

use std::fmt::Write as _;

use super::steps::{StepCurve, StepPoint};

/// One epoch of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct EpochPoint {
    /// Which one, from 1.
    pub epoch: usize,
    /// Steps taken since the run began.
    pub step: u64,
    /// Seconds of training until then, pauses left out.
    pub seconds: f64,
    /// Mean training loss.
    pub loss: f32,
    /// Mean training metric.
    pub metric: f32,
    /// Validation loss; `None` without validation samples.
    pub validation_loss: Option<f32>,
    /// Validation metric; `None` without validation samples.
    pub validation_metric: Option<f32>,
    /// Learning rate of the last step.
    pub learning_rate: f32,
}

/// Everything that was measured in a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunHistory {
    /// Every step, merged where there are very many.
    pub steps: StepCurve,
    /// Every epoch.
    pub epochs: Vec<EpochPoint>,
}

/// The heads of the columns.
const HEAD: &str = "step,steps,seconds,loss,lowest_loss,highest_loss,metric,learning_rate,epoch,epoch_loss,epoch_metric,\
                    validation_loss,validation_metric";
/// Number of columns.
const COLUMNS: usize = 13;

impl EpochPoint {
    /// The loss that decides which epoch is best: of validation, else of training.
    pub fn deciding_loss(&self) -> f32 {
        self.validation_loss.unwrap_or(self.loss)
    }

    /// The metric of the same samples.
    pub fn deciding_metric(&self) -> f32 {
        self.validation_metric.unwrap_or(self.metric)
    }
}

impl RunHistory {
    /// The epoch with the lowest loss, the first of several.
    pub fn best(&self) -> Option<&EpochPoint> {
        let finite = self.epochs.iter().filter(|epoch| epoch.deciding_loss().is_finite());
        finite.reduce(|best, epoch| if epoch.deciding_loss() < best.deciding_loss() { epoch } else { best })
    }

    /// Seconds of training, pauses left out.
    pub fn seconds(&self) -> f64 {
        let of_steps = self.steps.points().last().map_or(0.0, |point| point.seconds);
        of_steps.max(self.epochs.last().map_or(0.0, |epoch| epoch.seconds))
    }

    /// Forgets what was measured after a step, because the run goes on from there.
    pub fn cut_after(&mut self, step: u64) {
        self.steps.cut_after(step);
        self.epochs.retain(|epoch| epoch.step <= step);
    }

    /// The table.
    pub fn to_csv(&self) -> String {
        let mut text = String::with_capacity(80 * (self.steps.points().len() + self.epochs.len()));
        text.push_str(HEAD);
        text.push('\n');
        let mut epochs = self.epochs.iter().peekable();
        let write_epoch = |text: &mut String, epoch: &EpochPoint| {
            let optional = |value: Option<f32>| value.map(|value| value.to_string()).unwrap_or_default();
            let EpochPoint { epoch: number, step, seconds, loss, metric, learning_rate, .. } = epoch;
            let (validation_loss, validation_metric) =
                (optional(epoch.validation_loss), optional(epoch.validation_metric));
            // Writing into a String cannot fail.
            let _ = writeln!(
                text,
                "{step},,{seconds:.3},,,,,{learning_rate},{number},{loss},{metric},{validation_loss},{validation_metric}"
            );
        };
        for point in self.steps.points() {
            while let Some(epoch) = epochs.next_if(|epoch| epoch.step < point.step) {
                write_epoch(&mut text, epoch);
            }
            let StepPoint { step, steps, seconds, loss, lowest, highest, metric, learning_rate } = point;
            let _ = writeln!(
                text,
                "{step},{steps},{seconds:.3},{loss},{lowest},{highest},{metric},{learning_rate},,,,,"
            );
        }
        epochs.for_each(|epoch| write_epoch(&mut text, epoch));
        text
    }

    /// The history of a table.
    ///
    /// # Errors
    /// It has other columns, or a row that is none; in words, with the line.
    pub fn from_csv(text: &str) -> Result<Self, String> {
        let mut lines = text.lines().zip(1..);
        match lines.next() {
            Some((head, _)) if head.trim() == HEAD => {}
            _ => return Err("line 1: these are not the columns of a history".to_owned()),
        }
        let mut history = Self::default();
        for (line, number) in lines.filter(|(line, _)| !line.is_empty()) {
            let broken = || format!("line {number}: it is no row of a history");
            let fields: Vec<&str> = line.split(',').map(str::trim).collect();
            let fields: [&str; COLUMNS] = fields.try_into().map_err(|_| broken())?;
            if fields[8].is_empty() {
                history.steps.push(step_from_fields(&fields).ok_or_else(broken)?);
            } else {
                history.epochs.push(epoch_from_fields(&fields).ok_or_else(broken)?);
            }
        }
        Ok(history)
    }
}

fn step_from_fields(fields: &[&str; COLUMNS]) -> Option<StepPoint> {
    let float = |column: usize| fields[column].parse::<f32>().ok();
    Some(StepPoint {
        step: fields[0].parse().ok()?,
        steps: fields[1].parse().ok()?,
        seconds: fields[2].parse().ok()?,
        loss: float(3)?,
        lowest: float(4)?,
        highest: float(5)?,
        metric: float(6)?,
        learning_rate: float(7)?,
    })
}

fn epoch_from_fields(fields: &[&str; COLUMNS]) -> Option<EpochPoint> {
    let float = |column: usize| fields[column].parse::<f32>().ok();
    let optional =
        |column: usize| if fields[column].is_empty() { Some(None) } else { float(column).map(Some) };
    Some(EpochPoint {
        epoch: fields[8].parse().ok()?,
        step: fields[0].parse().ok()?,
        seconds: fields[2].parse().ok()?,
        loss: float(9)?,
        metric: float(10)?,
        validation_loss: optional(11)?,
        validation_metric: optional(12)?,
        learning_rate: float(7)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history() -> RunHistory {
        let step = |step: u64, loss: f32| StepPoint {
            step,
            steps: 1,
            seconds: step as f64 * 0.25,
            loss,
            lowest: loss,
            highest: loss,
            metric: 0.5,
            learning_rate: 1e-3,
        };
        let epoch = |number: usize, validation: f32| EpochPoint {
            epoch: number,
            step: number as u64 * 2,
            seconds: number as f64 * 0.5,
            loss: 0.1,
            metric: 1.0 / 3.0,
            validation_loss: Some(validation),
            validation_metric: None,
            learning_rate: 1e-3,
        };
        RunHistory {
            steps: [step(1, 0.7), step(2, 0.1), step(3, f32::MIN_POSITIVE), step(4, f32::NAN)]
                .into_iter()
                .collect(),
            epochs: vec![epoch(1, 0.3), epoch(2, 0.25)],
        }
    }

    #[test]
    fn a_history_comes_back_bit_for_bit() {
        let history = history();
        let text = history.to_csv();
        let read = RunHistory::from_csv(&text).expect("it was just written");
        assert_eq!(read.epochs, history.epochs);
        assert_eq!(read.steps.points()[..3], history.steps.points()[..3]);
        assert!(read.steps.points()[3].loss.is_nan());
        assert_eq!(read.to_csv(), text);
        assert!(
            text.lines()
                .nth(3)
                .is_some_and(|line| line.starts_with("2,,0.500,,,,,0.001,1,0.1,0.33333334,0.3,"))
        );
    }

    #[test]
    fn what_is_no_history_is_told_by_line() {
        for (text, line) in [
            ("", 1),
            ("a,b\n", 1),
            (&*format!("{HEAD}\n1,2\n"), 2),
            (&*format!("{HEAD}\n\n1,1,x,0,0,0,0,0,,,,,\n"), 3),
        ] {
            let error = RunHistory::from_csv(text).expect_err("it is none");
            assert!(error.starts_with(&format!("line {line}:")), "{error}");
        }
    }

    #[test]
    fn the_best_epoch_is_the_first_with_the_lowest_loss() {
        let mut history = history();
        assert_eq!(history.best().map(|epoch| epoch.epoch), Some(2));
        history.epochs.push(EpochPoint {
            epoch: 3,
            validation_loss: Some(f32::NAN),
            ..EpochPoint::default()
        });
        history.epochs.push(EpochPoint { epoch: 4, validation_loss: Some(0.25), ..EpochPoint::default() });
        assert_eq!(history.best().map(|epoch| epoch.epoch), Some(2));
    }

    #[test]
    fn a_run_that_goes_on_forgets_later_epochs() {
        let mut history = history();
        history.cut_after(3);
        assert_eq!((history.epochs.len(), history.steps.points().len()), (1, 3));
        assert_eq!(history.seconds(), 0.75);
    }
}
