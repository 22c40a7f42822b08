//! Before anything was measured: which board, what will happen, and what is missing for it.

use egui::{Rect, Ui, vec2};

use super::PanelContext;
use super::header::{Primary, get_emulator, primary, primary_command};
use super::notices::notices_ui;
use crate::board::BoardCommand;
use crate::command::Command;
use crate::device::Address;
use crate::device::image::shipped_chips;
use crate::document::PanelKind;
use crate::theme::widgets::{ButtonKind, Verdict, empty, note_buttons, section, small_button};
use crate::theme::{Icon, text};

/// What the page shows besides.
#[derive(Default)]
pub struct Start {
    /// Which boards work, and how.
    lists_boards: bool,
}

/// Boards besides those whose firmware ships, and what works with each.
const OTHERS: [(&str, &str); 4] = [
    (
        "Other ESP32 chips",
        "Build the firmware once with Espressif's tool chain, then choose it here. Flashing says the command.",
    ),
    ("Any other board", "Attach to its port: numbers that it prints are plotted, and its text is shown."),
    (
        "Emulated board",
        "The same firmware on a RISC-V core in QEMU. Counts instructions, exactly; knows no time.",
    ),
    (
        "Simulated board",
        "The code of the chips in this program. Every part of this panel works, and no figure is a chip's.",
    ),
];
/// What works with chips whose firmware ships.
const SHIPPED: &str = "One button: the firmware ships with Emberlab. USB cable or serial bridge.";
/// Width of the list.
const WIDTH: f32 = 560.0;

impl Start {
    /// Draws the page.
    pub fn ui(&mut self, ui: &mut Ui, ctx: &mut PanelContext<'_>) {
        let whole = ui.available_rect_before_wrap();
        let rect = notices_ui(ui, whole, ctx);
        if self.lists_boards {
            self.boards_ui(ui, rect, ctx);
        } else {
            super::within(ui, rect, "start", |ui| self.start_ui(ui, ctx));
        }
        ui.advance_cursor_after_rect(whole);
    }

    fn start_ui(&mut self, ui: &mut Ui, ctx: &mut PanelContext<'_>) {
        let document = ctx.document;
        match &document.board.chosen {
            None => self.no_board_ui(ui, ctx),
            Some(Address::Emulated) if !document.board.has_emulator => self.no_emulator_ui(ui, ctx),
            Some(_) if document.active_model().is_none() => no_model_ui(ui, ctx),
            Some(_) => self.ready_ui(ui, ctx),
        }
    }

    /// No port, and nothing chosen.
    fn no_board_ui(&mut self, ui: &mut Ui, ctx: &mut PanelContext<'_>) {
        let has_emulator = ctx.document.board.has_emulator;
        let mut sentence =
            "Plug one in: it appears here. Or use the emulated one, which counts instructions.".to_owned();
        if !has_emulator {
            sentence = format!(
                "Plug one in: it appears here. The emulated one needs QEMU: {}. The simulated one needs nothing.",
                get_emulator()
            );
        }
        let first = if has_emulator { "Emulated board" } else { "Simulated board" };
        let icon = if has_emulator { Icon::Cpu } else { Icon::Monitor };
        let buttons = [
            (ButtonKind::Primary, Some(icon), first),
            (ButtonKind::Outline, Some(Icon::CircleHelp), "Which boards work?"),
        ];
        match empty(ui, ctx.theme, Icon::Cpu, "No board is connected", &sentence, &buttons) {
            Some(0) if has_emulator => choose(Address::Emulated, ctx),
            Some(0) => choose(Address::Simulated(ctx.document.board.options.faults), ctx),
            Some(_) => self.lists_boards = true,
            None => {}
        }
    }

    fn no_emulator_ui(&mut self, ui: &mut Ui, ctx: &mut PanelContext<'_>) {
        let command = get_emulator();
        let sentence = format!("QEMU emulates the RISC-V core of such chips: {command}");
        let buttons = [
            (ButtonKind::Primary, Some(Icon::Copy), "Copy the command"),
            (ButtonKind::Outline, Some(Icon::Monitor), "Simulated board"),
        ];
        match empty(ui, ctx.theme, Icon::Cpu, "The emulated board needs QEMU", &sentence, &buttons) {
            Some(0) => ctx.send(Command::Copy(command.to_owned(), "the command".to_owned())),
            Some(_) => choose(Address::Simulated(ctx.document.board.options.faults), ctx),
            None => {}
        }
    }

    /// A board and a model: what the button does.
    fn ready_ui(&mut self, ui: &mut Ui, ctx: &mut PanelContext<'_>) {
        let document = ctx.document;
        let name = document.active_tab().map_or("the model", |tab| tab.title.as_str());
        let (what, may) = primary(document);
        let (strong, sentence) = match &document.board.chosen {
            Some(Address::Emulated) => (
                "Nothing was measured on the emulated board yet".to_owned(),
                format!(
                    "{name} runs on a RISC-V core in QEMU with the firmware of the chips: every operator is compared bit by bit, and its instructions are counted. Instructions are no time."
                ),
            ),
            Some(Address::Simulated(_)) => (
                "Nothing was measured on the simulated board yet".to_owned(),
                format!(
                    "{name} runs in this program, behind the line that boards use. For a first tour: times are of this computer, not of a chip."
                ),
            ),
            Some(Address::Serial { path, .. }) => (
                format!("Nothing was measured on {path} yet"),
                format!(
                    "Firmware and {name} are written to its flash, which takes seconds. What was in the flash is lost. Then every operator is compared bit by bit and measured."
                ),
            ),
            None => return,
        };
        if let Err(reason) = may {
            let buttons = [(ButtonKind::Outline, Some(Icon::ArrowRight), "Go to Train")];
            let is_untrained = document.active_model().is_some_and(|(_, open)| open.is_placeholder);
            let buttons: &[_] = if is_untrained { &buttons } else { &[] };
            if empty(ui, ctx.theme, Icon::Cpu, &strong, &format!("{reason}."), buttons).is_some() {
                ctx.send(Command::ShowPanel(PanelKind::Train));
            }
            return;
        }
        let (icon, label) = match what {
            Primary::Flash => (Icon::Zap, "Flash it"),
            Primary::Measure => (Icon::Play, "Begin measuring"),
        };
        let more = match what {
            Primary::Flash => (ButtonKind::Outline, Some(Icon::Plug), "Only listen"),
            Primary::Measure => (ButtonKind::Outline, Some(Icon::CircleHelp), "Which boards work?"),
        };
        match (
            empty(
                ui,
                ctx.theme,
                Icon::Cpu,
                &strong,
                &sentence,
                &[(ButtonKind::Plain, Some(icon), label), more],
            ),
            what,
        ) {
            (Some(0), _) => ctx.commands.extend(primary_command(document).map(Command::Board)),
            (Some(_), Primary::Flash) => ctx.send(Command::Board(BoardCommand::Attach)),
            (Some(_), Primary::Measure) => self.lists_boards = true,
            (None, _) => {}
        }
    }

    fn boards_ui(&mut self, ui: &mut Ui, rect: Rect, ctx: &mut PanelContext<'_>) {
        let theme = ctx.theme;
        let width = WIDTH.min(rect.width() - 48.0);
        let top = rect.top() + (rect.height() * 0.12).max(12.0);
        let column = Rect::from_min_size(
            egui::pos2(rect.center().x - width / 2.0, top),
            vec2(width, rect.bottom() - top),
        );
        super::within(ui, column, "which boards", |ui| {
            ui.spacing_mut().item_spacing.y = 4.0;
            section(ui, theme, "Which boards work", "", |ui| {
                ui.spacing_mut().item_spacing.y = 2.0;
                let shipped: Vec<&str> = shipped_chips().map(|chip| chip.label()).collect();
                let shipped = shipped.join(", ");
                for (name, words) in std::iter::once((shipped.as_str(), SHIPPED)).chain(OTHERS) {
                    ui.label(text::strong(name).color(theme.text.text_1));
                    ui.add(egui::Label::new(text::cell(words).color(theme.text.text_2)).wrap());
                    ui.add_space(8.0);
                }
                if !ctx.document.board.has_emulator {
                    let rest = format!("`{}`", get_emulator());
                    let buttons = [(Some(Icon::Copy), "Copy the command")];
                    let (_, pressed) =
                        note_buttons(ui, theme, Verdict::Info, "For the emulated board:", &rest, &buttons);
                    if pressed.is_some() {
                        ctx.send(Command::Copy(get_emulator().to_owned(), "the command".to_owned()));
                    }
                    ui.add_space(8.0);
                }
                if small_button(ui, theme, ButtonKind::Outline, Some(Icon::ArrowLeft), "Back").clicked() {
                    self.lists_boards = false;
                }
            });
        });
    }
}

/// Chooses a board, and begins where there is a model for it.
fn choose(address: Address, ctx: &mut PanelContext<'_>) {
    let has_model = ctx.document.active_model().is_some_and(|(_, open)| open.deliverable().is_some());
    ctx.send(Command::Board(BoardCommand::Choose(address)));
    if has_model {
        ctx.send(Command::Board(BoardCommand::Measure));
    }
}

/// A board and no model: a port can be listened to all the same.
fn no_model_ui(ui: &mut Ui, ctx: &mut PanelContext<'_>) {
    let is_serial = matches!(ctx.document.board.chosen, Some(Address::Serial { .. }));
    let sentence = if is_serial {
        "Open a .tflite, or train one, to measure it. What the board's own firmware prints can be plotted without."
    } else {
        "Open a .tflite, or train one, to measure it."
    };
    let second =
        if is_serial { (Icon::Plug, "Only listen") } else { (Icon::FlaskConical, "Open the example") };
    let buttons = [
        (ButtonKind::Primary, Some(Icon::FolderOpen), "Open file"),
        (ButtonKind::Outline, Some(second.0), second.1),
    ];
    match empty(ui, ctx.theme, Icon::Cpu, "No model to measure", sentence, &buttons) {
        Some(0) => ctx.send(Command::OpenDialog),
        Some(_) if is_serial => ctx.send(Command::Board(BoardCommand::Attach)),
        Some(_) => ctx.send(Command::OpenExample),
        None => {}
    }
}
