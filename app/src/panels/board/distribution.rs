//! How often which latency occurs.

use egui::{Rect, Ui};

use super::figures::histogram_chart;
use super::quantity::Quantity;
use super::shown::{Numbers, Shown};
use crate::charts::{Chart, Margins, plot_ui};
use crate::theme::{Theme, text};

/// The chart of the frame before.
#[derive(Default)]
pub struct Distribution {
    drawn: Option<(Key, Chart)>,
}

/// Everything that the chart is made of.
#[derive(PartialEq)]
struct Key {
    histogram: emberlab_core::bench::Histogram,
    summary: emberlab_core::link::Summary,
    quantity: Quantity,
    marks: usize,
    is_dark: bool,
}

/// Without marks upwards: heights are told by each other.
const MARGINS: Margins = Margins { left: 18.0, top: 10.0, right: 16.0, bottom: 38.0 };

impl Distribution {
    /// Draws the histogram.
    pub fn ui(&mut self, ui: &mut Ui, shown: &Shown<'_>, numbers: Option<Numbers<'_>>, theme: &Theme) {
        let rect = ui.available_rect_before_wrap();
        let Some(numbers) = numbers else {
            empty_ui(ui, rect, theme);
            return;
        };
        let marks = ((MARGINS.field(rect).width() / 60.0) as usize).clamp(3, 6);
        let key = Key {
            histogram: numbers.histogram.clone(),
            summary: *numbers.summary,
            quantity: shown.quantity,
            marks,
            is_dark: theme.dark,
        };
        let chart = match self.drawn.take() {
            Some((known, chart)) if known == key => chart,
            _ => histogram_chart(numbers.histogram, numbers.summary, shown.quantity, marks, theme),
        };
        let text = |value| shown.quantity.text(value);
        let summary = numbers.summary;
        let spoken = format!("Distribution, median {}, p95 {}", text(summary.median), text(summary.p95));
        plot_ui(ui, theme, rect, MARGINS, &chart, &spoken);
        self.drawn = Some((key, chart));
    }
}

fn empty_ui(ui: &mut Ui, rect: Rect, theme: &Theme) {
    let field = MARGINS.field(rect);
    ui.painter().rect_filled(field, 0.0, theme.plot.background);
    super::within(
        ui,
        Rect::from_center_size(field.center(), egui::vec2(field.width(), 24.0)),
        "words",
        |ui| {
            ui.vertical_centered(|ui| {
                ui.label(text::cell("After the first inferences").color(theme.text.text_3))
            });
        },
    );
}
