//! Tables beside the graph: operators, tensors, and a summary as Keras prints it; one find field for all.

pub mod grid;
mod operators;
mod summary;
mod tensors;

use egui::{
    Align, EventFilter, Id, Key, Layout, Margin, Modifiers, Stroke, TextEdit, Ui, UiBuilder, pos2, vec2,
};
use emberlab_core::model::{Model, OperatorId, SubgraphId, TensorId};

use super::facts::{FactsKey, ModelFacts};
use super::find::Query;
use crate::command::Command;
use crate::document::Selection;
use crate::theme::widgets::{ButtonKind, Sort, TableStyle, empty, hairline, segmented_small, small_button};
use crate::theme::{Icon, Theme, font_id, format, text};
use grid::{GridEvents, grid_ui, ordered, tsv_of};
use operators::{OperatorColumn, OperatorTable};
use summary::{SummaryColumn, SummaryTable};
use tensors::{TensorColumn, TensorTable};

/// Which table is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TableKind {
    /// One row per operator.
    #[default]
    Operators,
    /// One row per tensor.
    Tensors,
    /// As Keras sums a model up.
    Summary,
}

/// View state of the tables.
#[derive(Default)]
pub struct Tables {
    /// Which table is shown.
    pub kind: TableKind,
    /// What is typed into the find field.
    pub query: String,
    operators: Sort<OperatorColumn>,
    tensors: Sort<TensorColumn>,
    summary: Sort<SummaryColumn>,
    /// Rows shown, and what they were made for.
    order: Vec<usize>,
    order_key: Option<OrderKey>,
    /// Operators that find matches, and what it was made for; empty when nothing is looked for.
    matches: Vec<bool>,
    matches_key: Option<(FactsKey, SubgraphId, String)>,
    /// The find field asks for the keyboard.
    focus_find: bool,
    /// The selection that the table has been scrolled to.
    followed: Selection,
}

#[derive(Clone, PartialEq)]
struct OrderKey {
    facts: FactsKey,
    subgraph: SubgraphId,
    kind: TableKind,
    query: String,
    operators: Sort<OperatorColumn>,
    tensors: Sort<TensorColumn>,
    summary: Sort<SummaryColumn>,
}

/// What the tables show.
pub struct TablesContent<'a> {
    /// Colours.
    pub theme: &'a Theme,
    /// The model.
    pub model: &'a Model,
    /// What is known about it.
    pub facts: &'a ModelFacts,
    /// What the facts were made from.
    pub key: FactsKey,
    /// The subgraph that is shown.
    pub subgraph: SubgraphId,
    /// What is selected.
    pub selection: Selection,
    /// Taller rows.
    pub comfortable_rows: bool,
}

/// Height of the bar above the table.
const BAR: f32 = 40.0;

impl Tables {
    /// Puts the keyboard into the find field.
    pub fn focus_find(&mut self) {
        self.focus_find = true;
    }

    /// For every operator whether find matches it; empty when nothing is looked for.
    pub fn matches(&mut self, content: &TablesContent<'_>) -> &[bool] {
        let key = (content.key, content.subgraph, self.query.clone());
        if self.matches_key.as_ref() != Some(&key) {
            let query = Query::parse(&self.query);
            self.matches.clear();
            if let Some(graph) = content.facts.graph(content.subgraph)
                && !query.is_empty()
            {
                self.matches.extend(graph.operators.iter().map(|operator| query.matches(&operator.haystack)));
            }
            self.matches_key = Some(key);
        }
        &self.matches
    }

    /// The row before or after the selected one, in the order that the table shows.
    pub fn step(&mut self, content: &TablesContent<'_>, forward: bool) -> Option<Selection> {
        self.refresh(content);
        let current = self.selected_row(content);
        let place = current.and_then(|row| self.order.iter().position(|shown| *shown == row));
        let next = match (place, forward) {
            (Some(place), true) => place + 1,
            (Some(place), false) => place.checked_sub(1)?,
            (None, true) => 0,
            (None, false) => self.order.len().checked_sub(1)?,
        };
        self.order.get(next).map(|row| self.selection_of(content.subgraph, *row))
    }

    /// The bar and the table over the available rectangle.
    pub fn ui(&mut self, ui: &mut Ui, content: &TablesContent<'_>, commands: &mut Vec<Command>) {
        let rect = ui.available_rect_before_wrap();
        ui.painter().rect_filled(rect, 0.0, content.theme.surface.panel);
        self.refresh(content);
        let bar = egui::Rect::from_min_size(rect.min, vec2(rect.width(), BAR));
        ui.scope_builder(UiBuilder::new().max_rect(bar), |ui| self.bar_ui(ui, content, commands));
        hairline(ui.painter(), content.theme, rect.x_range(), bar.bottom() - 1.0);
        let below = egui::Rect::from_min_max(pos2(rect.left(), bar.bottom()), rect.max);
        ui.scope_builder(UiBuilder::new().max_rect(below), |ui| self.table_ui(ui, content, commands));
        ui.advance_cursor_after_rect(rect);
    }

    fn bar_ui(&mut self, ui: &mut Ui, content: &TablesContent<'_>, commands: &mut Vec<Command>) {
        let theme = content.theme;
        let inner = ui.max_rect().shrink2(vec2(12.0, 9.0));
        ui.scope_builder(
            UiBuilder::new().max_rect(inner).layout(Layout::left_to_right(Align::Center)),
            |ui| {
                ui.spacing_mut().item_spacing.x = 8.0;
                let kinds = [
                    (TableKind::Operators, "Operators"),
                    (TableKind::Tensors, "Tensors"),
                    (TableKind::Summary, "Summary"),
                ];
                if segmented_small(ui, theme, &mut self.kind, &kinds) {
                    self.refresh(content);
                }
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    if small_button(ui, theme, ButtonKind::Outline, Some(Icon::Copy), "Copy")
                        .on_hover_text("Copy the table as tab-separated text")
                        .clicked()
                    {
                        commands.push(self.copy(content));
                    }
                    self.find_ui(ui, content, commands);
                });
            },
        );
    }

    fn find_ui(&mut self, ui: &mut Ui, content: &TablesContent<'_>, commands: &mut Vec<Command>) {
        let theme = content.theme;
        let width = (ui.available_width() - 8.0).clamp(90.0, 228.0);
        let (rect, _) = ui.allocate_exact_size(vec2(width, 22.0), egui::Sense::hover());
        let id = Id::unique("inspect find");
        let focused = ui.memory(|memory| memory.has_focus(id));
        let outline = if focused { theme.line.focus } else { theme.line.strong };
        ui.painter().rect(
            rect,
            4.0,
            theme.surface.canvas,
            Stroke::new(1.0, outline),
            egui::StrokeKind::Inside,
        );
        let icon = pos2(rect.left() + 13.0, rect.center().y);
        ui.painter().text(
            icon,
            egui::Align2::CENTER_CENTER,
            Icon::Search.glyph(),
            font_id::icon(13.0),
            theme.text.text_3,
        );
        let mut right = rect.right() - 8.0;
        if !Query::parse(&self.query).is_empty() {
            let count = format!(
                "{} of {}",
                format::count(self.order.len() as u64),
                format::count(self.n_rows(content))
            );
            let at = pos2(right, rect.center().y);
            let drawn = ui.painter().text(
                at,
                egui::Align2::RIGHT_CENTER,
                count,
                font_id::number_small(),
                theme.text.text_3,
            );
            right = drawn.left() - 6.0;
        }
        let height = ui.fonts_mut(|fonts| fonts.row_height(&font_id::cell()));
        let line = rect.center().y - height / 2.0;
        let field = egui::Rect::from_min_max(pos2(rect.left() + 23.0, line), pos2(right, line + height));
        // Taken before the field sees them: they move between matches.
        let (next, back, clear) = if focused {
            ui.input_mut(|input| {
                let next = input.consume_key(Modifiers::NONE, Key::Enter)
                    | input.consume_key(Modifiers::NONE, Key::ArrowDown);
                let back = input.consume_key(Modifiers::SHIFT, Key::Enter)
                    | input.consume_key(Modifiers::NONE, Key::ArrowUp);
                (next, back, input.consume_key(Modifiers::NONE, Key::Escape))
            })
        } else {
            (false, false, false)
        };
        let edit = TextEdit::singleline(&mut self.query)
            .id(id)
            .frame(egui::Frame::NONE)
            .margin(Margin::ZERO)
            .font(font_id::cell())
            .hint_text(text::cell("Find name, op, int8, 24,24,16").color(theme.text.text_3))
            .desired_width(field.width())
            .event_filter(EventFilter {
                escape: true,
                horizontal_arrows: true,
                vertical_arrows: true,
                tab: false,
            })
            .min_size(vec2(0.0, height));
        let response = ui.put(field, edit);
        let response = response.accessible_name("Find");
        if std::mem::take(&mut self.focus_find) {
            response.request_focus();
        }
        if clear {
            if self.query.is_empty() {
                response.surrender_focus();
            }
            self.query.clear();
        }
        if response.changed() || clear {
            self.refresh(content);
        }
        if (next || back)
            && let Some(selection) = self.match_after(content, next)
        {
            commands.push(Command::Select(selection));
        }
    }

    /// The next match; after the last one comes the first again.
    fn match_after(&mut self, content: &TablesContent<'_>, forward: bool) -> Option<Selection> {
        if let Some(selection) = self.step(content, forward) {
            return Some(selection);
        }
        let row = if forward { self.order.first() } else { self.order.last() };
        row.map(|row| self.selection_of(content.subgraph, *row))
    }

    fn table_ui(&mut self, ui: &mut Ui, content: &TablesContent<'_>, commands: &mut Vec<Command>) {
        if self.order.is_empty() && !Query::parse(&self.query).is_empty() {
            let sentence = format!("No row matches {}", self.query.trim());
            let buttons = [(ButtonKind::Plain, Some(Icon::FilterX), "Clear filter")];
            let explanation = "Every word must be part of a name, an operator, a type or a shape.";
            if empty(ui, content.theme, Icon::Search, &sentence, explanation, &buttons).is_some() {
                self.query.clear();
            }
            return;
        }
        let Some(graph) = content.facts.graph(content.subgraph) else { return };
        let Some(subgraph) = content.model.subgraphs.get(content.subgraph.index()) else { return };
        if self.n_rows(content) == 0 {
            let what = if self.kind == TableKind::Tensors { "No tensors" } else { "No operators" };
            empty(ui, content.theme, Icon::Table, what, "This subgraph only passes its inputs on.", &[]);
            return;
        }
        let selected = self.selected_row(content);
        let scroll_to = selected.filter(|_| self.followed != content.selection);
        self.followed = content.selection;
        let style = TableStyle::new(content.comfortable_rows);
        let theme = content.theme;
        let events = ui
            .push_id(self.kind as u8, |ui| match self.kind {
                TableKind::Operators => {
                    let table = OperatorTable { graph, findings: &content.facts.findings };
                    let sort = &mut self.operators;
                    grid_ui(ui, theme, style, &table, sort, &self.order, selected, scroll_to)
                }
                TableKind::Tensors => {
                    let table = TensorTable { graph, subgraph };
                    let sort = &mut self.tensors;
                    grid_ui(ui, theme, style, &table, sort, &self.order, selected, scroll_to)
                }
                TableKind::Summary => {
                    let table = SummaryTable { graph, subgraph };
                    let sort = &mut self.summary;
                    grid_ui(ui, theme, style, &table, sort, &self.order, selected, scroll_to)
                }
            })
            .inner;
        let GridEvents { clicked, opened } = events;
        if let Some(row) = clicked.or(opened) {
            let selection = self.selection_of(content.subgraph, row);
            // What was clicked is in sight already.
            self.followed = selection;
            commands.push(Command::Select(selection));
        }
    }

    fn copy(&self, content: &TablesContent<'_>) -> Command {
        let graph = content.facts.graph(content.subgraph);
        let subgraph = content.model.subgraphs.get(content.subgraph.index());
        let Some((graph, subgraph)) = graph.zip(subgraph) else {
            return Command::Copy(String::new(), "an empty table".to_owned());
        };
        let n_rows = self.order.len() as u64;
        let (tsv, what) = match self.kind {
            TableKind::Operators => {
                let table = OperatorTable { graph, findings: &content.facts.findings };
                (tsv_of(&table, &self.order), format::counted(n_rows, "operator", "operators"))
            }
            TableKind::Tensors => {
                let table = TensorTable { graph, subgraph };
                (tsv_of(&table, &self.order), format::counted(n_rows, "tensor", "tensors"))
            }
            TableKind::Summary => {
                let table = SummaryTable { graph, subgraph };
                (tsv_of(&table, &self.order), format::counted(n_rows, "layer", "layers"))
            }
        };
        Command::Copy(tsv, what)
    }

    /// Makes the order of the rows if anything that it depends on has changed.
    fn refresh(&mut self, content: &TablesContent<'_>) {
        let key = OrderKey {
            facts: content.key,
            subgraph: content.subgraph,
            kind: self.kind,
            query: self.query.clone(),
            operators: self.operators,
            tensors: self.tensors,
            summary: self.summary,
        };
        if self.order_key.as_ref() == Some(&key) {
            return;
        }
        let query = Query::parse(&self.query);
        let graph = content.facts.graph(content.subgraph);
        let subgraph = content.model.subgraphs.get(content.subgraph.index());
        self.order = match (graph.zip(subgraph), self.kind) {
            (None, _) => Vec::new(),
            (Some((graph, _)), TableKind::Operators) => {
                let table = OperatorTable { graph, findings: &content.facts.findings };
                ordered(&table, self.operators, |haystack| query.matches(haystack))
            }
            (Some((graph, subgraph)), TableKind::Tensors) => {
                ordered(&TensorTable { graph, subgraph }, self.tensors, |haystack| query.matches(haystack))
            }
            (Some((graph, subgraph)), TableKind::Summary) => {
                ordered(&SummaryTable { graph, subgraph }, self.summary, |haystack| query.matches(haystack))
            }
        };
        self.order_key = Some(key);
    }

    fn n_rows(&self, content: &TablesContent<'_>) -> u64 {
        let n_rows = content.facts.graph(content.subgraph).map_or(0, |graph| match self.kind {
            TableKind::Operators | TableKind::Summary => graph.operators.len(),
            TableKind::Tensors => graph.tensors.len(),
        });
        n_rows as u64
    }

    fn selected_row(&self, content: &TablesContent<'_>) -> Option<usize> {
        let (subgraph, row) = match (content.selection, self.kind) {
            (
                Selection::Operator(subgraph, operator) | Selection::Scratch(subgraph, operator, _),
                TableKind::Operators | TableKind::Summary,
            ) => (subgraph, operator.index()),
            (Selection::Tensor(subgraph, tensor), TableKind::Tensors) => (subgraph, tensor.index()),
            _ => return None,
        };
        (subgraph == content.subgraph).then_some(row)
    }

    fn selection_of(&self, subgraph: SubgraphId, row: usize) -> Selection {
        match self.kind {
            TableKind::Operators | TableKind::Summary => {
                Selection::Operator(subgraph, OperatorId(row as u32))
            }
            TableKind::Tensors => Selection::Tensor(subgraph, TensorId(row as u32)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::grid::Table;
    use super::*;
    use crate::document::Findings;
    use crate::panels::inspect::fixtures::chain;
    use emberlab_core::cost;

    fn rows<T: Table>(table: &T, sort: Sort<T::Column>) -> Vec<usize> {
        ordered(table, sort, |_| true)
    }

    #[test]
    fn rows_are_sorted_by_their_head_and_equal_ones_keep_the_order_of_the_file() {
        let model = chain(4);
        let mut facts = ModelFacts::of_model(&model, cost::totals(&model), None, &Findings::default());
        for (operator, macs) in facts.graphs[0].operators.iter_mut().zip([5, 9, 5, 7]) {
            operator.macs = macs;
        }
        let table = OperatorTable { graph: &facts.graphs[0], findings: &[] };
        let mut sort = Sort::default();
        assert_eq!(rows(&table, sort), [0, 1, 2, 3]);
        sort.click(OperatorColumn::Macs, true);
        assert_eq!(rows(&table, sort), [1, 3, 0, 2]);
        sort.click(OperatorColumn::Macs, true);
        assert_eq!(rows(&table, sort), [0, 2, 3, 1]);
        sort.click(OperatorColumn::Macs, true);
        assert_eq!(rows(&table, sort), [0, 1, 2, 3]);
    }

    #[test]
    fn a_copied_table_has_heads_rows_and_totals() {
        let model = chain(2);
        let facts = ModelFacts::of_model(&model, cost::totals(&model), None, &Findings::default());
        let table = SummaryTable { graph: &facts.graphs[0], subgraph: &model.subgraphs[0] };
        let tsv = tsv_of(&table, &[0, 1]);
        let lines: Vec<&str> = tsv.lines().collect();
        assert_eq!(lines[0], "Layer (type)\tOutput shape\tParams\tMACs\tOutput B\tOf peak\tConnected to");
        assert_eq!(lines[1], "t1 (Add)\t8×8×4\t0\t0\t256\t–\tinput");
        assert_eq!(lines[2], "t2 (Add)\t8×8×4\t0\t0\t256\t–\t#0");
        assert!(lines[3].starts_with("2 layers\t"));
        // Totals of a part of the rows would be wrong.
        assert_eq!(tsv_of(&table, &[1]).lines().count(), 2);
    }
}
