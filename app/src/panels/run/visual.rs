//! A tensor as a picture: channels side by side, a heat map, a line, or a histogram.

use std::sync::Arc;

use egui::{
    Color32, ColorImage, Pos2, Rect, Role, Sense, Shape, Stroke, TextureHandle, TextureOptions, Ui,
    WidgetInfo, pos2, vec2,
};

use super::values::{Numbers, element_text, number_text};
use crate::theme::{Theme, font_id};

/// Ways to look at a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Height by width, one tile per channel.
    Grid,
    /// Leading dimensions by the last one.
    HeatMap,
    /// The numbers in memory order.
    Line,
    /// How often numbers occur.
    Histogram,
}

impl Mode {
    /// Every way that a shape allows, the best first.
    pub fn for_shape(shape: &[i32]) -> Vec<Mode> {
        let dims = shape.iter().copied().skip_while(|dim| *dim == 1).collect::<Vec<_>>();
        match dims.as_slice() {
            [h, w, _] if *h > 1 && *w > 1 => vec![Mode::Grid, Mode::HeatMap, Mode::Line, Mode::Histogram],
            [_, rest @ ..] if !rest.is_empty() => vec![Mode::HeatMap, Mode::Line, Mode::Histogram],
            _ => vec![Mode::Line, Mode::Histogram],
        }
    }

    /// The name on the switch.
    pub fn label(self) -> &'static str {
        match self {
            Mode::Grid => "Channels",
            Mode::HeatMap => "Heat map",
            Mode::Line => "Line",
            Mode::Histogram => "Histogram",
        }
    }
}

/// What is drawn: numbers of a tensor, and what they are the numbers of.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// Tells one tensor of one run from another.
    pub key: (usize, u32, u32),
    /// Shape with the batch dimension.
    pub shape: Vec<i32>,
    /// What assistive tools call it.
    pub name: String,
}

/// Draws tensors; keeps the picture while tensor, mode and theme are the same.
#[derive(Default)]
pub struct Looker {
    mode: Option<Mode>,
    kept: Option<Kept>,
}

struct Kept {
    key: ((usize, u32, u32), Mode, bool),
    texture: Option<(TextureHandle, Tiles)>,
}

/// Where the elements of a tensor lie in its picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tiles {
    /// Height and width of one tile, in elements.
    tile: [usize; 2],
    /// Channels; 1 for a heat map.
    channels: usize,
    /// Tiles beside one another.
    columns: usize,
}

/// Elements between the tiles.
const GAP: usize = 1;
/// Tiles that are drawn at most.
const MAX_TILES: usize = 256;
/// Largest side of a picture in pixels.
const MAX_SIDE: usize = 4096;

impl Tiles {
    /// Tiles for a shape; `None` where it has no such picture.
    pub fn new(shape: &[i32], mode: Mode) -> Option<Self> {
        let dims = shape.iter().map(|dim| usize::try_from(*dim).unwrap_or(0)).collect::<Vec<_>>();
        let leading = |n: usize| dims[..dims.len() - n].iter().product::<usize>();
        let tiles = match (mode, dims.as_slice()) {
            (Mode::Grid, [.., h, w, c]) if leading(3) == 1 => {
                let shown = (*c).min(MAX_TILES);
                // About as wide as high.
                let columns = ((shown as f64 * *h as f64 / (*w).max(1) as f64).sqrt().ceil() as usize)
                    .clamp(1, shown.max(1));
                Self { tile: [*h, *w], channels: *c, columns }
            }
            (Mode::HeatMap, [.., last]) => Self { tile: [leading(1), *last], channels: 1, columns: 1 },
            _ => return None,
        };
        if tiles.tile.contains(&0) || tiles.channels == 0 {
            return None;
        }
        let [width, height] = tiles.size();
        let fits = (1..=MAX_SIDE).contains(&width) && (1..=MAX_SIDE).contains(&height);
        fits.then_some(tiles)
    }

    fn shown(&self) -> usize {
        self.channels.min(MAX_TILES)
    }

    /// Width and height of the picture in pixels.
    fn size(&self) -> [usize; 2] {
        let rows = self.shown().div_ceil(self.columns);
        let side = |tile: usize, count: usize| tile * count + GAP * count.saturating_sub(1);
        [side(self.tile[1], self.columns), side(self.tile[0], rows)]
    }

    /// The element at a pixel; `None` between tiles.
    pub fn element_at(&self, x: usize, y: usize) -> Option<usize> {
        let [height, width] = self.tile;
        let (column, row) = (x / (width + GAP), y / (height + GAP));
        let (x, y) = (x % (width + GAP), y % (height + GAP));
        let channel = row * self.columns + column;
        (x < width && y < height && channel < self.shown()).then(|| (y * width + x) * self.channels + channel)
    }

    fn image(&self, numbers: &Numbers, theme: &Theme) -> ColorImage {
        let [width, height] = self.size();
        let (lowest, highest) = numbers.range().unwrap_or((0.0, 0.0));
        let span = if highest > lowest { highest - lowest } else { 1.0 };
        let pixels = (0..width * height).map(|pixel| {
            let element = self.element_at(pixel % width, pixel / width);
            match element.and_then(|element| numbers.real.get(element)) {
                Some(value) if value.is_finite() => theme.sequential(((value - lowest) / span) as f32),
                Some(_) => theme.status.over,
                None => Color32::TRANSPARENT,
            }
        });
        ColorImage::new([width, height], pixels.collect())
    }
}

impl Looker {
    /// The way to look at a shape: what the user chose last, if the shape allows it.
    pub fn mode(&self, shape: &[i32]) -> Mode {
        let modes = Mode::for_shape(shape);
        self.mode.filter(|mode| modes.contains(mode)).unwrap_or(modes[0])
    }

    /// Chooses a way to look.
    pub fn set_mode(&mut self, mode: Mode) {
        self.mode = Some(mode);
    }

    /// Draws the numbers over a rectangle as high as `height` and as wide as there is room.
    pub fn look_ui(&mut self, ui: &mut Ui, theme: &Theme, look: &Look, numbers: &Numbers, height: f32) {
        let mode = self.mode(&look.shape);
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
        response.widget_info(|| {
            WidgetInfo::labeled(Role::Image, true, format!("{} of {}", mode.label(), look.name))
        });
        ui.painter().rect_filled(rect, 4.0, theme.surface.canvas);
        let inner = rect.shrink(6.0);
        let said = match mode {
            Mode::Grid | Mode::HeatMap => {
                self.texture_ui(ui, theme, look, numbers, inner, response.hover_pos())
            }
            Mode::Line => line_ui(ui, theme, look, numbers, inner, response.hover_pos()),
            Mode::Histogram => histogram_ui(ui, theme, numbers, inner, response.hover_pos()),
        };
        if let Some(said) = said {
            response.on_hover_text_at_pointer(said);
        }
    }

    fn texture_ui(
        &mut self,
        ui: &Ui,
        theme: &Theme,
        look: &Look,
        numbers: &Numbers,
        rect: Rect,
        pointer: Option<Pos2>,
    ) -> Option<String> {
        let mode = self.mode(&look.shape);
        let key = (look.key, mode, theme.dark);
        if self.kept.as_ref().is_none_or(|kept| kept.key != key) {
            let texture = Tiles::new(&look.shape, mode).map(|tiles| {
                let image = tiles.image(numbers, theme);
                (ui.ctx().load_texture("tensor", Arc::new(image), TextureOptions::NEAREST), tiles)
            });
            self.kept = Some(Kept { key, texture });
        }
        let Some((texture, tiles)) = self.kept.as_ref().and_then(|kept| kept.texture.as_ref()) else {
            quiet(ui, theme, rect, "Too large for a picture; the line and the histogram show it");
            return None;
        };
        let size = texture.size_vec2();
        let scale = (rect.width() / size.x).min(rect.height() / size.y);
        // Whole pixels per element where there is room for several, so that all are of one size.
        let scale = if scale >= 3.0 { scale.floor() } else { scale };
        let picture = egui::Align2::CENTER_CENTER.align_size_within_rect(size * scale, rect);
        let uv = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
        ui.painter().image(texture.id(), picture, uv, Color32::WHITE);
        let at = (pointer.filter(|pointer| picture.contains(*pointer))? - picture.min) / scale;
        let element = tiles.element_at(at.x as usize, at.y as usize)?;
        Some(element_words(look, numbers, element))
    }
}

fn element_words(look: &Look, numbers: &Numbers, element: usize) -> String {
    let place = element_text(&look.shape, element);
    let real = numbers.real.get(element).map_or_else(String::new, |value| number_text(*value));
    match numbers.stored.get(element).filter(|_| numbers.is_quantized) {
        Some(stored) => format!("{place}  {real}  stored {}", number_text(*stored)),
        None => format!("{place}  {real}"),
    }
}

fn quiet(ui: &Ui, theme: &Theme, rect: Rect, words: &str) {
    let galley = ui.painter().layout(words.to_owned(), font_id::small(), theme.text.text_3, rect.width());
    ui.painter().galley(rect.min, galley, theme.text.text_3);
}

/// Room for the words at the left of a line and below a histogram.
const AXIS: f32 = 14.0;

fn line_ui(
    ui: &Ui,
    theme: &Theme,
    look: &Look,
    numbers: &Numbers,
    rect: Rect,
    pointer: Option<Pos2>,
) -> Option<String> {
    let Some((lowest, highest)) = numbers.range() else {
        quiet(ui, theme, rect, "No finite number in it");
        return None;
    };
    let plot = rect.shrink2(vec2(0.0, AXIS));
    let span = if highest > lowest { highest - lowest } else { 1.0 };
    let n = numbers.real.len();
    let x = |index: usize| plot.left() + plot.width() * (index as f32 + 0.5) / n as f32;
    let y = |value: f64| plot.bottom() - plot.height() * ((value - lowest) / span) as f32;
    let small = font_id::number_small();
    let painter = ui.painter();
    painter.text(
        rect.left_top(),
        egui::Align2::LEFT_TOP,
        number_text(highest),
        small.clone(),
        theme.text.text_3,
    );
    painter.text(
        rect.left_bottom(),
        egui::Align2::LEFT_BOTTOM,
        number_text(lowest),
        small,
        theme.text.text_3,
    );
    if lowest < 0.0 && highest > 0.0 {
        painter.hline(plot.x_range(), y(0.0), Stroke::new(1.0, theme.plot.grid));
    }
    let stroke = Stroke::new(1.5, theme.series[0]);
    let columns = plot.width().max(1.0) as usize;
    if n <= 2 * columns {
        let points = numbers.real.iter().enumerate().filter(|(_, value)| value.is_finite());
        let points = points.map(|(index, value)| pos2(x(index), y(*value))).collect::<Vec<_>>();
        if let [point] = points[..] {
            painter.circle_filled(point, 3.0, theme.series[0]);
        }
        painter.add(Shape::line(points, stroke));
    } else {
        // Two points per column: smallest and largest of what falls into it.
        let chunk = n.div_ceil(columns);
        for (column, values) in numbers.real.chunks(chunk).enumerate() {
            let finite = || values.iter().copied().filter(|value| value.is_finite());
            if let (Some(low), Some(high)) = (finite().reduce(f64::min), finite().reduce(f64::max)) {
                let at = x(column * chunk + chunk / 2).min(plot.right());
                painter.vline(at, y(high) - 0.5..=y(low) + 0.5, Stroke::new(1.0, theme.series[0]));
            }
        }
    }
    let pointer = pointer.filter(|pointer| plot.contains(*pointer))?;
    painter.vline(pointer.x, plot.y_range(), Stroke::new(1.0, theme.plot.crosshair));
    let element = ((pointer.x - plot.left()) / plot.width() * n as f32) as usize;
    Some(element_words(look, numbers, element.min(n - 1)))
}

const BINS: usize = 48;

fn histogram_ui(
    ui: &Ui,
    theme: &Theme,
    numbers: &Numbers,
    rect: Rect,
    pointer: Option<Pos2>,
) -> Option<String> {
    let Some((lowest, highest)) = numbers.range() else {
        quiet(ui, theme, rect, "No finite number in it");
        return None;
    };
    let counts = histogram(&numbers.real, lowest, highest);
    let most = counts.iter().copied().max().unwrap_or(1).max(1);
    let plot = rect.with_max_y(rect.bottom() - AXIS);
    let width = plot.width() / BINS as f32;
    let painter = ui.painter();
    for (bin, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let height = (plot.height() * *count as f32 / most as f32).max(1.0);
        let left = plot.left() + bin as f32 * width;
        let bar = Rect::from_min_max(
            pos2(left, plot.bottom() - height),
            pos2(left + (width - 1.0).max(1.0), plot.bottom()),
        );
        painter.rect_filled(bar, 0.0, theme.series[0]);
    }
    let small = font_id::number_small();
    painter.text(
        rect.left_bottom(),
        egui::Align2::LEFT_BOTTOM,
        number_text(lowest),
        small.clone(),
        theme.text.text_3,
    );
    painter.text(
        rect.right_bottom(),
        egui::Align2::RIGHT_BOTTOM,
        number_text(highest),
        small,
        theme.text.text_3,
    );
    let pointer = pointer.filter(|pointer| plot.contains(*pointer))?;
    let bin = (((pointer.x - plot.left()) / width) as usize).min(BINS - 1);
    let step = (highest - lowest) / BINS as f64;
    let (from, to) = (lowest + step * bin as f64, lowest + step * (bin + 1) as f64);
    Some(format!("{} to {}  {} elements", number_text(from), number_text(to), counts[bin]))
}

/// How many finite values fall into each of the bins from `lowest` to `highest`, both inclusive.
fn histogram(values: &[f64], lowest: f64, highest: f64) -> [usize; BINS] {
    let span = if highest > lowest { highest - lowest } else { 1.0 };
    let mut counts = [0; BINS];
    for value in values.iter().filter(|value| value.is_finite()) {
        let bin = ((value - lowest) / span * BINS as f64) as usize;
        counts[bin.min(BINS - 1)] += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_of_a_grid_has_its_pixel() {
        let tiles = Tiles::new(&[1, 3, 4, 5], Mode::Grid).expect("a picture");
        let [width, height] = tiles.size();
        let mut seen = [0; 60];
        for y in 0..height {
            for x in 0..width {
                if let Some(element) = tiles.element_at(x, y) {
                    seen[element] += 1;
                }
            }
        }
        assert_eq!(seen, [1; 60]);
    }

    #[test]
    fn a_heat_map_is_in_memory_order() {
        let tiles = Tiles::new(&[1, 2, 3], Mode::HeatMap).expect("a picture");
        assert_eq!(tiles.size(), [3, 2]);
        assert_eq!(tiles.element_at(2, 1), Some(5));
        assert_eq!(tiles.element_at(3, 0), None);
    }

    #[test]
    fn shapes_without_a_picture_have_none() {
        for shape in [&[][..], &[0], &[1, 0, 4, 4], &[2, 3, 4, 5], &[1, 100_000], &[-1, 4]] {
            assert_eq!(Tiles::new(shape, Mode::Grid), None, "{shape:?}");
        }
        assert_eq!(Tiles::new(&[1, 100_000], Mode::HeatMap), None);
    }

    #[test]
    fn the_best_way_to_look_comes_first() {
        for (shape, expected) in [
            (&[1, 8, 8, 4][..], Mode::Grid),
            (&[1, 49, 10], Mode::HeatMap),
            (&[1, 10], Mode::Line),
            (&[], Mode::Line),
            (&[1, 1, 1, 12], Mode::Line),
        ] {
            assert_eq!(Mode::for_shape(shape)[0], expected, "{shape:?}");
        }
    }

    #[test]
    fn all_finite_values_are_counted_once() {
        let counts = histogram(&[0.0, 1.0, 0.5, f64::NAN, 1.0], 0.0, 1.0);
        assert_eq!(counts.iter().sum::<usize>(), 4);
        assert_eq!((counts[0], counts[BINS - 1]), (1, 2));
        assert_eq!(histogram(&[3.0; 7], 3.0, 3.0)[0], 7);
    }
}
