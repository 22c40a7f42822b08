//! Every operator that TFLM registers: its source file, the sizes of its options and of its own data, its preparation,
//! and the types that it runs on.
//!
//! Source: github.com/espressif/esp-tflite-micro at commit 99f49e1498b0984f4db54d9bf3938aceb99ad422,
//! `tensorflow/lite/micro/micro_mutable_op_resolver.h` (which operators), `core/api/flatbuffer_conversions.cc` and
//! `core/c/builtin_op_data.h` (options), the kernels' `Init` (own data) and `Eval` (types). Sizes of the 64-bit wheel
//! are those of a build with `USE_TFLM_COMPRESSION`. `ethos-u` is missing on purpose: its registration is empty.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::{Context, Prepared};
use super::{
    activation, arithmetic, control, convolution, custom, dense, recurrent, reduce, shape, signal, slicing,
};
use crate::model::TensorType::{Bool, Float32, Int8, Int16, Int32, Int64, Uint8, Uint32};
use crate::model::{BuiltinOperator as Op, OperatorCode, TensorType};
use crate::plan::layout::Size;

/// One operator of TFLM.
#[derive(Debug)]
pub(in crate::plan) struct Rule {
    pub code: Op,
    /// Name of a custom operator.
    pub custom_name: Option<&'static str>,
    /// The file that prepares it.
    pub file: &'static str,
    /// Options as TFLM keeps them; 0 for none.
    pub builtin_data: Size,
    /// Alignment of the options.
    pub builtin_data_align: Size,
    /// The operator's own data; 0 for none.
    pub own_data: Size,
    /// What `Init` takes when that depends on the options.
    pub init: Option<fn(&mut Context) -> Prepared>,
    pub prepare: fn(&mut Context) -> Prepared,
    /// Which tensor decides whether the kernel runs, and the types that it takes; empty if it takes any.
    pub deciding_tensor: Deciding,
    pub types: &'static [TensorType],
}

/// The tensor on whose type a kernel switches when it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::plan) enum Deciding {
    Input(usize),
    Output,
}

/// The rule for an operator code; `None` where TFLM registers nothing.
pub(in crate::plan) fn rule(code: &OperatorCode) -> Option<&'static Rule> {
    static BUILTIN: LazyLock<HashMap<Op, &Rule>> = LazyLock::new(|| {
        RULES.iter().filter(|rule| rule.custom_name.is_none()).map(|rule| (rule.code, rule)).collect()
    });
    if code.builtin == Op::CUSTOM {
        return RULES
            .iter()
            .find(|rule| rule.custom_name.is_some() && rule.custom_name == code.custom_code.as_deref());
    }
    BUILTIN.get(&code.builtin).copied()
}

const fn builtin(code: Op, file: &'static str, prepare: fn(&mut Context) -> Prepared) -> Rule {
    Rule {
        code,
        custom_name: None,
        file,
        builtin_data: Size::same(0),
        builtin_data_align: Size::same(4),
        own_data: Size::same(0),
        init: None,
        prepare,
        deciding_tensor: Deciding::Input(0),
        types: &[],
    }
}

const fn custom(name: &'static str, file: &'static str, prepare: fn(&mut Context) -> Prepared) -> Rule {
    Rule { custom_name: Some(name), ..builtin(Op::CUSTOM, file, prepare) }
}

impl Rule {
    /// Options of 4-byte fields.
    const fn data(self, bytes: u64) -> Self {
        Self { builtin_data: Size::same(bytes), ..self }
    }

    /// Options of 1-byte fields.
    const fn packed_data(self, bytes: u64) -> Self {
        Self { builtin_data: Size::same(bytes), builtin_data_align: Size::same(1), ..self }
    }

    /// Options that hold pointers, or 8-byte fields in the wheel.
    const fn data_pair(self, chip: u64, host: u64) -> Self {
        Self { builtin_data: Size::pair(chip, host), builtin_data_align: Size::pair(4, 8), ..self }
    }

    const fn own_bytes(self, bytes: u64) -> Self {
        self.own_bytes_pair(bytes, bytes)
    }

    const fn own_bytes_pair(self, chip: u64, host: u64) -> Self {
        Self { own_data: Size::pair(chip, host), ..self }
    }

    const fn init(self, init: fn(&mut Context) -> Prepared) -> Self {
        Self { init: Some(init), ..self }
    }

    const fn runs_on(self, types: &'static [TensorType]) -> Self {
        self.runs_on_input(0, types)
    }

    const fn runs_on_input(self, place: usize, types: &'static [TensorType]) -> Self {
        Self { deciding_tensor: Deciding::Input(place), types, ..self }
    }

    const fn runs_on_output(self, types: &'static [TensorType]) -> Self {
        Self { deciding_tensor: Deciding::Output, types, ..self }
    }
}

const FLOAT: &[TensorType] = &[Float32];
const INT8: &[TensorType] = &[Int8];
const BOOLEAN: &[TensorType] = &[Bool];
const F_I8: &[TensorType] = &[Float32, Int8];
const F_I8_I16: &[TensorType] = &[Float32, Int8, Int16];
const F_I8_I32: &[TensorType] = &[Float32, Int8, Int32];
const F_I8_I16_I32: &[TensorType] = &[Float32, Int8, Int16, Int32];
const F_I8_I16_I32_B: &[TensorType] = &[Float32, Int8, Int16, Int32, Bool];
const F_I8_I16_I32_I64: &[TensorType] = &[Float32, Int8, Int16, Int32, Int64];
const F_I8_I16_I32_I64_B: &[TensorType] = &[Float32, Int8, Int16, Int32, Int64, Bool];
const I8_I16_U8: &[TensorType] = &[Int8, Int16, Uint8];
const CAST: &[TensorType] = &[Int8, Int16, Int32, Uint32, Float32, Bool];
const DECODE: &[TensorType] = &[Bool, Float32, Int8, Int16, Int32, Int64];
const EQUALITY: &[TensorType] = &[Bool, Float32, Int32, Int64, Int8];
const ORDER: &[TensorType] = &[Float32, Int32, Int64, Int8];
const GREATER: &[TensorType] = &[Float32, Int32, Int64, Int8, Int16];
const REVERSE: &[TensorType] = &[Float32, Int32, Int16, Int8, Uint8, Int64, Bool];
const ZEROS: &[TensorType] = &[Int64, Int32, Int8, Float32];

#[rustfmt::skip]
static RULES: [Rule; 117] = [
    builtin(Op::ABS, "tensorflow/lite/micro/kernels/elementwise.cc", activation::abs_or_rsqrt).own_bytes(28).runs_on(F_I8_I16),
    builtin(Op::ADD, "tensorflow/lite/micro/kernels/add_common.cc", arithmetic::add).data(8).own_bytes(60).runs_on_output(F_I8_I16_I32),
    builtin(Op::ADD_N, "tensorflow/lite/micro/kernels/add_n.cc", arithmetic::add_n).runs_on_output(F_I8),
    builtin(Op::ARG_MAX, "tensorflow/lite/micro/kernels/arg_min_max.cc", activation::unchecked).data(4).runs_on(F_I8),
    builtin(Op::ARG_MIN, "tensorflow/lite/micro/kernels/arg_min_max.cc", activation::unchecked).data(4).runs_on(F_I8),
    builtin(Op::ASSIGN_VARIABLE, "tensorflow/lite/micro/kernels/assign_variable.cc", control::assign_variable).own_bytes_pair(0, 4),
    builtin(Op::AVERAGE_POOL_2D, "tensorflow/lite/micro/kernels/pooling_common.cc", convolution::pool_2d).data(40).own_bytes(32).runs_on(F_I8_I16),
    builtin(Op::BATCH_MATMUL, "tensorflow/lite/micro/kernels/batch_matmul.cc", dense::batch_matmul).packed_data(3).own_bytes_pair(16, 32).runs_on(F_I8_I16),
    builtin(Op::BATCH_TO_SPACE_ND, "tensorflow/lite/micro/kernels/batch_to_space_nd.cc", shape::space_and_batch).runs_on(F_I8),
    builtin(Op::BROADCAST_ARGS, "tensorflow/lite/micro/kernels/broadcast_args.cc", shape::broadcast_args),
    builtin(Op::BROADCAST_TO, "tensorflow/lite/micro/kernels/broadcast_to.cc", shape::broadcast_to),
    builtin(Op::CALL_ONCE, "tensorflow/lite/micro/kernels/call_once.cc", control::call_once).data(4).own_bytes(8),
    builtin(Op::CAST, "tensorflow/lite/micro/kernels/cast.cc", activation::cast).data(8).runs_on(CAST),
    builtin(Op::CEIL, "tensorflow/lite/micro/kernels/ceil.cc", activation::float_same_shape).runs_on(FLOAT),
    builtin(Op::CONCATENATION, "tensorflow/lite/micro/kernels/concatenation.cc", slicing::concatenation).data(8).own_bytes_pair(24, 80).runs_on_output(F_I8_I16_I32_I64_B),
    builtin(Op::CONV_2D, "tensorflow/lite/micro/kernels/conv_common.cc", convolution::conv_2d).data(28).own_bytes_pair(56, 80).runs_on(F_I8_I16),
    builtin(Op::COS, "tensorflow/lite/micro/kernels/elementwise.cc", activation::elementwise).runs_on(FLOAT),
    builtin(Op::CUMSUM, "tensorflow/lite/micro/kernels/cumsum.cc", activation::cumsum).packed_data(2).runs_on(F_I8),
    builtin(Op::DEPTHWISE_CONV_2D, "tensorflow/lite/micro/kernels/depthwise_conv_common.cc", convolution::depthwise_conv_2d).data(28).own_bytes_pair(56, 80).runs_on(F_I8_I16),
    builtin(Op::DEPTH_TO_SPACE, "tensorflow/lite/micro/kernels/depth_to_space.cc", shape::depth_to_space).data(4).runs_on(F_I8),
    builtin(Op::DEQUANTIZE, "tensorflow/lite/micro/kernels/dequantize_common.cc", activation::dequantize).own_bytes(32).runs_on(I8_I16_U8),
    builtin(Op::DIV, "tensorflow/lite/micro/kernels/div.cc", arithmetic::div).data(4).own_bytes(28).runs_on_output(F_I8_I32),
    builtin(Op::DYNAMIC_UPDATE_SLICE, "tensorflow/lite/micro/kernels/dynamic_update_slice.cc", slicing::dynamic_update_slice).runs_on(F_I8_I16_I32),
    builtin(Op::ELU, "tensorflow/lite/micro/kernels/elu.cc", activation::elu).own_bytes(256).runs_on(F_I8),
    builtin(Op::EMBEDDING_LOOKUP, "tensorflow/lite/micro/kernels/embedding_lookup.cc", shape::embedding_lookup).runs_on_input(1, F_I8),
    builtin(Op::EQUAL, "tensorflow/lite/micro/kernels/comparisons.cc", arithmetic::comparison).own_bytes(32).runs_on(EQUALITY),
    builtin(Op::EXP, "tensorflow/lite/micro/kernels/exp.cc", activation::float_same_shape).runs_on(FLOAT),
    builtin(Op::EXPAND_DIMS, "tensorflow/lite/micro/kernels/expand_dims.cc", shape::expand_dims).runs_on(F_I8_I16),
    builtin(Op::FILL, "tensorflow/lite/micro/kernels/fill.cc", shape::fill).runs_on_input(1, F_I8_I32),
    builtin(Op::FLOOR, "tensorflow/lite/micro/kernels/floor.cc", activation::unchecked).runs_on(FLOAT),
    builtin(Op::FLOOR_DIV, "tensorflow/lite/micro/kernels/floor_div.cc", arithmetic::floor_div).runs_on(FLOAT),
    builtin(Op::FLOOR_MOD, "tensorflow/lite/micro/kernels/floor_mod.cc", arithmetic::floor_div).runs_on(FLOAT),
    builtin(Op::FULLY_CONNECTED, "tensorflow/lite/micro/kernels/fully_connected.cc", dense::fully_connected).data_pair(16, 32).own_bytes_pair(48, 72).runs_on(F_I8_I16),
    builtin(Op::GATHER, "tensorflow/lite/micro/kernels/gather.cc", slicing::gather).data(8).runs_on(F_I8),
    builtin(Op::GATHER_ND, "tensorflow/lite/micro/kernels/gather_nd.cc", slicing::gather_nd).runs_on(F_I8),
    builtin(Op::GREATER, "tensorflow/lite/micro/kernels/comparisons.cc", arithmetic::comparison).own_bytes(32).runs_on(GREATER),
    builtin(Op::GREATER_EQUAL, "tensorflow/lite/micro/kernels/comparisons.cc", arithmetic::comparison).own_bytes(32).runs_on(ORDER),
    builtin(Op::HARD_SWISH, "tensorflow/lite/micro/kernels/hard_swish_common.cc", activation::hard_swish).own_bytes(20).runs_on(F_I8),
    builtin(Op::IF, "tensorflow/lite/micro/kernels/if.cc", control::if_else).data(8).own_bytes(8),
    builtin(Op::L2_NORMALIZATION, "tensorflow/lite/micro/kernels/l2norm.cc", activation::l2_normalization).data(4).own_bytes(4).runs_on_output(F_I8),
    builtin(Op::L2_POOL_2D, "tensorflow/lite/micro/kernels/l2_pool_2d.cc", convolution::l2_pool_2d).data(40).runs_on(FLOAT),
    builtin(Op::LEAKY_RELU, "tensorflow/lite/micro/kernels/leaky_relu_common.cc", activation::leaky_relu).data(4).own_bytes(24).runs_on(F_I8_I16),
    builtin(Op::LESS, "tensorflow/lite/micro/kernels/comparisons.cc", arithmetic::comparison).own_bytes(32).runs_on(ORDER),
    builtin(Op::LESS_EQUAL, "tensorflow/lite/micro/kernels/comparisons.cc", arithmetic::comparison).own_bytes(32).runs_on(ORDER),
    builtin(Op::LOG, "tensorflow/lite/micro/kernels/elementwise.cc", activation::elementwise).runs_on(FLOAT),
    builtin(Op::LOGICAL_AND, "tensorflow/lite/micro/kernels/logical.cc", activation::unchecked),
    builtin(Op::LOGICAL_NOT, "tensorflow/lite/micro/kernels/elementwise.cc", activation::elementwise).runs_on(BOOLEAN),
    builtin(Op::LOGICAL_OR, "tensorflow/lite/micro/kernels/logical.cc", activation::unchecked),
    builtin(Op::LOGISTIC, "tensorflow/lite/micro/kernels/logistic_common.cc", activation::logistic).own_bytes(16).runs_on(F_I8_I16),
    builtin(Op::LOG_SOFTMAX, "tensorflow/lite/micro/kernels/log_softmax.cc", activation::log_softmax).runs_on(F_I8),
    builtin(Op::MAXIMUM, "tensorflow/lite/micro/kernels/maximum_minimum.cc", activation::unchecked).runs_on_output(F_I8_I16_I32_I64),
    builtin(Op::MAX_POOL_2D, "tensorflow/lite/micro/kernels/pooling_common.cc", convolution::pool_2d).data(40).own_bytes(32).runs_on(F_I8_I16),
    builtin(Op::MEAN, "tensorflow/lite/micro/kernels/reduce_common.cc", reduce::mean_or_sum).packed_data(1).own_bytes(44).runs_on(F_I8_I16),
    builtin(Op::MINIMUM, "tensorflow/lite/micro/kernels/maximum_minimum.cc", activation::unchecked).runs_on_output(F_I8_I16_I32_I64),
    builtin(Op::MIRROR_PAD, "tensorflow/lite/micro/kernels/mirror_pad.cc", slicing::mirror_pad).data(4).own_bytes(20).runs_on_output(F_I8),
    builtin(Op::MUL, "tensorflow/lite/micro/kernels/mul_common.cc", arithmetic::mul).data(4).own_bytes(36).runs_on(F_I8_I16_I32),
    builtin(Op::NEG, "tensorflow/lite/micro/kernels/neg.cc", activation::unchecked).runs_on(FLOAT),
    builtin(Op::NOT_EQUAL, "tensorflow/lite/micro/kernels/comparisons.cc", arithmetic::comparison).own_bytes(32).runs_on(EQUALITY),
    builtin(Op::PACK, "tensorflow/lite/micro/kernels/pack.cc", activation::unchecked).data(8).runs_on_output(F_I8_I16_I32_I64),
    builtin(Op::PAD, "tensorflow/lite/micro/kernels/pad_common.cc", slicing::pad).own_bytes(56).runs_on(F_I8_I16_I32),
    builtin(Op::PADV2, "tensorflow/lite/micro/kernels/pad_common.cc", slicing::pad).own_bytes(56).runs_on(F_I8_I16_I32),
    builtin(Op::PRELU, "tensorflow/lite/micro/kernels/prelu_common.cc", activation::prelu).own_bytes(28).runs_on(F_I8_I16),
    builtin(Op::QUANTIZE, "tensorflow/lite/micro/kernels/quantize_common.cc", activation::quantize).own_bytes(32),
    builtin(Op::READ_VARIABLE, "tensorflow/lite/micro/kernels/read_variable.cc", control::read_variable),
    builtin(Op::REDUCE_ALL, "tensorflow/lite/micro/kernels/reduce_common.cc", reduce::all).packed_data(1).own_bytes(44).runs_on(BOOLEAN),
    builtin(Op::REDUCE_MAX, "tensorflow/lite/micro/kernels/reduce_common.cc", reduce::min_or_max).packed_data(1).own_bytes(44).runs_on(F_I8),
    builtin(Op::REDUCE_MIN, "tensorflow/lite/micro/kernels/reduce_common.cc", reduce::min_or_max).packed_data(1).own_bytes(44).runs_on(F_I8),
    builtin(Op::RELU, "tensorflow/lite/micro/kernels/activations_common.cc", activation::relu).own_bytes(28).runs_on(F_I8_I16),
    builtin(Op::RELU6, "tensorflow/lite/micro/kernels/activations_common.cc", activation::relu6).own_bytes(8).runs_on(F_I8_I16),
    builtin(Op::RESHAPE, "tensorflow/lite/micro/kernels/reshape_common.cc", shape::reshape).data(36),
    builtin(Op::RESIZE_BILINEAR, "tensorflow/lite/micro/kernels/resize_bilinear.cc", shape::resize_bilinear).packed_data(2).runs_on_output(F_I8),
    builtin(Op::RESIZE_NEAREST_NEIGHBOR, "tensorflow/lite/micro/kernels/resize_nearest_neighbor.cc", shape::resize_nearest_neighbor).packed_data(2).runs_on_output(F_I8_I16),
    builtin(Op::REVERSE_V2, "tensorflow/lite/micro/kernels/reverse.cc", shape::reverse_v2).runs_on_output(REVERSE),
    builtin(Op::ROUND, "tensorflow/lite/micro/kernels/round.cc", activation::float_same_shape).runs_on(FLOAT),
    builtin(Op::RSQRT, "tensorflow/lite/micro/kernels/elementwise.cc", activation::abs_or_rsqrt).own_bytes(28).runs_on(F_I8_I16),
    builtin(Op::SELECT_V2, "tensorflow/lite/micro/kernels/select.cc", arithmetic::select_v2).own_bytes(1).runs_on_input(1, F_I8_I16),
    builtin(Op::SHAPE, "tensorflow/lite/micro/kernels/shape.cc", shape::shape).data(4),
    builtin(Op::SIN, "tensorflow/lite/micro/kernels/elementwise.cc", activation::elementwise).runs_on(FLOAT),
    builtin(Op::SLICE, "tensorflow/lite/micro/kernels/slice.cc", slicing::slice).runs_on(F_I8_I16_I32_B),
    builtin(Op::SOFTMAX, "tensorflow/lite/micro/kernels/softmax_common.cc", activation::softmax).data(4).own_bytes_pair(56, 80).runs_on(F_I8_I16),
    builtin(Op::SPACE_TO_BATCH_ND, "tensorflow/lite/micro/kernels/space_to_batch_nd.cc", shape::space_and_batch).own_bytes(4).runs_on(F_I8),
    builtin(Op::SPACE_TO_DEPTH, "tensorflow/lite/micro/kernels/space_to_depth.cc", shape::space_to_depth).data(4).runs_on(F_I8),
    builtin(Op::SPLIT, "tensorflow/lite/micro/kernels/split.cc", slicing::split).data(4).runs_on_input(1, F_I8_I16_I32),
    builtin(Op::SPLIT_V, "tensorflow/lite/micro/kernels/split_v.cc", slicing::split_v).data(4).runs_on(F_I8_I16_I32),
    builtin(Op::SQRT, "tensorflow/lite/micro/kernels/elementwise.cc", activation::elementwise).runs_on(FLOAT),
    builtin(Op::SQUARE, "tensorflow/lite/micro/kernels/elementwise.cc", activation::elementwise).runs_on(FLOAT),
    builtin(Op::SQUARED_DIFFERENCE, "tensorflow/lite/micro/kernels/squared_difference.cc", arithmetic::squared_difference).own_bytes(112).runs_on_output(F_I8_I16_I32),
    builtin(Op::SQUEEZE, "tensorflow/lite/micro/kernels/squeeze.cc", shape::squeeze).data(36),
    builtin(Op::STRIDED_SLICE, "tensorflow/lite/micro/kernels/strided_slice_common.cc", slicing::strided_slice).data(24).own_bytes(84).runs_on_output(F_I8_I16_I32_B),
    builtin(Op::SUB, "tensorflow/lite/micro/kernels/sub_common.cc", arithmetic::sub).data(8).own_bytes(52).runs_on_output(F_I8_I16_I32),
    builtin(Op::SUM, "tensorflow/lite/micro/kernels/reduce_common.cc", reduce::mean_or_sum).packed_data(1).own_bytes(44).runs_on(F_I8_I16),
    builtin(Op::SVDF, "tensorflow/lite/micro/kernels/svdf_common.cc", recurrent::svdf).data(12).own_bytes(36).runs_on_input(1, F_I8),
    builtin(Op::TANH, "tensorflow/lite/micro/kernels/tanh.cc", activation::tanh).own_bytes(16).runs_on(F_I8_I16),
    builtin(Op::TRANSPOSE, "tensorflow/lite/micro/kernels/transpose_common.cc", shape::transpose).runs_on(F_I8_I16),
    builtin(Op::TRANSPOSE_CONV, "tensorflow/lite/micro/kernels/transpose_conv.cc", convolution::transpose_conv).data(20).own_bytes_pair(72, 88).runs_on_input(2, F_I8_I16),
    builtin(Op::UNIDIRECTIONAL_SEQUENCE_LSTM, "tensorflow/lite/micro/kernels/unidirectional_sequence_lstm.cc", recurrent::lstm).data(16).own_bytes(688).runs_on(F_I8_I16),
    builtin(Op::UNPACK, "tensorflow/lite/micro/kernels/unpack.cc", activation::unchecked).data(8).runs_on(F_I8_I16_I32),
    builtin(Op::VAR_HANDLE, "tensorflow/lite/micro/kernels/var_handle.cc", control::var_handle).data_pair(8, 16).own_bytes(4),
    builtin(Op::WHILE, "tensorflow/lite/micro/kernels/while.cc", control::while_loop).data(8).own_bytes(8),
    builtin(Op::ZEROS_LIKE, "tensorflow/lite/micro/kernels/zeros_like.cc", activation::zeros_like).runs_on(ZEROS),
    custom("CIRCULAR_BUFFER", "tensorflow/lite/micro/kernels/circular_buffer_common.cc", custom::circular_buffer).init(custom::circular_buffer_init).runs_on(INT8),
    custom("SignalDelay", "signal/micro/kernels/delay.cc", signal::delay).init(signal::delay_init),
    custom("SignalEnergy", "signal/micro/kernels/energy.cc", signal::energy).init(signal::energy_init),
    custom("SignalFftAutoScale", "signal/micro/kernels/fft_auto_scale_common.cc", signal::fft_auto_scale),
    custom("SignalFilterBank", "signal/micro/kernels/filter_bank.cc", signal::filter_bank).init(signal::filter_bank_init),
    custom("SignalFilterBankLog", "signal/micro/kernels/filter_bank_log.cc", signal::filter_bank_log).init(signal::filter_bank_log_init),
    custom("SignalFilterBankSpectralSubtraction", "signal/micro/kernels/filter_bank_spectral_subtraction.cc", signal::spectral_subtraction).init(signal::spectral_subtraction_init),
    custom("SignalFilterBankSquareRoot", "signal/micro/kernels/filter_bank_square_root_common.cc", signal::filter_bank_square_root),
    custom("SignalFramer", "signal/micro/kernels/framer.cc", signal::framer).init(signal::framer_init),
    custom("SignalIrfft", "signal/micro/kernels/irfft.cc", signal::irfft).init(signal::irfft_init),
    custom("SignalOverlapAdd", "signal/micro/kernels/overlap_add.cc", signal::overlap_add).init(signal::overlap_add_init),
    custom("SignalPCAN", "signal/micro/kernels/pcan.cc", signal::pcan).init(signal::pcan_init),
    custom("SignalRfft", "signal/micro/kernels/rfft.cc", signal::rfft).init(signal::rfft_init),
    custom("SignalStacker", "signal/micro/kernels/stacker.cc", signal::stacker).init(signal::stacker_init),
    custom("SignalWindow", "signal/micro/kernels/window.cc", signal::window).init(signal::window_init),
    custom("TFLM_DECODE", "tensorflow/lite/micro/kernels/decode.cc", custom::decode).runs_on_output(DECODE),
    custom("TFLite_Detection_PostProcess", "tensorflow/lite/micro/kernels/detection_postprocess.cc", custom::detection_postprocess).init(custom::detection_postprocess_init).runs_on(FLOAT),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operator_is_listed_once() {
        let builtin = RULES.iter().filter(|rule| rule.custom_name.is_none());
        let codes = builtin.map(|rule| rule.code).collect::<std::collections::BTreeSet<_>>();
        let names =
            RULES.iter().filter_map(|rule| rule.custom_name).collect::<std::collections::BTreeSet<_>>();
        assert_eq!((codes.len(), names.len()), (100, 17));
    }
}
