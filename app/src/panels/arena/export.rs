//! The memory map as a file: the whole of it, under a line that says what it shows.

use egui::{Align2, Rect, Vec2, pos2, vec2};

use super::answer::{TFLM_VERSION, kernels_text};
use super::legend::legend_marks;
use super::marks::{Canvas, Scene};
use super::shown::Shown;
use super::view::View;
use crate::charts::{Mark, Picture, Style, text_width};
use crate::document::Tab;
use crate::theme::{Theme, format};

/// Size in points; PNG has two pixels per point.
const SIZE: Vec2 = vec2(1200.0, 680.0);
const HEAD: f32 = 76.0;

/// A picture of a plan for a report or a page.
pub fn picture(tab: &Tab, shown: &Shown, theme: &Theme) -> Picture {
    let chart = &shown.chart;
    let rect = Rect::from_min_max(pos2(0.0, HEAD), pos2(SIZE.x, SIZE.y - 4.0));
    let view = View::whole(chart.scope_count, chart.used_bytes());
    let canvas = Canvas::new(rect, view, chart);
    let scene = Scene { chart, model: &shown.model, canvas, theme, tail: &shown.tail };
    let mut marks = head(tab, shown, theme);
    marks.extend(legend_marks(pos2(16.0, 52.0), theme));
    marks.extend(scene.marks(None));
    Picture { size: SIZE, background: theme.surface.panel, marks }
}

fn head(tab: &Tab, shown: &Shown, theme: &Theme) -> Vec<Mark> {
    let plan = &shown.plan;
    let left = pos2(16.0, 22.0);
    let title = tab.title.clone();
    let made_for = format!("{}, TFLM {TFLM_VERSION}, {}", plan.target.chip.label(), kernels_text(plan));
    let beside = left + vec2(text_width(&title, Style::Title) + 14.0, 1.0);
    let figures = format!(
        "smallest {}   used {}   lower bound {}",
        plan.minimum_bytes.map_or_else(|| format::UNKNOWN.to_owned(), format::bytes),
        format::bytes(plan.used_bytes),
        format::bytes(plan.lower_bound_bytes + plan.persistent_bytes),
    );
    let right = pos2(SIZE.x - 16.0, 23.0);
    vec![
        Mark::text(left, Align2::LEFT_CENTER, title, Style::Title, theme.text.text_1),
        Mark::text(beside, Align2::LEFT_CENTER, made_for, Style::Small, theme.text.text_2),
        Mark::text(right, Align2::RIGHT_CENTER, figures, Style::Number, theme.text.text_1),
    ]
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use emberlab_core::{plan, tflite};

    use super::*;
    use crate::charts::svg_from_picture;
    use crate::document::{OpenModel, TabId, planned_targets};

    /// Every recorded model with its real plan: nothing panics, no mark has impossible numbers, the sums agree.
    #[test]
    fn every_shared_model_is_explained_and_drawn_on_every_target() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/models");
        let Ok(entries) = std::fs::read_dir(&folder) else {
            println!("skipped: the models are not at {}", folder.display());
            return;
        };
        let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.sort();
        for path in paths.iter().filter(|path| path.extension().is_some_and(|ending| ending == "tflite")) {
            let bytes: Arc<[u8]> = std::fs::read(path).unwrap().into();
            let mut open = OpenModel::new(Arc::new(tflite::read(bytes).unwrap()), 0, "");
            let model = open.model.clone();
            open.plans =
                planned_targets().map(|target| (target, plan::plan(&model, target).map(Arc::new))).collect();
            let tab = Tab::new(TabId(1), path.file_name().unwrap().to_string_lossy());
            for (target, plan) in
                open.plans.iter().filter_map(|(target, plan)| Some((target, plan.as_ref().ok()?)))
            {
                let shown = Shown::new(&open, plan);
                assert!(shown.why.len() >= 2, "{} {target:?}", path.display());
                let tail: u64 = shown.groups.iter().map(|group| group.used).sum();
                assert_eq!(tail, plan.persistent_bytes, "{} {target:?}", path.display());
                let svg = svg_from_picture(&picture(&tab, &shown, Theme::of(false)));
                assert!(!svg.contains("NaN") && !svg.contains("inf\""), "{} {target:?}", path.display());
            }
        }
    }
}
