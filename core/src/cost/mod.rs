//! What a model costs apart from the arena: multiply-accumulates and constants, and estimates of time and flash.

mod flash;
mod latency;
mod rates;

pub use flash::{FlashEstimate, flash};
pub use latency::{Cycles, Estimate, OperatorEstimate, estimate, estimate_with};
pub use rates::{OperatorClass, usual_clock_hz};

use std::collections::BTreeSet;

use crate::model::{
    BuiltinOperator, Model, Operator, OperatorId, Subgraph, SubgraphId, TensorId, TensorType,
};

/// Sums over the whole model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Multiply-accumulates of one pass over every subgraph.
    pub macs: u64,
    /// Elements of weights and biases, each tensor counted once; shapes, axes and paddings (integer constants of
    /// operators without multiply-accumulates) are not parameters.
    pub parameters: u64,
    /// Bytes of all constants that operators read, each tensor counted once.
    pub weight_bytes: u64,
}

/// Sums over all operators of all subgraphs.
pub fn totals(model: &Model) -> Totals {
    let mut totals = Totals::default();
    for (index, subgraph) in model.subgraphs.iter().enumerate() {
        let id = SubgraphId(index as u32);
        let operators = (0..subgraph.operators.len() as u32).map(OperatorId);
        totals.macs =
            operators.fold(totals.macs, |sum, operator| sum.saturating_add(macs(model, id, operator)));
        let mut constants = BTreeSet::new();
        let mut parameters = BTreeSet::new();
        for operator in &subgraph.operators {
            let has_macs = operator_macs(model.builtin(operator), subgraph, operator).unwrap_or(0) > 0;
            let inputs =
                operator.inputs.iter().enumerate().filter_map(|(place, tensor)| Some((place, (*tensor)?)));
            for (place, tensor) in inputs.filter(|(_, tensor)| constant_bytes(model, subgraph, *tensor) > 0) {
                constants.insert(tensor);
                let is_integer = matches!(subgraph.tensor(tensor).ty, TensorType::Int32 | TensorType::Int64);
                if !is_integer || (has_macs && place > 0) {
                    parameters.insert(tensor);
                }
            }
        }
        totals.weight_bytes +=
            constants.iter().map(|tensor| constant_bytes(model, subgraph, *tensor)).sum::<u64>();
        let elements = parameters.iter().filter_map(|tensor| subgraph.tensor(*tensor).element_count());
        totals.parameters = elements.fold(totals.parameters, u64::saturating_add);
    }
    totals
}

/// Multiply-accumulates of one execution of an operator; padding taps count, pooling and elementwise operators do not.
pub fn macs(model: &Model, subgraph: SubgraphId, operator: OperatorId) -> u64 {
    let graph = model.subgraph(subgraph);
    let operator = &graph.operators[operator.index()];
    operator_macs(model.builtin(operator), graph, operator).unwrap_or(0)
}

/// Bytes of the constants that an operator reads.
pub fn parameter_bytes(model: &Model, subgraph: SubgraphId, operator: OperatorId) -> u64 {
    let graph = model.subgraph(subgraph);
    let inputs = graph.operators[operator.index()].inputs.iter().flatten().collect::<BTreeSet<_>>();
    inputs.into_iter().map(|tensor| constant_bytes(model, graph, *tensor)).sum()
}

/// An operator that multiplies reads float32 weights: the file is 4 times as large as with int8 ones, and TFLM's float kernels
/// run it, which ESP-NN does not speed up.
pub fn has_float_weights(model: &Model) -> bool {
    let in_graph = |graph: &Subgraph| {
        graph.operators.iter().any(|operator| {
            let weights = operator.inputs.iter().skip(1).flatten();
            let is_float = |tensor: &&TensorId| graph.tensor(**tensor).ty == TensorType::Float32;
            operator_macs(model.builtin(operator), graph, operator).unwrap_or(0) > 0
                && weights.filter(is_float).any(|tensor| constant_bytes(model, graph, *tensor) > 0)
        })
    };
    model.subgraphs.iter().any(in_graph)
}

fn constant_bytes(model: &Model, subgraph: &Subgraph, tensor: TensorId) -> u64 {
    model.constant_data(subgraph.tensor(tensor)).map_or(0, |bytes| bytes.len() as u64)
}

fn operator_macs(builtin: BuiltinOperator, graph: &Subgraph, operator: &Operator) -> Option<u64> {
    let shape = |place: usize| operator.input(place).map(|id| graph.tensor(id).shape.as_slice());
    let elements = |id: Option<TensorId>| graph.tensor(id?).element_count();
    let output = || elements(operator.output(0));
    match builtin {
        // Filter [out channels, height, width, in channels].
        BuiltinOperator::CONV_2D => output()?.checked_mul(product(shape(1)?.get(1..)?)?),
        // Filter [1, height, width, channels].
        BuiltinOperator::DEPTHWISE_CONV_2D => output()?.checked_mul(product(shape(1)?.get(1..3)?)?),
        // Inputs: output shape, filter [out channels, height, width, in channels], input.
        BuiltinOperator::TRANSPOSE_CONV => {
            elements(operator.input(2))?.checked_mul(product(shape(1)?.get(..3)?)?)
        }
        // Filter [depth, height, width, in channels, out channels].
        BuiltinOperator::CONV_3D => output()?.checked_mul(product(shape(1)?.get(..4)?)?),
        // Filter [units, depth].
        BuiltinOperator::FULLY_CONNECTED => output()?.checked_mul(product(&[*shape(1)?.last()?])?),
        BuiltinOperator::BATCH_MATMUL => {
            let left = shape(0)?;
            let transposed = operator.option_int("adj_x") != 0;
            let depth = left.get(left.len().checked_sub(if transposed { 2 } else { 1 })?)?;
            output()?.checked_mul(product(&[*depth])?)
        }
        BuiltinOperator::UNIDIRECTIONAL_SEQUENCE_LSTM => {
            // Four gates, each with weights for the input [units, depth] and for the output before [units, units].
            let input = shape(0)?;
            let depth = *input.last()?;
            let steps = product(input.get(..input.len().checked_sub(1)?)?)?;
            let units = *shape(2)?.first()?;
            let per_step =
                product(&[units, depth])?.checked_add(product(&[units, units])?)?.checked_mul(4)?;
            steps.checked_mul(per_step)
        }
        BuiltinOperator::SVDF => {
            // Features [filters, depth], then a time filter [filters, memory].
            let batch = *shape(0)?.first()?;
            let features = product(shape(1)?)?.checked_add(product(shape(2)?)?)?;
            product(&[batch])?.checked_mul(features)
        }
        _ => Some(0),
    }
}

fn product(dims: &[i32]) -> Option<u64> {
    dims.iter().try_fold(1u64, |product, &dim| product.checked_mul(u64::try_from(dim).ok()?))
}
