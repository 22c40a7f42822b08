//! A signal over time with its labels, its windows and a crosshair, and what the network sees of a window.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use egui::{
    Align2, Color32, ColorImage, Rect, Response, Role, Sense, Shape, Stroke, TextureHandle, TextureOptions,
    Ui, WidgetInfo, pos2, vec2,
};
use emberlab_core::dataset::{LabelRun, Spectrogram};

use super::{colours, layout};
use crate::jobs::{Outline, SampleView};
use crate::theme::{Theme, font_id, format, with_alpha};

/// Height of the strip with labels, of the lane with windows, of the axis.
const LABELS: f32 = 16.0;
const WINDOWS: f32 = 18.0;
const AXIS: f32 = 18.0;
/// Width of the axis at the left.
const SIDE: f32 = 52.0;

/// A number in a plot: three digits that matter.
pub(super) fn number(value: f64) -> String {
    let short = format::significant(value, 3);
    if short.contains('.') && !short.contains('e') {
        short.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        short
    }
}

/// The unit in which people count so many seconds, and how many seconds it has.
fn time_unit(seconds: f64) -> (f64, &'static str) {
    match seconds {
        ..600.0 => (1.0, "s"),
        ..7_200.0 => (60.0, "min"),
        ..172_800.0 => (3_600.0, "h"),
        _ => (86_400.0, "days"),
    }
}

/// A time in the unit in which people count it, `0.298 s`, `14 days`.
pub(super) fn time(seconds: f64) -> String {
    let (per_unit, unit) = time_unit(seconds);
    format!("{} {unit}", number(seconds / per_unit))
}

/// A signal to draw.
pub(super) struct SignalPlot<'a> {
    pub name: &'a str,
    pub outline: &'a Outline,
    pub spectrogram: Option<(&'a Spectrogram, &'a mut Heat)>,
    pub rate_hz: Option<f64>,
    pub channels: &'a [String],
    pub hidden: &'a BTreeSet<usize>,
    pub runs: &'a [LabelRun],
    pub classes: &'a [String],
    pub windows: &'a [SampleView],
    pub window_steps: usize,
    pub chosen: usize,
}

/// Draws a signal over the available rectangle; returns the step that was clicked.
pub(super) fn signal_ui(ui: &mut Ui, theme: &Theme, mut plot: SignalPlot<'_>) -> Option<usize> {
    let (rect, response) = ui.allocate_exact_size(ui.available_size(), Sense::click());
    let steps = plot.outline.steps;
    response.widget_info(|| {
        let steps = format::counted(steps as u64, "step", "steps");
        WidgetInfo::labeled(Role::Image, true, format!("Signal of {}, {steps}", plot.name))
    });
    if steps == 0 || !ui.is_rect_visible(rect) {
        return None;
    }
    let labels = if plot.runs.is_empty() { 0.0 } else { LABELS };
    let windows = if plot.windows.len() < 2 || plot.window_steps == 0 { 0.0 } else { WINDOWS };
    let area = Rect::from_min_max(
        pos2(rect.left() + SIDE, rect.top() + labels + 4.0),
        pos2(rect.right() - 8.0, rect.bottom() - AXIS - windows),
    );
    let x = |step: f64| area.left() + area.width() * (step / steps as f64) as f32;
    let painter = ui.painter();
    painter.rect_filled(area, 0.0, theme.surface.canvas);
    let chosen = plot.windows.get(plot.chosen).filter(|_| plot.window_steps > 0);
    if let Some(window) = chosen.filter(|_| plot.windows.len() > 1) {
        let span = window.first_step as f64..(window.first_step + plot.window_steps) as f64;
        let band = Rect::from_x_y_ranges(x(span.start)..=x(span.end).min(area.right()), area.y_range());
        painter.rect_filled(band, 0.0, with_alpha(theme.accent.base, 0.12));
    }
    let half_rate = plot.rate_hz.map(|rate| rate / 2.0);
    let range = match plot.spectrogram.take() {
        Some((spectrogram, heat)) => {
            heat.spectrogram_ui(ui, theme, area, spectrogram);
            half_rate.map_or((0.0, 1.0), |half| (0.0, half))
        }
        None => {
            lines(ui, theme, area, plot.outline, plot.hidden);
            (f64::from(plot.outline.range.0), f64::from(plot.outline.range.1))
        }
    };
    side_axis(ui, theme, area, range);
    time_axis(ui, theme, area, rect.bottom() - windows - AXIS, steps, plot.rate_hz);
    label_strip(
        ui,
        theme,
        Rect::from_x_y_ranges(area.x_range(), rect.top()..=rect.top() + labels),
        &plot,
        &x,
    );
    let lane = Rect::from_x_y_ranges(area.x_range(), rect.bottom() - windows..=rect.bottom());
    window_lane(ui, theme, lane, &plot, &x);
    ui.painter().rect_stroke(area, 0.0, Stroke::new(1.0, theme.line.subtle), egui::StrokeKind::Inside);
    let pointer = response.hover_pos().filter(|at| area.expand2(vec2(0.0, windows + AXIS)).contains(*at))?;
    let step =
        ((pointer.x - area.left()) / area.width() * steps as f32).clamp(0.0, steps as f32 - 1.0) as usize;
    let clicked = response.clicked().then_some(step);
    crosshair(ui, theme, area, pointer.x, step, response, plot.outline, plot.rate_hz, plot.channels);
    clicked
}

/// The channels that are shown, each column as high as what falls into it.
fn lines(ui: &Ui, theme: &Theme, area: Rect, outline: &Outline, hidden: &BTreeSet<usize>) {
    let (low, high) = outline.range;
    let span = if high > low { high - low } else { 1.0 };
    let y = |value: f32| area.bottom() - 4.0 - (area.height() - 8.0) * (value - low) / span;
    let painter = ui.painter().with_clip_rect(area.intersect(ui.clip_rect()));
    if low < 0.0 && high > 0.0 {
        painter.hline(area.x_range(), y(0.0), Stroke::new(1.0, theme.plot.grid));
    }
    let pixels = area.width().max(1.0) as usize;
    for (channel, line) in
        outline.channels.iter().enumerate().filter(|(channel, _)| !hidden.contains(channel))
    {
        let colour = colours::channel(theme, channel);
        let step = area.width() / line.len().max(1) as f32;
        if outline.steps <= 2 * pixels && line.len() == outline.steps {
            let points = line.iter().enumerate();
            let points = points.map(|(at, (low, _))| pos2(area.left() + (at as f32 + 0.5) * step, y(*low)));
            painter.add(Shape::line(points.collect(), Stroke::new(1.25, colour)));
            continue;
        }
        painter.add(Shape::mesh(columns(line, area.shrink2(vec2(0.0, 4.0)), outline.range, colour)));
    }
}

/// Columns of one pixel, each as high as what falls into it and touching the one before, so that steep signals stay whole.
pub(super) fn columns(line: &[(f32, f32)], area: Rect, range: (f32, f32), colour: Color32) -> egui::Mesh {
    let (low, high) = range;
    let span = if high > low { high - low } else { 1.0 };
    let y = |value: f32| area.bottom() - area.height() * (value - low) / span;
    let per_pixel = line.len().div_ceil(area.width().max(1.0) as usize).max(1);
    let width = area.width() * per_pixel as f32 / line.len().max(1) as f32;
    let mut mesh = egui::Mesh::default();
    let mut before: Option<(f32, f32)> = None;
    for (number, values) in line.chunks(per_pixel).enumerate() {
        let low = values.iter().map(|(low, _)| *low).fold(f32::INFINITY, f32::min);
        let high = values.iter().map(|(_, high)| *high).fold(f32::NEG_INFINITY, f32::max);
        let (bottom, top) = before.map_or((low, high), |before| (low.min(before.1), high.max(before.0)));
        before = Some((low, high));
        let left = area.left() + number as f32 * width;
        let column =
            Rect::from_min_max(pos2(left, y(top) - 0.5), pos2(left + width.max(1.0), y(bottom) + 0.5));
        mesh.add_colored_rect(column, colour);
    }
    mesh
}

fn side_axis(ui: &Ui, theme: &Theme, area: Rect, range: (f64, f64)) {
    let painter = ui.painter();
    for (value, y, align) in
        [(range.1, area.top() + 1.0, Align2::RIGHT_TOP), (range.0, area.bottom() - 1.0, Align2::RIGHT_BOTTOM)]
    {
        painter.text(
            pos2(area.left() - 6.0, y),
            align,
            number(value),
            font_id::number_small(),
            theme.text.text_3,
        );
    }
}

fn time_axis(ui: &Ui, theme: &Theme, area: Rect, top: f32, steps: usize, rate_hz: Option<f64>) {
    let (end, unit) = match rate_hz {
        Some(rate) if rate > 0.0 => {
            let seconds = steps as f64 / rate;
            let (per_unit, unit) = time_unit(seconds);
            (seconds / per_unit, unit)
        }
        Some(_) | None => (steps as f64, "steps"),
    };
    let painter = ui.painter();
    let most = (area.width() / 80.0).max(2.0) as usize;
    let marks = layout::ticks(end, most);
    for (number, mark) in marks.iter().enumerate() {
        let x = area.left() + area.width() * (mark / end.max(f64::MIN_POSITIVE)) as f32;
        painter.vline(x, area.bottom()..=area.bottom() + 3.0, Stroke::new(1.0, theme.plot.axis));
        let is_last = number + 1 == marks.len();
        let words = if is_last { format!("{} {unit}", self::number(*mark)) } else { self::number(*mark) };
        let align = match (number, x + 40.0 > area.right()) {
            (0, _) => Align2::LEFT_TOP,
            (_, true) => Align2::RIGHT_TOP,
            (_, false) => Align2::CENTER_TOP,
        };
        let at = pos2(x.min(area.right()), top + 4.0);
        painter.text(at, align, words, font_id::number_small(), theme.text.text_3);
    }
}

fn label_strip(ui: &Ui, theme: &Theme, strip: Rect, plot: &SignalPlot<'_>, x: &dyn Fn(f64) -> f32) {
    let painter = ui.painter();
    let mut last_end = f32::NEG_INFINITY;
    for LabelRun { steps: Range { start, end }, class } in plot.runs {
        let (left, right) = (x(*start as f64), x(*end as f64).min(strip.right()));
        // Thousands of short runs would only make one colour.
        if right - last_end < 0.5 {
            continue;
        }
        last_end = right;
        let rect = Rect::from_x_y_ranges(left..=right, strip.y_range());
        let colour = colours::class(theme, *class);
        painter.rect_filled(rect, 1.0, with_alpha(colour, 0.35));
        let name = plot.classes.get(*class as usize).map_or("", String::as_str);
        let galley = painter.layout_no_wrap(name.to_owned(), font_id::small(), theme.text.text_1);
        if galley.size().x + 8.0 < rect.width() {
            painter.galley(
                pos2(rect.left() + 4.0, rect.center().y - galley.size().y / 2.0),
                galley,
                theme.text.text_1,
            );
        }
    }
}

/// Lanes of windows at most.
const MOST_LANES: usize = 4;

/// Where the windows lie: in lanes, since neighbours overlap.
fn window_lane(ui: &Ui, theme: &Theme, lane: Rect, plot: &SignalPlot<'_>, x: &dyn Fn(f64) -> f32) {
    if lane.height() < 1.0 {
        return;
    }
    let painter = ui.painter();
    // As many lanes as windows overlap.
    let stride =
        plot.windows.windows(2).map(|pair| pair[1].first_step - pair[0].first_step).min().unwrap_or(0);
    let lanes = plot.window_steps.div_ceil(stride.max(1)).clamp(1, MOST_LANES);
    let height = (lane.height() - 3.0) / lanes as f32;
    let mut last = f32::NEG_INFINITY;
    for (number, window) in plot.windows.iter().enumerate() {
        let is_chosen = number == plot.chosen;
        let (left, right) = (x(window.first_step as f64), x((window.first_step + plot.window_steps) as f64));
        if left - last < 1.0 && !is_chosen {
            continue;
        }
        last = left;
        let top = lane.top() + 3.0 + (number % lanes) as f32 * height;
        let bottom = top + (height - 1.5).max(1.5);
        let rect = Rect::from_min_max(pos2(left + 0.5, top), pos2((right - 0.5).min(lane.right()), bottom));
        let colour = if is_chosen { theme.accent.base } else { theme.line.strong };
        painter.rect_filled(rect, 1.0, colour);
    }
}

#[expect(clippy::too_many_arguments, reason = "a read-out needs to know what it reads")]
fn crosshair(
    ui: &Ui,
    theme: &Theme,
    area: Rect,
    x: f32,
    step: usize,
    response: Response,
    outline: &Outline,
    rate_hz: Option<f64>,
    channels: &[String],
) {
    ui.painter().vline(x, area.y_range(), Stroke::new(1.0, theme.plot.crosshair));
    let time = match rate_hz {
        Some(rate) if rate > 0.0 => {
            format!("{}, step {}", time(step as f64 / rate), format::count(step as u64))
        }
        Some(_) | None => format!("step {}", format::count(step as u64)),
    };
    let mut words = vec![time];
    for (channel, line) in outline.channels.iter().enumerate().take(9) {
        let column = step * line.len() / outline.steps.max(1);
        let Some((low, high)) = line.get(column) else { continue };
        let name = channels.get(channel).cloned().unwrap_or_else(|| channel.to_string());
        let value = if low == high {
            number(f64::from(*low))
        } else {
            format!("{} … {}", number(f64::from(*low)), number(f64::from(*high)))
        };
        words.push(format!("{name}  {value}"));
    }
    response.on_hover_text_at_pointer(words.join("\n"));
}

/// A picture made of numbers, kept while they are the same.
#[derive(Default)]
pub(super) struct Heat {
    key: Option<(usize, usize, usize, bool)>,
    texture: Option<TextureHandle>,
}

impl Heat {
    fn paint(
        &mut self,
        ui: &Ui,
        key: (usize, usize, usize, bool),
        rect: Rect,
        filter: TextureOptions,
        make: impl FnOnce() -> ColorImage,
    ) {
        if self.key != Some(key) {
            self.texture = Some(ui.ctx().load_texture("heat", make(), filter));
            self.key = Some(key);
        }
        if let Some(texture) = &self.texture {
            let uv = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
            ui.painter().image(texture.id(), rect, uv, Color32::WHITE);
        }
    }

    fn spectrogram_ui(&mut self, ui: &Ui, theme: &Theme, rect: Rect, spectrogram: &Spectrogram) {
        let Spectrogram { frames, bins, decibels } = spectrogram;
        if *frames == 0 {
            return;
        }
        let key = (decibels.as_ptr() as usize, *frames, *bins, theme.dark);
        self.paint(ui, key, rect, TextureOptions::LINEAR, || {
            let loudest = decibels.iter().copied().fold(-120.0f32, f32::max);
            let pixels = (0..frames * bins).map(|pixel| {
                let (frame, bin) = (pixel % frames, bins - 1 - pixel / frames);
                theme.sequential((decibels[frame * bins + bin] - loudest + 70.0) / 70.0)
            });
            ColorImage::new([*frames, *bins], pixels.collect())
        });
    }

    /// What the network sees: a picture for pictures and features, lines for signals, bars for numbers.
    pub(super) fn input_ui(
        &mut self,
        ui: &mut Ui,
        theme: &Theme,
        look: &Arc<crate::jobs::SampleLook>,
        sample: usize,
        input: usize,
        are_features: bool,
    ) {
        let (rect, response) = ui.allocate_exact_size(ui.available_size(), Sense::hover());
        let Some(values) = look.samples.get(sample).and_then(|sample| sample.inputs.get(input)) else {
            return;
        };
        let Some(shape) = look.shapes.get(input) else { return };
        let dims: Vec<i32> = shape.iter().map(|size| i32::try_from(*size).unwrap_or(i32::MAX)).collect();
        response.widget_info(|| {
            let shape = format::shape(&dims);
            WidgetInfo::labeled(Role::Image, true, format!("What the network sees, {shape} numbers"))
        });
        ui.painter().rect_filled(rect, 4.0, theme.surface.canvas);
        let area = rect.shrink(6.0);
        let finite = || values.iter().copied().filter(|value| value.is_finite());
        let (low, high) =
            (finite().fold(f32::INFINITY, f32::min), finite().fold(f32::NEG_INFINITY, f32::max));
        let span = if high > low { high - low } else { 1.0 };
        let key = (Arc::as_ptr(look) as usize, sample, input, theme.dark);
        match shape[..] {
            [height, width, channels] if channels == 3 || (channels == 1 && !are_features) => {
                let level = |value: &f32| ((value - low) / span * 255.0).clamp(0.0, 255.0) as u8;
                let scale = (area.width() / width as f32).min(area.height() / height as f32);
                let scale = if scale >= 2.0 { scale.floor() } else { scale };
                let size = vec2(width as f32, height as f32) * scale;
                let at = Align2::CENTER_CENTER.align_size_within_rect(size, area);
                self.paint(ui, key, at, TextureOptions::NEAREST, || {
                    let bytes: Vec<u8> = values.iter().map(level).collect();
                    if channels == 3 {
                        ColorImage::from_rgb([width, height], &bytes)
                    } else {
                        ColorImage::from_gray([width, height], &bytes)
                    }
                });
            }
            [frames, bands] | [frames, bands, 1] if are_features && frames > 1 && bands > 1 => {
                self.paint(ui, key, area, TextureOptions::NEAREST, || {
                    let pixels = (0..frames * bands).map(|pixel| {
                        let (frame, band) = (pixel % frames, bands - 1 - pixel / frames);
                        theme.sequential((values[frame * bands + band] - low) / span)
                    });
                    ColorImage::new([frames, bands], pixels.collect())
                });
            }
            [steps, channels] if steps > 1 => {
                for channel in 0..channels {
                    let points = (0..steps).map(|step| {
                        let value = values[step * channels + channel];
                        let x = area.left() + area.width() * (step as f32 + 0.5) / steps as f32;
                        pos2(x, area.bottom() - area.height() * (value - low) / span)
                    });
                    let stroke = Stroke::new(1.25, colours::channel(theme, channel));
                    ui.painter().add(Shape::line(points.collect(), stroke));
                }
            }
            _ => {
                let zero = low.min(0.0);
                let span = (high.max(0.0) - zero).max(f32::MIN_POSITIVE);
                let y = |value: f32| area.bottom() - area.height() * (value - zero) / span;
                let step = area.width() / values.len().max(1) as f32;
                for (number, value) in values.iter().enumerate() {
                    let x = area.left() + number as f32 * step;
                    let width = (step - 1.0).max(1.0);
                    let bar = Rect::from_two_pos(pos2(x, y(0.0)), pos2(x + width, y(*value)));
                    ui.painter().rect_filled(bar, 0.0, theme.series[0]);
                }
            }
        }
        let range = format!("{} … {}", number(f64::from(low)), number(f64::from(high)));
        response.on_hover_text(range);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_the_unit_in_which_people_count_them() {
        for (seconds, expected) in [
            (0.298, "0.298 s"),
            (180.0, "180 s"),
            (1_800.0, "30 min"),
            (86_400.0, "24 h"),
            (1_209_600.0, "14 days"),
        ] {
            assert_eq!(time(seconds), expected);
        }
    }

    #[test]
    fn columns_touch_their_neighbours() {
        let area = Rect::from_min_size(pos2(0.0, 0.0), vec2(4.0, 10.0));
        let mesh =
            columns(&[(0.0, 0.0), (10.0, 10.0), (10.0, 10.0), (2.0, 3.0)], area, (0.0, 10.0), Color32::WHITE);
        let heights: Vec<(f32, f32)> = mesh
            .vertices
            .chunks(4)
            .map(|column| (column[0].pos.y, column[3].pos.y.max(column[2].pos.y)))
            .collect();
        assert_eq!(heights, [(9.5, 10.5), (-0.5, 10.5), (-0.5, 0.5), (-0.5, 8.5)]);
    }

    #[test]
    fn numbers_are_short_and_end_in_a_digit_that_matters() {
        for (value, expected) in [
            (0.0, "0"),
            (0.5, "0.5"),
            (1234.5, "1234"),
            (0.123_456, "0.123"),
            (-2.0, "−2"),
            (5e-9, "5.00e−9"),
        ] {
            assert_eq!(number(value), expected);
        }
    }
}
