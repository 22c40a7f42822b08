//! What is in this model? The graph, its tables, and the details of what is selected.

mod attributes;
mod find;
#[cfg(test)]
mod fixtures;
pub mod layout;
pub mod names;

use super::PanelContext;

/// View state of the Inspect panel.
#[derive(Default)]
pub struct InspectPanel {}

impl InspectPanel {
    /// The right end of the panel header: tags and buttons.
    pub fn header_ui(&mut self, _ui: &mut egui::Ui, _ctx: &mut PanelContext<'_>) {}

    /// The main area.
    pub fn ui(&mut self, _ui: &mut egui::Ui, _ctx: &mut PanelContext<'_>) {}

    /// The inspector at the right of the window.
    pub fn inspector_ui(&mut self, _ui: &mut egui::Ui, _ctx: &mut PanelContext<'_>) {}
}
