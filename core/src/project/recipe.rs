//! How the data of a set become what the network of a template takes.

use super::suggest::{sound_features, suggest};
use crate::dataset::{
    Colour, DataError, Dataset, Features, Fit, InputPreparation, InputShape, Length, MotionFeatures,
    MotionSignals, Normalisation, Padding, PictureFit, Preparation, Preparer, SoundFeatures, Split,
    StreamKind, TargetKind, Window,
};
use crate::layers::templates::{DataKind, Sizes, Template};
use crate::layers::{LayerGraph, LayerId, LayerKind, shapes};

/// Steps to which gestures are brought for networks that go through them step by step.
const GESTURE_STEPS: usize = 50;

/// The template whose network takes frames as a picture.
const FRAMES_AS_PICTURE: &str = "keywords-ds-cnn";

/// The template that takes figures of motion and not the readings themselves.
const MOTION_FEATURES: &str = "motion-features";

/// The template that learns what is normal.
const AUTOENCODER: &str = "anomaly-autoencoder";

/// The class that an autoencoder learns, where a set has it.
const NORMAL: &str = "normal";

/// How samples for a template come out of a set, and how the set is divided: what suits the set, brought to what the network
/// is made for.
pub fn recipe(template: &Template, dataset: &Dataset) -> (Preparation, Split) {
    let (mut preparation, split) = suggest(dataset);
    for number in 0..preparation.inputs.len() {
        let Some(stream) = dataset.streams.get(number) else { continue };
        let input = &mut preparation.inputs[number];
        match (&stream.kind, template.data) {
            (StreamKind::Pictures, DataKind::Pictures) => input.picture = Some(picture_fit(template, input)),
            (StreamKind::Series, DataKind::Sound) => sound(template, stream.rate_hz, input),
            (StreamKind::Series, DataKind::Series) if template.id == MOTION_FEATURES => {
                input.features = Features::Motion(MotionFeatures {
                    signals: MotionSignals::Lengths,
                    bands: 32,
                    ..MotionFeatures::default()
                });
            }
            (StreamKind::Series, DataKind::Series) => input.features = Features::Raw,
            (StreamKind::Series, DataKind::Rows) if template.id == AUTOENCODER => {
                input.features = Features::Motion(MotionFeatures::default());
            }
            (StreamKind::Series, DataKind::Rows | DataKind::Function) => {
                // Every reading is a sample.
                input.features = Features::Raw;
                input.shape = InputShape::Flat;
                preparation.window = Window::Sliding {
                    length: Length::Steps(1),
                    stride: Length::Steps(1),
                    least_share: 1.0,
                    short: Padding::LeaveOut,
                };
            }
            (StreamKind::Values { .. }, DataKind::Function) => input.normalisation = Normalisation::None,
            (
                StreamKind::Values { .. } | StreamKind::Pictures | StreamKind::Series,
                DataKind::Function
                | DataKind::Rows
                | DataKind::Series
                | DataKind::Sound
                | DataKind::Pictures
                | DataKind::SoundAndMotion,
            ) => {}
        }
    }
    if template.data == DataKind::Sound
        && template.id == FRAMES_AS_PICTURE
        && let Window::Sliding { length, stride, .. } = &mut preparation.window
    {
        (*length, *stride) = (Length::Seconds(1.0), Length::Seconds(1.0));
    }
    if template.id == "gesture-lstm" && matches!(preparation.window, Window::Whole | Window::Stretched { .. })
    {
        preparation.window = Window::Stretched { steps: GESTURE_STEPS };
    }
    if template.id == AUTOENCODER {
        autoencoder(dataset, &mut preparation);
    }
    (preparation, split)
}

fn picture_fit(template: &Template, input: &InputPreparation) -> PictureFit {
    let sizes = (template.sizes)();
    let colour = input.picture.map_or(Colour::Keep, |fit| fit.colour);
    match sizes.inputs.first().map(Vec::as_slice) {
        Some([height, width, channels]) => PictureFit {
            height: *height,
            width: *width,
            fit: Fit::Crop,
            colour: if *channels == 1 { Colour::Grey } else { colour },
        },
        _ => PictureFit { height: 96, width: 96, fit: Fit::Crop, colour },
    }
}

fn sound(template: &Template, rate_hz: Option<f64>, input: &mut InputPreparation) {
    let usual = sound_features(rate_hz.unwrap_or(16_000.0));
    if template.id == FRAMES_AS_PICTURE {
        let features = SoundFeatures { frame_ms: 40.0, step_ms: 20.0, bands: 40, coefficients: 10, ..usual };
        input.features = Features::Mfcc(features);
        input.shape = InputShape::WithChannel;
    } else {
        input.features = Features::Mfcc(usual);
    }
}

fn autoencoder(dataset: &Dataset, preparation: &mut Preparation) {
    preparation.target = TargetKind::Inputs;
    for input in &mut preparation.inputs {
        input.normalisation = Normalisation::ZeroToOne { per_channel: true };
        input.shape = InputShape::Flat;
    }
    if dataset.classes.len() > 1 && dataset.classes.iter().any(|class| class == NORMAL) {
        preparation.training_classes = vec![NORMAL.to_owned()];
    }
}

/// What samples of a set ask of a network.
///
/// # Errors
/// The preparation or the split does not fit the set.
pub fn network_sizes(
    dataset: &Dataset,
    preparation: &Preparation,
    split: &Split,
) -> Result<Sizes, DataError> {
    let inputs = Preparer::new(dataset, preparation, split)?.shapes();
    let outputs = match preparation.target {
        TargetKind::Classes if preparation.classes.is_empty() => dataset.classes.len(),
        TargetKind::Classes => preparation.classes.len(),
        TargetKind::Values => dataset.value_names.len(),
        TargetKind::Inputs => inputs.first().map_or(0, |shape| shape.iter().product()),
        TargetKind::None => 0,
    };
    Ok(Sizes { inputs, outputs })
}

/// What a network takes and gives: the shapes of its inputs, and the last dimension of its first output.
pub fn sizes_of_network(graph: &LayerGraph) -> Sizes {
    let inputs = graph.layers.iter().filter_map(|layer| match &layer.kind {
        LayerKind::Input { shape } => Some(shape.clone()),
        _ => None,
    });
    let shapes = shapes(graph);
    let output = output_layer(graph).and_then(|id| shapes.output(id));
    Sizes { inputs: inputs.collect(), outputs: output.and_then(<[usize]>::last).copied().unwrap_or(0) }
}

/// The network as its template makes it for other sizes; `None` if it is not the template's network any more.
pub fn remade_network(template: &Template, graph: &LayerGraph, sizes: &Sizes) -> Option<LayerGraph> {
    let is_untouched = template.graph(&sizes_of_network(graph)) == *graph;
    is_untouched.then(|| template.graph(sizes))
}

/// The network with inputs and outputs of these sizes; everything between stays as it is.
pub fn fitted_network(graph: &LayerGraph, sizes: &Sizes) -> LayerGraph {
    let mut graph = graph.clone();
    let mut wanted = sizes.inputs.iter();
    for layer in &mut graph.layers {
        if let LayerKind::Input { shape } = &mut layer.kind
            && let Some(wanted) = wanted.next()
        {
            shape.clone_from(wanted);
        }
    }
    // Activations and the like give as many numbers as they take.
    let mut next = output_layer(&graph);
    while let Some(layer) = next.and_then(|id| graph.layers.iter_mut().find(|layer| layer.id == id)) {
        next = match &mut layer.kind {
            LayerKind::Dense { units, .. } => {
                *units = sizes.outputs.max(1);
                None
            }
            LayerKind::Activation { .. } | LayerKind::Dropout { .. } | LayerKind::BatchNorm { .. } => {
                layer.inputs.first().copied()
            }
            _ => None,
        };
    }
    graph
}

/// The first layer whose output the network gives.
fn output_layer(graph: &LayerGraph) -> Option<LayerId> {
    let is_read = |id: LayerId| graph.layers.iter().any(|layer| layer.inputs.contains(&id));
    graph
        .outputs
        .first()
        .copied()
        .or_else(|| graph.layers.iter().map(|layer| layer.id).find(|id| !is_read(*id)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{Generated, Generator, generate};
    use crate::layers::templates::ALL;

    /// The generated data that a template is made for.
    fn suiting(template: &Template) -> Generator {
        match template.data {
            DataKind::Function => Generator::Sine,
            DataKind::Rows if template.id == AUTOENCODER => Generator::Machine,
            DataKind::Rows | DataKind::Series => Generator::Gestures,
            DataKind::Sound => Generator::Tones,
            DataKind::Pictures => Generator::Digits,
            DataKind::SoundAndMotion => Generator::SoundAndMotion,
        }
    }

    #[test]
    fn every_template_fits_the_data_that_it_is_made_for() {
        for template in ALL {
            let kind = suiting(template);
            let dataset = generate(&Generated { kind, seed: 1, count: 12 });
            let (preparation, split) = recipe(template, &dataset);
            let sizes = network_sizes(&dataset, &preparation, &split)
                .unwrap_or_else(|error| panic!("{}: {error}", template.id));
            let graph = template.graph(&sizes);
            let shapes = shapes(&graph);
            let errors: Vec<String> = shapes.errors().map(ToString::to_string).collect();
            assert!(errors.is_empty(), "{}, {sizes:?}: {errors:?}", template.id);
        }
    }

    #[test]
    fn untouched_networks_follow_the_sizes_of_the_data() {
        for template in ALL {
            let graph = template.graph(&(template.sizes)());
            let other = Sizes { outputs: 7, ..(template.sizes)() };
            let remade = remade_network(template, &graph, &other);
            assert_eq!(remade, Some(template.graph(&other)), "{}", template.id);
            let mut touched = graph;
            touched.layers[0].name = "mine".to_owned();
            assert_eq!(remade_network(template, &touched, &other), None, "{}", template.id);
        }
    }

    #[test]
    fn other_networks_get_new_ends() {
        let template = Template::from_id("digits-dense").expect("it ships with the app");
        let sizes = Sizes { inputs: vec![vec![32, 16, 3]], outputs: 4 };
        let fitted = fitted_network(&template.graph(&(template.sizes)()), &sizes);
        assert_eq!(sizes_of_network(&fitted), sizes);
        assert!(shapes(&fitted).errors().next().is_none());
    }

    #[test]
    fn recipes_are_what_the_templates_say() {
        let of = |id: &str| {
            let template = Template::from_id(id).expect("it ships with the app");
            let dataset = generate(&Generated { kind: suiting(template), seed: 1, count: 12 });
            let (preparation, split) = recipe(template, &dataset);
            (network_sizes(&dataset, &preparation, &split).expect("it fits"), preparation)
        };
        let (sizes, preparation) = of("digits-dense");
        assert_eq!(sizes, Sizes { inputs: vec![vec![28, 28, 1]], outputs: 10 });
        assert_eq!(preparation.inputs[0].normalisation, Normalisation::LEVELS);
        assert_eq!(of("keywords-ds-cnn").0.inputs, [[49, 10, 1]]);
        assert_eq!(of("gesture-lstm").0.inputs[0][0], GESTURE_STEPS);
        assert_eq!(of("accelerometer").0.inputs, [[3]]);
        let (_, preparation) = of(AUTOENCODER);
        assert_eq!(preparation.target, TargetKind::Inputs);
        assert_eq!(preparation.training_classes, [NORMAL]);
    }
}
