//! Custom operators outside of the audio front end.

use super::Trouble::{Arity, Options, Quantization, Shape, Types};
use super::signal::options;
use super::{Context, Prepared, TempTensor};
use crate::model::TensorType::Int8;
use crate::plan::layout::Size;

/// `circular_buffer.cc`.
pub(super) fn circular_buffer_init(context: &mut Context) -> Prepared {
    context.persistent(8);
    Ok(())
}

/// `circular_buffer_common.cc`.
pub(super) fn circular_buffer(context: &mut Context) -> Prepared {
    let input = context.input(0)?;
    let output = context.output(0)?;
    let text = "input->dims->data[0] != output->dims->data[0]";
    context.ensure_eq(Shape, input.dim(0)?, output.dim(0)?, text)?;
    context.ensure_eq(Shape, 1, input.dim(1)?, "1 != input->dims->data[1]")?;
    let text = "input->dims->data[2] != output->dims->data[2]";
    context.ensure_eq(Shape, input.dim(2)?, output.dim(2)?, text)?;
    let text = "output->dims->data[3] != input->dims->data[3]";
    context.ensure_eq(Shape, output.dim(3)?, input.dim(3)?, text)?;
    context.ensure_types(input.ty, output.ty, "input->type != output->type")?;
    context.ensure_types(input.ty, Int8, "input->type != kTfLiteInt8")
}

/// `detection_postprocess.cc`.
pub(super) fn detection_postprocess_init(context: &mut Context) -> Prepared {
    const OP_DATA: u64 = 112;
    options(context)?;
    context.persistent(OP_DATA);
    Ok(())
}

/// `detection_postprocess.cc`; boxes [batch, boxes, 4], classes [batch, boxes, classes], anchors [boxes, 4].
pub(super) fn detection_postprocess(context: &mut Context) -> Prepared {
    context.ensure_eq(Arity, context.n_inputs(), 3, "NumInputs(node) != 3")?;
    let boxes = context.input(0)?;
    let classes = context.input(1)?;
    let anchors = context.input(2)?;
    context.ensure_eq(Shape, boxes.rank(), 3, "NumDimensions(input_box_encodings) != 3")?;
    context.ensure_eq(Shape, classes.rank(), 3, "NumDimensions(input_class_predictions) != 3")?;
    context.ensure_eq(Shape, anchors.rank(), 2, "NumDimensions(input_anchors) != 2")?;
    context.ensure_eq(Arity, context.n_outputs(), 4, "NumOutputs(node) != 4")?;
    let options = options(context)?;
    let n_boxes = boxes.dim(1)?;
    let n_classes = options.int("num_classes").unwrap_or_default();
    let n_detections = options.int("max_detections").unwrap_or_default();
    let n_scores = classes.dim(1)?.saturating_mul(classes.dim(2)?);
    let per_box = |count: i64| count.saturating_mul(n_boxes);
    context.scratch(n_boxes, 1)?;
    context.scratch(per_box(4), 4)?;
    context.scratch(n_scores, 4)?;
    context.scratch(n_boxes, 4)?;
    context.scratch(n_boxes, 4)?;
    context.scratch(per_box(n_detections), 4)?;
    context.scratch(per_box(n_detections), 4)?;
    context.scratch(n_boxes, 4)?;
    context.scratch(per_box(n_detections), 4)?;
    context.scratch(per_box(n_classes.max(n_detections)), 4)?;
    context.scratch(per_box(n_boxes.min(n_detections)), 4)
}

/// `decode.cc`: pairs of compressed data and their description, one output each.
pub(super) fn decode(context: &mut Context) -> Prepared {
    let (n_inputs, n_outputs) = (context.n_inputs(), context.n_outputs());
    context.ensure(Arity, n_outputs > 0, "num_outputs > 0")?;
    context.ensure_eq(Arity, n_inputs, 2 * n_outputs, "num_inputs != num_outputs * 2")?;
    context.persistent(n_outputs as u64 * context.state.layout.pointer);
    for place in 0..n_outputs {
        let input = context.input(2 * place)?;
        let description = context.input(2 * place + 1)?;
        let output = context.output(place)?;
        context.ensure(Types, input.data.is_some(), "IsConstantTensor(input)")?;
        context.ensure(Types, description.data.is_some(), "IsConstantTensor(ancillary)")?;
        decoder(context, &description, &output)?;
    }
    Ok(())
}

/// The state of one decoder. Source: `decode_state.h`, `decode_state_lut.cc`, `decode_state_prune.cc`,
/// `decode_state_huffman.cc`: type, version, two reserved bytes, then version and table size of the type's own.
fn decoder(context: &mut Context, description: &TempTensor, output: &TempTensor) -> Prepared {
    const HEADER_BYTES: usize = 16;
    const TYPE_LUT: u8 = 0;
    const TYPE_HUFFMAN: u8 = 1;
    const TYPE_PRUNE: u8 = 2;
    const TYPE_CUSTOM: u8 = 127;
    let header = description.data.unwrap_or_default();
    if header.len() < HEADER_BYTES {
        return context.refuse(Options, format!("{}: the description is cut off", context.file));
    }
    let (ty, version) = (header[0], header[1]);
    if version != 1 {
        return context.refuse(Options, format!("version {version} != 1"));
    }
    let size = match ty {
        TYPE_LUT => Size::pair(36, 72),
        TYPE_HUFFMAN => Size::pair(28, 56),
        TYPE_PRUNE => Size::pair(40, 80),
        TYPE_CUSTOM => return context.refuse(Options, "Custom decode type not yet supported"),
        _ => return context.refuse(Options, format!("unsupported decode type {ty}")),
    };
    context.persistent(size.of(context.state.layout.width));
    let (own_version, table_size) = (header[4], header[5]);
    if own_version != 1 {
        return context.refuse(Options, format!("unsupported version {own_version}"));
    }
    if ty == TYPE_HUFFMAN {
        let has_32_bit_table = table_size & 1 != 0;
        return if has_32_bit_table {
            Ok(())
        } else {
            context.ensure_types(output.ty, Int8, "output.type != kTfLiteInt8")
        };
    }
    let Some(quantized) = output.quantized else {
        return Ok(());
    };
    let n_channels = quantized.scales.len();
    let is_last = i64::from(quantized.dimension) == output.rank() as i64 - 1 && n_channels > 1;
    if !is_last && quantized.dimension != 0 {
        return context
            .refuse(Quantization, format!("unsupported quantization axis {}", quantized.dimension));
    }
    if ty == TYPE_PRUNE {
        let has_zero_points = quantized.zero_points.iter().any(|&zero_point| zero_point != 0);
        if output.ty != Int8 {
            context.ensure_msg(Quantization, !has_zero_points, "All zero-points must be zero")?;
        }
        if n_channels > 1 && has_zero_points {
            context.persistent_elements(n_channels as i64, 1)?;
        }
    }
    Ok(())
}
