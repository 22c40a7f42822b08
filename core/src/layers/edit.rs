//! Edits of a graph, as values: each makes a new graph out of the one before.

use std::collections::{HashMap, HashSet};

use thiserror::Error;

use super::{Activation, Layer, LayerGraph, LayerId, LayerKind, MergeOperation, PoolMode};

/// One thing that a user does to a graph.
///
/// Edits may leave shapes that do not fit, which [`shapes`](super::shapes) then explains; they never leave loops, edges to
/// layers that are not there, or identities or names given twice, unless they were there before.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// A new layer that reads others, which keep their readers.
    Add {
        /// What it computes.
        kind: LayerKind,
        /// Its name; `None` for one after its kind.
        name: Option<String>,
        /// The layers that it reads.
        inputs: Vec<LayerId>,
        /// Where it stands on the canvas.
        position: Option<[f32; 2]>,
    },
    /// A new layer behind another, whose readers (and place among the outputs) it takes over.
    InsertAfter {
        /// What it computes.
        kind: LayerKind,
        /// The layer that it reads.
        after: LayerId,
        /// Where it stands on the canvas.
        position: Option<[f32; 2]>,
    },
    /// A new layer on one edge.
    InsertOnEdge {
        /// What it computes.
        kind: LayerKind,
        /// The layer that the edge leads to.
        to: LayerId,
        /// The place of the edge among the inputs of that layer.
        place: usize,
        /// Where it stands on the canvas.
        position: Option<[f32; 2]>,
    },
    /// Layers go.
    Remove {
        /// Which.
        layers: Vec<LayerId>,
        /// Readers of a removed layer read its first input instead.
        bridge: bool,
    },
    /// A layer computes something else, or with other numbers.
    SetKind {
        /// Which layer.
        layer: LayerId,
        /// What it computes from now on.
        kind: LayerKind,
    },
    /// A layer gets another name.
    Rename {
        /// Which layer.
        layer: LayerId,
        /// The name.
        name: String,
    },
    /// A layer reads another one.
    Connect {
        /// The layer that is read.
        from: LayerId,
        /// The layer that reads.
        to: LayerId,
        /// The input that is replaced; `None` for one more, or for the only one of a layer that takes one.
        place: Option<usize>,
    },
    /// A layer does not read one of its inputs any more.
    Disconnect {
        /// The layer that reads.
        to: LayerId,
        /// The place among its inputs.
        place: usize,
    },
    /// Layers stand elsewhere on the canvas; `None` leaves it to the layout.
    Move {
        /// Which layers, and where.
        positions: Vec<(LayerId, Option<[f32; 2]>)>,
    },
    /// Copies of layers: edges among them are copied, edges from elsewhere are kept where that layer exists.
    Paste {
        /// The layers, as they were copied.
        layers: Vec<Layer>,
        /// Added to their positions, in points.
        offset: [f32; 2],
    },
    /// The network gives other outputs; none stands for every layer that no other reads.
    SetOutputs {
        /// In order.
        outputs: Vec<LayerId>,
    },
    /// The network gets another name.
    SetName {
        /// The name.
        name: String,
    },
    /// Another network.
    Replace {
        /// Which one.
        graph: LayerGraph,
    },
}

/// Why an edit cannot be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[allow(missing_docs)]
pub enum EditError {
    #[error("There is no layer with the number {}", .0.0)]
    NoLayer(LayerId),
    #[error("{to} has no input {place}")]
    NoInput { to: String, place: usize },
    #[error("Samples enter at {0}: it reads no other layer")]
    IsInput(String),
    #[error("{from} depends on {to}: the layers would run in a circle")]
    Loop { from: String, to: String },
    #[error("The name {0} belongs to another layer already")]
    NameTaken(String),
    #[error("A layer needs a name")]
    NoName,
    #[error("{0} is an output already")]
    OutputTwice(String),
    #[error("The graph has no number left for another layer")]
    Full,
}

impl LayerGraph {
    /// The graph after an edit.
    ///
    /// # Errors
    /// The edit names a layer that is not there, or would make a loop, or takes a name twice.
    pub fn apply(&self, edit: &Edit) -> Result<Self, EditError> {
        let mut graph = self.clone();
        match edit {
            Edit::Add { kind, name, inputs, position } => {
                for input in inputs {
                    graph.expect(*input)?;
                }
                graph.add(kind.clone(), name.as_deref(), inputs.clone(), *position)?;
            }
            Edit::InsertAfter { kind, after, position } => {
                graph.expect(*after)?;
                let id = graph.add(kind.clone(), None, vec![*after], *position)?;
                for layer in graph.layers.iter_mut().filter(|layer| layer.id != id) {
                    replace(&mut layer.inputs, *after, id);
                }
                replace(&mut graph.outputs, *after, id);
            }
            Edit::InsertOnEdge { kind, to, place, position } => {
                let from = graph.input_of(*to, *place)?;
                let id = graph.add(kind.clone(), None, vec![from], *position)?;
                graph.expect_mut(*to)?.inputs[*place] = id;
            }
            Edit::Remove { layers, bridge } => {
                for layer in layers {
                    graph.expect(*layer)?;
                }
                graph.remove(&layers.iter().copied().collect(), *bridge);
            }
            Edit::SetKind { layer, kind } => {
                let layer = graph.expect_mut(*layer)?;
                if matches!(kind, LayerKind::Input { .. }) {
                    layer.inputs.clear();
                }
                layer.kind = kind.clone();
            }
            Edit::Rename { layer, name } => {
                graph.expect(*layer)?;
                if name.is_empty() {
                    return Err(EditError::NoName);
                }
                if graph.layers.iter().any(|other| other.id != *layer && other.name == *name) {
                    return Err(EditError::NameTaken(name.clone()));
                }
                graph.expect_mut(*layer)?.name.clone_from(name);
            }
            Edit::Connect { from, to, place } => graph.connect(*from, *to, *place)?,
            Edit::Disconnect { to, place } => {
                graph.input_of(*to, *place)?;
                graph.expect_mut(*to)?.inputs.remove(*place);
            }
            Edit::Move { positions } => {
                for (layer, position) in positions {
                    graph.expect_mut(*layer)?.position = *position;
                }
            }
            Edit::Paste { layers, offset } => graph.paste(layers, *offset)?,
            Edit::SetOutputs { outputs } => {
                let mut seen = HashSet::new();
                for output in outputs {
                    let layer = graph.expect(*output)?;
                    if !seen.insert(*output) {
                        return Err(EditError::OutputTwice(layer.name.clone()));
                    }
                }
                graph.outputs.clone_from(outputs);
            }
            Edit::SetName { name } => graph.name.clone_from(name),
            Edit::Replace { graph: other } => graph = other.clone(),
        }
        Ok(graph)
    }

    /// The number that the next new layer gets; `None` once all are taken.
    pub fn next_id(&self) -> Option<LayerId> {
        match self.layers.iter().map(|layer| layer.id.0).max() {
            None => Some(LayerId(0)),
            Some(largest) => largest.checked_add(1).map(LayerId),
        }
    }

    /// A name after the kind that no layer has, such as `conv2d_3`.
    pub fn free_name(&self, kind: &LayerKind) -> String {
        self.free_name_like(default_name(kind))
    }

    fn free_name_like(&self, wanted: &str) -> String {
        let taken: HashSet<&str> = self.layers.iter().map(|layer| layer.name.as_str()).collect();
        if !taken.contains(wanted) {
            return wanted.to_owned();
        }
        let stem = wanted.trim_end_matches(|c: char| c.is_ascii_digit());
        let stem = stem.strip_suffix('_').filter(|stem| !stem.is_empty()).unwrap_or(wanted);
        let numbered = (1..=taken.len() + 1).map(|number| format!("{stem}_{number}"));
        numbered.into_iter().find(|name| !taken.contains(name.as_str())).unwrap_or_default()
    }

    fn expect(&self, id: LayerId) -> Result<&Layer, EditError> {
        self.layer(id).ok_or(EditError::NoLayer(id))
    }

    fn expect_mut(&mut self, id: LayerId) -> Result<&mut Layer, EditError> {
        self.layers.iter_mut().find(|layer| layer.id == id).ok_or(EditError::NoLayer(id))
    }

    fn input_of(&self, to: LayerId, place: usize) -> Result<LayerId, EditError> {
        let layer = self.expect(to)?;
        let input = layer.inputs.get(place).copied();
        input.ok_or_else(|| EditError::NoInput { to: layer.name.clone(), place })
    }

    fn add(
        &mut self,
        kind: LayerKind,
        name: Option<&str>,
        inputs: Vec<LayerId>,
        position: Option<[f32; 2]>,
    ) -> Result<LayerId, EditError> {
        let id = self.next_id().ok_or(EditError::Full)?;
        let name = match name {
            Some("") => return Err(EditError::NoName),
            Some(name) if self.layers.iter().any(|layer| layer.name == name) => {
                return Err(EditError::NameTaken(name.to_owned()));
            }
            Some(name) => name.to_owned(),
            None => self.free_name(&kind),
        };
        if matches!(kind, LayerKind::Input { .. }) && !inputs.is_empty() {
            return Err(EditError::IsInput(name));
        }
        self.layers.push(Layer { id, name, inputs, position, kind });
        Ok(id)
    }

    fn remove(&mut self, removed: &HashSet<LayerId>, bridge: bool) {
        let stand_ins = if bridge { self.stand_ins(removed) } else { HashMap::new() };
        let resolve = |ids: &mut Vec<LayerId>| {
            let kept = ids
                .iter()
                .filter_map(|id| if removed.contains(id) { *stand_ins.get(id)? } else { Some(*id) });
            *ids = kept.collect();
        };
        self.layers.retain(|layer| !removed.contains(&layer.id));
        self.layers.iter_mut().for_each(|layer| resolve(&mut layer.inputs));
        resolve(&mut self.outputs);
        let mut seen = HashSet::new();
        self.outputs.retain(|id| seen.insert(*id));
    }

    /// For each removed layer the first kept layer up its first inputs; `None` where there is none.
    fn stand_ins(&self, removed: &HashSet<LayerId>) -> HashMap<LayerId, Option<LayerId>> {
        let first_input: HashMap<LayerId, Option<LayerId>> =
            self.layers.iter().map(|layer| (layer.id, layer.inputs.first().copied())).collect();
        let stand_in = |id: &LayerId| {
            let mut at = Some(*id);
            // A loop, which only a damaged graph has, ends after as many steps as there are layers.
            for _ in 0..=self.layers.len() {
                match at {
                    Some(found) if removed.contains(&found) => {
                        at = first_input.get(&found).copied().flatten()
                    }
                    found => return found.filter(|id| first_input.contains_key(id)),
                }
            }
            None
        };
        removed.iter().map(|id| (*id, stand_in(id))).collect()
    }

    fn connect(&mut self, from: LayerId, to: LayerId, place: Option<usize>) -> Result<(), EditError> {
        let source = self.expect(from)?.name.clone();
        let target = self.expect(to)?;
        let (_, most) = target.kind.input_range();
        if most == 0 {
            return Err(EditError::IsInput(target.name.clone()));
        }
        if self.depends_on(from, to) {
            return Err(EditError::Loop { from: source, to: target.name.clone() });
        }
        let n_inputs = target.inputs.len();
        let place = match place {
            Some(place) if place > n_inputs => {
                return Err(EditError::NoInput { to: target.name.clone(), place });
            }
            Some(place) => place,
            None if most == 1 => 0,
            None => n_inputs,
        };
        let inputs = &mut self.expect_mut(to)?.inputs;
        match inputs.get_mut(place) {
            Some(input) => *input = from,
            None => inputs.push(from),
        }
        Ok(())
    }

    /// Whether `layer` is `other` or reads it, directly or through others.
    pub fn depends_on(&self, layer: LayerId, other: LayerId) -> bool {
        let inputs: HashMap<LayerId, &[LayerId]> =
            self.layers.iter().map(|layer| (layer.id, layer.inputs.as_slice())).collect();
        let mut open = vec![layer];
        let mut seen = HashSet::new();
        while let Some(id) = open.pop() {
            if id == other {
                return true;
            }
            if seen.insert(id) {
                open.extend(inputs.get(&id).copied().unwrap_or_default());
            }
        }
        false
    }

    fn paste(&mut self, layers: &[Layer], offset: [f32; 2]) -> Result<(), EditError> {
        let existing: HashSet<LayerId> = self.layers.iter().map(|layer| layer.id).collect();
        let first = self.next_id().ok_or(EditError::Full)?.0;
        let mut new_ids = HashMap::new();
        for (number, layer) in layers.iter().enumerate() {
            let number = u32::try_from(number).ok().and_then(|number| first.checked_add(number));
            new_ids.insert(layer.id, LayerId(number.ok_or(EditError::Full)?));
        }
        for layer in layers {
            let inputs = layer.inputs.iter();
            let inputs = inputs
                .filter_map(|id| new_ids.get(id).copied().or_else(|| existing.contains(id).then_some(*id)));
            let copy = Layer {
                id: new_ids[&layer.id],
                name: self.free_name_like(&layer.name),
                inputs: inputs.collect(),
                position: layer.position.map(|[x, y]| [x + offset[0], y + offset[1]]),
                kind: layer.kind.clone(),
            };
            self.layers.push(copy);
        }
        Ok(())
    }
}

fn replace(ids: &mut [LayerId], old: LayerId, new: LayerId) {
    ids.iter_mut().filter(|id| **id == old).for_each(|id| *id = new);
}

/// Keras's name for a layer that nobody named.
fn default_name(kind: &LayerKind) -> &'static str {
    match kind {
        LayerKind::Input { .. } => "input",
        LayerKind::Dense { .. } => "dense",
        LayerKind::Conv1D { .. } => "conv1d",
        LayerKind::Conv2D { .. } => "conv2d",
        LayerKind::DepthwiseConv2D { .. } => "depthwise_conv2d",
        LayerKind::SeparableConv2D { .. } => "separable_conv2d",
        LayerKind::Pool1D { mode: PoolMode::Max, .. } => "max_pooling1d",
        LayerKind::Pool1D { mode: PoolMode::Average, .. } => "average_pooling1d",
        LayerKind::Pool2D { mode: PoolMode::Max, .. } => "max_pooling2d",
        LayerKind::Pool2D { mode: PoolMode::Average, .. } => "average_pooling2d",
        LayerKind::GlobalPool { mode: PoolMode::Max } => "global_max_pooling",
        LayerKind::GlobalPool { mode: PoolMode::Average } => "global_average_pooling",
        LayerKind::BatchNorm { .. } => "batch_normalization",
        LayerKind::Activation { activation } => match activation {
            Activation::Linear => "linear",
            Activation::Relu => "re_lu",
            Activation::Relu6 => "re_lu6",
            Activation::LeakyRelu { .. } => "leaky_re_lu",
            Activation::Sigmoid => "sigmoid",
            Activation::Tanh => "tanh",
            Activation::Softmax => "softmax",
            Activation::HardSwish => "hard_swish",
        },
        LayerKind::Dropout { .. } => "dropout",
        LayerKind::Flatten {} => "flatten",
        LayerKind::Reshape { .. } => "reshape",
        LayerKind::ZeroPadding { .. } => "zero_padding",
        LayerKind::UpSampling { .. } => "up_sampling",
        LayerKind::Merge { operation } => match operation {
            MergeOperation::Add => "add",
            MergeOperation::Subtract => "subtract",
            MergeOperation::Multiply => "multiply",
            MergeOperation::Average => "average",
            MergeOperation::Maximum => "maximum",
        },
        LayerKind::Concatenate { .. } => "concatenate",
        LayerKind::Lstm { .. } => "lstm",
    }
}

#[cfg(test)]
mod tests;
