//! Which tensors of an integer model share a scale, and what it is.

use std::collections::BTreeMap;

use super::rules::{Form, Rule, Scale, rule};
use super::weights::real_values;
use super::{Limits, QuantizeError};
use crate::model::{BuiltinOperator as Op, Model, Operator, OperatorId, Subgraph, TensorId, TensorType};

/// What every operator computes with, and the scales of all activations.
pub(super) struct Assignment {
    /// For every operator of the float32 model.
    pub operators: Vec<Treatment>,
    nodes: Vec<Node>,
    of_tensor: BTreeMap<(TensorId, Form), usize>,
    /// Inputs that pass through a QUANTIZE of their own: operator and place.
    rescaled: BTreeMap<(usize, usize), usize>,
}

/// What an operator computes with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Treatment {
    /// It has no real numbers: as it is.
    Kept,
    /// In float32, between DEQUANTIZE and QUANTIZE.
    Float,
    /// In integers.
    Integer(Form, Rule),
}

/// A tensor in one form.
struct Node {
    tensor: TensorId,
    form: Form,
    parent: usize,
    fixed: Option<Scale>,
    limits: Limits,
}

/// The limits of each activation.
pub(super) type LimitsOf<'a> = &'a dyn Fn(TensorId) -> Option<Limits>;

/// Finds groups of tensors with one scale, and where a QUANTIZE has to come in between.
///
/// CONCATENATION, MAXIMUM and the like ask for one scale, as do operators that only move values or pool them: TFLM's kernels
/// do not rescale there.
pub(super) fn assign(
    model: &Model,
    form_of: impl Fn(&Operator) -> Form,
    limits_of: LimitsOf<'_>,
) -> Result<Assignment, QuantizeError> {
    let main = &model.subgraphs[0];
    let treatments =
        main.operators.iter().map(|operator| treatment(model, main, operator, form_of(operator)));
    let operators = treatments.collect();
    let mut assignment =
        Assignment { operators, nodes: Vec::new(), of_tensor: BTreeMap::new(), rescaled: BTreeMap::new() };
    for (index, operator) in main.operators.iter().enumerate() {
        let Treatment::Integer(form, rule) = assignment.operators[index] else { continue };
        let inputs = match rule {
            Rule::Weighted { input, .. } => operator.input(input).map(|id| (input, id)).into_iter().collect(),
            Rule::Lstm => operator.input(0).map(|id| (0, id)).into_iter().collect(),
            Rule::Free | Rule::Shared | Rule::Output(_) => real_inputs(main, operator),
        };
        let mut nodes = Vec::new();
        for (_, id) in &inputs {
            nodes.push(assignment.node(model, *id, form, limits_of)?);
        }
        let mut outputs = Vec::new();
        for id in real_outputs(main, operator) {
            outputs.push(assignment.node(model, id, form, limits_of)?);
        }
        match rule {
            Rule::Weighted { .. } | Rule::Lstm | Rule::Free => {}
            Rule::Output(scale) => outputs.iter().for_each(|output| assignment.fix(*output, scale)),
            Rule::Shared => {
                assignment.rescale_odd_ones(index, &inputs, &mut nodes);
                let first = outputs.first().or(nodes.first()).copied();
                for other in outputs.iter().chain(&nodes) {
                    first.into_iter().for_each(|first| assignment.join(first, *other));
                }
            }
        }
    }
    Ok(assignment)
}

/// What an operator can compute with, at most in the form that is wanted.
fn treatment(model: &Model, main: &Subgraph, operator: &Operator, form: Form) -> Treatment {
    let inputs = real_inputs(main, operator);
    if inputs.is_empty() && real_outputs(main, operator).is_empty() {
        return Treatment::Kept;
    }
    let code = model.builtin(operator);
    match rule(code, form) {
        Some(rule) if is_fit(model, main, operator, rule) => Treatment::Integer(form, rule),
        _ => Treatment::Float,
    }
}

/// The operator's constants and shape are those that its integer kernel takes.
fn is_fit(model: &Model, main: &Subgraph, operator: &Operator, rule: Rule) -> bool {
    let is_constant = |id: TensorId| {
        main.tensor(id).ty == TensorType::Float32 && model.constant_data(main.tensor(id)).is_some()
    };
    match rule {
        Rule::Weighted { input, filter, bias, .. } => {
            operator.input(input).is_some_and(|id| !is_constant(id))
                && operator.input(filter).is_some_and(is_constant)
                && operator.input(bias).is_none_or(is_constant)
        }
        Rule::Lstm => {
            // Peepholes, projection and layer normalisation are what TFLM does not have.
            let absent = (9..12).chain(16..18).chain(20..24);
            let present = (1..9).chain(12..16);
            operator.inputs.len() >= 20
                && absent.into_iter().all(|place| operator.input(place).is_none())
                && present.into_iter().all(|place| operator.input(place).is_some_and(is_constant))
                && operator.input(18).is_some()
                && operator.input(19).is_some()
        }
        // Two constants are nobody's activation.
        Rule::Free | Rule::Shared | Rule::Output(_) => {
            let inputs = real_inputs(main, operator);
            let is_matrix = model.builtin(operator) == Op::BATCH_MATMUL;
            inputs.iter().any(|(_, id)| !is_constant(*id))
                && !(is_matrix && inputs.iter().any(|(_, id)| is_constant(*id)))
        }
    }
}

/// Places and tensors of the float32 inputs, constants included.
pub(super) fn real_inputs(main: &Subgraph, operator: &Operator) -> Vec<(usize, TensorId)> {
    let places = operator.inputs.iter().enumerate().filter_map(|(place, id)| id.map(|id| (place, id)));
    places.filter(|(_, id)| is_real(main, *id)).collect()
}

/// The float32 outputs.
pub(super) fn real_outputs(main: &Subgraph, operator: &Operator) -> Vec<TensorId> {
    operator.outputs.iter().flatten().copied().filter(|id| is_real(main, *id)).collect()
}

/// It holds real numbers that flow: in float32, and not the state of an operator.
pub(super) fn is_real(main: &Subgraph, id: TensorId) -> bool {
    let tensor = main.tensor(id);
    tensor.ty == TensorType::Float32 && !tensor.is_variable
}

impl Assignment {
    /// The scale of a tensor in a form.
    pub fn scale(&self, tensor: TensorId, form: Form) -> Option<Scale> {
        self.of_tensor.get(&(tensor, form)).map(|node| self.scale_of(*node))
    }

    /// The scale that an input of an operator is brought to by a QUANTIZE of its own; `None` for most.
    pub fn rescaled(&self, operator: OperatorId, place: usize) -> Option<Scale> {
        self.rescaled.get(&(operator.index(), place)).map(|node| self.scale_of(*node))
    }

    fn node(
        &mut self,
        model: &Model,
        tensor: TensorId,
        form: Form,
        limits_of: LimitsOf<'_>,
    ) -> Result<usize, QuantizeError> {
        if let Some(node) = self.of_tensor.get(&(tensor, form)) {
            return Ok(*node);
        }
        let limits = limits(model, tensor, limits_of)?;
        let node = self.new_node(tensor, form, limits);
        self.of_tensor.insert((tensor, form), node);
        Ok(node)
    }

    /// A node for a tensor that conversions or the interface need and no operator has asked for.
    pub fn add(
        &mut self,
        model: &Model,
        tensor: TensorId,
        form: Form,
        limits_of: LimitsOf<'_>,
    ) -> Result<(), QuantizeError> {
        self.node(model, tensor, form, limits_of).map(drop)
    }

    fn new_node(&mut self, tensor: TensorId, form: Form, limits: Limits) -> usize {
        let index = self.nodes.len();
        self.nodes.push(Node { tensor, form, parent: index, fixed: None, limits });
        index
    }

    /// Inputs whose scale is prescribed pass through a QUANTIZE, unless all inputs have the same one.
    fn rescale_odd_ones(&mut self, operator: usize, inputs: &[(usize, TensorId)], nodes: &mut [usize]) {
        if nodes.len() < 2 {
            return;
        }
        let fixed: Vec<Option<Scale>> = nodes.iter().map(|node| self.nodes[self.root(*node)].fixed).collect();
        if fixed.iter().all(|scale| *scale == fixed[0]) {
            return;
        }
        for ((node, scale), (place, _)) in nodes.iter_mut().zip(&fixed).zip(inputs) {
            if scale.is_some() {
                let Node { tensor, form, limits, .. } = self.nodes[*node];
                *node = self.new_node(tensor, form, limits);
                self.rescaled.insert((operator, *place), *node);
            }
        }
    }

    fn root(&self, mut index: usize) -> usize {
        while self.nodes[index].parent != index {
            index = self.nodes[index].parent;
        }
        index
    }

    fn fix(&mut self, node: usize, scale: Scale) {
        let root = self.root(node);
        self.nodes[root].fixed = Some(scale);
    }

    fn join(&mut self, first: usize, second: usize) {
        let (first, second) = (self.root(first), self.root(second));
        if first == second {
            return;
        }
        // The older group stays, so that chains stay short.
        let (older, younger) = (first.min(second), first.max(second));
        let Node { fixed, limits, .. } = self.nodes[younger];
        self.nodes[younger].parent = older;
        let node = &mut self.nodes[older];
        node.fixed = node.fixed.or(fixed);
        // What was chosen by hand stands above what was seen of the others.
        node.limits = match (node.limits.is_chosen, limits.is_chosen) {
            (true, false) => node.limits,
            (false, true) => limits,
            (true, true) | (false, false) => Limits {
                low: node.limits.low.min(limits.low),
                high: node.limits.high.max(limits.high),
                ..limits
            },
        };
    }

    fn scale_of(&self, node: usize) -> Scale {
        let node = &self.nodes[self.root(node)];
        node.fixed.unwrap_or_else(|| match node.form {
            Form::Int8 | Form::Float32 => asymmetric_int8(node.limits.low, node.limits.high),
            Form::Int16 => symmetric_int16(node.limits.low, node.limits.high),
        })
    }
}

fn limits(model: &Model, id: TensorId, limits_of: LimitsOf<'_>) -> Result<Limits, QuantizeError> {
    let tensor = model.subgraphs[0].tensor(id);
    let name = || tensor.name.clone().unwrap_or_else(|| format!("t{}", id.0));
    let constant = real_values(model, tensor);
    let limits = match &constant {
        Some(values) => values.iter().fold(Limits::default(), |limits, value| Limits {
            low: limits.low.min(*value),
            high: limits.high.max(*value),
            ..limits
        }),
        None => limits_of(id).ok_or_else(|| QuantizeError::NoRange { tensor: name() })?,
    };
    let is_finite = constant.is_none_or(|values| values.iter().all(|value| value.is_finite()));
    if !(is_finite && limits.low.is_finite() && limits.high.is_finite()) {
        return Err(QuantizeError::NotFinite { tensor: name() });
    }
    Ok(Limits { low: limits.low.min(0.0), high: limits.high.max(0.0), ..limits })
}

/// Scale of tensors that are zero throughout.
const SCALE_OF_ZEROS: f32 = 1.0 / 128.0;

/// The scale with which the range, widened to hold 0, fills int8; 0 is a whole number of steps from either end.
///
/// The zero point is taken from the end where rounding it errs less: `QuantizationParams` of TensorFlow's converter,
/// `tensorflow/compiler/mlir/lite/quantization/lite/toco_legacy/quantization_utils.cc` at v2.19.0 (there in float64 as here).
pub(super) fn asymmetric_int8(low: f32, high: f32) -> Scale {
    let (low, high) = (f64::from(low.min(0.0)), f64::from(high.max(0.0)));
    let scale = (high - low) / 255.0;
    if scale < f64::from(f32::MIN_POSITIVE) {
        return (SCALE_OF_ZEROS, 0);
    }
    let (from_low, from_high) = (-128.0 - low / scale, 127.0 - high / scale);
    let low_error = 128.0 + (low / scale).abs();
    let high_error = 127.0 + (high / scale).abs();
    let zero_point = if low_error < high_error { from_low } else { from_high };
    (scale as f32, zero_point.clamp(-128.0, 127.0).round() as i64)
}

/// The scale with which the range fills int16 around 0.
pub(super) fn symmetric_int16(low: f32, high: f32) -> Scale {
    let largest = low.abs().max(high.abs());
    let scale = f64::from(largest) / 32767.0;
    if scale < f64::from(f32::MIN_POSITIVE) { (SCALE_OF_ZEROS, 0) } else { (scale as f32, 0) }
}
