//! Checks of shapes and axes that several operators share.

use crate::error::Reason;
use crate::schema::TensorType;
use crate::tensor::{Shape, Tensor};

/// The dimension that an axis means; a negative axis counts from behind.
///
/// # Errors
/// There is no such dimension.
pub(crate) fn axis_index(axis: i64, rank: usize) -> Result<usize, Reason> {
    let index = if axis < 0 { axis + rank as i64 } else { axis };
    let found = Reason::Range { what: "axis", found: axis, expected: "a dimension of the tensor" };
    usize::try_from(index).ok().filter(|index| *index < rank).ok_or(found)
}

/// Checks the shape of an output that the operator can compute from its inputs.
///
/// # Errors
/// The file says something else.
pub(crate) fn expect_output_shape(output: &Tensor<'_>, expected: &Shape) -> Result<(), Reason> {
    let (found, expected) = (output.shape.dims(), expected.dims());
    if found.len() != expected.len() {
        return Err(Reason::Mismatch {
            what: "number of dimensions of the output",
            found: found.len() as i64,
            expected: expected.len() as i64,
        });
    }
    for (found, expected) in found.iter().zip(expected) {
        if found != expected {
            let (found, expected) = (i64::from(*found), i64::from(*expected));
            return Err(Reason::Mismatch { what: "size of a dimension of the output", found, expected });
        }
    }
    Ok(())
}

/// Checks the number of dimensions.
///
/// # Errors
/// It is another one.
pub(crate) fn expect_rank(tensor: &Tensor<'_>, expected: usize) -> Result<(), Reason> {
    let found = tensor.shape.rank();
    if found == expected {
        return Ok(());
    }
    let (found, expected) = (found as i64, expected as i64);
    Err(Reason::Mismatch { what: "number of dimensions", found, expected })
}

/// Bytes of one element of a type whose elements are whole bytes.
///
/// # Errors
/// The elements have no fixed size, or share bytes.
pub(crate) fn element_bytes(tensor: &Tensor<'_>) -> Result<u32, Reason> {
    let bits = tensor.ty.bits().filter(|bits| *bits >= 8);
    let expected = "a type of whole bytes";
    bits.map(|bits| bits / 8).ok_or(Reason::Type { operand: tensor.role, found: tensor.ty, expected })
}

/// The numbers of a constant of type int32 or int64.
///
/// # Errors
/// It is an activation, or of another type.
pub(crate) fn constant_ints<'m>(tensor: &Tensor<'m>) -> Result<Ints<'m>, Reason> {
    match tensor.ty {
        TensorType::Int32 => Ok(Ints::Int32(tensor.required_constant()?)),
        TensorType::Int64 => Ok(Ints::Int64(tensor.required_constant()?)),
        found => Err(Reason::Type { operand: tensor.role, found, expected: "int32 or int64" }),
    }
}

/// Numbers of type int32 or int64.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ints<'a> {
    /// 32 bits each.
    Int32(&'a [i32]),
    /// 64 bits each.
    Int64(&'a [i64]),
}

impl Ints<'_> {
    /// Number of numbers.
    pub(crate) fn len(&self) -> usize {
        match self {
            Ints::Int32(values) => values.len(),
            Ints::Int64(values) => values.len(),
        }
    }

    /// The number at an index.
    pub(crate) fn get(&self, index: usize) -> Option<i64> {
        match self {
            Ints::Int32(values) => values.get(index).map(|value| i64::from(*value)),
            Ints::Int64(values) => values.get(index).copied(),
        }
    }
}

/// Product of the sizes of some dimensions.
pub(crate) fn product(shape: &Shape, axes: core::ops::Range<usize>) -> usize {
    shape.dims().get(axes).unwrap_or(&[]).iter().fold(1, |product, size| product * *size as usize)
}
