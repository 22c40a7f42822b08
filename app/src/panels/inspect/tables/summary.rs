//! The model as Keras sums it up: layers with shapes, parameters and what they are connected to.

use std::cmp::Ordering;

use emberlab_core::model::Subgraph;

use super::grid::{Cell, Head, Table, figure_width};
use super::operators::share;
use crate::panels::inspect::facts::GraphFacts;
use crate::panels::inspect::find::Haystack;
use crate::panels::inspect::names::{layer_of, tail_fitting};
use crate::panels::inspect::tensor_facts::TensorRole;
use crate::theme::{font_id, format};

/// One row per operator.
pub struct SummaryTable<'a> {
    /// The subgraph.
    pub graph: &'a GraphFacts,
    /// The same, as the file has it.
    pub subgraph: &'a Subgraph,
}

/// Columns of the summary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum SummaryColumn {
    Layer,
    Output,
    Parameters,
    Macs,
    Bytes,
    Share,
    ConnectedTo,
}

impl SummaryTable<'_> {
    /// The last part of the name of what the operator writes.
    fn layer(&self, row: usize) -> &str {
        let output = self.subgraph.operators[row].output(0);
        let name = output
            .and_then(|tensor| self.graph.tensors.get(tensor.index()))
            .map_or("", |tensor| &tensor.name);
        layer_of(name)
    }

    fn output_bytes(&self, row: usize) -> Option<u64> {
        let tensor = self.subgraph.operators[row].output(0)?;
        self.graph.tensors.get(tensor.index())?.bytes
    }

    fn connected_to(&self, row: usize) -> String {
        let mut sources = Vec::new();
        for tensor in self.subgraph.operators[row].inputs.iter().flatten() {
            let Some(facts) = self.graph.tensors.get(tensor.index()) else { continue };
            match (facts.writer, facts.role) {
                (Some(operator), _) => sources.push(format!("#{}", operator.0)),
                (None, TensorRole::Input) => sources.push("input".to_owned()),
                (None, TensorRole::Variable) => sources.push("state".to_owned()),
                (None, _) => {}
            }
        }
        sources.dedup();
        sources.join(", ")
    }
}

impl Table for SummaryTable<'_> {
    type Column = SummaryColumn;

    fn columns(&self, width: f32) -> Vec<Head<SummaryColumn>> {
        let parameters = figure_width(&self.total(SummaryColumn::Parameters), "Params");
        let macs = figure_width(&self.total(SummaryColumn::Macs), "MACs");
        let most_bytes = (0..self.n_rows()).filter_map(|row| self.output_bytes(row)).max().unwrap_or(0);
        let bytes = figure_width(&format::bytes_only(most_bytes), "Output B");
        let mut columns = vec![
            Head::words(SummaryColumn::Layer, "Layer (type)", 0.0),
            Head::words(SummaryColumn::Output, "Output shape", 88.0),
            Head::figures(SummaryColumn::Parameters, "Params", parameters),
            Head::figures(SummaryColumn::Macs, "MACs", macs),
            Head::figures(SummaryColumn::Bytes, "Output B", bytes),
        ];
        if width >= 580.0 {
            columns.push(Head::figures(SummaryColumn::Share, "Of peak", 64.0));
        }
        if width >= 500.0 {
            columns.push(Head::words(SummaryColumn::ConnectedTo, "Connected to", 84.0));
        }
        columns
    }

    fn n_rows(&self) -> usize {
        self.graph.operators.len()
    }

    fn haystack(&self, row: usize) -> &Haystack {
        &self.graph.operators[row].haystack
    }

    fn compare(&self, column: SummaryColumn, a: usize, b: usize) -> Ordering {
        let (left, right) = (&self.graph.operators[a], &self.graph.operators[b]);
        match column {
            SummaryColumn::Layer => self.layer(a).cmp(self.layer(b)),
            SummaryColumn::Output => left.output_elements.cmp(&right.output_elements),
            SummaryColumn::Parameters => left.parameters.cmp(&right.parameters),
            SummaryColumn::Macs => left.macs.cmp(&right.macs),
            SummaryColumn::Bytes => self.output_bytes(a).cmp(&self.output_bytes(b)),
            SummaryColumn::Share => left.live_bytes.cmp(&right.live_bytes),
            SummaryColumn::ConnectedTo => {
                let first = |row: usize| {
                    let inputs = self.subgraph.operators[row].inputs.iter().flatten();
                    inputs.filter_map(|tensor| self.graph.tensors.get(tensor.index())?.writer).min()
                };
                first(a).cmp(&first(b))
            }
        }
    }

    fn text(&self, row: usize, column: SummaryColumn) -> String {
        let operator = &self.graph.operators[row];
        match column {
            SummaryColumn::Layer => format!("{} ({})", self.layer(row), operator.name),
            SummaryColumn::Output => operator.output_shape.clone(),
            SummaryColumn::Parameters => operator.parameters.to_string(),
            SummaryColumn::Macs => operator.macs.to_string(),
            SummaryColumn::Bytes => {
                self.output_bytes(row).map_or_else(String::new, |bytes| bytes.to_string())
            }
            SummaryColumn::Share => self.share_text(row),
            SummaryColumn::ConnectedTo => self.connected_to(row),
        }
    }

    fn cell_ui(&self, cell: &mut Cell<'_>, row: usize, column: SummaryColumn) {
        let (theme, operator) = (cell.theme, &self.graph.operators[row]);
        match column {
            SummaryColumn::Layer => {
                let left = cell.dot(theme.operator_colour(operator.category));
                let kind = format!("({})", operator.name);
                // The type keeps its room; long names are cut at their front, where they are all alike.
                let type_width = cell
                    .ui
                    .painter()
                    .layout_no_wrap(kind.clone(), font_id::cell(), theme.text.text_3)
                    .size()
                    .x;
                let room = cell.rect.right() - left - type_width - 12.0;
                let name = tail_fitting(cell.ui, self.layer(row), font_id::cell(), room);
                let end = cell.words_from(left, &name, font_id::cell(), theme.text.text_1);
                cell.words_from(
                    if name.is_empty() { left } else { end + 5.0 },
                    &kind,
                    font_id::cell(),
                    theme.text.text_3,
                );
            }
            SummaryColumn::Output => cell.mono(&operator.output_shape, theme.text.text_1),
            SummaryColumn::Parameters => cell.figure(&format::count(operator.parameters), theme.text.text_1),
            SummaryColumn::Macs => cell.figure(&format::count(operator.macs), theme.text.text_1),
            SummaryColumn::Bytes => {
                let bytes = self.output_bytes(row);
                cell.figure(
                    &bytes.map_or_else(|| format::UNKNOWN.to_owned(), format::bytes_only),
                    theme.text.text_1,
                );
            }
            SummaryColumn::Share => {
                let colour = if cell.selected { theme.accent.text } else { theme.text.text_1 };
                cell.figure(&self.share_text(row), colour);
            }
            SummaryColumn::ConnectedTo => cell.mono(&self.connected_to(row), theme.text.text_2),
        }
    }

    fn total(&self, column: SummaryColumn) -> String {
        match column {
            SummaryColumn::Layer => format::counted(self.graph.operators.len() as u64, "layer", "layers"),
            SummaryColumn::Parameters => {
                let parameters = self.graph.operators.iter().map(|operator| operator.parameters);
                format::count(parameters.fold(0, u64::saturating_add))
            }
            SummaryColumn::Macs => format::count(self.graph.macs),
            SummaryColumn::Output
            | SummaryColumn::Bytes
            | SummaryColumn::Share
            | SummaryColumn::ConnectedTo => String::new(),
        }
    }

    fn spoken(&self, row: usize) -> &str {
        &self.graph.operators[row].spoken
    }
}

impl SummaryTable<'_> {
    /// Live bytes as a share of the largest live set.
    fn share_text(&self, row: usize) -> String {
        match (self.graph.operators[row].live_bytes, self.graph.most.live_bytes) {
            (Some(bytes), Some(most)) => format::percent_share(f64::from(share(bytes, most))),
            _ => format::UNKNOWN.to_owned(),
        }
    }
}
