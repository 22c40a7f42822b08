//! The panel without recordings: what to drop, what can be made here, why files could not be read.

use egui::{Align2, CornerRadius, Role, Sense, Ui, UiBuilder, WidgetInfo, pos2, vec2};
use emberlab_core::dataset::{Generated, Generator};

use super::{PanelContext, notes};
use crate::command::Command;
use crate::jobs::Ask;
use crate::project::data::DataStage;
use crate::project::{DataCommand, OpenProject};
use crate::theme::widgets::{ButtonKind, Verdict, button, chip_outline, focus_ring, note_buttons};
use crate::theme::{Icon, Theme, font_id, text};

/// Widest column.
const WIDTH: f32 = 640.0;

/// Height of a generator's card.
const CARD: f32 = 64.0;

/// Draws the page.
pub(super) fn start_ui(ui: &mut Ui, open: &OpenProject, ctx: &mut PanelContext<'_>) {
    let page = ui.max_rect();
    let width = WIDTH.min(page.width() - 48.0).max(240.0);
    let top = page.top() + (page.height() * 0.16).clamp(16.0, 160.0).round();
    let left = (page.center().x - width / 2.0).round();
    let column = egui::Rect::from_min_max(pos2(left, top), pos2(left + width, page.bottom()));
    ui.scope_builder(UiBuilder::new().max_rect(column), |ui| match open.data.stage(&open.project) {
        DataStage::Failed => failed_ui(ui, open, ctx),
        DataStage::Reading | DataStage::Preparing => {
            ui.label(text::body("The data are being read…").color(ctx.theme.text.text_2));
        }
        DataStage::Nothing | DataStage::Changed | DataStage::Unprepared | DataStage::Ready => {
            nothing_ui(ui, ctx)
        }
    });
}

fn nothing_ui(ui: &mut Ui, ctx: &mut PanelContext<'_>) {
    let theme = ctx.theme;
    ui.spacing_mut().item_spacing.y = 4.0;
    ui.label(Icon::Database.text(20.0).color(theme.text.text_3));
    ui.label(text::title("No samples yet").color(theme.text.text_1));
    let words = "Drop a folder, CSV tables, WAV sounds, pictures, NPY or IDX files on the window. Their format is guessed, shown, and can be corrected.";
    ui.label(text::body(words).color(theme.text.text_2));
    ui.add_space(8.0);
    buttons_ui(ui, ctx);
    ui.add_space(24.0);
    generators_ui(ui, ctx);
}

fn buttons_ui(ui: &mut Ui, ctx: &mut PanelContext<'_>) {
    ui.horizontal(|ui| {
        if button(ui, ctx.theme, ButtonKind::Primary, Some(Icon::FolderOpen), "Choose a folder…").clicked()
        {
            ctx.send(Command::Data(DataCommand::Ask(Ask::Folder("Choose the folder with the data"))));
        }
        if button(ui, ctx.theme, ButtonKind::Outline, Some(Icon::FileBox), "Choose files…").clicked() {
            ctx.send(Command::Data(DataCommand::Ask(Ask::Files("Choose files with data"))));
        }
    });
}

fn failed_ui(ui: &mut Ui, open: &OpenProject, ctx: &mut PanelContext<'_>) {
    let Some(failure) = &open.data.failure else { return };
    let rest = format!("{}.", failure.help);
    let buttons = [
        (Some(Icon::Search), "Find it…"),
        (Some(Icon::RotateCw), "Read again"),
        (Some(Icon::Undo2), "Back to the data before"),
    ];
    let shown = if open.data.can_undo() { &buttons[..] } else { &buttons[..2] };
    // It begins with a name as it is written, or with a capital.
    let message = format!("{}.", failure.message);
    let (_, pressed) = note_buttons(ui, ctx.theme, Verdict::Over, &message, &rest, shown);
    match pressed {
        Some(0) => ctx.send(Command::Data(DataCommand::Find(notes::find(open)))),
        Some(1) => ctx.send(Command::Data(DataCommand::ReadAgain)),
        Some(_) => ctx.send(Command::Data(DataCommand::Undo)),
        None => {}
    }
    if failure.is_missing {
        ui.add_space(8.0);
        let words = "Everything else of the project is kept: settings, network, runs.";
        ui.label(text::small(words).color(ctx.theme.text.text_3));
    }
    ui.add_space(24.0);
    ui.label(text::caption(ctx.theme, "Or take other data"));
    ui.add_space(4.0);
    buttons_ui(ui, ctx);
    ui.add_space(24.0);
    generators_ui(ui, ctx);
}

fn generators_ui(ui: &mut Ui, ctx: &mut PanelContext<'_>) {
    let theme = ctx.theme;
    ui.label(text::caption(theme, "Made here, without a download"));
    ui.add_space(4.0);
    let gap = 8.0;
    let columns = if ui.available_width() > 480.0 { 3 } else { 2 };
    let width = ((ui.available_width() + gap) / columns as f32 - gap).floor();
    for row in Generator::ALL.chunks(columns) {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = gap;
            for kind in row {
                if card_ui(ui, theme, *kind, width) {
                    let generated = Generated { kind: *kind, seed: 1, count: kind.default_count() };
                    ctx.commands.push(Command::Data(DataCommand::Generate(generated)));
                }
            }
        });
        ui.add_space(gap - 4.0);
    }
}

/// What a generator makes, in a few words.
pub(super) fn generator_words(kind: Generator) -> &'static str {
    match kind {
        Generator::Sine => "Points of a curve, with a little noise",
        Generator::Gestures => "Acceleration of a board in the hand",
        Generator::Tones => "Short calls that differ in melody",
        Generator::Digits => "Digits drawn with strokes, 28×28",
        Generator::Machine => "Vibration, normal and with faults",
        Generator::SoundAndMotion => "Two sensors at the same time",
    }
}

fn generator_icon(kind: Generator) -> Icon {
    match kind {
        Generator::Sine => Icon::ChartScatter,
        Generator::Gestures => Icon::Activity,
        Generator::Tones => Icon::Mic,
        Generator::Digits => Icon::Image,
        Generator::Machine => Icon::Waves,
        Generator::SoundAndMotion => Icon::Layers,
    }
}

fn card_ui(ui: &mut Ui, theme: &Theme, kind: Generator, width: f32) -> bool {
    let (rect, response) = ui.allocate_exact_size(vec2(width, CARD), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Make {}", kind.label())));
    let fill = if response.hovered() { theme.surface.hover } else { theme.surface.raised };
    let painter = ui.painter();
    painter.rect_filled(rect, CornerRadius::same(6), fill);
    chip_outline(ui, rect, 6, theme.line.subtle);
    let left = rect.left() + 12.0;
    let icon_at = pos2(left + 8.0, rect.top() + 20.0);
    painter.text(
        icon_at,
        Align2::CENTER_CENTER,
        generator_icon(kind).glyph(),
        font_id::icon(16.0),
        theme.text.text_3,
    );
    let title_at = pos2(left + 24.0, rect.top() + 20.0);
    painter.text(title_at, Align2::LEFT_CENTER, kind.label(), font_id::strong(), theme.text.text_1);
    let mut job = egui::text::LayoutJob::simple_singleline(
        generator_words(kind).to_owned(),
        font_id::small(),
        theme.text.text_2,
    );
    job.wrap = egui::text::TextWrapping::truncate_at_width(rect.right() - 8.0 - left);
    let galley = painter.layout_job(job);
    painter.galley(pos2(left, rect.top() + 44.0 - galley.size().y / 2.0), galley, theme.text.text_2);
    focus_ring(ui, theme, &response);
    response.on_hover_text(generator_words(kind)).clicked()
}
