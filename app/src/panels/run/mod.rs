//! What does the model answer, and what does every operator compute on the way?

mod compared;
mod inputs;
mod inspector;
mod operators;
mod outputs;
pub mod values;
mod visual;

#[cfg(test)]
mod ui_tests;

use std::sync::Arc;

use egui::{Key, Rect, Role, Ui, UiBuilder, WidgetInfo, pos2, vec2};
use emberlab_core::model::SubgraphId;

pub use self::compared::{other_semantics, semantics_label};
use self::operators::{RunColumn, RunTable};
use self::visual::Looker;
use super::PanelContext;
use crate::command::Command;
use crate::document::{OpenModel, Selection, Tab};
use crate::jobs::Subject;
use crate::panels::inspect::tables::grid::{grid_ui, ordered};
use crate::run_state::RunResult;
use crate::shortcuts::{self, Shortcut};
use crate::theme::widgets::{
    ButtonKind, Sort, TableStyle, Verdict, button, hairline, note, vertical_hairline,
};
use crate::theme::{Icon, text};

/// View state of the Run panel.
#[derive(Default)]
pub struct RunPanel {
    sort: Sort<RunColumn>,
    /// The table, and what it was made of.
    table: Option<(Subject, Option<Arc<RunResult>>, SubgraphId, RunTable)>,
    /// What the inspector draws of an operator's output, kept while it is the same.
    looker: Looker,
    /// What the input pane draws of the first input.
    preview: Looker,
    /// The selection that the table was scrolled to.
    scrolled_to: Selection,
}

/// What keys do here.
#[derive(Clone, Copy, Debug)]
pub enum Action {
    /// Run the model.
    Run,
}

/// Keys of the panel.
pub const SHORTCUTS: [Shortcut<Action>; 1] = [Shortcut::ctrl(Key::R, "Run the model", Action::Run)];

/// Width of the pane with the inputs.
const INPUTS: f32 = 320.0;
/// Height that outputs take at most, as a share of the panel.
const OUTPUTS_SHARE: f32 = 0.42;

impl RunPanel {
    /// The right end of the panel header: what to compare with, and the button that runs.
    pub fn header_ui(&mut self, ui: &mut Ui, ctx: &mut PanelContext<'_>) {
        let run = button(ui, ctx.theme, ButtonKind::Primary, Some(Icon::Play), "Run");
        // The rail has a "Run" of its own.
        run.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Run the model"));
        let asked = shortcuts::pressed(ui.ctx(), &SHORTCUTS).into_iter().any(|Action::Run| true);
        if run.on_hover_text("Run the model on this computer, with the bits of the chip (Ctrl R)").clicked()
            || asked
        {
            ctx.send(Command::Run);
        }
        compared::choice_ui(ui, ctx);
    }

    /// The main area.
    pub fn ui(&mut self, ui: &mut Ui, ctx: &mut PanelContext<'_>) {
        let document = ctx.document;
        let Some((tab, open)) = document.active_model() else { return };
        let rect = ui.available_rect_before_wrap();
        let (left, rest) = rect.split_left_right_at_x(rect.left() + INPUTS.min(rect.width() / 2.0));
        vertical_hairline(ui.painter(), ctx.theme, left.right(), left.y_range());
        within(ui, left, "inputs", |ui| inputs::inputs_ui(ui, &mut self.preview, tab, open, ctx));
        within(ui, rest.with_min_x(left.right() + 1.0), "results", |ui| self.results_ui(ui, tab, open, ctx));
        ui.advance_cursor_after_rect(rect);
    }

    /// The inspector at the right of the window.
    pub fn inspector_ui(&mut self, ui: &mut Ui, ctx: &mut PanelContext<'_>) {
        let document = ctx.document;
        let Some((tab, open)) = document.active_model() else { return };
        inspector::inspector_ui(ui, &mut self.looker, tab, open, ctx);
    }

    fn results_ui(&mut self, ui: &mut Ui, tab: &Tab, open: &OpenModel, ctx: &mut PanelContext<'_>) {
        let rect = ui.available_rect_before_wrap();
        let result: Option<&Arc<RunResult>> = match &tab.run.outcome {
            Some(Ok(result)) => Some(result),
            Some(Err(failure)) => {
                let inner = rect.shrink(16.0);
                within(ui, inner, "failure", |ui| {
                    note(ui, ctx.theme, Verdict::Over, "It does not run.", &failure.message);
                    ui.add_space(6.0);
                    ui.label(text::small(&failure.help).color(ctx.theme.text.text_2));
                });
                return;
            }
            None => None,
        };
        let outputs_height = outputs::height(open, result, rect.height() * OUTPUTS_SHARE);
        let (top, below) = rect.split_top_bottom_at_y(rect.top() + outputs_height);
        within(ui, top, "outputs", |ui| outputs::outputs_ui(ui, open, result, ctx));
        hairline(ui.painter(), ctx.theme, rect.x_range(), below.top());
        within(ui, below.with_min_y(below.top() + 1.0), "operators", |ui| {
            self.operators_ui(ui, tab, open, result, ctx)
        });
    }

    fn operators_ui(
        &mut self,
        ui: &mut Ui,
        tab: &Tab,
        open: &OpenModel,
        result: Option<&Arc<RunResult>>,
        ctx: &mut PanelContext<'_>,
    ) {
        let subject = Subject { tab: tab.id, revision: tab.revision };
        let is_same = |known: &Option<Arc<RunResult>>| match (known, result) {
            (Some(known), Some(result)) => Arc::ptr_eq(known, result),
            (None, None) => true,
            _ => false,
        };
        let table = match self.table.take() {
            Some((of, known, subgraph, table))
                if of == subject && subgraph == tab.subgraph && is_same(&known) =>
            {
                table
            }
            _ => RunTable::new(&open.model, tab.subgraph, result.map(|result| &**result)),
        };
        let order = ordered(&table, self.sort, |_| true);
        let selected = match tab.selection {
            Selection::Operator(subgraph, operator) if subgraph == tab.subgraph => Some(operator.index()),
            _ => None,
        };
        let scroll_to = selected.filter(|_| self.scrolled_to != tab.selection);
        self.scrolled_to = tab.selection;
        let style = TableStyle::new(ctx.document.settings.comfortable_rows);
        let events = grid_ui(ui, ctx.theme, style, &table, &mut self.sort, &order, selected, scroll_to);
        if let Some(row) = events.clicked {
            let selection = Selection::Operator(tab.subgraph, table.operator(row));
            self.scrolled_to = selection;
            ctx.send(Command::Select(selection));
        }
        self.table = Some((subject, result.cloned(), tab.subgraph, table));
    }
}

/// Draws within a rectangle and nothing beyond.
fn within<R>(ui: &mut Ui, rect: Rect, name: &str, content: impl FnOnce(&mut Ui) -> R) -> R {
    ui.scope_builder(UiBuilder::new().max_rect(rect).id_salt(name), |ui| {
        ui.set_clip_rect(rect.intersect(ui.clip_rect()));
        content(ui)
    })
    .inner
}

/// A line of caption height with a title at the left and quiet words at the right.
fn bar_ui(ui: &mut Ui, ctx: &PanelContext<'_>, title: &str, right: &str) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 30.0), egui::Sense::hover());
    let painter = ui.painter();
    let middle = rect.center().y;
    let caption = crate::theme::font_id::caption();
    painter.text(
        pos2(rect.left() + 16.0, middle),
        egui::Align2::LEFT_CENTER,
        title,
        caption,
        ctx.theme.text.text_3,
    );
    let small = crate::theme::font_id::number_small();
    painter.text(
        pos2(rect.right() - 16.0, middle),
        egui::Align2::RIGHT_CENTER,
        right,
        small,
        ctx.theme.text.text_3,
    );
}
