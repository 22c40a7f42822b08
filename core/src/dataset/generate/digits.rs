//! Digits as strokes of a pen, 28×28 levels, from writers with different hands.

use std::sync::Arc;

use super::{Content, Dataset, PI, Random, by_makers, maker_random};
use crate::dataset::{Picture, Shared, Stream, StreamKind};

const CLASSES: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
const WRITERS: [&str; 8] = ["w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8"];
/// Rows and columns.
const SIDE: usize = 28;

type Point = [f64; 2];

/// A part of a stroke, in a square from 0 to 1, y downwards.
#[derive(Clone, Copy)]
enum Stroke {
    /// A straight line.
    Line(Point, Point),
    /// Part of an ellipse: centre, radii, and from and to which angle in turns; angle 0 points to the right, a quarter down.
    Arc(Point, Point, f64, f64),
}

use Stroke::{Arc as Bow, Line};

/// The strokes of each digit. Where people write a digit in two ways, each writer has one of them.
fn strokes(digit: usize, variant: bool) -> &'static [Stroke] {
    match (digit, variant) {
        (0, _) => &[Bow([0.5, 0.5], [0.27, 0.42], 0.0, 1.0)],
        (1, false) => &[Line([0.32, 0.28], [0.55, 0.08]), Line([0.55, 0.08], [0.55, 0.92])],
        (1, true) => &[Line([0.5, 0.08], [0.5, 0.92])],
        (2, _) => &[
            Bow([0.5, 0.32], [0.25, 0.24], 0.5, 1.07),
            Line([0.73, 0.42], [0.25, 0.9]),
            Line([0.25, 0.9], [0.78, 0.9]),
        ],
        (3, _) => &[Bow([0.47, 0.29], [0.24, 0.2], 0.58, 1.25), Bow([0.47, 0.7], [0.28, 0.22], 0.75, 1.42)],
        (4, false) => {
            &[Line([0.55, 0.08], [0.2, 0.6]), Line([0.2, 0.6], [0.82, 0.6]), Line([0.62, 0.35], [0.62, 0.93])]
        }
        (4, true) => &[
            Line([0.28, 0.08], [0.24, 0.52]),
            Line([0.24, 0.52], [0.76, 0.52]),
            Line([0.7, 0.1], [0.7, 0.93]),
        ],
        (5, _) => &[
            Line([0.74, 0.09], [0.32, 0.09]),
            Line([0.32, 0.09], [0.29, 0.46]),
            Bow([0.48, 0.66], [0.27, 0.25], 0.63, 1.43),
        ],
        (6, _) => &[Bow([0.72, 0.55], [0.44, 0.46], 0.5, 0.73), Bow([0.5, 0.67], [0.24, 0.24], 0.0, 1.0)],
        (7, false) => &[Line([0.22, 0.1], [0.78, 0.1]), Line([0.78, 0.1], [0.42, 0.92])],
        (7, true) => {
            &[Line([0.22, 0.1], [0.78, 0.1]), Line([0.78, 0.1], [0.42, 0.92]), Line([0.38, 0.5], [0.74, 0.5])]
        }
        (8, _) => &[Bow([0.5, 0.29], [0.2, 0.2], 0.0, 1.0), Bow([0.5, 0.7], [0.25, 0.22], 0.0, 1.0)],
        _ => &[Bow([0.5, 0.32], [0.24, 0.24], 0.0, 1.0), Line([0.74, 0.34], [0.64, 0.92])],
    }
}

/// How somebody writes.
struct Writer {
    /// Shift to the right for each unit upwards.
    slant: f64,
    /// Half of the pen's width, in pixels.
    pen: f64,
    width: f64,
    variant: bool,
}

impl Writer {
    fn of(seed: u64, number: usize) -> Self {
        let mut random = maker_random(seed, number);
        Self {
            slant: random.between(-0.1, 0.35),
            pen: random.between(0.8, 1.6),
            width: random.between(0.8, 1.1),
            variant: random.unit() < 0.5,
        }
    }
}

pub(super) fn generate(seed: u64, count: usize) -> Dataset {
    let writers: Vec<Writer> = (0..WRITERS.len()).map(|number| Writer::of(seed, number)).collect();
    let stream = Stream {
        name: "picture".to_owned(),
        kind: StreamKind::Pictures,
        channels: vec!["grey".to_owned()],
        rate_hz: None,
    };
    by_makers(seed, &CLASSES, "writer", &WRITERS, count, vec![stream], |class, writer, random| {
        vec![Content::Picture(digit(class, &writers[writer], random))]
    })
}

/// Points along a stroke, near enough to each other to look like a line.
fn points(stroke: Stroke) -> Vec<Point> {
    const PIECES: usize = 12;
    let place = |piece: usize| piece as f64 / PIECES as f64;
    let point = |piece: usize| match stroke {
        Line(from, to) => std::array::from_fn(|axis| from[axis] + (to[axis] - from[axis]) * place(piece)),
        Bow(centre, radii, from, to) => {
            let angle = 2.0 * PI * (from + (to - from) * place(piece));
            [centre[0] + radii[0] * libm::cos(angle), centre[1] + radii[1] * libm::sin(angle)]
        }
    };
    (0..=PIECES).map(point).collect()
}

fn digit(class: usize, writer: &Writer, random: &mut Random) -> Picture {
    let slant = writer.slant + 0.08 * random.normal();
    let turn = 0.06 * random.normal();
    let scale = [writer.width * random.between(0.85, 1.1), random.between(0.88, 1.08)];
    let shift = [1.2 * random.normal(), 1.0 * random.normal()];
    let pen = writer.pen * random.between(0.85, 1.2);
    // A slow wobble bends strokes without breaking them.
    let wobble =
        [0; 2].map(|_| (random.between(0.0, 0.035), random.between(1.5, 4.0), random.between(0.0, 6.0)));
    let place = |point: Point| -> Point {
        let bent: Point = std::array::from_fn(|axis| {
            let (size, turns, start) = wobble[axis];
            point[axis] - 0.5 + size * libm::sin(turns * (point[0] + 2.0 * point[1]) + start)
        });
        let [x, y] = [(bent[0] - slant * bent[1]) * scale[0], bent[1] * scale[1]];
        let (sine, cosine) = (libm::sin(turn), libm::cos(turn));
        // The digit is 20 pixels high, in the middle.
        [13.5 + 20.0 * (x * cosine - y * sine) + shift[0], 13.5 + 20.0 * (x * sine + y * cosine) + shift[1]]
    };
    let mut levels = vec![0u8; SIDE * SIDE];
    for stroke in strokes(class, writer.variant) {
        let points: Vec<Point> = points(*stroke).into_iter().map(place).collect();
        points.windows(2).for_each(|piece| draw(piece[0], piece[1], pen, &mut levels));
    }
    Picture {
        height: SIDE,
        width: SIDE,
        channels: 1,
        levels: Shared::piece(&Arc::from(levels), 0..SIDE * SIDE),
    }
}

/// Draws a straight piece with round ends; edges fade over a pixel.
fn draw(from: Point, to: Point, pen: f64, levels: &mut [u8]) {
    let reach = pen + 1.0;
    let range = |axis: usize| {
        let (low, high) = (from[axis].min(to[axis]) - reach, from[axis].max(to[axis]) + reach);
        (low.max(0.0) as usize)..(high.clamp(0.0, (SIDE - 1) as f64) as usize + 1).min(SIDE)
    };
    let along: Point = [to[0] - from[0], to[1] - from[1]];
    let length = along[0] * along[0] + along[1] * along[1];
    for row in range(1) {
        for column in range(0) {
            let offset = [column as f64 - from[0], row as f64 - from[1]];
            let share = if length > 0.0 {
                ((offset[0] * along[0] + offset[1] * along[1]) / length).clamp(0.0, 1.0)
            } else {
                0.0
            };
            let away = [offset[0] - share * along[0], offset[1] - share * along[1]];
            let distance = libm::sqrt(away[0] * away[0] + away[1] * away[1]);
            let ink = (pen + 0.5 - distance).clamp(0.0, 1.0) * 255.0;
            let level = &mut levels[row * SIDE + column];
            *level = (*level).max(ink as u8);
        }
    }
}
