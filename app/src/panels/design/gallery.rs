//! Networks to begin with.

use egui::text::{LayoutJob, TextFormat};
use egui::{
    Align2, Rect, Role, ScrollArea, Sense, Stroke, StrokeKind, Ui, UiBuilder, WidgetInfo, pos2, vec2,
};
use emberlab_core::layers::templates::{self, DataKind, Sizes, Template};
use emberlab_core::layers::{LayerGraph, LayerKind, shape_text, shapes};

use super::words::category;
use crate::theme::widgets::{ButtonKind, focus_ring, hairline, icon_button};
use crate::theme::{Icon, Theme, font_id, format, text};

/// Least width of a card, and its height.
const CARD: egui::Vec2 = vec2(240.0, 148.0);

/// Between cards, and around them.
const GAP: f32 = 12.0;

/// What a card says about a template, made once.
struct Card {
    template: &'static Template,
    graph: LayerGraph,
    figures: String,
    shape: String,
    /// It has the sizes of the project's data.
    fits_data: bool,
}

/// The gallery; nothing is computed before it is opened.
#[derive(Default)]
pub struct Gallery {
    cards: Vec<Card>,
    /// The sizes of the data that the cards were made for.
    made_for: Option<Sizes>,
}

/// What the user made of the gallery.
pub enum Answer {
    /// Nothing yet.
    Open,
    /// It was left.
    Closed,
    /// A network.
    Chosen(Box<LayerGraph>),
}

impl Gallery {
    /// The gallery over the available rectangle. `replaces` says that there is a network already; `data` are the sizes of the
    /// project's data, which templates take that can.
    pub fn ui(&mut self, ui: &mut Ui, theme: &Theme, replaces: bool, data: Option<&Sizes>) -> Answer {
        if self.cards.is_empty() || self.made_for.as_ref() != data {
            self.cards = templates::ALL.iter().map(|template| Card::of(template, data)).collect();
            // What fits the data comes first.
            self.cards.sort_by_key(|card| !card.fits_data);
            self.made_for = data.cloned();
        }
        let area = ui.available_rect_before_wrap();
        ui.painter().rect_filled(area, 0.0, theme.surface.canvas);
        let head = area.with_max_y(area.top() + 48.0);
        let mut answer = Answer::Open;
        let middle = head.center().y;
        let at = pos2(head.left() + 16.0, middle);
        let painter = ui.painter();
        let title = painter.text(at, Align2::LEFT_CENTER, "Templates", font_id::title(), theme.text.text_1);
        let words = if replaces {
            "A click takes the place of the present network. Undo brings it back."
        } else {
            "Each with the sizes of the data that it is made for; change them afterwards."
        };
        let at = pos2(title.right() + 12.0, middle);
        painter.text(at, Align2::LEFT_CENTER, words, font_id::small(), theme.text.text_3);
        hairline(painter, theme, head.x_range(), head.bottom() - 1.0);
        let close = Rect::from_center_size(pos2(head.right() - 26.0, middle), vec2(28.0, 28.0));
        ui.scope_builder(UiBuilder::new().max_rect(close), |ui| {
            if icon_button(ui, theme, Icon::X, "Close the templates").clicked() {
                answer = Answer::Closed;
            }
        });
        let body = area.with_min_y(head.bottom());
        ui.scope_builder(UiBuilder::new().max_rect(body).id_salt("cards"), |ui| {
            ui.set_clip_rect(ui.clip_rect().intersect(body));
            ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
                if let Some(graph) = self.cards_ui(ui, theme) {
                    answer = Answer::Chosen(Box::new(graph));
                }
            });
        });
        answer
    }

    fn cards_ui(&self, ui: &mut Ui, theme: &Theme) -> Option<LayerGraph> {
        let width = ui.available_width() - 2.0 * 16.0;
        let n_columns = (((width + GAP) / (CARD.x + GAP)).floor() as usize).max(1);
        let size = vec2(((width - GAP * (n_columns - 1) as f32) / n_columns as f32).floor(), CARD.y);
        let n_rows = self.cards.len().div_ceil(n_columns);
        let height = n_rows as f32 * (size.y + GAP) + 2.0 * 16.0 - GAP;
        let (area, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
        let mut chosen = None;
        for (place, card) in self.cards.iter().enumerate() {
            let (row, column) = (place / n_columns, place % n_columns);
            let offset = vec2((size.x + GAP) * column as f32, (size.y + GAP) * row as f32);
            let rect = Rect::from_min_size(area.min + vec2(16.0, 16.0) + offset, size);
            let response = ui.interact(rect, ui.scope_id().with(card.template.id), Sense::click());
            let name = format!("Template {}", card.template.title);
            response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), &name));
            if ui.is_rect_visible(rect) {
                card.paint(ui, theme, rect, response.hovered());
                focus_ring(ui, theme, &response);
            }
            if response.clicked() {
                chosen = Some(card.graph.clone());
            }
        }
        chosen
    }
}

impl Card {
    fn of(template: &'static Template, data: Option<&Sizes>) -> Self {
        let for_data = data.map(|sizes| (sizes.clone(), template.graph(sizes)));
        // A network for pictures makes nothing of steps.
        let for_data = for_data.filter(|(sizes, graph)| {
            let takes_all = n_inputs(graph) == sizes.inputs.len();
            takes_all && shapes(graph).is_valid()
        });
        let fits_data = for_data.is_some();
        let (sizes, graph) = for_data.unwrap_or_else(|| {
            let sizes = (template.sizes)();
            let graph = template.graph(&sizes);
            (sizes, graph)
        });
        let parameters = shapes(&graph).parameters().total();
        let inputs: Vec<String> = sizes.inputs.iter().map(|shape| shape_text(shape)).collect();
        Self {
            template,
            figures: format!(
                "{}, {}",
                format::counted(graph.layers.len() as u64, "layer", "layers"),
                format::counted(parameters, "parameter", "parameters")
            ),
            shape: format!("{} → {}", inputs.join(", "), sizes.outputs),
            fits_data,
            graph,
        }
    }

    fn paint(&self, ui: &Ui, theme: &Theme, rect: Rect, hovered: bool) {
        let painter = ui.painter().with_clip_rect(ui.clip_rect().intersect(rect));
        let (fill, line) = if hovered {
            (theme.surface.control, theme.accent.base)
        } else {
            (theme.surface.raised, theme.line.strong)
        };
        painter.rect(rect, 6.0, fill, Stroke::new(1.0, line), StrokeKind::Inside);
        let inner = rect.shrink2(vec2(14.0, 12.0));
        let title_at = inner.left_top() + vec2(0.0, 8.0);
        painter.text(
            title_at,
            Align2::LEFT_CENTER,
            self.template.title,
            font_id::strong(),
            theme.text.text_1,
        );
        let kind = if self.fits_data { "sizes of your data" } else { data_label(self.template.data) };
        painter.text(
            inner.right_top() + vec2(0.0, 8.0),
            Align2::RIGHT_CENTER,
            kind,
            font_id::small(),
            theme.text.text_3,
        );
        self.paint_strip(
            &painter,
            theme,
            Rect::from_min_size(inner.min + vec2(0.0, 24.0), vec2(inner.width(), 8.0)),
        );
        let mut job = LayoutJob::default();
        job.wrap.max_width = inner.width();
        job.wrap.max_rows = 3;
        let format =
            TextFormat { line_height: Some(16.0), ..TextFormat::simple(font_id::cell(), theme.text.text_2) };
        job.append(self.template.description, 0.0, format);
        let galley = painter.layout_job(job);
        painter.galley(inner.min + vec2(0.0, 40.0), galley, theme.text.text_2);
        let foot = inner.bottom() - 6.0;
        let number = font_id::number_small();
        painter.text(
            pos2(inner.left(), foot - 16.0),
            Align2::LEFT_CENTER,
            &self.shape,
            number.clone(),
            theme.text.text_1,
        );
        painter.text(pos2(inner.left(), foot), Align2::LEFT_CENTER, &self.figures, number, theme.text.text_3);
    }

    /// The layers as a strip of colours.
    fn paint_strip(&self, painter: &egui::Painter, theme: &Theme, rect: Rect) {
        let count = self.graph.layers.len().max(1) as f32;
        let step = (rect.width() / count).min(22.0);
        for (place, layer) in self.graph.layers.iter().enumerate() {
            let left = rect.left() + step * place as f32;
            let block =
                Rect::from_min_size(pos2(left, rect.top()), vec2((step - 2.0).max(1.0), rect.height()));
            painter.rect_filled(block, 1.0, theme.operator_colour(category(&layer.kind)));
        }
    }
}

fn n_inputs(graph: &LayerGraph) -> usize {
    graph.layers.iter().filter(|layer| matches!(layer.kind, LayerKind::Input { .. })).count()
}

/// What a network takes, in a word.
fn data_label(data: DataKind) -> &'static str {
    match data {
        DataKind::Function => "numbers",
        DataKind::Rows => "rows",
        DataKind::Series => "motion, sensors",
        DataKind::Sound => "sound",
        DataKind::Pictures => "pictures",
        DataKind::SoundAndMotion => "sound and motion",
    }
}

/// A note below an empty canvas.
pub fn empty_ui(ui: &mut Ui, theme: &Theme) -> bool {
    ui.painter().rect_filled(ui.max_rect(), 0.0, theme.surface.canvas);
    let buttons = [(ButtonKind::Primary, Some(Icon::Shapes), "Templates")];
    let sentence = "Drag a layer from the left, or take a template.";
    crate::theme::widgets::empty(ui, theme, Icon::Workflow, "An empty network", sentence, &buttons).is_some()
}

/// The name of the button that opens the gallery, for its tooltip.
pub fn hint() -> egui::RichText {
    text::cell("Networks to begin with")
}
