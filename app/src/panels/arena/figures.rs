//! The strip of figures: what to allocate, what stays in use, what no plan can go below, and the line of C.

use egui::{Align, Align2, Color32, Rect, Role, Sense, Ui, UiBuilder, WidgetInfo, pos2, vec2};
use emberlab_core::plan::ArenaPlan;

use super::answer::{c_line, c_statement, file_name, headline, report};
use super::chips_table::percent;
use crate::command::Command;
use crate::document::{OpenModel, Tab};
use crate::panels::PanelContext;
use crate::theme::widgets::{ButtonKind, chip_outline, hairline, small_button};
use crate::theme::{Icon, Theme, font_id, format};

/// Height of the strip.
pub const HEIGHT: f32 = 80.0;
/// Room of the unit behind a figure.
const UNIT: f32 = 11.0;

/// One figure.
struct Figure {
    label: &'static str,
    value: Option<u64>,
    below: String,
    colour: Color32,
    help: &'static str,
}

/// The strip over `rect`.
pub fn figures_ui(
    ui: &mut Ui,
    rect: Rect,
    tab: &Tab,
    open: &OpenModel,
    plan: &ArenaPlan,
    ctx: &mut PanelContext<'_>,
) {
    hairline(ui.painter(), ctx.theme, rect.x_range(), rect.bottom() - 1.0);
    let answer_width = answer_ui(ui, rect, tab, open, plan, ctx);
    let right = rect.right() - answer_width - 16.0;
    let figures = figures(plan, ctx);
    let widths: f32 = figures.iter().map(|figure| figure.width(ui)).sum();
    let gap = ((right - rect.left() - 16.0 - widths) / figures.len() as f32).clamp(16.0, 36.0);
    let mut left = rect.left() + 16.0;
    for figure in figures {
        left = figure_ui(ui, ctx.theme, pos2(left, rect.top() + 10.0), right, &figure) + gap;
    }
}

impl Figure {
    fn value_text(&self) -> String {
        self.value.map_or_else(|| format::UNKNOWN.to_owned(), format::bytes_only)
    }

    /// Width of the widest of its three lines.
    fn width(&self, ui: &Ui) -> f32 {
        let width =
            |text: String, font| ui.painter().layout_no_wrap(text, font, Color32::PLACEHOLDER).size().x;
        let value = width(self.value_text(), font_id::figure()) + UNIT;
        value
            .max(width(self.label.to_owned(), font_id::small()))
            .max(width(self.below.clone(), font_id::number_small()))
    }
}

fn figures(plan: &ArenaPlan, ctx: &PanelContext<'_>) -> Vec<Figure> {
    let theme = ctx.theme;
    let budget = ctx.document.chip().arena_budget_bytes;
    let share = |bytes: u64| percent(bytes as f64 / budget.max(1) as f64);
    let below_minimum = match plan.minimum_bytes {
        Some(minimum) => format!("{} · {} of RAM", format::kib(minimum), share(minimum)),
        None => "not known for this target".to_owned(),
    };
    vec![
        Figure {
            label: "Smallest that allocates",
            value: plan.minimum_bytes,
            below: below_minimum,
            colour: theme.text.text_1,
            help: "The smallest arena, a multiple of 16, with which AllocateTensors() succeeds",
        },
        Figure {
            label: "Used after allocation",
            value: Some(plan.used_bytes),
            below: format!(
                "{} + {}",
                format::bytes_only(plan.nonpersistent_bytes),
                format::bytes_only(plan.persistent_bytes)
            ),
            colour: theme.text.text_1,
            help: "What arena_used_bytes() says: head and persistent part",
        },
        Figure {
            label: "Recommended",
            value: Some(plan.recommended_bytes),
            below: "next full KiB".to_owned(),
            colour: theme.text.text_1,
            help: "The smallest arena rounded up to a full KiB",
        },
        Figure {
            label: "Lower bound",
            value: Some(plan.lower_bound_bytes + plan.persistent_bytes),
            below: "no plan can be smaller".to_owned(),
            colour: theme.status.ok,
            help: "The largest sum of live bytes, and the persistent part",
        },
    ]
}

/// One figure at `at`; returns its right edge. Nothing is drawn where it would pass `right`.
fn figure_ui(ui: &Ui, theme: &Theme, at: egui::Pos2, right: f32, figure: &Figure) -> f32 {
    let painter = ui.painter();
    let value = figure.value_text();
    let label = painter.layout_no_wrap(figure.label.to_owned(), font_id::small(), theme.text.text_2);
    let number = painter.layout_no_wrap(value.clone(), font_id::figure(), figure.colour);
    let unit = painter.layout_no_wrap("B".to_owned(), font_id::number_small(), theme.text.text_3);
    let below = painter.layout_no_wrap(figure.below.clone(), font_id::number_small(), theme.text.text_3);
    let figure_width = number.size().x + UNIT;
    let width = figure.width(ui);
    // The line below is the first to go where there is little room.
    let (width, show_below) =
        if at.x + width <= right { (width, true) } else { (label.size().x.max(figure_width), false) };
    let rect = Rect::from_min_size(at, vec2(width, 62.0));
    if rect.right() > right {
        return rect.left();
    }
    let response = ui.interact(rect, ui.scope_id().with(figure.label), Sense::CLICK);
    let spoken = match figure.value {
        Some(_) => format!("{}, {value} bytes", figure.label),
        None => format!("{}, not known", figure.label),
    };
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &spoken));
    painter.galley(at, label, theme.text.text_2);
    let baseline = at.y + 17.0;
    painter.galley(pos2(at.x, baseline), number.clone(), figure.colour);
    if figure.value.is_some() {
        let unit_at = pos2(at.x + number.size().x + 4.0, baseline + number.size().y - unit.size().y - 5.0);
        painter.galley(unit_at, unit, theme.text.text_3);
    }
    if show_below {
        painter.galley(pos2(at.x, at.y + 46.0), below, theme.text.text_3);
    }
    response.context_menu(|ui| {
        if ui.button("Copy").clicked() {
            ui.copy_text(figure.value.map_or_else(String::new, |bytes| bytes.to_string()));
            ui.close();
        }
    });
    response.on_hover_text(figure.help);
    rect.right()
}

/// The line of C and its buttons at the right end; returns the width that they take.
fn answer_ui(
    ui: &mut Ui,
    rect: Rect,
    tab: &Tab,
    open: &OpenModel,
    plan: &ArenaPlan,
    ctx: &mut PanelContext<'_>,
) -> f32 {
    let theme = ctx.theme;
    let statement = c_statement(plan);
    let galley = ui.painter().layout_job(highlighted(&statement, theme));
    let box_width = galley.size().x + 18.0;
    let right = rect.right() - 16.0;
    let has_room = rect.width() >= 560.0 + box_width;
    if has_room {
        let frame = Rect::from_min_size(pos2(right - box_width, rect.top() + 10.0), vec2(box_width, 28.0));
        ui.painter().rect_filled(frame, 4.0, theme.surface.canvas);
        chip_outline(ui, frame, 4, theme.line.strong);
        let at = Align2::CENTER_CENTER.align_size_within_rect(galley.size(), frame).min;
        ui.painter().galley(at, galley, theme.text.text_1);
        let response = ui.interact(frame, ui.scope_id().with("line of C"), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &statement));
        response.on_hover_text(c_line(tab, open, plan));
    }
    let top = if has_room { rect.top() + 46.0 } else { rect.top() + 16.0 };
    let row = Rect::from_min_max(pos2(right - 260.0, top), pos2(right, top + 22.0));
    let layout = egui::Layout::right_to_left(Align::Center);
    let used = ui
        .scope_builder(UiBuilder::new().max_rect(row).layout(layout), |ui| {
            let report_button = small_button(ui, theme, ButtonKind::Outline, Some(Icon::Upload), "Report");
            if report_button.on_hover_text("Save everything about this plan as JSON").clicked() {
                save_report(tab, open, plan, ctx);
            }
            let copy = small_button(ui, theme, ButtonKind::Outline, Some(Icon::Copy), "Copy C line");
            if copy.on_hover_text(c_line(tab, open, plan)).clicked() {
                let said = format!("Copied the C line: {}", headline(plan));
                ctx.send(Command::Copy(c_line(tab, open, plan), said));
            }
            ui.min_rect().width()
        })
        .inner;
    if has_room { box_width } else { used }
}

fn save_report(tab: &Tab, open: &OpenModel, plan: &ArenaPlan, ctx: &mut PanelContext<'_>) {
    // Numbers and text always serialize; should a version of the report not, there is nothing to save.
    if let Ok(json) = report(open, plan.target) {
        let name = file_name(tab, plan.target, "arena.json");
        ctx.send(Command::SaveAs(name, json.into(), "arena report".to_owned()));
    }
}

/// Keywords quiet, the number in the accent.
fn highlighted(statement: &str, theme: &Theme) -> egui::text::LayoutJob {
    let mut job = egui::text::LayoutJob::default();
    for (index, word) in statement.split_inclusive(' ').enumerate() {
        let number = word.trim_end_matches(';');
        let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
        let colour = match index {
            0 | 1 => theme.text.text_3,
            _ if is_number => theme.accent.text,
            _ => theme.text.text_1,
        };
        let format = |colour| egui::TextFormat::simple(font_id::number(), colour);
        if is_number {
            job.append(number, 0.0, format(colour));
            job.append(&word[number.len()..], 0.0, format(theme.text.text_1));
        } else {
            job.append(word, 0.0, format(colour));
        }
    }
    job
}
