//! An emulated RISC-V core: QEMU's `virt` machine. Its counter counts instructions.

use emberlab_runtime::link::messages::Unit;
use emberlab_runtime::link::{Board, Stack};
use emberlab_virt::{Serial, end, instructions, micros, stack_end};

use crate::stack::WatchedStack;

/// Bytes of the stack that are watched; it has all memory that is left, much more than a chip.
const STACK_BYTES: usize = 64 << 10;

struct Virt {
    serial: Serial,
    stack: WatchedStack,
}

impl Board for Virt {
    #[inline(always)]
    fn cycles(&mut self) -> u32 {
        instructions()
    }

    fn micros(&mut self) -> u64 {
        micros()
    }

    fn read(&mut self, bytes: &mut [u8]) -> usize {
        let mut count = 0;
        for slot in bytes {
            let Some(byte) = self.serial.receive() else { break };
            *slot = byte;
            count += 1;
        }
        count
    }

    fn write(&mut self, bytes: &[u8]) -> usize {
        bytes.iter().take_while(|byte| self.serial.send(**byte)).count()
    }

    fn stack(&self) -> Option<Stack> {
        Some(self.stack.used())
    }
}

/// Called by the start code.
// SAFETY: nothing else has this name.
#[unsafe(no_mangle)]
extern "C" fn main_on_virt() -> ! {
    let top = stack_end();
    // SAFETY: the stack begins at the end of the memory, whose last bytes nothing else uses.
    let stack = unsafe { WatchedStack::new(top - STACK_BYTES, top) };
    let mut board = Virt { serial: Serial, stack };
    crate::serve_for_ever(&mut board, "qemu", "start of the emulator", Unit::Instructions, 0)
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    crate::panic_frame(info, |bytes| {
        for byte in bytes {
            while !Serial.send(*byte) {}
        }
    });
    end(2)
}
