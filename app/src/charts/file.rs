//! Charts in files, through plotters: SVG whose text stays text, and PNG.
//!
//! plotters draws shapes at whole numbers, so it draws [`FINER`] times as large as the picture is. Text is written by the
//! writer of our own pictures, in the faces of the app: as text in SVG, as outlines for PNG, which look the same everywhere.

use std::cell::RefCell;

use egui::{Align2, Color32, Rect, pos2, vec2};
use plotters::backend::{DrawingBackend, SVGBackend};
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea as _};
use plotters::element::{Circle, PathElement, Polygon, Rectangle};
use plotters::style::{Color as _, RGBAColor, ShapeStyle};

use super::chart::{Axis, Chart, Dash, Dot, Grid, LegendEntry, clipped};
use super::labels::{PointLabel, along_lines, apart, beside_points, leader};
use super::outline::text_width;
use super::picture::{Mark, Style};
use super::png::png_from_svg;
use super::svg::{TextAs, text_elements};
use crate::theme::{Theme, format};

/// Units of plotters in a point.
const FINER: u32 = 20;

/// Something that can be written into a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Figure {
    /// Lines over two axes.
    Chart(Chart),
    /// Counts in a square.
    Grid(Grid),
}

/// Why a figure could not be drawn.
#[derive(Debug, thiserror::Error)]
#[error("the picture cannot be drawn: {0}")]
pub struct FigureError(String);

/// The figure as SVG, `size` in points, in the colours of a theme.
///
/// # Errors
/// The writer refuses; its words.
pub fn svg_from_figure(figure: &Figure, size: [u32; 2], theme: &Theme) -> Result<String, FigureError> {
    document(figure, size, theme, TextAs::Text)
}

/// The figure as PNG, `size` in points with `scale` pixels each, in the colours of a theme.
///
/// # Errors
/// The picture is too large, or the writer refuses; in words.
pub fn png_from_figure(
    figure: &Figure,
    size: [u32; 2],
    scale: f32,
    theme: &Theme,
) -> Result<Vec<u8>, FigureError> {
    let svg = document(figure, size, theme, TextAs::Outlines)?;
    let size = egui::vec2(size[0] as f32, size[1] as f32);
    png_from_svg(&svg, size, scale).map_err(|error| FigureError(error.to_string()))
}

fn document(figure: &Figure, size: [u32; 2], theme: &Theme, text_as: TextAs) -> Result<String, FigureError> {
    let mut svg = String::new();
    let texts = {
        let fine = size.map(|points| points * FINER);
        let area = SVGBackend::with_string(&mut svg, (fine[0], fine[1])).into_drawing_area();
        let sheet = Sheet { area: &area, theme, texts: RefCell::default() };
        draw(figure, &sheet).map_err(FigureError)?;
        area.present().map_err(|error| FigureError(error.to_string()))?;
        sheet.texts.take()
    };
    let foreign = || FigureError("the writer gave something else than a picture".to_owned());
    let (_, rest) = svg.split_once("<svg").and_then(|(_, rest)| rest.split_once('>')).ok_or_else(foreign)?;
    let (shapes, _) = rest.rsplit_once("</svg>").ok_or_else(foreign)?;
    let [width, height] = size;
    Ok(format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">
<g transform="scale({})" stroke-linejoin="round">{shapes}</g>
{}</svg>
"#,
        1.0 / f64::from(FINER),
        text_elements(&texts, text_as)
    ))
}

/// What is drawn on, in points.
struct Sheet<'a, B: DrawingBackend> {
    area: &'a DrawingArea<B, Shift>,
    theme: &'a Theme,
    texts: RefCell<Vec<Mark>>,
}

/// A rectangle in points.
#[derive(Clone, Copy)]
struct Field {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

/// Room around the field: what stands at the axes, and the head above.
const LEFT: f64 = 76.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 56.0;
const BOTTOM: f64 = 52.0;

type Drawn = Result<(), String>;

fn draw<B: DrawingBackend>(figure: &Figure, sheet: &Sheet<'_, B>) -> Drawn {
    sheet.area.fill(&solid(sheet.theme.surface.panel)).map_err(|error| error.to_string())?;
    match figure {
        Figure::Chart(chart) => draw_chart(chart, sheet),
        Figure::Grid(grid) => draw_grid(grid, sheet),
    }
}

fn draw_chart<B: DrawingBackend>(chart: &Chart, sheet: &Sheet<'_, B>) -> Drawn {
    let theme = sheet.theme;
    let [width, height] = sheet.size();
    let at_right = if chart.right.is_some() { LEFT } else { RIGHT };
    let field = Field { left: LEFT, top: TOP, right: width - at_right, bottom: height - BOTTOM };
    sheet.rectangle(field, theme.plot.background, None)?;
    let quiet = theme.text.text_3;
    let spans = chart.x.marks.iter().map(|(at, text)| {
        let (x, half) = (field.x(&chart.x, *at) as f32, text_width(text, Style::NumberSmall) / 2.0);
        (x - half, x + half)
    });
    for ((at, text), is_shown) in chart.x.marks.iter().zip(apart(&spans.collect::<Vec<_>>(), 6.0)) {
        let x = field.x(&chart.x, *at);
        sheet.line(&[[x, field.top], [x, field.bottom]], theme.plot.grid, 1.0)?;
        if is_shown {
            sheet.text(text, [x, field.bottom + 8.0], Align2::CENTER_TOP, Style::NumberSmall, quiet);
        }
    }
    let spans = chart.y.marks.iter().map(|(at, _)| {
        let y = field.y(&chart.y, *at) as f32;
        (y - TEXT / 2.0, y + TEXT / 2.0)
    });
    for ((at, text), is_shown) in chart.y.marks.iter().zip(apart(&spans.collect::<Vec<_>>(), 0.0)) {
        let y = field.y(&chart.y, *at);
        sheet.line(&[[field.left, y], [field.right, y]], theme.plot.grid, 1.0)?;
        if is_shown {
            sheet.text(text, [field.left - 8.0, y], Align2::RIGHT_CENTER, Style::NumberSmall, quiet);
        }
    }
    if let Some(right) = &chart.right {
        for (at, text) in &right.marks {
            let y = field.bottom - (field.bottom - field.top) * right.share(*at);
            sheet.line(&[[field.right, y], [field.right + 4.0, y]], quiet, 1.0)?;
            sheet.text(text, [field.right + 8.0, y], Align2::LEFT_CENTER, Style::NumberSmall, quiet);
        }
        sheet.upwards(&right.label, [width - 16.0, (field.top + field.bottom) / 2.0]);
    }
    for area in &chart.areas {
        let upper =
            area.points.iter().map(|point| [field.x(&chart.x, point[0]), field.y(&chart.y, point[2])]);
        let lower =
            area.points.iter().rev().map(|point| [field.x(&chart.x, point[0]), field.y(&chart.y, point[1])]);
        let inside = |point: [f64; 2]| {
            [point[0].clamp(field.left, field.right), point[1].clamp(field.top, field.bottom)]
        };
        sheet.polygon(&upper.chain(lower).map(inside).collect::<Vec<_>>(), area.colour)?;
    }
    let Texts { dots, labels, levels } = Texts::new(chart, field);
    let taken: Vec<Rect> = levels.iter().flatten().copied().collect();
    let places = beside_points(&labels, &taken, field.rect());
    for (level, place) in chart.levels.iter().zip(levels) {
        let y = field.y(&chart.y, level.at);
        if (field.top..=field.bottom).contains(&y) {
            sheet.dashed(&[[field.left, y], [field.right, y]], level.colour, 1.0, (2.0, 4.0))?;
            sheet.text_in(&level.text, place, Style::Small, level.colour);
        }
    }
    for line in &chart.lines {
        for part in clipped(&line.points, chart.x.range, chart.y.range) {
            let points: Vec<[f64; 2]> =
                part.iter().map(|point| [field.x(&chart.x, point[0]), field.y(&chart.y, point[1])]).collect();
            sheet.styled(&points, line.colour, f64::from(line.width), line.dash)?;
        }
    }
    for ((dot, label), place) in dots.iter().zip(&labels).zip(places) {
        let at = [f64::from(label.at.x), f64::from(label.at.y)];
        sheet.circle(at, f64::from(dot.radius), dot.colour, dot.ring)?;
        if let Some((from, to)) = place.and_then(|place| leader(label, place)) {
            let ends = [from, to].map(|end| [f64::from(end.x), f64::from(end.y)]);
            sheet.line(&ends, dot.colour.gamma_multiply(0.5), 1.0)?;
        }
        sheet.text_in(&dot.text, place, Style::NumberSmall, dot.colour);
    }
    sheet.outline(field, theme.line.subtle)?;
    sheet.axis_labels(field, &chart.x.label, &chart.y.label, height - 12.0);
    sheet.head(&chart.title, &chart.legend, width)
}

/// Height of a line of small text.
const TEXT: f32 = 14.0;

/// What has a text within the field of a chart, and where the texts of levels are.
struct Texts<'c> {
    /// The points within the field.
    dots: Vec<&'c Dot>,
    /// Their texts.
    labels: Vec<PointLabel>,
    /// Places for the texts of all levels.
    levels: Vec<Option<Rect>>,
}

impl<'c> Texts<'c> {
    fn new(chart: &'c Chart, field: Field) -> Self {
        let place = |dot: &Dot| [field.x(&chart.x, dot.at[0]), field.y(&chart.y, dot.at[1])];
        let dots: Vec<&Dot> = chart.dots.iter().filter(|dot| field.contains(place(dot))).collect();
        let label = |dot: &&Dot| {
            let [x, y] = place(dot).map(|at| at as f32);
            let size = vec2(text_width(&dot.text, Style::NumberSmall), TEXT);
            PointLabel { at: pos2(x, y), radius: dot.radius, size }
        };
        let labels: Vec<PointLabel> = dots.iter().map(label).collect();
        let points: Vec<Rect> = labels
            .iter()
            .map(|label| Rect::from_center_size(label.at, egui::Vec2::splat(2.0 * label.radius)))
            .collect();
        let lines: Vec<(f32, egui::Vec2)> = chart
            .levels
            .iter()
            .map(|level| {
                let y = field.y(&chart.y, level.at) as f32;
                (y, vec2(text_width(&level.text, Style::Small), TEXT))
            })
            .collect();
        let levels = along_lines(&lines, &points, field.rect());
        Self { dots, labels, levels }
    }
}

fn draw_grid<B: DrawingBackend>(grid: &Grid, sheet: &Sheet<'_, B>) -> Drawn {
    let theme = sheet.theme;
    let [width, height] = sheet.size();
    let n = grid.labels.len().max(1) as f64;
    let longest = grid.labels.iter().map(|label| label.chars().count()).max().unwrap_or(0).min(14) as f64;
    let left = 44.0 + 7.0 * longest;
    let field = Field { left, top: TOP + 28.0, right: width - 76.0, bottom: height - 24.0 };
    let cell = [(field.right - field.left) / n, (field.bottom - field.top) / n];
    for (row, label) in grid.labels.iter().enumerate() {
        let y = field.top + (row as f64 + 0.5) * cell[1];
        let x = field.left + (row as f64 + 0.5) * cell[0];
        let shown = cut(label, 14);
        sheet.text(
            &shown,
            [field.left - 8.0, y],
            Align2::RIGHT_CENTER,
            Style::NumberSmall,
            theme.text.text_3,
        );
        let fits = cut_to(label, Style::NumberSmall, cell[0] as f32 - 4.0);
        sheet.text(&fits, [x, field.top - 6.0], Align2::CENTER_BOTTOM, Style::NumberSmall, theme.text.text_3);
        let share = grid.share(row).map_or_else(|| format::UNKNOWN.to_owned(), format::percent_share);
        let at = [width - 12.0, y];
        sheet.text(&share, at, Align2::RIGHT_CENTER, Style::NumberSmall, theme.text.text_2);
        for (column, count) in grid.counts.get(row).into_iter().flatten().enumerate() {
            let corner = [field.left + column as f64 * cell[0], field.top + row as f64 * cell[1]];
            let inner = Field {
                left: corner[0] + 0.5,
                top: corner[1] + 0.5,
                right: corner[0] + cell[0] - 0.5,
                bottom: corner[1] + cell[1] - 0.5,
            };
            let look = CellLook::new(theme, grid, row, column);
            sheet.rectangle(inner, look.fill, look.outline)?;
            if *count > 0 && cell[0] >= 14.0 && cell[1] >= 12.0 {
                let middle = [(inner.left + inner.right) / 2.0, (inner.top + inner.bottom) / 2.0];
                let text = format::count(*count);
                sheet.text(&text, middle, Align2::CENTER_CENTER, Style::NumberSmall, look.text);
            }
        }
    }
    let recall = [width - 12.0, field.top - 6.0];
    sheet.text("recall", recall, Align2::RIGHT_BOTTOM, Style::Small, theme.text.text_3);
    let middle = [(field.left + field.right) / 2.0, field.top - 24.0];
    sheet.text(&grid.columns, middle, Align2::CENTER_BOTTOM, Style::Small, theme.text.text_3);
    sheet.upwards(&grid.rows, [14.0, (field.top + field.bottom) / 2.0]);
    sheet.head(&grid.title, &[], width)
}

/// How a cell of a grid looks, here and on the screen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CellLook {
    /// Inside.
    pub fill: Color32,
    /// Around it.
    pub outline: Option<Color32>,
    /// The count.
    pub text: Color32,
}

impl CellLook {
    /// What was right is coloured by its share of the row, what was wrong is outlined, and nothing is empty.
    pub fn new(theme: &Theme, grid: &Grid, row: usize, column: usize) -> Self {
        let counts = grid.counts.get(row);
        let count = counts.and_then(|counts| counts.get(column)).copied().unwrap_or(0);
        if count == 0 {
            let outline = Some(theme.plot.grid);
            return Self { fill: theme.plot.background, outline, text: theme.text.text_3 };
        }
        if row != column {
            let status = theme.status;
            return Self { fill: status.over_soft, outline: Some(status.over), text: status.over };
        }
        let share = grid.share(row).unwrap_or(0.0) as f32;
        let fill = theme.sequential(0.2 + 0.55 * share);
        Self { fill, outline: None, text: theme.readable_on(fill) }
    }
}

impl Field {
    fn x(self, axis: &Axis, at: f64) -> f64 {
        self.left + (self.right - self.left) * axis.share(at)
    }

    fn y(self, axis: &Axis, at: f64) -> f64 {
        self.bottom - (self.bottom - self.top) * axis.share(at)
    }

    fn rect(self) -> Rect {
        let Self { left, top, right, bottom } = self;
        Rect::from_min_max(pos2(left as f32, top as f32), pos2(right as f32, bottom as f32))
    }

    fn contains(self, at: [f64; 2]) -> bool {
        (self.left..=self.right).contains(&at[0]) && (self.top..=self.bottom).contains(&at[1])
    }
}

impl<B: DrawingBackend> Sheet<'_, B> {
    fn size(&self) -> [f64; 2] {
        let (width, height) = self.area.dim_in_pixel();
        [width, height].map(|units| f64::from(units) / f64::from(FINER))
    }

    fn pixel(&self, at: [f64; 2]) -> (i32, i32) {
        let units = |points: f64| (points * f64::from(FINER)).round() as i32;
        (units(at[0]), units(at[1]))
    }

    fn rectangle(&self, field: Field, fill: Color32, outline: Option<Color32>) -> Drawn {
        let corners = [self.pixel([field.left, field.top]), self.pixel([field.right, field.bottom])];
        self.draw(Rectangle::new(corners, solid(fill).filled()))?;
        match outline {
            Some(outline) => self.outline(field, outline),
            None => Ok(()),
        }
    }

    /// plotters gives outlines of rectangles no width: they are lines here.
    fn outline(&self, Field { left, top, right, bottom }: Field, colour: Color32) -> Drawn {
        let inset = 0.5;
        let (left, top, right, bottom) = (left + inset, top + inset, right - inset, bottom - inset);
        // Half a line longer, so that the last corner is whole.
        let start = [left - inset, top];
        self.line(&[start, [right, top], [right, bottom], [left, bottom], [left, top]], colour, 1.0)
    }

    fn polygon(&self, points: &[[f64; 2]], fill: Color32) -> Drawn {
        let points: Vec<(i32, i32)> = points.iter().map(|point| self.pixel(*point)).collect();
        self.draw(Polygon::new(points, solid(fill)))
    }

    fn line(&self, points: &[[f64; 2]], colour: Color32, width: f64) -> Drawn {
        let points: Vec<(i32, i32)> = points.iter().map(|point| self.pixel(*point)).collect();
        self.draw(PathElement::new(points, self.stroke(colour, width)))
    }

    /// A line of dashes `on` long with gaps of `off`.
    fn dashed(&self, points: &[[f64; 2]], colour: Color32, width: f64, (on, off): (f64, f64)) -> Drawn {
        for dash in dashes(points, on, off) {
            self.line(&dash, colour, width)?;
        }
        Ok(())
    }

    fn styled(&self, points: &[[f64; 2]], colour: Color32, width: f64, dash: Dash) -> Drawn {
        match dash {
            Dash::Solid => self.line(points, colour, width),
            Dash::Dashed => self.dashed(points, colour, width, (5.0, 3.0)),
            Dash::Dotted => self.dashed(points, colour, width, (1.5, 2.5)),
        }
    }

    fn circle(&self, at: [f64; 2], radius: f64, colour: Color32, ring: bool) -> Drawn {
        let at = self.pixel(at);
        let disc = |radius: f64, colour: Color32| {
            let radius = (radius * f64::from(FINER)).round() as i32;
            self.draw(Circle::new(at, radius, solid(colour).filled()))
        };
        if !ring {
            return disc(radius, colour);
        }
        disc(radius + 1.0, colour)?;
        disc(radius - 1.0, self.theme.plot.background)
    }

    fn text(&self, text: &str, at: [f64; 2], anchor: Align2, style: Style, colour: Color32) {
        let at = pos2(at[0] as f32, at[1] as f32);
        self.texts.borrow_mut().push(Mark::text(at, anchor, text, style, colour));
    }

    /// A text in its place, if it has one.
    fn text_in(&self, text: &str, place: Option<Rect>, style: Style, colour: Color32) {
        if let Some(place) = place {
            let at = place.left_center();
            self.text(text, [f64::from(at.x), f64::from(at.y)], Align2::LEFT_CENTER, style, colour);
        }
    }

    /// Words that run upwards, in the middle of `at`.
    fn upwards(&self, text: &str, at: [f64; 2]) {
        self.texts.borrow_mut().push(Mark::Text {
            at: pos2(at[0] as f32, at[1] as f32),
            anchor: Align2::CENTER_CENTER,
            text: text.to_owned(),
            style: Style::Small,
            colour: self.theme.text.text_3,
            upwards: true,
        });
    }

    fn axis_labels(&self, field: Field, x: &str, y: &str, below: f64) {
        let at = [(field.left + field.right) / 2.0, below];
        self.text(x, at, Align2::CENTER_BOTTOM, Style::Small, self.theme.text.text_3);
        self.upwards(y, [16.0, (field.top + field.bottom) / 2.0]);
    }

    /// The title, and what stands for what, from the right end leftwards.
    fn head(&self, title: &str, legend: &[LegendEntry], width: f64) -> Drawn {
        let theme = self.theme;
        let middle = 26.0;
        let mut right = width - RIGHT;
        for entry in legend.iter().rev() {
            let at = [right, middle];
            self.text(&entry.text, at, Align2::RIGHT_CENTER, Style::Small, theme.text.text_2);
            let sample = right - f64::from(text_width(&entry.text, Style::Small)) - 8.0;
            let left = match entry.dash {
                Some(dash) => {
                    self.styled(&[[sample - 18.0, middle], [sample, middle]], entry.colour, 2.0, dash)?;
                    sample - 18.0
                }
                None => {
                    let (top, bottom) = (middle - 4.5, middle + 4.5);
                    let field = Field { left: sample - 9.0, top, right: sample, bottom };
                    self.rectangle(field, entry.colour, None)?;
                    sample - 9.0
                }
            };
            right = left - 16.0;
        }
        let title = cut_to(title, Style::Title, (right - 16.0) as f32);
        self.text(&title, [16.0, middle], Align2::LEFT_CENTER, Style::Title, theme.text.text_1);
        Ok(())
    }

    fn stroke(&self, colour: Color32, width: f64) -> ShapeStyle {
        let width = (width * f64::from(FINER)).round().max(1.0) as u32;
        solid(colour).stroke_width(width)
    }

    fn draw<E>(&self, element: E) -> Drawn
    where
        for<'b> &'b E: plotters::element::PointCollection<'b, (i32, i32)>,
        E: plotters::element::Drawable<B>,
    {
        self.area.draw(&element).map_err(|error| error.to_string())
    }
}

/// A colour with its opacity.
fn solid(colour: Color32) -> RGBAColor {
    let [r, g, b, a] = colour.to_srgba_unmultiplied();
    RGBAColor(r, g, b, f64::from(a) / 255.0)
}

/// A line cut into dashes.
fn dashes(points: &[[f64; 2]], on: f64, off: f64) -> Vec<Vec<[f64; 2]>> {
    let mut dashes: Vec<Vec<[f64; 2]>> = Vec::new();
    let (mut is_on, mut left) = (true, on);
    let mut dash = points.first().map(|first| vec![*first]).unwrap_or_default();
    for pair in points.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let length = (to[0] - from[0]).hypot(to[1] - from[1]);
        let mut done = 0.0;
        while length - done > left {
            done += left;
            let share = done / length;
            let at = [from[0] + share * (to[0] - from[0]), from[1] + share * (to[1] - from[1])];
            if is_on {
                dash.push(at);
                dashes.push(std::mem::take(&mut dash));
            } else {
                dash = vec![at];
            }
            is_on = !is_on;
            left = if is_on { on } else { off };
        }
        left -= length - done;
        if is_on {
            dash.push(to);
        }
    }
    if is_on && dash.len() > 1 {
        dashes.push(dash);
    }
    dashes
}

/// As much of a text as fits into a width, with an ellipsis where it is longer.
fn cut_to(text: &str, style: Style, width: f32) -> String {
    let most = text.chars().count();
    let fits = (1..=most).rev().map(|count| cut(text, count)).find(|cut| text_width(cut, style) <= width);
    fits.unwrap_or_default()
}

/// The first characters of a text, with an ellipsis where it is longer.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use resvg::tiny_skia::Pixmap;

    use super::*;
    use crate::charts::chart::{Area, Level, Line};

    fn axis(label: &str, low: f64, high: f64) -> Axis {
        let marks = vec![(low, format!("{label} low")), (high, format!("{label} high"))];
        Axis { label: label.to_owned(), range: (low, high), marks }
    }

    fn chart(theme: &Theme) -> Figure {
        let line = |name: &str, dash| Line {
            name: name.to_owned(),
            points: vec![[0.0, 0.0], [5.0, 20.0], [10.0, 1.0]],
            colour: theme.series[0],
            width: 2.0,
            dash,
        };
        Figure::Chart(Chart {
            title: "Loss <of> digits".to_owned(),
            x: axis("Epoch", 0.0, 10.0),
            y: axis("Cross-entropy, log", 0.0, 2.0),
            right: Some(axis("Rate", 3.0, 4.0)),
            areas: vec![Area { points: vec![[0.0, 0.5, 1.0], [10.0, 0.5, 9.0]], colour: theme.series[1] }],
            lines: vec![line("train", Dash::Solid), line("validation", Dash::Dashed)],
            dots: vec![Dot {
                at: [9.0, 1.0],
                colour: theme.series[0],
                radius: 5.0,
                ring: true,
                text: "best 0.129".to_owned(),
            }],
            levels: vec![Level { at: 1.5, text: "goal 97 %".to_owned(), colour: theme.text.text_3 }],
            legend: vec![
                LegendEntry { text: "cosine 64".to_owned(), colour: theme.series[0], dash: None },
                LegendEntry {
                    text: "validation".to_owned(),
                    colour: theme.text.text_2,
                    dash: Some(Dash::Dashed),
                },
            ],
        })
    }

    fn grid() -> Figure {
        Figure::Grid(Grid {
            title: "Test confusion".to_owned(),
            rows: "True".to_owned(),
            columns: "Predicted".to_owned(),
            labels: vec!["zero".to_owned(), "one".to_owned()],
            counts: vec![vec![30, 2], vec![0, 1234]],
        })
    }

    #[test]
    fn svg_has_the_lines_and_their_words_as_text() {
        for theme in [Theme::of(true), Theme::of(false)] {
            let svg = svg_from_figure(&chart(theme), [1200, 640], theme).unwrap();
            let words = [
                "Loss &lt;of&gt; digits",
                "Epoch",
                "Cross-entropy, log",
                "Rate",
                "Rate high",
                "best 0.129",
                "goal 97 %",
                "cosine 64",
            ];
            for word in words {
                assert!(svg.contains(word), "{word} is missing");
            }
            let [r, g, b, _] = theme.series[0].to_array();
            let colour = format!("#{r:02X}{g:02X}{b:02X}");
            let lines = svg.matches("<polyline").filter(|_| svg.contains(&colour)).count();
            // The solid line leaves the field once; the dashed one is many short ones.
            assert!(lines > 20 && svg.contains("Inter, sans-serif"), "{lines} lines");
            assert!(!svg.contains("NaN"));
        }
    }

    #[test]
    fn nothing_is_drawn_outside_of_the_field() {
        let theme = Theme::of(true);
        let svg = svg_from_figure(&chart(theme), [1200, 640], theme).unwrap();
        let points = svg.split("points=\"").skip(1).filter_map(|rest| rest.split('"').next());
        for point in points.flat_map(str::split_whitespace) {
            let (x, y) = point.split_once(',').unwrap();
            let (x, y): (f64, f64) = (x.parse().unwrap(), y.parse().unwrap());
            let (x, y) = (x / f64::from(FINER), y / f64::from(FINER));
            assert!((0.0..=1200.0).contains(&x) && (0.0..=640.0 - BOTTOM + 1.0).contains(&y), "{point}");
        }
    }

    /// Boxes of the texts in an SVG, as wide as the faces make them.
    fn text_boxes(svg: &str) -> Vec<(String, Rect)> {
        let attribute = |element: &str, name: &str| {
            let (_, rest) = element.split_once(&format!(" {name}=\"")).expect("it has the attribute");
            rest.split('"').next().unwrap_or_default().to_owned()
        };
        let elements = svg.split("<text").skip(1).filter(|element| !element.contains("rotate("));
        let boxes = elements.map(|element| {
            let (head, rest) = element.split_once('>').expect("a whole element");
            let text = rest.split("</text>").next().unwrap_or_default().to_owned();
            let [x, y] = ["x", "y"].map(|name| attribute(head, name).parse::<f32>().expect("a number"));
            let is_title = attribute(head, "font-size").parse() == Ok(Style::Title.size());
            let style = match (head.contains("JetBrains"), is_title) {
                (true, _) => Style::NumberSmall,
                (false, true) => Style::Title,
                (false, false) => Style::Small,
            };
            let width = text_width(&text, style);
            let left = match head.contains("text-anchor") {
                true if head.contains("\"middle\"") => x - width / 2.0,
                true if head.contains("\"end\"") => x - width,
                _ => x,
            };
            (text, Rect::from_min_size(pos2(left, y - 9.0), vec2(width, 10.0)))
        });
        boxes.collect()
    }

    #[test]
    fn no_text_of_a_chart_lies_on_another() {
        let theme = Theme::of(true);
        let Figure::Chart(mut crowded) = chart(theme) else { panic!("a chart") };
        // Points close together, levels close together, marks close together, and a title that reaches the legend.
        crowded.dots = (0..10)
            .map(|index| Dot {
                at: [5.0 + 0.01 * f64::from(index), 1.0 + 0.005 * f64::from(index)],
                colour: theme.series[0],
                radius: 4.0,
                ring: false,
                text: format!("int8-per-tensor-{index}"),
            })
            .collect();
        crowded.levels = [1.0, 1.01, 1.02]
            .map(|at| Level { at, text: format!("goal {at}"), colour: theme.text.text_3 })
            .to_vec();
        crowded.x.marks = (0..200).map(|index| (f64::from(index) * 0.05, format!("mark {index}"))).collect();
        crowded.y.marks = (0..200).map(|index| (f64::from(index) * 0.01, format!("{index}"))).collect();
        crowded.title =
            "A title that says everything there is to say about a chart and goes on and on ".repeat(2);
        let svg = svg_from_figure(&Figure::Chart(crowded), [900, 480], theme).unwrap();
        let boxes = text_boxes(&svg);
        assert!(
            boxes.iter().filter(|(text, _)| text.starts_with("int8-per-tensor")).count() >= 9,
            "{boxes:?}"
        );
        assert!(boxes.iter().filter(|(text, _)| text.starts_with("goal")).count() == 3, "{boxes:?}");
        for (index, (text, place)) in boxes.iter().enumerate() {
            for (other, taken) in &boxes[..index] {
                assert!(!place.shrink(0.5).intersects(taken.shrink(0.5)), "“{text}” lies on “{other}”");
            }
        }
    }

    #[test]
    fn a_grid_shows_its_counts() {
        let theme = Theme::of(false);
        let svg = svg_from_figure(&grid(), [640, 480], theme).unwrap();
        for word in [">1,234<", ">30<", ">2<", "93.8 %", "100.0 %", "Predicted", "zero"] {
            assert!(svg.contains(word), "{word} is missing");
        }
    }

    #[test]
    fn pixels_have_the_size_asked_for_and_show_text() {
        let theme = Theme::of(true);
        for figure in [chart(theme), grid()] {
            let png = png_from_figure(&figure, [600, 320], 2.0, theme).unwrap();
            let pixmap = Pixmap::decode_png(&png).unwrap();
            assert_eq!((pixmap.width(), pixmap.height()), (1200, 640));
            let title = theme.text.text_1;
            let found = pixmap
                .pixels()
                .iter()
                .any(|pixel| (pixel.red(), pixel.green(), pixel.blue()) == (title.r(), title.g(), title.b()));
            assert!(found, "no text was drawn");
        }
    }

    #[test]
    fn dashes_go_around_corners() {
        let cut = dashes(&[[0.0, 0.0], [4.0, 0.0], [4.0, 4.0]], 3.0, 2.0);
        assert_eq!(cut, [vec![[0.0, 0.0], [3.0, 0.0]], vec![[4.0, 1.0], [4.0, 4.0]]]);
        assert!(dashes(&[], 3.0, 2.0).is_empty());
    }
}
