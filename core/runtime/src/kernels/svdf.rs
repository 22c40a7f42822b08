//! TFLite SVDF: a layer of rank-reduced filters over input and time.
//!
//! Reference: micro/kernels/svdf.cc and svdf_common.cc in github.com/espressif/esp-tflite-micro at
//! 99f49e1498b0984f4db54d9bf3938aceb99ad422.
//!
//! Shapes: input [batches, inputs], feature weights [filters, inputs], time weights [filters, memory], bias [units], state
//! [batches, filters * memory], output [batches, units] with filters = units * rank. Sums have 32 bits and wrap. The
//! reference keeps the filters' sums in buffers; here a unit adds up its filters at once. int8 has no fused activation.

use crate::error::Reason;
use crate::eval::{EvalContext, Operand, cast_mut};
use crate::fixed_point::{FloatRange, Multiplier, activation_range_float};
use crate::prepare::{PrepareContext, expect_equal};
use crate::records::record;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, exact, float};
use crate::schema::{BuiltinOperator, TensorType};
use crate::tensor::{Element, Tensor};

/// The entry of the dispatch table.
pub const ENTRY: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::SVDF),
    versions: &[Kernel { name: "plain", prepare, eval: Eval::Kernel(eval) }],
    support: &[exact("int8 with int16 state"), exact("int8"), float("float32")],
};

const STATE: usize = 4;

const INT8: u32 = 0;
const INT16_STATE: u32 = 1;
const FLOAT32: u32 = 2;

record! {
    struct Sizes {
        kind: u32,
        batches: u32,
        inputs: u32,
        memory: u32,
        units: u32,
        rank: u32,
    }
}

record! {
    struct Integer {
        sizes: Sizes,
        to_state: Multiplier,
        to_output: Multiplier,
        input_zero_point: i32,
        state_zero_point: i32,
        output_zero_point: i32,
    }
}

record! {
    struct Float {
        sizes: Sizes,
        activation: u32,
        range: FloatRange,
    }
}

/// Activations that floats have besides the usual ones, by the schema's numbers.
const TANH: u32 = 4;
const SIGN_BIT: u32 = 5;

fn prepare(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(5..=5, 1)?;
    let input = context.input(0, "input")?;
    let features = context.input(1, "feature weights")?;
    let times = context.input(2, "time weights")?;
    let bias = context.optional_input(3, "bias")?;
    let state = context.input(STATE, "state")?;
    let output = context.output(0, "output")?;
    let options = context.options("SVDFOptions")?;
    for tensor in [&input, &features, &times, &state, &output] {
        if tensor.shape.rank() != 2 {
            let found = tensor.shape.rank() as i64;
            return Err(Reason::Range { what: "number of dimensions of an operand", found, expected: "2" });
        }
    }
    let rank = options.positive("rank")? as usize;
    let (batches, inputs) = (input.shape.dim(0), input.shape.dim(1));
    let (filters, memory) = (times.shape.dim(0), times.shape.dim(1));
    if !filters.is_multiple_of(rank) {
        let found = filters as i64;
        return Err(Reason::Range { what: "number of filters", found, expected: "a multiple of the rank" });
    }
    let units = filters / rank;
    expect_equal("filters of the feature weights", features.shape.dim(0), filters)?;
    expect_equal("inputs of the feature weights", features.shape.dim(1), inputs)?;
    expect_equal("batches of the state", state.shape.dim(0), batches)?;
    expect_equal("size of the state", state.shape.dim(1), memory.saturating_mul(filters))?;
    expect_equal("batches of the output", output.shape.dim(0), batches)?;
    expect_equal("units of the output", output.shape.dim(1), units)?;
    if memory == 0 || inputs == 0 {
        return Err(Reason::Range { what: "memory or number of inputs", found: 0, expected: "at least 1" });
    }
    if let Some(bias) = bias {
        expect_equal("elements of the bias", bias.elements(), units)?;
    }
    if !state.is_variable {
        let problem = "it has to be a variable tensor";
        return Err(Reason::Quantization { operand: state.role, problem });
    }
    output.expect_type(&[input.ty], "the type of the input")?;
    features.expect_type(&[input.ty], "the type of the input")?;
    times.expect_type(&[state.ty], "the type of the state")?;
    let kind = match (input.ty, state.ty) {
        (TensorType::Int8, TensorType::Int8) => INT8,
        (TensorType::Int8, TensorType::Int16) => INT16_STATE,
        (TensorType::Float32, TensorType::Float32) => FLOAT32,
        (TensorType::Int8, found) => {
            return Err(Reason::Type { operand: state.role, found, expected: "int8 or int16" });
        }
        (TensorType::Float32, found) => {
            return Err(Reason::Type { operand: state.role, found, expected: "float32" });
        }
        (found, _) => return Err(Reason::Type { operand: input.role, found, expected: "int8 or float32" }),
    };
    let sizes = Sizes {
        kind,
        batches: batches as u32,
        inputs: inputs as u32,
        memory: memory as u32,
        units: units as u32,
        rank: rank as u32,
    };
    if kind == FLOAT32 {
        if let Some(bias) = bias {
            bias.expect_type(&[TensorType::Float32], "float32")?;
        }
        let activation = options.int("fused_activation_function")? as u32;
        let range = activation_range_float(options.activation()?);
        return context.save(Float { sizes, activation, range });
    }
    context.save(integer(sizes, [&input, &features, &times, &state, &output], bias.as_ref())?)
}

/// The factors are computed in float32, as on the chips.
fn integer(
    sizes: Sizes,
    [input, features, times, state, output]: [&Tensor<'_>; 5],
    bias: Option<&Tensor<'_>>,
) -> Result<Integer, Reason> {
    let (input_scale, input_zero_point) = input.scale_and_zero_point()?;
    let (feature_scale, _) = features.scale_and_zero_point()?;
    let (time_scale, _) = times.scale_and_zero_point()?;
    let (state_scale, state_zero_point) = state.scale_and_zero_point()?;
    let (output_scale, output_zero_point) = output.scale_and_zero_point()?;
    if let Some(bias) = bias {
        bias.expect_type(&[TensorType::Int32], "int32")?;
        let (bias_scale, _) = bias.scale_and_zero_point_or_zero()?;
        if (f64::from(bias_scale) - f64::from(state_scale * time_scale)).abs() >= 1e-5 {
            let problem = "the scale is not that of state times time weights";
            return Err(Reason::Quantization { operand: bias.role, problem });
        }
    }
    let multiplier = |factor: f32, operand| {
        let problem = "the factor is not a number that fits";
        Multiplier::from_f64(f64::from(factor)).ok_or(Reason::Quantization { operand, problem })
    };
    Ok(Integer {
        sizes,
        to_state: multiplier(input_scale * feature_scale / state_scale, state.role)?,
        to_output: multiplier(state_scale * time_scale / output_scale, output.role)?,
        input_zero_point,
        state_zero_point,
        output_zero_point,
    })
}

fn eval(context: &mut EvalContext<'_>) {
    match context.params::<u32>() {
        INT8 => eval_integer(context, i8::MIN.into(), i8::MAX.into(), |value| value as i8),
        INT16_STATE => eval_integer(context, i16::MIN.into(), i16::MAX.into(), |value| value as i16),
        _ => eval_float(context),
    }
}

fn eval_integer<T: Element + Into<i32>>(
    context: &mut EvalContext<'_>,
    state_min: i32,
    state_max: i32,
    narrow: impl Fn(i32) -> T,
) {
    let params: Integer = context.params();
    let ([output, state], operands) = context.split([Operand::Output(0), Operand::Input(STATE)]);
    let (output, state): (&mut [i8], &mut [T]) = (cast_mut(output), cast_mut(state));
    let bias: &[i32] = operands.input(3);
    let feature = |input: &[i8], weights: &[i8]| {
        let sum = input.iter().zip(weights).fold(0i32, |sum, (input, weight)| {
            let input = i32::from(*input).wrapping_sub(params.input_zero_point);
            sum.wrapping_add(input.wrapping_mul(i32::from(*weight)))
        });
        // The zero point may lead beyond the type, where the reference wraps.
        narrow(params.to_state.apply(sum).clamp(state_min, state_max).wrapping_add(params.state_zero_point))
    };
    push_features(&params.sizes, operands.input(0), operands.input(1), state, feature);
    let times: &[T] = operands.input(2);
    for_each_unit(&params.sizes, |at, unit, filters, state_filters| {
        let start = bias.get(unit).copied().unwrap_or(0);
        let values = state[state_filters].iter().zip(&times[filters]);
        let sum = values.fold(start, |sum, (state, time)| {
            let (state, time): (i32, i32) = ((*state).into(), (*time).into());
            sum.wrapping_add(state.wrapping_sub(params.state_zero_point).wrapping_mul(time))
        });
        let scaled = params.to_output.apply(sum).wrapping_add(params.output_zero_point);
        output[at] = scaled.clamp(-128, 127) as i8;
    });
}

fn eval_float(context: &mut EvalContext<'_>) {
    let params: Float = context.params();
    let ([output, state], operands) = context.split([Operand::Output(0), Operand::Input(STATE)]);
    let (output, state): (&mut [f32], &mut [f32]) = (cast_mut(output), cast_mut(state));
    let bias: &[f32] = operands.input(3);
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).fold(0.0, |sum, (a, b)| sum + a * b);
    push_features(&params.sizes, operands.input(0), operands.input(1), state, dot);
    let (times, memory) = (operands.input::<f32>(2), params.sizes.memory as usize);
    for_each_unit(&params.sizes, |at, unit, filters, state_filters| {
        let start = bias.get(unit).copied().unwrap_or(0.0);
        let rows = state[state_filters].chunks_exact(memory).zip(times[filters].chunks_exact(memory));
        // Every filter is summed apart, which is how the reference rounds.
        let sum = rows.fold(start, |sum, (state, times)| sum + dot(state, times));
        output[at] = match params.activation {
            TANH => libm::tanhf(sum),
            SIGN_BIT => f32::from(u8::from(sum.is_sign_negative())),
            _ => params.range.clamp(sum),
        };
    });
}

/// Moves all states on by one place and writes every filter's new feature to the place that got free.
fn push_features<I, W, T: Copy>(
    sizes: &Sizes,
    input: &[I],
    weights: &[W],
    state: &mut [T],
    feature: impl Fn(&[I], &[W]) -> T,
) {
    let inputs = sizes.inputs as usize;
    state.copy_within(1.., 0);
    let filters = (sizes.units * sizes.rank) as usize;
    let newest = state.chunks_exact_mut(sizes.memory as usize).enumerate();
    for (index, memory) in newest {
        let (batch, filter) = (index / filters, index % filters);
        if let Some(last) = memory.last_mut() {
            *last = feature(&input[batch * inputs..][..inputs], &weights[filter * inputs..][..inputs]);
        }
    }
}

/// Calls `visit(output, unit, places of the unit's filters in the time weights, and in the state)` for every output.
fn for_each_unit(
    sizes: &Sizes,
    mut visit: impl FnMut(usize, usize, core::ops::Range<usize>, core::ops::Range<usize>),
) {
    let units = sizes.units as usize;
    let unit_size = (sizes.rank * sizes.memory) as usize;
    for batch in 0..sizes.batches as usize {
        for unit in 0..units {
            let at = batch * units + unit;
            visit(at, unit, unit * unit_size..(unit + 1) * unit_size, at * unit_size..(at + 1) * unit_size);
        }
    }
}
