//! Smaller variants of a float32 model: with integers that TensorFlow Lite Micro and ESP-NN compute with, or with smaller
//! weights for a desktop.
//!
//! | step | input | result |
//! | --- | --- | --- |
//! | [`calibration_samples`] | [`Samples`](crate::dataset::Samples), [`Calibration`] | which samples to look at |
//! | [`observe`] | the model, samples | [`Observations`]: the values of every activation |
//! | [`Observations::ranges_for`] | [`Recipe`] | [`Ranges`]: limits of every activation |
//! | [`variant`] | the model, [`Recipe`], [`Ranges`] | [`Quantized`]: the variant |
//! | [`OperatorErrors`] | both models, samples | how much noise each operator adds, by itself and with all before it |
//! | [`first_divergence`] | both models, a sample | the operator from which on the answer is another one |
//!
//! Everything works on a [`Model`] with one subgraph, lowered from a network or opened from a file.

mod assign;
mod choose;
mod divergence;
mod emit;
mod errors;
mod histogram;
mod limits;
mod observe;
mod pair;
mod recipe;
mod rules;
mod small_weights;
#[cfg(test)]
mod tests;
mod weights;
mod widen;

use std::collections::BTreeMap;

use thiserror::Error;

pub use choose::{Coverage, calibration_samples};
pub use divergence::{Divergence, first_divergence};
pub use errors::{ErrorFigures, ErrorMode, OperatorError, OperatorErrors};
pub use histogram::ValueHistogram;
pub use limits::{Limits, Ranges};
pub use observe::{Observations, TensorObservation, observe};
pub use pair::{OperatorPair, paired_operators};
pub use recipe::{
    Calibration, CalibrationMethod, ChosenLimits, Interface, Recipe, SampleChoice, VariantKind, WeightScales,
    Width,
};
pub use widen::widened;

use crate::model::{BuiltinOperator as Op, Model, OperatorId, TensorId, TensorType};
use assign::assign;
use emit::{Emission, Knowledge};
use rules::{Form, Rule, rule};

/// A variant of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantized {
    /// The variant.
    pub model: Model,
    /// For each of its operators the one of the float32 model that it stands for; `None` for conversions.
    pub sources: Vec<Option<OperatorId>>,
    /// For each tensor of the float32 model the one that holds the same; `None` for those that are not used any more.
    pub tensors: Vec<Option<TensorId>>,
}

/// Why a model has no such variant.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum QuantizeError {
    /// It has several subgraphs, or operators that call them.
    #[error("models with control flow or several subgraphs are not quantized")]
    Subgraphs,
    /// It holds integers already.
    #[error("the model is quantized already: the tensor {tensor} is {ty}; begin with the float32 model")]
    AlreadyQuantized {
        /// A tensor.
        tensor: String,
        /// Its type.
        ty: &'static str,
    },
    /// A weight or an activation is infinite or not a number.
    #[error("the tensor {tensor} holds values that are not finite; train again with a smaller learning rate")]
    NotFinite {
        /// The tensor.
        tensor: String,
    },
    /// Calibration has not seen an activation.
    #[error("nothing is known about the range of the tensor {tensor}; calibrate with at least one sample")]
    NoRange {
        /// The tensor.
        tensor: String,
    },
    /// An operator reads what none has written.
    #[error("no operator writes the tensor {tensor}; open the model in Inspect to see its diagnostics")]
    NoProducer {
        /// The tensor.
        tensor: String,
    },
    /// An operator without what its kind needs.
    #[error("operator #{} lacks an input or output; open the model in Inspect to see its diagnostics", operator.0)]
    Operator {
        /// The operator.
        operator: OperatorId,
    },
    /// A combination that no runtime has.
    #[error("{what}")]
    Unsupported {
        /// Which, and what to choose instead.
        what: &'static str,
    },
}

/// The variant of a float32 model that a recipe describes. `ranges` are needed where activations become integers.
///
/// # Errors
/// The model is not one float32 graph, its ranges are not known, or no runtime has what the recipe asks for.
pub fn variant(model: &Model, recipe: &Recipe, ranges: Option<&Ranges>) -> Result<Quantized, QuantizeError> {
    check(model)?;
    match recipe.kind {
        VariantKind::Float32 => Ok(unchanged(model)),
        VariantKind::Float16 => Ok(small_weights::float16(model, recipe.widened)),
        VariantKind::Dynamic => small_weights::dynamic_range(model, recipe),
        VariantKind::Int8 | VariantKind::Int16x8 => {
            let empty = Ranges::default();
            let ranges = ranges.unwrap_or(&empty);
            let limits_of = |id: TensorId| ranges.limits.get(&id).copied();
            let cell_of = |id: OperatorId| ranges.cells.get(&id).copied();
            let knowledge = Knowledge { limits_of: &limits_of, cell_of: &cell_of, structure_only: false };
            integers(model, recipe, knowledge)
        }
    }
}

/// True if the limits of what an operator gives decide its scale; of others, such as SOFTMAX, kernels prescribe it.
pub fn limits_decide(model: &Model, operator: OperatorId) -> bool {
    let found = model.subgraphs.first().and_then(|main| main.operators.get(operator.index()));
    found.is_some_and(|found| {
        matches!(
            rule(model.builtin(found), Form::Int8),
            Some(Rule::Weighted { .. } | Rule::Lstm | Rule::Free | Rule::Shared)
        )
    })
}

/// The int8 model with constants of zero and scales that only have the right form: operators, tensors and shapes are those
/// of every int8 variant, so that plans and costs are as well.
///
/// # Errors
/// The model is not one float32 graph.
pub fn int8_placeholder(model: &Model) -> Result<Quantized, QuantizeError> {
    check(model)?;
    let positive = positive_tensors(model);
    // Zero points other than 0 are the rule: -128 after ReLU, something else elsewhere.
    let limits_of = |id: TensorId| {
        let (low, high) = if positive.contains_key(&id) { (0.0, 15.9375) } else { (-7.9375, 8.0) };
        Some(Limits { low, high, ..Limits::default() })
    };
    let knowledge = Knowledge { limits_of: &limits_of, cell_of: &|_| Some(16.0), structure_only: true };
    integers(model, &Recipe::default(), knowledge)
}

/// Tensors that an activation function keeps from being negative.
fn positive_tensors(model: &Model) -> BTreeMap<TensorId, ()> {
    let operators = model.subgraphs.iter().flat_map(|graph| &graph.operators);
    let positive = operators.filter(|operator| {
        let is_fused = matches!(operator.option_int("fused_activation_function"), 1 | 3);
        let code = model.builtin(operator);
        matches!(code, Op::RELU | Op::RELU6) || (is_fused && code != Op::UNIDIRECTIONAL_SEQUENCE_LSTM)
    });
    positive.flat_map(|operator| operator.outputs.iter().flatten()).map(|id| (*id, ())).collect()
}

fn integers(model: &Model, recipe: &Recipe, knowledge: Knowledge<'_>) -> Result<Quantized, QuantizeError> {
    let form = if recipe.kind == VariantKind::Int16x8 { Form::Int16 } else { Form::Int8 };
    if form == Form::Int16 && recipe.interface == Interface::Uint8 {
        let what = "a model with int16 activations does not take uint8; choose integer or float32 inputs and outputs";
        return Err(QuantizeError::Unsupported { what });
    }
    let main = &model.subgraphs[0];
    let form_of = |operator: &crate::model::Operator| {
        let name = operator.output(0).and_then(|id| main.tensor(id).name.as_deref());
        match name.and_then(|name| recipe.wider.get(name)) {
            Some(Width::Int16) => Form::Int16,
            Some(Width::Float32) => Form::Float32,
            None => form,
        }
    };
    let assignment = assign(model, form_of, knowledge.limits_of)?;
    Emission::new(model, recipe, assignment, knowledge, form).run()
}

fn check(model: &Model) -> Result<(), QuantizeError> {
    let [main] = model.subgraphs.as_slice() else { return Err(QuantizeError::Subgraphs) };
    let calls = [Op::IF, Op::WHILE, Op::CALL_ONCE, Op::VAR_HANDLE];
    if main.operators.iter().any(|operator| calls.contains(&model.builtin(operator))) {
        return Err(QuantizeError::Subgraphs);
    }
    let is_quantized = |ty| {
        matches!(
            ty,
            TensorType::Int8 | TensorType::Uint8 | TensorType::Int16 | TensorType::Float16 | TensorType::Int4
        )
    };
    let touched =
        main.operators.iter().flat_map(|operator| operator.inputs.iter().chain(&operator.outputs).flatten());
    match touched.map(|id| main.tensor(*id)).find(|tensor| is_quantized(tensor.ty)) {
        Some(tensor) => {
            let name = tensor.name.clone().unwrap_or_default();
            Err(QuantizeError::AlreadyQuantized { tensor: name, ty: tensor.ty.name() })
        }
        None => Ok(()),
    }
}

fn unchanged(model: &Model) -> Quantized {
    let main = &model.subgraphs[0];
    Quantized {
        model: model.clone(),
        sources: (0..main.operators.len() as u32).map(|index| Some(OperatorId(index))).collect(),
        tensors: (0..main.tensors.len() as u32).map(|index| Some(TensorId(index))).collect(),
    }
}
