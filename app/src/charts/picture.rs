//! A list of marks in the order of painting.

use egui::{Align2, Color32, FontId, Pos2, Rect, Stroke, Vec2};

use super::hatch::Hatch;
use crate::theme::fonts::Face;

/// A drawing: a size in points, a background, and marks from back to front.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Width and height in points; marks lie between zero and this.
    pub size: Vec2,
    /// What shows where no mark is.
    pub background: Color32,
    /// From back to front.
    pub marks: Vec<Mark>,
}

/// One thing to draw; all positions in points, y downwards.
#[derive(Clone, Debug)]
pub enum Mark {
    /// A rectangle with an optional outline that lies inside of it.
    Rect {
        /// Where.
        rect: Rect,
        /// Radius of the corners.
        radius: f32,
        /// Inside; may be transparent.
        fill: Color32,
        /// Outline; [`Stroke::NONE`] for none.
        stroke: Stroke,
    },
    /// Diagonal stripes, cut off at a rectangle.
    Hatch {
        /// Where.
        rect: Rect,
        /// Which stripes.
        hatch: Hatch,
    },
    /// A straight line.
    Line {
        /// One end.
        from: Pos2,
        /// The other end.
        to: Pos2,
        /// Width and colour.
        stroke: Stroke,
        /// Length of a dash and of the gap behind it; `None` for a solid line.
        dash: Option<(f32, f32)>,
    },
    /// A cubic Bezier curve.
    Curve {
        /// Start, two control points, end.
        points: [Pos2; 4],
        /// Width and colour.
        stroke: Stroke,
        /// Length of a dash and of the gap behind it; `None` for a solid line.
        dash: Option<(f32, f32)>,
    },
    /// A convex polygon.
    Polygon {
        /// Its corners in order.
        points: Vec<Pos2>,
        /// Inside.
        fill: Color32,
    },
    /// A circle.
    Circle {
        /// Its centre.
        centre: Pos2,
        /// Its radius.
        radius: f32,
        /// Inside.
        fill: Color32,
    },
    /// One line of text.
    Text {
        /// The point that `anchor` refers to.
        at: Pos2,
        /// Which point of the text's box lies at `at`.
        anchor: Align2,
        /// The text.
        text: String,
        /// Face, size and weight.
        style: Style,
        /// Colour.
        colour: Color32,
        /// Runs upwards, turned by a quarter to the left about `at`.
        upwards: bool,
    },
}

/// The text styles of the app that pictures use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Style {
    Title,
    Strong,
    Label,
    Small,
    SmallStrong,
    Number,
    NumberSmall,
    NumberSmallStrong,
}

impl Style {
    /// All of them.
    pub const ALL: [Style; 8] = [
        Style::Title,
        Style::Strong,
        Style::Label,
        Style::Small,
        Style::SmallStrong,
        Style::Number,
        Style::NumberSmall,
        Style::NumberSmallStrong,
    ];

    /// Face and weight.
    pub fn face(self) -> Face {
        match self {
            Style::Title | Style::Strong | Style::SmallStrong => Face::Ui600,
            Style::Label => Face::Ui500,
            Style::Small => Face::Ui400,
            Style::Number | Style::NumberSmall => Face::Mono400,
            Style::NumberSmallStrong => Face::Mono500,
        }
    }

    /// Size in points.
    pub fn size(self) -> f32 {
        match self {
            Style::Title => 15.0,
            Style::Strong => 13.0,
            Style::Label | Style::Number => 12.0,
            Style::Small | Style::SmallStrong | Style::NumberSmall | Style::NumberSmallStrong => 11.0,
        }
    }

    /// The same for egui.
    pub fn font_id(self) -> FontId {
        FontId::new(self.size(), self.face().family())
    }
}

impl Mark {
    /// A filled rectangle without outline.
    pub fn filled(rect: Rect, radius: f32, fill: Color32) -> Self {
        Self::Rect { rect, radius, fill, stroke: Stroke::NONE }
    }

    /// The outline of a rectangle, inside of it.
    pub fn outlined(rect: Rect, radius: f32, stroke: Stroke) -> Self {
        Self::Rect { rect, radius, fill: Color32::TRANSPARENT, stroke }
    }

    /// A solid line.
    pub fn line(from: Pos2, to: Pos2, stroke: Stroke) -> Self {
        Self::Line { from, to, stroke, dash: None }
    }

    /// Text from left to right.
    pub fn text(at: Pos2, anchor: Align2, text: impl Into<String>, style: Style, colour: Color32) -> Self {
        Self::Text { at, anchor, text: text.into(), style, colour, upwards: false }
    }
}
