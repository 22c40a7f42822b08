//! The sheet that asks what the next variant is to be.

use egui::{CornerRadius, DragValue, Key, Label, Role, Sense, Ui, WidgetInfo, vec2};
use emberlab_core::model::{OperatorId, TensorId};
use emberlab_core::quantize::{
    Calibration, CalibrationMethod, Interface, Recipe, SampleChoice, VariantKind, WeightScales, limits_decide,
};

use super::PanelContext;
use super::histogram::{Edit, histogram_ui};
use crate::command::Command;
use crate::compression::{Calibrated, FloatModel, calibrating_part};
use crate::document::Tab;
use crate::project::CompressCommand;
use crate::project::compress::{base_run, compress_data};
use crate::theme::widgets::{
    ButtonKind, Verdict, button, check_input, chip_outline, choice_input, field, focus_ring, hairline,
    narrow_number_input, note_buttons, number_input, segmented,
};
use crate::theme::{Theme, font_id, format, text};

/// Width of the sheet.
pub const WIDTH: f32 = 600.0;
/// Height of a histogram.
const HISTOGRAM: f32 = 118.0;

/// The usual variants with what they are, in a few words.
const PRESETS: [(&str, &str); 6] = [
    ("float32", "As it was trained"),
    ("float16", "Half the file, host only"),
    ("dynamic", "int8 weights, host only"),
    ("int8", "Smallest and fastest"),
    ("int8-per-tensor", "One scale per tensor"),
    ("int16x8", "Finer activations"),
];

/// Draws the sheet.
pub fn sheet_ui(ui: &mut Ui, ctx: &mut PanelContext<'_>) {
    let document = ctx.document;
    let Some(tab) = document.active_tab() else { return };
    let theme = ctx.theme;
    let mut draft = tab.compress.draft.clone();
    egui::Frame::new().inner_margin(egui::Margin::symmetric(20, 16)).show(ui, |ui| {
        ui.set_width(WIDTH - 40.0);
        ui.spacing_mut().item_spacing.y = 4.0;
        ui.label(text::title("New variant").color(theme.text.text_1));
        ui.add_space(4.0);
        presets_ui(ui, theme, &mut draft);
        ui.add_space(6.0);
        numbers_ui(ui, theme, &mut draft);
        if draft.kind.needs_calibration() {
            ui.add_space(6.0);
            calibration_ui(ui, &mut draft, tab, ctx);
        }
        if let Some(safe) = draft.device_safe() {
            ui.add_space(6.0);
            let label = format!("Take {safe} instead");
            let words = match draft.kind {
                VariantKind::Dynamic => {
                    "TFLM has no operators that quantize while they run. int8 with float32 at both ends takes and gives the same."
                }
                VariantKind::Float32 | VariantKind::Float16 | VariantKind::Int8 | VariantKind::Int16x8 => {
                    "TFLM has no float16. The same rounded weights written as float32 run on the chip, in a larger file."
                }
            };
            let buttons = [(None, label.as_str())];
            let (_, pressed) = note_buttons(ui, theme, Verdict::Info, "It runs on a desktop only.", words, &buttons);
            if pressed.is_some() {
                draft = safe;
            }
        }
    });
    let top = ui.cursor().top();
    hairline(ui.painter(), theme, ui.max_rect().x_range(), top);
    footer_ui(ui, &draft, ctx);
    if draft != tab.compress.draft {
        ctx.commands.insert(0, Command::Compress(CompressCommand::SetDraft(Box::new(draft))));
    }
}

/// The usual variants as cards; one that fits keeps the calibration that was chosen.
fn presets_ui(ui: &mut Ui, theme: &Theme, draft: &mut Recipe) {
    let gap = 8.0;
    let width = ((ui.available_width() - 2.0 * gap) / 3.0).floor();
    let usual = Recipe { calibration: Calibration::default(), limits: Default::default(), ..draft.clone() };
    let name = usual.name();
    for row in PRESETS.chunks(3) {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = gap;
            for (preset, words) in row {
                let is_chosen = name == *preset;
                if card_ui(ui, theme, width, preset, words, is_chosen)
                    && let Some(recipe) = Recipe::from_name(preset)
                {
                    let limits = std::mem::take(&mut draft.limits);
                    *draft = Recipe { calibration: draft.calibration, limits, ..recipe };
                }
            }
        });
        ui.add_space(2.0);
    }
}

fn card_ui(ui: &mut Ui, theme: &Theme, width: f32, name: &str, words: &str, is_chosen: bool) -> bool {
    let (rect, response) = ui.allocate_exact_size(vec2(width, 44.0), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, is_chosen, name));
    let painter = ui.painter();
    let fill = match (is_chosen, response.hovered()) {
        (true, _) => theme.accent.soft,
        (false, true) => theme.surface.hover,
        (false, false) => theme.surface.panel,
    };
    painter.rect_filled(rect, CornerRadius::same(6), fill);
    chip_outline(ui, rect, 6, if is_chosen { theme.accent.base } else { theme.line.subtle });
    let left = rect.left() + 12.0;
    let lines = [
        (name, font_id::label_strong(), theme.text.text_1, 6.0),
        (words, font_id::small(), theme.text.text_2, 23.0),
    ];
    for (text, font, colour, y) in lines {
        let galley = painter.layout_no_wrap(text.to_owned(), font, colour);
        painter.galley(egui::pos2(left, rect.top() + y), galley, colour);
    }
    focus_ring(ui, theme, &response);
    response.clicked()
}

fn numbers_ui(ui: &mut Ui, theme: &Theme, draft: &mut Recipe) {
    field(ui, theme, "Numbers", |ui| {
        let choices = VariantKind::ALL.map(|kind| (kind, kind.label().to_owned()));
        choice_input(ui, theme, "Numbers", &mut draft.kind, &choices);
    });
    if draft.kind == VariantKind::Float16 {
        field(ui, theme, "File", |ui| {
            check_input(ui, theme, "rounded weights written as float32", &mut draft.widened)
        });
    }
    if !draft.kind.needs_calibration() {
        return;
    }
    field(ui, theme, "Scales of weights", |ui| {
        let choices = [
            (WeightScales::PerChannel, "per channel, dense layers per tensor".to_owned()),
            (WeightScales::PerChannelEverywhere, "per channel everywhere".to_owned()),
            (WeightScales::PerTensor, "per tensor".to_owned()),
        ];
        choice_input(ui, theme, "Scales of weights", &mut draft.weight_scales, &choices);
    });
    field(ui, theme, "In and out", |ui| {
        let mut choices = vec![(Interface::Integer, "Integers"), (Interface::Float32, "float32")];
        // A model with int16 activations does not take uint8.
        if draft.kind == VariantKind::Int8 {
            choices.insert(1, (Interface::Uint8, "uint8"));
        } else if draft.interface == Interface::Uint8 {
            draft.interface = Interface::Integer;
        }
        segmented(ui, theme, &mut draft.interface, &choices);
    });
    if !draft.wider.is_empty() {
        field(ui, theme, "Kept wider", |ui| {
            let names: Vec<&str> = draft.wider.keys().map(String::as_str).collect();
            let words = names.join(", ");
            if crate::theme::widgets::small_button(ui, theme, ButtonKind::Ghost, None, "None").clicked() {
                draft.wider.clear();
            }
            ui.add(Label::new(text::number(&words).color(theme.text.text_2)).truncate()).on_hover_text(words);
        });
    }
}

fn calibration_ui(ui: &mut Ui, draft: &mut Recipe, tab: &Tab, ctx: &PanelContext<'_>) {
    let theme = ctx.theme;
    ui.label(text::caption(theme, "Calibration"));
    let calibration = &mut draft.calibration;
    field(ui, theme, "Limits", |ui| {
        // The method that is chosen keeps its number.
        let choices = CalibrationMethod::ALL.map(|usual| {
            let is_same = usual.label() == calibration.method.label();
            let method = if is_same { calibration.method } else { usual };
            (method, method_words(method).to_owned())
        });
        choice_input(ui, theme, "Limits of activations", &mut calibration.method, &choices);
    });
    match &mut calibration.method {
        CalibrationMethod::MovingAverage { momentum } => {
            field(ui, theme, "Momentum", |ui| {
                let value = DragValue::new(momentum).range(0.0..=0.9999).speed(0.001).max_decimals(4);
                number_input(ui, theme, "Momentum", value);
            });
        }
        CalibrationMethod::Percentile { percent } => {
            field(ui, theme, "Percentile", |ui| {
                let value =
                    DragValue::new(percent).range(50.0..=100.0).speed(0.01).max_decimals(4).suffix(" %");
                number_input(ui, theme, "Percentile", value);
            });
        }
        CalibrationMethod::MinMax | CalibrationMethod::Mse | CalibrationMethod::Entropy => {}
    }
    let data = compress_data(tab);
    let there = data.as_ref().map_or(0, |data| calibrating_part(data).samples.count);
    field(ui, theme, "Samples", |ui| {
        let value = DragValue::new(&mut calibration.samples).range(1..=100_000).speed(1.0);
        narrow_number_input(ui, theme, "Samples that calibrate", 80.0, value);
        ui.label(text::small(format!("of {}", format::count(there as u64))).color(theme.text.text_3));
        let choices = [
            (SampleChoice::Balanced, "Classes in turn"),
            (SampleChoice::Random, "Random"),
            (SampleChoice::First, "First"),
        ];
        segmented(ui, theme, &mut calibration.choice, &choices);
    });
    coverage_ui(ui, tab, ctx);
    by_hand_ui(ui, theme, draft);
    let known = base_run(tab).and_then(|run| tab.compress.base(run));
    if let Some((float, calibrated)) =
        known.and_then(|base| base.float.as_deref().zip(base.calibrated.as_deref()))
        && calibrated.serves(&draft.calibration)
    {
        limits_ui(ui, theme, float, calibrated, draft);
    }
}

/// A method in a few words.
fn method_words(method: CalibrationMethod) -> &'static str {
    match method {
        CalibrationMethod::MinMax => "min-max: everything that was seen",
        CalibrationMethod::MovingAverage { .. } => "moving average of the samples' limits",
        CalibrationMethod::Percentile { .. } => "percentile: all but the outermost values",
        CalibrationMethod::Mse => "MSE: least squared error",
        CalibrationMethod::Entropy => "entropy: least divergence of the distribution",
    }
}

/// How the samples cover the classes.
fn coverage_ui(ui: &mut Ui, tab: &Tab, ctx: &PanelContext<'_>) {
    let theme = ctx.theme;
    let Some(coverage) = &tab.compress.coverage else { return };
    let with_samples = coverage.classes.iter().filter(|(_, there)| *there > 0);
    let (covered, all) =
        (with_samples.clone().filter(|(chosen, _)| *chosen > 0).count() as u64, with_samples.count() as u64);
    if all == 0 {
        return;
    }
    let data = compress_data(tab);
    let names: Vec<String> = coverage
        .missing()
        .map(|class| {
            let known = data.as_ref().and_then(|data| data.prepared.classes.get(class).cloned());
            known.unwrap_or_else(|| class.to_string())
        })
        .collect();
    let samples = format::counted(coverage.samples as u64, "sample", "samples");
    let (words, colour) = if names.is_empty() {
        (format!("{samples}, all {all} classes"), theme.text.text_3)
    } else {
        let missing = names.iter().take(4).cloned().collect::<Vec<_>>().join(", ");
        let more = if names.len() > 4 { format!(" and {} more", names.len() - 4) } else { String::new() };
        (format!("{samples}, {covered} of {all} classes: none of {missing}{more}"), theme.status.warn)
    };
    field(ui, theme, "", |ui| {
        ui.add(Label::new(text::small(words).color(colour)).wrap());
    });
}

/// The values of one activation with the limits that the method gives.
fn limits_ui(ui: &mut Ui, theme: &Theme, float: &FloatModel, calibrated: &Calibrated, draft: &mut Recipe) {
    let main = &float.model.subgraphs[0];
    let tensors = &calibrated.observations.tensors;
    let named: Vec<(TensorId, String)> = tensors
        .keys()
        .map(|id| (*id, main.tensor(*id).name.clone().unwrap_or_else(|| format!("t{}", id.0))))
        .collect();
    let id = ui.unique_id().with("tensor");
    let Some(first) = named.first().map(|(id, _)| *id) else { return };
    let kept: Option<u32> = ui.data(|data| data.get_temp(id));
    let mut chosen = kept.map(TensorId).filter(|id| tensors.contains_key(id)).unwrap_or(first);
    field(ui, theme, "Activation", |ui| choice_input(ui, theme, "Activation", &mut chosen, &named));
    ui.data_mut(|data| data.insert_temp(id, chosen.0));
    let Some(seen) = tensors.get(&chosen) else { return };
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), HISTOGRAM), Sense::hover());
    let name = named.iter().find(|(id, _)| *id == chosen).map(|(_, name)| name.clone()).unwrap_or_default();
    let by_hand = draft.limits.get(&name).map(|limits| seen.chosen_limits(*limits));
    let limits = by_hand.unwrap_or_else(|| seen.limits(draft.calibration.method));
    let mut writers = (0u32..).map(OperatorId).zip(&main.operators);
    let writer = writers.find(|(_, operator)| operator.outputs.contains(&Some(chosen)));
    let is_free = writer.is_none_or(|(writer, _)| limits_decide(&float.model, writer));
    let editable = is_free.then_some(chosen.0);
    if let Some(Edit::Done(limits)) = histogram_ui(ui, theme, rect, seen, Some(limits), editable) {
        draft.limits.insert(name, limits);
    }
}

/// Activations whose limits were chosen by hand, with a way back.
fn by_hand_ui(ui: &mut Ui, theme: &Theme, draft: &mut Recipe) {
    if draft.limits.is_empty() {
        return;
    }
    field(ui, theme, "Limits by hand", |ui| {
        let names: Vec<&str> = draft.limits.keys().map(String::as_str).collect();
        let words = names.join(", ");
        if crate::theme::widgets::small_button(ui, theme, ButtonKind::Ghost, None, "Leave to calibration")
            .clicked()
        {
            draft.limits.clear();
        }
        ui.add(Label::new(text::number(&words).color(theme.text.text_2)).truncate()).on_hover_text(words);
    });
}

fn footer_ui(ui: &mut Ui, draft: &Recipe, ctx: &mut PanelContext<'_>) {
    let theme = ctx.theme;
    let enter = ui.input(|input| input.key_pressed(Key::Enter)) && !ui.ctx().text_edit_focused();
    egui::Frame::new().inner_margin(egui::Margin::symmetric(20, 12)).show(ui, |ui| {
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if button(ui, theme, ButtonKind::Primary, None, "Make variant").clicked() || enter {
                ctx.send(Command::Compress(CompressCommand::Make(vec![draft.clone()])));
            }
            if button(ui, theme, ButtonKind::Outline, None, "Cancel").clicked() {
                ctx.send(Command::CloseOverlay);
            }
            ui.label(text::number(draft.name()).color(theme.text.text_3));
        });
    });
}
