//! A running estimate of the noise, taken away from the signal.

/// Parameters of spectral subtraction (`FilterbankSpectralSubtraction`, signal/src/filter_bank_spectral_subtraction.cc).
/// Fractions are scaled by `2^subtraction_bits`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpectralSubtraction {
    /// Share of the new signal in the estimate, for channels with an even and with an odd number.
    pub smoothing: [u32; 2],
    /// Share of the old estimate.
    pub one_minus_smoothing: [u32; 2],
    /// Least share of the signal that stays.
    pub min_signal_remaining: u32,
    /// Fractional bits of the estimate; below 32.
    pub smoothing_bits: u32,
    /// Fractional bits of the shares; below 64.
    pub subtraction_bits: u32,
    /// The estimate falls at once when the signal falls below it.
    pub clamps: bool,
}

impl SpectralSubtraction {
    /// Updates the estimate of every channel and writes what is left of the signal.
    pub fn apply(&self, input: &[u32], estimates: &mut [u32], output: &mut [u32]) {
        for (channel, (output, (input, estimate))) in
            output.iter_mut().zip(input.iter().zip(estimates)).enumerate()
        {
            let (new, old) = (self.smoothing[channel & 1], self.one_minus_smoothing[channel & 1]);
            let signal = input.wrapping_shl(self.smoothing_bits);
            let sum =
                (u64::from(signal) * u64::from(new)).wrapping_add(u64::from(*estimate) * u64::from(old));
            *estimate = (sum >> self.subtraction_bits) as u32;
            let noise = (*estimate).min(signal);
            if self.clamps {
                *estimate = noise;
            }
            let floor =
                ((u64::from(*input) * u64::from(self.min_signal_remaining)) >> self.subtraction_bits) as u32;
            *output = ((signal - noise) >> self.smoothing_bits).max(floor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF: SpectralSubtraction = SpectralSubtraction {
        smoothing: [1 << 13, 1 << 12],
        one_minus_smoothing: [1 << 13, 3 << 12],
        min_signal_remaining: 1 << 12,
        smoothing_bits: 4,
        subtraction_bits: 14,
        clamps: false,
    };

    #[test]
    fn the_estimate_follows_the_signal() {
        let (mut estimates, mut output) = ([0; 2], [1; 2]);
        HALF.apply(&[1000, 1000], &mut estimates, &mut output);
        assert_eq!((estimates, output), ([8000, 4000], [500, 750]));
        HALF.apply(&[1000, 1000], &mut estimates, &mut output);
        assert_eq!((estimates, output), ([12_000, 7000], [250, 562]));
    }

    #[test]
    fn a_share_of_the_signal_stays() {
        let (mut estimates, mut output) = ([16_000; 2], [1; 2]);
        HALF.apply(&[400, 0], &mut estimates, &mut output);
        assert_eq!((estimates, output), ([11_200, 12_000], [100, 0]));
        let (mut estimates, mut output) = ([16_000; 2], [1; 2]);
        SpectralSubtraction { clamps: true, ..HALF }.apply(&[400, 0], &mut estimates, &mut output);
        assert_eq!((estimates, output), ([6400, 0], [100, 0]));
    }
}
