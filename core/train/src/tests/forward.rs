//! Every layer against the plain evaluator of the core.

use emberlab_core::dataset::Targets;
use emberlab_core::layers::{LayerGraph, Weights, reference, shapes, testing};

use super::{chain, graph, samples, weights};
use crate::{Backend, Network, predict_all};

/// Compares all outputs with the reference.
fn check_graph(graph: &LayerGraph) {
    check_weights(graph, &weights(graph, 3), 1e-5);
}

/// Errors are relative to the range of the outputs.
fn check_weights(graph: &LayerGraph, weights: &Weights, tolerance: f64) {
    let known = shapes(graph);
    assert!(known.is_valid(), "{:?}", known.problems);
    let inputs: Vec<Vec<usize>> = graph
        .layers
        .iter()
        .zip(&known.layers)
        .filter(|(layer, _)| layer.inputs.is_empty())
        .map(|(_, shape)| shape.output.clone().unwrap())
        .collect();
    let shapes: Vec<&[usize]> = inputs.iter().map(Vec::as_slice).collect();
    let samples = samples(3, &shapes, Targets::None);
    let network = Network::new(graph, weights, &Backend::cpu()).unwrap();
    let found = predict_all(&network, &samples).unwrap();
    for sample in 0..samples.count {
        let inputs: Vec<Vec<f32>> =
            samples.inputs.iter().map(|input| input.sample(sample).to_vec()).collect();
        let expected = reference::evaluate(graph, weights, &inputs).unwrap();
        for (output, id) in found.iter().zip(&known.outputs) {
            let expected = &expected[id].numbers;
            let found = &output[sample * expected.len()..][..expected.len()];
            let range = expected.iter().fold(1f64, |range, value| range.max(value.abs()));
            for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
                let error = (f64::from(*found) - expected).abs() / range;
                assert!(error < tolerance, "{id:?} at {place}: {found} against {expected}\n{graph:?}");
            }
        }
    }
}

fn check(layers: &[&str]) {
    check_graph(&chain(layers));
}

const PICTURE: &str = r#""layer":"Input","shape":[6,5,3]"#;
const SEQUENCE: &str = r#""layer":"Input","shape":[7,3]"#;

#[test]
fn dense_works_on_the_last_dimension() {
    check(&[r#""layer":"Input","shape":[4]"#, r#""layer":"Dense","units":3"#]);
    check(&[r#""layer":"Input","shape":[4]"#, r#""layer":"Dense","units":3,"weights":{"bias":false}"#]);
    check(&[SEQUENCE, r#""layer":"Dense","units":2,"activation":"relu""#]);
    check(&[PICTURE, r#""layer":"Dense","units":2"#]);
}

#[test]
fn convolutions_pad_as_in_keras() {
    for padding in ["valid", "same"] {
        for (kernel, stride, dilation) in
            [(1, 1, 1), (1, 2, 1), (2, 1, 1), (3, 1, 1), (3, 2, 1), (4, 3, 1), (3, 1, 2)]
        {
            check(&[
                SEQUENCE,
                &format!(
                    r#""layer":"Conv1D","filters":4,"kernel":{kernel},"stride":{stride},"dilation":{dilation},
                       "padding":"{padding}""#
                ),
            ]);
        }
        for (kernel, stride) in
            [("[1,1]", "[1,1]"), ("[3,3]", "[1,1]"), ("[2,3]", "[2,1]"), ("[4,2]", "[1,2]")]
        {
            let window = format!(r#""kernel":{kernel},"stride":{stride},"padding":"{padding}""#);
            check(&[PICTURE, &format!(r#""layer":"Conv2D","filters":4,{window}"#)]);
            check(&[PICTURE, &format!(r#""layer":"DepthwiseConv2D",{window},"depth_multiplier":2"#)]);
            check(&[PICTURE, &format!(r#""layer":"DepthwiseConv2D",{window},"weights":{{"bias":false}}"#)]);
            let separable = r#""layer":"SeparableConv2D","filters":4,"depth_multiplier":2"#;
            check(&[PICTURE, &format!("{separable},{window}")]);
        }
        check(&[PICTURE, r#""layer":"Conv2D","filters":2,"kernel":[3,2],"dilation":[2,2]"#]);
        check(&[PICTURE, r#""layer":"DepthwiseConv2D","kernel":[3,2],"dilation":[2,1]"#]);
    }
}

#[test]
fn pools_do_not_count_padding() {
    for mode in ["max", "average"] {
        for padding in ["valid", "same"] {
            for size in ["2", "3", r#"3,"stride":1"#, r#"2,"stride":3"#, r#"4,"stride":2"#] {
                let pool = format!(r#""layer":"Pool1D","mode":"{mode}","padding":"{padding}","size":{size}"#);
                check(&[SEQUENCE, &pool]);
            }
            for size in ["[2,2]", "[3,2]", r#"[3,3],"stride":[1,1]"#, r#"[2,4],"stride":[2,1]"#] {
                let pool = format!(r#""layer":"Pool2D","mode":"{mode}","padding":"{padding}","size":{size}"#);
                check(&[PICTURE, &pool]);
            }
        }
        let pool = format!(r#""layer":"GlobalPool","mode":"{mode}""#);
        check(&[PICTURE, &pool]);
        check(&[SEQUENCE, &pool]);
        check(&[PICTURE, r#""layer":"Conv2D","filters":4,"kernel":[3,3]"#, &pool]);
    }
}

#[test]
fn activations_are_those_of_keras() {
    for activation in
        ["\"linear\"", "\"relu\"", "\"relu6\"", "\"sigmoid\"", "\"tanh\"", "\"softmax\"", "\"hard_swish\""]
            .into_iter()
            .chain([r#"{"leaky_relu":{"slope":0.3}}"#])
    {
        check(&[SEQUENCE, &format!(r#""layer":"Activation","activation":{activation}"#)]);
        check(&[
            PICTURE,
            &format!(r#""layer":"Conv2D","filters":4,"kernel":[3,3],"activation":{activation}"#),
        ]);
        check(&[SEQUENCE, &format!(r#""layer":"Dense","units":8,"activation":{activation}"#)]);
    }
}

#[test]
fn normalisation_takes_its_moving_statistics() {
    for input in [r#""layer":"Input","shape":[4]"#, SEQUENCE, PICTURE] {
        check(&[input, r#""layer":"BatchNorm""#]);
        check(&[input, r#""layer":"BatchNorm","epsilon":0.1"#, r#""layer":"Dropout","rate":0.5"#]);
    }
    check(&[PICTURE, r#""layer":"Conv2D","filters":4,"kernel":[3,3]"#, r#""layer":"BatchNorm""#]);
}

#[test]
fn shapes_change_without_moving_numbers() {
    let convolution = r#""layer":"Conv2D","filters":4,"kernel":[3,2]"#;
    check(&[PICTURE, convolution, r#""layer":"Flatten""#]);
    check(&[PICTURE, convolution, r#""layer":"Reshape","shape":[8,8]"#]);
    check(&[
        SEQUENCE,
        r#""layer":"Reshape","shape":[3,7,1]"#,
        r#""layer":"Conv2D","filters":2,"kernel":[2,2]"#,
    ]);
    check(&[SEQUENCE, r#""layer":"ZeroPadding","padding":[[1,2],[0,0]]"#]);
    check(&[PICTURE, r#""layer":"ZeroPadding","padding":[[1,2],[0,3]]"#]);
    check(&[PICTURE, convolution, r#""layer":"ZeroPadding","padding":[[1,0],[2,1]]"#]);
    for interpolation in ["nearest", "bilinear"] {
        let ending = format!(r#""interpolation":"{interpolation}""#);
        check(&[PICTURE, &format!(r#""layer":"UpSampling","factors":[2,3],{ending}"#)]);
        check(&[PICTURE, &format!(r#""layer":"UpSampling","factors":[1,2],{ending}"#)]);
    }
    check(&[SEQUENCE, r#""layer":"UpSampling","factors":[3,1]"#]);
}

#[test]
fn branches_meet() {
    let branches = |end: &str| {
        graph(&format!(
            r#"{{"id":0,"name":"x","layer":"Input","shape":[6,5,3]}},
               {{"id":1,"name":"a","inputs":[0],"layer":"Conv2D","filters":3,"kernel":[3,3],"padding":"same"}},
               {{"id":2,"name":"b","inputs":[0],"layer":"Conv2D","filters":3,"kernel":[1,1]}},
               {{"id":3,"name":"c",{end}}}"#
        ))
    };
    for operation in ["Add", "Multiply", "Average", "Maximum"] {
        let operation = operation.to_lowercase();
        let merge = format!(r#""layer":"Merge","operation":"{operation}""#);
        check_graph(&branches(&format!(r#""inputs":[1,2,0],{merge}"#)));
        check_graph(&branches(&format!(r#""inputs":[0,1],{merge}"#)));
    }
    check_graph(&branches(r#""inputs":[1,2],"layer":"Merge","operation":"subtract""#));
    check_graph(&branches(r#""inputs":[2,1],"layer":"Merge","operation":"subtract""#));
    for axis in [-1, 0, 1, 2, -3] {
        check_graph(&branches(&format!(r#""inputs":[1,2,0],"layer":"Concatenate","axis":{axis}"#)));
    }
    check_graph(&branches(r#""inputs":[1,1],"layer":"Concatenate""#));
}

#[test]
fn sequences_are_remembered() {
    let lstm = |units: usize, ending: &str| format!(r#""layer":"Lstm","units":{units}{ending}"#);
    let sequences = r#","return_sequences":true"#;
    check(&[SEQUENCE, &lstm(4, "")]);
    check(&[SEQUENCE, &lstm(4, sequences)]);
    check(&[SEQUENCE, &lstm(4, r#","weights":{"bias":false}"#)]);
    check(&[SEQUENCE, &lstm(5, sequences), &lstm(4, sequences), &lstm(3, "")]);
    check(&[
        SEQUENCE,
        r#""layer":"Conv1D","filters":4,"kernel":3"#,
        &lstm(4, sequences),
        r#""layer":"Dense","units":2,"activation":"softmax""#,
    ]);
}

#[test]
fn several_inputs_and_outputs_keep_their_order() {
    check_graph(&graph(
        r#"{"id":7,"name":"motion","layer":"Input","shape":[5,3]},
           {"id":1,"name":"sound","layer":"Input","shape":[4]},
           {"id":2,"name":"a","inputs":[7],"layer":"Lstm","units":3},
           {"id":3,"name":"b","inputs":[1],"layer":"Dense","units":3,"activation":"relu"},
           {"id":4,"name":"both","inputs":[2,3],"layer":"Concatenate"},
           {"id":5,"name":"out","inputs":[4],"layer":"Dense","units":2,"activation":"softmax"},
           {"id":6,"name":"other","inputs":[3],"layer":"Dense","units":1}"#,
    ));
}

#[test]
fn random_networks_compute_what_they_should() {
    for seed in 0..200 {
        let graph = testing::random_graph(seed);
        // Deep networks add up roundings of many layers.
        check_weights(&graph, &testing::random_weights(&graph, seed), 1e-4);
    }
}

#[test]
fn weights_come_back_as_they_went_in() {
    let graph = chain(&[
        PICTURE,
        r#""layer":"SeparableConv2D","filters":4,"kernel":[3,3]"#,
        r#""layer":"BatchNorm""#,
        r#""layer":"Reshape","shape":[12,4]"#,
        r#""layer":"Lstm","units":3"#,
    ]);
    let weights = weights(&graph, 9);
    let mut network = Network::new(&graph, &weights, &Backend::cpu()).unwrap();
    assert_eq!(network.weights(), weights);
    let others = super::weights(&graph, 10);
    network.set_weights(&others).unwrap();
    assert_eq!(network.weights(), others);
    // 3 * 3 * 3 + 3 * 4 + 4, gamma and beta, and the gates.
    assert_eq!(network.parameter_count(), 43 + 8 + (4 + 3 + 1) * 12);
}

#[test]
fn what_is_missing_is_named() {
    let graph = chain(&[r#""layer":"Input","shape":[4]"#, r#""layer":"Dense","units":3"#]);
    let error = |weights| Network::new(&graph, &weights, &Backend::cpu()).err().unwrap().to_string();
    assert_eq!(error(Default::default()), "layer “layer 1”: expected kernel of shape [4, 3], found none");
    let mut other = weights(&graph, 1);
    other.insert("layer 1", "bias", vec![2], vec![0.0; 2]);
    assert_eq!(error(other), "layer “layer 1”: expected bias of shape [3], found [2] with 2 values");
    let wrong = chain(&[SEQUENCE, r#""layer":"Conv2D","filters":2,"kernel":[2,2]"#]);
    assert!(Network::new(&wrong, &Default::default(), &Backend::cpu()).is_err());
}
