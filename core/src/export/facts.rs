//! What both languages say about a model: labels, inputs, outputs.

use super::{Export, comment_text};
use crate::dataset::PreparationRecord;
use crate::hash::sha256_hex;
use crate::model::{Tensor, TensorId, TensorType};
use crate::tflite::file_metadata;

/// What goes into the sources besides the bytes.
pub(super) struct Facts {
    /// Name of the file, as it can stand in a comment.
    pub file_name: String,
    /// SHA-256 of the file in hexadecimal.
    pub sha256: String,
    /// Names of the classes in the order of the outputs, from our own record or the file's TensorFlow Lite Metadata; empty
    /// without classes.
    pub labels: Vec<String>,
    /// Inputs, then outputs.
    pub ports: Vec<Port>,
}

/// An input or output of the model.
pub(super) struct Port {
    /// `Input` or `Output`.
    pub what: &'static str,
    /// Its number, where there are several.
    pub number: Option<usize>,
    /// Name, type and shape, as they can stand in a comment.
    pub description: String,
    /// Type of the elements.
    pub ty: TensorType,
    /// Shape with the batch dimension; empty for a scalar.
    pub shape: Vec<i32>,
    /// Number of elements, where it is known and fits.
    pub elements: Option<u32>,
    /// Scale and zero point, where the tensor has one of each that can be written down.
    pub quantization: Option<(f32, i32)>,
}

impl Facts {
    /// The facts of an export; what is odd about them is noted.
    pub fn new(export: &Export<'_>, notes: &mut Vec<String>) -> Self {
        let (own, trouble) = match PreparationRecord::of_model(export.model) {
            Ok(record) => (record.map_or_else(Vec::new, |record| record.classes), None),
            Err(error) => (Vec::new(), Some(error)),
        };
        let labels = match own.as_slice() {
            [] => file_metadata(export.model, export.bytes).classes().to_vec(),
            _ => own,
        };
        if let Some(error) = trouble.filter(|_| labels.is_empty()) {
            notes.push(format!("No labels were written: {error}. {}.", error.help));
        }
        let mut ports = Vec::new();
        if let Some(main) = export.model.subgraphs.first() {
            for (what, ids) in [("Input", &main.inputs), ("Output", &main.outputs)] {
                let of = |(number, id): (usize, &TensorId)| {
                    let number = (ids.len() > 1).then_some(number);
                    main.tensors.get(id.index()).map(|tensor| Port::new(what, number, tensor))
                };
                ports.extend(ids.iter().enumerate().filter_map(of));
            }
        }
        Self { file_name: comment_text(export.file_name), sha256: sha256_hex(export.bytes), labels, ports }
    }
}

impl Port {
    /// `Input`, or `Input0` where there are several.
    pub fn full_name(&self) -> String {
        match self.number {
            Some(number) => format!("{}{number}", self.what),
            None => self.what.to_owned(),
        }
    }

    fn new(what: &'static str, number: Option<usize>, tensor: &Tensor) -> Self {
        let place = number.map_or_else(|| what.to_owned(), |number| format!("{what} {number}"));
        let name = tensor.name.as_deref().unwrap_or_default();
        let named = if name.is_empty() { place } else { format!("{place}, {}", comment_text(name)) };
        let shape = match tensor.shape.as_slice() {
            [] => "a scalar".to_owned(),
            dims => dims.iter().map(i32::to_string).collect::<Vec<_>>().join(" x "),
        };
        let n_scales = tensor.quantization.as_ref().map_or(0, |found| found.scale.len());
        let scales = if n_scales > 1 { ", with a scale per channel" } else { "" };
        Self {
            what,
            number,
            description: format!("{named}: {}, {shape}{scales}.", tensor.ty),
            ty: tensor.ty,
            shape: tensor.shape.clone(),
            elements: tensor.element_count().and_then(|count| u32::try_from(count).ok()),
            quantization: quantization(tensor),
        }
    }
}

fn quantization(tensor: &Tensor) -> Option<(f32, i32)> {
    let (scale, zero_point) = tensor.per_tensor_quantization()?;
    let zero_point = i32::try_from(zero_point).ok()?;
    scale.is_finite().then_some((scale, zero_point))
}
