//! TFLM's custom operators for audio. LiteRT has none of them.

use emberlab_core::model::{Tensor, TensorId, TensorType};

use super::Recipe;
use super::flexbuffer::flexbuffer_map;
use super::maker::{Maker, Values};
use TensorType::{Bool, Float32, Int16, Int32, Uint32, Uint64};

pub const RECIPES: &[Recipe] = &[
    ("signal_window", window),
    ("signal_fft_auto_scale", fft_auto_scale),
    ("signal_rfft", rfft),
    ("signal_irfft", irfft),
    ("signal_energy", energy),
    ("signal_filter_bank", filter_bank),
    ("signal_filter_bank_square_root", square_root),
    ("signal_filter_bank_spectral_subtraction", spectral_subtraction),
    ("signal_pcan", pcan),
    ("signal_filter_bank_log", log),
    ("signal_delay", delay),
    ("signal_framer", framer),
    ("signal_stacker", stacker),
    ("signal_overlap_add", overlap_add),
];

fn finish(
    maker: &mut Maker,
    name: &str,
    entries: Option<&[(&str, i32)]>,
    inputs: &[TensorId],
    outputs: &[TensorId],
) {
    maker.skip.push("litert");
    maker.custom(name, entries.map(flexbuffer_map), inputs, outputs);
}

fn between(maker: &mut Maker, low: i64, high: i64) -> i32 {
    maker.random.between(low, high) as i32
}

fn window(maker: &mut Maker) {
    let (samples, rows) = (between(maker, 1, 40), between(maker, 1, 3));
    let shape = maker.random.pick(&[&[rows, samples][..], &[1, rows, samples]]).to_vec();
    let input = maker.input(Int16, &shape);
    let weights = maker.random_constant(Tensor::new("", Int16, &[samples]));
    let output = maker.tensor(Int16, &shape);
    let shift = between(maker, 0, 18);
    finish(maker, "SignalWindow", Some(&[("shift", shift)]), &[input, weights], &[output]);
}

fn fft_auto_scale(maker: &mut Maker) {
    let samples = between(maker, 1, 40);
    let (input, output) = (maker.input(Int16, &[samples]), maker.tensor(Int16, &[samples]));
    let scale_bit = maker.tensor(Int32, &[]);
    finish(maker, "SignalFftAutoScale", None, &[input], &[output, scale_bit]);
}

const LENGTHS: &[i32] = &[4, 6, 8, 10, 12, 16, 18, 20, 30, 32, 50, 60, 64, 90, 120, 128, 256, 480, 512];

/// Type, its number in the schema, and length of a transform.
fn transform(maker: &mut Maker) -> (TensorType, i32, i32) {
    let (ty, code) = maker.random.pick(&[(Int16, 7), (Int16, 7), (Int32, 2), (Float32, 0)]);
    (ty, code, maker.random.pick(LENGTHS))
}

fn rfft(maker: &mut Maker) {
    let (ty, code, length) = transform(maker);
    let samples = if maker.random.one_in(2) { length } else { between(maker, 1, i64::from(length)) };
    let rows = between(maker, 1, 2);
    let (input, output) = (maker.input(ty, &[rows, samples]), maker.tensor(ty, &[rows, length + 2]));
    finish(maker, "SignalRfft", Some(&[("T", code), ("fft_length", length)]), &[input], &[output]);
}

fn irfft(maker: &mut Maker) {
    let (ty, code, length) = transform(maker);
    let rows = between(maker, 1, 2);
    let (input, output) = (maker.input(ty, &[rows, length + 2]), maker.tensor(ty, &[rows, length]));
    finish(maker, "SignalIrfft", Some(&[("T", code), ("fft_length", length)]), &[input], &[output]);
}

fn energy(maker: &mut Maker) {
    let bins = between(maker, 1, 40);
    let (input, output) = (maker.input(Int16, &[2 * bins]), maker.tensor(Uint32, &[bins]));
    let entries = [("end_index", bins), ("start_index", 0)];
    finish(maker, "SignalEnergy", Some(&entries), &[input], &[output]);
}

fn filter_bank(maker: &mut Maker) {
    let (channels, bins) = (between(maker, 1, 12), between(maker, 1, 60));
    let (mut starts, mut weight_starts, mut widths) = (Vec::new(), Vec::new(), Vec::new());
    let mut n_weights = 0;
    for _ in 0..=channels {
        let start = between(maker, 0, i64::from(bins) - 1);
        let width = between(maker, 0, i64::from((bins - start).min(9)));
        starts.push(start as i16);
        weight_starts.push(n_weights as i16);
        widths.push(width as i16);
        n_weights += width;
    }
    let n_weights = n_weights.max(1);
    let input = maker.input(Uint32, &[bins]);
    let weights = [0, 1].map(|_| maker.random_constant(Tensor::new("", Int16, &[n_weights])));
    let lists = [starts, weight_starts, widths]
        .map(|list| maker.constant(Tensor::new("", Int16, &[channels + 1]), &list));
    let output = maker.tensor(Uint64, &[channels]);
    let inputs = [&[input][..], &weights, &lists].concat();
    finish(maker, "SignalFilterBank", Some(&[("num_channels", channels)]), &inputs, &[output]);
}

fn square_root(maker: &mut Maker) {
    let channels = between(maker, 1, 40);
    let input = maker.input(Uint64, &[channels]);
    let shift = maker.input_of(Tensor::new("", Int32, &[]), Values::Ints(0, 31));
    let output = maker.tensor(Uint32, &[channels]);
    finish(maker, "SignalFilterBankSquareRoot", None, &[input, shift], &[output]);
}

fn spectral_subtraction(maker: &mut Maker) {
    let channels = between(maker, 1, 20);
    let input = maker.input(Uint32, &[channels]);
    let outputs = [0, 1].map(|_| maker.tensor(Uint32, &[channels]));
    let bits = between(maker, 8, 16);
    let share = |maker: &mut Maker| between(maker, 0, 1 << bits);
    let (even, odd) = (share(maker), share(maker));
    let entries = [
        ("alternate_one_minus_smoothing", (1 << bits) - odd),
        ("alternate_smoothing", odd),
        ("clamping", between(maker, 0, 1)),
        ("min_signal_remaining", share(maker)),
        ("num_channels", channels),
        ("one_minus_smoothing", (1 << bits) - even),
        ("smoothing", even),
        ("smoothing_bits", between(maker, 0, 12)),
        ("spectral_subtraction_bits", bits),
    ];
    maker.n_steps = 4;
    finish(maker, "SignalFilterBankSpectralSubtraction", Some(&entries), &[input], &outputs);
}

fn pcan(maker: &mut Maker) {
    let channels = between(maker, 1, 20);
    let inputs = [maker.input(Uint32, &[channels]), maker.input(Uint32, &[channels])];
    let table = maker.random_constant(Tensor::new("", Int16, &[125]));
    let output = maker.tensor(Uint32, &[channels]);
    let entries = [("snr_shift", between(maker, 0, 40))];
    finish(maker, "SignalPCAN", Some(&entries), &[inputs[0], inputs[1], table], &[output]);
}

fn log(maker: &mut Maker) {
    let channels = between(maker, 1, 40);
    let (input, output) = (maker.input(Uint32, &[channels]), maker.tensor(Int16, &[channels]));
    let entries =
        [("input_correction_bits", between(maker, 0, 8)), ("output_scale", between(maker, 1, 100_000))];
    finish(maker, "SignalFilterBankLog", Some(&entries), &[input], &[output]);
}

fn delay(maker: &mut Maker) {
    let shape = maker.shape(1..=3);
    let (input, output) = (maker.input(Int16, &shape), maker.tensor(Int16, &shape));
    maker.n_steps = 4;
    let entries = [("delay_length", between(maker, 0, 12))];
    finish(maker, "SignalDelay", Some(&entries), &[input], &[output]);
}

fn framer(maker: &mut Maker) {
    let (step, frames, rows) = (between(maker, 1, 9), between(maker, 1, 3), between(maker, 1, 2));
    let frame = step + between(maker, 0, 12);
    let prefills = between(maker, 0, 1);
    let input = maker.input(Int16, &[rows, step * frames]);
    let output = maker.tensor(Int16, &[rows, frames, frame]);
    let valid = maker.tensor(Bool, &[]);
    maker.n_steps = 6;
    if prefills == 0 {
        // Frames that are not complete yet are left to chance.
        maker.first_compared_step = (frame as usize).div_ceil(step as usize);
        maker.n_steps += maker.first_compared_step;
    }
    let entries = [("frame_size", frame), ("frame_step", step), ("prefill", prefills)];
    finish(maker, "SignalFramer", Some(&entries), &[input], &[output, valid]);
}

fn stacker(maker: &mut Maker) {
    let (channels, left, right) = (between(maker, 1, 6), between(maker, 0, 3), between(maker, 0, 3));
    let n_frames = left + right + 1;
    let input = maker.input(Int16, &[channels]);
    let output = maker.tensor(Int16, &[channels * n_frames]);
    let valid = maker.tensor(Bool, &[]);
    // Before the first stack is complete the output is left to chance.
    maker.first_compared_step = right as usize;
    maker.n_steps = right as usize + 6;
    let entries = [
        ("num_channels", channels),
        ("stacker_left_context", left),
        ("stacker_right_context", right),
        ("stacker_step", between(maker, 1, i64::from(n_frames))),
    ];
    finish(maker, "SignalStacker", Some(&entries), &[input], &[output, valid]);
}

fn overlap_add(maker: &mut Maker) {
    let (ty, code) = maker.random.pick(&[(Int16, 7), (Float32, 0)]);
    let (frame, frames, rows) = (between(maker, 1, 16), between(maker, 1, 3), between(maker, 1, 2));
    let step = between(maker, 1, i64::from(frame));
    let (input, output) = (maker.input(ty, &[rows, frames, frame]), maker.tensor(ty, &[rows, frames * step]));
    maker.n_steps = 4;
    finish(maker, "SignalOverlapAdd", Some(&[("T", code), ("frame_step", step)]), &[input], &[output]);
}
