//! The memory map as a file: the whole of it, under a line that says what it shows.

use egui::{Align2, Rect, Stroke, Vec2, pos2, vec2};

use super::answer::{TFLM_VERSION, kernels_text};
use super::marks::{Canvas, Scene};
use super::shown::Shown;
use super::view::View;
use crate::charts::{Hatch, Mark, Picture, Style, text_width};
use crate::document::Tab;
use crate::theme::{Theme, format, with_alpha};

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
    marks.extend(legend(theme));
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

/// The legend as a row of marks with their words.
fn legend(theme: &Theme) -> Vec<Mark> {
    let mut marks = Vec::new();
    let mut x = 16.0;
    let y = 52.0;
    for item in Legend::ALL {
        let rect = Rect::from_center_size(pos2(x + 7.0, y), vec2(12.0, 12.0));
        marks.extend(item.swatch(rect, theme));
        let at = pos2(x + 20.0, y);
        marks.push(Mark::text(at, Align2::LEFT_CENTER, item.label(), Style::Small, theme.text.text_2));
        x += 20.0 + text_width(item.label(), Style::Small) + 18.0;
    }
    marks
}

/// What the colours and lines of the map mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Legend {
    Tensor,
    Scratch,
    Persistent,
    Head,
    LowerBound,
    Lost,
}

impl Legend {
    /// In the order of the legend.
    pub const ALL: [Legend; 6] =
        [Legend::Tensor, Legend::Scratch, Legend::Persistent, Legend::Head, Legend::LowerBound, Legend::Lost];

    /// In words.
    pub fn label(self) -> &'static str {
        match self {
            Legend::Tensor => "Tensor",
            Legend::Scratch => "Scratch",
            Legend::Persistent => "Persistent",
            Legend::Head => "Head",
            Legend::LowerBound => "Lower bound",
            Legend::Lost => "Lost to the planner",
        }
    }

    /// As marks inside of `rect`.
    pub fn swatch(self, rect: Rect, theme: &Theme) -> Vec<Mark> {
        let memory = &theme.memory;
        let (left, right) = (rect.left_center(), rect.right_center());
        match self {
            Legend::Tensor => {
                let (a, b) = rect.split_left_right_at_fraction(0.5);
                vec![Mark::filled(a, 0.0, memory.tensor_a), Mark::filled(b, 0.0, memory.tensor_b)]
            }
            Legend::Scratch => vec![
                Mark::filled(rect, 2.0, with_alpha(memory.scratch, 0.30)),
                Mark::Hatch {
                    rect,
                    hatch: Hatch { spacing: 3.6, width: 1.6, colour: memory.scratch, rising: true },
                },
                Mark::outlined(rect, 2.0, Stroke::new(1.0, memory.scratch)),
            ],
            Legend::Persistent => vec![Mark::filled(rect, 2.0, memory.persistent)],
            Legend::Head => vec![Mark::line(left, right, Stroke::new(1.5, memory.peak_line))],
            Legend::LowerBound => vec![Mark::Line {
                from: left,
                to: right,
                stroke: Stroke::new(2.0, memory.bound_line),
                dash: Some((2.0, 2.0)),
            }],
            Legend::Lost => vec![Mark::outlined(rect, 2.0, Stroke::new(1.5, memory.gap))],
        }
    }
}
