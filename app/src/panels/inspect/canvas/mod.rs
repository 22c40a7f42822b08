//! The graph on its canvas: pan, zoom, fit, selection, overlay, minimap.

mod floats;
mod minimap;
pub mod paint;
pub mod view;

use std::collections::BTreeMap;

use egui::{
    CursorIcon, EventFilter, Id, PointerButton, Popup, Pos2, Rect, Response, Role, Sense, Ui, UiBuilder,
    Vec2, WidgetInfo, pos2, vec2,
};
use emberlab_core::model::{SubgraphId, TensorId};

use super::facts::GraphFacts;
use super::layout::{Direction, GraphLayout, NodeKind};
use super::overlay::Overlay;
use crate::document::{Selection, TabId};
use crate::theme::widgets::{focus_ring, icon_button};
use crate::theme::{Icon, Theme, text};
use floats::{legend_ui, node_tooltip_ui, subgraph_ui};
use minimap::{Minimap, MinimapCache};
use paint::{Detail, Scene, floating};
use view::{Motion, STEP, View};

/// View state of the canvas.
#[derive(Default)]
pub struct Canvas {
    /// Which figure the nodes show.
    pub overlay: Overlay,
    /// The wheel scrolls instead of zooming.
    pub wheel_scrolls: bool,
    /// The view of every graph that was shown.
    views: BTreeMap<GraphKey, View>,
    motion: Option<Motion>,
    shown: Option<GraphKey>,
    /// The selection that the view has been moved to.
    followed: Selection,
    minimap: MinimapCache,
    /// Size of the canvas in the frame before.
    size: Vec2,
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
    /// Zooms about the middle by a factor.
    pub fn zoom_by(&mut self, factor: f32) {
        if let Some(view) = self.shown.and_then(|key| self.views.get_mut(&key)) {
            *view = view.zoomed_at(self.size / 2.0, factor);
            self.motion = None;
        }
    }

    /// Shows the graph at its own size.
    pub fn zoom_to_one(&mut self) {
        if let Some(view) = self.shown.and_then(|key| self.views.get(&key)) {
            self.zoom_by(1.0 / view.zoom);
        }
    }

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
        self.resize(content, canvas.size());
        self.enter_graph(content, canvas);
        self.navigate(ui, content, &response, canvas);
        self.follow_selection(ui, content, canvas);
        let view = self.advance(ui, content, canvas);

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
        self.minimap_ui(ui, content, view, canvas);
        legend_ui(ui, content, self.overlay, canvas);
        self.buttons_ui(ui, content, canvas, &mut events);
        if content.subgraphs.len() > 1 {
            subgraph_ui(ui, content, canvas, &mut events);
        }
        focus_ring(ui, content.theme, &response.with_new_rect(canvas.shrink(3.0)));
        events
    }

    /// Keeps the graph in the middle, across its direction, when the canvas gets another size.
    fn resize(&mut self, content: &CanvasContent<'_>, size: Vec2) {
        let change = size - self.size;
        if self.size != Vec2::ZERO
            && change != Vec2::ZERO
            && let Some(view) = self.views.get_mut(&content.key)
        {
            match content.layout.direction {
                Direction::Vertical => view.offset.x += change.x / 2.0,
                Direction::Horizontal => view.offset.y += change.y / 2.0,
            }
            self.motion = None;
        }
        self.size = size;
    }

    /// A graph that is shown for the first time begins at its start.
    fn enter_graph(&mut self, content: &CanvasContent<'_>, canvas: Rect) {
        if self.shown != Some(content.key) {
            self.shown = Some(content.key);
            self.motion = None;
        }
        let layout = content.layout;
        self.views.entry(content.key).or_insert_with(|| {
            let inputs = layout.nodes.iter().find(|node| matches!(node.kind, NodeKind::Input(..)));
            let start = inputs.or(layout.nodes.first()).map_or(layout.bounds, |node| node.rect);
            View::beginning(
                layout.bounds,
                start,
                free(content, canvas.size()),
                layout.direction == Direction::Horizontal,
            )
        });
    }

    fn view(&self, content: &CanvasContent<'_>) -> View {
        self.views.get(&content.key).copied().unwrap_or(View { zoom: 1.0, offset: Vec2::ZERO })
    }

    /// Drag pans, the wheel zooms at the cursor or scrolls.
    fn navigate(&mut self, ui: &Ui, content: &CanvasContent<'_>, response: &Response, canvas: Rect) {
        let mut view = self.view(content);
        let before = view;
        if response.dragged_by(PointerButton::Primary) || response.dragged_by(PointerButton::Middle) {
            view.offset += response.drag_delta();
            ui.set_cursor_icon(CursorIcon::Grabbing);
        }
        if let Some(pointer) = ui.input(|input| input.pointer.hover_pos())
            && response.contains_pointer()
        {
            let (scroll, pinch) = ui.input(|input| (input.smooth_scroll_delta(), input.zoom_delta()));
            let pixels_per_notch = ui.ctx().options(|options| options.input_options.line_scroll_speed);
            let anchor = pointer - canvas.min;
            if pinch != 1.0 {
                view = view.zoomed_at(anchor, pinch);
            }
            if self.wheel_scrolls {
                view.offset += scroll;
            } else if scroll.y != 0.0 {
                view = view.zoomed_at(anchor, STEP.powf(scroll.y / pixels_per_notch.max(1.0)));
            }
        }
        if view != before {
            self.motion = None;
            self.views.insert(content.key, view.held(content.layout.bounds, canvas.size()));
        }
    }

    /// Brings a selection that was made elsewhere into sight.
    fn follow_selection(&mut self, ui: &Ui, content: &CanvasContent<'_>, canvas: Rect) {
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
            let view = self.view(content);
            self.move_to(ui, content, view.showing(rect, canvas.size()));
        }
    }

    fn move_to(&mut self, ui: &Ui, content: &CanvasContent<'_>, target: View) {
        let view = self.view(content);
        if content.reduce_motion || view == target {
            self.motion = None;
            self.views.insert(content.key, target);
        } else {
            self.motion = Some(Motion::new(view, target, ui.input(|input| input.time)));
        }
    }

    /// Shows the whole graph.
    fn fit(&mut self, ui: &Ui, content: &CanvasContent<'_>, canvas: Rect) {
        self.move_to(ui, content, View::fitting(content.layout.bounds, free(content, canvas.size())));
    }

    /// The view of this frame.
    fn advance(&mut self, ui: &Ui, content: &CanvasContent<'_>, canvas: Rect) -> View {
        if let Some(motion) = self.motion {
            let (view, arrived) = motion.at(ui.input(|input| input.time));
            if arrived {
                self.motion = None;
            } else {
                ui.request_repaint();
            }
            self.views.insert(content.key, view);
        }
        let view = self.view(content).held(content.layout.bounds, canvas.size());
        self.views.insert(content.key, view);
        view
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

    fn minimap_ui(&mut self, ui: &Ui, content: &CanvasContent<'_>, view: View, canvas: Rect) {
        let Some(minimap) = Minimap::of(content.layout, canvas) else { return };
        let id = Id::unique("inspect minimap");
        let response = ui.interact(minimap.rect, id, Sense::DRAG | Sense::CLICK);
        response
            .widget_info(|| WidgetInfo::labeled(Role::ScrollBar, ui.is_enabled(), "Overview of the graph"));
        if let Some(at) = response.interact_pointer_pos() {
            let centre = minimap.to_graph(at);
            let offset = canvas.size() / 2.0 - centre.to_vec2() * view.zoom;
            self.motion = None;
            let moved = View { zoom: view.zoom, offset }.held(content.layout.bounds, canvas.size());
            self.views.insert(content.key, moved);
            ui.request_repaint();
        }
        let painter = ui.painter_at(canvas);
        minimap.paint(&painter, content, view.visible(canvas), &mut self.minimap);
    }

    fn buttons_ui(
        &mut self,
        ui: &mut Ui,
        content: &CanvasContent<'_>,
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
                self.zoom_by(1.0 / STEP);
            }
            if icon_button(ui, theme, Icon::ZoomIn, "Zoom in").clicked() {
                self.zoom_by(STEP);
            }
            if icon_button(ui, theme, Icon::Scan, "Fit view").clicked() {
                self.fit(ui, content, canvas);
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

fn distance_to_segment(point: Pos2, from: Pos2, to: Pos2) -> f32 {
    let along = to - from;
    let length = along.length_sq();
    let t = if length > 0.0 { ((point - from).dot(along) / length).clamp(0.0, 1.0) } else { 0.0 };
    (point - (from + along * t)).length()
}
