//! Findings about the model as a whole: types of inputs and outputs, arithmetic without a fast path, variables.

use std::collections::BTreeSet;

use super::survey::Survey;
use super::{Diagnostic, Kernel, Place, Severity};
use crate::model::{BuiltinOperator, OptionValue, SubgraphId, TensorType};
use crate::plan::Chip;

pub(super) fn findings(survey: &Survey) -> Vec<Diagnostic> {
    let findings = [uint8_ports(survey), float_arithmetic(survey), resource_variables(survey)];
    findings.into_iter().flatten().collect()
}

/// TFLM computes in int8; uint8 at the border costs an operator each, and only QUANTIZE and DEQUANTIZE take it.
///
/// Source: `tensorflow/lite/micro/kernels/quantize_common.cc`, `dequantize_common.cc` of esp-tflite-micro 99f49e14.
fn uint8_ports(survey: &Survey) -> Vec<Diagnostic> {
    let Some(main) = survey.model.subgraphs.first() else {
        return Vec::new();
    };
    let ports =
        main.inputs.iter().map(|id| (id, "input")).chain(main.outputs.iter().map(|id| (id, "output")));
    let uint8 =
        ports.filter(|(id, _)| main.tensors.get(id.index()).is_some_and(|port| port.ty == TensorType::Uint8));
    uint8
        .map(|(&id, kind)| {
            let message = format!("The {kind} is uint8: TFLM computes in int8 and converts at the border.");
            let help = "Convert the model with int8 inputs and outputs and subtract 128 in the firmware.";
            Diagnostic::new(Severity::Note, Place::Tensor(SubgraphId(0), id), message, help)
        })
        .collect()
}

/// Arithmetic in float32 runs the reference kernels, in software on chips without a floating-point unit.
///
/// Source: the chips' data sheets: ESP32, ESP32-S3 and ESP32-P4 have a single-precision unit; ESP32-S2, ESP32-C3 and
/// ESP32-C6 have none.
fn float_arithmetic(survey: &Survey) -> Vec<Diagnostic> {
    let has_unit = match survey.target.chip {
        Chip::Esp32 | Chip::Esp32s3 | Chip::Esp32p4 | Chip::Host64 => true,
        Chip::Esp32s2 | Chip::Esp32c3 | Chip::Esp32c6 => false,
    };
    if survey.target.chip == Chip::Host64 {
        return Vec::new();
    }
    let computes = survey.placed().filter(|placed| {
        let is_float = placed.input(0).is_some_and(|input| input.ty == TensorType::Float32);
        is_float && matches!(survey.kernel(*placed), Kernel::Reference(_))
    });
    let (n_float, n_all) = (computes.count(), survey.placed().count());
    if n_float == 0 {
        return Vec::new();
    }
    let (severity, how) = if has_unit {
        (Severity::Note, "by TFLM's plain reference kernels")
    } else {
        (Severity::Warning, "in software, because the chip has no floating-point unit")
    };
    let message = format!("{n_float} of {n_all} operators compute in float32, {how}.");
    let help = "Quantize the model to int8: it is a quarter of the size and many times faster.";
    vec![Diagnostic::new(severity, Place::Model, message, help)]
}

/// VAR_HANDLE needs a table that the application makes.
///
/// Source: `tensorflow/lite/micro/kernels/var_handle.cc` of esp-tflite-micro 99f49e14.
fn resource_variables(survey: &Survey) -> Vec<Diagnostic> {
    let handles =
        survey.placed().filter(|placed| survey.model.builtin(placed.operator) == BuiltinOperator::VAR_HANDLE);
    let names = handles.filter_map(|placed| match placed.operator.options.as_ref()?.get("shared_name") {
        Some(OptionValue::Text(name)) => Some(name.clone()),
        _ => None,
    });
    let n_variables = names.collect::<BTreeSet<_>>().len();
    if n_variables == 0 {
        return Vec::new();
    }
    let message =
        format!("The model keeps {n_variables} resource variables, which the arena figures include.");
    let help = format!(
        "Make them in the firmware with MicroResourceVariables::Create(allocator, {n_variables}) and pass them to the \
         interpreter."
    );
    vec![Diagnostic::new(Severity::Note, Place::Model, message, help)]
}
