//! How much of the stack was ever used: it is filled with a pattern, and what does not hold that any more has been used.

use emberlab_runtime::link::Stack;

const PATTERN: u32 = 0xa5c3_5a3c;
/// Bytes below the place where filling begins that may be in use.
const MARGIN: usize = 512;

/// A stack that grows from `top` down to `bottom`.
#[derive(Clone, Copy)]
pub struct WatchedStack {
    bottom: usize,
    top: usize,
}

impl WatchedStack {
    /// Fills what is not used of a stack.
    ///
    /// # Safety
    /// The addresses, multiples of 4, are those of the stack that the caller runs on, of which nothing more than `MARGIN` bytes
    /// below it holds anything.
    // With a frame of its own, which lies below all of the caller's.
    #[inline(never)]
    pub unsafe fn new(bottom: usize, top: usize) -> Self {
        let here = 0u32;
        let end = (&raw const here as usize).saturating_sub(MARGIN);
        for address in (bottom..end).step_by(4) {
            // SAFETY: the caller says that nothing lies there.
            unsafe { (address as *mut u32).write_volatile(PATTERN) };
        }
        Self { bottom, top }
    }

    /// Its bytes, and how many of them were ever used.
    pub fn used(&self) -> Stack {
        let is_unused = |address: &usize| {
            // SAFETY: the address lies in the stack, whose bytes may be read.
            unsafe { (*address as *const u32).read_volatile() == PATTERN }
        };
        let n_unused = (self.bottom..self.top).step_by(4).take_while(is_unused).count() * 4;
        let bytes = self.top - self.bottom;
        Stack { bytes: bytes as u32, used: (bytes - n_unused) as u32 }
    }
}
