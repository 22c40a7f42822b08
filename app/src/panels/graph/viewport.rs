//! Which part of which graph a canvas shows: dragged, zoomed, fitted, and moved to what was selected elsewhere.

use std::collections::BTreeMap;

use egui::{CursorIcon, PointerButton, Rect, Response, Ui, Vec2};

use super::view::{Motion, STEP, View};

/// The views of all graphs that a canvas has shown, and how the present one moves.
pub struct Viewport<K> {
    /// The wheel scrolls instead of zooming.
    pub wheel_scrolls: bool,
    views: BTreeMap<K, View>,
    motion: Option<Motion>,
    shown: Option<K>,
    /// Size of the canvas in the frame before.
    size: Vec2,
}

/// The graph that is looked at, and where there is room for it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sight<K> {
    /// Which graph this is.
    pub key: K,
    /// What it covers.
    pub bounds: Rect,
    /// Its first node.
    pub start: Rect,
    /// The part of the canvas that nothing floats over, from the canvas' corner.
    pub free: Rect,
    /// It runs from left to right.
    pub horizontal: bool,
    /// No animation.
    pub reduce_motion: bool,
}

impl<K> Default for Viewport<K> {
    fn default() -> Self {
        Self { wheel_scrolls: false, views: BTreeMap::new(), motion: None, shown: None, size: Vec2::ZERO }
    }
}

impl<K: Copy + Ord> Viewport<K> {
    /// Zooms about the middle by a factor.
    pub fn zoom_by(&mut self, factor: f32) {
        if let Some(view) = self.shown.and_then(|key| self.views.get_mut(&key)) {
            *view = view.zoomed_at(self.size / 2.0, factor);
            self.motion = None;
        }
    }

    /// Shows the graph at its own size.
    pub fn zoom_to_one(&mut self) {
        if let Some(view) = self.shown.and_then(|key| self.views.get(&key)) {
            self.zoom_by(1.0 / view.zoom);
        }
    }

    /// Takes a graph and the size of the canvas: a new graph begins at its start, and one that is known stays in the
    /// middle, across its direction, when the canvas gets another size.
    pub fn enter(&mut self, sight: &Sight<K>, size: Vec2) {
        let change = size - self.size;
        if self.size != Vec2::ZERO
            && change != Vec2::ZERO
            && let Some(view) = self.views.get_mut(&sight.key)
        {
            if sight.horizontal {
                view.offset.y += change.y / 2.0;
            } else {
                view.offset.x += change.x / 2.0;
            }
            self.motion = None;
        }
        self.size = size;
        if self.shown != Some(sight.key) {
            self.shown = Some(sight.key);
            self.motion = None;
        }
        let begin = || View::beginning(sight.bounds, sight.start, sight.free, sight.horizontal);
        self.views.entry(sight.key).or_insert_with(begin);
    }

    /// The view of a graph.
    pub fn view(&self, key: K) -> View {
        self.views.get(&key).copied().unwrap_or(View { zoom: 1.0, offset: Vec2::ZERO })
    }

    /// Drag pans, the wheel zooms at the cursor or scrolls. With `hold` a drag of the first button means something else.
    pub fn navigate(&mut self, ui: &Ui, sight: &Sight<K>, response: &Response, canvas: Rect, hold: bool) {
        let mut view = self.view(sight.key);
        let before = view;
        let dragged = response.dragged_by(PointerButton::Primary) && !hold;
        if dragged || response.dragged_by(PointerButton::Middle) {
            view.offset += response.drag_delta();
            ui.set_cursor_icon(CursorIcon::Grabbing);
        }
        if let Some(pointer) = ui.input(|input| input.pointer.hover_pos())
            && response.contains_pointer()
        {
            let (scroll, pinch) = ui.input(|input| (input.smooth_scroll_delta(), input.zoom_delta()));
            let pixels_per_notch = ui.ctx().options(|options| options.input_options.line_scroll_speed);
            let anchor = pointer - canvas.min;
            if pinch != 1.0 {
                view = view.zoomed_at(anchor, pinch);
            }
            if self.wheel_scrolls {
                view.offset += scroll;
            } else if scroll.y != 0.0 {
                view = view.zoomed_at(anchor, STEP.powf(scroll.y / pixels_per_notch.max(1.0)));
            }
        }
        if view != before {
            self.motion = None;
            self.views.insert(sight.key, view.held(sight.bounds, canvas.size()));
        }
    }

    /// Brings a part of the graph into sight.
    pub fn show(&mut self, ui: &Ui, sight: &Sight<K>, rect: Rect) {
        let view = self.view(sight.key);
        self.move_to(ui, sight, view.showing(rect, self.size));
    }

    /// Shows the whole graph.
    pub fn fit(&mut self, ui: &Ui, sight: &Sight<K>) {
        self.move_to(ui, sight, View::fitting(sight.bounds, sight.free));
    }

    /// Puts a point of the graph into the middle at once.
    pub fn centre_on(&mut self, ui: &Ui, sight: &Sight<K>, point: egui::Pos2) {
        let zoom = self.view(sight.key).zoom;
        let offset = self.size / 2.0 - point.to_vec2() * zoom;
        self.motion = None;
        self.views.insert(sight.key, View { zoom, offset }.held(sight.bounds, self.size));
        ui.request_repaint();
    }

    fn move_to(&mut self, ui: &Ui, sight: &Sight<K>, target: View) {
        let view = self.view(sight.key);
        if sight.reduce_motion || view == target {
            self.motion = None;
            self.views.insert(sight.key, target);
        } else {
            self.motion = Some(Motion::new(view, target, ui.input(|input| input.time)));
        }
    }

    /// The view of this frame.
    pub fn advance(&mut self, ui: &Ui, sight: &Sight<K>) -> View {
        if let Some(motion) = self.motion {
            let (view, arrived) = motion.at(ui.input(|input| input.time));
            if arrived {
                self.motion = None;
            } else {
                ui.request_repaint();
            }
            self.views.insert(sight.key, view);
        }
        let view = self.view(sight.key).held(sight.bounds, self.size);
        self.views.insert(sight.key, view);
        view
    }
}
