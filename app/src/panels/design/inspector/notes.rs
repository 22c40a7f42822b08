//! What to know about a layer: why it does not fit, what its kernel does not like, how it stands against the budget.

use egui::{Frame, Margin, Ui};
use emberlab_core::layers::{Edit, Layer, LayerKind, shape_text};
use emberlab_core::verdict::{Diagnostic, Severity};

use crate::command::Command;
use crate::panels::PanelContext;
use crate::panels::design::PanelFront;
use crate::panels::design::edits::{Choice, Spot, added};
use crate::panels::design::facts::{LayerFacts, Speed};
use crate::panels::design::tied::resized;
use crate::panels::design::words::{main_number, with_main_number};
use crate::project::DesignCommand;
use crate::project::design::sizes_of_data;
use crate::theme::widgets::{Verdict, note, note_buttons, section};
use crate::theme::{Icon, format};

/// A note, and the step that would mend it.
struct Note {
    verdict: Verdict,
    bold: String,
    rest: String,
    remedy: Option<(String, Vec<Edit>)>,
}

/// The notes of a layer; a section only if there are any.
pub fn layer_ui(
    ui: &mut Ui,
    front: &PanelFront<'_>,
    layer: &Layer,
    facts: &LayerFacts,
    ctx: &mut PanelContext<'_>,
) {
    let mut notes = problems(front, layer, facts);
    notes.extend(budget(front, layer));
    notes.extend(kernel(facts));
    notes_ui(ui, notes, ctx);
}

/// The notes of the network as a whole.
pub fn network_ui(ui: &mut Ui, front: &PanelFront<'_>, ctx: &mut PanelContext<'_>) {
    let mut notes: Vec<Note> = Vec::new();
    let is_empty = front.facts.layers.is_empty();
    for problem in &front.facts.problems {
        notes.push(Note {
            verdict: if is_empty { Verdict::Info } else { verdict(problem.severity) },
            bold: format!("{}.", problem.message),
            rest: format!("{}.", problem.help),
            remedy: None,
        });
    }
    for layer in &front.facts.layers {
        for problem in layer.problems.iter().filter(|problem| problem.severity == Severity::Error) {
            notes.push(Note {
                verdict: Verdict::Over,
                bold: format!("{} does not fit.", layer.name),
                rest: format!("{}. {}.", problem.message, problem.help),
                remedy: None,
            });
        }
    }
    notes.extend(last_that_fits(front));
    notes.extend(data(front));
    notes_ui(ui, notes, ctx);
}

/// Where the network does not take or give what the data of the project have.
fn data(front: &PanelFront<'_>) -> Vec<Note> {
    let Some(sizes) = sizes_of_data(front.project) else { return Vec::new() };
    let graph = &front.drawn.graph;
    let mut notes = Vec::new();
    let inputs = graph.layers.iter().filter_map(|layer| match &layer.kind {
        LayerKind::Input { shape } => Some((layer, shape)),
        _ => None,
    });
    for ((layer, shape), wanted) in inputs.zip(&sizes.inputs).filter(|((_, shape), wanted)| shape != wanted) {
        let wanted_text = shape_text(wanted);
        let kind = LayerKind::Input { shape: wanted.clone() };
        notes.push(Note {
            verdict: Verdict::Warn,
            bold: format!("{} is not the data.", layer.name),
            rest: format!("It takes `{}`, and samples are `{wanted_text}`.", shape_text(shape)),
            remedy: Some((format!("Take {wanted_text}"), vec![Edit::SetKind { layer: layer.id, kind }])),
        });
    }
    let output = match front.drawn.shapes.outputs.as_slice() {
        [output] => front.drawn.shapes.output(*output).zip(graph.layer(*output)),
        _ => None,
    };
    if let Some((shape, layer)) = output
        && shape.iter().product::<usize>() != sizes.outputs
    {
        let number = sizes.outputs;
        let found = shape_text(shape);
        let remedy = main_number(&layer.kind).map(|(label, _)| {
            let edits = resized(graph, layer.id, number);
            (format!("{number} {}", label.to_lowercase()), edits)
        });
        notes.push(Note {
            verdict: Verdict::Warn,
            bold: "The output is not the data's.".to_owned(),
            rest: format!("{} gives `{found}`, and the data ask for `{number}`.", layer.name),
            remedy,
        });
    }
    notes
}

fn notes_ui(ui: &mut Ui, notes: Vec<Note>, ctx: &mut PanelContext<'_>) {
    if notes.is_empty() {
        return;
    }
    let theme = ctx.theme;
    section(ui, theme, "Notes", "", |_| ());
    Frame::new().inner_margin(Margin { left: 16, right: 16, top: 0, bottom: 8 }).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 8.0;
        for found in notes {
            match &found.remedy {
                None => {
                    note(ui, theme, found.verdict, &found.bold, &found.rest);
                }
                Some((label, edits)) => {
                    let buttons = [(Some(Icon::Check), label.as_str())];
                    let (_, pressed) =
                        note_buttons(ui, theme, found.verdict, &found.bold, &found.rest, &buttons);
                    if pressed.is_some() {
                        ctx.commands.push(Command::Design(DesignCommand::Edit(edits.clone())));
                    }
                }
            }
        }
    });
}

fn verdict(severity: Severity) -> Verdict {
    match severity {
        Severity::Error => Verdict::Over,
        Severity::Warning => Verdict::Warn,
        Severity::Note => Verdict::Info,
    }
}

fn problems(front: &PanelFront<'_>, layer: &Layer, facts: &LayerFacts) -> Vec<Note> {
    let mut notes: Vec<Note> = facts
        .problems
        .iter()
        .map(|problem| Note {
            verdict: verdict(problem.severity),
            bold: format!("{}.", problem.message),
            rest: format!("{}.", problem.help),
            remedy: if problem.severity == Severity::Error { remedy(front, layer, facts) } else { None },
        })
        .collect();
    if facts.waits {
        notes.push(Note {
            verdict: Verdict::Info,
            bold: "It waits.".to_owned(),
            rest: "Nothing is wrong with this layer, but a layer before it does not fit.".to_owned(),
            remedy: None,
        });
    }
    if facts.worst() == Some(Severity::Error) {
        notes.extend(last_that_fits(front));
    }
    notes
}

/// What the gauges show while the network has errors.
fn last_that_fits(front: &PanelFront<'_>) -> Option<Note> {
    if front.facts.n_problems() == 0 || front.project.design.fitting.is_none() {
        return None;
    }
    let waiting = match front.facts.n_waiting {
        0 => String::new(),
        1 => "`1` layer waits for it. ".to_owned(),
        count => format!("`{count}` layers wait for it. "),
    };
    Some(Note {
        verdict: Verdict::Info,
        bold: String::new(),
        rest: format!("{waiting}The gauges show the last network that fits."),
        remedy: None,
    })
}

/// A step that makes the layer fit, where there is an obvious one.
fn remedy(front: &PanelFront<'_>, layer: &Layer, facts: &LayerFacts) -> Option<(String, Vec<Edit>)> {
    let problem = facts.problems.iter().find(|problem| problem.severity == Severity::Error)?;
    let drawn = front.drawn;
    let known = drawn.shapes.layer(layer.id)?;
    let shape = |place: usize| known.inputs.get(place).and_then(Option::as_deref);
    let insert = |kind: LayerKind, place: usize| {
        let choice = Choice { layers: &[], edge: None };
        added(drawn, choice, kind, Spot::Edge(layer.id, place))
    };
    match &layer.kind {
        // One branch has another number of channels: it gets that of the first.
        LayerKind::Merge { .. } => {
            let (first, place) = (shape(0)?, problem.input?);
            let other = shape(place)?;
            let channels = *first.last()?;
            let differs_in_channels =
                first.len() == other.len() && first[..first.len() - 1] == other[..other.len() - 1];
            let source = drawn.graph.layer(*layer.inputs.get(place)?)?;
            let (label, _) = main_number(&source.kind).filter(|_| differs_in_channels)?;
            let kind = with_main_number(&source.kind, channels);
            let label = format!("Give {} {channels} {}", source.name, label.to_lowercase());
            Some((label, vec![Edit::SetKind { layer: source.id, kind }]))
        }
        LayerKind::Conv1D { .. } | LayerKind::Pool1D { .. } | LayerKind::Lstm { .. } => {
            let target = match shape(0)? {
                [values] => vec![*values, 1],
                [height, rest @ .., _] if !rest.is_empty() => {
                    vec![*height, shape(0)?[1..].iter().product()]
                }
                _ => return None,
            };
            Some(("Put Reshape before it".to_owned(), insert(LayerKind::Reshape { shape: target }, 0)))
        }
        LayerKind::Conv2D { .. }
        | LayerKind::DepthwiseConv2D { .. }
        | LayerKind::SeparableConv2D { .. }
        | LayerKind::Pool2D { .. } => match shape(0)? {
            [steps, channels] => {
                let shape = vec![*steps, *channels, 1];
                Some(("Put Reshape before it".to_owned(), insert(LayerKind::Reshape { shape }, 0)))
            }
            _ => None,
        },
        LayerKind::Input { .. }
        | LayerKind::Dense { .. }
        | LayerKind::GlobalPool { .. }
        | LayerKind::BatchNorm { .. }
        | LayerKind::Activation { .. }
        | LayerKind::Dropout { .. }
        | LayerKind::Flatten {}
        | LayerKind::Reshape { .. }
        | LayerKind::ZeroPadding { .. }
        | LayerKind::UpSampling { .. }
        | LayerKind::Concatenate { .. } => None,
    }
}

/// How the network stands against the budget, and the size of this layer that would keep it.
fn budget(front: &PanelFront<'_>, layer: &Layer) -> Option<Note> {
    let budget = front.project.project.goal.latency_millis?;
    let design = &front.project.design;
    let answer = design.what_if.as_ref().filter(|answer| answer.key.layer == layer.id)?;
    let (label, present) = main_number(&layer.kind)?;
    let millis = answer.rows.iter().find(|row| row.number == present)?.millis?;
    let share = millis / budget;
    if share < 0.8 {
        return None;
    }
    let noun = label.to_lowercase();
    let (rest, remedy) = match answer.remedy {
        Some(row) => {
            let then = row.millis.map_or_else(String::new, format::estimated_millis);
            let edits = resized(design.graph(), layer.id, row.number);
            let words = format!(
                "of the budget of `{}`. `{}` {noun} here would give `{then}`.",
                format::chosen_millis(budget),
                row.number
            );
            (words, Some((format!("{} {noun}", row.number), edits)))
        }
        None => (format!("of the budget of `{}`.", format::chosen_millis(budget)), None),
    };
    Some(Note {
        verdict: if share > 1.0 { Verdict::Over } else { Verdict::Warn },
        bold: format!("Latency at {}", format::percent_whole(share)),
        rest,
        remedy,
    })
}

/// What its kernels do not like.
fn kernel(facts: &LayerFacts) -> Vec<Note> {
    let Some(cost) = &facts.cost else { return Vec::new() };
    let mut notes: Vec<Note> = cost.findings.iter().map(finding).collect();
    if let Some((Speed::Reference, words)) = &cost.kernel {
        let reason = words.strip_prefix("TFLM reference: ").unwrap_or("the reference kernels were chosen");
        notes.push(Note {
            verdict: Verdict::Warn,
            bold: "No fast path.".to_owned(),
            rest: format!("TFLM's reference kernel runs it: {reason}."),
            remedy: None,
        });
    }
    notes
}

fn finding(found: &Diagnostic) -> Note {
    let (bold, rest) = match found.message.split_once(": ") {
        Some((bold, rest)) => (format!("{bold}:"), rest.to_owned()),
        None => (found.message.clone(), String::new()),
    };
    let rest = format!("{rest} {}", found.help).trim().to_owned();
    Note { verdict: verdict(found.severity), bold, rest, remedy: None }
}
