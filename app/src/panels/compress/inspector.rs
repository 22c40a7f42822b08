//! The inspector: the chosen variant, how it was made, what it changes on the chip, where it loses.

use egui::{Align2, Role, Sense, Ui, WidgetInfo, pos2, vec2};
use emberlab_core::export::SourceKind;
use emberlab_core::project::VariantRecord;
use emberlab_core::quantize::ErrorMode;

use super::PanelContext;
use super::answers::turned;
use super::figures::{
    Measure, Metric, Row, RunsOn, change_text, latency_text, measure, ranked, row_of, share_text, steps,
    value_text,
};
use super::layers::{is_base, label_of};
use crate::command::Command;
use crate::document::Tab;
use crate::project::CompressCommand;
use crate::project::compress::{Variant, base_run, float_record, record, trained_runs};
use crate::theme::widgets::{
    ButtonKind, Verdict, button, choice_input, field, icon_button, key_value, key_value_coloured, note,
    note_buttons, section, small_button,
};
use crate::theme::{Icon, Theme, font_id, format, text};

/// Draws the inspector; true if the samples that flipped are to be shown.
pub fn inspector_ui(ui: &mut Ui, tab: &Tab, ctx: &mut PanelContext<'_>) -> bool {
    let target = ctx.document.target;
    let Some(name) = tab.compress.selected.as_deref() else {
        run_ui(ui, tab, ctx);
        return false;
    };
    let Some((record, row)) = record(tab, name).zip(row_of(tab, name, target)) else {
        run_ui(ui, tab, ctx);
        return false;
    };
    let unknown = Variant::default();
    let variant = tab.compress.variants.get(name).unwrap_or(&unknown);
    let float = float_record(tab, record.run).filter(|float| float.name != name);
    let float = float.and_then(|float| row_of(tab, &float.name, target));
    title_ui(ui, tab, record, ctx);
    figures_ui(ui, tab, &row, float.as_ref(), ctx);
    notes_ui(ui, record, &row, ctx);
    let mut shows = false;
    padded(ui, |ui| {
        ui.horizontal_wrapped(|ui| {
            shows = buttons_ui(ui, tab, record, variant, ctx);
        });
    });
    recipe_ui(ui, record, ctx);
    if let Some(float) = &float {
        changes_ui(ui, &row, float, ctx.theme);
    }
    worst_ui(ui, tab, record, variant, ctx);
    flips_ui(ui, tab, record, variant, ctx.theme);
    run_ui(ui, tab, ctx);
    shows
}

fn title_ui(ui: &mut Ui, tab: &Tab, record: &VariantRecord, ctx: &mut PanelContext<'_>) {
    let theme = ctx.theme;
    egui::Frame::new().inner_margin(egui::Margin { left: 16, right: 10, top: 8, bottom: 2 }).show(ui, |ui| {
        let size = vec2(ui.available_width(), 28.0);
        let layout = egui::Layout::right_to_left(egui::Align::Center);
        ui.allocate_ui_with_layout(size, layout, |ui| {
            ui.set_min_size(size);
            ui.spacing_mut().item_spacing.x = 2.0;
            let is_own = tab.project.is_none() && super::stored(tab).first() == Some(record);
            if !is_own && icon_button(ui, theme, Icon::Trash2, "Delete the variant").clicked() {
                ctx.send(Command::Compress(CompressCommand::Delete(record.name.clone())));
            }
            let words = if record.pinned { "Do not pin the variant" } else { "Pin the variant to the top" };
            let pin = icon_button(ui, theme, Icon::Pin, words);
            if record.pinned {
                let at = pin.rect.center();
                let font = font_id::icon(16.0);
                ui.painter().text(at, Align2::CENTER_CENTER, Icon::Pin.glyph(), font, theme.accent.base);
            }
            if pin.clicked() {
                let command = CompressCommand::SetPinned(record.name.clone(), !record.pinned);
                ctx.send(Command::Compress(command));
            }
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                let title = text::title(&record.name).color(theme.text.text_1);
                ui.add(egui::Label::new(title).truncate());
            });
        });
    });
}

fn figures_ui(ui: &mut Ui, tab: &Tab, row: &Row, float: Option<&Row>, ctx: &PanelContext<'_>) {
    let theme = ctx.theme;
    let measure = measure(tab);
    let figures = record(tab, &row.name).and_then(|record| record.figures);
    padded(ui, |ui| {
        let label = match measure {
            Measure::Accuracy => "Accuracy",
            Measure::Error => "Mean absolute error",
        };
        let value = match (row.value, row.to_float) {
            (Some(value), Some(change)) => {
                format!("{}, {}", value_text(measure, value), change_text(measure, change))
            }
            (Some(value), None) => value_text(measure, value),
            (None, _) => format::UNKNOWN.to_owned(),
        };
        key_value(ui, theme, label, &value);
        if let Some(figures) = figures {
            let what = if figures.of_validation { "validation samples" } else { "test samples" };
            key_value(ui, theme, "Measured on", &format!("{} {what}", format::count(figures.samples as u64)));
        }
        if let Some(share) = row.agreement.filter(|_| row.to_float.is_some()) {
            // Of values, the share of float32's variance that is kept.
            let (label, words) = match measure {
                Measure::Accuracy => ("Agreement with float32", format::percent_share(share)),
                Measure::Error => ("R² to float32", format!("{share:.4}")),
            };
            key_value(ui, theme, label, &words);
        }
        let with_share = |now: Option<u64>, before: Option<u64>| match (now, before) {
            (Some(now), Some(before)) => format!("{}, {}", format::bytes(now), share_text(now, before)),
            (Some(now), None) => format::bytes(now),
            (None, _) => format::UNKNOWN.to_owned(),
        };
        key_value(ui, theme, "File", &with_share(row.file, float.and_then(|float| float.file)));
        if let Some(gzip) = row.gzip {
            key_value(ui, theme, "File, gzip", &format::bytes(gzip));
        }
        let chip = ctx.document.target.chip.label();
        let arena = with_share(row.arena, float.and_then(|float| float.arena));
        key_value(ui, theme, &format!("Arena, {chip}"), &arena);
        let latency = row.latency.map_or_else(|| format::UNKNOWN.to_owned(), latency_text);
        key_value(ui, theme, "Latency, estimate", &latency);
    });
}

/// What is wrong with the file, and where a variant runs that does not run on the chip.
fn notes_ui(ui: &mut Ui, record: &VariantRecord, row: &Row, ctx: &mut PanelContext<'_>) {
    let theme = ctx.theme;
    let safe = record.recipe.as_ref().and_then(emberlab_core::quantize::Recipe::device_safe);
    let (bold, words) = match &row.runs_on {
        // Why TFLM refuses it is a line of its sources, which the tooltip of the table has.
        RunsOn::HostOnly(_, help) => {
            ("It runs on a desktop only.", format!("{}.", help.trim_end_matches('.')))
        }
        RunsOn::Refused(reason, help) => {
            ("The chip does not run it.", format!("{}. {help}", reason.trim_end_matches('.')))
        }
        RunsOn::Unknown | RunsOn::Chip(_) => {
            if let Some(trouble) = &row.trouble {
                padded(ui, |ui| {
                    note(ui, theme, Verdict::Warn, "Other figures than the file has.", trouble);
                });
            }
            return;
        }
    };
    padded(ui, |ui| {
        let label = safe.as_ref().map(|safe| format!("Make {safe}"));
        let buttons: Vec<(Option<Icon>, &str)> =
            label.iter().map(|label| (Some(Icon::Plus), label.as_str())).collect();
        let (_, pressed) = note_buttons(ui, theme, Verdict::Info, bold, &words, &buttons);
        if let (Some(_), Some(safe)) = (pressed, safe) {
            ctx.send(Command::Compress(CompressCommand::Make(vec![safe])));
        }
    });
}

fn buttons_ui(
    ui: &mut Ui,
    tab: &Tab,
    record: &VariantRecord,
    variant: &Variant,
    ctx: &mut PanelContext<'_>,
) -> bool {
    let theme = ctx.theme;
    let name = || record.name.clone();
    if variant.file.is_some() {
        if button(ui, theme, ButtonKind::Outline, Some(Icon::Upload), "Export .tflite…")
            .on_hover_text("Writes the file, reads it back, and compares every byte")
            .clicked()
        {
            ctx.send(Command::Compress(CompressCommand::Export(name())));
        }
        if button(ui, theme, ButtonKind::Outline, Some(Icon::Code), "C array…")
            .on_hover_text("Writes the file as C sources with the arena and the operators that it needs")
            .clicked()
        {
            ctx.send(Command::Compress(CompressCommand::ExportSources(name(), SourceKind::CArray)));
        }
        if button(ui, theme, ButtonKind::Outline, Some(Icon::Cpu), "ESP-IDF project…")
            .on_hover_text(
                "Writes a complete project with TensorFlow Lite Micro and ESP-NN, which idf.py builds",
            )
            .clicked()
        {
            ctx.send(Command::Compress(CompressCommand::ExportEspIdf(name())));
        }
        if button(ui, theme, ButtonKind::Outline, Some(Icon::ExternalLink), "Open in a tab").clicked() {
            ctx.send(Command::Compress(CompressCommand::Open(name())));
        }
    } else if let Some(recipe) = record.recipe.as_ref().filter(|_| tab.compress.making.is_none())
        && button(ui, theme, ButtonKind::Outline, Some(Icon::RotateCw), "Make it again").clicked()
    {
        ctx.send(Command::Compress(CompressCommand::Make(vec![recipe.clone()])));
    }
    let has_flips = variant.agreement.as_ref().is_some_and(|agreement| !agreement.flips.is_empty());
    has_flips && button(ui, theme, ButtonKind::Outline, Some(Icon::Eye), "Show samples").clicked()
}

fn recipe_ui(ui: &mut Ui, record: &VariantRecord, ctx: &mut PanelContext<'_>) {
    let theme = ctx.theme;
    let Some(recipe) = &record.recipe else {
        section(ui, theme, "Recipe", "", |ui| {
            let words = "It came as a file: how it was made is not known.";
            ui.label(text::small(words).color(theme.text.text_3));
        });
        return;
    };
    let run = if record.run > 0 { format!("run {}", record.run) } else { String::new() };
    section(ui, theme, "Recipe", &run, |ui| {
        let steps = steps(recipe);
        let last = steps.len().saturating_sub(1);
        for (index, (step, how)) in steps.iter().enumerate() {
            step_ui(ui, theme, step, how, index == last);
        }
        let change = small_button(ui, theme, ButtonKind::Ghost, Some(Icon::SlidersHorizontal), "Change it…");
        if change.on_hover_text("Begins a new variant with this recipe").clicked() {
            let recipe = Some(Box::new(recipe.clone()));
            ctx.send(Command::Compress(CompressCommand::AskNew(recipe)));
        }
    });
}

/// A step: a dot, a line to the next one, what is done and how.
fn step_ui(ui: &mut Ui, theme: &Theme, step: &str, how: &str, is_last: bool) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 38.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{step}: {how}")));
    let painter = ui.painter();
    let centre = pos2(rect.left() + 4.0, rect.top() + 10.0);
    painter.circle_filled(centre, 4.0, theme.status.ok);
    if !is_last {
        let line = egui::Rect::from_min_max(
            pos2(centre.x - 0.5, centre.y + 7.0),
            pos2(centre.x + 0.5, rect.bottom() + 3.0),
        );
        painter.rect_filled(line, 0.0, theme.line.strong);
    }
    let left = rect.left() + 20.0;
    let words = |text: &str, font, colour| {
        let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), font, colour);
        job.wrap = egui::text::TextWrapping::truncate_at_width(rect.right() - left);
        painter.layout_job(job)
    };
    let first = words(step, font_id::label(), theme.text.text_1);
    let second = words(how, font_id::small(), theme.text.text_3);
    let is_cut = second.elided;
    painter.galley(pos2(left, rect.top() + 2.0), first, theme.text.text_1);
    painter.galley(pos2(left, rect.top() + 18.0), second, theme.text.text_3);
    if is_cut {
        response.on_hover_text(how);
    }
}

fn changes_ui(ui: &mut Ui, row: &Row, float: &Row, theme: &Theme) {
    if !row.runs() {
        return;
    }
    section(ui, theme, "What changes on the chip", "against float32", |ui| {
        let mut change = |label: &str, now: Option<u64>, before: Option<u64>| {
            if let (Some(now), Some(before)) = (now, before) {
                let change = now as i64 - before as i64;
                let colour = colour_of(theme, change as f64);
                key_value_coloured(ui, theme, label, &format!("{} B", format::signed(change)), colour);
            }
        };
        change("Flash", row.file, float.file);
        change("Arena", row.arena, float.arena);
        if let (Some(now), Some(before)) = (row.latency, float.latency) {
            let change = now.millis - before.millis;
            let sign = if change < 0.0 { "\u{2212}" } else { "+" };
            let words = format!("{sign}{}, estimate", format::estimated_millis(change.abs()));
            key_value_coloured(ui, theme, "Latency", &words, colour_of(theme, change));
        }
    });
}

fn colour_of(theme: &Theme, change: f64) -> egui::Color32 {
    if change < 0.0 {
        theme.status.ok
    } else if change > 0.0 {
        theme.status.warn
    } else {
        theme.text.text_2
    }
}

/// The layer that loses most, in a sentence.
fn worst_ui(ui: &mut Ui, tab: &Tab, record: &VariantRecord, variant: &Variant, ctx: &mut PanelContext<'_>) {
    let float = tab.compress.base(record.run).and_then(|base| base.float.as_deref());
    let (Some(errors), Some(float)) = (&variant.errors, float) else { return };
    let ranked = ranked(&errors.operators, Metric::Sqnr, ErrorMode::Alone);
    let Some((error, value)) = ranked.first().filter(|(_, value)| value.is_finite()) else { return };
    let label = label_of(&float.model, error.float);
    let mut rest = format!("Alone it has `{}` dB of signal to noise", Metric::Sqnr.text(*value));
    if let Some(after) = Metric::Sqnr.value(error, ErrorMode::Accumulated).filter(|value| value.is_finite()) {
        rest.push_str(&format!(", with all layers before it `{}` dB", Metric::Sqnr.text(after)));
    }
    rest.push('.');
    if let Some(Ok(cost)) = variant.wider.get(&error.float)
        && let Some(arena) = cost.arena.filter(|arena| *arena != 0 && cost.runs)
    {
        rest.push_str(&format!(" Kept in int16 it would take `{} B` of arena.", format::signed(arena)));
    }
    padded(ui, |ui| {
        let verdict = if Metric::Sqnr.is_bad(*value) { Verdict::Warn } else { Verdict::Info };
        note(ui, ctx.theme, verdict, &format!("{label} loses most."), &rest);
        let clipped = variant.evaluated.as_ref().map_or(0.0, |evaluated| evaluated.clipped);
        if clipped >= crate::compression::CLIPPED {
            let rest = format!(
                "`{}` of the values of the samples lie outside of what calibration saw. If they matter, as faults of a \
                 machine may, calibrate with samples that have such values.",
                format::percent_share(clipped)
            );
            note(ui, ctx.theme, Verdict::Warn, "Inputs are clipped.", &rest);
        }
    });
}

fn flips_ui(ui: &mut Ui, tab: &Tab, record: &VariantRecord, variant: &Variant, theme: &Theme) {
    let (Some(agreement), Some(evaluated)) = (&variant.agreement, &variant.evaluated) else { return };
    if is_base(tab, &record.name, variant) || evaluated.accuracy().is_none() {
        return;
    }
    let of = format!(
        "{} of {}",
        format::count(agreement.flips.len() as u64),
        format::count(evaluated.samples as u64)
    );
    section(ui, theme, "Samples that flipped", &of, |ui| {
        let [lost, won, other] = turned(&agreement.flips).map(|count| format::count(count as u64));
        key_value(ui, theme, "Right before, wrong now", &lost);
        key_value(ui, theme, "Wrong before, right now", &won);
        key_value(ui, theme, "Wrong in another way", &other);
        let points = variant.turning_points();
        let float = tab.compress.base(record.run).and_then(|base| base.float.as_deref());
        if let (Some((divergence, count)), Some(float)) = (points.first(), float) {
            let share = *count as f64 / variant.divergences.len().max(1) as f64;
            let label = label_of(&float.model, divergence.float);
            key_value(ui, theme, "Turned at", &format!("{label} in {}", format::percent_whole(share)));
        }
    });
}

/// The run whose weights new variants get.
fn run_ui(ui: &mut Ui, tab: &Tab, ctx: &mut PanelContext<'_>) {
    let runs = trained_runs(tab);
    let Some(run) = base_run(tab).filter(|_| runs.len() > 1) else { return };
    let choices: Vec<(u32, String)> = runs.iter().map(|run| (run.number, run.label())).collect();
    section(ui, ctx.theme, "New variants", "", |ui| {
        let mut chosen = run;
        let changed = field(ui, ctx.theme, "Weights of", |ui| {
            choice_input(ui, ctx.theme, "Run of new variants", &mut chosen, &choices)
        });
        if changed {
            ctx.send(Command::Compress(CompressCommand::SelectRun(chosen)));
        }
    });
}

fn padded(ui: &mut Ui, content: impl FnOnce(&mut Ui)) {
    egui::Frame::new().inner_margin(egui::Margin::symmetric(16, 6)).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = 4.0;
        content(ui);
    });
}
