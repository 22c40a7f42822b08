//! The chosen operator: its output as a picture, its figures, and where a second run differs.

use std::sync::Arc;

use egui::{Ui, vec2};
use emberlab_core::model::{OperatorId, SubgraphId};

use super::PanelContext;
use super::compared::{other_semantics, semantics_label};
use super::values::{Numbers, element_text, number_text, tensor_of};
use super::visual::{Look, Looker, Mode};
use crate::command::Command;
use crate::document::{OpenModel, PanelKind, Selection, Tab};
use crate::panels::inspect::names::operator_name;
use crate::run_state::{Comparison, RunResult};
use crate::theme::widgets::{ButtonKind, Verdict, key_value, note, section, segmented_small, small_button};
use crate::theme::{Icon, format, text};

/// Height of the picture.
const PICTURE: f32 = 288.0;

pub(super) fn inspector_ui(
    ui: &mut Ui,
    looker: &mut Looker,
    tab: &Tab,
    open: &OpenModel,
    ctx: &mut PanelContext<'_>,
) {
    ui.spacing_mut().item_spacing.y = 4.0;
    match tab.selection {
        Selection::Operator(subgraph, operator) => {
            operator_ui(ui, looker, tab, open, subgraph, operator, ctx)
        }
        Selection::None | Selection::Tensor(..) | Selection::Scratch(..) => run_ui(ui, tab, ctx),
    }
}

fn padded<R>(ui: &mut Ui, content: impl FnOnce(&mut Ui) -> R) -> R {
    egui::Frame::new()
        .inner_margin(egui::Margin::symmetric(16, 12))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            content(ui)
        })
        .inner
}

/// The run as a whole.
fn run_ui(ui: &mut Ui, tab: &Tab, ctx: &mut PanelContext<'_>) {
    let theme = ctx.theme;
    padded(ui, |ui| {
        ui.label(text::title("The run").color(theme.text.text_1));
        let Some(result) = tab.run.result() else {
            ui.label(
                text::small("Choose an operator after a run to see what it computed")
                    .color(theme.text.text_3),
            );
            return;
        };
        if result.ended_early {
            let rest = "An operator waits for more input, as on the chip. Those behind it did not run, and the outputs mean nothing yet.";
            note(ui, theme, Verdict::Warn, "The run ended early.", rest);
            ui.add_space(6.0);
        }
        verdict_ui(ui, tab, result, ctx);
        ui.add_space(6.0);
        key_value(ui, theme, "Arithmetic", semantics_label(result.semantics));
        key_value(ui, theme, "One invocation", &format::micros(result.total_micros));
        key_value(
            ui,
            theme,
            "Median of",
            &format::counted(result.n_timed as u64, "invocation", "invocations"),
        );
        ui.label(
            text::small("Times are of this computer, on one thread. They say nothing about a chip.")
                .color(theme.text.text_3),
        );
    });
}

/// Whether the two runs agree, and where they differ most.
fn verdict_ui(ui: &mut Ui, tab: &Tab, result: &Arc<RunResult>, ctx: &mut PanelContext<'_>) {
    let compared = match &result.compared {
        None => return,
        Some(Err(failure)) => {
            note(ui, ctx.theme, Verdict::Over, "The other run failed.", &failure.message);
            return;
        }
        Some(Ok(compared)) => compared,
    };
    let n_equal = compared.differences.iter().filter(|found| found.is_none()).count();
    let n = compared.differences.len();
    let Some(first) = compared.differences.iter().find(|found| !found.is_none()) else {
        let rest = format!("{n} of {n} operator outputs equal {}", compared.title);
        note(ui, ctx.theme, Verdict::Ok, "Same bits.", &rest);
        return;
    };
    let unit = if compared.is_real { "" } else { " steps" };
    let worst = compared.differences.iter().max_by(|a, b| a.largest.total_cmp(&b.largest));
    let rest = match worst {
        Some(worst) => format!(
            "{n_equal} of {n} operator outputs equal {}. The first that differs is #{}, the largest difference is {}{unit} at #{}.",
            compared.title,
            first.operator,
            number_text(worst.largest),
            worst.operator
        ),
        None => String::new(),
    };
    note(ui, ctx.theme, Verdict::Warn, "The runs differ.", &rest);
    ui.horizontal(|ui| {
        let select = |found: &emberlab_core::run::Difference| {
            Command::Select(Selection::Operator(SubgraphId(found.subgraph), OperatorId(found.operator)))
        };
        if small_button(ui, ctx.theme, ButtonKind::Outline, None, "First difference").clicked() {
            ctx.send(select(first));
        }
        if let Some(worst) = worst
            && small_button(ui, ctx.theme, ButtonKind::Outline, None, "Largest difference").clicked()
        {
            ctx.send(select(worst));
        }
    });
    if tab.run.comparison == Comparison::Semantics {
        let other = semantics_label(other_semantics(result.semantics));
        let words = format!("{other} rounds some operators differently; on a chip only TFLM's bits count.");
        ui.label(text::small(words).color(ctx.theme.text.text_3));
    }
}

fn operator_ui(
    ui: &mut Ui,
    looker: &mut Looker,
    tab: &Tab,
    open: &OpenModel,
    subgraph: SubgraphId,
    id: OperatorId,
    ctx: &mut PanelContext<'_>,
) {
    let theme = ctx.theme;
    let graph = open.model.subgraphs.get(subgraph.index());
    let Some(operator) = graph.and_then(|graph| graph.operators.get(id.index())) else { return };
    padded(ui, |ui| {
        ui.horizontal(|ui| {
            ui.label(text::title(operator_name(&open.model, operator)).color(theme.text.text_1));
            ui.label(text::number(format!("#{}", id.0)).color(theme.text.text_3));
        });
        ui.horizontal(|ui| {
            if small_button(ui, theme, ButtonKind::Outline, Some(Icon::ScanSearch), "Show in Inspect")
                .clicked()
            {
                ctx.send(Command::ShowPanel(PanelKind::Inspect));
            }
            if small_button(ui, theme, ButtonKind::Ghost, Some(Icon::X), "The whole run").clicked() {
                ctx.send(Command::Select(Selection::None));
            }
        });
    });
    let Some(result) = tab.run.result() else {
        padded(ui, |ui| {
            ui.label(text::small("Run the model to see what it computes").color(theme.text.text_3))
        });
        return;
    };
    let Some(output) = result.output_of(subgraph.0, id.0) else {
        padded(ui, |ui| ui.label(text::small("It did not run").color(theme.text.text_3)));
        return;
    };
    let Some(tensor) = tensor_of(&open.model, output.subgraph, output.tensor) else { return };
    section(ui, theme, "Output", &format!("{} {}", format::shape(&tensor.shape), tensor.ty.name()), |ui| {
        let numbers = output.bytes.as_ref().and_then(|bytes| Numbers::new(tensor, bytes));
        let Some(numbers) = numbers else {
            ui.label(text::small("Too large to keep, or of a type without numbers").color(theme.text.text_3));
            return;
        };
        let modes = Mode::for_shape(&tensor.shape);
        let mut mode = looker.mode(&tensor.shape);
        let choices = modes.iter().map(|mode| (*mode, mode.label())).collect::<Vec<_>>();
        if segmented_small(ui, theme, &mut mode, &choices) {
            looker.set_mode(mode);
        }
        ui.add_space(4.0);
        let key = (Arc::as_ptr(result) as usize, output.subgraph, output.tensor);
        let name = format!("output of operator {}", id.0);
        looker.look_ui(ui, theme, &Look { key, shape: tensor.shape.clone(), name }, &numbers, PICTURE);
        ui.add_space(4.0);
        if let Some((lowest, highest)) = numbers.range() {
            key_value(ui, theme, "Range", &format!("{} … {}", number_text(lowest), number_text(highest)));
        }
        key_value(ui, theme, "Bytes", &format::bytes(output.n_bytes as u64));
        key_value(ui, theme, "CRC-32", &format!("{:08x}", output.crc32));
        if let Some(micros) = result.operator_micros(subgraph.0, id.0) {
            key_value(ui, theme, "Time on this computer", &format::micros(micros));
        }
        let _ = ui.allocate_exact_size(vec2(1.0, 4.0), egui::Sense::hover());
    });
    let Some(compared) = result.comparison() else { return };
    section(ui, theme, "Against the other run", "", |ui| match result.difference(subgraph.0, id.0) {
        None => {
            ui.label(
                text::small("No operator of the other run belongs to this one").color(theme.text.text_3),
            );
        }
        Some(found) if found.is_none() => {
            note(
                ui,
                theme,
                Verdict::Ok,
                "Same bits.",
                &format!("All {} elements are equal.", format::count(found.n_elements as u64)),
            );
        }
        Some(found) => {
            let unit = if compared.is_real { "" } else { " steps" };
            key_value(ui, theme, "Largest difference", &format!("{}{unit}", number_text(found.largest)));
            if let Some(worst) = found.worst {
                key_value(ui, theme, "At element", &element_text(&tensor.shape, worst));
            }
            let share = found.n_different as f64 / found.n_elements.max(1) as f64;
            let different = format::count(found.n_different as u64);
            key_value(
                ui,
                theme,
                "Elements that differ",
                &format!("{different}, {}", format::percent_share(share)),
            );
        }
    });
}
