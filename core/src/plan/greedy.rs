//! TFLM's greedy memory planner: the largest buffer first, each at the lowest offset where it fits.
//!
//! Source: esp-tflite-micro 99f49e14, `tensorflow/lite/micro/memory_planner/greedy_memory_planner.cc`.

/// A buffer to place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Request {
    /// Bytes, a multiple of 16.
    pub size: u64,
    /// First scope in which the buffer is alive, -1 for "before everything".
    pub first: i64,
    /// Last scope in which the buffer is alive, inclusive.
    pub last: i64,
    /// The offset that an offline plan demands.
    pub fixed: Option<i64>,
}

/// A placed buffer in the list that is ordered by offset.
#[derive(Clone, Copy)]
struct Placed {
    offset: i64,
    end: i64,
    first: i64,
    last: i64,
}

/// Offsets of all buffers, in the order of `requests`.
///
/// Buffers with a fixed offset come first, in their own order. The others follow by size, largest first; of equal
/// sizes the later in the list comes first, because TFLM fills its list from the end before it sorts it.
pub(super) fn place(requests: &[Request]) -> Vec<i64> {
    let mut order = (0..requests.len()).filter(|&index| requests[index].fixed.is_some()).collect::<Vec<_>>();
    let n_fixed = order.len();
    order.extend((0..requests.len()).rev().filter(|&index| requests[index].fixed.is_none()));
    order[n_fixed..].sort_by_key(|&index| std::cmp::Reverse(requests[index].size));

    let mut offsets = vec![0; requests.len()];
    let mut placed: Vec<Placed> = Vec::with_capacity(requests.len());
    for index in order {
        let request = requests[index];
        let size = i64::try_from(request.size).unwrap_or(i64::MAX);
        let offset = request.fixed.unwrap_or_else(|| lowest_offset(&placed, request, size));
        offsets[index] = offset;
        let place = placed.partition_point(|other| other.offset <= offset);
        let end = offset.saturating_add(size);
        placed.insert(place, Placed { offset, end, first: request.first, last: request.last });
    }
    offsets
}

/// The lowest offset at which `request` overlaps nothing that is alive at the same time, looking only upwards from
/// the end of each buffer passed.
fn lowest_offset(placed: &[Placed], request: Request, size: i64) -> i64 {
    let mut candidate = 0;
    for other in placed {
        if other.first > request.last || request.first > other.last {
            continue;
        }
        if other.offset.saturating_sub(candidate) >= size {
            break;
        }
        candidate = candidate.max(other.end);
    }
    candidate
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(buffers: &[(u64, i64, i64)], expected: &[i64]) {
        let requests = buffers
            .iter()
            .map(|&(size, first, last)| Request { size, first, last, fixed: None })
            .collect::<Vec<_>>();
        assert_eq!(place(&requests), expected);
    }

    #[test]
    fn nothing_needs_no_offsets() {
        check(&[], &[]);
    }

    #[test]
    fn largest_goes_to_the_start() {
        check(&[(16, 0, 1), (64, 1, 2)], &[64, 0]);
    }

    #[test]
    fn later_of_equal_sizes_comes_first() {
        check(&[(16, 0, 1), (16, 1, 2)], &[16, 0]);
    }

    #[test]
    fn buffers_apart_in_time_share_memory() {
        check(&[(32, 0, 1), (32, 2, 3)], &[0, 0]);
    }

    #[test]
    fn gap_between_two_live_buffers_is_used() {
        // 64 at 0 in [0, 1], 48 above it, and 32 fits below 48 once 64 is gone.
        check(&[(64, 0, 1), (48, 1, 3), (32, 2, 3)], &[0, 64, 0]);
    }

    #[test]
    fn fixed_offsets_are_obeyed_in_their_own_order() {
        let fixed = |offset, size| Request { size, first: 0, last: 1, fixed: Some(offset) };
        let free = Request { size: 32, first: 1, last: 1, fixed: None };
        assert_eq!(place(&[free, fixed(48, 16), fixed(16, 16)]), [64, 48, 16]);
        let small = Request { size: 16, ..free };
        assert_eq!(place(&[small, fixed(48, 16), fixed(16, 16)]), [0, 48, 16]);
    }
}
