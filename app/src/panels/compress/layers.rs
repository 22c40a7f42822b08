//! How much noise every layer of the chosen variant adds, and the ranges behind it.

use std::sync::Arc;

use egui::{
    Align2, Color32, CornerRadius, CursorIcon, Rect, Role, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2,
};
use emberlab_core::model::{Model, OperatorId, Values};
use emberlab_core::quantize::{
    ChosenLimits, ErrorMode, Limits, OperatorError, Recipe, TensorObservation, limits_decide,
};

use super::PanelContext;
use super::figures::{Metric, ranked};
use super::histogram::{Edit, frame_ui, histogram_ui};
use super::layout::LAYER;
use crate::command::Command;
use crate::document::Tab;
use crate::jobs::turned;
use crate::panels::inspect::names::operator_name;
use crate::project::CompressCommand;
use crate::project::compress::{Base, Variant, WiderCost, draft_from, record};
use crate::theme::widgets::{ButtonKind, empty, hairline, icon_button, segmented_small, small_button};
use crate::theme::{Category, Icon, Theme, font_id, format, text, with_alpha};

/// Width of the switch that keeps a layer wider.
const SWITCH: f32 = 24.0;
/// Room for the switches and what they cost.
const WIDER: f32 = 118.0;
/// Room for the value beside a bar.
const VALUE: f32 = 62.0;

/// View state of the layers.
#[derive(Default)]
pub struct Layers {
    /// Its own error, or with all before it.
    pub mode: ErrorMode,
    /// What is drawn.
    pub metric: Metric,
    /// The layer whose ranges are shown, as an operator of the float32 model.
    chosen: Option<OperatorId>,
    ranges: Ranges,
    /// Ranges of the channels of the layer's weights, with what they are of.
    channels: Option<(String, OperatorId, Arc<[f32]>)>,
}

/// Which ranges are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Ranges {
    /// Values of the layer's output.
    #[default]
    Activation,
    /// Weights by channel.
    Weights,
}

impl Layers {
    /// The switches above the bars.
    pub fn bar_ui(&mut self, ui: &mut Ui, theme: &Theme) {
        ui.spacing_mut().item_spacing.x = 10.0;
        // In a narrow pane the switches need all the room.
        if ui.available_width() > 425.0 {
            ui.label(text::caption(theme, "Error per layer"));
        }
        let modes = [(ErrorMode::Alone, "Alone"), (ErrorMode::Accumulated, "Accumulated")];
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let metrics = [
                (Metric::Sqnr, "SQNR"),
                (Metric::Cosine, "Cosine"),
                (Metric::Largest, "Largest"),
                (Metric::Rmse, "RMSE"),
            ];
            segmented_small(ui, theme, &mut self.metric, &metrics);
            segmented_small(ui, theme, &mut self.mode, &modes);
        });
    }

    /// The bars.
    pub fn ui(&mut self, ui: &mut Ui, tab: &Tab, ctx: &mut PanelContext<'_>) {
        let theme = ctx.theme;
        let Some((name, variant)) = tab.compress.selected_variant() else {
            empty(ui, theme, Icon::ChartBar, "No variant is chosen", "Click a row of the table.", &[]);
            return;
        };
        let Some(errors) = &variant.errors else {
            missing_ui(ui, tab, name, variant, ctx);
            return;
        };
        let base = record(tab, name).and_then(|record| tab.compress.base(record.run));
        let Some(float) = base.and_then(|base| base.float.as_ref()) else { return };
        let ranked = ranked(&errors.operators, self.metric, self.mode);
        if ranked.is_empty() {
            let words = "The operators of both models have nothing in common that can be compared.";
            empty(ui, theme, Icon::ChartBar, "No layers to compare", words, &[]);
            return;
        }
        let rect = ui.available_rect_before_wrap();
        let (head, body) = rect.split_top_bottom_at_y(rect.top() + 22.0);
        let has_wider = !variant.wider.is_empty();
        let bars = bars_of(rect, has_wider);
        let most = axis_end(self.metric, &ranked);
        axis_ui(ui, theme, head, bars, self.metric, most, has_wider);
        let recipe = record(tab, name).and_then(|record| record.recipe.clone());
        ui.scope_builder(egui::UiBuilder::new().max_rect(body), |ui| {
            ScrollArea::vertical().id_salt("layers").auto_shrink(false).show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                for (error, value) in &ranked {
                    let layer = Layer {
                        error,
                        value: *value,
                        metric: self.metric,
                        bars,
                        most,
                        is_chosen: self.chosen == Some(error.float),
                        wider: variant.wider.get(&error.float),
                        is_wider: recipe
                            .as_ref()
                            .is_some_and(|recipe| recipe.wider.contains_key(&error.name)),
                    };
                    match layer.ui(ui, theme, &float.model, tab.compress.making.is_some()) {
                        Some(Pressed::Bar) => {
                            self.chosen = (self.chosen != Some(error.float)).then_some(error.float);
                        }
                        Some(Pressed::Wider) => {
                            if let Some(recipe) = &recipe {
                                let recipes = vec![turned(recipe, &error.name)];
                                ctx.send(Command::Compress(CompressCommand::Make(recipes)));
                            }
                        }
                        None => {}
                    }
                }
            });
        });
    }

    /// The ranges of the chosen layer, of the worst one where none is chosen.
    pub fn ranges_ui(&mut self, ui: &mut Ui, tab: &Tab, ctx: &mut PanelContext<'_>) {
        let theme = ctx.theme;
        let Some((name, variant)) = tab.compress.selected_variant() else { return };
        let Some(record) = record(tab, name) else { return };
        let Some(base) = tab.compress.base(record.run) else { return };
        let (Some(errors), Some(float)) = (&variant.errors, &base.float) else {
            let rect = ui.available_rect_before_wrap();
            let words = "The ranges of a layer come with its comparison.";
            quiet_ui(ui, theme, rect, words);
            return;
        };
        let ranked = ranked(&errors.operators, self.metric, self.mode);
        let by_choice = self.chosen.and_then(|id| ranked.iter().find(|(error, _)| error.float == id));
        let Some((error, _)) = by_choice.or(ranked.first()) else { return };
        let rect = ui.available_rect_before_wrap();
        let (head, body) = rect.split_top_bottom_at_y(rect.top() + 34.0);
        let label = label_of(&float.model, error.float);
        let editor = LimitsEditor::new(tab, &float.model, record.recipe.as_ref(), error);
        let layout = egui::Layout::left_to_right(egui::Align::Center);
        let builder = egui::UiBuilder::new().max_rect(head.shrink2(vec2(16.0, 0.0))).layout(layout);
        ui.scope_builder(builder, |ui| {
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let choices = [(Ranges::Activation, "Activation"), (Ranges::Weights, "Weights")];
                segmented_small(ui, theme, &mut self.ranges, &choices);
                if let Some(editor) = editor.as_ref().filter(|_| self.ranges == Ranges::Activation) {
                    editor.buttons_ui(ui, tab.compress.making.is_some(), ctx);
                }
                ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                    ui.add(egui::Label::new(text::caption(theme, format!("Ranges of {label}"))).truncate());
                });
            });
        });
        let body = body.shrink2(vec2(16.0, 0.0));
        match self.ranges {
            Ranges::Activation => activation_ui(ui, body, base, variant, error, editor.as_ref(), ctx),
            Ranges::Weights => {
                let channels = self.channels(&record.file_sha256, &float.model, error.float);
                weights_ui(ui, theme, body, &float.model, error.float, &channels);
            }
        }
    }

    /// The largest magnitudes of the weights of an operator, by output channel.
    fn channels(&mut self, sha256: &str, model: &Model, operator: OperatorId) -> Arc<[f32]> {
        match &self.channels {
            Some((known, id, channels)) if known == sha256 && *id == operator => channels.clone(),
            _ => {
                let channels: Arc<[f32]> = channel_ranges(model, operator).into();
                self.channels = Some((sha256.to_owned(), operator, channels.clone()));
                channels
            }
        }
    }
}

/// `#7 DepthwiseConv2D` in the float32 model.
pub fn label_of(model: &Model, operator: OperatorId) -> String {
    let found = model.subgraphs.first().and_then(|graph| graph.operators.get(operator.index()));
    match found {
        Some(found) => format!("#{} {}", operator.0, operator_name(model, found)),
        None => format!("#{}", operator.0),
    }
}

/// Why there are no bars.
fn missing_ui(ui: &mut Ui, tab: &Tab, name: &str, variant: &Variant, ctx: &mut PanelContext<'_>) {
    let theme = ctx.theme;
    let compute = (ButtonKind::Outline, Some(Icon::RotateCw), "Compare the layers");
    let (strong, sentence, buttons): (_, _, &[_]) = if variant.model.is_none() {
        ("The file of this variant is missing", "Make the variant again, or delete its row.", &[])
    } else if tab.compress.examining.is_some() || tab.compress.making.is_some() {
        ("The layers are being compared", "Both models run over up to 100 test samples.", &[])
    } else if variant.agreement.as_ref().is_some_and(|agreement| agreement.share == 1.0)
        && variant.evaluated.is_some()
        && is_base(tab, name, variant)
    {
        ("This is what others are compared with", "Choose another variant to see where it loses.", &[])
    } else if crate::project::compress::compress_data(tab).is_none() {
        ("There are no samples yet", "The Data panel says what they wait for.", &[])
    } else {
        (
            "The layers were not compared",
            "Both models run over up to 100 test samples.",
            std::slice::from_ref(&compute),
        )
    };
    if empty(ui, theme, Icon::ChartBar, strong, sentence, buttons).is_some() {
        ctx.send(Command::Compress(CompressCommand::Examine(name.to_owned())));
    }
}

/// The variant is the float32 model itself.
pub fn is_base(tab: &Tab, name: &str, variant: &Variant) -> bool {
    let float = record(tab, name)
        .and_then(|record| tab.compress.base(record.run))
        .and_then(|base| base.float.as_ref());
    float.zip(variant.file.as_ref()).is_some_and(|(float, file)| float.file == *file)
}

/// Where the bars begin and how long the longest is.
fn bars_of(rect: Rect, has_wider: bool) -> (f32, f32) {
    let left = rect.left() + 176.0_f32.min(rect.width() * 0.36);
    let right = rect.right() - VALUE - 16.0 - if has_wider { WIDER } else { 0.0 };
    (left, (right - left).max(24.0))
}

/// The value at the right end of the axis.
fn axis_end(metric: Metric, ranked: &[(&OperatorError, f64)]) -> f64 {
    let finite = ranked.iter().map(|(_, value)| *value).filter(|value| value.is_finite());
    let most = finite.fold(0.0, f64::max);
    match metric {
        Metric::Sqnr => (most / 10.0).ceil().max(1.0) * 10.0,
        Metric::Cosine => 1.0,
        Metric::Largest | Metric::Rmse => {
            if most > 0.0 {
                most * 1.05
            } else {
                1.0
            }
        }
    }
}

fn axis_ui(
    ui: &Ui,
    theme: &Theme,
    head: Rect,
    (left, width): (f32, f32),
    metric: Metric,
    most: f64,
    has_wider: bool,
) {
    let painter = ui.painter();
    let y = head.center().y;
    let quiet = theme.text.text_3;
    let order = if metric.is_worst_low() { "lowest first" } else { "largest first" };
    painter.text(pos2(head.left() + 16.0, y), Align2::LEFT_CENTER, order, font_id::small(), quiet);
    let ends = [(left, Align2::LEFT_CENTER, 0.0), (left + width, Align2::RIGHT_CENTER, most)];
    for (x, anchor, value) in ends {
        let words = if value == 0.0 { "0".to_owned() } else { metric_end(metric, value) };
        painter.text(pos2(x, y), anchor, words, font_id::number_small(), quiet);
    }
    if has_wider {
        let at = pos2(head.right() - WIDER - 4.0, y);
        painter.text(at, Align2::LEFT_CENTER, "keep wider", font_id::small(), quiet);
    }
    hairline(painter, theme, head.x_range(), head.bottom() - 1.0);
}

fn metric_end(metric: Metric, value: f64) -> String {
    match metric {
        Metric::Sqnr => format!("{value:.0} dB"),
        Metric::Cosine => "1".to_owned(),
        Metric::Largest => format::significant(value, 2),
        Metric::Rmse => format!("{value:.2} steps"),
    }
}

/// What was pressed in a row.
enum Pressed {
    Bar,
    Wider,
}

/// A row with a bar.
struct Layer<'a> {
    error: &'a OperatorError,
    value: f64,
    metric: Metric,
    bars: (f32, f32),
    most: f64,
    is_chosen: bool,
    wider: Option<&'a Result<WiderCost, String>>,
    is_wider: bool,
}

impl Layer<'_> {
    fn ui(&self, ui: &mut Ui, theme: &Theme, model: &Model, is_busy: bool) -> Option<Pressed> {
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), LAYER), Sense::click());
        let found = model.subgraphs[0].operators.get(self.error.float.index())?;
        let name = operator_name(model, found);
        let value = self.metric.text(self.value);
        let number = self.error.float.0;
        response.widget_info(|| {
            let words = format!("Layer {number}, {name}, {}, {value}", self.metric.label());
            WidgetInfo::selected(Role::Row, true, self.is_chosen, words)
        });
        let painter = ui.painter();
        if self.is_chosen {
            painter.rect_filled(rect, 0.0, theme.accent.soft);
            painter.rect_filled(rect.with_max_x(rect.left() + 2.0), 0.0, theme.accent.base);
        } else if response.hovered() {
            painter.rect_filled(rect, 0.0, theme.surface.raised);
        }
        let middle = rect.center().y;
        let square = Rect::from_center_size(pos2(rect.left() + 20.0, middle), vec2(8.0, 8.0));
        let category = Category::of(model.builtin(found));
        painter.rect_filled(square, 2.0, theme.operator_colour(category));
        let at = pos2(rect.left() + 32.0, middle);
        painter.text(
            at,
            Align2::LEFT_CENTER,
            format!("#{number}"),
            font_id::number_small(),
            theme.text.text_3,
        );
        let is_bad = self.metric.is_bad(self.value);
        let (left, width) = self.bars;
        let font = if is_bad { font_id::caption() } else { font_id::cell() };
        let mut job = egui::text::LayoutJob::simple_singleline(name.clone(), font, theme.text.text_1);
        job.wrap = egui::text::TextWrapping::truncate_at_width((left - rect.left() - 70.0).max(24.0));
        let galley = painter.layout_job(job);
        painter.galley(pos2(rect.left() + 62.0, middle - galley.size().y / 2.0), galley, theme.text.text_1);
        let share =
            if self.value.is_finite() { (self.value / self.most).clamp(0.0, 1.0) as f32 } else { 1.0 };
        let colour = if self.value.is_infinite() {
            theme.surface.control
        } else if is_bad {
            theme.status.warn
        } else {
            theme.series[0]
        };
        let bar = Rect::from_min_size(pos2(left, middle - 7.0), vec2((width * share).max(1.0), 14.0));
        painter.rect_filled(bar, CornerRadius::same(1), colour);
        let at = pos2(bar.right() + 7.0, middle);
        painter.text(at, Align2::LEFT_CENTER, &value, font_id::number_small(), theme.text.text_1);
        let wider = self.wider.and_then(|wider| self.wider_ui(ui, theme, rect, wider, is_busy));
        if wider.is_some() {
            return wider;
        }
        let hint = self.hint();
        let clicked = response.clicked();
        response.on_hover_cursor(CursorIcon::PointingHand).on_hover_text(hint);
        clicked.then_some(Pressed::Bar)
    }

    /// All figures of the layer.
    fn hint(&self) -> String {
        let mut lines = vec![self.error.name.clone()];
        for (mode, words) in [(ErrorMode::Alone, "alone"), (ErrorMode::Accumulated, "accumulated")] {
            let texts: Vec<String> = [Metric::Sqnr, Metric::Cosine, Metric::Largest, Metric::Rmse]
                .into_iter()
                .filter_map(|metric| {
                    let value = metric.value(self.error, mode)?;
                    Some(format!("{} {}", metric.label(), metric.text(value)))
                })
                .collect();
            lines.push(format!("{words}: {}", texts.join(" · ")));
        }
        lines.push("Click to see its ranges".to_owned());
        lines.join("\n")
    }

    fn wider_ui(
        &self,
        ui: &mut Ui,
        theme: &Theme,
        row: Rect,
        wider: &Result<WiderCost, String>,
        is_busy: bool,
    ) -> Option<Pressed> {
        let left = row.right() - WIDER - 4.0;
        let switch = Rect::from_min_size(pos2(left, row.center().y - 6.5), vec2(SWITCH, 13.0));
        let id = ui.unique_id().with(("wider", self.error.float.0));
        let hit = Rect::from_center_size(switch.center(), vec2(SWITCH + 8.0, 22.0));
        let response = ui.interact(hit, id, Sense::click());
        let name = format!("Keep layer {} wider", self.error.float.0);
        let enabled = wider.is_ok() && !is_busy;
        response.widget_info(|| WidgetInfo::selected(Role::CheckBox, enabled, self.is_wider, &name));
        let painter = ui.painter();
        let fill = if self.is_wider { theme.accent.base } else { theme.surface.control };
        painter.rect_filled(switch, CornerRadius::same(6), fill);
        let x = if self.is_wider { switch.right() - 6.5 } else { switch.left() + 6.5 };
        let knob = if self.is_wider { theme.text.on_accent } else { theme.text.text_3 };
        painter.circle_filled(pos2(x, switch.center().y), 4.5, knob);
        let (words, colour, hint) = match wider {
            Ok(cost) => cost_words(theme, *cost, self.is_wider),
            Err(reason) => ("–".to_owned(), theme.text.text_3, reason.clone()),
        };
        let at = pos2(switch.right() + 8.0, row.center().y);
        painter.text(at, Align2::LEFT_CENTER, words, font_id::number_small(), colour);
        let pressed = enabled && response.clicked();
        response.on_hover_cursor(CursorIcon::PointingHand).on_hover_text(hint);
        pressed.then_some(Pressed::Wider)
    }
}

/// What keeping a layer wider costs: the arena where that is known, else the file.
fn cost_words(theme: &Theme, cost: WiderCost, is_wider: bool) -> (String, Color32, String) {
    let verb = if is_wider {
        "Makes a variant with this layer in int8 again"
    } else {
        "Makes a variant with this layer in int16"
    };
    let file = format!("file {} B", format::signed(cost.file));
    match cost.arena {
        Some(arena) => {
            let hint = format!("{verb}: arena {} B, {file}", format::signed(arena));
            (format!("{} B", format::signed(arena)), theme.text.text_2, hint)
        }
        None if cost.runs => {
            (format!("{} B", format::signed(cost.file)), theme.text.text_2, format!("{verb}: {file}"))
        }
        None => {
            let hint = format!("{verb}: {file}. It would not run on the chosen chip.");
            ("host only".to_owned(), theme.text.text_3, hint)
        }
    }
}

/// Limits of an activation that can be dragged: those of the variant, or what was chosen for the next one.
struct LimitsEditor<'t> {
    /// The recipe of the variant that is looked at.
    recipe: &'t Recipe,
    /// The name of the tensor.
    tensor: String,
    /// What the next variant is to be, if it is made from here.
    draft: Recipe,
}

impl<'t> LimitsEditor<'t> {
    /// `None` for a variant whose activations are not calibrated, and where the kernel prescribes the scale.
    fn new(tab: &'t Tab, model: &Model, recipe: Option<&'t Recipe>, error: &OperatorError) -> Option<Self> {
        let recipe = recipe.filter(|recipe| recipe.kind.needs_calibration())?;
        if !limits_decide(model, error.float) {
            return None;
        }
        let tensor = model.subgraphs.first()?.tensors.get(error.float_tensor.index())?.name.clone()?;
        Some(Self { recipe, tensor, draft: draft_from(&tab.compress.draft, recipe) })
    }

    /// The draft has other limits than the variant, somewhere.
    fn is_pending(&self) -> bool {
        self.draft.limits != self.recipe.limits
    }

    /// Buttons for what was dragged, from right to left.
    fn buttons_ui(&self, ui: &mut Ui, is_busy: bool, ctx: &mut PanelContext<'_>) {
        if self.draft.limits.contains_key(&self.tensor)
            && icon_button(ui, ctx.theme, Icon::Undo2, "Leave these limits to calibration").clicked()
        {
            ctx.send(self.command(None));
        }
        if self.is_pending()
            && !is_busy
            && small_button(ui, ctx.theme, ButtonKind::Primary, None, "Make it")
                .on_hover_text("Makes a variant with the limits that were dragged")
                .clicked()
        {
            ctx.send(Command::Compress(CompressCommand::Make(vec![self.draft.clone()])));
        }
    }

    fn command(&self, limits: Option<ChosenLimits>) -> Command {
        let recipe = Box::new(self.recipe.clone());
        Command::Compress(CompressCommand::SetLimits(recipe, self.tensor.clone(), limits))
    }

    fn limits(&self, seen: &TensorObservation) -> Option<Limits> {
        self.draft.limits.get(&self.tensor).map(|chosen| seen.chosen_limits(*chosen))
    }
}

/// The values of the output of a layer, with the limits of the variant, or of the next one where they were dragged.
fn activation_ui(
    ui: &mut Ui,
    rect: Rect,
    base: &Base,
    variant: &Variant,
    error: &OperatorError,
    editor: Option<&LimitsEditor<'_>>,
    ctx: &mut PanelContext<'_>,
) {
    let seen = base.calibrated.as_ref();
    let observation = seen.and_then(|calibrated| calibrated.observations.tensors.get(&error.float_tensor));
    let Some(observation) = observation else {
        let words = "Variants with integer activations are calibrated: choose one of them.";
        quiet_ui(ui, ctx.theme, rect, words);
        return;
    };
    let of_draft = editor.and_then(|editor| editor.limits(observation));
    let limits = of_draft.or_else(|| variant.limits(error.float_tensor));
    let id = error.float_tensor.0;
    let edit = histogram_ui(ui, ctx.theme, rect, observation, limits, editor.map(|_| id));
    if let (Some(Edit::Done(chosen)), Some(editor)) = (edit, editor) {
        ctx.send(editor.command(Some(chosen)));
    }
}

fn weights_ui(ui: &mut Ui, theme: &Theme, rect: Rect, model: &Model, operator: OperatorId, channels: &[f32]) {
    let most = channels.iter().copied().fold(0f32, f32::max);
    if most == 0.0 {
        quiet_ui(ui, theme, rect, "This layer has no weights.");
        return;
    }
    let (field, foot) = rect.split_top_bottom_at_y(rect.bottom() - 26.0);
    let least = channels.iter().copied().filter(|value| *value > 0.0).fold(most, f32::min);
    let ratio = most / least;
    let words = format!(
        "{}, largest {} times the smallest",
        format::counted(channels.len() as u64, "channel", "channels"),
        format::significant(f64::from(ratio), 2)
    );
    let response = ui.interact(field, ui.unique_id().with("weights"), Sense::hover());
    response
        .widget_info(|| WidgetInfo::labeled(Role::Image, true, format!("Weight range per channel, {words}")));
    let found = model.subgraphs.first().and_then(|graph| graph.operators.get(operator.index()));
    let category = found.map_or(Category::Control, |found| Category::of(model.builtin(found)));
    let painter = ui.painter();
    painter.rect_filled(field, 0.0, theme.plot.background);
    let n_bars = channels.len().min((field.width() / 2.0) as usize).max(1);
    let width = field.width() / n_bars as f32;
    let gap = if width > 5.0 { 1.6 } else { 0.4 };
    let middle = field.center().y;
    for bar in 0..n_bars {
        let shared = &channels[bar * channels.len() / n_bars..(bar + 1) * channels.len() / n_bars];
        let value = shared.iter().copied().fold(0f32, f32::max);
        let half = ((field.height() / 2.0 - 3.0) * value / most).max(0.5);
        let left = field.left() + width * bar as f32;
        let rect = Rect::from_min_max(
            pos2(left + gap / 2.0, middle - half),
            pos2(left + (width - gap / 2.0).max(1.0), middle + half),
        );
        let colour =
            if value == most && ratio > 4.0 { theme.status.warn } else { theme.operator_colour(category) };
        painter.rect_filled(rect, 1.0, with_alpha(colour, 0.85));
    }
    let line = Rect::from_min_size(pos2(field.left(), middle), vec2(field.width(), 1.0));
    painter.rect_filled(line, 0.0, theme.plot.axis);
    frame_ui(ui, theme, field);
    let y = foot.top() + 12.0;
    let quiet = theme.text.text_3;
    painter.text(pos2(foot.left(), y), Align2::LEFT_CENTER, words, font_id::number_small(), quiet);
    let range = format!("range ±{}", format::significant(f64::from(most), 3));
    painter.text(
        pos2(foot.right(), y),
        Align2::RIGHT_CENTER,
        range,
        font_id::number_small(),
        theme.text.text_2,
    );
    if let Some(at) = response.hover_pos() {
        let channel = ((at.x - field.left()) / field.width() * channels.len() as f32) as usize;
        let channel = channel.min(channels.len() - 1);
        response.on_hover_text(format!("channel {channel}: ±{}", format::scale(channels[channel])));
    }
}

fn quiet_ui(ui: &mut Ui, theme: &Theme, rect: Rect, words: &str) {
    let galley = ui.painter().layout(words.to_owned(), font_id::cell(), theme.text.text_3, rect.width());
    ui.painter().galley(rect.center() - galley.size() / 2.0, galley, theme.text.text_3);
}

/// The largest magnitude of the float32 weights of each output channel; empty for operators without any.
fn channel_ranges(model: &Model, operator: OperatorId) -> Vec<f32> {
    let found = || {
        let main = model.subgraphs.first()?;
        let operator = main.operators.get(operator.index())?;
        let tensor = main.tensor(operator.input(1)?);
        let values = Values::of_tensor(tensor, model.constant_data(tensor)?)?;
        // Depthwise weights have their channels last, all others first: OHWI.
        let is_depthwise = Category::of(model.builtin(operator)) == Category::Depthwise;
        let size = |dimension: &i32| usize::try_from(*dimension).unwrap_or(1).max(1);
        let count = match is_depthwise {
            true => size(tensor.shape.last()?),
            false => size(tensor.shape.first()?),
        };
        let total: usize = tensor.shape.iter().map(size).product();
        let run = if is_depthwise { 1 } else { (total / count).max(1) };
        let mut largest = vec![0f32; count];
        for (index, value) in values.enumerate() {
            let channel = &mut largest[index / run % count];
            *channel = channel.max(value.abs() as f32);
        }
        let has_weights = matches!(
            Category::of(model.builtin(operator)),
            Category::Conv | Category::Depthwise | Category::Dense | Category::Recurrent
        );
        has_weights.then_some(largest)
    };
    found().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_leave_room_for_names_and_switches() {
        let rect = Rect::from_min_size(pos2(0.0, 0.0), vec2(440.0, 300.0));
        for has_wider in [false, true] {
            let (left, width) = bars_of(rect, has_wider);
            assert!(left > 120.0 && left + width + VALUE < rect.right());
        }
        let narrow = Rect::from_min_size(pos2(0.0, 0.0), vec2(120.0, 300.0));
        assert!(bars_of(narrow, true).1 >= 24.0);
    }

    #[test]
    fn the_axis_ends_at_a_round_figure() {
        assert_eq!(axis_end(Metric::Sqnr, &[]), 10.0);
        assert_eq!(axis_end(Metric::Cosine, &[]), 1.0);
    }
}
