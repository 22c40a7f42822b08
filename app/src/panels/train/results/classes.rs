//! Precision, recall and F1 of every class.

use egui::Ui;

use super::PanelContext;
use crate::panels::inspect::find::Haystack;
use crate::panels::inspect::tables::grid::{Cell, Head, Table, grid_ui, ordered};
use crate::theme::format;
use crate::theme::widgets::{Sort, TableStyle};
use crate::training::ClassRow;

/// Columns of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Class,
    Samples,
    Precision,
    Recall,
    F1,
}

struct Classes<'a> {
    rows: &'a [ClassRow],
    means: &'a [f64; 3],
    haystacks: Vec<Haystack>,
    spoken: Vec<String>,
}

pub(super) fn classes_ui(ui: &mut Ui, rows: &[ClassRow], means: &[f64; 3], ctx: &mut PanelContext<'_>) {
    let table = Classes {
        rows,
        means,
        haystacks: rows.iter().map(|_| Haystack::default()).collect(),
        spoken: rows.iter().map(spoken).collect(),
    };
    let id = ui.unique_id().with("sort");
    let mut sort: Sort<Column> =
        ui.data(|data| data.get_temp::<Option<(Column, bool)>>(id)).map(|by| Sort { by }).unwrap_or_default();
    let order = ordered(&table, sort, |_| true);
    let style = TableStyle::new(ctx.document.settings.comfortable_rows);
    grid_ui(ui, ctx.theme, style, &table, &mut sort, &order, None, None);
    ui.data_mut(|data| data.insert_temp(id, sort.by));
}

fn share(value: Option<f64>) -> String {
    value.map_or_else(|| format::UNKNOWN.to_owned(), |value| format!("{value:.3}"))
}

fn spoken(row: &ClassRow) -> String {
    let [precision, recall, f1] = [row.precision, row.recall, row.f1].map(share);
    format!("Class {}, precision {precision}, recall {recall}, F1 {f1}, {} samples", row.name, row.support)
}

impl Classes<'_> {
    fn value(&self, row: usize, column: Column) -> Option<f64> {
        let row = &self.rows[row];
        match column {
            Column::Class => None,
            Column::Samples => Some(row.support as f64),
            Column::Precision => row.precision,
            Column::Recall => row.recall,
            Column::F1 => row.f1,
        }
    }
}

impl Table for Classes<'_> {
    type Column = Column;

    fn columns(&self, _width: f32) -> Vec<Head<Column>> {
        vec![
            Head::words(Column::Class, "Class", 0.0),
            Head::figures(Column::Precision, "Precision", 84.0),
            Head::figures(Column::Recall, "Recall", 76.0),
            Head::figures(Column::F1, "F1", 68.0),
            Head::figures(Column::Samples, "Samples", 80.0),
        ]
    }

    fn n_rows(&self) -> usize {
        self.rows.len()
    }

    fn haystack(&self, row: usize) -> &Haystack {
        &self.haystacks[row]
    }

    fn compare(&self, column: Column, a: usize, b: usize) -> std::cmp::Ordering {
        match column {
            Column::Class => self.rows[a].name.cmp(&self.rows[b].name),
            Column::Samples | Column::Precision | Column::Recall | Column::F1 => {
                let value = |row| self.value(row, column).unwrap_or(-1.0);
                value(a).total_cmp(&value(b))
            }
        }
    }

    fn text(&self, row: usize, column: Column) -> String {
        match column {
            Column::Class => self.rows[row].name.clone(),
            Column::Samples => format::count(self.rows[row].support),
            Column::Precision | Column::Recall | Column::F1 => share(self.value(row, column)),
        }
    }

    fn cell_ui(&self, cell: &mut Cell<'_>, row: usize, column: Column) {
        let text = self.text(row, column);
        let theme = cell.theme;
        match column {
            Column::Class => {
                cell.words(&text, theme.text.text_1);
            }
            Column::Samples => cell.figure(&text, theme.text.text_2),
            Column::Precision | Column::Recall | Column::F1 => {
                let is_low = self.value(row, column).is_some_and(|value| value < 0.5);
                cell.figure(&text, if is_low { theme.status.over } else { theme.text.text_1 });
            }
        }
    }

    fn total(&self, column: Column) -> String {
        let mean = |place: usize| format!("{:.3}", self.means[place]);
        match column {
            Column::Class => "Mean over classes".to_owned(),
            Column::Samples => format::count(self.rows.iter().map(|row| row.support).sum()),
            Column::Precision => mean(0),
            Column::Recall => mean(1),
            Column::F1 => mean(2),
        }
    }

    fn spoken(&self, row: usize) -> &str {
        &self.spoken[row]
    }
}
