//! Operators that cut tensors apart or put them together.

use super::Trouble::{Arity, Options, Quantization, Shape, Types};
use super::shape::MAX_RANK;
use super::{Context, Prepared};
use crate::model::TensorType::{self, Bool, Float32, Int8, Int16, Int32, Int64};
use crate::plan::graph::type_name;

/// `concatenation.cc`.
pub(super) fn concatenation(context: &mut Context) -> Prepared {
    const TYPES: [TensorType; 6] = [Float32, Int8, Int16, Int32, Int64, Bool];
    const MAX_INPUTS: usize = 10;
    let first = context.input(0)?;
    let output = context.output(0)?;
    let activation = context.operator.option_int(super::quantized::ACTIVATION);
    context.ensure_eq(Options, activation, 0, "params->activation != kTfLiteActNone")?;
    context.ensure_type_in(&first, &TYPES, "input")?;
    context.ensure_types(output.ty, first.ty, "output_type != input_type")?;
    let n_inputs = context.n_inputs();
    context.ensure(Arity, n_inputs <= MAX_INPUTS, "num_inputs <= kMaxInputNum")?;
    for place in 0..n_inputs {
        let input = context.input(place)?;
        context.ensure_types(input.ty, first.ty, "input->type != input_type")?;
        let rank = input.rank();
        if rank > MAX_RANK {
            let message = format!(
                "Op Concatenation does not currently support num dimensions > {MAX_RANK} Tensor has {rank} \
                 dimensions."
            );
            return context.refuse(Shape, message);
        }
        if first.ty == Int8 {
            let text = "input->params.scale != output_tensor->params.scale";
            context.ensure_eq(Quantization, input.scale, output.scale, text)?;
            let text = "input->params.zero_point != output_tensor->params.zero_point";
            context.ensure_eq(Quantization, input.zero_point, output.zero_point, text)?;
        } else if first.ty == Int16 {
            context.ensure_eq(Quantization, input.zero_point, 0, "input->params.zero_point != 0")?;
        }
    }
    if first.ty == Int16 {
        context.ensure_eq(Quantization, output.zero_point, 0, "output_tensor->params.zero_point != 0")?;
    }
    Ok(())
}

/// `slice.cc`.
pub(super) fn slice(context: &mut Context) -> Prepared {
    context.ensure_arity(3, 1)?;
    let input = context.input(0)?;
    let begin = context.input(1)?;
    let size = context.input(2)?;
    let output = context.output(0)?;
    context.debug_assert(Types, input.ty == output.ty, "input->type == output->type")?;
    context.debug_assert(Types, begin.ty == size.ty, "begin->type == size->type")?;
    let is_integer = matches!(begin.ty, Int32 | Int64);
    context.debug_assert(Types, is_integer, "begin->type == kTfLiteInt32 || begin->type == kTfLiteInt64")?;
    context.debug_assert(Shape, begin.rank() == 1, "NumDimensions(begin) == 1")?;
    context.debug_assert(Shape, size.rank() == 1, "NumDimensions(size) == 1")?;
    context.debug_assert(
        Shape,
        begin.elements() == size.elements(),
        "NumElements(begin) == NumElements(size)",
    )?;
    context.debug_assert(Shape, input.rank() <= 5, "NumDimensions(input) <= kMaxDim")
}

/// `strided_slice_common.cc`.
pub(super) fn strided_slice(context: &mut Context) -> Prepared {
    const MAX_RANK: usize = 4;
    context.ensure_arity(4, 1)?;
    let input = context.input(0)?;
    let begin = context.input(1)?;
    let end = context.input(2)?;
    let strides = context.input(3)?;
    let output = context.output(0)?;
    let rank = input.rank();
    context.ensure_msg(Shape, rank <= MAX_RANK, "input dim should not exceed 4")?;
    for (tensor, name) in [(&begin, "begin"), (&end, "end"), (&strides, "strides")] {
        context.ensure_constant(tensor, name)?;
    }
    let option = |name: &str| context.operator.option_int(name);
    let (begin_mask, end_mask, shrink_mask) =
        (option("begin_mask"), option("end_mask"), option("shrink_axis_mask"));
    let (begins, ends, strides) =
        (begin.constant_words(rank)?, end.constant_words(rank)?, strides.constant_words(rank)?);
    let mut n_kept = 0;
    for axis in 0..rank {
        let is_masked = |mask: i64| mask & (1 << axis) != 0;
        let stride = strides[axis];
        context.ensure_msg(Shape, stride != 0, "stride value has to be non-zero")?;
        let span = Span {
            size: input.dim(axis)?,
            begin: (!is_masked(begin_mask)).then_some(begins[axis]),
            end: (!is_masked(end_mask)).then_some(ends[axis]),
            stride,
            is_shrunk: is_masked(shrink_mask),
        };
        if !span.is_shrunk {
            let text = "output_shape->data[shape_size] != dim_shape";
            context.ensure_eq(Shape, output.dim(n_kept)?, span.length(), text)?;
            n_kept += 1;
        }
    }
    context.ensure_eq(Shape, output.rank(), n_kept, "output_shape->size != shape_size")
}

/// What a strided slice takes along one axis; `None` stands for "from the end that comes first" and "to the other".
struct Span {
    size: i64,
    begin: Option<i64>,
    end: Option<i64>,
    stride: i64,
    is_shrunk: bool,
}

impl Span {
    /// Number of elements, `StartForAxis` and `StopForAxis` in `kernels/internal/strided_slice_logic.h`.
    fn length(&self) -> i64 {
        if self.size == 0 {
            return if self.is_shrunk { 1 } else { 0 };
        }
        let (low, high) = if self.stride > 0 { (0, self.size) } else { (-1, self.size - 1) };
        // Not `clamp`: a damaged model has negative sizes, where `high` is below `low`.
        let position = |index: i64| if index < 0 { index + self.size } else { index }.min(high).max(low);
        let (first, last) = if self.stride > 0 { (low, high) } else { (high, low) };
        let begin = self.begin.map_or(first, position);
        let end = if self.is_shrunk { begin + 1 } else { self.end.map_or(last, position) };
        (((end - begin) as f32 / self.stride as f32).ceil() as i64).max(0)
    }
}

/// `split.cc`.
pub(super) fn split(context: &mut Context) -> Prepared {
    let axis = context.input(0)?;
    context.ensure_constant(&axis, "axis")
}

/// `split_v.cc`.
pub(super) fn split_v(context: &mut Context) -> Prepared {
    context.ensure_eq(Arity, context.n_inputs(), 3, "NumInputs(node) != 3")?;
    let axis = context.input(2)?;
    context.ensure_constant(&axis, "axis")
}

/// `pad_common.cc`: PAD and PADV2.
pub(super) fn pad(context: &mut Context) -> Prepared {
    let n_inputs = context.n_inputs();
    context.ensure(Arity, n_inputs == 2 || n_inputs == 3, "NumInputs(node) == 2 || NumInputs(node) == 3")?;
    context.ensure_eq(Arity, context.n_outputs(), 1, "NumOutputs(node) != 1")?;
    let input = context.input(0)?;
    let paddings = context.input(1)?;
    let value = context.optional_input(2)?;
    let output = context.output(0)?;
    context.ensure_types(input.ty, output.ty, "input->type != output->type")?;
    context.ensure(Shape, input.rank() <= 5, "NumDimensions(input) <= PadKernelMaxDimensionCount()")?;
    if let Some(value) = &value {
        context.ensure_types(input.ty, value.ty, "input->type != constant_values->type")?;
        context.ensure_eq(Shape, value.elements(), 1, "NumElements(constant_values) != 1")?;
    }
    let rank = output.rank();
    let text = "GetTensorShape(paddings).FlatSize() != output->dims->size * 2";
    context.ensure_eq(Shape, paddings.elements(), 2 * rank as i64, text)?;
    context.ensure_constant(&paddings, "paddings")?;
    let amounts = paddings.constant_words(2 * rank)?;
    for (index, &dim) in output.dims.iter().enumerate() {
        let expected = input.dim(index)? + amounts[2 * index] + amounts[2 * index + 1];
        context.ensure_eq(Shape, i64::from(dim), expected, "output_dim != expected_dim")?;
    }
    if input.ty == Int8 {
        match &value {
            None => {
                let is_int8 = (-128..=127).contains(&output.zero_point);
                context.ensure(Quantization, is_int8, "output->params.zero_point fits int8")?;
            }
            Some(value) => {
                let text = "output->params.zero_point != constant_values->params.zero_point";
                context.ensure_eq(Quantization, output.zero_point, value.zero_point, text)?;
                let text = "output->params.scale != constant_values->params.scale";
                context.ensure_eq(Quantization, output.scale, value.scale, text)?;
            }
        }
    }
    Ok(())
}

/// `mirror_pad.cc`.
pub(super) fn mirror_pad(context: &mut Context) -> Prepared {
    let input = context.input(0)?;
    let paddings = context.input(1)?;
    context.output(0)?;
    let rank = input.rank() as i64;
    context.ensure_eq(Shape, paddings.rank(), 2, "NumDimensions(padding_matrix) != 2")?;
    let text = "SizeOfDimension(padding_matrix, 0) != NumDimensions(input_tensor)";
    context.ensure_eq(Shape, paddings.dim(0)?, rank, text)?;
    context.scratch(rank, 4)?;
    context.scratch(rank, 4)
}

/// `gather.cc`.
pub(super) fn gather(context: &mut Context) -> Prepared {
    context.ensure_arity(2, 1)?;
    let input = context.input(0)?;
    let positions = context.input(1)?;
    context.output(0)?;
    if positions.ty != Int32 {
        let message = format!("Positions of type '{}' are not supported by gather.", type_name(positions.ty));
        return context.refuse(Types, message);
    }
    if !matches!(input.ty, Float32 | Int8) {
        return context.refuse(Types, format!("Type '{}' is not supported by gather.", type_name(input.ty)));
    }
    let (rank, n_coordinates) = (input.rank() as i64, positions.rank() as i64);
    let axis = context.operator.option_int("axis");
    let axis = if axis < 0 { axis + rank } else { axis };
    context.ensure(Shape, (0..rank).contains(&axis), "0 <= axis && axis < NumDimensions(input)")?;
    let batches = context.operator.option_int("batch_dims");
    let batches = if batches < 0 { batches + n_coordinates } else { batches };
    context.ensure(Shape, batches <= axis, "batch_dims <= axis")?;
    let text = "0 <= batch_dims && batch_dims < NumDimensions(input)";
    context.ensure(Shape, (0..rank).contains(&batches), text)?;
    context.ensure(Shape, batches <= n_coordinates, "batch_dims <= NumDimensions(coords)")?;
    let (axis, batches) = (axis as usize, batches as usize);
    for index in 0..batches {
        let text = "input->dims->data[i] != coords->dims->data[i]";
        context.ensure_eq(Shape, input.dim(index)?, positions.dim(index)?, text)?;
    }
    let parts = [&input.dims[..axis], &positions.dims[batches..], &input.dims[axis + 1..]];
    context.set_output_dims(0, parts.concat().into_iter().map(i64::from).collect())
}

/// `gather_nd.cc`.
pub(super) fn gather_nd(context: &mut Context) -> Prepared {
    const MAX_INDEX_LENGTH: i64 = 5;
    context.ensure_arity(2, 1)?;
    let params = context.input(0)?;
    let indices = context.input(1)?;
    context.output(0)?;
    if !matches!(params.ty, Float32 | Int8) {
        let message = format!("Params of type '{}' are not supported by gather_nd.", type_name(params.ty));
        return context.refuse(Types, message);
    }
    if indices.ty != Int32 {
        let message = format!("Indices of type '{}' are not supported by gather_nd.", type_name(indices.ty));
        return context.refuse(Types, message);
    }
    if params.rank() < 1 {
        return context.refuse(Shape, "Params must be at least a vector.");
    }
    if indices.rank() < 1 {
        return context.refuse(Shape, "Indices must be at least a vector.");
    }
    let length = indices.last_dim()?;
    if length > params.rank() as i64 {
        return context.refuse(Shape, "Index innermost dimension length must be <= params rank.");
    }
    if length > MAX_INDEX_LENGTH {
        let message = format!("Index innermost dimension length must not exceed {MAX_INDEX_LENGTH}.");
        return context.refuse(Shape, message);
    }
    let outer = &indices.dims[..indices.rank() - 1];
    let inner = &params.dims[usize::try_from(length).unwrap_or_default()..];
    context.set_output_dims(0, [outer, inner].concat().into_iter().map(i64::from).collect())
}

/// `dynamic_update_slice.cc`.
pub(super) fn dynamic_update_slice(context: &mut Context) -> Prepared {
    context.ensure_arity(3, 1)?;
    let operand = context.input(0)?;
    let update = context.input(1)?;
    let start = context.input(2)?;
    context.output(0)?;
    context.ensure_types(operand.ty, update.ty, "operand->type != update->type")?;
    context.ensure_type_in(&start, &[Int32, Int64], "start_indices")?;
    context.ensure_eq(Shape, start.rank(), 1, "NumDimensions(start_indices) != 1")?;
    let text = "SizeOfDimension(start_indices, 0) != NumDimensions(operand)";
    context.ensure_eq(Shape, start.dim(0)?, operand.rank() as i64, text)?;
    let text = "NumDimensions(update) != NumDimensions(operand)";
    context.ensure_eq(Shape, update.rank(), operand.rank(), text)?;
    let fits = update.dims.iter().zip(operand.dims.iter()).all(|(update, operand)| update <= operand);
    context.ensure(Shape, fits, "SizeOfDimension(update, i) <= SizeOfDimension(operand, i)")
}
