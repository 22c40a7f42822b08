//! Whether set and split can be trusted: balance, duplicates, leaks, what was left out.

use egui::Ui;
use emberlab_core::dataset::{Dataset, Leak};

use super::split::kept_together;
use crate::command::Command;
use crate::panels::PanelContext;
use crate::panels::data::plot;
use crate::project::{DataCommand, OpenProject};
use crate::theme::format;
use crate::theme::widgets::{Verdict, key_value, note, note_buttons, section};

/// A class with fewer examples than this share of the largest is worth a word.
const IMBALANCED: f64 = 3.0;

pub(super) fn checks_ui(ui: &mut Ui, open: &OpenProject, dataset: &Dataset, ctx: &mut PanelContext<'_>) {
    let theme = ctx.theme;
    let (Some(checks), Some(prepared)) = (&open.data.checks, &open.data.prepared) else { return };
    section(ui, theme, "Checks", "", |ui| {
        let imbalance = checks.imbalance();
        if dataset.classes.len() > 1 {
            let words = imbalance
                .map_or_else(|| format::UNKNOWN.to_owned(), |times| format!("{} to 1", plot::number(times)));
            key_value(ui, theme, "Largest to smallest class", &words);
        }
        key_value(ui, theme, "Recordings that repeat others", &format::count(checks.n_repeated as u64));
        let left_out = prepared.left_out;
        for (label, count) in [
            ("Shorter than a window", left_out.short),
            ("Windows of mixed labels", left_out.mixed),
            ("Without a label", left_out.unlabelled),
            ("Of classes not used", left_out.other_classes),
            ("Of another size", left_out.unfit),
        ] {
            if count > 0 {
                key_value(ui, theme, label, &format::count(count as u64));
            }
        }
        if imbalance.is_some_and(|times| times >= IMBALANCED) {
            ui.add_space(6.0);
            let words = "Accuracy alone will flatter the large class; class weights in Train make up for it.";
            note(ui, theme, Verdict::Warn, "Classes are uneven.", words);
        }
        leaks_ui(ui, open, &checks.leaks, ctx);
    });
}

fn leaks_ui(ui: &mut Ui, open: &OpenProject, leaks: &[Leak], ctx: &mut PanelContext<'_>) {
    let theme = ctx.theme;
    let n_duplicates = leaks.iter().filter(|leak| matches!(leak, Leak::Duplicate { .. })).count();
    let groups: Vec<(&String, &String)> = leaks
        .iter()
        .filter_map(|leak| match leak {
            Leak::Group { kind, group, .. } => Some((kind, group)),
            Leak::Duplicate { .. } => None,
        })
        .collect();
    if n_duplicates > 0 {
        ui.add_space(6.0);
        let words = format!(
            "{} in more than one part: the test is easier than it looks.",
            format::counted(n_duplicates as u64, "recording lies", "recordings lie")
        );
        note(ui, theme, Verdict::Warn, "Duplicates leak.", &words);
    }
    if let Some((kind, group)) = groups.first() {
        ui.add_space(6.0);
        let words = match groups.len() {
            1 => format!("{kind} `{group}` trains and tests. The result says little about anybody else."),
            more => format!(
                "{kind} `{group}` and {} train and test. The result says little about anybody else.",
                format::counted(more as u64 - 1, "other", "others")
            ),
        };
        let button = format!("Keep each {kind} together");
        let (_, pressed) = note_buttons(
            ui,
            theme,
            Verdict::Warn,
            "The same on both sides.",
            &words,
            &[(None, button.as_str())],
        );
        if pressed.is_some() {
            let split = kept_together(&open.project.split, kind);
            ctx.send(Command::Data(DataCommand::SetSplit(Box::new(split), "split")));
        }
    }
    if leaks.is_empty() {
        ui.add_space(6.0);
        let kind = open.data.checks.as_ref().and_then(|checks| checks.kind.clone());
        let words = match kind {
            Some(kind) => format!("No recording and no {kind} is in more than one part."),
            None => "No recording is in more than one part.".to_owned(),
        };
        note(ui, theme, Verdict::Ok, "Nothing leaks.", &words);
    }
}
