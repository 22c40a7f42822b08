//! QEMU's RISC-V `virt` machine: start, serial line, instruction counter, clock, end. All code that touches its hardware lies
//! here. A program has a function `main_on_virt`, which the start code calls, and links with `virt.ld`.

#![no_std]

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
2:  call    main_on_virt
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
const SERIAL_HAS_BYTE: u8 = 1;

/// The machine's clock: two words, 10 MHz.
const CLOCK_LOW: *const u32 = 0x0200_bff8 as *const u32;
const CLOCK_HIGH: *const u32 = 0x0200_bffc as *const u32;
const CLOCK_TICKS_PER_MICRO: u64 = 10;

/// Writing here ends the emulator.
const TEST_DEVICE: *mut u32 = 0x0010_0000 as *mut u32;

/// The serial line.
pub struct Serial;

impl Serial {
    /// Sends a byte; false if the line does not take it now.
    pub fn send(&mut self, byte: u8) -> bool {
        // SAFETY: the addresses are those of the machine's serial port, which nothing else uses.
        unsafe {
            if SERIAL_STATUS.read_volatile() & SERIAL_IS_EMPTY == 0 {
                return false;
            }
            SERIAL_DATA.write_volatile(byte);
        }
        true
    }

    /// A byte that has arrived.
    pub fn receive(&mut self) -> Option<u8> {
        // SAFETY: as above; reading the data register takes the byte out.
        unsafe {
            let has_byte = SERIAL_STATUS.read_volatile() & SERIAL_HAS_BYTE != 0;
            has_byte.then(|| SERIAL_DATA.read_volatile())
        }
    }
}

impl fmt::Write for Serial {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            while !self.send(byte) {}
        }
        Ok(())
    }
}

/// Microseconds of the machine's clock. Under `-icount` it goes by instructions, and says nothing about time.
pub fn micros() -> u64 {
    // SAFETY: reading the clock changes nothing.
    let (high, low) = unsafe {
        loop {
            let high = CLOCK_HIGH.read_volatile();
            let low = CLOCK_LOW.read_volatile();
            if CLOCK_HIGH.read_volatile() == high {
                break (high, low);
            }
        }
    };
    (u64::from(high) << 32 | u64::from(low)) / CLOCK_TICKS_PER_MICRO
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

/// The address where the stack begins, which grows down.
pub fn stack_end() -> usize {
    unsafe extern "C" {
        static __stack_end: u8;
    }
    &raw const __stack_end as usize
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
