//! What is there to train on, and is it any good?

mod colours;
mod detail;
mod filter;
mod grid;
mod inspector;
mod layout;
mod notes;
mod plot;
mod scatter;
mod sources;
mod start;

#[cfg(test)]
mod ui_tests;

use std::sync::Arc;

use egui::{Key, Label, Rect, TextEdit, Ui, UiBuilder, vec2};
use emberlab_core::dataset::{Dataset, Part, StreamKind};

use self::detail::Detail;
use self::filter::Filter;
use self::grid::Textures;
use self::inspector::InspectorView;
use super::PanelContext;
use crate::command::Command;
use crate::document::{PanelKind, TabId};
use crate::jobs::{Ask, Checks};
use crate::project::data::{DataStage, fits};
use crate::project::{DataCommand, OpenProject};
use crate::shortcuts::{self, Shortcut};
use crate::theme::widgets::{
    ButtonKind, button, hairline, icon_button, input_look, segmented_small, vertical_hairline,
};
use crate::theme::{Icon, font_id, format, text};

/// View state of the panel.
#[derive(Default)]
pub struct DataPanel {
    /// What the rest is about: the tab, and which reading of its data.
    of: Option<(TabId, u64)>,
    filter: Filter,
    /// The recordings that are shown, and what they were chosen by.
    shown: Option<(Filter, Option<Arc<Checks>>, Vec<usize>)>,
    /// Recordings in sight that were asked for.
    in_sight: Vec<usize>,
    /// The recording that the grid was scrolled to.
    scrolled_to: Option<usize>,
    columns: usize,
    textures: Textures,
    detail: Detail,
    inspector: InspectorView,
}

/// What keys do here.
#[derive(Clone, Copy, Debug)]
pub enum Action {
    /// One step back.
    Undo,
    /// One step forward again.
    Redo,
    /// Another recording: cells to the right, rows down.
    Step(isize, isize),
}

/// Keys of the panel.
pub const SHORTCUTS: [Shortcut<Action>; 6] = [
    Shortcut::ctrl(Key::Z, "Undo a change of the data", Action::Undo),
    Shortcut::ctrl_shift(Key::Z, "Redo a change of the data", Action::Redo),
    Shortcut::key(Key::ArrowLeft, "Recording before", Action::Step(-1, 0)),
    Shortcut::key(Key::ArrowRight, "Next recording", Action::Step(1, 0)),
    Shortcut::key(Key::ArrowUp, "Recording above", Action::Step(0, -1)),
    Shortcut::key(Key::ArrowDown, "Recording below", Action::Step(0, 1)),
];

impl DataPanel {
    /// What stands at the right end of the header.
    pub fn header_ui(&mut self, ui: &mut Ui, ctx: &mut PanelContext<'_>) {
        let document = ctx.document;
        let Some((_, open)) = document.active_project() else { return };
        for action in shortcuts::pressed(ui.ctx(), &SHORTCUTS) {
            match action {
                Action::Undo => ctx.send(Command::Data(DataCommand::Undo)),
                Action::Redo => ctx.send(Command::Data(DataCommand::Redo)),
                Action::Step(across, down) => self.step(open, across, down, ctx),
            }
        }
        let stage = open.data.stage(&open.project);
        if stage == DataStage::Ready {
            let (label, panel) = match &open.data.prepared {
                Some(prepared) if fits(&open.project, prepared) => ("Go on to Train", PanelKind::Train),
                Some(_) | None => ("Go on to Design", PanelKind::Design),
            };
            if button(ui, ctx.theme, ButtonKind::Primary, Some(Icon::ArrowRight), label).clicked() {
                ctx.send(Command::ShowPanel(panel));
            }
        }
        if stage != DataStage::Nothing {
            if button(ui, ctx.theme, ButtonKind::Outline, Some(Icon::FileBox), "Files…")
                .on_hover_text("Take other files as the data of this project")
                .clicked()
            {
                ctx.send(Command::Data(DataCommand::Ask(Ask::Files("Choose files with data"))));
            }
            if button(ui, ctx.theme, ButtonKind::Outline, Some(Icon::FolderOpen), "Folder…")
                .on_hover_text("Take another folder as the data of this project")
                .clicked()
            {
                ctx.send(Command::Data(DataCommand::Ask(Ask::Folder("Choose the folder with the data"))));
            }
        }
        for (can, icon, name, command) in [
            (open.data.can_redo(), Icon::Redo2, "Redo", DataCommand::Redo),
            (open.data.can_undo(), Icon::Undo2, "Undo", DataCommand::Undo),
        ] {
            ui.add_enabled_ui(can, |ui| {
                if icon_button(ui, ctx.theme, icon, name).clicked() {
                    ctx.commands.push(Command::Data(command.clone()));
                }
            });
        }
    }

    /// The main area.
    pub fn ui(&mut self, ui: &mut Ui, ctx: &mut PanelContext<'_>) {
        let document = ctx.document;
        let Some((tab, open)) = document.active_project() else {
            super::no_project_ui(ui, ctx);
            return;
        };
        let of = (tab.id, open.data.reading());
        if self.of != Some(of) {
            *self = Self { of: Some(of), inspector: std::mem::take(&mut self.inspector), ..Self::default() };
        }
        let Some(loaded) = &open.data.loaded else {
            start::start_ui(ui, open, ctx);
            return;
        };
        let mut rect = ui.available_rect_before_wrap();
        let height = within(ui, rect, "notes", |ui| {
            notes::notes_ui(ui, open, ctx);
            ui.min_rect().height()
        });
        if height > 1.0 {
            rect.min.y += height + 1.0;
            hairline(ui.painter(), ctx.theme, rect.x_range(), rect.top() - 1.0);
        }
        let dataset = loaded.dataset.clone();
        // Of a pair of numbers there is nothing more to see than its point.
        let has_detail = open.data.selected.is_some() && !scatter::is_curve(&dataset);
        let panes = layout::panes(rect, has_detail);
        let (filter, asked) = within(ui, panes.sources, "sources", |ui| {
            sources::sources_ui(ui, &open.project, &open.data, loaded, self.filter.class, ctx)
        });
        self.filter.class = filter;
        self.inspector.show_problems |= asked;
        vertical_hairline(ui.painter(), ctx.theme, panes.sources.right() - 1.0, panes.sources.y_range());
        self.find(open, &dataset);
        let n_shown = self.shown.as_ref().map_or(0, |(_, _, shown)| shown.len());
        within(ui, panes.bar, "bar", |ui| self.bar_ui(ui, n_shown, dataset.recordings.len(), ctx));
        hairline(ui.painter(), ctx.theme, panes.bar.x_range(), panes.bar.bottom() - 1.0);
        within(ui, panes.grid, "grid", |ui| self.grid_ui(ui, open, &dataset, ctx));
        if let Some(rect) = panes.detail {
            hairline(ui.painter(), ctx.theme, rect.x_range(), rect.top());
            within(ui, rect.with_min_y(rect.top() + 1.0), "selected", |ui| {
                self.detail.ui(ui, &open.data, &dataset, ctx);
            });
        }
        ui.advance_cursor_after_rect(rect);
    }

    /// The inspector.
    pub fn inspector_ui(&mut self, ui: &mut Ui, ctx: &mut PanelContext<'_>) {
        let document = ctx.document;
        let Some((_, open)) = document.active_project() else { return };
        self.inspector.ui(ui, open, self.detail.window, ctx);
    }

    /// Chooses the recordings that fit the filter, where something has changed.
    fn find(&mut self, open: &OpenProject, dataset: &Dataset) {
        let is_same = |known: &Option<Arc<Checks>>| match (known, &open.data.checks) {
            (Some(known), Some(checks)) => Arc::ptr_eq(known, checks),
            (None, None) => true,
            _ => false,
        };
        if self.shown.as_ref().is_some_and(|(filter, checks, _)| *filter == self.filter && is_same(checks)) {
            return;
        }
        let parts = open.data.checks.as_ref().map_or(&[][..], |checks| &checks.parts);
        let shown = filter::shown(dataset, parts, &self.filter);
        self.shown = Some((self.filter.clone(), open.data.checks.clone(), shown));
    }

    fn bar_ui(&mut self, ui: &mut Ui, n_shown: usize, total: usize, ctx: &mut PanelContext<'_>) {
        let theme = ctx.theme;
        ui.horizontal_centered(|ui| {
            ui.add_space(8.0);
            let choices = [
                (None, "All"),
                (Some(Part::Train), "Training"),
                (Some(Part::Validation), "Validation"),
                (Some(Part::Test), "Test"),
            ];
            segmented_small(ui, theme, &mut self.filter.part, &choices);
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                ui.add_space(12.0);
                let words = if n_shown == total {
                    format::counted(total as u64, "recording", "recordings")
                } else {
                    format!("{} of {}", format::count(n_shown as u64), format::count(total as u64))
                };
                ui.add(Label::new(text::number_small(words).color(theme.text.text_2)).extend());
                let width = (ui.available_width() - 8.0).clamp(60.0, 240.0);
                input_look(ui, theme, |ui| {
                    let edit = TextEdit::singleline(&mut self.filter.query)
                        .hint_text("Find by name or group")
                        .font(font_id::cell())
                        .align(egui::Align2::LEFT_CENTER)
                        .text_color(theme.text.text_1);
                    ui.add_sized(vec2(width, 24.0), edit).accessible_name("Find recordings");
                });
            });
        });
    }

    fn grid_ui(&mut self, ui: &mut Ui, open: &OpenProject, dataset: &Dataset, ctx: &mut PanelContext<'_>) {
        let Some((_, _, shown)) = &self.shown else { return };
        if shown.is_empty() {
            let clear = [(ButtonKind::Outline, Some(Icon::FilterX), "Clear filter")];
            let words = "No class, part or name fits all of what is chosen.";
            let pressed = crate::theme::widgets::empty(
                ui,
                ctx.theme,
                Icon::Search,
                "No recording matches",
                words,
                &clear,
            );
            if pressed.is_some() {
                self.filter = Filter::default();
            }
            return;
        }
        if scatter::is_curve(dataset) {
            if let Some(clicked) = scatter::scatter_ui(ui, &open.data, dataset, shown, ctx) {
                self.select(clicked, ctx);
            }
            return;
        }
        let scroll_to = open.data.selected.filter(|index| self.scrolled_to != Some(*index));
        self.scrolled_to = open.data.selected;
        let events = grid::grid_ui(ui, &open.data, dataset, shown, scroll_to, &mut self.textures, ctx);
        self.columns = events.columns;
        if events.in_sight != self.in_sight {
            self.in_sight.clone_from(&events.in_sight);
            ctx.send(Command::Data(DataCommand::Show(events.in_sight)));
        }
        if let Some(clicked) = events.clicked {
            self.select(clicked, ctx);
        }
    }

    fn select(&mut self, index: usize, ctx: &mut PanelContext<'_>) {
        // What was clicked is in sight already.
        self.scrolled_to = Some(index);
        ctx.send(Command::Data(DataCommand::Select(Some(index))));
    }

    fn step(&mut self, open: &OpenProject, across: isize, down: isize, ctx: &mut PanelContext<'_>) {
        let Some((_, _, shown)) = &self.shown else { return };
        let by = across + down * self.columns.max(1) as isize;
        let place = open.data.selected.and_then(|index| shown.iter().position(|shown| *shown == index));
        let next = match place {
            Some(place) => place as isize + by,
            None => 0,
        };
        if let Some(index) = usize::try_from(next).ok().and_then(|next| shown.get(next)) {
            ctx.send(Command::Data(DataCommand::Select(Some(*index))));
        }
    }
}

/// Draws within a rectangle and nothing beyond.
pub(super) fn within<R>(ui: &mut Ui, rect: Rect, name: &str, content: impl FnOnce(&mut Ui) -> R) -> R {
    ui.scope_builder(UiBuilder::new().max_rect(rect).id_salt(name), |ui| {
        ui.set_clip_rect(rect.intersect(ui.clip_rect()));
        content(ui)
    })
    .inner
}

/// The set holds pictures, signals or rows of numbers.
pub(super) fn kind_of(dataset: &Dataset, stream: usize) -> Option<&StreamKind> {
    dataset.streams.get(stream).map(|stream| &stream.kind)
}
