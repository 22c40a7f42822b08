//! Which kernel runs which operator: the builtin ones in one table, and custom ones that the caller adds.

use core::fmt;

use crate::error::Reason;
use crate::eval::EvalContext;
use crate::interpreter::ControlFlow;
use crate::kernels::KERNELS;
use crate::prepare::PrepareContext;
use crate::schema::BuiltinOperator;

/// Which operator an entry is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperatorKey<'r> {
    /// An operator of the schema.
    Builtin(BuiltinOperator),
    /// A custom operator by its name.
    Custom(&'r str),
}

/// Checks an operator once and saves what [`Eval`] needs.
pub type Prepare = fn(&mut PrepareContext<'_, '_>) -> Result<(), Reason>;

/// What runs an operator. It cannot fail: its prepare function has checked everything.
#[derive(Clone, Copy)]
pub enum Eval {
    /// Reads inputs, writes outputs.
    Kernel(fn(&mut EvalContext<'_>)),
    /// As `Kernel`, with a second function that is called after the state of all kernels was set to 0, in preparation and
    /// in [`crate::Interpreter::reset`].
    Stateful(fn(&mut EvalContext<'_>), fn(&mut EvalContext<'_>)),
    /// As `Stateful`, but `false` ends the invocation behind the operator: a streaming model waits for more input. See
    /// [`crate::Interpreter::ended_early`].
    Streaming(fn(&mut EvalContext<'_>) -> bool, fn(&mut EvalContext<'_>)),
    /// Runs other subgraphs.
    ControlFlow(ControlFlow),
}

impl fmt::Debug for Eval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Eval::Kernel(_) => f.write_str("Kernel"),
            Eval::Stateful(..) => f.write_str("Stateful"),
            Eval::Streaming(..) => f.write_str("Streaming"),
            Eval::ControlFlow(kind) => write!(f, "ControlFlow({kind:?})"),
        }
    }
}

/// One version of a kernel.
#[derive(Clone, Copy, Debug)]
pub struct Kernel {
    /// Name of the version, such as `plain` or `esp32s3`.
    pub name: &'static str,
    /// Called once per operator. A version that does not take a case returns [`Reason::Declined`].
    pub prepare: Prepare,
    /// Called in every invocation.
    pub eval: Eval,
}

/// How far floats of [`Exactness::Float`] may be from the reference: this part of the largest magnitude in the tensor.
pub const FLOAT_BOUND: f32 = 2e-6;

/// How well a kernel agrees with the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exactness {
    /// The same bytes.
    Bits,
    /// Floats that differ in the last bits, by libm or by the order of operations: within [`FLOAT_BOUND`].
    Float,
}

/// One combination of types that a kernel takes, for the table in the docs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Support {
    /// The types, such as `int8` or `int16 with int8 weights`.
    pub types: &'static str,
    /// How well the output agrees with TFLM's; `None` where TFLM refuses the types and only
    /// [`crate::Semantics::Litert`] runs them.
    pub tflm: Option<Exactness>,
    /// How well the output agrees with LiteRT's reference kernels under [`crate::Semantics::Litert`].
    pub litert: Option<Exactness>,
}

/// An operator and the versions of its kernel.
#[derive(Clone, Copy, Debug)]
pub struct KernelEntry<'r> {
    /// The operator.
    pub operator: OperatorKey<'r>,
    /// Versions, the fastest first: the first one whose prepare function does not decline runs.
    pub versions: &'r [Kernel],
    /// Types that the plain version takes.
    pub support: &'r [Support],
}

/// Types that give the same bytes as TFLM and as LiteRT.
pub const fn exact(types: &'static str) -> Support {
    Support { types, tflm: Some(Exactness::Bits), litert: Some(Exactness::Bits) }
}

/// Float types, which agree but for the last bits.
pub const fn float(types: &'static str) -> Support {
    Support { types, tflm: Some(Exactness::Float), litert: Some(Exactness::Float) }
}

/// The kernels that an interpreter can use.
///
/// # Examples
/// A custom operator that adds 1 to every int8 element:
/// ```
/// use emberlab_runtime::schema::TensorType;
/// use emberlab_runtime::{
///     Eval, EvalContext, Kernel, KernelEntry, OperatorKey, PrepareContext, Reason, Registry, exact,
///     expect_equal,
/// };
///
/// fn prepare(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
///     context.expect_operands(1..=1, 1)?;
///     let (input, output) = (context.input(0, "input")?, context.output(0, "output")?);
///     input.expect_type(&[TensorType::Int8], "int8")?;
///     output.expect_type(&[TensorType::Int8], "int8")?;
///     expect_equal("elements of the output", output.elements(), input.elements())
/// }
///
/// fn eval(context: &mut EvalContext<'_>) {
///     let (output, operands) = context.output::<i8>();
///     for (output, input) in output.iter_mut().zip(operands.input::<i8>(0)) {
///         *output = input.saturating_add(1);
///     }
/// }
///
/// let entries = [KernelEntry {
///     operator: OperatorKey::Custom("PlusOne"),
///     versions: &[Kernel { name: "plain", prepare, eval: Eval::Kernel(eval) }],
///     support: &[exact("int8")],
/// }];
/// let registry = Registry::with_custom(&entries);
/// assert!(registry.find(OperatorKey::Custom("PlusOne")).is_some());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Registry<'r> {
    builtin: &'r [KernelEntry<'r>],
    custom: &'r [KernelEntry<'r>],
}

impl Default for Registry<'_> {
    fn default() -> Self {
        Self::with_custom(&[])
    }
}

impl<'r> Registry<'r> {
    /// All kernels of this crate, and more for custom operators.
    pub fn with_custom(custom: &'r [KernelEntry<'r>]) -> Self {
        Self { builtin: KERNELS, custom }
    }

    /// Only the entries given. A firmware that lists the operators of its model gets rid of the code of all others.
    pub fn only(entries: &'r [KernelEntry<'r>]) -> Self {
        Self { builtin: entries, custom: &[] }
    }

    /// The entry of an operator and its number; custom entries go before those of this crate.
    pub fn find(&self, operator: OperatorKey<'_>) -> Option<(usize, &'r KernelEntry<'r>)> {
        self.entries().find(|(_, entry)| entry.operator == operator)
    }

    /// The entry with a number.
    pub fn entry(&self, number: usize) -> Option<&'r KernelEntry<'r>> {
        self.custom.get(number).or_else(|| self.builtin.get(number.checked_sub(self.custom.len())?))
    }

    /// All entries with their numbers.
    pub fn entries(&self) -> impl Iterator<Item = (usize, &'r KernelEntry<'r>)> + use<'r> {
        self.custom.iter().chain(self.builtin).enumerate()
    }
}
