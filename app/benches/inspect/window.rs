//! The whole window without a screen: frames are drawn as far as triangles.

use std::sync::Arc;

use egui::{
    ClippedPrimitive, Event, Key, Modifiers, MouseWheelSource, MouseWheelUnit, PointerButton, Pos2, RawInput,
    Rect, TouchPhase, Vec2, pos2, vec2,
};
use emberlab::app::App;
use emberlab::command::Command;
use emberlab::settings::Settings;

/// The window, its time and its pointer.
pub struct Window {
    ctx: egui::Context,
    app: App,
    time: f64,
}

/// A large window.
const SIZE: Vec2 = vec2(1920.0, 1080.0);

/// A point of the canvas.
const POINTER: Pos2 = pos2(800.0, 400.0);

/// Points that the graph is dragged by, up and down again.
const DRAG: f32 = 340.0;

impl Window {
    /// A window with nothing in it.
    pub fn empty() -> Self {
        let settings = Settings { reduce_motion: true, ..Settings::default() };
        Self { ctx: egui::Context::default(), app: App::headless(settings), time: 0.0 }
    }

    pub fn app(&self) -> &App {
        &self.app
    }

    /// Lets the app do something, and draws a frame.
    pub fn send(&mut self, command: Command) {
        self.app.send(command);
        self.frame(Vec::new());
    }

    /// Draws frames until nothing is to be done any more.
    pub fn settle(&mut self) {
        loop {
            self.frame(Vec::new());
            if self.app.is_settled() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
    }

    /// A window that has opened a model, with the table below the graph, and come to rest.
    pub fn showing(name: &str, file: Arc<[u8]>) -> Self {
        let settings = Settings { reduce_motion: true, inspector_open: false, ..Settings::default() };
        let mut window = Self { app: App::headless(settings), ..Self::empty() };
        window.frame(Vec::new());
        window.app.send(Command::OpenBytes(name.to_owned(), file));
        window.settle();
        // The graph takes the whole width: more of it is in sight than in any other arrangement.
        window.frame(vec![key(Key::J), Event::PointerMoved(POINTER)]);
        for _ in 0..10 {
            window.frame(Vec::new());
        }
        window
    }

    /// Draws a frame with events; returns its triangles.
    pub fn frame(&mut self, events: Vec<Event>) -> Vec<ClippedPrimitive> {
        self.time += 1.0 / 60.0;
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, SIZE)),
            time: Some(self.time),
            events,
            ..RawInput::default()
        };
        let app = &mut self.app;
        let output = self.ctx.run_ui(input, |ui| app.show(ui));
        self.ctx.tessellate(output.shapes, output.pixels_per_point)
    }

    /// Turns the wheel by notches over the graph.
    pub fn wheel(&mut self, notches: f32) -> Vec<ClippedPrimitive> {
        self.frame(vec![Event::MouseWheel {
            unit: MouseWheelUnit::Line,
            delta: vec2(0.0, notches),
            modifiers: Modifiers::NONE,
            phase: TouchPhase::Move,
            source: MouseWheelSource::Wheel,
        }])
    }

    /// Zooms the graph, from 1:1.
    pub fn zoom_to(&mut self, zoom: f32) {
        let notches = zoom.ln() / 1.1f32.ln();
        self.wheel(notches);
        for _ in 0..60 {
            self.frame(Vec::new());
        }
    }

    /// Presses the button on an empty part of the canvas.
    pub fn begin_drag(&mut self) {
        self.frame(vec![Event::PointerMoved(POINTER)]);
        self.frame(vec![button(true)]);
    }

    /// A frame of dragging the graph.
    pub fn drag(&mut self, frame: u32) -> Vec<ClippedPrimitive> {
        let phase = (frame % 80) as f32 / 40.0;
        let along = if phase < 1.0 { phase } else { 2.0 - phase };
        self.frame(vec![Event::PointerMoved(POINTER - vec2(60.0, DRAG) * along)])
    }
}

fn key(key: Key) -> Event {
    let modifiers = Modifiers { ctrl: true, command: true, ..Modifiers::NONE };
    Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers }
}

fn button(pressed: bool) -> Event {
    Event::PointerButton { pos: POINTER, button: PointerButton::Primary, pressed, modifiers: Modifiers::NONE }
}
