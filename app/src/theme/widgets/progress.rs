//! How far a job has come.

use egui::{CornerRadius, Rect, Response, Role, Sense, Ui, Vec2, WidgetInfo, pos2, vec2};

use crate::theme::Theme;

/// How far a job has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Progress {
    /// Done and all, in the job's own units.
    Known {
        /// Units done.
        done: u64,
        /// Units in all.
        total: u64,
    },
    /// Nobody knows how much there is.
    Unknown,
}

impl Progress {
    /// 0 to 1; `None` where nobody knows.
    pub fn fraction(self) -> Option<f32> {
        match self {
            Progress::Known { total: 0, .. } | Progress::Unknown => None,
            Progress::Known { done, total } => Some((done as f64 / total as f64).clamp(0.0, 1.0) as f32),
        }
    }
}

/// A bar of 4 points; a block wanders where nobody knows how much there is, and rests when motion is reduced.
pub fn progress_bar(ui: &mut Ui, theme: &Theme, width: f32, progress: Progress) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(width, 4.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::ProgressIndicator, true, "Progress"));
    let radius = CornerRadius::same(2);
    ui.painter().rect_filled(rect, radius, theme.surface.control);
    let fill = match progress.fraction() {
        Some(fraction) => Rect::from_min_size(rect.min, vec2(width * fraction, 4.0)),
        None => {
            let block = 40.0_f32.min(width);
            let still = ui.style().animation_time == 0.0;
            let phase = if still { 0.5 } else { wander(ui.input(|input| input.time)) };
            if !still {
                ui.request_repaint_after(std::time::Duration::from_millis(33));
            }
            Rect::from_min_size(
                pos2(rect.left() + (width - block) * phase, rect.top()),
                Vec2::new(block, 4.0),
            )
        }
    };
    ui.painter().rect_filled(fill, radius, theme.accent.base);
    response
}

/// There and back in two seconds, at an even pace.
fn wander(time: f64) -> f32 {
    let phase = (time / 2.0).rem_euclid(1.0) as f32;
    if phase < 0.5 { phase * 2.0 } else { 2.0 - phase * 2.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fraction_stays_between_0_and_1() {
        assert_eq!(Progress::Known { done: 5, total: 10 }.fraction(), Some(0.5));
        assert_eq!(Progress::Known { done: 50, total: 10 }.fraction(), Some(1.0));
        assert_eq!(Progress::Known { done: 0, total: 0 }.fraction(), None);
        assert_eq!(Progress::Unknown.fraction(), None);
    }
}
