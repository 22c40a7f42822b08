//! How right predictions are: of classes, and of numbers.

/// How right predictions are.
#[derive(Clone, Debug, PartialEq)]
pub enum Evaluation {
    /// Predictions of classes.
    Classes(ClassEvaluation),
    /// Predictions of numbers.
    Values(ValueEvaluation),
}

/// How right predictions of classes are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClassEvaluation {
    /// The share of samples whose class was said, from 0 to 1; 0 without samples.
    pub accuracy: f64,
    /// Counts of samples by their class, then by the class that was said.
    pub confusion: Vec<Vec<u64>>,
    /// Figures of every class.
    pub classes: Vec<ClassFigures>,
    /// The class said of every sample.
    pub said: Vec<u32>,
    /// Share that the predictions give the class of every sample, from 0 to 1: low for the worst samples.
    pub confidence: Vec<f32>,
}

/// Figures of one class. Where a figure is a share of nothing it is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ClassFigures {
    /// Samples of the class.
    pub support: u64,
    /// The share of the class among samples of which it was said.
    pub precision: Option<f64>,
    /// The share of samples of the class of which it was said.
    pub recall: Option<f64>,
    /// Harmonic mean of precision and recall.
    pub f1: Option<f64>,
}

/// How right predictions of numbers are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ValueEvaluation {
    /// Mean absolute error.
    pub mean_absolute_error: f64,
    /// Mean squared error.
    pub mean_squared_error: f64,
    /// Mean of predictions less targets: above 0 where too much is predicted.
    pub bias: f64,
    /// The largest absolute error.
    pub largest_error: f64,
    /// The share of the targets' variance that the predictions explain; `None` if all targets are equal.
    pub r_squared: Option<f64>,
    /// Mean squared error of every sample: large for the worst samples.
    pub sample_errors: Vec<f32>,
}

impl ClassEvaluation {
    /// Means of precision, recall and F1 over the classes that have samples; a figure that is a share of nothing counts as 0,
    /// as in scikit-learn.
    pub fn macro_means(&self) -> [f64; 3] {
        let present: Vec<&ClassFigures> = self.classes.iter().filter(|class| class.support > 0).collect();
        let mean = |figure: fn(&ClassFigures) -> Option<f64>| {
            let sum: f64 = present.iter().map(|class| figure(class).unwrap_or(0.0)).sum();
            if present.is_empty() { 0.0 } else { sum / present.len() as f64 }
        };
        [mean(|class| class.precision), mean(|class| class.recall), mean(|class| class.f1)]
    }

    /// Samples in the order in which they deserve a look: those whose class got the smallest share first.
    pub fn worst(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.confidence.len()).collect();
        order.sort_by(|left, right| self.confidence[*left].total_cmp(&self.confidence[*right]));
        order
    }
}

impl ValueEvaluation {
    /// The root of the mean squared error, in the unit of the targets.
    pub fn root_mean_squared_error(&self) -> f64 {
        self.mean_squared_error.sqrt()
    }

    /// Samples in the order in which they deserve a look: those with the largest errors first.
    pub fn worst(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.sample_errors.len()).collect();
        order.sort_by(|left, right| self.sample_errors[*right].total_cmp(&self.sample_errors[*left]));
        order
    }
}

/// Figures from scores: rows of `width` numbers, one row per label. The class said is that of the largest score; with a
/// `border` rows are single numbers, and from the border on class 1 is said.
///
/// # Panics
/// A label is not below `classes`, or there are fewer rows than labels.
pub fn classes_from_scores(
    scores: &[f32],
    width: usize,
    labels: &[u32],
    classes: usize,
    border: Option<f32>,
) -> ClassEvaluation {
    let classes = classes.max(if border.is_some() { 2 } else { width });
    let mut confusion = vec![vec![0u64; classes]; classes];
    let mut said = Vec::with_capacity(labels.len());
    let mut confidence = Vec::with_capacity(labels.len());
    for (row, label) in labels.iter().enumerate() {
        let scores = &scores[row * width..][..width];
        let (class, share) = match border {
            Some(border) => {
                let yes = scores.first().copied().unwrap_or(0.0);
                // Without an activation the border is 0, and half of what a sigmoid would give is the same border.
                let share = if border == 0.0 { 1.0 / (1.0 + (-yes).exp()) } else { yes.clamp(0.0, 1.0) };
                (usize::from(yes >= border), if *label == 1 { share } else { 1.0 - share })
            }
            None => (largest(scores), share_of(scores, *label as usize)),
        };
        confusion[*label as usize][class] += 1;
        said.push(class as u32);
        confidence.push(share);
    }
    let hits: u64 = (0..classes).map(|class| confusion[class][class]).sum();
    let figures = (0..classes).map(|class| figures(&confusion, class)).collect();
    ClassEvaluation {
        accuracy: if labels.is_empty() { 0.0 } else { hits as f64 / labels.len() as f64 },
        confusion,
        classes: figures,
        said,
        confidence,
    }
}

/// The first of the largest scores.
fn largest(scores: &[f32]) -> usize {
    let better =
        |best: usize, (place, score): (usize, &f32)| if *score > scores[best] { place } else { best };
    scores.iter().enumerate().fold(0, better)
}

/// The share of one score: as it is if the scores are shares, else of their softmax.
fn share_of(scores: &[f32], class: usize) -> f32 {
    let sum: f32 = scores.iter().sum();
    let are_shares = scores.iter().all(|score| (0.0..=1.0).contains(score)) && (sum - 1.0).abs() < 1e-3;
    let Some(score) = scores.get(class).copied() else { return 0.0 };
    if are_shares {
        return score;
    }
    let top = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    (score - top).exp() / scores.iter().map(|score| (score - top).exp()).sum::<f32>()
}

fn figures(confusion: &[Vec<u64>], class: usize) -> ClassFigures {
    let hits = confusion[class][class];
    let support: u64 = confusion[class].iter().sum();
    let said: u64 = confusion.iter().map(|row| row[class]).sum();
    let share = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
    ClassFigures {
        support,
        precision: share(hits, said),
        recall: share(hits, support),
        f1: share(2 * hits, support + said),
    }
}

/// Figures from predicted numbers and targets, `count` samples one after another.
///
/// # Panics
/// There are fewer outputs than targets.
pub fn values_from_outputs(outputs: &[f32], targets: &[f32], count: usize) -> ValueEvaluation {
    if targets.is_empty() || count == 0 {
        return ValueEvaluation::default();
    }
    let outputs = &outputs[..targets.len()];
    let errors =
        || outputs.iter().zip(targets).map(|(output, target)| f64::from(*output) - f64::from(*target));
    let total = targets.len() as f64;
    let mean = targets.iter().map(|target| f64::from(*target)).sum::<f64>() / total;
    let variance = targets.iter().map(|target| (f64::from(*target) - mean).powi(2)).sum::<f64>() / total;
    let mean_squared_error = errors().map(|error| error * error).sum::<f64>() / total;
    let width = targets.len() / count;
    let squares: Vec<f64> = errors().map(|error| error * error).collect();
    let sample_errors =
        squares.chunks(width.max(1)).map(|squares| (squares.iter().sum::<f64>() / width as f64) as f32);
    ValueEvaluation {
        mean_absolute_error: errors().map(f64::abs).sum::<f64>() / total,
        mean_squared_error,
        bias: errors().sum::<f64>() / total,
        largest_error: errors().map(f64::abs).fold(0.0, f64::max),
        r_squared: (variance > 0.0).then(|| 1.0 - mean_squared_error / variance),
        sample_errors: sample_errors.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_classes_follow_their_definitions() {
        let scores = [0.8, 0.1, 0.1, 0.2, 0.5, 0.3, 0.6, 0.4, 0.0, 0.1, 0.2, 0.7, 0.4, 0.4, 0.2];
        let found = classes_from_scores(&scores, 3, &[0, 1, 1, 2, 1], 3, None);
        assert_eq!(found.said, [0, 1, 0, 2, 0]);
        assert_eq!(found.accuracy, 0.6);
        assert_eq!(found.confusion, [vec![1, 0, 0], vec![2, 1, 0], vec![0, 0, 1]]);
        let class = |support, precision, recall, f1| ClassFigures {
            support,
            precision: Some(precision),
            recall: Some(recall),
            f1: Some(f1),
        };
        let third = 1.0 / 3.0;
        assert_eq!(
            found.classes,
            [class(1, third, 1.0, 0.5), class(3, 1.0, third, 0.5), class(1, 1.0, 1.0, 1.0)]
        );
        assert_eq!(found.confidence, [0.8, 0.5, 0.4, 0.7, 0.4]);
        assert_eq!(found.worst(), [2, 4, 1, 3, 0]);
        let [precision, recall, f1] = found.macro_means();
        assert!((precision - 7.0 / 9.0).abs() < 1e-12 && (recall - 7.0 / 9.0).abs() < 1e-12);
        assert!((f1 - 2.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn shares_of_nothing_are_none() {
        let found = classes_from_scores(&[1.0, 0.0, 1.0, 0.0], 2, &[0, 0], 3, None);
        assert_eq!(found.classes[0].precision, Some(1.0));
        assert_eq!(found.classes[1], ClassFigures::default());
        assert_eq!(found.macro_means(), [1.0, 1.0, 1.0]);
        let none = classes_from_scores(&[], 2, &[], 2, None);
        assert_eq!((none.accuracy, none.macro_means()), (0.0, [0.0; 3]));
    }

    #[test]
    fn a_single_number_says_yes_or_no() {
        let found = classes_from_scores(&[0.4, 0.6, 0.5], 1, &[0, 0, 1], 2, Some(0.5));
        assert_eq!(found.said, [0, 1, 1]);
        assert_eq!(found.confidence, [1.0 - 0.4, 1.0 - 0.6, 0.5]);
        let raw = classes_from_scores(&[-3.0, 0.0], 1, &[0, 1], 2, Some(0.0));
        assert_eq!(raw.said, [0, 1]);
        assert!((raw.confidence[0] - 0.952_574).abs() < 1e-5 && raw.confidence[1] == 0.5);
    }

    #[test]
    fn scores_that_are_no_shares_become_some() {
        let found = classes_from_scores(&[1.0, 3.0], 2, &[1], 2, None);
        assert!((found.confidence[0] - 0.880_797).abs() < 1e-5);
    }

    #[test]
    fn figures_of_numbers_follow_their_definitions() {
        let found = values_from_outputs(&[1.0, 2.0, 5.0, 4.0], &[1.0, 2.0, 3.0, 5.0], 2);
        assert_eq!((found.mean_absolute_error, found.mean_squared_error, found.bias), (0.75, 1.25, 0.25));
        assert_eq!((found.largest_error, found.root_mean_squared_error()), (2.0, 1.25f64.sqrt()));
        // The targets' variance is 2.1875.
        assert_eq!(found.r_squared, Some(1.0 - 1.25 / 2.1875));
        assert_eq!(found.sample_errors, [0.0, 2.5]);
        assert_eq!(found.worst(), [1, 0]);
        assert_eq!(values_from_outputs(&[1.0], &[2.0], 1).r_squared, None);
        assert_eq!(values_from_outputs(&[], &[], 0), ValueEvaluation::default());
    }
}
