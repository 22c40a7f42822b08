//! Small charts of the inspector: a histogram and a strip of figures per channel.

use egui::{Align2, Color32, FontId, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};
use emberlab_core::model::TensorType;
use emberlab_core::stats::Distribution;

use crate::theme::{Theme, font_id, format};

/// Height of the bars of a histogram.
const HISTOGRAM: f32 = 42.0;

/// Height of a strip chart.
const STRIP: f32 = 44.0;

/// A histogram with its range below.
pub fn histogram_ui(
    ui: &mut Ui,
    theme: &Theme,
    values: &Distribution,
    ty: Option<TensorType>,
    colour: Color32,
) {
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), HISTOGRAM + 18.0), Sense::hover());
    let (low, high) = axis(values, ty);
    let spoken = format!("Histogram from {} to {}", number(low), number(high));
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &spoken));
    let bars = Rect::from_min_size(rect.min, vec2(rect.width(), HISTOGRAM));
    let counts = &values.histogram.counts;
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let span = (high - low).max(f64::MIN_POSITIVE);
    let x = |value: f64| bars.left() + bars.width() * (((value - low) / span).clamp(0.0, 1.0) as f32);
    let painter = ui.painter();
    for (index, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let (start, end) = values.histogram.interval(index);
        let (left, right) = (x(start), x(end));
        let gap = if right - left > 2.5 { 1.0 } else { 0.0 };
        let height = (bars.height() * (*count as f64 / most as f64) as f32).max(1.0);
        let right = (right - gap).max(left + 1.0);
        let bar = Rect::from_min_max(pos2(left, bars.bottom() - height), pos2(right, bars.bottom()));
        painter.rect_filled(bar, 0.0, colour);
    }
    baseline(ui, theme, bars);
    axis_labels(ui, theme, rect, low, high);
    if let Some(at) = response.hover_pos() {
        let value = low + span * f64::from((at.x - bars.left()) / bars.width());
        let place = (0..counts.len()).find(|index| {
            let (start, end) = values.histogram.interval(*index);
            start <= value && value < end
        });
        if let Some(index) = place {
            let (start, end) = values.histogram.interval(index);
            let count = format::counted(counts[index], "value", "values");
            response.on_hover_text(format!("{count} from {} to {}", number(start), number(end)));
        }
    }
}

/// The range that a histogram spans: the type's own for small integers, so that two of them compare.
fn axis(values: &Distribution, ty: Option<TensorType>) -> (f64, f64) {
    match ty {
        Some(TensorType::Int8) => (-128.5, 127.5),
        Some(TensorType::Uint8) => (-0.5, 255.5),
        Some(TensorType::Int4) => (-8.5, 7.5),
        Some(TensorType::Uint4) => (-0.5, 15.5),
        Some(TensorType::Int2) => (-2.5, 1.5),
        _ => {
            let histogram = &values.histogram;
            (histogram.start, histogram.start + histogram.width * histogram.counts.len() as f64)
        }
    }
}

fn axis_labels(ui: &Ui, theme: &Theme, rect: Rect, low: f64, high: f64) {
    let font = FontId::new(10.0, font_id::number_small().family);
    let y = rect.bottom() - 7.0;
    // Half steps are the borders of whole numbers.
    let (first, last) = if low.fract().abs() == 0.5 && high.fract().abs() == 0.5 && high - low < 1e6 {
        (low + 0.5, high - 0.5)
    } else {
        (low, high)
    };
    let painter = ui.painter();
    let colour = theme.text.text_3;
    painter.text(pos2(rect.left(), y), Align2::LEFT_CENTER, number(first), font.clone(), colour);
    painter.text(pos2(rect.right(), y), Align2::RIGHT_CENTER, number(last), font.clone(), colour);
    let zero = ((0.0 - low) / (high - low)) as f32;
    if low < 0.0 && high > 0.0 && (0.2..0.8).contains(&zero) {
        let x = rect.left() + rect.width() * zero;
        painter.text(pos2(x, y), Align2::CENTER_CENTER, "0", font, colour);
    }
}

/// One bar per channel; several channels share a bar where there is less than two points for each.
pub fn strip_ui(ui: &mut Ui, theme: &Theme, name: &str, values: &[f32]) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), STRIP), Sense::hover());
    response
        .widget_info(|| WidgetInfo::labeled(Role::Image, true, format!("{name}, {} channels", values.len())));
    if values.is_empty() {
        return;
    }
    let most = values.iter().copied().filter(|value| value.is_finite()).fold(f32::MIN_POSITIVE, f32::max);
    let n_bars = values.len().min((rect.width() / 2.0) as usize).max(1);
    let width = rect.width() / n_bars as f32;
    let gap = if width > 5.0 { 2.0 } else { 0.5 };
    for bar in 0..n_bars {
        let shared = &values[bar * values.len() / n_bars..(bar + 1) * values.len() / n_bars];
        let value = shared.iter().copied().filter(|value| value.is_finite()).fold(0.0, f32::max);
        let height = ((rect.height() - 2.0) * (value / most).clamp(0.0, 1.0)).max(1.0);
        let left = rect.left() + width * bar as f32;
        let bar = Rect::from_min_max(
            pos2(left + gap / 2.0, rect.bottom() - height),
            pos2(left + (width - gap / 2.0).max(1.0), rect.bottom()),
        );
        ui.painter().rect_filled(bar, if width > 5.0 { 1.0 } else { 0.0 }, theme.series[0]);
    }
    baseline(ui, theme, rect);
    if let Some(at) = response.hover_pos() {
        let channel = ((at.x - rect.left()) / rect.width() * values.len() as f32) as usize;
        let channel = channel.min(values.len() - 1);
        response.on_hover_text(format!("channel {channel}  {}", format::scale(values[channel])));
    }
}

fn baseline(ui: &Ui, theme: &Theme, rect: Rect) {
    let line = Rect::from_min_size(rect.left_bottom(), vec2(rect.width(), 1.0));
    ui.painter().rect_filled(line, 0.0, theme.plot.axis);
}

/// A number of an axis or a range: whole numbers as they are, others with four significant digits.
pub fn number(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e9 {
        format::integer(value as i64)
    } else {
        format::significant(value, 4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_axes_are_short() {
        for (value, text) in [(-128.0, "−128"), (0.0, "0"), (0.5, "0.5000"), (-0.001_234_5, "−0.001234")]
        {
            assert_eq!(number(value), text);
        }
    }
}
