//! Where does each tensor live in the arena, and when?

mod answer;
mod layout;
mod marks;
mod persistent;
mod remedies;
mod view;
mod why;
mod words;

#[cfg(test)]
mod fixtures;

use super::PanelContext;

/// View state of the Arena panel.
#[derive(Default)]
pub struct ArenaPanel {}

impl ArenaPanel {
    /// The right end of the panel header: tags and switches.
    pub fn header_ui(&mut self, _ui: &mut egui::Ui, _ctx: &mut PanelContext<'_>) {}

    /// The main area.
    pub fn ui(&mut self, _ui: &mut egui::Ui, _ctx: &mut PanelContext<'_>) {}

    /// The inspector at the right of the window.
    pub fn inspector_ui(&mut self, _ui: &mut egui::Ui, _ctx: &mut PanelContext<'_>) {}
}
