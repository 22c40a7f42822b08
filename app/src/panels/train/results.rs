//! What the test said: the confusion matrix, figures of every class, predicted numbers, and the samples to look at.

mod classes;
mod matrix;
mod values;
mod worst;

use std::sync::Arc;

use egui::{Align, Layout, Ui, UiBuilder, pos2, vec2};

use super::PanelContext;
use super::figures::loss_text;
use crate::charts::Grid;
use crate::project::OpenProject;
use crate::theme::widgets::{empty, segmented_small};
use crate::theme::{Icon, font_id, format, text};
use crate::training::{Figures, TestReport, TestedPart};

pub use matrix::grid_ui;

/// View state of the results.
#[derive(Default)]
pub struct Results {
    view: View,
    /// The cell of the matrix whose samples are listed: what they are, what was said.
    cell: Option<(usize, usize)>,
    /// The run that the cell is of.
    run: Option<u32>,
}

/// What is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum View {
    /// The matrix, or the plot of numbers.
    #[default]
    Whole,
    /// Figures of every class, or of the numbers.
    Figures,
    /// The worst samples.
    Worst,
}

impl Results {
    /// Draws the results of the selected run.
    pub fn ui(&mut self, ui: &mut Ui, open: &OpenProject, ctx: &mut PanelContext<'_>) {
        let theme = ctx.theme;
        let rect = ui.available_rect_before_wrap();
        let run = open.train.selected.or(open.project.runs.last().map(|run| run.number));
        if self.run != run {
            (self.run, self.cell) = (run, None);
        }
        let report = run.and_then(|run| open.train.reports.get(&run)).map(Arc::as_ref);
        let (head, body) = rect.split_top_bottom_at_y(rect.top() + 36.0);
        let inner = head.shrink2(vec2(16.0, 0.0));
        let title = match report.map(|report| report.part) {
            Some(TestedPart::Validation) => "Validation",
            Some(TestedPart::Test) | None => "Test",
        };
        let builder = UiBuilder::new().max_rect(inner).layout(Layout::left_to_right(Align::Center));
        let taken = ui.scope_builder(builder, |ui| {
            ui.spacing_mut().item_spacing.x = 12.0;
            ui.label(text::caption(theme, title));
            let Some(report) = report else { return ui.min_rect().right() };
            let choices = match &report.figures {
                Figures::Classes { .. } => {
                    [(View::Whole, "Confusion"), (View::Figures, "Classes"), (View::Worst, "Worst")]
                }
                Figures::Values { .. } => {
                    [(View::Whole, "Plot"), (View::Figures, "Figures"), (View::Worst, "Worst")]
                }
            };
            segmented_small(ui, theme, &mut self.view, &choices);
            ui.min_rect().right()
        });
        let Some(report) = report else {
            super::within(ui, body, "none", |ui| none_ui(ui, open, run, ctx));
            return;
        };
        let room = inner.right() - taken.inner - 12.0;
        let layout =
            |words: String| ui.painter().layout_no_wrap(words, font_id::number_strong(), theme.text.text_1);
        let mut galley = layout(result_text(report));
        if galley.size().x > room {
            galley = layout(short_result_text(report));
        }
        let at = pos2(inner.right() - galley.size().x, inner.center().y - galley.size().y / 2.0);
        ui.painter().galley(at, galley, theme.text.text_1);
        super::within(ui, body, "body", |ui| match (&report.figures, self.view) {
            (Figures::Classes { .. }, View::Whole) => {
                if let Some(cell) = matrix::matrix_ui(ui, theme, report, self.cell) {
                    (self.cell, self.view) = (Some(cell), View::Worst);
                }
            }
            (Figures::Classes { classes, means, .. }, View::Figures) => {
                classes::classes_ui(ui, classes, means, ctx)
            }
            (Figures::Values { pairs, names, .. }, View::Whole) => values::plot_ui(ui, theme, pairs, names),
            (Figures::Values { .. }, View::Figures) => values::figures_ui(ui, theme, report),
            (_, View::Worst) => worst::worst_ui(ui, report, &mut self.cell, open, ctx),
        });
    }
}

/// The result in a figure.
fn short_result_text(report: &TestReport) -> String {
    match &report.figures {
        Figures::Classes { accuracy, .. } => accuracy_text(*accuracy, report.samples),
        Figures::Values { mean_absolute_error, .. } => loss_text(*mean_absolute_error),
    }
}

/// A share of a thousand samples and more is known to a hundredth of a percent.
fn accuracy_text(accuracy: f64, samples: usize) -> String {
    if samples < 1000 { format::percent_share(accuracy) } else { format!("{:.2} %", accuracy * 100.0) }
}

/// The result in one line.
fn result_text(report: &TestReport) -> String {
    let count = report.samples as u64;
    match &report.figures {
        Figures::Classes { right, accuracy, .. } => {
            let share = accuracy_text(*accuracy, report.samples);
            format!("{} of {}, {share}", format::count(*right), format::count(count))
        }
        Figures::Values { mean_absolute_error, .. } => {
            format!("mean error {} over {}", loss_text(*mean_absolute_error), format::count(count))
        }
    }
}

fn none_ui(ui: &mut Ui, open: &OpenProject, run: Option<u32>, ctx: &mut PanelContext<'_>) {
    let is_live = run.is_some_and(|run| open.train.live_run(run).is_some());
    let has_samples = open
        .data
        .prepared
        .as_ref()
        .is_none_or(|prepared| prepared.test.samples.count + prepared.validation.samples.count > 0);
    let (strong, sentence) = if is_live {
        (
            "Tested at the end",
            "When the run has ended, its best weights are tested on samples that it has never seen.",
        )
    } else if !has_samples {
        (
            "No samples to test on",
            "The split keeps none back for test or validation. The Data panel changes that.",
        )
    } else {
        ("Not tested", "This run has not come to its end, or its results were not kept.")
    };
    empty(ui, ctx.theme, Icon::ScanSearch, strong, sentence, &[]);
}

/// The confusion matrix of a report; `None` for numbers.
pub(super) fn grid_of(report: &TestReport) -> Option<Grid> {
    let Figures::Classes { classes, confusion, .. } = &report.figures else { return None };
    let part = match report.part {
        TestedPart::Test => "Test",
        TestedPart::Validation => "Validation",
    };
    Some(Grid {
        title: format!("{part} confusion, {}", result_text(report)),
        rows: "True".to_owned(),
        columns: "Predicted".to_owned(),
        labels: classes.iter().map(|class| class.name.clone()).collect(),
        counts: confusion.clone(),
    })
}
