//! The choice of arithmetic and of what a run is compared with.

use egui::{ComboBox, Ui};
use emberlab_core::run::Semantics;

use super::PanelContext;
use crate::command::Command;
use crate::document::{Document, TabContent};
use crate::run_state::Comparison;
use crate::theme::text;
use crate::theme::widgets::segmented;

/// Name of an arithmetic on the screen.
pub fn semantics_label(semantics: Semantics) -> &'static str {
    match semantics {
        Semantics::Tflm => "TFLM",
        Semantics::Litert => "LiteRT",
    }
}

/// The arithmetic that a comparison of semantics takes beside `semantics`.
pub fn other_semantics(semantics: Semantics) -> Semantics {
    match semantics {
        Semantics::Tflm => Semantics::Litert,
        Semantics::Litert => Semantics::Tflm,
    }
}

/// What a comparison is with, in words.
pub fn comparison_label(document: &Document, semantics: Semantics, comparison: Comparison) -> String {
    match comparison {
        Comparison::None => "Compare with nothing".to_owned(),
        Comparison::Semantics => {
            format!("Compare with {} arithmetic", semantics_label(other_semantics(semantics)))
        }
        Comparison::Model(id) => match document.tab(id) {
            Some(tab) => format!("Compare with {}", tab.title),
            None => "Compare with a closed model".to_owned(),
        },
    }
}

/// Draws both choices, from right to left.
pub(super) fn choice_ui(ui: &mut Ui, ctx: &mut PanelContext<'_>) {
    let document = ctx.document;
    let Some(tab) = document.active_tab() else { return };
    let current = tab.run.comparison;
    let mut chosen = current;
    let others = document.tabs.iter().filter(|other| other.id != tab.id);
    let models = others.filter(|other| matches!(other.content, TabContent::Model(_)));
    let choices = [Comparison::None, Comparison::Semantics]
        .into_iter()
        .chain(models.map(|other| Comparison::Model(other.id)));
    let label = comparison_label(document, tab.run.semantics, current);
    let response = ComboBox::from_id_salt("compare with")
        .width(180.0)
        .selected_text(text::label(&label))
        .show_ui(ui, |ui| {
            for choice in choices {
                let label = comparison_label(document, tab.run.semantics, choice);
                ui.selectable_value(&mut chosen, choice, text::label(label));
            }
        });
    response.response.on_hover_text("Run a second time and show the largest difference of every layer");
    if chosen != current {
        ctx.send(Command::SetComparison(chosen));
    }
    let mut semantics = tab.run.semantics;
    let choices =
        [Semantics::Tflm, Semantics::Litert].map(|semantics| (semantics, semantics_label(semantics)));
    if segmented(ui, ctx.theme, &mut semantics, &choices) {
        ctx.send(Command::SetSemantics(semantics));
    }
}
