use super::*;
use crate::layers::testing::{random_graph, random_inputs, random_weights};
use crate::layers::{LayerKind, reference};
use crate::plan::{Chip, KernelSet, Target, plan};
use crate::run::{Memory, Semantics};
use crate::tflite;

/// Outputs of a written and read float32 model for the inputs of one sample.
fn run(model: &Model, inputs: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let file = tflite::write(model).unwrap();
    let mut memory = Memory::new(&file, Semantics::Tflm).unwrap_or_else(|error| panic!("{error}"));
    let mut interpreter = memory.interpreter().unwrap_or_else(|error| panic!("{error}"));
    for (index, values) in inputs.iter().enumerate() {
        interpreter.input::<f32>(index).copy_from_slice(values);
    }
    interpreter.invoke(&mut ()).unwrap();
    (0..interpreter.n_outputs()).map(|index| interpreter.output::<f32>(index).to_vec()).collect()
}

/// The largest difference, as a share of the largest value (at least 1) of that output.
fn largest_difference(graph: &LayerGraph, weights: &Weights, inputs: &[Vec<f32>]) -> f64 {
    let lowered = lower(graph, weights, &LoweringOptions::default()).unwrap();
    let found = run(&lowered.model, inputs);
    let expected = reference::evaluate(graph, weights, inputs).unwrap();
    let outputs = shapes(graph).outputs;
    assert_eq!(outputs.len(), found.len());
    let mut largest = 0.0f64;
    for (id, found) in outputs.iter().zip(&found) {
        let expected = &expected[id].numbers;
        assert_eq!(expected.len(), found.len());
        let range = expected.iter().fold(1.0, |range: f64, value| range.max(value.abs()));
        for (found, expected) in found.iter().zip(expected) {
            let difference = (f64::from(*found) - expected).abs() / range;
            assert!(!difference.is_nan());
            largest = largest.max(difference);
        }
    }
    largest
}

fn graph(json: &str) -> LayerGraph {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json}"))
}

/// A chain of layers behind an input of a shape; each as `{"layer": …}` without identity and name.
fn chain(shape: &[usize], layers: &[&str]) -> LayerGraph {
    let mut graph = LayerGraph::default();
    let kinds = layers.iter().map(|json| serde_json::from_str::<LayerKind>(json).unwrap());
    for kind in [LayerKind::Input { shape: shape.to_vec() }].into_iter().chain(kinds) {
        let inputs = graph.layers.last().map(|layer| layer.id).into_iter().collect();
        graph = graph.apply(&crate::layers::Edit::Add { kind, name: None, inputs, position: None }).unwrap();
    }
    graph
}

/// One line per operator: code, output's name and shape, fused activation, layers.
fn operators(graph: &LayerGraph, lowered: &Lowered) -> String {
    let main = &lowered.model.subgraphs[0];
    let lines = main.operators.iter().enumerate().map(|(index, operator)| {
        let output = main.tensor(operator.output(0).unwrap());
        let fused = match operator.option_int("fused_activation_function") {
            1 => " relu",
            3 => " relu6",
            _ => "",
        };
        let layers = lowered.layers_of(OperatorId(index as u32)).iter();
        let layers: Vec<&str> = layers.map(|id| graph.layer(*id).unwrap().name.as_str()).collect();
        let name = lowered.model.operator_name(operator);
        format!(
            "{name}{fused} {} {:?} <- {}",
            output.name.as_deref().unwrap(),
            output.shape,
            layers.join(" ")
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn check(graph: &LayerGraph, expected: &str) {
    let weights = random_weights(graph, 1);
    let lowered = lower(graph, &weights, &LoweringOptions::default()).unwrap();
    let expected =
        expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
    assert_eq!(operators(graph, &lowered), expected);
    let difference = largest_difference(graph, &weights, &random_inputs(graph, 1));
    assert!(difference < 1e-5, "differs by {difference} of the output's range");
}

#[test]
fn any_graph_computes_what_the_reference_computes() {
    let mut largest = 0.0f64;
    for seed in 0..400 {
        let graph = random_graph(seed);
        let weights = random_weights(&graph, seed);
        let difference = largest_difference(&graph, &weights, &random_inputs(&graph, seed));
        assert!(difference < 1e-5, "seed {seed}: differs by {difference} of the output's range");
        largest = largest.max(difference);
    }
    println!("largest difference {largest:.1e} of an output's range");
}

#[test]
fn normalisation_and_activations_disappear_in_the_operator_before() {
    check(
        &chain(
            &[8, 8, 3],
            &[
                r#"{"layer":"Conv2D","filters":4,"kernel":[3,3],"padding":"same","weights":{"bias":false}}"#,
                r#"{"layer":"BatchNorm"}"#,
                r#"{"layer":"Activation","activation":"relu6"}"#,
                r#"{"layer":"DepthwiseConv2D","kernel":[3,3],"depth_multiplier":2}"#,
                r#"{"layer":"BatchNorm"}"#,
                r#"{"layer":"Activation","activation":"hard_swish"}"#,
                r#"{"layer":"Dropout","rate":0.5}"#,
                r#"{"layer":"SeparableConv2D","filters":5,"kernel":[3,3],"stride":[2,2],"activation":"relu"}"#,
                r#"{"layer":"BatchNorm"}"#,
                r#"{"layer":"GlobalPool","mode":"average"}"#,
                r#"{"layer":"Dense","units":6,"weights":{"bias":false}}"#,
                r#"{"layer":"BatchNorm"}"#,
                r#"{"layer":"Activation","activation":"relu"}"#,
                r#"{"layer":"Dense","units":3,"activation":"softmax"}"#,
            ],
        ),
        "CONV_2D relu6 re_lu6 [1, 8, 8, 4] <- conv2d batch_normalization re_lu6
         DEPTHWISE_CONV_2D batch_normalization_1 [1, 6, 6, 8] <- depthwise_conv2d batch_normalization_1
         HARD_SWISH hard_swish [1, 6, 6, 8] <- hard_swish
         DEPTHWISE_CONV_2D separable_conv2d/depthwise [1, 2, 2, 8] <- separable_conv2d
         CONV_2D relu separable_conv2d [1, 2, 2, 5] <- separable_conv2d
         MUL batch_normalization_2/scaled [1, 2, 2, 5] <- batch_normalization_2
         ADD batch_normalization_2 [1, 2, 2, 5] <- batch_normalization_2
         AVERAGE_POOL_2D global_average_pooling [1, 1, 1, 5] <- global_average_pooling
         FULLY_CONNECTED relu re_lu [1, 6] <- dense batch_normalization_3 re_lu
         FULLY_CONNECTED dense_1/sum [1, 3] <- dense_1
         SOFTMAX dense_1 [1, 3] <- dense_1",
    );
}

#[test]
fn steps_become_a_width_once() {
    check(
        &chain(
            &[30, 3],
            &[
                r#"{"layer":"Conv1D","filters":4,"kernel":5,"stride":2,"activation":"relu"}"#,
                r#"{"layer":"Pool1D","mode":"max"}"#,
                r#"{"layer":"Conv1D","filters":6,"kernel":3,"dilation":2,"padding":"same"}"#,
                r#"{"layer":"UpSampling","factors":[3,1]}"#,
                r#"{"layer":"ZeroPadding","padding":[[2,1],[0,0]]}"#,
                r#"{"layer":"Dense","units":5,"activation":"relu"}"#,
                r#"{"layer":"Flatten"}"#,
                r#"{"layer":"Dense","units":2}"#,
            ],
        ),
        "RESHAPE conv1d/input [1, 1, 30, 3] <- conv1d
         CONV_2D relu conv1d [1, 1, 13, 4] <- conv1d
         MAX_POOL_2D max_pooling1d [1, 1, 6, 4] <- max_pooling1d
         CONV_2D conv1d_1 [1, 1, 6, 6] <- conv1d_1
         RESIZE_NEAREST_NEIGHBOR up_sampling [1, 1, 18, 6] <- up_sampling
         PAD zero_padding [1, 1, 21, 6] <- zero_padding
         CONV_2D relu dense [1, 1, 21, 5] <- dense
         FULLY_CONNECTED dense_1 [1, 2] <- dense_1",
    );
}

#[test]
fn zero_padding_like_that_of_same_costs_nothing() {
    let padded = |size: usize, padding: &str| {
        let padding = format!(r#"{{"layer":"ZeroPadding","padding":{padding}}}"#);
        let layers = [
            padding.as_str(),
            r#"{"layer":"Conv2D","filters":2,"kernel":[3,3],"stride":[2,2]}"#,
            r#"{"layer":"Flatten"}"#,
        ];
        chain(&[size, size, 1], &layers)
    };
    // MobileNet: a column and a row at the end for even sizes.
    check(
        &padded(8, "[[0,1],[0,1]]"),
        "CONV_2D conv2d [1, 4, 4, 2] <- zero_padding conv2d
         RESHAPE flatten [1, 32] <- flatten",
    );
    check(
        &padded(8, "[[1,1],[1,1]]"),
        "PAD zero_padding [1, 10, 10, 1] <- zero_padding
         CONV_2D conv2d [1, 4, 4, 2] <- conv2d
         RESHAPE flatten [1, 32] <- flatten",
    );
    check(
        &padded(9, "[[1,1],[1,1]]"),
        "CONV_2D conv2d [1, 5, 5, 2] <- zero_padding conv2d
         RESHAPE flatten [1, 50] <- flatten",
    );
}

#[test]
fn an_lstm_is_one_operator_and_its_last_step_another() {
    check(
        &chain(
            &[7, 3],
            &[
                r#"{"layer":"Lstm","units":5,"return_sequences":true}"#,
                r#"{"layer":"Lstm","units":4,"weights":{"bias":false}}"#,
                r#"{"layer":"Dense","units":2,"activation":"sigmoid"}"#,
            ],
        ),
        "UNIDIRECTIONAL_SEQUENCE_LSTM lstm [1, 7, 5] <- lstm
         UNIDIRECTIONAL_SEQUENCE_LSTM lstm_1/steps [1, 7, 4] <- lstm_1
         STRIDED_SLICE lstm_1 [1, 4] <- lstm_1
         FULLY_CONNECTED dense/sum [1, 2] <- dense
         LOGISTIC dense [1, 2] <- dense",
    );
}

#[test]
fn what_others_read_is_not_folded() {
    // The second layer reads the convolution before its normalisation.
    let shared = graph(
        r#"{"layers":[
            {"id":0,"name":"x","layer":"Input","shape":[4,4,2]},
            {"id":1,"name":"conv","inputs":[0],"layer":"Conv2D","filters":2,"kernel":[1,1]},
            {"id":2,"name":"norm","inputs":[1],"layer":"BatchNorm"},
            {"id":3,"name":"act","inputs":[2],"layer":"Activation","activation":"relu"},
            {"id":4,"name":"sum","inputs":[1,3],"layer":"Merge","operation":"add"},
            {"id":5,"name":"end","inputs":[4],"layer":"Activation","activation":"relu"}]}"#,
    );
    check(
        &shared,
        "CONV_2D conv [1, 4, 4, 2] <- conv
         MUL norm/scaled [1, 4, 4, 2] <- norm
         ADD relu act [1, 4, 4, 2] <- norm act
         ADD relu end [1, 4, 4, 2] <- sum end",
    );
    // The same without the edge, but the convolution is an output of the network.
    let mut output = shared.clone();
    output.layers.truncate(4);
    output.outputs = vec![LayerId(3), LayerId(1)];
    check(
        &output,
        "CONV_2D conv [1, 4, 4, 2] <- conv
         MUL norm/scaled [1, 4, 4, 2] <- norm
         ADD relu act [1, 4, 4, 2] <- norm act",
    );
}

#[test]
fn outputs_have_tensors_of_their_own_in_the_shape_of_the_graph() {
    check(
        &graph(
            r#"{"layers":[
                {"id":0,"name":"x","layer":"Input","shape":[4,2]},
                {"id":1,"name":"same","inputs":[0],"layer":"Dropout","rate":0.1},
                {"id":2,"name":"mean","inputs":[0],"layer":"GlobalPool","mode":"average"},
                {"id":3,"name":"again","inputs":[2],"layer":"Dropout","rate":0.1},
                {"id":4,"name":"classes","inputs":[0],"layer":"Dense","units":3,"activation":"softmax"}],
                "outputs":[1,2,3,4]}"#,
        ),
        "RESHAPE same [1, 4, 2] <- same
         RESHAPE mean/input [1, 1, 4, 2] <- mean
         AVERAGE_POOL_2D mean [1, 1, 1, 2] <- mean
         RESHAPE mean [1, 2] <- mean
         RESHAPE again [1, 2] <- again
         CONV_2D classes/sum [1, 1, 4, 3] <- classes
         RESHAPE classes/rows [4, 3] <- classes
         SOFTMAX classes [4, 3] <- classes
         RESHAPE classes [1, 4, 3] <- classes",
    );
}

/// A convolution of 1×1 with weight 3 and bias 1, then gamma 2, beta 5, mean 4, variance 0.25 and epsilon 0: the factor is
/// 2 / 0.5 = 4, so the weight becomes 12 and the bias (1 - 4) * 4 + 5 = -7.
#[test]
fn folded_numbers_are_those_of_a_hand_calculation() {
    let graph = chain(
        &[1, 1, 1],
        &[r#"{"layer":"Conv2D","filters":1,"kernel":[1,1]}"#, r#"{"layer":"BatchNorm","epsilon":1e-30}"#],
    );
    let mut weights = Weights::default();
    let arrays = [("kernel", 3.0), ("bias", 1.0)].map(|(name, value)| ("conv2d", name, value));
    let norm = [("gamma", 2.0), ("beta", 5.0), ("moving_mean", 4.0), ("moving_variance", 0.25)];
    let norm = norm.map(|(name, value)| ("batch_normalization", name, value));
    for (layer, name, value) in arrays.into_iter().chain(norm) {
        let shape = if name == "kernel" { vec![1; 4] } else { vec![1] };
        weights.insert(layer, name, shape, vec![value]);
    }
    let lowered = lower(&graph, &weights, &LoweringOptions::default()).unwrap();
    let main = &lowered.model.subgraphs[0];
    let constant = |place| {
        let tensor = main.tensor(main.operators[0].input(place).unwrap());
        f32::from_le_bytes(lowered.model.constant_data(tensor).unwrap().try_into().unwrap())
    };
    assert_eq!((constant(1), constant(2)), (12.0, -7.0));
    assert_eq!(run(&lowered.model, &[vec![10.0]]), [[113.0]]);
}

/// Keras keeps gates as input, forget, cell, output in the columns of one matrix. With a cell gate of tanh(1), an input gate
/// of 1 (bias 100), a forget gate of 0 (bias -100) and an output gate of 1, the output is tanh(tanh(1)) at every step.
#[test]
fn gates_of_an_lstm_are_in_their_places() {
    let graph = chain(&[2, 1], &[r#"{"layer":"Lstm","units":1}"#]);
    let mut weights = Weights::default();
    weights.insert("lstm", "kernel", vec![1, 4], vec![0.0, 0.0, 1.0, 0.0]);
    weights.insert("lstm", "recurrent_kernel", vec![1, 4], vec![0.0; 4]);
    weights.insert("lstm", "bias", vec![4], vec![100.0, -100.0, 0.0, 100.0]);
    let lowered = lower(&graph, &weights, &LoweringOptions::default()).unwrap();
    let found = run(&lowered.model, &[vec![-3.0, 1.0]])[0][0];
    assert!((found - 1f32.tanh().tanh()).abs() < 1e-6, "{found}");
}

#[test]
fn weights_of_another_network_are_refused() {
    let graph = chain(&[3], &[r#"{"layer":"Dense","units":2}"#]);
    let mut weights = Weights::default();
    let error =
        |weights: &Weights| lower(&graph, weights, &LoweringOptions::default()).unwrap_err().to_string();
    assert_eq!(error(&weights), "The weights have no kernel of 3×2 for the layer dense");
    weights.insert("dense", "kernel", vec![2, 3], vec![0.0; 6]);
    assert_eq!(error(&weights), "The kernel of the layer dense is 2×3 instead of 3×2");
    let broken = chain(&[3], &[r#"{"layer":"Conv2D","filters":2,"kernel":[1,1]}"#]);
    let error = lower(&broken, &weights, &LoweringOptions::default()).unwrap_err().to_string();
    assert!(error.starts_with("conv2d: It expects 3 dimensions"), "{error}");
}

#[test]
fn names_labels_and_metadata_are_in_the_file() {
    let graph = chain(&[3], &[r#"{"layer":"Dense","units":2,"activation":"softmax"}"#]);
    let options = LoweringOptions {
        labels: vec!["left".to_owned(), "right".to_owned()],
        description: Some("two ways".to_owned()),
        metadata: vec![("normalisation".to_owned(), vec![1, 2, 3])],
    };
    let lowered = lower(&graph, &random_weights(&graph, 1), &options).unwrap();
    let file: std::sync::Arc<[u8]> = tflite::write(&lowered.model).unwrap().into();
    let model = tflite::read(file).unwrap();
    let metadata = |name: &str| {
        let found = model.metadata.iter().find(|metadata| metadata.name == name).unwrap();
        model.buffers[found.buffer.index()].data.as_ref().unwrap().to_vec()
    };
    assert_eq!(metadata("labels"), b"left\nright");
    assert_eq!(metadata("normalisation"), [1, 2, 3]);
    assert_eq!(model.description.as_deref(), Some("two ways"));
    let signature = &model.signatures[0];
    assert_eq!(signature.inputs[0].0.as_deref(), Some("input"));
    assert_eq!(signature.outputs[0].0.as_deref(), Some("dense"));
}

/// Every chip and kernel set.
fn targets() -> impl Iterator<Item = Target> {
    Chip::ALL.into_iter().flat_map(|chip| {
        let kernels = [KernelSet::Reference, KernelSet::EspNn].into_iter();
        kernels
            .filter(move |set| chip != Chip::Host64 || *set == KernelSet::Reference)
            .map(move |kernels| Target { chip, kernels })
    })
}

#[test]
fn the_int8_placeholder_of_any_graph_is_one_that_tflm_takes() {
    for seed in 0..200 {
        let graph = random_graph(seed);
        let lowered = lower_int8_placeholder(&graph).unwrap();
        let file: std::sync::Arc<[u8]> = tflite::write(&lowered.model).unwrap().into();
        let read = tflite::read(file.clone()).unwrap();
        for target in targets() {
            let planned =
                plan(&lowered.model, target).unwrap_or_else(|refusals| panic!("{seed}: {refusals:?}"));
            assert_eq!(Ok(planned), plan(&read, target), "{seed}");
        }
        let mut memory =
            Memory::new(&file, Semantics::Tflm).unwrap_or_else(|error| panic!("{seed}: {error}"));
        memory.interpreter().unwrap_or_else(|error| panic!("{seed}: {error}"));
    }
}

#[test]
fn float32_and_int8_have_the_same_operators_but_for_rescaling() {
    for seed in 0..200 {
        let graph = random_graph(seed);
        let float = lower(&graph, &random_weights(&graph, seed), &LoweringOptions::default()).unwrap();
        let int8 = lower_int8_placeholder(&graph).unwrap();
        let lines = |lowered: &Lowered| {
            let text = operators(&graph, lowered);
            text.lines().filter(|line| !line.starts_with("QUANTIZE")).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(lines(&float), lines(&int8), "{seed}");
    }
}

#[test]
fn inputs_of_one_scale_are_rescaled_only_where_a_scale_is_prescribed() {
    let two = |first: &str, second: &str| {
        let graph = graph(&format!(
            r#"{{"layers":[
                {{"id":0,"name":"x","layer":"Input","shape":[4]}},
                {{"id":1,"name":"a","inputs":[0],"layer":"Dense","units":2,"activation":"{first}"}},
                {{"id":2,"name":"b","inputs":[0],"layer":"Dense","units":2,"activation":"{second}"}},
                {{"id":3,"name":"both","inputs":[1,2],"layer":"Concatenate"}}]}}"#
        ));
        let lowered = lower_int8_placeholder(&graph).unwrap();
        let text = operators(&graph, &lowered);
        text.lines()
            .filter(|line| line.starts_with("QUANTIZE"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
            .join(", ")
    };
    assert_eq!(two("linear", "relu"), "");
    assert_eq!(two("tanh", "tanh"), "");
    assert_eq!(two("tanh", "linear"), "QUANTIZE a/rescaled [1, 2] <- both");
    assert_eq!(
        two("tanh", "sigmoid"),
        "QUANTIZE a/rescaled [1, 2] <- both, QUANTIZE b/rescaled [1, 2] <- both"
    );
}
