//! The recordings as cells: pictures, outlines of signals. Only those in sight are drawn, and only they are made.

use std::collections::HashMap;

use egui::{
    Align2, Color32, Rect, Role, ScrollArea, Sense, Shape, Stroke, StrokeKind, TextureHandle, TextureOptions,
    Ui, WidgetInfo, pos2, vec2,
};
use emberlab_core::dataset::{Dataset, Part, StreamKind};

use super::layout::Grid;
use super::{PanelContext, colours, plot};
use crate::jobs::{Outline, Thumbnail};
use crate::project::DataState;
use crate::theme::widgets::focus_ring;
use crate::theme::{Theme, font_id};

/// Height of the line below a cell's picture.
const LINE: f32 = 22.0;

/// Textures that are kept; those in sight are never thrown away.
const MOST_TEXTURES: usize = 600;

/// Cells above and below the visible ones that are made beforehand, in rows.
const ROWS_AHEAD: usize = 2;

/// Textures of small pictures.
#[derive(Default)]
pub(super) struct Textures {
    reading: u64,
    of: HashMap<usize, TextureHandle>,
}

/// What the user did in the grid.
#[derive(Debug, Default, PartialEq)]
pub(super) struct GridEvents {
    /// The recording that was clicked.
    pub clicked: Option<usize>,
    /// Recordings whose looks are wanted.
    pub in_sight: Vec<usize>,
    /// Cells in a row, for keys that go up and down.
    pub columns: usize,
}

/// Least size of a cell.
pub(super) fn cell_size(dataset: &Dataset, n_shown: usize, width: f32) -> egui::Vec2 {
    let is_long = dataset.recordings.len() < 40
        || dataset.recordings.first().is_some_and(|recording| recording.runs.len() > 1);
    match dataset.streams.first().map(|stream| &stream.kind) {
        Some(StreamKind::Pictures) => vec2(104.0, 104.0 + LINE),
        Some(StreamKind::Series) if is_long || n_shown < 4 => vec2((width - 24.0).max(160.0), 72.0 + LINE),
        Some(StreamKind::Series | StreamKind::Values { .. }) | None => vec2(176.0, 72.0 + LINE),
    }
}

/// Draws the recordings `shown` of a set.
pub(super) fn grid_ui(
    ui: &mut Ui,
    data: &DataState,
    dataset: &Dataset,
    shown: &[usize],
    scroll_to: Option<usize>,
    textures: &mut Textures,
    ctx: &PanelContext<'_>,
) -> GridEvents {
    let theme = ctx.theme;
    let width = ui.available_width();
    let grid = Grid::new(width, cell_size(dataset, shown.len(), width), shown.len());
    let mut events = GridEvents { columns: grid.columns, ..GridEvents::default() };
    if textures.reading != data.reading() {
        *textures = Textures { reading: data.reading(), ..Textures::default() };
    }
    let salt = (ctx.document.active, data.reading());
    ScrollArea::vertical().id_salt(salt).auto_shrink([false, false]).show_viewport(ui, |ui, viewport| {
        ui.set_height(grid.height());
        ui.set_width(width);
        let origin = ui.max_rect().min.to_vec2();
        if let Some(place) = scroll_to.and_then(|index| shown.iter().position(|shown| *shown == index)) {
            ui.scroll_to_rect(grid.rect(place).translate(origin).expand(8.0), None);
        }
        let ahead = ROWS_AHEAD as f32 * grid.cell.y;
        let made = grid.visible(viewport.top() - ahead, viewport.bottom() + ahead);
        events.in_sight = shown.get(made).map(<[usize]>::to_vec).unwrap_or_default();
        for place in grid.visible(viewport.top(), viewport.bottom()) {
            let index = shown[place];
            let rect = grid.rect(place).translate(origin);
            if cell_ui(ui, theme, rect, index, data, dataset, textures) {
                events.clicked = Some(index);
            }
        }
    });
    if textures.of.len() > MOST_TEXTURES {
        textures.of.retain(|index, _| events.in_sight.contains(index));
    }
    events
}

/// What a recording is an example of, in words.
pub(super) fn label_text(dataset: &Dataset, index: usize) -> String {
    let recording = &dataset.recordings[index];
    let name = |class: u32| dataset.classes.get(class as usize).cloned().unwrap_or_default();
    match (&recording.label, recording.class()) {
        (_, Some(class)) => name(class),
        (emberlab_core::dataset::Label::Values(values), None) => {
            let words: Vec<String> =
                values.iter().take(3).map(|value| plot::number(f64::from(*value))).collect();
            words.join(", ")
        }
        (_, None) if !recording.runs.is_empty() => {
            let mut classes: Vec<u32> = recording.runs.iter().map(|run| run.class).collect();
            classes.sort_unstable();
            classes.dedup();
            match &classes[..] {
                [one] => name(*one),
                many => format!("{} classes", many.len()),
            }
        }
        (_, None) => String::new(),
    }
}

fn cell_ui(
    ui: &mut Ui,
    theme: &Theme,
    rect: Rect,
    index: usize,
    data: &DataState,
    dataset: &Dataset,
    textures: &mut Textures,
) -> bool {
    let recording = &dataset.recordings[index];
    let part = data.checks.as_ref().and_then(|checks| checks.parts.get(index)).copied();
    let label = label_text(dataset, index);
    let selected = data.selected == Some(index);
    let response = ui.interact(rect, ui.scope_id().with(("recording", index)), Sense::click());
    let spoken = spoken(&recording.name, &label, part);
    response.widget_info(|| WidgetInfo::selected(Role::ListItem, true, selected, &spoken));
    let painter = ui.painter();
    let fill = if response.hovered() { theme.surface.raised } else { theme.surface.canvas };
    painter.rect_filled(rect, 4.0, fill);
    let picture = rect.with_max_y(rect.bottom() - LINE);
    match data.thumbnails.get(&index) {
        Some(Thumbnail::Picture(image)) => {
            let texture = textures
                .of
                .entry(index)
                .or_insert_with(|| ui.ctx().load_texture("recording", image.clone(), TextureOptions::LINEAR));
            let size = texture.size_vec2();
            let inner = picture.shrink(4.0);
            let scale = (inner.width() / size.x).min(inner.height() / size.y);
            let at = Align2::CENTER_CENTER.align_size_within_rect(size * scale, inner);
            let uv = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
            painter.image(texture.id(), at, uv, Color32::WHITE);
        }
        Some(Thumbnail::Lines(outline)) => {
            outline_shapes(ui, theme, picture.shrink2(vec2(4.0, 6.0)), outline)
        }
        Some(Thumbnail::Values(values)) => values_shapes(ui, theme, picture.shrink2(vec2(8.0, 8.0)), values),
        None => {}
    }
    let painter = ui.painter();
    let line = rect.bottom() - LINE / 2.0;
    if let Some(part) = part {
        painter.circle_filled(pos2(rect.right() - 11.0, line), 3.0, colours::part(theme, part));
    }
    let words = if label.is_empty() { recording.name.clone() } else { label };
    let mut job = egui::text::LayoutJob::simple_singleline(words, font_id::small(), theme.text.text_1);
    job.wrap = egui::text::TextWrapping::truncate_at_width((rect.width() - 30.0).max(12.0));
    let galley = painter.layout_job(job);
    painter.galley(pos2(rect.left() + 8.0, line - galley.size().y / 2.0), galley, theme.text.text_1);
    if selected {
        painter.rect_stroke(rect, 4.0, Stroke::new(2.0, theme.accent.base), StrokeKind::Inside);
    } else {
        painter.rect_stroke(rect, 4.0, Stroke::new(1.0, theme.line.subtle), StrokeKind::Inside);
    }
    focus_ring(ui, theme, &response);
    response.on_hover_text(spoken).clicked()
}

fn spoken(name: &str, label: &str, part: Option<Part>) -> String {
    let parts = [format!("Recording {name}"), label.to_owned(), part.map_or("", Part::label).to_owned()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

/// All channels of a recording in one small plot.
fn outline_shapes(ui: &Ui, theme: &Theme, rect: Rect, outline: &Outline) {
    let (low, high) = outline.range;
    let span = if high > low { high - low } else { 1.0 };
    let y = |value: f32| rect.bottom() - rect.height() * (value - low) / span;
    let painter = ui.painter().with_clip_rect(rect.expand(2.0).intersect(ui.clip_rect()));
    for (channel, line) in outline.channels.iter().enumerate() {
        let colour = colours::channel(theme, channel);
        let step = rect.width() / line.len().max(1) as f32;
        if outline.steps > line.len() {
            // Each column is as high as what falls into it.
            painter.add(Shape::mesh(plot::columns(line, rect, outline.range, colour)));
        } else {
            let points = line.iter().enumerate();
            let points =
                points.map(|(column, (low, _))| pos2(rect.left() + (column as f32 + 0.5) * step, y(*low)));
            painter.add(Shape::line(points.collect(), Stroke::new(1.0, colour)));
        }
    }
}

/// The first numbers of a row as bars.
fn values_shapes(ui: &Ui, theme: &Theme, rect: Rect, values: &[f32]) {
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    let (low, high) = (finite().fold(0.0, f32::min), finite().fold(0.0, f32::max));
    let span = if high > low { high - low } else { 1.0 };
    let y = |value: f32| rect.bottom() - rect.height() * (value - low) / span;
    let step = rect.width() / values.len().max(1) as f32;
    for (number, value) in values.iter().enumerate().filter(|(_, value)| value.is_finite()) {
        let x = rect.left() + number as f32 * step;
        let bar = Rect::from_two_pos(pos2(x, y(0.0)), pos2(x + (step - 1.0).max(1.0), y(*value)));
        ui.painter().rect_filled(bar, 0.0, theme.series[0]);
    }
}
