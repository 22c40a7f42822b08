//! The sheet that asks what the next variant of a model is to be.

use super::Context;
use super::popover::modal;
use crate::panels::compress::{SHEET_WIDTH, sheet_ui};

pub(super) fn ui(egui_ctx: &egui::Context, ctx: &mut Context<'_>) {
    modal(egui_ctx, "New variant", SHEET_WIDTH, ctx, |ui, ctx| sheet_ui(ui, &mut ctx.panel()));
}
