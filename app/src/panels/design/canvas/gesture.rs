//! What a drag on the canvas means: panning, moving layers, connecting them, or a band around them.

use egui::{CursorIcon, PointerButton, Pos2, Rect, Response, Ui, Vec2, vec2};
use emberlab_core::layers::{Edit, LayerId};

use super::{Canvas, CanvasContent, REACH, move_command};
use crate::panels::design::edits::Spot;
use crate::panels::design::placed::{Placed, Port};
use crate::panels::graph::View;
use crate::project::DesignCommand;

/// What goes on between pointer and canvas.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Gesture {
    /// Nothing.
    #[default]
    Rest,
    /// The canvas moves under the pointer.
    Pan,
    /// The selected layers follow the pointer.
    Move {
        /// Where the pointer took hold of them.
        from: Pos2,
        /// How far they have come.
        by: Vec2,
    },
    /// An edge hangs on the pointer.
    Connect(Connection),
    /// A band is drawn around layers.
    Band {
        /// Where it began.
        from: Pos2,
        /// Where the pointer is.
        to: Pos2,
    },
}

/// An edge that hangs on the pointer.
#[derive(Clone, Debug, PartialEq)]
pub struct Connection {
    /// The layer that is read.
    pub from: LayerId,
    /// The edge that was taken off: the layer that reads, and the place among its inputs.
    pub detached: Option<(LayerId, usize)>,
    /// Where its end is.
    pub at: Pos2,
}

/// Layers that are moved snap to layers they are connected with, within so many points.
const SNAP: f32 = 10.0;

impl Gesture {
    /// A drag does not pan.
    pub fn holds(&self) -> bool {
        match self {
            Self::Rest | Self::Pan => false,
            Self::Move { .. } | Self::Connect(_) | Self::Band { .. } => true,
        }
    }
}

impl Canvas {
    /// Begins, goes on with and ends what a drag means.
    pub(super) fn drags(
        &mut self,
        ui: &Ui,
        content: &CanvasContent<'_>,
        response: &Response,
        view: View,
        canvas: Rect,
        commands: &mut Vec<DesignCommand>,
    ) {
        let pointer = ui.input(|input| input.pointer.latest_pos()).map(|at| view.to_graph(canvas, at));
        if response.drag_started_by(PointerButton::Primary) && matches!(self.gesture, Gesture::Rest) {
            let origin = ui.input(|input| input.pointer.press_origin());
            if let Some(origin) = origin.map(|at| view.to_graph(canvas, at)) {
                self.gesture = self.begun(ui, content, origin, view, commands);
            }
        }
        let Some(pointer) = pointer else { return };
        match &mut self.gesture {
            Gesture::Rest | Gesture::Pan => {}
            Gesture::Move { from, by } => {
                *by = pointer - *from;
                ui.set_cursor_icon(CursorIcon::Grabbing);
            }
            Gesture::Connect(connection) => {
                connection.at = pointer;
                ui.set_cursor_icon(CursorIcon::Crosshair);
            }
            Gesture::Band { to, .. } => *to = pointer,
        }
        if response.drag_stopped() {
            match std::mem::take(&mut self.gesture) {
                Gesture::Rest | Gesture::Pan => {}
                Gesture::Move { by, .. } => {
                    let by = snapped(content, by);
                    if by != Vec2::ZERO {
                        commands.push(move_command(content, by));
                    }
                }
                Gesture::Connect(connection) => {
                    self.connect(content, &connection, pointer, view, canvas, commands);
                }
                Gesture::Band { from, to } => {
                    let band = Rect::from_two_pos(from, to);
                    let placed = &content.drawn.placed;
                    let mut inside: Vec<u32> = placed.nodes_in(band).collect();
                    inside.sort_unstable();
                    let ids = inside.iter().map(|index| content.drawn.graph.layers[*index as usize].id);
                    commands.push(DesignCommand::Choose(ids.collect()));
                }
            }
        }
    }

    /// What a drag from a point means.
    fn begun(
        &self,
        ui: &Ui,
        content: &CanvasContent<'_>,
        origin: Pos2,
        view: View,
        commands: &mut Vec<DesignCommand>,
    ) -> Gesture {
        let placed = &content.drawn.placed;
        let layers = &content.drawn.graph.layers;
        match placed.port_at(origin, REACH / view.zoom) {
            Some(Port::Output(node)) => {
                let from = layers[node as usize].id;
                return Gesture::Connect(Connection { from, detached: None, at: origin });
            }
            Some(Port::Input(node, place)) => {
                let to = &layers[node as usize];
                if let Some(from) = to.inputs.get(place) {
                    let detached = Some((to.id, place));
                    return Gesture::Connect(Connection { from: *from, detached, at: origin });
                }
            }
            None => {}
        }
        if let Some(node) = placed.node_at(origin) {
            let id = layers[node as usize].id;
            if !content.choice.layers.contains(&id) {
                commands.push(DesignCommand::Choose(vec![id]));
            }
            return Gesture::Move { from: origin, by: Vec2::ZERO };
        }
        if ui.input(|input| input.modifiers.shift) {
            return Gesture::Band { from: origin, to: origin };
        }
        Gesture::Pan
    }

    /// Lets an edge go at a point.
    pub(super) fn connect(
        &mut self,
        content: &CanvasContent<'_>,
        connection: &Connection,
        at: Pos2,
        view: View,
        canvas: Rect,
        commands: &mut Vec<DesignCommand>,
    ) {
        let placed = &content.drawn.placed;
        let layers = &content.drawn.graph.layers;
        let Some(node) = target(placed, at, REACH / view.zoom) else {
            match connection.detached {
                Some((to, place)) => commands.push(DesignCommand::Edit(vec![Edit::Disconnect { to, place }])),
                None => self.ask(Spot::From(connection.from, at), view.to_screen(canvas, at)),
            }
            return;
        };
        let to = layers[node as usize].id;
        if to == connection.from || connection.detached.is_some_and(|(before, _)| before == to) {
            return;
        }
        let place = match placed.port_at(at, REACH / view.zoom) {
            Some(Port::Input(port, place)) if port == node => Some(place),
            Some(Port::Input(..) | Port::Output(_)) | None => None,
        };
        let mut edits = Vec::new();
        if let Some((to, place)) = connection.detached {
            edits.push(Edit::Disconnect { to, place });
        }
        edits.push(Edit::Connect { from: connection.from, to, place });
        commands.push(DesignCommand::Edit(edits));
    }
}

/// The layer that an edge would go to: at the point, or with a port near it.
pub fn target(placed: &Placed, at: Pos2, reach: f32) -> Option<u32> {
    placed.node_at(at).or_else(|| placed.node_at(at + vec2(0.0, reach)))
}

/// A move that ends right above or below a connected layer where it almost does.
fn snapped(content: &CanvasContent<'_>, by: Vec2) -> Vec2 {
    let drawn = content.drawn;
    let chosen = content.choice.layers;
    let is_chosen = |index: u32| chosen.contains(&drawn.graph.layers[index as usize].id);
    let missing = drawn.placed.edges.iter().filter_map(|edge| {
        let (moved, still) = match (is_chosen(edge.from), is_chosen(edge.to)) {
            (true, false) => (edge.from, edge.to),
            (false, true) => (edge.to, edge.from),
            (true, true) | (false, false) => return None,
        };
        let nodes = &drawn.placed.nodes;
        Some(nodes[still as usize].left() - (nodes[moved as usize].left() + by.x))
    });
    let nearest = missing.filter(|x| x.abs() <= SNAP).min_by(|a, b| a.abs().total_cmp(&b.abs()));
    vec2(by.x + nearest.unwrap_or(0.0), by.y)
}
