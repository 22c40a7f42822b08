//! What goes in: for every input of the model random numbers, a file, or numbers typed in.

use egui::{DragValue, Label, ScrollArea, TextEdit, Ui, vec2};
use emberlab_core::model::{Tensor, TensorType};
use emberlab_core::run::Normalisation;

use super::values::{Numbers, number_text};
use super::visual::{Look, Looker};
use super::{PanelContext, bar_ui};
use crate::command::Command;
use crate::document::{OpenModel, Tab};
use crate::jobs::is_picture_for;
use crate::run_state::RunInput;
use crate::theme::widgets::{ButtonKind, key_value, segmented, segmented_small, small_button};
use crate::theme::{Icon, format, text};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Random,
    File,
    Numbers,
}

impl Source {
    const ALL: [(Source, &'static str); 3] =
        [(Source::Random, "Random"), (Source::File, "File"), (Source::Numbers, "Numbers")];

    fn of(input: &RunInput) -> Self {
        match input {
            RunInput::Random { .. } => Source::Random,
            RunInput::File { .. } => Source::File,
            RunInput::Numbers { .. } => Source::Numbers,
        }
    }
}

/// Height of the picture of what goes in.
const PREVIEW: f32 = 180.0;

pub(super) fn inputs_ui(
    ui: &mut Ui,
    preview: &mut Looker,
    tab: &Tab,
    open: &OpenModel,
    ctx: &mut PanelContext<'_>,
) {
    let Some(main) = open.model.subgraphs.first() else { return };
    ScrollArea::vertical().id_salt("inputs").auto_shrink(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 6.0;
        if main.inputs.is_empty() {
            margin(ui, |ui| {
                ui.label(text::small("This model takes no input").color(ctx.theme.text.text_3));
            });
        }
        for (index, id) in main.inputs.iter().enumerate() {
            let tensor = main.tensor(*id);
            bar_ui(
                ui,
                ctx,
                &format!("Input {index}"),
                &format!("{} {}", format::shape(&tensor.shape), tensor.ty.name()),
            );
            margin(ui, |ui| {
                input_ui(ui, index, tensor, tab, ctx);
                result_ui(ui, preview, index, tensor, tab, ctx);
            });
        }
    });
}

fn margin(ui: &mut Ui, content: impl FnOnce(&mut Ui)) {
    egui::Frame::new().inner_margin(egui::Margin::symmetric(16, 2)).show(ui, |ui| {
        ui.set_width(ui.available_width());
        content(ui);
    });
}

fn input_ui(ui: &mut Ui, index: usize, tensor: &Tensor, tab: &Tab, ctx: &mut PanelContext<'_>) {
    let theme = ctx.theme;
    if let Some(name) = tensor.name.as_deref().filter(|name| !name.is_empty()) {
        ui.add(Label::new(text::small(name).color(theme.text.text_2)).truncate());
    }
    if let Some((scale, zero_point)) = tensor.per_tensor_quantization() {
        key_value(
            ui,
            theme,
            "Scale, zero point",
            &format!("{}, {}", format::scale(scale), format::integer(zero_point)),
        );
    }
    let input = tab.run.input(index);
    let mut source = Source::of(&input);
    if segmented(ui, theme, &mut source, &Source::ALL) {
        match source {
            Source::Random => ctx.send(Command::SetRunInput(index, RunInput::default())),
            Source::Numbers => {
                let numbers = RunInput::Numbers { text: "0".to_owned(), raw: false };
                ctx.send(Command::SetRunInput(index, numbers));
            }
            Source::File => ctx.send(Command::ChooseRunInput(index)),
        }
    }
    match input {
        RunInput::Random { seed, range } => random_ui(ui, index, tensor, seed, range, ctx),
        RunInput::Numbers { text, raw } => numbers_ui(ui, index, tensor, text, raw, ctx),
        RunInput::File { name, bytes, normalisation } => {
            ui.horizontal(|ui| {
                ui.add(Label::new(text::number(&name).color(theme.text.text_1)).truncate());
            });
            if small_button(ui, theme, ButtonKind::Plain, Some(Icon::FolderOpen), "Another file…").clicked()
            {
                ctx.send(Command::ChooseRunInput(index));
            }
            if is_picture_for(&name, tensor) {
                ui.label(text::small("Levels of the picture as").color(theme.text.text_2));
                let mut chosen = normalisation.unwrap_or_else(|| Normalisation::guess(tensor));
                let choices = Normalisation::ALL.map(|choice| (choice, choice.label()));
                if segmented_small(ui, theme, &mut chosen, &choices) {
                    let input = RunInput::File { name, bytes, normalisation: Some(chosen) };
                    ctx.send(Command::SetRunInput(index, input));
                }
            }
        }
    }
}

fn random_ui(
    ui: &mut Ui,
    index: usize,
    tensor: &Tensor,
    seed: u32,
    range: (f32, f32),
    ctx: &mut PanelContext<'_>,
) {
    let (mut new_seed, mut new_range) = (seed, range);
    ui.horizontal(|ui| {
        let label = ui.label(text::small("Seed").color(ctx.theme.text.text_2));
        ui.add(DragValue::new(&mut new_seed).range(1..=u32::MAX).speed(0.1)).labelled_by(label.id);
        if small_button(ui, ctx.theme, ButtonKind::Ghost, Some(Icon::RotateCw), "Next").clicked() {
            new_seed = new_seed.checked_add(1).unwrap_or(1);
        }
    });
    if tensor.ty == TensorType::Float32 {
        ui.horizontal(|ui| {
            let label = ui.label(text::small("From").color(ctx.theme.text.text_2));
            ui.add(DragValue::new(&mut new_range.0).speed(0.01)).labelled_by(label.id);
            let label = ui.label(text::small("to").color(ctx.theme.text.text_2));
            ui.add(DragValue::new(&mut new_range.1).speed(0.01)).labelled_by(label.id);
        });
    }
    if (new_seed, new_range) != (seed, range) {
        ctx.send(Command::SetRunInput(index, RunInput::Random { seed: new_seed, range: new_range }));
    }
}

fn numbers_ui(
    ui: &mut Ui,
    index: usize,
    tensor: &Tensor,
    text: String,
    raw: bool,
    ctx: &mut PanelContext<'_>,
) {
    let (mut new_text, mut new_raw) = (text.clone(), raw);
    if tensor.per_tensor_quantization().is_some() && tensor.ty != TensorType::Float32 {
        segmented_small(ui, ctx.theme, &mut new_raw, &[(false, "Real numbers"), (true, "Stored integers")]);
    }
    let expected = tensor.element_count().unwrap_or(0);
    let hint = format!("{} numbers, or one for all", format::count(expected));
    let label = ui.label(text::small(&hint).color(ctx.theme.text.text_3));
    let edit = TextEdit::multiline(&mut new_text).font(crate::theme::font_id::number()).desired_rows(4);
    ui.add_sized(vec2(ui.available_width(), 84.0), edit).labelled_by(label.id);
    if (&new_text, new_raw) != (&text, raw) {
        ctx.send(Command::SetRunInput(index, RunInput::Numbers { text: new_text, raw: new_raw }));
    }
}

/// What the last run was given, and how it was made.
fn result_ui(
    ui: &mut Ui,
    preview: &mut Looker,
    index: usize,
    tensor: &Tensor,
    tab: &Tab,
    ctx: &PanelContext<'_>,
) {
    let Some(result) = tab.run.result() else { return };
    let Some(input) = result.inputs.get(index) else { return };
    let theme = ctx.theme;
    for step in &input.steps {
        ui.add(Label::new(text::small(step).color(theme.text.text_3)).wrap());
    }
    let Some(numbers) = Numbers::new(tensor, &input.bytes) else { return };
    if index == 0 {
        let key = (std::sync::Arc::as_ptr(result) as usize, u32::MAX, index as u32);
        let look = Look { key, shape: tensor.shape.clone(), name: format!("input {index}") };
        preview.look_ui(ui, theme, &look, &numbers, PREVIEW);
    }
    if let Some((lowest, highest)) = numbers.range() {
        key_value(ui, theme, "Range", &format!("{} … {}", number_text(lowest), number_text(highest)));
    }
}
