//! Sums of products in the types that convolution-like operators take, a run of neighbouring elements at a time.
//!
//! The loops over images and filters are written once per operator and work with any of these. They are plain; int8, which
//! has to be quick, has loops of its own.

use super::requantize::{Factors, OutputStage};
use crate::error::Reason;
use crate::eval::{Operands, cast_mut};
use crate::fixed_point::FloatRange;
use crate::prepare::Semantics;
use crate::records::Record;
use crate::schema::TensorType;
use crate::tensor::Tensor;

/// Types of input, filter and sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    /// int8 input and filter, 32-bit sum.
    Int8,
    /// int8 input, int4 filter, 32-bit sum.
    Int4,
    /// int16 input, int8 filter, 64-bit sum.
    Int16,
    /// int16 input, int8 filter, 32-bit sum, because the bias has 32 bits.
    Int16Sum32,
    /// float32 throughout.
    Float32,
    /// float32 input that is quantized on the fly, int8 filter: LiteRT only, and never part of [`with_sums`].
    Hybrid,
}

impl Arithmetic {
    const ALL: [Self; 6] =
        [Self::Int8, Self::Int4, Self::Int16, Self::Int16Sum32, Self::Float32, Self::Hybrid];

    /// The arithmetic for the types of an operator.
    ///
    /// # Errors
    /// The types do not go together; TFLM's own words where it refuses them for being hybrid.
    pub(crate) fn choose(
        input: &Tensor<'_>,
        filter: &Tensor<'_>,
        bias: Option<&Tensor<'_>>,
        output: &Tensor<'_>,
        quantized_bias_type: i64,
        semantics: Semantics,
    ) -> Result<Self, Reason> {
        output.expect_type(&[input.ty], "the type of the input")?;
        let expect_bias =
            |types: &[TensorType], expected| bias.map_or(Ok(()), |bias| bias.expect_type(types, expected));
        match (input.ty, filter.ty) {
            (TensorType::Int8, TensorType::Int8) => {
                expect_bias(&[TensorType::Int32], "int32")?;
                Ok(Self::Int8)
            }
            (TensorType::Int8, TensorType::Int4) => {
                expect_bias(&[TensorType::Int32], "int32")?;
                Ok(Self::Int4)
            }
            (TensorType::Int16, TensorType::Int8) => {
                expect_bias(&[TensorType::Int32, TensorType::Int64], "int32 or int64")?;
                let asked = TensorType::from_code(quantized_bias_type as i8);
                let is_32 = bias.map_or(asked, |bias| Some(bias.ty)) == Some(TensorType::Int32);
                Ok(if is_32 { Self::Int16Sum32 } else { Self::Int16 })
            }
            (TensorType::Float32, TensorType::Float32) => {
                expect_bias(&[TensorType::Float32], "float32")?;
                Ok(Self::Float32)
            }
            (TensorType::Float32, TensorType::Int8) if semantics == Semantics::Litert => {
                expect_bias(&[TensorType::Float32], "float32")?;
                Ok(Self::Hybrid)
            }
            (TensorType::Float32, TensorType::Int8 | TensorType::Int4) => {
                Err(Reason::Unsupported("Hybrid models are not supported on TFLite Micro."))
            }
            (TensorType::Int8 | TensorType::Int16 | TensorType::Float32, found) => {
                let expected = "int8 (or int4, with int8 input; float32, with float32 input)";
                Err(Reason::Type { operand: filter.role, found, expected })
            }
            (found, _) => {
                Err(Reason::Type { operand: input.role, found, expected: "int8, int16 or float32" })
            }
        }
    }

    /// True if outputs are quantized.
    pub(crate) fn is_quantized(self) -> bool {
        !matches!(self, Self::Float32 | Self::Hybrid)
    }

    /// True for int16 activations, whose zero points convolutions take for 0.
    pub(crate) fn is_int16(self) -> bool {
        matches!(self, Self::Int16 | Self::Int16Sum32)
    }
}

impl Record for Arithmetic {
    const WORDS: usize = 1;
    fn read(words: &[u32]) -> Self {
        Self::ALL.get(words[0] as usize).copied().unwrap_or(Self::Int8)
    }
    fn write(self, words: &mut [u32]) {
        words[0] = self as u32;
    }
}

/// How one type of sum is formed and finished. Positions are elements from the start of the tensor.
pub(crate) trait Accumulate {
    /// A sum of products.
    type Sum: Copy;
    /// The sum of nothing.
    fn zero(&self) -> Self::Sum;
    /// Adds the products of `length` neighbouring inputs and weights.
    fn run(&self, sum: Self::Sum, input_at: usize, filter_at: usize, length: usize) -> Self::Sum;
    /// The sum of `length` neighbouring inputs times `offset`: what a zero point of the filter adds.
    fn offset_run(&self, _input_at: usize, _length: usize, _offset: i32) -> Self::Sum {
        self.zero()
    }
    /// Adds the bias of a channel and writes the output.
    fn finish(&mut self, output_at: usize, channel: usize, sum: Self::Sum);
}

/// Quantized sums: `(input + offset) * weight` in `SUM`, plus bias, times the channel's factor.
pub(crate) struct QuantizedSums<'a, INPUT, BIAS, OUTPUT> {
    pub(crate) input: &'a [INPUT],
    /// Bytes of the filter: one weight each, or two of 4 bits.
    pub(crate) filter: &'a [i8],
    pub(crate) bias: &'a [BIAS],
    pub(crate) output: &'a mut [OUTPUT],
    pub(crate) input_offset: i32,
    pub(crate) factors: Factors<'a>,
    pub(crate) stage: OutputStage,
}

/// The same with 4-bit weights.
pub(crate) struct Int4Sums<'a>(pub(crate) QuantizedSums<'a, i8, i32, i8>);

/// Float sums: the bias is added last.
pub(crate) struct FloatSums<'a> {
    pub(crate) input: &'a [f32],
    pub(crate) filter: &'a [f32],
    pub(crate) bias: &'a [f32],
    pub(crate) output: &'a mut [f32],
    pub(crate) range: FloatRange,
}

impl<'a, INPUT, BIAS, OUTPUT> QuantizedSums<'a, INPUT, BIAS, OUTPUT>
where
    INPUT: crate::tensor::Element,
    BIAS: crate::tensor::Element,
    OUTPUT: crate::tensor::Element,
{
    /// The sums of an operator with the positions of input, filter and bias among its inputs.
    pub(crate) fn new(
        operands: &Operands<'a>,
        [input, filter, bias]: [usize; 3],
        output: &'a mut [u8],
        input_offset: i32,
        factors: Factors<'a>,
        stage: OutputStage,
    ) -> Self {
        Self {
            input: operands.input(input),
            filter: operands.input(filter),
            bias: operands.input(bias),
            output: cast_mut(output),
            input_offset,
            factors,
            stage,
        }
    }
}

impl<'a> FloatSums<'a> {
    /// The sums of an operator with the positions of input, filter and bias among its inputs.
    pub(crate) fn new(
        operands: &Operands<'a>,
        [input, filter, bias]: [usize; 3],
        output: &'a mut [u8],
        range: FloatRange,
    ) -> Self {
        let (input, filter) = (operands.input(input), operands.input(filter));
        Self { input, filter, bias: operands.input(bias), output: cast_mut(output), range }
    }
}

impl Accumulate for QuantizedSums<'_, i8, i32, i8> {
    type Sum = i32;

    fn zero(&self) -> i32 {
        0
    }

    fn run(&self, sum: i32, input_at: usize, filter_at: usize, length: usize) -> i32 {
        let inputs = &self.input[input_at..][..length];
        inputs.iter().zip(&self.filter[filter_at..][..length]).fold(sum, |sum, (input, weight)| {
            sum.wrapping_add(
                (i32::from(*input).wrapping_add(self.input_offset)).wrapping_mul(i32::from(*weight)),
            )
        })
    }

    fn offset_run(&self, input_at: usize, length: usize, offset: i32) -> i32 {
        let inputs = &self.input[input_at..][..length];
        inputs.iter().fold(0, |sum: i32, input| {
            let input = i32::from(*input).wrapping_add(self.input_offset);
            sum.wrapping_add(input.wrapping_mul(offset))
        })
    }

    fn finish(&mut self, output_at: usize, channel: usize, sum: i32) {
        let sum = sum.wrapping_add(self.bias.get(channel).copied().unwrap_or(0));
        self.output[output_at] = self.stage.finish(self.factors.apply(channel, sum)) as i8;
    }
}

impl Accumulate for Int4Sums<'_> {
    type Sum = i32;

    fn zero(&self) -> i32 {
        0
    }

    fn run(&self, sum: i32, input_at: usize, filter_at: usize, length: usize) -> i32 {
        let inputs = &self.0.input[input_at..][..length];
        inputs.iter().zip(filter_at..).fold(sum, |sum, (input, at)| {
            let input = i32::from(*input).wrapping_add(self.0.input_offset);
            sum.wrapping_add(input.wrapping_mul(int4_at(self.0.filter, at)))
        })
    }

    fn offset_run(&self, input_at: usize, length: usize, offset: i32) -> i32 {
        self.0.offset_run(input_at, length, offset)
    }

    fn finish(&mut self, output_at: usize, channel: usize, sum: i32) {
        self.0.finish(output_at, channel, sum);
    }
}

/// The 4-bit element at an index: even ones are the low halves of their bytes.
#[inline(always)]
pub(crate) fn int4_at(bytes: &[i8], index: usize) -> i32 {
    let byte = bytes[index / 2];
    i32::from(if index.is_multiple_of(2) { (byte << 4) >> 4 } else { byte >> 4 })
}

impl Accumulate for QuantizedSums<'_, i16, i64, i16> {
    type Sum = i64;

    fn zero(&self) -> i64 {
        0
    }

    fn run(&self, sum: i64, input_at: usize, filter_at: usize, length: usize) -> i64 {
        let inputs = &self.input[input_at..][..length];
        inputs.iter().zip(&self.filter[filter_at..][..length]).fold(sum, |sum, (input, weight)| {
            let input = i32::from(*input).wrapping_add(self.input_offset);
            sum.wrapping_add(i64::from(input.wrapping_mul(i32::from(*weight))))
        })
    }

    fn offset_run(&self, input_at: usize, length: usize, offset: i32) -> i64 {
        let inputs = &self.input[input_at..][..length];
        inputs.iter().fold(0, |sum: i64, input| {
            let input = i32::from(*input).wrapping_add(self.input_offset);
            sum.wrapping_add(i64::from(input.wrapping_mul(offset)))
        })
    }

    fn finish(&mut self, output_at: usize, channel: usize, sum: i64) {
        let sum = sum.wrapping_add(self.bias.get(channel).copied().unwrap_or(0));
        self.output[output_at] = self.stage.finish(self.factors.apply_64(channel, sum)) as i16;
    }
}

impl Accumulate for QuantizedSums<'_, i16, i32, i16> {
    type Sum = i32;

    fn zero(&self) -> i32 {
        0
    }

    fn run(&self, sum: i32, input_at: usize, filter_at: usize, length: usize) -> i32 {
        let inputs = &self.input[input_at..][..length];
        inputs.iter().zip(&self.filter[filter_at..][..length]).fold(sum, |sum, (input, weight)| {
            sum.wrapping_add(
                (i32::from(*input).wrapping_add(self.input_offset)).wrapping_mul(i32::from(*weight)),
            )
        })
    }

    fn offset_run(&self, input_at: usize, length: usize, offset: i32) -> i32 {
        let inputs = &self.input[input_at..][..length];
        inputs.iter().fold(0, |sum: i32, input| {
            let input = i32::from(*input).wrapping_add(self.input_offset);
            sum.wrapping_add(input.wrapping_mul(offset))
        })
    }

    fn finish(&mut self, output_at: usize, channel: usize, sum: i32) {
        let sum = sum.wrapping_add(self.bias.get(channel).copied().unwrap_or(0));
        self.output[output_at] = self.stage.finish(self.factors.apply(channel, sum)) as i16;
    }
}

impl Accumulate for FloatSums<'_> {
    type Sum = f32;

    fn zero(&self) -> f32 {
        0.0
    }

    fn run(&self, sum: f32, input_at: usize, filter_at: usize, length: usize) -> f32 {
        let inputs = &self.input[input_at..][..length];
        // One product after the other: another order would round otherwise.
        inputs
            .iter()
            .zip(&self.filter[filter_at..][..length])
            .fold(sum, |sum, (input, weight)| sum + input * weight)
    }

    fn finish(&mut self, output_at: usize, channel: usize, sum: f32) {
        let bias = self.bias.get(channel).copied().unwrap_or(0.0);
        self.output[output_at] = self.range.clamp(sum + bias);
    }
}

/// Runs `$body` with `$sums` as the sums of an arithmetic other than `Int8` and `Hybrid`: a `match` that would otherwise be
/// written in every operator.
macro_rules! with_sums {
    ($arithmetic:expr, $params:expr, $factors:expr, $operands:expr, $inputs:expr, $output:expr, |$sums:ident| $body:expr) => {{
        use $crate::kernels::accumulate::{Arithmetic, FloatSums, Int4Sums, QuantizedSums};
        let (offset, stage) = ($params.input_offset, $params.output);
        match $arithmetic {
            Arithmetic::Int8 => {
                let mut $sums =
                    QuantizedSums::<i8, i32, i8>::new(&$operands, $inputs, $output, offset, $factors, stage);
                $body
            }
            Arithmetic::Int4 => {
                let sums =
                    QuantizedSums::<i8, i32, i8>::new(&$operands, $inputs, $output, offset, $factors, stage);
                let mut $sums = Int4Sums(sums);
                $body
            }
            Arithmetic::Int16 => {
                let mut $sums = QuantizedSums::<i16, i64, i16>::new(
                    &$operands, $inputs, $output, offset, $factors, stage,
                );
                $body
            }
            Arithmetic::Int16Sum32 => {
                let mut $sums = QuantizedSums::<i16, i32, i16>::new(
                    &$operands, $inputs, $output, offset, $factors, stage,
                );
                $body
            }
            Arithmetic::Float32 | Arithmetic::Hybrid => {
                let mut $sums = FloatSums::new(&$operands, $inputs, $output, $params.float_range);
                $body
            }
        }
    }};
}
pub(crate) use with_sums;
