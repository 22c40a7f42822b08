//! The shortcuts of the window: one table that listens, fills the overlay and names commands in the palette.

use egui::{Key, Modifiers};

use super::Context;
use crate::command::Command;
use crate::document::{Document, Overlay, PanelKind};
use crate::project::ProjectCommand;
use crate::shortcuts::{self, Shortcut};

/// What a shortcut of the window does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    OpenDialog,
    NewProject,
    Save,
    SaveAs,
    OpenRecent(u8),
    Reload,
    NextTab,
    PreviousTab,
    CloseTab,
    ReopenTab,
    Panel(PanelKind),
    Palette,
    Shortcuts,
    Inspector,
    Log,
    Chip,
    Cancel,
    ZoomIn,
    ZoomOut,
    ZoomReset,
    Escape,
    Quit,
}

/// Groups of the overlay, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    Files,
    Panels,
    Window,
}

impl Group {
    pub(super) const ALL: [Group; 3] = [Group::Files, Group::Panels, Group::Window];

    pub(super) fn label(self) -> &'static str {
        match self {
            Group::Files => "Files and tabs",
            Group::Panels => "Panels",
            Group::Window => "Window",
        }
    }
}

const CTRL_SHIFT_TAB: Modifiers = Modifiers { shift: true, ..Modifiers::COMMAND };

/// Every shortcut of the window.
pub(super) const TABLE: [Shortcut<Action>; 41] = [
    Shortcut::ctrl(Key::O, "Open files…", Action::OpenDialog),
    Shortcut::ctrl(Key::N, "New project…", Action::NewProject),
    Shortcut::ctrl(Key::S, "Save the project now", Action::Save),
    Shortcut::ctrl_shift(Key::S, "Save the project as…", Action::SaveAs),
    Shortcut::key(Key::F5, "Read the file again", Action::Reload),
    Shortcut::ctrl(Key::Tab, "Next tab", Action::NextTab),
    Shortcut::with(CTRL_SHIFT_TAB, Key::Tab, "Previous tab", Action::PreviousTab),
    Shortcut::ctrl(Key::W, "Close tab", Action::CloseTab),
    Shortcut::ctrl_shift(Key::T, "Open the closed tab again", Action::ReopenTab),
    Shortcut::ctrl(Key::Num1, "Open the newest recent file", Action::OpenRecent(0)),
    Shortcut::ctrl(Key::Num2, "Open recent file 2", Action::OpenRecent(1)),
    Shortcut::ctrl(Key::Num3, "Open recent file 3", Action::OpenRecent(2)),
    Shortcut::ctrl(Key::Num4, "Open recent file 4", Action::OpenRecent(3)),
    Shortcut::ctrl(Key::Num5, "Open recent file 5", Action::OpenRecent(4)),
    Shortcut::ctrl(Key::Num6, "Open recent file 6", Action::OpenRecent(5)),
    Shortcut::ctrl(Key::Num7, "Open recent file 7", Action::OpenRecent(6)),
    Shortcut::ctrl(Key::Num8, "Open recent file 8", Action::OpenRecent(7)),
    Shortcut::ctrl(Key::Num9, "Open recent file 9", Action::OpenRecent(8)),
    Shortcut::alt(Key::Num1, "Data", Action::Panel(PanelKind::Data)),
    Shortcut::alt(Key::Num2, "Design", Action::Panel(PanelKind::Design)),
    Shortcut::alt(Key::Num3, "Train", Action::Panel(PanelKind::Train)),
    Shortcut::alt(Key::Num4, "Compress", Action::Panel(PanelKind::Compress)),
    Shortcut::alt(Key::Num5, "Inspect", Action::Panel(PanelKind::Inspect)),
    Shortcut::alt(Key::Num6, "Arena", Action::Panel(PanelKind::Arena)),
    Shortcut::alt(Key::Num7, "Run", Action::Panel(PanelKind::Run)),
    Shortcut::alt(Key::Num8, "Board", Action::Panel(PanelKind::Board)),
    Shortcut::ctrl(Key::Enter, "Inspector", Action::Inspector),
    Shortcut::ctrl_shift(Key::C, "Choose the chip", Action::Chip),
    Shortcut::ctrl_shift(Key::P, "Any command by name", Action::Palette),
    Shortcut::key(Key::F1, "All shortcuts", Action::Shortcuts),
    Shortcut::key(Key::Questionmark, "All shortcuts", Action::Shortcuts),
    Shortcut::ctrl(Key::L, "Log", Action::Log),
    Shortcut::ctrl(Key::Period, "Cancel the job", Action::Cancel),
    Shortcut::ctrl(Key::Plus, "Larger", Action::ZoomIn),
    Shortcut::ctrl(Key::Equals, "Larger", Action::ZoomIn),
    Shortcut::ctrl(Key::Minus, "Smaller", Action::ZoomOut),
    Shortcut::ctrl(Key::Num0, "Usual size", Action::ZoomReset),
    Shortcut::key(Key::Escape, "Close what lies over the window", Action::Escape),
    Shortcut::ctrl(Key::F4, "Close tab", Action::CloseTab),
    Shortcut::ctrl(Key::PageDown, "Next tab", Action::NextTab),
    Shortcut::ctrl(Key::Q, "Quit", Action::Quit),
];

impl Action {
    /// Where the overlay lists it.
    pub(super) fn group(self) -> Group {
        match self {
            Action::OpenDialog
            | Action::NewProject
            | Action::Save
            | Action::SaveAs
            | Action::OpenRecent(_)
            | Action::Reload
            | Action::NextTab
            | Action::PreviousTab
            | Action::CloseTab
            | Action::ReopenTab => Group::Files,
            Action::Panel(_) | Action::Inspector | Action::Chip => Group::Panels,
            Action::Palette
            | Action::Shortcuts
            | Action::Log
            | Action::Cancel
            | Action::ZoomIn
            | Action::ZoomOut
            | Action::ZoomReset
            | Action::Escape
            | Action::Quit => Group::Window,
        }
    }

    /// The command; `None` where there is nothing to do it to.
    pub(super) fn command(self, document: &Document) -> Option<Command> {
        let zoom = document.settings.zoom;
        let is_project = document.active_project().is_some();
        match self {
            Action::OpenDialog => Some(Command::OpenDialog),
            Action::NewProject => Some(Command::Project(ProjectCommand::AskNew)),
            Action::Save => is_project.then_some(Command::Project(ProjectCommand::Save)),
            Action::SaveAs => is_project.then_some(Command::Project(ProjectCommand::AskSaveAs)),
            Action::OpenRecent(number) => {
                let number = usize::from(number);
                (number < document.settings.recents.len()).then_some(Command::OpenRecent(number))
            }
            Action::Reload => document.active.map(Command::Reload),
            Action::NextTab => Some(Command::NextTab),
            Action::PreviousTab => Some(Command::PreviousTab),
            Action::CloseTab => document.active.map(Command::CloseTab),
            Action::ReopenTab => Some(Command::ReopenTab),
            Action::Panel(panel) => Some(Command::ShowPanel(panel)),
            Action::Palette => Some(Command::Toggle(Overlay::Palette)),
            Action::Shortcuts => Some(Command::ToggleShortcuts),
            Action::Inspector => Some(Command::ToggleInspector),
            Action::Log => Some(Command::ToggleLog),
            Action::Chip => Some(Command::Toggle(Overlay::ChipPicker)),
            Action::Cancel => Some(Command::CancelNewestJob),
            Action::ZoomIn => Some(Command::SetZoom(zoom + 0.1)),
            Action::ZoomOut => Some(Command::SetZoom(zoom - 0.1)),
            Action::ZoomReset => Some(Command::SetZoom(1.0)),
            Action::Escape => document.view.overlay.map(|_| Command::CloseOverlay),
            Action::Quit => Some(Command::Quit),
        }
    }
}

/// Turns keys into commands. Escape is left to others while nothing lies over the window.
pub(super) fn listen(egui_ctx: &egui::Context, ctx: &mut Context<'_>) {
    let open = ctx.document.view.overlay.is_some();
    let table: Vec<Shortcut<Action>> =
        TABLE.into_iter().filter(|shortcut| open || shortcut.action != Action::Escape).collect();
    for action in shortcuts::pressed(egui_ctx, &table) {
        if let Some(command) = action.command(ctx.document) {
            ctx.send(command);
        }
    }
}

/// The keys of the panels, from the first to the last, `Alt 5 … 6`.
pub(super) fn panel_keys() -> String {
    let is_panel = |shortcut: &&Shortcut<Action>| matches!(shortcut.action, Action::Panel(_));
    let keys: Vec<String> =
        TABLE.iter().filter(is_panel).map(|shortcut| shortcuts::label(&shortcut.keys)).collect();
    match (keys.first(), keys.last().and_then(|last| last.rsplit(' ').next())) {
        (Some(first), Some(last)) => format!("{first} … {last}"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_keys_are_listed_twice() {
        for (index, shortcut) in TABLE.iter().enumerate() {
            let twice = TABLE[..index].iter().find(|other| other.keys == shortcut.keys);
            assert!(twice.is_none(), "{} and {:?}", shortcut.text, twice.map(|other| other.text));
        }
    }
}
