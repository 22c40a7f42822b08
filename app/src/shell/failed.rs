//! The page of a tab whose file cannot be opened, or is being opened.

use egui::{Align, Layout, Ui, UiBuilder, vec2};

use super::Context;
use crate::command::Command;
use crate::document::{OpenFailure, Tab, TabId};
use crate::theme::widgets::{Verdict, note_buttons};
use crate::theme::{Icon, text};

/// Widest note.
const WIDTH: f32 = 620.0;

/// Whose details are shown.
#[derive(Default)]
pub(super) struct FailedPage {
    details_of: Option<TabId>,
}

impl FailedPage {
    pub(super) fn ui(&mut self, ui: &mut Ui, tab: &Tab, failure: &OpenFailure, ctx: &mut Context<'_>) {
        let page = ui.max_rect();
        ui.painter().rect_filled(page, 0.0, ctx.theme.surface.panel);
        let width = WIDTH.min(page.width() - 48.0);
        let top = page.top() + (page.height() * 0.24).max(24.0);
        let column = egui::Rect::from_min_max(
            egui::pos2(page.center().x - width / 2.0, top),
            egui::pos2(page.center().x + width / 2.0, page.bottom()),
        );
        let layout = Layout::top_down(Align::Min);
        ui.scope_builder(UiBuilder::new().max_rect(column).layout(layout), |ui| {
            let open = self.details_of == Some(tab.id);
            let details = if open { Icon::ChevronDown } else { Icon::ChevronRight };
            let rest = format!("\n{}\n{}", failure.place, failure.help);
            let buttons = [
                (Some(Icon::Copy), "Copy"),
                (Some(Icon::RotateCw), "Try again"),
                (Some(Icon::FolderOpen), "Open another file"),
                (Some(details), "Details"),
            ];
            let (_, pressed) = note_buttons(ui, ctx.theme, Verdict::Over, &failure.message, &rest, &buttons);
            match pressed {
                Some(0) => ctx.send(Command::Copy(copied(failure), "the error".to_owned())),
                Some(1) => ctx.send(Command::Reload(tab.id)),
                Some(2) => ctx.send(Command::OpenDialog),
                Some(_) => self.details_of = (!open).then_some(tab.id),
                None => {}
            }
            if open {
                ui.add_space(8.0);
                let frame =
                    egui::Frame::new().fill(ctx.theme.surface.canvas).corner_radius(4.0).inner_margin(12.0);
                frame.show(ui, |ui| {
                    ui.set_width(ui.available_width());
                    let label =
                        egui::Label::new(text::number_small(&failure.details)).selectable(true).wrap();
                    ui.add(label);
                });
            }
        });
    }
}

/// What the copy button puts on the clipboard.
fn copied(failure: &OpenFailure) -> String {
    let OpenFailure { message, place, help, details } = failure;
    format!("{message}\n{place}\n{help}\n\n{details}").replace('`', "")
}

/// The page while a file is read: nothing that flickers, a line in the middle.
pub(super) fn loading_ui(ui: &mut Ui, tab: &Tab, ctx: &Context<'_>) {
    let page = ui.max_rect();
    ui.painter().rect_filled(page, 0.0, ctx.theme.surface.panel);
    let rect = super::top_bar::centred(page, vec2(page.width(), 20.0));
    ui.scope_builder(UiBuilder::new().max_rect(rect).layout(Layout::top_down(Align::Center)), |ui| {
        ui.label(text::cell(format!("Opening {}", tab.title)).color(ctx.theme.text.text_3));
    });
}
