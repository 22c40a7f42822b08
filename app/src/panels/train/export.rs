//! Curves and results as files: pictures that look like the panel, and tables.

use std::fmt::Write as _;
use std::sync::Arc;

use egui::{Ui, vec2};

use super::PanelContext;
use super::curves::{Curves, measure, metric_kind};
use super::figures::{MetricKind, loss_chart, metric_chart};
use super::results::grid_of;
use crate::charts::{Chart, Figure};
use crate::command::Command;
use crate::document::Tab;
use crate::jobs::PictureFormat;
use crate::project::OpenProject;
use crate::project::train::TrainCommand;
use crate::theme::Theme;
use crate::training::{Figures, TestReport};

/// Size of a chart in points.
const CHART: [u32; 2] = [1200, 640];
/// Pixels of a point in PNG.
const SCALE: f32 = 2.0;

/// What can be written to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Losses,
    Metric,
    Confusion,
}

/// The menu behind "Export".
pub(super) fn menu_ui(
    ui: &mut Ui,
    curves: &Curves,
    tab: &Tab,
    open: &OpenProject,
    ctx: &mut PanelContext<'_>,
) {
    ui.set_min_width(210.0);
    let svg = PictureFormat::Svg;
    let png = PictureFormat::Png(SCALE);
    let mut pictures = vec![("Losses as SVG…", What::Losses, svg), ("Losses as PNG…", What::Losses, png)];
    pictures.extend(match metric_kind(open) {
        MetricKind::Accuracy => {
            [("Accuracy as SVG…", What::Metric, svg), ("Accuracy as PNG…", What::Metric, png)]
        }
        MetricKind::Error => {
            [("Mean error as SVG…", What::Metric, svg), ("Mean error as PNG…", What::Metric, png)]
        }
    });
    let report = selected_report(open);
    if report.is_some_and(|report| report.accuracy().is_some()) {
        pictures.push(("Confusion matrix as SVG…", What::Confusion, svg));
        pictures.push(("Confusion matrix as PNG…", What::Confusion, png));
    }
    for (label, what, format) in pictures {
        if ui.button(label).clicked() {
            if let Some((figure, size, name)) = figure(what, curves, open, ctx.theme) {
                let ending = match format {
                    PictureFormat::Svg => "svg",
                    PictureFormat::Png(_) => "png",
                };
                let file = file_name(tab, name, ending);
                let command = TrainCommand::SaveFigure(file, Arc::new(figure), size, format, ctx.theme.dark);
                ctx.send(Command::Train(command));
            }
            ui.close();
        }
    }
    ui.separator();
    if ui.button("Curves as CSV…").clicked() {
        let text = csv_of_runs(open, curves, ctx.theme);
        save_text(ctx, file_name(tab, "curves", "csv"), text, "the curves");
        ui.close();
    }
    if let Some(report) = report
        && ui.button("Test results as CSV…").clicked()
    {
        save_text(ctx, file_name(tab, "test", "csv"), csv_of_report(report), "the test results");
        ui.close();
    }
}

fn save_text(ctx: &mut PanelContext<'_>, name: String, text: String, what: &str) {
    ctx.send(Command::SaveAs(name, text.into_bytes().into(), what.to_owned()));
}

fn file_name(tab: &Tab, what: &str, ending: &str) -> String {
    format!("{} {what}.{ending}", crate::project::file::safe_name(&tab.title))
}

fn selected_report(open: &OpenProject) -> Option<&Arc<TestReport>> {
    let run = open.train.selected.or(open.project.runs.last().map(|run| run.number))?;
    open.train.reports.get(&run)
}

/// A figure as it is on the screen, with a size and a name.
fn figure(
    what: What,
    curves: &Curves,
    open: &OpenProject,
    theme: &Theme,
) -> Option<(Figure, [u32; 2], &'static str)> {
    let runs = curves.shown(open, theme);
    let field = vec2(CHART[0] as f32 - 100.0, CHART[1] as f32 - 108.0);
    let look = curves.chart_look(open, &runs, field);
    let titled = |chart: Chart| Chart { title: format!("{}: {}", open.project.name, chart.title), ..chart };
    Some(match what {
        What::Losses => {
            let chart = loss_chart(&runs, measure(open), &look, theme);
            (Figure::Chart(titled(chart)), CHART, "losses")
        }
        What::Metric => {
            let look = super::figures::ChartLook { heights: None, ..look };
            let goal = open.project.goal.accuracy.map(f64::from);
            let chart = metric_chart(&runs, metric_kind(open), goal, &look, theme);
            (Figure::Chart(titled(chart)), CHART, "metric")
        }
        What::Confusion => {
            let mut grid = grid_of(selected_report(open)?)?;
            grid.title = format!("{}: {}", open.project.name, grid.title);
            let side = (grid.labels.len() as u32 * 40).clamp(320, 1600);
            (Figure::Grid(grid), [side + 240, side * 4 / 5 + 120], "confusion")
        }
    })
}

/// Epochs of all runs that are shown: one row each, runs one after another.
fn csv_of_runs(open: &OpenProject, curves: &Curves, theme: &Theme) -> String {
    let mut text =
        "run,epoch,step,seconds,loss,metric,validation_loss,validation_metric,learning_rate\n".to_owned();
    for run in curves.shown(open, theme) {
        let Some(measured) = open.train.measured.get(&run.number) else { continue };
        for epoch in &measured.history.epochs {
            let optional = |value: Option<f32>| value.map(|value| value.to_string()).unwrap_or_default();
            // Writing into a String cannot fail.
            let _ = writeln!(
                text,
                "{},{},{},{:.3},{},{},{},{},{}",
                quoted(run.name),
                epoch.epoch,
                epoch.step,
                epoch.seconds,
                epoch.loss,
                epoch.metric,
                optional(epoch.validation_loss),
                optional(epoch.validation_metric),
                epoch.learning_rate
            );
        }
    }
    text
}

/// Figures of every class with its row of the confusion matrix; or targets and predictions.
pub(super) fn csv_of_report(report: &TestReport) -> String {
    let mut text = String::new();
    match &report.figures {
        Figures::Classes { classes, confusion, .. } => {
            text.push_str("class,samples,precision,recall,f1");
            classes.iter().for_each(|class| {
                let _ = write!(text, ",{}", quoted(&format!("said {}", class.name)));
            });
            text.push('\n');
            for (class, counts) in classes.iter().zip(confusion) {
                let optional = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
                let figures = [class.precision, class.recall, class.f1].map(optional).join(",");
                let _ = write!(text, "{},{},{figures}", quoted(&class.name), class.support);
                counts.iter().for_each(|count| {
                    let _ = write!(text, ",{count}");
                });
                text.push('\n');
            }
        }
        Figures::Values { pairs, .. } => {
            text.push_str("target,predicted\n");
            for [target, said] in pairs {
                let _ = writeln!(text, "{target},{said}");
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::{ClassRow, TestedPart};

    fn report(figures: Figures) -> TestReport {
        TestReport { part: TestedPart::Test, samples: 3, loss: 0.5, figures, worst: Vec::new() }
    }

    #[test]
    fn classes_become_rows_with_their_confusion() {
        let row = |name: &str, precision| ClassRow {
            name: name.to_owned(),
            support: 2,
            precision,
            recall: Some(0.5),
            f1: None,
        };
        let figures = Figures::Classes {
            right: 2,
            accuracy: 0.5,
            means: [0.5; 3],
            classes: vec![row("a, b", Some(0.25)), row("c", None)],
            confusion: vec![vec![1, 1], vec![0, 2]],
        };
        let expected = "class,samples,precision,recall,f1,\"said a, b\",said c\n\"a, b\",2,0.25,0.5,,1,1\nc,2,,0.5,,0,2\n";
        assert_eq!(csv_of_report(&report(figures)), expected);
    }

    #[test]
    fn numbers_become_pairs() {
        let figures = Figures::Values {
            mean_absolute_error: 0.0,
            root_mean_squared_error: 0.0,
            bias: 0.0,
            largest_error: 0.0,
            r_squared: None,
            pairs: vec![[1.0, 1.5]],
            names: Vec::new(),
        };
        assert_eq!(csv_of_report(&report(figures)), "target,predicted\n1,1.5\n");
    }
}
