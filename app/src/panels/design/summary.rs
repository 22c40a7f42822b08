//! The network as a table, as Keras prints it, with what it costs.

use std::cmp::Ordering;

use egui::Ui;
use emberlab_core::layers::LayerId;
use emberlab_core::verdict::Severity;

use super::facts::{LayerFacts, NetworkFacts};
use crate::panels::inspect::find::Haystack;
use crate::panels::inspect::tables::grid::{
    Cell, Head, PADDING, Table, figure_width, grid_ui, ordered, tsv_of,
};
use crate::theme::widgets::{Sort, TableStyle};
use crate::theme::{Theme, font_id, format};

/// View state of the table.
#[derive(Default)]
pub struct Summary {
    sort: Sort<SummaryColumn>,
    /// The row that was scrolled to.
    followed: Option<LayerId>,
}

/// Columns of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum SummaryColumn {
    Number,
    Layer,
    Output,
    Parameters,
    Macs,
    Bytes,
    Peak,
    Millis,
}

/// Layers in the order of data flow.
struct SummaryTable<'a> {
    facts: &'a NetworkFacts,
}

/// Width of the bar of the share of peak.
const BAR: f32 = 56.0;

impl Summary {
    /// The table over the available rectangle; returns the layer that was clicked.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        theme: &Theme,
        facts: &NetworkFacts,
        chosen: &[LayerId],
        comfortable_rows: bool,
    ) -> Option<LayerId> {
        let table = SummaryTable { facts };
        let order = ordered(&table, self.sort, |_| true);
        let layer = match chosen {
            [layer] => Some(*layer),
            _ => None,
        };
        let row = layer.and_then(|id| facts.layer(id)).map(|layer| layer.number);
        let scroll_to = if self.followed == layer { None } else { row };
        self.followed = layer;
        let style = TableStyle::new(comfortable_rows);
        let events = grid_ui(ui, theme, style, &table, &mut self.sort, &order, row, scroll_to);
        events.clicked.map(|row| table.layer(row).id)
    }
}

/// The table as tab-separated text, with heads and totals.
pub fn tsv(facts: &NetworkFacts) -> String {
    let table = SummaryTable { facts };
    tsv_of(&table, &ordered(&table, Sort::default(), |_| true))
}

impl SummaryTable<'_> {
    fn layer(&self, row: usize) -> &LayerFacts {
        &self.facts.layers[self.facts.order[row]]
    }
}

impl Table for SummaryTable<'_> {
    type Column = SummaryColumn;

    fn columns(&self, width: f32) -> Vec<Head<SummaryColumn>> {
        let totals = self.facts.totals;
        let parameters = figure_width(&format::count(totals.parameters), "Param #").max(78.0);
        let macs =
            figure_width(&format::count(totals.macs.unwrap_or(self.facts.most.macs)), "MACs").max(86.0);
        let number = figure_width(&self.facts.layers.len().to_string(), "#").max(36.0);
        let mut heads = vec![
            Head { descending: false, ..Head::figures(SummaryColumn::Number, "#", number) },
            Head::words(SummaryColumn::Layer, "Layer", 0.0),
            Head::words(SummaryColumn::Output, "Output", 100.0),
            Head::figures(SummaryColumn::Parameters, "Param #", parameters),
            Head::figures(SummaryColumn::Macs, "MACs", macs),
            Head::figures(SummaryColumn::Bytes, "int8 B", 78.0),
            Head {
                descending: true,
                ..Head::words(SummaryColumn::Peak, "Of peak", BAR + 2.0 * PADDING + 10.0)
            },
            Head::figures(SummaryColumn::Millis, "est. ms", 76.0),
        ];
        // A narrow table keeps what counts.
        if width < 620.0 {
            heads.retain(|head| head.column != SummaryColumn::Peak);
        }
        heads
    }

    fn n_rows(&self) -> usize {
        self.facts.order.len()
    }

    fn haystack(&self, row: usize) -> &Haystack {
        &self.layer(row).haystack
    }

    fn compare(&self, column: SummaryColumn, a: usize, b: usize) -> Ordering {
        let (left, right) = (self.layer(a), self.layer(b));
        let cost = |layer: &LayerFacts| layer.cost.clone().unwrap_or_default();
        match column {
            SummaryColumn::Number => a.cmp(&b),
            SummaryColumn::Layer => (left.label, &left.name).cmp(&(right.label, &right.name)),
            SummaryColumn::Output | SummaryColumn::Bytes => left.elements.cmp(&right.elements),
            SummaryColumn::Parameters => left.parameters.cmp(&right.parameters),
            SummaryColumn::Macs => cost(left).macs.cmp(&cost(right).macs),
            SummaryColumn::Peak => cost(left).live_bytes.cmp(&cost(right).live_bytes),
            SummaryColumn::Millis => {
                let millis = |layer: &LayerFacts| cost(layer).millis.unwrap_or(-1.0);
                millis(left).total_cmp(&millis(right))
            }
        }
    }

    fn text(&self, row: usize, column: SummaryColumn) -> String {
        let layer = self.layer(row);
        let cost = layer.cost.as_ref();
        let figure = |value: Option<u64>| value.map_or_else(String::new, |value| value.to_string());
        match column {
            SummaryColumn::Number => row.to_string(),
            SummaryColumn::Layer => format!("{} ({})", layer.name, layer.label),
            SummaryColumn::Output => layer.shape.clone(),
            SummaryColumn::Parameters => layer.parameters.to_string(),
            SummaryColumn::Macs => figure(cost.map(|cost| cost.macs)),
            SummaryColumn::Bytes => figure(layer.output_bytes()),
            SummaryColumn::Peak => figure(cost.and_then(|cost| cost.live_bytes)),
            SummaryColumn::Millis => {
                cost.and_then(|cost| cost.millis).map_or_else(String::new, |millis| format!("{millis:.3}"))
            }
        }
    }

    fn cell_ui(&self, cell: &mut Cell<'_>, row: usize, column: SummaryColumn) {
        let theme = cell.theme;
        let layer = self.layer(row);
        let cost = layer.cost.as_ref();
        let is_wrong = layer.worst() == Some(Severity::Error);
        let figure = |cell: &Cell<'_>, value: Option<String>| match value {
            Some(value) => cell.figure(&value, theme.text.text_1),
            None => cell.figure(format::UNKNOWN, theme.text.text_3),
        };
        match column {
            SummaryColumn::Number => cell.figure(&row.to_string(), theme.text.text_3),
            SummaryColumn::Layer => {
                let left = cell.dot(theme.operator_colour(layer.category));
                let error = layer.problems.iter().find(|problem| problem.severity == Severity::Error);
                if let Some(problem) = error {
                    let words = format!("{}: {}", layer.label, problem.message);
                    cell.words_from(left, &words, font_id::cell(), theme.status.over);
                    return;
                }
                let end = cell.words_from(left, layer.label, font_id::cell(), theme.text.text_1);
                cell.words_from(end + 6.0, &layer.name, font_id::cell(), theme.text.text_3);
            }
            SummaryColumn::Output if layer.shape.is_empty() => {
                let colour = if is_wrong { theme.status.over } else { theme.text.text_3 };
                cell.mono(format::UNKNOWN, colour);
            }
            SummaryColumn::Output => cell.mono(&layer.shape, theme.text.text_1),
            SummaryColumn::Parameters if layer.shape.is_empty() => figure(cell, None),
            SummaryColumn::Parameters => figure(cell, Some(format::count(layer.parameters))),
            SummaryColumn::Macs => figure(cell, cost.map(|cost| format::count(cost.macs))),
            SummaryColumn::Bytes => figure(cell, layer.output_bytes().map(format::bytes_only)),
            SummaryColumn::Peak => {
                if let Some(bytes) = cost.and_then(|cost| cost.live_bytes) {
                    let most = self.facts.most.live_bytes.max(1);
                    let share = (bytes as f64 / most as f64) as f32;
                    cell.bar(BAR, share, theme.series[0]);
                    let name = ("peak", row);
                    let hover =
                        cell.ui.interact(cell.rect, cell.ui.unique_id().with(name), egui::Sense::hover());
                    hover.on_hover_text(format!("{} alive at this step", format::bytes(bytes)));
                }
            }
            SummaryColumn::Millis => {
                figure(cell, cost.and_then(|cost| cost.millis).map(format::estimated_millis_only));
            }
        }
    }

    fn total(&self, column: SummaryColumn) -> String {
        let totals = self.facts.totals;
        match column {
            SummaryColumn::Number | SummaryColumn::Output | SummaryColumn::Bytes | SummaryColumn::Peak => {
                String::new()
            }
            SummaryColumn::Layer => format::counted(self.facts.layers.len() as u64, "layer", "layers"),
            SummaryColumn::Parameters => format::count(totals.parameters),
            SummaryColumn::Macs => totals.macs.map_or_else(|| format::UNKNOWN.to_owned(), format::count),
            SummaryColumn::Millis => {
                let known = totals.latency.map(|latency| (latency.range, latency.millis));
                known.map_or_else(
                    || format::UNKNOWN.to_owned(),
                    |((low, high), millis)| format::estimate_only(low, millis, high),
                )
            }
        }
    }

    fn spoken(&self, row: usize) -> &str {
        &self.layer(row).spoken
    }
}
