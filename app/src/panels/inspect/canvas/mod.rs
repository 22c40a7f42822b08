//! The graph on its canvas: pan, zoom, fit, selection, overlay, minimap.

mod floats;
mod paint;

use egui::{
    EventFilter, Id, Popup, Pos2, Rect, Response, Role, Sense, Ui, UiBuilder, Vec2, WidgetInfo, pos2, vec2,
};
use emberlab_core::model::{SubgraphId, TensorId};

use super::facts::GraphFacts;
use super::layout::{Direction, GraphLayout, NodeKind};
use super::overlay::Overlay;
use crate::document::{Selection, TabId};
use crate::panels::graph::paint::{Detail, floating};
use crate::panels::graph::{Minimap, MinimapCache, STEP, Sight, View, Viewport, distance_to_segment};
use crate::theme::widgets::{focus_ring, icon_button};
use crate::theme::{Icon, Theme, text};
use floats::{legend_ui, node_tooltip_ui, subgraph_ui};
use paint::{Scene, node_colour};

/// View state of the canvas.
#[derive(Default)]
pub struct Canvas {
    /// Which figure the nodes show.
    pub overlay: Overlay,
    /// The view of every graph that was shown.
    pub viewport: Viewport<GraphKey>,
    /// The selection that the view has been moved to.
    followed: Selection,
    minimap: MinimapCache,
    id: Option<Id>,
}

/// Which graph is shown: tab, subgraph, direction.
pub type GraphKey = (TabId, SubgraphId, bool);

/// What the canvas draws.
pub struct CanvasContent<'a> {
    /// Colours.
    pub theme: &'a Theme,
    /// Which graph this is.
    pub key: GraphKey,
    /// Where its nodes are.
    pub layout: &'a GraphLayout,
    /// What they are.
    pub facts: &'a GraphFacts,
    /// Second line of every operator.
    pub second_line: &'a [String],
    /// What is selected.
    pub selection: Selection,
    /// For every operator whether find matches it; empty when nothing is looked for.
    pub matches: &'a [bool],
    /// No animation.
    pub reduce_motion: bool,
    /// Names of the subgraphs.
    pub subgraphs: &'a [String],
    /// There is a subgraph to go back to.
    pub can_go_back: bool,
}

/// What the user did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CanvasEvent {
    /// Select something.
    Select(Selection),
    /// Open what an operator calls.
    Enter(Selection),
    /// Show another subgraph.
    ShowSubgraph(SubgraphId),
    /// Go back to the subgraph before.
    Back,
    /// Turn the graph.
    Turn,
}

impl Canvas {
    /// The widget that takes the keyboard.
    pub fn id(&self) -> Option<Id> {
        self.id
    }

    /// The canvas over the available rectangle; returns what the user did.
    pub fn ui(&mut self, ui: &mut Ui, content: &CanvasContent<'_>) -> Vec<CanvasEvent> {
        let canvas = ui.available_rect_before_wrap();
        let mut events = Vec::new();
        let response = ui.allocate_rect(canvas, Sense::click_and_drag());
        response.widget_info(|| WidgetInfo::labeled(Role::Canvas, ui.is_enabled(), "Graph"));
        self.id = Some(response.id);
        if response.has_focus() {
            // Arrows move the selection, not the focus.
            let filter =
                EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
            ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
        }
        let sight = sight(content, canvas.size());
        self.viewport.enter(&sight, canvas.size());
        self.viewport.navigate(ui, &sight, &response, canvas, false);
        self.follow_selection(ui, content, &sight);
        let view = self.viewport.advance(ui, &sight);

        let hovered = self.hovered(ui, content, &response, view, canvas);
        let (selected, selected_tensor) = selected(content);
        let painter = ui.painter_at(canvas);
        Scene {
            theme: content.theme,
            layout: content.layout,
            facts: content.facts,
            view,
            canvas,
            overlay: self.overlay,
            second_line: content.second_line,
            selected,
            selected_tensor,
            hovered,
            matches: content.matches,
        }
        .paint(&painter);
        self.nodes_ui(ui, content, &response, view, canvas, &mut events);
        if response.clicked() {
            response.request_focus();
            let at = response.interact_pointer_pos().map(|at| view.to_graph(canvas, at));
            events.push(CanvasEvent::Select(at.map_or(Selection::None, |at| pick(content, at, view.zoom))));
        }
        self.minimap_ui(ui, content, &sight, view, canvas);
        legend_ui(ui, content, self.overlay, canvas);
        self.buttons_ui(ui, content, &sight, canvas, &mut events);
        if content.subgraphs.len() > 1 {
            subgraph_ui(ui, content, canvas, &mut events);
        }
        focus_ring(ui, content.theme, &response.with_new_rect(canvas.shrink(3.0)));
        events
    }

    /// Brings a selection that was made elsewhere into sight.
    fn follow_selection(&mut self, ui: &Ui, content: &CanvasContent<'_>, sight: &Sight<GraphKey>) {
        if self.followed == content.selection {
            return;
        }
        self.followed = content.selection;
        let node = match content.selection {
            Selection::Operator(subgraph, operator) | Selection::Scratch(subgraph, operator, _)
                if subgraph == content.key.1 =>
            {
                content.layout.operator_node(operator).map(|node| node.rect)
            }
            Selection::Tensor(subgraph, tensor) if subgraph == content.key.1 => {
                tensor_rect(content.layout, tensor)
            }
            _ => None,
        };
        if let Some(rect) = node {
            self.viewport.show(ui, sight, rect);
        }
    }

    fn hovered(
        &self,
        ui: &Ui,
        content: &CanvasContent<'_>,
        response: &Response,
        view: View,
        canvas: Rect,
    ) -> Option<u32> {
        if !response.contains_pointer() || response.dragged() {
            return None;
        }
        let at = ui.input(|input| input.pointer.hover_pos())?;
        content.layout.node_at(view.to_graph(canvas, at))
    }

    /// A widget for each node that is large enough to be read: it can be clicked, heard and found.
    fn nodes_ui(
        &self,
        ui: &Ui,
        content: &CanvasContent<'_>,
        canvas_response: &Response,
        view: View,
        canvas: Rect,
        events: &mut Vec<CanvasEvent>,
    ) {
        if Detail::at(view.zoom) == Detail::Block {
            return;
        }
        for number in content.layout.nodes_in(view.visible(canvas)) {
            let node = &content.layout.nodes[number as usize];
            let rect = view.rect_to_screen(canvas, node.rect).intersect(canvas);
            if !rect.is_positive() {
                continue;
            }
            let id: Id = canvas_response.id.with(("node", number));
            // Not reached with Tab one by one: arrows move between nodes once the graph has the focus.
            let response = ui.interact(rect, id, Sense::CLICK);
            let subgraph = content.key.1;
            let (selection, spoken) = match node.kind {
                NodeKind::Operator(operator) => {
                    let Some(facts) = content.facts.operators.get(operator.index()) else { continue };
                    (Selection::Operator(subgraph, operator), facts.spoken.clone())
                }
                NodeKind::Input(place, tensor) => {
                    (Selection::Tensor(subgraph, tensor), format!("Input {}, tensor {}", place + 1, tensor.0))
                }
                NodeKind::Output(place, tensor) => (
                    Selection::Tensor(subgraph, tensor),
                    format!("Output {}, tensor {}", place + 1, tensor.0),
                ),
            };
            response.widget_info(|| {
                WidgetInfo::selected(Role::Button, ui.is_enabled(), selection == content.selection, &spoken)
            });
            if response.double_clicked() {
                events.push(CanvasEvent::Enter(selection));
            } else if response.clicked() {
                canvas_response.request_focus();
                events.push(CanvasEvent::Select(selection));
            }
            if response.hovered() {
                response.on_hover_ui(|ui| node_tooltip_ui(ui, content, node.kind));
            }
        }
    }

    fn minimap_ui(
        &mut self,
        ui: &Ui,
        content: &CanvasContent<'_>,
        sight: &Sight<GraphKey>,
        view: View,
        canvas: Rect,
    ) {
        let CanvasContent { theme, layout, facts, .. } = *content;
        let Some(minimap) = Minimap::of(layout.bounds, sight.horizontal, canvas) else { return };
        let id = Id::unique("inspect minimap");
        let response = ui.interact(minimap.rect, id, Sense::DRAG | Sense::CLICK);
        response
            .widget_info(|| WidgetInfo::labeled(Role::ScrollBar, ui.is_enabled(), "Overview of the graph"));
        if let Some(at) = response.interact_pointer_pos() {
            self.viewport.centre_on(ui, sight, minimap.to_graph(at));
        }
        let operators = layout.nodes.iter().filter(|node| matches!(node.kind, NodeKind::Operator(_)));
        let mut nodes = operators.map(|node| (node.rect, node_colour(theme, facts, node)));
        let key = std::ptr::from_ref(layout).addr() as u64;
        let painter = ui.painter_at(canvas);
        minimap.paint(&painter, theme, view.visible(canvas), &mut self.minimap, key, &mut nodes);
    }

    fn buttons_ui(
        &mut self,
        ui: &mut Ui,
        content: &CanvasContent<'_>,
        sight: &Sight<GraphKey>,
        canvas: Rect,
        events: &mut Vec<CanvasEvent>,
    ) {
        let size = vec2(150.0, 32.0);
        let frame = Rect::from_min_size(canvas.max - size - Vec2::splat(12.0), size);
        floating(&ui.painter_at(canvas), content.theme, frame);
        let layout = egui::Layout::left_to_right(egui::Align::Center);
        ui.scope_builder(UiBuilder::new().max_rect(frame.shrink2(vec2(5.0, 2.0))).layout(layout), |ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            let theme = content.theme;
            if icon_button(ui, theme, Icon::ZoomOut, "Zoom out").clicked() {
                self.viewport.zoom_by(1.0 / STEP);
            }
            if icon_button(ui, theme, Icon::ZoomIn, "Zoom in").clicked() {
                self.viewport.zoom_by(STEP);
            }
            if icon_button(ui, theme, Icon::Scan, "Fit view").clicked() {
                self.viewport.fit(ui, sight);
            }
            let (icon, name) = match content.layout.direction {
                Direction::Vertical => (Icon::ArrowDown, "Turn the graph to run rightwards"),
                Direction::Horizontal => (Icon::ArrowRight, "Turn the graph to run downwards"),
            };
            if icon_button(ui, theme, icon, name).clicked() {
                events.push(CanvasEvent::Turn);
            }
            let overlay = icon_button(ui, theme, Icon::Layers, "Overlay");
            Popup::menu(&overlay).show(|ui| {
                for choice in Overlay::ALL {
                    if ui.selectable_label(self.overlay == choice, text::label(choice.label())).clicked() {
                        self.overlay = choice;
                        ui.close();
                    }
                }
            });
        });
    }
}

/// The graph as a viewport sees it.
fn sight(content: &CanvasContent<'_>, canvas: Vec2) -> Sight<GraphKey> {
    let layout = content.layout;
    // Inputs follow the operators.
    let first_input = layout.nodes.get(content.facts.operators.len());
    Sight {
        key: content.key,
        bounds: layout.bounds,
        start: first_input.or(layout.nodes.first()).map_or(layout.bounds, |node| node.rect),
        free: free(content, canvas),
        horizontal: layout.direction == Direction::Horizontal,
        reduce_motion: content.reduce_motion,
    }
}

/// The part of a canvas that neither minimap nor buttons float over, from its corner.
fn free(content: &CanvasContent<'_>, canvas: Vec2) -> Rect {
    let margin = 12.0;
    let (minimap, bar) = (44.0 + margin, 32.0 + margin);
    let (right, top) = match content.layout.direction {
        Direction::Vertical => (minimap, 0.0),
        Direction::Horizontal => (0.0, minimap),
    };
    let chooser = if content.subgraphs.len() > 1 { bar } else { 0.0 };
    let min = pos2(margin, margin + chooser.max(top));
    let max = pos2(canvas.x - margin - right, canvas.y - margin - bar);
    Rect::from_min_max(min, max.max(min + Vec2::splat(1.0)))
}

/// The node and the tensor that are selected.
fn selected(content: &CanvasContent<'_>) -> (Option<u32>, Option<TensorId>) {
    match content.selection {
        Selection::Operator(subgraph, operator) | Selection::Scratch(subgraph, operator, _)
            if subgraph == content.key.1 =>
        {
            (Some(operator.0), None)
        }
        Selection::Tensor(subgraph, tensor) if subgraph == content.key.1 => (None, Some(tensor)),
        _ => (None, None),
    }
}

/// Where a tensor is: its label, its pill, or the operator that writes it.
fn tensor_rect(layout: &GraphLayout, tensor: TensorId) -> Option<Rect> {
    let label = layout.labels.iter().find(|label| label.tensor == tensor);
    if let Some(label) = label {
        return Some(Rect::from_center_size(label.position, vec2(160.0, 24.0)));
    }
    let pill = layout.nodes.iter().find(
        |node| matches!(node.kind, NodeKind::Input(_, shown) | NodeKind::Output(_, shown) if shown == tensor),
    );
    let edge = || layout.edges.iter().find(|edge| edge.tensor == tensor);
    pill.map(|node| node.rect).or_else(|| layout.nodes.get(edge()?.from as usize).map(|node| node.rect))
}

/// What is at a point of the graph: a node, or the tensor of a near edge.
fn pick(content: &CanvasContent<'_>, at: Pos2, zoom: f32) -> Selection {
    let subgraph = content.key.1;
    if let Some(number) = content.layout.node_at(at) {
        return match content.layout.nodes[number as usize].kind {
            NodeKind::Operator(operator) => Selection::Operator(subgraph, operator),
            NodeKind::Input(_, tensor) | NodeKind::Output(_, tensor) => Selection::Tensor(subgraph, tensor),
        };
    }
    let reach = 6.0 / zoom;
    let near = Rect::from_center_size(at, Vec2::splat(2.0 * reach));
    let edge =
        content.layout.edges_in(near).map(|number| &content.layout.edges[number as usize]).find(|edge| {
            edge.points.windows(2).any(|pair| distance_to_segment(at, pair[0], pair[1]) <= reach)
        });
    edge.map_or(Selection::None, |edge| Selection::Tensor(subgraph, edge.tensor))
}
