//! Tensors as kernels see them.

use crate::error::Reason;
use crate::graph::Graph;
use crate::schema::TensorType;
use crate::tflite_view::{QuantizationView, Scalars, TensorView};

/// The most dimensions that a kernel can look at.
pub const MAX_RANK: usize = 8;

/// Sizes of the dimensions of a tensor, none of them negative; their product fits into 31 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    rank: usize,
    dims: [i32; MAX_RANK],
}

impl Shape {
    /// A scalar.
    pub const SCALAR: Self = Self { rank: 0, dims: [1; MAX_RANK] };

    /// The shape with the sizes.
    ///
    /// # Errors
    /// More than [`MAX_RANK`] dimensions, a negative one, or too many elements.
    pub fn new(dims: impl ExactSizeIterator<Item = i32>) -> Result<Self, Reason> {
        let rank = dims.len();
        if rank > MAX_RANK {
            return Err(Reason::Range {
                what: "number of dimensions",
                found: rank as i64,
                expected: "at most 8",
            });
        }
        let mut shape = Self { rank, dims: [1; MAX_RANK] };
        let mut elements = 1i64;
        for (slot, size) in shape.dims.iter_mut().zip(dims) {
            if size < 0 {
                return Err(Reason::Range {
                    what: "size of a dimension",
                    found: i64::from(size),
                    expected: "a size known in advance; convert the model with a fixed input shape",
                });
            }
            *slot = size;
            elements = elements.saturating_mul(i64::from(size));
        }
        if elements > i64::from(i32::MAX) {
            return Err(Reason::TooLarge { what: "number of elements of a tensor" });
        }
        Ok(shape)
    }

    /// The shape with the sizes of a slice that is known to be one.
    pub fn from_slice(dims: &[i32]) -> Result<Self, Reason> {
        Self::new(dims.iter().copied())
    }

    /// Number of dimensions.
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// Sizes, outermost first.
    pub fn dims(&self) -> &[i32] {
        &self.dims[..self.rank]
    }

    /// Number of elements; 1 for a scalar.
    pub fn elements(&self) -> usize {
        // Wrapping, because sizes before a 0 may multiply to more than 32 bits.
        self.dims().iter().fold(1usize, |elements, size| elements.wrapping_mul(*size as usize))
    }

    /// Size of a dimension; 1 beyond the last.
    pub fn dim(&self, index: usize) -> usize {
        self.dims().get(index).map_or(1, |size| *size as usize)
    }

    /// Size of the innermost dimension; 1 for a scalar.
    pub fn last(&self) -> usize {
        self.rank.checked_sub(1).map_or(1, |index| self.dim(index))
    }

    /// Sizes as a shape of `N` dimensions, with ones before the first (`RuntimeShape::ExtendedShape`); `None` if there are
    /// more than `N`.
    pub fn extended<const N: usize>(&self) -> Option<[usize; N]> {
        let leading = N.checked_sub(self.rank)?;
        Some(core::array::from_fn(|index| if index < leading { 1 } else { self.dim(index - leading) }))
    }
}

/// A tensor while an operator is prepared.
#[derive(Clone, Copy, Debug)]
pub struct Tensor<'m> {
    /// Number in the subgraph.
    pub id: u32,
    /// What the operator calls it, for messages.
    pub role: &'static str,
    /// Type of the elements.
    pub ty: TensorType,
    /// Sizes of the dimensions.
    pub shape: Shape,
    /// Keeps its value from one invocation to the next.
    pub is_variable: bool,
    /// The constant data, as long as shape and type say; `None` for an activation.
    pub data: Option<&'m [u8]>,
    pub(crate) view: TensorView<'m>,
}

impl<'m> Tensor<'m> {
    /// Number of elements.
    pub fn elements(&self) -> usize {
        self.shape.elements()
    }

    /// The tensor as the file describes it.
    pub fn view(&self) -> &TensorView<'m> {
        &self.view
    }

    /// The constant data as numbers; `None` for an activation.
    ///
    /// # Errors
    /// `T` is not the type of the elements.
    pub fn constant<T: Element>(&self) -> Result<Option<&'m [T]>, Reason> {
        let problem = "its elements have another size";
        let cast = |bytes| {
            bytemuck::try_cast_slice(bytes).map_err(|_| Reason::Quantization { operand: self.role, problem })
        };
        self.data.map(cast).transpose()
    }

    /// The constant data as numbers.
    ///
    /// # Errors
    /// The tensor is an activation, or `T` is not the type of the elements.
    pub fn required_constant<T: Element>(&self) -> Result<&'m [T], Reason> {
        self.constant()?.ok_or(Reason::Quantization {
            operand: self.role,
            problem: "has to be constant: the runtime has no dynamic shapes",
        })
    }

    /// Scales and zero points, or `None` where the file has not both, which is when TFLM takes a tensor for unquantized
    /// (`InitializeTfLiteTensorFromFlatbuffer`, micro/micro_allocator.cc).
    ///
    /// # Errors
    /// The file cannot be read there.
    pub fn quantization(&self) -> Result<Option<Quantization<'m>>, Reason> {
        let Some(view) = self.view.quantization()? else { return Ok(None) };
        Quantization::new(view)
    }

    /// Scale and zero point of a tensor that has to be quantized per tensor (the first, if there are several).
    ///
    /// # Errors
    /// There is none, or the scale is not a positive finite number.
    pub fn scale_and_zero_point(&self) -> Result<(f32, i32), Reason> {
        let missing = Reason::Quantization { operand: self.role, problem: "scale or zero point is missing" };
        let quantization = self.quantization()?.ok_or(missing)?;
        if !(quantization.scale.is_finite() && quantization.scale > 0.0) {
            let problem = "the scale is not a positive number";
            return Err(Reason::Quantization { operand: self.role, problem });
        }
        Ok((quantization.scale, quantization.zero_point))
    }

    /// Scale and zero point, or `(0.0, 0)` where there is none, which is what TFLM's kernels read then.
    ///
    /// # Errors
    /// The file cannot be read there.
    pub fn scale_and_zero_point_or_zero(&self) -> Result<(f32, i32), Reason> {
        Ok(self
            .quantization()?
            .map_or((0.0, 0), |quantization| (quantization.scale, quantization.zero_point)))
    }

    /// Checks the type.
    ///
    /// # Errors
    /// The type is none of `types`; `expected` names them.
    pub fn expect_type(&self, types: &[TensorType], expected: &'static str) -> Result<(), Reason> {
        if types.contains(&self.ty) {
            return Ok(());
        }
        Err(Reason::Type { operand: self.role, found: self.ty, expected })
    }
}

/// A tensor of a prepared model.
pub(crate) fn tensor_of<'a>(
    graph: &Graph<'a>,
    subgraph: u32,
    id: i32,
    role: &'static str,
) -> Option<Tensor<'a>> {
    let view = graph.tensor_view(subgraph, id)?;
    let data = graph.constant_bytes(graph.tensor(subgraph, id));
    Some(Tensor {
        id: u32::try_from(id).ok()?,
        role,
        ty: view.ty().ok()?,
        shape: Shape::new(view.shape().ok()?.iter()).ok()?,
        is_variable: view.is_variable().ok()?,
        data: (!data.is_empty()).then_some(data),
        view,
    })
}

/// Scales and zero points of a tensor.
#[derive(Clone, Copy, Debug)]
pub struct Quantization<'m> {
    /// The first scale.
    pub scale: f32,
    /// The first zero point.
    pub zero_point: i32,
    /// All scales: one, or one per slice along `dimension`.
    pub scales: Scalars<'m, f32>,
    /// All zero points.
    pub zero_points: Scalars<'m, i64>,
    /// The dimension that several scales run along.
    pub dimension: i32,
}

impl<'m> Quantization<'m> {
    fn new(view: QuantizationView<'m>) -> Result<Option<Self>, Reason> {
        let (scales, zero_points) = (view.scale()?, view.zero_point()?);
        let (Some(scale), Some(zero_point)) = (scales.get(0), zero_points.get(0)) else { return Ok(None) };
        let dimension = view.quantized_dimension()?;
        // TFLM keeps 32 bits of a zero point.
        Ok(Some(Self { scale, zero_point: zero_point as i32, scales, zero_points, dimension }))
    }
}

/// A type of elements that lies in memory as it is.
pub trait Element: bytemuck::Pod {}
impl Element for i8 {}
impl Element for u8 {}
impl Element for i16 {}
impl Element for u16 {}
impl Element for i32 {}
impl Element for u32 {}
impl Element for i64 {}
impl Element for u64 {}
impl Element for f32 {}

/// Bytes of a tensor: elements of less than 8 bits are packed. `None` for types whose elements have no fixed size.
pub(crate) fn tensor_bytes(ty: TensorType, elements: u64) -> Option<u64> {
    Some(elements.checked_mul(u64::from(ty.bits()?))?.div_ceil(8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_know_their_limits() {
        let shape = Shape::from_slice(&[2, 3, 4]).unwrap();
        assert_eq!((shape.rank(), shape.elements(), shape.last(), shape.dim(7)), (3, 24, 4, 1));
        assert_eq!(shape.extended::<4>(), Some([1, 2, 3, 4]));
        assert_eq!(shape.extended::<2>(), None);
        assert_eq!(Shape::SCALAR.elements(), 1);
        assert!(Shape::from_slice(&[1; 9]).is_err());
        assert!(Shape::from_slice(&[-1, 3]).is_err());
        assert!(Shape::from_slice(&[65536, 65536]).is_err());
        assert_eq!(Shape::from_slice(&[0, i32::MAX, i32::MAX]).map(|shape| shape.elements()), Ok(0));
    }

    #[test]
    fn packed_elements_share_bytes() {
        assert_eq!(tensor_bytes(TensorType::Int4, 5), Some(3));
        assert_eq!(tensor_bytes(TensorType::Int2, 5), Some(2));
        assert_eq!(tensor_bytes(TensorType::Float32, 5), Some(20));
        assert_eq!(tensor_bytes(TensorType::String, 5), None);
    }
}
