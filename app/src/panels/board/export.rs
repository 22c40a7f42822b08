//! Plot and distribution as files that look like the panel, and the table of operators.

use std::sync::Arc;

use egui::Ui;

use super::PanelContext;
use super::figures::histogram_chart;
use super::live::{Live, Names};
use super::operators::{Column, OperatorTable};
use super::shown::{Numbers, Shown};
use crate::board::BoardCommand;
use crate::charts::{Chart, Figure};
use crate::command::Command;
use crate::jobs::PictureFormat;
use crate::panels::inspect::tables::grid::{Table as _, tsv_of};
use crate::project::TrainCommand;
use crate::project::file::safe_name;
use crate::theme::Theme;

/// Size of a chart in points.
const CHART: [u32; 2] = [1200, 640];
/// Pixels of a point in PNG.
const SCALE: f32 = 2.0;

/// What can be drawn into a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Plot,
    Distribution,
}

/// What the menu needs.
pub struct Exported<'a> {
    /// What the pictures show.
    pub shown: Shown<'a>,
    /// What it comes to.
    pub numbers: Option<Numbers<'a>>,
    /// Named numbers.
    pub names: &'a Names<'a>,
    /// The operators, where there are any.
    pub operators: Option<&'a OperatorTable>,
}

/// The menu behind "Export".
pub fn menu_ui(ui: &mut Ui, live: &mut Live, exported: &Exported<'_>, ctx: &mut PanelContext<'_>) {
    ui.set_min_width(230.0);
    let (svg, png) = (PictureFormat::Svg, PictureFormat::Png(SCALE));
    let pictures = [
        ("Plot as SVG…", What::Plot, svg),
        ("Plot as PNG…", What::Plot, png),
        ("Distribution as SVG…", What::Distribution, svg),
        ("Distribution as PNG…", What::Distribution, png),
    ];
    for (label, what, format) in pictures {
        if what == What::Distribution && exported.numbers.is_none() {
            continue;
        }
        if ui.button(label).clicked() {
            if let Some(chart) = chart(what, live, exported, ctx.theme) {
                let ending = match format {
                    PictureFormat::Svg => "svg",
                    PictureFormat::Png(_) => "png",
                };
                let kind = if what == What::Plot { live.view().label() } else { "distribution" };
                let name = file_name(exported, &kind.to_lowercase(), ending);
                let figure = Arc::new(Figure::Chart(chart));
                let command = TrainCommand::SaveFigure(name, figure, CHART, format, ctx.theme.dark);
                ctx.send(Command::Train(command));
            }
            ui.close();
        }
    }
    ui.separator();
    if !exported.shown.history.samples().is_empty() && ui.button("What was measured as CSV…").clicked() {
        ctx.send(Command::Board(BoardCommand::SaveRecording));
        ui.close();
    }
    if !exported.shown.series.is_empty() && ui.button("Numbers in text as CSV…").clicked() {
        ctx.send(Command::Board(BoardCommand::SaveValues));
        ui.close();
    }
    if let Some(operators) = exported.operators.filter(|table| table.n_rows() > 0) {
        if ui.button("Operators as CSV…").clicked() {
            let name = file_name(exported, "operators", "csv");
            let text = csv_of_operators(operators);
            ctx.send(Command::SaveAs(name, text.into_bytes().into(), "the operators".to_owned()));
            ui.close();
        }
        if ui.button("Copy the operators").clicked() {
            let order: Vec<usize> = (0..operators.n_rows()).collect();
            ctx.send(Command::Copy(tsv_of(operators, &order), "the operators".to_owned()));
            ui.close();
        }
    }
}

fn chart(what: What, live: &mut Live, exported: &Exported<'_>, theme: &Theme) -> Option<Chart> {
    let Exported { shown, numbers, names, .. } = exported;
    let chart = match what {
        What::Plot => live.exported(shown, *numbers, names, theme).chart,
        What::Distribution => {
            let numbers = (*numbers)?;
            histogram_chart(numbers.histogram, numbers.summary, shown.quantity, 8, theme)
        }
    };
    Some(Chart { title: format!("{}: {}", subject(shown), chart.title), ..chart })
}

/// Model and board, as a title says them.
fn subject(shown: &Shown<'_>) -> String {
    let Some(run) = shown.run else { return shown.name.unwrap_or_default().to_owned() };
    let board = match &run.board {
        Some(board) => super::inspector::chip_name(&board.chip),
        None => run.address.label(),
    };
    let whose = match shown.quantity {
        super::quantity::Quantity::Nanoseconds => "simulated: this computer, not a chip".to_owned(),
        _ => board,
    };
    if run.model_name.is_empty() { whose } else { format!("{} on {whose}", run.model_name) }
}

fn file_name(exported: &Exported<'_>, what: &str, ending: &str) -> String {
    let name =
        exported.shown.run.map_or(exported.shown.name.unwrap_or("board"), |run| run.model_name.as_str());
    let name = name.trim_end_matches(".tflite").trim_end_matches(".csv");
    let name = if name.is_empty() { "board" } else { name };
    format!("{} {what}.{ending}", safe_name(name))
}

/// Operators as plain numbers: one row each.
pub fn csv_of_operators(table: &OperatorTable) -> String {
    let columns =
        [Column::Number, Column::Operator, Column::Cycles, Column::PerMac, Column::Expected, Column::Found];
    let mut text = "operator,name,count,count_per_mac,desktop_crc,board_crc\n".to_owned();
    for row in 0..table.n_rows() {
        let cells = columns.map(|column| {
            let cell = table.text(row, column);
            if column == Column::Operator { quoted(&cell) } else { cell.replace(',', "") }
        });
        text += &cells.join(",");
        text.push('\n');
    }
    text
}

/// A field of CSV.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
