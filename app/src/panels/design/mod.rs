//! Which layers, and what do they cost on the chip?

mod adder;
mod canvas;
mod clipboard;
mod edits;
mod entries;
pub mod facts;
mod gallery;
mod header;
pub mod inspector;
mod keys;
mod list;
mod palette;
pub mod placed;
mod summary;
pub mod tied;
mod tooltip;
#[cfg(test)]
mod ui_tests;
pub mod words;

use std::sync::Arc;

use egui::{CursorIcon, DragAndDrop, Event, Id, Rect, Role, Sense, Ui, UiBuilder, WidgetInfo, pos2};
use emberlab_core::layers::{Edit, LayerId};

use super::PanelContext;
use super::graph::STEP;
use crate::command::Command;
use crate::document::{Tab, TabContent};
use crate::messages::Level;
use crate::project::design::{DesignView, Drawn, sizes_of_data};
use crate::project::{DesignCommand, OpenProject};
use crate::shortcuts::{self, Shortcut};
use crate::theme::text;
use crate::theme::widgets::{hairline, vertical_hairline};
use canvas::{Canvas, CanvasContent};
use edits::{Choice, Spot};
use facts::{FactsKey, NetworkFacts};
use gallery::Gallery;
pub use keys::SHORTCUTS;
use keys::{DesignKey, Step};
use list::LayerList;
use palette::Palette;
use summary::Summary;

/// View state of the panel.
#[derive(Default)]
pub struct DesignPanel {
    palette: Palette,
    canvas: Canvas,
    list: LayerList,
    summary: Summary,
    gallery: Gallery,
    facts: Option<(FactsKey, Arc<NetworkFacts>)>,
    /// Height of the table, chosen by the user.
    table_height: Option<f32>,
}

/// The project in front and everything known about its network.
pub struct PanelFront<'a> {
    /// The tab.
    pub tab: &'a Tab,
    /// The project.
    pub project: &'a OpenProject,
    /// The network as it is drawn.
    pub drawn: &'a Drawn,
    /// What is known about its layers.
    pub facts: &'a NetworkFacts,
}

/// Usual and least height of the table.
const TABLE: (f32, f32) = (218.0, 96.0);

/// Least height of the canvas.
const CANVAS: f32 = 200.0;

impl DesignPanel {
    /// What stands at the right end of the header.
    pub fn header_ui(&mut self, ui: &mut Ui, ctx: &mut PanelContext<'_>) {
        let Some((tab, project)) = ctx.document.active_project() else { return };
        let Some(drawn) = project.design.drawn.clone() else { return };
        let facts = self.facts(tab, project, &drawn, ctx);
        let front = PanelFront { tab, project, drawn: &drawn, facts: &facts };
        header::ui(ui, &front, ctx);
    }

    /// The main area.
    pub fn ui(&mut self, ui: &mut Ui, ctx: &mut PanelContext<'_>) {
        let Some((tab, project)) = ctx.document.active_project() else {
            super::no_project_ui(ui, ctx);
            return;
        };
        let area = ui.available_rect_before_wrap();
        let Some(drawn) = project.design.drawn.clone() else {
            ui.painter().rect_filled(area, 0.0, ctx.theme.surface.canvas);
            ui.centered_and_justified(|ui| {
                ui.label(text::small("Laying out the network…").color(ctx.theme.text.text_3))
            });
            return;
        };
        let facts = self.facts(tab, project, &drawn, ctx);
        let front = PanelFront { tab, project, drawn: &drawn, facts: &facts };
        let mut commands = Vec::new();
        self.keys(ui, &front, ctx, &mut commands);

        let (left, rest) = area.split_left_right_at_x(area.left() + palette::WIDTH);
        vertical_hairline(ui.painter(), ctx.theme, left.right() - 1.0, left.y_range());
        let entry = ui.scope_builder(UiBuilder::new().max_rect(left.with_max_x(left.right() - 1.0)), |ui| {
            self.palette.ui(ui, ctx.theme)
        });
        let content = canvas_content(&front, ctx);
        if let Some(entry) = entry.inner {
            commands.push(canvas::add(&content, &entry, Spot::Chosen));
        }
        if project.design.templates_open {
            self.gallery_ui(ui, &front, rest, ctx, &mut commands);
            ui.advance_cursor_after_rect(area);
            ctx.commands.extend(commands.into_iter().map(Command::Design));
            return;
        }
        let (upper, table) = self.split(ui, ctx, rest);
        ui.scope_builder(UiBuilder::new().max_rect(upper).id_salt("network"), |ui| {
            ui.set_clip_rect(ui.clip_rect().intersect(upper));
            self.network_ui(ui, &front, ctx, &mut commands);
        });
        ui.scope_builder(UiBuilder::new().max_rect(table).id_salt("summary"), |ui| {
            ui.set_clip_rect(ui.clip_rect().intersect(table));
            let rows = ctx.document.settings.comfortable_rows;
            let chosen = &project.design.chosen;
            if let Some(layer) = self.summary.ui(ui, ctx.theme, &facts, chosen, rows) {
                commands.push(DesignCommand::Choose(vec![layer]));
            }
        });
        ui.advance_cursor_after_rect(area);
        // What is dragged out of the palette and let go beside the canvas goes nowhere.
        if ui.input(|input| input.pointer.any_released()) {
            DragAndDrop::clear_payload(ui.ctx());
        }
        ctx.commands.extend(commands.into_iter().map(Command::Design));
    }

    /// The inspector.
    pub fn inspector_ui(&mut self, ui: &mut Ui, ctx: &mut PanelContext<'_>) {
        let Some((tab, project)) = ctx.document.active_project() else { return };
        let Some(drawn) = project.design.drawn.clone() else { return };
        let facts = self.facts(tab, project, &drawn, ctx);
        inspector::ui(ui, &PanelFront { tab, project, drawn: &drawn, facts: &facts }, ctx);
    }

    /// Facts about the network in front, made again when network, model, target or plan have changed.
    fn facts(
        &mut self,
        tab: &Tab,
        project: &OpenProject,
        drawn: &Drawn,
        ctx: &PanelContext<'_>,
    ) -> Arc<NetworkFacts> {
        let target = ctx.document.target;
        let open = match &tab.content {
            TabContent::Model(open) => Some(&**open),
            TabContent::Loading | TabContent::Failed(_) => None,
        };
        let key = FactsKey::of(tab, &project.design, open, drawn, target);
        match &self.facts {
            Some((known, facts)) if *known == key => facts.clone(),
            Some(_) | None => {
                let facts = Arc::new(NetworkFacts::of(drawn, &project.design, open, target));
                self.facts = Some((key, facts.clone()));
                facts
            }
        }
    }

    /// The templates in place of network and table.
    fn gallery_ui(
        &mut self,
        ui: &mut Ui,
        front: &PanelFront<'_>,
        area: Rect,
        ctx: &PanelContext<'_>,
        commands: &mut Vec<DesignCommand>,
    ) {
        let has_layers = !front.drawn.graph.layers.is_empty();
        let sizes = sizes_of_data(front.project);
        let answer = ui.scope_builder(UiBuilder::new().max_rect(area).id_salt("templates"), |ui| {
            ui.set_clip_rect(ui.clip_rect().intersect(area));
            self.gallery.ui(ui, ctx.theme, has_layers, sizes.as_ref())
        });
        match answer.inner {
            gallery::Answer::Open => {}
            gallery::Answer::Closed => commands.push(DesignCommand::ShowTemplates(false)),
            gallery::Answer::Chosen(graph) => {
                commands.push(DesignCommand::ShowTemplates(false));
                commands.push(DesignCommand::Edit(vec![Edit::Replace { graph: *graph }]));
                commands.push(DesignCommand::Choose(Vec::new()));
            }
        }
    }

    /// Canvas, list, or what to do about an empty network.
    fn network_ui(
        &mut self,
        ui: &mut Ui,
        front: &PanelFront<'_>,
        ctx: &PanelContext<'_>,
        commands: &mut Vec<DesignCommand>,
    ) {
        let is_empty = front.drawn.graph.layers.is_empty();
        let content = canvas_content(front, ctx);
        match front.project.design.view {
            _ if is_empty && !DragAndDrop::has_any_payload(ui.ctx()) => {
                if gallery::empty_ui(ui, ctx.theme) {
                    commands.push(DesignCommand::ShowTemplates(true));
                }
            }
            DesignView::Graph => commands.extend(self.canvas.ui(ui, &content)),
            DesignView::List => commands.extend(self.list.ui(ui, front, ctx)),
        }
    }

    /// Rectangles of the network and of the table below it, with a handle between them.
    fn split(&mut self, ui: &Ui, ctx: &PanelContext<'_>, area: Rect) -> (Rect, Rect) {
        let (usual, least) = TABLE;
        let most = (area.height() - CANVAS).max(least);
        let height = self.table_height.unwrap_or(usual).clamp(least, most);
        let y = area.bottom() - height;
        let handle = Rect::from_min_max(pos2(area.left(), y - 4.0), pos2(area.right(), y + 4.0));
        let response = ui.interact(handle, Id::unique("design split"), Sense::drag());
        response.widget_info(|| WidgetInfo::labeled(Role::Splitter, true, "Height of the summary"));
        if response.hovered() || response.dragged() {
            ui.set_cursor_icon(CursorIcon::ResizeRow);
        }
        if response.dragged() {
            self.table_height = Some((height - response.drag_delta().y).clamp(least, most));
        }
        hairline(ui.painter(), ctx.theme, area.x_range(), y - 1.0);
        let (upper, table) = area.split_top_bottom_at_y(y);
        (upper.with_max_y(upper.max.y - 1.0), table)
    }

    fn keys(
        &mut self,
        ui: &Ui,
        front: &PanelFront<'_>,
        ctx: &mut PanelContext<'_>,
        commands: &mut Vec<DesignCommand>,
    ) {
        // A text field keeps its own undo, copy and paste.
        if ui.ctx().any_popup_open() || ctx.document.view.overlay.is_some() || ui.ctx().text_edit_focused() {
            return;
        }
        let focused = ui.memory(egui::Memory::focused);
        let is_free = focused.is_none() || focused == self.canvas.id();
        let table: Vec<Shortcut<DesignKey>> =
            SHORTCUTS.iter().filter(|shortcut| is_free || shortcut.action.is_global()).copied().collect();
        let design = &front.project.design;
        let choice = Choice { layers: &design.chosen, edge: design.chosen_edge };
        for pressed in shortcuts::pressed(ui.ctx(), &table) {
            match pressed {
                DesignKey::Add => self.palette.focus(),
                DesignKey::Undo => commands.push(DesignCommand::Undo),
                DesignKey::Redo => commands.push(DesignCommand::Redo),
                DesignKey::Duplicate => {
                    commands.push(DesignCommand::Edit(edits::duplicated(design.graph(), choice.layers)));
                }
                DesignKey::Remove => commands.push(DesignCommand::Edit(edits::removed(choice))),
                DesignKey::SelectAll => {
                    let all = design.graph().layers.iter().map(|layer| layer.id).collect();
                    commands.push(DesignCommand::Choose(all));
                }
                DesignKey::Tidy => commands.push(DesignCommand::Edit(edits::tidied(design.graph()))),
                DesignKey::Fit => self.canvas.wants_fit(),
                DesignKey::ZoomIn => self.canvas.viewport.zoom_by(STEP),
                DesignKey::ZoomOut => self.canvas.viewport.zoom_by(1.0 / STEP),
                DesignKey::ZoomToOne => self.canvas.viewport.zoom_to_one(),
                DesignKey::Leave if design.templates_open => {
                    commands.push(DesignCommand::ShowTemplates(false));
                }
                DesignKey::Leave if self.canvas.escape() => {}
                DesignKey::Leave => commands.push(DesignCommand::Choose(Vec::new())),
                DesignKey::Move(step) => {
                    if let Some(layer) = next(front, step) {
                        commands.push(DesignCommand::Choose(vec![layer]));
                    }
                }
            }
        }
        self.clipboard(ui, front, choice, ctx, commands);
    }

    /// Copy, cut and paste of layers.
    fn clipboard(
        &mut self,
        ui: &Ui,
        front: &PanelFront<'_>,
        choice: Choice<'_>,
        ctx: &mut PanelContext<'_>,
        commands: &mut Vec<DesignCommand>,
    ) {
        let graph = front.project.design.graph();
        let events = ui.input(|input| input.events.clone());
        for event in events {
            match event {
                Event::Copy | Event::Cut => {
                    let Some(text) = clipboard::text_of(graph, choice.layers) else { continue };
                    let count = choice.layers.len() as u64;
                    ctx.send(Command::Copy(text, crate::theme::format::counted(count, "layer", "layers")));
                    if matches!(event, Event::Cut) {
                        commands.push(DesignCommand::Edit(edits::removed(choice)));
                    }
                }
                Event::Paste(text) => match clipboard::layers_of(&text, graph) {
                    Ok(layers) => {
                        let offset = [edits::COPY_OFFSET, edits::COPY_OFFSET];
                        commands.push(DesignCommand::Edit(vec![Edit::Paste { layers, offset }]));
                    }
                    Err(reason) => ctx.send(Command::Say(Level::Warning, reason)),
                },
                _ => {}
            }
        }
    }
}

fn canvas_content<'a>(front: &'a PanelFront<'a>, ctx: &PanelContext<'a>) -> CanvasContent<'a> {
    let design = &front.project.design;
    CanvasContent {
        theme: ctx.theme,
        tab: front.tab.id,
        drawn: front.drawn,
        facts: front.facts,
        choice: Choice { layers: &design.chosen, edge: design.chosen_edge },
        reduce_motion: ctx.document.settings.reduce_motion,
    }
}

/// The layer that an arrow leads to from the one that is selected; the first one where none is.
fn next(front: &PanelFront<'_>, step: Step) -> Option<LayerId> {
    let drawn = front.drawn;
    let layers = &drawn.graph.layers;
    let Some(from) = front.project.design.chosen_layer().and_then(|id| drawn.shapes.index_of(id)) else {
        return front.facts.order.first().map(|index| layers[*index].id);
    };
    let placed = &drawn.placed;
    let rect = placed.nodes[from];
    let nearest = |candidates: &mut dyn Iterator<Item = u32>| {
        let distance = |index: &u32| (placed.nodes[*index as usize].center() - rect.center()).length();
        candidates.min_by(|a, b| distance(a).total_cmp(&distance(b))).map(|index| layers[index as usize].id)
    };
    let edges = || placed.edges.iter();
    let from = from as u32;
    match step {
        Step::Up => nearest(&mut edges().filter(|edge| edge.to == from).map(|edge| edge.from)),
        Step::Down => nearest(&mut edges().filter(|edge| edge.from == from).map(|edge| edge.to)),
        Step::Left | Step::Right => {
            // The same row: what overlaps the card's height, on the side of the arrow.
            let row = Rect::everything_above(rect.bottom()).intersect(Rect::everything_below(rect.top()));
            let side = if step == Step::Left {
                row.intersect(Rect::everything_left_of(rect.left()))
            } else {
                row.intersect(Rect::everything_right_of(rect.right()))
            };
            let side = side.intersect(placed.bounds.expand(1.0));
            nearest(&mut placed.nodes_in(side).filter(|index| *index != from))
        }
    }
}
