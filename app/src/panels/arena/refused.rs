//! What stands in the place of the map when there is no plan.

use egui::{Rect, ScrollArea, Ui, UiBuilder, pos2, vec2};
use emberlab_core::model::{OperatorId, SubgraphId};
use emberlab_core::plan::Refusal;

use super::shown::Stage;
use super::words::{operator_number, operator_title};
use crate::command::Command;
use crate::document::{OpenModel, PanelKind, Selection};
use crate::panels::PanelContext;
use crate::theme::widgets::{ButtonKind, Verdict, empty, note_buttons};
use crate::theme::{Icon, format};

/// A note has room for so many buttons; the others are in the graph, marked.
const MOST_BUTTONS: usize = 7;

/// The empty state of a stage without a plan.
pub fn stage_ui(ui: &mut Ui, stage: &Stage<'_>, ctx: &mut PanelContext<'_>) {
    let theme = ctx.theme;
    match stage {
        Stage::NoTab => {
            let open = [(ButtonKind::Primary, Some(Icon::FolderOpen), "Open file")];
            let sentence = "Open a .tflite to see where each byte of its arena goes";
            if empty(ui, theme, Icon::MemoryStick, "No model in this tab", sentence, &open).is_some() {
                ctx.send(Command::OpenDialog);
            }
        }
        Stage::Loading => {
            empty(
                ui,
                theme,
                Icon::MemoryStick,
                "Reading the model",
                "The map follows as soon as it is read",
                &[],
            );
        }
        Stage::Planning => {
            empty(ui, theme, Icon::MemoryStick, "Working out the plan", "The map follows in a moment", &[]);
        }
        Stage::Failed(failure) => {
            let sentence = format!("{} {}", failure.message, failure.help);
            empty(ui, theme, Icon::FileX, "This file has no arena", sentence.trim(), &[]);
        }
        Stage::Refused(open, refusals) => refused_ui(ui, open, refusals, ctx),
        Stage::Plan(..) => {}
    }
}

fn refused_ui(ui: &mut Ui, open: &OpenModel, refusals: &[Refusal], ctx: &mut PanelContext<'_>) {
    let area = ui.available_rect_before_wrap();
    let head = Rect::from_min_size(area.min, vec2(area.width(), (area.height() * 0.36).clamp(140.0, 220.0)));
    let first = refusals.iter().find_map(|refusal| refusal.operator);
    let buttons = [(ButtonKind::Plain, Some(Icon::ScanSearch), "Show them")];
    let shown = if first.is_some() { &buttons[..] } else { &[] };
    let sentence = sentence(open, refusals);
    let pressed = ui
        .scope_builder(UiBuilder::new().max_rect(head), |ui| {
            empty(ui, ctx.theme, Icon::TriangleAlert, "No plan to show", &sentence, shown)
        })
        .inner;
    if let (Some(_), Some((subgraph, operator))) = (pressed, first) {
        show(ctx, Selection::Operator(subgraph, operator));
    }
    let width = (area.width() - 32.0).min(640.0);
    let list = Rect::from_min_max(pos2(area.center().x - width / 2.0, head.bottom() + 8.0), area.max);
    ui.scope_builder(
        UiBuilder::new().max_rect(Rect::from_min_max(list.min, pos2(list.left() + width, list.bottom()))),
        |ui| {
            ScrollArea::vertical().id_salt("refusals").auto_shrink(false).show(ui, |ui| {
                for group in groups(refusals) {
                    group_ui(ui, open, &group, ctx);
                }
            });
        },
    );
}

/// How many operators are to blame, of how many.
fn sentence(open: &OpenModel, refusals: &[Refusal]) -> String {
    let refused: std::collections::BTreeSet<_> =
        refusals.iter().filter_map(|refusal| refusal.operator).collect();
    let all: usize = open.model.subgraphs.iter().map(|graph| graph.operators.len()).sum();
    if refused.is_empty() {
        "TFLM cannot prepare the model as a whole".to_owned()
    } else {
        format!(
            "The model has operators that TFLM cannot prepare: {} of {}",
            format::count(refused.len() as u64),
            format::count(all as u64)
        )
    }
}

/// Operators that are refused for the same reason.
struct Group<'a> {
    first: &'a Refusal,
    operators: Vec<(SubgraphId, OperatorId)>,
}

/// Refusals by reason, in the order of the first of each.
fn groups(refusals: &[Refusal]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for refusal in refusals {
        let same = |group: &&mut Group<'_>| {
            let first = group.first;
            first.operator.is_some() == refusal.operator.is_some()
                && (&first.message, &first.help) == (&refusal.message, &refusal.help)
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.operators.extend(refusal.operator),
            None => groups.push(Group { first: refusal, operators: refusal.operator.into_iter().collect() }),
        }
    }
    groups
}

fn group_ui(ui: &mut Ui, open: &OpenModel, group: &Group<'_>, ctx: &mut PanelContext<'_>) {
    let Refusal { message, help, .. } = group.first;
    let separator = if message.ends_with(['.', '!', '?']) || help.is_empty() { "" } else { "." };
    let rest = format!("{message}{separator} {help}");
    let title = match group.operators.as_slice() {
        [] => "The model".to_owned(),
        [(subgraph, operator)] => operator_title(&open.model, *subgraph, *operator),
        many => format!("{} operators", format::count(many.len() as u64)),
    };
    let labels: Vec<String> = group
        .operators
        .iter()
        .take(MOST_BUTTONS)
        .map(|(subgraph, operator)| format!("Show {}", operator_number(*subgraph, *operator)))
        .collect();
    let buttons: Vec<(Option<Icon>, &str)> = labels.iter().map(|label| (None, label.as_str())).collect();
    let (_, pressed) = note_buttons(ui, ctx.theme, Verdict::Over, &title, rest.trim(), &buttons);
    ui.add_space(8.0);
    if let Some((subgraph, operator)) = pressed.and_then(|index| group.operators.get(index)) {
        show(ctx, Selection::Operator(*subgraph, *operator));
    }
}

fn show(ctx: &mut PanelContext<'_>, selection: Selection) {
    ctx.send(Command::Select(selection));
    ctx.send(Command::ShowPanel(PanelKind::Inspect));
}
