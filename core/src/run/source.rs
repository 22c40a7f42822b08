//! What a user gives as input, as the bytes of an input tensor: arrays, pictures, sound, typed numbers.

use std::io::Cursor;

use image::imageops::FilterType;
use image::{DynamicImage, ImageReader, Limits};
use thiserror::Error;

use crate::dataset::{SampleInput, Samples};
use crate::model::{BuiltinOperator, Model, Tensor, TensorId, TensorType, bytes_from_elements};
use crate::npy::{Array, NpyError};

/// An input that is ready to be written into the tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct PreparedInput {
    /// The bytes of the tensor.
    pub bytes: Vec<u8>,
    /// What was done to get there, one step each, in words.
    pub steps: Vec<String>,
}

/// Why something cannot be an input.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct SourceError {
    /// What is wrong, with what was expected and what was found.
    pub message: String,
    /// What to try.
    pub help: String,
}

impl SourceError {
    fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into() }
    }
}

/// How the 256 levels of a picture become real numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Normalisation {
    /// 0 to 1: `level / 255`.
    ZeroToOne,
    /// -1 to 1: `level / 127.5 - 1`.
    MinusOneToOne,
    /// 0 to 255: the level itself.
    Levels,
}

impl Normalisation {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::ZeroToOne, Self::MinusOneToOne, Self::Levels];

    /// The real numbers in words.
    pub fn label(self) -> &'static str {
        match self {
            Self::ZeroToOne => "0 to 1",
            Self::MinusOneToOne => "−1 to 1",
            Self::Levels => "0 to 255",
        }
    }

    /// A guess from the real numbers that a quantized tensor can hold; 0 to 1 for a tensor without a scale.
    pub fn guess(tensor: &Tensor) -> Self {
        let Some((lowest, highest)) = real_range(tensor) else { return Self::ZeroToOne };
        if highest > 16.0 {
            Self::Levels
        } else if lowest < -0.25 {
            Self::MinusOneToOne
        } else {
            Self::ZeroToOne
        }
    }

    fn real(self, level: u8) -> f64 {
        match self {
            Self::ZeroToOne => f64::from(level) / 255.0,
            Self::MinusOneToOne => f64::from(level) / 127.5 - 1.0,
            Self::Levels => f64::from(level),
        }
    }
}

/// Smallest and largest real number that a quantized integer tensor can hold.
fn real_range(tensor: &Tensor) -> Option<(f64, f64)> {
    let (scale, zero_point) = tensor.per_tensor_quantization()?;
    let (lowest, highest) = integer_range(tensor.ty)?;
    let real = |value: f64| f64::from(scale) * (value - zero_point as f64);
    Some((real(lowest), real(highest)))
}

/// The largest share of the values of an input that its integers cannot hold, half a step beyond them: they are clipped, so
/// that the model does not tell them apart. 0 for a model that takes real numbers and does not quantize them first.
pub fn clipped_share(model: &Model, samples: &Samples) -> f64 {
    let Some(main) = model.subgraphs.first() else { return 0.0 };
    let share = |(id, input): (&TensorId, &SampleInput)| {
        let tensor = main.tensor(*id);
        // A model with an interface of real numbers quantizes by itself.
        let quantized = main.operators.iter().find(|operator| {
            model.builtin(operator) == BuiltinOperator::QUANTIZE && operator.input(0) == Some(*id)
        });
        let written = quantized.and_then(|operator| operator.outputs.first().copied().flatten());
        let holder = written.map_or(tensor, |id| main.tensor(id));
        let (lowest, highest) = real_range(holder)?;
        let half = f64::from(holder.per_tensor_quantization()?.0) / 2.0;
        let held = lowest - half..=highest + half;
        let clipped = input.values.iter().filter(|value| !held.contains(&f64::from(**value))).count();
        Some(clipped as f64 / input.values.len().max(1) as f64)
    };
    main.inputs.iter().zip(&samples.inputs).filter_map(share).fold(0.0, f64::max)
}

fn integer_range(ty: TensorType) -> Option<(f64, f64)> {
    match ty {
        TensorType::Int8 => Some((-128.0, 127.0)),
        TensorType::Uint8 => Some((0.0, 255.0)),
        TensorType::Int16 => Some((-32_768.0, 32_767.0)),
        TensorType::Int32 => Some((f64::from(i32::MIN), f64::from(i32::MAX))),
        _ => None,
    }
}

/// Height, width and channels of a tensor that can hold a picture: `[1, h, w, c]`, `[h, w, c]` or `[h, w]` with 1 or 3
/// channels.
pub fn picture_shape(tensor: &Tensor) -> Option<(u32, u32, u32)> {
    let dims = match tensor.shape.as_slice() {
        [1, h, w, c] | [h, w, c] => [*h, *w, *c],
        [h, w] if *h > 1 => [*h, *w, 1],
        _ => return None,
    };
    let [h, w, c] = dims.map(|dim| u32::try_from(dim).unwrap_or(0));
    (h > 0 && w > 0 && matches!(c, 1 | 3)).then_some((h, w, c))
}

/// Largest side of a picture that is decoded.
const MAX_SIDE: u32 = 16_384;
/// Most memory that decoding a picture may take.
const MAX_DECODED_BYTES: u64 = 256 << 20;

/// A PNG, JPEG or BMP picture: resized to the tensor's height and width without keeping its proportions, made grey for one
/// channel, then normalised and quantized.
///
/// # Errors
/// The bytes are no picture, or the tensor has no shape for one.
pub fn from_picture(
    bytes: &[u8],
    tensor: &Tensor,
    normalisation: Normalisation,
) -> Result<PreparedInput, SourceError> {
    let Some((height, width, channels)) = picture_shape(tensor) else {
        return Err(SourceError::new(
            format!("an input of shape {:?} holds no picture", tensor.shape),
            "Pictures fit inputs of shape [1, height, width, 1 or 3]; give an .npy file instead",
        ));
    };
    let picture = decode(bytes)?;
    let (from_width, from_height) = (picture.width(), picture.height());
    let mut steps = vec![format!("picture of {from_width}×{from_height}")];
    let picture = if (from_width, from_height) == (width, height) {
        picture
    } else {
        steps.push(format!("resized to {width}×{height}, bilinear"));
        picture.resize_exact(width, height, FilterType::Triangle)
    };
    let levels = if channels == 1 {
        steps.push("made grey (ITU-R BT.709 weights)".to_owned());
        picture.into_luma8().into_raw()
    } else {
        picture.into_rgb8().into_raw()
    };
    steps.push(format!("levels taken as {}", normalisation.label()));
    let reals = levels.into_iter().map(|level| normalisation.real(level)).collect::<Vec<_>>();
    let bytes = bytes_from_reals(tensor, &reals, &mut steps)?;
    Ok(PreparedInput { bytes, steps })
}

/// The picture in the bytes of a PNG, JPEG or BMP file.
///
/// # Errors
/// They are none, or decoding would take too much memory.
pub(crate) fn decode(bytes: &[u8]) -> Result<DynamicImage, SourceError> {
    let help = "PNG, JPEG and BMP pictures can be read";
    let failure = |error: &dyn std::fmt::Display| {
        SourceError::new(format!("the picture cannot be read: {error}"), help)
    };
    let mut reader =
        ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|error| failure(&error))?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_DECODED_BYTES);
    reader.limits(limits);
    reader.decode().map_err(|error| failure(&error))
}

/// A WAV file: channels averaged, samples as real numbers from -1 to 1 (as they are for an int16 tensor without a scale),
/// cut or filled up with silence to the length of the tensor.
///
/// # Errors
/// The bytes are no WAV file.
pub fn from_wav(bytes: &[u8], tensor: &Tensor) -> Result<PreparedInput, SourceError> {
    let failure = |error: hound::Error| {
        SourceError::new(
            format!("the sound cannot be read: {error}"),
            "WAV files with integer samples of 8 to 32 bits or float samples can be read",
        )
    };
    let mut reader = hound::WavReader::new(Cursor::new(bytes)).map_err(failure)?;
    let spec = reader.spec();
    let n_channels = usize::from(spec.channels.max(1));
    let n_elements = element_count(tensor)?;
    // Only what the tensor can hold is read: a header may claim hours.
    let n_samples = n_elements.saturating_mul(n_channels);
    let n_frames = reader.duration() as usize;
    let (samples, end) = sound_samples(&mut reader, n_samples);
    if let Some(error) = end {
        return Err(failure(error));
    }
    let mut steps =
        vec![format!("sound at {} Hz, {n_frames} samples in {n_channels} channels", spec.sample_rate)];
    if n_channels > 1 {
        steps.push("channels averaged".to_owned());
    }
    let mut reals = samples
        .chunks(n_channels)
        .map(|frame| frame.iter().sum::<f64>() / frame.len() as f64)
        .collect::<Vec<_>>();
    match n_frames.cmp(&n_elements) {
        std::cmp::Ordering::Greater => steps.push(format!("first {n_elements} samples taken")),
        std::cmp::Ordering::Less => steps.push(format!("filled up with silence to {n_elements} samples")),
        std::cmp::Ordering::Equal => {}
    }
    reals.resize(n_elements, 0.0);
    if tensor.ty == TensorType::Int16 && tensor.per_tensor_quantization().is_none() {
        reals.iter_mut().for_each(|real| *real *= 32_768.0);
        steps.push("samples as 16-bit integers".to_owned());
    }
    let bytes = bytes_from_reals(tensor, &reals, &mut steps)?;
    Ok(PreparedInput { bytes, steps })
}

/// At most `n_samples` samples of a WAV file as real numbers from -1 to 1, channel after channel, and what ended them early.
pub(crate) fn sound_samples(
    reader: &mut hound::WavReader<Cursor<&[u8]>>,
    n_samples: usize,
) -> (Vec<f64>, Option<hound::Error>) {
    let mut end = None;
    let mut whole = |sample: Result<f64, hound::Error>| sample.map_err(|error| end = Some(error)).ok();
    let spec = reader.spec();
    let samples = match spec.sample_format {
        hound::SampleFormat::Float => {
            let samples = reader.samples::<f32>().take(n_samples);
            samples.map_while(|sample| whole(sample.map(f64::from))).collect()
        }
        hound::SampleFormat::Int => {
            let full_scale = 2f64.powi(i32::from(spec.bits_per_sample) - 1);
            let samples = reader.samples::<i32>().take(n_samples);
            samples.map_while(|sample| whole(sample.map(|sample| f64::from(sample) / full_scale))).collect()
        }
    };
    (samples, end)
}

/// Numbers that somebody typed: real numbers, or the stored integers if `raw`. Spaces, commas, semicolons and line ends
/// part them; one number fills the whole tensor.
///
/// # Errors
/// A word is no number, or there are too few or too many.
pub fn from_text(text: &str, tensor: &Tensor, raw: bool) -> Result<PreparedInput, SourceError> {
    let words = text
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '[' | ']'))
        .filter(|word| !word.is_empty());
    let numbers = words.enumerate().map(|(index, word)| {
        let number = word.replace('−', "-").parse::<f64>().ok().filter(|number| number.is_finite());
        number.ok_or_else(|| {
            let place = index + 1;
            SourceError::new(
                format!("number {place}, “{word}”, is no number"),
                "Write numbers as 0.5 or -3, with spaces between them",
            )
        })
    });
    let mut numbers = numbers.collect::<Result<Vec<_>, _>>()?;
    let expected = element_count(tensor)?;
    let mut steps = Vec::new();
    if let [single] = numbers[..]
        && expected > 1
    {
        numbers = vec![single; expected];
        steps.push(format!("one number for all {expected} elements"));
    }
    if numbers.len() != expected {
        let found = numbers.len();
        return Err(SourceError::new(
            format!("{found} numbers were given, and the input has {expected} elements"),
            "Give as many numbers as elements, or a single one for all",
        ));
    }
    let bytes =
        if raw { stored(tensor.ty, &numbers)? } else { bytes_from_reals(tensor, &numbers, &mut steps)? };
    Ok(PreparedInput { bytes, steps })
}

/// An array from an .npy file: the tensor's own type as it is; float64 and float32 arrays are quantized for an integer
/// tensor with a scale.
///
/// # Errors
/// The file is none, or type or number of elements do not fit.
pub fn from_npy(file: &[u8], tensor: &Tensor) -> Result<PreparedInput, SourceError> {
    let array = crate::npy::read(file)
        .map_err(|error: NpyError| SourceError::new(error.to_string(), error.help()))?;
    let n_elements = array.shape.iter().product::<usize>();
    let expected = element_count(tensor)?;
    if n_elements != expected {
        return Err(SourceError::new(
            format!(
                "the array has {n_elements} elements of shape {:?}, the input {expected} of shape {:?}",
                array.shape, tensor.shape
            ),
            "Reshape or cut the array to the shape of the input",
        ));
    }
    let mut steps = vec![format!("array of {} {:?}", array.ty.name(), array.shape)];
    if array.ty == tensor.ty {
        return Ok(PreparedInput { bytes: array.data, steps });
    }
    let Some(reals) = floats(&array) else {
        return Err(SourceError::new(
            format!("the array is {}, the input is {}", array.ty.name(), tensor.ty.name()),
            "Convert the array with astype in NumPy, or save it as float32",
        ));
    };
    let bytes = bytes_from_reals(tensor, &reals, &mut steps)?;
    Ok(PreparedInput { bytes, steps })
}

/// The content of one input as another model's input takes it: the same bytes where type and quantization are the same,
/// otherwise the same real numbers.
///
/// # Errors
/// The inputs do not have the same number of elements.
pub fn converted(bytes: &[u8], from: &Tensor, to: &Tensor) -> Result<PreparedInput, SourceError> {
    if element_count(from)? != element_count(to)? {
        return Err(SourceError::new(
            format!("the inputs have shapes {:?} and {:?}", from.shape, to.shape),
            "Compare models that take the same input",
        ));
    }
    let mut steps = Vec::new();
    if from.ty == to.ty && from.per_tensor_quantization() == to.per_tensor_quantization() {
        return Ok(PreparedInput { bytes: bytes.to_vec(), steps });
    }
    let values = crate::model::Values::of_tensor(from, bytes).ok_or_else(|| {
        SourceError::new(
            format!("{} inputs hold no numbers", from.ty.name()),
            "Compare models with numeric inputs",
        )
    })?;
    let reals = match crate::stats::Scales::new(from) {
        Some(scales) => {
            values.enumerate().map(|(index, value)| scales.real(index, value)).collect::<Vec<_>>()
        }
        None => values.collect(),
    };
    let bytes = bytes_from_reals(to, &reals, &mut steps)?;
    Ok(PreparedInput { bytes, steps })
}

fn floats(array: &Array) -> Option<Vec<f64>> {
    matches!(array.ty, TensorType::Float32 | TensorType::Float64)
        .then(|| crate::model::Values::new(array.ty, &array.data, u64::MAX))
        .flatten()
        .map(Iterator::collect)
}

fn element_count(tensor: &Tensor) -> Result<usize, SourceError> {
    let count = tensor.element_count().and_then(|count| usize::try_from(count).ok());
    count.ok_or_else(|| {
        SourceError::new(
            format!("the input's shape {:?} is not known in full", tensor.shape),
            "Convert the model with a fixed input shape",
        )
    })
}

/// Real numbers as the tensor stores them: `round(real / scale) + zero point`, held within the type, where it has a scale.
fn bytes_from_reals(tensor: &Tensor, reals: &[f64], steps: &mut Vec<String>) -> Result<Vec<u8>, SourceError> {
    let quantization = integer_range(tensor.ty).and(tensor.per_tensor_quantization());
    let Some((scale, zero_point)) = quantization else { return stored(tensor.ty, reals) };
    let (lowest, highest) = integer_range(tensor.ty).unwrap_or((f64::MIN, f64::MAX));
    let mut n_clipped = 0usize;
    let integers = reals.iter().map(|real| {
        let integer = (real / f64::from(scale)).round() + zero_point as f64;
        n_clipped += usize::from(!(lowest..=highest).contains(&integer));
        integer.clamp(lowest, highest)
    });
    let integers = integers.collect::<Vec<_>>();
    steps.push(format!("quantized with scale {scale} and zero point {zero_point}"));
    if n_clipped > 0 {
        steps.push(format!(
            "{n_clipped} of {} elements clipped to the range of {}",
            reals.len(),
            tensor.ty.name()
        ));
    }
    stored(tensor.ty, &integers)
}

/// Numbers as the type stores them; casts hold them within the type.
fn stored(ty: TensorType, numbers: &[f64]) -> Result<Vec<u8>, SourceError> {
    fn each<T: crate::model::Element>(numbers: &[f64], convert: fn(f64) -> T) -> Vec<u8> {
        bytes_from_elements(&numbers.iter().map(|number| convert(*number)).collect::<Vec<_>>())
    }
    Ok(match ty {
        TensorType::Int8 => each(numbers, |number| number.round() as i8),
        TensorType::Uint8 => each(numbers, |number| number.round() as u8),
        TensorType::Int16 => each(numbers, |number| number.round() as i16),
        TensorType::Int32 => each(numbers, |number| number.round() as i32),
        TensorType::Int64 => each(numbers, |number| number.round() as i64),
        TensorType::Float32 => each(numbers, |number| number as f32),
        TensorType::Bool => each(numbers, |number| number != 0.0),
        other => {
            return Err(SourceError::new(
                format!("an input of type {} cannot be made from numbers", other.name()),
                "Give an .npy file of that type",
            ));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int8(shape: &[i32], scale: f32, zero_point: i64) -> Tensor {
        Tensor::new("input", TensorType::Int8, shape).quantized(scale, zero_point)
    }

    fn as_i8(input: &PreparedInput) -> Vec<i8> {
        input.bytes.iter().map(|byte| *byte as i8).collect()
    }

    #[test]
    fn typed_numbers_are_quantized_and_clipped() {
        let tensor = int8(&[1, 4], 0.5, 1);
        let input = from_text("0, 1.5; −2 1000", &tensor, false).expect("four numbers");
        assert_eq!(as_i8(&input), [1, 4, -3, 127]);
        assert!(input.steps.iter().any(|step| step.starts_with("1 of 4")), "{:?}", input.steps);
        let raw = from_text("[0 1 -2 127]", &tensor, true).expect("four numbers");
        assert_eq!(as_i8(&raw), [0, 1, -2, 127]);
    }

    #[test]
    fn inputs_that_integers_cannot_hold_are_counted() {
        use crate::dataset::Targets;
        use crate::model::ModelBuilder;

        // -128 to 127 in steps of 0.5 around 1: -64.5 to 63.
        let values = vec![0.0, 63.2, 63.3, -64.7, -64.8, 1000.0, 1.0, 2.0];
        let samples = Samples {
            count: 2,
            inputs: vec![SampleInput { shape: vec![4], values }],
            targets: Targets::None,
        };
        let mut builder = ModelBuilder::new("integers");
        let x = builder.input(int8(&[1, 4], 0.5, 1));
        let y = builder.tensor(int8(&[1, 4], 0.5, 1));
        builder.operator(BuiltinOperator::RELU, [x], [y]);
        builder.output(y);
        assert_eq!(clipped_share(&builder.build(), &samples), 3.0 / 8.0);

        let mut builder = ModelBuilder::new("real numbers outside");
        let outside = builder.input(Tensor::new("x", TensorType::Float32, &[1, 4]));
        let x = builder.tensor(int8(&[1, 4], 0.5, 1));
        builder.operator(BuiltinOperator::QUANTIZE, [outside], [x]);
        builder.output(x);
        assert_eq!(clipped_share(&builder.build(), &samples), 3.0 / 8.0);

        let mut builder = ModelBuilder::new("real numbers");
        let x = builder.input(Tensor::new("x", TensorType::Float32, &[1, 4]));
        let y = builder.tensor(Tensor::new("y", TensorType::Float32, &[1, 4]));
        builder.operator(BuiltinOperator::RELU, [x], [y]);
        builder.output(y);
        assert_eq!(clipped_share(&builder.build(), &samples), 0.0);
    }

    #[test]
    fn one_number_fills_the_tensor() {
        let input = from_text("2", &int8(&[2, 3], 1.0, 0), false).expect("one number");
        assert_eq!(as_i8(&input), [2; 6]);
    }

    #[test]
    fn wrong_text_names_its_place() {
        let tensor = int8(&[1, 3], 1.0, 0);
        assert_eq!(from_text("1 x 3", &tensor, false).expect_err("x").message, "number 2, “x”, is no number");
        let error = from_text("1 2", &tensor, false).expect_err("one is missing");
        assert_eq!(error.message, "2 numbers were given, and the input has 3 elements");
        assert!(from_text("inf", &tensor, false).is_err());
        assert!(from_text("", &tensor, false).is_err());
    }

    fn png(width: u32, height: u32, level: impl Fn(u32, u32) -> [u8; 3]) -> Vec<u8> {
        let picture = image::RgbImage::from_fn(width, height, |x, y| image::Rgb(level(x, y)));
        let mut bytes = Vec::new();
        picture
            .write_to(&mut Cursor::new(&mut bytes), image::ImageFormat::Png)
            .expect("writing to memory succeeds");
        bytes
    }

    #[test]
    fn a_picture_of_the_right_size_keeps_its_levels() {
        let tensor = int8(&[1, 2, 3, 3], 1.0, -128);
        let file = png(3, 2, |x, y| [x as u8, y as u8, 255]);
        let input = from_picture(&file, &tensor, Normalisation::Levels).expect("a picture");
        assert_eq!(input.bytes.len(), 18);
        assert_eq!(as_i8(&input)[..6], [-128, -128, 127, -127, -128, 127]);
    }

    #[test]
    fn a_grey_picture_is_resized_and_normalised() {
        let tensor = int8(&[1, 4, 4, 1], 1.0 / 128.0, 0);
        let file = png(9, 7, |_, _| [255, 255, 255]);
        let input = from_picture(&file, &tensor, Normalisation::guess(&tensor)).expect("a picture");
        assert_eq!(Normalisation::guess(&tensor), Normalisation::MinusOneToOne);
        assert_eq!(as_i8(&input), [127; 16]);
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        let tensor = int8(&[1, 4, 4, 1], 1.0, 0);
        assert!(from_picture(b"GIF89a is not read", &tensor, Normalisation::Levels).is_err());
        let file = png(2, 2, |_, _| [0; 3]);
        let flat = int8(&[1, 49], 1.0, 0);
        assert!(
            from_picture(&file, &flat, Normalisation::Levels)
                .expect_err("no picture")
                .message
                .contains("[1, 49]")
        );
        for cut in 0..file.len() {
            // Never a panic; some cuts leave a picture that can be read.
            let _ = from_picture(&file[..cut], &tensor, Normalisation::Levels);
        }
    }

    #[test]
    fn the_guess_follows_the_range_of_the_tensor() {
        assert_eq!(Normalisation::guess(&int8(&[1], 1.0 / 255.0, -128)), Normalisation::ZeroToOne);
        assert_eq!(Normalisation::guess(&int8(&[1], 1.0, -128)), Normalisation::Levels);
        let float = Tensor::new("input", TensorType::Float32, &[1]);
        assert_eq!(Normalisation::guess(&float), Normalisation::ZeroToOne);
    }

    fn wav(n_channels: u16, samples: &[i16]) -> Vec<u8> {
        let spec = hound::WavSpec {
            channels: n_channels,
            sample_rate: 16_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut bytes = Cursor::new(Vec::new());
        let mut writer = hound::WavWriter::new(&mut bytes, spec).expect("writing to memory succeeds");
        samples.iter().for_each(|sample| writer.write_sample(*sample).expect("writing to memory succeeds"));
        writer.finalize().expect("writing to memory succeeds");
        bytes.into_inner()
    }

    #[test]
    fn sound_is_averaged_cut_and_filled_up() {
        let float = Tensor::new("input", TensorType::Float32, &[1, 3]);
        let input = from_wav(&wav(2, &[16_384, -16_384, 16_384, 16_384]), &float).expect("a sound");
        let values =
            crate::model::Values::of_tensor(&float, &input.bytes).expect("floats").collect::<Vec<_>>();
        assert_eq!(values, [0.0, 0.5, 0.0]);
        let int16 = Tensor::new("input", TensorType::Int16, &[1, 2]);
        let input = from_wav(&wav(1, &[7, -9, 100]), &int16).expect("a sound");
        assert_eq!(input.bytes, [7, 0, 247, 255]);
    }

    #[test]
    fn arrays_of_floats_are_quantized() {
        let tensor = int8(&[1, 2], 0.5, 0);
        let array =
            Array { ty: TensorType::Float32, shape: vec![2], data: bytes_from_elements(&[1.0f32, -1.0]) };
        let file = crate::npy::write_array(&array).expect("an array");
        assert_eq!(as_i8(&from_npy(&file, &tensor).expect("two floats")), [2, -2]);
        assert!(from_npy(&file, &int8(&[1, 3], 0.5, 0)).is_err());
    }
}
