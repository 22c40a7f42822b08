//! The inspector of the panel: why, ways to lower it, what is alive, the persistent part, and the chip's budgets.

use std::collections::BTreeSet;

use egui::text::{LayoutJob, TextFormat};
use egui::{Align, Align2, Color32, FontId, Rect, Response, Role, Sense, Ui, WidgetInfo, pos2, vec2};
use emberlab_core::plan::{BufferUse, Category, PlannedBuffer};

use super::chips_table::{percent, verdict};
use super::layout::Tint;
use super::legend::Legend;
use super::map_ui::selected_block;
use super::persistent::{Group, block_name, category_name};
use super::remedies::{Remedy, remedies};
use super::shown::Shown;
use super::why::{Emphasis, Sentence};
use super::words::{buffer_name, selection_of, spoken_block, step_name};
use crate::charts::{Mark, paint};
use crate::command::Command;
use crate::document::OpenModel;
use crate::panels::PanelContext;
use crate::theme::widgets::{Verdict, focus_ring, hairline, inline_bar, key_value, section};
use crate::theme::{Icon, Theme, font_id, format, text};

const ROW: f32 = 22.0;

/// Everything in the inspector.
pub fn inspector_ui(
    ui: &mut Ui,
    shown: &Shown,
    open: &OpenModel,
    cursor: u32,
    expanded: &mut BTreeSet<Category>,
    ctx: &mut PanelContext<'_>,
) {
    let theme = ctx.theme;
    let title = format!("Why {} bytes", format::bytes_only(shown.plan.used_bytes));
    section(ui, theme, &title, "", |ui| {
        for (index, sentence) in shown.why.iter().enumerate() {
            if index > 0 {
                ui.add_space(6.0);
            }
            sentence_ui(ui, theme, sentence);
        }
        ui.add_space(4.0);
    });
    let ways = remedies(open, &shown.plan, ctx.document.chip());
    if !ways.is_empty() {
        section(ui, theme, "Ways to lower it", "internal RAM B", |ui| {
            for (index, remedy) in ways.iter().enumerate() {
                remedy_ui(ui, remedy, index == 0, ctx);
            }
        });
    }
    alive_ui(ui, shown, cursor, ctx);
    section(ui, theme, "Persistent, by TFLM name", "", |ui| {
        for group in &shown.groups {
            group_ui(ui, shown, group, expanded, ctx.theme);
        }
        total_ui(ui, ctx.theme, "Persistent", shown.plan.persistent_bytes);
    });
    own_arena_ui(ui, shown, open, ctx.theme);
    budgets_ui(ui, shown, open, ctx);
}

/// What Emberlab's own runtime takes for the same model, beside TFLM.
fn own_arena_ui(ui: &mut Ui, shown: &Shown, open: &OpenModel, theme: &Theme) {
    section(ui, theme, "On Emberlab's runtime", "any chip", |ui| match &open.emberlab_arena {
        Ok(own) => {
            let smallest = u64::from(own.needs.minimum_bytes);
            key_value(ui, theme, "Smallest that works", &format::bytes(smallest));
            key_value(ui, theme, "Tensors and scratch", &format::bytes(own.needs.nonpersistent_bytes.into()));
            key_value(
                ui,
                theme,
                "Prepared operators, variables",
                &format::bytes(own.needs.persistent_bytes.into()),
            );
            if let Some(tflm) = shown.plan.minimum_bytes {
                let change = smallest as i64 - tflm as i64;
                key_value(ui, theme, "Against TFLM", &format!("{} B", format::signed(change)));
            }
        }
        Err(error) => {
            let words = format!("It does not run this model: {}", error.message);
            ui.label(text::cell(words).color(theme.text.text_2));
        }
    });
}

fn sentence_ui(ui: &mut Ui, theme: &Theme, sentence: &Sentence) {
    let mut job = LayoutJob::default();
    job.wrap.max_width = ui.available_width();
    for (emphasis, text) in &sentence.parts {
        let (font, colour): (FontId, Color32) = match emphasis {
            Emphasis::Plain => (font_id::cell(), theme.text.text_2),
            Emphasis::Strong => (font_id::label_strong(), theme.text.text_1),
            Emphasis::Number => (font_id::number(), theme.text.text_1),
            Emphasis::Lost => (font_id::label_strong(), theme.status.over),
            Emphasis::LostNumber => (font_id::number(), theme.status.over),
        };
        let format =
            TextFormat { line_height: Some(18.0), valign: Align::Center, ..TextFormat::simple(font, colour) };
        job.append(text, 0.0, format);
    }
    let galley = ui.painter().layout_job(job);
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), galley.size().y), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, sentence.text()));
    ui.painter().galley(rect.min, galley, theme.text.text_2);
}

/// A way to lower the arena; a click shows it where a target can.
fn remedy_ui(ui: &mut Ui, remedy: &Remedy, first: bool, ctx: &mut PanelContext<'_>) {
    let theme = ctx.theme;
    let width = ui.available_width();
    let mut note = LayoutJob::simple(remedy.note.clone(), font_id::small(), theme.text.text_2, width - 84.0);
    note.sections.iter_mut().for_each(|section| section.format.line_height = Some(15.0));
    let note = ui.painter().layout_job(note);
    let height = 24.0 + note.size().y.max(18.0) + 8.0;
    let sense = if remedy.target.is_some() { Sense::click() } else { Sense::hover() };
    let (rect, response) = ui.allocate_exact_size(vec2(width, height), sense);
    let spoken = format!("{}, {} bytes, {}", remedy.title, format::bytes_only(remedy.bytes), remedy.note);
    let role = if remedy.target.is_some() { Role::Button } else { Role::Label };
    response.widget_info(|| WidgetInfo::labeled(role, true, &spoken));
    if response.clicked()
        && let Some(target) = remedy.target
    {
        ctx.send(Command::SetTarget(target));
    }
    if response.hovered() && remedy.target.is_some() {
        ui.painter().rect_filled(rect.expand2(vec2(16.0, 0.0)), 0.0, theme.surface.raised);
        ui.set_cursor_icon(egui::CursorIcon::PointingHand);
    }
    let painter = ui.painter();
    if !first {
        hairline(painter, theme, rect.expand2(vec2(16.0, 0.0)).x_range(), rect.top());
    }
    let line = rect.top() + 14.0;
    painter.text(
        pos2(rect.left(), line),
        Align2::LEFT_CENTER,
        &remedy.title,
        font_id::label_strong(),
        theme.text.text_1,
    );
    let bytes = format::bytes_only(remedy.bytes);
    painter.text(pos2(rect.right(), line), Align2::RIGHT_CENTER, bytes, font_id::number(), theme.text.text_1);
    painter.galley(pos2(rect.left(), rect.top() + 24.0), note, theme.text.text_2);
    let delta =
        painter.layout_no_wrap(format::signed(remedy.difference), font_id::number_small(), theme.status.ok);
    let tag = Rect::from_min_size(
        pos2(rect.right() - delta.size().x - 12.0, rect.top() + 26.0),
        vec2(delta.size().x + 12.0, 18.0),
    );
    painter.rect_filled(tag, 3.0, theme.status.ok_soft);
    painter.galley(
        Align2::CENTER_CENTER.align_size_within_rect(delta.size(), tag).min,
        delta,
        theme.status.ok,
    );
    focus_ring(ui, theme, &response);
}

/// What is alive at the time cursor, from the highest address down.
fn alive_ui(ui: &mut Ui, shown: &Shown, cursor: u32, ctx: &mut PanelContext<'_>) {
    let chart = &shown.chart;
    let Some(step) = chart.steps.get(cursor as usize) else { return };
    let title = format!("Alive at {}", step_name(chart, cursor));
    let right = format!("scope {cursor}");
    let mut blocks = step.stack.clone();
    blocks.sort_by_key(|&index| std::cmp::Reverse(chart.blocks[index].buffer.offset));
    section(ui, ctx.theme, &title, &right, |ui| {
        if blocks.is_empty() {
            ui.label(crate::theme::text::cell("Nothing of the head").color(ctx.theme.text.text_3));
        }
        for &index in &blocks {
            alive_row_ui(ui, shown, cursor, index, ctx);
        }
        if blocks.len() > 1 {
            total_ui(ui, ctx.theme, "Live", step.live_bytes);
        }
    });
}

fn alive_row_ui(ui: &mut Ui, shown: &Shown, cursor: u32, index: usize, ctx: &mut PanelContext<'_>) {
    let theme = ctx.theme;
    let block = &shown.chart.blocks[index];
    let buffer = &block.buffer;
    let selection = ctx.document.active_tab().map(|tab| tab.selection).unwrap_or_default();
    let (rect, response) = row(ui);
    let spoken = format!("Alive, {}", spoken_block(&shown.chart, buffer));
    let chosen = selected_block(&shown.chart, selection) == Some(index);
    response.widget_info(|| WidgetInfo::selected(Role::Row, true, chosen, &spoken));
    if response.clicked() {
        ctx.send(Command::Select(selection_of(buffer)));
    }
    row_ground(ui, theme, rect, &response, chosen);
    let painter = ui.painter();
    let middle = rect.center().y;
    swatch(ui, theme, Rect::from_center_size(pos2(rect.left() + 5.0, middle), vec2(10.0, 10.0)), block.tint);
    let name = match role(shown, cursor, buffer) {
        Some(role) => format!("{role} {}", buffer_name(buffer)),
        None => buffer_name(buffer),
    };
    painter.text(
        pos2(rect.left() + 20.0, middle),
        Align2::LEFT_CENTER,
        name,
        font_id::cell(),
        theme.text.text_1,
    );
    let size = format::bytes_only(buffer.size);
    painter.text(
        pos2(rect.right(), middle),
        Align2::RIGHT_CENTER,
        size,
        font_id::number(),
        theme.text.text_1,
    );
    let place = format!("at {}", format::bytes_only(buffer.offset));
    painter.text(
        pos2(rect.right() - 68.0, middle),
        Align2::RIGHT_CENTER,
        place,
        font_id::number(),
        theme.text.text_3,
    );
    focus_ring(ui, theme, &response);
    response.on_hover_text(shown.uses.sentence(buffer));
}

/// What a tensor is to the operator under the cursor.
fn role(shown: &Shown, cursor: u32, buffer: &PlannedBuffer) -> Option<&'static str> {
    let BufferUse::Tensor(tensor) = buffer.usage else { return None };
    let (subgraph, operator) = shown.chart.steps.get(cursor as usize)?.operator?;
    let found = shown.model.subgraphs.get(subgraph.index())?.operators.get(operator.index())?;
    let same = buffer.subgraph == subgraph;
    Some(if same && found.outputs.contains(&Some(tensor)) {
        "output"
    } else if same && found.inputs.contains(&Some(tensor)) {
        "input"
    } else {
        "kept"
    })
}

fn group_ui(ui: &mut Ui, shown: &Shown, group: &Group, expanded: &mut BTreeSet<Category>, theme: &Theme) {
    let name = category_name(group.category);
    let count = group.blocks.len() as u64;
    let open = expanded.contains(&group.category);
    let (rect, response) = row(ui);
    let spoken = format!(
        "{name}, {}, {} bytes, {}",
        format::counted(count, "block", "blocks"),
        format::bytes_only(group.used),
        if open { "expanded" } else { "folded" }
    );
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &spoken));
    if response.clicked() && !expanded.remove(&group.category) {
        expanded.insert(group.category);
    }
    row_ground(ui, theme, rect, &response, false);
    let painter = ui.painter();
    let middle = rect.center().y;
    let icon = if open { Icon::ChevronDown } else { Icon::ChevronRight };
    let icon_at = pos2(rect.left() + 5.0, middle);
    painter.text(icon_at, Align2::CENTER_CENTER, icon.glyph(), font_id::icon(12.0), theme.text.text_3);
    let colour = theme.text.text_1;
    let left = pos2(rect.left() + 16.0, middle);
    let title = painter.text(left, Align2::LEFT_CENTER, name, font_id::cell(), colour);
    if count > 1 {
        let at = pos2(title.right() + 6.0, middle);
        painter.text(
            at,
            Align2::LEFT_CENTER,
            format::count(count),
            font_id::number_small(),
            theme.text.text_3,
        );
    }
    let right = pos2(rect.right(), middle);
    painter.text(right, Align2::RIGHT_CENTER, format::bytes_only(group.used), font_id::number(), colour);
    focus_ring(ui, theme, &response);
    if open {
        blocks_ui(ui, shown, group, theme);
    }
}

/// One row per block; only rows in sight are laid out, since large models have thousands.
fn blocks_ui(ui: &mut Ui, shown: &Shown, group: &Group, theme: &Theme) {
    const HEIGHT: f32 = 18.0;
    let size = vec2(ui.available_width(), HEIGHT * group.blocks.len() as f32 + 4.0);
    let (area, response) = ui.allocate_exact_size(size, Sense::hover());
    let spoken = format!("Blocks of {}", category_name(group.category));
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &spoken));
    let clip = ui.clip_rect();
    let first = ((clip.top() - area.top()) / HEIGHT).floor().max(0.0) as usize;
    let last = (((clip.bottom() - area.top()) / HEIGHT).ceil().max(0.0) as usize).min(group.blocks.len());
    for place in first..last {
        let block = &shown.plan.persistent[group.blocks[place]];
        let middle = area.top() + HEIGHT * (place as f32 + 0.5);
        let used = format::bytes_only(block.used);
        let painter = ui.painter();
        let right = pos2(area.right(), middle);
        let number =
            painter.text(right, Align2::RIGHT_CENTER, used, font_id::number_small(), theme.text.text_2);
        let name = block_name(&shown.model, block);
        let mut job = LayoutJob::simple_singleline(name, font_id::small(), theme.text.text_3);
        let left = area.left() + 16.0;
        job.wrap = egui::text::TextWrapping::truncate_at_width((number.left() - left - 8.0).max(20.0));
        let galley = painter.layout_job(job);
        painter.galley(pos2(left, middle - galley.size().y / 2.0), galley, theme.text.text_3);
    }
}

/// Gauges against what the chosen chip has.
fn budgets_ui(ui: &mut Ui, shown: &Shown, open: &OpenModel, ctx: &PanelContext<'_>) {
    let chip = ctx.document.chip();
    let Some(smallest) = shown.plan.minimum_bytes else { return };
    section(ui, ctx.theme, &format!("Room on the {}", shown.plan.target.chip.label()), "", |ui| {
        budget_ui(
            ui,
            ctx.theme,
            "Internal RAM",
            smallest,
            chip.arena_budget_bytes,
            &chip.arena_budget_source,
        );
        if chip.psram_bytes > 0 {
            let source = "PSRAM of usual modules; the arena fits there instead of internal RAM";
            budget_ui(ui, ctx.theme, "PSRAM, if used instead", smallest, chip.psram_bytes, source);
        }
        let source = &chip.flash_budget_source;
        budget_ui(ui, ctx.theme, "Flash, model only", open.file_bytes, chip.flash_budget_bytes, source);
    });
}

fn budget_ui(ui: &mut Ui, theme: &Theme, label: &str, used: u64, limit: u64, source: &str) {
    let share = used as f64 / limit.max(1) as f64;
    let (found, word) = verdict(share);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 48.0), Sense::hover());
    let spoken = format!(
        "{label}, {} of {} bytes, {:.0} percent, {word}",
        format::bytes_only(used),
        format::bytes_only(limit),
        share * 100.0
    );
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &spoken));
    let painter = ui.painter();
    let top = rect.top() + 9.0;
    painter.text(pos2(rect.left(), top), Align2::LEFT_CENTER, label, font_id::cell(), theme.text.text_2);
    let colour = if found == Verdict::Over { theme.status.over } else { theme.text.text_1 };
    let value = painter.text(
        pos2(rect.right(), top),
        Align2::RIGHT_CENTER,
        format::bytes(used),
        font_id::number(),
        colour,
    );
    if found != Verdict::Ok {
        let at = pos2(value.left() - 10.0, top);
        painter.text(
            at,
            Align2::CENTER_CENTER,
            found.icon().glyph(),
            font_id::icon(12.0),
            found.colour(theme),
        );
    }
    let bar = Rect::from_min_size(pos2(rect.left(), rect.top() + 20.0), vec2(rect.width(), 6.0));
    inline_bar(ui, theme, bar, share as f32, found.colour(theme));
    let foot = rect.top() + 35.0;
    let of = format!("of {}", format::bytes_only(limit));
    painter.text(
        pos2(rect.left(), foot),
        Align2::LEFT_CENTER,
        of,
        font_id::number_small(),
        theme.text.text_3,
    );
    painter.text(
        pos2(rect.right(), foot),
        Align2::RIGHT_CENTER,
        percent(share),
        font_id::number_small(),
        theme.text.text_3,
    );
    response.on_hover_text(source);
}

fn total_ui(ui: &mut Ui, theme: &Theme, label: &str, bytes: u64) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    response.widget_info(|| {
        WidgetInfo::labeled(Role::Label, true, format!("{label}, {} bytes", format::bytes_only(bytes)))
    });
    let middle = rect.center().y;
    let painter = ui.painter();
    let left = pos2(rect.left() + 16.0, middle);
    painter.text(left, Align2::LEFT_CENTER, label, font_id::label_strong(), theme.text.text_1);
    let right = pos2(rect.right(), middle);
    painter.text(
        right,
        Align2::RIGHT_CENTER,
        format::bytes_only(bytes),
        font_id::number_strong(),
        theme.text.text_1,
    );
}

fn row(ui: &mut Ui) -> (Rect, Response) {
    ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click())
}

fn row_ground(ui: &Ui, theme: &Theme, rect: Rect, response: &Response, chosen: bool) {
    let wide = rect.expand2(vec2(16.0, 0.0));
    if chosen {
        ui.painter().rect_filled(wide, 0.0, theme.accent.soft);
        let edge = Rect::from_min_size(wide.min, vec2(2.0, wide.height()));
        ui.painter().rect_filled(edge, 0.0, theme.accent.base);
    } else if response.hovered() {
        ui.painter().rect_filled(wide, 0.0, theme.surface.raised);
    }
}

/// The colour of a block as a small square.
fn swatch(ui: &Ui, theme: &Theme, rect: Rect, tint: Tint) {
    let marks = match tint {
        Tint::A => vec![Mark::filled(rect, 2.0, theme.memory.tensor_a)],
        Tint::B => vec![Mark::filled(rect, 2.0, theme.memory.tensor_b)],
        Tint::Scratch => Legend::Scratch.swatch(rect, theme),
    };
    paint(ui.painter(), &marks);
}
