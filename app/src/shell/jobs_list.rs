//! The card with all running jobs, opened by the counter in the status bar.

use egui::{Rect, RectAlign, Ui};

use super::Context;
use super::popover::popover;
use crate::command::Command;
use crate::document::Overlay;
use crate::theme::text;
use crate::theme::widgets::{ButtonKind, progress_bar, small_button};

/// Width of the card.
const WIDTH: f32 = 380.0;

pub(super) fn ui(ui: &Ui, anchor: Rect, ctx: &mut Context<'_>) {
    popover(ui, Overlay::Jobs, anchor, RectAlign::TOP_START, WIDTH, ctx, |ui, ctx| {
        egui::Frame::new().inner_margin(12.0).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 8.0;
            let jobs = ctx.jobs;
            let running = jobs.running();
            if running.is_empty() {
                ui.label(text::cell("Nothing is running"));
            }
            for job in running {
                ui.horizontal(|ui| {
                    ui.set_width(WIDTH - 24.0);
                    ui.label(text::cell(&job.spec.name).color(ctx.theme.text.text_1));
                    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                        if small_button(ui, ctx.theme, ButtonKind::Outline, None, "Cancel").clicked() {
                            ctx.send(Command::CancelJob(job.id.0));
                        }
                        progress_bar(ui, ctx.theme, 80.0, job.progress);
                    });
                });
            }
        });
    });
}
