//! The firmware of Emberlab: serves the requests of `firmware/PROTOCOL.md` for the model that lies in its window, or that
//! comes over the line.
//!
//! What it does is `emberlab_runtime::link::serve`; here is only what differs between chips.

#![no_std]
#![no_main]

#[cfg(any(feature = "esp32", feature = "esp32s3", feature = "esp32c3", feature = "esp32c6"))]
mod esp;
#[cfg(feature = "qemu")]
mod qemu;
mod stack;
mod window;

use emberlab_runtime::Registry;
use emberlab_runtime::link::messages::{Panicked, Unit};
use emberlab_runtime::link::{About, Board, FrameBuffer, PROTOCOL, TextBuffer, serve};

#[cfg(not(any(
    feature = "qemu",
    feature = "esp32",
    feature = "esp32s3",
    feature = "esp32c3",
    feature = "esp32c6"
)))]
compile_error!("choose a board: --features qemu, esp32c3, esp32c6, esp32 or esp32s3; see firmware/README.md");

/// Longest text about a panic.
const MAX_PANIC: usize = 200;

/// Serves for ever.
fn serve_for_ever<B: Board>(board: &mut B, chip: &str, reset_reason: &str, unit: Unit, clock_hz: u32) -> ! {
    let about = About {
        firmware: "emberlab",
        version: env!("CARGO_PKG_VERSION"),
        build: env!("EMBERLAB_BUILD"),
        chip,
        reset_reason,
        unit,
        has_micros: matches!(unit, Unit::Cycles),
        clock_hz,
    };
    let registry = Registry::default();
    // SAFETY: this function is called once, by the start of the program.
    let memory = unsafe { memory() };
    loop {
        serve(board, &about, memory, window::model(), &registry);
    }
}

/// Memory for arena, inputs, measurements, and models that come over the line.
///
/// # Safety
/// To be called once.
unsafe fn memory() -> &'static mut [u8] {
    /// What the chip has besides the variables of the program and 28 KiB or more of stack.
    const BYTES: usize = if cfg!(feature = "qemu") {
        4 << 20
    } else if cfg!(feature = "esp32c6") {
        400 << 10
    } else if cfg!(feature = "esp32c3") {
        272 << 10
    } else if cfg!(feature = "esp32s3") {
        256 << 10
    } else {
        128 << 10
    };
    #[repr(C, align(16))]
    struct Memory([u8; BYTES]);
    static mut MEMORY: Memory = Memory([0; BYTES]);
    // SAFETY: the caller calls once, so that there is one reference.
    unsafe { &mut (*(&raw mut MEMORY)).0 }
}

/// Writes the frame that reports a panic.
fn panic_frame(info: &core::panic::PanicInfo<'_>, send: impl FnOnce(&[u8])) {
    let reason = TextBuffer::<MAX_PANIC>::new(format_args!("{info}"));
    let mut frame = FrameBuffer::default();
    if let Some(bytes) = frame.encode(0, &Panicked { protocol: PROTOCOL, reason: reason.as_str() }.into()) {
        send(bytes);
    }
}
