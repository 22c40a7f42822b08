//! What does each variant save, and what does it cost?
//!
//! [`figures`] makes rows of what is known, [`table`] draws them; below it [`trade`] plots worth against cost and [`layers`]
//! the errors of the operators of the chosen variant, or [`answers`] shows where its answers differ from those of the float32
//! model. [`layout`] is pure.

mod answers;
mod export;
pub mod figures;
mod histogram;
mod inspector;
mod layers;
pub mod layout;
mod sheet;
mod table;
mod trade;

#[cfg(test)]
mod ui_tests;

use egui::{Align, Key, Layout, Popup, Rect, Ui, UiBuilder, vec2};
use emberlab_core::dataset::PreparationRecord;

use self::answers::Answers;
use self::figures::{Row, measure, rows};
use self::layers::Layers;
use self::table::Column;
use self::trade::Cost;
use super::PanelContext;
use crate::command::Command;
use crate::document::{PanelKind, Tab, TabContent, TabId};
use crate::project::CompressCommand;
use crate::project::compress::{compress_data, obstacle, projects_with_data, stored, trained_runs};
use crate::shortcuts::{self, Shortcut};
use crate::theme::widgets::{
    ButtonKind, Sort, TableStyle, Verdict, button, choice_input, empty, field, hairline, note_buttons,
    segmented_small, small_button, tag, vertical_hairline,
};
use crate::theme::{Icon, format, text};

pub use sheet::{WIDTH as SHEET_WIDTH, sheet_ui};

/// View state of the panel.
#[derive(Default)]
pub struct CompressPanel {
    sort: Sort<Column>,
    view: View,
    cost: Cost,
    layers: Layers,
    answers: Answers,
}

/// What is shown below the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum View {
    /// Worth against cost, and the layers of the chosen variant.
    #[default]
    Trade,
    /// What the chosen variant answers.
    Answers,
}

/// What keys do here.
#[derive(Clone, Copy, Debug)]
pub enum Action {
    /// Ask what the next variant is to be.
    New,
    /// The next row.
    Down,
    /// The row before.
    Up,
    /// Take the chosen variant away.
    Delete,
    /// Take the last change of limits back.
    Undo,
}

/// Keys of the panel.
pub const SHORTCUTS: [Shortcut<Action>; 5] = [
    Shortcut::ctrl(Key::R, "New variant…", Action::New),
    Shortcut::key(Key::ArrowDown, "Next variant", Action::Down),
    Shortcut::key(Key::ArrowUp, "Previous variant", Action::Up),
    Shortcut::key(Key::Delete, "Delete the variant", Action::Delete),
    Shortcut::ctrl(Key::Z, "Undo a change of limits", Action::Undo),
];

/// What the header tells of the variants of a tab.
pub fn facts(tab: &Tab) -> Vec<String> {
    let count = stored(tab).len() as u64;
    if count == 0 {
        return Vec::new();
    }
    let mut facts = vec![format::counted(count, "variant", "variants")];
    if let Some(data) = compress_data(tab)
        && let Some((part, of_validation)) = crate::compression::tested_part(&data)
    {
        let what = if of_validation { "validation" } else { "test" };
        let samples = part.samples.count as u64;
        let (one, many) = (format!("{what} sample"), format!("{what} samples"));
        facts.push(format::counted(samples, &one, &many));
    }
    facts
}

impl CompressPanel {
    /// What stands at the right end of the header, from right to left.
    pub fn header_ui(&mut self, ui: &mut Ui, ctx: &mut PanelContext<'_>) {
        let document = ctx.document;
        let Some(tab) = document.active_tab() else { return };
        let theme = ctx.theme;
        self.listen(ui, tab, ctx);
        if let Some(making) = &tab.compress.making {
            if button(ui, theme, ButtonKind::Outline, Some(Icon::X), "Cancel making").clicked() {
                ctx.send(Command::Compress(CompressCommand::Cancel));
            }
            let words = if making.stage.is_empty() { "Begins…" } else { making.stage.as_str() };
            tag(ui, theme, Verdict::Accent, Icon::RotateCw, words);
        } else if obstacle(tab).is_none() && !stored(tab).is_empty() {
            if button(ui, theme, ButtonKind::Primary, Some(Icon::Plus), "New variant")
                .on_hover_text("Choose numbers, scales and calibration (Ctrl R)")
                .clicked()
            {
                ctx.send(Command::Compress(CompressCommand::AskNew(None)));
            }
            if tab.project.is_none() {
                if button(ui, theme, ButtonKind::Outline, Some(Icon::FileBox), "Add a model file…").clicked()
                {
                    ctx.send(Command::Compress(CompressCommand::ChooseModels));
                }
            } else if button(ui, theme, ButtonKind::Outline, Some(Icon::Layers), "All usual variants")
                .on_hover_text(
                    "float32, float16, dynamic range, int8, int8 with a scale per tensor, and int16x8",
                )
                .clicked()
            {
                ctx.send(Command::Compress(CompressCommand::MakeUsual));
            }
        }
        if !stored(tab).is_empty() {
            let menu = button(ui, theme, ButtonKind::Ghost, Some(Icon::Download), "Export");
            Popup::menu(&menu).show(|ui| {
                export::menu_ui(ui, self.sort, self.cost, &self.layers, tab, ctx);
            });
        }
    }

    fn listen(&mut self, ui: &Ui, tab: &Tab, ctx: &mut PanelContext<'_>) {
        if ctx.document.view.overlay.is_some() {
            return;
        }
        for action in shortcuts::pressed(ui.ctx(), &SHORTCUTS) {
            let command = match action {
                Action::New => Some(CompressCommand::AskNew(None)),
                Action::Down => self.step(1, tab, ctx),
                Action::Up => self.step(-1, tab, ctx),
                Action::Delete => tab.compress.selected.clone().map(CompressCommand::Delete),
                Action::Undo => Some(CompressCommand::UndoLimits),
            };
            ctx.commands.extend(command.map(Command::Compress));
        }
    }

    /// Chooses a neighbour in the order of the table.
    fn step(&self, step: isize, tab: &Tab, ctx: &PanelContext<'_>) -> Option<CompressCommand> {
        let rows = rows(tab, ctx.document.target);
        let order = table::order_of(&rows, measure(tab), self.sort, tab, ctx);
        let selected = tab.compress.selected.as_deref();
        let place = order.iter().position(|row| Some(rows[*row].name.as_str()) == selected);
        let next =
            place.map_or(0, |place| place.saturating_add_signed(step)).min(order.len().checked_sub(1)?);
        Some(CompressCommand::Select(Some(rows[order[next]].name.clone())))
    }

    /// The main area.
    pub fn ui(&mut self, ui: &mut Ui, ctx: &mut PanelContext<'_>) {
        let document = ctx.document;
        let Some(tab) = document.active_tab() else { return };
        let rows = rows(tab, document.target);
        let is_outside = tab.project.is_none();
        if is_outside && tab.compress.data.is_none() {
            outside_ui(ui, tab, ctx);
            return;
        }
        if rows.is_empty() {
            empty_ui(ui, tab, ctx);
            return;
        }
        let mut main = ui.available_rect_before_wrap();
        let whole = main;
        if let Some(failure) = &tab.compress.failure {
            let (top, rest) = main.split_top_bottom_at_y(main.top() + 100.0);
            within(ui, top.shrink2(vec2(16.0, 8.0)), "failure", |ui| failure_ui(ui, failure, ctx));
            main = rest;
        }
        let style = TableStyle::new(document.settings.comfortable_rows);
        let areas = layout::areas(main, rows.len(), style.row, style.head);
        let measure = measure(tab);
        let events = within(ui, areas.table, "table", |ui| {
            table::table_ui(ui, &rows, measure, &mut self.sort, tab, ctx)
        });
        if let Some(row) = events.clicked {
            let name = rows[row].name.clone();
            ctx.send(Command::Compress(CompressCommand::Select(Some(name))));
        }
        hairline(ui.painter(), ctx.theme, main.x_range(), areas.bar.top());
        within(ui, areas.bar, "bar", |ui| self.bar_ui(ui, areas.right.left(), ctx));
        match self.view {
            View::Trade => self.trade_ui(ui, &areas, &rows, tab, ctx),
            View::Answers => {
                let below = areas.left.union(areas.ranges);
                within(ui, below, "answers", |ui| self.answers.ui(ui, tab, ctx));
            }
        }
        ui.advance_cursor_after_rect(whole);
    }

    /// The bar below the table: what is shown below it.
    fn bar_ui(&mut self, ui: &mut Ui, right: f32, ctx: &mut PanelContext<'_>) {
        let theme = ctx.theme;
        let bar = ui.available_rect_before_wrap();
        let (left, end) = bar.split_left_right_at_x(right);
        let row = |rect: Rect| {
            UiBuilder::new()
                .max_rect(rect.shrink2(vec2(16.0, 0.0)))
                .layout(Layout::left_to_right(Align::Center))
        };
        ui.scope_builder(row(left).id_salt("left"), |ui| {
            ui.spacing_mut().item_spacing.x = 12.0;
            let choices = [(View::Trade, "Trade-off"), (View::Answers, "Answers")];
            segmented_small(ui, theme, &mut self.view, &choices);
            if self.view == View::Trade {
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    let choices = [(Cost::File, "File"), (Cost::Arena, "Arena"), (Cost::Latency, "Latency")];
                    segmented_small(ui, theme, &mut self.cost, &choices);
                    ui.label(text::caption(theme, "against"));
                });
            }
        });
        if self.view == View::Trade {
            ui.scope_builder(row(end).id_salt("right"), |ui| self.layers.bar_ui(ui, theme));
        }
    }

    fn trade_ui(
        &mut self,
        ui: &mut Ui,
        areas: &layout::Areas,
        rows: &[Row],
        tab: &Tab,
        ctx: &mut PanelContext<'_>,
    ) {
        let measure = measure(tab);
        let clicked = within(ui, areas.left, "plot", |ui| {
            trade::trade_ui(ui, ctx.theme, rows, measure, self.cost, tab.compress.selected.as_deref())
        });
        if let Some(name) = clicked {
            ctx.send(Command::Compress(CompressCommand::Select(Some(name))));
        }
        let line = areas.right.left();
        vertical_hairline(ui.painter(), ctx.theme, line, areas.left.y_range());
        let (right, ranges) = (areas.right.with_min_x(line + 1.0), areas.ranges.with_min_x(line + 1.0));
        within(ui, right, "layers", |ui| self.layers.ui(ui, tab, ctx));
        hairline(ui.painter(), ctx.theme, ranges.x_range(), ranges.top());
        within(ui, ranges, "ranges", |ui| self.layers.ranges_ui(ui, tab, ctx));
    }

    /// The inspector.
    pub fn inspector_ui(&mut self, ui: &mut Ui, ctx: &mut PanelContext<'_>) {
        let document = ctx.document;
        let Some(tab) = document.active_tab() else { return };
        if inspector::inspector_ui(ui, tab, ctx) {
            self.view = View::Answers;
        }
    }
}

/// What failed, with a way to go on.
fn failure_ui(ui: &mut Ui, failure: &crate::compression::CompressFailure, ctx: &mut PanelContext<'_>) {
    let message = format!("{}.", failure.message.trim_end_matches('.'));
    let verdict = Verdict::Over;
    note_buttons(ui, ctx.theme, verdict, &message, &failure.help, &[]);
}

/// Before the first variant.
fn empty_ui(ui: &mut Ui, tab: &Tab, ctx: &mut PanelContext<'_>) {
    let theme = ctx.theme;
    if let Some(failure) = &tab.compress.failure {
        let top = ui.available_rect_before_wrap().shrink(16.0);
        within(ui, top.with_max_y(top.top() + 80.0), "failure", |ui| failure_ui(ui, failure, ctx));
    }
    if let Some(obstacle) = obstacle(tab) {
        let (label, panel) = match trained_runs(tab).is_empty() {
            true => ("Go to Train", PanelKind::Train),
            false => ("Go to Data", PanelKind::Data),
        };
        let button = (ButtonKind::Primary, Some(Icon::ArrowRight), label);
        if empty(ui, theme, Icon::Shrink, &obstacle.message, &obstacle.help, &[button]).is_some() {
            ctx.send(Command::ShowPanel(panel));
        }
        return;
    }
    let sentence = "Make an int8 variant to see what it saves and what it costs.";
    let buttons = [
        (ButtonKind::Primary, Some(Icon::Plus), "New variant"),
        (ButtonKind::Outline, Some(Icon::Layers), "All usual variants"),
    ];
    match empty(ui, theme, Icon::Shrink, "One variant: float32", sentence, &buttons) {
        Some(0) => ctx.send(Command::Compress(CompressCommand::AskNew(None))),
        Some(_) => ctx.send(Command::Compress(CompressCommand::MakeUsual)),
        None => {}
    }
}

/// A model without a project, before there are samples.
fn outside_ui(ui: &mut Ui, tab: &Tab, ctx: &mut PanelContext<'_>) {
    let theme = ctx.theme;
    if !matches!(tab.content, TabContent::Model(_)) {
        return;
    }
    if tab.compress.is_reading_data {
        let words = "The status bar says how far it is, and can end it.";
        empty(ui, theme, Icon::Database, "The samples are being read", words, &[]);
        return;
    }
    if let Some(failure) = &tab.compress.failure {
        let top = ui.available_rect_before_wrap().shrink(16.0);
        within(ui, top.with_max_y(top.top() + 100.0), "failure", |ui| failure_ui(ui, failure, ctx));
    }
    let Some(obstacle) = obstacle(tab) else { return };
    let has_float = obstacle.message.contains("samples");
    let buttons = [
        (ButtonKind::Primary, Some(Icon::FolderOpen), "Choose a folder…"),
        (ButtonKind::Outline, Some(Icon::Database), "Choose files…"),
    ];
    let buttons: &[_] = if has_float { &buttons[..] } else { &[] };
    let projects: Vec<(TabId, String)> =
        projects_with_data(ctx.document).map(|(id, title)| (id, title.to_owned())).collect();
    let area = ui.available_rect_before_wrap();
    let below = if has_float && !projects.is_empty() { PROJECTS } else { 0.0 };
    let (top, bottom) = area.split_top_bottom_at_y(area.bottom() - below);
    let pressed = within(ui, top, "choose", |ui| {
        empty(ui, theme, Icon::Shrink, &obstacle.message, &obstacle.help, buttons)
    });
    if let Some(pressed) = pressed {
        ctx.send(Command::Compress(CompressCommand::ChooseData(pressed == 0)));
    }
    if below > 0.0 {
        within(ui, bottom, "projects", |ui| projects_ui(ui, tab, &projects, ctx));
    }
}

/// Height of what open projects offer.
const PROJECTS: f32 = 132.0;
/// Width of it.
const PROJECTS_WIDTH: f32 = 460.0;

/// Open projects: their samples, or their preparation for other data.
fn projects_ui(ui: &mut Ui, tab: &Tab, projects: &[(TabId, String)], ctx: &mut PanelContext<'_>) {
    let theme = ctx.theme;
    let area = ui.available_rect_before_wrap();
    let middle = Rect::from_center_size(area.center(), vec2(PROJECTS_WIDTH.min(area.width()), area.height()));
    ui.scope_builder(UiBuilder::new().max_rect(middle), |ui| {
        ui.label(text::caption(theme, "Open projects"));
        let says_itself = match &tab.content {
            TabContent::Model(open) => {
                PreparationRecord::of_model(&open.model).is_ok_and(|record| record.is_some())
            }
            TabContent::Loading | TabContent::Failed(_) => false,
        };
        if !says_itself {
            let mut chosen =
                tab.compress.prepared_as.filter(|id| projects.iter().any(|known| known.0 == *id));
            let before = chosen;
            field(ui, theme, "Prepare as", |ui| {
                let of_projects = projects.iter().map(|(id, title)| (Some(*id), title.clone()));
                let choices: Vec<(Option<TabId>, String)> =
                    std::iter::once((None, "suits the data".to_owned())).chain(of_projects).collect();
                choice_input(ui, theme, "Prepare as", &mut chosen, &choices);
            });
            if chosen != before {
                ctx.send(Command::Compress(CompressCommand::SetPreparedAs(chosen)));
            }
        }
        field(ui, theme, "Or measure on", |ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            for (id, title) in projects.iter().take(2) {
                let words = format!("the samples of {title}");
                if small_button(ui, theme, ButtonKind::Outline, Some(Icon::Database), &words).clicked() {
                    ctx.send(Command::Compress(CompressCommand::TakeDataOf(*id)));
                }
            }
        });
    });
}

/// Draws within a rectangle and nothing beyond.
fn within<R>(ui: &mut Ui, rect: Rect, name: &str, content: impl FnOnce(&mut Ui) -> R) -> R {
    ui.scope_builder(UiBuilder::new().max_rect(rect).id_salt(name), |ui| {
        ui.set_clip_rect(rect.intersect(ui.clip_rect()));
        content(ui)
    })
    .inner
}
