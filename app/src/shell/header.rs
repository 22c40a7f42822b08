//! The header of a panel: its name, facts of the model, then what the panel puts at the right end.

use egui::{Align, Label, Layout, Ui, UiBuilder};
use emberlab_core::model::{Model, TensorType};

use super::Context;
use crate::document::{OpenModel, PanelKind};
use crate::theme::widgets::{Verdict, hairline, tag};
use crate::theme::{Icon, format, text};

/// What float32 weights mean on a chip.
const FLOAT_WEIGHTS: &str = "float32 weights: the file is about 4 times as large as in int8, and TFLM's float kernels run \
                             it, which ESP-NN does not speed up.";

pub(super) fn ui(
    ui: &mut Ui,
    open: &OpenModel,
    ctx: &mut Context<'_>,
    right_end: impl FnOnce(&mut Ui, &mut Context<'_>),
) {
    let rect = ui.max_rect();
    hairline(ui.painter(), ctx.theme, rect.x_range(), rect.bottom() - 1.0);
    let inner = rect.shrink2(egui::vec2(16.0, 0.0));
    let builder = UiBuilder::new().max_rect(inner).layout(Layout::left_to_right(Align::Center));
    ui.scope_builder(builder, |ui| {
        ui.spacing_mut().item_spacing.x = 12.0;
        let title = text::title(ctx.document.panel.label()).color(ctx.theme.text.text_1);
        ui.add(Label::new(title).extend());
        if ctx.document.panel == PanelKind::Inspect {
            facts_ui(ui, open, inner.width(), ctx);
        }
        if ctx.document.panel == PanelKind::Compress {
            for fact in ctx.document.active_tab().into_iter().flat_map(crate::panels::compress::facts) {
                ui.add(Label::new(text::number(fact).color(ctx.theme.text.text_2)).extend());
            }
        }
        if open.is_placeholder {
            tag(ui, ctx.theme, Verdict::Info, Icon::Info, "Placeholder int8 weights").on_hover_text(
                "The network of the project as the chip would run it in int8: what it costs is exact, but until it is \
                 trained and quantized its answers mean nothing. The runs of the Train panel give float32 models.",
            );
        }
        if open.has_float_weights {
            tag(ui, ctx.theme, Verdict::Warn, Icon::TriangleAlert, "float32 weights").on_hover_text(FLOAT_WEIGHTS);
        }
        if open.untrained_example {
            tag(ui, ctx.theme, Verdict::Info, Icon::Info, "Untrained example")
                .on_hover_text("Made to show what a model costs. Its weights are pseudo-random, so its answers mean nothing.");
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 8.0;
            right_end(ui, ctx);
        });
    });
}

/// The header of a panel that works on a project: its name, the project's name, facts of the panel.
pub(super) fn project_ui(
    ui: &mut Ui,
    ctx: &mut Context<'_>,
    right_end: impl FnOnce(&mut Ui, &mut Context<'_>),
) {
    let rect = ui.max_rect();
    hairline(ui.painter(), ctx.theme, rect.x_range(), rect.bottom() - 1.0);
    let inner = rect.shrink2(egui::vec2(16.0, 0.0));
    let builder = UiBuilder::new().max_rect(inner).layout(Layout::left_to_right(Align::Center));
    ui.scope_builder(builder, |ui| {
        ui.spacing_mut().item_spacing.x = 12.0;
        let title = text::title(ctx.document.panel.label()).color(ctx.theme.text.text_1);
        ui.add(Label::new(title).extend());
        if let Some((_, project)) = ctx.document.active_project() {
            let name = text::number(&project.project.name).color(ctx.theme.text.text_2);
            ui.add(Label::new(name).extend());
            if ctx.document.panel == PanelKind::Compress {
                for fact in ctx.document.active_tab().into_iter().flat_map(crate::panels::compress::facts) {
                    ui.add(Label::new(text::number(fact).color(ctx.theme.text.text_2)).extend());
                }
            }
            if ctx.document.panel == PanelKind::Train {
                for fact in crate::panels::train::facts(project) {
                    ui.add(Label::new(text::number(fact).color(ctx.theme.text.text_2)).extend());
                }
            }
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 8.0;
            right_end(ui, ctx);
        });
    });
}

/// Facts, as many as the width has room for.
fn facts_ui(ui: &mut Ui, open: &OpenModel, width: f32, ctx: &Context<'_>) {
    let operators: usize = open.model.subgraphs.iter().map(|graph| graph.operators.len()).sum();
    let mut facts = vec![format::bytes(open.file_bytes)];
    facts.extend(input_type(&open.model).map(|ty| ty.name().to_owned()));
    facts.push(format::counted(operators as u64, "operator", "operators"));
    if width > 900.0 {
        facts.push(format!("{} MACs", format::count(open.totals.macs)));
    }
    if width > 1100.0 {
        facts.push(format::counted(open.totals.parameters, "parameter", "parameters"));
    }
    for fact in facts {
        ui.add(Label::new(text::number(fact).color(ctx.theme.text.text_2)).extend());
    }
}

/// The type of the first input of the main subgraph.
fn input_type(model: &Model) -> Option<TensorType> {
    let main = model.subgraphs.first()?;
    let input = main.inputs.first()?;
    main.tensors.get(input.index()).map(|tensor| tensor.ty)
}
