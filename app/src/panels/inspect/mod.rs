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
mod split;
pub mod tables;
pub mod tensor_facts;
#[cfg(test)]
mod ui_tests;

use std::sync::Arc;

use egui::{Ui, UiBuilder};
use emberlab_core::model::{OperatorId, SubgraphId};

use super::PanelContext;
use super::graph::STEP;
use crate::command::Command;
use crate::document::{Document, OpenModel, Overlay as WindowOverlay, Selection, Tab, TabId};
use crate::jobs::PictureFormat;
use crate::shortcuts::{self, Shortcut};
use crate::theme::widgets::{ButtonKind, empty};
use crate::theme::{Icon, text};
use canvas::{Canvas, CanvasContent, CanvasEvent};
use facts::{FactsKey, ModelFacts};
use header::HeaderEvent;
use inspector::{Inspector, InspectorContent};
use keys::InspectKey;
pub use keys::SHORTCUTS;
use layout::{Direction, GraphLayout};
use navigate::Arrow;
use picture::{GraphPicture, png_scale};
use second_line::SecondLine;
use split::Split;
use tables::{Tables, TablesContent};

/// View state of the Inspect panel.
#[derive(Default)]
pub struct InspectPanel {
    canvas: Canvas,
    tables: Tables,
    second_line: SecondLine,
    facts: Option<(FactsKey, Arc<ModelFacts>)>,
    /// Second lines of the nodes, and what they were made for.
    lines: Option<(LinesKey, Vec<String>)>,
    /// Subgraphs to go back to.
    back: Vec<(TabId, SubgraphId)>,
    split: Split,
    pane: Pane,
    inspector: Inspector,
}

/// Which part was used last: arrow keys go there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Pane {
    #[default]
    Graph,
    Table,
}

/// The model in front and everything known about it.
struct Front<'a> {
    document: &'a Document,
    tab: &'a Tab,
    open: &'a OpenModel,
    key: FactsKey,
    facts: Arc<ModelFacts>,
}

impl<'a> Front<'a> {
    /// Positions of the graph that is shown; `None` while they are computed.
    fn layout(&self) -> Option<&'a GraphLayout> {
        self.open.layouts.get(self.tab.subgraph.index())?.as_deref()
    }

    fn tables<'b>(&'b self, ctx: &PanelContext<'b>) -> TablesContent<'b> {
        TablesContent {
            theme: ctx.theme,
            model: &self.open.model,
            facts: &self.facts,
            key: self.key,
            subgraph: self.tab.subgraph,
            selection: self.tab.selection,
            comfortable_rows: self.document.settings.comfortable_rows,
        }
    }

    /// The operator that is selected in the graph that is shown.
    fn operator(&self) -> Option<OperatorId> {
        match self.tab.selection {
            Selection::Operator(subgraph, operator) | Selection::Scratch(subgraph, operator, _) => {
                (subgraph == self.tab.subgraph).then_some(operator)
            }
            Selection::None | Selection::Tensor(..) => None,
        }
    }
}

impl InspectPanel {
    /// The right end of the panel header: tags and buttons.
    pub fn header_ui(&mut self, ui: &mut Ui, ctx: &mut PanelContext<'_>) {
        let Some(front) = self.front(ctx) else { return };
        match header::header_ui(ui, ctx.theme, front.open, &front.facts, ctx.document.target) {
            Some(HeaderEvent::Svg) => self.export(&front, ctx, Format::Svg),
            Some(HeaderEvent::Png) => self.export(&front, ctx, Format::Png),
            Some(HeaderEvent::Sources(kind)) => ctx.send(Command::ExportSources(kind)),
            Some(HeaderEvent::EspIdf(app)) => ctx.send(Command::ExportEspIdf(app)),
            Some(HeaderEvent::Problems) => ctx.send(Command::Toggle(WindowOverlay::Problems)),
            None => {}
        }
    }

    /// The main area.
    pub fn ui(&mut self, ui: &mut Ui, ctx: &mut PanelContext<'_>) {
        let Some(front) = self.front(ctx) else {
            let buttons = [(ButtonKind::Primary, Some(Icon::FolderOpen), "Open file")];
            let sentence = "Open a .tflite, or drop one on the window.";
            if empty(ui, ctx.theme, Icon::ScanSearch, "No model in this tab", sentence, &buttons).is_some() {
                ctx.send(Command::OpenDialog);
            }
            return;
        };
        self.keys(ui, &front, ctx);
        let area = ui.available_rect_before_wrap();
        let (graph, table) = self.split.rects(ui, ctx.theme, area);
        let pressed =
            ui.input(|input| input.pointer.any_pressed().then(|| input.pointer.interact_pos()).flatten());
        match pressed {
            Some(at) if table.contains(at) => self.pane = Pane::Table,
            Some(at) if graph.contains(at) => self.pane = Pane::Graph,
            Some(_) | None => {}
        }
        ui.scope_builder(UiBuilder::new().max_rect(graph), |ui| {
            ui.set_clip_rect(ui.clip_rect().intersect(graph));
            self.graph_ui(ui, &front, ctx);
        });
        let mut commands = Vec::new();
        ui.scope_builder(UiBuilder::new().max_rect(table), |ui| {
            ui.set_clip_rect(ui.clip_rect().intersect(table));
            self.tables.ui(ui, &front.tables(ctx), &mut commands);
        });
        ctx.commands.append(&mut commands);
        ui.advance_cursor_after_rect(area);
    }

    /// The inspector at the right of the window.
    pub fn inspector_ui(&mut self, ui: &mut Ui, ctx: &mut PanelContext<'_>) {
        let Some(front) = self.front(ctx) else { return };
        let content = InspectorContent {
            theme: ctx.theme,
            tab: front.tab,
            open: front.open,
            facts: &front.facts,
            target: ctx.document.target,
        };
        self.inspector.ui(ui, &content, ctx.commands);
    }

    /// The model in front; facts are made again when model, target or plan has changed.
    fn front<'a>(&mut self, ctx: &PanelContext<'a>) -> Option<Front<'a>> {
        let document = ctx.document;
        let (tab, open) = document.active_model()?;
        let key = FactsKey::of(tab, open, document.target);
        let facts = match &self.facts {
            Some((known, facts)) if *known == key => facts.clone(),
            Some(_) | None => {
                let facts = Arc::new(ModelFacts::of(open, document.target));
                self.facts = Some((key, facts.clone()));
                facts
            }
        };
        Some(Front { document, tab, open, key, facts })
    }

    fn graph_ui(&mut self, ui: &mut Ui, front: &Front<'_>, ctx: &mut PanelContext<'_>) {
        let (tab, open) = (front.tab, front.open);
        let Some((layout, graph)) = front.layout().zip(front.facts.graph(tab.subgraph)) else {
            // The table beside it lists the operators meanwhile.
            ui.painter().rect_filled(ui.max_rect(), 0.0, ctx.theme.surface.canvas);
            ui.centered_and_justified(|ui| {
                ui.label(text::small("Laying out the graph…").color(ctx.theme.text.text_3))
            });
            return;
        };
        self.refresh_lines(front);
        let matches = self.tables.matches(&front.tables(ctx)).to_vec();
        let names: Vec<String> =
            open.model.subgraphs.iter().map(|subgraph| subgraph.name.clone().unwrap_or_default()).collect();
        let content = CanvasContent {
            theme: ctx.theme,
            key: (tab.id, tab.subgraph, layout.direction == Direction::Horizontal),
            layout,
            facts: graph,
            second_line: self.lines.as_ref().map_or(&[][..], |(_, lines)| lines),
            selection: tab.selection,
            matches: &matches,
            reduce_motion: ctx.document.settings.reduce_motion,
            subgraphs: &names,
            can_go_back: self.back.iter().any(|(id, _)| *id == tab.id),
        };
        for event in self.canvas.ui(ui, &content) {
            match event {
                CanvasEvent::Select(selection) => ctx.send(Command::Select(selection)),
                CanvasEvent::Enter(selection) => {
                    ctx.send(Command::Select(selection));
                    self.enter(selection, front, ctx);
                }
                CanvasEvent::ShowSubgraph(subgraph) => self.show_subgraph(subgraph, tab, ctx),
                CanvasEvent::Back => self.go_back(tab, ctx),
                CanvasEvent::Turn => ctx.send(Command::SetDirection(turned(tab.direction))),
            }
        }
    }

    fn keys(&mut self, ui: &Ui, front: &Front<'_>, ctx: &mut PanelContext<'_>) {
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
                InspectKey::Direction => ctx.send(Command::SetDirection(turned(front.tab.direction))),
                InspectKey::Wheel => self.canvas.viewport.wheel_scrolls ^= true,
                InspectKey::ZoomIn => self.canvas.viewport.zoom_by(STEP),
                InspectKey::ZoomOut => self.canvas.viewport.zoom_by(1.0 / STEP),
                InspectKey::ZoomToOne => self.canvas.viewport.zoom_to_one(),
                InspectKey::Back => self.go_back(front.tab, ctx),
                InspectKey::Enter => self.enter(front.tab.selection, front, ctx),
                InspectKey::TableBelow => self.split.below ^= true,
                InspectKey::ExportPng => self.export(front, ctx, Format::Png),
                InspectKey::ExportSvg => self.export(front, ctx, Format::Svg),
                InspectKey::Move(arrow) => {
                    if let Some(selection) = self.moved(arrow, front, ctx) {
                        ctx.send(Command::Select(selection));
                    }
                }
            }
        }
    }

    /// Where an arrow key leads from what is selected.
    fn moved(&mut self, arrow: Arrow, front: &Front<'_>, ctx: &PanelContext<'_>) -> Option<Selection> {
        match (self.pane, arrow, front.operator()) {
            (Pane::Graph, _, Some(operator)) => {
                let next = navigate::step(front.layout()?, operator, arrow)?;
                Some(Selection::Operator(front.tab.subgraph, next))
            }
            (_, Arrow::Down, _) => self.tables.step(&front.tables(ctx), true),
            (_, Arrow::Up, _) => self.tables.step(&front.tables(ctx), false),
            (_, Arrow::Left | Arrow::Right, _) => None,
        }
    }

    /// Shows the first subgraph that an operator calls.
    fn enter(&mut self, selection: Selection, front: &Front<'_>, ctx: &mut PanelContext<'_>) {
        let Selection::Operator(subgraph, operator) = selection else { return };
        let model = &front.open.model;
        let Some(graph) = model.subgraphs.get(subgraph.index()) else { return };
        let Some(operator) = graph.operators.get(operator.index()) else { return };
        let lines = attributes::attributes(model, graph, operator);
        if let Some(called) = lines.into_iter().find_map(|line| line.subgraph) {
            self.show_subgraph(called, front.tab, ctx);
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

    fn refresh_lines(&mut self, front: &Front<'_>) {
        let key = LinesKey { facts: front.key, subgraph: front.tab.subgraph, line: self.second_line };
        if self.lines.as_ref().is_some_and(|(known, _)| *known == key) {
            return;
        }
        let graph = front.facts.graph(key.subgraph);
        let subgraph = front.open.model.subgraphs.get(key.subgraph.index());
        let lines =
            graph.zip(subgraph).map(|(graph, subgraph)| key.line.of(&front.open.model, subgraph, graph));
        self.lines = Some((key, lines.unwrap_or_default()));
    }

    /// Saves a picture of the whole graph.
    fn export(&mut self, front: &Front<'_>, ctx: &mut PanelContext<'_>, format: Format) {
        self.refresh_lines(front);
        let Some((layout, graph)) = front.layout().zip(front.facts.graph(front.tab.subgraph)) else { return };
        let picture = GraphPicture {
            theme: ctx.theme,
            layout,
            facts: graph,
            overlay: self.canvas.overlay,
            second_line: self.lines.as_ref().map_or(&[][..], |(_, lines)| lines),
        }
        .picture();
        let stem = front.tab.title.strip_suffix(".tflite").unwrap_or(&front.tab.title);
        let (ending, format, what) = match format {
            Format::Svg => ("svg", PictureFormat::Svg, "the graph as SVG"),
            Format::Png => ("png", PictureFormat::Png(png_scale(picture.size)), "the graph as PNG"),
        };
        let name = format!("{stem}.{ending}");
        ctx.send(Command::SavePicture(name, Arc::new(picture), format, what.to_owned()));
    }
}

/// What the second lines of the nodes were made for.
#[derive(Clone, Copy, Debug, PartialEq)]
struct LinesKey {
    facts: FactsKey,
    subgraph: SubgraphId,
    line: SecondLine,
}

/// A format of pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Svg,
    Png,
}

fn turned(direction: Direction) -> Direction {
    match direction {
        Direction::Vertical => Direction::Horizontal,
        Direction::Horizontal => Direction::Vertical,
    }
}
