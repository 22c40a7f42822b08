//! What stands between a project and its training.

use std::sync::Arc;

use emberlab_core::dataset::{Samples, Targets};
use emberlab_core::layers::{LayerKind, Shapes, shapes};
use emberlab_core::training::Loss;

use super::OpenProject;
use crate::document::PanelKind;
use crate::training::TrainingData;

/// Why a project cannot be trained yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// What is missing, in a few words.
    pub title: String,
    /// A sentence.
    pub text: String,
    /// Where it is put right; `None` for where the user is.
    pub panel: Option<PanelKind>,
    /// It comes by itself.
    pub is_coming: bool,
}

/// What the network is trained on; `None` before the samples are there.
pub fn training_data(open: &OpenProject) -> Option<TrainingData> {
    let prepared = open.data.prepared.clone()?;
    let dataset = open.data.loaded.as_ref().map(|loaded| loaded.dataset.clone());
    Some(TrainingData { prepared, dataset })
}

/// What stands in the way; `None` if training can begin.
pub fn missing(open: &OpenProject) -> Option<Missing> {
    let missing = |title: &str, text: &str, panel: Option<PanelKind>| Missing {
        title: title.to_owned(),
        text: text.to_owned(),
        panel,
        is_coming: false,
    };
    let graph = &open.project.network;
    if !graph.layers.iter().any(|layer| !matches!(layer.kind, LayerKind::Input { .. })) {
        let text = "The network has no layers yet. Draw one, or take a template.";
        return Some(missing("There is nothing to train", text, Some(PanelKind::Design)));
    }
    if open.project.data.is_none() {
        let text = "The project has no data yet. Drop a folder on the window, or begin with an example.";
        return Some(missing("Nothing to train on", text, Some(PanelKind::Data)));
    }
    // What the Design panel draws has shapes already, unless an edit is on its way.
    let drawn = open.design.drawn.as_ref().filter(|drawn| Arc::ptr_eq(&drawn.graph, open.design.graph()));
    let inferred;
    let shapes = match drawn {
        Some(drawn) => &drawn.shapes,
        None => {
            inferred = shapes(graph);
            &inferred
        }
    };
    if let Some(error) = shapes.errors().next() {
        let name = if error.name.is_empty() { String::new() } else { format!("{}: ", error.name) };
        let text = format!("{name}{}.", error.message);
        return Some(missing("The network has an error", &text, Some(PanelKind::Design)));
    }
    let Some(data) = training_data(open) else {
        let is_coming = !open.data.is_settled(&open.project);
        let text = if is_coming {
            "Training can begin as soon as the samples are there."
        } else {
            "The data give no samples yet. The Data panel says why."
        };
        let title = if is_coming { "The samples are being prepared" } else { "There are no samples" };
        return Some(Missing { is_coming, ..missing(title, text, Some(PanelKind::Data)) });
    };
    let text = unfit(&data.prepared.train.samples, shapes, open)?;
    Some(missing("Network and data do not fit", &text, Some(PanelKind::Design)))
}

/// How samples and network differ, in words; `None` if they fit.
fn unfit(samples: &Samples, shapes: &Shapes, open: &OpenProject) -> Option<String> {
    let graph = &open.project.network;
    let text = emberlab_core::layers::shape_text;
    let inputs: Vec<&[usize]> = graph
        .layers
        .iter()
        .filter_map(|layer| match &layer.kind {
            LayerKind::Input { shape } => Some(&shape[..]),
            _ => None,
        })
        .collect();
    if inputs.len() != samples.inputs.len() {
        let (found, wanted) = (samples.inputs.len(), inputs.len());
        return Some(format!("The network has {wanted} inputs, and samples give {found}."));
    }
    for (wanted, input) in inputs.iter().zip(&samples.inputs) {
        if *wanted != input.shape {
            let (wanted, found) = (text(wanted), text(&input.shape));
            return Some(format!("The network takes {wanted}, and a sample has {found}."));
        }
    }
    let output = shapes.outputs.first().and_then(|output| shapes.output(*output))?;
    let width: usize = output.iter().product();
    let is_single = open.project.training.loss == Loss::BinaryCrossentropy && width == 1;
    match &samples.targets {
        Targets::None => Some("The samples have no labels or values to learn.".to_owned()),
        Targets::Classes { classes, .. } if *classes == width || is_single && *classes <= 2 => None,
        Targets::Classes { classes, .. } => {
            Some(format!("The network gives {width} numbers, and the samples have {classes} classes."))
        }
        Targets::Values { shape, .. } => {
            let values: usize = shape.iter().product();
            (values != width)
                .then(|| format!("The network gives {width} numbers, and the samples have {values}."))
        }
        Targets::Inputs => {
            let values = samples.inputs.first().map_or(0, |input| input.size());
            let words =
                || format!("The network gives {width} numbers, and has to repeat the {values} of its input.");
            (values != width).then(words)
        }
    }
}
