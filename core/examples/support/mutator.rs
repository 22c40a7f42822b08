//! Damage to files, reproducible by seed.

/// Mutants of a few files.
pub struct Mutator<'a> {
    seeds: &'a [Vec<u8>],
    random: Random,
}

/// SplitMix64 (Steele, Lea, Flood 2014): small, seedable, good enough to choose damage.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`, or 0 for an empty range.
    pub fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { (self.next() % end as u64) as usize }
    }

    fn choose<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.below(values.len())]
    }
}

impl<'a> Mutator<'a> {
    pub fn new(seeds: &'a [Vec<u8>], seed: u64) -> Self {
        Self { seeds, random: Random::new(seed) }
    }

    /// The next mutant: one of the files with one to four damages.
    pub fn mutant(&mut self) -> Vec<u8> {
        let mut bytes = self.seeds[self.random.below(self.seeds.len())].clone();
        for _ in 0..self.random.choose(&[1, 1, 1, 2, 2, 4]) {
            self.damage(&mut bytes);
        }
        bytes
    }

    fn damage(&mut self, bytes: &mut Vec<u8>) {
        let length = bytes.len();
        let random = &mut self.random;
        match random.below(10) {
            0 | 1 => {
                for _ in 0..=random.below(8) {
                    if let Some(byte) = bytes.get_mut(random.below(length)) {
                        *byte ^= 1 << random.below(8);
                    }
                }
            }
            2 => {
                if let Some(byte) = bytes.get_mut(random.below(length)) {
                    *byte = random.choose(&[0, 1, 2, 4, 0x7f, 0x80, 0xfe, 0xff]);
                }
            }
            // Claims: counts and offsets of 4 GiB, of the whole file, of nothing, backwards.
            3 | 4 => {
                let n = length as u32;
                let claims = [
                    u32::MAX,
                    i32::MAX as u32,
                    1 << 31,
                    n,
                    n.wrapping_sub(1),
                    n / 2,
                    n * 4,
                    0,
                    1,
                    u32::MAX - 3,
                ];
                let claim = if random.below(4) == 0 { random.next() as u32 } else { random.choose(&claims) };
                overwrite(bytes, random.below(length) & !3, &claim.to_le_bytes());
            }
            5 => {
                let claim = random.choose(&[0u16, 2, 3, 4, 5, 6, 64, 0x7fff, 0xffff, 0xfffe]);
                overwrite(bytes, random.below(length) & !1, &claim.to_le_bytes());
            }
            // An offset to somewhere else in the file: shared tables, cycles, tables taken for texts.
            6 | 7 => {
                let from = random.below(length) & !3;
                let to = if random.below(2) == 0 { random.below(length) & !3 } else { (from / 2) & !3 };
                overwrite(bytes, from, &(to as u32).wrapping_sub(from as u32).to_le_bytes());
            }
            8 => match random.below(3) {
                0 => bytes.truncate(random.below(length)),
                1 => {
                    let start = random.below(length);
                    let end = (start + random.below(64)).min(length);
                    bytes.drain(start..end);
                }
                _ => {
                    let start = random.below(length);
                    let end = (start + random.below(64)).min(length);
                    let copy = bytes[start..end].to_vec();
                    let place = random.below(length);
                    bytes.splice(place..place, copy);
                }
            },
            // A piece of another file.
            _ => {
                let other = &self.seeds[random.below(self.seeds.len())];
                let start = random.below(other.len()) & !3;
                let end = (start + 4 + random.below(256)).min(other.len());
                overwrite(bytes, random.below(length) & !3, &other[start..end]);
            }
        }
    }
}

/// Writes over what is there; what would lie beyond the end is dropped.
fn overwrite(bytes: &mut [u8], start: usize, new: &[u8]) {
    for (byte, new) in bytes.iter_mut().skip(start).zip(new) {
        *byte = *new;
    }
}
