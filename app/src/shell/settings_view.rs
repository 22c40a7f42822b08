//! The card with choices that outlive the session.

use egui::{Rect, RectAlign, Ui};

use super::Context;
use super::popover::popover;
use crate::command::Command;
use crate::document::Overlay;
use crate::settings::{self, ThemeChoice};
use crate::theme::widgets::{ButtonKind, button, icon_button, segmented};
use crate::theme::{Icon, text};

/// Width of the card.
const WIDTH: f32 = 320.0;

pub(super) fn ui(ui: &Ui, anchor: Rect, ctx: &mut Context<'_>) {
    popover(ui, Overlay::Settings, anchor, RectAlign::RIGHT_END, WIDTH, ctx, card_ui);
}

fn card_ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    let (theme, document) = (ctx.theme, ctx.document);
    egui::Frame::new().inner_margin(16.0).show(ui, |ui| {
        ui.set_width(WIDTH - 32.0);
        ui.spacing_mut().item_spacing.y = 8.0;
        ui.label(text::title("Settings").color(theme.text.text_1));

        row(ui, "Theme", |ui| {
            let mut choice = document.settings.theme;
            let choices =
                [(ThemeChoice::System, "System"), (ThemeChoice::Dark, "Dark"), (ThemeChoice::Light, "Light")];
            if segmented(ui, theme, &mut choice, &choices) {
                ctx.send(Command::SetTheme(choice));
            }
        });
        row(ui, "Zoom", |ui| {
            let zoom = document.settings.zoom;
            if icon_button(ui, theme, Icon::ZoomIn, "Zoom in").clicked() {
                ctx.send(Command::SetZoom(zoom + 0.1));
            }
            ui.label(text::number(format!("{:.0} %", zoom * 100.0)).color(theme.text.text_1));
            if icon_button(ui, theme, Icon::ZoomOut, "Zoom out").clicked() {
                ctx.send(Command::SetZoom(zoom - 0.1));
            }
        });
        row(ui, "Rows of tables", |ui| {
            let mut comfortable = document.settings.comfortable_rows;
            if segmented(ui, theme, &mut comfortable, &[(false, "Compact"), (true, "Comfortable")]) {
                ctx.send(Command::SetComfortableRows(comfortable));
            }
        });
        row(ui, "Motion", |ui| {
            let mut reduced = document.settings.reduce_motion;
            if segmented(ui, theme, &mut reduced, &[(false, "Normal"), (true, "Reduced")]) {
                ctx.send(Command::SetReduceMotion(reduced));
            }
        });
        row(ui, "Recent files", |ui| {
            let any = !document.settings.recents.is_empty();
            ui.add_enabled_ui(any, |ui| {
                if button(ui, theme, ButtonKind::Outline, None, "Forget").clicked() {
                    ctx.send(Command::ClearRecents);
                }
            });
        });
        if let Some(file) = settings::file() {
            let words = format!(
                "Kept in {}. Nothing else is stored, and nothing leaves this computer.",
                file.display()
            );
            ui.label(text::small(words).color(theme.text.text_3));
        }
    });
}

fn row(ui: &mut Ui, label: &str, control: impl FnOnce(&mut Ui)) {
    ui.horizontal(|ui| {
        ui.set_min_height(28.0);
        ui.label(text::cell(label));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), control);
    });
}
