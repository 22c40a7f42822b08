//! Graph and table side by side, or one above the other, with a handle between them.

use egui::{CursorIcon, Id, Rect, Role, Sense, Ui, WidgetInfo, pos2};

use crate::theme::Theme;
use crate::theme::widgets::{hairline, vertical_hairline};

/// Where the table is, and how large.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Split {
    /// The table is below the graph.
    pub below: bool,
    /// Width of the table beside the graph, chosen by the user.
    width: Option<f32>,
    /// Height of the table below the graph, chosen by the user.
    height: Option<f32>,
}

/// Least width of the graph and of the table, and least height of either.
const LEAST: (f32, f32, f32) = (280.0, 360.0, 160.0);

impl Split {
    /// Rectangles of graph and table, and the handle between them.
    pub fn rects(&mut self, ui: &Ui, theme: &Theme, area: Rect) -> (Rect, Rect) {
        let (least_graph, least_table, least_height) = LEAST;
        let id = Id::unique("inspect split");
        if self.below {
            let most = (area.height() - least_height).max(least_height);
            let height = self.height.unwrap_or((area.height() * 0.38).round()).clamp(least_height, most);
            let y = area.bottom() - height;
            let handle = Rect::from_min_max(pos2(area.left(), y - 4.0), pos2(area.right(), y + 4.0));
            let response = ui.interact(handle, id, Sense::drag());
            response.widget_info(|| WidgetInfo::labeled(Role::Splitter, true, "Height of the table"));
            if response.hovered() || response.dragged() {
                ui.set_cursor_icon(CursorIcon::ResizeRow);
            }
            if response.dragged() {
                self.height = Some((height - response.drag_delta().y).clamp(least_height, most));
            }
            hairline(ui.painter(), theme, area.x_range(), y - 1.0);
            let (graph, table) = area.split_top_bottom_at_y(y);
            (graph.with_max_y(graph.max.y - 1.0), table)
        } else {
            let most = (area.width() - least_graph).max(least_table);
            // The graph takes what the table does not need; in a small window both give way.
            let graph = (area.width() * 0.4).round().clamp(388.0, 424.0);
            let usual = (area.width() - graph).min(640.0);
            let width = self.width.unwrap_or(usual).clamp(least_table, most);
            let x = area.right() - width;
            let handle = Rect::from_min_max(pos2(x - 4.0, area.top()), pos2(x + 4.0, area.bottom()));
            let response = ui.interact(handle, id, Sense::drag());
            response.widget_info(|| WidgetInfo::labeled(Role::Splitter, true, "Width of the table"));
            if response.hovered() || response.dragged() {
                ui.set_cursor_icon(CursorIcon::ResizeColumn);
            }
            if response.dragged() {
                self.width = Some((width - response.drag_delta().x).clamp(least_table, most));
            }
            vertical_hairline(ui.painter(), theme, x - 1.0, area.y_range());
            let (graph, table) = area.split_left_right_at_x(x);
            (graph.with_max_x(graph.max.x - 1.0), table)
        }
    }
}
