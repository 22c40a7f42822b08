//! TFLite UNIDIRECTIONAL_SEQUENCE_LSTM, without peepholes, projection and layer normalisation, as TFLM has it.
//!
//! Reference: micro/kernels/unidirectional_sequence_lstm.cc, lstm_eval.h, lstm_eval.cc and lstm_eval_common.cc in
//! github.com/espressif/esp-tflite-micro at 99f49e1498b0984f4db54d9bf3938aceb99ad422.
//!
//! Shapes: input [batches, steps, inputs] (steps first if `time_major`), weights [units, inputs] and [units, units], biases
//! [units], states [batches, units], output [batches, steps, units].
//!
//! int8 and int16: the sums over inputs and over the hidden state are scaled to Q3.12 apart and clamped to 16 bits each, then
//! added and clamped again; gates are Q0.15, the cell state has 16 bits and a scale of a power of two. The reference computes
//! gate after gate into four buffers; here all four gates of a unit come at once, the step's output waits in the output
//! tensor until the hidden state is no longer read, and there is no buffer. LiteRT's gates have other activation functions
//! and round elsewhere.

use super::dot::dot;
use super::logistic_tanh::{logistic_f32, logistic_of_3_4096ths, tanh_of_3_4096ths};
use crate::error::Reason;
use crate::eval::{EvalContext, Operand, Operands, cast_mut};
use crate::fixed_point::{Multiplier, logistic_16, round_f32, rounding_divide_by_pot, tanh_16};
use crate::prepare::{PrepareContext, Semantics, expect_equal};
use crate::records::{Record, record};
use crate::registry::{Eval, Exactness, Kernel, KernelEntry, OperatorKey, Support, exact, float};
use crate::schema::{BuiltinOperator, TensorType};
use crate::tensor::{Element, Tensor};

/// The entry of the dispatch table.
pub const ENTRY: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::UNIDIRECTIONAL_SEQUENCE_LSTM),
    versions: &[Kernel { name: "plain", prepare, eval: Eval::Kernel(eval) }],
    support: &[
        exact("int8"),
        Support { types: "int16 with int8 weights", tflm: Some(Exactness::Bits), litert: None },
        float("float32"),
    ],
};

/// Positions among the inputs. Gates go in the order input, forget, cell, output.
const INPUT: usize = 0;
const INPUT_WEIGHTS: usize = 1;
const RECURRENT_WEIGHTS: usize = 5;
const BIASES: usize = 12;
const HIDDEN_STATE: usize = 18;
const CELL_STATE: usize = 19;
const N_INPUTS: usize = 24;
const GATES: usize = 4;

/// The scale of the input of a gate's activation function, 2^-12, and of its output, 2^-15.
const GATE_INPUT_SCALE: f32 = 1.0 / 4096.0;
const GATE_OUTPUT_SCALE: f32 = 1.0 / 32768.0;

const INT8: u32 = 0;
const INT16: u32 = 1;
const FLOAT32: u32 = 2;

record! {
    struct Sizes {
        kind: u32,
        batches: u32,
        steps: u32,
        inputs: u32,
        units: u32,
        is_time_major: bool,
    }
}

record! {
    /// Behind the sizes of int8 and int16.
    struct Integer {
        sizes: Sizes,
        input_offset: i32,
        hidden_offset: i32,
        hidden_zero_point: i32,
        input_multipliers: [Multiplier; GATES],
        recurrent_multipliers: [Multiplier; GATES],
        forget_times_cell: Multiplier,
        input_times_cell_gate: Multiplier,
        output_times_tanh: Multiplier,
        /// Limit of the cell state; 0 for none.
        cell_clip: i32,
        /// From the cell state to multiples of 1/(3 * 4096), which tanh takes.
        tanh_multiplier: i32,
        tanh_right_shift: i32,
        arithmetic: GateArithmetic,
        /// Logarithm of the scale of the cell state to base 2.
        cell_log2: i32,
    }
}

/// Whose activation functions and roundings the gates have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum GateArithmetic {
    /// TFLM: interpolated tables.
    Tables,
    /// LiteRT: gemmlowp's 16-bit functions.
    Polynomials,
}

impl Record for GateArithmetic {
    const WORDS: usize = 1;
    fn read(words: &[u32]) -> Self {
        if words[0] == 0 { Self::Tables } else { Self::Polynomials }
    }
    fn write(self, words: &mut [u32]) {
        words[0] = u32::from(self == Self::Polynomials);
    }
}

record! {
    /// Behind the sizes of float32.
    struct Float {
        sizes: Sizes,
        /// Limit of the cell state; 0 for none.
        cell_clip: f32,
    }
}

fn prepare(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(N_INPUTS..=N_INPUTS, 1)?;
    let options = context.options("UnidirectionalSequenceLSTMOptions")?;
    let input = context.input(INPUT, "input")?;
    let hidden = context.input(HIDDEN_STATE, "hidden state")?;
    let cell = context.input(CELL_STATE, "cell state")?;
    let output = context.output(0, "output")?;
    for position in (9..12).chain(16..18).chain(20..24) {
        if context.optional_input(position, "input")?.is_some() {
            return Err(Reason::Unsupported("LSTM with peepholes, projection or layer normalisation"));
        }
    }
    let kind = match input.ty {
        TensorType::Int8 => INT8,
        TensorType::Int16 => INT16,
        TensorType::Float32 => FLOAT32,
        found => return Err(Reason::Type { operand: input.role, found, expected: "int8, int16 or float32" }),
    };
    hidden.expect_type(&[input.ty], "the type of the input")?;
    output.expect_type(&[input.ty], "the type of the input")?;
    for state in [&hidden, &cell] {
        if !state.is_variable {
            let problem = "it has to be a variable tensor";
            return Err(Reason::Quantization { operand: state.role, problem });
        }
    }
    let sizes = sizes(context, kind, &input, &hidden, &cell, &output)?;
    check_weights(context, &sizes)?;
    // TFLM's interpreter knows no other activation of the cell gate than tanh.
    let activation = options.int("fused_activation_function")?;
    if activation != 4 {
        let what = "fused_activation_function";
        return Err(Reason::Range { what, found: activation, expected: "4 (TANH)" });
    }
    let cell_clip = options.float("cell_clip")?;
    if kind == FLOAT32 {
        cell.expect_type(&[TensorType::Float32], "float32")?;
        return context.save(Float { sizes, cell_clip: if cell_clip > 0.0 { cell_clip } else { 0.0 } });
    }
    cell.expect_type(&[TensorType::Int16], "int16")?;
    let params = integer(context, sizes, cell_clip, &input, &hidden, &cell)?;
    context.save(params)
}

fn sizes(
    context: &PrepareContext<'_, '_>,
    kind: u32,
    input: &Tensor<'_>,
    hidden: &Tensor<'_>,
    cell: &Tensor<'_>,
    output: &Tensor<'_>,
) -> Result<Sizes, Reason> {
    let is_time_major = context.options("UnidirectionalSequenceLSTMOptions")?.bool("time_major")?;
    expect_equal("number of dimensions of the input", input.shape.rank(), 3)?;
    expect_equal("number of dimensions of the output", output.shape.rank(), 3)?;
    let (outer, inner) = (input.shape.dim(0), input.shape.dim(1));
    let (batches, steps) = if is_time_major { (inner, outer) } else { (outer, inner) };
    let units = output.shape.dim(2);
    expect_equal("first dimension of the output", output.shape.dim(0), outer)?;
    expect_equal("second dimension of the output", output.shape.dim(1), inner)?;
    // States may have one or two dimensions.
    expect_equal("elements of the hidden state", hidden.elements(), batches * units)?;
    expect_equal("elements of the cell state", cell.elements(), batches * units)?;
    Ok(Sizes {
        kind,
        batches: batches as u32,
        steps: steps as u32,
        inputs: input.shape.dim(2) as u32,
        units: units as u32,
        is_time_major,
    })
}

fn check_weights(context: &PrepareContext<'_, '_>, sizes: &Sizes) -> Result<(), Reason> {
    let (weight, expected_weight, bias, expected_bias) = match sizes.kind {
        INT8 => (TensorType::Int8, "int8", TensorType::Int32, "int32"),
        INT16 => (TensorType::Int8, "int8", TensorType::Int64, "int64"),
        _ => (TensorType::Float32, "float32", TensorType::Float32, "float32"),
    };
    for gate in 0..GATES {
        for (first, depth) in [(INPUT_WEIGHTS, sizes.inputs), (RECURRENT_WEIGHTS, sizes.units)] {
            let weights = context.input(first + gate, "weights")?;
            weights.expect_type(&[weight], expected_weight)?;
            expect_equal("number of dimensions of the weights", weights.shape.rank(), 2)?;
            expect_equal("units of the weights", weights.shape.dim(0), sizes.units as usize)?;
            expect_equal("inputs of the weights", weights.shape.dim(1), depth as usize)?;
        }
        let biases = context.input(BIASES + gate, "bias")?;
        biases.expect_type(&[bias], expected_bias)?;
        expect_equal("elements of the bias", biases.elements(), sizes.units as usize)?;
    }
    Ok(())
}

fn integer(
    context: &PrepareContext<'_, '_>,
    sizes: Sizes,
    cell_clip: f32,
    input: &Tensor<'_>,
    hidden: &Tensor<'_>,
    cell: &Tensor<'_>,
) -> Result<Integer, Reason> {
    let (input_scale, input_zero_point) = input.scale_and_zero_point()?;
    let (hidden_scale, hidden_zero_point) = hidden.scale_and_zero_point()?;
    let (cell_scale, _) = cell.scale_and_zero_point()?;
    let none = Multiplier { multiplier: 0, shift: 0 };
    let (mut input_multipliers, mut recurrent_multipliers) = ([none; GATES], [none; GATES]);
    let max_shift = if sizes.kind == INT16 { 14 } else { 30 };
    for gate in 0..GATES {
        for (first, scale, multipliers) in [
            (INPUT_WEIGHTS, input_scale, &mut input_multipliers),
            (RECURRENT_WEIGHTS, hidden_scale, &mut recurrent_multipliers),
        ] {
            let weights = context.input(first + gate, "weights")?;
            let (weight_scale, weight_zero_point) = weights.scale_and_zero_point()?;
            let n_scales = weights.quantization()?.map_or(1, |quantization| quantization.scales.len());
            if n_scales != 1 || weight_zero_point != 0 {
                let problem = "it has to be one scale and a zero point of 0";
                return Err(Reason::Quantization { operand: weights.role, problem });
            }
            // The scales are multiplied in float32, as for a fully connected layer.
            let factor = f64::from(scale * weight_scale) / f64::from(GATE_INPUT_SCALE);
            let found = Multiplier::from_f64(factor).filter(|found| found.shift <= max_shift);
            let problem = "the factor of a gate is not a number that fits";
            multipliers[gate] = found.ok_or(Reason::Quantization { operand: weights.role, problem })?;
        }
    }
    let product = |a: f32, b: f32, to: f32| {
        let problem = "the factor of a product is not a number that fits";
        Multiplier::from_f64(f64::from(a) * f64::from(b) / f64::from(to))
            .ok_or(Reason::Quantization { operand: cell.role, problem })
    };
    let (tanh_multiplier, tanh_right_shift) = tanh_scaling(cell_scale)
        .ok_or(Reason::Quantization { operand: cell.role, problem: "the scale is too large or too small" })?;
    let quantized_clip = f64::from(cell_clip) / f64::from(cell_scale);
    let cell_log2 = log2_of(cell_scale);
    let arithmetic = match context.semantics() {
        Semantics::Tflm => GateArithmetic::Tables,
        Semantics::Litert => GateArithmetic::Polynomials,
    };
    let (mut output_scale, mut output_zero_point) = (hidden_scale, hidden_zero_point);
    if arithmetic == GateArithmetic::Polynomials {
        check_litert(sizes.kind, cell, cell_log2)?;
        (output_scale, output_zero_point) =
            context.intermediate(4, "intermediate tensor of the hidden state")?.scale_and_zero_point()?;
    }
    let output_times_tanh = match arithmetic {
        GateArithmetic::Tables => product(GATE_OUTPUT_SCALE, GATE_OUTPUT_SCALE, output_scale)?,
        GateArithmetic::Polynomials => {
            // LiteRT keeps the factor in float32.
            let factor =
                f64::from(GATE_OUTPUT_SCALE) * f64::from(GATE_OUTPUT_SCALE) / f64::from(output_scale);
            product(factor as f32, 1.0, 1.0)?
        }
    };
    Ok(Integer {
        sizes,
        input_offset: input_zero_point.wrapping_neg(),
        hidden_offset: hidden_zero_point.wrapping_neg(),
        hidden_zero_point: output_zero_point,
        input_multipliers,
        recurrent_multipliers,
        forget_times_cell: product(GATE_OUTPUT_SCALE, cell_scale, cell_scale)?,
        input_times_cell_gate: product(GATE_OUTPUT_SCALE, GATE_OUTPUT_SCALE, cell_scale)?,
        output_times_tanh,
        cell_clip: if cell_clip > 0.0 { quantized_clip.clamp(-32768.0, 32767.0) as i32 } else { 0 },
        tanh_multiplier,
        tanh_right_shift,
        arithmetic,
        cell_log2,
    })
}

/// What LiteRT's reference kernel has no arithmetic for.
fn check_litert(kind: u32, cell: &Tensor<'_>, cell_log2: i32) -> Result<(), Reason> {
    if kind == INT16 {
        return Err(Reason::Unsupported("LiteRT has no LSTM with int16 activations"));
    }
    if !(-15..=-9).contains(&cell_log2) {
        let problem = "the scale of the cell state has to lie between 2^-15 and 2^-9";
        return Err(Reason::Quantization { operand: cell.role, problem });
    }
    Ok(())
}

/// The nearest whole logarithm to base 2 (`CheckedLog2`, kernels/internal/quantization_util.cc).
fn log2_of(scale: f32) -> i32 {
    round_f32(libm::logf(scale) * (1.0 / libm::logf(2.0))) as i32
}

/// Multiplier and shift to the right from a cell state to multiples of 1/(3 * 4096); `None` for scales that no cell state
/// of 16 bits has (`CheckedLog2` and `Tanh`, kernels/internal/quantization_util.cc and micro/kernels/lstm_eval.cc).
fn tanh_scaling(cell_scale: f32) -> Option<(i32, i32)> {
    let left_shift = 15 + log2_of(cell_scale) - 3;
    match left_shift {
        0..=14 => Some((3 << left_shift, 0)),
        -30..=-1 => Some((3, -left_shift)),
        _ => None,
    }
}

fn eval(context: &mut EvalContext<'_>) {
    let sizes: Sizes = context.params();
    let (integer, float): (Option<Integer>, Option<Float>) =
        if sizes.kind == FLOAT32 { (None, Some(context.params())) } else { (Some(context.params()), None) };
    let writes = [Operand::Output(0), Operand::Input(HIDDEN_STATE), Operand::Input(CELL_STATE)];
    let ([output, hidden, cell], operands) = context.split(writes);
    match (sizes.kind, integer, float) {
        (INT8, Some(params), _) => {
            let weights = Weights::new(&operands);
            run(&sizes, operands.input(INPUT), cast_mut(output), cast_mut(hidden), cast_mut(cell), |step| {
                int8_step(&params, &weights, step);
            });
        }
        (INT16, Some(params), _) => {
            let weights = Weights::new(&operands);
            run(&sizes, operands.input(INPUT), cast_mut(output), cast_mut(hidden), cast_mut(cell), |step| {
                int16_step(&params, &weights, step);
            });
        }
        (_, _, Some(params)) => {
            let weights = Weights::new(&operands);
            run(&sizes, operands.input(INPUT), cast_mut(output), cast_mut(hidden), cast_mut(cell), |step| {
                float_step(params.cell_clip, &weights, step);
            });
        }
        _ => (),
    }
}

/// Weights and biases of the four gates.
struct Weights<'a, WEIGHT, BIAS> {
    input: [&'a [WEIGHT]; GATES],
    recurrent: [&'a [WEIGHT]; GATES],
    bias: [&'a [BIAS]; GATES],
}

impl<'a, WEIGHT: Element, BIAS: Element> Weights<'a, WEIGHT, BIAS> {
    fn new(operands: &Operands<'a>) -> Self {
        Self {
            input: core::array::from_fn(|gate| operands.input(INPUT_WEIGHTS + gate)),
            recurrent: core::array::from_fn(|gate| operands.input(RECURRENT_WEIGHTS + gate)),
            bias: core::array::from_fn(|gate| operands.input(BIASES + gate)),
        }
    }

    /// The rows of a unit.
    fn input_rows(&self, unit: usize, length: usize) -> [&'a [WEIGHT]; GATES] {
        self.input.map(|weights| &weights[unit * length..][..length])
    }

    fn recurrent_rows(&self, unit: usize, length: usize) -> [&'a [WEIGHT]; GATES] {
        self.recurrent.map(|weights| &weights[unit * length..][..length])
    }
}

/// One step of one batch.
struct Step<'a, T, CELL> {
    input: &'a [T],
    /// The hidden state before the step.
    hidden: &'a [T],
    cell: &'a mut [CELL],
    /// The hidden state after the step.
    output: &'a mut [T],
}

/// Runs all steps of all batches.
fn run<T: Element, CELL>(
    sizes: &Sizes,
    input: &[T],
    output: &mut [T],
    hidden: &mut [T],
    cell: &mut [CELL],
    mut run_step: impl FnMut(Step<'_, T, CELL>),
) {
    let (inputs, units) = (sizes.inputs as usize, sizes.units as usize);
    let (batches, steps) = (sizes.batches as usize, sizes.steps as usize);
    for batch in 0..batches {
        let hidden = &mut hidden[batch * units..][..units];
        let cell = &mut cell[batch * units..][..units];
        for step in 0..steps {
            let at = if sizes.is_time_major { step * batches + batch } else { batch * steps + step };
            let input = &input[at * inputs..][..inputs];
            let output = &mut output[at * units..][..units];
            run_step(Step { input, hidden, cell, output });
            hidden.copy_from_slice(output);
        }
    }
}

/// The sum of two 16-bit numbers that have been clamped, clamped again.
fn add_16(a: i32, b: i32) -> i32 {
    (clamp_16(a) + clamp_16(b)).clamp(-32768, 32767)
}

fn clamp_16(value: i32) -> i32 {
    value.clamp(-32768, 32767)
}

fn int8_step(params: &Integer, weights: &Weights<'_, i8, i32>, step: Step<'_, i8, i16>) {
    let units = step.hidden.len();
    for unit in 0..units {
        let mut input_sums = weights.bias.map(|bias| bias[unit]);
        let input_rows = weights.input_rows(unit, step.input.len());
        dot(step.input, input_rows, params.input_offset, &mut input_sums);
        let mut recurrent_sums = [0; GATES];
        let recurrent_rows = weights.recurrent_rows(unit, units);
        dot(step.hidden, recurrent_rows, params.hidden_offset, &mut recurrent_sums);
        let gates = core::array::from_fn(|gate| {
            let from_input = params.input_multipliers[gate].apply(input_sums[gate]);
            let from_hidden = params.recurrent_multipliers[gate].apply(recurrent_sums[gate]);
            match params.arithmetic {
                GateArithmetic::Tables => add_16(from_input, from_hidden),
                GateArithmetic::Polynomials => clamp_16(clamp_16(from_input).wrapping_add(from_hidden)),
            }
        });
        let hidden = match params.arithmetic {
            GateArithmetic::Tables => finish_unit(params, gates, &mut step.cell[unit]),
            GateArithmetic::Polynomials => finish_unit_litert(params, gates, &mut step.cell[unit]),
        };
        step.output[unit] = hidden.clamp(-128, 127) as i8;
    }
}

fn int16_step(params: &Integer, weights: &Weights<'_, i8, i64>, step: Step<'_, i16, i16>) {
    let units = step.hidden.len();
    let sum_of = |values: &[i16], weights: &[i8], offset: i32, start: i64| {
        values.iter().zip(weights).fold(start, |sum, (value, weight)| {
            let product = i32::from(*value).wrapping_add(offset).wrapping_mul(i32::from(*weight));
            sum.wrapping_add(i64::from(product))
        })
    };
    for unit in 0..units {
        let input_rows = weights.input_rows(unit, step.input.len());
        let recurrent_rows = weights.recurrent_rows(unit, units);
        let gates = core::array::from_fn(|gate| {
            let bias = weights.bias[gate][unit];
            let from_input = sum_of(step.input, input_rows[gate], params.input_offset, bias);
            let from_hidden = sum_of(step.hidden, recurrent_rows[gate], params.hidden_offset, 0);
            add_16(
                params.input_multipliers[gate].apply_64(from_input),
                params.recurrent_multipliers[gate].apply_64(from_hidden),
            )
        });
        let hidden = finish_unit(params, gates, &mut step.cell[unit]);
        step.output[unit] = clamp_16(hidden) as i16;
    }
}

/// From the inputs of the gates' activation functions to the new cell state and the new hidden state, which is not clamped.
fn finish_unit(params: &Integer, gates: [i32; GATES], cell: &mut i16) -> i32 {
    let [input, forget, cell_gate, output] = gates;
    let input = i32::from(logistic_of_3_4096ths(3 * input));
    let forget = i32::from(logistic_of_3_4096ths(3 * forget));
    let cell_gate = i32::from(tanh_of_3_4096ths(3 * cell_gate));
    let output = i32::from(logistic_of_3_4096ths(3 * output));
    let kept = params.forget_times_cell.apply(forget * i32::from(*cell));
    let added = params.input_times_cell_gate.apply(input * cell_gate);
    let mut new_cell = add_16(kept, added);
    if params.cell_clip > 0 {
        new_cell = new_cell.min(params.cell_clip).max(-params.cell_clip);
    }
    *cell = new_cell as i16;
    let round = if params.tanh_right_shift > 0 { 1 << (params.tanh_right_shift - 1) } else { 0 };
    let scaled = new_cell.wrapping_mul(params.tanh_multiplier).wrapping_add(round) >> params.tanh_right_shift;
    let tanh = i32::from(tanh_of_3_4096ths(scaled));
    params.output_times_tanh.apply(tanh * output).wrapping_add(params.hidden_zero_point)
}

/// As [`finish_unit`], with the arithmetic of LiteRT (`UpdateLstmCellInteger` and `CalculateLstmOutputInteger8x8_16`,
/// tflite/kernels/lstm_eval.cc in github.com/google-ai-edge/LiteRT at 67ddd63496546b975e41263335a83a2d23b9883c).
fn finish_unit_litert(params: &Integer, gates: [i32; GATES], cell: &mut i16) -> i32 {
    let [input, forget, cell_gate, output] = gates.map(|gate| gate as i16);
    let input = i32::from(logistic_16(input));
    let forget = i32::from(logistic_16(forget));
    let cell_gate = i32::from(tanh_16(cell_gate, 3));
    let output = i32::from(logistic_16(output));
    // The products are kept in 16 bits without a clamp.
    let kept = rounding_divide_by_pot(forget * i32::from(*cell), 15) as i16;
    let added = rounding_divide_by_pot(input * cell_gate, 30 + params.cell_log2) as i16;
    let mut new_cell = i32::from(kept.saturating_add(added));
    if params.cell_clip > 0 {
        new_cell = new_cell.min(params.cell_clip).max(-params.cell_clip);
    }
    *cell = new_cell as i16;
    let tanh = i32::from(tanh_16(*cell, (15 + params.cell_log2) as u32));
    params.output_times_tanh.apply(output * tanh).wrapping_add(params.hidden_zero_point)
}

fn float_step(cell_clip: f32, weights: &Weights<'_, f32, f32>, step: Step<'_, f32, f32>) {
    let units = step.hidden.len();
    // One product after the other: another order would round otherwise.
    let sum_of = |values: &[f32], weights: &[f32]| {
        values.iter().zip(weights).fold(0.0, |sum, (value, weight)| sum + value * weight)
    };
    for unit in 0..units {
        let input_rows = weights.input_rows(unit, step.input.len());
        let recurrent_rows = weights.recurrent_rows(unit, units);
        let [input, forget, cell_gate, output] = core::array::from_fn(|gate| {
            let from_input = sum_of(step.input, input_rows[gate]) + weights.bias[gate][unit];
            from_input + sum_of(step.hidden, recurrent_rows[gate])
        });
        let kept = logistic_f32(forget) * step.cell[unit];
        let mut new_cell = kept + logistic_f32(input) * libm::tanhf(cell_gate);
        if cell_clip > 0.0 {
            new_cell = new_cell.min(cell_clip).max(-cell_clip);
        }
        step.cell[unit] = new_cell;
        step.output[unit] = libm::tanhf(new_cell) * logistic_f32(output);
    }
}
