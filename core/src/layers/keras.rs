//! A graph as the Python code that makes the same network in Keras 3.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use super::output_shape::axis_from_front;
use super::{
    Activation, Initializer, Interpolation, Layer, LayerGraph, LayerId, LayerKind, LowerError,
    MergeOperation, Padding, PoolMode, Shapes, WeightOptions, shapes,
};

/// A Python module that builds the network, as `keras.Sequential` where every layer reads the one before and as
/// `keras.Model` otherwise; layers that no output depends on are left out.
///
/// # Errors
/// The graph has errors.
pub fn keras_code(graph: &LayerGraph) -> Result<String, LowerError> {
    let shapes = shapes(graph);
    let errors: Vec<_> = shapes.errors().cloned().collect();
    if !errors.is_empty() {
        return Err(LowerError::Graph(errors));
    }
    let writer = Writer::new(graph, &shapes);
    let body = if writer.is_sequential() { writer.sequential() } else { writer.functional() };
    let imports = if body.contains("regularizers.") { "layers, regularizers" } else { "layers" };
    Ok(format!("import keras\nfrom keras import {imports}\n\n{body}\nmodel.summary()\n"))
}

/// Names that the code itself uses, and Python's keywords.
const TAKEN: &[&str] = &[
    "False",
    "None",
    "True",
    "and",
    "as",
    "assert",
    "async",
    "await",
    "break",
    "class",
    "continue",
    "def",
    "del",
    "elif",
    "else",
    "except",
    "finally",
    "for",
    "from",
    "global",
    "if",
    "import",
    "in",
    "is",
    "keras",
    "lambda",
    "layers",
    "model",
    "nonlocal",
    "not",
    "or",
    "pass",
    "raise",
    "regularizers",
    "return",
    "try",
    "while",
    "with",
    "yield",
];

struct Writer<'g> {
    graph: &'g LayerGraph,
    shapes: &'g Shapes,
    /// Layers in the order of data flow.
    layers: Vec<&'g Layer>,
    /// Names in Keras, which takes no slash.
    names: HashMap<LayerId, String>,
    variables: HashMap<LayerId, String>,
}

impl<'g> Writer<'g> {
    fn new(graph: &'g LayerGraph, shapes: &'g Shapes) -> Self {
        let is_input = |layer: &Layer| matches!(layer.kind, LayerKind::Input { .. });
        let ordered = shapes.order.iter().map(|index| (&graph.layers[*index], &shapes.layers[*index]));
        let layers: Vec<&Layer> = ordered
            .filter(|(layer, shape)| shape.is_used || is_input(layer))
            .map(|(layer, _)| layer)
            .collect();
        let unique = |spell: &dyn Fn(&str) -> String, taken: &[&str]| {
            let mut seen: HashSet<String> = taken.iter().copied().map(str::to_owned).collect();
            let mut names = HashMap::new();
            for layer in &layers {
                let wanted = spell(&layer.name);
                let numbered = (1..=layers.len()).map(|number| format!("{wanted}_{number}"));
                let free = [wanted.clone()].into_iter().chain(numbered).find(|name| !seen.contains(name));
                let name = free.unwrap_or(wanted);
                seen.insert(name.clone());
                names.insert(layer.id, name);
            }
            names
        };
        let names = unique(&|name| name.replace('/', "_"), &[]);
        let variables = unique(&identifier, TAKEN);
        Self { graph, shapes, layers, names, variables }
    }

    fn is_sequential(&self) -> bool {
        let chained = self.layers.windows(2).all(|pair| pair[1].inputs == [pair[0].id]);
        let outputs = self.layers.last().map(|layer| layer.id).into_iter();
        chained && outputs.eq(self.shapes.outputs.iter().copied())
    }

    fn sequential(&self) -> String {
        let mut code = "model = keras.Sequential(\n    [\n".to_owned();
        for layer in &self.layers {
            let _ = writeln!(code, "        {},", self.constructor(layer));
        }
        let _ = writeln!(code, "    ],\n    name={},\n)", text(&self.model_name()));
        code
    }

    fn functional(&self) -> String {
        let mut code = String::new();
        for layer in &self.layers {
            let variable = &self.variables[&layer.id];
            let sources: Vec<&str> = layer.inputs.iter().map(|id| self.variables[id].as_str()).collect();
            let call = match (&layer.kind, sources.as_slice()) {
                (LayerKind::Input { .. }, _) => String::new(),
                (LayerKind::Merge { .. } | LayerKind::Concatenate { .. }, sources) => {
                    format!("([{}])", sources.join(", "))
                }
                (_, sources) => format!("({})", sources.join(", ")),
            };
            let _ = writeln!(code, "{variable} = {}{call}", self.constructor(layer));
        }
        let inputs = self.layers.iter().filter(|layer| matches!(layer.kind, LayerKind::Input { .. }));
        let inputs: Vec<LayerId> = inputs.map(|layer| layer.id).collect();
        let listed = |ids: &[LayerId]| {
            let names: Vec<&str> = ids.iter().map(|id| self.variables[id].as_str()).collect();
            if let [name] = names.as_slice() { (*name).to_owned() } else { format!("[{}]", names.join(", ")) }
        };
        let (inputs, outputs) = (listed(&inputs), listed(&self.shapes.outputs));
        let name = text(&self.model_name());
        let _ = writeln!(code, "model = keras.Model(inputs={inputs}, outputs={outputs}, name={name})");
        code
    }

    fn model_name(&self) -> String {
        if self.graph.name.is_empty() { "network".to_owned() } else { self.graph.name.replace('/', "_") }
    }

    /// The call that makes a layer.
    fn constructor(&self, layer: &Layer) -> String {
        let input = layer.inputs.first().and_then(|id| self.shapes.output(*id)).unwrap_or_default();
        let is_sequence = input.len() == 2;
        let mut call = match &layer.kind {
            LayerKind::Input { shape } => Call::new("keras.Input").named("shape", tuple(shape)),
            LayerKind::Dense { units, activation, weights } => {
                Call::new("layers.Dense").value(units).activation(*activation).weights(weights, &["kernel"])
            }
            LayerKind::Conv1D { filters, kernel, stride, padding, dilation, activation, weights } => {
                let call = Call::new("layers.Conv1D").value(filters).value(kernel);
                let call = call.unless(*stride == 1, "strides", stride).padding(*padding);
                let call = call.unless(*dilation == 1, "dilation_rate", dilation);
                call.activation(*activation).weights(weights, &["kernel"])
            }
            LayerKind::Conv2D { filters, kernel, stride, padding, dilation, activation, weights } => {
                let call = Call::new("layers.Conv2D").value(filters).value(tuple(kernel));
                let call = call.unless(*stride == [1, 1], "strides", tuple(stride)).padding(*padding);
                let call = call.unless(*dilation == [1, 1], "dilation_rate", tuple(dilation));
                call.activation(*activation).weights(weights, &["kernel"])
            }
            LayerKind::DepthwiseConv2D {
                kernel,
                stride,
                padding,
                depth_multiplier,
                dilation,
                activation,
                weights,
            } => {
                let call = Call::new("layers.DepthwiseConv2D").value(tuple(kernel));
                let call = call.unless(*stride == [1, 1], "strides", tuple(stride)).padding(*padding);
                let call = call.unless(*depth_multiplier == 1, "depth_multiplier", depth_multiplier);
                let call = call.unless(*dilation == [1, 1], "dilation_rate", tuple(dilation));
                call.activation(*activation).weights(weights, &["depthwise"])
            }
            LayerKind::SeparableConv2D {
                filters,
                kernel,
                stride,
                padding,
                depth_multiplier,
                activation,
                weights,
            } => {
                let call = Call::new("layers.SeparableConv2D").value(filters).value(tuple(kernel));
                let call = call.unless(*stride == [1, 1], "strides", tuple(stride)).padding(*padding);
                let call = call.unless(*depth_multiplier == 1, "depth_multiplier", depth_multiplier);
                call.activation(*activation).weights(weights, &["depthwise", "pointwise"])
            }
            LayerKind::Pool1D { mode, size, stride, padding } => {
                let call = Call::new(format!("layers.{}Pooling1D", pooling(*mode))).value(size);
                let call = call.unless(stride.is_none(), "strides", stride.unwrap_or(*size));
                call.padding(*padding)
            }
            LayerKind::Pool2D { mode, size, stride, padding } => {
                let call = Call::new(format!("layers.{}Pooling2D", pooling(*mode))).value(tuple(size));
                let call = call.unless(stride.is_none(), "strides", tuple(&stride.unwrap_or(*size)));
                call.padding(*padding)
            }
            LayerKind::GlobalPool { mode } => {
                let dimensions = if is_sequence { "1D" } else { "2D" };
                Call::new(format!("layers.Global{}Pooling{dimensions}", pooling(*mode)))
            }
            LayerKind::BatchNorm { momentum, epsilon } => Call::new("layers.BatchNormalization")
                .unless(*momentum == super::batch_norm_momentum(), "momentum", number(*momentum))
                .unless(*epsilon == super::batch_norm_epsilon(), "epsilon", number(*epsilon)),
            LayerKind::Activation { activation } => match activation {
                Activation::Relu => Call::new("layers.ReLU"),
                Activation::Relu6 => Call::new("layers.ReLU").named("max_value", number(6.0)),
                Activation::LeakyRelu { slope } => {
                    Call::new("layers.LeakyReLU").named("negative_slope", number(*slope))
                }
                Activation::Softmax => Call::new("layers.Softmax"),
                Activation::Linear | Activation::Sigmoid | Activation::Tanh | Activation::HardSwish => {
                    Call::new("layers.Activation").value(activation_code(*activation))
                }
            },
            LayerKind::Dropout { rate } => Call::new("layers.Dropout").value(number(*rate)),
            LayerKind::Flatten {} => Call::new("layers.Flatten"),
            LayerKind::Reshape { shape } => Call::new("layers.Reshape").value(tuple(shape)),
            LayerKind::ZeroPadding { padding: [rows, columns] } => {
                if is_sequence {
                    Call::new("layers.ZeroPadding1D").value(tuple(rows))
                } else {
                    Call::new("layers.ZeroPadding2D").value(format!("({}, {})", tuple(rows), tuple(columns)))
                }
            }
            LayerKind::UpSampling { factors, interpolation } => {
                if is_sequence {
                    Call::new("layers.UpSampling1D").value(factors[0])
                } else {
                    let call = Call::new("layers.UpSampling2D").value(tuple(factors));
                    let is_nearest = *interpolation == Interpolation::Nearest;
                    call.unless(is_nearest, "interpolation", text("bilinear"))
                }
            }
            LayerKind::Merge { operation } => Call::new(match operation {
                MergeOperation::Add => "layers.Add",
                MergeOperation::Subtract => "layers.Subtract",
                MergeOperation::Multiply => "layers.Multiply",
                MergeOperation::Average => "layers.Average",
                MergeOperation::Maximum => "layers.Maximum",
            }),
            LayerKind::Concatenate { axis } => {
                // Keras counts the batch dimension.
                let front = axis_from_front(*axis, input.len()).map_or(1, |axis| axis + 1);
                Call::new("layers.Concatenate").unless(front == input.len(), "axis", front)
            }
            LayerKind::Lstm { units, return_sequences, weights } => {
                let call = Call::new("layers.LSTM").value(units);
                call.unless(!return_sequences, "return_sequences", "True").weights(weights, &["kernel"])
            }
        };
        call = call.named("name", text(&self.names[&layer.id]));
        format!("{}({})", call.function, call.arguments.join(", "))
    }
}

/// A call in the making.
struct Call {
    function: String,
    arguments: Vec<String>,
}

impl Call {
    fn new(function: impl Into<String>) -> Self {
        Self { function: function.into(), arguments: Vec::new() }
    }

    fn value(mut self, value: impl ToString) -> Self {
        self.arguments.push(value.to_string());
        self
    }

    fn named(mut self, name: &str, value: impl ToString) -> Self {
        self.arguments.push(format!("{name}={}", value.to_string()));
        self
    }

    /// The argument, unless it is Keras's default.
    fn unless(self, is_default: bool, name: &str, value: impl ToString) -> Self {
        if is_default { self } else { self.named(name, value) }
    }

    fn padding(self, padding: Padding) -> Self {
        self.unless(padding == Padding::Valid, "padding", text("same"))
    }

    fn activation(self, activation: Activation) -> Self {
        self.unless(activation == Activation::Linear, "activation", activation_code(activation))
    }

    fn weights(mut self, options: &WeightOptions, arrays: &[&str]) -> Self {
        self = self.unless(options.bias, "use_bias", "False");
        for array in arrays {
            let initializer = match options.initializer {
                Initializer::GlorotUniform => "glorot_uniform",
                Initializer::GlorotNormal => "glorot_normal",
                Initializer::HeUniform => "he_uniform",
                Initializer::HeNormal => "he_normal",
                Initializer::LecunUniform => "lecun_uniform",
                Initializer::Zeros => "zeros",
            };
            let is_default = options.initializer == Initializer::GlorotUniform;
            self = self.unless(is_default, &format!("{array}_initializer"), text(initializer));
            let regularizer = match (options.l1 != 0.0, options.l2 != 0.0) {
                (false, false) => continue,
                (true, false) => format!("regularizers.L1({})", number(options.l1)),
                (false, true) => format!("regularizers.L2({})", number(options.l2)),
                (true, true) => {
                    format!("regularizers.L1L2(l1={}, l2={})", number(options.l1), number(options.l2))
                }
            };
            self = self.named(&format!("{array}_regularizer"), regularizer);
        }
        self
    }
}

fn pooling(mode: PoolMode) -> &'static str {
    match mode {
        PoolMode::Max => "Max",
        PoolMode::Average => "Average",
    }
}

fn activation_code(activation: Activation) -> String {
    match activation {
        Activation::Linear => text("linear"),
        Activation::Relu => text("relu"),
        Activation::Relu6 => text("relu6"),
        Activation::LeakyRelu { slope } => format!("layers.LeakyReLU(negative_slope={})", number(slope)),
        Activation::Sigmoid => text("sigmoid"),
        Activation::Tanh => text("tanh"),
        Activation::Softmax => text("softmax"),
        Activation::HardSwish => text("hard_swish"),
    }
}

/// A string of Python; those of JSON are such strings.
fn text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn number(number: f32) -> String {
    format!("{number:?}")
}

fn tuple(sizes: &[usize]) -> String {
    match sizes {
        [size] => format!("({size},)"),
        sizes => format!("({})", sizes.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")),
    }
}

/// A variable after the name of a layer.
fn identifier(name: &str) -> String {
    let fits = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' };
    let spelled: String = name.chars().map(fits).collect();
    if spelled.starts_with(|c: char| c.is_ascii_digit()) || spelled.is_empty() {
        format!("layer_{spelled}")
    } else {
        spelled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expected: &str) {
        let graph: LayerGraph = serde_json::from_str(json).unwrap();
        assert_eq!(keras_code(&graph).unwrap(), expected);
    }

    #[test]
    fn a_chain_is_sequential() {
        check(
            r#"{"name":"digits","layers":[
                {"id":0,"name":"input","layer":"Input","shape":[28,28,1]},
                {"id":1,"name":"conv","inputs":[0],"layer":"Conv2D","filters":8,"kernel":[3,3],"stride":[2,2],
                    "padding":"same","activation":"relu","weights":{"l2":0.0001,"initializer":"he_normal"}},
                {"id":2,"name":"norm","inputs":[1],"layer":"BatchNorm","momentum":0.9},
                {"id":3,"name":"pool","inputs":[2],"layer":"GlobalPool","mode":"average"},
                {"id":4,"name":"classes","inputs":[3],"layer":"Dense","units":10,"activation":"softmax"}]}"#,
            "import keras\nfrom keras import layers, regularizers\n\nmodel = keras.Sequential(\n    [\n        \
             keras.Input(shape=(28, 28, 1), name=\"input\"),\n        \
             layers.Conv2D(8, (3, 3), strides=(2, 2), padding=\"same\", activation=\"relu\", \
             kernel_initializer=\"he_normal\", kernel_regularizer=regularizers.L2(0.0001), name=\"conv\"),\n        \
             layers.BatchNormalization(momentum=0.9, name=\"norm\"),\n        \
             layers.GlobalAveragePooling2D(name=\"pool\"),\n        \
             layers.Dense(10, activation=\"softmax\", name=\"classes\"),\n    ],\n    name=\"digits\",\n)\n\n\
             model.summary()\n",
        );
    }

    #[test]
    fn branches_are_functional_and_names_are_made_to_fit() {
        check(
            r#"{"layers":[
                {"id":0,"name":"a/b","layer":"Input","shape":[5,2]},
                {"id":1,"name":"2nd","layer":"Input","shape":[5,2]},
                {"id":2,"name":"a_b","inputs":[0,1],"layer":"Merge","operation":"average"},
                {"id":3,"name":"class","inputs":[2,1],"layer":"Concatenate","axis":0},
                {"id":4,"name":"say \"hi\"","inputs":[3],"layer":"Lstm","units":3}]}"#,
            "import keras\nfrom keras import layers\n\n\
             a_b = keras.Input(shape=(5, 2), name=\"a_b\")\n\
             layer_2nd = keras.Input(shape=(5, 2), name=\"2nd\")\n\
             a_b_1 = layers.Average(name=\"a_b_1\")([a_b, layer_2nd])\n\
             class_1 = layers.Concatenate(axis=1, name=\"class\")([a_b_1, layer_2nd])\n\
             say__hi_ = layers.LSTM(3, name=\"say \\\"hi\\\"\")(class_1)\n\
             model = keras.Model(inputs=[a_b, layer_2nd], outputs=say__hi_, name=\"network\")\n\n\
             model.summary()\n",
        );
    }
}
