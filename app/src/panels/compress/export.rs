//! Variants as files: the table, and pictures that look like the panel.

use std::fmt::Write as _;
use std::sync::Arc;

use egui::Ui;
use emberlab_core::quantize::{ErrorMode, OperatorError};

use super::PanelContext;
use super::answers::matrix;
use super::figures::{Metric, Row, measure, ranked, rows};
use super::layers::{Layers, label_of};
use super::table::{self, Column};
use super::trade::{self, Cost};
use crate::charts::{Axis, Chart, Dash, Dot, Figure, Line};
use crate::command::Command;
use crate::document::Tab;
use crate::jobs::PictureFormat;
use crate::panels::train::curve::linear_marks;
use crate::project::TrainCommand;
use crate::project::compress::{compress_data, record};
use crate::theme::Theme;
use crate::theme::widgets::Sort;

/// Size of a chart in points.
const CHART: [u32; 2] = [1100, 680];
/// Pixels of a point in PNG.
const SCALE: f32 = 2.0;

/// The menu behind "Export".
pub fn menu_ui(
    ui: &mut Ui,
    sort: Sort<Column>,
    cost: Cost,
    layers: &Layers,
    tab: &Tab,
    ctx: &mut PanelContext<'_>,
) {
    ui.set_min_width(230.0);
    let target = ctx.document.target;
    let rows = rows(tab, target);
    if ui.button("Table as CSV…").clicked() {
        let chip = target.chip.id();
        save_text(ctx, file_name(tab, "variants", "csv"), csv(&rows, chip), "the table of variants");
        ui.close();
    }
    if ui.button("Copy the table").clicked() {
        let text = table::tsv(&rows, measure(tab), sort, tab, ctx);
        ctx.send(Command::Copy(text, "the table of variants".to_owned()));
        ui.close();
    }
    ui.separator();
    let selected = tab.compress.selected.as_deref();
    let figures = [
        (
            "Trade-off",
            trade_figure(ctx.theme, tab, &rows, cost, selected),
            format!("accuracy {}", cost.name()),
        ),
        ("Error per layer", errors_figure(ctx.theme, tab, layers), "layers".to_owned()),
        ("Confusion matrix", matrix_figure(tab), "confusion".to_owned()),
    ];
    for (label, figure, name) in figures {
        let Some((figure, size)) = figure else { continue };
        let figure = Arc::new(figure);
        for (ending, format) in [("svg", PictureFormat::Svg), ("png", PictureFormat::Png(SCALE))] {
            if ui.button(format!("{label} as {}…", ending.to_uppercase())).clicked() {
                let file = file_name(tab, &name, ending);
                let dark = ctx.theme.dark;
                let command = TrainCommand::SaveFigure(file, figure.clone(), size, format, dark);
                ctx.send(Command::Train(command));
                ui.close();
            }
        }
    }
    if let Some((name, variant)) = tab.compress.selected_variant()
        && let Some(errors) = &variant.errors
        && ui.button("Error per layer as CSV…").clicked()
    {
        let text = csv_of_errors(&errors.operators);
        save_text(ctx, file_name(tab, &format!("{name} layers"), "csv"), text, "the errors of the layers");
        ui.close();
    }
}

fn save_text(ctx: &mut PanelContext<'_>, name: String, text: String, what: &str) {
    ctx.send(Command::SaveAs(name, text.into_bytes().into(), what.to_owned()));
}

fn file_name(tab: &Tab, what: &str, ending: &str) -> String {
    format!("{} {what}.{ending}", crate::project::file::safe_name(&tab.title))
}

/// The plot as it is on the screen.
fn trade_figure(
    theme: &Theme,
    tab: &Tab,
    rows: &[Row],
    cost: Cost,
    selected: Option<&str>,
) -> Option<(Figure, [u32; 2])> {
    let chart = trade::chart(theme, rows, measure(tab), cost, selected)?;
    let title = format!("{}: {}", tab.title, chart.title);
    Some((Figure::Chart(Chart { title, ..chart }), CHART))
}

/// The errors of the layers as bars, in the order of execution.
fn errors_figure(theme: &Theme, tab: &Tab, layers: &Layers) -> Option<(Figure, [u32; 2])> {
    let (name, variant) = tab.compress.selected_variant()?;
    let errors = variant.errors.as_ref()?;
    let float = tab.compress.base(record(tab, name)?.run)?.float.as_ref()?;
    let label = |error: &OperatorError| label_of(&float.model, error.float);
    let title = format!("{}: {name}, {}", tab.title, layers.metric.label());
    let chart = errors_chart(theme, &errors.operators, layers.metric, layers.mode, title, &label);
    Some((Figure::Chart(chart), CHART))
}

/// A bar for each layer, the worst first from the left.
pub fn errors_chart(
    theme: &Theme,
    errors: &[OperatorError],
    metric: Metric,
    mode: ErrorMode,
    title: String,
    label: &dyn Fn(&OperatorError) -> String,
) -> Chart {
    let ranked = ranked(errors, metric, mode);
    let finite = ranked.iter().map(|(_, value)| *value).filter(|value| value.is_finite());
    let (low, high) = finite.fold((0f64, 0f64), |(low, high), value| (low.min(value), high.max(value)));
    let range = (low, if high > low { high * 1.12 } else { low + 1.0 });
    let n = ranked.len().max(1) as f64;
    let width = (900.0 / n * 0.6).clamp(2.0, 40.0) as f32;
    let mut lines = Vec::new();
    let mut dots = Vec::new();
    for (place, (error, value)) in ranked.iter().enumerate() {
        let x = place as f64 + 0.5;
        let height = if value.is_finite() { *value } else { range.1 };
        let colour = if metric.is_bad(*value) { theme.status.warn } else { theme.series[0] };
        let points = vec![[x, range.0.max(0.0)], [x, height]];
        lines.push(Line { name: label(error), points, colour, width, dash: Dash::Solid });
        let text = metric.text(*value);
        dots.push(Dot { at: [x, height], colour: theme.text.text_1, radius: 0.5, ring: false, text });
    }
    let marks = ranked
        .iter()
        .enumerate()
        .map(|(place, (error, _))| (place as f64 + 0.5, format!("#{}", error.float.0)));
    let mode = match mode {
        ErrorMode::Alone => "Layer, each alone, the worst first",
        ErrorMode::Accumulated => "Layer, each with all before it, the worst first",
    };
    Chart {
        title,
        x: Axis { label: mode.to_owned(), range: (0.0, n), marks: marks.collect() },
        y: Axis {
            label: metric.label().to_owned(),
            range,
            marks: linear_marks(range.0, range.1, 6).into_iter().map(|at| (at, metric.text(at))).collect(),
        },
        right: None,
        areas: Vec::new(),
        lines,
        dots,
        levels: Vec::new(),
        legend: Vec::new(),
    }
}

fn matrix_figure(tab: &Tab) -> Option<(Figure, [u32; 2])> {
    let (name, variant) = tab.compress.selected_variant()?;
    let data = compress_data(tab)?;
    let title = format!("{}: {name}", tab.title);
    let grid = matrix(variant.evaluated.as_ref()?, &data.prepared.classes, &title)?;
    let side = (grid.labels.len() as u32 * 40).clamp(320, 1600);
    Some((Figure::Grid(grid), [side + 240, side * 4 / 5 + 120]))
}

/// The variants with plain numbers: shares from 0 to 1, bytes, milliseconds.
pub fn csv(rows: &[Row], chip: &str) -> String {
    let mut text = format!(
        "variant,accuracy_or_error,to_float32,agreement,file_bytes,gzip_bytes,arena_bytes_{chip},estimated_ms_{chip},runs_on\n"
    );
    for row in rows.iter().filter(|row| row.file.is_some()) {
        let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
        let bytes = |value: Option<u64>| value.map(|value| value.to_string()).unwrap_or_default();
        // Writing into a String cannot fail.
        let _ = writeln!(
            text,
            "{},{},{},{},{},{},{},{},{}",
            quoted(&row.name),
            number(row.value),
            number(row.to_float),
            number(row.agreement),
            bytes(row.file),
            bytes(row.gzip),
            bytes(row.arena),
            number(row.latency.map(|latency| latency.millis)),
            row.runs_on.label()
        );
    }
    text
}

/// All figures of all layers, in the order of execution.
pub fn csv_of_errors(errors: &[OperatorError]) -> String {
    let mut text =
        "layer,operator,output,mode,values,sqnr_db,cosine,largest_error,rmse,rmse_over_scale\n".to_owned();
    for error in errors {
        for (mode, word) in [(ErrorMode::Alone, "alone"), (ErrorMode::Accumulated, "accumulated")] {
            let figures = error.figures(mode);
            let optional = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
            let _ = writeln!(
                text,
                "{},{},{},{word},{},{},{},{},{},{}",
                error.float.0,
                error.operator,
                quoted(&error.name),
                figures.n_values,
                optional(Metric::Sqnr.value(error, mode)),
                optional(figures.cosine()),
                figures.largest,
                figures.rmse(),
                optional(error.rmse_over_scale(mode))
            );
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
    use emberlab_core::model::{OperatorId, TensorId};
    use emberlab_core::quantize::ErrorFigures;

    use super::*;
    use crate::charts::{png_from_figure, svg_from_figure};
    use crate::panels::compress::figures::RunsOn;

    fn row(name: &str, value: f64, file: u64) -> Row {
        Row {
            name: name.to_owned(),
            pinned: false,
            is_waiting: false,
            trouble: None,
            value: Some(value),
            to_float: None,
            agreement: Some(1.0),
            file: Some(file),
            gzip: None,
            arena: Some(10),
            latency: None,
            runs_on: RunsOn::Chip("ESP32".to_owned()),
        }
    }

    fn error(id: u32, noise: f64) -> OperatorError {
        let figures = ErrorFigures { n_values: 4, signal: 100.0, noise, ..ErrorFigures::default() };
        OperatorError {
            float: OperatorId(id),
            variant: OperatorId(id),
            operator: "CONV_2D".to_owned(),
            name: "a, b".to_owned(),
            float_tensor: TensorId(0),
            variant_tensor: TensorId(0),
            scale: None,
            alone: figures,
            accumulated: figures,
        }
    }

    #[test]
    fn variants_become_rows_of_plain_numbers() {
        let expected = "variant,accuracy_or_error,to_float32,agreement,file_bytes,gzip_bytes,arena_bytes_esp32,estimated_ms_esp32,runs_on\n\"int8, odd\",0.5,,1,20,,10,,ESP32\n";
        assert_eq!(csv(&[row("int8, odd", 0.5, 20)], "esp32"), expected);
    }

    #[test]
    fn layers_become_two_rows_each() {
        let text = csv_of_errors(&[error(3, 1.0)]);
        assert_eq!(text.lines().count(), 3);
        assert!(text.contains("3,CONV_2D,\"a, b\",alone,4,20,"), "{text}");
    }

    #[test]
    fn both_charts_can_be_written() {
        let theme = Theme::of(true);
        let rows = [row("float32", 0.9, 100), row("int8", 0.8, 30)];
        let measure = crate::panels::compress::figures::Measure::Accuracy;
        let trade = trade::chart(theme, &rows, measure, Cost::File, Some("int8")).expect("two points");
        let svg = svg_from_figure(&Figure::Chart(trade), CHART, theme).expect("a picture");
        assert!(svg.contains("float32") && svg.contains("int8") && svg.contains("Accuracy, %"));
        let errors = [error(0, 1.0), error(1, 0.0)];
        let label = |error: &OperatorError| error.operator.clone();
        let chart = errors_chart(theme, &errors, Metric::Sqnr, ErrorMode::Alone, "layers".to_owned(), &label);
        let png = png_from_figure(&Figure::Chart(chart), CHART, 1.0, theme).expect("a picture");
        assert_eq!(&png[1..4], b"PNG");
    }
}
