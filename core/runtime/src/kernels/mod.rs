//! The kernels: one file per operator or close family, and the table that says which of them runs.
//!
//! # Writing a kernel
//!
//! A kernel is a pair of functions. `prepare` runs once per operator: it does all checks, with errors that say what is
//! wrong, and saves parameters as words in the arena. `eval` runs in every invocation and cannot fail. Nothing allocates,
//! nothing panics on any file, and no int8 inner loop touches a float.
//!
//! ```
//! # use emberlab_runtime::schema::{BuiltinOperator, TensorType};
//! # use emberlab_runtime::*;
//! pub const ENTRY: KernelEntry<'static> = KernelEntry {
//!     operator: OperatorKey::Builtin(BuiltinOperator::NEG),
//!     versions: &[Kernel { name: "plain", prepare, eval: Eval::Kernel(eval) }],
//!     support: &[float("float32")],
//! };
//! record! { struct Params { factor: f32, } }
//! fn prepare(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
//!     context.expect_operands(1..=1, 1)?;
//!     let (input, output) = (context.input(0, "input")?, context.output(0, "output")?);
//!     input.expect_type(&[TensorType::Float32], "float32")?;
//!     output.expect_type(&[input.ty], "the type of the input")?;
//!     expect_equal("elements of the output", output.elements(), input.elements())?;
//!     context.save(Params { factor: -1.0 })
//! }
//! fn eval(context: &mut EvalContext<'_>) {
//!     let params: Params = context.params();
//!     let (output, operands) = context.output::<f32>();
//!     for (output, input) in output.iter_mut().zip(operands.input::<f32>(0)) {
//!         *output = input * params.factor;
//!     }
//! }
//! ```
//!
//! * Tables (multipliers per channel, lookup tables) go behind the parameters with [`crate::PrepareContext::words`] and come
//!   back with [`crate::EvalContext::words_after`].
//! * Shapes can be read again while the kernel runs ([`crate::EvalContext::input_shape`]), which costs no arena. Prefer
//!   that to words: the arena of a model must not be larger than TFLM's, which has 32 bytes per operator plus
//!   `builtin_data_bytes` and `op_init_bytes` of `tflm_ops.json`; ours has 16 plus what `prepare` saves.
//! * Scratch memory and state between invocations: [`crate::PrepareContext::scratch`] and [`crate::PrepareContext::state`].
//!   Write to several operands at once with [`crate::EvalContext::split`].
//! * Rounding comes from [`crate::fixed_point`], never from the kernel. Where LiteRT differs, `prepare` looks at
//!   [`crate::PrepareContext::semantics`] and saves the answer.
//! * The doc comment names the reference file and commit, shapes, accumulator width and order of rounding and clamping.
//! * Tests go through `test_support`: `kernel_suite!` runs random problems against a written-out reference on every version
//!   of the kernel (see `add.rs`). Outputs are pre-filled, so that an element that is not written shows.
//! * `ENTRY` goes into [`KERNELS`], which is sorted by name. A faster version goes before the plain one in `versions`; it
//!   returns [`crate::Reason::Declined`] for cases that it leaves to the next.

pub mod broadcast;

mod abs_rsqrt;
mod accumulate;
mod add_n;
mod add_sub;
mod arg_min_max;
mod batch_matmul;
mod binary;
mod broadcast_to;
mod cast;
mod circular_buffer;
mod common_scale;
mod comparisons;
mod concatenation;
mod control_flow;
mod conv_2d;
#[cfg(test)]
mod convolution_suite;
mod cumsum;
mod depthwise_conv_2d;
mod dequantize;
mod detection_post_process;
mod div;
mod dot;
mod dynamic_update_slice;
#[cfg(test)]
mod elementwise_suite;
mod elu;
mod fill;
mod float_functions;
mod floor_div_mod;
mod fully_connected;
mod gather;
mod hard_swish;
mod hybrid;
mod l2_normalization;
mod leaky_relu;
mod log_softmax;
mod logical;
mod logistic_tanh;
mod maximum_minimum;
mod mirror_pad;
#[cfg(test)]
mod moves_suite;
mod mul;
mod pad;
mod pool_2d;
mod prelu;
mod quantize;
mod reduce;
mod relu;
mod requantize;
mod reshape;
mod resize;
mod reverse;
mod select;
mod shapes;
mod signal;
mod slice;
mod softmax;
mod space_to_batch_nd;
mod space_to_depth;
mod split;
mod squared_difference;
mod squeeze;
mod strided_slice;
mod svdf;
mod transpose;
mod transpose_conv;
mod unary;
mod unidirectional_sequence_lstm;
mod variables;
mod walk;
mod window;

use crate::registry::KernelEntry;

/// All kernels of this crate: the one table that says which operator is run by what.
pub static KERNELS: &[KernelEntry<'static>] = &[
    abs_rsqrt::ABS,
    add_sub::ADD,
    add_n::ENTRY,
    arg_min_max::ARG_MAX,
    arg_min_max::ARG_MIN,
    pool_2d::AVERAGE,
    space_to_batch_nd::BATCH_TO_SPACE_ND,
    broadcast_to::BROADCAST_ARGS,
    broadcast_to::BROADCAST_TO,
    cast::ENTRY,
    float_functions::CEIL,
    concatenation::CONCATENATION,
    conv_2d::ENTRY,
    float_functions::COS,
    cumsum::ENTRY,
    depthwise_conv_2d::ENTRY,
    space_to_depth::DEPTH_TO_SPACE,
    dequantize::ENTRY,
    div::ENTRY,
    dynamic_update_slice::ENTRY,
    elu::ENTRY,
    gather::EMBEDDING_LOOKUP,
    comparisons::EQUAL,
    float_functions::EXP,
    squeeze::EXPAND_DIMS,
    fill::FILL,
    float_functions::FLOOR,
    floor_div_mod::FLOOR_DIV,
    floor_div_mod::FLOOR_MOD,
    fully_connected::ENTRY,
    gather::GATHER,
    gather::GATHER_ND,
    comparisons::GREATER,
    comparisons::GREATER_EQUAL,
    hard_swish::ENTRY,
    l2_normalization::ENTRY,
    leaky_relu::ENTRY,
    comparisons::LESS,
    comparisons::LESS_EQUAL,
    float_functions::LOG,
    logical::AND,
    logical::NOT,
    logical::OR,
    logistic_tanh::LOGISTIC,
    log_softmax::ENTRY,
    maximum_minimum::MAXIMUM,
    pool_2d::L2,
    pool_2d::MAX,
    reduce::MEAN,
    maximum_minimum::MINIMUM,
    mirror_pad::ENTRY,
    mul::ENTRY,
    float_functions::NEG,
    comparisons::NOT_EQUAL,
    concatenation::PACK,
    pad::PAD,
    pad::PADV2,
    prelu::ENTRY,
    quantize::ENTRY,
    reduce::REDUCE_ALL,
    reduce::REDUCE_MAX,
    reduce::REDUCE_MIN,
    relu::RELU,
    relu::RELU6,
    reshape::ENTRY,
    resize::BILINEAR,
    resize::NEAREST,
    reverse::ENTRY,
    float_functions::ROUND,
    abs_rsqrt::RSQRT,
    select::ENTRY,
    fill::SHAPE,
    float_functions::SIN,
    slice::ENTRY,
    softmax::ENTRY,
    space_to_batch_nd::SPACE_TO_BATCH_ND,
    space_to_depth::SPACE_TO_DEPTH,
    split::SPLIT,
    split::SPLIT_V,
    float_functions::SQRT,
    float_functions::SQUARE,
    squared_difference::ENTRY,
    squeeze::SQUEEZE,
    strided_slice::ENTRY,
    add_sub::SUB,
    reduce::SUM,
    logistic_tanh::TANH,
    transpose::ENTRY,
    transpose_conv::ENTRY,
    unidirectional_sequence_lstm::ENTRY,
    split::UNPACK,
    fill::ZEROS_LIKE,
    control_flow::CALL_ONCE,
    control_flow::IF,
    control_flow::WHILE,
    variables::ASSIGN,
    variables::READ,
    variables::HANDLE,
    svdf::ENTRY,
    batch_matmul::ENTRY,
    circular_buffer::ENTRY,
    signal::DELAY,
    signal::ENERGY,
    signal::FFT_AUTO_SCALE,
    signal::FILTER_BANK,
    signal::LOG,
    signal::SPECTRAL_SUBTRACTION,
    signal::SQUARE_ROOT,
    signal::FRAMER,
    signal::IRFFT,
    signal::OVERLAP_ADD,
    signal::PCAN,
    signal::RFFT,
    signal::STACKER,
    signal::WINDOW,
    detection_post_process::ENTRY,
];
