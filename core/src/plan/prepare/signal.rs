//! The audio front end: `signal/micro/kernels` of esp-tflite-micro 99f49e14.
//!
//! These operators are custom ones; each takes its options by the position of a sorted key.

use super::Trouble::{Options, Shape, Size as TooLarge, Types};
use super::flexbuffer::Map;
use super::{Context, Prepared, TempTensor};
use crate::model::TensorType::{self, Bool, Float32, Int16, Int32, Uint32, Uint64};
use crate::plan::layout::Size;

/// Rows of an input beyond which their buffers fit no chip.
const MAX_ROWS: i64 = 1 << 16;

/// The options of a custom operator.
pub(super) fn options<'m>(context: &Context<'_, 'm>) -> Prepared<Map<'m>> {
    let operator = context.operator;
    let bytes = operator.custom_options.as_ref().map(|bytes| bytes.as_slice()).unwrap_or_default();
    match Map::root(bytes) {
        Some(map) => Ok(map),
        None => context
            .refuse(Options, format!("{}: the operator has no FlexBuffers map of options", context.file)),
    }
}

/// One option, by its position.
pub(super) fn option(context: &Context, position: usize) -> Prepared<i64> {
    match options(context)?.int_at(position) {
        Some(value) => Ok(value),
        None => context.refuse(Options, format!("{}: option {position} is missing", context.file)),
    }
}

fn own_data(context: &mut Context, size: Size) {
    let bytes = size.of(context.state.layout.width);
    context.persistent(bytes);
}

/// `delay.cc`.
pub(super) fn delay_init(context: &mut Context) -> Prepared {
    option(context, 0)?;
    own_data(context, Size::pair(20, 32));
    Ok(())
}

/// `delay.cc`.
pub(super) fn delay(context: &mut Context) -> Prepared {
    context.ensure_arity(1, 1)?;
    let input = context.input(0)?;
    let output = context.output(0)?;
    context.ensure_types(input.ty, Int16, "input->type != kTfLiteInt16")?;
    context.ensure_types(output.ty, Int16, "output->type != kTfLiteInt16")?;
    let frame = input.last_dim()?;
    let capacity = frame.saturating_add(option(context, 0)?);
    circular_buffers(context, &input, frame, capacity)
}

/// `framer.cc`.
pub(super) fn framer_init(context: &mut Context) -> Prepared {
    option(context, 2)?;
    own_data(context, Size::pair(28, 40));
    Ok(())
}

/// `framer.cc`.
pub(super) fn framer(context: &mut Context) -> Prepared {
    context.ensure_arity(1, 2)?;
    let input = context.input(0)?;
    let output = context.output(0)?;
    let valid = context.output(1)?;
    let text = "NumDimensions(input) + 1 != NumDimensions(output)";
    context.ensure_eq(Shape, input.rank() + 1, output.rank(), text)?;
    context.ensure_eq(Shape, valid.rank(), 0, "NumDimensions(output_valid) != 0")?;
    context.ensure_types(input.ty, Int16, "input->type != kTfLiteInt16")?;
    context.ensure_types(output.ty, Int16, "output->type != kTfLiteInt16")?;
    context.ensure_types(valid.ty, Bool, "output_valid->type != kTfLiteBool")?;
    let (size, step) = (option(context, 0)?, option(context, 1)?);
    let inner = input.last_dim()?;
    context.ensure(Shape, inner >= step, "innermost_dim >= params->frame_step")?;
    if step == 0 {
        return context.refuse(Options, format!("{}: divides by a frame_step of 0", context.file));
    }
    context.ensure_eq(Shape, inner % step, 0, "innermost_dim % params->frame_step != 0")?;
    let capacity = (size.saturating_add(step - 1) / step).saturating_mul(step);
    circular_buffers(context, &input, inner, capacity)
}

/// One ring of 16-bit samples for every row of the input, behind two lists of pointers.
fn circular_buffers(context: &mut Context, input: &TempTensor, inner: i64, capacity: i64) -> Prepared {
    let rows = rows(context, input, inner)?;
    let pointer = context.state.layout.pointer;
    context.persistent_elements(rows, pointer)?;
    context.persistent_elements(rows, pointer)?;
    for _ in 0..rows {
        circular_buffer(context, capacity)?;
    }
    Ok(())
}

/// How often `inner` elements lie in a tensor; each of them takes blocks of its own.
fn rows(context: &Context, input: &TempTensor, inner: i64) -> Prepared<i64> {
    if inner <= 0 {
        return context.refuse(Shape, format!("{}: divides by a dimension of 0", context.file));
    }
    let rows = input.elements() / inner;
    if rows > MAX_ROWS {
        return context.refuse(TooLarge, format!("{}: {rows} rows, each with a buffer", context.file));
    }
    Ok(rows)
}

/// `signal/src/circular_buffer.cc`, `CircularBufferGetNeededMemory`.
fn circular_buffer(context: &mut Context, capacity: i64) -> Prepared {
    let header = context.state.layout.circular_buffer as i64;
    context.persistent_elements(capacity.saturating_mul(4).saturating_add(header), 1)
}

/// `stacker.cc`.
pub(super) fn stacker_init(context: &mut Context) -> Prepared {
    let channels = option(context, 0)?;
    let frames = option(context, 1)?.saturating_add(option(context, 2)?).saturating_add(1);
    option(context, 3)?;
    own_data(context, Size::pair(36, 56));
    circular_buffer(context, channels.saturating_mul(frames))
}

/// `stacker.cc`.
pub(super) fn stacker(context: &mut Context) -> Prepared {
    context.ensure_arity(1, 2)?;
    check(context, &[(1, Int16)], &[(1, Int16), (0, Bool)])
}

/// `energy.cc`.
pub(super) fn energy_init(context: &mut Context) -> Prepared {
    option(context, 1)?;
    own_data(context, Size::same(8));
    Ok(())
}

/// `energy.cc`.
pub(super) fn energy(context: &mut Context) -> Prepared {
    context.ensure_arity(1, 1)?;
    check(context, &[(1, Int16)], &[(1, Uint32)])
}

/// `fft_auto_scale_common.cc`.
pub(super) fn fft_auto_scale(context: &mut Context) -> Prepared {
    context.ensure_arity(1, 2)?;
    check(context, &[(1, Int16)], &[(1, Int16), (0, Int32)])
}

/// `filter_bank.cc`.
pub(super) fn filter_bank_init(context: &mut Context) -> Prepared {
    let channels = option(context, 0)?;
    own_data(context, Size::pair(36, 64));
    context.persistent_elements(channels.saturating_add(1), 8)
}

/// `filter_bank.cc`.
pub(super) fn filter_bank(context: &mut Context) -> Prepared {
    context.ensure_arity(6, 1)?;
    let tables = [(1, Int16); 5];
    check(context, &[&[(1, Uint32)], tables.as_slice()].concat(), &[(1, Uint64)])
}

/// `filter_bank_log.cc`.
pub(super) fn filter_bank_log_init(context: &mut Context) -> Prepared {
    option(context, 1)?;
    own_data(context, Size::same(8));
    Ok(())
}

/// `filter_bank_log.cc`.
pub(super) fn filter_bank_log(context: &mut Context) -> Prepared {
    context.ensure_arity(1, 1)?;
    check(context, &[(1, Uint32)], &[(1, Int16)])
}

/// `filter_bank_spectral_subtraction.cc`.
pub(super) fn spectral_subtraction_init(context: &mut Context) -> Prepared {
    let channels = option(context, 4)?;
    option(context, 8)?;
    own_data(context, Size::pair(44, 56));
    context.persistent_elements(channels, 4)
}

/// `filter_bank_spectral_subtraction.cc`.
pub(super) fn spectral_subtraction(context: &mut Context) -> Prepared {
    context.ensure_arity(1, 2)?;
    check(context, &[(1, Uint32)], &[(1, Uint32), (1, Uint32)])
}

/// `filter_bank_square_root_common.cc`.
pub(super) fn filter_bank_square_root(context: &mut Context) -> Prepared {
    context.ensure_arity(2, 1)?;
    check(context, &[(1, Uint64), (0, Int32)], &[(1, Uint32)])
}

/// `pcan.cc`.
pub(super) fn pcan_init(context: &mut Context) -> Prepared {
    option(context, 0)?;
    own_data(context, Size::same(4));
    Ok(())
}

/// `pcan.cc`.
pub(super) fn pcan(context: &mut Context) -> Prepared {
    context.ensure_arity(3, 1)?;
    check(context, &[(1, Uint32), (1, Uint32), (1, Int16)], &[(1, Uint32)])
}

/// `window.cc`.
pub(super) fn window_init(context: &mut Context) -> Prepared {
    option(context, 0)?;
    own_data(context, Size::same(8));
    Ok(())
}

/// `window.cc`.
pub(super) fn window(context: &mut Context) -> Prepared {
    context.ensure_arity(2, 1)?;
    let input = context.input(0)?;
    let weights = context.input(1)?;
    let output = context.output(0)?;
    context.ensure(Shape, input.rank() >= 1, "NumDimensions(input) >= 1")?;
    context.ensure_eq(Shape, weights.rank(), 1, "NumDimensions(weights) != 1")?;
    context.ensure_eq(Shape, input.rank(), output.rank(), "NumDimensions(input) != NumDimensions(output)")?;
    for (tensor, name) in [(&input, "input"), (&weights, "weights"), (&output, "output")] {
        context.ensure_types(tensor.ty, Int16, &format!("{name}->type != kTfLiteInt16"))?;
    }
    Ok(())
}

/// `rfft.cc`.
pub(super) fn rfft_init(context: &mut Context) -> Prepared {
    let (_, scalar, length) = transform(context)?;
    own_data(context, Size::pair(32, 48));
    transform_state(context, scalar, length, 0)
}

/// `rfft.cc`.
pub(super) fn rfft(context: &mut Context) -> Prepared {
    let (ty, scalar, length) = transform(context)?;
    transform_tensors(context, ty)?;
    context.scratch(length, scalar)
}

/// `irfft.cc`.
pub(super) fn irfft_init(context: &mut Context) -> Prepared {
    let (ty, scalar, length) = transform(context)?;
    own_data(context, Size::pair(24, 32));
    // The float version keeps its length and a pointer in front.
    let header = if ty == Float32 { 2 * context.state.layout.pointer } else { 0 };
    transform_state(context, scalar, length, header)
}

/// `irfft.cc`.
pub(super) fn irfft(context: &mut Context) -> Prepared {
    let (ty, ..) = transform(context)?;
    transform_tensors(context, ty)
}

/// Type, bytes of a sample and length of a Fourier transform.
fn transform(context: &Context) -> Prepared<(TensorType, u64, i64)> {
    let ty = typed(context, &[Int16, Int32, Float32])?;
    Ok((ty, if ty == Int16 { 2 } else { 4 }, option(context, 1)?))
}

/// The option `T`, a tensor type.
fn typed(context: &Context, types: &[TensorType]) -> Prepared<TensorType> {
    let code = options(context)?.int("T").unwrap_or_default();
    let ty = i8::try_from(code).ok().and_then(TensorType::from_code).filter(|ty| types.contains(ty));
    ty.map_or_else(|| context.refuse(Types, format!("{}: option T is {code}", context.file)), Ok)
}

/// `third_party/kissfft`, `kiss_fftr_alloc` and `kiss_fft_alloc`; nothing for an odd length.
fn transform_state(context: &mut Context, scalar: u64, length: i64, header: u64) -> Prepared {
    /// Two integers and 64 factors.
    const FFT_STATE: i64 = 264;
    if length <= 0 || length % 2 != 0 {
        return context.refuse(Options, format!("{}: no transform of length {length}", context.file));
    }
    let half = length / 2;
    let complex = 2 * scalar as i64;
    let pointers = 3 * context.state.layout.pointer as i64;
    let bytes = pointers + FFT_STATE + complex * (half + half * 3 / 2) + header as i64;
    context.persistent_elements(bytes, 1)
}

fn transform_tensors(context: &mut Context, ty: TensorType) -> Prepared {
    context.ensure_arity(1, 1)?;
    let input = context.input(0)?;
    let output = context.output(0)?;
    context.ensure_eq(Shape, input.rank(), output.rank(), "NumDimensions(input) != NumDimensions(output)")?;
    context.ensure_types(input.ty, ty, "input->type != TfLiteTypeEnum")?;
    context.ensure_types(output.ty, ty, "output->type != TfLiteTypeEnum")?;
    input.last_dim()?;
    output.last_dim()?;
    Ok(())
}

/// `overlap_add.cc`.
pub(super) fn overlap_add_init(context: &mut Context) -> Prepared {
    typed(context, &[Int16, Float32])?;
    option(context, 1)?;
    own_data(context, Size::pair(24, 32));
    Ok(())
}

/// `overlap_add.cc`.
pub(super) fn overlap_add(context: &mut Context) -> Prepared {
    let ty = typed(context, &[Int16, Float32])?;
    context.ensure_arity(1, 1)?;
    let input = context.input(0)?;
    let output = context.output(0)?;
    let text = "NumDimensions(input) != NumDimensions(output) + 1";
    context.ensure_eq(Shape, input.rank(), output.rank() + 1, text)?;
    context.ensure_types(input.ty, ty, "input->type != TfLiteTypeEnum")?;
    context.ensure_types(output.ty, ty, "output->type != TfLiteTypeEnum")?;
    context.ensure(Shape, input.rank() >= 2, "input_shape.DimensionsCount() >= 2")?;
    let (frame, n_frames) = (input.last_dim()?, input.dim(input.rank() - 2)?);
    let rows = rows(context, &input, frame.saturating_mul(n_frames))?;
    context.persistent_elements(rows, context.state.layout.pointer)?;
    for _ in 0..rows {
        context.persistent_elements(frame, if ty == Int16 { 2 } else { 4 })?;
    }
    Ok(())
}

/// Rank and type of every input and output.
fn check(context: &mut Context, inputs: &[(usize, TensorType)], outputs: &[(usize, TensorType)]) -> Prepared {
    let mut tensors = Vec::with_capacity(inputs.len() + outputs.len());
    for (place, expected) in inputs.iter().enumerate() {
        tensors.push(("input", context.input(place)?, expected));
    }
    for (place, expected) in outputs.iter().enumerate() {
        tensors.push(("output", context.output(place)?, expected));
    }
    for (name, tensor, (rank, _)) in &tensors {
        context.ensure_eq(Shape, tensor.rank(), *rank, &format!("NumDimensions({name}) != {rank}"))?;
    }
    for (name, tensor, (_, ty)) in &tensors {
        context.ensure_types(tensor.ty, *ty, &format!("{name}->type != {}", ty.name()))?;
    }
    Ok(())
}
