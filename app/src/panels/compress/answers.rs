//! What the float32 model and the chosen variant answer: both confusion matrices, and the samples whose answer flipped.

use std::cell::Cell as Shared;
use std::cmp::Ordering;

use egui::{CursorIcon, Role, Sense, Ui, WidgetInfo, vec2};
use emberlab_core::evaluate::{Evaluation, ValueEvaluation};
use emberlab_core::quantize::Divergence;

use super::PanelContext;
use super::layers::{is_base, label_of};
use crate::charts::Grid;
use crate::command::Command;
use crate::compression::{Evaluated, Flip, tested_part};
use crate::document::{PanelKind, Tab};
use crate::panels::inspect::find::Haystack;
use crate::panels::inspect::tables::grid::{Cell, Head, Table, grid_ui, ordered};
use crate::panels::train::figures::loss_text;
use crate::project::compress::{Variant, compress_data, record};
use crate::project::{CompressCommand, DataCommand};
use crate::theme::widgets::{
    ButtonKind, Sort, TableStyle, empty, key_value, small_button, vertical_hairline,
};
use crate::theme::{Icon, Theme, format, text};
use crate::training::TrainingData;

/// Most flipped samples that are looked into at once.
const MOST_AT_ONCE: usize = 50;

/// View state of the answers.
#[derive(Default)]
pub struct Answers {
    sort: Sort<Column>,
    /// The cell of the variant's matrix whose flips are listed: what samples are, what the variant says.
    cell: Option<(usize, usize)>,
    /// The variant that the cell is of.
    of: Option<String>,
}

/// Columns of the flipped samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Sample,
    Is,
    Float,
    Variant,
    Where,
}

/// The confusion matrix of answers; `None` for numbers.
pub fn matrix(evaluated: &Evaluated, classes: &[String], title: &str) -> Option<Grid> {
    let Some(Evaluation::Classes(found)) = &evaluated.evaluation else { return None };
    let name = |class: usize| classes.get(class).cloned().unwrap_or_else(|| class.to_string());
    Some(Grid {
        title: format!("{title}, {:.2} %", found.accuracy * 100.0),
        rows: "True".to_owned(),
        columns: "Predicted".to_owned(),
        labels: (0..found.confusion.len()).map(name).collect(),
        counts: found.confusion.clone(),
    })
}

/// Right before and wrong now, wrong before and right now, wrong in another way.
pub fn turned(flips: &[Flip]) -> [usize; 3] {
    let mut counts = [0; 3];
    for flip in flips {
        let place = match flip.class {
            Some(class) if class == flip.first => 0,
            Some(class) if class == flip.second => 1,
            Some(_) | None => 2,
        };
        counts[place] += 1;
    }
    counts
}

impl Answers {
    /// Draws the answers of the chosen variant.
    pub fn ui(&mut self, ui: &mut Ui, tab: &Tab, ctx: &mut PanelContext<'_>) {
        let theme = ctx.theme;
        let Some((name, variant)) = tab.compress.selected_variant() else {
            empty(ui, theme, Icon::ScanSearch, "No variant is chosen", "Click a row of the table.", &[]);
            return;
        };
        if self.of.as_deref() != Some(name) {
            (self.of, self.cell) = (Some(name.to_owned()), None);
        }
        let run = record(tab, name).map_or(0, |record| record.run);
        let reference = tab.compress.base(run).and_then(|base| base.reference.as_deref());
        let data = compress_data(tab);
        let (Some(reference), Some(evaluated), Some(data)) = (reference, variant.evaluated.as_deref(), data)
        else {
            missing_ui(ui, tab, name, variant, ctx);
            return;
        };
        let rect = ui.available_rect_before_wrap();
        let (left, right) = rect.split_left_right_at_x(rect.left() + (rect.width() * 0.6).round());
        let (first, second) = left.split_left_right_at_x(left.center().x.round());
        let parts = [(first, "float32", reference), (second, name, evaluated)];
        for (number, (part, title, answers)) in parts.into_iter().enumerate() {
            let pressed = super::within(ui, part, if number == 0 { "float" } else { "variant" }, |ui| {
                answers_ui(ui, theme, title, answers, &data, self.cell.filter(|_| number == 1))
            });
            if number == 1 && pressed.is_some() {
                self.cell = if self.cell == pressed { None } else { pressed };
            }
            vertical_hairline(ui.painter(), theme, part.right(), rect.y_range());
        }
        super::within(ui, right.with_min_x(right.left() + 1.0), "flips", |ui| {
            self.flips_ui(ui, tab, name, variant, &data, ctx);
        });
    }

    fn flips_ui(
        &mut self,
        ui: &mut Ui,
        tab: &Tab,
        name: &str,
        variant: &Variant,
        data: &TrainingData,
        ctx: &mut PanelContext<'_>,
    ) {
        let theme = ctx.theme;
        let Some(agreement) = variant.agreement.as_deref() else { return };
        let rect = ui.available_rect_before_wrap();
        let (head, body) = rect.split_top_bottom_at_y(rect.top() + 34.0);
        let says = |flip: &&Flip| {
            self.cell.is_none_or(|(is, said)| flip.class == Some(is as u32) && flip.second == said as u32)
        };
        let flips: Vec<Flip> = agreement.flips.iter().filter(says).copied().collect();
        let unknown: Vec<usize> = flips
            .iter()
            .map(|flip| flip.sample)
            .filter(|sample| !variant.divergences.contains_key(sample))
            .take(MOST_AT_ONCE)
            .collect();
        let layout = egui::Layout::left_to_right(egui::Align::Center);
        let builder = egui::UiBuilder::new().max_rect(head.shrink2(vec2(16.0, 0.0))).layout(layout);
        ui.scope_builder(builder, |ui| {
            let count = format::counted(flips.len() as u64, "sample flipped", "samples flipped");
            ui.label(text::caption(theme, count));
            if self.cell.is_some()
                && small_button(ui, theme, ButtonKind::Ghost, Some(Icon::FilterX), "Show all").clicked()
            {
                self.cell = None;
            }
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                if !unknown.is_empty()
                    && small_button(
                        ui,
                        theme,
                        ButtonKind::Ghost,
                        Some(Icon::Crosshair),
                        "Where did they turn?",
                    )
                    .on_hover_text(
                        "Finds for each sample the first operator after which the answer is another one",
                    )
                    .clicked()
                {
                    let command = CompressCommand::FindDivergences(name.to_owned(), unknown);
                    ctx.send(Command::Compress(command));
                }
            });
        });
        super::within(ui, body, "list", |ui| {
            if flips.is_empty() {
                let (strong, words) = if self.cell.is_some() {
                    ("None of these flipped", "The float32 model says the same of them.")
                } else if is_base(tab, name, variant) {
                    ("Nothing to compare", "Choose another variant to see which answers it changes.")
                } else {
                    ("No answer has changed", "The variant says what the float32 model says of every sample.")
                };
                empty(ui, theme, Icon::CircleCheck, strong, words, &[]);
                return;
            }
            let run = record(tab, name).map_or(0, |record| record.run);
            let float = tab.compress.base(run).and_then(|base| base.float.as_deref());
            let table = Flips {
                haystacks: flips.iter().map(|_| Haystack::default()).collect(),
                spoken: Vec::new(),
                names: flips.iter().map(|flip| sample_name(data, flip.sample)).collect(),
                places: flips
                    .iter()
                    .map(|flip| {
                        place_text(variant.divergences.get(&flip.sample), |found| {
                            float.map_or_else(
                                || format!("#{}", found.float.0),
                                |float| label_of(&float.model, found.float),
                            )
                        })
                    })
                    .collect(),
                flips,
                classes: &data.prepared.classes,
                asked: Shared::new(None),
            };
            let table = Flips { spoken: table.told(), ..table };
            let order = ordered(&table, self.sort, |_| true);
            let style = TableStyle::new(ctx.document.settings.comfortable_rows);
            let events = grid_ui(ui, theme, style, &table, &mut self.sort, &order, None, None);
            if let Some(row) = table.asked.get() {
                let samples = vec![table.flips[row].sample];
                ctx.send(Command::Compress(CompressCommand::FindDivergences(name.to_owned(), samples)));
            } else if let Some(row) = events.opened {
                show_sample(tab, data, table.flips[row].sample, ctx);
            }
        });
    }
}

/// Shows a sample in the Data panel of its project.
fn show_sample(tab: &Tab, data: &TrainingData, sample: usize, ctx: &mut PanelContext<'_>) {
    let origin = tested_part(data).and_then(|(part, _)| part.origins.get(sample));
    if let (Some(_), Some(origin)) = (&tab.project, origin) {
        ctx.send(Command::Data(DataCommand::Select(Some(origin.recording))));
        ctx.send(Command::ShowPanel(PanelKind::Data));
    }
}

/// One matrix, or the figures of numbers.
fn answers_ui(
    ui: &mut Ui,
    theme: &Theme,
    title: &str,
    evaluated: &Evaluated,
    data: &TrainingData,
    chosen: Option<(usize, usize)>,
) -> Option<(usize, usize)> {
    let rect = ui.available_rect_before_wrap();
    let (head, body) = rect.split_top_bottom_at_y(rect.top() + 34.0);
    let grid = matrix(evaluated, &data.prepared.classes, title);
    let words = grid.as_ref().map_or(title, |grid| grid.title.as_str());
    let layout = egui::Layout::left_to_right(egui::Align::Center);
    let builder = egui::UiBuilder::new().max_rect(head.shrink2(vec2(16.0, 0.0))).layout(layout);
    ui.scope_builder(builder, |ui| ui.add(egui::Label::new(text::caption(theme, words)).truncate()));
    match (&grid, &evaluated.evaluation) {
        (Some(grid), _) => {
            super::within(ui, body, "matrix", |ui| crate::panels::train::grid_ui(ui, theme, grid, chosen))
        }
        (None, Some(Evaluation::Values(values))) => {
            super::within(ui, body.shrink2(vec2(16.0, 4.0)), "figures", |ui| values_ui(ui, theme, values));
            None
        }
        (None, Some(Evaluation::Classes(_)) | None) => {
            let words = "The data do not say what is right.";
            super::within(ui, body, "none", |ui| empty(ui, theme, Icon::Info, "No labels", words, &[]));
            None
        }
    }
}

fn values_ui(ui: &mut Ui, theme: &Theme, values: &ValueEvaluation) {
    key_value(ui, theme, "Mean absolute error", &loss_text(values.mean_absolute_error));
    key_value(ui, theme, "Root mean squared error", &loss_text(values.root_mean_squared_error()));
    key_value(ui, theme, "Largest error", &loss_text(values.largest_error));
    key_value(ui, theme, "Bias", &loss_text(values.bias));
    if let Some(share) = values.r_squared {
        key_value(ui, theme, "R squared", &format!("{share:.4}"));
    }
}

/// Why there are no answers.
fn missing_ui(ui: &mut Ui, tab: &Tab, name: &str, variant: &Variant, ctx: &mut PanelContext<'_>) {
    let theme = ctx.theme;
    let compute = [(ButtonKind::Outline, Some(Icon::RotateCw), "Test the variant")];
    let is_busy = tab.compress.examining.is_some() || tab.compress.making.is_some();
    let (strong, sentence, buttons): (_, _, &[_]) = if variant.model.is_none() {
        ("The file of this variant is missing", "Make the variant again, or delete its row.", &[])
    } else if is_busy {
        ("The variant is being tested", "It answers all test samples, on all cores.", &[])
    } else if compress_data(tab).is_none() {
        ("There are no samples yet", "The Data panel says what they wait for.", &[])
    } else {
        ("The variant was not tested in this session", "It answers all test samples, on all cores.", &compute)
    };
    if empty(ui, theme, Icon::ScanSearch, strong, sentence, buttons).is_some() {
        ctx.send(Command::Compress(CompressCommand::Examine(name.to_owned())));
    }
}

/// The name of a test sample.
fn sample_name(data: &TrainingData, sample: usize) -> String {
    let origin = tested_part(data).and_then(|(part, _)| part.origins.get(sample));
    let recording = origin.and_then(|origin| {
        let recordings = &data.dataset.as_ref()?.recordings;
        recordings.get(origin.recording).map(|recording| (origin, recording))
    });
    match recording {
        Some((origin, recording)) if origin.first_step > 0 => {
            format!("{} from {}", recording.name, format::count(origin.first_step as u64))
        }
        Some((_, recording)) => recording.name.clone(),
        None => format!("sample {sample}"),
    }
}

/// Where an answer turned: an operator, nowhere, or not known yet.
fn place_text(
    found: Option<&Option<Divergence>>,
    label: impl FnOnce(&Divergence) -> String,
) -> Option<String> {
    match found {
        Some(Some(divergence)) => Some(label(divergence)),
        Some(None) => Some("not at one layer".to_owned()),
        None => None,
    }
}

/// The flipped samples as a table.
struct Flips<'a> {
    flips: Vec<Flip>,
    names: Vec<String>,
    places: Vec<Option<String>>,
    classes: &'a [String],
    haystacks: Vec<Haystack>,
    spoken: Vec<String>,
    /// The row whose "where?" was pressed.
    asked: Shared<Option<usize>>,
}

impl Flips<'_> {
    fn class(&self, class: u32) -> String {
        self.classes.get(class as usize).cloned().unwrap_or_else(|| class.to_string())
    }

    fn told(&self) -> Vec<String> {
        let row = |row: usize| {
            let words = |column| self.text(row, column);
            format!(
                "Sample {}, is {}, float32 says {}, the variant says {}, {}",
                words(Column::Sample),
                words(Column::Is),
                words(Column::Float),
                words(Column::Variant),
                words(Column::Where)
            )
        };
        (0..self.flips.len()).map(row).collect()
    }
}

impl Table for Flips<'_> {
    type Column = Column;

    fn columns(&self, width: f32) -> Vec<Head<Column>> {
        let word = (width * 0.14).clamp(44.0, 96.0);
        vec![
            Head::words(Column::Sample, "Sample", 0.0),
            Head::words(Column::Is, "Is", word),
            Head::words(Column::Float, "float32", word + 8.0),
            Head::words(Column::Variant, "Variant", word + 8.0),
            Head::words(Column::Where, "Turned at", (width * 0.3).clamp(84.0, 150.0)),
        ]
    }

    fn n_rows(&self) -> usize {
        self.flips.len()
    }

    fn haystack(&self, row: usize) -> &Haystack {
        &self.haystacks[row]
    }

    fn compare(&self, column: Column, a: usize, b: usize) -> Ordering {
        self.text(a, column).cmp(&self.text(b, column))
    }

    fn text(&self, row: usize, column: Column) -> String {
        let flip = self.flips[row];
        match column {
            Column::Sample => self.names[row].clone(),
            Column::Is => flip.class.map_or_else(|| format::UNKNOWN.to_owned(), |class| self.class(class)),
            Column::Float => self.class(flip.first),
            Column::Variant => self.class(flip.second),
            Column::Where => self.places[row].clone().unwrap_or_else(|| "where?".to_owned()),
        }
    }

    fn cell_ui(&self, cell: &mut Cell<'_>, row: usize, column: Column) {
        let theme = cell.theme;
        let text = self.text(row, column);
        let flip = self.flips[row];
        let said = |class: u32| match flip.class {
            Some(right) if right == class => theme.text.text_1,
            Some(_) => theme.status.over,
            None => theme.text.text_1,
        };
        match column {
            Column::Sample => {
                cell.words(&text, theme.text.text_1);
            }
            Column::Is => cell.mono(&text, theme.text.text_2),
            Column::Float => cell.mono(&text, said(flip.first)),
            Column::Variant => cell.mono(&text, said(flip.second)),
            Column::Where if self.places[row].is_some() => {
                cell.words(&text, theme.text.text_1);
            }
            Column::Where => {
                let id = cell.ui.unique_id().with(("where", row));
                let response = cell.ui.interact(cell.rect, id, Sense::click());
                let name = format!("Where did {} turn?", self.names[row]);
                response.widget_info(|| WidgetInfo::labeled(Role::Link, true, &name));
                cell.words(&text, theme.status.info);
                if response.on_hover_cursor(CursorIcon::PointingHand).clicked() {
                    self.asked.set(Some(row));
                }
            }
        }
    }

    fn total(&self, column: Column) -> String {
        match column {
            Column::Sample => format!("{} in all", format::count(self.flips.len() as u64)),
            Column::Is | Column::Float | Column::Variant | Column::Where => String::new(),
        }
    }

    fn spoken(&self, row: usize) -> &str {
        self.spoken.get(row).map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flip(class: Option<u32>, first: u32, second: u32) -> Flip {
        Flip { sample: 0, class, first, second }
    }

    #[test]
    fn flips_are_counted_by_what_was_right() {
        let flips = [
            flip(Some(1), 1, 2),
            flip(Some(1), 1, 0),
            flip(Some(2), 1, 2),
            flip(Some(3), 1, 2),
            flip(None, 0, 1),
        ];
        assert_eq!(turned(&flips), [2, 1, 2]);
    }

    #[test]
    fn a_place_is_told_or_asked_for() {
        assert_eq!(place_text(None, |_| String::new()), None);
        assert_eq!(place_text(Some(&None), |_| String::new()).as_deref(), Some("not at one layer"));
    }
}
