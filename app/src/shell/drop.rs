//! Files that are dragged over the window and dropped on it.

use std::path::Path;

use egui::{Align2, CornerRadius, Id, LayerId, Order, Rect, Stroke, StrokeKind, vec2};

use super::Context;
use super::top_bar::centred;
use crate::command::Command;
use crate::document::PanelKind;
use crate::files::{self, is_data};
use crate::jobs::{file_name, is_input_file};
use crate::project::{CompressCommand, is_project_file};
use crate::theme::{Icon, font_id, format, with_alpha};

/// Opens what was dropped since the last frame.
pub(super) fn take_files(egui_ctx: &egui::Context, ctx: &mut Context<'_>) {
    let dropped = egui_ctx.input(|input| input.raw.dropped_files.clone());
    let mut paths = Vec::new();
    for file in dropped {
        let path = file.path();
        if path.is_absolute() {
            paths.push(path.to_path_buf());
            continue;
        }
        // Without a place on the disk there are only the bytes.
        match file.bytes() {
            Ok(bytes) => ctx.send(Command::OpenBytes(file_name(path), bytes.into())),
            Err(_) => paths.push(path.to_path_buf()),
        }
    }
    if let ([path], true) = (&paths[..], takes_input(ctx))
        && is_input_file(&file_name(path))
    {
        ctx.send(Command::OpenRunInput(0, path.clone()));
    } else if let Some(command) = compared(&paths, ctx) {
        ctx.send(Command::Compress(command));
    } else if !paths.is_empty() {
        ctx.send(Command::Open(paths));
    }
}

/// Files that are inputs go into the model that the Run panel shows.
fn takes_input(ctx: &Context<'_>) -> bool {
    ctx.document.panel == PanelKind::Run && ctx.document.active_model().is_some()
}

/// Files over the Compress panel of a model without a project: models are compared, data are what they are measured on.
fn compared<P: AsRef<Path>>(paths: &[P], ctx: &Context<'_>) -> Option<CompressCommand> {
    let (tab, _) = ctx.document.active_model()?;
    if ctx.document.panel != PanelKind::Compress || tab.project.is_some() || paths.is_empty() {
        return None;
    }
    let owned = || paths.iter().map(|path| path.as_ref().to_path_buf()).collect();
    if paths.iter().all(|path| is_data(path.as_ref())) {
        return Some(CompressCommand::TakeData(owned()));
    }
    let is_model =
        |path: &P| path.as_ref().extension().is_some_and(|ending| ending.eq_ignore_ascii_case("tflite"));
    paths.iter().all(is_model).then(|| CompressCommand::AddModels(owned()))
}

/// Says what a drop would do while files hover over the window.
pub(super) fn overlay_ui(egui_ctx: &egui::Context, window: Rect, ctx: &Context<'_>) {
    let hovered = egui_ctx.input(|input| input.raw.hovered_files.clone());
    if hovered.is_empty() {
        return;
    }
    let paths: Vec<&Path> = hovered.iter().filter_map(|file| file.path.as_deref()).collect();
    let (title, sentence) = match &paths[..] {
        [path] if takes_input(ctx) && is_input_file(&file_name(path)) => {
            (format!("Run with {}", file_name(path)), "As the first input of the model".to_owned())
        }
        _ if compared(&paths, ctx).is_some() => match &paths[..] {
            [path] if is_data(path) => {
                (format!("Measure on {}", file_name(path)), "Prepared as the model says".to_owned())
            }
            [path] => (format!("Compare with {}", file_name(path)), "As a row of the table".to_owned()),
            _ => {
                let count = format::counted(paths.len() as u64, "file", "files");
                (
                    format!("Take {count}"),
                    "Models are compared, data are what they are measured on".to_owned(),
                )
            }
        },
        _ => words(&paths, hovered.len(), ctx.document.active_project().map(|(tab, _)| tab.title.as_str())),
    };
    let theme = ctx.theme;
    let painter = egui_ctx.layer_painter(LayerId::new(Order::Tooltip, Id::unique("drop")));
    let outline = window.shrink(8.0);
    painter.rect_filled(outline, CornerRadius::same(8), with_alpha(theme.accent.base, 0.08));
    let accent = Stroke::new(2.0, theme.accent.base);
    painter.rect_stroke(outline, CornerRadius::same(8), accent, StrokeKind::Inside);

    let title = painter.layout_no_wrap(title, font_id::title(), theme.text.text_1);
    let sentence = painter.layout_no_wrap(sentence, font_id::cell(), theme.text.text_2);
    let width = title.size().x.max(sentence.size().x) + 76.0;
    let card = centred(window, vec2(width.min(window.width() - 64.0), 72.0));
    painter.rect_filled(card, CornerRadius::same(6), theme.surface.raised);
    painter.rect_stroke(card, CornerRadius::same(6), Stroke::new(1.0, theme.line.strong), StrokeKind::Inside);
    let icon_at = card.left_center() + vec2(30.0, 0.0);
    painter.text(
        icon_at,
        Align2::CENTER_CENTER,
        Icon::Download.glyph(),
        font_id::icon(20.0),
        theme.accent.text,
    );
    let text_at = card.min + vec2(56.0, 15.0);
    let below = text_at + vec2(0.0, title.size().y + 5.0);
    painter.galley(text_at, title, theme.text.text_1);
    painter.galley(below, sentence, theme.text.text_2);
}

/// What a drop of these files would do; `count` where the desktop hides the names, `project` is what is in front.
fn words(paths: &[&Path], count: usize, project: Option<&str>) -> (String, String) {
    if !paths.is_empty() && paths.iter().all(|path| is_data(path)) {
        let owned: Vec<_> = paths.iter().map(|path| path.to_path_buf()).collect();
        let name = match paths {
            [one] => file_name(one),
            _ => format!(
                "{} from {}",
                format::counted(paths.len() as u64, "file", "files"),
                files::name(&owned)
            ),
        };
        return match project {
            Some(project) => (
                format!("Use {name} as the data of {project}"),
                "What it had before can be brought back".to_owned(),
            ),
            None => {
                (format!("Make a project of {name}"), "Its format is guessed and can be corrected".to_owned())
            }
        };
    }
    match paths {
        [path] if is_project_file(path) => {
            (format!("Open {}", file_name(path)), "A project, in a tab of its own".to_owned())
        }
        [path] => {
            let is_model = path.extension().is_some_and(|ending| {
                ending.eq_ignore_ascii_case("tflite") || ending.eq_ignore_ascii_case("lite")
            });
            let sentence =
                if is_model { "In a tab of its own" } else { "Not a .tflite by its name; its bytes decide" };
            (format!("Open {}", file_name(path)), sentence.to_owned())
        }
        _ => {
            let count = paths.len().max(count) as u64;
            (
                format!("Open {}", format::counted(count, "file", "files")),
                "Each in a tab of its own".to_owned(),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_card_says_what_a_drop_would_do() {
        let model = Path::new("/models/person_detect.tflite");
        let odd = Path::new("/models/cat.odd");
        let picture = Path::new("/pictures/cat.png");
        assert_eq!(words(&[model], 1, None).0, "Open person_detect.tflite");
        assert!(words(&[odd], 1, None).1.contains("its bytes decide"));
        assert_eq!(words(&[model, odd], 2, None).0, "Open 2 files");
        assert_eq!(words(&[], 1, None).0, "Open 1 file");
        assert!(words(&[Path::new("/a/digits.emberlab")], 1, None).1.starts_with("A project"));
        assert_eq!(words(&[picture], 1, None).0, "Make a project of cat.png");
        assert_eq!(
            words(&[picture, picture], 2, Some("cats")).0,
            "Use 2 files from pictures as the data of cats"
        );
    }
}
