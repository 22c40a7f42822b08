//! The two ends of the arena while `AllocateTensors` runs: blocks that stay grow down from its end, the head and
//! temporary structures grow up from its start.
//!
//! Source: esp-tflite-micro 99f49e14, `tensorflow/lite/micro/arena_allocator/single_arena_buffer_allocator.cc`.

use super::{Category, PersistentBlock};
use crate::model::{OperatorId, SubgraphId, TensorId};

/// Alignment of the arena, of the buffers of the head and of what kernels ask for.
pub(super) const ARENA_ALIGN: u64 = 16;

/// `bytes` rounded up to a multiple of `align`.
pub(super) fn round_up(bytes: u64, align: u64) -> u64 {
    bytes.next_multiple_of(align)
}

/// What a block of the tail is for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Purpose {
    pub what: &'static str,
    pub category: Category,
    pub operator: Option<(SubgraphId, OperatorId)>,
    pub tensor: Option<(SubgraphId, TensorId)>,
}

impl Purpose {
    pub fn new(what: &'static str, category: Category) -> Self {
        Self { what, category, operator: None, tensor: None }
    }

    pub fn of_operator(self, place: (SubgraphId, OperatorId)) -> Self {
        Self { operator: Some(place), ..self }
    }

    pub fn of_tensor(self, place: (SubgraphId, TensorId)) -> Self {
        Self { tensor: Some(place), ..self }
    }
}

/// Both ends of an arena of unlimited size, and the smallest size that would have done so far.
#[derive(Debug, Default)]
pub(super) struct Arena {
    blocks: Vec<PersistentBlock>,
    tail_bytes: u64,
    head_bytes: u64,
    temporary_end: u64,
    temporary_peak: u64,
    needed_bytes: u64,
}

impl Arena {
    /// Takes a block from the tail, as `AllocatePersistentBuffer` does.
    ///
    /// TFLM lets the block grow into temporary memory that is still in use, and then reads what the block's owner wrote
    /// there; the smallest arena has room for both.
    pub fn persistent(&mut self, purpose: Purpose, bytes: u64, align: u64) {
        let before = self.tail_bytes;
        self.tail_bytes = round_up(before.saturating_add(bytes), align);
        self.require(self.temporary_end);
        let Purpose { what, category, operator, tensor } = purpose;
        let used = self.tail_bytes - before;
        self.blocks.push(PersistentBlock { what, category, operator, tensor, bytes, align, used });
    }

    /// Takes temporary memory above the head, as `AllocateTemp` does.
    pub fn temporary(&mut self, bytes: u64, align: u64) {
        self.temporary_end = round_up(self.temporary_end, align).saturating_add(bytes);
        self.temporary_peak = self.temporary_peak.max(self.temporary_end);
        self.require(self.temporary_end);
    }

    /// Gives all temporary memory back, as `ResetTempAllocations` does.
    pub fn reset_temporaries(&mut self) {
        self.temporary_end = self.head_bytes;
    }

    /// Sets the size of the head, as `ResizeBuffer` does.
    pub fn resize_head(&mut self, bytes: u64) {
        self.head_bytes = bytes;
        self.temporary_end = bytes;
        self.require(bytes);
    }

    /// Records that the planner's tables above `start` take `bytes`; they lie between two aligned ends.
    pub fn planner_tables(&mut self, bytes: u64) {
        let start = round_up(self.temporary_end, ARENA_ALIGN);
        let tail = round_up(self.tail_bytes, ARENA_ALIGN);
        self.needed_bytes = self.needed_bytes.max(start.saturating_add(bytes).saturating_add(tail));
    }

    /// Bytes of the tail so far.
    pub fn tail_bytes(&self) -> u64 {
        self.tail_bytes
    }

    /// Highest end of the head and of temporary memory so far.
    pub fn temporary_peak(&self) -> u64 {
        self.temporary_peak
    }

    /// The smallest arena, a multiple of 16, in which everything so far found room.
    pub fn needed_bytes(&self) -> u64 {
        round_up(self.needed_bytes, ARENA_ALIGN)
    }

    /// Blocks of the tail in order of time.
    pub fn into_blocks(self) -> Vec<PersistentBlock> {
        self.blocks
    }

    fn require(&mut self, low_end: u64) {
        self.needed_bytes = self.needed_bytes.max(low_end.saturating_add(self.tail_bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn purpose() -> Purpose {
        Purpose::new("op_init", Category::PersistentBufferData)
    }

    #[test]
    fn tail_grows_down_from_an_aligned_end() {
        let mut arena = Arena::default();
        arena.persistent(purpose(), 36, 4);
        arena.persistent(purpose(), 48, 16);
        assert_eq!(arena.tail_bytes(), 96);
        let used = arena.into_blocks().iter().map(|block| block.used).collect::<Vec<_>>();
        assert_eq!(used, [36, 60]);
    }

    #[test]
    fn temporaries_count_only_while_they_live() {
        let mut arena = Arena::default();
        arena.resize_head(144);
        arena.temporary(40, 4);
        arena.temporary(12, 4);
        arena.reset_temporaries();
        arena.temporary(40, 4);
        arena.persistent(purpose(), 8, 4);
        assert_eq!(arena.temporary_peak(), 196);
        assert_eq!(arena.needed_bytes(), 208);
        arena.persistent(purpose(), 64, 16);
        assert_eq!(arena.needed_bytes(), 272);
    }
}
