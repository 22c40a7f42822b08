//! The layers at the left: search them, click one, or drag it to where it goes.

use egui::{
    Align2, DragAndDrop, EventFilter, Frame, Id, Key, Margin, Modifiers, Rect, Response, Role, ScrollArea,
    Sense, Stroke, StrokeKind, TextEdit, Ui, UiBuilder, WidgetInfo, pos2, vec2,
};

use super::entries::{Entry, GROUPS, found};
use crate::theme::widgets::{chip_outline, focus_ring, keycap};
use crate::theme::{Icon, Theme, font_id, text};

/// Width of the palette.
pub const WIDTH: f32 = 216.0;

/// Height of an entry.
const ROW: f32 = 26.0;

/// What was typed.
#[derive(Default)]
pub struct Palette {
    query: String,
    row: usize,
    wants_focus: bool,
}

impl Palette {
    /// Puts the keyboard into the field.
    pub fn focus(&mut self) {
        self.wants_focus = true;
    }

    /// Draws the palette; returns the entry that was clicked or chosen with Enter.
    pub fn ui(&mut self, ui: &mut Ui, theme: &Theme) -> Option<Entry> {
        let rect = ui.available_rect_before_wrap();
        let search = Rect::from_min_size(rect.min, vec2(rect.width(), 44.0));
        let field = ui.scope_builder(UiBuilder::new().max_rect(search.shrink2(vec2(12.0, 8.0))), |ui| {
            self.search_ui(ui, theme)
        });
        let mut chosen = field.inner;
        let list = rect.with_min_y(search.bottom());
        ui.scope_builder(UiBuilder::new().max_rect(list).id_salt("list"), |ui| {
            ui.set_clip_rect(ui.clip_rect().intersect(list));
            ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                if let Some(entry) = self.list_ui(ui, theme) {
                    chosen = Some(entry);
                }
                ui.add_space(8.0);
            });
        });
        if chosen.is_some() {
            self.query.clear();
            self.row = 0;
        }
        ui.advance_cursor_after_rect(rect);
        chosen
    }

    /// The field; returns what Enter chooses.
    fn search_ui(&mut self, ui: &mut Ui, theme: &Theme) -> Option<Entry> {
        let rect = ui.max_rect();
        ui.painter().rect_filled(rect, 4.0, theme.surface.canvas);
        chip_outline(ui, rect, 4, theme.line.strong);
        let icon_at = pos2(rect.left() + 15.0, rect.center().y);
        let painter = ui.painter();
        painter.text(
            icon_at,
            Align2::CENTER_CENTER,
            Icon::Search.glyph(),
            font_id::icon(14.0),
            theme.text.text_3,
        );
        let end = Rect::from_min_max(pos2(rect.right() - 26.0, rect.top() + 5.0), rect.max - vec2(6.0, 5.0));
        ui.scope_builder(UiBuilder::new().max_rect(end), |ui| keycap(ui, theme, "A"));
        let id = Id::unique("design palette search");
        let height = ui.fonts_mut(|fonts| fonts.row_height(&font_id::cell()));
        let line = rect.center().y - height / 2.0;
        let field = Rect::from_min_max(pos2(rect.left() + 28.0, line), pos2(end.left() - 6.0, line + height));
        // Taken before the field sees them: they move between entries.
        let (steps, enter, clear) = if ui.memory(|memory| memory.has_focus(id)) {
            ui.input_mut(|input| {
                let down = input.count_and_consume_key(Modifiers::NONE, Key::ArrowDown) as isize;
                let steps = down - input.count_and_consume_key(Modifiers::NONE, Key::ArrowUp) as isize;
                let enter = input.consume_key(Modifiers::NONE, Key::Enter);
                (steps, enter, input.consume_key(Modifiers::NONE, Key::Escape))
            })
        } else {
            (0, false, false)
        };
        let edit = TextEdit::singleline(&mut self.query)
            .id(id)
            .frame(Frame::NONE)
            .margin(Margin::ZERO)
            .hint_text(text::cell("Add a layer").color(theme.text.text_3))
            .font(font_id::cell())
            .desired_width(field.width())
            .event_filter(EventFilter {
                escape: true,
                horizontal_arrows: true,
                vertical_arrows: true,
                tab: false,
            })
            .min_size(vec2(0.0, height));
        let response = ui.put(field, edit).accessible_name("Add a layer");
        if std::mem::take(&mut self.wants_focus) {
            response.request_focus();
        }
        if clear {
            response.surrender_focus();
            self.query.clear();
        }
        if response.has_focus() {
            let stroke = Stroke::new(1.0, theme.accent.text);
            ui.painter().rect_stroke(rect, 4.0, stroke, StrokeKind::Inside);
        }
        if response.changed() || clear {
            self.row = 0;
        }
        let entries = found(&self.query);
        let last = entries.len().saturating_sub(1) as isize;
        self.row = (self.row as isize + steps).clamp(0, last.max(0)) as usize;
        (enter && !self.query.trim().is_empty()).then(|| entries.get(self.row).copied()).flatten()
    }

    /// Groups, or what was found; returns what was clicked.
    fn list_ui(&mut self, ui: &mut Ui, theme: &Theme) -> Option<Entry> {
        let mut clicked = None;
        if self.query.trim().is_empty() {
            for group in &GROUPS {
                let (rect, response) =
                    ui.allocate_exact_size(vec2(ui.available_width(), 28.0), Sense::hover());
                response.widget_info(|| WidgetInfo::labeled(Role::Heading, true, group.title));
                let at = pos2(rect.left() + 16.0, rect.bottom() - 10.0);
                let painter = ui.painter();
                painter.text(at, Align2::LEFT_CENTER, group.title, font_id::caption(), theme.text.text_3);
                for entry in group.entries {
                    if entry_ui(ui, theme, entry, false).clicked() {
                        clicked = Some(*entry);
                    }
                }
            }
            return clicked;
        }
        let entries = found(&self.query);
        for (row, entry) in entries.iter().enumerate() {
            if entry_ui(ui, theme, entry, row == self.row).clicked() {
                clicked = Some(*entry);
            }
        }
        if entries.is_empty() {
            Frame::new().inner_margin(Margin::symmetric(16, 8)).show(ui, |ui| {
                ui.label(text::cell(format!("No layer has {} in its name", self.query.trim())));
            });
        }
        clicked
    }
}

/// An entry: click adds it, a drag takes it to where it goes.
pub fn entry_ui(ui: &mut Ui, theme: &Theme, entry: &Entry, selected: bool) -> Response {
    let size = vec2(ui.available_width(), ROW);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click_and_drag());
    let name = format!("Add {}", entry.label);
    response.widget_info(|| WidgetInfo::selected(Role::Button, ui.is_enabled(), selected, &name));
    if response.drag_started() {
        DragAndDrop::set_payload(ui.ctx(), *entry);
    }
    if !ui.is_rect_visible(rect) {
        return response;
    }
    let painter = ui.painter();
    if selected {
        painter.rect_filled(rect, 0.0, theme.accent.soft);
        painter.rect_filled(rect.with_max_x(rect.left() + 2.0), 0.0, theme.accent.base);
    } else if response.hovered() || response.dragged() {
        painter.rect_filled(rect, 0.0, theme.surface.raised);
    }
    let dot = Rect::from_center_size(pos2(rect.left() + 20.0, rect.center().y), vec2(8.0, 8.0));
    painter.rect_filled(dot, 2.0, theme.operator_colour(entry.category()));
    let at = pos2(rect.left() + 32.0, rect.center().y);
    painter.text(at, Align2::LEFT_CENTER, entry.label, font_id::cell(), theme.text.text_1);
    let grip = pos2(rect.right() - 18.0, rect.center().y);
    let glyph = Icon::GripVertical.glyph();
    painter.text(grip, Align2::CENTER_CENTER, glyph, font_id::icon(12.0), theme.text.text_3);
    focus_ring(ui, theme, &response);
    response
}
