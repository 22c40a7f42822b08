//! Any command by name.

use egui::{Align2, Key, Role, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2};
use emberlab_core::export::{EspIdfApp, SourceKind};

use super::Context;
use super::chip_picker;
use super::keys::TABLE;
use super::popover::modal;
use crate::command::Command;
use crate::document::{Document, Overlay};
use crate::project::{CompressCommand, Example, ProjectCommand};
use crate::settings::ThemeChoice;
use crate::shortcuts;
use crate::theme::font_id;

/// Width of the card.
const WIDTH: f32 = 560.0;
/// Tallest list.
const HEIGHT: f32 = 360.0;
/// Height of a row.
const ROW: f32 = 30.0;

/// What was typed, and the row that Enter would run.
#[derive(Default)]
pub(super) struct Palette {
    query: String,
    row: usize,
}

/// A command with its name.
struct Entry {
    name: String,
    keys: String,
    command: Command,
}

impl Palette {
    pub(super) fn ui(&mut self, egui_ctx: &egui::Context, ctx: &mut Context<'_>) {
        let entries = matching(entries(ctx.document), &self.query);
        let steps = egui_ctx.input_mut(|input| {
            let down = input.count_and_consume_key(egui::Modifiers::NONE, Key::ArrowDown) as isize;
            down - input.count_and_consume_key(egui::Modifiers::NONE, Key::ArrowUp) as isize
        });
        let last = entries.len().saturating_sub(1) as isize;
        self.row = (self.row as isize + steps).clamp(0, last.max(0)) as usize;
        let enter = egui_ctx.input_mut(|input| input.consume_key(egui::Modifiers::NONE, Key::Enter));
        let mut chosen = enter.then_some(self.row);
        modal(egui_ctx, "Any command by name", WIDTH, ctx, |ui, ctx| {
            self.query_ui(ui, ctx);
            ScrollArea::vertical().max_height(HEIGHT).auto_shrink([false, true]).show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                for (row, entry) in entries.iter().enumerate() {
                    if entry_ui(ui, entry, row == self.row, steps != 0, ctx) {
                        chosen = Some(row);
                    }
                }
                if entries.is_empty() {
                    let words = format!("No command has {} in its name", self.query);
                    ui.add_space(8.0);
                    ui.horizontal(|ui| {
                        ui.add_space(16.0);
                        ui.label(crate::theme::text::cell(words));
                    });
                    ui.add_space(12.0);
                }
            });
        });
        if let Some(entry) = chosen.and_then(|row| entries.into_iter().nth(row)) {
            ctx.send(Command::CloseOverlay);
            ctx.send(entry.command);
        }
    }

    fn query_ui(&mut self, ui: &mut Ui, ctx: &Context<'_>) {
        egui::Frame::new().inner_margin(8.0).show(ui, |ui| {
            let edit = egui::TextEdit::singleline(&mut self.query)
                .hint_text("Any command by name")
                .font(font_id::body())
                .text_color(ctx.theme.text.text_1)
                .desired_width(f32::INFINITY);
            let response = ui.add(edit).accessible_name("Command");
            if !response.has_focus() {
                response.request_focus();
            }
            if response.changed() {
                self.row = 0;
            }
        });
    }
}

fn entry_ui(ui: &mut Ui, entry: &Entry, selected: bool, moved: bool, ctx: &Context<'_>) -> bool {
    let theme = ctx.theme;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::MenuItem, true, selected, &entry.name));
    if selected && moved {
        response.scroll_to_me(None);
    }
    let painter = ui.painter();
    if selected {
        painter.rect_filled(rect, 0.0, theme.accent.soft);
        painter.rect_filled(rect.with_max_x(rect.left() + 2.0), 0.0, theme.accent.base);
    } else if response.hovered() {
        painter.rect_filled(rect, 0.0, theme.surface.control);
    }
    let middle = rect.center().y;
    let name_at = pos2(rect.left() + 16.0, middle);
    painter.text(name_at, Align2::LEFT_CENTER, &entry.name, font_id::cell(), theme.text.text_1);
    let keys_at = pos2(rect.right() - 16.0, middle);
    painter.text(keys_at, Align2::RIGHT_CENTER, &entry.keys, font_id::number_small(), theme.text.text_3);
    response.clicked()
}

/// Everything that can be done now.
fn entries(document: &Document) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for shortcut in TABLE {
        let Some(command) = shortcut.action.command(document) else { continue };
        // The palette is open already, and Escape closes it.
        if matches!(command, Command::Toggle(Overlay::Palette) | Command::CloseOverlay) {
            continue;
        }
        if entries.iter().all(|known| known.name != shortcut.text) {
            let keys = shortcuts::label(&shortcut.keys);
            entries.push(Entry { name: shortcut.text.to_owned(), keys, command });
        }
    }
    let mut add = |name: &str, command| {
        entries.push(Entry { name: name.to_owned(), keys: String::new(), command });
    };
    add("Open the untrained example, keyword spotting", Command::OpenExample);
    for example in Example::ALL {
        let name = format!("Example project: {}", example.name());
        add(&name, Command::Project(ProjectCommand::OpenExample(example)));
    }
    if document.active_tab().is_some_and(|tab| crate::project::compress::obstacle(tab).is_none()) {
        add("New variant…", Command::Compress(CompressCommand::AskNew(None)));
        add("Make all usual variants", Command::Compress(CompressCommand::MakeUsual));
    }
    add("Start page", Command::ShowWelcome);
    add("Settings", Command::Toggle(Overlay::Settings));
    if document.active_model().is_some_and(|(_, open)| open.deliverable().is_some()) {
        add("Export as C array and resolver…", Command::ExportSources(SourceKind::CArray));
        add("Export as Rust module…", Command::ExportSources(SourceKind::RustModule));
        add("Export as ESP-IDF project…", Command::ExportEspIdf(EspIdfApp::Classify));
        add("Export as ESP-IDF benchmark…", Command::ExportEspIdf(EspIdfApp::Bench));
    }
    add("Problems of the model", Command::Toggle(Overlay::Problems));
    add("Theme: dark", Command::SetTheme(ThemeChoice::Dark));
    add("Theme: light", Command::SetTheme(ThemeChoice::Light));
    add("Theme: as the desktop", Command::SetTheme(ThemeChoice::System));
    let comfortable = document.settings.comfortable_rows;
    let rows = if comfortable { "Compact rows of tables" } else { "Comfortable rows of tables" };
    add(rows, Command::SetComfortableRows(!comfortable));
    let reduced = document.settings.reduce_motion;
    let motion = if reduced { "Normal motion" } else { "Reduce motion" };
    add(motion, Command::SetReduceMotion(!reduced));
    add("Forget recent files", Command::ClearRecents);
    add("Show gallery", Command::ToggleGallery);
    for tab in &document.tabs {
        add(&format!("Tab: {}", tab.title), Command::ShowTab(tab.id));
    }
    for (name, target) in chip_picker::targets() {
        add(&name, Command::SetTarget(target));
    }
    entries
}

/// Entries with all typed words in their names; those that begin with the first word come first.
fn matching(mut entries: Vec<Entry>, query: &str) -> Vec<Entry> {
    let query = query.to_lowercase();
    let words: Vec<&str> = query.split_whitespace().collect();
    entries.retain(|entry| {
        let name = entry.name.to_lowercase();
        words.iter().all(|word| name.contains(word))
    });
    if let Some(first) = words.first() {
        entries.sort_by_key(|entry| !entry.name.to_lowercase().starts_with(first));
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    fn names(query: &str) -> Vec<String> {
        let document = Document::new(Settings::default());
        matching(entries(&document), query).into_iter().map(|entry| entry.name).collect()
    }

    #[test]
    fn all_typed_words_must_match_and_beginnings_come_first() {
        assert_eq!(names("theme light"), ["Theme: light"]);
        assert_eq!(names("LOG")[0], "Log");
        assert_eq!(names("c6 reference"), ["Chip: ESP32-C6, reference kernels"]);
        assert!(names("no such thing").is_empty());
    }

    #[test]
    fn every_name_is_listed_once() {
        let mut all = names("");
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
