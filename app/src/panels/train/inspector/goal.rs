//! What the project is to reach, and whether it does.

use egui::{DragValue, Ui};
use emberlab_core::project::RunRecord;

use super::PanelContext;
use crate::command::Command;
use crate::panels::train::curves::metric_kind;
use crate::panels::train::figures::MetricKind;
use crate::project::OpenProject;
use crate::project::train::TrainCommand;
use crate::theme::format;
use crate::theme::widgets::{check_input, field, key_value_coloured, number_input, section};

/// The goal of somebody who sets one for the first time.
const USUAL: f32 = 0.95;

/// Draws the goal, and how the run stands to it. Only shares of classes have goals.
pub(super) fn goal_ui(ui: &mut Ui, open: &OpenProject, run: Option<&RunRecord>, ctx: &mut PanelContext<'_>) {
    if metric_kind(open) == MetricKind::Error {
        return;
    }
    let theme = ctx.theme;
    let goal = open.project.goal.accuracy;
    section(ui, theme, "Against the goal", "", |ui| {
        if let Some(record) = run {
            let validation = record.best.and_then(|best| best.validation_accuracy);
            let test = record.test.as_ref().and_then(|test| test.accuracy);
            for (label, value) in [("Validation, float", validation), ("Test, float", test)] {
                let colour = match (value, goal) {
                    (Some(value), Some(goal)) if value >= goal => theme.status.ok,
                    (Some(_), Some(_)) => theme.status.over,
                    _ => theme.text.text_1,
                };
                let words = value.map_or_else(|| format::UNKNOWN.to_owned(), |value| reached(value, goal));
                key_value_coloured(ui, theme, label, &words, colour);
            }
        }
        let mut has_goal = goal.is_some();
        let mut percent = f64::from(goal.unwrap_or(USUAL)) * 100.0;
        let before = (has_goal, percent);
        field(ui, theme, "Goal", |ui| {
            check_input(ui, theme, "", &mut has_goal);
            ui.add_enabled_ui(has_goal, |ui| {
                let value =
                    DragValue::new(&mut percent).range(0.0..=100.0).speed(0.1).suffix(" %").max_decimals(2);
                number_input(ui, theme, "Goal, accuracy in percent", value);
            });
        });
        if (has_goal, percent) != before {
            let goal = has_goal.then_some((percent / 100.0) as f32);
            ctx.send(Command::Train(TrainCommand::SetGoal(goal)));
        }
    });
}

/// A share, and in a word whether it reaches the goal.
fn reached(value: f32, goal: Option<f32>) -> String {
    let share = format::percent_share(f64::from(value));
    match goal {
        Some(goal) if value >= goal => format!("{share} reached"),
        Some(goal) => format!("{share}, {} short", format::points(f64::from(goal - value))),
        None => share,
    }
}
