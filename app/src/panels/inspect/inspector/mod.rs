//! The inspector: what is selected, in detail.

mod charts;
mod model;
mod operator;
mod tensor;
mod values;

use std::collections::BTreeSet;
use std::sync::Arc;

use egui::{Align2, Color32, CornerRadius, Margin, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};
use emberlab_core::model::{SubgraphId, TensorId};
use emberlab_core::plan::Target;

use super::facts::ModelFacts;
use super::names::{layer_of, tail_fitting};
use crate::command::Command;
use crate::document::{OpenModel, Selection, Tab};
use crate::jobs::measured;
use crate::theme::widgets::{Verdict, chip_outline, focus_ring, note};
use crate::theme::{Theme, font_id};
use model::ModelPage;
use operator::{OperatorPage, main_constant};
use tensor::{Measured, TensorPage};

/// Which page is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Page {
    /// The operator that is selected.
    Operator,
    /// Its tensors, or the tensor that is selected.
    Tensors,
    /// The model.
    #[default]
    Model,
}

/// What the inspector shows.
#[derive(Clone, Copy)]
pub struct InspectorContent<'a> {
    /// Colours.
    pub theme: &'a Theme,
    /// The tab in front.
    pub tab: &'a Tab,
    /// Its model.
    pub open: &'a OpenModel,
    /// What is known about it.
    pub facts: &'a ModelFacts,
    /// Chip and kernels.
    pub target: Target,
}

/// View state of the inspector.
#[derive(Default)]
pub struct Inspector {
    page: Page,
    /// The selection that the page was chosen for.
    shown: Selection,
    /// The tensor of the selected operator that the user looks at.
    chosen: Option<TensorId>,
    /// Elements are shown as the real numbers that they stand for.
    real: bool,
    /// Small constants that were measured at once; the key is the address of the model.
    measured: Option<(usize, SubgraphId, TensorId, Measured)>,
    /// Large constants that a job was asked to measure; the first is the address of the model.
    asked: (usize, BTreeSet<(SubgraphId, TensorId)>),
    /// Why a tensor could not be saved.
    npy_error: Option<(TensorId, String, String)>,
}

impl Inspector {
    /// Title, page switch and page.
    pub fn ui(&mut self, ui: &mut Ui, content: &InspectorContent<'_>, commands: &mut Vec<Command>) {
        let InspectorContent { theme, tab, open, facts, target } = *content;
        self.follow(tab.selection);
        ui.spacing_mut().item_spacing.y = 0.0;
        self.heading(content).ui(ui, theme);
        let has_operator = matches!(tab.selection, Selection::Operator(..) | Selection::Scratch(..));
        egui::Frame::new().inner_margin(Margin { left: 16, right: 16, top: 0, bottom: 12 }).show(ui, |ui| {
            page_switch_ui(ui, theme, &mut self.page, has_operator);
        });
        match (self.page, tab.selection) {
            (
                Page::Operator,
                Selection::Operator(subgraph, operator) | Selection::Scratch(subgraph, operator, _),
            ) => {
                OperatorPage { theme, open, facts, target, subgraph, operator }.ui(ui, self, commands);
            }
            (Page::Tensors, selection) => {
                let subgraph = subgraph_of(selection).unwrap_or(tab.subgraph);
                TensorPage { theme, open, facts, subgraph, selection }.ui(ui, self, commands);
            }
            (Page::Model, _) | (Page::Operator, Selection::None | Selection::Tensor(..)) => {
                ModelPage { theme, open, facts }.ui(ui, commands);
            }
        }
    }

    /// Shows the page of what has been selected since.
    fn follow(&mut self, selection: Selection) {
        if self.shown == selection {
            return;
        }
        self.shown = selection;
        self.chosen = None;
        self.page = match selection {
            Selection::None => Page::Model,
            Selection::Tensor(..) => Page::Tensors,
            // Who compares the tensors of operators stays on their page.
            Selection::Operator(..) | Selection::Scratch(..) if self.page == Page::Tensors => Page::Tensors,
            Selection::Operator(..) | Selection::Scratch(..) => Page::Operator,
        };
    }

    /// Shows a tensor of the selected operator.
    fn show_tensor(&mut self, tensor: TensorId) {
        self.chosen = Some(tensor);
        self.page = Page::Tensors;
    }

    /// The tensor that the tensors' page is about.
    fn shown_tensor(&self, open: &OpenModel, subgraph: SubgraphId, selection: Selection) -> Option<TensorId> {
        match selection {
            Selection::Tensor(_, tensor) => Some(tensor),
            Selection::None => None,
            Selection::Operator(_, operator) | Selection::Scratch(_, operator, _) => {
                self.chosen.or_else(|| {
                    let graph = open.model.subgraphs.get(subgraph.index())?;
                    let operator = graph.operators.get(operator.index())?;
                    let weights = main_constant(&open.model, graph, operator).map(|(_, tensor)| tensor);
                    weights.or_else(|| operator.output(0)).or_else(|| operator.input(0))
                })
            }
        }
    }

    /// The figures of a constant: at once where it is small, else `None` until a job has measured it.
    fn statistics(
        &mut self,
        open: &OpenModel,
        subgraph: SubgraphId,
        tensor: TensorId,
        at_once: usize,
        commands: &mut Vec<Command>,
    ) -> Option<Measured> {
        if let Some(known) = open.statistics.get(&(subgraph, tensor)) {
            return Some(known.clone());
        }
        let model = Arc::as_ptr(&open.model).addr();
        if let Some((known_model, known_subgraph, known_tensor, measured)) = &self.measured
            && (*known_model, *known_subgraph, *known_tensor) == (model, subgraph, tensor)
        {
            return Some(measured.clone());
        }
        let data = open.model.subgraphs.get(subgraph.index())?.tensors.get(tensor.index())?;
        if open.model.constant_data(data).is_none_or(|bytes| bytes.len() <= at_once) {
            let found = measured(&open.model, subgraph, tensor).map(Arc::new);
            self.measured = Some((model, subgraph, tensor, found.clone()));
            return Some(found);
        }
        if self.asked.0 != model {
            self.asked = (model, BTreeSet::new());
        }
        if self.asked.1.insert((subgraph, tensor)) {
            commands.push(Command::Measure(subgraph, tensor));
        }
        None
    }

    fn heading(&self, content: &InspectorContent<'_>) -> Heading {
        let InspectorContent { theme, tab, open, facts, .. } = *content;
        let model = || {
            let description = open.model.description.clone().unwrap_or_default();
            Heading { dot: None, title: tab.title.clone(), number: String::new(), below: description }
        };
        if self.page == Page::Model {
            return model();
        }
        match tab.selection {
            Selection::None => model(),
            Selection::Operator(subgraph, operator) | Selection::Scratch(subgraph, operator, _) => {
                let Some(graph) = facts.graph(subgraph) else { return model() };
                let Some(known) = graph.operators.get(operator.index()) else { return model() };
                let output = open
                    .model
                    .subgraphs
                    .get(subgraph.index())
                    .and_then(|graph| graph.operators.get(operator.index())?.output(0));
                let name = output.and_then(|tensor| graph.tensors.get(tensor.index()));
                Heading {
                    dot: Some(theme.operator_colour(known.category)),
                    title: known.name.clone(),
                    number: format!("#{}", operator.0),
                    below: name.map(|tensor| tensor.name.clone()).unwrap_or_default(),
                }
            }
            Selection::Tensor(subgraph, tensor) => {
                let known = facts.graph(subgraph).and_then(|graph| graph.tensors.get(tensor.index()));
                let title = known.map_or_else(String::new, |known| known.shape.clone());
                Heading {
                    dot: None,
                    title: format!("Tensor {title}"),
                    number: format!("t{}", tensor.0),
                    below: known.map(|known| known.name.clone()).unwrap_or_default(),
                }
            }
        }
    }
}

/// Title of the inspector.
struct Heading {
    dot: Option<Color32>,
    title: String,
    number: String,
    below: String,
}

impl Heading {
    fn ui(&self, ui: &mut Ui, theme: &Theme) {
        let height = if self.below.is_empty() { 42.0 } else { 62.0 };
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Heading, true, &self.title));
        let middle = rect.top() + 22.0;
        let mut left = rect.left() + 16.0;
        if let Some(colour) = self.dot {
            let dot = Rect::from_center_size(pos2(left + 5.0, middle), vec2(10.0, 10.0));
            ui.painter().rect_filled(dot, 2.0, colour);
            left += 18.0;
        }
        let right = rect.right() - 16.0;
        let number = ui.painter().text(
            pos2(right, middle),
            Align2::RIGHT_CENTER,
            &self.number,
            font_id::number(),
            theme.text.text_3,
        );
        let cut = |ui: &Ui, text: &str, font, colour, width: f32| {
            let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), font, colour);
            job.wrap = egui::text::TextWrapping::truncate_at_width(width.max(16.0));
            ui.painter().layout_job(job)
        };
        let title = cut(ui, &self.title, font_id::title(), theme.text.text_1, number.left() - 8.0 - left);
        let is_cut = title.elided;
        ui.painter().galley(pos2(left, middle - title.size().y / 2.0), title, theme.text.text_1);
        let mut below_cut = false;
        if !self.below.is_empty() {
            let left = rect.left() + 16.0;
            let shown = tail_fitting(ui, layer_of(&self.below), font_id::cell(), right - left);
            below_cut = shown != self.below;
            let below = cut(ui, &shown, font_id::cell(), theme.text.text_3, right - left);
            ui.painter().galley(
                pos2(left, rect.top() + 43.0 - below.size().y / 2.0),
                below,
                theme.text.text_3,
            );
        }
        if is_cut || below_cut {
            response.on_hover_text(format!("{}\n{}", self.title, self.below));
        }
    }
}

/// A switch as wide as the inspector.
fn page_switch_ui(ui: &mut Ui, theme: &Theme, page: &mut Page, has_operator: bool) {
    let choices = [(Page::Operator, "Operator"), (Page::Tensors, "Tensors"), (Page::Model, "Model")];
    let (rect, whole) = ui.allocate_exact_size(vec2(ui.available_width(), 22.0), Sense::hover());
    let trough = if theme.dark { theme.surface.window } else { theme.surface.control };
    ui.painter().rect_filled(rect, CornerRadius::same(4), trough);
    chip_outline(ui, rect, 4, theme.line.subtle);
    let width = (rect.width() - 4.0) / choices.len() as f32;
    for (place, (choice, label)) in choices.into_iter().enumerate() {
        let cell = Rect::from_min_size(
            pos2(rect.left() + 2.0 + width * place as f32, rect.top() + 2.0),
            vec2(width, rect.height() - 4.0),
        );
        let enabled = choice != Page::Operator || has_operator;
        let response =
            ui.interact(cell, whole.id.with(label), if enabled { Sense::click() } else { Sense::hover() });
        let chosen = *page == choice;
        response.widget_info(|| WidgetInfo::selected(Role::RadioButton, enabled, chosen, label));
        if response.clicked() {
            *page = choice;
        }
        if chosen {
            let fill = if theme.dark { theme.surface.control } else { theme.surface.panel };
            ui.painter().rect_filled(cell, CornerRadius::same(3), fill);
            if !theme.dark {
                chip_outline(ui, cell, 3, theme.line.strong);
            }
        }
        let colour = match (enabled, chosen || response.hovered()) {
            (false, _) => theme.text.disabled,
            (true, true) => theme.text.text_1,
            (true, false) => theme.text.text_2,
        };
        ui.painter().text(cell.center(), Align2::CENTER_CENTER, label, font_id::small_strong(), colour);
        focus_ring(ui, theme, &response);
    }
}

/// Notes one below the other.
fn notes_ui(ui: &mut Ui, theme: &Theme, notes: &[(Verdict, String, String)]) {
    if notes.is_empty() {
        return;
    }
    egui::Frame::new().inner_margin(Margin { left: 16, right: 16, top: 0, bottom: 10 }).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 8.0;
        for (verdict, bold, rest) in notes {
            note(ui, theme, *verdict, bold, rest);
        }
    });
}

fn subgraph_of(selection: Selection) -> Option<SubgraphId> {
    match selection {
        Selection::None => None,
        Selection::Operator(subgraph, _)
        | Selection::Tensor(subgraph, _)
        | Selection::Scratch(subgraph, ..) => Some(subgraph),
    }
}
