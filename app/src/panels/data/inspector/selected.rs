//! The selected recording: what it is, where it was read, what becomes of it.

use egui::{Label, Ui};
use emberlab_core::dataset::{Content, Label as DataLabel, Place};

use crate::jobs::Loaded;
use crate::panels::PanelContext;
use crate::panels::data::{colours, detail, grid, plot};
use crate::project::OpenProject;
use crate::theme::widgets::{Verdict, key_value, note};
use crate::theme::{format, text};

pub(super) fn selected_ui(
    ui: &mut Ui,
    open: &OpenProject,
    loaded: &Loaded,
    window: usize,
    ctx: &mut PanelContext<'_>,
) {
    let theme = ctx.theme;
    let dataset = &loaded.dataset;
    egui::Frame::new().inner_margin(egui::Margin { left: 16, right: 16, top: 12, bottom: 8 }).show(
        ui,
        |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = 0.0;
            let Some(index) = open.data.selected.filter(|index| *index < dataset.recordings.len()) else {
                ui.label(text::title("Data").color(theme.text.text_1));
                ui.label(
                    text::small("Choose a recording to see what becomes of it").color(theme.text.text_3),
                );
                return;
            };
            let recording = &dataset.recordings[index];
            ui.add(Label::new(text::title(&recording.name).color(theme.text.text_1)).truncate());
            ui.add_space(4.0);
            let label = grid::label_text(dataset, index);
            let what = if matches!(recording.label, DataLabel::Values(_)) { "Value" } else { "Class" };
            key_value(ui, theme, what, if label.is_empty() { format::UNKNOWN } else { &label });
            for (kind, group) in dataset.group_kinds.iter().zip(&recording.groups) {
                key_value(ui, theme, &capital(kind), group);
            }
            for (number, content) in recording.contents.iter().enumerate() {
                content_ui(ui, open, loaded, index, number, content, ctx);
            }
            let part = open.data.checks.as_ref().and_then(|checks| checks.parts.get(index));
            key_value(ui, theme, "Part", part.map_or(format::UNKNOWN, |part| colours::part_label(*part)));
            let origin = &recording.origin;
            if !origin.file.is_empty() {
                let place = match origin.place {
                    Place::File => String::new(),
                    Place::Line(line) => format!(":{line}"),
                    Place::Item(item) => format!(" [{item}]"),
                };
                key_value(ui, theme, "From", &format!("{}{place}", origin.file));
            }
            let look = open.data.look.as_ref().filter(|look| look.recording == index);
            let Some(look) = look else { return };
            if let Some(reason) = &look.refusal {
                ui.add_space(6.0);
                note(ui, theme, Verdict::Warn, "No sample.", &format!("{reason}."));
                return;
            }
            key_value(ui, theme, "Samples", &format::count(look.n_samples as u64));
            if look.sample_steps > 0
                && let Some(sample) = look.samples.get(window)
            {
                let rate = detail::rate(dataset, index, 0);
                let from = match rate.filter(|rate| *rate > 0.0) {
                    Some(rate) => plot::time(sample.first_step as f64 / rate),
                    None => format!("step {}", format::count(sample.first_step as u64)),
                };
                key_value(ui, theme, "Chosen window begins at", &from);
            }
        },
    );
}

fn content_ui(
    ui: &mut Ui,
    open: &OpenProject,
    loaded: &Loaded,
    index: usize,
    number: usize,
    content: &Content,
    ctx: &PanelContext<'_>,
) {
    let theme = ctx.theme;
    let several = loaded.dataset.streams.len() > 1;
    let name = |what: &str| match loaded.dataset.streams.get(number) {
        Some(stream) if several => format!("{}, {what}", capital(&stream.name)),
        Some(_) | None => capital(what),
    };
    match content {
        Content::Picture(picture) => {
            let colours = if picture.channels == 1 { "grey" } else { "colour" };
            key_value(ui, theme, &name("size"), &format!("{}×{}, {colours}", picture.width, picture.height));
        }
        Content::Values(values) => {
            key_value(ui, theme, &name("numbers"), &format::count(values.len() as u64));
        }
        Content::Series(series) => {
            let steps = format::counted(series.steps() as u64, "step", "steps");
            let length = match series.seconds() {
                Some(seconds) => format!("{}, {steps}", plot::time(seconds)),
                None => steps,
            };
            key_value(ui, theme, &name("length"), &length);
            let rate = detail::rate(&loaded.dataset, index, number);
            if let Some(rate) = rate {
                key_value(ui, theme, &name("rate"), &format!("{} Hz", plot::number(rate)));
            }
            if open.data.selected == Some(index) && series.channels > 1 {
                key_value(ui, theme, &name("channels"), &format::count(series.channels as u64));
            }
        }
    }
}

/// The text with a capital letter.
fn capital(text: &str) -> String {
    crate::panels::data::notes::capital(text)
}
