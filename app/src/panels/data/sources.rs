//! The pane at the left: where the data come from, and the classes with what each part has of them.

use egui::{Align2, Label, Role, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2};
use emberlab_core::dataset::{Dataset, Format, Part};
use emberlab_core::project::Project;

use super::filter::ClassFilter;
use super::{PanelContext, colours};
use crate::jobs::{Loaded, file_name};
use crate::project::DataState;
use crate::theme::widgets::{Verdict, focus_ring, key_value, tag_button};
use crate::theme::{Theme, font_id, format, text};

/// Height of a class.
const ROW: f32 = 38.0;

/// Where the data come from, in one word.
pub(super) fn source_name(project: &Project, dataset: &Dataset) -> String {
    let Some(reference) = &project.data else { return String::new() };
    match &reference.reading {
        Some(Format::Generated(generated)) => generated.kind.label().to_owned(),
        _ if !dataset.name.is_empty() => dataset.name.clone(),
        _ => reference.paths.first().map(|path| file_name(std::path::Path::new(path))).unwrap_or_default(),
    }
}

/// Draws the pane; returns the classes that are to be shown from now on, and whether problems were asked for.
pub(super) fn sources_ui(
    ui: &mut Ui,
    project: &Project,
    data: &DataState,
    loaded: &Loaded,
    filter: ClassFilter,
    ctx: &PanelContext<'_>,
) -> (ClassFilter, bool) {
    let theme = ctx.theme;
    let mut chosen = filter;
    let mut asked = false;
    ui.spacing_mut().item_spacing.y = 0.0;
    egui::Frame::new().inner_margin(egui::Margin { left: 16, right: 16, top: 12, bottom: 8 }).show(
        ui,
        |ui| {
            ui.set_width(ui.available_width());
            asked = source_ui(ui, project, data, loaded, theme);
        },
    );
    let dataset = &loaded.dataset;
    head_ui(ui, theme, dataset);
    let foot = 64.0;
    let height = (ui.available_height() - foot).max(ROW);
    ScrollArea::vertical().id_salt("classes").max_height(height).auto_shrink([false, false]).show(ui, |ui| {
        let counts = Counts::new(data, loaded);
        if row_ui(ui, theme, &counts.all(), filter == ClassFilter::All, None, false) {
            chosen = ClassFilter::All;
        }
        for row in &counts.rows {
            let of = row.class.map_or(ClassFilter::None, ClassFilter::Class);
            // Where there are no classes, "all" says the same.
            if row.class.is_none() && (row.total() == 0 || dataset.classes.is_empty()) {
                continue;
            }
            if row_ui(ui, theme, row, filter == of, Some(counts.most), loaded.has_runs) {
                chosen = if filter == of { ClassFilter::All } else { of };
            }
        }
    });
    legend_ui(ui, theme, data);
    (chosen, asked)
}

fn source_ui(ui: &mut Ui, project: &Project, data: &DataState, loaded: &Loaded, theme: &Theme) -> bool {
    let name = source_name(project, &loaded.dataset);
    ui.add(Label::new(text::strong(&name).color(theme.text.text_1)).truncate()).on_hover_text(&name);
    ui.add(Label::new(text::small(loaded.format.label()).color(theme.text.text_3)).truncate());
    ui.add_space(6.0);
    if let Some(fingerprint) = &loaded.fingerprint {
        key_value(ui, theme, "Files", &format::count(fingerprint.files));
        key_value(ui, theme, "Size", &format::kib(fingerprint.bytes));
    }
    key_value(ui, theme, "Recordings", &format::count(loaded.dataset.recordings.len() as u64));
    let samples = data.prepared.as_ref().map_or_else(
        || format::UNKNOWN.to_owned(),
        |prepared| {
            let parts = [&prepared.train, &prepared.validation, &prepared.test];
            format::count(parts.iter().map(|part| part.samples.count as u64).sum())
        },
    );
    key_value(ui, theme, "Samples", &samples);
    let total = loaded.dataset.problems.total() as u64;
    if total == 0 {
        return false;
    }
    ui.add_space(6.0);
    let loses = loaded.dataset.problems.counts().keys().any(|kind| kind.leaves_out());
    let verdict = if loses { Verdict::Warn } else { Verdict::Info };
    let words = format::counted(total, "problem", "problems");
    tag_button(ui, theme, verdict, verdict.icon(), &words)
        .on_hover_text("Show them in the inspector")
        .clicked()
}

fn head_ui(ui: &mut Ui, theme: &Theme, dataset: &Dataset) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 32.0), Sense::hover());
    crate::theme::widgets::hairline(ui.painter(), theme, rect.x_range(), rect.top());
    let title = if dataset.classes.is_empty() { "Parts" } else { "Classes" };
    let painter = ui.painter();
    let left = pos2(rect.left() + 16.0, rect.center().y);
    painter.text(left, Align2::LEFT_CENTER, title, font_id::caption(), theme.text.text_3);
    let count = dataset.classes.len();
    if count > 0 {
        let right = pos2(rect.right() - 16.0, rect.center().y);
        let count = format::count(count as u64);
        painter.text(right, Align2::RIGHT_CENTER, count, font_id::number_small(), theme.text.text_3);
    }
}

/// Samples by class and part; recordings while there are no samples.
struct Counts {
    rows: Vec<Row>,
    /// The largest of all rows.
    most: usize,
}

struct Row {
    name: String,
    class: Option<u32>,
    parts: [usize; 3],
    /// Nobody has divided the set yet: the parts mean nothing.
    is_divided: bool,
}

impl Row {
    fn total(&self) -> usize {
        self.parts.iter().sum()
    }

    fn spoken(&self) -> String {
        let [train, validation, test] = self.parts;
        let total = format::count(self.total() as u64);
        if self.is_divided {
            format!(
                "Class {}, {total} samples, {train} training, {validation} validation, {test} test",
                self.name
            )
        } else {
            format!("Class {}, {total} recordings", self.name)
        }
    }
}

impl Counts {
    fn new(data: &DataState, loaded: &Loaded) -> Self {
        let dataset = &loaded.dataset;
        let checks = data.checks.as_ref().filter(|_| data.prepared.is_some());
        let counts = match checks {
            Some(checks) => checks.samples.clone(),
            None => loaded.by_class.iter().map(|count| [*count, 0, 0]).collect(),
        };
        let row = |(place, parts): (usize, [usize; 3])| {
            let name = dataset.classes.get(place).cloned();
            let class = name.as_ref().map(|_| place as u32);
            Row {
                name: name.unwrap_or_else(|| "Without a class".to_owned()),
                class,
                parts,
                is_divided: checks.is_some(),
            }
        };
        let rows: Vec<Row> = counts.into_iter().enumerate().map(row).collect();
        let most = rows.iter().filter(|row| row.class.is_some()).map(Row::total).max().unwrap_or(0).max(1);
        Self { rows, most }
    }

    fn all(&self) -> Row {
        let mut parts = [0; 3];
        for row in &self.rows {
            for (sum, part) in parts.iter_mut().zip(row.parts) {
                *sum += part;
            }
        }
        let is_divided = self.rows.iter().any(|row| row.is_divided);
        Row { name: "All".to_owned(), class: None, parts, is_divided }
    }
}

/// A row with a bar of its parts, as long as its share of `most`; with the colour of its class where labels are drawn in it.
/// True if it was clicked.
fn row_ui(
    ui: &mut Ui,
    theme: &Theme,
    row: &Row,
    chosen: bool,
    most: Option<usize>,
    with_colour: bool,
) -> bool {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    let total = row.total();
    let spoken = row.spoken();
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, chosen, &spoken));
    let painter = ui.painter();
    if chosen {
        painter.rect_filled(rect, 0.0, theme.accent.soft);
        painter.rect_filled(rect.with_max_x(rect.left() + 2.0), 0.0, theme.accent.base);
    } else if response.hovered() {
        painter.rect_filled(rect, 0.0, theme.surface.raised);
    }
    let inner = rect.shrink2(vec2(16.0, 0.0));
    let mut left = inner.left();
    let line = rect.top() + 13.0;
    if let Some(class) = row.class.filter(|_| with_colour) {
        let chip = egui::Rect::from_center_size(pos2(left + 4.0, line), vec2(8.0, 8.0));
        painter.rect_filled(chip, 2.0, colours::class(theme, class));
        left += 16.0;
    }
    let count = format::count(total as u64);
    let right = pos2(inner.right(), line);
    let count = painter.text(right, Align2::RIGHT_CENTER, count, font_id::number(), theme.text.text_1);
    let mut job =
        egui::text::LayoutJob::simple_singleline(row.name.clone(), font_id::cell(), theme.text.text_1);
    job.wrap = egui::text::TextWrapping::truncate_at_width((count.left() - 8.0 - left).max(16.0));
    let galley = painter.layout_job(job);
    painter.galley(pos2(left, line - galley.size().y / 2.0), galley, theme.text.text_1);

    let trough = egui::Rect::from_min_max(
        pos2(inner.left(), rect.top() + 25.0),
        pos2(inner.right(), rect.top() + 31.0),
    );
    painter.rect_filled(trough, 1.0, theme.surface.raised);
    let scale = trough.width() / most.unwrap_or(total).max(1) as f32;
    let mut x = trough.left();
    for (part, count) in Part::ALL.into_iter().zip(row.parts) {
        let width = (count as f32 * scale).max(if count > 0 { 1.0 } else { 0.0 });
        let bar = egui::Rect::from_min_max(
            pos2(x, trough.top()),
            pos2((x + width).min(trough.right()), trough.bottom()),
        );
        let colour = if row.is_divided { colours::part(theme, part) } else { theme.line.strong };
        painter.rect_filled(bar, 1.0, colour);
        x += width;
    }
    focus_ring(ui, theme, &response);
    response.on_hover_text(spoken).clicked()
}

/// What the colours of the bars mean, and how many samples each part has.
fn legend_ui(ui: &mut Ui, theme: &Theme, data: &DataState) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 64.0), Sense::hover());
    crate::theme::widgets::hairline(ui.painter(), theme, rect.x_range(), rect.top());
    let painter = ui.painter();
    let prepared = data.prepared.as_deref();
    for (number, part) in Part::ALL.into_iter().enumerate() {
        let y = rect.top() + 13.0 + number as f32 * 18.0;
        let chip = egui::Rect::from_center_size(pos2(rect.left() + 20.0, y), vec2(8.0, 8.0));
        painter.rect_filled(chip, 2.0, colours::part(theme, part));
        let left = pos2(rect.left() + 32.0, y);
        painter.text(
            left,
            Align2::LEFT_CENTER,
            colours::part_label(part),
            font_id::small(),
            theme.text.text_2,
        );
        let count = prepared.map_or_else(
            || format::UNKNOWN.to_owned(),
            |prepared| {
                let samples = match part {
                    Part::Train => &prepared.train,
                    Part::Validation => &prepared.validation,
                    Part::Test => &prepared.test,
                };
                format::counted(samples.samples.count as u64, "sample", "samples")
            },
        );
        let right = pos2(rect.right() - 16.0, y);
        painter.text(right, Align2::RIGHT_CENTER, count, font_id::number_small(), theme.text.text_2);
    }
}
