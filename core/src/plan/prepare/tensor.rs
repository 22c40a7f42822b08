//! A tensor as a kernel sees it while it is prepared.

use std::borrow::Cow;

use super::{Prepared, Reason, Trouble};
use crate::model::{Quantization, Tensor, TensorId, TensorType};

/// A `TfLiteTensor`: the properties of the file, with the shape as operators before have left it.
#[derive(Clone, Debug)]
pub(in crate::plan) struct TempTensor<'m> {
    pub id: TensorId,
    pub ty: TensorType,
    pub dims: Cow<'m, [i32]>,
    /// Bytes by the shape in the file.
    pub bytes: u64,
    pub data: Option<&'m [u8]>,
    pub is_variable: bool,
    /// The first scale, 0 without quantization.
    pub scale: f32,
    /// The first zero point, 0 without quantization.
    pub zero_point: i32,
    pub quantized: Option<Quantized<'m>>,
}

/// Affine quantization: at least one scale and one zero point.
#[derive(Clone, Copy, Debug)]
pub(in crate::plan) struct Quantized<'m> {
    pub scales: &'m [f32],
    pub zero_points: &'m [i64],
    pub dimension: i32,
}

impl<'m> Quantized<'m> {
    /// What TFLM makes of the file's table; `None` unless it has scales and zero points.
    pub fn of(tensor: &'m Tensor) -> Option<Self> {
        let Quantization { scale, zero_point, quantized_dimension, .. } = tensor.quantization.as_ref()?;
        (!scale.is_empty() && !zero_point.is_empty()).then_some(Self {
            scales: scale,
            zero_points: zero_point,
            dimension: *quantized_dimension,
        })
    }
}

impl TempTensor<'_> {
    pub fn rank(&self) -> usize {
        self.dims.len()
    }

    /// One dimension, without the check that the kernel leaves out.
    ///
    /// # Errors
    /// If the tensor has fewer dimensions: the kernel would read whatever follows in memory.
    pub fn dim(&self, index: usize) -> Prepared<i64> {
        self.dims.get(index).map(|&dim| i64::from(dim)).ok_or_else(|| Reason {
            message: format!(
                "Tensor {} has {} dimensions; TFLM reads dimension {index} without a check",
                self.id.0,
                self.rank()
            ),
            trouble: Trouble::Shape,
        })
    }

    /// The innermost dimension.
    pub fn last_dim(&self) -> Prepared<i64> {
        self.dim(self.rank().wrapping_sub(1))
    }

    /// Number of elements.
    pub fn elements(&self) -> i64 {
        product(&self.dims)
    }

    /// All values of a constant of integers, of whichever type.
    ///
    /// # Errors
    /// If fewer than `count` lie in the file: the kernel would read what follows.
    pub fn constant_ints(&self, count: usize) -> Prepared<Vec<i64>> {
        let bytes = self.data.unwrap_or_default();
        let values = match self.ty {
            TensorType::Int8 => bytes.iter().map(|&byte| i64::from(byte as i8)).collect::<Vec<_>>(),
            TensorType::Int16 => {
                bytes.as_chunks().0.iter().map(|&chunk| i64::from(i16::from_le_bytes(chunk))).collect()
            }
            TensorType::Int64 => bytes.as_chunks().0.iter().map(|&chunk| i64::from_le_bytes(chunk)).collect(),
            _ => return self.constant_words(count),
        };
        self.ensure_count(values, count)
    }

    /// All 32-bit integers of a constant, for kernels that read those whatever the type.
    ///
    /// # Errors
    /// If fewer than `count` lie in the file: the kernel would read what follows.
    pub fn constant_words(&self, count: usize) -> Prepared<Vec<i64>> {
        let (words, _) = self.data.unwrap_or_default().as_chunks();
        let values = words.iter().map(|&word| i64::from(i32::from_le_bytes(word))).collect();
        self.ensure_count(values, count)
    }

    fn ensure_count(&self, values: Vec<i64>, count: usize) -> Prepared<Vec<i64>> {
        if values.len() < count {
            return Err(Reason {
                message: format!(
                    "Constant tensor {} holds {} values; TFLM reads {count} without a check",
                    self.id.0,
                    values.len()
                ),
                trouble: Trouble::Shape,
            });
        }
        Ok(values)
    }
}

/// Product of dimensions; the ends of the range stand for everything beyond them.
pub(super) fn product(dims: &[i32]) -> i64 {
    dims.iter().fold(1i64, |product, &dim| product.saturating_mul(i64::from(dim)))
}
