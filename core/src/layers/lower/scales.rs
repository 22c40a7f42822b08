//! Which activations of an int8 model share a scale, and which scales TFLM prescribes.

use super::program::{ActivationId, Fused, Operation, Program, Step};

/// Scale and zero point.
pub(super) type Scale = (f32, i64);

/// What TFLM takes for the outputs of SOFTMAX and LOGISTIC: 0 to 1.
const ZERO_TO_ONE: Scale = (1.0 / 256.0, -128);
/// What converters give the output of TANH: -1 to 1.
const MINUS_ONE_TO_ONE: Scale = (1.0 / 128.0, 0);

/// Groups of activations with one scale each.
#[derive(Default)]
pub(super) struct Groups {
    /// For each activation another one of its group, or itself.
    parents: Vec<usize>,
    /// For the first activation of each group the scale that is prescribed.
    fixed: Vec<Option<Scale>>,
    /// For the first activation of each group: an activation function keeps it from being negative.
    is_positive: Vec<bool>,
}

/// Scales of a whole model.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scales {
    /// One for each activation.
    pub activations: Vec<Scale>,
    /// Scale of the cell states of all LSTMs, a power of two.
    pub cell: f32,
}

/// What an operator asks of the scales of its inputs and output.
enum Demand {
    /// Nothing.
    None,
    /// This scale for the output.
    Output(Scale),
    /// One scale for all.
    Shared,
}

/// Finds the groups, and puts a QUANTIZE where an operator asks for one scale and one of its inputs cannot have it.
///
/// CONCATENATION and MAXIMUM ask for one scale, as do operators that only move values or pool them: TFLM's kernels do not
/// rescale there.
pub(super) fn prepare(program: &mut Program) -> Groups {
    let mut groups = Groups::default();
    groups.grow_to(program.activations.len());
    for mut step in std::mem::take(&mut program.steps) {
        match demand(&step.operation) {
            Demand::None => {}
            Demand::Output(scale) => groups.fix(step.output, scale),
            Demand::Shared if step.inputs.len() == 1 => groups.join(step.output, step.inputs[0]),
            Demand::Shared => share(&mut groups, program, &mut step),
        }
        if step.fused != Fused::None || matches!(step.operation, Operation::Relu | Operation::Relu6) {
            let root = groups.root(step.output.0);
            groups.is_positive[root] = true;
        }
        program.steps.push(step);
    }
    groups
}

/// One scale for several inputs: those with a prescribed scale pass through a QUANTIZE, unless all have the same one.
fn share(groups: &mut Groups, program: &mut Program, step: &mut Step) {
    let fixed: Vec<Option<Scale>> = step.inputs.iter().map(|input| groups.fixed_scale(*input)).collect();
    let are_alike = fixed.iter().all(|scale| *scale == fixed[0]);
    for (input, scale) in step.inputs.iter_mut().zip(&fixed) {
        if scale.is_some() && !are_alike {
            let shape = program.shape(*input).to_vec();
            let name = format!("{}/rescaled", program.activations[input.0].name);
            let layer = step.layers[0];
            *input = program.step(Operation::Requantize, vec![*input], (&name, shape), layer);
            groups.grow_to(program.activations.len());
        }
    }
    for input in &step.inputs {
        groups.join(step.output, *input);
    }
}

fn demand(operation: &Operation) -> Demand {
    match operation {
        Operation::Softmax | Operation::Logistic => Demand::Output(ZERO_TO_ONE),
        Operation::Tanh => Demand::Output(MINUS_ONE_TO_ONE),
        Operation::Pool { .. }
        | Operation::Maximum
        | Operation::Concatenation { .. }
        | Operation::Reshape
        | Operation::Pad { .. }
        | Operation::ResizeNearest
        | Operation::ResizeBilinear
        | Operation::LastStep => Demand::Shared,
        Operation::Conv2D { .. }
        | Operation::DepthwiseConv2D { .. }
        | Operation::FullyConnected { .. }
        | Operation::Add
        | Operation::Sub
        | Operation::Mul
        | Operation::MulConstant(_)
        | Operation::AddConstant(_)
        | Operation::Relu
        | Operation::Relu6
        | Operation::LeakyRelu { .. }
        | Operation::HardSwish
        | Operation::Lstm(_)
        | Operation::Requantize => Demand::None,
    }
}

impl Groups {
    /// Scales for a model of which only the structure is known: valid for TFLM, and of the kind that calibration gives.
    pub fn placeholders(&self) -> Scales {
        let activations = (0..self.parents.len()).map(|index| {
            let root = self.root(index);
            // Zero points other than 0 are the rule: -128 after ReLU, something else elsewhere.
            let zero_point = if self.is_positive[root] { -128 } else { -1 };
            self.fixed[root].unwrap_or((1.0 / 16.0, zero_point))
        });
        Scales { activations: activations.collect(), cell: 1.0 / 2048.0 }
    }

    fn grow_to(&mut self, n_activations: usize) {
        self.parents.extend(self.parents.len()..n_activations);
        self.fixed.resize(n_activations, None);
        self.is_positive.resize(n_activations, false);
    }

    fn root(&self, mut index: usize) -> usize {
        while self.parents[index] != index {
            index = self.parents[index];
        }
        index
    }

    fn fixed_scale(&self, id: ActivationId) -> Option<Scale> {
        self.fixed[self.root(id.0)]
    }

    fn fix(&mut self, id: ActivationId, scale: Scale) {
        let root = self.root(id.0);
        self.fixed[root] = Some(scale);
    }

    fn join(&mut self, first: ActivationId, second: ActivationId) {
        let (first, second) = (self.root(first.0), self.root(second.0));
        if first == second {
            return;
        }
        // The older group stays, so that chains stay short.
        let (older, younger) = (first.min(second), first.max(second));
        self.parents[younger] = older;
        self.fixed[older] = self.fixed[older].or(self.fixed[younger]);
        self.is_positive[older] |= self.is_positive[younger];
    }
}

#[cfg(test)]
mod tests;
