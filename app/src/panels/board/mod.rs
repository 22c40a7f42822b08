//! What does the model take on a board, and does the board compute the same bits?

use egui::Ui;

use super::PanelContext;
use crate::board::BoardCommand;
use crate::command::Command;
use crate::theme::text;
use crate::theme::widgets::{ButtonKind, button};

/// View state of the Board panel.
#[derive(Default)]
pub struct BoardPanel {}

impl BoardPanel {
    /// The right end of the panel header.
    pub fn header_ui(&mut self, ui: &mut Ui, ctx: &mut PanelContext<'_>) {
        if button(ui, ctx.theme, ButtonKind::Primary, None, "Measure").clicked() {
            ctx.send(Command::Board(BoardCommand::Measure));
        }
    }

    /// The main area.
    pub fn ui(&mut self, ui: &mut Ui, ctx: &mut PanelContext<'_>) {
        let Some(run) = &ctx.document.board.run else { return };
        ui.label(text::body(format!("{:?}, {} invocations", run.stage, run.history.total())));
    }

    /// The inspector at the right of the window.
    pub fn inspector_ui(&mut self, _ui: &mut Ui, _ctx: &mut PanelContext<'_>) {}
}
