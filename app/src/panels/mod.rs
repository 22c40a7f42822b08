//! The panels of the rail: each draws a part of the document and asks for changes by pushing commands.

pub mod arena;
pub mod board;
pub mod compress;
pub mod data;
pub mod design;
pub mod graph;
pub mod inspect;
pub mod run;
pub mod train;

use egui::Ui;

use crate::command::Command;
use crate::document::Document;
use crate::project::ProjectCommand;
use crate::theme::widgets::{ButtonKind, button};
use crate::theme::{Icon, Theme, text};

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

/// What a panel that works on a project shows when none is in front.
pub(crate) fn no_project_ui(ui: &mut Ui, ctx: &mut PanelContext<'_>) {
    let theme = ctx.theme;
    let page = ui.max_rect();
    ui.vertical_centered(|ui| {
        ui.spacing_mut().item_spacing.y = 8.0;
        ui.add_space((page.height() / 3.0).round());
        ui.label(text::title("No project in front").color(theme.text.text_1));
        let words = "A project holds data, a network and its training. A file that was opened can only be looked at and run.";
        ui.label(text::body(words).color(theme.text.text_2));
        ui.add_space(8.0);
        if button(ui, theme, ButtonKind::Primary, Some(Icon::Plus), "New project…").clicked() {
            ctx.send(Command::Project(ProjectCommand::AskNew));
        }
        let open: Vec<_> = ctx.document.tabs.iter().filter(|tab| tab.project.is_some()).collect();
        for tab in open {
            let label = format!("Show {}", tab.title);
            if button(ui, theme, ButtonKind::Outline, Some(Icon::FlaskConical), &label).clicked() {
                ctx.commands.push(Command::ShowTab(tab.id));
            }
        }
    });
}
