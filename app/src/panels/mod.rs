//! The panels of the rail: each draws a part of the document and asks for changes by pushing commands.

pub mod arena;
pub mod inspect;
pub mod run;

use crate::command::Command;
use crate::document::Document;
use crate::theme::Theme;

/// What a panel may see and do.
pub struct PanelContext<'a> {
    /// The state of the window, for reading.
    pub document: &'a Document,
    /// Colours and sizes of the theme in force.
    pub theme: &'a Theme,
    /// Changes that the panel asks for.
    pub commands: &'a mut Vec<Command>,
}

impl PanelContext<'_> {
    /// Asks for a change.
    pub fn send(&mut self, command: Command) {
        self.commands.push(command);
    }
}
