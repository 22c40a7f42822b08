//! What a user waits for: opening a model, and frames of the window while its graph is panned and zoomed, while a board is
//! plotted and while a network is trained.
//!
//! `cargo bench -p emberlab` prints the figures. Frames are whole frames of the window at 1920 by 1080, with the
//! graph over its whole width: layout of all widgets, shapes, and their tessellation into triangles; only the upload to
//! the graphics driver is left out.

#[cfg(unix)]
mod live;
mod models;
mod window;

use std::path::PathBuf;
use std::sync::Arc;

use divan::{Bencher, black_box};
use emberlab::panels::inspect::layout::{Direction, layout_graph};
use emberlab_core::model::{Model, SubgraphId};
use emberlab_core::plan::{Chip, Target, plan};
use emberlab_core::tflite;
use emberlab_core::verdict;

use models::{grid, mobile_net, of_four_megabytes, residual};
use window::Window;

fn main() {
    divan::main();
}

const MODELS: [&str; 3] = ["person_detect", "mobile_net", "four_megabytes"];

/// The file of a model; `None` where it is not part of this project and not beside it.
fn file(name: &str) -> Option<Arc<[u8]>> {
    let model = match name {
        "mobile_net" => mobile_net(),
        "four_megabytes" => of_four_megabytes(),
        shared => {
            let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/models");
            return std::fs::read(folder.join(format!("{shared}.tflite"))).ok().map(Arc::from);
        }
    };
    Some(bytes(&model))
}

fn bytes(model: &Model) -> Arc<[u8]> {
    tflite::write(model).expect("a generated model can be written").into()
}

/// Read, plan for one chip, lay out: what stands between a dropped file and its picture.
#[divan::bench(args = MODELS)]
fn open(bencher: Bencher<'_, '_>, name: &str) {
    let Some(file) = file(name) else { return };
    bencher.bench_local(|| {
        let model = tflite::read(file.clone()).expect("the file is whole");
        let arena = plan(&model, Target::new(Chip::Esp32s3));
        let layout = layout_graph(&model, SubgraphId(0), Direction::Vertical, &|| false);
        black_box((model, arena, layout))
    });
}

#[divan::bench(args = MODELS)]
fn read(bencher: Bencher<'_, '_>, name: &str) {
    let Some(file) = file(name) else { return };
    bencher.bench_local(|| tflite::read(file.clone()));
}

#[divan::bench(args = MODELS)]
fn plan_arena(bencher: Bencher<'_, '_>, name: &str) {
    let Some(file) = file(name) else { return };
    let model = tflite::read(file).expect("the file is whole");
    bencher.bench_local(|| plan(&model, Target::new(Chip::Esp32s3)));
}

/// What runs where, and what deserves attention.
#[divan::bench(args = MODELS)]
fn judge(bencher: Bencher<'_, '_>, name: &str) {
    let Some(file) = file(name) else { return };
    let model = tflite::read(file).expect("the file is whole");
    let target = Target::new(Chip::Esp32s3);
    bencher.bench_local(|| {
        let operators = verdict::operators(&model, target);
        black_box((operators, verdict::diagnostics(&model, target), verdict::outcome(&model, target)))
    });
}

/// Operators of generated graphs: about as many as person_detect, and as many as the window promises to bear.
#[divan::bench(args = [30, 300, 2_000])]
fn lay_out_residual(bencher: Bencher<'_, '_>, n_operators: usize) {
    let model = residual(n_operators);
    bencher.bench_local(|| layout_graph(&model, SubgraphId(0), Direction::Vertical, &|| false));
}

#[divan::bench(args = [30, 300, 2_000])]
fn lay_out_grid(bencher: Bencher<'_, '_>, n_operators: usize) {
    let model = grid(n_operators);
    bencher.bench_local(|| layout_graph(&model, SubgraphId(0), Direction::Vertical, &|| false));
}

/// Zooms at which frames are measured: 1:1, the smallest with full nodes, the smallest with titles, the smallest.
const ZOOMS: [f32; 4] = [1.0, 0.6, 0.31, 0.15];

/// A frame while a graph of 2,000 operators, one after the other with skips, is panned.
#[divan::bench(args = ZOOMS, sample_count = 300, sample_size = 1)]
fn frame_pan_residual(bencher: Bencher<'_, '_>, zoom: f32) {
    pan(bencher, &residual(2_000), zoom);
}

/// A frame while a graph of 2,000 operators in rows of 20 is panned.
#[divan::bench(args = ZOOMS, sample_count = 300, sample_size = 1)]
fn frame_pan_grid(bencher: Bencher<'_, '_>, zoom: f32) {
    pan(bencher, &grid(2_000), zoom);
}

fn pan(bencher: Bencher<'_, '_>, model: &Model, zoom: f32) {
    let mut window = Window::showing("generated.tflite", bytes(model));
    window.zoom_to(zoom);
    window.begin_drag();
    let mut frame = 0;
    bencher.bench_local(|| {
        frame += 1;
        window.drag(frame)
    });
}

/// A frame while a graph of 2,000 operators is zoomed from the largest to the smallest and back, a notch every frame.
#[divan::bench(sample_count = 300, sample_size = 1)]
fn frame_zoom_residual(bencher: Bencher<'_, '_>) {
    zoom(bencher, &residual(2_000));
}

#[divan::bench(sample_count = 300, sample_size = 1)]
fn frame_zoom_grid(bencher: Bencher<'_, '_>) {
    zoom(bencher, &grid(2_000));
}

fn zoom(bencher: Bencher<'_, '_>, model: &Model) {
    let mut window = Window::showing("generated.tflite", bytes(model));
    let mut frame = 0;
    bencher.bench_local(|| {
        frame += 1;
        window.wheel(if frame / 40 % 2 == 0 { -1.0 } else { 1.0 })
    });
}

/// A frame, 60 times a second, while a port that has sent so many points a second for five seconds goes on to.
#[cfg(unix)]
#[divan::bench(args = [1_000, 5_000, 20_000], sample_count = 300, sample_size = 1)]
fn frame_plot(bencher: Bencher<'_, '_>, points_per_second: u32) {
    let (mut window, _chatter) = live::plotting(points_per_second, std::time::Duration::from_secs(5));
    let mut pace = live::Pace::new();
    bencher.with_inputs(|| pace.wait()).bench_local_values(|()| window.frame(Vec::new()));
}

/// A frame, 60 times a second, while a run with a long past goes on, on as many cores as it takes.
#[cfg(unix)]
#[divan::bench(sample_count = 600, sample_size = 1)]
fn frame_train(bencher: Bencher<'_, '_>) {
    let mut training = live::Training::new();
    let mut pace = live::Pace::new();
    bencher.with_inputs(|| pace.wait()).bench_local_values(|()| training.frame());
}
