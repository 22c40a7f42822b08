//! The samples that deserve a look, the worst first. A click shows the sample in the Data panel.

use egui::Ui;

use super::PanelContext;
use crate::command::Command;
use crate::document::PanelKind;
use crate::panels::inspect::find::Haystack;
use crate::panels::inspect::tables::grid::{Cell, Head, Table, grid_ui, ordered};
use crate::panels::train::figures::loss_text;
use crate::project::{DataCommand, OpenProject};
use crate::theme::widgets::{ButtonKind, Sort, TableStyle, small_button};
use crate::theme::{Icon, format, text};
use crate::training::{Figures, TestReport, WorstSample};

/// Columns of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Sample,
    Is,
    Said,
    Figure,
}

struct Worst<'a> {
    samples: Vec<&'a WorstSample>,
    are_classes: bool,
    haystacks: Vec<Haystack>,
    spoken: Vec<String>,
}

pub(super) fn worst_ui(
    ui: &mut Ui,
    report: &TestReport,
    cell: &mut Option<(usize, usize)>,
    open: &OpenProject,
    ctx: &mut PanelContext<'_>,
) {
    let theme = ctx.theme;
    let names: Vec<&str> = match &report.figures {
        Figures::Classes { classes, .. } => classes.iter().map(|class| class.name.as_str()).collect(),
        Figures::Values { .. } => Vec::new(),
    };
    let chosen = cell.and_then(|(row, column)| Some((*names.get(row)?, *names.get(column)?)));
    let samples: Vec<&WorstSample> = report
        .worst
        .iter()
        .filter(|sample| chosen.is_none_or(|(is, said)| sample.is == is && sample.said == said))
        .collect();
    if let Some((is, said)) = chosen {
        egui::Frame::new().inner_margin(egui::Margin::symmetric(16, 2)).show(ui, |ui| {
            ui.horizontal(|ui| {
                let words = format!("{is}, said to be {said}");
                ui.label(text::cell(words).color(theme.text.text_2));
                if small_button(ui, theme, ButtonKind::Ghost, Some(Icon::FilterX), "Show all").clicked() {
                    *cell = None;
                }
            });
        });
    }
    if samples.is_empty() {
        let words = "None of these is among the worst samples that were kept.";
        crate::theme::widgets::empty(ui, theme, Icon::ScanSearch, "Nothing to look at here", words, &[]);
        return;
    }
    let table = Worst {
        haystacks: samples.iter().map(|_| Haystack::default()).collect(),
        spoken: samples.iter().map(|sample| spoken(sample, names.is_empty())).collect(),
        are_classes: !names.is_empty(),
        samples,
    };
    let mut sort = Sort::default();
    let order = ordered(&table, sort, |_| true);
    let style = TableStyle::new(ctx.document.settings.comfortable_rows);
    let events = grid_ui(ui, theme, style, &table, &mut sort, &order, None, None);
    if let Some(row) = events.clicked {
        let WorstSample { recording, first_step, .. } = *table.samples[row];
        // Other data than the run had may have fewer recordings.
        let is_there =
            open.data.loaded.as_ref().is_some_and(|loaded| recording < loaded.dataset.recordings.len());
        if is_there {
            ctx.send(Command::Data(DataCommand::SelectWindow(recording, first_step)));
            ctx.send(Command::ShowPanel(PanelKind::Data));
        }
    }
}

fn spoken(sample: &WorstSample, are_numbers: bool) -> String {
    let WorstSample { is, said, figure, .. } = sample;
    let name = name_of(sample);
    if are_numbers {
        format!("Sample {name}, is {is}, predicted {said}, squared error {}", loss_text(f64::from(*figure)))
    } else {
        format!(
            "Sample {name}, is {is}, said to be {said}, its class got {}",
            format::percent_share(f64::from(*figure))
        )
    }
}

fn name_of(sample: &WorstSample) -> String {
    let name =
        if sample.name.is_empty() { format!("recording {}", sample.recording) } else { sample.name.clone() };
    if sample.first_step > 0 {
        format!("{name} from {}", format::count(sample.first_step as u64))
    } else {
        name
    }
}

impl Table for Worst<'_> {
    type Column = Column;

    fn columns(&self, width: f32) -> Vec<Head<Column>> {
        let figure = if self.are_classes { "Its share" } else { "Squared error" };
        let word = (width * 0.2).clamp(60.0, 110.0);
        vec![
            Head::words(Column::Sample, "Sample", 0.0),
            Head::words(Column::Is, "Is", word),
            Head::words(Column::Said, if self.are_classes { "Said" } else { "Predicted" }, word),
            Head::figures(Column::Figure, figure, if self.are_classes { 88.0 } else { 112.0 }),
        ]
    }

    fn n_rows(&self) -> usize {
        self.samples.len()
    }

    fn haystack(&self, row: usize) -> &Haystack {
        &self.haystacks[row]
    }

    /// They come sorted: the worst first.
    fn compare(&self, _column: Column, a: usize, b: usize) -> std::cmp::Ordering {
        a.cmp(&b)
    }

    fn text(&self, row: usize, column: Column) -> String {
        let sample = self.samples[row];
        match column {
            Column::Sample => name_of(sample),
            Column::Is => sample.is.clone(),
            Column::Said => sample.said.clone(),
            Column::Figure if self.are_classes => format::percent_share(f64::from(sample.figure)),
            Column::Figure => loss_text(f64::from(sample.figure)),
        }
    }

    fn cell_ui(&self, cell: &mut Cell<'_>, row: usize, column: Column) {
        let theme = cell.theme;
        let text = self.text(row, column);
        let sample = self.samples[row];
        match column {
            Column::Sample => {
                cell.words(&text, theme.text.text_1);
            }
            Column::Is => cell.mono(&text, theme.text.text_1),
            Column::Said => {
                let is_wrong = self.are_classes && sample.is != sample.said;
                cell.mono(&text, if is_wrong { theme.status.over } else { theme.text.text_1 });
            }
            Column::Figure => cell.figure(&text, theme.text.text_2),
        }
    }

    fn total(&self, column: Column) -> String {
        match column {
            Column::Sample => "Click to see one".to_owned(),
            Column::Is | Column::Said | Column::Figure => String::new(),
        }
    }

    fn spoken(&self, row: usize) -> &str {
        &self.spoken[row]
    }
}
