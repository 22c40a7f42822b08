//! The header: what the project is trained on, what computes, and the buttons of the run.

use egui::Ui;

use super::PanelContext;
use crate::command::Command;
use crate::project::OpenProject;
use crate::project::train::{Phase, TrainCommand};
use crate::theme::widgets::{ButtonKind, Verdict, button, tag};
use crate::theme::{Icon, format};

/// Numbers of samples, as the header tells them.
pub fn facts(open: &OpenProject) -> Vec<String> {
    let Some(prepared) = &open.data.prepared else { return Vec::new() };
    let parts = [(&prepared.train, "train"), (&prepared.validation, "validation"), (&prepared.test, "test")];
    let counts = parts.into_iter().map(|(part, name)| (part.samples.count as u64, name));
    counts
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| format!("{} {name}", format::count(count)))
        .collect()
}

/// What Space does: lets the run wait, or go on.
pub(super) fn pause_command(open: &OpenProject) -> Option<TrainCommand> {
    match open.train.live.as_ref()?.phase {
        Phase::Preparing | Phase::Running => Some(TrainCommand::Pause),
        Phase::Pausing | Phase::Paused => Some(TrainCommand::GoOn),
        Phase::Stopping | Phase::Testing => None,
    }
}

/// Draws from right to left.
pub(super) fn header_ui(ui: &mut Ui, open: &OpenProject, ctx: &mut PanelContext<'_>) {
    let theme = ctx.theme;
    let Some(live) = &open.train.live else {
        let train = button(ui, theme, ButtonKind::Primary, Some(Icon::Play), "Train");
        // The rail has a "Train" of its own.
        train.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, "Train the network"));
        if train.on_hover_text("Begin a run with the settings of the next run (Ctrl R)").clicked() {
            ctx.send(Command::Train(TrainCommand::Start));
        }
        if let Some(run) = open.train.selected.filter(|run| can_go_on(open, *run))
            && button(ui, theme, ButtonKind::Outline, Some(Icon::History), "Go on with this run")
                .on_hover_text(
                    "Goes on from its last checkpoint, with the weights that an unbroken run would have",
                )
                .clicked()
        {
            ctx.send(Command::Train(TrainCommand::Resume(run)));
        }
        return;
    };
    match live.phase {
        Phase::Stopping => {
            tag(ui, theme, Verdict::Accent, Icon::Square, "Stopping…");
        }
        Phase::Testing => {
            tag(ui, theme, Verdict::Accent, Icon::ScanSearch, "Testing the best weights…");
        }
        Phase::Preparing | Phase::Running | Phase::Pausing | Phase::Paused => {
            if button(ui, theme, ButtonKind::Outline, Some(Icon::Square), "Stop, keep best")
                .on_hover_text("Ends the run, and keeps and tests the weights of its best epoch (Ctrl R)")
                .clicked()
            {
                ctx.send(Command::Train(TrainCommand::Stop));
            }
            let is_waiting = matches!(live.phase, Phase::Pausing | Phase::Paused);
            let (icon, label) = if is_waiting { (Icon::Play, "Go on") } else { (Icon::Pause, "Pause") };
            let kind = if is_waiting { ButtonKind::Primary } else { ButtonKind::Outline };
            if button(ui, theme, kind, Some(icon), label).clicked() {
                ctx.commands.extend(pause_command(open).map(Command::Train));
            }
        }
    }
    if let Some(began) = &live.began {
        tag(ui, theme, Verdict::Plain, Icon::Cpu, &began.backend)
            .on_hover_text(format!("{}: {}", began.backend, began.reason));
    }
}

/// The run has a checkpoint, and epochs that were not done.
pub(super) fn can_go_on(open: &OpenProject, run: u32) -> bool {
    use emberlab_core::project::RunState;
    open.project.run(run).is_some_and(|record| {
        let is_open = match record.state {
            RunState::Unfinished | RunState::Stopped => true,
            RunState::Finished | RunState::Diverged => false,
        };
        is_open && !record.files.checkpoint.is_empty() && record.epochs < record.settings.epochs
    })
}
