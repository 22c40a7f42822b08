//! TFLite RESIZE_NEAREST_NEIGHBOR and RESIZE_BILINEAR.
//!
//! Reference: micro/kernels/resize_nearest_neighbor.cc, resize_bilinear.cc and
//! kernels/internal/reference/resize_nearest_neighbor.h, resize_bilinear.h in github.com/espressif/esp-tflite-micro at
//! 99f49e1498b0984f4db54d9bf3938aceb99ad422.
//!
//! Shapes: input [batches, height, width, depth], size [2] with the new height and width. Bilinear int8 computes in units of
//! 1/1024 pixel and rounds halves away from zero; TFLM computes the place to read of the nearest neighbour in float32. Where
//! its rounding leads behind the last pixel the last one is taken, which TFLM does not check for bilinear.

use super::shapes::{element_bytes, expect_output_shape, expect_rank};
use crate::error::Reason;
use crate::eval::{EvalContext, Operand};
use crate::fixed_point::round_f32;
use crate::prepare::{Options, PrepareContext, expect_equal};
use crate::records::record;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, exact, float};
use crate::schema::{BuiltinOperator, TensorType};
use crate::tensor::{Shape, Tensor};

/// RESIZE_NEAREST_NEIGHBOR.
pub const NEAREST: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::RESIZE_NEAREST_NEIGHBOR),
    versions: &[Kernel { name: "plain", prepare: prepare_nearest, eval: Eval::Kernel(eval_nearest) }],
    support: &[exact("float32"), exact("int8"), exact("int16")],
};
/// RESIZE_BILINEAR.
pub const BILINEAR: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::RESIZE_BILINEAR),
    versions: &[Kernel { name: "plain", prepare: prepare_bilinear, eval: Eval::Kernel(eval_bilinear) }],
    support: &[exact("int8"), float("float32")],
};

/// Units per pixel of the integer kernel.
const UNIT: i32 = 1 << 10;
/// Larger pictures would overflow the units.
const MAX_PIXELS: usize = 1 << 20;

record! {
    struct Params {
        element_bytes: u8,
        aligns_corners: bool,
        has_half_pixel_centers: bool,
    }
}

fn prepare_nearest(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    let input = prepare(context)?;
    use TensorType::{Float32, Int8, Int16};
    input.expect_type(&[Float32, Int8, Int16], "float32, int8 or int16")?;
    context.save(params(&input, &context.options("ResizeNearestNeighborOptions")?)?)
}

fn prepare_bilinear(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    let input = prepare(context)?;
    input.expect_type(&[TensorType::Float32, TensorType::Int8], "float32 or int8")?;
    let params = params(&input, &context.options("ResizeBilinearOptions")?)?;
    if params.has_half_pixel_centers && params.aligns_corners {
        return Err(Reason::Unsupported("If half_pixel_centers is True, align_corners must be False."));
    }
    context.save(params)
}

fn params(input: &Tensor<'_>, options: &Options<'_>) -> Result<Params, Reason> {
    Ok(Params {
        element_bytes: element_bytes(input)? as u8,
        aligns_corners: options.bool("align_corners")?,
        has_half_pixel_centers: options.bool("half_pixel_centers")?,
    })
}

/// The checks that both operators have; returns the input.
fn prepare<'m>(context: &PrepareContext<'_, 'm>) -> Result<Tensor<'m>, Reason> {
    context.expect_operands(2..=2, 1)?;
    let (input, size) = (context.input(0, "input")?, context.input(1, "size")?);
    let output = context.output(0, "output")?;
    expect_rank(&input, 4)?;
    expect_rank(&size, 1)?;
    size.expect_type(&[TensorType::Int32], "int32")?;
    expect_equal("number of elements of size", size.elements(), 2)?;
    output.expect_type(&[input.ty], "the type of the input")?;
    let wanted = size.required_constant::<i32>()?;
    let [batches, height, width, depth] = core::array::from_fn(|axis| input.shape.dim(axis));
    let expected = Shape::from_slice(&[batches as i32, wanted[0], wanted[1], depth as i32])?;
    expect_output_shape(&output, &expected)?;
    if output.elements() > 0 && (height == 0 || width == 0) {
        return Err(Reason::Unsupported("the input has no pixel"));
    }
    for pixels in [height, width, output.shape.dim(1), output.shape.dim(2)] {
        if pixels > MAX_PIXELS {
            let found = pixels as i64;
            return Err(Reason::Range { what: "height or width", found, expected: "at most 1048576" });
        }
    }
    Ok(input)
}

fn eval_nearest(context: &mut EvalContext<'_>) {
    let params: Params = context.params();
    let (input_shape, output_shape) = (context.input_shape(0), context.output_shape(0));
    let ([output], operands) = context.split([Operand::Output(0)]);
    nearest(&params, &input_shape, &output_shape, operands.bytes(Operand::Input(0)), output);
}

fn nearest(params: &Params, input_shape: &Shape, output_shape: &Shape, input: &[u8], output: &mut [u8]) {
    let [height, width] =
        [1, 2].map(|axis| Nearest::new(params, input_shape.dim(axis), output_shape.dim(axis)));
    let pixel_bytes = input_shape.dim(3) * usize::from(params.element_bytes);
    if output.is_empty() {
        return;
    }
    let row_bytes = output_shape.dim(2) * pixel_bytes;
    for (number, row) in output.chunks_exact_mut(row_bytes).enumerate() {
        let (batch, y) = (number / output_shape.dim(1), number % output_shape.dim(1));
        let input_row = (batch * input_shape.dim(1) + height.index(y)) * input_shape.dim(2);
        for (x, pixel) in row.chunks_exact_mut(pixel_bytes).enumerate() {
            let start = (input_row + width.index(x)) * pixel_bytes;
            pixel.copy_from_slice(&input[start..start + pixel_bytes]);
        }
    }
}

/// Which pixel of one direction is the nearest (`GetNearestNeighbor`).
struct Nearest {
    scale: f32,
    offset: f32,
    rounds: bool,
    last: usize,
}

impl Nearest {
    fn new(params: &Params, from: usize, to: usize) -> Self {
        let scale = if params.aligns_corners && to > 1 {
            (from as f32 - 1.0) / (to - 1) as f32
        } else {
            from as f32 / to as f32
        };
        let offset = if params.has_half_pixel_centers { 0.5 } else { 0.0 };
        Self { scale, offset, rounds: params.aligns_corners, last: from.saturating_sub(1) }
    }

    fn index(&self, output: usize) -> usize {
        let place = (output as f32 + self.offset) * self.scale;
        let index = if self.rounds { round_f32(place) } else { libm::floorf(place) };
        (index as usize).min(self.last)
    }
}

fn eval_bilinear(context: &mut EvalContext<'_>) {
    let params: Params = context.params();
    let (input_shape, output_shape) = (context.input_shape(0), context.output_shape(0));
    if params.element_bytes == 1 {
        let (output, operands) = context.output();
        bilinear_int8(&params, &input_shape, &output_shape, operands.input(0), output);
    } else {
        let (output, operands) = context.output();
        bilinear_float(&params, &input_shape, &output_shape, operands.input(0), output);
    }
}

/// The two pixels of one direction that a pixel lies between, and how far it is from the lower one.
struct Between<T> {
    lower: usize,
    upper: usize,
    distance: T,
}

fn bilinear_float(
    params: &Params,
    input_shape: &Shape,
    output_shape: &Shape,
    input: &[f32],
    output: &mut [f32],
) {
    let scale = |axis: usize| {
        let (from, to) = (input_shape.dim(axis), output_shape.dim(axis));
        if params.aligns_corners && to > 1 {
            (from as f32 - 1.0) / (to - 1) as f32
        } else {
            from as f32 / to as f32
        }
    };
    let [height_scale, width_scale] = [scale(1), scale(2)];
    let between = |index: usize, scale: f32, size: usize| {
        let index = index as f32;
        let place = if params.has_half_pixel_centers { (index + 0.5) * scale - 0.5 } else { index * scale };
        let lower = (libm::floorf(place) as i32).max(0);
        let upper = (libm::ceilf(place) as i32).clamp(0, size as i32 - 1);
        let distance = place - lower as f32;
        Between { lower: lower.min(size as i32 - 1) as usize, upper: upper as usize, distance }
    };
    interpolate(
        input_shape,
        output_shape,
        input,
        output,
        |y| between(y, height_scale, input_shape.dim(1)),
        |x| between(x, width_scale, input_shape.dim(2)),
        |[lower_left, upper_left, lower_right, upper_right]: [f32; 4], y, x| {
            lower_left * (1.0 - y) * (1.0 - x)
                + upper_left * y * (1.0 - x)
                + lower_right * (1.0 - y) * x
                + upper_right * y * x
                + 0.0
        },
    );
}

fn bilinear_int8(
    params: &Params,
    input_shape: &Shape,
    output_shape: &Shape,
    input: &[i8],
    output: &mut [i8],
) {
    let scale = |axis: usize| {
        let (from, to) = (input_shape.dim(axis) as i32, output_shape.dim(axis) as i32);
        if params.aligns_corners && to > 1 {
            (UNIT * (from - 1) + (to - 1) / 2) / (to - 1)
        } else {
            (UNIT * from + to / 2).checked_div(to).unwrap_or(0)
        }
    };
    let [height_scale, width_scale] = [scale(1), scale(2)];
    let between = |index: usize, scale: i32, size: usize| {
        let start = if params.has_half_pixel_centers { scale / 2 - UNIT / 2 } else { 0 };
        let place = (index as i32).wrapping_mul(scale).wrapping_add(start);
        let lower = (place / UNIT).max(0);
        let upper = ((place + UNIT - 1) / UNIT).clamp(0, size as i32 - 1);
        let distance = place - UNIT * lower;
        Between { lower: lower.min(size as i32 - 1) as usize, upper: upper as usize, distance }
    };
    interpolate(
        input_shape,
        output_shape,
        input,
        output,
        |y| between(y, height_scale, input_shape.dim(1)),
        |x| between(x, width_scale, input_shape.dim(2)),
        |corners: [i8; 4], y: i32, x: i32| {
            let [lower_left, upper_left, lower_right, upper_right] = corners.map(i64::from);
            let [y, x, unit] = [y, x, UNIT].map(i64::from);
            let sum = lower_left * (unit - y) * (unit - x)
                + upper_left * y * (unit - x)
                + lower_right * (unit - y) * x
                + upper_right * y * x;
            let half = if sum > 0 { 1 << 19 } else { -(1 << 19) };
            ((sum + half) / (1 << 20)) as i8
        },
    );
}

fn interpolate<T: Copy, D: Copy>(
    input_shape: &Shape,
    output_shape: &Shape,
    input: &[T],
    output: &mut [T],
    vertical: impl Fn(usize) -> Between<D>,
    horizontal: impl Fn(usize) -> Between<D>,
    mix: impl Fn([T; 4], D, D) -> T,
) {
    let [_, height, width, depth] = core::array::from_fn(|axis| input_shape.dim(axis));
    if output.is_empty() {
        return;
    }
    for (number, row) in output.chunks_exact_mut(output_shape.dim(2) * depth).enumerate() {
        let (batch, y) = (number / output_shape.dim(1), number % output_shape.dim(1));
        let y = vertical(y);
        let [lower, upper] = [y.lower, y.upper].map(|y| (batch * height + y) * width);
        for (x, pixel) in row.chunks_exact_mut(depth).enumerate() {
            let x = horizontal(x);
            let corners = [lower + x.lower, upper + x.lower, lower + x.upper, upper + x.upper];
            let corners = corners.map(|pixel| &input[pixel * depth..(pixel + 1) * depth]);
            for (channel, output) in pixel.iter_mut().enumerate() {
                *output = mix(corners.map(|corner| corner[channel]), y.distance, x.distance);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(element_bytes: u8, aligns_corners: bool, has_half_pixel_centers: bool) -> Params {
        Params { element_bytes, aligns_corners, has_half_pixel_centers }
    }

    fn row(width: usize) -> Shape {
        Shape::from_slice(&[1, 1, width as i32, 1]).unwrap()
    }

    fn nearest_indexes(from: usize, to: usize, aligns: bool, centers: bool) -> Vec<u8> {
        let input: Vec<u8> = (0..from as u8).collect();
        let mut output = vec![0xa5; to];
        nearest(&params(1, aligns, centers), &row(from), &row(to), &input, &mut output);
        output
    }

    #[test]
    fn the_nearest_pixel_depends_on_the_options() {
        assert_eq!(nearest_indexes(3, 6, false, false), [0, 0, 1, 1, 2, 2]);
        assert_eq!(nearest_indexes(3, 6, true, false), [0, 0, 1, 1, 2, 2]);
        assert_eq!(nearest_indexes(3, 5, true, false), [0, 1, 1, 2, 2]);
        assert_eq!(nearest_indexes(5, 3, false, false), [0, 1, 3]);
        assert_eq!(nearest_indexes(5, 3, false, true), [0, 2, 4]);
        assert_eq!(nearest_indexes(1, 4, true, true), [0, 0, 0, 0]);
    }

    #[test]
    fn pixels_are_copied_whole() {
        let (from, to) =
            (Shape::from_slice(&[2, 2, 1, 3]).unwrap(), Shape::from_slice(&[2, 1, 2, 3]).unwrap());
        let input: Vec<u8> = (0..24).collect();
        let mut output = vec![0xa5; 24];
        nearest(&params(2, false, false), &from, &to, &input, &mut output);
        let expected: Vec<u8> = (0..6).chain(0..6).chain(12..18).chain(12..18).collect();
        assert_eq!(output, expected);
    }

    fn bilinear_row(from: &[i8], to: usize, aligns: bool, centers: bool) -> Vec<i8> {
        let mut output = vec![-91; to];
        bilinear_int8(&params(1, aligns, centers), &row(from.len()), &row(to), from, &mut output);
        output
    }

    #[test]
    fn halves_are_rounded_away_from_zero() {
        assert_eq!(bilinear_row(&[0, 1], 4, false, false), [0, 1, 1, 1]);
        assert_eq!(bilinear_row(&[0, -1], 4, false, false), [0, -1, -1, -1]);
        assert_eq!(bilinear_row(&[-128, 127], 3, true, false), [-128, -1, 127]);
        assert_eq!(bilinear_row(&[10, 20], 4, false, true), [10, 13, 18, 20]);
    }

    #[test]
    fn nothing_is_read_behind_the_last_pixel() {
        let output = bilinear_row(&[1, 2], 3000, false, true);
        assert_eq!((output[0], output[2999]), (1, 2));
        assert_eq!(bilinear_row(&[7], 1000, false, true), [7; 1000]);
    }

    #[test]
    fn floats_are_mixed_in_both_directions() {
        let (from, to) =
            (Shape::from_slice(&[1, 2, 2, 1]).unwrap(), Shape::from_slice(&[1, 3, 3, 1]).unwrap());
        let mut output = [f32::NAN; 9];
        bilinear_float(&params(4, true, false), &from, &to, &[0.0, 2.0, 4.0, 6.0], &mut output);
        assert_eq!(output, [0.0, 1.0, 2.0, 2.0, 3.0, 4.0, 4.0, 5.0, 6.0]);
    }
}
