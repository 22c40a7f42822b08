//! What went wrong, or goes on, and the step that helps: flashing, the line, the model on the board.

use egui::{Rect, Ui, vec2};
use emberlab_core::bench::{Stage, Trouble};

use super::PanelContext;
use crate::board::{BoardCommand, FlashState};
use crate::command::Command;
use crate::device::Address;
use crate::theme::Icon;
use crate::theme::widgets::{Verdict, note_buttons};

/// What a button of a notice does.
#[derive(Clone, Debug)]
enum Step {
    Command(BoardCommand),
    /// Put this text on the clipboard; what it is.
    Copy(String, &'static str),
}

/// A note with its buttons.
struct Notice {
    verdict: Verdict,
    bold: String,
    rest: String,
    buttons: Vec<(Icon, &'static str, Step)>,
}

/// Draws what has to be said at the top of `rect`; the rest of it.
pub fn notices_ui(ui: &mut Ui, rect: Rect, ctx: &mut PanelContext<'_>) -> Rect {
    let notices = notices(ctx);
    if notices.is_empty() {
        return rect;
    }
    let place = rect.shrink2(vec2(16.0, 10.0));
    let mut steps = Vec::new();
    let inner = ui.scope_builder(egui::UiBuilder::new().max_rect(place).id_salt("notices"), |ui| {
        ui.spacing_mut().item_spacing.y = 6.0;
        for notice in notices {
            let buttons: Vec<(Option<Icon>, &str)> =
                notice.buttons.iter().map(|(icon, label, _)| (Some(*icon), *label)).collect();
            let (_, pressed) =
                note_buttons(ui, ctx.theme, notice.verdict, &notice.bold, &notice.rest, &buttons);
            steps.extend(
                pressed.and_then(|index| notice.buttons.into_iter().nth(index)).map(|(_, _, step)| step),
            );
        }
    });
    for step in steps {
        match step {
            Step::Command(command) => ctx.send(Command::Board(command)),
            Step::Copy(text, what) => ctx.send(Command::Copy(text, what.to_owned())),
        }
    }
    rect.with_min_y((inner.response.rect.bottom() + 10.0).min(rect.bottom()))
}

fn notices(ctx: &PanelContext<'_>) -> Vec<Notice> {
    let board = &ctx.document.board;
    let mut notices = Vec::new();
    match &board.flash {
        FlashState::Running(what) => notices.push(Notice {
            verdict: Verdict::Info,
            bold: format!("Flashing: {what}."),
            rest: "The status bar says how far it is. Leave the board plugged in: one that is half written does not start.".to_owned(),
            buttons: Vec::new(),
        }),
        FlashState::Failed { step, trouble } => notices.push(flash_failed(step, trouble)),
        FlashState::None | FlashState::Done(_) => {}
    }
    if let Some(trouble) = &board.failure {
        notices.push(with_trouble(Verdict::Over, trouble, Vec::new()));
    }
    let Some(run) = board.run.as_deref().filter(|_| board.opened.is_none()) else { return notices };
    let Some(trouble) = &run.trouble else { return notices };
    let is_serial = matches!(run.address, Address::Serial { .. });
    let flash = || (Icon::Zap, "Flash and measure", Step::Command(BoardCommand::FlashAndMeasure));
    let send = || (Icon::Upload, "Try without flashing", Step::Command(BoardCommand::SendModel));
    let again = || (Icon::RotateCw, "Measure again", Step::Command(BoardCommand::Measure));
    let (verdict, buttons) = match &run.stage {
        Stage::OtherModel | Stage::NoModel => {
            let has_model = run.tab.is_some();
            let mut buttons = Vec::new();
            if is_serial && has_model {
                buttons.push(flash());
            }
            if has_model && run.refusal.as_ref().is_none_or(|refusal| refusal.operator.is_none()) {
                buttons.push(send());
            }
            (if run.stage == Stage::NoModel { Verdict::Over } else { Verdict::Warn }, buttons)
        }
        Stage::Silent if run.tab.is_none() => (Verdict::Info, Vec::new()),
        Stage::Silent | Stage::OtherVersion => {
            (Verdict::Warn, if is_serial { vec![flash(), again()] } else { vec![again()] })
        }
        Stage::Panicked => (Verdict::Over, vec![again()]),
        Stage::Lost if run.is_open => (Verdict::Warn, Vec::new()),
        Stage::Lost => (Verdict::Over, vec![again()]),
        Stage::Asking
        | Stage::Sending(..)
        | Stage::Checking(..)
        | Stage::Fetching
        | Stage::Live
        | Stage::Listening
        | Stage::Done => (Verdict::Warn, Vec::new()),
    };
    notices.push(with_trouble(verdict, trouble, buttons));
    notices
}

fn flash_failed(step: &str, trouble: &Trouble) -> Notice {
    let mut buttons = vec![
        (Icon::RotateCw, "Try again", Step::Command(BoardCommand::FlashAndMeasure)),
        (Icon::FolderOpen, "Choose firmware…", Step::Command(BoardCommand::ChooseFirmware)),
    ];
    if let Some(command) = in_backticks(&trouble.help).or_else(|| shell_command(&trouble.help)) {
        buttons.push((Icon::Terminal, "Copy the command", Step::Copy(command.to_owned(), "the command")));
    }
    let copied = format!("{step}: {}\n{}", trouble.message, trouble.help).replace('`', "");
    buttons.push((Icon::Copy, "Copy", Step::Copy(copied, "the error")));
    Notice {
        verdict: Verdict::Over,
        bold: format!("{step} failed."),
        rest: format!("{} {}", sentence(&trouble.message), sentence(&trouble.help)),
        buttons,
    }
}

fn with_trouble(verdict: Verdict, trouble: &Trouble, mut buttons: Vec<(Icon, &'static str, Step)>) -> Notice {
    let copied = format!("{}\n{}", trouble.message, trouble.help).replace('`', "");
    if let Some(command) = in_backticks(&trouble.help).or_else(|| shell_command(&trouble.help)) {
        buttons.push((Icon::Terminal, "Copy the command", Step::Copy(command.to_owned(), "the command")));
    }
    buttons.push((Icon::Copy, "Copy", Step::Copy(copied, "the message")));
    Notice { verdict, bold: sentence(&trouble.message), rest: sentence(&trouble.help), buttons }
}

/// With a full stop.
fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() || text.ends_with(['.', '!', '?', '`']) { text.to_owned() } else { format!("{text}.") }
}

/// The first text between backticks, if it is a command: that is, more than one word.
fn in_backticks(text: &str) -> Option<&str> {
    text.split('`').skip(1).step_by(2).find(|part| part.contains(' '))
}

/// Programs that a command in a help begins with.
const PROGRAMS: [&str; 5] = ["sudo ", "cargo ", "rustup ", "brew ", "winget "];

/// A command after a colon, up to the comma or semicolon behind it.
fn shell_command(text: &str) -> Option<&str> {
    let commands = text.split(": ").skip(1);
    let command =
        commands.into_iter().find(|part| PROGRAMS.iter().any(|program| part.starts_with(program)))?;
    let end = command.find([',', ';']).unwrap_or(command.len());
    Some(command[..end].trim_end_matches('.').trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_found_in_the_help() {
        let help = "Run: sudo usermod -aG dialout $USER, then log out and in again";
        assert_eq!(shell_command(help), Some("sudo usermod -aG dialout $USER"));
        assert_eq!(
            shell_command("On Debian: sudo apt-get install qemu-system-misc"),
            Some("sudo apt-get install qemu-system-misc")
        );
        assert_eq!(shell_command("Hold BOOT"), None);
        assert_eq!(
            shell_command("Build it: cargo install espup && build.sh a a.elf"),
            Some("cargo install espup && build.sh a a.elf")
        );
        assert_eq!(
            in_backticks("Build it: `cargo build --release`, then choose it"),
            Some("cargo build --release")
        );
        assert_eq!(in_backticks("Hold `BOOT`"), None);
    }

    #[test]
    fn sentences_end() {
        assert_eq!(sentence("Plug it in again"), "Plug it in again.");
        assert_eq!(sentence("Really?"), "Really?");
        assert_eq!(sentence(" "), "");
    }
}
