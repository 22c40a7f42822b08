//! What other sizes of the selected layer would cost.

use egui::{Align2, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};
use emberlab_core::layers::Layer;

use crate::command::Command;
use crate::document::Document;
use crate::panels::PanelContext;
use crate::panels::design::PanelFront;
use crate::panels::design::tied::{resized, tied};
use crate::panels::design::words::main_number;
use crate::project::DesignCommand;
use crate::project::design::WhatIfRow;
use crate::theme::widgets::{Verdict, focus_ring, hairline, section};
use crate::theme::{Icon, Theme, font_id, format, text};

/// Right ends of the columns from the left edge, as shares of the width without the icon's.
const COLUMNS: [f32; 3] = [0.24, 0.62, 1.0];

/// Room for the icon at the right.
const ICON: f32 = 28.0;

/// The table; nothing for layers without a number that makes them larger or smaller.
pub fn ui(ui: &mut Ui, front: &PanelFront<'_>, layer: &Layer, ctx: &mut PanelContext<'_>) {
    let Some((label, present)) = main_number(&layer.kind) else { return };
    let design = &front.project.design;
    let Some(answer) = design.what_if.as_ref().filter(|answer| answer.key.layer == layer.id) else { return };
    let theme = ctx.theme;
    let chip = ctx.document.chip().chip.label();
    let budget = front.project.project.goal.latency_millis;
    let mut chosen = None;
    section(ui, theme, &format!("{label} against cost"), &format!("int8, {chip}"), |ui| {
        head_ui(ui, theme, label);
        if answer.rows.is_empty() {
            ui.label(text::small("Working it out…").color(theme.text.text_3));
        }
        for row in &answer.rows {
            let verdict = verdict(row, budget, ctx.document);
            if row_ui(ui, theme, label, row, row.number == present, verdict) && row.number != present {
                chosen = Some(row.number);
            }
        }
        let others = tied(design.graph(), layer.id).len().saturating_sub(1);
        if others > 0 && !answer.rows.is_empty() {
            let words = format::counted(others as u64, "layer that must fit it", "layers that must fit it");
            ui.add_space(6.0);
            ui.label(text::small(format!("Together with {words}")).color(theme.text.text_3));
        }
    });
    if let Some(number) = chosen {
        let edits = resized(design.graph(), layer.id, number);
        ctx.send(Command::Design(DesignCommand::Edit(edits)));
    }
}

/// How a size stands against the chip's memory and the budget of the project.
fn verdict(row: &WhatIfRow, budget: Option<f64>, document: &Document) -> [Verdict; 2] {
    let of_share = |share: f64| match share {
        ..0.8 => Verdict::Ok,
        0.8..=1.0 => Verdict::Warn,
        _ => Verdict::Over,
    };
    let arena = match row.arena_bytes {
        Some(bytes) => of_share(bytes as f64 / document.chip().arena_budget_bytes.max(1) as f64),
        None => Verdict::Plain,
    };
    let latency = match (row.millis, budget) {
        (Some(millis), Some(budget)) => of_share(millis / budget),
        (None, _) | (_, None) => Verdict::Ok,
    };
    [arena, latency]
}

fn head_ui(ui: &mut Ui, theme: &Theme, label: &str) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 24.0), Sense::hover());
    for (name, place) in [label, "Arena B", "est. ms"].into_iter().zip(COLUMNS) {
        let at = pos2(rect.left() + (rect.width() - ICON) * place, rect.center().y);
        ui.painter().text(at, Align2::RIGHT_CENTER, name, font_id::caption(), theme.text.text_3);
    }
    hairline(ui.painter(), theme, rect.x_range(), rect.bottom() - 1.0);
}

/// A row; true if it was clicked.
fn row_ui(
    ui: &mut Ui,
    theme: &Theme,
    label: &str,
    row: &WhatIfRow,
    is_present: bool,
    verdicts: [Verdict; 2],
) -> bool {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 22.0), Sense::click());
    let arena = row.arena_bytes.map_or_else(|| format::UNKNOWN.to_owned(), format::bytes_only);
    let millis = row.millis.map_or_else(|| format::UNKNOWN.to_owned(), format::estimated_millis_only);
    let [arena_verdict, latency_verdict] = verdicts;
    let worst = if row.arena_bytes.is_none() {
        Verdict::Plain
    } else if verdicts.contains(&Verdict::Over) {
        Verdict::Over
    } else if verdicts.contains(&Verdict::Warn) {
        Verdict::Warn
    } else {
        Verdict::Ok
    };
    response.widget_info(|| {
        let costs = format!("arena {arena} bytes, estimate {millis} ms");
        let spoken = match worst {
            Verdict::Over => format!("{label} {}: {costs}, over budget", row.number),
            Verdict::Warn => format!("{label} {}: {costs}, near the budget", row.number),
            Verdict::Plain => format!("{label} {}: the network does not fit", row.number),
            Verdict::Ok | Verdict::Info | Verdict::Accent => format!("{label} {}: {costs}", row.number),
        };
        WidgetInfo::selected(Role::Row, ui.is_enabled(), is_present, spoken)
    });
    let wide = rect.expand2(vec2(16.0, 0.0));
    let painter = ui.painter();
    if is_present {
        painter.rect_filled(wide, 0.0, theme.accent.soft);
        painter.rect_filled(wide.with_max_x(wide.left() + 2.0), 0.0, theme.accent.base);
    } else if response.hovered() {
        painter.rect_filled(wide, 0.0, theme.surface.raised);
    }
    let colour = |verdict: Verdict| match verdict {
        Verdict::Warn | Verdict::Over => verdict.colour(theme),
        Verdict::Ok | Verdict::Info | Verdict::Accent | Verdict::Plain => theme.text.text_1,
    };
    let colour = |verdict| if worst == Verdict::Plain { theme.text.text_3 } else { colour(verdict) };
    let cells = [
        (format::count(row.number as u64), theme.text.text_1),
        (arena, colour(arena_verdict)),
        (millis, colour(latency_verdict)),
    ];
    for ((words, colour), place) in cells.into_iter().zip(COLUMNS) {
        let at = pos2(rect.left() + (rect.width() - ICON) * place, rect.center().y);
        painter.text(at, Align2::RIGHT_CENTER, words, font_id::number(), colour);
    }
    let icon = Rect::from_min_max(pos2(rect.right() - ICON, rect.top()), rect.max);
    let glyph = match worst {
        Verdict::Plain => Icon::Minus,
        Verdict::Ok | Verdict::Info | Verdict::Accent => Icon::Check,
        Verdict::Warn | Verdict::Over => Icon::TriangleAlert,
    };
    let at = pos2(icon.right() - 7.0, icon.center().y);
    painter.text(at, Align2::CENTER_CENTER, glyph.glyph(), font_id::icon(13.0), worst.colour(theme));
    focus_ring(ui, theme, &response);
    response.clicked()
}
