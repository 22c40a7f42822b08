//! What is in this model? The graph, its tables, and the details of what is selected.

mod attributes;
pub mod canvas;
pub mod facts;
pub mod find;
#[cfg(test)]
mod fixtures;
mod header;
mod inspector;
mod keys;
pub mod layout;
pub mod names;
mod navigate;
pub mod overlay;
mod picture;
mod second_line;
pub mod tables;
#[cfg(test)]
mod ui_tests;

use std::sync::Arc;

use egui::{CursorIcon, Id, Rect, Sense, Ui, UiBuilder, pos2};
use emberlab_core::model::SubgraphId;

use super::PanelContext;
use crate::command::Command;
use crate::document::{OpenModel, Overlay as WindowOverlay, Selection, Tab, TabId};
use crate::jobs::PictureFormat;
use crate::shortcuts::{self, Shortcut};
use crate::theme::widgets::{ButtonKind, empty, hairline, vertical_hairline};
use crate::theme::{Icon, Theme, text};
use canvas::{Canvas, CanvasContent, CanvasEvent};
use facts::{FactsKey, ModelFacts};
use header::HeaderEvent;
use inspector::Inspector;
use keys::InspectKey;
pub use keys::SHORTCUTS;
use layout::{Direction, GraphLayout};
use navigate::Arrow;
use picture::{GraphPicture, png_scale};
use second_line::SecondLine;
use tables::{Tables, TablesContent};

/// View state of the Inspect panel.
#[derive(Default)]
pub struct InspectPanel {
    canvas: Canvas,
    tables: Tables,
    second_line: SecondLine,
    facts: Option<(FactsKey, Arc<ModelFacts>)>,
    /// Second lines of the nodes, and what they were made for.
    lines: Option<(FactsKey, SubgraphId, SecondLine, Vec<String>)>,
    /// Subgraphs to go back to.
    back: Vec<(TabId, SubgraphId)>,
    split: Split,
    pane: Pane,
    inspector: Inspector,
}

/// Where the table is, and how large.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Split {
    below: bool,
    /// Width of the table beside the graph, chosen by the user.
    width: Option<f32>,
    /// Height of the table below the graph, chosen by the user.
    height: Option<f32>,
}

/// Which part was used last: arrow keys go there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Pane {
    #[default]
    Graph,
    Table,
}

/// Least width of the graph and of the table, and least height of either.
const LEAST: (f32, f32, f32) = (280.0, 360.0, 160.0);

impl InspectPanel {
    /// The right end of the panel header: tags and buttons.
    pub fn header_ui(&mut self, ui: &mut Ui, ctx: &mut PanelContext<'_>) {
        let Some((tab, open)) = ctx.document.active_model() else { return };
        let (_, facts) = self.facts(tab, open, ctx);
        match header::header_ui(ui, ctx.theme, open, &facts, ctx.document.target) {
            Some(HeaderEvent::Svg) => self.export(tab, open, ctx, Format::Svg),
            Some(HeaderEvent::Png) => self.export(tab, open, ctx, Format::Png),
            Some(HeaderEvent::Problems) => ctx.send(Command::Toggle(WindowOverlay::Problems)),
            None => {}
        }
    }

    /// The main area.
    pub fn ui(&mut self, ui: &mut Ui, ctx: &mut PanelContext<'_>) {
        let Some((tab, open)) = ctx.document.active_model() else {
            let buttons = [(ButtonKind::Primary, Some(Icon::FolderOpen), "Open file")];
            let sentence = "Open a .tflite, or drop one on the window.";
            if empty(ui, ctx.theme, Icon::ScanSearch, "No model in this tab", sentence, &buttons).is_some() {
                ctx.send(Command::OpenDialog);
            }
            return;
        };
        let (key, facts) = self.facts(tab, open, ctx);
        self.keys(ui, tab, open, ctx, key, &facts);
        let area = ui.available_rect_before_wrap();
        let (graph, table) = self.split.rects(ui, ctx.theme, area);
        let content = tables_content(tab, open, ctx, key, &facts);
        let matches = self.tables.matches(&content).to_vec();
        let pressed =
            ui.input(|input| input.pointer.any_pressed().then(|| input.pointer.interact_pos()).flatten());
        if let Some(at) = pressed {
            if table.contains(at) {
                self.pane = Pane::Table;
            } else if graph.contains(at) {
                self.pane = Pane::Graph;
            }
        }
        ui.scope_builder(UiBuilder::new().max_rect(graph), |ui| {
            ui.set_clip_rect(ui.clip_rect().intersect(graph));
            self.graph_ui(ui, tab, open, ctx, key, &facts, &matches);
        });
        let content = tables_content(tab, open, ctx, key, &facts);
        let mut commands = Vec::new();
        ui.scope_builder(UiBuilder::new().max_rect(table), |ui| {
            ui.set_clip_rect(ui.clip_rect().intersect(table));
            self.tables.ui(ui, &content, &mut commands);
        });
        ctx.commands.append(&mut commands);
        ui.advance_cursor_after_rect(area);
    }

    /// The inspector at the right of the window.
    pub fn inspector_ui(&mut self, ui: &mut Ui, ctx: &mut PanelContext<'_>) {
        let Some((tab, open)) = ctx.document.active_model() else { return };
        let (_, facts) = self.facts(tab, open, ctx);
        let target = ctx.document.target;
        self.inspector.ui(ui, ctx.theme, tab, open, &facts, target, ctx.commands);
    }

    #[allow(clippy::too_many_arguments)]
    fn graph_ui(
        &mut self,
        ui: &mut Ui,
        tab: &Tab,
        open: &OpenModel,
        ctx: &mut PanelContext<'_>,
        key: FactsKey,
        facts: &ModelFacts,
        matches: &[bool],
    ) {
        let Some((layout, graph)) = layout_of(tab, open).zip(facts.graph(tab.subgraph)) else {
            // The table beside it lists the operators meanwhile.
            ui.painter().rect_filled(ui.max_rect(), 0.0, ctx.theme.surface.canvas);
            ui.centered_and_justified(|ui| {
                ui.label(text::small("Laying out the graph…").color(ctx.theme.text.text_3))
            });
            return;
        };
        self.refresh_lines(key, tab, open, facts);
        let lines = self.lines.as_ref().map_or(&[][..], |(_, _, _, lines)| lines);
        let names: Vec<String> =
            open.model.subgraphs.iter().map(|subgraph| subgraph.name.clone().unwrap_or_default()).collect();
        let content = CanvasContent {
            theme: ctx.theme,
            key: (tab.id, tab.subgraph, layout.direction == Direction::Horizontal),
            layout,
            facts: graph,
            second_line: lines,
            selection: tab.selection,
            matches,
            reduce_motion: ctx.document.settings.reduce_motion,
            subgraphs: &names,
            can_go_back: self.back.iter().any(|(id, _)| *id == tab.id),
        };
        for event in self.canvas.ui(ui, &content) {
            match event {
                CanvasEvent::Select(selection) => ctx.send(Command::Select(selection)),
                CanvasEvent::Enter(selection) => {
                    ctx.send(Command::Select(selection));
                    self.enter(selection, tab, open, ctx);
                }
                CanvasEvent::ShowSubgraph(subgraph) => self.show_subgraph(subgraph, tab, ctx),
                CanvasEvent::Back => self.go_back(tab, ctx),
                CanvasEvent::Turn => ctx.send(Command::SetDirection(turned(tab.direction))),
            }
        }
    }

    fn keys(
        &mut self,
        ui: &Ui,
        tab: &Tab,
        open: &OpenModel,
        ctx: &mut PanelContext<'_>,
        key: FactsKey,
        facts: &ModelFacts,
    ) {
        if ui.ctx().any_popup_open() || ctx.document.view.overlay.is_some() {
            return;
        }
        // A button that has the keyboard keeps Enter and the arrows.
        let focused = ui.memory(egui::Memory::focused);
        let is_free = focused.is_none() || focused == self.canvas.id();
        let table: Vec<Shortcut<InspectKey>> =
            SHORTCUTS.iter().filter(|shortcut| is_free || shortcut.keys.modifiers.any()).copied().collect();
        for pressed in shortcuts::pressed(ui.ctx(), &table) {
            match pressed {
                InspectKey::Find => self.tables.focus_find(),
                InspectKey::Attributes => self.second_line.attributes ^= true,
                InspectKey::Weights => self.second_line.weights ^= true,
                InspectKey::Names => self.second_line.names ^= true,
                InspectKey::Direction => ctx.send(Command::SetDirection(turned(tab.direction))),
                InspectKey::Wheel => self.canvas.wheel_scrolls ^= true,
                InspectKey::ZoomIn => self.canvas.zoom_by(canvas::view::STEP),
                InspectKey::ZoomOut => self.canvas.zoom_by(1.0 / canvas::view::STEP),
                InspectKey::ZoomToOne => self.canvas.zoom_to_one(),
                InspectKey::Back => self.go_back(tab, ctx),
                InspectKey::Enter => self.enter(tab.selection, tab, open, ctx),
                InspectKey::TableBelow => self.split.below ^= true,
                InspectKey::ExportPng => self.export(tab, open, ctx, Format::Png),
                InspectKey::ExportSvg => self.export(tab, open, ctx, Format::Svg),
                InspectKey::Move(arrow) => {
                    if let Some(selection) = self.moved(arrow, tab, open, ctx, key, facts) {
                        ctx.send(Command::Select(selection));
                    }
                }
            }
        }
    }

    /// Where an arrow key leads from what is selected.
    fn moved(
        &mut self,
        arrow: Arrow,
        tab: &Tab,
        open: &OpenModel,
        ctx: &PanelContext<'_>,
        key: FactsKey,
        facts: &ModelFacts,
    ) -> Option<Selection> {
        let content = tables_content(tab, open, ctx, key, facts);
        let operator = match tab.selection {
            Selection::Operator(subgraph, operator) | Selection::Scratch(subgraph, operator, _)
                if subgraph == tab.subgraph =>
            {
                Some(operator)
            }
            _ => None,
        };
        match (self.pane, arrow, operator) {
            (Pane::Graph, _, Some(operator)) => {
                let next = navigate::step(layout_of(tab, open)?, operator, arrow)?;
                Some(Selection::Operator(tab.subgraph, next))
            }
            (_, Arrow::Down, _) => self.tables.step(&content, true),
            (_, Arrow::Up, _) => self.tables.step(&content, false),
            (_, Arrow::Left | Arrow::Right, _) => None,
        }
    }

    /// Shows the subgraph that an operator calls first.
    fn enter(&mut self, selection: Selection, tab: &Tab, open: &OpenModel, ctx: &mut PanelContext<'_>) {
        let Selection::Operator(subgraph, operator) = selection else { return };
        let Some(graph) = open.model.subgraphs.get(subgraph.index()) else { return };
        let Some(operator) = graph.operators.get(operator.index()) else { return };
        let called =
            attributes::attributes(&open.model, graph, operator).into_iter().find_map(|line| line.subgraph);
        if let Some(called) = called {
            self.show_subgraph(called, tab, ctx);
        }
    }

    fn show_subgraph(&mut self, subgraph: SubgraphId, tab: &Tab, ctx: &mut PanelContext<'_>) {
        if subgraph != tab.subgraph {
            self.back.push((tab.id, tab.subgraph));
            ctx.send(Command::ShowSubgraph(subgraph));
        }
    }

    fn go_back(&mut self, tab: &Tab, ctx: &mut PanelContext<'_>) {
        if let Some(place) = self.back.iter().rposition(|(id, _)| *id == tab.id) {
            let (_, subgraph) = self.back.remove(place);
            ctx.send(Command::ShowSubgraph(subgraph));
        }
    }

    /// Facts about the model in front, made again when model, target or plan has changed.
    fn facts(&mut self, tab: &Tab, open: &OpenModel, ctx: &PanelContext<'_>) -> (FactsKey, Arc<ModelFacts>) {
        let target = ctx.document.target;
        let key = FactsKey::of(tab, open, target);
        if let Some((known, facts)) = &self.facts
            && *known == key
        {
            return (key, facts.clone());
        }
        let facts = Arc::new(ModelFacts::of(open, target));
        self.facts = Some((key, facts.clone()));
        (key, facts)
    }

    fn refresh_lines(&mut self, key: FactsKey, tab: &Tab, open: &OpenModel, facts: &ModelFacts) {
        let wanted = self.second_line;
        let is_fresh = self.lines.as_ref().is_some_and(|(known, subgraph, line, _)| {
            (*known, *subgraph, *line) == (key, tab.subgraph, wanted)
        });
        if is_fresh {
            return;
        }
        let graph = facts.graph(tab.subgraph);
        let subgraph = open.model.subgraphs.get(tab.subgraph.index());
        let lines = graph.zip(subgraph).map(|(graph, subgraph)| wanted.of(&open.model, subgraph, graph));
        self.lines = Some((key, tab.subgraph, wanted, lines.unwrap_or_default()));
    }

    /// Saves a picture of the whole graph.
    fn export(&mut self, tab: &Tab, open: &OpenModel, ctx: &mut PanelContext<'_>, format: Format) {
        let (key, facts) = self.facts(tab, open, ctx);
        self.refresh_lines(key, tab, open, &facts);
        let Some((layout, graph)) = layout_of(tab, open).zip(facts.graph(tab.subgraph)) else { return };
        let second_line = self.lines.as_ref().map_or(&[][..], |(_, _, _, lines)| lines);
        let picture = GraphPicture {
            theme: ctx.theme,
            layout,
            facts: graph,
            overlay: self.canvas.overlay,
            second_line,
        }
        .picture();
        let stem = tab.title.strip_suffix(".tflite").unwrap_or(&tab.title);
        let (ending, format, what) = match format {
            Format::Svg => ("svg", PictureFormat::Svg, "the graph as SVG"),
            Format::Png => ("png", PictureFormat::Png(png_scale(picture.size)), "the graph as PNG"),
        };
        ctx.send(Command::SavePicture(
            format!("{stem}.{ending}"),
            Arc::new(picture),
            format,
            what.to_owned(),
        ));
    }
}

/// A format of pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Svg,
    Png,
}

fn tables_content<'a>(
    tab: &Tab,
    open: &'a OpenModel,
    ctx: &PanelContext<'a>,
    key: FactsKey,
    facts: &'a ModelFacts,
) -> TablesContent<'a> {
    TablesContent {
        theme: ctx.theme,
        model: &open.model,
        facts,
        key,
        subgraph: tab.subgraph,
        selection: tab.selection,
        comfortable_rows: ctx.document.settings.comfortable_rows,
    }
}

fn layout_of<'a>(tab: &Tab, open: &'a OpenModel) -> Option<&'a GraphLayout> {
    open.layouts.get(tab.subgraph.index())?.as_deref()
}

fn turned(direction: Direction) -> Direction {
    match direction {
        Direction::Vertical => Direction::Horizontal,
        Direction::Horizontal => Direction::Vertical,
    }
}

impl Split {
    /// Rectangles of graph and table, and the handle between them.
    fn rects(&mut self, ui: &Ui, theme: &Theme, area: Rect) -> (Rect, Rect) {
        let (least_graph, least_table, least_height) = LEAST;
        let id = Id::unique("inspect split");
        if self.below {
            let most = (area.height() - least_height).max(least_height);
            let height = self.height.unwrap_or((area.height() * 0.38).round()).clamp(least_height, most);
            let y = area.bottom() - height;
            let handle = Rect::from_min_max(pos2(area.left(), y - 4.0), pos2(area.right(), y + 4.0));
            let response = ui.interact(handle, id, Sense::drag());
            if response.hovered() || response.dragged() {
                ui.set_cursor_icon(CursorIcon::ResizeRow);
            }
            if response.dragged() {
                self.height = Some((height - response.drag_delta().y).clamp(least_height, most));
            }
            hairline(ui.painter(), theme, area.x_range(), y - 1.0);
            let (graph, table) = area.split_top_bottom_at_y(y);
            (graph.with_max_y(graph.max.y - 1.0), table)
        } else {
            let most = (area.width() - least_graph).max(least_table);
            // The graph takes what the table does not need.
            let usual = (area.width() - 424.0).min(640.0);
            let width = self.width.unwrap_or(usual).clamp(least_table, most);
            let x = area.right() - width;
            let handle = Rect::from_min_max(pos2(x - 4.0, area.top()), pos2(x + 4.0, area.bottom()));
            let response = ui.interact(handle, id, Sense::drag());
            if response.hovered() || response.dragged() {
                ui.set_cursor_icon(CursorIcon::ResizeColumn);
            }
            if response.dragged() {
                self.width = Some((width - response.drag_delta().x).clamp(least_table, most));
            }
            vertical_hairline(ui.painter(), theme, x - 1.0, area.y_range());
            let (graph, table) = area.split_left_right_at_x(x);
            (graph.with_max_x(graph.max.x - 1.0), table)
        }
    }
}
