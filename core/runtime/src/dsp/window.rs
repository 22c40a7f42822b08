//! The first steps of a frame: window and scale.

use super::significant_bits;

/// Multiplies every frame of `window.len()` samples with the window and shifts the products to the right
/// (`ApplyWindow`, signal/src/window.cc). `shift` is below 32; results saturate.
pub fn apply_window(input: &[i16], window: &[i16], shift: u32, output: &mut [i16]) {
    for (index, (output, input)) in output.iter_mut().zip(input).enumerate() {
        let product = (i32::from(*input) * i32::from(window[index % window.len()])) >> shift;
        *output = product.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16;
    }
}

/// Shifts all samples to the left as far as the largest one allows, and returns by how many bits (`FftAutoScale`,
/// signal/src/fft_auto_scale.cc).
pub fn auto_scale(input: &[i16], output: &mut [i16]) -> i32 {
    // The largest magnitude is kept in 16 bits: -32768 becomes a magnitude below all others, as in the reference.
    let magnitude = input.iter().fold(0i16, |max, value| {
        if *value > max {
            *value
        } else if -i32::from(*value) > i32::from(max) {
            value.wrapping_neg()
        } else {
            max
        }
    });
    let bits = (15 - significant_bits(i32::from(magnitude) as u32) as i32).max(0);
    for (output, input) in output.iter_mut().zip(input) {
        *output = (i32::from(*input) << bits) as i16;
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_weighted_one_after_the_other() {
        let mut output = [-91; 5];
        apply_window(&[100, -100, 32767, -32768, 7], &[4096, 8192], 12, &mut output);
        assert_eq!(output, [100, -200, 32767, -32768, 7]);
        apply_window(&[-1, 1, 0, -32768, 3], &[1], 1, &mut output);
        assert_eq!(output, [-1, 0, 0, -16384, 1], "shifts round down");
    }

    #[test]
    fn the_largest_sample_decides() {
        let mut output = [-91; 3];
        assert_eq!(auto_scale(&[1, -3, 2], &mut output), 13);
        assert_eq!(output, [8192, -24576, 16384]);
        assert_eq!(auto_scale(&[0, 0, 0], &mut output), 0);
        assert_eq!(auto_scale(&[16384, 0, 0], &mut output), 0);
        assert_eq!(auto_scale(&[16383, 0, 0], &mut output), 1);
    }

    #[test]
    fn the_smallest_sample_has_no_magnitude() {
        let mut output = [-91; 3];
        assert_eq!(auto_scale(&[5, -32768, 1], &mut output), 14, "what follows -32768 counts alone");
        assert_eq!(output, [16384, 0, 16384]);
        assert_eq!(auto_scale(&[5, 1, -32768], &mut output), 0);
    }
}
