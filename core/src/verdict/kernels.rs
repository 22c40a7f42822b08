//! Which kernel runs an operator, and what is known about that kernel.

use super::survey::{Placed, Survey};
use super::{Diagnostic, Kernel, Place, Severity};
use crate::model::{BuiltinOperator as Op, Tensor, TensorType};
use crate::plan::Window;
use crate::plan::kernels::{Conduct, Int8Operator, Kernels};

/// The kernel of an operator that TFLM runs.
pub(super) fn kernel(survey: &Survey, placed: Placed) -> Kernel {
    if moves_memory(survey.model.builtin(placed.operator)) {
        return Kernel::Copy;
    }
    if !survey.uses_esp_nn() {
        return Kernel::Reference(None);
    }
    match int8_operator(survey, placed) {
        Err(reason) => Kernel::Reference(Some(reason.to_owned())),
        Ok(operator) => match conduct(survey, &operator) {
            Some(conduct) if conduct.is_simd => Kernel::EspNnSimd,
            _ => Kernel::EspNnGeneric,
        },
    }
}

/// What is known about the kernels that run the model: slow paths as notes, hazards as errors and warnings.
pub(super) fn findings(survey: &Survey) -> Vec<Diagnostic> {
    if !survey.uses_esp_nn() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for placed in survey.placed() {
        if survey.refusal(placed.place).is_some() || survey.type_refusal(placed).is_some() {
            continue;
        }
        let place = Place::Operator(placed.place.0, placed.place.1);
        findings.extend(missing_bias(survey, placed).map(|message| {
            let help = "Give the convolution a bias of zeros, or build with the reference kernels.";
            Diagnostic::new(Severity::Error, place, message, help)
        }));
        let Some(conduct) =
            int8_operator(survey, placed).ok().and_then(|operator| conduct(survey, &operator))
        else {
            continue;
        };
        if let Some(remark) = conduct.remark {
            let message = format!("It is slower than it could be: {remark}.");
            let help = "Choose the numbers of channels and filters with this in mind if speed matters here.";
            findings.push(Diagnostic::new(Severity::Note, place, message, help));
        }
        for hazard in conduct.hazards {
            let severity = if hazard.is_certain { Severity::Error } else { Severity::Warning };
            findings.push(Diagnostic::new(severity, place, hazard.message, hazard.help));
        }
        if is_per_channel_dense(survey, placed) {
            let message = "Per-channel FULLY_CONNECTED has given wrong results on the ESP32-S3 when its input did not \
                           start at a multiple of 16 bytes (esp-nn#34).";
            let help =
                "Align the arena to 16 bytes and compare the results on the board with those on the host.";
            findings.push(Diagnostic::new(Severity::Warning, place, message, help));
        }
    }
    findings
}

fn conduct(survey: &Survey, operator: &Int8Operator) -> Option<Conduct> {
    let esp_nn = Kernels::of(survey.target.kernels).esp_nn?;
    Some((esp_nn.conduct)(survey.target.chip, operator))
}

/// Operators that only move or name memory.
fn moves_memory(code: Op) -> bool {
    matches!(
        code,
        Op::ASSIGN_VARIABLE
            | Op::BATCH_TO_SPACE_ND
            | Op::BROADCAST_TO
            | Op::CALL_ONCE
            | Op::CONCATENATION
            | Op::DEPTH_TO_SPACE
            | Op::DYNAMIC_UPDATE_SLICE
            | Op::EXPAND_DIMS
            | Op::FILL
            | Op::GATHER
            | Op::GATHER_ND
            | Op::IF
            | Op::MIRROR_PAD
            | Op::PACK
            | Op::PAD
            | Op::PADV2
            | Op::READ_VARIABLE
            | Op::RESHAPE
            | Op::REVERSE_V2
            | Op::SHAPE
            | Op::SLICE
            | Op::SPACE_TO_BATCH_ND
            | Op::SPACE_TO_DEPTH
            | Op::SPLIT
            | Op::SPLIT_V
            | Op::SQUEEZE
            | Op::STRIDED_SLICE
            | Op::TRANSPOSE
            | Op::UNPACK
            | Op::VAR_HANDLE
            | Op::WHILE
            | Op::ZEROS_LIKE
    )
}

/// The operator as ESP-NN sees it, or why the reference kernel runs.
///
/// Source: `tensorflow/lite/micro/kernels/esp_nn` of esp-tflite-micro 99f49e14: seven files with a kernel of ESP-NN
/// behind eight operators, each for int8 activations and, where there are any, int8 weights.
fn int8_operator(survey: &Survey, placed: Placed) -> Result<Int8Operator, &'static str> {
    const NONE: &str = "ESP-NN has no kernel for it";
    const INT8_ONLY: &str = "ESP-NN computes in int8 only";
    const INT8_WEIGHTS: &str = "ESP-NN takes int8 weights only";
    const DILATION: &str = "ESP-NN has no dilation";
    const BROADCAST: &str = "ESP-NN takes inputs of the same shape only";
    let code = survey.model.builtin(placed.operator);
    let has_kernel = matches!(
        code,
        Op::ADD
            | Op::AVERAGE_POOL_2D
            | Op::CONV_2D
            | Op::DEPTHWISE_CONV_2D
            | Op::FULLY_CONNECTED
            | Op::MAX_POOL_2D
            | Op::MUL
            | Op::SOFTMAX
    );
    if !has_kernel {
        return Err(NONE);
    }
    let (Some(input), Some(output)) = (placed.input(0), placed.output(0)) else {
        return Err(NONE);
    };
    if input.ty != TensorType::Int8 || output.ty != TensorType::Int8 {
        return Err(INT8_ONLY);
    }
    let weights = || match placed.input(1) {
        Some(weights) if weights.ty == TensorType::Int8 => Ok(weights),
        _ => Err(INT8_WEIGHTS),
    };
    let undilated = || {
        let factor = |name| placed.operator.option_int(name);
        if factor("dilation_w_factor") == 1 && factor("dilation_h_factor") == 1 {
            Ok(())
        } else {
            Err(DILATION)
        }
    };
    let window = |filter: &Tensor| {
        Window::new(placed.operator, &input.shape, &filter.shape, &output.shape).ok_or(NONE)
    };
    match code {
        Op::CONV_2D => {
            let filter = weights()?;
            undilated()?;
            Ok(Int8Operator::Convolution { window: window(filter)?, filter_channels: last(filter) })
        }
        Op::DEPTHWISE_CONV_2D => {
            let filter = weights()?;
            undilated()?;
            Ok(Int8Operator::Depthwise(window(filter)?))
        }
        Op::FULLY_CONNECTED => {
            let filter = weights()?;
            let depth = last(filter);
            let units = last(output);
            let batches = output.element_count().map_or(0, |count| count as i64) / units.max(1);
            let input_zero_point =
                input.per_tensor_quantization().map_or(0, |(_, zero_point)| zero_point as i32);
            Ok(Int8Operator::Dense { batches, depth, units, input_zero_point })
        }
        Op::AVERAGE_POOL_2D | Op::MAX_POOL_2D => Ok(Int8Operator::Pooling { channels: last(input) }),
        Op::SOFTMAX => {
            let second_dimension = input.shape.get(1).copied().unwrap_or_default().into();
            Ok(Int8Operator::Softmax { second_dimension, row: last(input) })
        }
        _ => match placed.input(1) {
            Some(other) if same_shape(&input.shape, &other.shape) => Ok(Int8Operator::Elementwise),
            _ => Err(BROADCAST),
        },
    }
}

fn last(tensor: &Tensor) -> i64 {
    tensor.shape.last().copied().unwrap_or_default().into()
}

/// Equal once the shorter one is filled up with ones in front; `ProcessBroadcastShapes`.
fn same_shape(first: &[i32], second: &[i32]) -> bool {
    let (short, long) = if first.len() < second.len() { (first, second) } else { (second, first) };
    let (front, back) = long.split_at(long.len() - short.len());
    front.iter().all(|&dim| dim == 1) && back == short
}

/// Source: `kernels/esp_nn/conv.cc` and `depthwise_conv.cc`, `EvalQuantizedPerChannel`: both take the data of the bias
/// with `GetTensorData`, which follows a null pointer where there is none.
fn missing_bias(survey: &Survey, placed: Placed) -> Option<String> {
    let code = survey.model.builtin(placed.operator);
    let is_convolution = matches!(code, Op::CONV_2D | Op::DEPTHWISE_CONV_2D);
    let is_int8 = int8_operator(survey, placed).is_ok();
    (is_convolution && is_int8 && placed.input(2).is_none()).then(|| {
        "It has no bias, and esp-tflite-micro's kernel for ESP-NN reads one without a check: the chip resets when the \
         model runs."
            .to_owned()
    })
}

fn is_per_channel_dense(survey: &Survey, placed: Placed) -> bool {
    let n_scales =
        placed.input(1).and_then(|filter| filter.quantization.as_ref()).map_or(0, |found| found.scale.len());
    survey.model.builtin(placed.operator) == Op::FULLY_CONNECTED
        && survey.target.chip == crate::plan::Chip::Esp32s3
        && n_scales > 1
}
