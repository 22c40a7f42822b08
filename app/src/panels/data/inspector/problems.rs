//! What is wrong with files: how often, where, and what to try.

use egui::Ui;
use emberlab_core::dataset::{Problem, ProblemKind, Problems};

use crate::command::Command;
use crate::jobs::problem_text;
use crate::panels::PanelContext;
use crate::theme::widgets::{ButtonKind, Verdict, key_value, note, section, small_button};
use crate::theme::{Icon, format, text};

/// Problems of a kind that are shown one by one.
const SHOWN: usize = 8;

pub(super) fn problems_ui(ui: &mut Ui, problems: &Problems, shown: &mut bool, ctx: &mut PanelContext<'_>) {
    let theme = ctx.theme;
    let total = format::count(problems.total() as u64);
    section(ui, theme, "Problems", &total, |ui| {
        for (kind, count) in problems.counts() {
            key_value(ui, theme, words(*kind), &format::count(*count as u64));
        }
        ui.add_space(4.0);
        ui.horizontal(|ui| {
            let (icon, label) =
                if *shown { (Icon::ChevronUp, "Fewer") } else { (Icon::ChevronDown, "One by one") };
            if small_button(ui, theme, ButtonKind::Outline, Some(icon), label).clicked() {
                *shown = !*shown;
            }
            if small_button(ui, theme, ButtonKind::Outline, Some(Icon::Copy), "Copy").clicked() {
                ctx.send(Command::Copy(as_text(problems), "the problems".to_owned()));
            }
        });
        if !*shown {
            return;
        }
        for kind in problems.counts().keys() {
            let of_kind: Vec<&Problem> =
                problems.list().iter().filter(|problem| problem.kind == *kind).collect();
            for problem in of_kind.iter().take(SHOWN) {
                ui.add_space(6.0);
                let verdict = if problem.kind.leaves_out() { Verdict::Warn } else { Verdict::Info };
                let help = format!("{}.", problem.help);
                note(ui, theme, verdict, &format!("{}.", problem_text(problem)), &help);
            }
            let n_more = problems.count(*kind) - of_kind.len().min(SHOWN);
            if n_more > 0 {
                ui.add_space(4.0);
                let words = format!("and {} more of this kind", format::count(n_more as u64));
                ui.label(text::small(words).color(theme.text.text_3));
            }
        }
    });
}

fn words(kind: ProblemKind) -> &'static str {
    match kind {
        ProblemKind::Empty => "Nothing found",
        ProblemKind::Unreadable => "Cannot be read",
        ProblemKind::Missing => "Listed, not there",
        ProblemKind::CutShort => "Cut short",
        ProblemKind::Size => "Of another size",
        ProblemKind::NotANumber => "No numbers",
        ProblemKind::NotFinite => "Infinite or NaN",
        ProblemKind::Label => "Label missing",
        ProblemKind::TooMuch => "More than memory allows",
        ProblemKind::Rate => "Of another rate",
        ProblemKind::Time => "Time jumps",
        ProblemKind::Grid => "Put on an even grid",
        ProblemKind::Classes => "Classes",
        ProblemKind::Note => "Notes",
    }
}

fn as_text(problems: &Problems) -> String {
    let lines =
        problems.list().iter().map(|problem| format!("{}. {}\n", problem_text(problem), problem.help));
    let listed: String = lines.collect();
    let n_more = problems.total() - problems.list().len();
    if n_more == 0 { listed } else { format!("{listed}and {n_more} more\n") }
}
