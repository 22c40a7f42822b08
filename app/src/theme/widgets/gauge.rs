//! A budget and how much of it is used.

use egui::{Align2, Color32, CornerRadius, Rect, Response, Role, Sense, Ui, Vec2, WidgetInfo, pos2, vec2};

use super::focus_ring;
use super::section::snap;
use crate::theme::{Icon, Theme, font_id, format};

/// Size of a gauge in the top bar.
pub const GAUGE_SIZE: Vec2 = vec2(164.0, 48.0);

/// From this share of the limit on a gauge warns.
const WARN: f64 = 0.8;

/// What a gauge shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Gauge<'a> {
    /// What is measured, `Arena`.
    pub label: &'a str,
    /// How much.
    pub state: GaugeState,
    /// The limit in words, `of 327,680`, hides where the window is narrow.
    pub show_details: bool,
}

/// How much of the budget is used.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum GaugeState {
    /// There is nothing to measure.
    NoModel,
    /// The work that finds it out is running.
    Busy,
    /// It cannot be known.
    Unknown,
    /// Exact bytes, and the limit where one is known.
    Bytes {
        /// Bytes used.
        used: u64,
        /// Bytes there are.
        limit: Option<u64>,
    },
    /// An estimated time, and the limit where there is one.
    Millis {
        /// The estimate.
        millis: f64,
        /// Both ends of the error bar.
        range: (f64, f64),
        /// How long it may take.
        limit: Option<f64>,
    },
}

impl Gauge<'_> {
    /// What assistive tools say, `Arena, 122,576 of 327,680 bytes, 37 percent`.
    pub fn name(&self) -> String {
        let label = self.label;
        match self.state {
            GaugeState::NoModel => format!("{label}, no model"),
            GaugeState::Busy => format!("{label}, working"),
            GaugeState::Unknown => format!("{label}, not known"),
            GaugeState::Bytes { used, limit: None } => format!("{label}, {} bytes", format::count(used)),
            GaugeState::Bytes { used, limit: Some(limit) } => {
                let percent = percent(used, limit);
                let over = if used > limit { ", over budget" } else { "" };
                format!(
                    "{label}, {} of {} bytes, {percent} percent{over}",
                    format::count(used),
                    format::count(limit)
                )
            }
            GaugeState::Millis { millis, range, limit } => {
                let estimate = format!("{label}, estimate {}", estimate_text(millis, range));
                let estimate = estimate.replace('%', "percent");
                let Some(limit) = limit else { return estimate };
                let over = if millis > limit { ", over budget" } else { "" };
                let percent = percent_of(weighed(millis, range), limit);
                format!("{estimate} of {}, {percent} percent{over}", format::chosen_millis(limit))
            }
        }
    }
}

/// An estimate with its error bar, `47 ms ±20 %`.
fn estimate_text(millis: f64, range: (f64, f64)) -> String {
    format::estimate_with_bar(range.0, millis, range.1)
}

/// What stands against the limit: the estimate, or the end of its bar where only that is worth naming.
fn weighed(millis: f64, range: (f64, f64)) -> f64 {
    if estimate_text(millis, range).contains('±') { millis } else { range.1 }
}

/// A gauge of [`GAUGE_SIZE`]; click it to see how the figure is made.
pub fn gauge(ui: &mut Ui, theme: &Theme, gauge: &Gauge<'_>) -> Response {
    let (rect, response) = ui.allocate_exact_size(GAUGE_SIZE, Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), gauge.name()));
    if !ui.is_rect_visible(rect) {
        return response;
    }
    if response.hovered() {
        ui.painter().rect_filled(rect, 0.0, theme.surface.raised);
    }
    let look = Look::of(theme, gauge.state);
    let painter = ui.painter();
    let inner = Rect::from_min_max(rect.min + vec2(14.0, 7.0), rect.max - vec2(14.0, 0.0));
    let top = inner.top() + 6.5;
    let label = pos2(inner.left(), top);
    let label =
        painter.text(label, Align2::LEFT_CENTER, gauge.label, font_id::small_strong(), theme.text.text_3);
    let value = pos2(inner.right(), top);
    let value = painter.text(value, Align2::RIGHT_CENTER, &look.value, font_id::number_small(), look.text);
    // A long estimate with its error bar leaves no room; its colour and the figure below say the same.
    if let Some(icon) = look.icon.filter(|_| label.right() + 18.0 <= value.left()) {
        let at = pos2(value.left() - 9.0, top);
        painter.text(at, Align2::CENTER_CENTER, icon.glyph(), font_id::icon(12.0), look.text);
    }

    let bar = Rect::from_min_size(pos2(inner.left(), inner.top() + 16.0), vec2(inner.width(), 4.0));
    let radius = CornerRadius::same(2);
    let trough = if theme.dark { theme.surface.control } else { theme.surface.pressed };
    painter.rect_filled(bar, radius, trough);
    if let Some(share) = look.share {
        let fill = vec2(bar.width() * share.clamp(0.0, 1.0), bar.height());
        painter.rect_filled(Rect::from_min_size(bar.min, fill), radius, look.fill);
    }
    if look.tick {
        let x = snap(painter, bar.left() + bar.width() * WARN as f32);
        let tick = Rect::from_min_size(pos2(x, bar.top()), vec2(1.0, bar.height()));
        painter.rect_filled(tick, 0.0, theme.text.text_3);
    }
    if gauge.show_details {
        let y = bar.bottom() + 8.0;
        let font = egui::FontId::new(10.0, font_id::number_small().family);
        let left = pos2(inner.left(), y);
        painter.text(left, Align2::LEFT_CENTER, &look.limit, font.clone(), theme.text.text_3);
        let right = pos2(inner.right(), y);
        painter.text(right, Align2::RIGHT_CENTER, &look.percent, font, theme.text.text_3);
    }
    focus_ring(ui, theme, &response);
    response
}

struct Look {
    value: String,
    limit: String,
    percent: String,
    share: Option<f32>,
    fill: Color32,
    text: Color32,
    icon: Option<Icon>,
    tick: bool,
}

impl Look {
    fn of(theme: &Theme, state: GaugeState) -> Self {
        let quiet = |value: &str| Look {
            value: value.to_owned(),
            limit: String::new(),
            percent: String::new(),
            share: None,
            fill: theme.status.ok,
            text: theme.text.text_3,
            icon: None,
            tick: true,
        };
        match state {
            GaugeState::NoModel => quiet("no model"),
            GaugeState::Busy => quiet("…"),
            GaugeState::Unknown => quiet(format::UNKNOWN),
            GaugeState::Bytes { used, limit: None } => {
                Look { text: theme.text.text_1, tick: false, ..quiet(&format::bytes(used)) }
            }
            GaugeState::Bytes { used, limit: Some(limit) } => Look {
                limit: format!("of {}", format::count(limit)),
                percent: format!("{} %", percent(used, limit)),
                ..Self::within(theme, &format::bytes(used), used as f64 / (limit.max(1)) as f64, used > limit)
            },
            // The error bar needs the room of the icon; the sign says the same as the word.
            GaugeState::Millis { millis, range, limit: None } => Look {
                text: theme.text.text_1,
                limit: "estimate".to_owned(),
                tick: false,
                ..quiet(&estimate_text(millis, range))
            },
            GaugeState::Millis { millis, range, limit: Some(limit) } => {
                let value = estimate_text(millis, range);
                let weighed = weighed(millis, range);
                Look {
                    limit: format!("est., of {}", format::chosen_millis(limit)),
                    percent: format!("{} %", percent_of(weighed, limit)),
                    ..Self::within(theme, &value, weighed / limit.max(f64::MIN_POSITIVE), millis > limit)
                }
            }
        }
    }

    /// A value against a limit, in the colour of the verdict.
    fn within(theme: &Theme, value: &str, share: f64, is_over: bool) -> Self {
        let (fill, text, icon) = if is_over {
            (theme.status.over, theme.status.over, Some(Icon::CircleX))
        } else if share >= WARN {
            (theme.status.warn, theme.status.warn, Some(Icon::TriangleAlert))
        } else {
            (theme.status.ok, theme.text.text_1, None)
        };
        Self {
            value: value.to_owned(),
            limit: String::new(),
            percent: String::new(),
            share: Some(share as f32),
            fill,
            text,
            icon,
            tick: true,
        }
    }
}

/// Whole percent; never 100 for something that does not fit, never 0 for something that is there.
fn percent(used: u64, limit: u64) -> u64 {
    percent_of(used as f64, limit.max(1) as f64)
}

fn percent_of(used: f64, limit: f64) -> u64 {
    match (used * 100.0 / limit).round() as u64 {
        0 if used > 0.0 => 1,
        100 if used > limit => 101,
        rounded => rounded,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(state: GaugeState) -> String {
        Gauge { label: "Arena", state, show_details: true }.name()
    }

    #[test]
    fn names_say_what_a_person_would_say() {
        let bytes = |used, limit| name(GaugeState::Bytes { used, limit });
        assert_eq!(bytes(122_576, Some(327_680)), "Arena, 122,576 of 327,680 bytes, 37 percent");
        assert_eq!(
            bytes(122_576, Some(113_840)),
            "Arena, 122,576 of 113,840 bytes, 108 percent, over budget"
        );
        assert_eq!(bytes(122_576, None), "Arena, 122,576 bytes");
        assert_eq!(name(GaugeState::NoModel), "Arena, no model");
        let millis =
            |millis, limit| name(GaugeState::Millis { millis, range: (0.8 * millis, 1.2 * millis), limit });
        assert_eq!(millis(47.2, None), "Arena, estimate 47 ms ±20 percent");
        assert_eq!(millis(84.0, Some(100.0)), "Arena, estimate 84 ms ±20 percent of 100 ms, 84 percent");
        assert_eq!(
            millis(100.2, Some(100.0)),
            "Arena, estimate 100 ms ±20 percent of 100 ms, 101 percent, over budget"
        );
        let wide = |limit| name(GaugeState::Millis { millis: 0.4, range: (0.03, 3.6), limit });
        assert_eq!(wide(None), "Arena, estimate under 4 ms");
        assert_eq!(wide(Some(36.0)), "Arena, estimate under 4 ms of 36 ms, 10 percent");
        assert_eq!(wide(Some(0.2)), "Arena, estimate under 4 ms of 0.2 ms, 1800 percent, over budget");
    }

    #[test]
    fn percent_never_hides_that_something_does_not_fit() {
        assert_eq!(percent(1001, 1000), 101);
        assert_eq!(percent(1000, 1000), 100);
        assert_eq!(percent(1, 1_000_000), 1);
        assert_eq!(percent(0, 0), 0);
    }
}
