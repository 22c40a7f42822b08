//! The network on its canvas: pan, zoom, select, move, connect, insert.

mod gesture;
mod notes;
mod paint;

use egui::{
    CursorIcon, DragAndDrop, EventFilter, Id, Popup, Pos2, Rect, Response, Role, Sense, Ui, UiBuilder, Vec2,
    WidgetInfo, pos2, vec2,
};
use emberlab_core::layers::LayerId;

use super::adder::Adder;
use super::edits::{Choice, Spot, added, moved, read_shape};
use super::entries::Entry;
use super::facts::{Figure, NetworkFacts};
use super::placed::{Placed, Port};
use crate::document::TabId;
use crate::panels::graph::paint::{Detail, floating};
use crate::panels::graph::{Minimap, MinimapCache, STEP, Sight, View, Viewport};
use crate::project::DesignCommand;
use crate::project::design::Drawn;
use crate::theme::widgets::{focus_ring, icon_button};
use crate::theme::{Icon, Theme, text};
use gesture::{Connection, Gesture};
use paint::Scene;

/// View state of the canvas.
#[derive(Default)]
pub struct Canvas {
    /// Which figure the cards show.
    pub figure: Figure,
    /// The view of every network that was shown.
    pub viewport: Viewport<TabId>,
    gesture: Gesture,
    /// The list of layers that hangs on the canvas, if it does.
    adder: Option<Adder>,
    /// The layer that the view has been moved to.
    followed: Option<LayerId>,
    minimap: MinimapCache,
    wants_fit: bool,
    id: Option<Id>,
}

/// What the canvas draws.
pub struct CanvasContent<'a> {
    /// Colours.
    pub theme: &'a Theme,
    /// The tab.
    pub tab: TabId,
    /// The network.
    pub drawn: &'a Drawn,
    /// What is known about its layers.
    pub facts: &'a NetworkFacts,
    /// What is selected.
    pub choice: Choice<'a>,
    /// No animation.
    pub reduce_motion: bool,
}

/// How near to a port or an edge the pointer must be, in points of the screen.
const REACH: f32 = 9.0;

impl Canvas {
    /// The widget that takes the keyboard.
    pub fn id(&self) -> Option<Id> {
        self.id
    }

    /// Shows the whole network in the next frame.
    pub fn wants_fit(&mut self) {
        self.wants_fit = true;
    }

    /// Ends a connection or a list of layers; false if there was none.
    pub fn escape(&mut self) -> bool {
        let is_busy = self.adder.is_some() || !matches!(self.gesture, Gesture::Rest);
        self.adder = None;
        self.gesture = Gesture::Rest;
        is_busy
    }

    /// Shows the list of layers for a spot; `at` is where on the screen.
    pub fn ask(&mut self, spot: Spot, at: Pos2) {
        self.adder = Some(Adder::new(spot, at));
    }

    /// The canvas over the available rectangle; returns what the user asked for.
    pub fn ui(&mut self, ui: &mut Ui, content: &CanvasContent<'_>) -> Vec<DesignCommand> {
        let canvas = ui.available_rect_before_wrap();
        let mut commands = Vec::new();
        let response = ui.allocate_rect(canvas, Sense::click_and_drag());
        response.widget_info(|| WidgetInfo::labeled(Role::Canvas, ui.is_enabled(), "Network"));
        self.id = Some(response.id);
        if response.has_focus() {
            // Arrows move the selection, not the focus.
            let filter =
                EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
            ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
        }
        let sight = sight(content, canvas.size());
        self.viewport.enter(&sight, canvas.size());
        let view = self.viewport.view(content.tab);
        self.drags(ui, content, &response, view, canvas, &mut commands);
        self.viewport.navigate(ui, &sight, &response, canvas, self.gesture.holds());
        self.follow_choice(ui, content, &sight);
        if std::mem::take(&mut self.wants_fit) {
            self.viewport.fit(ui, &sight);
        }
        let view = self.viewport.advance(ui, &sight);

        // While layers are moved they are drawn where they would go.
        let displaced = self.displaced(content);
        let placed = displaced.as_ref().unwrap_or(&content.drawn.placed);
        let pointer = ui.input(|input| input.pointer.hover_pos()).filter(|_| response.contains_pointer());
        let pointer = pointer.map(|at| view.to_graph(canvas, at));
        let dropping = self.dropping(ui, placed, pointer, view);
        let scene = Scene {
            theme: content.theme,
            drawn: content.drawn,
            placed,
            facts: content.facts,
            choice: content.choice,
            view,
            canvas,
            figure: self.figure,
            pointer,
            gesture: &self.gesture,
            dropping,
        };
        scene.paint(&ui.painter_at(canvas));
        self.nodes_ui(ui, content, placed, &response, view, canvas, &mut commands);
        if response.clicked() {
            response.request_focus();
            self.clicked(ui, content, &response, view, canvas, &mut commands);
        }
        if response.double_clicked()
            && let Some(at) = pointer
            && placed.node_at(at).is_none()
            && placed.edge_at(at, REACH / view.zoom).is_none()
        {
            self.ask(Spot::At(at), view.to_screen(canvas, at));
        }
        self.dropped(ui, content, dropping, &mut commands);
        self.minimap_ui(ui, content, placed, &sight, view, canvas);
        self.buttons_ui(ui, content, &sight, canvas);
        self.adder_ui(ui, content, canvas, &mut commands);
        focus_ring(ui, content.theme, &response.with_new_rect(canvas.shrink(3.0)));
        commands
    }

    /// Layers at the places that a move in progress takes them to.
    fn displaced(&self, content: &CanvasContent<'_>) -> Option<Placed> {
        let Gesture::Move { by, .. } = self.gesture else { return None };
        let layers = content.drawn.graph.layers.iter().zip(&content.drawn.placed.nodes);
        let rects =
            layers.map(
                |(layer, rect)| {
                    if content.choice.layers.contains(&layer.id) { rect.translate(by) } else { *rect }
                },
            );
        Some(Placed::by_hand(&content.drawn.graph, rects.collect()))
    }

    /// Brings a layer that was selected elsewhere into sight.
    fn follow_choice(&mut self, ui: &Ui, content: &CanvasContent<'_>, sight: &Sight<TabId>) {
        let chosen = match content.choice.layers {
            [layer] => Some(*layer),
            _ => None,
        };
        if self.followed == chosen || !matches!(self.gesture, Gesture::Rest) {
            return;
        }
        let Some(layer) = chosen else {
            self.followed = None;
            return;
        };
        // A layer that was just added has no place yet.
        if let Some(index) = content.drawn.shapes.index_of(layer) {
            self.followed = chosen;
            self.viewport.show(ui, sight, content.drawn.placed.nodes[index]);
        }
    }

    /// A widget for each card that is large enough to be read: it can be clicked, heard and found.
    #[allow(clippy::too_many_arguments)]
    fn nodes_ui(
        &mut self,
        ui: &Ui,
        content: &CanvasContent<'_>,
        placed: &Placed,
        canvas_response: &Response,
        view: View,
        canvas: Rect,
        commands: &mut Vec<DesignCommand>,
    ) {
        if Detail::at(view.zoom) == Detail::Block {
            return;
        }
        let visible = view.visible(canvas);
        for index in placed.nodes_in(visible) {
            let Some(facts) = content.facts.layers.get(index as usize) else { continue };
            let rect = view.rect_to_screen(canvas, placed.nodes[index as usize]).intersect(canvas);
            if !rect.is_positive() {
                continue;
            }
            // Not reached with Tab one by one: arrows move between cards once the canvas has the focus.
            let response = ui.interact(rect, canvas_response.id.with(("layer", facts.id.0)), Sense::CLICK);
            let is_chosen = content.choice.layers.contains(&facts.id);
            response.widget_info(|| {
                WidgetInfo::selected(Role::Button, ui.is_enabled(), is_chosen, &facts.spoken)
            });
            if response.clicked() {
                canvas_response.request_focus();
                self.clicked(ui, content, &response, view, canvas, commands);
            }
            if response.hovered() && matches!(self.gesture, Gesture::Rest) {
                response.on_hover_ui(|ui| super::tooltip::layer_ui(ui, content.theme, facts));
            }
        }
        if Detail::at(view.zoom) == Detail::Full {
            self.inserts_ui(ui, content, placed, canvas_response, view, canvas);
        }
    }

    /// A button in the middle of each edge, shown while the pointer is near it.
    fn inserts_ui(
        &mut self,
        ui: &Ui,
        content: &CanvasContent<'_>,
        placed: &Placed,
        canvas_response: &Response,
        view: View,
        canvas: Rect,
    ) {
        let layers = &content.drawn.graph.layers;
        for number in placed.edges_in(view.visible(canvas)) {
            let edge = &placed.edges[number as usize];
            let middle = view.to_screen(canvas, edge.middle());
            let rect = Rect::from_center_size(middle, Vec2::splat(22.0));
            if !canvas.contains_rect(rect) || placed.node_at(edge.middle()).is_some() {
                continue;
            }
            let (from, to) = (&layers[edge.from as usize], &layers[edge.to as usize]);
            let id = canvas_response.id.with(("insert", to.id.0, edge.place));
            let response = ui.interact(rect, id, Sense::CLICK);
            let name = format!("Insert a layer between {} and {}", from.name, to.name);
            response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), &name));
            if response.clicked() {
                self.ask(Spot::Edge(to.id, edge.place), middle + vec2(16.0, 0.0));
            }
            if response.hovered() && matches!(self.gesture, Gesture::Rest) {
                ui.set_cursor_icon(CursorIcon::PointingHand);
                response.on_hover_text(name);
            }
        }
    }

    /// A click on the canvas or on a card.
    fn clicked(
        &mut self,
        ui: &Ui,
        content: &CanvasContent<'_>,
        response: &Response,
        view: View,
        canvas: Rect,
        commands: &mut Vec<DesignCommand>,
    ) {
        let placed = &content.drawn.placed;
        let layers = &content.drawn.graph.layers;
        // A click from assistive tools has no place: it means the middle of the card.
        let at = response.interact_pointer_pos().unwrap_or(response.rect.center());
        let at = view.to_graph(canvas, at);
        let reach = REACH / view.zoom;
        if let Gesture::Connect(connection) = &self.gesture {
            let connection = connection.clone();
            self.gesture = Gesture::Rest;
            self.connect(content, &connection, at, view, canvas, commands);
            return;
        }
        if let Some(Port::Output(node)) = placed.port_at(at, reach) {
            let from = layers[node as usize].id;
            self.gesture = Gesture::Connect(Connection { from, detached: None, at });
            return;
        }
        let modifiers = ui.input(|input| input.modifiers);
        let extends = modifiers.command || modifiers.shift;
        if let Some(node) = placed.node_at(at) {
            let id = layers[node as usize].id;
            let mut chosen = if extends { content.choice.layers.to_vec() } else { Vec::new() };
            match chosen.iter().position(|other| *other == id) {
                Some(place) => {
                    chosen.remove(place);
                }
                None => chosen.push(id),
            }
            commands.push(DesignCommand::Choose(chosen));
        } else if let Some(number) = placed.edge_at(at, reach) {
            let edge = &placed.edges[number as usize];
            commands.push(DesignCommand::ChooseEdge(layers[edge.to as usize].id, edge.place));
        } else if !extends {
            commands.push(DesignCommand::Choose(Vec::new()));
        }
    }

    /// Where a layer that is dragged out of the palette would go.
    fn dropping(&self, ui: &Ui, placed: &Placed, pointer: Option<Pos2>, view: View) -> Option<paint::Drop> {
        let entry = *DragAndDrop::payload::<Entry>(ui.ctx())?;
        let at = pointer?;
        let target = match placed.node_at(at) {
            Some(node) => paint::Target::Node(node),
            None => match placed.edge_at(at, 3.0 * REACH / view.zoom) {
                Some(edge) => paint::Target::Edge(edge),
                None => paint::Target::Ground,
            },
        };
        Some(paint::Drop { entry, at, target })
    }

    fn dropped(
        &mut self,
        ui: &Ui,
        content: &CanvasContent<'_>,
        dropping: Option<paint::Drop>,
        commands: &mut Vec<DesignCommand>,
    ) {
        let Some(drop) = dropping else { return };
        if !ui.input(|input| input.pointer.any_released()) {
            return;
        }
        DragAndDrop::clear_payload(ui.ctx());
        let placed = &content.drawn.placed;
        let layers = &content.drawn.graph.layers;
        let spot = match drop.target {
            paint::Target::Node(node) => Spot::After(layers[node as usize].id),
            paint::Target::Edge(number) => {
                let edge = &placed.edges[number as usize];
                Spot::Edge(layers[edge.to as usize].id, edge.place)
            }
            paint::Target::Ground => Spot::At(drop.at),
        };
        commands.push(add(content, &drop.entry, spot));
    }

    fn adder_ui(
        &mut self,
        ui: &Ui,
        content: &CanvasContent<'_>,
        canvas: Rect,
        commands: &mut Vec<DesignCommand>,
    ) {
        let Some(adder) = &mut self.adder else { return };
        match adder.ui(ui, content.theme, canvas) {
            super::adder::Answer::Open => {}
            super::adder::Answer::Closed => self.adder = None,
            super::adder::Answer::Chosen(entry) => {
                commands.push(add(content, &entry, adder.spot));
                self.adder = None;
            }
        }
    }

    fn minimap_ui(
        &mut self,
        ui: &Ui,
        content: &CanvasContent<'_>,
        placed: &Placed,
        sight: &Sight<TabId>,
        view: View,
        canvas: Rect,
    ) {
        let Some(minimap) = Minimap::of(placed.bounds, false, canvas) else { return };
        let id = Id::unique("design minimap");
        let response = ui.interact(minimap.rect, id, Sense::DRAG | Sense::CLICK);
        response
            .widget_info(|| WidgetInfo::labeled(Role::ScrollBar, ui.is_enabled(), "Overview of the network"));
        if let Some(at) = response.interact_pointer_pos() {
            self.viewport.centre_on(ui, sight, minimap.to_graph(at));
        }
        let theme = content.theme;
        let layers = placed.nodes.iter().zip(&content.facts.layers);
        let mut nodes = layers.map(|(rect, facts)| (*rect, theme.operator_colour(facts.category)));
        // Moves are drawn by a layout of their own, whose address says nothing.
        let moving = if let Gesture::Move { by, .. } = self.gesture { by } else { Vec2::ZERO };
        let key = content.drawn.network ^ u64::from(moving.x.to_bits()) << 32 ^ u64::from(moving.y.to_bits());
        let painter = ui.painter_at(canvas);
        minimap.paint(&painter, theme, view.visible(canvas), &mut self.minimap, key, &mut nodes);
    }

    fn buttons_ui(&mut self, ui: &mut Ui, content: &CanvasContent<'_>, sight: &Sight<TabId>, canvas: Rect) {
        let size = vec2(122.0, 32.0);
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
            let figure = icon_button(ui, theme, Icon::Layers, "Figure on the cards");
            Popup::menu(&figure).show(|ui| {
                for choice in Figure::ALL {
                    if ui.selectable_label(self.figure == choice, text::label(choice.label())).clicked() {
                        self.figure = choice;
                        ui.close();
                    }
                }
            });
        });
    }
}

/// The command that adds a layer at a spot.
pub fn add(content: &CanvasContent<'_>, entry: &Entry, spot: Spot) -> DesignCommand {
    let kind = entry.kind(&read_shape(content.drawn, content.choice, spot));
    DesignCommand::Edit(added(content.drawn, content.choice, kind, spot))
}

/// The network as a viewport sees it.
fn sight(content: &CanvasContent<'_>, canvas: Vec2) -> Sight<TabId> {
    let placed = &content.drawn.placed;
    let first = content.drawn.shapes.order.first().and_then(|index| placed.nodes.get(*index));
    let margin = 12.0;
    let min = pos2(margin, margin);
    let max = pos2(canvas.x - margin - 56.0, canvas.y - margin - 44.0);
    Sight {
        key: content.tab,
        bounds: placed.bounds,
        start: first.copied().unwrap_or(placed.bounds),
        free: Rect::from_min_max(min, max.max(min + Vec2::splat(1.0))),
        horizontal: false,
        reduce_motion: content.reduce_motion,
    }
}

/// The command that moves what is selected.
fn move_command(content: &CanvasContent<'_>, by: Vec2) -> DesignCommand {
    DesignCommand::Edit(moved(content.drawn, content.choice.layers, by))
}
