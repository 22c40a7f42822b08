//! Which numbers of frames have come, and what their gaps mean.

use super::decoder::Counters;

/// How far back a frame may come late.
const WINDOW: u16 = 64;
/// More numbers than these in a row are not lost: the sender began anew.
const MAX_GAP: u16 = 1024;

/// The numbers that have come lately.
#[derive(Clone, Debug)]
pub(super) struct Sequence {
    /// The highest number, once there is one.
    highest: Option<u16>,
    /// Bit `i` is set if the number `highest - i` has come.
    seen: u64,
    /// How many numbers before the highest belong to the same beginning, up to the window.
    span: u16,
    /// Checksums of the frames whose bits are set, by number modulo the window.
    checksums: [u32; WINDOW as usize],
}

impl Default for Sequence {
    fn default() -> Self {
        Self { highest: None, seen: 0, span: 0, checksums: [0; WINDOW as usize] }
    }
}

impl Sequence {
    /// Takes a number in; false if the frame has come before. `begins_anew` is true for messages that a sender begins with.
    pub(super) fn take(
        &mut self,
        number: u16,
        checksum: u32,
        begins_anew: bool,
        counters: &mut Counters,
    ) -> bool {
        let slot = usize::from(number % WINDOW);
        let Some(highest) = self.highest else {
            self.begin(number, checksum);
            counters.frames += 1;
            return true;
        };
        let (ahead, behind) = (number.wrapping_sub(highest), highest.wrapping_sub(number));
        let has_come = behind < WINDOW && self.seen >> behind & 1 == 1;
        if has_come && self.checksums[slot] == checksum && !begins_anew {
            counters.duplicate += 1;
            return false;
        }
        counters.frames += 1;
        if begins_anew || has_come || (ahead > MAX_GAP && behind >= WINDOW) {
            counters.restarts += 1;
            self.begin(number, checksum);
        } else if behind < WINDOW {
            counters.reordered += 1;
            // One from before the beginning was never missed.
            if behind <= self.span {
                counters.lost = counters.lost.saturating_sub(1);
            }
            self.seen |= 1 << behind;
            self.checksums[slot] = checksum;
        } else {
            counters.lost += u64::from(ahead - 1);
            self.seen = self.seen.checked_shl(u32::from(ahead)).unwrap_or(0) | 1;
            self.span = self.span.saturating_add(ahead).min(WINDOW);
            self.highest = Some(number);
            self.checksums[slot] = checksum;
        }
        true
    }

    fn begin(&mut self, number: u16, checksum: u32) {
        self.highest = Some(number);
        // Numbers before the first are not missing: they may not have been sent to us.
        self.seen = 1;
        self.span = 0;
        self.checksums[usize::from(number % WINDOW)] = checksum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers with checksums, and how many frames were delivered, lost, came twice, came late, and how often it began anew.
    fn check(frames: &[(u16, u32)], expected: [u64; 5]) {
        let (mut sequence, mut counters) = (Sequence::default(), Counters::default());
        for (number, checksum) in frames {
            sequence.take(*number, *checksum, false, &mut counters);
        }
        let Counters { frames: delivered, lost, duplicate, reordered, restarts, .. } = counters;
        assert_eq!([delivered, lost, duplicate, reordered, restarts], expected, "{frames:?}");
    }

    #[test]
    fn gaps_are_lost_frames() {
        check(&[(0, 1), (1, 1), (2, 1)], [3, 0, 0, 0, 0]);
        check(&[(7, 1), (9, 1), (12, 1)], [3, 3, 0, 0, 0]);
        check(&[(65_534, 1), (65_535, 1), (0, 1), (2, 1)], [4, 1, 0, 0, 0]);
    }

    #[test]
    fn late_frames_are_not_lost() {
        check(&[(1, 1), (3, 1), (2, 1), (4, 1)], [4, 0, 0, 1, 0]);
        check(&[(1, 1), (3, 1), (2, 1), (2, 1)], [3, 0, 1, 1, 0]);
        check(&[(5, 1), (7, 1), (4, 1)], [3, 1, 0, 1, 0]);
    }

    #[test]
    fn the_same_frame_twice_is_delivered_once() {
        check(&[(1, 1), (1, 1), (2, 5), (1, 1)], [2, 0, 2, 0, 0]);
    }

    #[test]
    fn another_frame_with_a_number_that_was_there_is_a_restart() {
        check(&[(0, 1), (1, 1), (2, 1), (0, 2), (1, 2), (2, 2)], [6, 0, 0, 0, 1]);
        check(&[(5000, 1), (0, 2), (1, 2)], [3, 0, 0, 0, 1]);
        check(&[(60_000, 1), (0, 2), (1, 2)], [3, 0, 0, 0, 1]);
    }

    #[test]
    fn a_sender_that_says_so_begins_anew() {
        let (mut sequence, mut counters) = (Sequence::default(), Counters::default());
        assert!(sequence.take(40, 1, false, &mut counters));
        assert!(sequence.take(0, 2, true, &mut counters));
        assert!(sequence.take(1, 2, false, &mut counters));
        assert_eq!((counters.lost, counters.restarts), (0, 1));
    }
}
