//! Weights in int8 models: quantized with ranges from a float32 run, networks still give about what they gave.

use super::super::{finish, float, int8, valid_shapes, walk};
use super::*;
use crate::layers::templates::Template;
use crate::layers::testing::{random_inputs, random_weights};
use crate::layers::{LayerGraph, LoweringOptions, Weights};
use crate::model::{Model, ModelBuilder};
use crate::run::{Memory, Semantics, Trace};
use crate::tflite;

/// Smallest and largest value of each activation for a sample, and the outputs of the float32 network.
fn run_float(program: &Program, inputs: &[Vec<f32>]) -> (Vec<(f32, f32)>, Vec<Vec<f32>>) {
    let mut builder = ModelBuilder::new("");
    let tensors = float::emit(&mut builder, program);
    program.outputs.iter().for_each(|output| builder.output(tensors[output.0]));
    let file = tflite::write(&builder.build()).unwrap();
    let mut memory = Memory::new(&file, Semantics::Tflm).unwrap();
    let mut interpreter = memory.interpreter().unwrap();
    for (index, values) in inputs.iter().enumerate() {
        interpreter.input::<f32>(index).copy_from_slice(values);
    }
    let mut trace = Trace::with_bytes(64 << 20);
    interpreter.invoke(&mut trace).unwrap();
    let mut ranges = vec![(0f32, 0f32); program.activations.len()];
    let mut widen = |id: usize, values: &[f32]| {
        for value in values {
            ranges[id] = (ranges[id].0.min(*value), ranges[id].1.max(*value));
        }
    };
    for (input, values) in program.inputs.iter().zip(inputs) {
        widen(input.0, values);
    }
    for output in &trace.outputs {
        let id = tensors.iter().position(|tensor| tensor.0 == output.tensor).unwrap();
        let bytes = output.bytes.as_ref().unwrap();
        let values: Vec<f32> =
            bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        widen(id, &values);
    }
    let outputs = (0..interpreter.n_outputs()).map(|index| interpreter.output::<f32>(index).to_vec());
    (ranges, outputs.collect())
}

/// One scale per group, such that all its values fit.
fn scales_from_ranges(groups: &Groups, ranges: &[(f32, f32)]) -> Scales {
    let mut of_group = vec![(0f32, 0f32); groups.parents.len()];
    for (index, (low, high)) in ranges.iter().enumerate() {
        let range = &mut of_group[groups.root(index)];
        *range = (range.0.min(*low), range.1.max(*high));
    }
    let scale = |index: usize| {
        let root = groups.root(index);
        let (low, high) = of_group[root];
        let scale = ((high - low) / 255.0).max(1e-6);
        groups.fixed[root].unwrap_or((scale, (-128.0 - low / scale).round() as i64))
    };
    Scales { activations: (0..groups.parents.len()).map(scale).collect(), cell: 1.0 / 2048.0 }
}

fn quantized(graph: &LayerGraph, weights: &Weights, inputs: &[Vec<f32>]) -> (Model, Vec<Vec<f32>>) {
    let shapes = valid_shapes(graph).unwrap();
    let mut walked = walk::walk(graph, &shapes, Some(weights)).unwrap();
    let (ranges, outputs) = run_float(&walked.program, inputs);
    let groups = prepare(&mut walked.program);
    let scales = scales_from_ranges(&groups, &ranges);
    let emit = |builder: &mut ModelBuilder, program: &Program| int8::emit(builder, program, &scales);
    (finish(graph, walked, &LoweringOptions::default(), emit).model, outputs)
}

/// The int8 network's outputs differ from those in float32 by at most this share of their range.
fn check(name: &str, graph: &LayerGraph, tolerance: f32) {
    let (weights, inputs) = (random_weights(graph, 3), random_inputs(graph, 3));
    let (model, expected) = quantized(graph, &weights, &inputs);
    let file = tflite::write(&model).unwrap();
    let mut memory = Memory::new(&file, Semantics::Tflm).unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut interpreter = memory.interpreter().unwrap();
    let main = &model.subgraphs[0];
    for (index, values) in inputs.iter().enumerate() {
        let (scale, zero_point) = main.tensor(main.inputs[index]).per_tensor_quantization().unwrap();
        let quantize = |value: &f32| ((value / scale).round() as i64 + zero_point).clamp(-128, 127) as i8;
        let values: Vec<i8> = values.iter().map(quantize).collect();
        interpreter.input::<i8>(index).copy_from_slice(&values);
    }
    interpreter.invoke(&mut ()).unwrap();
    for (index, expected) in expected.iter().enumerate() {
        let (scale, zero_point) = main.tensor(main.outputs[index]).per_tensor_quantization().unwrap();
        let real = |value: &i8| (i64::from(*value) - zero_point) as f32 * scale;
        let found = interpreter.output::<i8>(index).iter().map(real);
        let (low, high) =
            expected.iter().fold((0f32, 0f32), |(low, high), value| (low.min(*value), high.max(*value)));
        let worst = found.zip(expected).map(|(a, b)| (a - b).abs()).fold(0f32, f32::max) / (high - low);
        println!("{name}: int8 differs by {:.1} % of the range", worst * 100.0);
        assert!(worst <= tolerance, "{name}: differs by {worst}");
    }
}

fn template(id: &str) -> LayerGraph {
    let template = Template::from_id(id).unwrap();
    template.graph(&(template.sizes)())
}

#[test]
fn quantized_weights_and_biases_are_in_their_places() {
    for id in ["digits-dense", "digits-cnn", "keywords-ds-cnn", "sound-conv1d", "pictures-resnet8"] {
        check(id, &template(id), 0.15);
    }
    for id in ["gesture-lstm", "anomaly-autoencoder", "sound-and-motion"] {
        check(id, &template(id), 0.15);
    }
}

#[test]
fn normalisations_that_stay_are_quantized_too() {
    let graph: LayerGraph = serde_json::from_str(
        r#"{"layers":[
            {"id":0,"name":"x","layer":"Input","shape":[6,6,5]},
            {"id":1,"name":"norm","inputs":[0],"layer":"BatchNorm"},
            {"id":2,"name":"a","inputs":[1],"layer":"Activation","activation":"tanh"},
            {"id":3,"name":"b","inputs":[1],"layer":"Activation","activation":{"leaky_relu":{"slope":0.3}}},
            {"id":4,"name":"c","inputs":[2,3],"layer":"Concatenate"},
            {"id":5,"name":"d","inputs":[2,3],"layer":"Merge","operation":"maximum"},
            {"id":6,"name":"e","inputs":[2,3,1],"layer":"Merge","operation":"average"}]}"#,
    )
    .unwrap();
    check("normalisation", &graph, 0.05);
}
