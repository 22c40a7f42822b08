//! Where the parts of the panel go. Pure: a rectangle in, rectangles out.

use egui::Rect;

/// Height of the bar above a pane.
pub const BAR: f32 = 36.0;
/// Height of the log's bar.
pub const LOG_BAR: f32 = 30.0;
/// Height of a line of the log.
pub const LOG_LINE: f32 = 18.0;
/// Least width of the distribution.
const DISTRIBUTION_MIN: f32 = 260.0;
/// Share of the height that the plots take.
const PLOTS_SHARE: f32 = 0.36;
/// Least height of the plots, and of the operators.
const PLOTS_MIN: f32 = 190.0;
const OPERATORS_MIN: f32 = 120.0;

/// The panes of the panel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Areas {
    /// What is measured, over time.
    pub live: Rect,
    /// How often which value occurs.
    pub distribution: Rect,
    /// The table of operators.
    pub operators: Rect,
    /// Text and events.
    pub log: Rect,
}

/// Splits the main area.
pub fn split(main: Rect) -> Areas {
    let lines = if main.height() > 700.0 { 5.0 } else { 3.0 };
    let log_height = (LOG_BAR + 2.0 + lines * LOG_LINE + 8.0).min(main.height() * 0.3);
    let (rest, log) = main.split_top_bottom_at_y((main.bottom() - log_height).round());
    let most = (rest.height() - OPERATORS_MIN).max(rest.height() * 0.5);
    let height = (main.height() * PLOTS_SHARE).clamp(PLOTS_MIN, 460.0).min(most).round();
    let (plots, operators) = rest.split_top_bottom_at_y(rest.top() + height);
    let width = (plots.width() * 0.33).max(DISTRIBUTION_MIN).min(plots.width() * 0.5).round();
    let (live, distribution) = plots.split_left_right_at_x(plots.right() - width);
    Areas { live, distribution, operators, log }
}

/// Splits the main area into a plot and the log, where there is nothing else.
pub fn split_plain(main: Rect) -> (Rect, Rect) {
    let Areas { log, .. } = split(main);
    (main.with_max_y(log.top()), log)
}

#[cfg(test)]
mod tests {
    use egui::{pos2, vec2};

    use super::*;

    #[test]
    fn panes_cover_the_area_at_every_size() {
        for size in [vec2(928.0, 680.0), vec2(1048.0, 780.0), vec2(1488.0, 960.0), vec2(400.0, 240.0)] {
            let main = Rect::from_min_size(pos2(72.0, 92.0), size);
            let areas = split(main);
            let (plot, log) = split_plain(main);
            assert_eq!((log, plot.width()), (areas.log, main.width()));
            assert!((plot.area() + log.area() - main.area()).abs() < 1.0 && plot.is_positive());
            let parts = [areas.live, areas.distribution, areas.operators, areas.log];
            let covered: f32 = parts.iter().map(|part| part.area()).sum();
            assert!((covered - main.area()).abs() < 1.0, "{size}: {areas:?}");
            for part in parts {
                assert!(main.contains_rect(part) && part.is_positive(), "{size}: {areas:?}");
            }
            if size.y >= 680.0 {
                assert!(areas.operators.height() >= 200.0 && areas.live.width() > areas.distribution.width());
            }
        }
    }
}
