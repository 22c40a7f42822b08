//! Every part in every state, in both themes.

use egui::Ui;

use super::Context;

pub(super) fn ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    let _ = (ui, ctx);
}
