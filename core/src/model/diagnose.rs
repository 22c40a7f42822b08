//! What is wrong with a model that could be read, whatever it is to run on.

use super::{
    BuiltinOperator, Model, Operator, OperatorId, Options, Subgraph, SubgraphId, Tensor, TensorId, TensorType,
};
use crate::schema::{Kind, SCHEMA_VERSION};
use crate::verdict::{Diagnostic, Place, Severity};

impl Model {
    /// Findings about the model itself: kinds of operators and options that the schema lacks, data that do not fit
    /// their tensors, quantization that does not fit the shape, operators that read what nobody writes. In the order of
    /// subgraphs, tensors before operators. A model without findings may still be refused by a runtime.
    pub fn diagnose(&self) -> Vec<Diagnostic> {
        let mut findings = Findings(Vec::new());
        if self.version != SCHEMA_VERSION {
            findings.add(
                Severity::Warning,
                Place::Model,
                format!(
                    "The schema version is {} instead of {SCHEMA_VERSION}; LiteRT refuses it.",
                    self.version
                ),
                "Convert the model again with a converter of today.",
            );
        }
        if self.subgraphs.is_empty() {
            findings.add(
                Severity::Error,
                Place::Model,
                "The model has no subgraph, so there is nothing to run.".to_owned(),
                CONVERT_AGAIN,
            );
        }
        for (index, subgraph) in (0..).zip(&self.subgraphs) {
            self.diagnose_subgraph(SubgraphId(index), subgraph, &mut findings);
        }
        findings.0
    }

    fn diagnose_subgraph(&self, id: SubgraphId, subgraph: &Subgraph, findings: &mut Findings) {
        for (index, tensor) in (0..).zip(&subgraph.tensors) {
            let place = Place::Tensor(id, TensorId(index));
            if let TensorType::Unknown(code) = tensor.ty {
                findings.add(
                    Severity::Error,
                    place,
                    format!(
                        "The type has the number {code}, which schema version {SCHEMA_VERSION} does not have."
                    ),
                    "Convert the model with an older TensorFlow, or look for a newer Emberlab that knows this type.",
                );
            }
            self.diagnose_data(tensor, place, findings);
            diagnose_quantization(tensor, place, findings);
            if let Some(size) = tensor.shape.iter().find(|size| **size < 0) {
                findings.add(
                    Severity::Warning,
                    place,
                    format!(
                        "A dimension has the size {size}, so the memory that the tensor takes is unknown."
                    ),
                    "Convert the model with a fixed input shape, batch size included.",
                );
            }
        }
        for (index, operator) in (0..).zip(&subgraph.operators) {
            self.diagnose_operator(operator, Place::Operator(id, OperatorId(index)), findings);
        }
        self.diagnose_order(id, subgraph, findings);
    }

    fn diagnose_data(&self, tensor: &Tensor, place: Place, findings: &mut Findings) {
        if tensor.external_buffer != 0 {
            let known = self.external_buffers.iter().any(|buffer| buffer.id == tensor.external_buffer);
            let unknown = if known { "" } else { ", which the model does not describe" };
            findings.add(
                Severity::Error,
                place,
                format!(
                    "The data are in the external buffer {}{unknown}, not in the file.",
                    tensor.external_buffer
                ),
                "Export the model with its weights inside.",
            );
        }
        let Some(data) = self.constant_data(tensor) else { return };
        if tensor.sparsity.is_some() {
            findings.add(
                Severity::Error,
                place,
                "The data are stored sparse; TFLM would read them as if they were dense.".to_owned(),
                "Convert the model without sparse storage: zeros then take space, and results are right.",
            );
        } else if let Some(expected) = tensor.byte_size().filter(|expected| *expected != data.len() as u64) {
            let message = format!(
                "The data have {} bytes, but a shape of {:?} with {} takes {expected}.",
                data.len(),
                tensor.shape,
                tensor.ty.name()
            );
            findings.add(Severity::Error, place, message, CONVERT_AGAIN);
        }
        if self.buffers.get(tensor.buffer.index()).is_some_and(|buffer| buffer.appended) {
            findings.add(
                Severity::Error,
                place,
                "The data lie behind the flatbuffer, where LiteRT finds them but TFLM does not look."
                    .to_owned(),
                "Write the model again with its data inside.",
            );
        }
    }

    fn diagnose_operator(&self, operator: &Operator, place: Place, findings: &mut Findings) {
        let code = self.code(operator);
        if code.builtin == BuiltinOperator::CUSTOM && code.custom_code.is_none() {
            findings.add(Severity::Error, place, "A custom operator has no name.".to_owned(), CONVERT_AGAIN);
        } else if code.builtin.name().is_none() {
            findings.add(
                Severity::Error,
                place,
                format!("The schema has no operator with the code {}.", code.builtin.0),
                "Look for a newer version of Emberlab, or convert the model with an older TensorFlow.",
            );
        }
        for options in operator.options.iter().chain(&operator.options_2) {
            if options.table().is_none() {
                findings.add(
                    Severity::Warning,
                    place,
                    format!("The schema has no options of the kind {:?}; they are left out.", options.kind),
                    "Look for a newer version of Emberlab, or convert the model with an older TensorFlow.",
                );
            }
            for number in subgraph_numbers(options) {
                if usize::try_from(number).map_or(true, |number| number >= self.subgraphs.len()) {
                    let n = self.subgraphs.len();
                    let message = format!("It runs subgraph {number}, but the model has {n}.");
                    findings.add(Severity::Error, place, message, CONVERT_AGAIN);
                }
            }
        }
    }

    /// Operators run in the order of the file: what they read must be there by then.
    fn diagnose_order(&self, id: SubgraphId, subgraph: &Subgraph, findings: &mut Findings) {
        let mut has_value: Vec<bool> = subgraph
            .tensors
            .iter()
            .map(|tensor| {
                tensor.is_variable || tensor.external_buffer != 0 || self.constant_data(tensor).is_some()
            })
            .collect();
        // A tensor without elements needs no data.
        for (has_value, tensor) in has_value.iter_mut().zip(&subgraph.tensors) {
            *has_value |= tensor.element_count() == Some(0);
        }
        for input in &subgraph.inputs {
            has_value[input.index()] = true;
        }
        for (index, operator) in (0..).zip(&subgraph.operators) {
            let place = Place::Operator(id, OperatorId(index));
            for tensor in operator.inputs.iter().flatten() {
                if !has_value[tensor.index()] {
                    findings.add(
                        Severity::Error,
                        place,
                        format!("It reads tensor t{}, which has no value by then.", tensor.0),
                        CONVERT_AGAIN,
                    );
                    // Once is enough.
                    has_value[tensor.index()] = true;
                }
            }
            for output in operator.outputs.iter().flatten() {
                if self.constant_data(subgraph.tensor(*output)).is_some() {
                    findings.add(
                        Severity::Error,
                        place,
                        format!("It writes tensor t{}, which is a constant.", output.0),
                        CONVERT_AGAIN,
                    );
                }
                has_value[output.index()] = true;
            }
        }
        for output in &subgraph.outputs {
            if !has_value[output.index()] {
                findings.add(
                    Severity::Error,
                    Place::Tensor(id, *output),
                    "It is an output of the subgraph, but nothing writes it.".to_owned(),
                    CONVERT_AGAIN,
                );
            }
        }
    }
}

/// The step to try where a converter, or what came after it, made something that makes no sense.
const CONVERT_AGAIN: &str = "Convert the model again from its source.";

struct Findings(Vec<Diagnostic>);

impl Findings {
    fn add(&mut self, severity: Severity, place: Place, message: String, help: &str) {
        self.0.push(Diagnostic { severity, place, message, help: help.to_owned() });
    }
}

fn diagnose_quantization(tensor: &Tensor, place: Place, findings: &mut Findings) {
    let Some(quantization) = &tensor.quantization else { return };
    let n_scales = quantization.scale.len();
    if n_scales > 1 {
        let axis = quantization.quantized_dimension;
        let size = usize::try_from(axis).ok().and_then(|axis| tensor.shape.get(axis));
        let message = match size {
            None => Some(format!(
                "The scales run along dimension {axis}, but the tensor has {}; LiteRT refuses it, TFLM does not look.",
                tensor.shape.len()
            )),
            Some(size) if usize::try_from(*size).ok() != Some(n_scales) => Some(format!(
                "There are {n_scales} scales along dimension {axis}, which has the size {size}."
            )),
            Some(_) => None,
        };
        if let Some(message) = message {
            findings.add(Severity::Warning, place, message, CONVERT_AGAIN);
        }
    }
    let n_zero_points = quantization.zero_point.len();
    if n_zero_points > 1 && n_zero_points != n_scales {
        let message = format!("There are {n_scales} scales but {n_zero_points} zero points.");
        findings.add(Severity::Warning, place, message, CONVERT_AGAIN);
    }
    if let Some(scale) = quantization.scale.iter().find(|scale| !(scale.is_finite() && **scale > 0.0)) {
        findings.add(
            Severity::Warning,
            place,
            format!("A scale is {scale}; only positive numbers make sense."),
            "Quantize again with calibration data that reach every channel.",
        );
    }
    if matches!(tensor.ty, TensorType::Int8 | TensorType::Uint8) {
        let range = if tensor.ty == TensorType::Int8 { -128..=127 } else { 0..=255 };
        if let Some(zero_point) =
            quantization.zero_point.iter().find(|zero_point| !range.contains(*zero_point))
        {
            let message =
                format!("The zero point {zero_point} lies outside of the range of {}.", tensor.ty.name());
            findings.add(Severity::Warning, place, message, CONVERT_AGAIN);
        }
    }
}

/// The subgraphs that an operator runs, by the schema's names of its options; -1 stands for none.
fn subgraph_numbers(options: &Options) -> Vec<i64> {
    let Some(table) = options.table() else { return Vec::new() };
    let mut numbers = Vec::new();
    for field in table.fields {
        let is_number = field.name == "subgraph" || field.name.ends_with("_subgraph_index");
        match field.kind {
            Kind::I32 | Kind::U32 if is_number => numbers.push(options.int(field.name)),
            Kind::VecI32 if field.name.ends_with("_subgraph_indices") => {
                numbers.extend_from_slice(options.ints(field.name));
            }
            _ => {}
        }
    }
    numbers.retain(|number| *number != -1);
    numbers
}

#[cfg(test)]
mod tests {
    use super::super::{ModelBuilder, OptionValue, Sparsity};
    use super::*;
    use crate::schema::OptionsKind;

    /// Two operators in a row, all well.
    fn chain() -> Model {
        let mut builder = ModelBuilder::new("chain");
        let x = builder.input(Tensor::new("x", TensorType::Int8, &[2]).quantized(0.5, 0));
        let c = builder.constant(Tensor::new("c", TensorType::Int8, &[2]).quantized(0.5, 0), &[1i8, 2]);
        let y = builder.tensor(Tensor::new("y", TensorType::Int8, &[2]).quantized(0.5, 0));
        let z = builder.tensor(Tensor::new("z", TensorType::Int8, &[2]).quantized(0.5, 0));
        builder.operator(BuiltinOperator::ADD, [x, c], [y]).set_options(Options::new("AddOptions"));
        builder.operator(BuiltinOperator::RELU, [y], [z]);
        builder.output(z);
        builder.build()
    }

    fn check(change: impl Fn(&mut Model), expected: &[&str]) {
        let mut model = chain();
        change(&mut model);
        let found: Vec<String> = model
            .diagnose()
            .iter()
            .map(|finding| format!("{}: {}", finding.place, finding.message))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_good_model_has_no_findings() {
        check(|_| {}, &[]);
    }

    #[test]
    fn what_the_schema_lacks_is_found() {
        check(
            |model| model.operator_codes[1].builtin = BuiltinOperator(9999),
            &["operator #1: The schema has no operator with the code 9999."],
        );
        check(
            |model| {
                let unknown = Options { kind: OptionsKind::Builtin(200), values: Vec::new() };
                model.subgraphs[0].operators[1].options = Some(unknown);
            },
            &["operator #1: The schema has no options of the kind Builtin(200); they are left out."],
        );
        check(
            |model| model.version = 2,
            &["model: The schema version is 2 instead of 3; LiteRT refuses it."],
        );
        check(
            |model| model.subgraphs.clear(),
            &["model: The model has no subgraph, so there is nothing to run."],
        );
    }

    #[test]
    fn data_that_do_not_fit_are_found() {
        check(
            |model| model.subgraphs[0].tensors[1].shape = vec![2, 3],
            &["tensor t1: The data have 2 bytes, but a shape of [2, 3] with int8 takes 6."],
        );
        check(
            |model| model.subgraphs[0].tensors[1].sparsity = Some(Sparsity::default()),
            &["tensor t1: The data are stored sparse; TFLM would read them as if they were dense."],
        );
        check(
            |model| model.buffers[1].appended = true,
            &[
                "tensor t1: The data lie behind the flatbuffer, where LiteRT finds them but TFLM does not look.",
            ],
        );
        check(
            |model| model.subgraphs[0].tensors[1].external_buffer = 4,
            &[
                "tensor t1: The data are in the external buffer 4, which the model does not describe, not in the file.",
            ],
        );
        check(
            |model| model.subgraphs[0].tensors[0].shape = vec![-1],
            &["tensor t0: A dimension has the size -1, so the memory that the tensor takes is unknown."],
        );
    }

    #[test]
    fn quantization_that_does_not_fit_is_found() {
        let of_constant = |scale: &'static [f32], zero_point: &'static [i64], axis| {
            move |model: &mut Model| {
                let tensor = model.subgraphs[0].tensors[1].clone();
                model.subgraphs[0].tensors[1] = tensor.quantized_per_axis(scale, zero_point, axis);
            }
        };
        check(of_constant(&[1.0, 2.0], &[0, 0], 0), &[]);
        check(
            of_constant(&[1.0, 2.0], &[0, 0], 3),
            &[
                "tensor t1: The scales run along dimension 3, but the tensor has 1; LiteRT refuses it, TFLM does not look.",
            ],
        );
        check(
            of_constant(&[1.0, 2.0, 3.0], &[0], 0),
            &["tensor t1: There are 3 scales along dimension 0, which has the size 2."],
        );
        check(of_constant(&[1.0], &[0, 0], 0), &["tensor t1: There are 1 scales but 2 zero points."]);
        check(of_constant(&[0.0], &[0], 0), &["tensor t1: A scale is 0; only positive numbers make sense."]);
        check(
            of_constant(&[1.0], &[128], 0),
            &["tensor t1: The zero point 128 lies outside of the range of int8."],
        );
    }

    #[test]
    fn what_nobody_writes_is_found() {
        check(
            |model| model.subgraphs[0].operators.swap(0, 1),
            &["operator #0: It reads tensor t2, which has no value by then."],
        );
        check(
            |model| {
                model.subgraphs[0].operators.pop();
            },
            &["tensor t3: It is an output of the subgraph, but nothing writes it."],
        );
        check(
            |model| model.subgraphs[0].operators[0].outputs = vec![Some(TensorId(1)), Some(TensorId(2))],
            &["operator #0: It writes tensor t1, which is a constant."],
        );
    }

    #[test]
    fn subgraphs_that_do_not_exist_are_found() {
        check(
            |model| {
                let options = Options::new("WhileOptions")
                    .with_int("cond_subgraph_index", 0)
                    .with_int("body_subgraph_index", 7);
                model.subgraphs[0].operators[0].options = Some(options);
            },
            &["operator #0: It runs subgraph 7, but the model has 1."],
        );
        check(
            |model| {
                let numbers = OptionValue::Ints(vec![0, -2]);
                let options = Options::new("StablehloCaseOptions").with("branch_subgraph_indices", numbers);
                model.subgraphs[0].operators[0].options_2 = Some(options);
            },
            &["operator #0: It runs subgraph -2, but the model has 1."],
        );
    }
}
