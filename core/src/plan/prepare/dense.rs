//! FULLY_CONNECTED and BATCH_MATMUL.

use super::Trouble::{Options, Quantization, Shape, Types};
use super::convolution::{channel_tables, unpacked_filter};
use super::quantized::{self, activation_range};
use super::{Context, Prepared, TempTensor};
use crate::model::TensorType::{self, Float32, Int4, Int8, Int16};
use crate::plan::graph::{element_bytes, type_name};

/// `fully_connected_common.cc`; filter [units, depth].
pub(super) fn fully_connected(context: &mut Context) -> Prepared {
    /// `FullyConnectedOptionsWeightsFormat`: default and SHUFFLED4x16INT8.
    const WEIGHTS_FORMATS: std::ops::RangeInclusive<i64> = 0..=1;
    if !WEIGHTS_FORMATS.contains(&context.operator.option_int("weights_format")) {
        return context.refuse(Options, "Unhandled fully-connected weights format.");
    }
    let input = context.input(0)?;
    let filter = context.input(1)?;
    let bias = context.optional_input(2)?;
    let output = context.output(0)?;
    context.ensure_types(input.ty, output.ty, "input->type != output->type")?;
    let is_refused = match input.ty {
        Float32 => filter.ty != Float32,
        Int8 => !matches!(filter.ty, Int8 | Int4),
        Int16 => filter.ty != Int8,
        _ => false,
    };
    if is_refused {
        let (input, filter) = (type_name(input.ty), type_name(filter.ty));
        let colon = if context.state.kernels.esp_nn.is_some() { " :" } else { ":" };
        let message = format!("Input type: {input} with filter type{colon} {filter} not supported.");
        return context.refuse(Types, message);
    }
    unpacked_filter(context, &filter)?;
    let product = Product {
        input: &input,
        filter: &filter,
        bias_scale: bias.map(|bias| bias.scale),
        output_type: output.ty,
        output_scale: output.scale,
        activation: context.operator.option_int(quantized::ACTIVATION),
    };
    product.prepare(context)
}

/// A product of an input with a filter, `CalculateOpDataFullyConnected`.
pub(super) struct Product<'a, 'm> {
    pub input: &'a TempTensor<'m>,
    pub filter: &'a TempTensor<'m>,
    pub bias_scale: Option<f32>,
    pub output_type: TensorType,
    pub output_scale: f32,
    pub activation: i64,
}

impl Product<'_, '_> {
    pub fn prepare(&self, context: &mut Context) -> Prepared {
        let Product { input, filter, output_scale, .. } = *self;
        if input.ty == Float32 {
            return Ok(());
        }
        if let Some(quantized) = filter.quantized.filter(|quantized| quantized.scales.len() > 1) {
            let is_supported = matches!(input.ty, Int8 | Int16) && filter.ty != Int4;
            let text = "(input->type == kTfLiteInt8 && filter->type != kTfLiteInt4) || (input->type == kTfLiteInt16 \
                        && filter->type != kTfLiteInt4)";
            context.ensure(Types, is_supported, text)?;
            let n_scales = quantized.scales.len() as i64;
            let dimension = usize::try_from(quantized.dimension).unwrap_or(usize::MAX);
            let text = "per_channel_quantization_size != filter->dims->data[affine_quantization->quantized_dimension]";
            context.ensure_eq(Shape, n_scales, filter.dim(dimension)?, text)?;
            channel_tables(context, n_scales)?;
            for scale in quantized.scales {
                let effective = f64::from(input.scale) * f64::from(*scale) / f64::from(output_scale);
                quantized::multiplier(context, effective)?;
            }
        } else {
            let (input, filter) = (input.scale, filter.scale);
            quantized::convolution_multiplier(context, input, filter, self.bias_scale, output_scale)?;
            quantized::multiplier(context, f64::from(input * filter) / f64::from(output_scale))?;
        }
        context.debug_assert(Quantization, filter.zero_point == 0, "filter->params.zero_point == 0")?;
        activation_range(context, self.output_type, output_scale, self.activation)
    }
}

/// `batch_matmul.cc` and `batch_matmul_common.cc`.
pub(super) fn batch_matmul(context: &mut Context) -> Prepared {
    const QUANTIZATION_DATA: u64 = 28;
    const TYPES: [TensorType; 3] = [Float32, Int8, Int16];
    context.ensure_arity(2, 1)?;
    let left = context.input(0)?;
    let right = context.input(1)?;
    let output = context.output(0)?;
    context.ensure_type_in(&left, &TYPES, "lhs_data")?;
    context.ensure_type_in(&right, &TYPES, "rhs_data")?;
    context.ensure(Types, left.ty == right.ty, "lhs_data->type == rhs_data->type")?;
    context.ensure(Types, left.ty == output.ty, "lhs_data->type == output->type")?;
    for (tensor, name) in [(&left, "lhs"), (&right, "rhs")] {
        context.ensure(Shape, tensor.rank() >= 2, &format!("{name}_rank >= 2"))?;
        context.ensure(Shape, tensor.rank() <= 5, &format!("{name}_rank <= 5"))?;
    }
    let is_quantized = matches!(left.ty, Int8 | Int16);
    let (adjoint_left, adjoint_right) =
        (context.operator.option_int("adj_x") != 0, context.operator.option_int("adj_y") != 0);
    if is_quantized {
        context.persistent(QUANTIZATION_DATA);
    }
    if adjoint_left {
        transposed(context, &left)?;
    }
    if !adjoint_right {
        transposed(context, &right)?;
    }
    if is_quantized {
        quantized::convolution_multiplier(context, left.scale, right.scale, None, output.scale)?;
        quantized::multiplier(context, f64::from(left.scale * right.scale) / f64::from(output.scale))?;
        if left.ty == Int16 {
            for (tensor, name) in [(&left, "lhs_data"), (&right, "rhs_data"), (&output, "output")] {
                let text = format!("{name}->params.zero_point != 0");
                context.ensure_eq(Quantization, tensor.zero_point, 0, &text)?;
            }
        }
    }

    let rank = left.rank().max(right.rank());
    let (left_dims, right_dims) = (extended(&left, rank), extended(&right, rank));
    let mut dims = Vec::with_capacity(rank);
    for (&first, &second) in left_dims.iter().zip(&right_dims).take(rank - 2) {
        if first != second && first != 1 {
            context.ensure_eq(Shape, second, 1, "rhs_dim != 1")?;
        }
        dims.push(if first == 1 { second } else { first });
    }
    let (left_rows, left_depth) = if adjoint_left { (rank - 1, rank - 2) } else { (rank - 2, rank - 1) };
    let (right_columns, right_depth) =
        if adjoint_right { (rank - 2, rank - 1) } else { (rank - 1, rank - 2) };
    let text = "accum_dim_lhs != accum_dim_rhs";
    context.ensure_eq(Shape, left_dims[left_depth], right_dims[right_depth], text)?;
    context.ensure(Shape, rank <= output.rank(), "output_rank <= NumDimensions(output)")?;
    dims.extend([left_dims[left_rows], right_dims[right_columns]]);
    let n_elements = dims.iter().fold(1i64, |product, &dim| product.saturating_mul(dim));
    context.set_output_dims(0, dims)?;
    context.ensure_eq(Shape, output.elements(), n_elements, "orig_size != NumElements(output)")
}

/// Room for a transposed copy: an evaluation tensor, its shape and its data.
fn transposed(context: &mut Context, tensor: &TempTensor) -> Prepared {
    let layout = context.state.layout;
    context.persistent(layout.eval_tensor);
    context.persistent(layout.int_array(tensor.rank() as u64));
    context.persistent_elements(tensor.elements(), element_bytes(tensor.ty).unwrap_or_default())
}

/// The shape with ones in front of it.
fn extended(tensor: &TempTensor, rank: usize) -> Vec<i64> {
    let ones = std::iter::repeat_n(1, rank - tensor.rank());
    ones.chain(tensor.dims.iter().map(|&dim| i64::from(dim))).collect()
}
