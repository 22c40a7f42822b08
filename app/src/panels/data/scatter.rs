//! Pairs of numbers as points: a function to learn.

use egui::{Ui, vec2};
use egui_plot::{HoverPosition, MarkerShape, Plot, PlotPoints, Points};
use emberlab_core::dataset::{Content, Dataset, Label, Part, StreamKind};

use super::{PanelContext, colours, plot};
use crate::project::DataState;
use crate::theme::font_id;

/// Points that are drawn at most.
const MOST_POINTS: usize = 4_000;

/// The set has one number in and one out.
pub(super) fn is_curve(dataset: &Dataset) -> bool {
    let is_one = |kind: &StreamKind| matches!(kind, StreamKind::Values { shape } if shape.iter().product::<usize>() == 1);
    dataset.value_names.len() == 1 && dataset.streams.len() == 1 && is_one(&dataset.streams[0].kind)
}

fn point(dataset: &Dataset, index: usize) -> Option<[f64; 2]> {
    let recording = dataset.recordings.get(index)?;
    match (recording.contents.first()?, &recording.label) {
        (Content::Values(x), Label::Values(y)) => Some([f64::from(*x.first()?), f64::from(*y.first()?)]),
        _ => None,
    }
}

/// Draws the points; returns the recording whose point was clicked.
pub(super) fn scatter_ui(
    ui: &mut Ui,
    data: &DataState,
    dataset: &Dataset,
    shown: &[usize],
    ctx: &PanelContext<'_>,
) -> Option<usize> {
    let theme = ctx.theme;
    let step = shown.len().div_ceil(MOST_POINTS).max(1);
    let drawn: Vec<usize> = shown.iter().copied().step_by(step).collect();
    let part = |index: usize| {
        data.checks.as_ref().and_then(|checks| checks.parts.get(index)).copied().unwrap_or(Part::Train)
    };
    let (x_name, y_name) =
        (dataset.streams[0].channels.first().cloned().unwrap_or_default(), &dataset.value_names[0]);
    let size = ui.available_size() - vec2(16.0, 12.0);
    ui.add_space(6.0);
    let response = ui.horizontal(|ui| {
        ui.add_space(8.0);
        ui.style_mut().text_styles.insert(egui::TextStyle::Body, font_id::number_small());
        Plot::new(("points", data.reading()))
            .width(size.x)
            .height(size.y)
            .show_background(true)
            .grid_color(theme.plot.grid)
            .cursor_color(theme.plot.crosshair)
            .grid_spacing(egui::Rangef::new(16.0, 160.0))
            .x_axis_label(x_name)
            .y_axis_label(y_name.clone())
            .label_formatter(|at| match at {
                HoverPosition::NearDataPoint { plot_name, position, .. } => {
                    Some(format!("{plot_name}\n{}, {}", plot::number(position.x), plot::number(position.y)))
                }
                HoverPosition::Elsewhere { .. } => None,
            })
            .show(ui, |ui| {
                for wanted in Part::ALL {
                    let points: Vec<[f64; 2]> = drawn
                        .iter()
                        .filter(|index| part(**index) == wanted)
                        .filter_map(|index| point(dataset, *index))
                        .collect();
                    let points = Points::new(colours::part_label(wanted), PlotPoints::from(points));
                    ui.points(points.radius(2.0).color(colours::part(theme, wanted)));
                }
                if let Some(at) = data.selected.and_then(|index| point(dataset, index)) {
                    let ring = Points::new("Selected", PlotPoints::from(vec![at])).filled(false);
                    ui.points(ring.shape(MarkerShape::Circle).radius(6.0).color(theme.accent.base));
                }
            })
    });
    let plot = response.inner;
    let clicked = plot.response.clicked().then(|| plot.response.interact_pointer_pos()).flatten()?;
    let distance = |index: &usize| {
        let [x, y] = point(dataset, *index)?;
        let at = plot.transform.position_from_point(&egui_plot::PlotPoint::new(x, y));
        Some((*index, at.distance(clicked)))
    };
    let nearest = drawn.iter().filter_map(distance).min_by(|a, b| a.1.total_cmp(&b.1))?;
    (nearest.1 < 24.0).then_some(nearest.0)
}
