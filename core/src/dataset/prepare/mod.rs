//! From recordings to samples.

mod features;
mod fit;
mod labels;
mod picture;
mod plan;
mod signal;

use std::ops::ControlFlow;

use super::{
    Assignment, DataError, Dataset, Label, Part, Preparation, Progress, Recording, SampleInput, Samples,
    Split, TargetKind, Targets, Watch,
};
pub use plan::{PreparedSample, SamplePreparer};

/// Samples of all parts, and what the network needs to know of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prepared {
    /// Samples that weights follow.
    pub train: PreparedPart,
    /// Samples that tell when to stop; none if the split has no such rule.
    pub validation: PreparedPart,
    /// Samples that tell how good the result is.
    pub test: PreparedPart,
    /// Names of the classes, by the numbers in targets and origins.
    pub classes: Vec<String>,
    /// Names of the numbers to be predicted.
    pub value_names: Vec<String>,
    /// The preparation with what came out of the training samples.
    pub preparation: Preparation,
    /// What could have been a sample and is none.
    pub left_out: LeftOut,
}

impl Prepared {
    /// The same samples with classes in another order, such as that of a model's outputs. Samples of classes that are not among
    /// them are left out; `None` if none of them are.
    pub fn with_classes(&self, classes: &[String]) -> Option<Self> {
        let place = |name: &String| classes.iter().position(|class| class == name).map(|place| place as u32);
        let places: Vec<Option<u32>> = self.classes.iter().map(place).collect();
        if places.iter().all(Option::is_none) {
            return None;
        }
        let part = |part: &PreparedPart| part.with_classes(&places, classes.len());
        Some(Self {
            train: part(&self.train),
            validation: part(&self.validation),
            test: part(&self.test),
            classes: classes.to_vec(),
            ..self.clone()
        })
    }
}

impl PreparedPart {
    /// The samples whose class has a new number, with it.
    fn with_classes(&self, places: &[Option<u32>], n_classes: usize) -> Self {
        let place = |class: u32| places.get(class as usize).copied().flatten();
        let class = |index: usize| match &self.samples.targets {
            Targets::Classes { labels, .. } => labels.get(index).copied(),
            Targets::None | Targets::Values { .. } | Targets::Inputs => self.origins.get(index)?.class,
        };
        let is_kept = |index: &usize| class(*index).is_none_or(|class| place(class).is_some());
        let kept: Vec<usize> = (0..self.samples.count).filter(is_kept).collect();
        let inputs = self.samples.inputs.iter().map(|input| SampleInput {
            shape: input.shape.clone(),
            values: kept.iter().flat_map(|index| input.sample(*index)).copied().collect(),
        });
        let targets = match &self.samples.targets {
            Targets::Classes { labels, .. } => {
                let labels = kept.iter().filter_map(|index| place(*labels.get(*index)?));
                Targets::Classes { labels: labels.collect(), classes: n_classes }
            }
            Targets::Values { shape, values } => {
                let size = shape.iter().product::<usize>();
                let values = kept.iter().filter_map(|index| values.get(index * size..(index + 1) * size));
                Targets::Values { shape: shape.clone(), values: values.flatten().copied().collect() }
            }
            other @ (Targets::None | Targets::Inputs) => other.clone(),
        };
        let origins = kept.iter().filter_map(|index| {
            let origin = *self.origins.get(*index)?;
            Some(SampleOrigin { class: origin.class.and_then(place), ..origin })
        });
        Self {
            origins: origins.collect(),
            samples: Samples { count: kept.len(), inputs: inputs.collect(), targets },
        }
    }
}

/// Samples of one part.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PreparedPart {
    /// The samples.
    pub samples: Samples,
    /// Where each of them came from.
    pub origins: Vec<SampleOrigin>,
}

/// Where a sample came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SampleOrigin {
    /// Number of the recording in the set.
    pub recording: usize,
    /// First step of the window, in steps of the first input after resampling; 0 for whole recordings.
    pub first_step: usize,
    /// Its class, as an index into [`Prepared::classes`], even where the target is something else.
    pub class: Option<u32>,
}

/// How many windows or recordings became no samples, and why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Recordings shorter than a window.
    pub short: usize,
    /// Windows of which no label has the least share.
    pub mixed: usize,
    /// Without the label that the target needs.
    pub unlabelled: usize,
    /// Of classes that are not used.
    pub other_classes: usize,
    /// That cannot be prepared, such as pictures of another size.
    pub unfit: usize,
}

/// Samples of one recording, before normalisation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecordingSamples {
    samples: Vec<RawSample>,
    left_out: LeftOut,
}

#[derive(Clone, Debug, PartialEq)]
struct RawSample {
    part: Part,
    first_step: usize,
    class: Option<u32>,
    inputs: Vec<Vec<f32>>,
}

/// Memory that all samples may take.
const MAX_BYTES: usize = 8 << 30;

/// The samples of a set.
///
/// # Errors
/// The preparation or the split does not fit the set, nothing is left to train on, or whoever watches stopped it (then the
/// message is `stopped`).
pub fn prepare(
    dataset: &Dataset,
    preparation: &Preparation,
    split: &Split,
    watch: &mut Watch<'_>,
) -> Result<Prepared, DataError> {
    let preparer = Preparer::new(dataset, preparation, split)?;
    preparer.finish((0..preparer.len()).map(|index| preparer.recording(index)), watch)
}

/// Makes samples of one recording after the other. [`Preparer::recording`] depends on nothing but its number, so that many
/// threads can share the work; [`Preparer::finish`] wants the results in order.
pub struct Preparer<'d> {
    dataset: &'d Dataset,
    preparation: Preparation,
    assignment: Assignment,
    plan: SamplePreparer,
    classes: Vec<String>,
    /// Number among `classes` of each class of the set.
    class_ids: Vec<Option<u32>>,
    /// For each of `classes`, whether it is trained on.
    is_trained: Vec<bool>,
}

impl<'d> Preparer<'d> {
    /// Gets ready to prepare a set.
    ///
    /// # Errors
    /// The preparation or the split does not fit the set.
    pub fn new(dataset: &'d Dataset, preparation: &Preparation, split: &Split) -> Result<Self, DataError> {
        if dataset.recordings.is_empty() {
            return Err(DataError::new("the set has no recordings", "Choose files to read, or a generator"));
        }
        let assignment = split.assign(dataset)?;
        let plan = SamplePreparer::of_dataset(dataset, preparation)?;
        let is_divided = assignment.test_end > 0.0 || assignment.validation_end > 0.0;
        if is_divided && !plan.slides() {
            return Err(DataError::new(
                "recordings are divided in time, but not cut into windows",
                "Choose sliding windows, or another way to divide the set",
            ));
        }
        let classes = match &preparation.classes[..] {
            [] => dataset.classes.clone(),
            chosen => chosen.to_vec(),
        };
        let known = |names: &[String]| match names.iter().find(|name| !dataset.classes.contains(name)) {
            Some(name) => Err(DataError::new(
                format!("the set has no class “{name}”"),
                "Choose among the classes of the set",
            )),
            None => Ok(()),
        };
        known(&preparation.classes)?;
        known(&preparation.training_classes)?;
        let has_values = !dataset.value_names.is_empty();
        match preparation.target {
            TargetKind::Classes if classes.is_empty() => {
                return Err(DataError::new(
                    "the set has no classes",
                    if has_values {
                        "Choose values as the target"
                    } else {
                        "Say where labels stand, or train an autoencoder"
                    },
                ));
            }
            TargetKind::Values if !has_values => {
                return Err(DataError::new("the set has no numbers to predict", "Choose another target"));
            }
            TargetKind::Classes | TargetKind::Values | TargetKind::Inputs | TargetKind::None => {}
        }
        let class_id = |name: &String| classes.iter().position(|class| class == name).map(|id| id as u32);
        let class_ids = dataset.classes.iter().map(class_id).collect();
        let training = &preparation.training_classes;
        let is_trained =
            classes.iter().map(|class| training.is_empty() || training.contains(class)).collect();
        let preparation = preparation.clone();
        Ok(Self { dataset, preparation, assignment, plan, classes, class_ids, is_trained })
    }

    /// Gets ready to prepare further recordings for a network that is trained already: `preparation` has the numbers of its
    /// training samples, and `classes` the order of its outputs. Use [`Preparer::finish_fitted`] with it.
    ///
    /// # Errors
    /// The set has other streams, or none of the classes.
    pub fn fitted(
        dataset: &'d Dataset,
        preparation: &Preparation,
        classes: &[String],
    ) -> Result<Self, DataError> {
        if dataset.recordings.is_empty() {
            return Err(DataError::new("the set has no recordings", "Choose files to read, or a generator"));
        }
        let split = Split { test: super::Rule::None, validation: super::Rule::None, ..Split::default() };
        let assignment = split.assign(dataset)?;
        let plan = SamplePreparer::new(&dataset.streams, preparation)?;
        let class_id = |name: &String| classes.iter().position(|class| class == name).map(|id| id as u32);
        let class_ids: Vec<Option<u32>> = dataset.classes.iter().map(class_id).collect();
        if preparation.target == TargetKind::Classes && class_ids.iter().all(Option::is_none) {
            return Err(DataError::new(
                format!("the set has none of the classes that the model tells apart: {}", classes.join(", ")),
                "Choose the data that the model was made for, or name folders and labels as its classes",
            ));
        }
        if preparation.target == TargetKind::Values && dataset.value_names.is_empty() {
            return Err(DataError::new("the set has no numbers to predict", "Choose other data"));
        }
        let (preparation, classes) = (preparation.clone(), classes.to_vec());
        let is_trained = vec![true; classes.len()];
        Ok(Self { dataset, preparation, assignment, plan, classes, class_ids, is_trained })
    }

    /// Number of recordings.
    pub fn len(&self) -> usize {
        self.dataset.recordings.len()
    }

    /// True without recordings; a preparer always has some.
    pub fn is_empty(&self) -> bool {
        self.dataset.recordings.is_empty()
    }

    /// Shapes of the inputs, without the batch dimension.
    pub fn shapes(&self) -> Vec<Vec<usize>> {
        self.plan.shapes()
    }

    /// The samples of a recording.
    ///
    /// # Panics
    /// There is no such recording.
    pub fn recording(&self, index: usize) -> RecordingSamples {
        let recording = &self.dataset.recordings[index];
        let mut result = RecordingSamples::default();
        let Ok(sources) = self.plan.sources(&recording.contents) else {
            result.left_out.unfit += 1;
            return result;
        };
        let starts = match self.assignment.parts[index] {
            Part::Train => self.divided(&sources),
            part => self.plan.starts(&sources, 0.0, 1.0).into_iter().map(|start| (part, start)).collect(),
        };
        if starts.is_empty() {
            result.left_out.short += 1;
        }
        for (part, start) in starts {
            match self.judge(recording, &sources, part, start) {
                Ok((part, class)) => match self.plan.cut(&sources, start) {
                    Ok(inputs) => {
                        let first_step = usize::try_from(start).unwrap_or(0);
                        result.samples.push(RawSample { part, first_step, class, inputs });
                    }
                    Err(_) => result.left_out.unfit += 1,
                },
                Err(count) => *count(&mut result.left_out) += 1,
            }
        }
        result
    }

    /// Windows of a training recording, of which the ends may validate and test.
    fn divided(&self, sources: &plan::Sources<'_>) -> Vec<(Part, isize)> {
        let test = 1.0 - f64::from(self.assignment.test_end);
        let validation = test - f64::from(self.assignment.validation_end);
        let pieces =
            [(Part::Train, 0.0, validation), (Part::Validation, validation, test), (Part::Test, test, 1.0)];
        let pieces = pieces.into_iter().filter(|(_, from, to)| to > from);
        let starts = pieces.flat_map(|(part, from, to)| {
            self.plan.starts(sources, from, to).into_iter().map(move |start| (part, start))
        });
        starts.collect()
    }

    /// The part and the class of a window; or what it counts as where it is left out.
    #[allow(clippy::type_complexity)] // A function that picks a counter, used at one place.
    fn judge(
        &self,
        recording: &Recording,
        sources: &plan::Sources<'_>,
        part: Part,
        start: isize,
    ) -> Result<(Part, Option<u32>), fn(&mut LeftOut) -> &mut usize> {
        let target = self.preparation.target;
        let own = match self.plan.class(recording, sources, start) {
            labels::WindowClass::Class(class) => Some(class),
            labels::WindowClass::None => None,
            labels::WindowClass::Mixed => return Err(|left_out| &mut left_out.mixed),
        };
        let class = own.and_then(|class| self.class_ids[class as usize]);
        if own.is_some() && class.is_none() {
            return Err(|left_out| &mut left_out.other_classes);
        }
        let lacks_target = match target {
            TargetKind::Classes => class.is_none(),
            TargetKind::Values => !matches!(recording.label, Label::Values(_)),
            TargetKind::Inputs | TargetKind::None => false,
        };
        if lacks_target {
            return Err(|left_out| &mut left_out.unlabelled);
        }
        let is_trained = class
            .map_or(self.preparation.training_classes.is_empty(), |class| self.is_trained[class as usize]);
        match part {
            Part::Test => Ok((part, class)),
            Part::Train | Part::Validation if is_trained => Ok((part, class)),
            // Neighbouring windows share steps: next to training windows, only whole recordings can test.
            Part::Train | Part::Validation if recording.runs.is_empty() => Ok((Part::Test, class)),
            Part::Train | Part::Validation => Err(|left_out| &mut left_out.other_classes),
        }
    }

    /// Puts samples of all recordings together, in order, and normalises them.
    ///
    /// # Errors
    /// Nothing is left to train on, samples take more than 8 GiB, or whoever watches stopped it.
    pub fn finish(
        &self,
        recordings: impl IntoIterator<Item = RecordingSamples>,
        watch: &mut Watch<'_>,
    ) -> Result<Prepared, DataError> {
        let (parts, left_out) = self.gather(recordings, watch)?;
        let [mut train, mut validation, mut test] = parts;
        if train.samples.count == 0 {
            return Err(self.nothing_to_train(&left_out));
        }
        let mut preparation = self.preparation.clone();
        preparation.inputs = self.plan.fitted();
        for (number, input) in preparation.inputs.iter_mut().enumerate() {
            let affine = fit::fit(input.normalisation, &train.samples.inputs[number]);
            if let Some(affine) = &affine {
                for part in [&mut train, &mut validation, &mut test] {
                    let SampleInput { shape, values } = &mut part.samples.inputs[number];
                    affine.apply(values, fit::channels(shape));
                }
            }
            if let Some(fitted) = &mut input.fitted {
                fitted.normalisation = affine;
            }
        }
        for part in [&mut train, &mut validation, &mut test] {
            part.samples.targets = self.targets(&part.origins);
        }
        let _: ControlFlow<()> = watch(Progress { done: self.len(), total: self.len() });
        let (classes, value_names) = (self.classes.clone(), self.dataset.value_names.clone());
        Ok(Prepared { train, validation, test, classes, value_names, preparation, left_out })
    }

    /// Puts samples of all recordings together, in order, normalised with the numbers that the preparation has. Of a set
    /// whose source fixes what tests, these are the samples that test.
    ///
    /// # Errors
    /// No sample is left, samples take more than 8 GiB, or whoever watches stopped it.
    pub fn finish_fitted(
        &self,
        recordings: impl IntoIterator<Item = RecordingSamples>,
        watch: &mut Watch<'_>,
    ) -> Result<(PreparedPart, LeftOut), DataError> {
        let (parts, left_out) = self.gather(recordings, watch)?;
        let fixed = |part: Part| self.dataset.recordings.iter().any(|recording| recording.part == Some(part));
        let only_test = fixed(Part::Test) && parts[Part::Test as usize].samples.count > 0;
        let [mut all, validation, test] = parts;
        if only_test {
            all = test;
        } else {
            for part in [validation, test] {
                all.origins.extend(part.origins);
                all.samples.count += part.samples.count;
                for (input, more) in all.samples.inputs.iter_mut().zip(part.samples.inputs) {
                    input.values.extend(more.values);
                }
            }
        }
        if all.samples.count == 0 {
            return Err(self.nothing_to_train(&left_out));
        }
        for (input, prepared) in all.samples.inputs.iter_mut().zip(&self.preparation.inputs) {
            let fitted = prepared.fitted.as_ref().and_then(|fitted| fitted.normalisation.as_ref());
            if let Some(affine) = fitted {
                affine.apply(&mut input.values, fit::channels(&input.shape));
            }
        }
        all.samples.targets = self.targets(&all.origins);
        Ok((all, left_out))
    }

    /// Samples of all recordings, by their parts, before normalisation.
    fn gather(
        &self,
        recordings: impl IntoIterator<Item = RecordingSamples>,
        watch: &mut Watch<'_>,
    ) -> Result<([PreparedPart; 3], LeftOut), DataError> {
        let shapes = self.shapes();
        let empty = || PreparedPart {
            samples: Samples {
                inputs: shapes
                    .iter()
                    .map(|shape| SampleInput { shape: shape.clone(), values: Vec::new() })
                    .collect(),
                ..Samples::default()
            },
            origins: Vec::new(),
        };
        let mut parts = [empty(), empty(), empty()];
        let mut left_out = LeftOut::default();
        let sample_bytes = shapes.iter().map(|shape| 4 * shape.iter().product::<usize>()).sum::<usize>();
        let mut n_samples = 0usize;
        let total = self.len();
        for (recording, result) in recordings.into_iter().enumerate() {
            if recording.is_multiple_of(64) && watch(Progress { done: recording, total }).is_break() {
                return Err(DataError::new("stopped", "Prepare the samples again"));
            }
            left_out.add(result.left_out);
            n_samples += result.samples.len();
            if n_samples.saturating_mul(sample_bytes) > MAX_BYTES {
                return Err(DataError::new(
                    format!("the samples take more than {} GiB of memory", MAX_BYTES >> 30),
                    "Choose a larger stride, shorter windows or smaller pictures",
                ));
            }
            for sample in result.samples {
                let RawSample { part, first_step, class, inputs } = sample;
                let part = &mut parts[part as usize];
                part.origins.push(SampleOrigin { recording, first_step, class });
                part.samples.count += 1;
                for (input, values) in part.samples.inputs.iter_mut().zip(&inputs) {
                    input.values.extend_from_slice(values);
                }
            }
        }
        Ok((parts, left_out))
    }

    fn targets(&self, origins: &[SampleOrigin]) -> Targets {
        match self.preparation.target {
            TargetKind::Classes => Targets::Classes {
                labels: origins.iter().filter_map(|origin| origin.class).collect(),
                classes: self.classes.len(),
            },
            TargetKind::Values => {
                let values = origins.iter().flat_map(|origin| {
                    match &self.dataset.recordings[origin.recording].label {
                        Label::Values(values) => values.as_slice(),
                        Label::None | Label::Class(_) => &[],
                    }
                });
                Targets::Values {
                    shape: vec![self.dataset.value_names.len()],
                    values: values.copied().collect(),
                }
            }
            TargetKind::Inputs => Targets::Inputs,
            TargetKind::None => Targets::None,
        }
    }

    fn nothing_to_train(&self, left_out: &LeftOut) -> DataError {
        let LeftOut { short, mixed, unlabelled, other_classes, unfit } = left_out;
        let reasons = [
            (short, "shorter than a window"),
            (mixed, "of mixed labels"),
            (unlabelled, "without a label"),
            (other_classes, "of classes that are not used"),
            (unfit, "of another size"),
        ];
        let reasons: Vec<String> = reasons
            .iter()
            .filter(|(count, _)| **count > 0)
            .map(|(count, reason)| format!("{count} {reason}"))
            .collect();
        let message = "no sample is left to use";
        let message = match &reasons[..] {
            [] => message.to_owned(),
            reasons => format!("{message}: {}", reasons.join(", ")),
        };
        DataError::new(
            message,
            "Choose shorter windows, other classes, or a split that leaves more to train on",
        )
    }
}

impl LeftOut {
    fn add(&mut self, other: Self) {
        let Self { short, mixed, unlabelled, other_classes, unfit } = other;
        self.short += short;
        self.mixed += mixed;
        self.unlabelled += unlabelled;
        self.other_classes += other_classes;
        self.unfit += unfit;
    }
}
