//! The table of tensors.

use std::cmp::Ordering;

use emberlab_core::model::Subgraph;

use super::grid::{Cell, Head, Table, figure_width};
use crate::panels::inspect::facts::GraphFacts;
use crate::panels::inspect::find::Haystack;
use crate::panels::inspect::names::{layer_of, tail_fitting};
use crate::theme::{font_id, format};

/// Tensors in the order of the file.
pub struct TensorTable<'a> {
    /// The subgraph.
    pub graph: &'a GraphFacts,
    /// The same, as the file has it.
    pub subgraph: &'a Subgraph,
}

/// Columns of the table of tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum TensorColumn {
    Number,
    Name,
    Shape,
    Type,
    Role,
    Bytes,
    Quantization,
}

impl Table for TensorTable<'_> {
    type Column = TensorColumn;

    fn columns(&self, width: f32) -> Vec<Head<TensorColumn>> {
        let mut columns = vec![
            Head { descending: false, ..Head::figures(TensorColumn::Number, "#", 46.0) },
            Head::words(TensorColumn::Name, "Name", 0.0),
            Head::words(TensorColumn::Shape, "Shape", 96.0),
            Head::words(TensorColumn::Type, "Type", 62.0),
            Head::words(TensorColumn::Role, "Role", 76.0),
            Head::figures(
                TensorColumn::Bytes,
                "Bytes",
                figure_width(&self.total(TensorColumn::Bytes), "Bytes"),
            ),
        ];
        if width >= 720.0 {
            columns.push(Head::words(TensorColumn::Quantization, "Scale at zero point", 150.0));
        }
        columns
    }

    fn n_rows(&self) -> usize {
        self.graph.tensors.len()
    }

    fn haystack(&self, row: usize) -> &Haystack {
        &self.graph.tensors[row].haystack
    }

    fn compare(&self, column: TensorColumn, a: usize, b: usize) -> Ordering {
        let (left, right) = (&self.graph.tensors[a], &self.graph.tensors[b]);
        let (left_tensor, right_tensor) = (&self.subgraph.tensors[a], &self.subgraph.tensors[b]);
        match column {
            TensorColumn::Number => a.cmp(&b),
            TensorColumn::Name => left.name.cmp(&right.name),
            TensorColumn::Shape => left.elements.cmp(&right.elements),
            TensorColumn::Type => left_tensor.ty.name().cmp(right_tensor.ty.name()),
            TensorColumn::Role => left.role.cmp(&right.role),
            TensorColumn::Bytes => left.bytes.cmp(&right.bytes),
            TensorColumn::Quantization => {
                let scale = |tensor: &emberlab_core::model::Tensor| {
                    tensor.quantization.as_ref().and_then(|q| q.scale.first().copied()).unwrap_or(0.0)
                };
                scale(left_tensor).total_cmp(&scale(right_tensor))
            }
        }
    }

    fn text(&self, row: usize, column: TensorColumn) -> String {
        let tensor = &self.graph.tensors[row];
        match column {
            TensorColumn::Number => format!("t{row}"),
            TensorColumn::Name => tensor.name.clone(),
            TensorColumn::Shape => tensor.shape.clone(),
            TensorColumn::Type => self.subgraph.tensors[row].ty.name().to_owned(),
            TensorColumn::Role => tensor.role.label().to_owned(),
            TensorColumn::Bytes => tensor.bytes.map_or_else(String::new, |bytes| bytes.to_string()),
            TensorColumn::Quantization => tensor.quantization.clone(),
        }
    }

    fn cell_ui(&self, cell: &mut Cell<'_>, row: usize, column: TensorColumn) {
        let (theme, tensor) = (cell.theme, &self.graph.tensors[row]);
        match column {
            TensorColumn::Number => cell.figure(&format!("t{row}"), theme.text.text_3),
            TensorColumn::Name => {
                let name =
                    tail_fitting(cell.ui, layer_of(&tensor.name), font_id::cell(), cell.rect.width() - 16.0);
                cell.words(&name, theme.text.text_1);
            }
            TensorColumn::Shape => cell.mono(&tensor.shape, theme.text.text_1),
            TensorColumn::Type => cell.mono(self.subgraph.tensors[row].ty.name(), theme.text.text_2),
            TensorColumn::Role => {
                cell.words(tensor.role.label(), theme.text.text_2);
            }
            TensorColumn::Bytes => match tensor.bytes {
                Some(bytes) => {
                    let colour = if cell.selected { theme.accent.text } else { theme.text.text_1 };
                    cell.figure(&format::bytes_only(bytes), colour);
                }
                None => cell.figure(format::UNKNOWN, theme.text.text_3),
            },
            TensorColumn::Quantization => cell.mono(&tensor.quantization, theme.text.text_2),
        }
    }

    fn total(&self, column: TensorColumn) -> String {
        match column {
            TensorColumn::Name => format::counted(self.graph.tensors.len() as u64, "tensor", "tensors"),
            TensorColumn::Bytes => {
                let bytes = self.graph.tensors.iter().filter_map(|tensor| tensor.bytes);
                format::bytes_only(bytes.fold(0, u64::saturating_add))
            }
            TensorColumn::Number
            | TensorColumn::Shape
            | TensorColumn::Type
            | TensorColumn::Role
            | TensorColumn::Quantization => String::new(),
        }
    }

    fn spoken(&self, row: usize) -> &str {
        &self.graph.tensors[row].spoken
    }
}
