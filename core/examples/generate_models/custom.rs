//! Custom operators of TFLM: the audio front end, detection, decoding.

use emberlab_core::model::{Tensor, TensorId, TensorType};

use super::Recipe;
use super::maker::Maker;
use TensorType::{Bool, Float32, Int8, Int16, Int32, Uint8, Uint32, Uint64};

pub const RECIPES: &[Recipe] = &[
    ("signal_window", window),
    ("signal_framer", framer),
    ("signal_stacker", stacker),
    ("signal_delay", delay),
    ("signal_energy", energy),
    ("signal_rfft", rfft),
    ("signal_irfft", irfft),
    ("signal_overlap_add", overlap_add),
    ("signal_filter_bank", filter_bank),
    ("signal_front_end", front_end),
    ("circular_buffer", circular_buffer),
    ("detection_postprocess", detection_postprocess),
    ("decode_lut", decode_lut),
];

/// A FlexBuffers map of integers; the keys must come sorted. Everything takes four bytes.
fn options(entries: &[(&str, i32)]) -> Vec<u8> {
    const WIDTH: u8 = 4;
    const TYPE_INT: u8 = 1 << 2 | 2;
    const TYPE_MAP: u8 = 9 << 2 | 2;
    let mut bytes = Vec::new();
    let starts = entries.iter().map(|(key, _)| {
        let start = bytes.len() as u32;
        bytes.extend_from_slice(key.as_bytes());
        bytes.push(0);
        start
    });
    let starts = starts.collect::<Vec<_>>();
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    let n_entries = (entries.len() as u32).to_le_bytes();
    bytes.extend_from_slice(&n_entries);
    let keys = bytes.len() as u32;
    for start in starts {
        bytes.extend_from_slice(&(bytes.len() as u32 - start).to_le_bytes());
    }
    bytes.extend_from_slice(&(bytes.len() as u32 - keys).to_le_bytes());
    bytes.extend_from_slice(&u32::from(WIDTH).to_le_bytes());
    bytes.extend_from_slice(&n_entries);
    let values = bytes.len() as u32;
    entries.iter().for_each(|(_, value)| bytes.extend_from_slice(&value.to_le_bytes()));
    bytes.resize(bytes.len() + entries.len(), TYPE_INT);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes.extend_from_slice(&(bytes.len() as u32 - values).to_le_bytes());
    bytes.extend_from_slice(&[TYPE_MAP, WIDTH]);
    bytes
}

fn custom(
    maker: &mut Maker,
    name: &str,
    inputs: &[TensorId],
    outputs: &[TensorId],
    entries: Option<&[(&str, i32)]>,
) {
    let operator = maker.builder.custom_operator(name, inputs.iter().copied(), outputs.iter().copied());
    operator.custom_options = entries.map(|entries| options(entries).into());
}

fn last(
    maker: &mut Maker,
    name: &str,
    inputs: &[TensorId],
    outputs: &[TensorId],
    entries: Option<&[(&str, i32)]>,
) {
    custom(maker, name, inputs, outputs, entries);
    outputs.iter().for_each(|&output| maker.output(output));
}

/// A tensor without quantization, as the front end has them.
fn plain(maker: &mut Maker, ty: TensorType, shape: &[i32]) -> TensorId {
    maker.builder.tensor(Tensor::new("signal", ty, shape))
}

fn plain_input(maker: &mut Maker, ty: TensorType, shape: &[i32]) -> TensorId {
    maker.builder.input(Tensor::new("input", ty, shape))
}

fn table(maker: &mut Maker, n: i32) -> TensorId {
    maker.constant_of(Tensor::new("table", Int16, &[n]))
}

fn window(maker: &mut Maker) {
    let n = maker.random.between(4, 40);
    let input = plain_input(maker, Int16, &[1, n]);
    let weights = table(maker, n);
    let output = plain(maker, Int16, &[1, n]);
    last(maker, "SignalWindow", &[input, weights], &[output], Some(&[("shift", 12)]));
}

fn framer(maker: &mut Maker) {
    let (step, n_frames, rows) =
        (maker.random.between(1, 9), maker.random.between(1, 4), maker.random.between(1, 3));
    let size = step * maker.random.between(1, 4) + maker.random.between(0, 3);
    let input = plain_input(maker, Int16, &[rows, step * n_frames]);
    let output = plain(maker, Int16, &[rows, n_frames, size]);
    let valid = plain(maker, Bool, &[]);
    let entries = [("frame_size", size), ("frame_step", step), ("prefill", 1)];
    last(maker, "SignalFramer", &[input], &[output, valid], Some(&entries));
}

fn stacker(maker: &mut Maker) {
    let (channels, left, right, step) = (
        maker.random.between(1, 9),
        maker.random.between(0, 3),
        maker.random.between(0, 3),
        maker.random.between(1, 3),
    );
    let input = plain_input(maker, Int16, &[channels]);
    let output = plain(maker, Int16, &[channels * (left + right + 1)]);
    let valid = plain(maker, Bool, &[]);
    let entries = [
        ("num_channels", channels),
        ("stacker_left_context", left),
        ("stacker_right_context", right),
        ("stacker_step", step),
    ];
    last(maker, "SignalStacker", &[input], &[output, valid], Some(&entries));
}

fn delay(maker: &mut Maker) {
    let (rows, n, length) =
        (maker.random.between(1, 3), maker.random.between(1, 20), maker.random.between(1, 30));
    let input = plain_input(maker, Int16, &[rows, n]);
    let output = plain(maker, Int16, &[rows, n]);
    last(maker, "SignalDelay", &[input], &[output], Some(&[("delay_length", length)]));
}

fn energy(maker: &mut Maker) {
    let n = 2 * maker.random.between(2, 20);
    let input = plain_input(maker, Int16, &[n]);
    let output = plain(maker, Uint32, &[n / 2]);
    last(maker, "SignalEnergy", &[input], &[output], Some(&[("end_index", n / 2), ("start_index", 0)]));
}

/// A type with its number in the schema.
fn sample_type(maker: &mut Maker, types: &[TensorType]) -> (TensorType, i32) {
    let ty = maker.random.pick(types);
    (ty, ty.code().into())
}

fn rfft(maker: &mut Maker) {
    let (ty, code) = sample_type(maker, &[Int16, Int32, Float32]);
    let length = maker.random.pick(&[16, 32, 64, 128]);
    let input = plain_input(maker, ty, &[length]);
    let output = plain(maker, ty, &[length + 2]);
    last(maker, "SignalRfft", &[input], &[output], Some(&[("T", code), ("fft_length", length)]));
}

fn irfft(maker: &mut Maker) {
    let (ty, code) = sample_type(maker, &[Int16, Int32, Float32]);
    let length = maker.random.pick(&[16, 32, 64, 128]);
    let input = plain_input(maker, ty, &[length + 2]);
    let output = plain(maker, ty, &[length]);
    last(maker, "SignalIrfft", &[input], &[output], Some(&[("T", code), ("fft_length", length)]));
}

fn overlap_add(maker: &mut Maker) {
    let (ty, code) = sample_type(maker, &[Int16, Float32]);
    let (rows, frames, step) =
        (maker.random.between(1, 3), maker.random.between(1, 3), maker.random.between(1, 9));
    let input = plain_input(maker, ty, &[rows, frames, 2 * step]);
    let output = plain(maker, ty, &[rows, frames * step]);
    last(maker, "SignalOverlapAdd", &[input], &[output], Some(&[("T", code), ("frame_step", step)]));
}

fn filter_bank(maker: &mut Maker) {
    let channels = maker.random.between(1, 20);
    let spectrum = plain_input(maker, Uint32, &[65]);
    filter_bank_from(maker, spectrum, channels, true);
}

fn filter_bank_from(maker: &mut Maker, spectrum: TensorId, channels: i32, is_last: bool) -> TensorId {
    let lengths = [channels + 8, channels + 8, channels + 1, channels + 1, channels + 1];
    let mut inputs = vec![spectrum];
    inputs.extend(lengths.map(|n| table(maker, n)));
    let output = plain(maker, Uint64, &[channels]);
    custom(maker, "SignalFilterBank", &inputs, &[output], Some(&[("num_channels", channels)]));
    if is_last {
        maker.output(output);
    }
    output
}

/// From samples to a spectrogram, as keyword models have it in front.
fn front_end(maker: &mut Maker) {
    const LENGTH: i32 = 64;
    let channels = maker.random.between(1, 20);
    let samples = plain_input(maker, Int16, &[LENGTH]);
    let scaled = plain(maker, Int16, &[LENGTH]);
    let bits = plain(maker, Int32, &[]);
    custom(maker, "SignalFftAutoScale", &[samples], &[scaled, bits], None);
    let spectrum = plain(maker, Int16, &[LENGTH + 2]);
    let entries = [("T", i32::from(Int16.code())), ("fft_length", LENGTH)];
    custom(maker, "SignalRfft", &[scaled], &[spectrum], Some(&entries));
    let energy = plain(maker, Uint32, &[LENGTH / 2 + 1]);
    let entries = [("end_index", LENGTH / 2), ("start_index", 1)];
    custom(maker, "SignalEnergy", &[spectrum], &[energy], Some(&entries));
    let bank = filter_bank_from(maker, energy, channels, false);
    let root = plain(maker, Uint32, &[channels]);
    custom(maker, "SignalFilterBankSquareRoot", &[bank, bits], &[root], None);
    let clean = plain(maker, Uint32, &[channels]);
    let noise = plain(maker, Uint32, &[channels]);
    let entries = [
        ("alternate_one_minus_smoothing", 1),
        ("alternate_smoothing", 1),
        ("clamping", 0),
        ("min_signal_remaining", 1),
        ("num_channels", channels),
        ("one_minus_smoothing", 1),
        ("smoothing", 1),
        ("smoothing_bits", 10),
        ("spectral_subtraction_bits", 14),
    ];
    custom(maker, "SignalFilterBankSpectralSubtraction", &[root], &[clean, noise], Some(&entries));
    let gain = table(maker, 125);
    let amplified = plain(maker, Uint32, &[channels]);
    custom(maker, "SignalPCAN", &[clean, noise, gain], &[amplified], Some(&[("snr_shift", 6)]));
    let output = plain(maker, Int16, &[channels]);
    let entries = [("input_correction_bits", 3), ("output_scale", 64)];
    last(maker, "SignalFilterBankLog", &[amplified], &[output], Some(&entries));
}

fn circular_buffer(maker: &mut Maker) {
    let (rows, width, channels) =
        (maker.random.between(2, 6), maker.random.between(1, 4), maker.random.between(1, 8));
    let input = maker.input(Int8, &[1, 1, width, channels]);
    let output = maker.activation_like(input, &[1, rows, width, channels]);
    last(maker, "CIRCULAR_BUFFER", &[input], &[output], None);
}

fn detection_postprocess(maker: &mut Maker) {
    let (boxes, classes, detections) =
        (maker.random.between(2, 12), maker.random.between(1, 5), maker.random.between(1, 6));
    let encodings = maker.input(Float32, &[1, boxes, 4]);
    let scores = maker.input(Float32, &[1, boxes, classes + 1]);
    let anchors = maker.weights(Float32, &[boxes, 4]);
    let outputs = [vec![1, detections, 4], vec![1, detections], vec![1, detections], vec![1]];
    let outputs = outputs.map(|shape| maker.activation(Float32, &shape));
    let entries = [
        ("detections_per_class", 10),
        ("h_scale", 5),
        ("max_classes_per_detection", 1),
        ("max_detections", detections),
        ("nms_iou_threshold", 1),
        ("nms_score_threshold", 0),
        ("num_classes", classes),
        ("use_regular_nms", 0),
        ("w_scale", 5),
        ("x_scale", 10),
        ("y_scale", 10),
    ];
    last(maker, "TFLite_Detection_PostProcess", &[encodings, scores, anchors], &outputs, Some(&entries));
}

fn decode_lut(maker: &mut Maker) {
    let n = 4 * maker.random.between(1, 9);
    let compressed = Tensor::new("compressed", Uint8, &[n / 4]);
    let compressed = maker.constant_of(compressed);
    // Type and version, then the type's own version, index width and values per channel; four values follow.
    let mut description = vec![0u8; 20];
    (description[1], description[4], description[5], description[6]) = (1, 1, 2, 4);
    let shape = [description.len() as i32];
    let description = maker.builder.constant(Tensor::new("description", Uint8, &shape), &description);
    let weights = maker.activation(Int8, &[n]);
    custom(maker, "TFLM_DECODE", &[compressed, description], &[weights], None);
    let input = maker.activation_like(weights, &[n]);
    maker.builder.model().subgraphs[0].inputs.push(input);
    let output = maker.activation(Int8, &[n]);
    let options = emberlab_core::model::Options::new("AddOptions");
    maker.last(emberlab_core::model::BuiltinOperator::ADD, &[input, weights], &[output], Some(options));
}
