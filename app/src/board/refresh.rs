//! Takes over what a session has found, once a frame.

use std::time::Duration;

use egui::Context;
use emberlab_core::bench::{LogLevel, Said, Stage, text_line, text_values};
use emberlab_core::model::{Tensor, TensorType};

use super::commands::{Kind, begin};
use super::{BoardRun, FlashState};
use crate::device::{Address, Inbox};
use crate::document::{Document, PanelKind, TabContent};
use crate::jobs::{JobKind, Jobs};

/// Figures of many invocations are made anew this often.
const FIGURES_EVERY_MICROS: u64 = 250_000;
/// Classes whose scores are kept over time.
const MAX_CLASSES: usize = 32;

/// Takes over what has happened; asks for another frame where something is to be made later.
pub fn refresh(document: &mut Document, jobs: &mut Jobs, ctx: &Context) {
    match (document.panel == PanelKind::Board, jobs.is_busy(JobKind::Ports)) {
        (true, false) => {
            let board = &document.board;
            jobs.watch_ports(board.has_looked.then(|| (board.ports.clone(), board.has_emulator)));
        }
        (false, true) => jobs.leave_ports(),
        _ => {}
    }
    if let FlashState::Running(text) = &mut document.board.flash {
        if jobs.is_busy(JobKind::Flash) {
            *text = jobs.flash_note();
        } else {
            // Cancelled before anything was written.
            document.board.flash = FlashState::None;
        }
    }
    if document.board.begins_with.is_some()
        && document.active_model().is_some_and(|(_, open)| open.file.is_some())
    {
        document.board.chosen = document.board.begins_with.take();
        begin(document, jobs, Kind::Measure { sends_model: false });
    } else if matches!(document.board.begins_with, Some(Address::Serial { .. })) && document.tabs.is_empty() {
        document.board.chosen = document.board.begins_with.take();
        begin(document, jobs, Kind::Listen);
    }
    let Some(inbox) = jobs.take_board() else { return };
    let output = document.board.run.as_ref().and_then(|run| run.tab).and_then(|(id, revision)| {
        let tab = document.tab(id).filter(|tab| tab.revision == revision)?;
        let TabContent::Model(open) = &tab.content else { return None };
        let main = open.model.subgraphs.first()?;
        main.outputs.first().map(|id| main.tensor(*id).clone())
    });
    let Some(run) = &mut document.board.run else { return };
    take(run, inbox, output.as_ref());
    if let Some(wait) = run.refresh_figures(FIGURES_EVERY_MICROS) {
        ctx.request_repaint_after(Duration::from_micros(wait));
    }
    if run.stage == Stage::Done || !run.is_open {
        run.refresh_figures(0);
    }
}

/// Puts what a session has found into a measurement. `output` is the first output of the model, for its scores.
pub fn take(run: &mut BoardRun, inbox: Inbox, output: Option<&Tensor>) {
    run.now_micros = run.now_micros.max(inbox.now_micros);
    run.counters = inbox.counters;
    run.dropped += inbox.dropped;
    for (at_micros, said) in inbox.said {
        take_said(run, at_micros, said);
    }
    for (sample, outputs) in inbox.samples {
        run.history.push(sample);
        if let Some(outputs) = outputs {
            if let Some(output) = output {
                for (class, score) in scores(output, &outputs).into_iter().enumerate() {
                    let capacity = run.history.capacity().min(20_000);
                    run.scores.entry(class).or_default().push(sample.at_micros, score, capacity);
                }
            }
            run.outputs = Some(outputs);
        }
    }
    run.note_rate();
    if let Some(trouble) = inbox.ended {
        run.is_open = false;
        if let Some(trouble) = trouble {
            run.log(
                run.now_micros,
                LogLevel::Error,
                "line",
                format!("{}. {}", trouble.message, trouble.help),
            );
            run.trouble = Some(trouble);
            run.stage = Stage::Lost;
        }
    }
}

fn take_said(run: &mut BoardRun, at_micros: u64, said: Said) {
    match said {
        Said::Stage(stage) => {
            if stage == Stage::Asking {
                run.trouble = None;
                run.check = None;
            }
            run.stage = stage;
        }
        Said::Board(board) => run.board = Some(*board),
        Said::Model(model) => (run.model, run.refusal) = (Some(model), None),
        Said::Refused(refusal) => (run.model, run.refusal) = (None, Some(*refusal)),
        Said::Check(check) => {
            if check.is_equal() {
                let text = format!("{} inputs, all operators equal", check.done);
                run.log(at_micros, LogLevel::Info, "check", text);
            } else if check.difference.is_some() {
                run.log(at_micros, LogLevel::Error, "check", "the board computes something else".to_owned());
            }
            run.check = Some(check);
        }
        Said::Operators(times) => run.operators.push(&times),
        Said::Sample(..) => (),
        Said::Started(reason) => {
            let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
            run.log(at_micros, LogLevel::Info, "line", format!("the board started{reason}"));
        }
        Said::Marker(kind) => run.mark(at_micros, kind),
        Said::Text(text) => take_text(run, at_micros, &text),
        Said::Trouble(trouble) => {
            let text = format!("{}. {}", trouble.message, trouble.help);
            run.log(at_micros, LogLevel::Warning, "line", text);
            run.trouble = Some(trouble);
        }
    }
}

/// A line of the board's own: its numbers are plotted, and it is shown.
fn take_text(run: &mut BoardRun, at_micros: u64, text: &str) {
    let plain = without_colours(text);
    if plain.trim().is_empty() {
        return;
    }
    // What a bad line has left of frames is no text, and what it spells by chance no measurement.
    let is_text = !plain.contains(char::REPLACEMENT_CHARACTER);
    for (name, value) in text_values(&plain).into_iter().filter(|_| is_text) {
        run.put_value(&name, at_micros, value);
    }
    let level = text_line(&plain).level;
    run.log(at_micros, level, "board", plain);
}

/// Without the escape sequences by which logs are coloured (ECMA-48, "CSI") and other bytes that show nothing.
fn without_colours(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            if characters.next() == Some('[') {
                // Up to the byte that ends the sequence.
                let _ = characters.find(|character| ('@'..='~').contains(character));
            }
        } else if !character.is_control() || character == '\t' {
            plain.push(character);
        }
    }
    plain
}

/// Real numbers of an output; empty where there are too many or the type has none.
fn scores(tensor: &Tensor, bytes: &[u8]) -> Vec<f64> {
    let (scale, zero_point) = tensor.per_tensor_quantization().unwrap_or((1.0, 0));
    let real = |value: i64| f64::from(scale) * (value - zero_point) as f64;
    let values: Vec<f64> = match tensor.ty {
        TensorType::Int8 => bytes.iter().map(|byte| real(i64::from(*byte as i8))).collect(),
        TensorType::Uint8 => bytes.iter().map(|byte| real(i64::from(*byte))).collect(),
        TensorType::Int16 => bytes
            .chunks_exact(2)
            .map(|pair| real(i64::from(i16::from_le_bytes([pair[0], pair[1]]))))
            .collect(),
        TensorType::Float32 => bytes
            .chunks_exact(4)
            .map(|four| f64::from(f32::from_le_bytes([four[0], four[1], four[2], four[3]])))
            .collect(),
        _ => Vec::new(),
    };
    // The bytes are those of all outputs.
    let elements = usize::try_from(tensor.element_count().unwrap_or(0)).unwrap_or(0);
    let values: Vec<f64> = values.into_iter().take(elements).collect();
    if values.len() > MAX_CLASSES { Vec::new() } else { values }
}
