//! How the user wants named lines drawn: shown or not, under another name, in another colour, on the axis at the right.

use std::collections::BTreeMap;

use egui::{Color32, CornerRadius, Rect, Role, Sense, Stroke, StrokeKind, TextEdit, Ui, WidgetInfo, vec2};

use crate::board::Series;
use crate::theme::{Theme, text};

/// Lines that are drawn unless the user says otherwise.
const USUAL_LINES: usize = 8;

/// What the user wants of one line.
#[derive(Clone, Debug, Default, PartialEq)]
struct Style {
    /// Drawn or not; the first few are, if nothing was said.
    is_on: Option<bool>,
    /// Another name; empty for the printed one.
    name: String,
    /// Which colour of the series.
    colour: Option<usize>,
    /// On the axis at the right.
    is_right: bool,
}

/// What the user wants of all lines, by their printed names.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    styles: BTreeMap<String, Style>,
}

/// A line that can be drawn.
#[derive(Clone)]
pub struct NamedSeries<'a> {
    /// The name that was printed.
    pub key: String,
    /// Its place among all.
    pub place: usize,
    /// Its numbers.
    pub series: &'a Series,
}

impl Lines {
    /// Whether a line is drawn.
    pub fn is_on(&self, key: &str, place: usize) -> bool {
        self.styles.get(key).and_then(|style| style.is_on).unwrap_or(place < USUAL_LINES)
    }

    /// Draws a line, or leaves it out.
    pub fn set_on(&mut self, key: &str, is_on: bool) {
        self.styles.entry(key.to_owned()).or_default().is_on = Some(is_on);
    }

    /// What a line is called.
    pub fn label<'a>(&'a self, key: &'a str) -> &'a str {
        self.styles.get(key).map(|style| style.name.trim()).filter(|name| !name.is_empty()).unwrap_or(key)
    }

    /// The colour of a line.
    pub fn colour(&self, key: &str, place: usize, theme: &Theme) -> Color32 {
        let chosen = self.styles.get(key).and_then(|style| style.colour);
        theme.series[chosen.unwrap_or(place) % theme.series.len()]
    }

    /// Whether a line belongs to the axis at the right.
    pub fn is_right(&self, key: &str) -> bool {
        self.styles.get(key).is_some_and(|style| style.is_right)
    }

    /// What can be changed of a line; whether something was.
    pub fn menu_ui(&mut self, ui: &mut Ui, line: &NamedSeries<'_>, theme: &Theme) -> bool {
        ui.set_min_width(190.0);
        let mut is_on = self.is_on(&line.key, line.place);
        let colour = self.colour(&line.key, line.place, theme);
        let style = self.styles.entry(line.key.clone()).or_default();
        let before = style.clone();
        ui.label(text::small("Name"));
        let edit = TextEdit::singleline(&mut style.name)
            .hint_text(&line.key)
            .desired_width(174.0)
            .align(egui::Align2::LEFT_CENTER);
        ui.add(edit).widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "Name of the line"));
        ui.add_space(4.0);
        ui.label(text::small("Colour"));
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            for (number, choice) in theme.series.iter().enumerate() {
                let (rect, response) = ui.allocate_exact_size(vec2(18.0, 18.0), Sense::click());
                let is_chosen = *choice == colour;
                let spoken = format!("Colour {}", number + 1);
                response.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, is_chosen, &spoken));
                swatch_ui(ui, rect, *choice, is_chosen || response.hovered(), theme);
                if response.clicked() {
                    style.colour = Some(number);
                }
            }
        });
        ui.add_space(4.0);
        ui.checkbox(&mut style.is_right, "Axis at the right");
        if ui.checkbox(&mut is_on, "Shown").changed() {
            style.is_on = Some(is_on);
        }
        *style != before
    }
}

fn swatch_ui(ui: &Ui, rect: Rect, colour: Color32, is_marked: bool, theme: &Theme) {
    ui.painter().rect_filled(rect.shrink(3.0), CornerRadius::same(3), colour);
    if is_marked {
        let stroke = Stroke::new(1.0, theme.text.text_1);
        ui.painter().rect_stroke(rect.shrink(0.5), CornerRadius::same(4), stroke, StrokeKind::Inside);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_as_printed_until_the_user_says_otherwise() {
        let theme = Theme::of(true);
        let mut lines = Lines::default();
        assert!(lines.is_on("t", 7) && !lines.is_on("t", 8));
        assert_eq!((lines.label("t"), lines.is_right("t")), ("t", false));
        assert_eq!(lines.colour("t", 1, theme), theme.series[1]);
        lines.set_on("t", true);
        assert!(lines.is_on("t", 8));
        let style = Style { name: " Room ".to_owned(), colour: Some(3), is_right: true, ..Style::default() };
        lines.styles.insert("t".to_owned(), style);
        assert_eq!((lines.label("t"), lines.is_right("t")), ("Room", true));
        assert_eq!(lines.colour("t", 1, theme), theme.series[3]);
    }
}
