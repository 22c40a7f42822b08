//! All shortcuts, from the tables that listen.

use egui::{Align, Key, Layout, ScrollArea, Ui, vec2};

use super::Context;
use super::keys::{Action, Group, TABLE};
use super::popover::modal;
use crate::panels::{arena, board, compress, design, inspect, run};
use crate::shortcuts::{self, Shortcut};
use crate::theme::text;
use crate::theme::widgets::{icon_button, keycap};
use crate::theme::{Icon, Theme};

/// Width of the card.
const WIDTH: f32 = 784.0;
/// Width of a column.
const COLUMN: f32 = 348.0;

/// Distance between the columns; as much is left for the scroll bar.
const GAP: f32 = 28.0;

/// A line of the overlay: what it does, and the keys that do it.
struct Line {
    text: &'static str,
    keys: Vec<String>,
}

pub(super) fn ui(egui_ctx: &egui::Context, ctx: &mut Context<'_>) {
    modal(egui_ctx, "All shortcuts", WIDTH, ctx, |ui, ctx| {
        egui::Frame::new().inner_margin(16.0).show(ui, |ui| {
            ui.set_width(WIDTH - 32.0);
            ui.horizontal(|ui| {
                ui.label(text::title("All shortcuts").color(ctx.theme.text.text_1));
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    if icon_button(ui, ctx.theme, Icon::X, "Close shortcuts").clicked() {
                        ctx.send(crate::command::Command::CloseOverlay);
                    }
                });
            });
            ui.add_space(8.0);
            let groups = groups();
            let (left, right) = columns(&groups);
            let room = (ui.ctx().content_rect().height() - 224.0).max(160.0);
            ScrollArea::vertical().max_height(room).auto_shrink([false, true]).show(ui, |ui| {
                ui.horizontal_top(|ui| {
                    ui.spacing_mut().item_spacing.x = GAP;
                    column_ui(ui, ctx.theme, left);
                    column_ui(ui, ctx.theme, right);
                });
            });
        });
    });
}

/// Groups with their lines; keys that do the same share a line.
fn groups() -> Vec<(&'static str, Vec<Line>)> {
    let mut groups: Vec<(&'static str, Vec<Line>)> = Vec::new();
    for group in Group::ALL {
        let members = TABLE.iter().filter(|shortcut| shortcut.action.group() == group);
        let recents = members.clone().filter(|shortcut| matches!(shortcut.action, Action::OpenRecent(1..)));
        // Plus is the key that Equals is on most keyboards; one of them is enough to read.
        let is_twin = |shortcut: &&Shortcut<Action>| shortcut.keys.logical_key == Key::Equals;
        let shown = members
            .filter(|shortcut| !matches!(shortcut.action, Action::OpenRecent(1..)))
            .filter(|shortcut| !is_twin(shortcut));
        let mut lines = lines(shown.map(|shortcut| (shortcut.text, shortcuts::label(&shortcut.keys))));
        if recents.clone().next().is_some() {
            let keys = recents.map(|shortcut| shortcuts::label(&shortcut.keys)).collect::<Vec<_>>();
            let ends = [keys.first(), keys.last()].into_iter().flatten().cloned().collect::<Vec<_>>();
            lines.push(Line { text: "Open recent files 2 to 9", keys: ends });
        }
        groups.push((group.label(), lines));
    }
    groups.push(("Design", lines_of(design::SHORTCUTS)));
    groups.push(("Compress", lines_of(&compress::SHORTCUTS)));
    groups.push(("Inspect", lines_of(inspect::SHORTCUTS)));
    groups.push(("Arena", lines_of(&arena::SHORTCUTS)));
    groups.push(("Run", lines_of(&run::SHORTCUTS)));
    groups.push(("Board", lines_of(&board::SHORTCUTS)));
    groups
}

fn lines_of<A>(table: &[Shortcut<A>]) -> Vec<Line> {
    lines(table.iter().map(|shortcut| (shortcut.text, shortcuts::label(&shortcut.keys))))
}

fn lines(shortcuts: impl Iterator<Item = (&'static str, String)>) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for (text, keys) in shortcuts {
        match lines.iter_mut().find(|line| line.text == text) {
            Some(line) => line.keys.push(keys),
            None => lines.push(Line { text, keys: vec![keys] }),
        }
    }
    lines
}

type Groups<'a> = &'a [(&'static str, Vec<Line>)];

/// Two columns of about the same height.
fn columns(groups: Groups<'_>) -> (Groups<'_>, Groups<'_>) {
    let height = |group: &(&str, Vec<Line>)| group.1.len() + 2;
    let total: usize = groups.iter().map(height).sum();
    let mut seen = 0;
    let split = groups.iter().position(|group| {
        seen += height(group);
        seen * 2 >= total
    });
    groups.split_at(split.map_or(groups.len(), |index| index + 1))
}

fn column_ui(ui: &mut Ui, theme: &Theme, groups: Groups<'_>) {
    ui.vertical(|ui| {
        ui.set_width(COLUMN);
        ui.spacing_mut().item_spacing = vec2(4.0, 2.0);
        ui.spacing_mut().interact_size.y = 22.0;
        for (label, lines) in groups {
            ui.add_space(8.0);
            ui.label(text::caption(theme, *label));
            for line in lines {
                ui.horizontal(|ui| {
                    ui.label(text::cell(line.text).color(theme.text.text_1));
                    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                        for keys in line.keys.iter().rev() {
                            keycap(ui, theme, keys);
                        }
                    });
                });
            }
        }
    });
}
