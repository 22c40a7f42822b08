//! Optimizers by Keras's formulas, written once for single numbers and for whole tensors.
//!
//! Formulas: keras-team/keras, `keras/src/optimizers/{base_optimizer,sgd,adam,adamw,rmsprop}.py`, version 3.

use burn::tensor::{Tensor, TensorData};
use emberlab_core::training::Optimizer;

use crate::network::Parameter;

/// Something that formulas can be computed with.
pub(crate) trait Number: Clone {
    fn plus(self, other: Self) -> Self;
    fn minus(self, other: Self) -> Self;
    fn times(self, other: Self) -> Self;
    fn over(self, other: Self) -> Self;
    fn scaled(self, factor: f32) -> Self;
    fn shifted(self, by: f32) -> Self;
    fn root(self) -> Self;
    fn within(self, limit: f32) -> Self;
    fn sign(self) -> Self;
}

impl Number for f32 {
    fn plus(self, other: Self) -> Self {
        self + other
    }
    fn minus(self, other: Self) -> Self {
        self - other
    }
    fn times(self, other: Self) -> Self {
        self * other
    }
    fn over(self, other: Self) -> Self {
        self / other
    }
    fn scaled(self, factor: f32) -> Self {
        self * factor
    }
    fn shifted(self, by: f32) -> Self {
        self + by
    }
    fn root(self) -> Self {
        self.sqrt()
    }
    fn within(self, limit: f32) -> Self {
        self.clamp(-limit, limit)
    }
    fn sign(self) -> Self {
        if self == 0.0 { 0.0 } else { self.signum() }
    }
}

impl Number for Tensor<1> {
    fn plus(self, other: Self) -> Self {
        self + other
    }
    fn minus(self, other: Self) -> Self {
        self - other
    }
    fn times(self, other: Self) -> Self {
        self * other
    }
    fn over(self, other: Self) -> Self {
        self / other
    }
    fn scaled(self, factor: f32) -> Self {
        self.mul_scalar(factor)
    }
    fn shifted(self, by: f32) -> Self {
        self.add_scalar(by)
    }
    fn root(self) -> Self {
        self.sqrt()
    }
    fn within(self, limit: f32) -> Self {
        self.clamp(-limit, limit)
    }
    fn sign(self) -> Self {
        Tensor::sign(self)
    }
}

/// Weights, gradients and what is remembered of both, as numbers of some kind.
trait Carrier {
    type Number: Number;

    /// Replaces every weight and its `M` memories by what the formula makes of weight, gradient and memories.
    fn update<const M: usize>(
        self,
        formula: impl Fn(Self::Number, Self::Number, [Self::Number; M]) -> (Self::Number, [Self::Number; M]),
    );
}

/// In host memory: one pass over all arrays.
struct Slices<'a> {
    weights: &'a mut [f32],
    gradients: &'a [f32],
    memories: &'a mut [Vec<f32>],
}

impl Carrier for Slices<'_> {
    type Number = f32;

    fn update<const M: usize>(self, formula: impl Fn(f32, f32, [f32; M]) -> (f32, [f32; M])) {
        let count = self.weights.len();
        let gradients = &self.gradients[..count];
        let mut memories = self.memories.iter_mut();
        let mut memories: [&mut [f32]; M] = std::array::from_fn(|_| {
            let memory = memories.next().expect("an optimizer has as many memories as its formula takes");
            &mut memory[..count]
        });
        for (place, (weight, gradient)) in self.weights.iter_mut().zip(gradients).enumerate() {
            let before = std::array::from_fn(|memory| memories[memory][place]);
            let (after, remembered) = formula(*weight, *gradient, before);
            *weight = after;
            for (memory, value) in memories.iter_mut().zip(remembered) {
                memory[place] = value;
            }
        }
    }
}

/// On a device: a few operations on whole arrays.
struct Tensors<'a> {
    weights: &'a mut Tensor<1>,
    gradients: Tensor<1>,
    memories: &'a mut [Tensor<1>],
}

impl Carrier for Tensors<'_> {
    type Number = Tensor<1>;

    fn update<const M: usize>(
        self,
        formula: impl Fn(Tensor<1>, Tensor<1>, [Tensor<1>; M]) -> (Tensor<1>, [Tensor<1>; M]),
    ) {
        let mut memories = self.memories.iter();
        let before = std::array::from_fn(|_| {
            memories.next().expect("an optimizer has as many memories as its formula takes").clone()
        });
        let (weights, after) = formula(self.weights.clone(), self.gradients, before);
        *self.weights = weights;
        self.memories.iter_mut().zip(after).for_each(|(memory, after)| *memory = after);
    }
}

/// How many numbers an optimizer remembers of every weight.
fn memory_count(optimizer: Optimizer) -> usize {
    match optimizer {
        Optimizer::Sgd { momentum, .. } => usize::from(momentum != 0.0),
        Optimizer::Adam { .. } | Optimizer::AdamW { .. } => 2,
        Optimizer::RmsProp { momentum, .. } => 1 + usize::from(momentum != 0.0),
    }
}

/// One step of an optimizer: what does not differ between weights.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Step {
    /// Which step, from 1.
    pub number: u64,
    /// The rate of this step.
    pub learning_rate: f32,
    /// Times the learning rate: the share of each weight that is taken away first.
    pub weight_decay: f32,
    /// Gradients were multiplied with this so that small ones outlast half precision.
    pub gradient_scale: f32,
    /// Largest norm of all gradients together.
    pub clip_norm: Option<f32>,
    /// Largest absolute gradient.
    pub clip_value: Option<f32>,
}

impl Step {
    /// Changes weights by the formula of the optimizer.
    fn update<C: Carrier>(&self, optimizer: Optimizer, carrier: C) {
        let rate = self.learning_rate;
        match optimizer {
            Optimizer::Sgd { momentum: 0.0, .. } => {
                carrier.update(|weight, gradient, []| (weight.minus(gradient.scaled(rate)), []));
            }
            Optimizer::Sgd { momentum, nesterov: false } => carrier.update(|weight, gradient, [velocity]| {
                let velocity = velocity.scaled(momentum).minus(gradient.scaled(rate));
                (weight.plus(velocity.clone()), [velocity])
            }),
            Optimizer::Sgd { momentum, nesterov: true } => carrier.update(|weight, gradient, [velocity]| {
                let step = gradient.scaled(rate);
                let velocity = velocity.scaled(momentum).minus(step.clone());
                (weight.plus(velocity.clone().scaled(momentum)).minus(step), [velocity])
            }),
            Optimizer::Adam { beta_1, beta_2, epsilon } | Optimizer::AdamW { beta_1, beta_2, epsilon } => {
                // Both means begin at 0; this makes up for it.
                let left = |beta: f32| 1.0 - f64::from(beta).powf(self.number as f64);
                let rate = (f64::from(rate) * left(beta_2).sqrt() / left(beta_1)) as f32;
                carrier.update(|weight, gradient, [mean, squares]| {
                    let square = gradient.clone().times(gradient.clone());
                    let mean = mean.clone().plus(gradient.minus(mean).scaled(1.0 - beta_1));
                    let squares = squares.clone().plus(square.minus(squares).scaled(1.0 - beta_2));
                    let root = squares.clone().root().shifted(epsilon);
                    (weight.minus(mean.clone().scaled(rate).over(root)), [mean, squares])
                });
            }
            Optimizer::RmsProp { rho, momentum: 0.0, epsilon } => {
                carrier.update(|weight, gradient, [squares]| {
                    let square = gradient.clone().times(gradient.clone());
                    let squares = squares.scaled(rho).plus(square.scaled(1.0 - rho));
                    let root = squares.clone().shifted(epsilon).root();
                    (weight.minus(gradient.scaled(rate).over(root)), [squares])
                });
            }
            Optimizer::RmsProp { rho, momentum, epsilon } => {
                carrier.update(|weight, gradient, [squares, velocity]| {
                    let square = gradient.clone().times(gradient.clone());
                    let squares = squares.scaled(rho).plus(square.scaled(1.0 - rho));
                    let root = squares.clone().shifted(epsilon).root();
                    let velocity = velocity.scaled(momentum).plus(gradient.scaled(rate).over(root));
                    (weight.minus(velocity.clone()), [squares, velocity])
                });
            }
        }
    }

    /// Weights without the share that decay takes.
    fn decayed<N: Number>(&self, weight: N) -> N {
        weight.clone().minus(weight.scaled(self.weight_decay * self.learning_rate))
    }
}

/// The gradient of `l1 * sum(abs(weights)) + l2 * sum(weights²)`, added to another one.
fn with_penalty<N: Number>(gradient: N, weight: N, l1: f32, l2: f32) -> N {
    gradient.plus(weight.clone().sign().scaled(l1)).plus(weight.scaled(2.0 * l2))
}

/// What an optimizer remembers between steps, for all parameters of a network.
pub(crate) struct Memory {
    optimizer: Optimizer,
    arrays: Arrays,
}

/// One entry per parameter, each with as many arrays as the optimizer has memories.
enum Arrays {
    Host(Vec<Vec<Vec<f32>>>),
    Device(Vec<Vec<Tensor<1>>>),
}

impl Memory {
    /// Nothing remembered. `in_host_memory` computes on plain arrays in one pass.
    pub fn new(optimizer: Optimizer, parameters: &[Parameter], in_host_memory: bool) -> Self {
        let count = memory_count(optimizer);
        let arrays = if in_host_memory {
            let zeros = |parameter: &Parameter| vec![vec![0.0; parameter.size()]; count];
            Arrays::Host(parameters.iter().map(zeros).collect())
        } else {
            let zeros = |parameter: &Parameter| vec![parameter.tensor.zeros_like(); count];
            Arrays::Device(parameters.iter().map(zeros).collect())
        };
        Self { optimizer, arrays }
    }

    /// As many as the optimizer has memories: of each, the arrays of all parameters.
    pub fn read(&self) -> Vec<Vec<Vec<f32>>> {
        let memories = 0..memory_count(self.optimizer);
        match &self.arrays {
            Arrays::Host(arrays) => {
                memories.map(|memory| arrays.iter().map(|arrays| arrays[memory].clone()).collect()).collect()
            }
            Arrays::Device(arrays) => {
                let read = |tensor: &Tensor<1>| crate::network::values_from_tensor(tensor.clone());
                memories.map(|memory| arrays.iter().map(|arrays| read(&arrays[memory])).collect()).collect()
            }
        }
    }

    /// Takes what [`Memory::read`] gave; `false` if it is of another optimizer.
    pub fn write(&mut self, memories: Vec<Vec<Vec<f32>>>) -> bool {
        if memories.len() != memory_count(self.optimizer) {
            return false;
        }
        for (memory, values) in memories.into_iter().enumerate() {
            match &mut self.arrays {
                Arrays::Host(arrays) => {
                    arrays.iter_mut().zip(values).for_each(|(arrays, values)| arrays[memory] = values);
                }
                Arrays::Device(arrays) => arrays.iter_mut().zip(values).for_each(|(arrays, values)| {
                    arrays[memory] = crate::network::tensor_from_values(values, &arrays[memory].device());
                }),
            }
        }
        true
    }

    /// Takes a step with one gradient per parameter; parameters without one stay as they are.
    pub fn step(&mut self, parameters: &mut [Parameter], gradients: Vec<Option<Tensor<1>>>, step: &Step) {
        match &mut self.arrays {
            Arrays::Host(arrays) => step_on_host(self.optimizer, arrays, parameters, gradients, step),
            Arrays::Device(arrays) => step_on_device(self.optimizer, arrays, parameters, gradients, step),
        }
    }
}

fn step_on_host(
    optimizer: Optimizer,
    memories: &mut [Vec<Vec<f32>>],
    parameters: &mut [Parameter],
    gradients: Vec<Option<Tensor<1>>>,
    step: &Step,
) {
    let mut gradients: Vec<Option<TensorData>> =
        gradients.into_iter().map(|gradient| gradient.map(Tensor::into_data)).collect();
    let is_changed = step.gradient_scale != 1.0 || step.clip_norm.is_some() || step.clip_value.is_some();
    let has_penalty = parameters.iter().any(|parameter| parameter.l1 != 0.0 || parameter.l2 != 0.0);
    if is_changed || has_penalty {
        for (parameter, gradient) in parameters.iter().zip(&mut gradients) {
            let Some(gradient) = gradient else { continue };
            let gradient = numbers_mut(gradient);
            gradient.iter_mut().for_each(|gradient| *gradient /= step.gradient_scale);
            if parameter.l1 != 0.0 || parameter.l2 != 0.0 {
                let weights = parameter.tensor.to_data();
                for (gradient, weight) in gradient.iter_mut().zip(numbers(&weights)) {
                    *gradient = with_penalty(*gradient, *weight, parameter.l1, parameter.l2);
                }
            }
        }
        if let Some(limit) = step.clip_norm {
            let all = gradients.iter().flatten().flat_map(numbers);
            let norm = all.map(|gradient| f64::from(*gradient).powi(2)).sum::<f64>().sqrt() as f32;
            let factor = limit / norm.max(limit);
            let all = gradients.iter_mut().flatten().flat_map(numbers_mut);
            all.for_each(|gradient| *gradient *= factor);
        }
        if let Some(limit) = step.clip_value {
            let all = gradients.iter_mut().flatten().flat_map(numbers_mut);
            all.for_each(|gradient| *gradient = gradient.within(limit));
        }
    }
    for ((parameter, gradient), memories) in parameters.iter_mut().zip(gradients).zip(memories) {
        let Some(gradient) = gradient else { continue };
        let device = parameter.tensor.device();
        // Nothing else holds the numbers between steps, so that they are changed in place.
        parameter.tensor.inplace(|tensor| {
            let mut data = tensor.into_data();
            let weights = numbers_mut(&mut data);
            if step.weight_decay != 0.0 {
                weights.iter_mut().for_each(|weight| *weight = step.decayed(*weight));
            }
            step.update(optimizer, Slices { weights, gradients: numbers(&gradient), memories });
            Tensor::from_data(data, &device)
        });
    }
}

fn step_on_device(
    optimizer: Optimizer,
    memories: &mut [Vec<Tensor<1>>],
    parameters: &mut [Parameter],
    mut gradients: Vec<Option<Tensor<1>>>,
    step: &Step,
) {
    for (parameter, gradient) in parameters.iter().zip(&mut gradients) {
        let Some(gradient) = gradient else { continue };
        if step.gradient_scale != 1.0 {
            gradient.inplace(|gradient| gradient.div_scalar(step.gradient_scale));
        }
        if parameter.l1 != 0.0 || parameter.l2 != 0.0 {
            let weights = parameter.tensor.clone();
            gradient.inplace(|gradient| with_penalty(gradient, weights, parameter.l1, parameter.l2));
        }
    }
    if let Some(limit) = step.clip_norm {
        let squares = gradients.iter().flatten().map(|gradient| gradient.clone().square().sum());
        if let Some(sum) = squares.reduce(|sum, squares| sum + squares) {
            let factor = sum.sqrt().clamp_min(limit).recip().mul_scalar(limit);
            for gradient in gradients.iter_mut().flatten() {
                gradient.inplace(|gradient| gradient * factor.clone());
            }
        }
    }
    if let Some(limit) = step.clip_value {
        gradients
            .iter_mut()
            .flatten()
            .for_each(|gradient| gradient.inplace(|gradient| gradient.within(limit)));
    }
    for ((parameter, gradient), memories) in parameters.iter_mut().zip(gradients).zip(memories) {
        let Some(gradients) = gradient else { continue };
        let weights = &mut parameter.tensor;
        if step.weight_decay != 0.0 {
            weights.inplace(|weights| step.decayed(weights));
        }
        step.update(optimizer, Tensors { weights, gradients, memories });
    }
}

fn numbers(data: &TensorData) -> &[f32] {
    data.as_slice().expect("weights and gradients are made of f32")
}

fn numbers_mut(data: &mut TensorData) -> &mut [f32] {
    data.as_mut_slice().expect("weights and gradients are made of f32")
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::network::{tensor_from_values, values_from_tensor};

    const STEP: Step = Step {
        number: 1,
        learning_rate: 0.1,
        weight_decay: 0.0,
        gradient_scale: 1.0,
        clip_norm: None,
        clip_value: None,
    };

    fn parameter(values: &[f32]) -> Parameter {
        Parameter {
            layer: "dense".to_owned(),
            array: "kernel",
            shape: vec![values.len()],
            is_trainable: true,
            l1: 0.0,
            l2: 0.0,
            tensor: tensor_from_values(values.to_vec(), &Device::flex()),
        }
    }

    /// The weights after the three steps of compare/reference.py.
    fn after_three_steps(optimizer: Optimizer, step: Step, in_host_memory: bool) -> Vec<f32> {
        let mut parameters = [parameter(&[1.0, -1.0, 0.5, 2.0])];
        let mut memory = Memory::new(optimizer, &parameters, in_host_memory);
        let gradients = [[0.5, -2.0, 0.0, 1e-4], [-0.25, 1.0, 3.0, 1e-4], [1.5, -0.5, 0.1, 0.0f32]];
        for (number, gradient) in (1..).zip(gradients) {
            let scaled = gradient.map(|gradient| gradient * step.gradient_scale).to_vec();
            let gradient = tensor_from_values(scaled, &Device::flex());
            memory.step(&mut parameters, vec![Some(gradient)], &Step { number, ..step });
        }
        values_from_tensor(parameters[0].tensor.clone())
    }

    fn check(optimizer: Optimizer, step: Step, expected: [f32; 4]) {
        for in_host_memory in [true, false] {
            let found = after_three_steps(optimizer, step, in_host_memory);
            for (found, expected) in found.iter().zip(expected) {
                let error = (found - expected).abs();
                // Keras computes powers of Adam's betas in f32, which changes the sixth digit.
                assert!(error < 2e-6, "{optimizer:?} {in_host_memory}: {found} against {expected}");
            }
        }
    }

    // Expected numbers: Keras 3.15, by compare/reference.py.
    #[test]
    fn steps_are_those_of_keras() {
        check(Optimizer::SGD, STEP, [0.825, -0.85, 0.19, 1.999_98]);
        let sgd = |nesterov| Optimizer::Sgd { momentum: 0.9, nesterov };
        check(sgd(false), STEP, [0.762, -0.598, -0.08, 1.999_954]);
        check(sgd(true), STEP, [0.610_8, -0.488_2, -0.332, 1.999_938_6]);
        check(Optimizer::ADAM, STEP, [0.806_318_34, -0.839_324_7, 0.365_968_14, 1.729_646_6]);
        let decay = Step { weight_decay: 0.1, ..STEP };
        check(Optimizer::ADAM_W, decay, [0.778_873_7, -0.811_880_05, 0.351_861_77, 1.673_151_7]);
        check(Optimizer::RMS_PROP, STEP, [0.531_738_2, -0.755_750_54, 0.172_667_98, 1.937_207_6]);
        let rms_prop = Optimizer::RmsProp { rho: 0.9, momentum: 0.9, epsilon: 1e-7 };
        check(rms_prop, STEP, [0.123_687_33, -0.347_698_93, -0.111_936_99, 1.855_207_1]);
    }

    #[test]
    fn gradients_are_clipped_as_in_keras() {
        let norm = Step { clip_norm: Some(1.0), ..STEP };
        check(Optimizer::SGD, norm, [0.888_948_4, -0.902_950_47, 0.399_114_8, 1.999_992]);
        let value = Step { clip_value: Some(0.4), ..STEP };
        check(Optimizer::SGD, value, [0.945, -0.96, 0.45, 1.999_98]);
        let scaled = Step { clip_value: Some(0.4), gradient_scale: 1024.0, ..STEP };
        check(Optimizer::SGD, scaled, [0.945, -0.96, 0.45, 1.999_98]);
    }

    #[test]
    fn penalties_pull_weights_to_zero() {
        for in_host_memory in [true, false] {
            let mut parameters = [Parameter { l1: 0.5, l2: 0.25, ..parameter(&[2.0, -1.0, 0.0]) }];
            let mut memory = Memory::new(Optimizer::SGD, &parameters, in_host_memory);
            let gradient = tensor_from_values(vec![1.0, 0.0, 0.0], &Device::flex());
            memory.step(&mut parameters, vec![Some(gradient)], &STEP);
            // 2 - 0.1 * (1 + 0.5 + 0.5 * 2), -1 + 0.1 * (0.5 + 0.5 * 1), 0.
            assert_eq!(values_from_tensor(parameters[0].tensor.clone()), [1.75, -0.9, 0.0]);
        }
    }

    #[test]
    fn what_is_remembered_can_be_written_back() {
        for in_host_memory in [true, false] {
            let mut parameters = [parameter(&[1.0, -1.0])];
            let mut memory = Memory::new(Optimizer::ADAM, &parameters, in_host_memory);
            let gradient = || vec![Some(tensor_from_values(vec![0.5, -2.0], &Device::flex()))];
            memory.step(&mut parameters, gradient(), &STEP);
            let mut again = [parameter(&values_from_tensor(parameters[0].tensor.clone()))];
            let mut other = Memory::new(Optimizer::ADAM, &again, in_host_memory);
            assert!(other.write(memory.read()));
            let second = Step { number: 2, ..STEP };
            memory.step(&mut parameters, gradient(), &second);
            other.step(&mut again, gradient(), &second);
            assert_eq!(
                values_from_tensor(parameters[0].tensor.clone()),
                values_from_tensor(again[0].tensor.clone())
            );
            assert!(!Memory::new(Optimizer::SGD, &again, in_host_memory).write(memory.read()));
        }
    }
}
