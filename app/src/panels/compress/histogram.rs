//! A histogram of the values of an activation, with the limits that calibration or the user has chosen; the user drags them.

use egui::{
    Align2, CursorIcon, EventFilter, Key, Modifiers, Rect, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2,
};
use emberlab_core::quantize::{ChosenLimits, Limits, TensorObservation};

use crate::theme::widgets::{focus_ring, hairline, vertical_hairline};
use crate::theme::{Theme, font_id, format};

/// Bars of a histogram.
const BINS: usize = 120;
/// Room for the figures below.
const FOOT: f32 = 26.0;
/// How far from a limit it can be taken hold of.
const GRIP: f32 = 9.0;
/// Share of the axis that a key moves a limit by.
const KEY_STEP: f64 = 0.01;
/// Least share of what was seen that lies between two limits.
const LEAST_SHARE: f64 = 0.002;

/// One of both limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// What is smaller is clipped.
    Low,
    /// What is larger is clipped.
    High,
}

/// What the user does with limits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Edit {
    /// They are on their way.
    Moving(ChosenLimits),
    /// They are left there.
    Done(ChosenLimits),
}

/// Values along the width of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    low: f64,
    high: f64,
    left: f32,
    width: f32,
}

impl Axis {
    /// An axis with what was seen and the limits, and a margin on both sides.
    pub fn new(seen: (f32, f32), limits: Option<(f32, f32)>, field: Rect) -> Self {
        let limits = limits.unwrap_or(seen);
        let (low, high) = (f64::from(seen.0.min(limits.0)), f64::from(seen.1.max(limits.1)));
        let margin = ((high - low) * 0.04).max(1e-9);
        Self { low: low - margin, high: high + margin, left: field.left(), width: field.width().max(1.0) }
    }

    /// Where a value lies.
    pub fn x(self, value: f64) -> f32 {
        self.left + self.width * ((value - self.low) / (self.high - self.low)) as f32
    }

    /// The value at a place.
    pub fn value(self, x: f32) -> f64 {
        self.low + (self.high - self.low) * f64::from((x - self.left) / self.width)
    }

    /// From one end to the other.
    fn span(self) -> f64 {
        self.high - self.low
    }
}

/// Limits of which one was moved to a value. 0 stays between them, and they never meet.
pub fn moved(limits: (f32, f32), side: Side, value: f64, span: f64) -> ChosenLimits {
    let least = (span * LEAST_SHARE) as f32;
    let (low, high) = (limits.0.min(0.0), limits.1.max(0.0));
    match side {
        Side::Low => ChosenLimits { low: (value as f32).min((high - least).min(0.0)), high },
        Side::High => ChosenLimits { low, high: (value as f32).max((low + least).max(0.0)) },
    }
}

/// Where a limit can be taken hold of: beside its line, away from the other one.
pub fn grip(field: Rect, x: f32, side: Side) -> Rect {
    let x = x.clamp(field.left() + 1.0, field.right() - 1.0);
    let (left, right) = match side {
        Side::Low => (GRIP, GRIP / 3.0),
        Side::High => (GRIP / 3.0, GRIP),
    };
    Rect::from_min_max(pos2(x - left, field.top()), pos2(x + right, field.bottom()))
}

/// Draws a histogram with limits, the share that they clip and the step that they give int8. With a number that tells the
/// tensor from others, limits can be dragged, or moved with the arrow keys.
pub fn histogram_ui(
    ui: &mut Ui,
    theme: &Theme,
    rect: Rect,
    seen: &TensorObservation,
    limits: Option<Limits>,
    editable: Option<u32>,
) -> Option<Edit> {
    let (field, foot) = rect.split_top_bottom_at_y(rect.bottom() - FOOT);
    let axis = Axis::new((seen.low, seen.high), limits.map(|limits| (limits.low, limits.high)), field);
    let id = ui.unique_id().with(("limits", editable));
    // While a limit is dragged it is only here: the recipe gets it when it is left.
    let dragged: Option<(f32, f32)> = ui.data(|data| data.get_temp(id));
    let limits = dragged.map_or(limits, |(low, high)| Some(seen.chosen_limits(ChosenLimits { low, high })));
    let words = words_of(seen, limits);
    let response = ui.interact(field, id.with("field"), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, format!("Histogram of values, {words}")));
    paint(ui, theme, field, axis, seen, limits);
    let edit = match (limits, editable) {
        (Some(limits), Some(_)) => edit_ui(ui, theme, field, axis, limits, id),
        _ => None,
    };
    foot_ui(ui, theme, foot, seen, limits, &words);
    response.on_hover_text(format!(
        "{}, logarithm of the counts. Limits: {words}",
        format::counted(seen.histogram.total(), "value", "values")
    ));
    ui.data_mut(|data| match edit {
        Some(Edit::Moving(limits)) => {
            data.insert_temp(id, (limits.low, limits.high));
        }
        Some(Edit::Done(_)) => data.remove::<(f32, f32)>(id),
        None => {}
    });
    edit
}

/// The limits in figures.
fn words_of(seen: &TensorObservation, limits: Option<Limits>) -> String {
    let (low, high) = limits.map_or((seen.low, seen.high), |limits| (limits.low, limits.high));
    let [low, high] = [low, high].map(|value| format::significant(f64::from(value), 3));
    let more = limits.map(|limits| {
        let step = format::significant(f64::from(limits.int8_step()), 3);
        format!(", {} clipped, int8 step {step}", clipped_text(limits.clipped))
    });
    format!("{low} to {high}{}", more.unwrap_or_default())
}

fn paint(ui: &Ui, theme: &Theme, field: Rect, axis: Axis, seen: &TensorObservation, limits: Option<Limits>) {
    let painter = ui.painter();
    painter.rect_filled(field, 0.0, theme.plot.background);
    let counts = seen.histogram.resampled(axis.low, axis.high, BINS);
    let most = counts.iter().copied().max().unwrap_or(0).max(1) as f32;
    let width = field.width() / BINS as f32;
    let outside = |bin: usize| {
        let middle = axis.low + (bin as f64 + 0.5) * axis.span() / BINS as f64;
        limits.is_some_and(|limits| middle < f64::from(limits.low) || middle > f64::from(limits.high))
    };
    for (bin, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        // Zeros after ReLU would flatten everything else.
        let share = (1.0 + *count as f32).ln() / (1.0 + most).ln();
        let height = ((field.height() - 6.0) * share).max(1.0);
        let left = field.left() + width * bin as f32;
        let bar = Rect::from_min_max(
            pos2(left, field.bottom() - height),
            pos2(left + (width - 0.5).max(1.0), field.bottom()),
        );
        let colour = if outside(bin) { theme.status.over } else { theme.series[0] };
        painter.rect_filled(bar, 0.0, colour);
    }
    if let Some(limits) = limits {
        for value in [limits.low, limits.high] {
            let x = axis.x(f64::from(value)).clamp(field.left() + 1.0, field.right() - 1.0);
            let ends = [pos2(x, field.top()), pos2(x, field.bottom())];
            let stroke = Stroke::new(1.5, theme.accent.base);
            if limits.is_chosen {
                painter.line_segment(ends, stroke);
            } else {
                painter.extend(egui::Shape::dashed_line(&ends, stroke, 4.0, 3.0));
            }
        }
    }
    frame_ui(ui, theme, field);
}

/// The two limits as handles.
fn edit_ui(
    ui: &mut Ui,
    theme: &Theme,
    field: Rect,
    axis: Axis,
    limits: Limits,
    id: egui::Id,
) -> Option<Edit> {
    let both = (limits.low, limits.high);
    let mut edit = None;
    for (side, value, name) in
        [(Side::Low, limits.low, "Lower limit"), (Side::High, limits.high, "Upper limit")]
    {
        let x = axis.x(f64::from(value));
        let rect = grip(field, x, side);
        let response = ui.interact(rect, id.with(side), Sense::click_and_drag());
        response.widget_info(|| WidgetInfo::slider(true, f64::from(value), name));
        if response.hovered() || response.dragged() || response.has_focus() {
            let middle = Rect::from_center_size(
                pos2(x.clamp(field.left() + 2.0, field.right() - 2.0), field.center().y),
                vec2(5.0, 22.0),
            );
            ui.painter().rect_filled(middle, 2.0, theme.accent.base);
        }
        focus_ring(ui, theme, &response);
        if let Some(at) = response.interact_pointer_pos().filter(|_| response.dragged()) {
            edit = Some(Edit::Moving(moved(both, side, axis.value(at.x), axis.span())));
        }
        if response.drag_stopped() {
            edit = Some(Edit::Done(ChosenLimits { low: limits.low, high: limits.high }));
        }
        if response.has_focus() {
            let filter = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
            ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
            let steps = ui.input_mut(|input| {
                let [left, right] = [Key::ArrowLeft, Key::ArrowRight]
                    .map(|key| input.count_and_consume_key(Modifiers::NONE, key) as f64);
                right - left
            });
            if steps != 0.0 {
                let value = f64::from(value) + steps * KEY_STEP * axis.span();
                edit = Some(Edit::Done(moved(both, side, value, axis.span())));
            }
        }
        let hint = match side {
            Side::Low => "Drag to choose what is clipped below",
            Side::High => "Drag to choose what is clipped above",
        };
        response.on_hover_cursor(CursorIcon::ResizeHorizontal).on_hover_text(hint);
    }
    edit
}

fn foot_ui(
    ui: &Ui,
    theme: &Theme,
    foot: Rect,
    seen: &TensorObservation,
    limits: Option<Limits>,
    words: &str,
) {
    let painter = ui.painter();
    let (y, quiet) = (foot.top() + 12.0, theme.text.text_3);
    let end = |value: f32| format::significant(f64::from(value), 3);
    let left = painter.text(
        pos2(foot.left(), y),
        Align2::LEFT_CENTER,
        end(seen.low),
        font_id::number_small(),
        quiet,
    );
    let right = painter.text(
        pos2(foot.right(), y),
        Align2::RIGHT_CENTER,
        end(seen.high),
        font_id::number_small(),
        quiet,
    );
    let middle = match limits {
        Some(limits) if limits.is_chosen => format!("by hand {words}"),
        Some(_) => format!("limits {words}"),
        None => "values seen, log counts".to_owned(),
    };
    let room = right.left() - left.right() - 16.0;
    let mut job =
        egui::text::LayoutJob::simple_singleline(middle, font_id::number_small(), theme.text.text_2);
    job.wrap = egui::text::TextWrapping::truncate_at_width(room.max(24.0));
    let galley = painter.layout_job(job);
    let x = left.right() + 8.0 + (room - galley.size().x) / 2.0;
    painter.galley(pos2(x, y - galley.size().y / 2.0), galley, theme.text.text_2);
}

/// A small share with as many digits as it needs.
fn clipped_text(share: f64) -> String {
    let percent = share * 100.0;
    if percent == 0.0 {
        "0 %".to_owned()
    } else if percent < 0.01 {
        "under 0.01 %".to_owned()
    } else {
        format!("{percent:.2} %")
    }
}

/// The outline of a field.
pub fn frame_ui(ui: &Ui, theme: &Theme, field: Rect) {
    let painter = ui.painter();
    hairline(painter, theme, field.x_range(), field.top());
    hairline(painter, theme, field.x_range(), field.bottom());
    vertical_hairline(painter, theme, field.left(), field.y_range());
    vertical_hairline(painter, theme, field.right(), field.y_range());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field() -> Rect {
        Rect::from_min_size(pos2(100.0, 50.0), vec2(400.0, 80.0))
    }

    #[test]
    fn small_shares_are_not_rounded_to_nothing() {
        for (share, expected) in
            [(0.0, "0 %"), (0.000_02, "under 0.01 %"), (0.0003, "0.03 %"), (0.12, "12.00 %")]
        {
            assert_eq!(clipped_text(share), expected);
        }
    }

    #[test]
    fn places_and_values_belong_together() {
        let axis = Axis::new((-2.0, 6.0), Some((-1.0, 9.0)), field());
        for value in [-2.0, 0.0, 3.5, 9.0] {
            let x = axis.x(value);
            assert!(field().x_range().contains(x), "{value}: {x}");
            assert!((axis.value(x) - value).abs() < 1e-3, "{value}");
        }
        assert!(axis.x(9.0) < field().right() && axis.x(-2.0) > field().left(), "there is a margin");
        let nothing = Axis::new((0.0, 0.0), None, field());
        assert!(nothing.x(0.0).is_finite());
    }

    #[test]
    fn zero_stays_between_limits_that_never_meet() {
        let check = |limits, side, value: f64, expected: (f32, f32)| {
            let found = moved(limits, side, value, 10.0);
            assert!(
                (found.low - expected.0).abs() < 1e-6 && (found.high - expected.1).abs() < 1e-6,
                "{found:?}"
            );
            assert!(found.low <= 0.0 && found.high >= 0.0 && found.high - found.low >= 0.019, "{found:?}");
        };
        check((-2.0, 6.0), Side::High, 3.0, (-2.0, 3.0));
        check((-2.0, 6.0), Side::High, -5.0, (-2.0, 0.0));
        check((-2.0, 6.0), Side::Low, 1.0, (0.0, 6.0));
        check((-2.0, 6.0), Side::Low, -9.0, (-9.0, 6.0));
        check((0.0, 6.0), Side::High, -1.0, (0.0, 0.02));
        check((-6.0, 0.0), Side::Low, 1.0, (-0.02, 0.0));
    }

    #[test]
    fn limits_that_lie_on_each_other_can_both_be_taken_hold_of() {
        let (low, high) = (grip(field(), 200.0, Side::Low), grip(field(), 202.0, Side::High));
        assert!(low.contains(pos2(193.0, 90.0)) && !high.contains(pos2(193.0, 90.0)));
        assert!(high.contains(pos2(209.0, 90.0)) && !low.contains(pos2(209.0, 90.0)));
        let end = grip(field(), 900.0, Side::High);
        assert!(end.left() < field().right(), "a limit beyond the field stays at its end");
    }
}
