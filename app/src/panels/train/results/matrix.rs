//! The confusion matrix. A click on a cell lists its samples.

use egui::{
    Align2, CornerRadius, CursorIcon, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2,
};

use super::grid_of;
use crate::charts::{CellLook, Grid, Mark, Style, paint, text_width};
use crate::theme::{Theme, font_id, format};
use crate::training::TestReport;

/// Largest height of a cell.
const CELL: f32 = 28.0;
/// Room for the shares at the right.
const RECALL: f32 = 66.0;
/// Longest names that are not cut.
const NAME: f32 = 84.0;

/// Draws the matrix; gives back the cell that was clicked.
pub(super) fn matrix_ui(
    ui: &mut Ui,
    theme: &Theme,
    report: &TestReport,
    chosen: Option<(usize, usize)>,
) -> Option<(usize, usize)> {
    grid_ui(ui, theme, &grid_of(report)?, chosen)
}

/// Draws a matrix over the available rectangle; gives back the cell that was clicked.
pub fn grid_ui(
    ui: &mut Ui,
    theme: &Theme,
    grid: &Grid,
    chosen: Option<(usize, usize)>,
) -> Option<(usize, usize)> {
    let rect = ui.available_rect_before_wrap().shrink2(vec2(16.0, 0.0));
    let names = grid.labels.iter().map(|label| text_width(label, Style::NumberSmall)).fold(10.0, f32::max);
    let left = rect.left() + 20.0 + names.min(NAME) + 8.0;
    let top = rect.top() + 34.0;
    let n = grid.labels.len().max(1) as f32;
    let size = vec2(
        ((rect.right() - RECALL - left) / n).max(1.0),
        ((rect.bottom() - 10.0 - top) / n).clamp(1.0, CELL),
    );
    let field = Rect::from_min_size(pos2(left, top), vec2(size.x * n, size.y * n));
    labels_ui(ui, theme, grid, field, size, rect);
    let painter = ui.painter();
    for row in 0..grid.labels.len() {
        for column in 0..grid.labels.len() {
            let corner = field.min + vec2(size.x * column as f32, size.y * row as f32);
            let inset = if size.min_elem() > 6.0 { 0.5 } else { 0.0 };
            let cell = Rect::from_min_size(corner, size).shrink(inset);
            let look = CellLook::new(theme, grid, row, column);
            let radius = CornerRadius::same(if size.min_elem() > 10.0 { 2 } else { 0 });
            painter.rect_filled(cell, radius, look.fill);
            let outline = if chosen == Some((row, column)) { Some(theme.accent.base) } else { look.outline };
            if let Some(outline) = outline.filter(|_| size.min_elem() > 6.0) {
                painter.rect_stroke(cell, radius, Stroke::new(1.0, outline), StrokeKind::Inside);
            }
            let count = grid.counts[row][column];
            let text = format::count(count);
            if count > 0 && size.y >= 12.0 && size.x >= text.len() as f32 * 6.6 + 2.0 {
                painter.text(cell.center(), Align2::CENTER_CENTER, text, font_id::number_small(), look.text);
            }
        }
    }
    cells_ui(ui, grid, field, size)
}

/// Every cell that holds samples can be hovered and pressed.
fn cells_ui(ui: &mut Ui, grid: &Grid, field: Rect, size: egui::Vec2) -> Option<(usize, usize)> {
    let mut pressed = None;
    for (row, counts) in grid.counts.iter().enumerate() {
        for (column, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let corner = field.min + vec2(size.x * column as f32, size.y * row as f32);
            let cell = Rect::from_min_size(corner, size);
            let response = ui.interact(cell, ui.unique_id().with((row, column)), Sense::click());
            let samples = format::counted(*count, "sample", "samples");
            let words = if row == column {
                format!("{samples} of {} said to be that", grid.labels[row])
            } else {
                format!("{samples} of {} said to be {}", grid.labels[row], grid.labels[column])
            };
            response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &words));
            let response = response.on_hover_cursor(CursorIcon::PointingHand).on_hover_text(words);
            if response.clicked() {
                pressed = Some((row, column));
            }
        }
    }
    pressed
}

fn labels_ui(ui: &Ui, theme: &Theme, grid: &Grid, field: Rect, size: egui::Vec2, rect: Rect) {
    let quiet = theme.text.text_3;
    let mut marks = vec![
        Mark::text(
            pos2(field.center().x, rect.top()),
            Align2::CENTER_TOP,
            &grid.columns,
            Style::Small,
            quiet,
        ),
        Mark::text(
            pos2(rect.right(), field.top() - 6.0),
            Align2::RIGHT_BOTTOM,
            "recall",
            Style::Small,
            quiet,
        ),
        Mark::Text {
            at: pos2(rect.left() + 6.0, field.center().y),
            anchor: Align2::CENTER_CENTER,
            text: grid.rows.clone(),
            style: Style::Small,
            colour: quiet,
            upwards: true,
        },
    ];
    // Of very many classes only some names fit.
    let every = |room: f32, least: f32| (least / room).ceil().max(1.0) as usize;
    for (row, label) in grid.labels.iter().enumerate() {
        if row % every(size.y, 12.0) == 0 {
            let y = field.top() + size.y * (row as f32 + 0.5);
            let at = pos2(field.left() - 8.0, y);
            let shown = shortened(label, NAME);
            marks.push(Mark::text(at, Align2::RIGHT_CENTER, shown, Style::NumberSmall, quiet));
            let share = grid.share(row).map_or_else(|| format::UNKNOWN.to_owned(), format::percent_share);
            let at = pos2(rect.right(), y);
            marks.push(Mark::text(at, Align2::RIGHT_CENTER, share, Style::NumberSmall, theme.text.text_2));
        }
        if row % every(size.x, 16.0) == 0 {
            let at = pos2(field.left() + size.x * (row as f32 + 0.5), field.top() - 6.0);
            let shown = shortened(label, size.x.max(16.0) - 2.0);
            marks.push(Mark::text(at, Align2::CENTER_BOTTOM, shown, Style::NumberSmall, quiet));
        }
    }
    paint(ui.painter(), &marks);
}

/// The first letters of a name that fit into a width.
fn shortened(name: &str, width: f32) -> String {
    if text_width(name, Style::NumberSmall) <= width {
        return name.to_owned();
    }
    let mut shown = String::new();
    for letter in name.chars() {
        shown.push(letter);
        if text_width(&shown, Style::NumberSmall) + 7.0 > width && shown.chars().count() > 1 {
            shown.pop();
            break;
        }
    }
    shown.push('…');
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut_where_the_room_ends() {
        assert_eq!(shortened("zero", 84.0), "zero");
        let cut = shortened("a very long name of a class", 60.0);
        assert!(cut.ends_with('…') && text_width(&cut, Style::NumberSmall) <= 60.0, "{cut}");
        assert_eq!(shortened("seven", 10.0), "s…");
    }
}
