//! Power of a spectrum.

/// The squared magnitude of every complex number of `spectrum`, which holds real and imaginary parts in turn
/// (`SpectrumToEnergy`, signal/src/energy.cc).
pub fn spectrum_energy(spectrum: &[i16], output: &mut [u32]) {
    for (output, bin) in output.iter_mut().zip(spectrum.chunks_exact(2)) {
        let square = |part: i16| (i32::from(part) * i32::from(part)) as u32;
        *output = square(bin[0]).wrapping_add(square(bin[1]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_are_added() {
        let mut output = [1; 3];
        spectrum_energy(&[3, 4, -32768, -32768, 0, -1], &mut output);
        assert_eq!(output, [25, 1 << 31, 1]);
    }
}
