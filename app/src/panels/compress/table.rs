//! The table of variants.

use std::cmp::Ordering;

use egui::{Align2, CornerRadius, Rect, Sense, Ui, pos2, vec2};

use super::PanelContext;
use super::figures::{Measure, Row, RunsOn, agreement_only, arena_budget, change_text, value_only};
use crate::document::{Latency, Tab};
use crate::panels::inspect::find::Haystack;
use crate::panels::inspect::tables::grid::{
    Cell, GridEvents, Head, PADDING, Table, grid_ui, ordered, tsv_of,
};
use crate::theme::widgets::{Sort, TableStyle, Verdict};
use crate::theme::{Icon, Theme, font_id, format};

/// Width of bars before figures.
const BAR: f32 = 40.0;
/// Tables narrower than this leave out what gzip makes of files.
const GZIP_FROM: f32 = 980.0;

/// Columns of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// Its name.
    Variant,
    /// Its accuracy or error.
    Value,
    /// Difference to the float32 variant.
    ToFloat,
    /// Agreement with the float32 model.
    Agreement,
    /// Bytes of its file.
    File,
    /// Bytes of its file, packed.
    Gzip,
    /// Bytes of its arena.
    Arena,
    /// Its latency.
    Latency,
    /// Where it runs.
    RunsOn,
}

/// The rows with what the columns need besides.
struct Variants<'a> {
    rows: &'a [Row],
    measure: Measure,
    haystacks: Vec<Haystack>,
    spoken: Vec<String>,
    largest_file: u64,
    largest_arena: u64,
    budget_millis: Option<f64>,
    budget_arena: u64,
    best: Best,
}

/// The best figures among variants that run on the chip.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Best {
    worth: Option<f64>,
    agreement: Option<f64>,
    file: Option<u64>,
    gzip: Option<u64>,
    arena: Option<u64>,
    latency: Option<Latency>,
}

impl Best {
    fn of(rows: &[Row], measure: Measure) -> Self {
        let runs = || rows.iter().filter(|row| row.runs());
        let largest = |figure: &dyn Fn(&Row) -> Option<f64>| runs().filter_map(figure).max_by(f64::total_cmp);
        Self {
            worth: largest(&|row| row.worth(measure)),
            agreement: largest(&|row| row.agreement.filter(|_| row.to_float.is_some())),
            file: runs().filter_map(|row| row.file).min(),
            gzip: runs().filter_map(|row| row.gzip).min(),
            arena: runs().filter_map(|row| row.arena).min(),
            latency: runs().filter_map(|row| row.latency).min_by(|a, b| a.millis.total_cmp(&b.millis)),
        }
    }
}

impl<'a> Variants<'a> {
    fn new(rows: &'a [Row], measure: Measure, tab: &Tab, ctx: &PanelContext<'_>) -> Self {
        let goal = tab.project.as_deref().and_then(|open| open.project.goal.latency_millis);
        Self {
            rows,
            measure,
            haystacks: rows.iter().map(|_| Haystack::default()).collect(),
            spoken: rows.iter().map(|row| spoken(row, measure)).collect(),
            largest_file: rows.iter().filter_map(|row| row.file).max().unwrap_or(1),
            largest_arena: rows.iter().filter_map(|row| row.arena).max().unwrap_or(1),
            budget_millis: goal,
            budget_arena: arena_budget(ctx.document.target),
            best: Best::of(rows, measure),
        }
    }
}

/// Draws the table; says which row was clicked.
pub fn table_ui(
    ui: &mut Ui,
    rows: &[Row],
    measure: Measure,
    sort: &mut Sort<Column>,
    tab: &Tab,
    ctx: &mut PanelContext<'_>,
) -> GridEvents {
    let table = Variants::new(rows, measure, tab, ctx);
    let order = ordered(&table, *sort, |_| true);
    let selected = tab.compress.selected.as_deref();
    let selected = selected.and_then(|name| rows.iter().position(|row| row.name == name));
    let style = TableStyle::new(ctx.document.settings.comfortable_rows);
    grid_ui(ui, ctx.theme, style, &table, sort, &order, selected, None)
}

/// The numbers of the rows in the order in which the table shows them.
pub fn order_of(
    rows: &[Row],
    measure: Measure,
    sort: Sort<Column>,
    tab: &Tab,
    ctx: &PanelContext<'_>,
) -> Vec<usize> {
    ordered(&Variants::new(rows, measure, tab, ctx), sort, |_| true)
}

/// The table as it is shown, parted by tabs.
pub fn tsv(rows: &[Row], measure: Measure, sort: Sort<Column>, tab: &Tab, ctx: &PanelContext<'_>) -> String {
    let table = Variants::new(rows, measure, tab, ctx);
    tsv_of(&table, &ordered(&table, sort, |_| true))
}

/// An estimate for the column that has the unit in its head.
fn latency_only(latency: Latency) -> String {
    let (low, high) = latency.range;
    format::estimate_only(low, latency.millis, high)
}

fn optional(value: Option<String>) -> String {
    value.unwrap_or_else(|| format::UNKNOWN.to_owned())
}

fn spoken(row: &Row, measure: Measure) -> String {
    if row.is_waiting && row.file.is_none() {
        return format!("Variant {}, being made", row.name);
    }
    let value = optional(row.value.map(|value| super::figures::value_text(measure, value)));
    let arena = optional(row.arena.map(format::bytes));
    let file = optional(row.file.map(format::bytes));
    format!("Variant {}, {value}, file {file}, arena {arena}, runs on {}", row.name, row.runs_on.label())
}

fn compare(a: Option<f64>, b: Option<f64>) -> Ordering {
    a.unwrap_or(f64::NEG_INFINITY).total_cmp(&b.unwrap_or(f64::NEG_INFINITY))
}

impl Variants<'_> {
    fn value(&self, row: usize, column: Column) -> Option<f64> {
        let row = &self.rows[row];
        match column {
            Column::Variant | Column::RunsOn => None,
            Column::Value => row.value,
            Column::ToFloat => row.to_float,
            Column::Agreement => row.agreement,
            Column::File => row.file.map(|bytes| bytes as f64),
            Column::Gzip => row.gzip.map(|bytes| bytes as f64),
            Column::Arena => row.arena.map(|bytes| bytes as f64),
            Column::Latency => row.latency.map(|latency| latency.millis),
        }
    }

    fn is_best(&self, row: &Row, column: Column) -> bool {
        if !row.runs() {
            return false;
        }
        let best = &self.best;
        match column {
            Column::Variant | Column::RunsOn | Column::ToFloat => false,
            Column::Value => row.value.is_some() && row.worth(self.measure) == best.worth,
            Column::Agreement => {
                row.to_float.is_some() && row.agreement.is_some() && row.agreement == best.agreement
            }
            Column::File => row.file.is_some() && row.file == best.file,
            Column::Gzip => row.gzip.is_some() && row.gzip == best.gzip,
            Column::Arena => row.arena.is_some() && row.arena == best.arena,
            Column::Latency => row.latency.is_some() && row.latency == best.latency,
        }
    }

    fn name_ui(&self, cell: &mut Cell<'_>, row: &Row) {
        let theme = cell.theme;
        let middle = cell.rect.center().y;
        let at = pos2(cell.rect.left() + 14.0, middle);
        let mark = if row.trouble.is_some() {
            Some((Icon::TriangleAlert, theme.status.warn))
        } else if row.is_waiting {
            Some((Icon::RotateCw, theme.text.text_3))
        } else if row.pinned {
            Some((Icon::Pin, theme.accent.text))
        } else {
            None
        };
        if let Some((icon, colour)) = mark {
            cell.ui.painter().text(at, Align2::CENTER_CENTER, icon.glyph(), font_id::icon(12.0), colour);
        }
        let font = if cell.selected { font_id::label_strong() } else { font_id::cell() };
        let colour = if row.file.is_none() { theme.text.text_3 } else { theme.text.text_1 };
        cell.words_from(cell.rect.left() + 26.0, &row.name, font, colour);
        let hint = match (&row.trouble, row.is_waiting) {
            (Some(trouble), _) => Some(trouble.clone()),
            (None, true) => Some("It is being made".to_owned()),
            (None, false) => None,
        };
        if let Some(hint) = hint {
            let id = cell.ui.unique_id().with("state");
            cell.ui.interact(cell.rect, id, Sense::hover()).on_hover_text(hint);
        }
    }

    /// Figures of the best variants stand out; those of another file than the present one are quiet.
    fn figure_ui(&self, cell: &Cell<'_>, row: &Row, column: Column, text: &str, colour: egui::Color32) {
        let colour = if row.trouble.is_some() { cell.theme.text.text_3 } else { colour };
        if !self.is_best(row, column) {
            cell.figure(text, colour);
            return;
        }
        let galley = cell.ui.painter().layout_no_wrap(text.to_owned(), font_id::number_strong(), colour);
        let right = cell.rect.right() - PADDING;
        let at = pos2(right - galley.size().x, cell.rect.center().y - galley.size().y / 2.0);
        let line = Rect::from_min_size(
            pos2(at.x, (at.y + galley.size().y - 1.0).round()),
            vec2(galley.size().x, 1.0),
        );
        cell.ui.painter().galley(at, galley, colour);
        cell.ui.painter().rect_filled(line, 0.0, cell.theme.status.ok);
    }
}

impl Table for Variants<'_> {
    type Column = Column;

    fn columns(&self, width: f32) -> Vec<Head<Column>> {
        let (value, agreement) = match self.measure {
            Measure::Accuracy => ("Accuracy %", "Agreement %"),
            Measure::Error => ("Mean error", "R² to float"),
        };
        let mut heads = vec![
            Head::words(Column::Variant, "Variant", 0.0),
            Head::figures(Column::Value, value, 96.0),
            Head::figures(Column::ToFloat, "To float", 82.0),
            Head::figures(Column::Agreement, agreement, 104.0),
            Head::figures(Column::File, "File B", 132.0),
        ];
        if width > GZIP_FROM {
            heads.push(Head::figures(Column::Gzip, "gzip B", 84.0));
        }
        heads.extend([
            Head::figures(Column::Arena, "Arena B", 128.0),
            Head::figures(Column::Latency, "est. ms", 78.0),
            Head::words(Column::RunsOn, "Runs on", 92.0),
        ]);
        heads
    }

    fn n_rows(&self) -> usize {
        self.rows.len()
    }

    fn haystack(&self, row: usize) -> &Haystack {
        &self.haystacks[row]
    }

    fn compare(&self, column: Column, a: usize, b: usize) -> Ordering {
        match column {
            Column::Variant => self.rows[a].name.cmp(&self.rows[b].name),
            Column::RunsOn => self.rows[a].runs_on.label().cmp(self.rows[b].runs_on.label()),
            Column::Value
            | Column::ToFloat
            | Column::Agreement
            | Column::File
            | Column::Gzip
            | Column::Arena
            | Column::Latency => compare(self.value(a, column), self.value(b, column)),
        }
    }

    fn text(&self, row: usize, column: Column) -> String {
        let row = &self.rows[row];
        match column {
            Column::Variant => row.name.clone(),
            Column::Value => optional(row.value.map(|value| value_only(self.measure, value))),
            Column::ToFloat => optional(row.to_float.map(|change| change_text(self.measure, change))),
            Column::Agreement => optional(row.agreement.map(|share| agreement_only(self.measure, share))),
            Column::File => optional(row.file.map(format::bytes_only)),
            Column::Gzip => optional(row.gzip.map(format::bytes_only)),
            Column::Arena => optional(row.arena.map(format::bytes_only)),
            Column::Latency => optional(row.latency.map(latency_only)),
            Column::RunsOn => row.runs_on.label().to_owned(),
        }
    }

    fn cell_ui(&self, cell: &mut Cell<'_>, row: usize, column: Column) {
        let text = self.text(row, column);
        let theme = cell.theme;
        let row = &self.rows[row];
        match column {
            Column::Variant => self.name_ui(cell, row),
            Column::Value => self.figure_ui(cell, row, column, &text, theme.text.text_1),
            Column::ToFloat => {
                let lost = match (self.measure, row.to_float) {
                    (Measure::Accuracy, Some(change)) => -change * 100.0,
                    (Measure::Error, _) | (_, None) => 0.0,
                };
                let colour = if lost > 1.5 {
                    theme.status.over
                } else if lost > 1.0 {
                    theme.status.warn
                } else {
                    theme.text.text_2
                };
                self.figure_ui(cell, row, column, &text, colour);
            }
            Column::Agreement => self.figure_ui(cell, row, column, &text, theme.text.text_1),
            Column::File => {
                if let Some(bytes) = row.file {
                    let share = bytes as f32 / self.largest_file.max(1) as f32;
                    cell.bar(BAR, share, theme.text.text_3);
                }
                self.figure_ui(cell, row, column, &text, theme.text.text_1);
            }
            Column::Gzip => self.figure_ui(cell, row, column, &text, theme.text.text_3),
            Column::Arena => {
                let is_over = row.arena.is_some_and(|bytes| bytes > self.budget_arena);
                if let Some(bytes) = row.arena {
                    let share = bytes as f32 / self.largest_arena.max(1) as f32;
                    let colour = if is_over { theme.status.over } else { theme.series[0] };
                    cell.bar(BAR, share, colour);
                }
                let colour = if is_over { theme.status.over } else { theme.text.text_1 };
                self.figure_ui(cell, row, column, &text, colour);
            }
            Column::Latency => {
                let is_over = row
                    .latency
                    .zip(self.budget_millis)
                    .is_some_and(|(latency, budget)| latency.millis > budget);
                let colour = if is_over { theme.status.over } else { theme.text.text_1 };
                self.figure_ui(cell, row, column, &text, colour);
            }
            Column::RunsOn => badge_ui(cell, &row.runs_on),
        }
    }

    fn total(&self, column: Column) -> String {
        let best = &self.best;
        match column {
            Column::Variant => "Best on the chip".to_owned(),
            Column::Value => best.worth.map_or_else(String::new, |worth| match self.measure {
                Measure::Accuracy => value_only(self.measure, worth),
                Measure::Error => value_only(self.measure, -worth),
            }),
            Column::ToFloat | Column::RunsOn => String::new(),
            Column::Agreement => {
                best.agreement.map_or_else(String::new, |share| agreement_only(self.measure, share))
            }
            Column::File => best.file.map_or_else(String::new, format::bytes_only),
            Column::Gzip => best.gzip.map_or_else(String::new, format::bytes_only),
            Column::Arena => best.arena.map_or_else(String::new, format::bytes_only),
            Column::Latency => best.latency.map_or_else(String::new, latency_only),
        }
    }

    fn spoken(&self, row: usize) -> &str {
        &self.spoken[row]
    }
}

/// Where a variant runs, as a tag; the reason where it does not.
fn badge_ui(cell: &mut Cell<'_>, runs_on: &RunsOn) {
    let theme: &Theme = cell.theme;
    let verdict = match runs_on {
        RunsOn::Unknown => {
            cell.words(format::UNKNOWN, theme.text.text_3);
            return;
        }
        RunsOn::Chip(_) => Verdict::Ok,
        RunsOn::HostOnly(..) => Verdict::Plain,
        RunsOn::Refused(..) => Verdict::Over,
    };
    let colour = verdict.colour(theme);
    let painter = cell.ui.painter();
    let galley = painter.layout_no_wrap(runs_on.label().to_owned(), font_id::small_strong(), colour);
    let size = vec2((galley.size().x + 12.0).ceil(), 18.0);
    let corner = pos2(cell.rect.left() + PADDING, cell.rect.center().y - 9.0);
    let rect = Rect::from_min_size(corner, size);
    painter.rect_filled(rect, CornerRadius::same(3), verdict.soft(theme));
    painter.galley(rect.center() - galley.size() / 2.0, galley, colour);
    if let RunsOn::HostOnly(reason, help) | RunsOn::Refused(reason, help) = runs_on {
        let words = format!("{reason}. {help}");
        let id = cell.ui.unique_id().with("runs on");
        cell.ui.interact(cell.rect, id, Sense::hover()).on_hover_text(words);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, value: f64, file: u64, runs: bool) -> Row {
        Row {
            name: name.to_owned(),
            pinned: false,
            is_waiting: false,
            trouble: None,
            value: Some(value),
            to_float: Some(0.0),
            agreement: Some(0.9),
            file: Some(file),
            gzip: Some(file / 2),
            arena: runs.then_some(file * 2),
            latency: runs.then_some(Latency { millis: file as f64, range: (1.0, 2.0) }),
            runs_on: if runs {
                RunsOn::Chip("ESP32".to_owned())
            } else {
                RunsOn::HostOnly("it is float16".to_owned(), "Widen it.".to_owned())
            },
        }
    }

    #[test]
    fn what_does_not_run_on_the_chip_is_never_the_best() {
        let rows =
            [row("float32", 0.9, 100, true), row("float16", 0.95, 10, false), row("int8", 0.8, 30, true)];
        let best = Best::of(&rows, Measure::Accuracy);
        assert_eq!((best.worth, best.file, best.arena), (Some(0.9), Some(30), Some(60)));
        assert_eq!(Best::of(&rows, Measure::Error).worth, Some(-0.8));
    }

    #[test]
    fn rows_are_told_in_words() {
        let words = spoken(&row("int8", 0.915, 30, false), Measure::Accuracy);
        assert_eq!(words, "Variant int8, 91.50 %, file 30 B, arena –, runs on host only");
    }
}
