//! TFLite SPACE_TO_DEPTH and DEPTH_TO_SPACE: blocks of pixels as channels, and back.
//!
//! Reference: micro/kernels/space_to_depth.cc, depth_to_space.cc and kernels/internal/reference/space_to_depth.h in
//! github.com/espressif/esp-tflite-micro at 99f49e1498b0984f4db54d9bf3938aceb99ad422.
//!
//! Shapes: [batches, height, width, depth] and [batches, height / block, width / block, block * block * depth]; a channel of
//! the second is (row in the block, column in the block, channel). TFLM sets the shape of the output itself; here the file
//! has to have that shape already.

use super::shapes::{element_bytes, expect_output_shape, expect_rank};
use super::walk::Walk;
use crate::error::Reason;
use crate::eval::{EvalContext, Operand};
use crate::prepare::{Options, PrepareContext, expect_equal};
use crate::records::record;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, Support, exact};
use crate::schema::{BuiltinOperator, TensorType};
use crate::tensor::{Shape, Tensor};

const SUPPORT: &[Support] = &[exact("float32"), exact("int8")];

/// SPACE_TO_DEPTH.
pub const SPACE_TO_DEPTH: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::SPACE_TO_DEPTH),
    versions: &[Kernel { name: "plain", prepare: prepare_to_depth, eval: Eval::Kernel(eval_to_depth) }],
    support: SUPPORT,
};
/// DEPTH_TO_SPACE.
pub const DEPTH_TO_SPACE: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::DEPTH_TO_SPACE),
    versions: &[Kernel { name: "plain", prepare: prepare_to_space, eval: Eval::Kernel(eval_to_space) }],
    support: SUPPORT,
};

record! {
    struct Params {
        element_bytes: u32,
        block: u32,
    }
}

fn prepare_to_depth(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    let (input, output) = operands(context)?;
    let block = block_size(&context.options("SpaceToDepthOptions")?)?;
    let [batches, height, width, depth] = sizes(&input.shape);
    for size in [height, width] {
        expect_equal("height or width that is left after the blocks", size % block, 0)?;
    }
    check_shape(&output, [batches, height / block, width / block, depth * block * block])?;
    context.save(Params { element_bytes: element_bytes(&input)?, block: block as u32 })
}

fn prepare_to_space(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    let (input, output) = operands(context)?;
    let block = block_size(&context.options("DepthToSpaceOptions")?)?;
    let [batches, height, width, depth] = sizes(&input.shape);
    expect_equal("depth that is left after the blocks", depth % (block * block), 0)?;
    check_shape(&output, [batches, height * block, width * block, depth / (block * block)])?;
    context.save(Params { element_bytes: element_bytes(&input)?, block: block as u32 })
}

fn operands<'m>(context: &PrepareContext<'_, 'm>) -> Result<(Tensor<'m>, Tensor<'m>), Reason> {
    context.expect_operands(1..=1, 1)?;
    let (input, output) = (context.input(0, "input")?, context.output(0, "output")?);
    expect_rank(&input, 4)?;
    output.expect_type(&[TensorType::Float32, TensorType::Int8], "float32 or int8")?;
    input.expect_type(&[output.ty], "the type of the output")?;
    Ok((input, output))
}

/// Larger blocks than this one would overflow before anything is checked.
const MAX_BLOCK: u32 = 1 << 12;

fn block_size(options: &Options<'_>) -> Result<usize, Reason> {
    let block = options.positive("block_size")?;
    if block > MAX_BLOCK {
        return Err(Reason::Range { what: "block_size", found: i64::from(block), expected: "at most 4096" });
    }
    Ok(block as usize)
}

fn sizes(shape: &Shape) -> [usize; 4] {
    core::array::from_fn(|axis| shape.dim(axis))
}

fn check_shape(output: &Tensor<'_>, expected: [usize; 4]) -> Result<(), Reason> {
    let too_large = Reason::TooLarge { what: "the output" };
    let mut dims = [0; 4];
    for (dim, size) in dims.iter_mut().zip(expected) {
        *dim = i32::try_from(size).map_err(|_| too_large)?;
    }
    expect_output_shape(output, &Shape::from_slice(&dims)?)
}

fn eval_to_depth(context: &mut EvalContext<'_>) {
    let params: Params = context.params();
    let shape = context.input_shape(0);
    let ([output], operands) = context.split([Operand::Output(0)]);
    space_to_depth(&shape, &params, operands.bytes(Operand::Input(0)), output);
}

fn eval_to_space(context: &mut EvalContext<'_>) {
    let params: Params = context.params();
    let shape = context.output_shape(0);
    let ([output], operands) = context.split([Operand::Output(0)]);
    depth_to_space(&shape, &params, operands.bytes(Operand::Input(0)), output);
}

fn space_to_depth(space: &Shape, params: &Params, input: &[u8], output: &mut [u8]) {
    loops(space, params)
        .iter()
        .fold(Walk::new(params.element_bytes as usize), |walk, (size, in_space, in_depth)| {
            walk.around(*size, *in_space, *in_depth)
        })
        .copy(input, output);
}

fn depth_to_space(space: &Shape, params: &Params, input: &[u8], output: &mut [u8]) {
    loops(space, params)
        .iter()
        .fold(Walk::new(params.element_bytes as usize), |walk, (size, in_space, in_depth)| {
            walk.around(*size, *in_depth, *in_space)
        })
        .copy(input, output);
}

/// Size, distance in the tensor of pixels and distance in the tensor of blocks, from the innermost loop: channel, column
/// and row in the block, column and row of the block, batch.
fn loops(space: &Shape, params: &Params) -> [(usize, isize, isize); 6] {
    let [batches, height, width, depth] = sizes(space);
    let block = params.block as usize;
    let [row, block_depth] = [width * depth, block * block * depth].map(|size| size as isize);
    let (block_i, depth_i, image) = (block as isize, depth as isize, (height * width * depth) as isize);
    [
        (depth, 1, 1),
        (block, depth_i, depth_i),
        (block, row, block_i * depth_i),
        (width / block, block_i * depth_i, block_depth),
        (height / block, block_i * row, (width / block) as isize * block_depth),
        (batches, image, image),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_become_channels_and_pixels_again() {
        for (dims, block) in [([1, 4, 6, 1], 2), ([2, 2, 4, 3], 2), ([1, 3, 3, 5], 3), ([2, 3, 2, 2], 1)] {
            let space = Shape::from_slice(&dims).unwrap();
            let [_, height, width, depth] = sizes(&space);
            for element_bytes in [1usize, 4] {
                let params = Params { element_bytes: element_bytes as u32, block: block as u32 };
                let input: Vec<u8> = (0..space.elements() * element_bytes).map(|index| index as u8).collect();
                let mut output = vec![0xa5; input.len()];
                space_to_depth(&space, &params, &input, &mut output);
                for (index, found) in input.chunks(element_bytes).enumerate() {
                    let (d, w) = (index % depth, index / depth % width);
                    let (h, b) = (index / depth / width % height, index / depth / width / height);
                    let channel = d + (h % block * block + w % block) * depth;
                    let pixel = (b * (height / block) + h / block) * (width / block) + w / block;
                    let at = pixel * depth * block * block + channel;
                    assert_eq!(found, &output[at * element_bytes..][..element_bytes], "{dims:?} {index}");
                }
                let mut back = vec![0xa5; input.len()];
                depth_to_space(&space, &params, &output, &mut back);
                assert_eq!(back, input);
            }
        }
    }
}
