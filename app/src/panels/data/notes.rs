//! What has to be settled before there are samples: changed files, settings that do not fit, a network of other sizes.

use egui::Ui;
use emberlab_core::project::{SumsDifference, sizes_of_network};

use super::PanelContext;
use crate::command::Command;
use crate::jobs::Ask;
use crate::project::data::{DataStage, fits, sizes};
use crate::project::{DataCommand, OpenProject};
use crate::theme::widgets::{Verdict, note_buttons};
use crate::theme::{Icon, format};

/// Draws the notes of a project; nothing where all is well.
pub(super) fn notes_ui(ui: &mut Ui, open: &OpenProject, ctx: &mut PanelContext<'_>) {
    let framed = |ui: &mut Ui, add: &mut dyn FnMut(&mut Ui)| {
        egui::Frame::new().inner_margin(egui::Margin::symmetric(16, 10)).show(ui, |ui| {
            ui.set_width(ui.available_width());
            add(ui);
        });
    };
    match open.data.stage(&open.project) {
        DataStage::Changed => framed(ui, &mut |ui| changed_ui(ui, open, ctx)),
        DataStage::Unprepared => framed(ui, &mut |ui| unprepared_ui(ui, open, ctx)),
        DataStage::Ready => {
            let is_other = open.data.prepared.as_ref().is_some_and(|prepared| {
                !open.project.network.layers.is_empty() && !fits(&open.project, prepared)
            });
            if is_other {
                framed(ui, &mut |ui| network_ui(ui, open, ctx));
            }
        }
        DataStage::Nothing | DataStage::Reading | DataStage::Failed | DataStage::Preparing => {}
    }
}

fn changed_ui(ui: &mut Ui, open: &OpenProject, ctx: &mut PanelContext<'_>) {
    let difference =
        open.data.loaded.as_ref().and_then(|loaded| loaded.difference.clone()).unwrap_or_default();
    let rest = format!(
        "{} The samples of before cannot be made from them: earlier runs were trained on other data.",
        difference_text(&difference)
    );
    let buttons = [
        (Some(Icon::Check), "Use them as they are now"),
        (Some(Icon::Search), "Find the others…"),
        (Some(Icon::RotateCw), "Read again"),
    ];
    let (_, pressed) = note_buttons(ui, ctx.theme, Verdict::Warn, "The data have changed.", &rest, &buttons);
    match pressed {
        Some(0) => ctx.send(Command::Data(DataCommand::Accept)),
        Some(1) => ctx.send(Command::Data(DataCommand::Find(find(open)))),
        Some(_) => ctx.send(Command::Data(DataCommand::ReadAgain)),
        None => {}
    }
}

/// Asks for what the project had: a folder where its first path looks like one.
pub(super) fn find(open: &OpenProject) -> Ask {
    let first = open.project.data.as_ref().and_then(|reference| reference.paths.first());
    let is_file = first.is_some_and(|path| {
        let path = std::path::Path::new(path);
        path.extension().is_some() && crate::files::has_data_extension(path)
    });
    if is_file {
        Ask::Files("Find the data of this project")
    } else {
        Ask::Folder("Find the data of this project")
    }
}

/// Which files differ, in a sentence.
fn difference_text(difference: &SumsDifference) -> String {
    let SumsDifference { changed, added, missing } = difference;
    let part = |files: &[String], word: &str| match files {
        [] => None,
        [one] => Some(format!("`{one}` {word}")),
        [first, rest @ ..] => {
            let n_others = format::counted(rest.len() as u64, "other file", "other files");
            Some(format!("`{first}` and {n_others} {word}"))
        }
    };
    let parts = [
        part(changed, if changed.len() == 1 { "has other bytes" } else { "have other bytes" }),
        part(added, if added.len() == 1 { "is new" } else { "are new" }),
        part(missing, if missing.len() == 1 { "is gone" } else { "are gone" }),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        "They are other files than before.".to_owned()
    } else {
        format!("{}.", parts.join(", "))
    }
}

fn unprepared_ui(ui: &mut Ui, open: &OpenProject, ctx: &mut PanelContext<'_>) {
    let Some(error) = &open.data.prepare_failure else { return };
    let rest = format!("{}. {}.", capital(&error.message), error.help);
    let buttons = [(Some(Icon::Sparkles), "Begin again with what suits the data")];
    let (_, pressed) = note_buttons(ui, ctx.theme, Verdict::Over, "No samples.", &rest, &buttons);
    if pressed.is_some() {
        ctx.send(Command::Data(DataCommand::Suggest));
    }
}

fn network_ui(ui: &mut Ui, open: &OpenProject, ctx: &mut PanelContext<'_>) {
    let Some(prepared) = &open.data.prepared else { return };
    let (wanted, found) = (sizes(prepared), sizes_of_network(&open.project.network));
    let words = |sizes: &emberlab_core::layers::templates::Sizes| {
        let inputs = sizes.inputs.iter().map(|shape| {
            let dims: Vec<i32> = shape.iter().map(|size| i32::try_from(*size).unwrap_or(i32::MAX)).collect();
            format!("`{}`", format::shape(&dims))
        });
        let inputs: Vec<String> = inputs.collect();
        let inputs = if inputs.is_empty() { "nothing".to_owned() } else { inputs.join(" and ") };
        format!("{inputs} in, `{}` out", sizes.outputs)
    };
    let rest = format!("It has {}; the samples have {}.", words(&found), words(&wanted));
    let buttons = [(Some(Icon::Shapes), "Fit its inputs and outputs"), (None, "Show it in Design")];
    let (_, pressed) =
        note_buttons(ui, ctx.theme, Verdict::Warn, "The network has other sizes.", &rest, &buttons);
    match pressed {
        Some(0) => ctx.send(Command::Data(DataCommand::FitNetwork)),
        Some(_) => ctx.send(Command::ShowPanel(crate::document::PanelKind::Design)),
        None => {}
    }
}

/// The text with a capital letter.
pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_said_in_a_sentence() {
        let files = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let difference = SumsDifference {
            changed: files(&["a.wav", "b.wav", "c.wav"]),
            added: Vec::new(),
            missing: files(&["d.wav"]),
        };
        assert_eq!(
            difference_text(&difference),
            "`a.wav` and 2 other files have other bytes, `d.wav` is gone."
        );
        assert_eq!(difference_text(&SumsDifference::default()), "They are other files than before.");
    }
}
