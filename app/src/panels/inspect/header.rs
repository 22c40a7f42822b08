//! The right end of the panel's header: the verdict, the count of notes, and the export menu.

use egui::{Align, Layout, Popup, Ui};
use emberlab_core::plan::Target;
use emberlab_core::verdict::{Kernel, Severity};

use super::facts::ModelFacts;
use crate::document::OpenModel;
use crate::theme::widgets::{ButtonKind, Verdict, button, tag, tag_button};
use crate::theme::{Icon, Theme, format, text};

/// What the user chose in the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderEvent {
    /// Save the graph as SVG.
    Svg,
    /// Save the graph as PNG.
    Png,
    /// List what deserves attention.
    Problems,
}

/// Whether a model runs on the chosen chip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunsOn {
    /// Good, refused, or not yet known.
    pub verdict: Verdict,
    /// In a few words.
    pub text: String,
    /// Why, for the tooltip.
    pub reason: String,
}

impl RunsOn {
    /// The verdict on a model; `None` while it is being judged.
    pub fn of(open: &OpenModel, facts: &ModelFacts, target: Target) -> Option<Self> {
        let chip = target.chip.label();
        let plan = open.plan(target)?;
        let refusals = plan.as_ref().err().filter(|refusals| !refusals.is_empty());
        if let Some(refusals) = refusals {
            let on_host = facts.findings.iter().any(|finding| finding.message.contains("host-only"));
            let first = &refusals[0];
            let others = refusals.len() - 1;
            let more = if others == 0 { String::new() } else { format!("\nand {others} more") };
            let text = if on_host { "Host only".to_owned() } else { format!("Does not run on {chip}") };
            let reason = format!("{}\n{}{more}", first.message, first.help);
            return Some(Self { verdict: Verdict::Over, text, reason });
        }
        let operators = || facts.graphs.iter().flat_map(|graph| &graph.operators);
        let n_operators = operators().count();
        let is_fast =
            |kernel: &Option<Kernel>| matches!(kernel, Some(Kernel::EspNnSimd | Kernel::EspNnGeneric));
        let n_fast = operators().filter(|operator| is_fast(&operator.kernel)).count();
        let reason =
            format!("TFLM prepares all {n_operators} operators; {n_fast} of them run on ESP-NN kernels");
        Some(Self { verdict: Verdict::Ok, text: format!("Runs on {chip}"), reason })
    }
}

/// Draws the export menu at the right end and the tags left of it, beside the facts; `ui` runs from right to left.
pub fn header_ui(
    ui: &mut Ui,
    theme: &Theme,
    open: &OpenModel,
    facts: &ModelFacts,
    target: Target,
) -> Option<HeaderEvent> {
    let mut event = None;
    let export = button(ui, theme, ButtonKind::Outline, Some(Icon::Upload), "Export");
    Popup::menu(&export).show(|ui| {
        for (label, choice) in [("Graph as SVG…", HeaderEvent::Svg), ("Graph as PNG…", HeaderEvent::Png)]
        {
            if ui.button(text::label(label)).clicked() {
                event = Some(choice);
                ui.close();
            }
        }
    });
    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
        ui.spacing_mut().item_spacing.x = 8.0;
        event = event.or(tags_ui(ui, theme, open, facts, target));
    });
    event
}

fn tags_ui(
    ui: &mut Ui,
    theme: &Theme,
    open: &OpenModel,
    facts: &ModelFacts,
    target: Target,
) -> Option<HeaderEvent> {
    if let Some(runs) = RunsOn::of(open, facts, target) {
        tag(ui, theme, runs.verdict, runs.verdict.icon(), &runs.text).on_hover_text(runs.reason);
    }
    let n_findings = facts.n_findings(Severity::Note);
    if n_findings == 0 {
        return None;
    }
    let (verdict, icon) = match facts.findings.first().map(|finding| finding.severity) {
        Some(Severity::Error) => (Verdict::Over, Icon::CircleX),
        Some(Severity::Warning) => (Verdict::Warn, Icon::TriangleAlert),
        Some(Severity::Note) | None => (Verdict::Info, Icon::Info),
    };
    let label = format::counted(n_findings as u64, "note", "notes");
    let notes = tag_button(ui, theme, verdict, icon, &label);
    notes.clicked().then_some(HeaderEvent::Problems)
}
