//! Operators on two tensors of which one may be repeated along some dimensions.
//!
//! Reference: kernels/internal/reference/broadcast_loop.h in esp-tflite-micro at 99f49e1: shapes are aligned at the last
//! dimension, and a size of 1 is repeated.

use crate::tensor::{MAX_RANK, Shape};

/// The shape of the result; `None` if the shapes do not go together.
pub fn broadcast_shape(a: &Shape, b: &Shape) -> Option<Shape> {
    let rank = a.rank().max(b.rank());
    let (a, b) = (a.extended::<MAX_RANK>()?, b.extended::<MAX_RANK>()?);
    let mut dims = [1i32; MAX_RANK];
    for (dim, (a, b)) in dims.iter_mut().zip(a.iter().zip(&b)) {
        *dim = match (*a, *b) {
            (a, b) if a == b => a as i32,
            (1, b) => b as i32,
            (a, 1) => a as i32,
            _ => return None,
        };
    }
    Shape::from_slice(&dims[MAX_RANK - rank..]).ok()
}

/// Writes `function(a, b)` to every element of `output`, whose shape is [`broadcast_shape`] of the others.
pub fn broadcast_binary<A: Copy, B: Copy, T>(
    (a, a_shape): (&[A], &Shape),
    (b, b_shape): (&[B], &Shape),
    output: &mut [T],
    function: impl Fn(A, B) -> T,
) {
    if a_shape == b_shape {
        for (output, (a, b)) in output.iter_mut().zip(a.iter().zip(b)) {
            *output = function(*a, *b);
        }
        return;
    }
    let (Some(a_dims), Some(b_dims)) = (a_shape.extended::<MAX_RANK>(), b_shape.extended::<MAX_RANK>())
    else {
        return;
    };
    let dims: [usize; MAX_RANK] =
        core::array::from_fn(|axis| if a_dims[axis] == 1 { b_dims[axis] } else { a_dims[axis] });
    let (a_strides, b_strides) = (strides(&a_dims), strides(&b_dims));
    let mut position = [0usize; MAX_RANK];
    let (mut a_at, mut b_at) = (0usize, 0usize);
    let last = MAX_RANK - 1;
    for row in output.chunks_exact_mut(dims[last].max(1)) {
        let (mut a_index, mut b_index) = (a_at, b_at);
        for output in row {
            *output = function(a[a_index], b[b_index]);
            a_index += a_strides[last];
            b_index += b_strides[last];
        }
        for axis in (0..last).rev() {
            position[axis] += 1;
            a_at += a_strides[axis];
            b_at += b_strides[axis];
            if position[axis] < dims[axis] {
                break;
            }
            position[axis] = 0;
            a_at -= a_strides[axis] * dims[axis];
            b_at -= b_strides[axis] * dims[axis];
        }
    }
}

/// Elements from one index of a dimension to the next; 0 for dimensions that are repeated.
fn strides(dims: &[usize; MAX_RANK]) -> [usize; MAX_RANK] {
    let mut strides = [0; MAX_RANK];
    let mut stride = 1;
    for axis in (0..MAX_RANK).rev() {
        strides[axis] = if dims[axis] == 1 { 0 } else { stride };
        stride *= dims[axis];
    }
    strides
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(a: &[i32], b: &[i32]) {
        let (a_shape, b_shape) = (Shape::from_slice(a).unwrap(), Shape::from_slice(b).unwrap());
        let shape = broadcast_shape(&a_shape, &b_shape).unwrap();
        let numbers = |shape: &Shape| (0..shape.elements() as i32).collect::<Vec<_>>();
        let mut output = vec![(-1, -1); shape.elements()];
        broadcast_binary(
            (&numbers(&a_shape), &a_shape),
            (&numbers(&b_shape), &b_shape),
            &mut output,
            |a, b| (a, b),
        );
        // The element that each index reads, written out with division and remainder.
        let source = |index: usize, of: &Shape| {
            let (dims, out) = (of.extended::<MAX_RANK>().unwrap(), shape.extended::<MAX_RANK>().unwrap());
            let (mut rest, mut stride, mut found) = (index, 1, 0);
            for axis in (0..MAX_RANK).rev() {
                let position = rest % out[axis];
                rest /= out[axis];
                found += if dims[axis] == 1 { 0 } else { position * stride };
                stride *= dims[axis];
            }
            found as i32
        };
        for (index, found) in output.iter().enumerate() {
            assert_eq!(
                *found,
                (source(index, &a_shape), source(index, &b_shape)),
                "element {index} of {a:?} and {b:?}"
            );
        }
    }

    #[test]
    fn elements_are_repeated_along_sizes_of_one() {
        check(&[2, 3], &[2, 3]);
        check(&[2, 3], &[3]);
        check(&[2, 3], &[2, 1]);
        check(&[1], &[4, 5]);
        check(&[], &[3, 2]);
        check(&[2, 1, 3, 1], &[1, 4, 1, 5]);
        check(&[3, 1, 2, 1, 2], &[2, 1, 3, 1]);
    }

    #[test]
    fn shapes_have_to_go_together() {
        let shape = |dims: &[i32]| Shape::from_slice(dims).unwrap();
        assert_eq!(broadcast_shape(&shape(&[2, 3]), &shape(&[2])), None);
        assert_eq!(broadcast_shape(&shape(&[2, 1]), &shape(&[3])), Some(shape(&[2, 3])));
        assert_eq!(broadcast_shape(&shape(&[0, 1]), &shape(&[3])), Some(shape(&[0, 3])));
    }
}
