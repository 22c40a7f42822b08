//! Custom operators outside of audio.

use emberlab_core::model::{Tensor, TensorType};

use super::Recipe;
use super::flexbuffer::{FlexNumber, flexbuffer_map};
use super::maker::{Maker, Values};
use FlexNumber::{Float, Int};
use TensorType::{Float32, Int8};

pub const RECIPES: &[Recipe] = &[
    ("circular_buffer", circular_buffer),
    ("detection_post_process", |maker| detection_post_process(maker, false)),
    ("detection_post_process_by_class", |maker| detection_post_process(maker, true)),
];

fn between(maker: &mut Maker, low: i64, high: i64) -> i32 {
    maker.random.between(low, high) as i32
}

/// The rows themselves are the output: what follows them does not run every time.
fn circular_buffer(maker: &mut Maker) {
    let (rows, width, depth) = (between(maker, 1, 6), between(maker, 1, 3), between(maker, 1, 8));
    let like = maker.quantized(Int8, &[1, 1, width, depth]);
    let input = maker.input_of(like.clone(), Values::Any);
    let mut output = like.variable();
    output.shape[1] = rows;
    let output = maker.tensor_of(output);
    let cycles = between(maker, 1, 3);
    let options = flexbuffer_map(&[("cycles_max", cycles)]);
    let options = if maker.random.one_in(3) { None } else { Some(options) };
    maker.n_steps = 8;
    maker.skip.push("litert");
    maker.custom("CIRCULAR_BUFFER", options, &[input], &[output]);
}

fn detection_post_process(maker: &mut Maker, is_by_class: bool) {
    let (boxes, classes, background) = (between(maker, 2, 40), between(maker, 1, 5), between(maker, 0, 1));
    // With one class per box everything is detected, and what does not fit the outputs is left out: TFLM leaves to chance
    // what lies behind the detections.
    let detections = between(maker, 1, if is_by_class { 12 } else { boxes.min(12).into() });
    let width = maker.random.pick(&[4, 4, 7]);
    let encodings = Tensor::new("", Float32, &[1, boxes, width]);
    let encodings = maker.input_of(encodings, Values::Floats(-2.0, 2.0));
    let scores = Tensor::new("", Float32, &[1, boxes, classes + background]);
    let scores = maker.input_of(scores, Values::Floats(0.0, 1.0));
    let mut sizes = |low, high| (0..2 * boxes).map(|_| maker.random.float(low, high)).collect::<Vec<_>>();
    let (centers, extents) = (sizes(0.0, 1.0), sizes(0.1, 0.6));
    let anchors: Vec<f32> = centers
        .chunks(2)
        .zip(extents.chunks(2))
        .flat_map(|(center, extent)| [center, extent].concat())
        .collect();
    let anchors = maker.constant(Tensor::new("", Float32, &[boxes, 4]), &anchors);
    let shapes = [&[1, detections, 4][..], &[1, detections], &[1, detections], &[1]];
    let outputs = shapes.map(|shape| maker.tensor(Float32, shape));
    let overlap = if is_by_class { maker.random.float(0.05, 0.8) } else { 1.0 };
    let threshold = if is_by_class { maker.random.float(0.0, 0.9) } else { 0.0 };
    let options = [
        ("detections_per_class", Int(between(maker, 1, 20))),
        ("h_scale", Float(5.0)),
        ("max_classes_per_detection", Int(1)),
        ("max_detections", Int(detections)),
        ("nms_iou_threshold", Float(overlap)),
        ("nms_score_threshold", Float(threshold)),
        ("num_classes", Int(classes)),
        ("use_regular_nms", Int(is_by_class.into())),
        ("w_scale", Float(5.0)),
        ("x_scale", Float(10.0)),
        ("y_scale", Float(10.0)),
    ];
    maker.custom(
        "TFLite_Detection_PostProcess",
        Some(flexbuffer_map(&options)),
        &[encodings, scores, anchors],
        &outputs,
    );
}
