//! A table of virtual rows: sorted by its heads, one row selected, totals below.

use std::cmp::Ordering;
use std::ops::Range;

use egui::text::{LayoutJob, TextWrapping};
use egui::{Align, Color32, FontId, Rect, Response, Role, Sense, Ui, WidgetInfo, pos2, vec2};
use egui_extras::{Column, TableBuilder};

use crate::panels::inspect::find::Haystack;
use crate::theme::widgets::{Sort, SortState, TableStyle, focus_ring, hairline, header_cell, inline_bar};
use crate::theme::{Icon, Theme, font_id};

/// The rows and columns of a table.
pub trait Table {
    /// Names the columns.
    type Column: Copy + PartialEq + std::fmt::Debug;

    /// The columns that fit into a width.
    fn columns(&self, width: f32) -> Vec<Head<Self::Column>>;

    /// Number of rows, found or not.
    fn n_rows(&self) -> usize;

    /// What find looks at in a row.
    fn haystack(&self, row: usize) -> &Haystack;

    /// Order of two rows by a column, the smaller first.
    fn compare(&self, column: Self::Column, a: usize, b: usize) -> Ordering;

    /// The text of a cell when the table is copied.
    fn text(&self, row: usize, column: Self::Column) -> String;

    /// Draws a cell.
    fn cell_ui(&self, cell: &mut Cell<'_>, row: usize, column: Self::Column);

    /// The total of a column; empty for none.
    fn total(&self, column: Self::Column) -> String;

    /// What assistive tools say about a row.
    fn spoken(&self, row: usize) -> &str;
}

/// The head of a column.
#[derive(Clone, Debug)]
pub struct Head<C> {
    /// Which column.
    pub column: C,
    /// What it says.
    pub label: &'static str,
    /// Width in points; 0 for what the others leave, in one column per table.
    pub width: f32,
    /// Side that texts stand at.
    pub align: Align,
    /// The first click sorts downwards: for figures, of which the large ones matter.
    pub descending: bool,
    /// Shown instead of what it says, in narrow columns.
    pub icon: Option<Icon>,
}

impl<C> Head<C> {
    /// A column of words.
    pub fn words(column: C, label: &'static str, width: f32) -> Self {
        Self { column, label, width, align: Align::Min, descending: false, icon: None }
    }

    /// A column of figures.
    pub fn figures(column: C, label: &'static str, width: f32) -> Self {
        Self { column, label, width, align: Align::Max, descending: true, icon: None }
    }
}

/// Room around the text of a cell.
pub const PADDING: f32 = 8.0;

/// Width of a column whose longest figure is `longest`, and of its head.
pub fn figure_width(longest: &str, label: &str) -> f32 {
    // Advances of JetBrains Mono 12 and, on average, of Inter 11 in its heaviest weight; the head has an arrow.
    let figure = longest.chars().count() as f32 * 7.2;
    let head = label.chars().count() as f32 * 6.4 + 4.0;
    (figure.max(head) + 2.0 * PADDING).ceil()
}

/// Where a cell is drawn.
pub struct Cell<'a> {
    /// The cell's `Ui`, for its painter.
    pub ui: &'a mut Ui,
    /// Colours.
    pub theme: &'a Theme,
    /// The whole cell.
    pub rect: Rect,
    /// The row is selected.
    pub selected: bool,
    /// Width of the whole table.
    pub table_width: f32,
}

impl Cell<'_> {
    /// Words at the left.
    pub fn words(&self, text: &str, colour: Color32) -> f32 {
        self.words_from(self.rect.left() + PADDING, text, font_id::cell(), colour)
    }

    /// Words from `left` on; returns where they end.
    pub fn words_from(&self, left: f32, text: &str, font: FontId, colour: Color32) -> f32 {
        let room = self.rect.right() - 4.0 - left;
        if room < 8.0 || text.is_empty() {
            return left;
        }
        let mut job = LayoutJob::simple_singleline(text.to_owned(), font, colour);
        job.wrap = TextWrapping::truncate_at_width(room);
        let galley = self.ui.painter().layout_job(job);
        let end = left + galley.size().x;
        let at = pos2(left, self.rect.center().y - galley.size().y / 2.0);
        let is_cut = galley.elided;
        self.ui.painter().galley(at, galley, colour);
        if is_cut {
            let hover =
                self.ui.interact(self.rect, self.ui.unique_id().with(("cut", left as i32)), Sense::hover());
            hover.on_hover_text(text);
        }
        end
    }

    /// A machine's text at the left.
    pub fn mono(&self, text: &str, colour: Color32) {
        self.words_from(self.rect.left() + PADDING, text, font_id::number(), colour);
    }

    /// A figure at the right.
    pub fn figure(&self, text: &str, colour: Color32) {
        let mut job = LayoutJob::simple_singleline(text.to_owned(), font_id::number(), colour);
        job.wrap = TextWrapping::truncate_at_width(self.rect.width() - PADDING);
        let galley = self.ui.painter().layout_job(job);
        let at =
            pos2(self.rect.right() - PADDING - galley.size().x, self.rect.center().y - galley.size().y / 2.0);
        self.ui.painter().galley(at, galley, colour);
    }

    /// A bar before a figure: `width` wide, as long as `share`.
    pub fn bar(&self, width: f32, share: f32, colour: Color32) {
        let bar =
            Rect::from_min_size(self.rect.left_top() + vec2(PADDING, 0.0), vec2(width, self.rect.height()));
        inline_bar(self.ui, self.theme, bar, share, colour);
    }

    /// An icon in the middle.
    pub fn icon(&self, icon: Icon, colour: Color32) {
        let at = self.rect.center();
        let painter = self.ui.painter();
        painter.text(at, egui::Align2::CENTER_CENTER, icon.glyph(), font_id::icon(13.0), colour);
    }

    /// A small square in an operator's colour; returns where the text after it starts.
    pub fn dot(&self, colour: Color32) -> f32 {
        let left = self.rect.left() + PADDING;
        let dot = Rect::from_center_size(pos2(left + 4.0, self.rect.center().y), vec2(8.0, 8.0));
        self.ui.painter().rect_filled(dot, 2.0, colour);
        left + 16.0
    }
}

/// What the user did in a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GridEvents {
    /// The row that was clicked.
    pub clicked: Option<usize>,
    /// The row that was clicked twice.
    pub opened: Option<usize>,
}

/// Draws a table over the available rectangle.
///
/// `order` are the rows to show, in the order to show them.
#[allow(clippy::too_many_arguments)]
pub fn grid_ui<T: Table>(
    ui: &mut Ui,
    theme: &Theme,
    style: TableStyle,
    table: &T,
    sort: &mut Sort<T::Column>,
    order: &[usize],
    selected: Option<usize>,
    scroll_to: Option<usize>,
) -> GridEvents {
    let rect = ui.available_rect_before_wrap();
    let table_width = rect.width();
    let heads = filled(table.columns(table_width), table_width);
    let mut events = GridEvents::default();
    let body = Rect::from_min_max(rect.min, pos2(rect.right(), (rect.bottom() - style.head).max(rect.top())));
    ui.scope_builder(egui::UiBuilder::new().max_rect(body), |ui| {
        style.apply(ui, theme);
        ui.set_clip_rect(ui.clip_rect().intersect(body));
        let mut builder = TableBuilder::new(ui)
            .id_salt("rows")
            .sense(Sense::click())
            .auto_shrink(false)
            .animate_scrolling(false)
            .min_scrolled_height(0.0)
            .max_scroll_height(f32::INFINITY);
        for head in &heads {
            builder = builder.column(Column::exact(head.width).clip(true));
        }
        if let Some(place) = scroll_to.and_then(|row| order.iter().position(|shown| *shown == row)) {
            builder = builder.scroll_to_row(place, None);
        }
        let table_header = builder.header(style.head, |mut row| {
            for head in &heads {
                row.col(|ui| {
                    let state = sort.state(head.column);
                    let response = match head.icon {
                        Some(icon) => icon_header(ui, theme, icon, head.label, state),
                        None => header_cell(ui, theme, head.label, head.align, state),
                    };
                    if response.clicked() {
                        sort.click(head.column, head.descending);
                    }
                });
            }
        });
        table_header.body(|body| {
            body.rows(style.row, order.len(), |mut row| {
                let number = order[row.index()];
                let is_selected = selected == Some(number);
                row.set_selected(is_selected);
                for (place, head) in heads.iter().enumerate() {
                    row.col(|ui| {
                        let rect = ui.max_rect();
                        if is_selected && place == 0 {
                            let edge = Rect::from_min_size(rect.min, vec2(2.0, rect.height()));
                            ui.painter().rect_filled(edge, 0.0, theme.accent.base);
                        }
                        let mut cell = Cell { ui, theme, rect, selected: is_selected, table_width };
                        table.cell_ui(&mut cell, number, head.column);
                    });
                }
                let response = row.response();
                response
                    .widget_info(|| WidgetInfo::selected(Role::Row, true, is_selected, table.spoken(number)));
                if response.clicked() {
                    events.clicked = Some(number);
                }
                if response.double_clicked() {
                    events.opened = Some(number);
                }
            });
        });
    });
    hairline(ui.painter(), theme, rect.x_range(), rect.top() + style.head - 1.0);
    let totals = Rect::from_min_max(pos2(rect.left(), body.bottom()), rect.max);
    totals_ui(ui, theme, table, &heads, totals);
    events
}

/// A head that has only room for an icon.
fn icon_header(ui: &mut Ui, theme: &Theme, icon: Icon, label: &str, sort: SortState) -> Response {
    let rect = ui.available_rect_before_wrap();
    let response = ui.allocate_rect(rect, Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::ColumnHeader, ui.is_enabled(), label));
    let active = sort != SortState::None || response.hovered();
    let colour = if active { theme.text.text_1 } else { theme.text.text_3 };
    let at = rect.center();
    ui.painter().text(at, egui::Align2::CENTER_CENTER, icon.glyph(), font_id::icon(13.0), colour);
    focus_ring(ui, theme, &response);
    response.on_hover_text(label)
}

fn totals_ui<T: Table>(ui: &mut Ui, theme: &Theme, table: &T, heads: &[Head<T::Column>], rect: Rect) {
    hairline(ui.painter(), theme, rect.x_range(), rect.top());
    let mut left = rect.left();
    for head in heads {
        let cell_rect = Rect::from_min_size(pos2(left, rect.top()), vec2(head.width, rect.height()));
        left += head.width;
        let total = table.total(head.column);
        let cell = Cell { ui, theme, rect: cell_rect, selected: false, table_width: rect.width() };
        match head.align {
            Align::Max => cell.figure(&total, theme.text.text_1),
            Align::Min | Align::Center => {
                cell.words_from(
                    cell_rect.left() + PADDING,
                    &total,
                    font_id::label_strong(),
                    theme.text.text_1,
                );
            }
        }
    }
}

/// Heads with the width that the others leave given to the one that has none.
fn filled<C>(mut heads: Vec<Head<C>>, width: f32) -> Vec<Head<C>> {
    let fixed: f32 = heads.iter().map(|head| head.width).sum();
    if let Some(head) = heads.iter_mut().find(|head| head.width == 0.0) {
        head.width = (width - fixed).max(48.0);
    }
    heads
}

/// The rows that `matches` accepts, sorted; equal rows stay in the order of the file.
pub fn ordered<T: Table>(
    table: &T,
    sort: Sort<T::Column>,
    matches: impl Fn(&Haystack) -> bool,
) -> Vec<usize> {
    let rows: Range<usize> = 0..table.n_rows();
    let mut order: Vec<usize> = rows.filter(|row| matches(table.haystack(*row))).collect();
    if let Some((column, descending)) = sort.by {
        order.sort_by(|a, b| {
            let ordering = table.compare(column, *a, *b);
            if descending { ordering.reverse() } else { ordering }
        });
    }
    order
}

/// The table as tab-separated text, with heads and totals.
pub fn tsv_of<T: Table>(table: &T, order: &[usize]) -> String {
    let heads = table.columns(f32::INFINITY);
    let mut rows = vec![heads.iter().map(|head| head.label.to_owned()).collect::<Vec<_>>()];
    rows.extend(order.iter().map(|row| heads.iter().map(|head| table.text(*row, head.column)).collect()));
    if order.len() == table.n_rows() {
        let totals: Vec<String> =
            heads.iter().map(|head| table.total(head.column).replace(',', "")).collect();
        if totals.iter().any(|total| !total.is_empty()) {
            rows.push(totals);
        }
    }
    crate::theme::widgets::tsv(rows.iter().map(|row| row.iter().map(String::as_str)))
}
