//! Messages since the window was opened, the newest at the bottom.

use egui::{Align, Layout, ScrollArea, Ui, UiBuilder, vec2};

use super::Context;
use crate::command::Command;
use crate::messages::{Level, Message};
use crate::theme::widgets::{ButtonKind, Verdict, hairline, icon_button, small_button};
use crate::theme::{Icon, text};

pub(super) fn ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    let rect = ui.max_rect();
    hairline(ui.painter(), ctx.theme, rect.x_range(), rect.top());
    let head = rect.with_max_y(rect.top() + 32.0).shrink2(vec2(16.0, 0.0));
    ui.scope_builder(UiBuilder::new().max_rect(head).layout(Layout::left_to_right(Align::Center)), |ui| {
        ui.label(text::caption(ctx.theme, "Log"));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if icon_button(ui, ctx.theme, Icon::X, "Close log").clicked() {
                ctx.send(Command::ToggleLog);
            }
            if small_button(ui, ctx.theme, ButtonKind::Ghost, None, "Clear").clicked() {
                ctx.send(Command::ClearLog);
            }
            if small_button(ui, ctx.theme, ButtonKind::Ghost, Some(Icon::Copy), "Copy").clicked() {
                let lines: Vec<String> = ctx.document.messages.all().iter().map(line).collect();
                ctx.send(Command::Copy(lines.join("\n"), "the log".to_owned()));
            }
        });
    });
    let page = rect.with_min_y(head.bottom()).shrink2(vec2(16.0, 0.0));
    ui.scope_builder(UiBuilder::new().max_rect(page), |ui| {
        let messages = ctx.document.messages.all();
        if messages.is_empty() {
            ui.label(text::cell("Nothing has happened yet").color(ctx.theme.text.text_3));
            return;
        }
        let area = ScrollArea::vertical().auto_shrink([false, false]).stick_to_bottom(true);
        area.show_rows(ui, 18.0, messages.len(), |ui, rows| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for message in &messages[rows] {
                message_ui(ui, message, ctx);
            }
        });
    });
}

fn message_ui(ui: &mut Ui, message: &Message, ctx: &Context<'_>) {
    let verdict = verdict(message.level);
    ui.horizontal(|ui| {
        ui.set_height(18.0);
        ui.label(text::number_small(time(message)).color(ctx.theme.text.text_3));
        ui.label(verdict.icon().text(12.0).color(verdict.colour(ctx.theme)));
        let words = text::cell(&message.text).color(ctx.theme.text.text_1);
        ui.add(egui::Label::new(words).truncate());
    });
}

/// The verdict that has the look of a level.
pub(super) fn verdict(level: Level) -> Verdict {
    match level {
        Level::Done => Verdict::Ok,
        Level::Info => Verdict::Info,
        Level::Warning => Verdict::Warn,
        Level::Error => Verdict::Over,
    }
}

/// Minutes, seconds and tenths since the window was opened.
fn time(message: &Message) -> String {
    let tenths = message.at.as_millis() / 100;
    format!("{:>3}:{:02}.{}", tenths / 600, tenths / 10 % 60, tenths % 10)
}

fn line(message: &Message) -> String {
    let level = match message.level {
        Level::Done => "done",
        Level::Info => "info",
        Level::Warning => "warning",
        Level::Error => "error",
    };
    format!("{} {level} {}", time(message).trim_start(), message.text)
}
