//! The integer model, operator by operator.
//!
//! What TFLM asks of LSTMs: `micro/kernels/lstm_shared.h` and `unidirectional_sequence_lstm.cc` of
//! github.com/espressif/esp-tflite-micro at 99f49e1498b0984f4db54d9bf3938aceb99ad422.

use std::collections::HashMap;

use super::assign::{Assignment, LimitsOf, Treatment, is_real};
use super::rules::{Form, Rule, Scale};
use super::weights::{Slices, affine, bias_integers, real_values, symmetric_int8, weight_scales};
use super::{Interface, QuantizeError, Quantized, Recipe, WeightScales};
use crate::model::{
    BuiltinOperator as Op, Model, ModelBuilder, Operator, OperatorId, Options, SharedBytes, Subgraph, Tensor,
    TensorId, TensorType, bytes_from_elements, versions,
};

/// Tensors of an operator, by their places.
type Operands = Vec<Option<TensorId>>;

/// Scale of the inputs of an LSTM's gates.
const GATE_SCALE: f32 = 1.0 / 4096.0;

/// What is known of the model besides its constants.
pub(super) struct Knowledge<'a> {
    pub limits_of: LimitsOf<'a>,
    /// The largest absolute value of the cell state of an LSTM.
    pub cell_of: &'a dyn Fn(OperatorId) -> Option<f32>,
    /// Only the structure matters: constants are zeros.
    pub structure_only: bool,
}

pub(super) struct Emission<'a> {
    pub source: &'a Model,
    pub recipe: &'a Recipe,
    pub assignment: Assignment,
    pub knowledge: Knowledge<'a>,
    /// The form of inputs, outputs and most operators.
    pub form: Form,
    builder: ModelBuilder,
    activations: HashMap<(TensorId, Form), TensorId>,
    /// The form that a tensor is written in.
    native: HashMap<TensorId, Form>,
    kept: HashMap<TensorId, TensorId>,
    /// Weights that several operators share.
    weights: HashMap<(TensorId, Vec<u32>), TensorId>,
    sources: Vec<Option<OperatorId>>,
    zeros: SharedBytes,
}

impl<'a> Emission<'a> {
    pub fn new(
        source: &'a Model,
        recipe: &'a Recipe,
        assignment: Assignment,
        knowledge: Knowledge<'a>,
        form: Form,
    ) -> Self {
        let builder = ModelBuilder::new(source.description.as_deref().unwrap_or_default());
        let main = &source.subgraphs[0];
        // int16 biases take 8 bytes.
        let largest = main.tensors.iter().filter_map(Tensor::element_count).max().unwrap_or(0);
        let zeros = if knowledge.structure_only { vec![0; 8 * largest as usize] } else { Vec::new() };
        Self {
            source,
            recipe,
            assignment,
            knowledge,
            form,
            builder,
            activations: HashMap::new(),
            native: HashMap::new(),
            kept: HashMap::new(),
            weights: HashMap::new(),
            sources: Vec::new(),
            zeros: zeros.into(),
        }
    }

    fn main(&self) -> &'a Subgraph {
        &self.source.subgraphs[0]
    }

    /// Writes everything.
    pub fn run(mut self) -> Result<Quantized, QuantizeError> {
        let main = self.main();
        let name = main.name.clone();
        self.builder.model().subgraphs[0].name = name;
        for id in &main.inputs {
            self.input(*id)?;
        }
        for (index, operator) in main.operators.iter().enumerate() {
            self.operator(OperatorId(index as u32), operator)?;
        }
        let mut outputs = Vec::new();
        for id in &main.outputs {
            let tensor = self.output(*id)?;
            outputs.push(tensor);
            self.builder.output(tensor);
        }
        let inputs = self.builder.model().subgraphs[0].inputs.clone();
        self.finish(&inputs, &outputs)
    }

    fn finish(mut self, inputs: &[TensorId], outputs: &[TensorId]) -> Result<Quantized, QuantizeError> {
        let main = self.main();
        let mapped = |named: &[(Option<String>, TensorId)], old: &[TensorId], new: &[TensorId]| {
            let place = |id: &TensorId| old.iter().position(|other| other == id).map(|place| new[place]);
            named.iter().filter_map(|(name, id)| Some((name.clone(), place(id)?))).collect()
        };
        let signatures = self.source.signatures.iter().map(|signature| {
            let mut signature = signature.clone();
            signature.inputs = mapped(&signature.inputs, &main.inputs, inputs);
            signature.outputs = mapped(&signature.outputs, &main.outputs, outputs);
            signature
        });
        let signatures = signatures.collect();
        self.builder.model().signatures = signatures;
        for metadata in &self.source.metadata {
            // A memory plan of the float32 model says nothing about this one.
            if metadata.name == crate::model::OFFLINE_MEMORY_ALLOCATION {
                continue;
            }
            if let Some(data) =
                self.source.buffers.get(metadata.buffer.index()).and_then(|it| it.data.clone())
            {
                self.builder.metadata(&metadata.name, data);
            }
        }
        let tensors = (0..main.tensors.len() as u32).map(|index| {
            let id = TensorId(index);
            let native = self.native.get(&id).and_then(|form| self.activations.get(&(id, *form)));
            native.or(self.kept.get(&id)).copied()
        });
        let tensors = tensors.collect();
        let mut model = self.builder.build();
        versions::set(&mut model);
        Ok(Quantized { model, sources: self.sources, tensors })
    }

    fn input(&mut self, id: TensorId) -> Result<(), QuantizeError> {
        let main = self.main();
        if !is_real(main, id) {
            let tensor = main.tensor(id).clone();
            let new = self.builder.input(Tensor { buffer: Default::default(), ..tensor });
            self.kept.insert(id, new);
            return Ok(());
        }
        let form = match self.recipe.interface {
            Interface::Integer | Interface::Uint8 => self.form,
            Interface::Float32 => Form::Float32,
        };
        if form != Form::Float32 {
            self.assignment.add(self.source, id, form, self.knowledge.limits_of)?;
        }
        if self.recipe.interface == Interface::Uint8 {
            let (scale, zero_point) = self.scale(id, form)?;
            let tensor =
                Tensor { ty: TensorType::Uint8, ..self.described(id) }.quantized(scale, zero_point + 128);
            let outer = self.builder.input(tensor);
            let inner = self.new_activation(id, form, Some("int8"))?;
            self.convert(Op::QUANTIZE, outer, inner);
        } else {
            let tensor = self.activation_tensor(id, form, None)?;
            let new = self.builder.input(tensor);
            self.activations.insert((id, form), new);
        }
        self.native.insert(id, form);
        Ok(())
    }

    fn output(&mut self, id: TensorId) -> Result<TensorId, QuantizeError> {
        let main = self.main();
        if !is_real(main, id) || self.source.constant_data(main.tensor(id)).is_some() {
            return Ok(self.keep(id));
        }
        match self.recipe.interface {
            Interface::Float32 => self.activation(id, Form::Float32),
            Interface::Integer => self.activation(id, self.form),
            Interface::Uint8 => {
                let inner = self.activation(id, self.form)?;
                let (scale, zero_point) = self.scale(id, self.form)?;
                let name = self.main().tensor(id).name.as_deref().unwrap_or_default();
                let tensor = Tensor { ty: TensorType::Uint8, ..self.described(id) };
                let tensor = Tensor { name: Some(format!("{name}/uint8")), ..tensor };
                let outer = self.builder.tensor(tensor.quantized(scale, zero_point + 128));
                self.convert(Op::QUANTIZE, inner, outer);
                Ok(outer)
            }
        }
    }

    fn operator(&mut self, id: OperatorId, operator: &Operator) -> Result<(), QuantizeError> {
        let treatment = self.assignment.operators[id.index()];
        let mut inputs = Vec::with_capacity(operator.inputs.len());
        let mut intermediates = Vec::new();
        match treatment {
            Treatment::Kept | Treatment::Float => {
                for input in &operator.inputs {
                    inputs.push(match input {
                        None => None,
                        Some(input) => Some(self.real_or_kept(*input, Form::Float32)?),
                    });
                }
                intermediates = operator.intermediates.iter().map(|id| id.map(|id| self.keep(id))).collect();
            }
            Treatment::Integer(form, Rule::Lstm) => {
                (inputs, intermediates) = self.lstm(id, operator, form)?;
            }
            Treatment::Integer(form, Rule::Weighted { input, filter, bias, axis }) => {
                for (place, id) in operator.inputs.iter().enumerate() {
                    let is_weight = place == filter || place == bias;
                    inputs.push(match id {
                        Some(id) if !is_weight => Some(self.real_or_kept(*id, form)?),
                        _ => None,
                    });
                }
                inputs.resize(inputs.len().max(bias + 1), None);
                let code = self.source.builtin(operator);
                let axis = match (self.recipe.weight_scales, code) {
                    (WeightScales::PerTensor, _) | (WeightScales::PerChannel, Op::FULLY_CONNECTED) => None,
                    (WeightScales::PerChannel | WeightScales::PerChannelEverywhere, _) => Some(axis),
                };
                let needs_bias = code != Op::FULLY_CONNECTED && code != Op::TRANSPOSE_CONV;
                let scale = self.input_scale(operator, input, form)?;
                let names = (operator.input(filter), operator.input(bias));
                let [weights, bias_tensor] = self.weighted(names, axis, scale, form, needs_bias)?;
                (inputs[filter], inputs[bias]) = (weights, bias_tensor);
                if inputs[bias].is_none() && operator.inputs.len() <= bias {
                    inputs.truncate(bias);
                }
            }
            Treatment::Integer(form, _) => {
                for (place, input) in operator.inputs.iter().enumerate() {
                    inputs.push(match input {
                        None => None,
                        Some(input) => Some(match self.assignment.rescaled(id, place) {
                            Some(scale) => self.rescaled(*input, form, scale)?,
                            None => self.real_or_kept(*input, form)?,
                        }),
                    });
                }
            }
        }
        let form = match treatment {
            Treatment::Integer(form, _) => form,
            Treatment::Kept | Treatment::Float => Form::Float32,
        };
        let mut outputs = Vec::with_capacity(operator.outputs.len());
        for output in &operator.outputs {
            outputs.push(match output {
                Some(output) if is_real(self.main(), *output) => {
                    self.native.insert(*output, form);
                    Some(self.new_activation(*output, form, None)?)
                }
                Some(output) => Some(self.keep(*output)),
                None => None,
            });
        }
        self.append(id, operator, form, (inputs, intermediates, outputs));
        Ok(())
    }

    fn append(
        &mut self,
        id: OperatorId,
        operator: &Operator,
        form: Form,
        (inputs, intermediates, outputs): (Operands, Operands, Operands),
    ) {
        let code = self.source.code(operator).clone();
        let new = match &code.custom_code {
            Some(custom) if code.builtin == Op::CUSTOM => {
                self.builder.custom_operator(custom, inputs, outputs)
            }
            _ => self.builder.operator(code.builtin, inputs, outputs),
        };
        new.intermediates = intermediates;
        new.mutating_variable_inputs.clone_from(&operator.mutating_variable_inputs);
        new.options.clone_from(&operator.options);
        new.options_2.clone_from(&operator.options_2);
        new.custom_options.clone_from(&operator.custom_options);
        new.custom_options_format = operator.custom_options_format;
        if form == Form::Int16 && matches!(code.builtin, Op::ADD | Op::SUB) {
            // Scales that are no powers of two; the schema's default is the opposite.
            let table = if code.builtin == Op::ADD { "AddOptions" } else { "SubOptions" };
            let options = new.options.take().unwrap_or_else(|| Options::new(table));
            new.options = Some(options.with_int("pot_scale_int16", 0));
        }
        self.sources.push(Some(id));
    }

    /// A filter and its bias, whose scales are those of the input times the filter's.
    fn weighted(
        &mut self,
        (filter, bias): (Option<TensorId>, Option<TensorId>),
        axis: Option<usize>,
        input_scale: f32,
        form: Form,
        needs_bias: bool,
    ) -> Result<[Option<TensorId>; 2], QuantizeError> {
        let main = self.main();
        let Some(filter) = filter else { return Ok([None, None]) };
        let tensor = main.tensor(filter);
        let slices = Slices::new(&tensor.shape, axis);
        let biases = bias.and_then(|bias| real_values(self.source, main.tensor(bias)));
        let scales = if self.knowledge.structure_only {
            vec![1.0 / 128.0; slices.count]
        } else {
            let values = self.finite_values(filter)?;
            weight_scales(&values, slices, biases.as_deref().map(|bias| (bias, input_scale)))
        };
        let weights = self.weight(filter, &scales, axis, slices)?;
        let products: Vec<f32> = scales.iter().map(|scale| scale * input_scale).collect();
        let bias = match (bias, biases) {
            (Some(id), Some(values)) => {
                let finite = values.iter().all(|value| value.is_finite());
                if !finite {
                    return Err(self.not_finite(id));
                }
                Some(self.bias(main.tensor(id).name.clone(), &values, &products, form))
            }
            // ESP-NN reads the bias of a convolution whether there is one or not.
            _ if needs_bias => {
                let name = format!("{}/bias", tensor.name.as_deref().unwrap_or_default());
                let channels = Slices::new(&tensor.shape, Some(if axis == Some(3) { 3 } else { 0 })).count;
                Some(self.bias(Some(name), &vec![0.0; channels], &products, form))
            }
            _ => None,
        };
        Ok([Some(weights), bias])
    }

    fn weight(
        &mut self,
        id: TensorId,
        scales: &[f32],
        axis: Option<usize>,
        slices: Slices,
    ) -> Result<TensorId, QuantizeError> {
        let key = (id, scales.iter().map(|scale| scale.to_bits()).collect());
        if let Some(known) = self.weights.get(&key) {
            return Ok(*known);
        }
        let tensor = Tensor { ty: TensorType::Int8, ..self.described(id) };
        let zero_points = vec![0; scales.len()];
        let tensor = tensor.quantized_per_axis(scales, &zero_points, axis.unwrap_or(0) as i32);
        let bytes = if self.knowledge.structure_only {
            self.zeros.first(tensor.element_count().unwrap_or(0) as usize)
        } else {
            bytes_from_elements(&symmetric_int8(&self.finite_values(id)?, scales, slices)).into()
        };
        let new = self.builder.constant_bytes(tensor, bytes);
        self.weights.insert(key, new);
        Ok(new)
    }

    fn bias(&mut self, name: Option<String>, values: &[f32], scales: &[f32], form: Form) -> TensorId {
        let ty = if form == Form::Int16 { TensorType::Int64 } else { TensorType::Int32 };
        let mut tensor = Tensor::new("", ty, &[values.len() as i32]);
        tensor.name = name;
        let tensor = tensor.quantized_per_axis(scales, &vec![0; scales.len()], 0);
        let bytes = if self.knowledge.structure_only {
            self.zeros.first(values.len() * if ty == TensorType::Int64 { 8 } else { 4 })
        } else {
            let integers = bias_integers(values, scales);
            match ty {
                TensorType::Int64 => bytes_from_elements(&integers).into(),
                _ => {
                    let narrow = |value: &i64| (*value).clamp(i32::MIN.into(), i32::MAX.into()) as i32;
                    bytes_from_elements(&integers.iter().map(narrow).collect::<Vec<_>>()).into()
                }
            }
        };
        self.builder.constant_bytes(tensor, bytes)
    }

    /// Inputs and intermediates of an LSTM.
    fn lstm(
        &mut self,
        id: OperatorId,
        operator: &Operator,
        form: Form,
    ) -> Result<(Operands, Operands), QuantizeError> {
        let main = self.main();
        let scale = self.input_scale(operator, 0, form)?;
        let output = operator.output(0).ok_or(QuantizeError::Operator { operator: id })?;
        let (hidden_scale, hidden_zero_point) = self.scale(output, form)?;
        let mut inputs = vec![None; 24];
        inputs[0] = operator.input(0).map(|input| self.real_or_kept(input, form)).transpose()?;
        for gate in 0..4 {
            let names = (operator.input(1 + gate), operator.input(12 + gate));
            let [weights, bias] = self.weighted(names, None, scale, form, false)?;
            (inputs[1 + gate], inputs[12 + gate]) = (weights, bias);
            let names = (operator.input(5 + gate), None);
            [inputs[5 + gate], _] = self.weighted(names, None, hidden_scale, form, false)?;
        }
        let ty = if form == Form::Int16 { TensorType::Int16 } else { TensorType::Int8 };
        let cell = (self.knowledge.cell_of)(id).ok_or_else(|| QuantizeError::NoRange {
            tensor: operator.input(19).and_then(|id| main.tensor(id).name.clone()).unwrap_or_default(),
        })?;
        let states =
            [(18, ty, hidden_scale, hidden_zero_point), (19, TensorType::Int16, cell_scale(cell), 0)];
        for (place, ty, scale, zero_point) in states {
            if let Some(state) = operator.input(place) {
                let tensor = Tensor { ty, ..self.described(state) }.quantized(scale, zero_point).variable();
                let new = self.builder.tensor(tensor);
                self.kept.insert(state, new);
                inputs[place] = Some(new);
            }
        }
        // Tensors without elements whose scales LiteRT reads: inputs of the four gates, then the hidden state. TFLM refuses
        // intermediate tensors that take memory.
        let name = main.tensor(output).name.clone().unwrap_or_default();
        let intermediates = (0..5).map(|number| {
            let (ty, scale, zero_point) = match number {
                4 => (ty, hidden_scale, hidden_zero_point),
                _ => (TensorType::Int16, GATE_SCALE, 0),
            };
            let tensor = Tensor::new(&format!("{name}/intermediate_{number}"), ty, &[0]);
            Some(self.builder.tensor(tensor.quantized(scale, zero_point)))
        });
        let intermediates = intermediates.collect();
        Ok((inputs, intermediates))
    }

    /// The tensor in a form, through a conversion where it has another.
    fn activation(&mut self, id: TensorId, form: Form) -> Result<TensorId, QuantizeError> {
        if let Some(known) = self.activations.get(&(id, form)) {
            return Ok(*known);
        }
        let native = self.native.get(&id).copied().unwrap_or(Form::Float32);
        let Some(from) = self.activations.get(&(id, native)).copied() else {
            return Err(QuantizeError::NoProducer { tensor: self.name(id) });
        };
        if form != Form::Float32 {
            self.assignment.add(self.source, id, form, self.knowledge.limits_of)?;
        }
        let suffix = match form {
            Form::Int8 => "int8",
            Form::Int16 => "int16",
            Form::Float32 => "float32",
        };
        let to = self.new_activation(id, form, Some(suffix))?;
        self.convert(if form == Form::Float32 { Op::DEQUANTIZE } else { Op::QUANTIZE }, from, to);
        Ok(to)
    }

    /// A copy of a tensor with another scale.
    fn rescaled(
        &mut self,
        id: TensorId,
        form: Form,
        (scale, zero_point): Scale,
    ) -> Result<TensorId, QuantizeError> {
        let from = self.activation(id, form)?;
        let mut tensor = self.activation_tensor(id, form, Some("rescaled"))?;
        tensor = tensor.quantized(scale, zero_point);
        let to = self.builder.tensor(tensor);
        self.convert(Op::QUANTIZE, from, to);
        Ok(to)
    }

    fn convert(&mut self, code: Op, from: TensorId, to: TensorId) {
        let table = if code == Op::QUANTIZE { "QuantizeOptions" } else { "DequantizeOptions" };
        self.builder.operator(code, [from], [to]).set_options(Options::new(table));
        self.sources.push(None);
    }

    /// An input of an operator that computes in a form: real numbers in that form, anything else as it is.
    fn real_or_kept(&mut self, id: TensorId, form: Form) -> Result<TensorId, QuantizeError> {
        let main = self.main();
        if !is_real(main, id) {
            return Ok(self.keep(id));
        }
        if self.source.constant_data(main.tensor(id)).is_none() {
            return self.activation(id, form);
        }
        match form {
            Form::Float32 => Ok(self.keep(id)),
            Form::Int8 | Form::Int16 => self.constant(id, form),
        }
    }

    /// A constant among activations.
    fn constant(&mut self, id: TensorId, form: Form) -> Result<TensorId, QuantizeError> {
        if let Some(known) = self.activations.get(&(id, form)) {
            return Ok(*known);
        }
        let tensor = self.activation_tensor(id, form, None)?;
        let scale = self.scale(id, form)?;
        let n_elements = tensor.element_count().unwrap_or(0) as usize;
        let bytes: SharedBytes = if self.knowledge.structure_only {
            self.zeros.first(n_elements * if form == Form::Int16 { 2 } else { 1 })
        } else {
            let values = self.finite_values(id)?;
            match form {
                Form::Int16 => {
                    let integers = affine(&values, scale, -32767, 32767);
                    bytes_from_elements(&integers.iter().map(|value| *value as i16).collect::<Vec<_>>())
                        .into()
                }
                Form::Int8 | Form::Float32 => {
                    let integers = affine(&values, scale, -128, 127);
                    bytes_from_elements(&integers.iter().map(|value| *value as i8).collect::<Vec<_>>()).into()
                }
            }
        };
        let new = self.builder.constant_bytes(tensor, bytes);
        self.activations.insert((id, form), new);
        Ok(new)
    }

    /// A tensor as the float32 model has it.
    fn keep(&mut self, id: TensorId) -> TensorId {
        if let Some(known) = self.kept.get(&id) {
            return *known;
        }
        let tensor = self.main().tensor(id).clone();
        let data = self.source.buffers.get(tensor.buffer.index()).and_then(|buffer| buffer.data.clone());
        let tensor = Tensor { buffer: Default::default(), ..tensor };
        let new = match data.filter(|data| !data.is_empty()) {
            Some(data) => self.builder.constant_bytes(tensor, data),
            None => self.builder.tensor(tensor),
        };
        self.kept.insert(id, new);
        new
    }

    fn new_activation(
        &mut self,
        id: TensorId,
        form: Form,
        suffix: Option<&str>,
    ) -> Result<TensorId, QuantizeError> {
        let tensor = self.activation_tensor(id, form, suffix)?;
        let new = self.builder.tensor(tensor);
        self.activations.insert((id, form), new);
        Ok(new)
    }

    fn activation_tensor(
        &self,
        id: TensorId,
        form: Form,
        suffix: Option<&str>,
    ) -> Result<Tensor, QuantizeError> {
        let mut tensor = self.described(id);
        if let (Some(suffix), Some(name)) = (suffix, &mut tensor.name) {
            *name = format!("{name}/{suffix}");
        }
        let ty = match form {
            Form::Float32 => return Ok(tensor),
            Form::Int8 => TensorType::Int8,
            Form::Int16 => TensorType::Int16,
        };
        let (scale, zero_point) = self.scale(id, form)?;
        Ok(Tensor { ty, ..tensor }.quantized(scale, zero_point))
    }

    /// Name and shape of a tensor, without data and scales.
    fn described(&self, id: TensorId) -> Tensor {
        let tensor = self.main().tensor(id).clone();
        Tensor {
            buffer: Default::default(),
            quantization: None,
            sparsity: None,
            is_variable: false,
            ..tensor
        }
    }

    fn scale(&self, id: TensorId, form: Form) -> Result<Scale, QuantizeError> {
        self.assignment.scale(id, form).ok_or_else(|| QuantizeError::NoRange { tensor: self.name(id) })
    }

    fn input_scale(&self, operator: &Operator, place: usize, form: Form) -> Result<f32, QuantizeError> {
        let id = operator.input(place).unwrap_or_default();
        Ok(self.scale(id, form)?.0)
    }

    fn finite_values(&self, id: TensorId) -> Result<std::borrow::Cow<'a, [f32]>, QuantizeError> {
        let values = real_values(self.source, self.main().tensor(id)).unwrap_or_default();
        if values.iter().all(|value| value.is_finite()) { Ok(values) } else { Err(self.not_finite(id)) }
    }

    fn not_finite(&self, id: TensorId) -> QuantizeError {
        QuantizeError::NotFinite { tensor: self.name(id) }
    }

    fn name(&self, id: TensorId) -> String {
        self.main().tensor(id).name.clone().unwrap_or_else(|| format!("t{}", id.0))
    }
}

/// The power of two with which the cell state fits in int16; TFLM takes no other kind, and LiteRT none below 2^-15 and above
/// 2^-9, where states beyond 64 are clipped.
fn cell_scale(largest: f32) -> f32 {
    let exponent = f64::from(largest.max(f32::MIN_POSITIVE)).log2().ceil().clamp(0.0, 6.0);
    (exponent - 15.0).exp2() as f32
}
