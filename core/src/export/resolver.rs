//! The resolver of TensorFlow Lite Micro with exactly the operators of a model: firmware holds no kernel that it never runs.

use std::collections::BTreeSet;

use super::c_array::{guarded, head, push};
use super::comment_text;
use super::facts::Facts;
use super::names::{c_string, camel_case};
use super::tflm_methods::{builtin_method, custom_method};
use crate::model::{BuiltinOperator, Model, OperatorCode};

/// Name of the file.
pub(super) const FILE: &str = "resolver.h";

/// How an operator gets into the resolver.
enum Registration {
    /// TFLM has a method for it.
    Method(&'static str),
    /// The firmware brings the kernel of a custom operator; the name of the function that gives its registration.
    Own { name: String, function: String },
    /// Nothing runs it; the name of the operator and why.
    Missing { name: String, reason: &'static str },
}

/// The header; what is missing is noted.
pub(super) fn text(model: &Model, facts: &Facts, name: &str, notes: &mut Vec<String>) -> String {
    let registrations = registrations(model);
    let missing = |one: &Registration| matches!(one, Registration::Missing { .. });
    let count = registrations.iter().filter(|one| !missing(one)).count();
    let mut body = String::new();
    for registration in &registrations {
        if let Registration::Missing { name, reason } = registration {
            let name = comment_text(name);
            push(&mut body, format_args!("// TensorFlow Lite Micro has no operator {name}: {reason}.\n"));
            let error = format!("TensorFlow Lite Micro has no operator {name}, so it cannot run this model");
            push(&mut body, format_args!("#error {}\n\n", c_string(&error)));
            notes.push(format!(
                "TensorFlow Lite Micro has no operator {name}: {reason}. {FILE} stops the build with #error."
            ));
        }
    }
    push(
        &mut body,
        format_args!(
            "#include \"tensorflow/lite/micro/micro_mutable_op_resolver.h\"\n\
             \n\
             // In the firmware, with objects that live as long as the interpreter:\n\
             //   {name}::OpResolver resolver;\n\
             //   if ({name}::RegisterOperators(resolver) != kTfLiteOk) {{ ... }}\n\
             //   tflite::MicroInterpreter interpreter(tflite::GetModel({name}::kModelData), resolver,\n\
             //                                        tensor_arena, {name}::kTensorArenaSize);\n\
             namespace {name} {{\n\
             \n"
        ),
    );
    for registration in &registrations {
        if let Registration::Own { name, function } = registration {
            let name = comment_text(name);
            push(
                &mut body,
                format_args!(
                    "// The kernel of the custom operator {name}, which TensorFlow Lite Micro does not have: define this\n\
                     // function in the firmware.\n\
                     const TFLMRegistration* {function}();\n\n"
                ),
            );
            notes.push(format!(
                "{name} is a custom operator that TensorFlow Lite Micro does not have: define {function}() in the \
                 firmware, as {FILE} declares it."
            ));
        }
    }
    push(
        &mut body,
        format_args!(
            "// Different operators of the model, of all its subgraphs.\n\
             constexpr unsigned int kOperatorCount = {count};\n\
             \n\
             // An array of no elements is none of C++.\n\
             using OpResolver = tflite::MicroMutableOpResolver<(kOperatorCount > 0) ? kOperatorCount : 1>;\n\
             \n\
             // Adds every operator once. Call it once, before the interpreter is made.\n"
        ),
    );
    let parameter = if count == 0 { "OpResolver&" } else { "OpResolver& resolver" };
    push(&mut body, format_args!("inline TfLiteStatus RegisterOperators({parameter}) {{\n"));
    for registration in &registrations {
        let call = match registration {
            Registration::Method(method) => format!("{method}()"),
            Registration::Own { name, function } => format!("AddCustom({}, {function}())", c_string(name)),
            Registration::Missing { .. } => continue,
        };
        push(&mut body, format_args!("  if (resolver.{call} != kTfLiteOk) return kTfLiteError;\n"));
    }
    push(&mut body, format_args!("  return kTfLiteOk;\n}}\n\n}}  // namespace {name}\n"));
    head(facts, "the operators of the model") + &guarded(name, "RESOLVER", &body)
}

/// One entry for each different operator, in the order in which they first stand in the subgraphs.
fn registrations(model: &Model) -> Vec<Registration> {
    let mut seen = BTreeSet::new();
    let mut functions = BTreeSet::new();
    let mut found = Vec::new();
    for operator in model.subgraphs.iter().flat_map(|subgraph| &subgraph.operators) {
        let code = model.code(operator);
        let custom = (code.builtin == BuiltinOperator::CUSTOM).then(|| code.custom_code.clone());
        if seen.insert((code.builtin.0, custom)) {
            found.push(registration(code, model.operator_name(operator), &mut functions));
        }
    }
    found
}

fn registration(code: &OperatorCode, name: String, functions: &mut BTreeSet<String>) -> Registration {
    if code.builtin != BuiltinOperator::CUSTOM {
        return match builtin_method(code.builtin) {
            Some(method) => Registration::Method(method),
            None => Registration::Missing { name, reason: "it is not among those that it registers" },
        };
    }
    match code.custom_code.as_deref() {
        None | Some("") => {
            Registration::Missing { name, reason: "the model does not name this custom operator" }
        }
        // The names of operators that run in TensorFlow itself ("select TensorFlow ops" of the converter).
        Some(custom) if custom.starts_with("Flex") => Registration::Missing {
            name,
            reason: "it needs TensorFlow itself; convert without select TensorFlow ops",
        },
        // Its registration is empty but in builds for Arm's accelerator.
        Some("ethos-u") => {
            Registration::Missing { name, reason: "it is for an accelerator that these chips lack" }
        }
        Some(custom) => match custom_method(custom) {
            Some(method) => Registration::Method(method),
            None => {
                let wanted = format!("Register{}", camel_case(custom));
                let mut numbered =
                    std::iter::once(wanted.clone()).chain((2..).map(|number| format!("{wanted}_{number}")));
                // `RegisterOperators` is the name of the function that adds them all.
                let is_free = |name: &String| name != "RegisterOperators" && !functions.contains(name);
                let function = numbered.find(is_free).unwrap_or_else(|| wanted.clone());
                functions.insert(function.clone());
                Registration::Own { name, function }
            }
        },
    }
}
