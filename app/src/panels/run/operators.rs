//! The table of operators: time on this computer, and how much a second run differs.

use std::cmp::Ordering;

use emberlab_core::model::{Model, OperatorId, SubgraphId};

use crate::panels::inspect::find::Haystack;
use crate::panels::inspect::names::operator_name;
use crate::panels::inspect::tables::grid::{Cell, Head, PADDING, Table};
use crate::run_state::RunResult;
use crate::theme::{Category, font_id, format};

use super::values::number_text;

/// Operators of one subgraph in the order of execution.
pub struct RunTable {
    rows: Vec<Row>,
    total_micros: Option<f64>,
    most_micros: f64,
    /// Unit of differences; `None` where nothing was compared.
    difference_unit: Option<&'static str>,
    most_difference: f64,
    haystack: Haystack,
}

struct Row {
    name: String,
    category: Category,
    shape: String,
    crc32: Option<u32>,
    micros: Option<f64>,
    difference: Option<(f64, usize, usize)>,
    spoken: String,
}

/// Columns of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum RunColumn {
    Number,
    Operator,
    Output,
    Crc,
    Micros,
    Share,
    Difference,
    Different,
}

const BAR: f32 = 40.0;

impl RunTable {
    /// The table of a subgraph after a run, or before the first.
    pub fn new(model: &Model, subgraph: SubgraphId, result: Option<&RunResult>) -> Self {
        let operators = model.subgraphs.get(subgraph.index()).map_or(&[][..], |graph| &graph.operators);
        let rows = operators.iter().enumerate().map(|(index, operator)| {
            let number = index as u32;
            let name = operator_name(model, operator);
            let shape = operator.output(0).map_or_else(String::new, |id| {
                model
                    .subgraphs
                    .get(subgraph.index())
                    .map_or_else(String::new, |graph| format::shape(&graph.tensor(id).shape))
            });
            let micros = result.and_then(|result| result.operator_micros(subgraph.0, number));
            let difference = result.and_then(|result| result.difference(subgraph.0, number));
            let difference = difference.map(|found| (found.largest, found.n_different, found.n_elements));
            let spoken = match difference {
                Some((largest, ..)) => {
                    format!("Operator {index}, {name}, differs by {}", number_text(largest))
                }
                None => format!("Operator {index}, {name}"),
            };
            Row {
                category: Category::of(model.builtin(operator)),
                crc32: result
                    .and_then(|result| result.output_of(subgraph.0, number))
                    .map(|output| output.crc32),
                name,
                shape,
                micros,
                difference,
                spoken,
            }
        });
        let rows = rows.collect::<Vec<_>>();
        let largest = |value: fn(&Row) -> Option<f64>| rows.iter().filter_map(value).fold(0.0, f64::max);
        let comparison = result.and_then(RunResult::comparison);
        Self {
            most_micros: largest(|row| row.micros),
            most_difference: largest(|row| row.difference.map(|(largest, ..)| largest)),
            difference_unit: comparison.map(|compared| if compared.is_real { "real" } else { "steps" }),
            total_micros: result.map(|result| result.total_micros),
            haystack: Haystack::default(),
            rows,
        }
    }

    /// The operator in a row.
    pub fn operator(&self, row: usize) -> OperatorId {
        OperatorId(row as u32)
    }
}

impl Table for RunTable {
    type Column = RunColumn;

    fn columns(&self, width: f32) -> Vec<Head<RunColumn>> {
        let mut heads = vec![
            Head { descending: false, ..Head::figures(RunColumn::Number, "#", 42.0) },
            Head::words(RunColumn::Operator, "Operator", 0.0),
            Head::words(RunColumn::Output, "Output", 96.0),
        ];
        // A comparison matters more than checksums and shares, where there is not room for all.
        let is_compared = self.difference_unit.is_some();
        if width > if is_compared { 900.0 } else { 640.0 } {
            heads.push(Head::words(RunColumn::Crc, "CRC-32 of output", 118.0));
        }
        heads.push(Head::figures(RunColumn::Micros, "Host µs", 92.0));
        if !is_compared || width > 780.0 {
            heads.push(Head::figures(RunColumn::Share, "Share", 72.0 + BAR));
        }
        match self.difference_unit {
            Some("steps") => {
                heads.push(Head::figures(RunColumn::Difference, "Largest, steps", 112.0));
                heads.push(Head::figures(RunColumn::Different, "Different", 150.0));
            }
            Some(_) => {
                heads.push(Head::figures(RunColumn::Difference, "Largest", 104.0));
                heads.push(Head::figures(RunColumn::Different, "Different", 150.0));
            }
            None => {}
        }
        heads
    }

    fn n_rows(&self) -> usize {
        self.rows.len()
    }

    fn haystack(&self, _row: usize) -> &Haystack {
        &self.haystack
    }

    fn compare(&self, column: RunColumn, a: usize, b: usize) -> Ordering {
        let (left, right) = (&self.rows[a], &self.rows[b]);
        let by = |value: fn(&Row) -> Option<f64>| {
            value(left).unwrap_or(-1.0).total_cmp(&value(right).unwrap_or(-1.0))
        };
        match column {
            RunColumn::Number => a.cmp(&b),
            RunColumn::Operator => left.name.cmp(&right.name),
            RunColumn::Output => left.shape.cmp(&right.shape),
            RunColumn::Crc => left.crc32.cmp(&right.crc32),
            RunColumn::Micros | RunColumn::Share => by(|row| row.micros),
            RunColumn::Difference => by(|row| row.difference.map(|(largest, ..)| largest)),
            RunColumn::Different => by(|row| row.difference.map(|(_, different, _)| different as f64)),
        }
    }

    fn text(&self, row: usize, column: RunColumn) -> String {
        let data = &self.rows[row];
        match column {
            RunColumn::Number => row.to_string(),
            RunColumn::Operator => data.name.clone(),
            RunColumn::Output => data.shape.clone(),
            RunColumn::Crc => data.crc32.map_or_else(String::new, |crc| format!("{crc:08x}")),
            RunColumn::Micros => data.micros.map_or_else(String::new, |micros| format!("{micros:.1}")),
            RunColumn::Share => {
                self.share(data).map_or_else(String::new, |share| format::percent_share(f64::from(share)))
            }
            RunColumn::Difference => {
                data.difference.map_or_else(String::new, |(largest, ..)| number_text(largest))
            }
            RunColumn::Different => data.difference.map_or_else(String::new, |(_, different, all)| {
                format!("{} of {}", format::count(different as u64), format::count(all as u64))
            }),
        }
    }

    fn cell_ui(&self, cell: &mut Cell<'_>, row: usize, column: RunColumn) {
        let (theme, data) = (cell.theme, &self.rows[row]);
        let text = self.text(row, column);
        let text = if text.is_empty() { format::UNKNOWN.to_owned() } else { text };
        let known = if text == format::UNKNOWN { theme.text.text_3 } else { theme.text.text_1 };
        match column {
            RunColumn::Number => cell.figure(&text, theme.text.text_3),
            RunColumn::Operator => {
                let left = cell.dot(theme.operator_colour(data.category));
                cell.words_from(left, &data.name, font_id::cell(), theme.text.text_1);
            }
            RunColumn::Output | RunColumn::Crc => cell.mono(&text, known),
            RunColumn::Micros => cell.figure(&text, known),
            RunColumn::Share => {
                let most =
                    if self.most_micros > 0.0 { data.micros.unwrap_or(0.0) / self.most_micros } else { 0.0 };
                cell.bar(BAR - PADDING, most as f32, theme.text.text_3);
                cell.figure(&text, known);
            }
            RunColumn::Difference => {
                let colour = match data.difference {
                    Some((largest, ..)) if largest > 0.0 && largest >= self.most_difference => {
                        theme.status.warn
                    }
                    Some((largest, ..)) if largest > 0.0 => theme.text.text_1,
                    _ => theme.text.text_3,
                };
                cell.figure(&text, colour);
            }
            RunColumn::Different => cell.figure(&text, theme.text.text_3),
        }
    }

    fn total(&self, column: RunColumn) -> String {
        match column {
            RunColumn::Operator => format::counted(self.rows.len() as u64, "operator", "operators"),
            RunColumn::Micros => self.total_micros.map_or_else(String::new, |micros| format!("{micros:.1}")),
            RunColumn::Difference if self.difference_unit.is_some() => number_text(self.most_difference),
            _ => String::new(),
        }
    }

    fn spoken(&self, row: usize) -> &str {
        &self.rows[row].spoken
    }
}

impl RunTable {
    fn share(&self, row: &Row) -> Option<f32> {
        let sum: f64 = self.rows.iter().filter_map(|row| row.micros).sum();
        row.micros.filter(|_| sum > 0.0).map(|micros| (micros / sum) as f32)
    }
}
