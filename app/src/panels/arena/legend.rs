//! What the colours and lines of the map mean.

use egui::{Align2, Pos2, Rect, Stroke, pos2, vec2};

use crate::charts::{Hatch, Mark, Style, text_width};
use crate::theme::{Theme, with_alpha};

/// An entry of the legend.
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

/// The legend as a row that begins at `start`, its left middle.
pub fn legend_marks(start: Pos2, theme: &Theme) -> Vec<Mark> {
    let mut marks = Vec::new();
    let Pos2 { mut x, y } = start;
    for item in Legend::ALL {
        let rect = Rect::from_center_size(pos2(x + 7.0, y), vec2(12.0, 12.0));
        marks.extend(item.swatch(rect, theme));
        let at = pos2(x + 20.0, y);
        marks.push(Mark::text(at, Align2::LEFT_CENTER, item.label(), Style::Small, theme.text.text_2));
        x += 20.0 + text_width(item.label(), Style::Small) + 18.0;
    }
    marks
}
