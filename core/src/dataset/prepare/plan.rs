//! A preparation that is ready to run: sizes in steps, shapes of inputs.

use super::features::FeaturePlan;
use super::fit::channels as last_dimension;
use super::labels::{WindowClass, class_of_window};
use super::picture;
use super::signal::Signal;
use crate::dataset::{
    Affine, Colour, Content, DataError, Dataset, Fit, FittedInput, InputPreparation, InputShape, Length,
    Padding, Picture, PictureFit, Preparation, Recording, Stream, StreamKind, Window,
};

/// Prepares single recordings as those of training were: what a panel feeds a trained network with.
pub struct SamplePreparer {
    inputs: Vec<InputPlan>,
    window: Window,
}

/// One sample, ready for the network.
#[derive(Clone, Debug, PartialEq)]
pub struct PreparedSample {
    /// First step of the window, in steps of the first input after resampling.
    pub first_step: usize,
    /// The numbers of each input, normalised.
    pub inputs: Vec<Vec<f32>>,
}

struct InputPlan {
    settings: InputPreparation,
    /// Channels or columns, in order.
    channels: Vec<usize>,
    kind: Kind,
    shape: Vec<usize>,
    normalisation: Option<Affine>,
}

enum Kind {
    Values,
    Picture { fit: PictureFit, channels: usize },
    Series { length: usize, stride: usize, rate_hz: Option<f64>, features: FeaturePlan },
}

/// The contents of a recording as inputs take them.
pub(super) struct Sources<'c>(Vec<Source<'c>>);

enum Source<'c> {
    Values(&'c [f32]),
    Picture(&'c Picture),
    Series(Signal),
}

/// What is only known from a recording, or from an earlier fit.
#[derive(Clone, Copy, Default)]
struct Known {
    steps: Option<usize>,
    /// Height and width.
    picture: Option<(usize, usize)>,
    rate_hz: Option<f64>,
}

/// More numbers than any network takes in one sample: 256 MiB.
const MAX_NUMBERS: usize = 1 << 26;

impl SamplePreparer {
    /// Gets ready for single recordings with these streams. The preparation is one that [`prepare`](super::prepare) gave back.
    ///
    /// # Errors
    /// The preparation does not fit the streams, or was never fitted.
    pub fn new(streams: &[Stream], preparation: &Preparation) -> Result<Self, DataError> {
        let known = |input: &InputPreparation| {
            let fitted = input.fitted.clone().unwrap_or_default();
            Known { steps: Some(fitted.steps), rate_hz: fitted.rate_hz, picture: None }
        };
        if preparation.inputs.is_empty() || preparation.inputs.iter().any(|input| input.fitted.is_none()) {
            let message = "the preparation has not been fitted to training samples";
            return Err(DataError::new(message, "Prepare the samples of a set first"));
        }
        Self::compiled(streams, preparation, &known)
    }

    /// Gets ready for the recordings of a set; what must be known of one is taken from the first.
    pub(super) fn of_dataset(dataset: &Dataset, preparation: &Preparation) -> Result<Self, DataError> {
        let mut preparation = preparation.clone();
        if preparation.inputs.is_empty() {
            let of_stream = |stream| InputPreparation { stream, ..InputPreparation::default() };
            preparation.inputs = (0..dataset.streams.len()).map(of_stream).collect();
        }
        preparation.inputs.iter_mut().for_each(|input| input.fitted = None);
        let first = dataset.recordings.first();
        let known = |input: &InputPreparation| {
            let content = first.and_then(|recording| recording.contents.get(input.stream));
            match content {
                Some(Content::Series(series)) => {
                    let factor = match (input.rate_hz, series.rate_hz) {
                        (Some(wanted), Some(found)) if found > 0.0 => wanted / found,
                        (Some(_) | None, Some(_) | None) => 1.0,
                    };
                    let steps = (series.steps() as f64 * factor).round() as usize;
                    Known { steps: Some(steps), ..Known::default() }
                }
                Some(Content::Picture(picture)) => {
                    Known { picture: Some((picture.height, picture.width)), ..Known::default() }
                }
                Some(Content::Values(_)) | None => Known::default(),
            }
        };
        Self::compiled(&dataset.streams, &preparation, &known)
    }

    fn compiled(
        streams: &[Stream],
        preparation: &Preparation,
        known: &dyn Fn(&InputPreparation) -> Known,
    ) -> Result<Self, DataError> {
        let window = preparation.window;
        let mut inputs: Vec<InputPlan> = Vec::new();
        let mut first_rate = None;
        for settings in &preparation.inputs {
            let Some(stream) = streams.get(settings.stream) else {
                return Err(DataError::new(
                    format!("there is no stream {}, recordings have {}", settings.stream + 1, streams.len()),
                    "Choose the inputs again",
                ));
            };
            let plan = InputPlan::new(stream, settings, window, known(settings), &mut first_rate)?;
            inputs.push(plan);
        }
        Ok(Self { inputs, window })
    }

    /// Shapes of the inputs, without the batch dimension.
    pub fn shapes(&self) -> Vec<Vec<usize>> {
        self.inputs.iter().map(|input| input.shape.clone()).collect()
    }

    /// All samples of a recording: its windows, or itself.
    ///
    /// # Errors
    /// The contents are not as the preparation expects them, or shorter than a window.
    pub fn samples(&self, contents: &[Content]) -> Result<Vec<PreparedSample>, DataError> {
        let sources = self.sources(contents)?;
        let starts = self.starts(&sources, 0.0, 1.0);
        if starts.is_empty() {
            return Err(DataError::new(
                "the recording is shorter than a window",
                "Record longer, or let zeros fill up short recordings",
            ));
        }
        let sample = |start: isize| {
            let mut inputs = self.cut(&sources, start)?;
            for (values, plan) in inputs.iter_mut().zip(&self.inputs) {
                if let Some(affine) = &plan.normalisation {
                    affine.apply(values, last_dimension(&plan.shape));
                }
            }
            Ok(PreparedSample { first_step: usize::try_from(start).unwrap_or(0), inputs })
        };
        starts.into_iter().map(sample).collect()
    }

    /// True if windows slide over series.
    pub(super) fn slides(&self) -> bool {
        let is_series = |input: &InputPlan| matches!(input.kind, Kind::Series { .. });
        matches!(self.window, Window::Sliding { .. }) && self.inputs.iter().any(is_series)
    }

    /// The settings of all inputs with what is known of them now.
    pub(super) fn fitted(&self) -> Vec<InputPreparation> {
        let fitted = |plan: &InputPlan| {
            let mut settings = plan.settings.clone();
            let mut fitted = FittedInput { shape: plan.shape.clone(), ..FittedInput::default() };
            match &plan.kind {
                Kind::Values => {}
                Kind::Picture { fit, channels } => {
                    let colour = if *channels == 1 { Colour::Grey } else { Colour::Rgb };
                    settings.picture = Some(PictureFit { colour, ..*fit });
                }
                Kind::Series { length, rate_hz, .. } => {
                    fitted.steps = *length;
                    fitted.rate_hz = *rate_hz;
                }
            }
            settings.fitted = Some(fitted);
            settings
        };
        self.inputs.iter().map(fitted).collect()
    }

    /// The contents of a recording as inputs take them.
    pub(super) fn sources<'c>(&self, contents: &'c [Content]) -> Result<Sources<'c>, DataError> {
        let sources = self.inputs.iter().map(|plan| {
            let content = contents.get(plan.settings.stream);
            match (&plan.kind, content) {
                (Kind::Values, Some(Content::Values(values))) => Ok(Source::Values(values)),
                (Kind::Picture { .. }, Some(Content::Picture(picture))) => Ok(Source::Picture(picture)),
                (Kind::Series { .. }, Some(Content::Series(series)))
                    if plan.channels.iter().all(|channel| *channel < series.channels) =>
                {
                    Ok(Source::Series(Signal::of(series, &plan.channels, plan.settings.rate_hz)?))
                }
                (Kind::Values | Kind::Picture { .. } | Kind::Series { .. }, _) => Err(DataError::new(
                    "the recording holds something else than the network was trained on",
                    "Choose a recording of the same kind",
                )),
            }
        });
        Ok(Sources(sources.collect::<Result<_, _>>()?))
    }

    /// The first input that is a series: its plan and its signal.
    fn leading<'s>(&self, sources: &'s Sources<'_>) -> Option<(&InputPlan, usize, usize, &'s Signal)> {
        self.inputs.iter().zip(&sources.0).find_map(|(plan, source)| match (&plan.kind, source) {
            (Kind::Series { length, stride, .. }, Source::Series(signal)) => {
                Some((plan, *length, *stride, signal))
            }
            (Kind::Series { .. } | Kind::Values | Kind::Picture { .. }, _) => None,
        })
    }

    /// First steps of all windows between two places of a recording, which are shares of its length. Negative where zeros come
    /// first.
    pub(super) fn starts(&self, sources: &Sources<'_>, from: f64, to: f64) -> Vec<isize> {
        let Window::Sliding { short, .. } = self.window else { return vec![0] };
        let Some((_, length, stride, signal)) = self.leading(sources) else { return vec![0] };
        let steps = signal.steps();
        let place = |share: f64| (share * steps as f64).round() as usize;
        let (first, end) = (place(from), place(to).min(steps));
        if steps < length {
            let lead = match short {
                Padding::LeaveOut => return Vec::new(),
                Padding::ZerosAfter => 0,
                Padding::ZerosAround => (length - steps) / 2,
            };
            // The one window belongs to the piece in which the recording begins.
            return if first == 0 { vec![-(lead as isize)] } else { Vec::new() };
        }
        let starts = (first..).step_by(stride).take_while(|start| start + length <= end);
        starts.map(|start| start as isize).filter(|start| self.is_inside(sources, *start)).collect()
    }

    /// True if all inputs have steps for a window, but for a few that rounding of rates may cost.
    fn is_inside(&self, sources: &Sources<'_>, start: isize) -> bool {
        const ROUNDING: isize = 2;
        self.inputs.iter().zip(&sources.0).all(|(plan, source)| match (&plan.kind, source) {
            (Kind::Series { length, .. }, Source::Series(signal)) => {
                let end = self.start_of(plan, start) + *length as isize;
                end <= signal.steps() as isize + ROUNDING
            }
            (Kind::Series { .. } | Kind::Values | Kind::Picture { .. }, _) => true,
        })
    }

    /// The first step of a window in steps of an input.
    fn start_of(&self, plan: &InputPlan, start: isize) -> isize {
        let rate = |plan: &InputPlan| match plan.kind {
            Kind::Series { rate_hz, .. } => rate_hz,
            Kind::Values | Kind::Picture { .. } => None,
        };
        let leading = self.inputs.iter().find(|plan| matches!(plan.kind, Kind::Series { .. }));
        match (leading.and_then(rate), rate(plan)) {
            (Some(leading), Some(own)) => (start as f64 * own / leading).round() as isize,
            (Some(_) | None, Some(_) | None) => start,
        }
    }

    /// The class of a window.
    pub(super) fn class(&self, recording: &Recording, sources: &Sources<'_>, start: isize) -> WindowClass {
        if recording.runs.is_empty() {
            return recording.label.class().map_or(WindowClass::None, WindowClass::Class);
        }
        let steps = recording.contents.first().and_then(Content::steps);
        match (self.window, self.leading(sources), steps) {
            (Window::Sliding { least_share, .. }, Some((_, length, _, signal)), Some(steps)) => {
                // Labels count steps as they were recorded.
                let factor = steps as f64 / signal.steps().max(1) as f64;
                let first = start.max(0) as f64;
                let end = (first + length as f64).min(signal.steps() as f64);
                class_of_window(&recording.runs, first * factor..end * factor, least_share)
            }
            (Window::Sliding { .. } | Window::Whole | Window::Stretched { .. }, _, _) => {
                recording.class().map_or(WindowClass::Mixed, WindowClass::Class)
            }
        }
    }

    /// The numbers of all inputs for a window, before normalisation.
    pub(super) fn cut(&self, sources: &Sources<'_>, start: isize) -> Result<Vec<Vec<f32>>, DataError> {
        let inputs = self.inputs.iter().zip(&sources.0).map(|(plan, source)| {
            let values = match (&plan.kind, source) {
                (Kind::Values, Source::Values(values)) => {
                    plan.channels.iter().map(|channel| values.get(*channel).copied().unwrap_or(0.0)).collect()
                }
                (Kind::Picture { fit, channels }, Source::Picture(picture)) => {
                    self.picture(plan, fit, *channels, picture)?
                }
                (Kind::Series { length, features, .. }, Source::Series(signal)) => {
                    let window = self.series(signal, *length, self.start_of(plan, start))?;
                    features.compute(window, signal.channels)
                }
                // `sources` made them for these plans.
                (Kind::Values | Kind::Picture { .. } | Kind::Series { .. }, _) => Vec::new(),
            };
            let expected = plan.shape.iter().product::<usize>();
            if values.len() == expected {
                Ok(values)
            } else {
                Err(DataError::new(
                    format!("{} numbers, others have {expected}", values.len()),
                    "Choose a size that all share",
                ))
            }
        });
        inputs.collect()
    }

    fn picture(
        &self,
        plan: &InputPlan,
        fit: &PictureFit,
        channels: usize,
        picture: &Picture,
    ) -> Result<Vec<f32>, DataError> {
        let is_fixed = plan.settings.picture.is_some();
        if !is_fixed && (picture.height, picture.width) != (fit.height, fit.width) {
            return Err(DataError::new(
                format!(
                    "{}×{} pixels, others have {}×{}",
                    picture.width, picture.height, fit.width, fit.height
                ),
                "Choose a size for pictures",
            ));
        }
        picture::fitted(picture, fit, channels).ok_or_else(|| {
            DataError::new("the picture is too large", "Choose pictures with sides below 65536 pixels")
        })
    }

    fn series(&self, signal: &Signal, length: usize, start: isize) -> Result<Vec<f32>, DataError> {
        Ok(match self.window {
            Window::Whole if signal.steps() != length => {
                return Err(DataError::new(
                    format!("{} steps, others have {length}", signal.steps()),
                    "Cut recordings into windows, or stretch them to one length",
                ));
            }
            Window::Whole => signal.values.clone(),
            Window::Stretched { .. } => signal.stretched(length).values,
            Window::Sliding { .. } => signal.cut(start, length),
        })
    }
}

impl InputPlan {
    fn new(
        stream: &Stream,
        settings: &InputPreparation,
        window: Window,
        known: Known,
        first_rate: &mut Option<Option<f64>>,
    ) -> Result<Self, DataError> {
        let n_channels = match &stream.kind {
            StreamKind::Values { shape } => {
                shape.iter().fold(1, |product: usize, size| product.saturating_mul(*size))
            }
            StreamKind::Pictures | StreamKind::Series => stream.channels.len(),
        };
        if n_channels > MAX_NUMBERS {
            return Err(too_large());
        }
        let channels = match &settings.channels[..] {
            [] => (0..n_channels).collect(),
            chosen => chosen.to_vec(),
        };
        if let Some(channel) = channels.iter().find(|channel| **channel >= n_channels) {
            return Err(DataError::new(
                format!("there is no channel {}, “{}” has {n_channels}", channel + 1, stream.name),
                "Choose the channels again",
            ));
        }
        let (kind, natural) = match &stream.kind {
            StreamKind::Values { shape } if settings.channels.is_empty() => (Kind::Values, shape.clone()),
            StreamKind::Values { .. } => (Kind::Values, vec![channels.len()]),
            StreamKind::Pictures => picture_plan(stream, settings, known)?,
            StreamKind::Series => series_plan(stream, settings, window, known, first_rate, channels.len())?,
        };
        let shape = match settings.shape {
            InputShape::Natural => natural,
            InputShape::Flat => vec![natural.iter().product()],
            InputShape::WithChannel => natural.into_iter().chain([1]).collect(),
        };
        let normalisation = settings.fitted.as_ref().and_then(|fitted| fitted.normalisation.clone());
        Ok(Self { settings: settings.clone(), channels, kind, shape, normalisation })
    }
}

fn picture_plan(
    stream: &Stream,
    settings: &InputPreparation,
    known: Known,
) -> Result<(Kind, Vec<usize>), DataError> {
    const MAX_SIDE: usize = 65_535;
    let (height, width) = known.picture.unwrap_or((1, 1));
    let as_it_is = PictureFit { height, width, fit: Fit::Stretch, colour: Colour::Keep };
    let fit = settings.picture.unwrap_or(as_it_is);
    if !(1..=MAX_SIDE).contains(&fit.height) || !(1..=MAX_SIDE).contains(&fit.width) {
        return Err(DataError::new(
            format!("{}×{} pixels make no picture", fit.width, fit.height),
            "Choose sides from 1 to 65535 pixels",
        ));
    }
    let channels = picture::channels(fit.colour, stream.channels.len());
    if fit.height.saturating_mul(fit.width).saturating_mul(channels) > MAX_NUMBERS {
        return Err(too_large());
    }
    Ok((Kind::Picture { fit, channels }, vec![fit.height, fit.width, channels]))
}

fn series_plan(
    stream: &Stream,
    settings: &InputPreparation,
    window: Window,
    known: Known,
    first_rate: &mut Option<Option<f64>>,
    n_channels: usize,
) -> Result<(Kind, Vec<usize>), DataError> {
    let rate_hz = settings.rate_hz.or(known.rate_hz).or(stream.rate_hz);
    if rate_hz.is_some_and(|rate| !(rate.is_finite() && rate > 0.0)) {
        return Err(DataError::new("a rate must be above 0", "Choose the rate again"));
    }
    let leading_rate = *first_rate.get_or_insert(rate_hz);
    let steps = |length: Length| -> Result<usize, DataError> {
        let steps = match (length, rate_hz, leading_rate) {
            (Length::Seconds(seconds), Some(rate), _) => seconds * rate,
            (Length::Seconds(_), None, _) => {
                return Err(DataError::new(
                    format!("the rate of “{}” is not known: seconds cannot be counted in steps", stream.name),
                    "Give the rate, or lengths in steps",
                ));
            }
            (Length::Steps(steps), Some(own), Some(leading)) => steps as f64 * own / leading,
            (Length::Steps(steps), Some(_) | None, Some(_) | None) => steps as f64,
        };
        steps_of_sample(steps)
    };
    let (length, stride) = match window {
        Window::Whole => (steps_of_sample(known.steps.unwrap_or(0) as f64)?, 1),
        Window::Stretched { steps: wanted } => (steps(Length::Steps(wanted))?, 1),
        Window::Sliding { length, stride, .. } => (steps(length)?, steps(stride)?),
    };
    if length.saturating_mul(n_channels) > MAX_NUMBERS {
        return Err(too_large());
    }
    let (features, shape) = FeaturePlan::new(&settings.features, rate_hz, length, n_channels)?;
    Ok((Kind::Series { length, stride, rate_hz, features }, shape))
}

/// A length as a count of steps, at least one.
fn steps_of_sample(steps: f64) -> Result<usize, DataError> {
    if (0.5..MAX_NUMBERS as f64).contains(&steps) {
        Ok(steps.round() as usize)
    } else {
        Err(DataError::new(
            format!("a length of {steps} steps makes no window"),
            "Choose a length of at least one step that memory can hold",
        ))
    }
}

fn too_large() -> DataError {
    let message = format!("a sample would have more than {MAX_NUMBERS} numbers");
    DataError::new(message, "Choose shorter windows, fewer channels or smaller pictures")
}
