//! The elements of a constant tensor in a grid that only makes what it shows.

use std::fmt::Write as _;

use egui::{Align2, Rect, Role, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2};
use emberlab_core::model::{Tensor, Values};
use emberlab_core::stats::Scales;

use crate::theme::{Theme, font_id, format};

/// Height of a row.
const ROW: f32 = 18.0;

/// Advance of a character of the grid's face, JetBrains Mono 11.
const CHARACTER: f32 = 6.6;

/// Height of the grid.
const HEIGHT: f32 = 232.0;

/// Elements that are copied at most: a clipboard is no file.
const MOST_COPIED: usize = 1 << 16;

/// The elements of a tensor as rows of its last dimension.
pub struct ValueGrid<'a> {
    tensor: &'a Tensor,
    bytes: &'a [u8],
    scales: Option<Scales>,
    n_columns: usize,
    n_values: usize,
}

impl<'a> ValueGrid<'a> {
    /// The grid of a tensor with these bytes; `None` where its elements are no single numbers.
    pub fn new(tensor: &'a Tensor, bytes: &'a [u8], real: bool) -> Option<Self> {
        let n_values = Values::of_tensor(tensor, bytes)?.len();
        let last = tensor.shape.last().and_then(|last| usize::try_from(*last).ok()).filter(|last| *last > 0);
        let n_columns = last.unwrap_or(1).min(n_values.max(1));
        let scales = if real { Scales::new(tensor) } else { None };
        Some(Self { tensor, bytes, scales, n_columns, n_values })
    }

    fn n_rows(&self) -> usize {
        self.n_values.div_ceil(self.n_columns)
    }

    /// `count` elements from `start` on, without reading those before.
    fn values(&self, start: usize, count: usize) -> Vec<f64> {
        let Some(bits) = self.tensor.ty.bits() else { return Vec::new() };
        // Packed types begin within a byte: reading starts with the byte and skips what is before.
        let first_bit = start * bits as usize;
        let skip = (first_bit % 8) / bits as usize;
        let Some(bytes) = self.bytes.get(first_bit / 8..) else { return Vec::new() };
        let Some(values) = Values::new(self.tensor.ty, bytes, (count + skip) as u64) else {
            return Vec::new();
        };
        values
            .skip(skip)
            .take(self.n_values.saturating_sub(start))
            .enumerate()
            .map(|(place, value)| match &self.scales {
                Some(scales) => scales.real(start + place, value),
                None => value,
            })
            .collect()
    }

    /// Index of the first element of a row in all but the last dimension, `2, 0, ·`.
    fn row_label(&self, row: usize) -> String {
        let outer = self.tensor.shape.split_last().map_or(&[][..], |(_, outer)| outer);
        let mut rest = row;
        let mut places: Vec<usize> = Vec::new();
        for dimension in outer.iter().rev() {
            let dimension = usize::try_from(*dimension).unwrap_or(1).max(1);
            places.push(rest % dimension);
            rest /= dimension;
        }
        places.reverse();
        // A batch of 1 says nothing.
        let shown = if outer.first() == Some(&1) && places.len() > 1 { &places[1..] } else { &places[..] };
        shown.iter().map(usize::to_string).collect::<Vec<_>>().join(",")
    }

    /// Draws the grid.
    pub fn ui(&self, ui: &mut Ui, theme: &Theme) {
        let (n_rows, n_columns) = (self.n_rows(), self.n_columns);
        let column = self.n_characters() * CHARACTER + 10.0;
        // No row has a longer head than the last one.
        let head = self.row_label(n_rows.saturating_sub(1)).len() as f32 * CHARACTER + 14.0;
        let frame = ui.available_rect_before_wrap();
        let height = HEIGHT.min(ROW * (n_rows + 1) as f32 + 10.0);
        let frame = Rect::from_min_size(frame.min, vec2(frame.width(), height));
        ui.painter().rect_filled(frame, 4.0, theme.surface.canvas);
        let shape = format::shape(&self.tensor.shape);
        ui.scope_builder(egui::UiBuilder::new().max_rect(frame.shrink(1.0)), |ui| {
            ui.set_clip_rect(ui.clip_rect().intersect(frame));
            let scroll = ScrollArea::both().auto_shrink(false).id_salt("values");
            scroll.show_viewport(ui, |ui, viewport| {
                let size = vec2(head + column * n_columns as f32 + 8.0, ROW * (n_rows + 1) as f32);
                let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
                response.widget_info(|| WidgetInfo::labeled(Role::Grid, true, format!("Values of {shape}")));
                let first_row = ((viewport.top() / ROW) as usize).saturating_sub(1);
                let last_row = ((viewport.bottom() / ROW) as usize + 1).min(n_rows);
                let first = ((viewport.left() - head).max(0.0) / column) as usize;
                let last = (((viewport.right() - head).max(0.0) / column) as usize + 1).min(n_columns);
                let painter = ui.painter();
                let font = font_id::number_small();
                let mut text = String::new();
                let left = rect.left() + viewport.left();
                for row in first_row..last_row {
                    let y = rect.top() + ROW * (row + 1) as f32 + ROW / 2.0;
                    let count = last.saturating_sub(first);
                    for (place, value) in self.values(row * n_columns + first, count).into_iter().enumerate()
                    {
                        text.clear();
                        let _ = write!(text, "{}", self.text(value));
                        let x = rect.left() + head + column * (first + place + 1) as f32;
                        if x - column < left + head - 1.0 {
                            continue;
                        }
                        let colour = if value == 0.0 { theme.text.text_3 } else { theme.text.text_1 };
                        painter.text(pos2(x, y), Align2::RIGHT_CENTER, &text, font.clone(), colour);
                    }
                    let at = pos2(left + 8.0, y);
                    painter.text(
                        at,
                        Align2::LEFT_CENTER,
                        self.row_label(row),
                        font.clone(),
                        theme.text.text_3,
                    );
                }
                // The head stays while rows scroll below it.
                let top = rect.top() + viewport.top();
                let bar = Rect::from_min_size(pos2(left, top), vec2(frame.width(), ROW));
                painter.rect_filled(bar, 0.0, theme.surface.raised);
                for place in first..last {
                    let x = rect.left() + head + column * (place + 1) as f32;
                    if x - column < left + head - 1.0 {
                        continue;
                    }
                    let at = pos2(x, top + ROW / 2.0);
                    painter.text(
                        at,
                        Align2::RIGHT_CENTER,
                        place.to_string(),
                        font.clone(),
                        theme.text.text_3,
                    );
                }
            });
        });
        ui.advance_cursor_after_rect(frame);
    }

    /// Characters of the longest value.
    fn n_characters(&self) -> f32 {
        let is_stored = self.scales.is_none() && is_whole(self.tensor);
        match self.tensor.ty.bits() {
            Some(..=8) if is_stored => 4.0,
            Some(16) if is_stored => 6.0,
            Some(32) if is_stored => 11.0,
            Some(_) | None => 9.0,
        }
    }

    fn text(&self, value: f64) -> String {
        if self.scales.is_none() && is_whole(self.tensor) && value.abs() < 1e15 {
            format::integer(value as i64).replace(',', "")
        } else {
            format::significant(value, 4)
        }
    }

    /// The elements as tab-separated rows, and whether all of them fit.
    pub fn tsv(&self) -> (String, bool) {
        let mut text = String::new();
        let whole = self.scales.is_none() && is_whole(self.tensor);
        let n_shown = self.n_values.min(MOST_COPIED);
        for (place, value) in self.values(0, n_shown).into_iter().enumerate() {
            if place > 0 {
                text.push(if place % self.n_columns == 0 { '\n' } else { '\t' });
            }
            let _ = if whole { write!(text, "{}", value as i64) } else { write!(text, "{}", value as f32) };
        }
        text.push('\n');
        (text, n_shown == self.n_values)
    }
}

fn is_whole(tensor: &Tensor) -> bool {
    use emberlab_core::model::TensorType;
    !matches!(
        tensor.ty,
        TensorType::Float32
            | TensorType::Float16
            | TensorType::Float64
            | TensorType::Bfloat16
            | TensorType::Float8E4m3fn
            | TensorType::Float8E5m2
    )
}

#[cfg(test)]
mod tests {
    use emberlab_core::model::{BufferId, Quantization, TensorType};

    use super::*;

    fn tensor(shape: &[i32], ty: TensorType) -> Tensor {
        Tensor {
            name: None,
            shape: shape.to_vec(),
            shape_signature: Vec::new(),
            has_rank: true,
            ty,
            buffer: BufferId(1),
            quantization: None,
            is_variable: false,
            sparsity: None,
            variant_tensors: Vec::new(),
            external_buffer: 0,
        }
    }

    #[test]
    fn rows_are_the_last_dimension() {
        let tensor = tensor(&[1, 2, 2, 3], TensorType::Int8);
        let bytes: Vec<u8> = (0..12).collect();
        let grid = ValueGrid::new(&tensor, &bytes, false).unwrap();
        assert_eq!((grid.n_rows(), grid.n_columns), (4, 3));
        assert_eq!(grid.values(3, 3), [3.0, 4.0, 5.0]);
        assert_eq!(grid.row_label(3), "1,1");
        assert_eq!(grid.tsv(), ("0\t1\t2\n3\t4\t5\n6\t7\t8\n9\t10\t11\n".to_owned(), true));
    }

    #[test]
    fn packed_elements_are_found_within_their_byte() {
        let tensor = tensor(&[3, 3], TensorType::Int4);
        // Elements 0 to 8, the lower half of a byte first.
        let bytes = [0x10, 0x32, 0x54, 0x76, 0x08];
        let grid = ValueGrid::new(&tensor, &bytes, false).unwrap();
        assert_eq!(grid.values(3, 3), [3.0, 4.0, 5.0]);
        assert_eq!(grid.values(6, 9), [6.0, 7.0, -8.0]);
    }

    #[test]
    fn real_values_use_the_scale_of_their_channel() {
        let mut tensor = tensor(&[2, 2], TensorType::Int8);
        tensor.quantization =
            Some(Quantization { scale: vec![0.5, 2.0], zero_point: vec![0], ..Quantization::default() });
        let grid = ValueGrid::new(&tensor, &[2, 4, 2, 4], true).unwrap();
        assert_eq!(grid.values(0, 4), [1.0, 2.0, 4.0, 8.0]);
        assert_eq!(grid.values(2, 2), [4.0, 8.0]);
    }

    #[test]
    fn odd_shapes_do_no_harm() {
        for shape in [&[][..], &[0], &[-1, 4], &[3, 0], &[5]] {
            let tensor = tensor(shape, TensorType::Int8);
            if let Some(grid) = ValueGrid::new(&tensor, &[1, 2, 3, 4, 5], false) {
                assert!(grid.n_columns > 0);
                let _ = (grid.tsv(), grid.row_label(7), grid.values(99, 3));
            }
        }
        assert!(ValueGrid::new(&tensor(&[1], TensorType::String), &[1], false).is_none());
    }
}
