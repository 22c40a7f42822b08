//! Why a layer does not fit, in words, in a box beside it.

use egui::text::{LayoutJob, TextFormat};
use egui::{FontId, Painter, Rect, Vec2, pos2, vec2};
use emberlab_core::layers::LayerProblem;
use emberlab_core::verdict::Severity;

use super::paint::{Scene, ceiled, note_box, note_line};
use crate::panels::graph::paint::scaled;
use crate::theme::{Theme, font_id};

/// Width of the text at zoom 1.
const WIDTH: f32 = 236.0;

/// Room around the text at zoom 1.
const PADDING: Vec2 = vec2(14.0, 9.0);

/// Between a layer and its note.
const GAP: f32 = 44.0;

/// Paints the note of every visible layer that has an error of its own.
pub(super) fn paint(scene: &Scene<'_>, painter: &Painter, visible: Rect) {
    // A note reaches further than its layer.
    let near = visible.expand2(vec2(WIDTH + GAP, 60.0));
    let mut taken: Vec<Rect> = Vec::new();
    for index in scene.placed.nodes_in(near) {
        let Some(layer) = scene.facts.layers.get(index as usize) else { continue };
        let error = layer.problems.iter().find(|problem| problem.severity == Severity::Error);
        let Some(problem) = error else { continue };
        let zoom = scene.view.zoom;
        let galley = painter.layout_job(job(scene.theme, problem, zoom));
        let size = ceiled(galley.size() / zoom + 2.0 * PADDING);
        let node = scene.placed.nodes[index as usize];
        let rect = place(scene, node, size, &taken);
        taken.push(rect);
        let shown = scene.view.rect_to_screen(scene.canvas, rect);
        let (from, to) = if rect.left() > node.center().x {
            (node.right_center(), pos2(rect.left(), node.center().y))
        } else {
            (node.left_center(), pos2(rect.right(), node.center().y))
        };
        if rect.y_range().contains(node.center().y) {
            note_line(painter, scene.theme, scene.screen(from), scene.screen(to));
        }
        note_box(painter, scene.theme, shown, zoom);
        painter.galley(shown.min + PADDING * zoom, galley, scene.theme.text.text_1);
    }
}

/// Beside the layer, where no other layer and no other note is; at its right if there is no such place.
fn place(scene: &Scene<'_>, node: Rect, size: Vec2, taken: &[Rect]) -> Rect {
    let top = node.center().y - size.y / 2.0;
    let right = Rect::from_min_size(pos2(node.right() + GAP, top), size);
    let left = Rect::from_min_size(pos2(node.left() - GAP - size.x, top), size);
    let below = size.y / 2.0 + node.height();
    let candidates = [right, left, right.translate(vec2(0.0, below)), left.translate(vec2(0.0, below))];
    let is_free = |rect: &Rect| {
        scene.placed.nodes_in(*rect).next().is_none() && taken.iter().all(|other| !other.intersects(*rect))
    };
    candidates.into_iter().find(is_free).unwrap_or(right)
}

fn job(theme: &Theme, problem: &LayerProblem, zoom: f32) -> LayoutJob {
    let mut job = LayoutJob::default();
    job.wrap.max_width = WIDTH * zoom;
    let format = |font: FontId, line: f32, colour| TextFormat {
        line_height: Some(line * zoom),
        ..TextFormat::simple(scaled(font, zoom), colour)
    };
    job.append(&problem.message, 0.0, format(font_id::label_strong(), 18.0, theme.status.over));
    if !problem.help.is_empty() {
        job.append("\n", 0.0, format(font_id::small(), 15.0, theme.text.text_1));
        job.append(&problem.help, 0.0, format(font_id::small(), 15.0, theme.text.text_1));
        job.append(".", 0.0, format(font_id::small(), 15.0, theme.text.text_1));
    }
    job
}
