//! Triangular filters over the bins of a spectrum.

/// Filters that overlap their neighbours: every bin counts with `weights` for its own channel and with `unweights` for the
/// next one (`FilterbankAccumulateChannels`, signal/src/filter_bank.cc).
///
/// The three lists of numbers have one more entry than there are channels; the first entry is for the rising side of the
/// first filter.
#[derive(Clone, Copy, Debug)]
pub struct FilterBank<'a> {
    /// Weights of the bins of all channels.
    pub weights: &'a [i16],
    /// What is left of each weight.
    pub unweights: &'a [i16],
    /// First bin of a channel.
    pub frequency_starts: &'a [i16],
    /// First weight of a channel.
    pub weight_starts: &'a [i16],
    /// Number of bins of a channel.
    pub widths: &'a [i16],
}

impl FilterBank<'_> {
    /// True if every channel finds its bins among `n_bins` and its weights.
    pub fn fits(&self, n_channels: usize, n_bins: usize) -> bool {
        let n_lists = n_channels + 1;
        let lists = [self.frequency_starts, self.weight_starts, self.widths];
        let n_weights = self.weights.len().min(self.unweights.len());
        let is_inside = |start: i16, width: usize, end: usize| {
            usize::try_from(start).is_ok_and(|start| start + width <= end)
        };
        lists.iter().all(|list| list.len() >= n_lists)
            && (0..n_lists).all(|channel| {
                let width = usize::try_from(self.widths[channel]).unwrap_or(0);
                width == 0
                    || is_inside(self.frequency_starts[channel], width, n_bins)
                        && is_inside(self.weight_starts[channel], width, n_weights)
            })
    }

    /// Adds up the bins of every channel; sums wrap.
    ///
    /// # Panics
    /// The bank does not [fit](FilterBank::fits).
    pub fn apply(&self, bins: &[u32], output: &mut [u64]) {
        let (mut sum, mut next) = (0u64, 0u64);
        for channel in 0..=output.len() {
            let width = usize::try_from(self.widths[channel]).unwrap_or(0);
            if width > 0 {
                let (bin, weight) =
                    (self.frequency_starts[channel] as usize, self.weight_starts[channel] as usize);
                for step in 0..width {
                    let bin = u64::from(bins[bin + step]);
                    let weighted = |weight: i16| bin.wrapping_mul(i64::from(weight) as u64);
                    sum = sum.wrapping_add(weighted(self.weights[weight + step]));
                    next = next.wrapping_add(weighted(self.unweights[weight + step]));
                }
            }
            if let Some(output) = channel.checked_sub(1).and_then(|channel| output.get_mut(channel)) {
                *output = sum;
            }
            (sum, next) = (next, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BANK: FilterBank<'_> = FilterBank {
        weights: &[1, 2, 3, 4, -5],
        unweights: &[9, 8, 7, 6, 5],
        frequency_starts: &[0, 2, 3],
        weight_starts: &[0, 2, 3],
        widths: &[2, 1, 2],
    };

    #[test]
    fn bins_count_for_two_channels() {
        let mut output = [1; 2];
        BANK.apply(&[10, 20, 30, 40, 50], &mut output);
        // The first list only rises into channel 0, and the last one also ends channel 1.
        assert_eq!(output, [9 * 10 + 8 * 20 + 3 * 30, 7 * 30 + 4 * 40 - 5 * 50]);
    }

    #[test]
    fn negative_sums_wrap() {
        let bank = FilterBank {
            weights: &[-1],
            unweights: &[0],
            frequency_starts: &[0, 0],
            weight_starts: &[0, 0],
            widths: &[0, 1],
        };
        let mut output = [1];
        bank.apply(&[u32::MAX], &mut output);
        assert_eq!(output, [u64::from(u32::MAX).wrapping_neg()]);
    }

    #[test]
    fn a_bank_has_to_fit() {
        assert!(BANK.fits(2, 5));
        assert!(!BANK.fits(2, 4), "bins are missing");
        assert!(!BANK.fits(3, 5), "a channel is missing");
        assert!(!FilterBank { weights: &[1; 4], ..BANK }.fits(2, 5));
        assert!(!FilterBank { frequency_starts: &[-1, 2, 3], ..BANK }.fits(2, 5));
        assert!(FilterBank { widths: &[-1, 0, 0], frequency_starts: &[-9, 99, 0], ..BANK }.fits(2, 0));
    }
}
