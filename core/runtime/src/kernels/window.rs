//! Windows that slide over an image: geometry shared by convolutions and pooling.

use crate::error::Reason;
use crate::prepare::{Options, expect_equal};
use crate::records::record;
use crate::tensor::Tensor;

record! {
    /// Sizes of an NHWC image, of the windows on it, and of the output; all in elements.
    #[derive(PartialEq, Eq)]
    pub(crate) struct Window {
        pub(crate) batches: u32,
        pub(crate) input_height: u32,
        pub(crate) input_width: u32,
        pub(crate) input_depth: u32,
        pub(crate) output_height: u32,
        pub(crate) output_width: u32,
        pub(crate) output_depth: u32,
        pub(crate) filter_height: u32,
        pub(crate) filter_width: u32,
        pub(crate) stride_height: u32,
        pub(crate) stride_width: u32,
        pub(crate) dilation_height: u32,
        pub(crate) dilation_width: u32,
        pub(crate) pad_top: u32,
        pub(crate) pad_left: u32,
    }
}

/// The taps of one output pixel that lie on the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Visit {
    /// The first element of the input pixel under the first of them.
    pub(crate) input_at: usize,
    /// The number of the first of them.
    pub(crate) tap: usize,
    pub(crate) n_rows: usize,
    pub(crate) n_columns: usize,
}

impl Visit {
    const NONE: Self = Self { input_at: 0, tap: 0, n_rows: 0, n_columns: 0 };
}

/// How far it is from one tap to the next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Steps {
    /// Input elements from row to row.
    pub(crate) row: usize,
    /// Input elements from column to column.
    pub(crate) column: usize,
    /// Taps from row to row.
    pub(crate) tap_row: usize,
    /// Input elements from output pixel to output pixel of a line.
    pub(crate) pixel: usize,
}

/// The taps of a window that lie on the image along one dimension: input position `origin + tap * dilation` for `tap` in
/// `start..end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Taps {
    pub(crate) origin: isize,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Window {
    /// The window of an operator whose options have the fields `padding`, `stride_h` and `stride_w`.
    ///
    /// # Errors
    /// Input or output have not four dimensions, or the sizes do not fit together.
    pub(crate) fn new(
        input: &Tensor<'_>,
        output: &Tensor<'_>,
        options: &Options<'_>,
        (filter_height, filter_width): (usize, usize),
        (dilation_height, dilation_width): (u32, u32),
    ) -> Result<Self, Reason> {
        expect_equal("number of dimensions of the input", input.shape.rank(), 4)?;
        expect_equal("number of dimensions of the output", output.shape.rank(), 4)?;
        let batches = input.shape.dim(0);
        expect_equal("batches of the output", output.shape.dim(0), batches)?;
        let (stride_height, stride_width) = (options.positive("stride_h")?, options.positive("stride_w")?);
        let is_same = options.int("padding")? == 0;
        let height = Span::new(input.shape.dim(1), filter_height, stride_height, dilation_height, is_same)?;
        let width = Span::new(input.shape.dim(2), filter_width, stride_width, dilation_width, is_same)?;
        expect_equal("height of the output", output.shape.dim(1), height.output)?;
        expect_equal("width of the output", output.shape.dim(2), width.output)?;
        Ok(Self {
            batches: batches as u32,
            input_height: input.shape.dim(1) as u32,
            input_width: input.shape.dim(2) as u32,
            input_depth: input.shape.dim(3) as u32,
            output_height: height.output as u32,
            output_width: width.output as u32,
            output_depth: output.shape.dim(3) as u32,
            filter_height: filter_height as u32,
            filter_width: filter_width as u32,
            stride_height,
            stride_width,
            dilation_height,
            dilation_width,
            pad_top: height.pad as u32,
            pad_left: width.pad as u32,
        })
    }

    /// Calls `visit(batch, y, x, first element of the output pixel)` for every output pixel.
    pub(crate) fn for_each_output(&self, mut visit: impl FnMut(usize, usize, usize, usize)) {
        // Without channels there is nothing to write, however many pixels the shape speaks of.
        if self.output_depth == 0 {
            return;
        }
        let mut output_at = 0;
        for batch in 0..self.batches as usize {
            for y in 0..self.output_height as usize {
                for x in 0..self.output_width as usize {
                    visit(batch, y, x, output_at);
                    output_at += self.output_depth as usize;
                }
            }
        }
    }

    /// How far it is from one tap to the next.
    pub(crate) fn steps(&self) -> Steps {
        let depth = self.input_depth as usize;
        Steps {
            row: self.dilation_height as usize * self.input_width as usize * depth,
            column: self.dilation_width as usize * depth,
            tap_row: self.filter_width as usize,
            pixel: self.stride_width as usize * depth,
        }
    }

    /// Calls `visit(taps, number of pixels, first element of the output)` for runs of neighbouring pixels: those whose window
    /// has all its columns on the image come at once, up to a line of them, with the taps of the first; others come one by
    /// one.
    pub(crate) fn for_each_run(&self, mut visit: impl FnMut(Visit, usize, usize)) {
        if self.output_depth == 0 {
            return;
        }
        let output_width = self.output_width as usize;
        let full = self.full_columns();
        let mut output_at = 0;
        for batch in 0..self.batches as usize {
            for y in 0..self.output_height as usize {
                let rows = self.rows(y);
                let mut x = 0;
                while x < output_width {
                    let n_pixels = if x == full.start { full.len().max(1) } else { 1 };
                    let columns = self.columns(x);
                    // A window beside the image has no taps at all.
                    let is_empty = rows.is_empty() || columns.is_empty();
                    let taps = if is_empty { Visit::NONE } else { self.visit(batch, &rows, &columns) };
                    visit(taps, n_pixels, output_at);
                    x += n_pixels;
                    output_at += n_pixels * self.output_depth as usize;
                }
            }
        }
    }

    /// The taps of a window of which some lie on the image.
    fn visit(&self, batch: usize, rows: &Taps, columns: &Taps) -> Visit {
        Visit {
            input_at: self.input_at(batch, rows, rows.start, columns, columns.start),
            tap: self.filter_at(0, rows.start, columns.start),
            n_rows: rows.len(),
            n_columns: columns.len(),
        }
    }

    /// The output columns whose windows have all their columns on the image.
    fn full_columns(&self) -> core::ops::Range<usize> {
        let (stride, pad) = (self.stride_width as usize, self.pad_left as usize);
        let extent = (self.filter_width as usize - 1) * self.dilation_width as usize + 1;
        let start = pad.div_ceil(stride);
        let room = (self.input_width as usize + pad).checked_sub(extent);
        let end = room.map_or(0, |room| room / stride + 1).min(self.output_width as usize);
        start..end.max(start)
    }

    /// The first element of the input pixel under a tap.
    #[inline]
    pub(crate) fn input_at(
        &self,
        batch: usize,
        rows: &Taps,
        row: usize,
        columns: &Taps,
        column: usize,
    ) -> usize {
        let y = (rows.origin + row as isize * self.dilation_height as isize) as usize;
        let x = (columns.origin + column as isize * self.dilation_width as isize) as usize;
        ((batch * self.input_height as usize + y) * self.input_width as usize + x) * self.input_depth as usize
    }

    /// The number of a tap, counted over the filters of all channels.
    #[inline]
    pub(crate) fn filter_at(&self, channel: usize, row: usize, column: usize) -> usize {
        (channel * self.filter_height as usize + row) * self.filter_width as usize + column
    }

    /// The rows of the window of output row `y`.
    #[inline]
    pub(crate) fn rows(&self, y: usize) -> Taps {
        Taps::new(
            y,
            self.stride_height,
            self.pad_top,
            self.filter_height,
            self.dilation_height,
            self.input_height,
        )
    }

    /// The columns of the window of output column `x`.
    #[inline]
    pub(crate) fn columns(&self, x: usize) -> Taps {
        Taps::new(
            x,
            self.stride_width,
            self.pad_left,
            self.filter_width,
            self.dilation_width,
            self.input_width,
        )
    }
}

impl Taps {
    #[inline]
    fn new(at: usize, stride: u32, pad: u32, filter: u32, dilation: u32, input: u32) -> Self {
        let origin = at as isize * stride as isize - pad as isize;
        let dilation = dilation as isize;
        let start = if origin >= 0 { 0 } else { (-origin + dilation - 1) / dilation };
        let left = input as isize - origin;
        let end = if left <= 0 { 0 } else { (left + dilation - 1) / dilation };
        let end = end.min(filter as isize);
        Self { origin, start: start.min(end) as usize, end: end as usize }
    }

    /// Number of taps on the image.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.end - self.start
    }

    /// True if the window lies beside the image.
    #[inline]
    fn is_empty(&self) -> bool {
        self.start == self.end
    }
}

/// Elements of padding before an image of `size` elements along one dimension.
///
/// # Errors
/// The filter has no size.
pub(crate) fn padding(size: usize, filter: usize, stride: u32, is_same: bool) -> Result<u32, Reason> {
    Ok(Span::new(size, filter, stride, 1, is_same)?.pad as u32)
}

/// Output size and leading padding along one dimension.
struct Span {
    output: usize,
    pad: usize,
}

impl Span {
    /// `ComputeOutSize` and `ComputePadding` (kernels/padding.h).
    fn new(input: usize, filter: usize, stride: u32, dilation: u32, is_same: bool) -> Result<Self, Reason> {
        let too_large = Reason::TooLarge { what: "a window" };
        let (stride, dilation) = (stride as i64, dilation as i64);
        let extent = (filter as i64 - 1).max(0).checked_mul(dilation).map(|extent| extent + 1);
        let extent = extent.filter(|extent| *extent < 1 << 30).ok_or(too_large)?;
        if filter == 0 || stride >= 1 << 30 {
            return Err(Reason::Range {
                what: "size of the window",
                found: filter as i64,
                expected: "at least 1",
            });
        }
        let input = input as i64;
        let output = if is_same { (input + stride - 1) / stride } else { (input + stride - extent) / stride };
        let output = output.max(0);
        let total = ((output - 1) * stride + extent - input).max(0);
        Ok(Self { output: output as usize, pad: (total / 2) as usize })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taps_stay_on_the_image() {
        for (stride, pad, filter, dilation, input) in
            [(1, 1, 3, 1, 5), (2, 0, 3, 1, 7), (1, 4, 3, 4, 5), (3, 2, 5, 2, 4), (1, 9, 2, 1, 3)]
        {
            for at in 0..8usize {
                let taps = Taps::new(at, stride, pad, filter, dilation, input);
                for tap in 0..filter as isize {
                    let position = taps.origin + tap * dilation as isize;
                    let is_on_image = position >= 0 && position < input as isize;
                    let is_tap = (taps.start..taps.end).contains(&(tap as usize));
                    assert_eq!(is_tap, is_on_image, "tap {tap} at {at}");
                }
            }
        }
    }

    fn window(input: u32, filter: u32, stride: u32, dilation: u32, is_same: bool) -> Window {
        let span = Span::new(input as usize, filter as usize, stride, dilation, is_same).unwrap();
        Window {
            batches: 2,
            input_height: input,
            input_width: input,
            input_depth: 3,
            output_height: span.output as u32,
            output_width: span.output as u32,
            output_depth: 2,
            filter_height: filter,
            filter_width: filter,
            stride_height: stride,
            stride_width: stride,
            dilation_height: dilation,
            dilation_width: dilation,
            pad_top: span.pad as u32,
            pad_left: span.pad as u32,
        }
    }

    #[test]
    fn runs_cover_every_pixel_with_its_taps() {
        for (input, filter, stride, dilation, is_same) in [
            (5, 3, 1, 1, true),
            (9, 3, 2, 1, true),
            (7, 3, 1, 2, true),
            (6, 2, 3, 1, false),
            (2, 5, 1, 1, true),
            (1, 1, 1, 1, true),
            (3, 2, 1, 5, true),
            (1, 4, 1, 9, true),
        ] {
            let window = window(input, filter, stride, dilation, is_same);
            let steps = window.steps();
            let (mut expected, mut found) = (Vec::new(), Vec::new());
            window.for_each_output(|batch, y, x, output_at| {
                let (rows, columns) = (window.rows(y), window.columns(x));
                let mut taps = Vec::new();
                for row in rows.start..rows.end {
                    for column in columns.start..columns.end {
                        let input_at = window.input_at(batch, &rows, row, &columns, column);
                        taps.push((input_at, window.filter_at(0, row, column)));
                    }
                }
                expected.push((output_at, taps));
            });
            let mut n_runs = 0;
            window.for_each_run(|first, n_pixels, output_at| {
                n_runs += 1;
                for pixel in 0..n_pixels {
                    let mut taps = Vec::new();
                    for (row, column) in (0..first.n_rows)
                        .flat_map(|row| (0..first.n_columns).map(move |column| (row, column)))
                    {
                        let input_at =
                            first.input_at + row * steps.row + column * steps.column + pixel * steps.pixel;
                        taps.push((input_at, first.tap + row * steps.tap_row + column));
                    }
                    found.push((output_at + 2 * pixel, taps));
                }
            });
            assert_eq!(
                found, expected,
                "input {input}, filter {filter}, stride {stride}, dilation {dilation}"
            );
            assert!(n_runs <= expected.len());
        }
    }

    #[test]
    fn images_without_channels_have_no_output() {
        let window = Window {
            output_depth: 0,
            output_height: 1 << 30,
            output_width: 1 << 30,
            ..window(5, 3, 1, 1, true)
        };
        window.for_each_output(|_, _, _, _| panic!("an output of no channels"));
        window.for_each_run(|_, _, _| panic!("a run of no channels"));
    }

    #[test]
    fn output_sizes_follow_the_padding() {
        let span = |input, filter, stride, dilation, is_same| {
            Span::new(input, filter, stride, dilation, is_same).map(|span| (span.output, span.pad))
        };
        assert_eq!(span(5, 3, 1, 1, true), Ok((5, 1)));
        assert_eq!(span(96, 3, 2, 1, true), Ok((48, 0)));
        assert_eq!(span(5, 3, 1, 1, false), Ok((3, 0)));
        assert_eq!(span(49, 10, 2, 1, true), Ok((25, 4)));
        assert_eq!(span(5, 3, 1, 2, true), Ok((5, 2)));
        assert_eq!(span(2, 5, 1, 1, false), Ok((0, 1)));
    }
}
