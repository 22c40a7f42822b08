//! Operators that change shapes: RESHAPE and its kin, resizing, transposition, space and depth, broadcasting.

use super::Trouble::{Arity, Options, Shape, Types};
use super::{Context, Prepared};
use crate::model::TensorType::{self, Bool, Float32, Int8, Int16, Int32, Int64, String, Uint8};
use crate::plan::graph::{element_bytes, type_name, type_number};

/// `RuntimeShape::kMaxSmallSize`.
pub(super) const MAX_RANK: usize = 6;

/// `reshape_common.cc`; the new shape is that of the output tensor, not of the second input.
pub(super) fn reshape(context: &mut Context) -> Prepared {
    let n_inputs = context.n_inputs();
    const MAX_NEW_SHAPE: usize = 8;
    let options = context.operator.options.as_ref();
    if options.is_some_and(|options| options.ints("new_shape").len() > MAX_NEW_SHAPE) {
        let message = "Found too many dimensions in the input array of operation 'reshape'.";
        return context.refuse(Options, message);
    }
    context.ensure(Arity, n_inputs == 1 || n_inputs == 2, "NumInputs(node) == 1 || NumInputs(node) == 2")?;
    context.ensure_eq(Arity, context.n_outputs(), 1, "NumOutputs(node) != 1")?;
    let input = context.input(0)?;
    let output = context.output(0)?;
    let is_legacy_scalar = n_inputs == 1 && *output.dims == [0];
    let dims: &[i32] = if is_legacy_scalar { &[] } else { &output.dims };
    // Dimensions of -1 have been refused with the tensor: TFLM would fill the last one in.
    context.ensure_types(input.ty, output.ty, "input->type != output->type")?;
    let n_elements = super::tensor::product(dims);
    context.ensure_eq(Shape, input.elements(), n_elements, "num_input_elements != num_output_elements")
}

/// `squeeze.cc`.
pub(super) fn squeeze(context: &mut Context) -> Prepared {
    const MAX_SQUEEZED: usize = 8;
    context.ensure_arity(1, 1)?;
    let input = context.input(0)?;
    let output = context.output(0)?;
    let options = context.operator.options.as_ref();
    let squeezed = options.map(|options| options.ints("squeeze_dims")).unwrap_or_default();
    if squeezed.len() > MAX_SQUEEZED {
        let message = "Found too many dimensions in the input array of operation 'squeeze'.";
        return context.refuse(Options, message);
    }
    let rank = input.rank();
    context.ensure(Shape, rank <= MAX_SQUEEZED, "input_num_dims <= max_squeeze_dims")?;
    let mut is_squeezed = input.dims.iter().map(|&dim| squeezed.is_empty() && dim == 1).collect::<Vec<_>>();
    for &dim in squeezed {
        let dim = if dim < 0 { dim + rank as i64 } else { dim };
        let place = usize::try_from(dim).ok().filter(|&place| input.dims.get(place) == Some(&1));
        let text = "current >= 0 && current < input_num_dims && input_dims->data[current] == 1";
        context.ensure(Shape, place.is_some(), text)?;
        is_squeezed[place.unwrap_or_default()] = true;
    }
    let kept = (0..rank).filter(|&index| !is_squeezed[index]);
    for (place, index) in kept.enumerate() {
        let enough = output.dim(place)? >= input.dim(index)?;
        context.assert(Shape, enough, "output_dims->data[out_idx++] >= input_dims->data[in_idx]")?;
    }
    Ok(())
}

/// `expand_dims.cc`.
pub(super) fn expand_dims(context: &mut Context) -> Prepared {
    context.ensure_arity(2, 1)?;
    let input = context.input(0)?;
    let axis = context.input(1)?;
    let output = context.output(0)?;
    context.ensure_constant(&axis, "axis")?;
    if axis.rank() > 1 {
        return context.refuse(Shape, "Axis has only one element for Expand_Dims.");
    }
    if axis.ty != Int32 {
        let (name, number) = (type_name(axis.ty), type_number(axis.ty));
        let message = format!("Axis type {name} ({number}) not supported by Expand_Dims.");
        return context.refuse(Types, message);
    }
    let axis = axis.constant_ints(1)?[0];
    let rank = input.rank() as i64;
    let axis = if axis < 0 { axis + rank + 1 } else { axis };
    context.ensure(Shape, axis <= rank, "axis_value <= input_shape.DimensionsCount()")?;
    // TFLM goes on and reads the dimension before the first.
    context.ensure(Shape, axis >= 0, "axis_value >= 0")?;
    let text = "output_shape.DimensionsCount() == input_shape.DimensionsCount() + 1";
    context.ensure(Shape, output.rank() == input.rank() + 1, text)?;
    for (index, &dim) in output.dims.iter().enumerate() {
        let expected = match (index as i64).cmp(&axis) {
            std::cmp::Ordering::Less => input.dim(index)?,
            std::cmp::Ordering::Equal => 1,
            std::cmp::Ordering::Greater => input.dim(index - 1)?,
        };
        context.ensure_eq(Shape, i64::from(dim), expected, "output_shape.Dims(i) != expected")?;
    }
    Ok(())
}

/// `fill.cc`.
pub(super) fn fill(context: &mut Context) -> Prepared {
    let dims = context.input(0)?;
    let value = context.input(1)?;
    let output = context.output(0)?;
    context.ensure_eq(Shape, value.rank(), 0, "NumDimensions(value) != 0")?;
    context.ensure_types(value.ty, output.ty, "value->type != output->type")?;
    context.ensure_constant(&dims, "dims")?;
    context.ensure_eq(Shape, dims.rank(), 1, "NumDimensions(tensor) != 1")?;
    let rank = output.rank();
    context.ensure_eq(Shape, rank as i64, dims.dim(0)?, "array->size != tensor_len")?;
    if !matches!(dims.ty, Int8 | Int16 | Int32 | Int64) {
        let message = format!("cannot compare int array to tensor of type {}.", type_number(dims.ty));
        return context.refuse(Types, message);
    }
    for (&dim, stated) in output.dims.iter().zip(dims.constant_ints(rank)?) {
        context.ensure_eq(Shape, i64::from(dim), stated, "array->data[i] != GetTensorData<T>(tensor)[i]")?;
    }
    Ok(())
}

/// `shape.cc`.
pub(super) fn shape(context: &mut Context) -> Prepared {
    context.ensure_arity(1, 1)
}

/// `resize_bilinear.cc`.
pub(super) fn resize_bilinear(context: &mut Context) -> Prepared {
    resize(context, false)?;
    let option = |name: &str| context.operator.option_int(name) != 0;
    if option("half_pixel_centers") && option("align_corners") {
        return context.refuse(Options, "If half_pixel_centers is True, align_corners must be False.");
    }
    Ok(())
}

/// `resize_nearest_neighbor.cc`.
pub(super) fn resize_nearest_neighbor(context: &mut Context) -> Prepared {
    resize(context, true)
}

fn resize(context: &mut Context, checks_length: bool) -> Prepared {
    context.ensure_arity(2, 1)?;
    let input = context.input(0)?;
    let size = context.input(1)?;
    context.output(0)?;
    context.ensure_eq(Shape, input.rank(), 4, "NumDimensions(input) != 4")?;
    context.ensure_eq(Shape, size.rank(), 1, "NumDimensions(size) != 1")?;
    context.ensure_types(size.ty, Int32, "size->type != kTfLiteInt32")?;
    if checks_length {
        context.ensure_eq(Shape, size.dim(0)?, 2, "size->dims->data[0] != 2")?;
    }
    context.ensure_constant(&size, "size")
}

/// `reverse.cc`.
pub(super) fn reverse_v2(context: &mut Context) -> Prepared {
    const TYPES: [TensorType; 7] = [Int32, Float32, Uint8, Int8, Int16, Int64, Bool];
    context.ensure_arity(2, 1)?;
    let input = context.input(0)?;
    let axis = context.input(1)?;
    let output = context.output(0)?;
    context.ensure_eq(Shape, axis.rank(), 1, "NumDimensions(axis) != 1")?;
    context.ensure(Shape, input.rank() <= MAX_RANK, "NumDimensions(input) <= kMaxDimensions")?;
    let text = "NumDimensions(input) >= NumElements(axis)";
    context.ensure(Shape, input.rank() as i64 >= axis.elements(), text)?;
    if !TYPES.contains(&input.ty) {
        return context.refuse(Types, format!("Type '{}' is not supported by reverse.", type_name(input.ty)));
    }
    if axis.ty != Int32 {
        return context
            .refuse(Types, format!("Axis Type '{}' is not supported by reverse.", type_name(axis.ty)));
    }
    context.ensure_types(input.ty, output.ty, "input->type != output->type")
}

/// `transpose_common.cc`.
pub(super) fn transpose(context: &mut Context) -> Prepared {
    context.ensure_arity(2, 1)?;
    let input = context.input(0)?;
    let permutation = context.input(1)?;
    let output = context.output(0)?;
    let rank = input.rank();
    context.ensure_msg(Shape, rank <= 5, "Transpose op only supports 1D-5D input arrays.")?;
    context.ensure_types(input.ty, output.ty, "op_context.input->type != op_context.output->type")?;
    context.ensure_constant(&permutation, "perm")?;
    context.ensure_eq(Shape, permutation.rank(), 1, "NumDimensions(op_context.perm) != 1")?;
    context.ensure_eq(Shape, permutation.dim(0)?, rank as i64, "op_context.perm->dims->data[0] != dims")?;
    for index in permutation.constant_words(rank)?.into_iter().take(rank) {
        let is_within = (0..rank as i64).contains(&index);
        context.ensure_msg(Shape, is_within, "Transpose op permutations array is out of bounds.")?;
    }
    Ok(())
}

/// `space_to_batch_nd.cc` and `batch_to_space_nd.cc`.
pub(super) fn space_and_batch(context: &mut Context) -> Prepared {
    context.ensure_arity(3, 1)?;
    let input = context.input(0)?;
    let output = context.output(0)?;
    for (tensor, name) in [(&input, "input"), (&output, "output")] {
        let is_supported = (3..=4).contains(&tensor.rank());
        context.ensure(Shape, is_supported, &format!("3 <= NumDimensions({name}) <= 4"))?;
    }
    context.ensure_types(input.ty, output.ty, "input->type != output->type")
}

/// `space_to_depth.cc`.
pub(super) fn space_to_depth(context: &mut Context) -> Prepared {
    let (dims, block) = image_and_block(context)?;
    let [batch, height, width, channels] = dims;
    if block == 0 {
        return context.refuse(Options, format!("{}: divides by a block size of 0", context.file));
    }
    let (out_height, out_width) = (height / block, width / block);
    let text = "input_height != output_height * block_size";
    context.ensure_eq(Shape, height, out_height.saturating_mul(block), text)?;
    let text = "input_width != output_width * block_size";
    context.ensure_eq(Shape, width, out_width.saturating_mul(block), text)?;
    let out_channels = channels.saturating_mul(block).saturating_mul(block);
    context.set_output_dims(0, vec![batch, out_height, out_width, out_channels])
}

/// `depth_to_space.cc`.
pub(super) fn depth_to_space(context: &mut Context) -> Prepared {
    let (dims, block) = image_and_block(context)?;
    let [batch, height, width, channels] = dims;
    context.ensure(Options, block > 0, "block_size > 0")?;
    let out_channels = channels / block / block;
    let text = "input_channels != output_channels * block_size * block_size";
    let expected = out_channels.saturating_mul(block).saturating_mul(block);
    context.ensure_eq(Shape, channels, expected, text)?;
    let (out_height, out_width) = (height.saturating_mul(block), width.saturating_mul(block));
    context.set_output_dims(0, vec![batch, out_height, out_width, out_channels])
}

/// Dimensions of the input [batch, height, width, channels] and the block size.
fn image_and_block(context: &mut Context) -> Prepared<([i64; 4], i64)> {
    context.ensure_arity(1, 1)?;
    let input = context.input(0)?;
    let output = context.output(0)?;
    context.ensure_eq(Shape, input.rank(), 4, "NumDimensions(input) != 4")?;
    context.ensure_type_in(&output, &[Float32, Int8], "output")?;
    context.ensure_types(input.ty, output.ty, "input->type != output->type")?;
    let dims = [input.dim(0)?, input.dim(1)?, input.dim(2)?, input.dim(3)?];
    Ok((dims, context.operator.option_int("block_size")))
}

/// `broadcast_args.cc`.
pub(super) fn broadcast_args(context: &mut Context) -> Prepared {
    context.ensure_arity(2, 1)?;
    let first = context.input(0)?;
    let second = context.input(1)?;
    let output = context.output(0)?;
    context.ensure_type_in(&first, &[Int32, Int64], "shape1")?;
    context.ensure_types(first.ty, second.ty, "shape1->type != shape2->type")?;
    context.ensure_types(first.ty, output.ty, "shape1->type != output->type")?;
    for (tensor, name) in [(&first, "shape1"), (&second, "shape2"), (&output, "output")] {
        context.ensure_eq(Shape, tensor.rank(), 1, &format!("NumDimensions({name}) != 1"))?;
    }
    Ok(())
}

/// `broadcast_to.cc`.
pub(super) fn broadcast_to(context: &mut Context) -> Prepared {
    const MAX_RANK: usize = 5;
    const TOO_DEEP: &str = "BroadcastTo only supports 1-5D tensor.";
    const NOT_BROADCASTABLE: &str = "Output shape must be broadcastable from input shape.";
    context.ensure_arity(2, 1)?;
    let input = context.input(0)?;
    let shape = context.input(1)?;
    let output = context.output(0)?;
    context.ensure_msg(Shape, input.rank() <= MAX_RANK, TOO_DEEP)?;
    context.ensure_type_in(&shape, &[Int32, Int64], "shape")?;
    context.ensure_types(input.ty, output.ty, "input->type != output->type")?;
    context.ensure(Types, input.ty != String, "input->type != kTfLiteString")?;
    context.ensure_constant(&shape, "shape")?;
    context.ensure_eq(Shape, shape.rank(), 1, "NumDimensions(shape) != 1")?;
    let rank = output.rank();
    let is_stated = shape.dim(0)? == rank as i64;
    context.ensure_msg(Shape, is_stated, "Output must match with the expected shape dimension.")?;
    context.ensure_msg(Shape, input.rank() <= rank, NOT_BROADCASTABLE)?;
    context.ensure_msg(Shape, rank <= MAX_RANK, TOO_DEEP)?;
    let stated = shape.constant_ints(rank)?;
    for (&dim, &stated) in input.dims.iter().zip(&stated[rank - input.rank()..]) {
        context.ensure_msg(Shape, dim == 1 || i64::from(dim) == stated, NOT_BROADCASTABLE)?;
    }
    for (&dim, &stated) in output.dims.iter().zip(&stated) {
        context.ensure(Shape, i64::from(dim) == stated, "output_shape.Dims(idx) == get_shape_data(idx)")?;
    }
    Ok(())
}

/// `embedding_lookup.cc`.
pub(super) fn embedding_lookup(context: &mut Context) -> Prepared {
    const OP_DATA: [u64; 2] = [8, 16];
    context.ensure_arity(2, 1)?;
    let lookup = context.input(0)?;
    context.ensure_eq(Shape, lookup.rank(), 1, "NumDimensions(lookup) != 1")?;
    context.ensure_types(lookup.ty, Int32, "lookup->type != kTfLiteInt32")?;
    let value = context.input(1)?;
    context.ensure(Shape, value.rank() >= 2, "NumDimensions(value) >= 2")?;
    context.ensure_type_in(&value, &[Float32, Int8], "value")?;
    let output = context.output(0)?;
    if value.ty == Float32 {
        context.ensure_type_in(&output, &[Float32], "output")?;
    } else {
        context.ensure_type_in(&output, &[Float32, Int8], "output")?;
    }
    context.ensure(Shape, output.rank() >= value.rank(), "output->dims->size >= NumDimensions(value)")?;
    let mut dims = output.dims.iter().map(|&dim| i64::from(dim)).collect::<Vec<_>>();
    dims[0] = lookup.dim(0)?;
    for (index, dim) in dims.iter_mut().enumerate().take(value.rank()).skip(1) {
        *dim = value.dim(index)?;
    }
    let n_elements = dims.iter().fold(1i64, |product, &dim| product.saturating_mul(dim));
    context.set_output_dims(0, dims)?;
    let bytes = n_elements.saturating_mul(element_bytes(output.ty).unwrap_or_default() as i64);
    context.ensure(Shape, bytes <= output.bytes as i64, "new_dims_size <= output->bytes")?;
    context.persistent(if context.state.layout.pointer == 4 { OP_DATA[0] } else { OP_DATA[1] });
    if value.ty == Int8 && output.ty == Float32 {
        let text = "tensor_1->params.zero_point != 0";
        context.ensure_eq(super::Trouble::Quantization, value.zero_point, 0, text)?;
    }
    if value.dim(0)? == 0 {
        return context.refuse(Shape, format!("{}: divides by a dimension of 0", context.file));
    }
    Ok(())
}
