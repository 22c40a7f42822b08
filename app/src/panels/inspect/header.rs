//! The right end of the panel's header: the verdict, the counts of findings, and the export menu.

use egui::{Align, Layout, Popup, Ui};
use emberlab_core::export::{EspIdfApp, SourceKind};
use emberlab_core::plan::Target;
use emberlab_core::verdict::{Kernel, Outcome, Severity};

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
    /// Write sources for firmware.
    Sources(SourceKind),
    /// Write an ESP-IDF project.
    EspIdf(EspIdfApp),
    /// List what deserves attention.
    Problems,
}

/// Whether a model runs on the chosen chip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunsOn {
    /// Runs, is refused, or belongs on a desktop.
    pub verdict: Verdict,
    /// The icon that says the same.
    pub icon: Icon,
    /// In a few words.
    pub text: String,
    /// Why, and the way out, for the tooltip.
    pub reason: String,
}

impl RunsOn {
    /// The verdict on a model; `None` while it is being judged.
    pub fn of(open: &OpenModel, facts: &ModelFacts, target: Target) -> Option<Self> {
        let chip = target.chip.label();
        let (verdict, icon, text, reason) = match open.findings(target)?.outcome.as_ref()? {
            Outcome::Runs => (Verdict::Ok, Icon::CircleCheck, format!("Runs on {chip}"), fast_share(facts)),
            Outcome::HostOnly { reason, help } => {
                (Verdict::Plain, Icon::Monitor, "Host only".to_owned(), format!("{reason}\n{help}"))
            }
            Outcome::Refused { reason, help } => {
                (Verdict::Over, Icon::CircleX, format!("Does not run on {chip}"), format!("{reason}\n{help}"))
            }
        };
        Some(Self { verdict, icon, text, reason })
    }
}

/// How many operators run on the fast kernels.
fn fast_share(facts: &ModelFacts) -> String {
    let operators = || facts.graphs.iter().flat_map(|graph| &graph.operators);
    let n_fast = operators()
        .filter(|operator| matches!(operator.kernel, Some(Kernel::EspNnSimd | Kernel::EspNnGeneric)))
        .count();
    let all = format::counted(operators().count() as u64, "operator", "operators");
    format!("TFLM prepares {all}; {n_fast} of them on ESP-NN kernels")
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
        for kind in [SourceKind::CArray, SourceKind::RustModule] {
            event = event.or(sources_ui(ui, kind, open, target));
        }
        for app in EspIdfApp::ALL {
            event = event.or(esp_idf_ui(ui, app, open, target));
        }
        ui.separator();
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

/// An entry for sources; it cannot be chosen for a network that was never trained.
fn sources_ui(ui: &mut Ui, kind: SourceKind, open: &OpenModel, target: Target) -> Option<HeaderEvent> {
    let (label, runtime) = match kind {
        SourceKind::CArray => ("C array and resolver…", "for TensorFlow Lite Micro, with the arena on"),
        SourceKind::RustModule => ("Rust module…", "for Emberlab's own runtime, also on"),
    };
    let explanation = format!("{} {runtime} {}", list(kind.file_names()), target.chip.label());
    entry_ui(ui, label, &explanation, open).then_some(HeaderEvent::Sources(kind))
}

/// As [`sources_ui`], for a complete project.
fn esp_idf_ui(ui: &mut Ui, app: EspIdfApp, open: &OpenModel, target: Target) -> Option<HeaderEvent> {
    let (label, what) = match app {
        EspIdfApp::Classify => ("ESP-IDF project…", "answers for stored samples"),
        EspIdfApp::Bench => ("ESP-IDF benchmark…", "times 1000 invocations"),
    };
    let chip = target.chip.label();
    let explanation = format!(
        "A project for {chip} that idf.py builds: TensorFlow Lite Micro with ESP-NN. It {what}, then answers Emberlab"
    );
    entry_ui(ui, label, &explanation, open).then_some(HeaderEvent::EspIdf(app))
}

/// An entry of the menu; true if it was chosen.
fn entry_ui(ui: &mut Ui, label: &str, explanation: &str, open: &OpenModel) -> bool {
    let entry = ui
        .add_enabled(open.deliverable().is_some(), egui::Button::new(text::label(label)))
        .on_hover_text(explanation)
        .on_disabled_hover_text("The weights are placeholders. Train the network, then export its model");
    let is_chosen = entry.clicked();
    if is_chosen {
        ui.close();
    }
    is_chosen
}

fn list(names: &[&str]) -> String {
    match names {
        [others @ .., last] if !others.is_empty() => format!("{} and {last}", others.join(", ")),
        _ => names.concat(),
    }
}

fn tags_ui(
    ui: &mut Ui,
    theme: &Theme,
    open: &OpenModel,
    facts: &ModelFacts,
    target: Target,
) -> Option<HeaderEvent> {
    if let Some(runs) = RunsOn::of(open, facts, target) {
        tag(ui, theme, runs.verdict, runs.icon, &runs.text).on_hover_text(runs.reason);
    }
    if facts.findings.is_empty() {
        return None;
    }
    let (verdict, icon) = match facts.findings.first().map(|finding| finding.severity) {
        Some(Severity::Error) => (Verdict::Over, Icon::CircleX),
        Some(Severity::Warning) => (Verdict::Warn, Icon::TriangleAlert),
        Some(Severity::Note) | None => (Verdict::Info, Icon::Info),
    };
    let [errors, warnings, notes] =
        [Severity::Error, Severity::Warning, Severity::Note].map(|severity| facts.n_findings(severity));
    let label = format::findings(errors, warnings, notes);
    let findings = tag_button(ui, theme, verdict, icon, &label);
    findings.clicked().then_some(HeaderEvent::Problems)
}
