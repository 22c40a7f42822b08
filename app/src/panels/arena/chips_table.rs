//! The same model on every chip, side by side.

use std::sync::Arc;

use egui::{Align2, Color32, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};
use emberlab_core::plan::{ArenaPlan, Chip, KernelSet, Refusal, Target};

use super::answer::kernels_text;
use crate::chips;
use crate::command::Command;
use crate::document::OpenModel;
use crate::panels::PanelContext;
use crate::theme::widgets::{TableStyle, Verdict, focus_ring, hairline, inline_bar};
use crate::theme::{Theme, font_id, format};

/// Chips from the most to the least common choice for a network.
const ROWS: [Chip; 6] =
    [Chip::Esp32s3, Chip::Esp32p4, Chip::Esp32, Chip::Esp32c3, Chip::Esp32c6, Chip::Esp32s2];

/// Right edges of the columns of numbers and left edges of those of words, from the left of the table.
struct Columns {
    chip: f32,
    kernels: f32,
    head: f32,
    persistent: f32,
    smallest: f32,
    usable: f32,
    share: f32,
    source: f32,
}

impl Columns {
    /// Columns of a table; half of what a wide table has left goes between them, the rest to the source.
    fn of(width: f32) -> Self {
        let stretch = ((width - 930.0) / 2.0 / 560.0).clamp(0.0, 0.4);
        let at = |x: f32| x * (1.0 + stretch);
        let share = at(560.0) + 24.0;
        Self {
            chip: 8.0,
            kernels: at(92.0),
            head: at(284.0),
            persistent: at(372.0),
            smallest: at(460.0),
            usable: at(560.0),
            share,
            source: share + 216.0,
        }
    }
}

/// Narrower than this the column of sources is left out; the tooltip has it.
const LEAST_SOURCE: f32 = 100.0;

/// Height of the whole table.
pub fn height(comfortable_rows: bool) -> f32 {
    let style = TableStyle::new(comfortable_rows);
    style.head + style.row * ROWS.len() as f32 + 4.0
}

/// The table over `rect`; a click on a row chooses the chip.
pub fn chips_ui(ui: &mut Ui, rect: Rect, open: &OpenModel, ctx: &mut PanelContext<'_>) {
    let theme = ctx.theme;
    let style = TableStyle::new(ctx.document.settings.comfortable_rows);
    ui.painter().rect_filled(rect, 0.0, theme.surface.panel);
    hairline(ui.painter(), theme, rect.x_range(), rect.top());
    let columns = Columns::of(rect.width());
    let head = Rect::from_min_size(rect.min, vec2(rect.width(), style.head));
    head_ui(ui, theme, head, &columns);
    for (index, chip) in ROWS.into_iter().enumerate() {
        let top = head.bottom() + style.row * index as f32;
        let row = Rect::from_min_size(pos2(rect.left(), top), vec2(rect.width(), style.row));
        let target = Target { chip, kernels: ctx.document.target.kernels };
        row_ui(ui, row, &columns, target, open.plan(target), ctx);
    }
}

fn head_ui(ui: &Ui, theme: &Theme, rect: Rect, columns: &Columns) {
    let paint = |x: f32, anchor: Align2, label: &str, colour: Color32| {
        let at = pos2(rect.left() + x, rect.center().y);
        ui.painter().text(at, anchor, label, font_id::caption(), colour);
    };
    for (x, label) in [(columns.chip, "Chip"), (columns.kernels, "Kernels"), (columns.share, "Share of RAM")]
    {
        paint(x, Align2::LEFT_CENTER, label, theme.text.text_3);
    }
    if rect.width() - columns.source - 8.0 >= LEAST_SOURCE {
        paint(columns.source, Align2::LEFT_CENTER, "Usable RAM from", theme.text.text_3);
    }
    for (x, label) in
        [(columns.head, "Head B"), (columns.persistent, "Persistent B"), (columns.usable, "Usable RAM B")]
    {
        paint(x, Align2::RIGHT_CENTER, label, theme.text.text_3);
    }
    paint(columns.smallest, Align2::RIGHT_CENTER, "Smallest B", theme.text.text_1);
}

fn row_ui(
    ui: &mut Ui,
    rect: Rect,
    columns: &Columns,
    target: Target,
    plan: Option<&Result<Arc<ArenaPlan>, Vec<Refusal>>>,
    ctx: &mut PanelContext<'_>,
) {
    let theme = ctx.theme;
    let facts = chips::facts(target.chip);
    let plan = plan.and_then(|plan| plan.as_ref().ok());
    let usable = facts.arena_budget_bytes;
    let smallest = plan.and_then(|plan| plan.minimum_bytes);
    let chosen = ctx.document.target == target;
    let response = ui.interact(rect, ui.scope_id().with(target.chip), Sense::click());
    let spoken = spoken(target.chip, smallest, usable);
    response.widget_info(|| WidgetInfo::selected(Role::Row, true, chosen, &spoken));
    if response.clicked() && !chosen {
        ctx.send(Command::SetTarget(target));
    }

    if chosen {
        ui.painter().rect_filled(rect, 0.0, theme.accent.soft);
        let edge = Rect::from_min_size(rect.min, vec2(2.0, rect.height()));
        ui.painter().rect_filled(edge, 0.0, theme.accent.base);
    } else if response.hovered() {
        ui.painter().rect_filled(rect, 0.0, theme.surface.raised);
    }
    let middle = rect.center().y;
    let at = |x: f32| pos2(rect.left() + x, middle);
    let text = |x: f32, text: &str, font: egui::FontId, colour: Color32| {
        ui.painter().text(at(x), Align2::LEFT_CENTER, text, font, colour);
    };
    let number = |x: f32, bytes: Option<u64>, font: egui::FontId, colour: Color32| {
        let shown = bytes.map_or_else(|| format::UNKNOWN.to_owned(), format::bytes_only);
        ui.painter().text(at(x), Align2::RIGHT_CENTER, shown, font, colour);
    };
    text(columns.chip, target.chip.label(), font_id::label_strong(), theme.text.text_1);
    let kernels = plan.map_or_else(|| "refused by TFLM".to_owned(), |plan| kernels_with_kind(plan));
    text(columns.kernels, &kernels, font_id::cell(), theme.text.text_2);
    number(columns.head, plan.map(|plan| plan.nonpersistent_bytes), font_id::number(), theme.text.text_1);
    number(columns.persistent, plan.map(|plan| plan.persistent_bytes), font_id::number(), theme.text.text_1);
    number(columns.smallest, smallest, font_id::number_strong(), theme.text.text_1);
    number(columns.usable, Some(usable), font_id::number(), theme.text.text_3);
    if let Some(smallest) = smallest {
        share_ui(ui, theme, at(columns.share), smallest, usable);
    }
    let source =
        Rect::from_min_max(pos2(rect.left() + columns.source, rect.top()), rect.max - vec2(8.0, 0.0));
    if source.width() >= LEAST_SOURCE {
        truncated(ui, source, &facts.arena_budget_source, theme.text.text_3);
    }
    focus_ring(ui, theme, &response);
    let explained = Rect::from_x_y_ranges(rect.left() + columns.usable - 90.0..=rect.right(), rect.y_range());
    let pointed =
        ui.input(|input| input.pointer.hover_pos()).is_some_and(|pointer| explained.contains(pointer));
    if pointed && !facts.arena_budget_source.is_empty() {
        response.on_hover_text(format!("Usable RAM: {}", facts.arena_budget_source));
    }
}

/// Bar, percent, and the verdict as icon and word.
fn share_ui(ui: &Ui, theme: &Theme, at: egui::Pos2, smallest: u64, usable: u64) {
    let share = smallest as f64 / usable.max(1) as f64;
    let (verdict, word) = verdict(share);
    let colour = verdict.colour(theme);
    let bar = Rect::from_center_size(pos2(at.x + 40.0, at.y), vec2(80.0, 6.0));
    inline_bar(ui, theme, bar, share as f32, colour);
    let percent_at = pos2(at.x + 124.0, at.y);
    ui.painter().text(percent_at, Align2::RIGHT_CENTER, percent(share), font_id::number(), theme.text.text_2);
    let icon = pos2(at.x + 140.0, at.y);
    ui.painter().text(icon, Align2::CENTER_CENTER, verdict.icon().glyph(), font_id::icon(12.0), colour);
    ui.painter().text(pos2(at.x + 150.0, at.y), Align2::LEFT_CENTER, word, font_id::cell(), colour);
}

/// A share without decimals; a small one is not written as nothing.
pub fn percent(share: f64) -> String {
    if share > 0.0 && share < 0.005 { "<1 %".to_owned() } else { format::percent_whole(share) }
}

/// What a share of the usable RAM means.
pub fn verdict(share: f64) -> (Verdict, &'static str) {
    if share > 1.0 {
        (Verdict::Over, "too large")
    } else if share >= 0.8 {
        (Verdict::Warn, "tight")
    } else {
        (Verdict::Ok, "fits")
    }
}

fn truncated(ui: &Ui, rect: Rect, text: &str, colour: Color32) {
    let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), font_id::cell(), colour);
    job.wrap = egui::text::TextWrapping::truncate_at_width(rect.width());
    let galley = ui.painter().layout_job(job);
    ui.painter().galley(pos2(rect.left(), rect.center().y - galley.size().y / 2.0), galley, colour);
}

/// `ESP-NN 1.2.3, SIMD`: ESP-NN has assembly for the S3 and the P4, and C for the others.
fn kernels_with_kind(plan: &ArenaPlan) -> String {
    let kind = match (plan.target.kernels, plan.target.chip) {
        (KernelSet::Reference, _) => return "Reference kernels".to_owned(),
        (KernelSet::EspNn, Chip::Esp32s3 | Chip::Esp32p4) => "SIMD",
        (KernelSet::EspNn, _) => "C",
    };
    format!("{}, {kind}", kernels_text(plan))
}

fn spoken(chip: Chip, smallest: Option<u64>, usable: u64) -> String {
    let Some(smallest) = smallest else { return format!("{}, refused by TFLM", chip.label()) };
    let share = smallest as f64 / usable.max(1) as f64;
    format!(
        "{}, smallest arena {} of {} bytes, {:.0} percent, {}",
        chip.label(),
        format::bytes_only(smallest),
        format::bytes_only(usable),
        share * 100.0,
        verdict(share).1
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_change_at_80_percent_and_above_100() {
        for (share, word) in
            [(0.0, "fits"), (0.799, "fits"), (0.8, "tight"), (1.0, "tight"), (1.001, "too large")]
        {
            assert_eq!(verdict(share).1, word, "{share}");
        }
    }

    #[test]
    fn columns_of_words_begin_after_the_numbers_at_every_width() {
        for width in [600.0, 928.0, 1048.0, 1500.0, 2400.0] {
            let columns = Columns::of(width);
            let edges = [
                columns.chip,
                columns.kernels,
                columns.head,
                columns.persistent,
                columns.smallest,
                columns.usable,
                columns.share,
                columns.source,
            ];
            assert!(edges.is_sorted(), "{width}: {edges:?}");
        }
    }
}
