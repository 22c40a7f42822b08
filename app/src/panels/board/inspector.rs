//! What the measurement says: same bits or not, latency, memory, conditions, scores, and earlier results.

use egui::{Align2, CornerRadius, Frame, Margin, Rect, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};
use emberlab_core::bench::{Check, DifferingPlace, Record, Stage};
use emberlab_core::export::ESP_IDF_FIRMWARE;
use emberlab_core::model::{OperatorId, SubgraphId};
use emberlab_core::plan::{Chip, KernelSet, Target};

use super::PanelContext;
use super::date::date_text;
use super::differing::{elements, sentence};
use super::figures::rate_text;
use super::quantity::Quantity;
use super::shown::{RecordingNumbers, Shown, measured_model};
use crate::board::{BoardCommand, BoardRun, unit_word};
use crate::command::Command;
use crate::document::{OpenModel, Selection, Tab};
use crate::panels::run::values::{Numbers, number_text};
use crate::theme::widgets::{
    ButtonKind, Verdict, inline_bar, key_value, key_value_coloured, section, small_button,
};
use crate::theme::{Icon, Theme, font_id, format, text};

/// Scores that are listed.
const SCORES: usize = 10;
/// Earlier results that are listed.
const RECORDS: usize = 12;

/// Draws the inspector.
pub fn inspector_ui(
    ui: &mut Ui,
    recording: &mut RecordingNumbers,
    classes: &[String],
    ctx: &mut PanelContext<'_>,
) {
    let document = ctx.document;
    let Some(shown) = Shown::of(&document.board) else { return };
    ui.spacing_mut().item_spacing.y = 0.0;
    let Some(run) = shown.run else {
        recording_ui(ui, &shown, recording, ctx);
        return;
    };
    let model = measured_model(document, run);
    let open = model.map(|(_, open)| open);
    if shown.is_plain() {
        values_ui(ui, &shown, ctx.theme);
    } else {
        padded(ui, |ui| verdict_ui(ui, run, model, ctx));
    }
    if let Some(numbers) = shown.numbers(recording) {
        let runs = format::counted(numbers.summary.count as u64, "run", "runs");
        section(ui, ctx.theme, latency_title(shown.quantity), &runs, |ui| {
            latency_ui(ui, &shown, *numbers.summary, ctx.theme);
            if let Some(jitter) = run.figures.as_ref().map(|figures| figures.jitter) {
                key_value(ui, ctx.theme, "Jitter, p95 − p5", &shown.quantity.short(jitter));
            }
            estimate_ui(ui, shown.quantity, open, ctx);
            if shown.quantity == Quantity::Nanoseconds {
                hint(ui, ctx.theme, "Simulated: times of this computer. They say nothing about a chip.");
            }
            if shown.quantity == Quantity::Instructions {
                hint(
                    ui,
                    ctx.theme,
                    "Counted exactly, the same in every run. Instructions are no time: chips differ in what one takes.",
                );
            }
        });
    }
    if run.model.is_some() || run.board.is_some() {
        section(ui, ctx.theme, "Memory on the board", "", |ui| memory_ui(ui, run, open, ctx.theme));
    }
    section(ui, ctx.theme, "Conditions", "", |ui| conditions_ui(ui, run, ctx.theme));
    if let Some(open) = open
        && let Some(outputs) = &run.outputs
    {
        scores_ui(ui, run, open, outputs, classes, ctx.theme);
    }
    records_ui(ui, run, ctx);
}

fn padded<R>(ui: &mut Ui, content: impl FnOnce(&mut Ui) -> R) -> R {
    Frame::new()
        .inner_margin(Margin::symmetric(16, 12))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            content(ui)
        })
        .inner
}

fn hint(ui: &mut Ui, theme: &Theme, words: &str) {
    ui.add_space(2.0);
    ui.add(egui::Label::new(text::small(words).color(theme.text.text_3)).wrap());
    ui.add_space(2.0);
}

fn latency_title(quantity: Quantity) -> &'static str {
    match quantity {
        Quantity::Time { .. } => "Latency",
        Quantity::Cycles => "Latency, in cycles",
        Quantity::Instructions => "Instructions per inference",
        Quantity::Nanoseconds => "Latency on this computer",
    }
}

/// Numbers in text: the latest of each, and between which they lie.
fn values_ui(ui: &mut Ui, shown: &Shown<'_>, theme: &Theme) {
    let n_points: usize = shown.series.values().map(|series| series.points.len()).sum();
    let points = format::counted(n_points as u64, "point", "points");
    section(ui, theme, "Numbers in text", &points, |ui| {
        for (name, series) in shown.series.iter().take(SCORES) {
            key_value(ui, theme, name, &series.last().map(number_text).unwrap_or_default());
        }
        let more = shown.series.len().saturating_sub(SCORES);
        if more > 0 {
            hint(ui, theme, &format!("{more} more are in the legend of the plot."));
        }
        if shown.is_live && shown.run.is_some_and(|run| run.points_per_second > 0.0) {
            let rate = shown.run.map_or(0.0, |run| run.points_per_second);
            key_value(ui, theme, "Points a second", &format::count(rate.round() as u64));
        }
    });
}

/// A recording that was opened again.
fn recording_ui(
    ui: &mut Ui,
    shown: &Shown<'_>,
    recording: &mut RecordingNumbers,
    ctx: &mut PanelContext<'_>,
) {
    let theme = ctx.theme;
    padded(ui, |ui| {
        ui.label(text::title("Recording").color(theme.text.text_1));
        ui.add_space(4.0);
        ui.add(
            egui::Label::new(text::number(shown.name.unwrap_or_default()).color(theme.text.text_2)).wrap(),
        );
        ui.add_space(8.0);
        if small_button(ui, theme, ButtonKind::Outline, Some(Icon::X), "Close recording").clicked() {
            ctx.send(Command::Board(BoardCommand::CloseRecording));
        }
    });
    if shown.is_plain() {
        values_ui(ui, shown, theme);
    }
    let Some(numbers) = shown.numbers(recording) else { return };
    let runs = format::counted(numbers.summary.count as u64, "run", "runs");
    section(ui, theme, latency_title(shown.quantity), &runs, |ui| {
        latency_ui(ui, shown, *numbers.summary, theme);
    });
}

/// The card that says whether the board computes what this computer does.
fn verdict_ui(ui: &mut Ui, run: &BoardRun, model: Option<(&Tab, &OpenModel)>, ctx: &mut PanelContext<'_>) {
    let theme = ctx.theme;
    let check = run.check.as_deref();
    let open = model.map(|(_, open)| open);
    let (verdict, icon, title, words) = verdict(run, open);
    card_ui(ui, theme, verdict, icon, title, &words, &spoken(run, title, &words));
    let Some(difference) = check.and_then(|check| check.difference.as_ref()) else { return };
    ui.add_space(8.0);
    if let DifferingPlace::Operator(subgraph, operator, ..) = difference.place
        && let Some((tab, _)) = model
        && small_button(ui, theme, ButtonKind::Outline, Some(Icon::Crosshair), "Show the operator").clicked()
    {
        let place = Selection::Operator(SubgraphId(u32::from(subgraph)), OperatorId(u32::from(operator)));
        ctx.send(Command::ShowTab(tab.id));
        ctx.send(Command::Select(place));
    }
    let Some(found) = elements(difference, open.map(|open| &*open.model)) else {
        if matches!(difference.place, DifferingPlace::Operator(..)) {
            hint(ui, theme, "The tensor did not arrive from the board, or is too large to be sent.");
        }
        return;
    };
    ui.add_space(6.0);
    let unit = if found.are_bytes { "bytes" } else { "elements" };
    let (n_differing, n_all) = found.count;
    let title =
        format!("{} of {} {unit} differ", format::count(n_differing as u64), format::count(n_all as u64));
    row_ui(ui, theme, [&title, "desktop", "board"], true);
    for (place, expected, found) in &found.listed {
        row_ui(ui, theme, [place, expected, found], false);
    }
    if n_differing > found.listed.len() {
        let rest = format!("and {} more", format::count((n_differing - found.listed.len()) as u64));
        hint(ui, theme, &rest);
    }
}

/// Verdict, icon, title and sentence.
fn verdict(run: &BoardRun, open: Option<&OpenModel>) -> (Verdict, Icon, &'static str, String) {
    let plain = |title, words: &str| (Verdict::Plain, Icon::Circle, title, words.to_owned());
    let Some(check) = run.check.as_deref() else {
        return match &run.stage {
            Stage::Checking(done, total) => {
                let words = format!("Input {} of {total} is computed on both sides.", done + 1);
                (Verdict::Info, Icon::RotateCw, "Comparing…", words)
            }
            Stage::Asking | Stage::Sending(..) | Stage::Fetching => {
                plain("Not compared yet", "Inputs are compared before measuring begins.")
            }
            Stage::NoModel | Stage::OtherModel => {
                plain("Not compared", "The model in front does not run on the board.")
            }
            Stage::Live | Stage::Done if run.tab.is_none() => {
                plain("Not compared", "No model is open that the board's could be compared with.")
            }
            Stage::Live | Stage::Done => plain("Not compared", "This computer cannot run the model."),
            Stage::Listening | Stage::Silent | Stage::OtherVersion | Stage::Panicked | Stage::Lost => {
                plain("Not compared", "Nothing was computed on both sides.")
            }
        };
    };
    if check.is_equal() {
        let inputs = format::counted(u64::from(check.done), "input", "inputs");
        let operators = operators_of(check);
        let words = format!(
            "The board computes exactly what the desktop predicted: `{inputs}`, `{operators}` each, `0` bytes differ."
        );
        return (Verdict::Ok, Icon::Equal, "Same bits", words);
    }
    if let Some(difference) = &check.difference {
        let words = sentence(difference, open.map(|open| &*open.model));
        return (Verdict::Over, Icon::CircleX, "Other bits", words);
    }
    if check.total == 0 {
        return plain("Not compared", "This computer cannot run the model.");
    }
    if check.incomplete > 0 && check.done + check.incomplete >= check.total {
        let words = format!(
            "The line lost too much of `{}` of `{}` inputs. The others are equal.",
            check.incomplete, check.total
        );
        return (Verdict::Warn, Icon::TriangleAlert, "Not compared to the end", words);
    }
    let words = format!("`{}` of `{}` inputs are equal so far.", check.done, check.total);
    (Verdict::Info, Icon::RotateCw, "Comparing…", words)
}

fn operators_of(check: &Check) -> String {
    let mut places: Vec<(u16, u16)> =
        check.operators.iter().map(|one| (one.subgraph, one.operator)).collect();
    places.sort_unstable();
    places.dedup();
    format::counted(places.len() as u64, "operator", "operators")
}

fn spoken(run: &BoardRun, title: &str, words: &str) -> String {
    match run.check.as_deref().filter(|check| check.is_equal()) {
        Some(check) => {
            let operators = operators_of(check);
            let count = operators.split(' ').next().unwrap_or_default();
            format!("Same bits: {count} of {operators} equal")
        }
        None => format!("{title}: {}", words.replace('`', "")),
    }
}

/// A card in the colour of a verdict, with a title of its own.
fn card_ui(ui: &mut Ui, theme: &Theme, verdict: Verdict, icon: Icon, title: &str, words: &str, spoken: &str) {
    let width = ui.available_width();
    let colour = verdict.colour(theme);
    let job = crate::theme::widgets::note_job(theme, "", words, width - 28.0);
    let galley = ui.painter().layout_job(job);
    let (rect, response) = ui.allocate_exact_size(vec2(width, galley.size().y + 52.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, spoken));
    let painter = ui.painter();
    painter.rect_filled(rect, CornerRadius::same(6), verdict.soft(theme));
    painter.rect_stroke(
        rect,
        CornerRadius::same(6),
        Stroke::new(1.0, crate::theme::with_alpha(colour, 0.5)),
        egui::StrokeKind::Inside,
    );
    let middle = rect.top() + 24.0;
    let at = pos2(rect.left() + 24.0, middle);
    painter.text(at, Align2::CENTER_CENTER, icon.glyph(), font_id::icon(18.0), colour);
    let font = egui::FontId::new(17.0, font_id::title().family);
    painter.text(pos2(rect.left() + 44.0, middle), Align2::LEFT_CENTER, title, font, colour);
    painter.galley(pos2(rect.left() + 14.0, rect.top() + 42.0), galley, theme.text.text_1);
}

/// A place and two numbers.
fn row_ui(ui: &mut Ui, theme: &Theme, texts: [&str; 3], is_head: bool) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, texts.join(", ")));
    let middle = rect.center().y;
    let (font, left_colour) = if is_head {
        (font_id::caption(), theme.text.text_3)
    } else {
        (font_id::number_small(), theme.text.text_2)
    };
    let painter = ui.painter();
    painter.text(pos2(rect.left(), middle), Align2::LEFT_CENTER, texts[0], font.clone(), left_colour);
    let colours = if is_head { [theme.text.text_3; 2] } else { [theme.text.text_1, theme.status.over] };
    for (index, colour) in colours.into_iter().enumerate() {
        let x = rect.right() - if index == 0 { 64.0 } else { 0.0 };
        painter.text(pos2(x, middle), Align2::RIGHT_CENTER, texts[index + 1], font.clone(), colour);
    }
}

fn latency_ui(ui: &mut Ui, shown: &Shown<'_>, summary: emberlab_core::link::Summary, theme: &Theme) {
    let rows = [
        ("Median", summary.median),
        ("Minimum", summary.minimum),
        ("p95", summary.p95),
        ("p99", summary.p99),
        ("Maximum", summary.maximum),
    ];
    for (name, value) in rows {
        key_value(ui, theme, name, &shown.quantity.short(value));
    }
}

/// What was estimated before anything was measured.
fn estimate_ui(ui: &mut Ui, quantity: Quantity, open: Option<&OpenModel>, ctx: &PanelContext<'_>) {
    if quantity.micros(1.0).is_none() {
        return;
    }
    let target = ctx.document.target;
    let latency = open.and_then(|open| open.findings(target)).and_then(|findings| findings.latency());
    let text = latency.map_or_else(
        || format::UNKNOWN.to_owned(),
        |latency| format::estimate_with_bar(latency.range.0, latency.millis, latency.range.1),
    );
    let response = key_value_coloured(ui, ctx.theme, "Estimate before", &text, ctx.theme.text.text_3);
    response
        .on_hover_text(format!("For {}, the chip that is chosen at the top, with TFLM", target.chip.label()));
}

/// Bytes in use and the smallest arena as they were predicted for the program that answers: for our own runtime, or for
/// TensorFlow Lite Micro with ESP-NN on the chip that the board says it has.
fn predicted_arena(run: &BoardRun, open: &OpenModel) -> Option<(u32, Option<u32>)> {
    let board = run.board.as_ref()?;
    if board.firmware != ESP_IDF_FIRMWARE {
        let needs = open.emberlab_arena.as_ref().ok()?.needs;
        return Some((needs.used_bytes, Some(needs.minimum_bytes)));
    }
    let target = Target { chip: Chip::from_id(&board.chip)?, kernels: KernelSet::EspNn };
    let plan = open.plan(target)?.as_ref().ok()?;
    let minimum = plan.minimum_bytes.and_then(|bytes| u32::try_from(bytes).ok());
    Some((u32::try_from(plan.used_bytes).ok()?, minimum))
}

fn memory_ui(ui: &mut Ui, run: &BoardRun, open: Option<&OpenModel>, theme: &Theme) {
    let predicted = open.and_then(|open| predicted_arena(run, open));
    if let Some(model) = &run.model {
        let pairs = [
            ("Arena", "Predicted arena", model.arena_used, predicted.map(|(used, _)| used)),
            (
                "Smallest arena",
                "Predicted smallest",
                model.arena_minimum,
                predicted.and_then(|(_, minimum)| minimum),
            ),
        ];
        for (name, prediction, measured, predicted) in pairs {
            key_value(ui, theme, name, &format::bytes(u64::from(measured)));
            let (words, colour) = match predicted {
                Some(predicted) if predicted == measured => {
                    (format!("{}, equal", format::bytes(u64::from(predicted))), theme.status.ok)
                }
                Some(predicted) => {
                    let difference = i64::from(measured) - i64::from(predicted);
                    let words = format!(
                        "{}, {} B on the board",
                        format::bytes(u64::from(predicted)),
                        format::signed(difference)
                    );
                    (words, theme.status.over)
                }
                None => (format::UNKNOWN.to_owned(), theme.text.text_3),
            };
            key_value_coloured(ui, theme, prediction, &words, colour);
        }
        key_value(ui, theme, "Room for it", &format::bytes(u64::from(model.arena_given)));
    }
    if let Some(board) = &run.board {
        key_value(ui, theme, "RAM of the firmware", &format::bytes(u64::from(board.memory_bytes)));
        if let Some(stack) = &board.stack {
            let response = key_value(ui, theme, "Stack used, most", &format::bytes(u64::from(stack.used)));
            response.on_hover_text(format!("Of {}", format::bytes(u64::from(stack.bytes))));
        }
    }
}

fn conditions_ui(ui: &mut Ui, run: &BoardRun, theme: &Theme) {
    let unknown = || format::UNKNOWN.to_owned();
    let Some(board) = &run.board else {
        key_value(ui, theme, "Board", &run.address.label());
        link_ui(ui, run, theme);
        return;
    };
    key_value(ui, theme, "Chip", &chip_name(&board.chip));
    if board.clock_hz > 0 {
        key_value(ui, theme, "Clock", &format::clock(u64::from(board.clock_hz)));
        if let Some(hz) = measured_clock(run) {
            let is_near = (hz / f64::from(board.clock_hz) - 1.0).abs() < 0.02;
            let colour = if is_near { theme.text.text_1 } else { theme.status.warn };
            key_value_coloured(ui, theme, "Clock by its own timer", &format!("{:.1} MHz", hz / 1e6), colour);
        }
    }
    key_value(ui, theme, "Counts", unit_word(board.unit));
    key_value(
        ui,
        theme,
        "Taken off for counting",
        &format!("{} {}", format::count(u64::from(board.overhead_cycles)), unit_word(board.unit)),
    );
    // What was flashed just now is known better than what the board says of it.
    let flash = run.flash.clone().or_else(|| board.flash_mode.clone());
    key_value(ui, theme, "Flash", &flash.unwrap_or_else(unknown));
    key_value(ui, theme, "Firmware", &format!("{} {}", board.firmware, board.version));
    key_value(ui, theme, "Build", &board.build);
    if let Some(model) = &run.model {
        key_value(
            ui,
            theme,
            "Model",
            &format!("{:08x}, {}", model.model_crc, format::bytes(u64::from(model.model_bytes))),
        );
    }
    let rate = run.history.markers().iter().rev().find_map(|marker| match marker.kind {
        emberlab_core::bench::MarkerKind::Rate(micros) => Some(micros),
        _ => None,
    });
    if let Some(micros) = rate {
        key_value(ui, theme, "Rate", &rate_text(micros));
    }
    link_ui(ui, run, theme);
}

fn link_ui(ui: &mut Ui, run: &BoardRun, theme: &Theme) {
    let counters = run.counters;
    let all = counters.frames + counters.lost;
    let bad = |count: u64| if count > 0 { theme.status.warn } else { theme.text.text_1 };
    let lost = format!("{} lost of {}", format::count(counters.lost), format::count(all));
    key_value_coloured(ui, theme, "Link", &lost, bad(counters.lost));
    if counters.corrupt > 0 {
        key_value_coloured(
            ui,
            theme,
            "Broken frames",
            &format::count(counters.corrupt),
            bad(counters.corrupt),
        );
    }
    if counters.reordered + counters.duplicate > 0 {
        let words = format!(
            "{} late, {} twice",
            format::count(counters.reordered),
            format::count(counters.duplicate)
        );
        key_value(ui, theme, "Out of order", &words);
    }
    if counters.restarts > 0 {
        key_value(ui, theme, "Began anew", &format::counted(counters.restarts, "time", "times"));
    }
    let on_board = run.board.as_ref().map_or(0, |board| u64::from(board.dropped));
    if run.dropped + on_board > 0 {
        let words = format!("{} here, {} on the board", format::count(run.dropped), format::count(on_board));
        key_value_coloured(ui, theme, "Dropped", &words, theme.status.warn);
    }
}

/// The clock as cycles and microseconds of the same invocations say it; `None` where microseconds are too coarse.
fn measured_clock(run: &BoardRun) -> Option<f64> {
    let figures = run.figures.as_ref().filter(|_| run.has_micros())?;
    let micros = figures.micros?.median;
    (micros >= 200).then(|| figures.cycles.median as f64 * 1e6 / micros as f64)
}

/// A chip as people write it: `esp32c3` is `ESP32-C3`.
pub fn chip_name(chip: &str) -> String {
    match chip.strip_prefix("esp32") {
        Some("") => "ESP32".to_owned(),
        Some(rest) => format!("ESP32-{}", rest.to_uppercase()),
        None if chip == "qemu" => "emulated RISC-V".to_owned(),
        None => chip.to_owned(),
    }
}

/// What the model answered last.
fn scores_ui(
    ui: &mut Ui,
    run: &BoardRun,
    open: &OpenModel,
    outputs: &[u8],
    classes: &[String],
    theme: &Theme,
) {
    let Some(main) = open.model.subgraphs.first() else { return };
    let Some(tensor) = main.outputs.first().map(|id| main.tensor(*id)) else { return };
    let bytes = usize::try_from(tensor.byte_size().unwrap_or(0)).unwrap_or(usize::MAX).min(outputs.len());
    let Some(numbers) = Numbers::new(tensor, &outputs[..bytes]) else { return };
    if numbers.real.is_empty() {
        return;
    }
    let mut ranked: Vec<(usize, f64)> = numbers.real.iter().copied().enumerate().collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    let sum: f64 = numbers.real.iter().sum();
    let are_shares =
        numbers.real.iter().all(|value| (-0.01..=1.01).contains(value)) && (sum - 1.0).abs() < 0.05;
    let largest = numbers.real.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
    let title = if ranked.len() > 1 { "Class scores, last run" } else { "Output, last run" };
    section(ui, theme, title, &format::count(run.history.total()), |ui| {
        for (place, (class, value)) in ranked.iter().take(SCORES).enumerate() {
            let name = classes.get(*class).cloned().unwrap_or_else(|| {
                if ranked.len() > 1 { format!("class {class}") } else { "value".to_owned() }
            });
            let text = if are_shares { format::percent_share(*value) } else { number_text(*value) };
            let share = if are_shares {
                *value
            } else if largest > 0.0 {
                value.abs() / largest
            } else {
                0.0
            };
            let is_winner = place == 0 && ranked.len() > 1 && numbers.winner() == Some(*class);
            score_ui(ui, theme, &name, &text, share as f32, is_winner);
        }
        if ranked.len() > SCORES {
            hint(ui, theme, &format!("and {} more", ranked.len() - SCORES));
        }
    });
}

fn score_ui(ui: &mut Ui, theme: &Theme, name: &str, value: &str, share: f32, is_winner: bool) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 22.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("Score of {name}, {value}")));
    let middle = rect.center().y;
    let colour = if is_winner { theme.text.text_1 } else { theme.text.text_2 };
    let font = if is_winner { font_id::label_strong() } else { font_id::cell() };
    let names = (rect.width() * 0.28).round();
    let clip = Rect::from_min_size(rect.min, vec2(names - 4.0, rect.height()));
    ui.painter().with_clip_rect(clip.intersect(ui.clip_rect())).text(
        pos2(rect.left(), middle),
        Align2::LEFT_CENTER,
        name,
        font,
        colour,
    );
    let bar =
        Rect::from_min_max(pos2(rect.left() + names, rect.top()), pos2(rect.right() - 76.0, rect.bottom()));
    inline_bar(ui, theme, bar, share, if is_winner { theme.status.ok } else { theme.text.text_3 });
    ui.painter().text(pos2(rect.right(), middle), Align2::RIGHT_CENTER, value, font_id::number(), colour);
}

/// Earlier results for the same model, the newest first.
fn records_ui(ui: &mut Ui, run: &BoardRun, ctx: &mut PanelContext<'_>) {
    let theme = ctx.theme;
    let (Some(board), Some(model)) = (&run.board, &run.model) else { return };
    let unit = unit_word(board.unit);
    let is_comparable =
        |record: &&Record| record.conditions.model_crc == model.model_crc && record.conditions.unit == unit;
    let records: Vec<(usize, &Record)> = ctx
        .document
        .board
        .records
        .iter()
        .enumerate()
        .filter(|(_, record)| is_comparable(record))
        .rev()
        .collect();
    let count = format::counted(records.len() as u64, "result", "results");
    let median = run.figures.as_ref().map(|figures| figures.cycles.median);
    let mut forgotten = None;
    section(ui, theme, "Earlier results", &count, |ui| {
        if records.is_empty() {
            hint(
                ui,
                theme,
                "A measurement is kept when it ends. Later ones of the same model are compared with it here.",
            );
        }
        for (index, record) in records.iter().take(RECORDS) {
            if record_ui(ui, theme, Quantity::of(run), record, median) {
                forgotten = Some(*index);
            }
        }
        if records.len() > RECORDS {
            hint(ui, theme, &format!("and {} older ones", records.len() - RECORDS));
        }
    });
    if let Some(index) = forgotten {
        ctx.send(Command::Board(BoardCommand::ForgetRecord(index)));
    }
}

/// One earlier result; true if it is to be forgotten.
fn record_ui(ui: &mut Ui, theme: &Theme, quantity: Quantity, record: &Record, median: Option<u64>) -> bool {
    let conditions = &record.conditions;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 38.0), Sense::CLICK);
    let value = value_of(quantity, record);
    let change = median.and_then(|median| change(quantity, median, record));
    let change_text = change.map_or_else(|| format::UNKNOWN.to_owned(), signed_percent);
    let chip = chip_name(&conditions.chip);
    let date = date_text(record.unix_seconds);
    let spoken = format!("Result of {date} UTC, {chip}, {value}, now {change_text}");
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &spoken));
    let (first, second) = (rect.top() + 11.0, rect.top() + 27.0);
    let painter = ui.painter();
    painter.text(
        pos2(rect.left(), first),
        Align2::LEFT_CENTER,
        &date,
        font_id::number_small(),
        theme.text.text_2,
    );
    painter.text(
        pos2(rect.right(), first),
        Align2::RIGHT_CENTER,
        &value,
        font_id::number(),
        theme.text.text_1,
    );
    let bits = match record.same_bits {
        Some(true) => ", same bits",
        Some(false) => ", other bits",
        None => "",
    };
    let below = format!("{chip}, {}{bits}", rate_text(conditions.interval_micros));
    painter.text(pos2(rect.left(), second), Align2::LEFT_CENTER, below, font_id::small(), theme.text.text_3);
    let colour = match change {
        Some(change) if change > 0.01 => theme.status.warn,
        Some(change) if change < -0.01 => theme.status.ok,
        _ => theme.text.text_3,
    };
    painter.text(
        pos2(rect.right(), second),
        Align2::RIGHT_CENTER,
        format!("now {change_text}"),
        font_id::number_small(),
        colour,
    );
    let mut is_forgotten = false;
    response.context_menu(|ui| {
        if ui.button("Copy").clicked() {
            ui.copy_text(spoken.clone());
            ui.close();
        }
        if ui.button("Forget this result").clicked() {
            is_forgotten = true;
            ui.close();
        }
    });
    let clock = if conditions.clock_hz > 0 {
        format!(", {}", format::clock(u64::from(conditions.clock_hz)))
    } else {
        String::new()
    };
    let flash = conditions.flash.as_deref().map_or_else(String::new, |flash| format!("\nFlash {flash}"));
    response.on_hover_ui(|ui| {
        ui.set_max_width(420.0);
        let runs = format::counted(record.runs, "run", "runs");
        ui.label(format!("{chip}{clock}\n{}{flash}\n{runs}. A right click forgets it", conditions.firmware));
    });
    is_forgotten
}

/// By how much the median of now is larger than that of a record, 0 to 1: of times, where both have a clock.
fn change(quantity: Quantity, median: u64, record: &Record) -> Option<f64> {
    let of_clock = |clock_hz: u32, cycles: u64| Quantity::Time { clock_hz }.micros(cycles as f64);
    let (now, then) = match (quantity, record.conditions.clock_hz) {
        (Quantity::Time { clock_hz }, then_hz) if then_hz > 0 => {
            (of_clock(clock_hz, median)?, of_clock(then_hz, record.invoke.median)?)
        }
        _ => (median as f64, record.invoke.median as f64),
    };
    (then > 0.0).then(|| now / then - 1.0)
}

/// The median of a record: a time where it was counted by a clock, whatever the clock was.
fn value_of(quantity: Quantity, record: &Record) -> String {
    match (quantity, record.conditions.clock_hz) {
        (Quantity::Time { .. }, 0) => Quantity::Cycles.text(record.invoke.median),
        (Quantity::Time { .. }, clock_hz) => Quantity::Time { clock_hz }.text(record.invoke.median),
        _ => quantity.short(record.invoke.median),
    }
}

/// A difference in percent, with its sign.
fn signed_percent(share: f64) -> String {
    let text = format::percent_share(share);
    if share >= 0.0005 { format!("+{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chips_are_written_as_their_maker_does() {
        for (chip, expected) in [
            ("esp32", "ESP32"),
            ("esp32c3", "ESP32-C3"),
            ("esp32s3", "ESP32-S3"),
            ("qemu", "emulated RISC-V"),
            ("simulated", "simulated"),
        ] {
            assert_eq!(chip_name(chip), expected);
        }
    }

    #[test]
    fn differences_are_signed() {
        assert_eq!(signed_percent(0.0321), "+3.2 %");
        assert_eq!(signed_percent(-0.5), "−50.0 %");
        assert_eq!(signed_percent(0.0), "0.0 %");
    }
}
