//! What the model answered: every output with its raw and real numbers.

use std::sync::Arc;

use egui::text::{LayoutJob, TextWrapping};
use egui::{Align2, Rect, Role, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2};

use super::values::{Numbers, number_text};
use super::{PanelContext, bar_ui};
use crate::document::OpenModel;
use crate::run_state::RunResult;
use crate::theme::widgets::{empty, inline_bar};
use crate::theme::{Icon, font_id, format};

/// Height of one number.
const ROW: f32 = 22.0;
/// Room for what a number is called.
const LABEL: f32 = 120.0;
/// Height of the line above the numbers of an output.
const BAR: f32 = 30.0;
/// Room for the words before there is a result.
const EMPTY: f32 = 150.0;

/// Height that the outputs need, at most `most`.
pub(super) fn height(open: &OpenModel, result: Option<&Arc<RunResult>>, most: f32) -> f32 {
    if result.is_none() {
        return EMPTY.min(most.max(0.0));
    }
    let Some(main) = open.model.subgraphs.first() else { return 0.0 };
    let elements =
        main.outputs.iter().map(|id| main.tensor(*id).element_count().unwrap_or(0).min(10_000) as f32);
    let wanted = elements.map(|elements| BAR + elements * ROW).sum::<f32>() + 10.0;
    wanted.min(most.max(0.0))
}

pub(super) fn outputs_ui(
    ui: &mut Ui,
    open: &OpenModel,
    result: Option<&Arc<RunResult>>,
    ctx: &mut PanelContext<'_>,
) {
    let Some(result) = result else {
        let sentence = "Random with a seed, a file, or numbers typed in. Then press Run, or Ctrl R.";
        empty(ui, ctx.theme, Icon::Play, "Not run yet", sentence, &[]);
        return;
    };
    let Some(main) = open.model.subgraphs.first() else { return };
    ScrollArea::vertical().id_salt("outputs").auto_shrink(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for (index, (id, bytes)) in main.outputs.iter().zip(&result.outputs).enumerate() {
            let tensor = main.tensor(*id);
            let title = match tensor.name.as_deref() {
                Some(name) if !name.is_empty() => format!("Output {index}, {name}"),
                _ => format!("Output {index}"),
            };
            bar_ui(ui, ctx, &title, &format!("{} {}", format::shape(&tensor.shape), tensor.ty.name()));
            let Some(numbers) = Numbers::new(tensor, bytes) else { continue };
            let compared = result.comparison().and_then(|compared| {
                let other = compared.outputs.get(index)?;
                (!compared.is_real && other.len() == bytes.len()).then(|| Numbers::new(tensor, other))?
            });
            let labels = open.labels.get(index).filter(|labels| labels.len() == numbers.real.len());
            numbers_ui(ui, &numbers, compared.as_ref(), labels.map_or(&[], Vec::as_slice), ctx);
        }
    });
}

/// The numbers of an output, of which only those in sight are drawn; with what they are called, where that is known.
fn numbers_ui(
    ui: &mut Ui,
    numbers: &Numbers,
    other: Option<&Numbers>,
    labels: &[String],
    ctx: &PanelContext<'_>,
) {
    let theme = ctx.theme;
    let n = numbers.real.len();
    let (area, _) = ui.allocate_exact_size(vec2(ui.available_width(), n as f32 * ROW), Sense::hover());
    let sight = ui.clip_rect().intersect(area);
    if !sight.is_positive() {
        return;
    }
    let first = ((sight.top() - area.top()) / ROW) as usize;
    let last = (((sight.bottom() - area.top()) / ROW).ceil() as usize).min(n);
    let (lowest, highest) = numbers.range().unwrap_or((0.0, 1.0));
    let (from, to) = (lowest.min(0.0), highest.max(0.0));
    let winner = numbers.winner().filter(|_| n > 1);
    for index in first..last {
        let row =
            Rect::from_min_size(pos2(area.left(), area.top() + index as f32 * ROW), vec2(area.width(), ROW));
        let real = numbers.real[index];
        let is_winner = winner == Some(index);
        let colour = if is_winner { theme.text.text_1 } else { theme.text.text_2 };
        let font = if is_winner { font_id::number_strong() } else { font_id::number() };
        let middle = row.center().y;
        let painter = ui.painter();
        painter.text(
            pos2(row.left() + 52.0, middle),
            Align2::RIGHT_CENTER,
            index.to_string(),
            font_id::number(),
            theme.text.text_3,
        );
        let mut x = row.left() + 150.0;
        let label = labels.get(index);
        if let Some(label) = label {
            let font = if is_winner { font_id::label_strong() } else { font_id::label() };
            let mut job = LayoutJob::simple_singleline(label.clone(), font, colour);
            job.wrap = TextWrapping::truncate_at_width(LABEL - 12.0);
            let galley = painter.layout_job(job);
            painter.galley(pos2(row.left() + 66.0, middle - galley.size().y / 2.0), galley, colour);
            x += LABEL;
        }
        painter.text(pos2(x, middle), Align2::RIGHT_CENTER, number_text(real), font.clone(), colour);
        if numbers.is_quantized {
            x += 76.0;
            painter.text(
                pos2(x, middle),
                Align2::RIGHT_CENTER,
                number_text(numbers.stored[index]),
                font.clone(),
                theme.text.text_3,
            );
        }
        if let Some(other) = other.and_then(|other| other.stored.get(index)) {
            x += 96.0;
            let difference = other - numbers.stored[index];
            let words =
                if difference == 0.0 { "same".to_owned() } else { format!("other {}", number_text(*other)) };
            let colour = if difference == 0.0 { theme.text.text_3 } else { theme.status.warn };
            painter.text(pos2(x, middle), Align2::RIGHT_CENTER, words, font_id::number_small(), colour);
        }
        let bar = Rect::from_min_max(pos2(x + 20.0, row.top()), pos2(row.right() - 16.0, row.bottom()));
        if bar.width() > 40.0 && to > from {
            let share = ((real - from) / (to - from)) as f32;
            let colour = if is_winner { theme.accent.base } else { theme.text.text_3 };
            inline_bar(ui, theme, bar, share, colour);
        }
        let response =
            ui.interact(row, ui.unique_id().with(("output", index, area.top() as i64)), Sense::click());
        let name = label.map(|label| format!("{label}, ")).unwrap_or_default();
        let spoken = format!("Output element {index}, {name}{}", number_text(real));
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &spoken));
        response.context_menu(|ui| {
            if ui.button("Copy").clicked() {
                ui.copy_text(format!("{real}"));
                ui.close();
            }
        });
    }
}
