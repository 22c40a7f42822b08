//! The rule for the output shape of each kind of layer, and its errors in words.

use super::{
    Activation, Interpolation, LayerKind, MAX_ELEMENTS, MAX_RANK, MergeOperation, Padding, shape_text,
};

/// Why a layer has no shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// The place among the inputs that is to blame.
    pub input: Option<usize>,
    pub message: String,
    pub help: String,
}

/// What ESP-NN's kernels keep sizes of windows and strides in: 16 bits.
const MAX_WINDOW: usize = 65_535;

pub(super) const TOO_LARGE: &str = "It is too large: no .tflite file holds this many numbers";
pub(super) const TAKE_SMALLER: &str = "Take smaller sizes";

type Outcome = Result<Vec<usize>, Fault>;

impl Fault {
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { input: None, message: message.into(), help: help.into() }
    }

    pub fn at(self, input: usize) -> Self {
        Self { input: Some(input), ..self }
    }
}

/// Shape of what a layer gives for inputs of these shapes; `names` are those of the layers that it reads.
pub(super) fn output_shape(kind: &LayerKind, inputs: &[&[usize]], names: &[&str]) -> Outcome {
    check_input_count(kind, inputs.len())?;
    check_numbers(kind)?;
    let input = inputs.first().copied().unwrap_or_default();
    match kind {
        LayerKind::Input { shape } => {
            check_sizes(shape, "The shape")?;
            Ok(shape.clone())
        }
        LayerKind::Dense { units, .. } => {
            positive(*units, "unit")?;
            Ok(with_last(input, *units))
        }
        LayerKind::Conv1D { filters, kernel, stride, padding, dilation, .. } => {
            positive(*filters, "filter")?;
            let [steps, _] = sequence(input)?;
            let window = Window::new("kernel", [*kernel, 1], [*stride, 1], [*dilation, 1], *padding)?;
            Ok(vec![window.slide(steps, 0)?, *filters])
        }
        LayerKind::Conv2D { filters, kernel, stride, padding, dilation, .. } => {
            positive(*filters, "filter")?;
            let window = Window::new("kernel", *kernel, *stride, *dilation, *padding)?;
            let [height, width, _] = window.over(picture(input)?)?;
            Ok(vec![height, width, *filters])
        }
        LayerKind::DepthwiseConv2D { kernel, stride, padding, depth_multiplier, dilation, .. } => {
            positive(*depth_multiplier, "channel for each input channel")?;
            let window = Window::new("kernel", *kernel, *stride, *dilation, *padding)?;
            let [height, width, channels] = window.over(picture(input)?)?;
            Ok(vec![height, width, channels.saturating_mul(*depth_multiplier)])
        }
        LayerKind::SeparableConv2D { filters, kernel, stride, padding, depth_multiplier, .. } => {
            positive(*filters, "filter")?;
            positive(*depth_multiplier, "channel for each input channel")?;
            let window = Window::new("kernel", *kernel, *stride, [1, 1], *padding)?;
            let [height, width, channels] = window.over(picture(input)?)?;
            let between = elements(&[height, width, channels, *depth_multiplier]);
            if between as u64 > MAX_ELEMENTS {
                return Err(Fault::new(TOO_LARGE, TAKE_SMALLER));
            }
            Ok(vec![height, width, *filters])
        }
        LayerKind::Pool1D { size, stride, padding, .. } => {
            let [steps, channels] = sequence(input)?;
            let stride = stride.unwrap_or(*size);
            let window = Window::new("window", [*size, 1], [stride, 1], [1, 1], *padding)?;
            Ok(vec![window.slide(steps, 0)?, channels])
        }
        LayerKind::Pool2D { size, stride, padding, .. } => {
            let window = Window::new("window", *size, stride.unwrap_or(*size), [1, 1], *padding)?;
            Ok(window.over(picture(input)?)?.to_vec())
        }
        LayerKind::GlobalPool { .. } => match input {
            [.., channels] if input.len() >= 2 => Ok(vec![*channels]),
            _ => Err(rank_fault("2 or 3 dimensions", input)),
        },
        LayerKind::BatchNorm { momentum, epsilon } => {
            if !(0.0..=1.0).contains(momentum) {
                return Err(Fault::new(
                    format!("A momentum of {momentum} cannot be"),
                    "Take one between 0 and 1",
                ));
            }
            if !(epsilon.is_finite() && *epsilon > 0.0) {
                return Err(Fault::new(
                    format!("An epsilon of {epsilon} cannot be"),
                    "Take a small number above 0",
                ));
            }
            Ok(input.to_vec())
        }
        LayerKind::Activation { .. } => Ok(input.to_vec()),
        LayerKind::Dropout { rate } => {
            if !(0.0..1.0).contains(rate) {
                return Err(Fault::new(format!("A rate of {rate} cannot be"), "Take one from 0 to below 1"));
            }
            Ok(input.to_vec())
        }
        LayerKind::Flatten {} => Ok(vec![elements(input)]),
        LayerKind::Reshape { shape } => reshape(input, shape),
        LayerKind::ZeroPadding { padding } => {
            let [rows, columns] = padding.map(|[before, after]| before.saturating_add(after));
            match input {
                [steps, channels] => Ok(vec![steps.saturating_add(rows), *channels]),
                [height, width, channels] => {
                    Ok(vec![height.saturating_add(rows), width.saturating_add(columns), *channels])
                }
                _ => Err(rank_fault("2 or 3 dimensions", input)),
            }
        }
        LayerKind::UpSampling { factors, interpolation } => up_sampling(input, *factors, *interpolation),
        LayerKind::Merge { operation } => merge(*operation, inputs, names),
        LayerKind::Concatenate { axis } => concatenate(*axis, inputs),
        LayerKind::Lstm { units, return_sequences, .. } => {
            positive(*units, "unit")?;
            let [steps, _] = sequence(input)?;
            Ok(if *return_sequences { vec![steps, *units] } else { vec![*units] })
        }
    }
}

/// Factors and slopes that are no numbers, or below 0 where that makes no sense.
fn check_numbers(kind: &LayerKind) -> Result<(), Fault> {
    if let Some(Activation::LeakyRelu { slope }) = kind.activation()
        && !slope.is_finite()
    {
        return Err(Fault::new(format!("A slope of {slope} cannot be"), "Take one such as 0.3"));
    }
    let factors = kind.weight_options().map_or([0.0; 2], |weights| [weights.l1, weights.l2]);
    match factors.into_iter().find(|factor| !(factor.is_finite() && *factor >= 0.0)) {
        Some(factor) => Err(Fault::new(
            format!("A regulariser of {factor} cannot be"),
            "Take 0 for none, or a small number such as 0.0001",
        )),
        None => Ok(()),
    }
}

/// How many inputs a kind takes: at least, at most.
pub(super) fn input_range(kind: &LayerKind) -> (usize, usize) {
    match kind {
        LayerKind::Input { .. } => (0, 0),
        LayerKind::Merge { operation: MergeOperation::Subtract } => (2, 2),
        LayerKind::Merge { .. } | LayerKind::Concatenate { .. } => (2, usize::MAX),
        LayerKind::Dense { .. }
        | LayerKind::Conv1D { .. }
        | LayerKind::Conv2D { .. }
        | LayerKind::DepthwiseConv2D { .. }
        | LayerKind::SeparableConv2D { .. }
        | LayerKind::Pool1D { .. }
        | LayerKind::Pool2D { .. }
        | LayerKind::GlobalPool { .. }
        | LayerKind::BatchNorm { .. }
        | LayerKind::Activation { .. }
        | LayerKind::Dropout { .. }
        | LayerKind::Flatten {}
        | LayerKind::Reshape { .. }
        | LayerKind::ZeroPadding { .. }
        | LayerKind::UpSampling { .. }
        | LayerKind::Lstm { .. } => (1, 1),
    }
}

fn check_input_count(kind: &LayerKind, count: usize) -> Result<(), Fault> {
    let (least, most) = input_range(kind);
    let reads = match count {
        0 => "It reads nothing".to_owned(),
        1 => "It reads one layer".to_owned(),
        _ => format!("It reads {count} layers"),
    };
    if most == 0 && count > 0 {
        return Err(Fault::new(format!("{reads}, but samples enter here"), "Take the edge out").at(0));
    }
    if count < least {
        let help = match (least, count) {
            (1, _) => "Connect a layer to it",
            (_, 0) => "Connect the layers that it shall put together",
            (_, _) => "Connect another layer to it",
        };
        return Err(Fault::new(reads, help));
    }
    if count > most {
        let help = if most == 1 {
            "Put them together with Add or Concatenate before"
        } else {
            "It takes exactly two"
        };
        return Err(Fault::new(reads, help).at(most));
    }
    Ok(())
}

/// A window that slides over rows and columns.
pub(super) struct Window {
    what: &'static str,
    size: [usize; 2],
    stride: [usize; 2],
    dilation: [usize; 2],
    padding: Padding,
}

impl Window {
    fn new(
        what: &'static str,
        size: [usize; 2],
        stride: [usize; 2],
        dilation: [usize; 2],
        padding: Padding,
    ) -> Result<Self, Fault> {
        for (numbers, name) in [(size, what), (stride, "stride"), (dilation, "dilation")] {
            if numbers.contains(&0) {
                return Err(Fault::new(format!("A {name} of 0 cannot be"), "Take 1 or more"));
            }
            if let Some(number) = numbers.into_iter().find(|number| *number > MAX_WINDOW) {
                let message = format!("A {name} of {number} cannot be");
                return Err(Fault::new(message, format!("Kernels on the chip take up to {MAX_WINDOW}")));
            }
        }
        if stride != [1, 1] && dilation != [1, 1] {
            let message = "Stride and dilation are both above 1";
            return Err(Fault::new(message, "Keras has either the one or the other: set one of them to 1"));
        }
        Ok(Self { what, size, stride, dilation, padding })
    }

    fn over(&self, [height, width, channels]: [usize; 3]) -> Result<[usize; 3], Fault> {
        Ok([self.slide(height, 0)?, self.slide(width, 1)?, channels])
    }

    /// Number of windows along one axis.
    fn slide(&self, length: usize, axis: usize) -> Result<usize, Fault> {
        let stride = self.stride[axis];
        match self.padding {
            Padding::Same => Ok(length.div_ceil(stride)),
            Padding::Valid => {
                let reach = spread(self.size[axis], self.dilation[axis]);
                if reach > length {
                    let message = format!("A {} of {reach} is larger than the input of {length}", self.what);
                    return Err(Fault::new(message, "Take a smaller one, or the padding same"));
                }
                Ok((length - reach) / stride + 1)
            }
        }
    }
}

/// What a window with gaps between its taps covers.
pub(super) fn spread(size: usize, dilation: usize) -> usize {
    size.saturating_sub(1).saturating_mul(dilation).saturating_add(1)
}

fn merge(operation: MergeOperation, inputs: &[&[usize]], names: &[&str]) -> Outcome {
    let first = inputs[0];
    let Some(place) = inputs.iter().position(|shape| *shape != first) else {
        return Ok(first.to_vec());
    };
    let other = inputs[place];
    let message = format!("Shapes differ: {} and {}", shape_text(first), shape_text(other));
    let differs_in_channels_only = first.len() == other.len()
        && first.split_last().map(|(_, front)| front) == other.split_last().map(|(_, front)| front);
    let help = match (first.last(), names.get(place)) {
        (Some(channels), Some(name)) if differs_in_channels_only => {
            let what = if first.len() == 1 { "units" } else { "filters" };
            format!(
                "Give the branch of {name} {channels} {what}, or use Concatenate instead of {}",
                operation.label()
            )
        }
        _ if first.len() == other.len() => {
            "Give both branches the same strides, padding and filters".to_owned()
        }
        _ => "Bring both branches to one shape with Reshape, Flatten or a global pooling".to_owned(),
    };
    Err(Fault::new(message, help).at(place))
}

/// The axis counted from the front, if the rank has it.
pub(super) fn axis_from_front(axis: i32, rank: usize) -> Option<usize> {
    let rank = rank as i64;
    let axis = i64::from(axis);
    let front = if axis < 0 { axis + rank } else { axis };
    (0..rank).contains(&front).then_some(front as usize)
}

fn concatenate(axis: i32, inputs: &[&[usize]]) -> Outcome {
    let first = inputs[0];
    let Some(axis) = axis_from_front(axis, first.len()) else {
        let message = format!("There is no axis {axis} in {}", shape_text(first));
        return Err(Fault::new(message, "Take -1 for the last"));
    };
    let mut output = first.to_vec();
    for (place, shape) in inputs.iter().enumerate().skip(1) {
        let fits =
            shape.len() == first.len() && (0..first.len()).all(|dim| dim == axis || shape[dim] == first[dim]);
        if !fits {
            let message = format!("Shapes differ: {} and {}", shape_text(first), shape_text(shape));
            let help = if shape.len() == first.len() {
                "All but the joined dimension must be equal: give both branches the same strides and padding"
            } else {
                "Bring both branches to the same number of dimensions with Reshape, Flatten or a global pooling"
            };
            return Err(Fault::new(message, help).at(place));
        }
        output[axis] = output[axis].saturating_add(shape[axis]);
    }
    Ok(output)
}

fn reshape(input: &[usize], shape: &[usize]) -> Outcome {
    check_sizes(shape, "The shape")?;
    let (before, after) = (elements(input), elements(shape));
    if before != after {
        let message = format!("{} has {before} values, {} has {after}", shape_text(input), shape_text(shape));
        return Err(Fault::new(message, "Take a shape with as many values"));
    }
    Ok(shape.to_vec())
}

fn up_sampling(input: &[usize], factors: [usize; 2], interpolation: Interpolation) -> Outcome {
    if factors.contains(&0) {
        return Err(Fault::new("A factor of 0 cannot be", "Take 1 or more"));
    }
    match input {
        [steps, channels] => match interpolation {
            Interpolation::Nearest => Ok(vec![steps.saturating_mul(factors[0]), *channels]),
            Interpolation::Bilinear => Err(Fault::new(
                "Bilinear values need height and width, and there are steps only",
                "Take the nearest value, as Keras does for steps",
            )),
        },
        [height, width, channels] => {
            Ok(vec![height.saturating_mul(factors[0]), width.saturating_mul(factors[1]), *channels])
        }
        _ => Err(rank_fault("2 or 3 dimensions", input)),
    }
}

fn sequence(input: &[usize]) -> Result<[usize; 2], Fault> {
    <[usize; 2]>::try_from(input).map_err(|_| rank_fault("2 dimensions, steps × channels", input))
}

fn picture(input: &[usize]) -> Result<[usize; 3], Fault> {
    <[usize; 3]>::try_from(input).map_err(|_| rank_fault("3 dimensions, height × width × channels", input))
}

fn rank_fault(expected: &str, found: &[usize]) -> Fault {
    let message = format!("It expects {expected}, and got {}: {}", found.len(), shape_text(found));
    Fault::new(message, "Add Reshape before it").at(0)
}

fn with_last(shape: &[usize], last: usize) -> Vec<usize> {
    let mut shape = shape.to_vec();
    if let Some(place) = shape.last_mut() {
        *place = last;
    }
    shape
}

/// Product of the sizes; the largest number where it does not fit.
pub(super) fn elements(shape: &[usize]) -> usize {
    shape.iter().fold(1, |product: usize, size| product.saturating_mul(*size))
}

fn positive(number: usize, what: &str) -> Result<(), Fault> {
    if number == 0 { Err(Fault::new(format!("It has no {what}"), "Take 1 or more")) } else { Ok(()) }
}

fn check_sizes(shape: &[usize], what: &str) -> Result<(), Fault> {
    if shape.is_empty() {
        return Err(Fault::new(format!("{what} has no dimensions"), "Give it one to three, such as 28×28×1"));
    }
    if shape.len() > MAX_RANK {
        let message = format!("{what} has {} dimensions", shape.len());
        return Err(Fault::new(message, "Layers take up to three: height × width × channels"));
    }
    if shape.contains(&0) {
        return Err(Fault::new(format!("{what} {} has a size of 0", shape_text(shape)), "Take 1 or more"));
    }
    Ok(())
}
