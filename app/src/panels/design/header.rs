//! The right end of the header: facts and tags at the left of it, then undo, views, tidy, copies, train.

use egui::{Align, Label, Layout, Popup, Ui};
use emberlab_core::layers::{costs, keras_code, summary};
use emberlab_core::plan::Target;

use super::facts::NetworkFacts;
use super::{PanelFront, edits, gallery};
use crate::command::Command;
use crate::document::PanelKind;
use crate::messages::Level;
use crate::panels::PanelContext;
use crate::project::DesignCommand;
use crate::project::design::DesignView;
use crate::theme::widgets::{ButtonKind, Verdict, button, icon_button, segmented, tag_button};
use crate::theme::{Icon, format, text};

/// Draws the end of the header.
pub fn ui(ui: &mut Ui, front: &PanelFront<'_>, ctx: &mut PanelContext<'_>) {
    let theme = ctx.theme;
    let design = &front.project.design;
    // From right to left.
    if button(ui, theme, ButtonKind::Primary, Some(Icon::Activity), "Train").clicked() {
        ctx.send(Command::ShowPanel(PanelKind::Train));
    }
    copies_ui(ui, front, ctx);
    let tidy = button(ui, theme, ButtonKind::Outline, Some(Icon::Network), "Tidy");
    if tidy.on_hover_text("Leave all places to the layout").clicked() {
        ctx.send(Command::Design(DesignCommand::Edit(edits::tidied(front.project.design.graph()))));
    }
    let templates = button(ui, theme, ButtonKind::Outline, Some(Icon::Shapes), "Templates");
    if templates.on_hover_text(gallery::hint()).clicked() {
        ctx.send(Command::Design(DesignCommand::ShowTemplates(!design.templates_open)));
    }
    let mut view = design.view;
    if segmented(ui, theme, &mut view, &[(DesignView::Graph, "Graph"), (DesignView::List, "List")]) {
        ctx.send(Command::Design(DesignCommand::Show(view)));
    }
    let history = design.history();
    let redo = ui.add_enabled_ui(history.n_redo() > 0, |ui| icon_button(ui, theme, Icon::Redo2, "Redo"));
    if redo.inner.clicked() {
        ctx.send(Command::Design(DesignCommand::Redo));
    }
    let undo = ui.add_enabled_ui(history.n_undo() > 0, |ui| icon_button(ui, theme, Icon::Undo2, "Undo"));
    if undo.inner.clicked() {
        ctx.send(Command::Design(DesignCommand::Undo));
    }
    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
        ui.spacing_mut().item_spacing.x = 12.0;
        facts_ui(ui, front.facts, ctx);
    });
}

/// Layers, parameters and errors, as many as there is room for.
fn facts_ui(ui: &mut Ui, facts: &NetworkFacts, ctx: &mut PanelContext<'_>) {
    let theme = ctx.theme;
    let room = ui.available_width();
    let layers = format::counted(facts.layers.len() as u64, "layer", "layers");
    let parameters = format::counted(facts.totals.parameters, "parameter", "parameters");
    // The figures stand in a face of fixed advance.
    let width = |words: &str| words.chars().count() as f32 * 7.3 + 12.0;
    // An empty network says itself what to do.
    let errors = if facts.layers.is_empty() { 0 } else { facts.n_problems() };
    let tag_width = if errors > 0 { 80.0 } else { 0.0 };
    let mut left = room - tag_width;
    for words in [layers, parameters] {
        if width(&words) < left {
            left -= width(&words);
            ui.add(Label::new(text::number(words).color(theme.text.text_2)).extend());
        }
    }
    if errors > 0 {
        let words = format::counted(errors as u64, "error", "errors");
        if tag_button(ui, theme, Verdict::Over, Icon::CircleX, &words).clicked() {
            let first = facts
                .layers
                .iter()
                .find(|layer| layer.worst() == Some(emberlab_core::verdict::Severity::Error));
            if let Some(layer) = first {
                ctx.send(Command::Design(DesignCommand::Choose(vec![layer.id])));
            }
        }
    }
}

/// The table that Keras prints, with what each layer costs if the network fits.
fn summary_text(front: &PanelFront<'_>, target: Target) -> String {
    let drawn = front.drawn;
    let costs = costs(&drawn.graph, &drawn.shapes, target).ok();
    summary(&drawn.graph, &drawn.shapes, costs.as_ref()).to_string()
}

/// Copy as Keras, and the menu of other copies.
fn copies_ui(ui: &mut Ui, front: &PanelFront<'_>, ctx: &mut PanelContext<'_>) {
    let theme = ctx.theme;
    let more = icon_button(ui, theme, Icon::ChevronDown, "More copies");
    Popup::menu(&more).show(|ui| {
        let target = ctx.document.target;
        let mut item = |ui: &mut Ui, label: &str, copy: &dyn Fn() -> (String, &'static str)| {
            if ui.button(label).clicked() {
                let (words, what) = copy();
                ctx.commands.push(Command::Copy(words, what.to_owned()));
                ui.close();
            }
        };
        item(ui, "Copy summary", &|| (summary_text(front, target), "the summary"));
        item(ui, "Copy table", &|| (super::summary::tsv(front.facts), "the table"));
    });
    if button(ui, theme, ButtonKind::Outline, Some(Icon::Copy), "Copy as Keras").clicked() {
        match keras_code(front.project.design.graph()) {
            Ok(code) => ctx.send(Command::Copy(code, "the network as Keras code".to_owned())),
            Err(error) => ctx.send(Command::Say(Level::Warning, format!("Nothing was copied. {error}"))),
        }
    }
}
