//! Streams that are cut into frames and put together again.

/// Writes the input delayed by `line.len()` samples, and keeps what has not come out yet (the reference does this with
/// signal/src/circular_buffer.cc).
pub fn delay(line: &mut [i16], input: &[i16], output: &mut [i16]) {
    let (length, n_samples) = (line.len(), input.len());
    for (index, output) in output.iter_mut().enumerate() {
        *output = if index < length { line[index] } else { input[index - length] };
    }
    if n_samples >= length {
        line.copy_from_slice(&input[n_samples - length..]);
    } else {
        line.copy_within(n_samples.., 0);
        line[length - n_samples..].copy_from_slice(input);
    }
}

/// A sample that can be added to an overlapping one.
pub trait Overlap: Copy + Default {
    /// The sum of two samples.
    fn mix(self, other: Self) -> Self;
}

impl Overlap for i16 {
    fn mix(self, other: Self) -> Self {
        self.saturating_add(other)
    }
}

impl Overlap for f32 {
    fn mix(self, other: Self) -> Self {
        other + self
    }
}

/// Adds a frame to what is left of the frames before it and writes the `output.len()` samples that are complete
/// (`OverlapAdd`, signal/src/overlap_add.cc). `rest` is as long as the frame, and the output is not longer.
pub fn overlap_add<T: Overlap>(frame: &[T], rest: &mut [T], output: &mut [T]) {
    for (rest, sample) in rest.iter_mut().zip(frame) {
        *rest = sample.mix(*rest);
    }
    output.copy_from_slice(&rest[..output.len()]);
    rest.copy_within(output.len().., 0);
    let kept = rest.len() - output.len();
    rest[kept..].fill(T::default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_come_out_later() {
        for length in [0usize, 1, 3, 4, 7] {
            let mut line = vec![0; length];
            let mut found = Vec::new();
            for frame in 0..5 {
                let input: Vec<i16> = (1..=4).map(|sample| frame * 4 + sample).collect();
                let mut output = [-91; 4];
                delay(&mut line, &input, &mut output);
                found.extend(output);
            }
            let expected: Vec<i16> = (1..=20).map(|sample| (sample - length as i16).max(0)).collect();
            assert_eq!(found, expected, "delay of {length}");
        }
    }

    #[test]
    fn overlapping_frames_are_added() {
        let mut rest = [0i16; 4];
        let mut output = [-91; 2];
        overlap_add(&[1, 2, 3, 4], &mut rest, &mut output);
        assert_eq!((output, rest), ([1, 2], [3, 4, 0, 0]));
        overlap_add(&[30_000, 32_766, 5, -6], &mut rest, &mut output);
        assert_eq!((output, rest), ([30_003, 32_767], [5, -6, 0, 0]));
        let mut rest = [0.5f32, 1.5];
        let mut output = [0.0; 2];
        overlap_add(&[1.0, 2.0], &mut rest, &mut output);
        assert_eq!((output, rest), ([1.5, 3.5], [0.0, 0.0]));
    }
}
