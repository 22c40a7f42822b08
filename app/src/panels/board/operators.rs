//! The table of operators: what each takes on the board, and whether it has the bits of this computer.

use std::cmp::Ordering;
use std::sync::Arc;

use emberlab_core::bench::Check;
use emberlab_core::cost::{self, Estimate};
use emberlab_core::model::{OperatorId, SubgraphId};

use super::quantity::{AxisUnit, Quantity};
use crate::board::BoardRun;
use crate::document::OpenModel;
use crate::panels::inspect::find::Haystack;
use crate::panels::inspect::names::operator_name;
use crate::panels::inspect::tables::grid::{Cell, Head, PADDING, Table};
use crate::theme::widgets::{Sort, inline_bar};
use crate::theme::{Category, font_id, format};

/// What the bars show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shows {
    /// What every operator takes.
    #[default]
    Time,
    /// What a multiplication takes.
    PerMac,
    /// What every operator takes, beside the estimate of the chip.
    Estimate,
}

/// Columns of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Column {
    Number,
    Operator,
    Bar,
    Value,
    Share,
    Cycles,
    PerMac,
    Estimate,
    Ratio,
    Expected,
    Found,
}

/// Operators of one subgraph.
pub struct OperatorTable {
    rows: Vec<Row>,
    shows: Shows,
    quantity: Quantity,
    unit: AxisUnit,
    whole: Option<u64>,
    /// Cycles of all operators together.
    sum: Option<u64>,
    macs: u64,
    estimate: Option<(f64, f64)>,
    n_equal: usize,
    n_compared: usize,
    largest: f64,
    haystack: Haystack,
}

#[derive(Clone, Debug, Default)]
struct Row {
    name: String,
    category: Option<Category>,
    cycles: Option<u64>,
    calls: u16,
    macs: u64,
    /// Cycles by the estimate.
    estimate: Option<f64>,
    expected: Option<u32>,
    found: Option<u32>,
    /// Everything that it wrote is equal; `None` where nothing was compared.
    is_equal: Option<bool>,
    spoken: String,
}

/// What a table was made of; it is made anew when this has changed.
#[derive(Clone, Debug, PartialEq)]
pub struct TableKey {
    measured: u64,
    whole: Option<u64>,
    check: Option<usize>,
    model: Option<usize>,
    has_estimate: bool,
    subgraph: SubgraphId,
    shows: Shows,
    quantity: Quantity,
}

/// What a table is made of.
#[derive(Clone, Copy)]
pub struct Given<'a> {
    /// The measurement.
    pub run: &'a BoardRun,
    /// The model that is measured, where it is open.
    pub open: Option<&'a OpenModel>,
    /// The subgraph whose operators are listed.
    pub subgraph: SubgraphId,
    /// What the bars show.
    pub shows: Shows,
    /// What the chosen chip is estimated to take.
    pub estimate: Option<&'a Estimate>,
}

impl Given<'_> {
    /// Tells whether a table has to be made anew.
    pub fn key(&self) -> TableKey {
        TableKey {
            measured: self.run.operators.count(),
            whole: self.run.figures.as_ref().map(|figures| figures.cycles.median),
            check: self.run.check.as_ref().map(|check| Arc::as_ptr(check) as usize),
            model: self.open.map(|open| Arc::as_ptr(&open.model) as usize),
            has_estimate: self.estimate.is_some(),
            subgraph: self.subgraph,
            shows: self.shows,
            quantity: Quantity::of(self.run),
        }
    }
}

impl OperatorTable {
    /// The table of what is measured.
    pub fn new(given: &Given<'_>) -> Self {
        let Given { run, open, subgraph, shows, estimate } = *given;
        let quantity = Quantity::of(run);
        let of_model = open.and_then(|open| open.model.subgraphs.get(subgraph.index()));
        let measured = run.operators.operators().filter(|(of, _)| u32::from(*of) == subgraph.0);
        let n_rows = measured
            .map(|(_, operator)| usize::from(operator) + 1)
            .chain(of_model.map(|graph| graph.operators.len()))
            .max()
            .unwrap_or(0);
        let mut rows: Vec<Row> = (0..n_rows).map(|index| row(given, index)).collect();
        let mut n_compared = 0;
        let mut n_equal = 0;
        for row in &mut rows {
            n_compared += usize::from(row.is_equal.is_some());
            n_equal += usize::from(row.is_equal == Some(true));
        }
        let largest_cycles = rows.iter().filter_map(|row| row.cycles).max().unwrap_or(0) as f64;
        let whole = run.figures.as_ref().map(|figures| figures.cycles.median);
        let unit = quantity.axis_unit(whole.map_or(largest_cycles, |whole| whole as f64));
        let largest = match shows {
            Shows::Time => largest_cycles,
            Shows::PerMac => rows.iter().filter_map(Row::per_mac).fold(0.0, f64::max),
            Shows::Estimate => rows.iter().filter_map(|row| row.estimate).fold(largest_cycles, f64::max),
        };
        let has_time = quantity.micros(1.0).is_some();
        let total = estimate.filter(|_| has_time).and_then(|estimate| estimate.total);
        Self {
            macs: rows.iter().map(|row| row.macs * u64::from(row.calls.max(1))).sum(),
            rows,
            shows,
            quantity,
            unit,
            whole,
            sum: run.operators.median_sum(),
            estimate: total.map(|total| (total.mid, total.relative_error())),
            n_equal,
            n_compared,
            largest,
            haystack: Haystack::default(),
        }
    }

    /// The operator in a row.
    pub fn operator(&self, row: usize) -> OperatorId {
        OperatorId(row as u32)
    }

    /// By how much an invocation takes longer where operators are measured, 0 to 1.
    pub fn cost(&self) -> Option<f64> {
        let (sum, whole) = (self.sum? as f64, self.whole? as f64);
        (whole > 0.0).then(|| sum / whole - 1.0)
    }

    fn share(&self, row: &Row) -> Option<f64> {
        let whole = self.whole.filter(|whole| *whole > 0)?;
        Some(row.cycles? as f64 / whole as f64)
    }

    /// Measured cycles over estimated ones.
    fn ratio(&self, row: &Row) -> Option<f64> {
        let estimate = row.estimate.filter(|estimate| *estimate > 0.0)?;
        Some(row.cycles? as f64 / estimate)
    }

    fn value(&self, cycles: f64) -> String {
        self.quantity.along(self.unit, cycles)
    }

    /// The estimate in the unit of the column, with as many digits as it is good for.
    fn estimated(&self, cycles: f64) -> String {
        let micros = self.quantity.micros(cycles).unwrap_or(f64::NAN);
        match self.unit.label {
            "ms" => format::estimated_millis_only(micros / 1e3),
            _ => format::estimated_millis_only(micros),
        }
    }
}

impl Row {
    /// Cycles of one multiply-accumulate; `None` for an operator that has none.
    fn per_mac(&self) -> Option<f64> {
        let macs = self.macs * u64::from(self.calls.max(1));
        (macs > 0).then_some(self.cycles? as f64 / macs as f64)
    }
}

fn row(given: &Given<'_>, index: usize) -> Row {
    let Given { run, open, subgraph, estimate, .. } = *given;
    let place = (subgraph.0 as u16, index as u16);
    let id = OperatorId(index as u32);
    let operator = open.and_then(|open| {
        let operator = open.model.subgraphs.get(subgraph.index())?.operators.get(index)?;
        Some((open, operator))
    });
    let quantity = Quantity::of(run);
    let cycles = run.operators.median_cycles(place.0, place.1);
    let written = run.check.as_deref().map_or(&[][..], |check: &Check| &check.operators);
    let mut written = written.iter().filter(|one| (one.subgraph, one.operator) == place).peekable();
    let first = written.peek().copied();
    let is_equal = first.map(|_| written.all(|one| one.found == Some(one.expected)));
    let name = operator
        .map_or_else(|| format!("Operator {index}"), |(open, operator)| operator_name(&open.model, operator));
    let estimated = estimate.filter(|_| quantity.micros(1.0).is_some()).and_then(|estimate| {
        let found = estimate.operators.iter().find(|one| one.subgraph == subgraph && one.operator == id)?;
        Some(found.cycles.as_ref().ok()?.mid)
    });
    let takes = cycles.map(|cycles| format!(", {}", quantity.text(cycles))).unwrap_or_default();
    let bits = match is_equal {
        Some(true) => ", same bits",
        Some(false) => ", other bits",
        None => "",
    };
    Row {
        spoken: format!("Operator {index}, {name}{takes}{bits}"),
        category: operator.map(|(open, operator)| Category::of(open.model.builtin(operator))),
        name,
        cycles,
        calls: run.operators.calls(place.0, place.1).unwrap_or(1),
        macs: operator.map_or(0, |(open, _)| cost::macs(&open.model, subgraph, id)),
        estimate: estimated,
        expected: first.map(|one| one.expected),
        found: first.and_then(|one| one.found),
        is_equal,
    }
}

/// A ratio of measured to estimated: `1.07×`.
fn ratio_text(ratio: f64) -> String {
    format!("{ratio:.2}×")
}

impl Table for OperatorTable {
    type Column = Column;

    fn columns(&self, width: f32) -> Vec<Head<Column>> {
        let (value, per_mac) = match self.quantity {
            Quantity::Time { .. } if self.unit.label == "ms" => ("ms", "Cycles/MAC"),
            Quantity::Time { .. } => ("µs", "Cycles/MAC"),
            Quantity::Cycles => ("Cycles", "Cycles/MAC"),
            Quantity::Instructions => ("Instructions", "Instr./MAC"),
            Quantity::Nanoseconds => ("ns, this computer", "ns/MAC"),
        };
        let is_time = matches!(self.quantity, Quantity::Time { .. });
        let mut heads = vec![
            Head { descending: false, ..Head::figures(Column::Number, "#", 42.0) },
            Head::words(Column::Operator, "Operator", 0.0),
        ];
        let bar = match self.shows {
            Shows::Time if self.quantity == Quantity::Instructions => "Instructions",
            Shows::Time => "Time",
            Shows::PerMac => per_mac,
            Shows::Estimate => "Measured, estimate",
        };
        if width > 560.0 {
            let bar_width = (width * 0.2).clamp(72.0, 240.0);
            heads.push(Head { descending: true, ..Head::words(Column::Bar, bar, bar_width) });
        }
        let value_width = if is_time { 76.0 } else { 126.0 };
        heads.push(Head::figures(Column::Value, value, value_width));
        if self.shows == Shows::Estimate {
            heads.push(Head::figures(Column::Estimate, "Estimate", 84.0));
            heads.push(Head::figures(Column::Ratio, "To estimate", 92.0));
        } else if width > 640.0 {
            heads.push(Head::figures(Column::Share, "Share", 76.0));
        }
        if is_time && width > 820.0 {
            heads.push(Head::figures(Column::Cycles, "Cycles", 96.0));
        }
        heads.push(Head::figures(Column::PerMac, per_mac, 92.0));
        if width > 720.0 {
            heads.push(Head::words(Column::Expected, "Desktop CRC", 108.0));
        }
        heads.push(Head::words(Column::Found, "Board CRC", 96.0));
        heads
    }

    fn n_rows(&self) -> usize {
        self.rows.len()
    }

    fn haystack(&self, _row: usize) -> &Haystack {
        &self.haystack
    }

    fn compare(&self, column: Column, a: usize, b: usize) -> Ordering {
        let (left, right) = (&self.rows[a], &self.rows[b]);
        let by = |value: &dyn Fn(&Row) -> Option<f64>| {
            value(left).unwrap_or(-1.0).total_cmp(&value(right).unwrap_or(-1.0))
        };
        let cycles = |row: &Row| row.cycles.map(|cycles| cycles as f64);
        match column {
            Column::Number => a.cmp(&b),
            Column::Operator => left.name.cmp(&right.name),
            Column::Bar => match self.shows {
                Shows::Time | Shows::Estimate => by(&cycles),
                Shows::PerMac => by(&Row::per_mac),
            },
            Column::Value | Column::Share | Column::Cycles => by(&cycles),
            Column::PerMac => by(&Row::per_mac),
            Column::Estimate => by(&|row| row.estimate),
            Column::Ratio => by(&|row| self.ratio(row)),
            Column::Expected => left.expected.cmp(&right.expected),
            // Those that differ first.
            Column::Found => left.is_equal.cmp(&right.is_equal),
        }
    }

    fn text(&self, row: usize, column: Column) -> String {
        let data = &self.rows[row];
        let or_empty = |text: Option<String>| text.unwrap_or_default();
        match column {
            Column::Number => row.to_string(),
            Column::Operator => data.name.clone(),
            Column::Bar => String::new(),
            Column::Value => or_empty(data.cycles.map(|cycles| self.value(cycles as f64))),
            Column::Share => or_empty(self.share(data).map(format::percent_share)),
            Column::Cycles => or_empty(data.cycles.map(format::count)),
            Column::PerMac => or_empty(data.per_mac().map(|value| format!("{value:.2}"))),
            Column::Estimate => or_empty(data.estimate.map(|cycles| self.estimated(cycles))),
            Column::Ratio => or_empty(self.ratio(data).map(ratio_text)),
            Column::Expected => or_empty(data.expected.map(|crc| format!("{crc:08x}"))),
            Column::Found => match (data.found, data.is_equal) {
                (Some(crc), _) => format!("{crc:08x}"),
                (None, Some(false)) => "missing".to_owned(),
                (None, _) => String::new(),
            },
        }
    }

    fn cell_ui(&self, cell: &mut Cell<'_>, row: usize, column: Column) {
        let (theme, data) = (cell.theme, &self.rows[row]);
        let text = self.text(row, column);
        let (text, is_known) =
            if text.is_empty() { (format::UNKNOWN.to_owned(), false) } else { (text, true) };
        let colour = if is_known { theme.text.text_1 } else { theme.text.text_3 };
        let of_category = data.category.map_or(theme.text.text_3, |category| theme.operator_colour(category));
        match column {
            Column::Number => cell.figure(&text, theme.text.text_3),
            Column::Operator => {
                let left = cell.dot(of_category);
                cell.words_from(left, &data.name, font_id::cell(), theme.text.text_1);
            }
            Column::Bar => {
                let width = cell.rect.width() - 2.0 * PADDING;
                let cycles = data.cycles.unwrap_or(0) as f64;
                let value = match self.shows {
                    Shows::Time | Shows::Estimate => cycles,
                    Shows::PerMac => data.per_mac().unwrap_or(0.0),
                };
                let share = |value: f64| if self.largest > 0.0 { (value / self.largest) as f32 } else { 0.0 };
                match (self.shows, data.estimate) {
                    (Shows::Estimate, Some(estimate)) => {
                        // Above what was measured, below the estimate.
                        let place = cell.rect.shrink2(egui::vec2(PADDING, 0.0));
                        let upper =
                            egui::Rect::from_center_size(place.center() - egui::vec2(0.0, 4.0), place.size());
                        let lower = upper.translate(egui::vec2(0.0, 8.0));
                        inline_bar(cell.ui, theme, upper, share(value), of_category);
                        inline_bar(cell.ui, theme, lower, share(estimate), theme.text.text_3);
                    }
                    _ => cell.bar(width, share(value), of_category),
                }
            }
            Column::Value | Column::Share | Column::Cycles | Column::PerMac => cell.figure(&text, colour),
            Column::Estimate => cell.figure(&text, theme.text.text_2),
            Column::Ratio => {
                let is_far = self.ratio(data).is_some_and(|ratio| !(0.5..=2.0).contains(&ratio));
                cell.figure(&text, if is_far { theme.status.warn } else { colour });
            }
            Column::Expected => {
                cell.mono(&text, if is_known { theme.text.text_2 } else { theme.text.text_3 })
            }
            Column::Found => {
                let colour = match data.is_equal {
                    Some(true) => theme.status.ok,
                    Some(false) => theme.status.over,
                    None => theme.text.text_3,
                };
                cell.mono(&text, colour);
            }
        }
    }

    fn total(&self, column: Column) -> String {
        let known = |value: Option<String>| value.unwrap_or_default();
        match column {
            Column::Number | Column::Found => String::new(),
            Column::Operator => "Whole inference".to_owned(),
            Column::Bar => known(self.cost().map(cost_text)),
            Column::Value => known(self.whole.map(|whole| self.value(whole as f64))),
            Column::Share => known(self.whole.map(|_| "100 %".to_owned())),
            Column::Cycles => known(self.whole.map(format::count)),
            Column::PerMac => {
                let per = self.whole.filter(|_| self.macs > 0).map(|whole| whole as f64 / self.macs as f64);
                known(per.map(|per| format!("{per:.2}")))
            }
            Column::Estimate => known(self.estimate.map(|(cycles, _)| self.estimated(cycles))),
            Column::Ratio => {
                let ratio = self.whole.zip(self.estimate).map(|(whole, (cycles, _))| whole as f64 / cycles);
                known(ratio.filter(|ratio| ratio.is_finite()).map(ratio_text))
            }
            Column::Expected => match self.n_compared {
                0 => String::new(),
                n => format!("{} of {n} equal", self.n_equal),
            },
        }
    }

    fn spoken(&self, row: usize) -> &str {
        &self.rows[row].spoken
    }
}

/// What measuring operators costs. Without it the board does not read its counter between operators.
fn cost_text(cost: f64) -> String {
    if cost < 0.0005 {
        "measuring costs under 0.1 %".to_owned()
    } else {
        format!("measuring costs {}", format::percent_share(cost))
    }
}

/// The table with its order, kept until something has changed.
#[derive(Default)]
pub struct KeptTable {
    /// How it is sorted.
    pub sort: Sort<Column>,
    /// What the bars show.
    pub shows: Shows,
    known: Option<(TableKey, OperatorTable)>,
}

impl KeptTable {
    /// The table, made anew if need be.
    pub fn refresh(&mut self, given: &Given<'_>) -> (&OperatorTable, &mut Sort<Column>) {
        let key = given.key();
        let known = match self.known.take() {
            Some((known, table)) if known == key => (known, table),
            _ => (key, OperatorTable::new(given)),
        };
        let (_, table) = self.known.insert(known);
        (table, &mut self.sort)
    }
}
