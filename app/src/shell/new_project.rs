//! The sheet on which a new project begins: name, template, data, place.

use egui::{CornerRadius, Key, Label, Role, ScrollArea, Sense, Ui, WidgetInfo, vec2};
use emberlab_core::dataset::Generator;
use emberlab_core::layers::templates::{ALL, Template};

use super::Context;
use super::popover::modal;
use crate::command::Command;
use crate::jobs::file_name;
use crate::project::templates;
use crate::project::{Draft, DraftPick, DraftSource, ProjectCommand};
use crate::theme::widgets::{
    ButtonKind, button, chip_outline, choice_input, field, focus_ring, hairline, segmented, small_button,
    text_input,
};
use crate::theme::{Icon, Theme, font_id, text};

/// Width of the card.
const WIDTH: f32 = 640.0;
/// Height of the list of templates.
const TEMPLATES: f32 = 272.0;
/// Height of a template.
const TEMPLATE: f32 = 64.0;

/// Where the data come from, without the details.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Later,
    Files,
    Generated,
}

pub(super) fn ui(egui_ctx: &egui::Context, ctx: &mut Context<'_>) {
    let mut draft = ctx.document.view.draft.clone();
    modal(egui_ctx, "New project", WIDTH, ctx, |ui, ctx| {
        let theme = ctx.theme;
        egui::Frame::new().inner_margin(egui::Margin::symmetric(20, 16)).show(ui, |ui| {
            ui.set_width(WIDTH - 40.0);
            ui.spacing_mut().item_spacing.y = 4.0;
            ui.label(text::title("New project").color(theme.text.text_1));
            ui.add_space(6.0);
            field(ui, theme, "Name", |ui| {
                let response = text_input(ui, theme, "Name of the project", &mut draft.name, "");
                draft.is_named |= response.changed();
            });
            ui.add_space(6.0);
            ui.label(text::caption(theme, "Network to begin with"));
            templates_ui(ui, theme, &mut draft);
            ui.add_space(8.0);
            source_ui(ui, &mut draft, ctx);
            field(ui, theme, "Kept in", |ui| {
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    if small_button(ui, theme, ButtonKind::Outline, Some(Icon::FolderOpen), "Another place…")
                        .clicked()
                    {
                        ctx.send(Command::Project(ProjectCommand::Pick(DraftPick::Place)));
                    }
                    let folder = draft.folder.display().to_string();
                    ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                        ui.add(Label::new(text::number(&folder).color(theme.text.text_2)).truncate())
                            .on_hover_text(&folder);
                    });
                });
            });
        });
        let top = ui.cursor().top();
        hairline(ui.painter(), theme, ui.max_rect().x_range(), top);
        footer_ui(ui, &draft, ctx);
    });
    // What a dialog has answered in the meantime is not written over.
    if draft != ctx.document.view.draft {
        ctx.commands.insert(0, Command::Project(ProjectCommand::SetDraft(Box::new(draft))));
    }
}

fn templates_ui(ui: &mut Ui, theme: &Theme, draft: &mut Draft) {
    let columns = 2;
    let gap = 8.0;
    // The scroll bar lies beside the cards, not on them.
    let width = ((ui.available_width() - gap - 12.0) / columns as f32).floor();
    let choices: Vec<Option<&'static Template>> = std::iter::once(None).chain(ALL.iter().map(Some)).collect();
    let mut chosen = None;
    let height = (choices.len().div_ceil(columns) as f32 * (TEMPLATE + gap)).min(TEMPLATES);
    ScrollArea::vertical().id_salt("templates").max_height(height).auto_shrink([false, true]).show(
        ui,
        |ui| {
            ui.spacing_mut().item_spacing = vec2(gap, gap);
            for row in choices.chunks(columns) {
                ui.horizontal(|ui| {
                    for choice in row {
                        let (name, sentence) = match choice {
                            None => ("Empty network", "Layers are put together in Design"),
                            Some(template) => (template.title, template.description),
                        };
                        if card_ui(
                            ui,
                            theme,
                            width,
                            name,
                            sentence,
                            draft.template == choice.map(|template| template.id),
                        ) {
                            chosen = Some(choice.map(|template| template.id));
                        }
                    }
                });
            }
        },
    );
    if let Some(template) = chosen {
        draft.set_template(template);
    }
}

fn card_ui(ui: &mut Ui, theme: &Theme, width: f32, name: &str, sentence: &str, chosen: bool) -> bool {
    let (rect, response) = ui.allocate_exact_size(vec2(width, TEMPLATE), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, chosen, name));
    let painter = ui.painter();
    let fill = match (chosen, response.hovered()) {
        (true, _) => theme.accent.soft,
        (false, true) => theme.surface.hover,
        (false, false) => theme.surface.panel,
    };
    painter.rect_filled(rect, CornerRadius::same(6), fill);
    chip_outline(ui, rect, 6, if chosen { theme.accent.base } else { theme.line.subtle });
    let left = rect.left() + 12.0;
    let room = rect.right() - 10.0 - left;
    for (words, font, colour, y, rows) in [
        (name, font_id::label_strong(), theme.text.text_1, 8.0, 1),
        (sentence, font_id::small(), theme.text.text_2, 27.0, 2),
    ] {
        let mut job = egui::text::LayoutJob::simple(words.to_owned(), font, colour, room);
        job.wrap.max_rows = rows;
        let galley = painter.layout_job(job);
        painter.galley(egui::pos2(left, rect.top() + y), galley, colour);
    }
    focus_ring(ui, theme, &response);
    response.on_hover_text(sentence).clicked()
}

fn source_ui(ui: &mut Ui, draft: &mut Draft, ctx: &mut Context<'_>) {
    let theme = ctx.theme;
    let before = match draft.source {
        DraftSource::Later => Kind::Later,
        DraftSource::Files(_) => Kind::Files,
        DraftSource::Generated(_) => Kind::Generated,
    };
    let mut kind = before;
    field(ui, theme, "Data", |ui| {
        let choices = [(Kind::Later, "Later"), (Kind::Files, "Files"), (Kind::Generated, "Made here")];
        segmented(ui, theme, &mut kind, &choices);
    });
    if kind != before {
        draft.set_source(match kind {
            Kind::Later => DraftSource::Later,
            Kind::Files => DraftSource::Files(Vec::new()),
            Kind::Generated => {
                let suits =
                    draft.template.and_then(templates::find).map_or(Generator::Sine, templates::generator);
                DraftSource::Generated(suits)
            }
        });
    }
    match draft.source.clone() {
        DraftSource::Later => field(ui, theme, "", |ui| {
            let words = "Drop files on the window at any time";
            ui.label(text::small(words).color(theme.text.text_3));
        }),
        DraftSource::Files(paths) => field(ui, theme, "", |ui| {
            for (label, pick) in [("Folder…", DraftPick::DataFolder), ("Files…", DraftPick::DataFiles)] {
                if small_button(ui, theme, ButtonKind::Outline, Some(Icon::FolderOpen), label).clicked() {
                    ctx.send(Command::Project(ProjectCommand::Pick(pick)));
                }
            }
            let words = match &paths[..] {
                [] => "Nothing chosen yet".to_owned(),
                [one] => one.display().to_string(),
                [first, rest @ ..] => format!("{} and {} more", file_name(first), rest.len()),
            };
            ui.add(Label::new(text::number(&words).color(theme.text.text_2)).truncate()).on_hover_text(words);
        }),
        DraftSource::Generated(mut generator) => field(ui, theme, "", |ui| {
            let choices = Generator::ALL.map(|choice| (choice, choice.label().to_owned()));
            if choice_input(ui, theme, "Made here", &mut generator, &choices) {
                draft.set_source(DraftSource::Generated(generator));
            }
        }),
    }
}

fn footer_ui(ui: &mut Ui, draft: &Draft, ctx: &mut Context<'_>) {
    let theme = ctx.theme;
    let missing = draft.missing();
    let enter = missing.is_none() && ui.input(|input| input.key_pressed(Key::Enter));
    egui::Frame::new().inner_margin(egui::Margin::symmetric(20, 12)).show(ui, |ui| {
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let create = ui
                .add_enabled_ui(missing.is_none(), |ui| {
                    button(ui, theme, ButtonKind::Primary, None, "Create project").clicked()
                })
                .inner;
            if create || enter {
                ctx.send(Command::Project(ProjectCommand::Create));
            }
            if button(ui, theme, ButtonKind::Outline, None, "Cancel").clicked() {
                ctx.send(Command::CloseOverlay);
            }
            if let Some(words) = missing {
                ui.label(text::small(words).color(theme.status.warn));
            }
        });
    });
}
