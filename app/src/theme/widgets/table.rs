//! Parts of tables: sorting, head and cells, inline bars, and the text of a copied table.

use egui::{
    Align, Align2, Color32, CornerRadius, Layout, Rect, Response, Role, Sense, Ui, WidgetInfo, pos2, vec2,
};

use super::focus_ring;
use crate::theme::{Icon, Theme, font_id};

/// Heights of a table, and the colours of its rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TableStyle {
    /// Height of a row.
    pub row: f32,
    /// Height of the head and of the row of totals.
    pub head: f32,
}

impl TableStyle {
    /// 22 points a row, or 28 where the user wants it.
    pub fn new(comfortable: bool) -> Self {
        Self { row: if comfortable { 28.0 } else { 22.0 }, head: 28.0 }
    }

    /// Gives the rows of a table in `ui` their colours: raised under the pointer, accent soft when selected.
    pub fn apply(self, ui: &mut Ui, theme: &Theme) {
        let visuals = ui.visuals_mut();
        visuals.widgets.hovered.bg_fill = theme.surface.raised;
        visuals.selection.bg_fill = theme.accent.soft;
        ui.spacing_mut().item_spacing = vec2(0.0, 0.0);
    }
}

/// How a table is sorted; `None` is the order of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort<C> {
    /// The column and whether it runs downwards.
    pub by: Option<(C, bool)>,
}

impl<C> Default for Sort<C> {
    fn default() -> Self {
        Self { by: None }
    }
}

/// How one column takes part in the sorting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SortState {
    /// Another column decides, or none.
    #[default]
    None,
    /// Small to large.
    Ascending,
    /// Large to small.
    Descending,
}

impl<C: Copy + PartialEq> Sort<C> {
    /// A click on a head sorts; again turns the order; a third time restores the order of the file.
    pub fn click(&mut self, column: C, first_descending: bool) {
        self.by = match self.by {
            Some((current, descending)) if current == column => {
                (descending == first_descending).then_some((column, !descending))
            }
            _ => Some((column, first_descending)),
        };
    }

    /// How a column takes part.
    pub fn state(&self, column: C) -> SortState {
        match self.by {
            Some((current, true)) if current == column => SortState::Descending,
            Some((current, false)) if current == column => SortState::Ascending,
            _ => SortState::None,
        }
    }
}

/// A head cell over the available rectangle; click it to sort.
pub fn header_cell(ui: &mut Ui, theme: &Theme, label: &str, align: Align, sort: SortState) -> Response {
    let rect = ui.available_rect_before_wrap();
    let response = ui.allocate_rect(rect, Sense::click());
    let order = match sort {
        SortState::None => "",
        SortState::Ascending => ", ascending",
        SortState::Descending => ", descending",
    };
    response
        .widget_info(|| WidgetInfo::labeled(Role::ColumnHeader, ui.is_enabled(), format!("{label}{order}")));
    let active = sort != SortState::None;
    let colour = if active || response.hovered() { theme.text.text_1 } else { theme.text.text_3 };
    let galley = ui.painter().layout_no_wrap(label.to_owned(), font_id::caption(), colour);
    let arrow = if active { 15.0 } else { 0.0 };
    let inner = rect.shrink2(vec2(8.0, 0.0));
    let left = match align {
        Align::Min => inner.left(),
        Align::Center => inner.center().x - (galley.size().x + arrow) / 2.0,
        Align::Max => inner.right() - galley.size().x - arrow,
    };
    let right = left + galley.size().x;
    ui.painter().galley(pos2(left, rect.center().y - galley.size().y / 2.0), galley, colour);
    if active {
        let icon = if sort == SortState::Ascending { Icon::ArrowUp } else { Icon::ArrowDown };
        let at = pos2(right + 9.0, rect.center().y);
        ui.painter().text(at, Align2::CENTER_CENTER, icon.glyph(), font_id::icon(12.0), theme.text.text_2);
    }
    focus_ring(ui, theme, &response);
    response
}

/// Words of a cell, at the left, cut where the column ends.
pub fn cell(ui: &mut Ui, text: &str, colour: Color32) {
    paint_cell(ui, text, colour, font_id::cell(), Align::Min);
}

/// A number of a cell, at the right, in mono.
pub fn number_cell(ui: &mut Ui, text: &str, colour: Color32) {
    paint_cell(ui, text, colour, font_id::number(), Align::Max);
}

fn paint_cell(ui: &mut Ui, text: &str, colour: Color32, font: egui::FontId, align: Align) {
    let layout = match align {
        Align::Max => Layout::right_to_left(Align::Center),
        Align::Min | Align::Center => Layout::left_to_right(Align::Center),
    };
    ui.with_layout(layout, |ui| {
        ui.add_space(8.0);
        ui.add(egui::Label::new(egui::RichText::new(text).font(font).color(colour)).truncate());
    });
}

/// A bar 6 points high in `rect`'s middle, as long as `fraction` of it.
pub fn inline_bar(ui: &Ui, theme: &Theme, rect: Rect, fraction: f32, colour: Color32) {
    let trough = Rect::from_center_size(rect.center(), vec2(rect.width(), 6.0));
    let radius = CornerRadius::same(1);
    ui.painter().rect_filled(trough, radius, theme.surface.raised);
    let fraction = if fraction.is_finite() { fraction.clamp(0.0, 1.0) } else { 0.0 };
    if fraction > 0.0 {
        // At least a point, so that something is told from nothing.
        let fill = vec2((trough.width() * fraction).max(1.0), 6.0);
        ui.painter().rect_filled(Rect::from_min_size(trough.min, fill), radius, colour);
    }
}

/// Rows as tab-separated text; tabs and line breaks within a cell become spaces.
pub fn tsv<'a, R: IntoIterator<Item = &'a str>>(rows: impl IntoIterator<Item = R>) -> String {
    let mut text = String::new();
    for row in rows {
        for (index, cell) in row.into_iter().enumerate() {
            if index > 0 {
                text.push('\t');
            }
            text.extend(cell.chars().map(|c| if matches!(c, '\t' | '\n' | '\r') { ' ' } else { c }));
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn third_click_on_a_head_restores_the_order_of_the_file() {
        let mut sort = Sort::<u8>::default();
        sort.click(3, true);
        assert_eq!(sort.state(3), SortState::Descending);
        sort.click(3, true);
        assert_eq!(sort.state(3), SortState::Ascending);
        sort.click(3, true);
        assert_eq!(sort.by, None);
        sort.click(3, false);
        sort.click(4, true);
        assert_eq!((sort.state(3), sort.state(4)), (SortState::None, SortState::Descending));
    }

    #[test]
    fn copied_cells_cannot_break_the_table() {
        assert_eq!(tsv([["a", "b\tc"], ["d\n", "e"]]), "a\tb c\nd \te\n");
    }
}
