//! Layers as text, for copy and paste between networks, projects and editors.

use emberlab_core::layers::{Layer, LayerGraph, LayerId};
use serde::{Deserialize, Serialize};

/// The form of the text.
#[derive(Serialize, Deserialize)]
struct Clip {
    /// Tells this text from any other.
    emberlab_layers: u32,
    layers: Vec<Layer>,
    /// Layers that these read and that were not copied: in another network their numbers mean something else.
    #[serde(default)]
    outside: Vec<(LayerId, String)>,
}

/// Version of the form.
const VERSION: u32 = 1;

/// The layers as text, in the order of the graph; `None` for none.
pub fn text_of(graph: &LayerGraph, layers: &[LayerId]) -> Option<String> {
    let layers: Vec<Layer> =
        graph.layers.iter().filter(|layer| layers.contains(&layer.id)).cloned().collect();
    if layers.is_empty() {
        return None;
    }
    let read = layers.iter().flat_map(|layer| &layer.inputs).filter_map(|id| graph.layer(*id));
    let outside = read.filter(|layer| layers.iter().all(|copied| copied.id != layer.id));
    let outside = outside.map(|layer| (layer.id, layer.name.clone())).collect();
    serde_json::to_string_pretty(&Clip { emberlab_layers: VERSION, layers, outside }).ok()
}

/// The layers of such a text, for pasting into a graph: they read what they read before where the graph has it.
///
/// # Errors
/// Says what the text is instead.
pub fn layers_of(text: &str, graph: &LayerGraph) -> Result<Vec<Layer>, String> {
    if !text.contains("\"emberlab_layers\"") {
        return Err("The clipboard holds no layers. Copy some in a network first".to_owned());
    }
    let clip: Clip = serde_json::from_str(text)
        .map_err(|error| format!("The layers on the clipboard cannot be read: {error}"))?;
    if clip.emberlab_layers != VERSION {
        let found = clip.emberlab_layers;
        return Err(format!(
            "The layers on the clipboard have the form {found}; this version reads {VERSION}"
        ));
    }
    let copied: Vec<LayerId> = clip.layers.iter().map(|layer| layer.id).collect();
    let is_there = |id: &LayerId| {
        copied.contains(id)
            || clip.outside.iter().any(|(outside, name)| {
                outside == id && graph.layer(*id).is_some_and(|layer| layer.name == *name)
            })
    };
    let mut layers = clip.layers;
    for layer in &mut layers {
        layer.inputs.retain(is_there);
    }
    Ok(layers)
}

#[cfg(test)]
mod tests {
    use emberlab_core::layers::{Activation, Edit, LayerKind};

    use super::*;

    #[test]
    fn copied_layers_come_back_as_they_were() {
        let mut graph = LayerGraph::default();
        let input = LayerKind::Input { shape: vec![4, 3] };
        let leaky = LayerKind::Activation { activation: Activation::LeakyRelu { slope: 0.25 } };
        let kinds = [(input, vec![]), (LayerKind::Flatten {}, vec![LayerId(0)]), (leaky, vec![LayerId(1)])];
        for (kind, inputs) in kinds {
            let position = Some([1.5, 2.0]);
            graph = graph.apply(&Edit::Add { kind, name: None, inputs, position }).unwrap();
        }
        let text = text_of(&graph, &[LayerId(1), LayerId(2)]).unwrap();
        assert_eq!(layers_of(&text, &graph).unwrap(), graph.layers[1..]);
        assert_eq!(text_of(&graph, &[LayerId(9)]), None);
        // Elsewhere the number 0 means another layer.
        let other = LayerGraph::default()
            .apply(&Edit::Add {
                kind: LayerKind::Input { shape: vec![9] },
                name: Some("sound".to_owned()),
                inputs: Vec::new(),
                position: None,
            })
            .unwrap();
        let pasted = layers_of(&text, &other).unwrap();
        assert!(pasted[0].inputs.is_empty());
        assert_eq!(pasted[1].inputs, [LayerId(1)]);
    }

    #[test]
    fn other_text_is_refused_in_words() {
        let graph = LayerGraph::default();
        let refusal = |text: &str| layers_of(text, &graph).unwrap_err();
        assert!(refusal("model.add(Dense(3))").contains("no layers"));
        assert!(refusal("{\"emberlab_layers\": 1, \"layers\": [3]}").contains("cannot be read"));
        assert!(refusal("{\"emberlab_layers\": 9, \"layers\": []}").contains("form 9"));
    }
}
