//! MEAN, SUM and the other reductions.
//!
//! Source: `reduce.cc` and `reduce_common.cc`.

use super::Trouble::Arity;
use super::quantized::multiplier;
use super::{Context, Prepared};
use crate::model::TensorType::{Bool, Int8, Int16, Int32};

/// MEAN and SUM.
pub(super) fn mean_or_sum(context: &mut Context) -> Prepared {
    let input = context.input(0)?;
    let output = context.output(0)?;
    let axis = context.input(1)?;
    if matches!(input.ty, Int8 | Int16) {
        multiplier(context, f64::from(input.scale) / f64::from(output.scale))?;
        context.scratch(output.elements(), 4)?;
    }
    context.scratch(input.rank() as i64, 4)?;
    context.scratch(axis.elements(), 4)?;
    simple(context)
}

/// REDUCE_MAX and REDUCE_MIN.
pub(super) fn min_or_max(context: &mut Context) -> Prepared {
    simple(context)?;
    let input = context.input(0)?;
    context.output(0)?;
    let axis = context.input(1)?;
    context.scratch(input.rank() as i64, 4)?;
    context.scratch(axis.elements(), 4)
}

/// REDUCE_ALL.
pub(super) fn all(context: &mut Context) -> Prepared {
    let input = context.input(0)?;
    context.output(0)?;
    let axis = context.input(1)?;
    context.ensure_types(input.ty, Bool, "input->type != kTfLiteBool")?;
    simple(context)?;
    context.scratch(input.rank() as i64, 4)?;
    context.scratch(axis.elements(), 4)
}

/// `PrepareSimple`.
fn simple(context: &mut Context) -> Prepared {
    let input = context.input(0)?;
    context.ensure_eq(Arity, context.n_inputs(), 2, "node->inputs->size != 2")?;
    context.ensure_eq(Arity, context.n_outputs(), 1, "node->outputs->size != 1")?;
    let axis = context.input(1)?;
    context.ensure_types(axis.ty, Int32, "axis->type != kTfLiteInt32")?;
    if input.ty == Int8 {
        let output = context.output(0)?;
        multiplier(context, f64::from(input.scale) / f64::from(output.scale))?;
    }
    Ok(())
}
