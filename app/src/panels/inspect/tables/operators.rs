//! The table of operators.

use std::cmp::Ordering;

use emberlab_core::verdict::{Diagnostic, Kernel, Severity};

use super::grid::{Cell, Head, PADDING, Table, figure_width};
use crate::panels::inspect::facts::{GraphFacts, OperatorFacts};
use crate::panels::inspect::find::Haystack;
use crate::panels::inspect::overlay::scale_place;
use crate::theme::{Icon, format};

/// Operators in the order of execution.
pub struct OperatorTable<'a> {
    /// The subgraph.
    pub graph: &'a GraphFacts,
    /// Findings of the model, which operators refer to.
    pub findings: &'a [Diagnostic],
}

/// Columns of the table of operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum OperatorColumn {
    Number,
    Operator,
    Output,
    Macs,
    Weights,
    Live,
    Kernel,
}

/// From this width on figures have bars.
const WIDE: f32 = 580.0;

/// Width of a bar before a figure.
const BAR: f32 = 28.0;

impl Table for OperatorTable<'_> {
    type Column = OperatorColumn;

    fn columns(&self, width: f32) -> Vec<Head<OperatorColumn>> {
        let bar = if width >= WIDE { BAR + PADDING } else { 0.0 };
        let macs = figure_width(&format::count(self.graph.macs), "MACs");
        let weights = figure_width(&format::bytes_only(self.graph.weight_bytes), "Weights B");
        let live = figure_width(&self.total(OperatorColumn::Live), "Live B");
        let number = figure_width(&self.graph.operators.len().to_string(), "#").max(34.0);
        vec![
            Head { descending: false, ..Head::figures(OperatorColumn::Number, "#", number) },
            Head::words(OperatorColumn::Operator, "Operator", 0.0),
            Head::words(OperatorColumn::Output, "Output", 78.0),
            Head::figures(OperatorColumn::Macs, "MACs", macs + bar),
            Head::figures(OperatorColumn::Weights, "Weights B", weights),
            Head::figures(OperatorColumn::Live, "Live B", live + bar),
            Head {
                align: egui::Align::Center,
                icon: Some(Icon::Zap),
                ..Head::words(OperatorColumn::Kernel, "Kernel", 30.0)
            },
        ]
    }

    fn n_rows(&self) -> usize {
        self.graph.operators.len()
    }

    fn haystack(&self, row: usize) -> &Haystack {
        &self.graph.operators[row].haystack
    }

    fn compare(&self, column: OperatorColumn, a: usize, b: usize) -> Ordering {
        let (left, right) = (&self.graph.operators[a], &self.graph.operators[b]);
        match column {
            OperatorColumn::Number => a.cmp(&b),
            OperatorColumn::Operator => (&left.name, &left.brief).cmp(&(&right.name, &right.brief)),
            OperatorColumn::Output => left.output_elements.cmp(&right.output_elements),
            OperatorColumn::Macs => left.macs.cmp(&right.macs),
            OperatorColumn::Weights => left.weight_bytes.cmp(&right.weight_bytes),
            OperatorColumn::Live => left.live_bytes.cmp(&right.live_bytes),
            OperatorColumn::Kernel => self.rank(left).cmp(&self.rank(right)),
        }
    }

    fn text(&self, row: usize, column: OperatorColumn) -> String {
        let operator = &self.graph.operators[row];
        match column {
            OperatorColumn::Number => row.to_string(),
            OperatorColumn::Operator => format!("{} {}", operator.name, operator.brief).trim_end().to_owned(),
            OperatorColumn::Output => operator.output_shape.clone(),
            OperatorColumn::Macs => operator.macs.to_string(),
            OperatorColumn::Weights => operator.weight_bytes.to_string(),
            OperatorColumn::Live => operator.live_bytes.map_or_else(String::new, |bytes| bytes.to_string()),
            OperatorColumn::Kernel => operator.kernel_text.clone(),
        }
    }

    fn cell_ui(&self, cell: &mut Cell<'_>, row: usize, column: OperatorColumn) {
        let (theme, operator) = (cell.theme, &self.graph.operators[row]);
        let wide = cell.table_width >= WIDE;
        match column {
            OperatorColumn::Number => cell.figure(&row.to_string(), theme.text.text_3),
            OperatorColumn::Operator => {
                let left = cell.dot(theme.operator_colour(operator.category));
                let end =
                    cell.words_from(left, &operator.name, crate::theme::font_id::cell(), theme.text.text_1);
                let brief = crate::theme::font_id::cell();
                cell.words_from(end + 5.0, &operator.brief, brief, theme.text.text_3);
            }
            OperatorColumn::Output => cell.mono(&operator.output_shape, theme.text.text_1),
            OperatorColumn::Macs => {
                if wide {
                    cell.bar(BAR, share(operator.macs, self.graph.most.macs), theme.text.text_3);
                }
                cell.figure(&format::count(operator.macs), theme.text.text_1);
            }
            OperatorColumn::Weights => {
                cell.figure(&format::bytes_only(operator.weight_bytes), theme.text.text_1);
            }
            OperatorColumn::Live => match operator.live_bytes {
                Some(bytes) => {
                    let share = share(bytes, self.graph.most.live_bytes.unwrap_or(0));
                    if wide {
                        cell.bar(BAR, share, theme.sequential(scale_place(share)));
                    }
                    let colour = if cell.selected { theme.accent.text } else { theme.text.text_1 };
                    cell.figure(&format::bytes_only(bytes), colour);
                }
                None => cell.figure(format::UNKNOWN, theme.text.text_3),
            },
            OperatorColumn::Kernel => {
                let (icon, colour) = match self.rank(operator) {
                    Rank::Refused => (Icon::CircleX, theme.status.over),
                    Rank::Warned => (Icon::TriangleAlert, theme.status.warn),
                    Rank::Reference => (Icon::Minus, theme.text.text_3),
                    Rank::Fast => (Icon::Zap, theme.status.ok),
                };
                cell.icon(icon, colour);
                let hover =
                    cell.ui.interact(cell.rect, cell.ui.unique_id().with("kernel"), egui::Sense::hover());
                hover.on_hover_text(self.kernel_tooltip(operator));
            }
        }
    }

    fn total(&self, column: OperatorColumn) -> String {
        match column {
            OperatorColumn::Number | OperatorColumn::Output | OperatorColumn::Kernel => String::new(),
            OperatorColumn::Operator => {
                format::counted(self.graph.operators.len() as u64, "operator", "operators")
            }
            OperatorColumn::Macs => format::count(self.graph.macs),
            OperatorColumn::Weights => format::bytes_only(self.graph.weight_bytes),
            OperatorColumn::Live => self.graph.most.live_bytes.map_or_else(String::new, format::bytes_only),
        }
    }

    fn spoken(&self, row: usize) -> &str {
        &self.graph.operators[row].spoken
    }
}

/// How well an operator runs, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Refused,
    Warned,
    Reference,
    Fast,
}

impl OperatorTable<'_> {
    fn rank(&self, operator: &OperatorFacts) -> Rank {
        let warned = operator
            .findings
            .iter()
            .filter_map(|finding| self.findings.get(*finding))
            .any(|finding| finding.severity <= Severity::Warning);
        match &operator.kernel {
            Some(Kernel::Refused { .. }) => Rank::Refused,
            _ if warned => Rank::Warned,
            Some(Kernel::EspNnSimd | Kernel::EspNnGeneric) => Rank::Fast,
            Some(Kernel::Reference(_) | Kernel::Copy) | None => Rank::Reference,
        }
    }

    fn kernel_tooltip(&self, operator: &OperatorFacts) -> String {
        let findings = operator.findings.iter().filter_map(|finding| self.findings.get(*finding));
        let lines = std::iter::once(operator.kernel_text.clone())
            .chain(findings.map(|finding| finding.message.clone()));
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// `value` of `most`, 0 to 1.
pub fn share(value: u64, most: u64) -> f32 {
    if most == 0 { 0.0 } else { (value as f64 / most as f64) as f32 }
}
