//! A chart on the screen, through egui_plot.

use egui::{Align2, Color32, Pos2, Rect, Response, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};
use egui_plot::{FilledArea, GridMark, LineStyle, Plot, PlotBounds, PlotPoints};

use super::chart::{Axis, Chart, Dash};
use super::labels::{PointLabel, along_lines, beside_points, leader};
use super::outline::text_width;
use super::picture::{Mark, Style};
use super::screen::paint;
use crate::theme::{Theme, font_id, with_alpha};

/// Room around the field of a chart, in points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Margins {
    /// For what stands at the marks of the upward axis, and its label.
    pub left: f32,
    /// Above.
    pub top: f32,
    /// At the right.
    pub right: f32,
    /// For what stands at the marks of the other axis, and its label.
    pub bottom: f32,
}

impl Margins {
    /// With labels at both axes.
    pub const LABELLED: Self = Self { left: 62.0, top: 10.0, right: 14.0, bottom: 38.0 };

    /// The field within a rectangle.
    pub fn field(self, rect: Rect) -> Rect {
        let min = rect.min + vec2(self.left, self.top);
        Rect::from_min_max(min, (rect.max - vec2(self.right, self.bottom)).max(min + vec2(1.0, 1.0)))
    }
}

/// What a chart on the screen gives back.
pub struct Plotted {
    /// The field, which senses clicks and drags.
    pub response: Response,
    /// Where the field lies.
    pub field: Rect,
}

impl Plotted {
    /// The place along an axis at a point of the screen.
    pub fn place(&self, chart: &Chart, at: Pos2) -> [f64; 2] {
        let across = f64::from((at.x - self.field.left()) / self.field.width());
        let up = f64::from((self.field.bottom() - at.y) / self.field.height());
        [chart.x.at(across), chart.y.at(up)]
    }

    /// The point of the screen at a place.
    pub fn point(&self, chart: &Chart, at: [f64; 2]) -> Pos2 {
        let across = self.field.width() * chart.x.share(at[0]) as f32;
        let up = self.field.height() * chart.y.share(at[1]) as f32;
        pos2(self.field.left() + across, self.field.bottom() - up)
    }
}

/// Draws a chart over `rect`; `spoken` is what assistive tools say.
pub fn plot_ui(
    ui: &mut Ui,
    theme: &Theme,
    rect: Rect,
    margins: Margins,
    chart: &Chart,
    spoken: &str,
) -> Plotted {
    let field = margins.field(rect);
    let mut part = ui.new_child(egui::UiBuilder::new().max_rect(field).id_salt(&chart.title));
    part.visuals_mut().extreme_bg_color = theme.plot.background;
    part.visuals_mut().widgets.noninteractive.bg_stroke = Stroke::new(1.0, theme.line.subtle);
    let grid = |axis: &Axis| -> Vec<GridMark> {
        // A step this large is never too fine to be drawn in full.
        let step_size = 1e3 * (axis.range.1 - axis.range.0);
        axis.marks.iter().map(|(value, _)| GridMark { value: *value, step_size }).collect()
    };
    let (x_marks, y_marks) = (grid(&chart.x), grid(&chart.y));
    let bounds =
        PlotBounds::from_min_max([chart.x.range.0, chart.y.range.0], [chart.x.range.1, chart.y.range.1]);
    let shown = Plot::new("field")
        .width(field.width())
        .height(field.height())
        .show_axes(false)
        .show_x(false)
        .show_y(false)
        .auto_bounds(false)
        .allow_zoom(false)
        .allow_drag(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .allow_axis_zoom_drag(false)
        .allow_double_click_reset(false)
        .cursor_color(Color32::TRANSPARENT)
        .grid_color(theme.plot.grid)
        .x_grid_spacer(move |_| x_marks.clone())
        .y_grid_spacer(move |_| y_marks.clone())
        .sense(Sense::click_and_drag())
        .show(&mut part, |plot| {
            plot.set_plot_bounds(bounds);
            for (number, area) in chart.areas.iter().enumerate() {
                let column = |index: usize| area.points.iter().map(|point| point[index]).collect::<Vec<_>>();
                let name = format!("area {number}");
                plot.add(FilledArea::new(name, &column(0), &column(1), &column(2)).fill_color(area.colour));
            }
            for (number, line) in chart.lines.iter().enumerate() {
                let style = match line.dash {
                    Dash::Solid => LineStyle::Solid,
                    Dash::Dashed => LineStyle::Dashed { length: 5.0 },
                    Dash::Dotted => LineStyle::Dotted { spacing: 4.0 },
                };
                let points = PlotPoints::from(line.points.clone());
                let item = egui_plot::Line::new(line.name.clone(), points).id(number);
                plot.line(item.color(line.colour).width(line.width).style(style).allow_hover(false));
            }
        });
    let plotted = Plotted { response: shown.response, field };
    plotted.response.widget_info(|| WidgetInfo::labeled(Role::Image, true, spoken));
    paint(ui.painter(), &axis_marks(theme, rect, field, chart));
    let inside = ui.painter().with_clip_rect(field.intersect(ui.clip_rect()));
    let around = ui.painter().with_clip_rect(field.expand(6.0).intersect(ui.clip_rect()));
    let taken = dots_ui(&around, theme, chart, &plotted);
    paint(&inside, &level_marks(chart, &plotted, &taken));
    plotted
}

/// What stands at the axes.
fn axis_marks(theme: &Theme, rect: Rect, field: Rect, chart: &Chart) -> Vec<Mark> {
    let quiet = theme.text.text_3;
    let mut marks = Vec::new();
    for (at, text) in &chart.x.marks {
        let x = field.left() + field.width() * chart.x.share(*at) as f32;
        let at = pos2(x, field.bottom() + 6.0);
        marks.push(Mark::text(at, Align2::CENTER_TOP, text, Style::NumberSmall, quiet));
    }
    for (at, text) in &chart.y.marks {
        let y = field.bottom() - field.height() * chart.y.share(*at) as f32;
        let at = pos2(field.left() - 8.0, y);
        marks.push(Mark::text(at, Align2::RIGHT_CENTER, text, Style::NumberSmall, quiet));
    }
    if let Some(right) = &chart.right {
        for (at, text) in &right.marks {
            let y = field.bottom() - field.height() * right.share(*at) as f32;
            marks.push(Mark::line(
                pos2(field.right(), y),
                pos2(field.right() + 4.0, y),
                Stroke::new(1.0, quiet),
            ));
            let at = pos2(field.right() + 8.0, y);
            marks.push(Mark::text(at, Align2::LEFT_CENTER, text, Style::NumberSmall, quiet));
        }
        if !right.label.is_empty() {
            marks.push(Mark::Text {
                at: pos2(rect.right() - 10.0, field.center().y),
                anchor: Align2::CENTER_CENTER,
                text: right.label.clone(),
                style: Style::Small,
                colour: quiet,
                upwards: true,
            });
        }
    }
    if !chart.x.label.is_empty() {
        let at = pos2(field.center().x, rect.bottom() - 2.0);
        marks.push(Mark::text(at, Align2::CENTER_BOTTOM, &chart.x.label, Style::Small, quiet));
    }
    if !chart.y.label.is_empty() {
        marks.push(Mark::Text {
            at: pos2(rect.left() + 12.0, field.center().y),
            anchor: Align2::CENTER_CENTER,
            text: chart.y.label.clone(),
            style: Style::Small,
            colour: quiet,
            upwards: true,
        });
    }
    marks
}

/// Levels with their texts, where no other text is.
fn level_marks(chart: &Chart, plotted: &Plotted, taken: &[Rect]) -> Vec<Mark> {
    let field = plotted.field;
    let mut marks = Vec::new();
    let height = |at: f64| plotted.point(chart, [chart.x.range.0, at]).y;
    let size = |text: &str| vec2(text_width(text, Style::Small), 14.0);
    let lines: Vec<_> = chart.levels.iter().map(|level| (height(level.at), size(&level.text))).collect();
    for (level, place) in chart.levels.iter().zip(along_lines(&lines, taken, field)) {
        let y = height(level.at);
        let stroke = Stroke::new(1.0, level.colour);
        let dash = Some((2.0, 4.0));
        marks.push(Mark::Line { from: pos2(field.left(), y), to: pos2(field.right(), y), stroke, dash });
        if let Some(place) = place {
            let anchor = Align2::LEFT_CENTER;
            marks.push(Mark::text(place.left_center(), anchor, &level.text, Style::Small, level.colour));
        }
    }
    marks
}

/// Draws dots; gives back where their texts are.
fn dots_ui(painter: &egui::Painter, theme: &Theme, chart: &Chart, plotted: &Plotted) -> Vec<Rect> {
    let dots = chart.dots.iter().map(|dot| (dot, plotted.point(chart, dot.at)));
    let dots: Vec<_> = dots.filter(|(_, at)| plotted.field.expand(1.0).contains(*at)).collect();
    let galleys: Vec<_> = dots
        .iter()
        .map(|(dot, _)| painter.layout_no_wrap(dot.text.clone(), font_id::number_small(), dot.colour))
        .collect();
    let labels: Vec<PointLabel> = dots
        .iter()
        .zip(&galleys)
        .map(|((dot, at), galley)| PointLabel { at: *at, radius: dot.radius, size: galley.size() })
        .collect();
    let places = beside_points(&labels, &[], plotted.field);
    for (((dot, at), galley), (label, place)) in dots.into_iter().zip(galleys).zip(labels.iter().zip(&places))
    {
        if dot.ring {
            painter.circle(at, dot.radius, theme.plot.background, Stroke::new(2.0, dot.colour));
        } else {
            painter.circle_filled(at, dot.radius, dot.colour);
        }
        let Some(place) = place else { continue };
        if let Some((from, to)) = leader(label, *place) {
            painter.line_segment([from, to], Stroke::new(1.0, with_alpha(dot.colour, 0.5)));
        }
        painter.rect_filled(place.expand(2.0), 2.0, with_alpha(theme.plot.background, 0.7));
        painter.galley(place.min, galley, dot.colour);
    }
    places.into_iter().flatten().collect()
}
