//! The list of layers that hangs on a place of the canvas: type, Enter.

use egui::{Area, Frame, Id, Key, Margin, Modifiers, Order, Pos2, Rect, ScrollArea, TextEdit, Ui, vec2};

use super::edits::Spot;
use super::entries::{Entry, found};
use super::palette::entry_ui;
use crate::theme::{Theme, font_id, text};

/// Size of the list.
const WIDTH: f32 = 232.0;
const HEIGHT: f32 = 224.0;

/// The list, and where the layer that is chosen goes.
pub struct Adder {
    /// Where the layer goes.
    pub spot: Spot,
    query: String,
    row: usize,
    at: Pos2,
    /// The list was drawn before: a click elsewhere closes it from then on.
    is_old: bool,
}

/// What the user made of the list.
pub enum Answer {
    /// Nothing yet.
    Open,
    /// It was left.
    Closed,
    /// A layer.
    Chosen(Entry),
}

impl Adder {
    /// A list at a place of the screen.
    pub fn new(spot: Spot, at: Pos2) -> Self {
        Self { spot, query: String::new(), row: 0, at, is_old: false }
    }

    /// Draws the list within the canvas.
    pub fn ui(&mut self, ui: &Ui, theme: &Theme, canvas: Rect) -> Answer {
        let entries = found(&self.query);
        let (steps, enter, escape) = ui.input_mut(|input| {
            let down = input.count_and_consume_key(Modifiers::NONE, Key::ArrowDown) as isize;
            let steps = down - input.count_and_consume_key(Modifiers::NONE, Key::ArrowUp) as isize;
            let enter = input.consume_key(Modifiers::NONE, Key::Enter);
            (steps, enter, input.consume_key(Modifiers::NONE, Key::Escape))
        });
        if escape {
            return Answer::Closed;
        }
        let last = entries.len().saturating_sub(1) as isize;
        self.row = (self.row as isize + steps).clamp(0, last.max(0)) as usize;
        let mut chosen = enter.then(|| entries.get(self.row).copied()).flatten();
        let room = canvas.shrink(8.0);
        let max = room.max - vec2(WIDTH, HEIGHT + 56.0);
        let at =
            Pos2::new(self.at.x.min(max.x).max(room.left()), (self.at.y - 12.0).min(max.y).max(room.top()));
        let area = Area::new(Id::unique("add a layer here")).order(Order::Foreground).fixed_pos(at);
        let shown = area.show(ui.ctx(), |ui| {
            Frame::popup(ui.style()).inner_margin(Margin::same(0)).show(ui, |ui| {
                ui.set_width(WIDTH);
                ui.spacing_mut().item_spacing.y = 0.0;
                Frame::new().inner_margin(Margin::same(6)).show(ui, |ui| self.query_ui(ui, theme));
                ScrollArea::vertical().max_height(HEIGHT).auto_shrink([false, true]).show(ui, |ui| {
                    for (row, entry) in entries.iter().enumerate() {
                        let response = entry_ui(ui, theme, entry, row == self.row);
                        if row == self.row && steps != 0 {
                            response.scroll_to_me(None);
                        }
                        if response.clicked() {
                            chosen = Some(*entry);
                        }
                    }
                    if entries.is_empty() {
                        ui.add_space(4.0);
                        ui.horizontal(|ui| {
                            ui.add_space(12.0);
                            ui.label(text::cell(format!("No layer has {} in its name", self.query)));
                        });
                        ui.add_space(8.0);
                    }
                });
            });
        });
        let left = self.is_old && ui.input(|input| input.pointer.any_pressed()) && {
            let at = ui.input(|input| input.pointer.interact_pos());
            at.is_some_and(|at| !shown.response.rect.contains(at))
        };
        self.is_old = true;
        match chosen {
            Some(entry) => Answer::Chosen(entry),
            None if left => Answer::Closed,
            None => Answer::Open,
        }
    }

    fn query_ui(&mut self, ui: &mut Ui, theme: &Theme) {
        let edit = TextEdit::singleline(&mut self.query)
            .hint_text("Add a layer")
            .font(font_id::cell())
            .text_color(theme.text.text_1)
            .desired_width(f32::INFINITY);
        let response = ui.add(edit).accessible_name("Add a layer here");
        if !response.has_focus() {
            response.request_focus();
        }
        if response.changed() {
            self.row = 0;
        }
    }
}
