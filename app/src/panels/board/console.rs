//! Text that the board prints, and what happened on the line; a field to answer.

use std::borrow::Cow;

use egui::{
    Align, Key, Layout, Popup, PopupCloseBehavior, Rect, Role, ScrollArea, Sense, TextEdit, Ui, UiBuilder,
    WidgetInfo, pos2, vec2,
};
use emberlab_core::bench::LogLevel;

use super::PanelContext;
use super::layout::{LOG_BAR, LOG_LINE};
use crate::board::{BoardCommand, BoardRun, LogLine};
use crate::command::Command;
use crate::theme::widgets::{ButtonKind, hairline, input_look, small_button};
use crate::theme::{Icon, Theme, font_id, format, text};

/// View state of the log.
pub struct Console {
    least: LogLevel,
    /// What is being typed.
    typed: String,
}

impl Default for Console {
    fn default() -> Self {
        Self { least: LogLevel::Verbose, typed: String::new() }
    }
}

/// Levels that can be asked for, and what the button says.
const LEVELS: [(LogLevel, &str); 4] = [
    (LogLevel::Verbose, "All levels"),
    (LogLevel::Info, "Info and above"),
    (LogLevel::Warning, "Warnings and errors"),
    (LogLevel::Error, "Errors only"),
];

/// Width of the field that sends.
const FIELD: f32 = 220.0;

impl Console {
    /// Draws the bar and the lines.
    pub fn ui(&mut self, ui: &mut Ui, run: Option<&BoardRun>, ctx: &mut PanelContext<'_>) {
        let theme = ctx.theme;
        let rect = ui.available_rect_before_wrap();
        ui.painter().rect_filled(rect, 0.0, theme.surface.canvas);
        hairline(ui.painter(), theme, rect.x_range(), rect.top());
        let (bar, lines) = rect.split_top_bottom_at_y(rect.top() + LOG_BAR);
        let shown: Vec<&LogLine> = run
            .map_or_else(Vec::new, |run| run.lines.iter().filter(|line| line.level >= self.least).collect());
        let inner = bar.shrink2(vec2(16.0, 0.0));
        let builder =
            UiBuilder::new().max_rect(inner).layout(Layout::left_to_right(Align::Center)).id_salt("bar");
        ui.scope_builder(builder, |ui| self.bar_ui(ui, run, &shown, ctx));
        let place = lines.shrink2(vec2(16.0, 2.0));
        super::within(ui, place, "lines", |ui| lines_ui(ui, theme, run, &shown));
    }

    fn bar_ui(
        &mut self,
        ui: &mut Ui,
        run: Option<&BoardRun>,
        shown: &[&LogLine],
        ctx: &mut PanelContext<'_>,
    ) {
        let theme = ctx.theme;
        ui.spacing_mut().item_spacing.x = 8.0;
        ui.label(text::caption(theme, "Log"));
        ui.label(text::small("text lines of the same port").color(theme.text.text_3));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let copy = small_button(ui, theme, ButtonKind::Ghost, Some(Icon::Copy), "Copy");
            copy.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Copy log"));
            if copy.clicked() {
                let lines: Vec<String> = shown.iter().map(|line| line_text(line)).collect();
                ctx.send(Command::Copy(lines.join("\n"), "the log".to_owned()));
            }
            let label = LEVELS
                .iter()
                .find(|(level, _)| *level == self.least)
                .map_or("All levels", |(_, label)| label);
            let levels = small_button(ui, theme, ButtonKind::Ghost, Some(Icon::ListFilter), label);
            Popup::menu(&levels).show(|ui| {
                for (level, label) in LEVELS {
                    if ui.selectable_label(self.least == level, text::cell(label)).clicked() {
                        self.least = level;
                        ui.close();
                    }
                }
            });
            if run.is_some_and(|run| run.is_open) && ui.available_width() > FIELD {
                self.field_ui(ui, ctx);
            }
        });
    }

    /// The field that sends a line.
    fn field_ui(&mut self, ui: &mut Ui, ctx: &mut PanelContext<'_>) {
        let theme = ctx.theme;
        let edit = TextEdit::singleline(&mut self.typed)
            .font(font_id::number_small())
            .hint_text(text::number_small("Send a line"))
            .desired_width(FIELD)
            .text_color(theme.text.text_1);
        let response = input_look(ui, theme, |ui| {
            ui.spacing_mut().interact_size.y = 20.0;
            ui.add_sized(vec2(FIELD, 20.0), edit.margin(egui::Margin::symmetric(8, 2)))
        });
        let response = response.accessible_name("Send a line to the board");
        let entered = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        if entered && !self.typed.is_empty() {
            ctx.send(Command::Board(BoardCommand::SendText(std::mem::take(&mut self.typed))));
            // The next line comes from the same hands.
            response.request_focus();
        }
    }
}

fn lines_ui(ui: &mut Ui, theme: &Theme, run: Option<&BoardRun>, shown: &[&LogLine]) {
    if shown.is_empty() {
        let words = match run.is_some_and(|run| !run.lines.is_empty()) {
            true => "No line of this level",
            false => "What the board prints appears here",
        };
        ui.label(text::cell(words).color(theme.text.text_3));
        return;
    }
    // By itself it would not be smaller than 64 points, more than three lines take.
    let area =
        ScrollArea::vertical().id_salt("board log").auto_shrink([false, false]).min_scrolled_height(0.0);
    let area = area.stick_to_bottom(true);
    ui.spacing_mut().item_spacing.y = 0.0;
    area.show_rows(ui, LOG_LINE, shown.len(), |ui, rows| {
        for line in &shown[rows] {
            line_ui(ui, theme, line);
        }
    });
}

fn line_ui(ui: &mut Ui, theme: &Theme, line: &LogLine) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), LOG_LINE), Sense::CLICK);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, line_text(line)));
    let colour = match line.level {
        LogLevel::Error => theme.status.over,
        LogLevel::Warning => theme.status.warn,
        LogLevel::Info if line.source == "check" => theme.status.ok,
        LogLevel::Info => theme.text.text_1,
        LogLevel::Debug | LogLevel::Verbose => theme.text.text_3,
    };
    let middle = rect.center().y;
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    let put = |x: f32, words: &str, colour| {
        let at = pos2(rect.left() + x, middle);
        painter.text(at, egui::Align2::LEFT_CENTER, words, font_id::number_small(), colour)
    };
    put(0.0, &time_text(line.at_micros), theme.text.text_3);
    put(100.0, word(line), if line.level >= LogLevel::Warning { colour } else { theme.text.text_2 });
    let end: Rect = put(168.0, &drawable(ui, &line.text), colour);
    let response = if end.right() > rect.right() {
        response.on_hover_text(drawable(ui, &line.text).into_owned())
    } else {
        response
    };
    Popup::context_menu(&response).close_behavior(PopupCloseBehavior::CloseOnClick).show(|ui| {
        if ui.button("Copy line").clicked() {
            ui.copy_text(line_text(line));
        }
    });
}

/// The text with question marks for what the faces do not have: a noisy line makes any character.
fn drawable<'a>(ui: &Ui, text: &'a str) -> Cow<'a, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let font = font_id::number_small();
    let is_known = |character| ui.fonts_mut(|fonts| fonts.has_glyph(&font, character));
    text.chars()
        .map(|character| if character.is_ascii() || is_known(character) { character } else { '?' })
        .collect()
}

/// What a line is about: its level where it is one to look at, else where it came from.
fn word(line: &LogLine) -> &'static str {
    match line.level {
        LogLevel::Error => "error",
        LogLevel::Warning => "warn",
        LogLevel::Info | LogLevel::Debug | LogLevel::Verbose => line.source,
    }
}

fn line_text(line: &LogLine) -> String {
    format!("{} {} {}", time_text(line.at_micros), word(line), line.text)
}

/// Hours, minutes, seconds and thousandths since the measurement began.
fn time_text(micros: u64) -> String {
    let millis = micros / 1000;
    let (hours, rest) = (millis / 3_600_000, millis % 3_600_000);
    let clock = format!("{:02}:{:02}.{:03}", rest / 60_000, rest % 60_000 / 1000, rest % 1000);
    if hours > 0 { format!("{}:{clock}", format::count(hours)) } else { clock }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_count_from_the_beginning() {
        assert_eq!(time_text(0), "00:00.000");
        assert_eq!(time_text(61_320_999), "01:01.320");
        assert_eq!(time_text(3_600_000_000 + 59_999_000), "1:00:59.999");
    }

    #[test]
    fn a_copied_line_says_its_level() {
        let line = |level| LogLine { at_micros: 1000, level, source: "board", text: "hello".to_owned() };
        assert_eq!(line_text(&line(LogLevel::Warning)), "00:00.001 warn hello");
        assert_eq!(line_text(&line(LogLevel::Debug)), "00:00.001 board hello");
    }
}
