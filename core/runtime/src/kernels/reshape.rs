//! TFLite RESHAPE: the same elements in another shape.
//!
//! Reference: micro/kernels/reshape.cc and reshape_common.cc in github.com/espressif/esp-tflite-micro at
//! 99f49e1498b0984f4db54d9bf3938aceb99ad422. The new shape is the output tensor's; the operator's own shape input is not
//! read, as there. Every type is copied as it is.

use crate::error::Reason;
use crate::eval::{EvalContext, Operand};
use crate::prepare::{PrepareContext, expect_equal};
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, exact};
use crate::schema::BuiltinOperator;

/// The entry of the dispatch table.
pub const ENTRY: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Builtin(BuiltinOperator::RESHAPE),
    versions: &[Kernel { name: "plain", prepare, eval: Eval::Kernel(copy) }],
    support: &[exact("all types")],
};

fn prepare(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(1..=2, 1)?;
    let (input, output) = (context.input(0, "input")?, context.output(0, "output")?);
    output.expect_type(&[input.ty], "the type of the input")?;
    expect_equal("elements of the output", output.elements(), input.elements())
}

/// Copies the first input to the first output.
pub(crate) fn copy(context: &mut EvalContext<'_>) {
    let (output, operands) = context.output::<u8>();
    output.copy_from_slice(operands.bytes(Operand::Input(0)));
}
