//! UNIDIRECTIONAL_SEQUENCE_LSTM and SVDF.

use super::Trouble::{Arity, Quantization, Shape, Types};
use super::dense::Product;
use super::quantized::{self, ACTIVATION_NONE};
use super::{Context, Prepared, TempTensor};
use crate::model::TensorType::{Float32, Int8, Int16, Int32};
use crate::plan::graph::{element_bytes, type_name, type_number};

/// Inputs of the LSTM, `lstm_shared.h`.
const INPUT: usize = 0;
const INPUT_WEIGHTS: std::ops::Range<usize> = 1..5;
const RECURRENT_WEIGHTS: std::ops::Range<usize> = 5..9;
const PEEPHOLES: std::ops::Range<usize> = 9..12;
const BIASES: std::ops::Range<usize> = 12..16;
const PROJECTION: std::ops::Range<usize> = 16..18;
const OUTPUT_STATE: usize = 18;
const CELL_STATE: usize = 19;
const LAYER_NORM: std::ops::Range<usize> = 20..24;
const N_INPUTS: usize = 24;

/// `unidirectional_sequence_lstm.cc`, `lstm_eval.cc` and `lstm_eval_common.cc`.
pub(super) fn lstm(context: &mut Context) -> Prepared {
    context.ensure_eq(Arity, context.n_outputs(), 1, "node->outputs->size != 1")?;
    context.ensure_eq(Arity, context.n_inputs(), N_INPUTS, "node->inputs->size != 24")?;
    let mut tensors = Vec::with_capacity(N_INPUTS);
    for place in 0..N_INPUTS {
        tensors.push(context.optional_input(place)?);
    }
    let output = context.output(0)?;
    let lstm = Lstm { tensors, output };
    lstm.validate_tensors(context)?;
    let sizes = lstm.validate_sizes(context)?;
    let cell_type = lstm.get(context, CELL_STATE)?.ty;
    match cell_type {
        Float32 => {}
        Int16 => lstm.prepare_gates(context)?,
        ty => {
            return context.refuse(
                Types,
                format!(
                    "Cell state type {} ({}) not supported. The quantized Unidirectional Sequence LSTM Op only \
                     support int16 cell state",
                    type_name(ty),
                    type_number(ty)
                ),
            );
        }
    }
    let n_elements = sizes.batches.saturating_mul(sizes.units);
    for _ in 0..4 {
        context.scratch(n_elements, element_bytes(cell_type).unwrap_or_default())?;
    }
    Ok(())
}

struct Lstm<'m> {
    tensors: Vec<Option<TempTensor<'m>>>,
    output: TempTensor<'m>,
}

struct LstmSizes {
    batches: i64,
    units: i64,
}

impl<'m> Lstm<'m> {
    fn get(&self, context: &Context, place: usize) -> Prepared<&TempTensor<'m>> {
        match self.tensors.get(place).and_then(Option::as_ref) {
            Some(tensor) => Ok(tensor),
            None => context.refuse(
                Arity,
                format!("{}: internal_tensors_[{place}] != nullptr was not true.", context.file),
            ),
        }
    }

    /// `ValidateTensorStatus`: what must be there, what must not, and which types go together.
    fn validate_tensors(&self, context: &Context) -> Prepared {
        let input = self.get(context, INPUT)?;
        let state = self.get(context, OUTPUT_STATE)?;
        context.ensure(Arity, state.is_variable, "internal_tensors_[kLstmOutputStateTensor]->is_variable")?;
        context.ensure_types(state.ty, input.ty, "output state type != input type")?;
        let cell = self.get(context, CELL_STATE)?;
        context.ensure(Arity, cell.is_variable, "internal_tensors_[kLstmCellStateTensor]->is_variable")?;
        context.ensure_types(self.output.ty, input.ty, "output_tensor_->type != input type")?;
        let weight_type = self.get(context, INPUT_WEIGHTS.start + 1)?.ty;
        for place in INPUT_WEIGHTS.start..RECURRENT_WEIGHTS.end {
            context.ensure_types(self.get(context, place)?.ty, weight_type, "weights type != weight_type")?;
        }
        let bias_type = self.get(context, BIASES.start + 1)?.ty;
        for place in BIASES {
            context.ensure_types(self.get(context, place)?.ty, bias_type, "bias type != bias_type")?;
        }
        for place in PEEPHOLES.chain(PROJECTION).chain(LAYER_NORM) {
            let text = format!("internal_tensors_[{place}] == nullptr");
            context.ensure(Arity, self.tensors[place].is_none(), &text)?;
        }
        Ok(())
    }

    /// `CreateLstmSizeInfo` and `ValidateTensorSize`.
    fn validate_sizes(&self, context: &Context) -> Prepared<LstmSizes> {
        let input = self.get(context, INPUT)?;
        let state = self.get(context, OUTPUT_STATE)?;
        let is_time_major = context.operator.option_int("time_major") != 0;
        let batches = input.dim(usize::from(is_time_major))?;
        let depth = input.dim(2)?;
        let units = state.dim(1)?;
        for (places, columns) in [(INPUT_WEIGHTS, depth), (RECURRENT_WEIGHTS, units)] {
            for place in places {
                let tensor = self.get(context, place)?;
                context.ensure_eq(Shape, tensor.rank(), 2, "tensor->dims->size != 2")?;
                context.ensure_eq(Shape, tensor.dim(0)?, units, "tensor->dims->data[0] != dim1_size")?;
                context.ensure_eq(Shape, tensor.dim(1)?, columns, "tensor->dims->data[1] != dim2_size")?;
            }
        }
        for place in BIASES {
            let tensor = self.get(context, place)?;
            context.ensure_eq(Shape, tensor.rank(), 1, "tensor->dims->size != 1")?;
            context.ensure_eq(Shape, tensor.dim(0)?, units, "tensor->dims->data[0] != size")?;
        }
        let n_state = batches.saturating_mul(units);
        for place in [OUTPUT_STATE, CELL_STATE] {
            let n_elements = self.get(context, place)?.elements();
            context.ensure_eq(
                Shape,
                n_elements,
                n_state,
                "NumElements(state) != batch_size * state_dimension",
            )?;
        }
        context.ensure_eq(Shape, self.output.rank(), 3, "tensors.OutputTensor()->dims->size != 3")?;
        for dim in 0..2 {
            let text = "input dims != output dims";
            context.ensure_eq(Shape, input.dim(dim)?, self.output.dim(dim)?, text)?;
        }
        let text = "tensors.OutputTensor()->dims->data[2] != size_info.state_dimension";
        context.ensure_eq(Shape, self.output.dim(2)?, units, text)?;
        Ok(LstmSizes { batches, units })
    }

    /// `PrepareGateParametersInteger`: two products per gate (forget, input, cell, output), each with 2^-12 for output.
    fn prepare_gates(&self, context: &mut Context) -> Prepared {
        const GATE_SCALE: f32 = 1.0 / 4096.0;
        const PRODUCT_SCALE: f64 = 1.0 / 32768.0;
        /// Input, forget, cell and output in the file; the kernel starts with the forget gate.
        const GATES: [usize; 4] = [1, 0, 2, 3];
        for gate in GATES {
            for (input, weights) in [(INPUT, INPUT_WEIGHTS), (OUTPUT_STATE, RECURRENT_WEIGHTS)] {
                let product = Product {
                    input: self.get(context, input)?,
                    filter: self.get(context, weights.start + gate)?,
                    bias_scale: None,
                    output_type: Int16,
                    output_scale: GATE_SCALE,
                    activation: ACTIVATION_NONE,
                };
                product.prepare(context)?;
            }
        }
        let cell_scale = f64::from(self.get(context, CELL_STATE)?.scale);
        let state_scale = f64::from(self.get(context, OUTPUT_STATE)?.scale);
        quantized::multiplier(context, PRODUCT_SCALE * cell_scale / cell_scale)?;
        quantized::multiplier(context, PRODUCT_SCALE * PRODUCT_SCALE / cell_scale)?;
        quantized::multiplier(context, PRODUCT_SCALE * PRODUCT_SCALE / state_scale)
    }
}

/// `svdf_common.cc`; inputs: input [batch, depth], features [filters, depth], time [filters, memory], bias [units],
/// state [batch, memory * filters].
pub(super) fn svdf(context: &mut Context) -> Prepared {
    let input = context.input(0)?;
    let features = context.input(1)?;
    let time = context.input(2)?;
    let bias = context.optional_input(3)?;
    let state = context.input(4)?;
    let rank = context.operator.option_int("rank");
    let (batches, depth) = (input.dim(0)?, input.dim(1)?);
    let filters = features.dim(0)?;
    let memory = time.dim(1)?;
    if rank == 0 {
        return context.refuse(Shape, format!("{}: num_filters % rank divides by zero", context.file));
    }
    context.ensure_eq(Shape, filters % rank, 0, "num_filters % rank != 0")?;
    let units = filters / rank;
    context.ensure_type_in(&input, &[Float32, Int8], "input")?;
    context.ensure_eq(Shape, input.rank(), 2, "NumDimensions(input) != 2")?;
    context.ensure_eq(Arity, context.n_outputs(), 1, "node->outputs->size != 1")?;
    let output = context.output(0)?;
    context.ensure_eq(Shape, output.rank(), 2, "NumDimensions(output) != 2")?;
    context.ensure_eq(Shape, output.dim(0)?, batches, "output->dims->data[0] != batch_size")?;
    context.ensure_eq(Shape, output.dim(1)?, units, "output->dims->data[1] != num_units")?;
    context.ensure_eq(Shape, features.rank(), 2, "NumDimensions(weights_feature) != 2")?;
    context.ensure_eq(Shape, features.dim(1)?, depth, "weights_feature->dims->data[1] != input_size")?;
    context.ensure_eq(Shape, time.rank(), 2, "NumDimensions(weights_time) != 2")?;
    context.ensure_eq(Shape, time.dim(0)?, filters, "weights_time->dims->data[0] != num_filters")?;
    if let Some(bias) = &bias {
        context.ensure_eq(Shape, bias.dim(0)?, units, "bias->dims->data[0] != num_units")?;
    }
    context.ensure_eq(Shape, state.rank(), 2, "NumDimensions(activation_state) != 2")?;
    context.ensure_eq(Shape, state.dim(0)?, batches, "activation_state->dims->data[0] != batch_size")?;
    let text = "activation_state->dims->data[1] != memory_size * num_filters";
    context.ensure_eq(Shape, state.dim(1)?, memory.saturating_mul(filters), text)?;
    context.ensure(Arity, state.is_variable, "activation_state->is_variable == true")?;
    context.ensure_eq(Arity, context.n_inputs(), 5, "node->inputs->size != 5")?;
    let n_filtered = batches.saturating_mul(filters);
    if input.ty == Float32 {
        for (tensor, name) in
            [(&features, "weights_feature"), (&time, "weights_time"), (&state, "activation_state")]
        {
            context.ensure_types(tensor.ty, Float32, &format!("{name}->type != kTfLiteFloat32"))?;
        }
        if let Some(bias) = &bias {
            context.ensure_types(bias.ty, Float32, "bias->type != kTfLiteFloat32")?;
        }
        context.ensure_types(output.ty, Float32, "output->type != kTfLiteFloat32")?;
        return context.scratch(n_filtered, 4);
    }
    context.ensure_types(features.ty, Int8, "weights_feature->type != kTfLiteInt8")?;
    context.ensure_type_in(&time, &[Int16, Int8], "weights_time")?;
    context.ensure_type_in(&state, &[Int16, Int8], "activation_state")?;
    let Some(bias) = &bias else {
        return context
            .refuse(Arity, format!("{}: reads the scale of a bias that is left out", context.file));
    };
    context.ensure_types(bias.ty, Int32, "bias->type != kTfLiteInt32")?;
    context.ensure_types(output.ty, Int8, "output->type != kTfLiteInt8")?;
    let difference = f64::from(bias.scale) - f64::from(state.scale * time.scale);
    let text =
        "std::abs(bias->params.scale - activation_state->params.scale * weights_time->params.scale) < 1e-5";
    context.ensure(Quantization, difference.abs() < 1e-5, text)?;
    quantized::multiplier(context, f64::from(input.scale * features.scale / state.scale))?;
    quantized::multiplier(context, f64::from(state.scale * time.scale / output.scale))?;
    context.scratch(n_filtered, 4)?;
    context.scratch(batches.saturating_mul(units), 4)
}
