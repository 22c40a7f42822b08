//! A picture of the window once everything is open: for the README and for checks.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use egui::{ColorImage, Context, Ui, ViewportCommand};
use resvg::tiny_skia::{IntSize, Pixmap};

use crate::app::App;

/// Frames after everything is open: sizes that follow from the frame before, and fades, come to rest.
const REST: u32 = 20;

/// An app that saves a picture of itself and quits.
pub struct Screenshot {
    app: App,
    path: PathBuf,
    settled: u32,
    asked: bool,
    saved: Arc<AtomicBool>,
}

impl Screenshot {
    /// Saves the picture to `path`.
    pub fn new(app: App, path: PathBuf) -> Self {
        Self { app, path, settled: 0, asked: false, saved: Arc::default() }
    }
}

impl eframe::App for Screenshot {
    fn logic(&mut self, ctx: &Context, _frame: &mut eframe::Frame) {
        self.app.logic(ctx);
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        self.app.ui(ui);
        let ctx = ui.ctx();
        ctx.request_repaint();
        self.settled = if self.app.is_settled() { self.settled + 1 } else { 0 };
        if self.settled >= REST && !self.asked {
            self.asked = true;
            let (path, saved, ctx) = (self.path.clone(), self.saved.clone(), ctx.clone());
            ctx.clone().request_screenshot(move |image| {
                if let Err(error) = save(&image, &path) {
                    writeln!(std::io::stderr(), "emberlab: {}: {error}", path.display()).ok();
                }
                saved.store(true, Ordering::Relaxed);
                ctx.request_repaint();
            });
        }
        if self.saved.load(Ordering::Relaxed) {
            ui.ctx().send_viewport_cmd(ViewportCommand::Close);
        }
    }
}

fn save(image: &ColorImage, path: &Path) -> Result<(), String> {
    let [width, height] = image.size;
    let size = IntSize::from_wh(width as u32, height as u32).ok_or("the window has no size")?;
    let bytes = image.pixels.iter().flat_map(|pixel| pixel.to_array()).collect();
    let pixmap = Pixmap::from_vec(bytes, size).ok_or("the picture has another size than the window")?;
    let png = pixmap.encode_png().map_err(|error| error.to_string())?;
    std::fs::write(path, png).map_err(|error| error.to_string())
}
