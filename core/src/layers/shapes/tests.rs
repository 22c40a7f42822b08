use super::*;
use crate::layers::Layer;

/// A graph from lines of `name inputs… {"layer": …}`; a layer's number is that of its line.
fn graph(text: &str) -> LayerGraph {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let name = |line: &str| line.split_whitespace().next().unwrap_or_default().to_owned();
    let names: Vec<String> = lines.iter().map(|line| name(line)).collect();
    let layers = lines.iter().enumerate().map(|(number, line)| {
        let (front, kind) = line.split_at(line.find('{').expect("a line ends in a kind"));
        let inputs = front.split_whitespace().skip(1).map(|input| {
            LayerId(names.iter().position(|name| name == input).map_or(999, |place| place as u32))
        });
        Layer {
            id: LayerId(number as u32),
            name: names[number].clone(),
            inputs: inputs.collect(),
            position: None,
            kind: serde_json::from_str(kind).unwrap_or_else(|error| panic!("{kind}: {error}")),
        }
    });
    LayerGraph { layers: layers.collect(), ..LayerGraph::default() }
}

/// Shape or `-`, and parameters, of every layer.
fn check(text: &str, expected: &str) {
    let graph = graph(text);
    let shapes = shapes(&graph);
    let rows = graph.layers.iter().zip(&shapes.layers).map(|(layer, shape)| {
        let output = shape.output.as_deref().map_or("-".to_owned(), shape_text);
        let waits = if shape.waits { " waits" } else { "" };
        format!("{} {output} {}{waits}", layer.name, shape.parameters.total())
    });
    let problems = shapes.problems.iter().map(ToString::to_string);
    let found = rows.chain(problems).collect::<Vec<_>>().join("\n");
    let expected =
        expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
    assert_eq!(found, expected);
}

#[test]
fn every_kind_has_the_shape_and_parameters_of_keras() {
    // Figures: Keras 3.15, `model.summary()` of the same layers.
    check(
        r#"x {"layer":"Input","shape":[49,10,1]}
           a x {"layer":"Conv2D","filters":64,"kernel":[10,4],"stride":[2,2],"padding":"same"}
           b a {"layer":"DepthwiseConv2D","kernel":[3,3],"padding":"same"}
           c b {"layer":"SeparableConv2D","filters":32,"kernel":[3,3],"stride":[2,2]}
           d c {"layer":"BatchNorm"}
           e d {"layer":"Activation","activation":{"leaky_relu":{"slope":0.3}}}
           f e {"layer":"Pool2D","mode":"max"}
           g f {"layer":"ZeroPadding","padding":[[1,2],[3,4]]}
           h g {"layer":"UpSampling","factors":[2,3]}
           i h {"layer":"GlobalPool","mode":"average"}
           j i {"layer":"Dense","units":12}
           k j {"layer":"Dropout","rate":0.5}
           l k {"layer":"Activation","activation":"softmax"}"#,
        "x 49×10×1 0
         a 25×5×64 2624
         b 25×5×64 640
         c 12×2×32 2656
         d 12×2×32 128
         e 12×2×32 0
         f 6×1×32 0
         g 9×8×32 0
         h 18×24×32 0
         i 32 0
         j 12 396
         k 12 0
         l 12 0",
    );
    check(
        r#"x {"layer":"Input","shape":[100,3]}
           a x {"layer":"Conv1D","filters":8,"kernel":5,"dilation":2}
           b a {"layer":"Pool1D","mode":"average","size":3,"stride":2,"padding":"same"}
           c b {"layer":"Lstm","units":64,"return_sequences":true}
           d c {"layer":"Lstm","units":32}
           e b {"layer":"Flatten"}
           f e {"layer":"Reshape","shape":[4,92]}
           g f {"layer":"Dense","units":7,"weights":{"bias":false}}
           h g {"layer":"GlobalPool","mode":"max"}
           i d h {"layer":"Concatenate"}"#,
        "x 100×3 0
         a 92×8 128
         b 46×8 0
         c 46×64 18688
         d 32 12416
         e 368 0
         f 4×92 0
         g 4×7 644
         h 7 0
         i 39 0",
    );
}

#[test]
fn branches_that_differ_are_explained() {
    check(
        r#"x {"layer":"Input","shape":[25,5,64]}
           a x {"layer":"Conv2D","filters":64,"kernel":[1,1]}
           b x {"layer":"Conv2D","filters":32,"kernel":[1,1]}
           sum a b {"layer":"Merge","operation":"add"}
           end sum {"layer":"GlobalPool","mode":"average"}"#,
        "x 25×5×64 0
         a 25×5×64 4160
         b 25×5×32 2080
         sum - 0
         end - 0 waits
         sum: Shapes differ: 25×5×64 and 25×5×32. Give the branch of b 64 filters, or use Concatenate instead of Add",
    );
}

#[test]
fn wrong_ranks_are_explained() {
    check(
        r#"x {"layer":"Input","shape":[64]}
           a x {"layer":"Conv2D","filters":4,"kernel":[3,3]}"#,
        "x 64 0
         a - 0
         a: It expects 3 dimensions, height × width × channels, and got 1: 64. Add Reshape before it",
    );
    check(
        r#"x {"layer":"Input","shape":[4,4,2]}
           a x {"layer":"Pool2D","mode":"max","size":[5,2]}
           b x {"layer":"Reshape","shape":[5]}
           c x a {"layer":"Dense","units":3}
           d x {"layer":"Merge","operation":"multiply"}"#,
        "x 4×4×2 0
         a - 0
         b - 0
         c - 0 waits
         d - 0
         a: A window of 5 is larger than the input of 4. Take a smaller one, or the padding same
         b: 4×4×2 has 32 values, 5 has 5. Take a shape with as many values
         d: It reads one layer. Connect another layer to it",
    );
}

#[test]
fn loops_are_named_and_what_follows_waits() {
    check(
        r#"x {"layer":"Input","shape":[4]}
           a x c {"layer":"Merge","operation":"add"}
           b a {"layer":"Dense","units":4}
           c b {"layer":"Activation","activation":"relu"}
           d c {"layer":"Dense","units":2}"#,
        "x 4 0
         a - 0
         b - 0 waits
         c - 0 waits
         d - 0 waits
         a: The layers run in a circle: b → c → a → b. Take one of these edges out",
    );
}

#[test]
fn sizes_that_no_file_holds_are_refused() {
    check(
        r#"x {"layer":"Input","shape":[1000,1000,3]}
           a x {"layer":"Flatten"}
           b a {"layer":"Dense","units":100000000000000}
           c x {"layer":"UpSampling","factors":[18446744073709551615,2]}"#,
        "x 1000×1000×3 0
         a 3000000 0
         b - 18446744073709551615
         c - 0
         b: It is too large: no .tflite file holds this many numbers. Take smaller sizes
         c: It is too large: no .tflite file holds this many numbers. Take smaller sizes",
    );
}

#[test]
fn damaged_identities_are_reported() {
    let mut graph = graph(
        r#"x {"layer":"Input","shape":[4]}
           a x {"layer":"Dense","units":4}
           b nowhere {"layer":"Dense","units":4}"#,
    );
    graph.layers[1].name = "x".to_owned();
    graph.layers[2].id = LayerId(1);
    graph.outputs = vec![LayerId(1), LayerId(1), LayerId(7)];
    let found: Vec<String> = shapes(&graph).problems.iter().map(|problem| problem.message.clone()).collect();
    assert_eq!(
        found,
        [
            "A layer is an output of the network twice",
            "An output of the network is a layer that is not there",
            "The name x belongs to another layer already",
            "The number 1 belongs to another layer already",
            "It reads a layer that is not there",
            "No output of the network depends on it",
        ]
    );
}

#[test]
fn layers_stand_in_any_order() {
    let mut graph = graph(
        r#"x {"layer":"Input","shape":[4]}
           a x {"layer":"Dense","units":3}
           b a {"layer":"Dense","units":2}"#,
    );
    graph.layers.reverse();
    let shapes = shapes(&graph);
    assert_eq!(shapes.order, [2, 1, 0]);
    assert_eq!(shapes.output(LayerId(2)), Some([2].as_slice()));
    assert_eq!(shapes.outputs, [LayerId(2)]);
    assert!(shapes.is_valid());
}

/// Edges, identities and numbers at random: whatever a file says, there is an answer.
#[test]
fn any_graph_that_can_be_read_has_an_answer() {
    const KINDS: &[&str] = &[
        r#"{"layer":"Input","shape":[@,@,@]}"#,
        r#"{"layer":"Input","shape":[@]}"#,
        r#"{"layer":"Input","shape":[]}"#,
        r#"{"layer":"Dense","units":@,"weights":{"l1":-1.0}}"#,
        r#"{"layer":"Dense","units":@}"#,
        r#"{"layer":"Conv1D","filters":@,"kernel":@,"stride":@,"padding":"same"}"#,
        r#"{"layer":"Conv2D","filters":@,"kernel":[@,@],"stride":[@,@],"dilation":[@,@]}"#,
        r#"{"layer":"Conv2D","filters":@,"kernel":[@,@],"padding":"same"}"#,
        r#"{"layer":"DepthwiseConv2D","kernel":[@,@],"depth_multiplier":@}"#,
        r#"{"layer":"SeparableConv2D","filters":@,"kernel":[@,@],"depth_multiplier":@,"padding":"same"}"#,
        r#"{"layer":"Pool1D","mode":"max","size":@,"stride":@}"#,
        r#"{"layer":"Pool2D","mode":"average","size":[@,@],"padding":"same"}"#,
        r#"{"layer":"GlobalPool","mode":"max"}"#,
        r#"{"layer":"BatchNorm","momentum":2.0,"epsilon":-1.0}"#,
        r#"{"layer":"BatchNorm"}"#,
        r#"{"layer":"Dropout","rate":-0.5}"#,
        r#"{"layer":"Flatten"}"#,
        r#"{"layer":"Reshape","shape":[@,@]}"#,
        r#"{"layer":"ZeroPadding","padding":[[@,@],[@,@]]}"#,
        r#"{"layer":"UpSampling","factors":[@,@],"interpolation":"bilinear"}"#,
        r#"{"layer":"Merge","operation":"subtract"}"#,
        r#"{"layer":"Merge","operation":"average"}"#,
        r#"{"layer":"Concatenate","axis":-7}"#,
        r#"{"layer":"Concatenate","axis":2147483647}"#,
        r#"{"layer":"Concatenate"}"#,
        r#"{"layer":"Lstm","units":@}"#,
    ];
    let mut state = 1u64;
    let mut random = move |limit: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % limit
    };
    let mut n_known = 0;
    for _ in 0..3000 {
        let n_layers = random(12) as usize;
        let layers = (0..n_layers).map(|index| {
            let choices = if index < 2 { 2 } else { KINDS.len() as u64 };
            let mut kind = KINDS[random(choices) as usize].to_owned();
            while kind.contains('@') {
                let number = match random(12) {
                    0 => u64::MAX.to_string(),
                    1 => (1u64 << random(64)).to_string(),
                    _ => random(6).to_string(),
                };
                kind = kind.replacen('@', &number, 1);
            }
            let id = if random(20) == 0 { random(4) as u32 } else { index as u32 };
            let reach = if random(20) == 0 { n_layers + 1 } else { index.max(1) } as u64;
            let inputs = (0..random(3)).map(|_| LayerId(random(reach) as u32)).collect();
            let kind = serde_json::from_str(&kind).unwrap_or_else(|error| panic!("{kind}: {error}"));
            Layer { id: LayerId(id), name: format!("layer{}", random(500)), inputs, position: None, kind }
        });
        let layers = layers.collect();
        let outputs = (0..random(3)).map(|_| LayerId(random(12) as u32)).collect();
        let graph = LayerGraph { name: String::new(), layers, outputs };
        let shapes = shapes(&graph);
        n_known += shapes.layers.iter().filter(|layer| layer.output.is_some()).count();
        assert!(!shapes.is_valid() || shapes.layers.iter().all(|layer| layer.output.is_some()));
        for layer in &shapes.layers {
            let explained = layer.waits || shapes.problems_of(layer.id).next().is_some();
            assert!(layer.output.is_some() || explained, "{graph:?}\n{shapes:?}");
        }
    }
    assert!(n_known > 500, "the graphs are not all hopeless: {n_known}");
}
