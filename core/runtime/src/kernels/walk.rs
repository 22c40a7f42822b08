//! Nested loops that copy elements from one place to another: the core of every operator that only moves data.
//!
//! Elements are copied as bytes, so one function serves all types. Loops that turn out to be one longer loop are merged
//! while they are added, which makes whole rows of what is contiguous.

use crate::tensor::{MAX_RANK, Shape};

/// A loop for every dimension, and one for the bytes of an element.
const MAX_LOOPS: usize = MAX_RANK + 1;

/// Nested loops with a distance to read and a distance to write per step; the innermost copies a run of bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Walk {
    element_bytes: isize,
    n_loops: usize,
    /// Loops from the innermost; the first one is the run of bytes.
    sizes: [usize; MAX_LOOPS],
    reads: [isize; MAX_LOOPS],
    writes: [isize; MAX_LOOPS],
    read_start: isize,
    write_start: isize,
}

impl Walk {
    /// Copies one element of so many bytes.
    pub(crate) fn new(element_bytes: usize) -> Self {
        let mut sizes = [1; MAX_LOOPS];
        sizes[0] = element_bytes;
        Self {
            element_bytes: element_bytes as isize,
            n_loops: 1,
            sizes,
            reads: [1; MAX_LOOPS],
            writes: [1; MAX_LOOPS],
            read_start: 0,
            write_start: 0,
        }
    }

    /// Begins to read and to write so many elements further on.
    pub(crate) fn starting(mut self, read: isize, write: isize) -> Self {
        self.read_start += read * self.element_bytes;
        self.write_start += write * self.element_bytes;
        self
    }

    /// Puts a loop of `size` steps around those so far. One step moves by so many elements.
    pub(crate) fn around(mut self, size: usize, read: isize, write: isize) -> Self {
        if size == 1 {
            return self;
        }
        let (read, write) = (read * self.element_bytes, write * self.element_bytes);
        let inner = self.n_loops - 1;
        let extent = self.sizes[inner] as isize;
        if read == self.reads[inner] * extent && write == self.writes[inner] * extent {
            self.sizes[inner] *= size;
        } else if self.n_loops < MAX_LOOPS {
            self.sizes[self.n_loops] = size;
            self.reads[self.n_loops] = read;
            self.writes[self.n_loops] = write;
            self.n_loops += 1;
        }
        self
    }

    /// Runs all loops.
    ///
    /// # Panics
    /// The loops lead out of the input or the output.
    pub(crate) fn copy(&self, input: &[u8], output: &mut [u8]) {
        if self.sizes[..self.n_loops].contains(&0) {
            return;
        }
        match self.sizes[0] {
            1 => self.copy_runs::<1>(input, output),
            2 => self.copy_runs::<2>(input, output),
            4 => self.copy_runs::<4>(input, output),
            8 => self.copy_runs::<8>(input, output),
            run => self.rows(|read, write| {
                for step in 0..self.sizes[1] as isize {
                    let read = (read + step * self.reads[1]) as usize;
                    let write = (write + step * self.writes[1]) as usize;
                    output[write..write + run].copy_from_slice(&input[read..read + run]);
                }
            }),
        }
    }

    fn copy_runs<const RUN: usize>(&self, input: &[u8], output: &mut [u8]) {
        self.rows(|mut read, mut write| {
            for _ in 0..self.sizes[1] {
                let source = &input[read as usize..][..RUN];
                output[write as usize..][..RUN].copy_from_slice(source);
                read += self.reads[1];
                write += self.writes[1];
            }
        });
    }

    /// Calls `row` with the place to read and to write for every combination of the loops outside of the first two.
    fn rows(&self, mut row: impl FnMut(isize, isize)) {
        let (mut read, mut write) = (self.read_start, self.write_start);
        let mut position = [0; MAX_LOOPS];
        loop {
            row(read, write);
            let mut level = 2;
            loop {
                if level >= self.n_loops {
                    return;
                }
                position[level] += 1;
                read += self.reads[level];
                write += self.writes[level];
                if position[level] < self.sizes[level] {
                    break;
                }
                read -= self.reads[level] * self.sizes[level] as isize;
                write -= self.writes[level] * self.sizes[level] as isize;
                position[level] = 0;
                level += 1;
            }
        }
    }
}

/// Elements from one index of each dimension to the next.
pub(crate) fn strides(shape: &Shape) -> [isize; MAX_RANK] {
    let mut strides = [0; MAX_RANK];
    let mut stride = 1isize;
    for axis in (0..shape.rank()).rev() {
        strides[axis] = stride;
        stride = stride.wrapping_mul(shape.dim(axis) as isize);
    }
    strides
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Loops from the outermost as (size, read, write), compared with the same loops written out.
    fn check(
        loops: &[(usize, isize, isize)],
        start: (isize, isize),
        element_bytes: usize,
        sizes: (usize, usize),
    ) {
        let input: Vec<u8> = (0..sizes.0 * element_bytes).map(|index| (index * 7 + 1) as u8).collect();
        let mut output = vec![0xa5; sizes.1 * element_bytes];
        let mut expected = output.clone();
        let total: usize = loops.iter().map(|(size, ..)| size).product();
        for index in 0..total {
            let (mut rest, mut read, mut write) = (index, start.0, start.1);
            for (size, read_stride, write_stride) in loops.iter().rev() {
                let step = (rest % size) as isize;
                rest /= size;
                read += step * read_stride;
                write += step * write_stride;
            }
            for byte in 0..element_bytes {
                expected[write as usize * element_bytes + byte] = input[read as usize * element_bytes + byte];
            }
        }
        let mut walk = Walk::new(element_bytes).starting(start.0, start.1);
        for (size, read, write) in loops.iter().rev() {
            walk = walk.around(*size, *read, *write);
        }
        walk.copy(&input, &mut output);
        assert_eq!(output, expected, "{loops:?} from {start:?}");
    }

    #[test]
    fn loops_are_those_written_out() {
        for element_bytes in [1, 2, 4, 8] {
            check(&[], (0, 0), element_bytes, (1, 1));
            check(&[(5, 1, 1)], (0, 0), element_bytes, (5, 5));
            check(&[(5, 2, 1)], (1, 0), element_bytes, (11, 5));
            check(&[(5, -1, 1)], (4, 0), element_bytes, (5, 5));
            check(&[(2, 3, 3), (3, 1, 1)], (0, 0), element_bytes, (6, 6));
            check(&[(2, 1, 3), (3, 2, 1)], (0, 0), element_bytes, (6, 6));
            check(&[(3, 0, 4), (4, 1, 1)], (0, 0), element_bytes, (4, 12));
            check(&[(2, 12, 20), (3, 4, 5), (4, 1, 1)], (0, 7), element_bytes, (24, 50));
            check(&[(2, 1, 12), (3, 8, 4), (4, 2, 1)], (0, 0), element_bytes, (24, 24));
            check(
                &[(2, 60, 60), (1, 9, 9), (3, 4, 20), (5, 12, 4), (4, 1, 1)],
                (0, 0),
                element_bytes,
                (120, 120),
            );
        }
    }

    #[test]
    fn nothing_is_copied_without_steps() {
        let mut output = [0xa5; 4];
        Walk::new(4).around(0, 1, 1).around(3, 0, 0).copy(&[], &mut output);
        assert_eq!(output, [0xa5; 4]);
    }

    #[test]
    fn contiguous_loops_are_merged() {
        let walk = Walk::new(4).around(3, 1, 1).around(5, 3, 3).around(2, 15, 15);
        assert_eq!((walk.n_loops, walk.sizes[0]), (1, 120));
    }
}
