//! What deserves attention in the model in front, and the card that lists it.

use egui::{Rect, RectAlign, Role, ScrollArea, Sense, Ui, WidgetInfo, vec2};
use emberlab_core::layers::{LayerId, LayerProblem};
use emberlab_core::verdict::{Place, Severity};

use super::Context;
use super::popover::popover;
use crate::command::Command;
use crate::document::{Document, OpenModel, Overlay, PanelKind, Selection};
use crate::project::DesignCommand;
use crate::theme::widgets::{Verdict, hairline, note_job};
use crate::theme::{font_id, text};

/// Width of the card.
const WIDTH: f32 = 440.0;
/// Tallest list.
const HEIGHT: f32 = 420.0;

/// One thing that deserves attention.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Problem {
    pub severity: Severity,
    pub place: Option<Place>,
    /// The layer of the project's network that it is about.
    pub layer: Option<LayerId>,
    pub place_words: String,
    pub message: String,
    pub help: String,
}

/// Everything that deserves attention in the model in front on the chosen target, the worst first.
pub(super) fn problems(document: &Document) -> Vec<Problem> {
    let mut problems = of_network(document);
    if let Some((_, open)) = document.active_model() {
        problems.extend(found(open, document));
    }
    problems.sort_by_key(|problem| problem.severity);
    problems
}

/// What is wrong or odd about the network of the project in front.
fn of_network(document: &Document) -> Vec<Problem> {
    let Some((_, project)) = document.active_project() else { return Vec::new() };
    // An empty network is no mistake.
    let drawn = project.design.drawn.as_ref().filter(|drawn| !drawn.graph.layers.is_empty());
    let Some(drawn) = drawn else { return Vec::new() };
    let problem = |found: &LayerProblem| Problem {
        severity: found.severity,
        place: None,
        layer: found.layer,
        place_words: if found.name.is_empty() { "network".to_owned() } else { found.name.clone() },
        message: format!("{}.", found.message),
        help: format!("{}.", found.help),
    };
    drawn.shapes.problems.iter().map(problem).collect()
}

fn found(open: &OpenModel, document: &Document) -> Vec<Problem> {
    let target = document.target;
    let mut problems: Vec<Problem> = Vec::new();
    let findings = open.findings(target);
    for diagnostic in findings.iter().flat_map(|findings| &findings.diagnostics) {
        problems.push(Problem {
            severity: diagnostic.severity,
            place: Some(diagnostic.place),
            layer: None,
            place_words: diagnostic.place.to_string(),
            message: diagnostic.message.clone(),
            help: diagnostic.help.clone(),
        });
    }
    if let Some(Err(refusals)) = open.plan(target) {
        for refusal in refusals {
            // The verdict may have said the same already, with the number of other operators behind it.
            if problems.iter().any(|known| known.message.starts_with(&refusal.message)) {
                continue;
            }
            let place =
                refusal.operator.map_or(Place::Model, |(graph, operator)| Place::Operator(graph, operator));
            problems.push(Problem {
                severity: Severity::Error,
                place: Some(place),
                layer: None,
                place_words: place.to_string(),
                message: refusal.message.clone(),
                help: refusal.help.clone(),
            });
        }
    }
    for note in &open.read_notes {
        problems.push(Problem {
            severity: Severity::Note,
            place: None,
            layer: None,
            place_words: note.place.clone(),
            message: note.message.clone(),
            help: String::new(),
        });
    }
    problems
}

impl Problem {
    /// The worst of them, in words and colour.
    pub(super) fn verdict(severity: Severity) -> Verdict {
        match severity {
            Severity::Error => Verdict::Over,
            Severity::Warning => Verdict::Warn,
            Severity::Note => Verdict::Info,
        }
    }
}

pub(super) fn ui(ui: &Ui, anchor: Rect, problems: &[Problem], ctx: &mut Context<'_>) {
    popover(ui, Overlay::Problems, anchor, RectAlign::TOP_END, WIDTH, ctx, |ui, ctx| {
        if problems.is_empty() {
            egui::Frame::new().inner_margin(16.0).show(ui, |ui| {
                ui.label(text::cell("Nothing in this model needs attention on the chosen chip."));
            });
            return;
        }
        ScrollArea::vertical().max_height(HEIGHT).auto_shrink([false, true]).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for (index, problem) in problems.iter().enumerate() {
                problem_ui(ui, index, problem, ctx);
            }
        });
    });
}

fn problem_ui(ui: &mut Ui, index: usize, problem: &Problem, ctx: &mut Context<'_>) {
    let theme = ctx.theme;
    let verdict = Problem::verdict(problem.severity);
    let width = ui.available_width() - 16.0 - 24.0 - 16.0;
    let rest = if problem.help.is_empty() {
        problem.message.clone()
    } else {
        format!("{} {}", problem.message, problem.help)
    };
    let galley = ui.painter().layout_job(note_job(theme, &capitalised(&problem.place_words), &rest, width));
    let size = vec2(ui.available_width(), galley.size().y + 20.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let spoken = format!("{}, {}: {}", problem.severity.name(), problem.place_words, problem.message);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &spoken));
    let painter = ui.painter();
    if response.hovered() {
        painter.rect_filled(rect, 0.0, theme.surface.control);
    }
    if index > 0 {
        hairline(painter, theme, rect.x_range(), rect.top());
    }
    let icon_at = rect.min + vec2(24.0, 18.5);
    painter.text(
        icon_at,
        egui::Align2::CENTER_CENTER,
        verdict.icon().glyph(),
        font_id::icon(14.0),
        verdict.colour(theme),
    );
    painter.galley(rect.min + vec2(40.0, 10.0), galley, theme.text.text_1);
    let selection = match problem.place {
        Some(Place::Operator(graph, operator)) => Some(Selection::Operator(graph, operator)),
        Some(Place::Tensor(graph, tensor)) => Some(Selection::Tensor(graph, tensor)),
        Some(Place::Model | Place::Subgraph(_)) | None => None,
    };
    if let Some(layer) = problem.layer.filter(|_| response.clicked()) {
        ctx.send(Command::ShowPanel(PanelKind::Design));
        ctx.send(Command::Design(DesignCommand::Choose(vec![layer])));
        ctx.send(Command::CloseOverlay);
    }
    if let Some(selection) = selection.filter(|_| response.clicked()) {
        ctx.send(Command::Select(selection));
        ctx.send(Command::CloseOverlay);
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
