//! Where the parts of the window go. Pure: a rectangle and what is open in, rectangles out.

use egui::{Rect, pos2};

/// Height of the top bar.
pub const TOP_BAR: f32 = 48.0;
/// Width of the rail, and of the mark above it.
pub const RAIL: f32 = 72.0;
/// Height of the status bar.
pub const STATUS_BAR: f32 = 28.0;
/// Height of a panel's header.
pub const PANEL_HEADER: f32 = 44.0;
/// Height of the log.
const LOG: f32 = 184.0;
/// Narrowest and widest inspector.
pub const INSPECTOR: std::ops::RangeInclusive<f32> = 280.0..=480.0;
/// Least width that the main area keeps beside an inspector.
const MAIN_MIN: f32 = 320.0;

/// The parts of the window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Areas {
    /// Mark, tabs, chip picker, gauges.
    pub top_bar: Rect,
    /// Panels and settings.
    pub rail: Rect,
    /// Title and tags of the panel in front.
    pub header: Rect,
    /// The panel itself.
    pub main: Rect,
    /// What is selected.
    pub inspector: Option<Rect>,
    /// Messages.
    pub log: Option<Rect>,
    /// Jobs, problems.
    pub status_bar: Rect,
}

/// Splits the window; `inspector` is the wished width, `None` when it is hidden.
pub fn split(window: Rect, inspector: Option<f32>, log_open: bool) -> Areas {
    let top_bar = Rect::from_min_max(window.min, pos2(window.right(), window.top() + TOP_BAR));
    let status_bar = Rect::from_min_max(pos2(window.left(), window.bottom() - STATUS_BAR), window.max);
    let rail = Rect::from_min_max(
        pos2(window.left(), top_bar.bottom()),
        pos2(window.left() + RAIL, status_bar.top()),
    );
    let mut rest = Rect::from_min_max(rail.right_top(), pos2(window.right(), status_bar.top()));
    let log = log_open.then(|| {
        let height = LOG.min((rest.height() / 2.0).max(0.0));
        let log = rest.with_min_y(rest.bottom() - height);
        rest.max.y = log.top();
        log
    });
    let header = rest.with_max_y((rest.top() + PANEL_HEADER).min(rest.bottom()));
    let below = rest.with_min_y(header.bottom());
    let room = below.width() - MAIN_MIN;
    let inspector = inspector.filter(|_| room >= *INSPECTOR.start()).map(|wished| {
        let width = wished.clamp(*INSPECTOR.start(), *INSPECTOR.end()).min(room);
        below.with_min_x(below.right() - width)
    });
    let main = below.with_max_x(inspector.map_or(below.right(), |inspector| inspector.left()));
    Areas { top_bar, rail, header, main, inspector, log, status_bar }
}

/// The width of an inspector that nobody has dragged.
pub fn usual_inspector_width(window_width: f32) -> f32 {
    if window_width < 1400.0 {
        280.0
    } else if window_width < 1800.0 {
        320.0
    } else {
        360.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::vec2;

    fn window(width: f32, height: f32) -> Rect {
        Rect::from_min_size(pos2(0.0, 0.0), vec2(width, height))
    }

    #[test]
    fn at_1440_by_900_the_parts_have_their_designed_sizes() {
        let areas = split(window(1440.0, 900.0), Some(usual_inspector_width(1440.0)), false);
        assert_eq!(areas.header, Rect::from_min_max(pos2(72.0, 48.0), pos2(1440.0, 92.0)));
        assert_eq!(areas.main.size(), vec2(1368.0 - 320.0, 780.0));
        assert_eq!(areas.inspector.map(|rect| rect.size()), Some(vec2(320.0, 780.0)));
        assert_eq!(areas.log, None);
    }

    #[test]
    fn parts_touch_and_never_overlap() {
        for (width, height) in [(1280.0, 800.0), (1920.0, 1080.0), (700.0, 400.0), (300.0, 100.0)] {
            for inspector in [None, Some(100.0), Some(480.0)] {
                for log in [false, true] {
                    let areas = split(window(width, height), inspector, log);
                    let Areas { top_bar, rail, header, main, inspector, log, status_bar } = areas;
                    let parts: Vec<Rect> = [
                        Some(top_bar),
                        Some(rail),
                        Some(header),
                        Some(main),
                        inspector,
                        log,
                        Some(status_bar),
                    ]
                    .into_iter()
                    .flatten()
                    .filter(|rect| rect.is_positive())
                    .collect();
                    let area: f32 = parts.iter().map(|rect| rect.area()).sum();
                    if height > TOP_BAR + STATUS_BAR + PANEL_HEADER + LOG {
                        assert!((area - width * height).abs() < 1.0, "{width}x{height}: {areas:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_narrow_window_has_no_inspector() {
        assert_eq!(split(window(660.0, 800.0), Some(320.0), false).inspector, None);
    }
}
