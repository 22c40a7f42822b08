//! QEMU's RISC-V `virt` machine: start, serial line, instruction counter, end. All code that touches hardware lies here.

use core::fmt;

core::arch::global_asm!(
    r#"
    .section .start, "ax"
    .globl _start
_start:
    la      sp, __stack_end
    la      t0, on_trap
    csrw    mtvec, t0
    la      t0, __zeroed_start
    la      t1, __zeroed_end
1:  bgeu    t0, t1, 2f
    sw      zero, 0(t0)
    addi    t0, t0, 4
    j       1b
2:  call    measure_all
3:  j       3b

    .balign 4
on_trap:
    csrr    a0, mcause
    csrr    a1, mepc
    call    end_after_trap
    "#
);

/// Transmit register and line status of the NS16550.
const SERIAL_DATA: *mut u8 = 0x1000_0000 as *mut u8;
const SERIAL_STATUS: *const u8 = 0x1000_0005 as *const u8;
const SERIAL_IS_EMPTY: u8 = 1 << 5;

/// Writing here ends the emulator.
const TEST_DEVICE: *mut u32 = 0x0010_0000 as *mut u32;

/// The serial line.
pub struct Serial;

impl fmt::Write for Serial {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            // SAFETY: the addresses are those of the machine's serial port, which nothing else uses.
            unsafe {
                while SERIAL_STATUS.read_volatile() & SERIAL_IS_EMPTY == 0 {}
                SERIAL_DATA.write_volatile(byte);
            }
        }
        Ok(())
    }
}

/// Instructions that were retired since the start, modulo 2^32.
#[inline(always)]
pub fn instructions() -> u32 {
    let count: u32;
    // SAFETY: reading the counter changes nothing. It is no reason to move memory accesses to its other side, so the
    // default of touching memory stays.
    unsafe { core::arch::asm!("csrr {}, minstret", out(reg) count, options(nostack)) };
    count
}

/// Ends the emulator with an exit status.
pub fn end(status: u16) -> ! {
    let word = if status == 0 { 0x5555 } else { u32::from(status) << 16 | 0x3333 };
    // SAFETY: the address is that of the machine's test device.
    unsafe { TEST_DEVICE.write_volatile(word) };
    loop {
        core::hint::spin_loop();
    }
}

/// Called by the trap handler: an instruction that the core does not have, or an access beside the memory.
// SAFETY: nothing else has this name.
#[unsafe(no_mangle)]
extern "C" fn end_after_trap(cause: u32, at: u32) -> ! {
    use fmt::Write as _;
    // Nothing is left to be done if the line does not work.
    let _ = writeln!(Serial, "trap {cause:#x} at {at:#010x}");
    end(3)
}
