//! Places buffers that live for a while in as little memory as a greedy plan needs.
//!
//! Buffers are placed from the largest to the smallest, each at the lowest offset where it does not meet another one that
//! is alive at the same time (`GreedyMemoryPlanner`, micro/memory_planner/greedy_memory_planner.cc in esp-tflite-micro at
//! 99f49e1; described in its header). Ties go as there, so that the plan of a model is TFLM's plan.

/// Buffers start at multiples of so many bytes.
pub(crate) const ALIGNMENT: u32 = 16;

/// One buffer, in four words so that a plan fits into the arena while a model is prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Planned {
    /// What the caller knows the buffer by. Of two buffers of one size, the one with the larger key goes first.
    pub(crate) key: u32,
    /// Bytes, a multiple of [`ALIGNMENT`].
    pub(crate) size: u32,
    /// First and last scope of its life, both inclusive.
    pub(crate) first: u16,
    pub(crate) last: u16,
    /// Bytes from the start of the planned memory.
    pub(crate) offset: u32,
}

impl Planned {
    pub(crate) const WORDS: usize = 4;

    pub(crate) fn read(words: &[u32; Self::WORDS]) -> Self {
        let [key, size, scopes, offset] = *words;
        Self { key, size, first: (scopes >> 16) as u16, last: scopes as u16, offset }
    }

    pub(crate) fn words(self) -> [u32; Self::WORDS] {
        [self.key, self.size, u32::from(self.first) << 16 | u32::from(self.last), self.offset]
    }

    fn meets(&self, other: &Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

/// Gives every buffer its offset, and returns how many bytes they take; the order of `buffers` changes. `None` if the
/// bytes do not fit into 30 bits.
pub(crate) fn plan(buffers: &mut [[u32; Planned::WORDS]]) -> Option<u32> {
    buffers.sort_unstable_by(|a, b| (b[1], b[0]).cmp(&(a[1], a[0])));
    let mut total = 0u32;
    for n_placed in 0..buffers.len() {
        let mut next = Planned::read(&buffers[n_placed]);
        // What is placed already lies before `n_placed`, ordered by offset.
        next.offset = 0;
        for placed in buffers[..n_placed].iter().map(Planned::read) {
            if !placed.meets(&next) {
                continue;
            }
            if placed.offset >= next.offset && placed.offset - next.offset >= next.size {
                break;
            }
            next.offset = next.offset.max(placed.offset + placed.size);
        }
        let end = next.offset.checked_add(next.size).filter(|end| *end <= crate::graph::Place::MAX_OFFSET)?;
        total = total.max(end);
        buffers[n_placed] = next.words();
        let place = buffers[..n_placed].partition_point(|words| words[3] <= next.offset);
        buffers[place..=n_placed].rotate_right(1);
    }
    Some(total)
}

/// The size of a buffer rounded up to [`ALIGNMENT`].
pub(crate) fn aligned(bytes: u32) -> Option<u32> {
    Some(bytes.checked_add(ALIGNMENT - 1)? & !(ALIGNMENT - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(buffers: &[(u32, u16, u16)], expected_total: u32, expected_offsets: &[u32]) {
        let mut words: Vec<_> = buffers
            .iter()
            .enumerate()
            .map(|(key, &(size, first, last))| {
                Planned { key: key as u32, size, first, last, offset: u32::MAX }.words()
            })
            .collect();
        assert_eq!(plan(&mut words), Some(expected_total));
        let mut offsets = vec![0; buffers.len()];
        for planned in words.iter().map(Planned::read) {
            offsets[planned.key as usize] = planned.offset;
        }
        assert_eq!(offsets, expected_offsets);
    }

    #[test]
    fn chain_of_tensors_shares_two_places() {
        check(&[(64, 0, 1), (64, 1, 2), (64, 2, 3), (64, 3, 4)], 128, &[64, 0, 64, 0]);
    }

    #[test]
    fn small_buffer_fills_a_gap() {
        check(&[(64, 0, 3), (96, 0, 1), (32, 2, 3)], 160, &[96, 0, 0]);
    }

    #[test]
    fn random_plans_have_no_overlap() {
        let mut state = 7u32;
        let mut next = |below: u32| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state % below
        };
        for _ in 0..300 {
            let n = 1 + next(24) as usize;
            let mut words: Vec<_> = (0..n)
                .map(|key| {
                    let (first, length) = (next(12) as u16, next(5) as u16);
                    Planned { key: key as u32, size: 16 * next(9), first, last: first + length, offset: 0 }
                        .words()
                })
                .collect();
            let total = plan(&mut words).unwrap();
            let placed: Vec<_> = words.iter().map(Planned::read).collect();
            for (i, a) in placed.iter().enumerate() {
                assert!(a.offset + a.size <= total);
                for b in &placed[i + 1..] {
                    let apart = a.offset + a.size <= b.offset || b.offset + b.size <= a.offset;
                    assert!(apart || !a.meets(b), "{a:?} and {b:?}");
                }
            }
        }
    }

    #[test]
    fn too_large_plans_are_refused() {
        let big = Planned { key: 0, size: 1 << 29, first: 0, last: 1, offset: 0 }.words();
        assert_eq!(plan(&mut [big, big, big]), None);
    }
}
