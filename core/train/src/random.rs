//! Seeded random numbers: the only ones of this crate, so that a run can be repeated bit for bit.

/// What random numbers are for; each use has numbers of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Which samples are kept back for validation.
    Validation,
    /// The order of the samples in an epoch.
    Order,
    /// Changes to the samples of a step.
    Augmentation,
    /// What is left out in a step.
    Dropout,
}

/// SplitMix64 (Steele, Lea, Flood: “Fast splittable pseudorandom number generators”, 2014).
#[derive(Clone, Debug)]
pub(crate) struct Random {
    state: u64,
}

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl Random {
    /// The numbers for one purpose and one epoch or step: nothing has to be remembered between steps.
    pub fn new(seed: u64, purpose: Purpose, index: u64) -> Self {
        let mut state = mix(seed.wrapping_add(STEP));
        state = mix(state ^ (purpose as u64 + 1).wrapping_mul(STEP));
        Self { state: mix(state ^ index.wrapping_add(1).wrapping_mul(STEP)) }
    }

    pub fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        mix(self.state)
    }

    /// From 0 to below 1, evenly.
    pub fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u32 << 24) as f32
    }

    /// From -1 to below 1, evenly.
    pub fn signed(&mut self) -> f32 {
        self.unit() * 2.0 - 1.0
    }

    /// From 0 to below `limit`, which is not 0.
    pub fn below(&mut self, limit: usize) -> usize {
        // The high half of the product: the error is below limit / 2^64.
        ((u128::from(self.next()) * limit as u128) >> 64) as usize
    }

    /// Normal with mean 0 and deviation 1 (Box and Muller).
    pub fn normal(&mut self) -> f32 {
        let radius = (-2.0 * (1.0 - f64::from(self.unit())).ln()).sqrt();
        (radius * (std::f64::consts::TAU * f64::from(self.unit())).cos()) as f32
    }

    /// Another order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            items.swap(end, self.below(end + 1));
        }
    }
}

fn mix(state: u64) -> u64 {
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_purpose_and_index_has_its_numbers() {
        let first = |seed, purpose, index| Random::new(seed, purpose, index).next();
        let base = first(1, Purpose::Order, 0);
        assert_eq!(base, first(1, Purpose::Order, 0));
        assert_ne!(base, first(2, Purpose::Order, 0));
        assert_ne!(base, first(1, Purpose::Dropout, 0));
        assert_ne!(base, first(1, Purpose::Order, 1));
    }

    #[test]
    fn numbers_are_spread_as_they_should() {
        let mut random = Random::new(3, Purpose::Augmentation, 5);
        let count = 20_000;
        let numbers: Vec<f64> = (0..count).map(|_| f64::from(random.normal())).collect();
        let mean = numbers.iter().sum::<f64>() / count as f64;
        let variance = numbers.iter().map(|number| (number - mean).powi(2)).sum::<f64>() / count as f64;
        assert!(mean.abs() < 0.03, "{mean}");
        assert!((variance - 1.0).abs() < 0.05, "{variance}");
        let units: Vec<f32> = (0..count).map(|_| random.unit()).collect();
        assert!(units.iter().all(|unit| (0.0..1.0).contains(unit)));
        assert!((units.iter().sum::<f32>() / count as f32 - 0.5).abs() < 0.01);
    }

    #[test]
    fn shuffling_keeps_all_items() {
        let mut items: Vec<usize> = (0..100).collect();
        Random::new(1, Purpose::Order, 0).shuffle(&mut items);
        assert_ne!(items, (0..100).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..100).collect::<Vec<_>>());
    }
}
