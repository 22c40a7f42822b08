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
    let loops = Loops::new([a_shape, b_shape]);
    loops.for_each_row(output, |row, [a_at, b_at]| match loops.row_strides() {
        [0, _] => {
            let a = a[a_at];
            row.iter_mut().zip(&b[b_at..]).for_each(|(output, b)| *output = function(a, *b));
        }
        [_, 0] => {
            let b = b[b_at];
            row.iter_mut().zip(&a[a_at..]).for_each(|(output, a)| *output = function(*a, b));
        }
        _ => {
            let operands = a[a_at..].iter().zip(&b[b_at..]);
            row.iter_mut().zip(operands).for_each(|(output, (a, b))| *output = function(*a, *b));
        }
    });
}

/// Writes `function(a, b, c)` to every element of `output`, whose shape is the one that all three shapes give.
pub fn broadcast_ternary<A: Copy, B: Copy, C: Copy, T>(
    (a, a_shape): (&[A], &Shape),
    (b, b_shape): (&[B], &Shape),
    (c, c_shape): (&[C], &Shape),
    output: &mut [T],
    function: impl Fn(A, B, C) -> T,
) {
    let loops = Loops::new([a_shape, b_shape, c_shape]);
    let [a_stride, b_stride, c_stride] = loops.row_strides();
    loops.for_each_row(output, |row, [a_at, b_at, c_at]| {
        for (index, output) in row.iter_mut().enumerate() {
            let (a_at, b_at, c_at) =
                (a_at + index * a_stride, b_at + index * b_stride, c_at + index * c_stride);
            *output = function(a[a_at], b[b_at], c[c_at]);
        }
    });
}

/// Loops over the elements of an output, innermost first; dimensions that all operands go through alike are one loop.
struct Loops<const OPERANDS: usize> {
    n_loops: usize,
    sizes: [usize; MAX_RANK],
    /// Elements from one step of a loop to the next; 0 where the operand is repeated.
    strides: [[usize; OPERANDS]; MAX_RANK],
}

impl<const OPERANDS: usize> Loops<OPERANDS> {
    fn new(shapes: [&Shape; OPERANDS]) -> Self {
        // A shape has at most MAX_RANK dimensions, so it always extends.
        let dims = shapes.map(|shape| shape.extended::<MAX_RANK>().unwrap_or([1; MAX_RANK]));
        let mut loops = Self { n_loops: 0, sizes: [1; MAX_RANK], strides: [[1; OPERANDS]; MAX_RANK] };
        let mut below = [1usize; OPERANDS];
        for axis in (0..MAX_RANK).rev() {
            let size = dims.iter().map(|dims| dims[axis]).find(|size| *size != 1).unwrap_or(1);
            if size == 1 {
                continue;
            }
            let strides: [usize; OPERANDS] =
                core::array::from_fn(|operand| if dims[operand][axis] == 1 { 0 } else { below[operand] });
            for (below, dims) in below.iter_mut().zip(&dims) {
                *below *= dims[axis];
            }
            if let Some(inner) = loops.n_loops.checked_sub(1) {
                let continued = loops.strides[inner].map(|stride| stride * loops.sizes[inner]);
                if strides == continued {
                    loops.sizes[inner] *= size;
                    continue;
                }
            }
            loops.sizes[loops.n_loops] = size;
            loops.strides[loops.n_loops] = strides;
            loops.n_loops += 1;
        }
        loops
    }

    /// Elements from one element of a row to the next in each operand, 0 or 1.
    fn row_strides(&self) -> [usize; OPERANDS] {
        self.strides[0]
    }

    /// Calls `visit` for every row of the output, with the first element of each operand.
    fn for_each_row<T>(&self, output: &mut [T], mut visit: impl FnMut(&mut [T], [usize; OPERANDS])) {
        let mut position = [0usize; MAX_RANK];
        let mut at = [0usize; OPERANDS];
        for row in output.chunks_exact_mut(self.sizes[0].max(1)) {
            visit(row, at);
            let outer = self.sizes.iter().zip(&self.strides).zip(&mut position).take(self.n_loops).skip(1);
            for ((size, strides), position) in outer {
                *position += 1;
                at.iter_mut().zip(strides).for_each(|(at, stride)| *at += stride);
                if *position < *size {
                    break;
                }
                *position = 0;
                at.iter_mut().zip(strides).for_each(|(at, stride)| *at -= stride * size);
            }
        }
    }
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
        check(&[1, 1, 5], &[2, 3, 1]);
        check(&[2, 3, 1, 4], &[2, 3, 5, 4]);
        check(&[1, 7, 1, 1], &[3, 7, 2, 2]);
        check(&[2, 2, 2, 2, 2, 2, 2, 2], &[2, 1, 2, 1, 2, 1, 2, 1]);
        check(&[0, 3], &[1, 3]);
    }

    #[test]
    fn three_operands_are_repeated_each_in_its_way() {
        let shapes: [&[i32]; 3] = [&[2, 1, 1, 3], &[4, 1], &[1, 5, 1, 1]];
        let shapes = shapes.map(|dims| Shape::from_slice(dims).unwrap());
        let numbers = |shape: &Shape| (0..shape.elements()).collect::<Vec<_>>();
        let [a, b, c] = [0, 1, 2].map(|index| numbers(&shapes[index]));
        let mut output = vec![(9, 9, 9); 2 * 5 * 4 * 3];
        let [a_shape, b_shape, c_shape] = &shapes;
        broadcast_ternary((&a, a_shape), (&b, b_shape), (&c, c_shape), &mut output, |a, b, c| (a, b, c));
        for (index, found) in output.iter().enumerate() {
            let (last, third, second, first) = (index % 3, index / 3 % 4, index / 12 % 5, index / 60);
            assert_eq!(*found, (first * 3 + last, third, second), "element {index}");
        }
    }

    #[test]
    fn shapes_have_to_go_together() {
        let shape = |dims: &[i32]| Shape::from_slice(dims).unwrap();
        assert_eq!(broadcast_shape(&shape(&[2, 3]), &shape(&[2])), None);
        assert_eq!(broadcast_shape(&shape(&[2, 1]), &shape(&[3])), Some(shape(&[2, 3])));
        assert_eq!(broadcast_shape(&shape(&[0, 1]), &shape(&[3])), Some(shape(&[0, 3])));
    }
}
