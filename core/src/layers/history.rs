//! Undo and redo without limit: a list of graphs.

use std::sync::Arc;

use super::{Edit, EditError, LayerGraph};

/// A graph with everything before and after it.
#[derive(Clone, Debug, Default)]
pub struct History {
    past: Vec<Arc<LayerGraph>>,
    present: Arc<LayerGraph>,
    future: Vec<Arc<LayerGraph>>,
    /// What a drag in progress changes, so that its next edit makes no new step.
    dragged: Option<Dragged>,
}

/// What a drag changes.
#[derive(Clone, Debug, PartialEq)]
struct Dragged(Vec<super::LayerId>, std::mem::Discriminant<Edit>);

impl History {
    /// A history that begins with a graph.
    pub fn new(graph: LayerGraph) -> Self {
        Self { present: Arc::new(graph), ..Self::default() }
    }

    /// The graph as it is now.
    pub fn graph(&self) -> &Arc<LayerGraph> {
        &self.present
    }

    /// Applies an edit as a step of its own; one that changes nothing is no step.
    ///
    /// # Errors
    /// The edit cannot be; the graph stays as it is.
    pub fn apply(&mut self, edit: &Edit) -> Result<(), EditError> {
        let graph = self.present.apply(edit)?;
        self.dragged = None;
        self.push(graph);
        Ok(())
    }

    /// Applies an edit of a drag in progress: it makes one step together with those before it that change the same thing,
    /// until [`History::rest`].
    ///
    /// # Errors
    /// The edit cannot be; the graph stays as it is.
    pub fn drag(&mut self, edit: &Edit) -> Result<(), EditError> {
        let graph = self.present.apply(edit)?;
        let dragged = Dragged(subjects(edit), std::mem::discriminant(edit));
        if self.dragged.as_ref() == Some(&dragged) {
            self.future.clear();
            self.present = Arc::new(graph);
        } else {
            self.dragged = self.push(graph).then_some(dragged);
        }
        Ok(())
    }

    /// Ends a drag.
    pub fn rest(&mut self) {
        self.dragged = None;
    }

    /// Goes one step back; false if there is none.
    pub fn undo(&mut self) -> bool {
        self.dragged = None;
        let Some(graph) = self.past.pop() else { return false };
        self.future.push(std::mem::replace(&mut self.present, graph));
        true
    }

    /// Goes one step forward again; false if there is none.
    pub fn redo(&mut self) -> bool {
        self.dragged = None;
        let Some(graph) = self.future.pop() else { return false };
        self.past.push(std::mem::replace(&mut self.present, graph));
        true
    }

    /// Steps that can be undone.
    pub fn n_undo(&self) -> usize {
        self.past.len()
    }

    /// Steps that can be redone.
    pub fn n_redo(&self) -> usize {
        self.future.len()
    }

    /// Makes a step; false if the graph is as before.
    fn push(&mut self, graph: LayerGraph) -> bool {
        if graph == *self.present {
            return false;
        }
        self.past.push(std::mem::replace(&mut self.present, Arc::new(graph)));
        self.future.clear();
        true
    }
}

/// The layers that an edit is about.
fn subjects(edit: &Edit) -> Vec<super::LayerId> {
    match edit {
        Edit::InsertAfter { after: layer, .. }
        | Edit::SetKind { layer, .. }
        | Edit::Rename { layer, .. }
        | Edit::InsertOnEdge { to: layer, .. }
        | Edit::Connect { to: layer, .. }
        | Edit::Disconnect { to: layer, .. } => vec![*layer],
        Edit::Add { inputs: layers, .. }
        | Edit::Remove { layers, .. }
        | Edit::SetOutputs { outputs: layers } => layers.clone(),
        Edit::Move { positions } => positions.iter().map(|(layer, _)| *layer).collect(),
        Edit::Paste { layers, .. } => layers.iter().map(|layer| layer.id).collect(),
        Edit::SetName { .. } | Edit::Replace { .. } => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
