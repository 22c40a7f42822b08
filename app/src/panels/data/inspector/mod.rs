//! The inspector of the Data panel: the selected recording, then how files are read, how samples are made, how they are
//! divided, and whether all of it can be trusted.

mod checks;
mod features;
mod format;
mod problems;
mod samples;
mod selected;
mod split;

use egui::{DragValue, Ui};
use emberlab_core::dataset::{InputPreparation, Preparation};

use super::PanelContext;
use crate::command::Command;
use crate::project::{DataCommand, OpenProject};
use crate::theme::Theme;
use crate::theme::widgets::{field, number_input};

/// View state of the inspector.
#[derive(Default)]
pub(super) struct InspectorView {
    /// The list of problems is shown.
    pub show_problems: bool,
    format: format::FormatView,
    groups: split::Groups,
}

impl InspectorView {
    /// Draws the inspector; `window` is the window of the selected recording that is chosen.
    pub(super) fn ui(&mut self, ui: &mut Ui, open: &OpenProject, window: usize, ctx: &mut PanelContext<'_>) {
        let Some(loaded) = &open.data.loaded else { return };
        selected::selected_ui(ui, open, loaded, window, ctx);
        if !loaded.dataset.problems.is_empty() {
            problems::problems_ui(ui, &loaded.dataset.problems, &mut self.show_problems, ctx);
        }
        self.format.ui(ui, open, loaded, ctx);
        samples::samples_ui(ui, open, &loaded.dataset, ctx);
        split::split_ui(ui, &mut self.groups, open, &loaded.dataset, ctx);
        checks::checks_ui(ui, open, &loaded.dataset, ctx);
    }
}

/// Sends another preparation.
fn set(
    open: &OpenProject,
    control: &'static str,
    ctx: &mut PanelContext<'_>,
    change: impl FnOnce(&mut Preparation),
) {
    let mut preparation = open.project.preparation.clone();
    change(&mut preparation);
    ctx.send(Command::Data(DataCommand::SetPreparation(Box::new(preparation), control)));
}

/// Sends a preparation with another input; inputs that nobody has named yet are named first.
fn set_input(
    open: &OpenProject,
    number: usize,
    control: &'static str,
    ctx: &mut PanelContext<'_>,
    change: impl FnOnce(&mut InputPreparation),
) {
    let n_streams = open.data.loaded.as_ref().map_or(0, |loaded| loaded.dataset.streams.len());
    set(open, control, ctx, |preparation| {
        if preparation.inputs.is_empty() {
            let of = |stream| InputPreparation { stream, ..InputPreparation::default() };
            preparation.inputs = (0..n_streams).map(of).collect();
        }
        if let Some(input) = preparation.inputs.get_mut(number) {
            change(input);
        }
    });
}

/// A row with a number; the new one if it was changed.
fn number_field<N: egui::emath::Numeric>(
    ui: &mut Ui,
    theme: &Theme,
    label: &str,
    value: N,
    range: std::ops::RangeInclusive<N>,
    speed: f64,
    suffix: &str,
) -> Option<N> {
    let mut new = value;
    field(ui, theme, label, |ui| {
        // A value beyond the range, as from a file, is shown and left alone.
        let drag = DragValue::new(&mut new).range(range).speed(speed).suffix(suffix);
        let drag = drag.clamp_existing_to_range(false);
        let drag = if N::INTEGRAL { drag } else { drag.max_decimals(6) };
        number_input(ui, theme, label, drag);
    });
    (new != value).then_some(new)
}
