//! The strip above the curves: how far the run has come and how fast it is. Every figure has its fixed place.

use egui::{Align2, CornerRadius, Rect, Role, Ui, WidgetInfo, pos2, vec2};
use emberlab_core::project::{RunRecord, RunState};

use super::curves::metric_kind;
use super::figures::{loss_text, metric_text, short};
use crate::project::OpenProject;
use crate::project::train::{LiveRun, Phase};
use crate::theme::{Theme, font_id, format};

/// A figure of the strip: what it is, what it says, and how wide its place is.
struct Figure {
    label: &'static str,
    value: String,
    width: f32,
}

pub(super) fn strip_ui(ui: &mut Ui, theme: &Theme, open: &OpenProject) {
    let run = open.train.selected.or(open.project.runs.last().map(|run| run.number));
    let Some(record) = run.and_then(|run| open.project.run(run)) else { return };
    let live = open.train.live_run(record.number);
    let rect = ui.max_rect();
    let inner = rect.shrink2(vec2(16.0, 0.0));
    let bar_width = (inner.width() * 0.3).clamp(160.0, 300.0);
    progress_ui(ui, theme, Rect::from_min_size(inner.min, vec2(bar_width, rect.height())), record, live);
    let mut x = inner.left() + bar_width + 20.0;
    let figures = figures(open, record, live);
    for Figure { label, value, width } in figures {
        if x + width > inner.right() + 16.0 {
            break;
        }
        let place = Rect::from_min_size(pos2(x, rect.top() + 9.0), vec2(width, 36.0));
        let response = ui.interact(place, ui.unique_id().with(label), egui::Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{label}, {value}")));
        let painter = ui.painter();
        painter.text(place.min, Align2::LEFT_TOP, label, font_id::small(), theme.text.text_3);
        let at = pos2(x, place.top() + 16.0);
        painter.text(at, Align2::LEFT_TOP, &value, font_id::number_strong(), theme.text.text_1);
        x += width;
    }
}

fn progress_ui(ui: &mut Ui, theme: &Theme, rect: Rect, record: &RunRecord, live: Option<&LiveRun>) {
    let epochs = record.settings.epochs;
    let began = live.and_then(|live| live.began.as_deref());
    let (epoch, right, fraction) = match (live, began) {
        (Some(live), Some(began)) => {
            let steps_per_epoch = began.steps_per_epoch.max(1) as u64;
            let step = live.figures.step;
            // The epoch that goes on, from 1; at its very end the next has not begun.
            let epoch = (step.saturating_sub(1) / steps_per_epoch + 1).min(epochs as u64);
            let batch = if step == 0 { 0 } else { (step - 1) % steps_per_epoch + 1 };
            let fraction = step as f32 / (steps_per_epoch * epochs.max(1) as u64) as f32;
            let right = match live.phase {
                Phase::Preparing | Phase::Running => {
                    format!("batch {} of {}", format::count(batch), format::count(steps_per_epoch))
                }
                Phase::Pausing => "pausing…".to_owned(),
                Phase::Paused => "paused".to_owned(),
                Phase::Stopping => "stopping…".to_owned(),
                Phase::Testing => "testing…".to_owned(),
            };
            (epoch as usize, right, fraction)
        }
        (Some(_), None) => (record.epochs, "preparing…".to_owned(), 0.0),
        (None, _) => {
            (record.epochs, state_text(record).to_owned(), record.epochs as f32 / epochs.max(1) as f32)
        }
    };
    let response = ui.interact(rect, ui.unique_id().with("progress"), egui::Sense::hover());
    let value = format!("{epoch} of {epochs}");
    response.widget_info(|| {
        WidgetInfo::labeled(Role::ProgressIndicator, true, format!("Epoch {value}, {right}"))
    });
    let painter = ui.painter();
    let y = rect.top() + 17.0;
    let label =
        painter.text(pos2(rect.left(), y), Align2::LEFT_CENTER, "Epoch", font_id::small(), theme.text.text_3);
    let at = pos2(label.right() + 6.0, y);
    painter.text(at, Align2::LEFT_CENTER, &value, font_id::number_small(), theme.text.text_1);
    painter.text(
        pos2(rect.right(), y),
        Align2::RIGHT_CENTER,
        &right,
        font_id::number_small(),
        theme.text.text_3,
    );
    let trough = Rect::from_min_size(pos2(rect.left(), rect.top() + 29.0), vec2(rect.width(), 6.0));
    painter.rect_filled(trough, CornerRadius::same(3), theme.surface.control);
    let colour = match record.state {
        RunState::Diverged => theme.status.over,
        RunState::Finished if live.is_none() => theme.status.ok,
        RunState::Unfinished | RunState::Stopped | RunState::Finished => theme.accent.base,
    };
    let done = Rect::from_min_size(trough.min, vec2(rect.width() * fraction.clamp(0.0, 1.0), 6.0));
    painter.rect_filled(done, CornerRadius::same(3), colour);
}

/// How a run that is over ended, or why it is not.
pub(super) fn state_text(record: &RunRecord) -> &'static str {
    match record.state {
        RunState::Unfinished => "interrupted",
        RunState::Stopped => "stopped",
        RunState::Finished if record.epochs < record.settings.epochs => "ended early: no progress",
        RunState::Finished => "complete",
        RunState::Diverged => "diverged",
    }
}

fn figures(open: &OpenProject, record: &RunRecord, live: Option<&LiveRun>) -> Vec<Figure> {
    let kind = metric_kind(open);
    let unknown = || format::UNKNOWN.to_owned();
    let figures = live.map(|live| live.figures);
    let measured = open.train.measured.get(&record.number);
    let rate = figures.map(|figures| figures.learning_rate).or_else(|| {
        measured.and_then(|measured| measured.history.steps.points().last().map(|point| point.learning_rate))
    });
    let speed = figures.map_or(record.samples_per_second, |figures| figures.samples_per_second);
    let seconds = figures.map_or(record.seconds, |figures| figures.seconds);
    let left = figures.and_then(|figures| figures.seconds_left).map_or_else(unknown, format::duration);
    let best = record.best.map_or_else(unknown, |best| {
        let metric = best.validation_accuracy.or(best.accuracy);
        let value = match metric {
            Some(accuracy) => metric_text(kind, f64::from(accuracy)),
            None => loss_text(f64::from(best.validation_loss.unwrap_or(best.loss))),
        };
        format!("{value} at {}", record.best_epoch)
    });
    let is_validated = record.best.is_none_or(|best| best.validation_loss.is_some());
    let best_label = if is_validated { "Best validation" } else { "Best training" };
    let speed = if speed > 0.0 { format::count(speed.round() as u64) } else { unknown() };
    let rate = rate.map_or_else(unknown, short);
    vec![
        Figure { label: "Time left", value: left, width: 96.0 },
        Figure { label: "Elapsed", value: format::duration(seconds), width: 96.0 },
        Figure { label: "Samples/s", value: speed, width: 84.0 },
        Figure { label: "Learning rate", value: rate, width: 96.0 },
        Figure { label: best_label, value: best, width: 128.0 },
    ]
}
