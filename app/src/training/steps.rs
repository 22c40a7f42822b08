//! The losses of every step of a run, in bounded memory.

/// One or more neighbouring steps.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StepPoint {
    /// Steps taken since the run began, the last of these included.
    pub step: u64,
    /// How many steps they are.
    pub steps: u32,
    /// Seconds of training until then, pauses left out.
    pub seconds: f64,
    /// Mean loss.
    pub loss: f32,
    /// Lowest loss.
    pub lowest: f32,
    /// Highest loss.
    pub highest: f32,
    /// Mean metric.
    pub metric: f32,
    /// Learning rate of the last step.
    pub learning_rate: f32,
}

/// Points of a run; when there are too many, neighbours become one point that keeps their mean, lowest and highest.
///
/// Up to [`StepCurve::MAX_POINTS`] steps nothing is lost.
#[derive(Clone, Debug, PartialEq)]
pub struct StepCurve {
    points: Vec<StepPoint>,
    /// Points with fewer steps are merged with the one before them.
    least_steps: u32,
}

impl Default for StepCurve {
    fn default() -> Self {
        Self { points: Vec::new(), least_steps: 1 }
    }
}

impl StepPoint {
    /// Both as one; `next` follows.
    fn with(self, next: Self) -> Self {
        let steps = self.steps + next.steps;
        let share = next.steps as f32 / steps.max(1) as f32;
        Self {
            step: next.step,
            steps,
            seconds: next.seconds,
            loss: self.loss + (next.loss - self.loss) * share,
            // A loss that is no number is no extreme.
            lowest: self.lowest.min(next.lowest),
            highest: self.highest.max(next.highest),
            metric: self.metric + (next.metric - self.metric) * share,
            learning_rate: next.learning_rate,
        }
    }
}

impl StepCurve {
    /// Points that are kept at most: about 3 MiB a run.
    pub const MAX_POINTS: usize = 1 << 16;

    /// Takes the next point; one that does not follow the last is left out.
    pub fn push(&mut self, point: StepPoint) {
        let Some(last) = self.points.last_mut() else {
            self.points.push(point);
            return;
        };
        if point.step <= last.step {
            return;
        }
        if last.steps < self.least_steps {
            *last = last.with(point);
            return;
        }
        self.points.push(point);
        if self.points.len() >= Self::MAX_POINTS {
            self.halve();
        }
    }

    /// All points, in the order of the steps.
    pub fn points(&self) -> &[StepPoint] {
        &self.points
    }

    /// Forgets what was measured after a step, because the run goes on from there.
    pub fn cut_after(&mut self, step: u64) {
        let kept = self.points.partition_point(|point| point.step <= step);
        self.points.truncate(kept);
    }

    fn halve(&mut self) {
        let merged = self.points.chunks(2).filter_map(|pair| pair.iter().copied().reduce(StepPoint::with));
        self.points = merged.collect();
        self.least_steps = self.least_steps.saturating_mul(2);
    }
}

impl FromIterator<StepPoint> for StepCurve {
    fn from_iter<I: IntoIterator<Item = StepPoint>>(points: I) -> Self {
        let mut curve = Self::default();
        points.into_iter().for_each(|point| curve.push(point));
        curve
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(step: u64, loss: f32) -> StepPoint {
        StepPoint {
            step,
            steps: 1,
            seconds: step as f64,
            loss,
            lowest: loss,
            highest: loss,
            ..StepPoint::default()
        }
    }

    #[test]
    fn short_runs_keep_every_step() {
        let curve: StepCurve = (1..=1000).map(|step| point(step, step as f32)).collect();
        assert_eq!(curve.points().len(), 1000);
        assert_eq!(curve.points()[41], point(42, 42.0));
    }

    #[test]
    fn long_runs_stay_bounded_and_keep_means_and_extremes() {
        let n = 5 * StepCurve::MAX_POINTS as u64 + 77;
        let loss = |step: u64| if step == 123_456 { 50.0 } else { (step % 2) as f32 };
        let curve: StepCurve = (1..=n).map(|step| point(step, loss(step))).collect();
        let points = curve.points();
        assert!(points.len() < StepCurve::MAX_POINTS);
        assert_eq!(points.iter().map(|point| u64::from(point.steps)).sum::<u64>(), n);
        assert_eq!(points.last().map(|point| point.step), Some(n));
        assert!(points.windows(2).all(|pair| pair[0].step < pair[1].step));
        let highest = points.iter().map(|point| point.highest).fold(0.0, f32::max);
        assert_eq!(highest, 50.0, "the spike is gone");
        let sum: f64 = points.iter().map(|point| f64::from(point.loss) * f64::from(point.steps)).sum();
        let expected: f64 = (1..=n).map(|step| f64::from(loss(step))).sum();
        assert!((sum / expected - 1.0).abs() < 1e-5, "{sum} {expected}");
    }

    #[test]
    fn a_run_that_goes_on_from_a_checkpoint_forgets_what_came_after() {
        let mut curve: StepCurve = (1..=10).map(|step| point(step, 1.0)).collect();
        curve.cut_after(6);
        curve.push(point(6, 9.0));
        curve.push(point(7, 2.0));
        assert_eq!(curve.points().last(), Some(&point(7, 2.0)));
        assert_eq!(curve.points().len(), 7);
    }
}
