//! An emulated RISC-V core: QEMU's `virt` machine. Its counter counts instructions.

use emberlab_runtime::link::Board;
use emberlab_runtime::link::messages::Unit;
use emberlab_virt::{Serial, end, instructions, micros};

struct Virt {
    serial: Serial,
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
}

/// Called by the start code.
// SAFETY: nothing else has this name.
#[unsafe(no_mangle)]
extern "C" fn main_on_virt() -> ! {
    let mut board = Virt { serial: Serial };
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
