//! What operators on one tensor have in common: their operands and the loop.

use crate::error::Reason;
use crate::eval::EvalContext;
use crate::prepare::{PrepareContext, expect_equal};
use crate::tensor::{Element, Tensor};

/// The input and the output of an operator on one tensor, with as many elements.
///
/// # Errors
/// There are more or less operands or elements.
pub(super) fn unary_operands<'m>(
    context: &PrepareContext<'_, 'm>,
) -> Result<(Tensor<'m>, Tensor<'m>), Reason> {
    context.expect_operands(1..=1, 1)?;
    let (input, output) = (context.input(0, "input")?, context.output(0, "output")?);
    expect_equal("elements of the output", output.elements(), input.elements())?;
    Ok((input, output))
}

/// Checks that two tensors have the same shape.
///
/// # Errors
/// They have not.
pub(super) fn expect_same_shape(input: &Tensor<'_>, output: &Tensor<'_>) -> Result<(), Reason> {
    if input.shape == output.shape {
        return Ok(());
    }
    Err(Reason::Unsupported("the output has another shape than the input"))
}

/// Writes `function(input)` of every element.
pub(super) fn eval_unary<A: Element, T: Element>(context: &mut EvalContext<'_>, function: impl Fn(A) -> T) {
    let (output, operands) = context.output::<T>();
    for (output, input) in output.iter_mut().zip(operands.input::<A>(0)) {
        *output = function(*input);
    }
}

/// As [`eval_unary`] for int8, where a function has only 256 values: those of a large tensor come from a table on the
/// stack.
pub(super) fn eval_unary_int8(context: &mut EvalContext<'_>, function: impl Fn(i8) -> i8) {
    let (output, operands) = context.output::<i8>();
    let input = operands.input::<i8>(0);
    if output.len() < 2 * TABLE_ENTRIES {
        output.iter_mut().zip(input).for_each(|(output, input)| *output = function(*input));
        return;
    }
    let table: [i8; TABLE_ENTRIES] = core::array::from_fn(|index| function(index as u8 as i8));
    output.iter_mut().zip(input).for_each(|(output, input)| *output = table[*input as u8 as usize]);
}

/// Takes the words of a table for int8 and fills them with `entry` of -128 to 127, four to a word.
///
/// # Errors
/// The arena is too small.
pub(super) fn save_int8_table(
    context: &mut PrepareContext<'_, '_>,
    entry: impl Fn(i8) -> i8,
) -> Result<(), Reason> {
    let words = context.words(TABLE_ENTRIES / 4)?;
    for (index, byte) in bytemuck::cast_slice_mut::<u32, u8>(words).iter_mut().enumerate() {
        *byte = entry(index as u8 as i8) as u8;
    }
    Ok(())
}

/// Looks every element up in the words that [`save_int8_table`] filled.
pub(super) fn eval_int8_table(context: &mut EvalContext<'_>, words: &[u32]) {
    let Some(table) = bytemuck::cast_slice::<u32, i8>(words).first_chunk::<TABLE_ENTRIES>() else { return };
    eval_unary(context, |input: i8| table[input as u8 as usize]);
}

const TABLE_ENTRIES: usize = 256;

/// A quantized element.
pub(super) trait QuantizedElement: Element + Into<i32> {
    /// Smallest and largest value.
    const LIMITS: (i32, i32);

    /// The value without the upper bits.
    fn truncate(value: i32) -> Self;

    /// The nearest value.
    #[inline(always)]
    fn saturate(value: i32) -> Self {
        Self::truncate(value.clamp(Self::LIMITS.0, Self::LIMITS.1))
    }
}

macro_rules! quantized_elements {
    ($($ty:ty)*) => {$(
        impl QuantizedElement for $ty {
            const LIMITS: (i32, i32) = (<$ty>::MIN as i32, <$ty>::MAX as i32);

            #[inline(always)]
            fn truncate(value: i32) -> Self {
                value as $ty
            }
        }
    )*};
}
quantized_elements!(i8 u8 i16 i32);
