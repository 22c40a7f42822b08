//! Predicted numbers against what they should have been.

use egui::{Frame, Margin, Stroke, Ui, pos2};

use crate::charts::{Axis, Chart, Dash, Line, Margins};
use crate::panels::train::curve::{linear_marks, range_of_shares, union, with_margin};
use crate::panels::train::figures::loss_text;
use crate::theme::widgets::key_value;
use crate::theme::{Theme, format, with_alpha};
use crate::training::{Figures, TestReport};

/// A point for each prediction, and the line on which they would all lie.
pub(super) fn plot_ui(ui: &mut Ui, theme: &Theme, pairs: &[[f32; 2]], names: &[String]) {
    let rect = ui.available_rect_before_wrap();
    let all = |column: usize| pairs.iter().map(move |pair| f64::from(pair[column]));
    // Targets in full; of predictions a few wild ones stay outside.
    let range = union(range_of_shares(all(0), 0.0, 1.0), range_of_shares(all(1), 0.005, 0.995));
    let range = with_margin(range.unwrap_or((0.0, 1.0)));
    let marks = || -> Vec<(f64, String)> {
        let places = linear_marks(range.0, range.1, 6).into_iter();
        places.map(|at| (at, format::with_decimals(at, 0..=4))).collect()
    };
    let what = match names {
        [name] => format!(" {name}"),
        _ => String::new(),
    };
    let chart = Chart {
        title: "Predicted against true".to_owned(),
        x: Axis { label: format!("True{what}"), range, marks: marks() },
        y: Axis { label: format!("Predicted{what}"), range, marks: marks() },
        right: None,
        areas: Vec::new(),
        lines: vec![Line {
            name: "equal".to_owned(),
            points: vec![[range.0, range.0], [range.1, range.1]],
            colour: theme.text.text_3,
            width: 1.0,
            dash: Dash::Dashed,
        }],
        dots: Vec::new(),
        levels: Vec::new(),
        legend: Vec::new(),
    };
    let spoken = format!("Predicted against true, {} points", format::count(pairs.len() as u64));
    let margins = Margins { top: 2.0, ..Margins::LABELLED };
    let plotted = crate::charts::plot_ui(ui, theme, rect, margins, &chart, &spoken);
    let painter = ui.painter().with_clip_rect(plotted.field);
    let colour = with_alpha(theme.series[0], 0.55);
    for pair in pairs {
        let at = plotted.point(&chart, [f64::from(pair[0]), f64::from(pair[1])]);
        if plotted.field.contains(at) {
            painter.circle_filled(pos2(at.x, at.y), 2.0, colour);
        }
    }
    painter.rect_stroke(plotted.field, 2.0, Stroke::new(1.0, theme.line.subtle), egui::StrokeKind::Inside);
}

/// The figures of numbers.
pub(super) fn figures_ui(ui: &mut Ui, theme: &Theme, report: &TestReport) {
    let Figures::Values {
        mean_absolute_error, root_mean_squared_error, bias, largest_error, r_squared, ..
    } = &report.figures
    else {
        return;
    };
    Frame::new().inner_margin(Margin::symmetric(16, 4)).show(ui, |ui| {
        ui.set_width(ui.available_width());
        let r_squared = r_squared.map_or_else(|| format::UNKNOWN.to_owned(), |value| format!("{value:.4}"));
        for (key, value) in [
            ("Loss", loss_text(f64::from(report.loss))),
            ("Mean absolute error", loss_text(*mean_absolute_error)),
            ("Root mean squared error", loss_text(*root_mean_squared_error)),
            ("Largest error", loss_text(*largest_error)),
            ("Bias", loss_text(*bias)),
            ("R squared", r_squared),
            ("Samples", format::count(report.samples as u64)),
        ] {
            key_value(ui, theme, key, &value);
        }
    });
}
