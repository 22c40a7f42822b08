//! A checked view of the bytes of a .tflite file, without a copy and without an allocation.
//!
//! The interpreter on the chip and the reader on the host look at a file through this one module, so there is one
//! opinion of it. [`ModelView::new_checked`] checks the header; after that each accessor checks what it reads and
//! returns a [`ViewError`] that names table, field and byte offset. No bytes can make an accessor panic or loop.
//!
//! What the view does not know: whether numbers make sense. An index of a tensor may be out of range, a shape negative,
//! a text not UTF-8. Vectors may overlap, and a small file may name the same table many times: whoever copies out of
//! the view bounds the sum.
//!
//! ```
//! use emberlab_runtime::tflite_view::ModelView;
//!
//! let error = ModelView::new_checked(b"<!DOCTYPE html><html>").unwrap_err();
//! assert_eq!(error.to_string(), "Model at byte 4: expected the identifier \"TFL3\", found \"CTYP\"");
//! ```

mod error;
mod graph;
mod model;
mod operator;
mod table;

pub use error::{Location, Part, Problem, ViewError};
pub use graph::{
    DimensionMetadataView, QuantizationDetailsView, QuantizationView, SparseIndexView, SparsityView,
    SubgraphView, TensorView, VariantSubTypeView,
};
pub use model::{
    BufferPlace, BufferView, ExternalBufferGroupView, ExternalBufferView, MetadataView, ModelView,
    OperatorCodeView, SignatureView, TensorMapView,
};
pub use operator::{OperatorView, OptionsView};
pub use table::{FromTable, Scalar, Scalars, Table, Tables, Text};

/// Implements [`FromTable`] for a view that is one table.
macro_rules! view_of_table {
    ($view:ident, $schema:ident, $location:expr) => {
        impl<'a> FromTable<'a> for $view<'a> {
            const NAME: &'static str = $schema::SCHEMA.name;
            fn from_table(table: Table<'a>) -> Self {
                Self { table }
            }
            fn location(owner: Location, index: u32) -> Location {
                let location: fn(Location, u32) -> Location = $location;
                location(owner, index)
            }
        }

        impl<'a> $view<'a> {
            /// The table itself: its place in the file and the slots that are stored.
            pub fn table(&self) -> &Table<'a> {
                &self.table
            }
        }
    };
}
use view_of_table;
