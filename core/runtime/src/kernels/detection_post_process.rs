//! TFLite's custom TFLite_Detection_PostProcess: from box encodings and scores of an object detector to the boxes that are
//! left after non-maximum suppression.
//!
//! Reference: micro/kernels/detection_postprocess.cc in github.com/espressif/esp-tflite-micro at
//! 99f49e1498b0984f4db54d9bf3938aceb99ad422. Shapes: encodings [1, boxes, 4 or more] as centre and size, class scores
//! [1, boxes, classes, one more with a background], anchors [boxes, 4]; outputs boxes [1, detections, 4], classes and scores
//! [1, detections], and the number of detections. Encodings are decoded in double, overlaps are computed in float32.
//!
//! The reference keeps sorted copies for every class; here detections go straight to their place in the outputs. What the
//! reference does not write is 0 here. Where it fails for a box without area, there are no detections here.

use core::cmp::Ordering;

use super::shapes::expect_rank;
use crate::error::Reason;
use crate::eval::{EvalContext, Operand, cast_mut};
use crate::flexbuffer::FlexMap;
use crate::graph::Buffer;
use crate::prepare::{PrepareContext, expect_equal};
use crate::records::record;
use crate::registry::{Eval, Kernel, KernelEntry, OperatorKey, float};
use crate::schema::TensorType;
use crate::tensor::Tensor;

/// The entry of the dispatch table.
pub const ENTRY: KernelEntry<'static> = KernelEntry {
    operator: OperatorKey::Custom("TFLite_Detection_PostProcess"),
    versions: &[Kernel { name: "plain", prepare, eval: Eval::Kernel(eval) }],
    support: &[float("float32")],
};

/// Numbers of a box: y, x, height and width, or the smallest and largest y and x.
const COORDINATES: usize = 4;

record! {
    struct Params {
        n_boxes: u32,
        /// Numbers of an encoding.
        encoding_width: u32,
        n_classes: u32,
        /// Scores of a box: one more than classes if there is a background.
        n_scores: u32,
        max_detections: u32,
        /// Detections of one class, if every class is suppressed apart; 0 if a box counts for its best class only.
        max_detections_of_class: u32,
        score_threshold: f32,
        overlap_threshold: f32,
        /// What encodings are divided by: y, x, height, width.
        scales: [f32; COORDINATES],
        /// Decoded boxes: smallest y and x, largest y and x.
        boxes: Buffer,
        /// Numbers of the boxes above the threshold, the best first.
        order: Buffer,
        /// A byte for each of them: not 0 as long as it is not suppressed.
        active: Buffer,
        /// The best score of every box, or the numbers of the boxes that were detected.
        scores_or_detected: Buffer,
    }
}

fn prepare(context: &mut PrepareContext<'_, '_>) -> Result<(), Reason> {
    context.expect_operands(3..=3, 4)?;
    let (encodings, scores) = (context.input(0, "box encodings")?, context.input(1, "class scores")?);
    let anchors = context.input(2, "anchors")?;
    for (tensor, rank) in [(&encodings, 3), (&scores, 3), (&anchors, 2)] {
        expect_rank(tensor, rank)?;
        tensor.expect_type(&[TensorType::Float32], "float32")?;
    }
    let n_boxes = encodings.shape.dim(1);
    let (encoding_width, n_scores) = (encodings.shape.dim(2), scores.shape.dim(2));
    expect_equal("batches of the box encodings", encodings.shape.dim(0), 1)?;
    expect_equal("batches of the class scores", scores.shape.dim(0), 1)?;
    expect_equal("boxes of the class scores", scores.shape.dim(1), n_boxes)?;
    expect_at_least(&encodings, encoding_width, COORDINATES)?;
    expect_at_least(&anchors, anchors.elements(), n_boxes.saturating_mul(COORDINATES))?;
    let options = FlexMap::root(context.custom_options()?)?;
    let n_classes = number(&options, "num_classes", 1)?;
    let max_detections = number(&options, "max_detections", 0)?;
    if n_scores != n_classes && n_scores != n_classes + 1 {
        let (found, expected) = (n_scores as i64, "num_classes, or one more");
        return Err(Reason::Range { what: "scores of a box", found, expected });
    }
    let sizes = [max_detections.saturating_mul(COORDINATES), max_detections, max_detections, 1];
    for (index, (size, role)) in
        sizes.into_iter().zip(["boxes", "classes", "scores", "number of detections"]).enumerate()
    {
        let output = context.output(index, role)?;
        output.expect_type(&[TensorType::Float32], "float32")?;
        expect_at_least(&output, output.elements(), size)?;
    }
    let is_by_class = options.int("use_regular_nms")?.is_some_and(|value| value != 0);
    let max_detections_of_class = if is_by_class {
        if options.int("detections_per_class")?.is_none() {
            100
        } else {
            number(&options, "detections_per_class", 1)?
        }
    } else {
        let found = number(&options, "max_classes_per_detection", 1)? as i64;
        if found > 1 {
            // TFLM writes beyond the outputs then.
            return Err(Reason::Range { what: "max_classes_per_detection", found, expected: "1" });
        }
        0
    };
    let real = |key| Ok::<_, Reason>(options.float(key)?.unwrap_or(0.0));
    let overlap_threshold = real("nms_iou_threshold")?;
    if !(overlap_threshold > 0.0 && overlap_threshold <= 1.0) {
        return Err(Reason::Unsupported("nms_iou_threshold has to be above 0 and at most 1"));
    }
    let score_threshold = real("nms_score_threshold")?;
    let scales = [real("y_scale")?, real("x_scale")?, real("h_scale")?, real("w_scale")?];
    let bytes = |count: usize, size: usize| count.saturating_mul(size);
    let boxes = context.scratch(bytes(n_boxes, 4 * COORDINATES))?;
    let order = context.scratch(bytes(n_boxes, 4))?;
    let active = context.scratch(n_boxes)?;
    let scores_or_detected = context.scratch(bytes(if is_by_class { max_detections } else { n_boxes }, 4))?;
    context.save(Params {
        n_boxes: n_boxes as u32,
        encoding_width: encoding_width as u32,
        n_classes: n_classes as u32,
        n_scores: n_scores as u32,
        max_detections: max_detections as u32,
        max_detections_of_class: max_detections_of_class as u32,
        score_threshold,
        overlap_threshold,
        scales,
        boxes,
        order,
        active,
        scores_or_detected,
    })
}

fn expect_at_least(tensor: &Tensor<'_>, found: usize, expected: usize) -> Result<(), Reason> {
    if found >= expected {
        return Ok(());
    }
    let (found, expected) = (found as i64, expected as i64);
    Err(Reason::Mismatch { what: tensor.role, found, expected })
}

fn number(options: &FlexMap<'_>, key: &'static str, least: i32) -> Result<usize, Reason> {
    let found = options.int(key)?.unwrap_or(0) as i32;
    if found < least {
        let expected = if least == 0 { "at least 0" } else { "at least 1" };
        return Err(Reason::Range { what: key, found: found.into(), expected });
    }
    Ok(found as usize)
}

/// Smallest y and x, largest y and x.
type Corners = [f32; COORDINATES];

fn eval(context: &mut EvalContext<'_>) {
    let params: Params = context.params();
    let buffers = [params.boxes, params.order, params.active, params.scores_or_detected].map(Operand::Buffer);
    let [boxes, order, active, scratch] = buffers;
    let [corners, classes, scores, number] = [0, 1, 2, 3].map(Operand::Output);
    let writes = [boxes, order, active, scratch, corners, classes, scores, number];
    let ([boxes, order, active, scratch, corners, classes, scores, number], operands) = context.split(writes);
    let [corners, classes, scores, number] = [corners, classes, scores, number].map(cast_mut::<f32>);
    corners.fill(0.0);
    classes.fill(0.0);
    scores.fill(0.0);
    number.fill(0.0);
    let boxes: &mut [Corners] = cast_mut(boxes).as_chunks_mut().0;
    if !decode(&params, operands.input(0), operands.input(2), boxes) {
        return;
    }
    let boxes: &[Corners] = boxes;
    let predictions = Predictions { scores: operands.input(1), params: &params };
    let mut suppression = Suppression { params: &params, boxes, order: cast_mut(order), active };
    let max_detections = params.max_detections as usize;
    let corners: &mut [Corners] = corners.as_chunks_mut().0;
    let mut n_detected = 0;
    if params.max_detections_of_class == 0 {
        let best: &mut [f32] = cast_mut(scratch);
        for (number, best) in (0..).zip(best.iter_mut()) {
            *best = predictions.score(number, predictions.best_class(number));
        }
        suppression.run(
            |number| best[number as usize],
            max_detections,
            |number, score| {
                corners[n_detected] = boxes[number as usize];
                classes[n_detected] = predictions.best_class(number) as f32;
                scores[n_detected] = score;
                n_detected += 1;
            },
        );
    } else {
        let detected: &mut [u32] = cast_mut(scratch);
        for class in 0..params.n_classes {
            let max_detections_of_class = params.max_detections_of_class as usize;
            suppression.run(
                |number| predictions.score(number, class),
                max_detections_of_class,
                |number, score| {
                    // Behind those that are at least as good; the last one falls off the end.
                    let at = scores[..n_detected].partition_point(|other| *other >= score);
                    if at >= max_detections {
                        return;
                    }
                    n_detected = (n_detected + 1).min(max_detections);
                    scores[at..n_detected].rotate_right(1);
                    classes[at..n_detected].rotate_right(1);
                    detected[at..n_detected].rotate_right(1);
                    (scores[at], classes[at], detected[at]) = (score, class as f32, number);
                },
            );
        }
        for (corners, number) in corners.iter_mut().zip(&detected[..n_detected]) {
            *corners = boxes[*number as usize];
        }
    }
    number[0] = n_detected as f32;
}

/// Decodes all boxes; false if one of them has no area.
fn decode(params: &Params, encodings: &[f32], anchors: &[f32], boxes: &mut [Corners]) -> bool {
    let encodings = encodings.chunks_exact(params.encoding_width as usize);
    let [y_scale, x_scale, h_scale, w_scale] = params.scales.map(f64::from);
    let mut all_have_area = true;
    for ((corners, encoding), anchor) in
        boxes.iter_mut().zip(encodings).zip(anchors.as_chunks::<COORDINATES>().0)
    {
        let [y, x, h, w] = core::array::from_fn(|index| f64::from(encoding[index]));
        let [anchor_y, anchor_x, anchor_h, anchor_w] = anchor.map(f64::from);
        let center_y = (y / y_scale * anchor_h + anchor_y) as f32;
        let center_x = (x / x_scale * anchor_w + anchor_x) as f32;
        let half_h = (0.5 * libm::exp(h / h_scale) * anchor_h) as f32;
        let half_w = (0.5 * libm::exp(w / w_scale) * anchor_w) as f32;
        *corners = [center_y - half_h, center_x - half_w, center_y + half_h, center_x + half_w];
        let [min_y, min_x, max_y, max_x] = *corners;
        if min_y >= max_y || min_x >= max_x {
            all_have_area = false;
        }
    }
    all_have_area
}

/// The scores of all boxes.
struct Predictions<'a> {
    scores: &'a [f32],
    params: &'a Params,
}

impl Predictions<'_> {
    fn score(&self, number: u32, class: u32) -> f32 {
        let background = self.params.n_scores - self.params.n_classes;
        self.scores[number as usize * self.params.n_scores as usize + (background + class) as usize]
    }

    /// The first of the classes with the highest score.
    fn best_class(&self, number: u32) -> u32 {
        (1..self.params.n_classes).fold(0, |best, class| {
            if self.score(number, class) > self.score(number, best) { class } else { best }
        })
    }
}

/// Boxes, and the memory to choose among them.
struct Suppression<'a> {
    params: &'a Params,
    boxes: &'a [Corners],
    order: &'a mut [u32],
    active: &'a mut [u8],
}

impl Suppression<'_> {
    /// Calls `detect(box, score)` for up to `limit` boxes whose score is above the threshold, the best first, but not for those
    /// that overlap with a better one.
    fn run(&mut self, score: impl Fn(u32) -> f32, limit: usize, mut detect: impl FnMut(u32, f32)) {
        let mut n_candidates = 0;
        for number in 0..self.params.n_boxes {
            if score(number) >= self.params.score_threshold {
                self.order[n_candidates] = number;
                n_candidates += 1;
            }
        }
        let order = &mut self.order[..n_candidates];
        // Of equal scores the first box goes first; no candidate's score is NaN.
        order.sort_unstable_by(|a, b| {
            score(*b).partial_cmp(&score(*a)).unwrap_or(Ordering::Equal).then(a.cmp(b))
        });
        let active = &mut self.active[..n_candidates];
        active.fill(1);
        let mut n_detected = 0;
        for (at, number) in order.iter().enumerate() {
            if n_detected >= limit {
                break;
            }
            if active[at] == 0 {
                continue;
            }
            detect(*number, score(*number));
            n_detected += 1;
            for (other, active) in order[at + 1..].iter().zip(&mut active[at + 1..]) {
                if *active != 0 {
                    let overlap = overlap(&self.boxes[*number as usize], &self.boxes[*other as usize]);
                    *active = u8::from(overlap <= self.params.overlap_threshold || overlap.is_nan());
                }
            }
        }
    }
}

/// The area that two boxes share, divided by the area that they cover together.
fn overlap(a: &Corners, b: &Corners) -> f32 {
    let area = |[min_y, min_x, max_y, max_x]: &Corners| (max_y - min_y) * (max_x - min_x);
    let (area_a, area_b) = (area(a), area(b));
    if area_a <= 0.0 || area_b <= 0.0 {
        return 0.0;
    }
    let larger = |a: f32, b: f32| if a < b { b } else { a };
    let smaller = |a: f32, b: f32| if b < a { b } else { a };
    let height = larger(smaller(a[2], b[2]) - larger(a[0], b[0]), 0.0);
    let width = larger(smaller(a[3], b[3]) - larger(a[1], b[1]), 0.0);
    height * width / (area_a + area_b - height * width)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flexbuffer::tests::map;
    use crate::test_support::{TestModel, bytes_of};

    const THREE_BOXES: [f32; 12] = [0.5, 0.5, 1.0, 1.0, 0.5, 0.6, 1.0, 1.0, 4.0, 4.0, 1.0, 1.0];

    /// Anchors that are the boxes, encodings of 0, thresholds of 0 and 1/2.
    fn run(
        scores: &[f32],
        n_classes: i32,
        max_detections: i32,
        is_by_class: bool,
    ) -> Result<Vec<Vec<f32>>, String> {
        let mut model = TestModel::default();
        let n_boxes = THREE_BOXES.len() as i32 / 4;
        let encodings = model.tensor(TensorType::Float32, &[1, n_boxes, 4]);
        let n_scores = scores.len() as i32 / n_boxes;
        let of_scores = model.tensor(TensorType::Float32, &[1, n_boxes, n_scores]);
        let anchors = model.constant(TensorType::Float32, &[n_boxes, 4], &THREE_BOXES);
        let outputs = [&[1, max_detections, 4][..], &[1, max_detections], &[1, max_detections], &[1]]
            .map(|shape| model.tensor(TensorType::Float32, shape));
        let options = map(&[
            ("detections_per_class", 2),
            ("h_scale", 1),
            ("max_classes_per_detection", 1),
            ("max_detections", max_detections),
            ("nms_iou_threshold", 1),
            ("nms_score_threshold", 0),
            ("num_classes", n_classes),
            ("use_regular_nms", is_by_class.into()),
            ("w_scale", 1),
            ("x_scale", 1),
            ("y_scale", 1),
        ]);
        // The threshold as the bits of a half, which the map holds as an integer.
        let options = as_float(options, "nms_iou_threshold", 0.5);
        model.custom("TFLite_Detection_PostProcess", &options, &[encodings, of_scores, anchors], &outputs);
        let found = model.run_tflm(&[vec![0; THREE_BOXES.len() * 4], bytes_of(scores)])?;
        let floats = |bytes: &Vec<u8>| {
            bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect::<Vec<_>>()
        };
        Ok(found.iter().map(floats).collect())
    }

    /// Turns the fifth entry of the map into a float.
    fn as_float(mut bytes: Vec<u8>, key: &str, value: f32) -> Vec<u8> {
        assert_eq!(key, "nms_iou_threshold");
        let n_entries = 11usize;
        let values = bytes.len() - 2 - 4 - n_entries.next_multiple_of(4) - 4 * n_entries;
        bytes[values + 16..values + 20].copy_from_slice(&value.to_le_bytes());
        bytes[values + 4 * n_entries + 4] = 3 << 2 | 2;
        bytes
    }

    #[test]
    fn best_of_overlapping_boxes_is_left() {
        // Boxes 0 and 1 overlap by nine tenths of a height; the first score is the background's.
        let scores = [0.0, 0.5, 0.1, 0.0, 0.2, 0.75, 0.0, 0.25, 0.125];
        let found = run(&scores, 2, 3, false).unwrap();
        assert_eq!(found[3], [2.0]);
        assert_eq!(found[2], [0.75, 0.25, 0.0]);
        assert_eq!(found[1], [1.0, 0.0, 0.0]);
        let expected = [0.0, 0.1, 1.0, 1.1, 3.5, 3.5, 4.5, 4.5, 0.0, 0.0, 0.0, 0.0];
        for (found, expected) in found[0].iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{found} is not {expected}");
        }
    }

    #[test]
    fn classes_are_suppressed_apart() {
        let scores = [0.5, 0.1, 0.2, 0.75, 0.25, 0.125];
        let found = run(&scores, 2, 3, true).unwrap();
        assert_eq!(
            (&found[2][..], &found[1][..], &found[3][..]),
            (&[0.75, 0.5, 0.25][..], &[1.0, 0.0, 0.0][..], &[3.0][..])
        );
        let found = run(&scores, 2, 1, true).unwrap();
        assert_eq!((&found[2][..], &found[3][..]), (&[0.75][..], &[1.0][..]));
    }

    #[test]
    fn equal_scores_keep_their_order_and_nan_is_no_detection() {
        let found = run(&[0.5, f32::NAN, 0.5], 1, 3, false).unwrap();
        assert_eq!((&found[2][..], &found[3][..]), (&[0.5, 0.5, 0.0][..], &[2.0][..]));
        assert_eq!(found[0][0], 0.0, "the first box goes first");
    }

    #[test]
    fn scores_have_to_be_those_of_the_classes() {
        let error = run(&[0.0; 12], 2, 3, false).unwrap_err();
        assert!(error.ends_with("scores of a box is 4, expected num_classes, or one more"), "{error}");
    }
}
