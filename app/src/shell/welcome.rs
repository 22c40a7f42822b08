//! The page without a model: where to drop one, recent files, examples.

use std::time::{SystemTime, UNIX_EPOCH};

use egui::{
    Align, Align2, Color32, CornerRadius, Layout, Pos2, Rect, Role, ScrollArea, Sense, Stroke, StrokeKind,
    Ui, UiBuilder, Vec2, WidgetInfo, pos2, vec2,
};

use super::top_bar::paint_flame;
use super::{Context, keys};
use crate::command::Command;
use crate::jobs::file_name;
use crate::project::{Example, ProjectCommand, is_project_file};
use crate::settings::Recent;
use crate::theme::widgets::{ButtonKind, button, chip_outline, focus_ring, keycap};
use crate::theme::{Icon, Theme, font_id, fonts, format, text};

/// Width of the column.
const WIDTH: f32 = 872.0;
/// Height of everything in the column.
const CONTENT: f32 = 700.0;
/// Gap between the cards.
const GAP: f32 = 24.0;
/// Least width of an example.
const EXAMPLE: f32 = 160.0;
/// Height of a recent file.
const RECENT: f32 = 44.0;
/// Recent files that are listed.
const RECENTS: usize = 4;

pub(super) fn ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    let page = ui.max_rect();
    ui.painter().rect_filled(page, 0.0, ctx.theme.surface.panel);
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        let width = WIDTH.min(page.width() - 48.0).max(320.0);
        let left = (page.left() + (page.width() - width) / 2.0).round();
        let spare = (page.height() - CONTENT).max(0.0);
        ui.add_space((spare / 3.0).clamp(8.0, 64.0).round());
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            ui.add_space(left - page.left());
            ui.vertical(|ui| {
                ui.set_width(width);
                ui.spacing_mut().item_spacing = vec2(8.0, 0.0);
                name_ui(ui, ctx.theme);
                ui.add_space(20.0);
                drop_card_ui(ui, width, ctx);
                ui.add_space(24.0);
                two_columns(
                    ui,
                    width,
                    |ui, is_left| {
                        if is_left { recents_ui(ui, ctx) } else { what_ui(ui, ctx) }
                    },
                );
                ui.add_space(24.0);
                examples_ui(ui, ctx);
                ui.add_space(12.0);
                footer_ui(ui, ctx.theme);
                ui.add_space(8.0);
            });
        });
    });
}

fn name_ui(ui: &mut Ui, theme: &Theme) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 50.0), Sense::hover());
    paint_flame(ui, theme, pos2(rect.left() + 18.0, rect.center().y), 36.0);
    let name = egui::FontId::new(22.0, fonts::Face::Ui600.family());
    let x = rect.left() + 50.0;
    let painter = ui.painter();
    painter.text(pos2(x, rect.top() + 14.0), Align2::LEFT_CENTER, "Emberlab", name, theme.text.text_1);
    let sentence = "Neural networks for ESP32 boards: design, train, see what they cost. Everything stays on this computer.";
    painter.text(
        pos2(x, rect.top() + 38.0),
        Align2::LEFT_CENTER,
        sentence,
        font_id::body(),
        theme.text.text_2,
    );
}

fn drop_card_ui(ui: &mut Ui, width: f32, ctx: &mut Context<'_>) {
    let theme = ctx.theme;
    let (rect, _) = ui.allocate_exact_size(vec2(width, 236.0), Sense::hover());
    ui.painter().rect_filled(rect, CornerRadius::same(8), theme.surface.canvas);
    dashed_outline(ui, rect.shrink(0.75), Stroke::new(1.5, theme.line.strong));
    paint_blocks(ui, theme, pos2(rect.center().x - 63.0, rect.top() + 30.0));
    let centre = rect.center().x;
    let painter = ui.painter();
    let title_at = pos2(centre, rect.top() + 124.0);
    painter.text(
        title_at,
        Align2::CENTER_CENTER,
        "Drop a .tflite file, a data set or a project here",
        font_id::title(),
        theme.text.text_1,
    );
    let sentence = "You see its graph, its exact memory and what it costs on your chip at once.";
    let sentence_at = pos2(centre, rect.top() + 149.0);
    painter.text(sentence_at, Align2::CENTER_CENTER, sentence, font_id::body(), theme.text.text_2);

    // Two buttons and a key cap; their widths follow from fonts that never change.
    let row = Rect::from_center_size(pos2(centre, rect.top() + 193.0), vec2(290.0, 28.0));
    let mut row = ui.new_child(UiBuilder::new().max_rect(row).layout(Layout::left_to_right(Align::Center)));
    row.spacing_mut().item_spacing.x = 8.0;
    if button(&mut row, theme, ButtonKind::Primary, Some(Icon::FolderOpen), "Open file").clicked() {
        ctx.send(Command::OpenDialog);
    }
    if button(&mut row, theme, ButtonKind::Outline, Some(Icon::Plus), "New project").clicked() {
        ctx.send(Command::Project(ProjectCommand::AskNew));
    }
    keycap(&mut row, theme, "Ctrl O");
}

/// A small quiet picture of a memory map.
fn paint_blocks(ui: &Ui, theme: &Theme, at: Pos2) {
    let (a, b) = (theme.memory.tensor_a, theme.memory.tensor_b);
    let blocks = [
        (0.0, 40.0, 24.0, a),
        (14.0, 16.0, 24.0, b),
        (28.0, 40.0, 24.0, a),
        (42.0, 0.0, 40.0, b),
        (56.0, 46.0, 18.0, a),
        (70.0, 28.0, 18.0, b),
        (84.0, 52.0, 12.0, a),
        (98.0, 42.0, 10.0, b),
    ];
    let rect = |x: f32, y: f32, height: f32| {
        Rect::from_min_size(at + vec2(x + 0.5, y + 0.5), vec2(27.0, height - 1.0))
    };
    for (x, y, height, colour) in blocks {
        ui.painter().rect_filled(rect(x, y, height), CornerRadius::same(2), colour);
    }
    let selected = Stroke::new(2.0, theme.accent.base);
    ui.painter().rect_stroke(rect(42.0, 0.0, 40.0), CornerRadius::same(2), selected, StrokeKind::Middle);
}

fn dashed_outline(ui: &Ui, rect: Rect, stroke: Stroke) {
    let radius = 8.0;
    let corner = |centre: Pos2, from: f32| {
        (0..=6).map(move |step| {
            let angle = from + step as f32 / 6.0 * std::f32::consts::FRAC_PI_2;
            centre + radius * Vec2::angled(angle)
        })
    };
    let inner = rect.shrink(radius);
    let quarter = std::f32::consts::FRAC_PI_2;
    let mut points: Vec<Pos2> = Vec::new();
    points.extend(corner(inner.left_top(), quarter * 2.0));
    points.extend(corner(inner.right_top(), quarter * 3.0));
    points.extend(corner(inner.right_bottom(), 0.0));
    points.extend(corner(inner.left_bottom(), quarter));
    points.extend(points.first().copied());
    ui.painter().extend(egui::Shape::dashed_line(&points, stroke, 6.0, 5.0));
}

/// Two cards beside each other, or below each other where there is no room.
fn two_columns(ui: &mut Ui, width: f32, mut content: impl FnMut(&mut Ui, bool)) {
    if width < 640.0 {
        content(ui, true);
        ui.add_space(GAP);
        content(ui, false);
        return;
    }
    let column = (width - GAP) / 2.0;
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = GAP;
        for is_left in [true, false] {
            ui.vertical(|ui| {
                ui.set_width(column);
                content(ui, is_left);
            });
        }
    });
}

/// A caption and an outlined card below it.
fn card(ui: &mut Ui, theme: &Theme, caption: &str, height: f32, content: impl FnOnce(&mut Ui)) {
    ui.label(text::caption(theme, caption));
    ui.add_space(8.0);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    chip_outline(ui, rect, 6, theme.line.subtle);
    let inner = UiBuilder::new().max_rect(rect.shrink(4.0)).layout(Layout::top_down(Align::Min));
    let mut inner = ui.new_child(inner);
    inner.spacing_mut().item_spacing.y = 0.0;
    content(&mut inner);
}

/// Height of both cards.
const CARD: f32 = RECENTS as f32 * RECENT + 8.0;

fn recents_ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    let theme = ctx.theme;
    let recents = &ctx.document.settings.recents;
    card(ui, theme, "Recent", CARD, |ui| {
        if recents.is_empty() {
            let words = "Files that you open are listed here";
            let at = ui.max_rect().center();
            ui.painter().text(at, Align2::CENTER_CENTER, words, font_id::cell(), theme.text.text_3);
        }
        for (number, recent) in recents.iter().enumerate().take(RECENTS) {
            if recent_ui(ui, theme, recent) {
                ctx.commands.push(Command::OpenRecent(number));
            }
        }
    });
}

fn recent_ui(ui: &mut Ui, theme: &Theme, recent: &Recent) -> bool {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), RECENT), Sense::click());
    let name = file_name(&recent.path);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Open {name}")));
    let painter = ui.painter();
    if response.hovered() {
        painter.rect_filled(rect, CornerRadius::same(4), theme.surface.raised);
    }
    let middle = rect.center().y;
    let is_project = is_project_file(&recent.path);
    let icon = if is_project { Icon::Workflow } else { Icon::FileBox };
    let icon_at = pos2(rect.left() + 21.0, middle);
    painter.text(icon_at, Align2::CENTER_CENTER, icon.glyph(), font_id::icon(18.0), theme.text.text_3);
    let what = if is_project { "project".to_owned() } else { format::bytes(recent.bytes) };
    let facts = format!("{what} · {}", ago(recent.opened));
    let right = pos2(rect.right() - 12.0, middle);
    let facts = painter.text(right, Align2::RIGHT_CENTER, facts, font_id::number_small(), theme.text.text_2);
    let left = rect.left() + 42.0;
    let room = facts.left() - 12.0 - left;
    let folder =
        recent.path.parent().map(|folder| shortened(&folder.display().to_string())).unwrap_or_default();
    let lines = [
        (name, egui::FontId::new(13.0, fonts::Face::Ui500.family()), theme.text.text_1, -8.0),
        (folder, font_id::small(), theme.text.text_3, 9.0),
    ];
    for (words, font, colour, offset) in lines {
        let mut job = egui::text::LayoutJob::simple_singleline(words, font, colour);
        job.wrap = egui::text::TextWrapping::truncate_at_width(room);
        let galley = painter.layout_job(job);
        painter.galley(pos2(left, middle + offset - galley.size().y / 2.0), galley, colour);
    }
    focus_ring(ui, theme, &response);
    response.on_hover_text(recent.path.display().to_string()).clicked()
}

/// What the app does with a file today.
fn what_ui(ui: &mut Ui, ctx: &Context<'_>) {
    let theme = ctx.theme;
    let lines = [
        (Icon::Database, "Data, Design, Train", "From recordings to a trained network, offline"),
        (Icon::ScanSearch, "Inspect", "Graph, tensors, quantization, values; what runs on the chip"),
        (Icon::MemoryStick, "Arena", "Every byte of the tensor arena on six chips, without a board"),
        (Icon::Play, "Run", "Outputs bit for bit as TensorFlow Lite Micro computes them"),
    ];
    card(ui, theme, "What you get", CARD, |ui| {
        let height = ui.available_height() / lines.len() as f32;
        for (icon, title, sentence) in lines {
            let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
            let painter = ui.painter();
            let icon_at = pos2(rect.left() + 22.0, rect.center().y);
            painter.text(
                icon_at,
                Align2::CENTER_CENTER,
                icon.glyph(),
                font_id::icon(18.0),
                theme.text.text_3,
            );
            let left = rect.left() + 44.0;
            let title = painter.layout_no_wrap(title.to_owned(), font_id::strong(), theme.text.text_1);
            let width = rect.right() - 12.0 - left;
            let sentence = painter.layout(sentence.to_owned(), font_id::cell(), theme.text.text_2, width);
            let top = rect.center().y - (title.size().y + 2.0 + sentence.size().y) / 2.0;
            let below = top + title.size().y + 2.0;
            painter.galley(pos2(left, top), title, theme.text.text_1);
            painter.galley(pos2(left, below), sentence, theme.text.text_2);
        }
    });
}

/// A card of an example: icon and its colour, title, sentence, accessible name, what a click does.
struct ExampleCard {
    icon: Icon,
    colour: Color32,
    title: &'static str,
    sentence: &'static str,
    name: String,
    command: Command,
}

fn examples_ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    let theme = ctx.theme;
    ui.label(text::caption(theme, "Examples, made to work without a download"));
    ui.add_space(8.0);
    let project = |example: Example| ExampleCard {
        icon: match example {
            Example::Sine => Icon::Waves,
            Example::Tones => Icon::Mic,
            Example::Gestures => Icon::Activity,
            Example::Digits => Icon::Image,
        },
        colour: match example {
            Example::Sine => theme.operator.conv,
            Example::Tones => theme.operator.pool,
            Example::Gestures => theme.operator.recurrent,
            Example::Digits => theme.operator.activation,
        },
        title: example.name(),
        sentence: example.sentence(),
        name: format!("{}, example project", example.name()),
        command: Command::Project(ProjectCommand::OpenExample(example)),
    };
    let mut cards: Vec<ExampleCard> = Example::ALL.map(project).into();
    cards.push(ExampleCard {
        icon: Icon::FileBox,
        colour: theme.text.text_3,
        title: "Keyword spotting",
        sentence: "A DS-CNN in int8, not trained: only its costs",
        name: "Keyword spotting, untrained example".to_owned(),
        command: Command::OpenExample,
    });
    let gap = 8.0;
    let width = ui.available_width();
    let columns = (((width + gap) / (EXAMPLE + gap)) as usize).clamp(1, cards.len());
    let each = ((width + gap) / columns as f32 - gap).floor();
    for row in cards.chunks(columns) {
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = gap;
            for card in row {
                if example_ui(ui, theme, card, each) {
                    ctx.commands.push(card.command.clone());
                }
            }
        });
        ui.add_space(gap);
    }
}

fn example_ui(ui: &mut Ui, theme: &Theme, card: &ExampleCard, width: f32) -> bool {
    let (rect, response) = ui.allocate_exact_size(vec2(width, 84.0), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &card.name));
    let fill = if response.hovered() { theme.surface.hover } else { theme.surface.raised };
    let painter = ui.painter();
    painter.rect_filled(rect, CornerRadius::same(6), fill);
    chip_outline(ui, rect, 6, theme.line.subtle);
    let left = rect.left() + 14.0;
    let first = rect.top() + 21.0;
    let icon_at = pos2(left + 8.0, first);
    painter.text(icon_at, Align2::CENTER_CENTER, card.icon.glyph(), font_id::icon(16.0), card.colour);
    let title_at = pos2(left + 24.0, first);
    painter.text(title_at, Align2::LEFT_CENTER, card.title, font_id::strong(), theme.text.text_1);
    let room = rect.right() - 10.0 - left;
    let sentence = painter.layout(card.sentence.to_owned(), font_id::cell(), theme.text.text_2, room);
    painter.galley(pos2(left, rect.top() + 38.0), sentence, theme.text.text_2);
    focus_ring(ui, theme, &response);
    response.clicked()
}

fn footer_ui(ui: &mut Ui, theme: &Theme) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        let panels = keys::panel_keys();
        for (keys, words) in
            [("?", "all shortcuts"), ("Ctrl Shift P", "any command"), (panels.as_str(), "panels")]
        {
            keycap(ui, theme, keys);
            ui.label(text::cell(words).color(theme.text.text_2));
            ui.add_space(14.0);
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let version = format!("Version {}, offline", env!("CARGO_PKG_VERSION"));
            ui.label(text::cell(version).color(theme.text.text_3));
        });
    });
}

/// How long ago something was, `today` for less than a day.
fn ago(seconds_since_1970: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    ago_from(now.saturating_sub(seconds_since_1970))
}

fn ago_from(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => "now".to_owned(),
        (0, 0, minutes) => format!("{minutes} min ago"),
        (0, hours, _) => format!("{hours} h ago"),
        (days, ..) => format::counted(days, "day ago", "days ago"),
    }
}

/// The home folder as a tilde, where the system has one.
fn shortened(folder: &str) -> String {
    let home = std::env::var("HOME").unwrap_or_default();
    match folder.strip_prefix(home.as_str()) {
        Some(rest) if !home.is_empty() && (rest.is_empty() || rest.starts_with('/')) => format!("~{rest}"),
        _ => folder.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_in_their_largest_unit() {
        for (seconds, words) in [
            (5, "now"),
            (120, "2 min ago"),
            (7_300, "2 h ago"),
            (90_000, "1 day ago"),
            (1_000_000, "11 days ago"),
        ] {
            assert_eq!(ago_from(seconds), words);
        }
    }
}
