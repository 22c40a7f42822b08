//! Boards with a chip of Espressif. USB-serial-JTAG and UART0 are both listened to; answers go where the last request came
//! from.
//!
//! esp-hal's `init` turns all watchdogs off, so that an invocation may take as long as it takes.

use emberlab_runtime::link::messages::Unit;
use emberlab_runtime::link::{Board, Stack, TextBuffer};
use esp_hal::Blocking;
use esp_hal::clock::CpuClock;
use esp_hal::time::Instant;
use esp_hal::uart::{Config, Uart, UartTx};
#[cfg(not(feature = "esp32"))]
use esp_hal::usb::usb_serial_jtag::UsbSerialJtag;

use crate::stack::WatchedStack;

// Without times and dates, so that the same sources give the same bytes.
esp_bootloader_esp_idf::esp_app_desc!(
    env!("CARGO_PKG_VERSION"),
    "emberlab",
    "00:00:00",
    "2026-01-01",
    esp_bootloader_esp_idf::ESP_IDF_COMPATIBLE_VERSION,
    esp_bootloader_esp_idf::MMU_PAGE_SIZE,
    0,
    u16::MAX,
    esp_bootloader_esp_idf::SECURE_VERSION
);

const CHIP: &str = if cfg!(feature = "esp32c3") {
    "esp32c3"
} else if cfg!(feature = "esp32c6") {
    "esp32c6"
} else if cfg!(feature = "esp32s3") {
    "esp32s3"
} else {
    "esp32"
};

const BAUD: u32 = 115_200;

/// The line that is spoken on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    /// None yet: what is said goes to all.
    All,
    #[cfg(not(feature = "esp32"))]
    Usb,
    Uart,
}

struct Chip {
    #[cfg(not(feature = "esp32"))]
    usb: UsbSerialJtag<'static, Blocking>,
    uart: Uart<'static, Blocking>,
    line: Line,
    stack: WatchedStack,
}

impl Chip {
    /// Bytes that have arrived on a line, and the line.
    fn read_any(&mut self, bytes: &mut [u8]) -> (usize, Line) {
        #[cfg(not(feature = "esp32"))]
        {
            let mut count = 0;
            for slot in bytes.iter_mut() {
                let Ok(byte) = self.usb.read_byte() else { break };
                *slot = byte;
                count += 1;
            }
            if count > 0 {
                return (count, Line::Usb);
            }
        }
        // Bytes that were lost or broken are found out by checksums.
        let count = if self.uart.read_ready() { self.uart.read_buffered(bytes).unwrap_or(0) } else { 0 };
        (count, Line::Uart)
    }

    #[cfg(not(feature = "esp32"))]
    fn write_usb(&mut self, bytes: &[u8]) -> usize {
        let count = bytes.iter().take_while(|byte| self.usb.write_byte_nb(**byte).is_ok()).count();
        if count > 0 {
            // What the host has not fetched yet goes with the next bytes.
            let _ = self.usb.flush_tx_nb();
        }
        count
    }

    fn write_uart(&mut self, bytes: &[u8]) -> usize {
        if self.uart.write_ready() { self.uart.write(bytes).unwrap_or(0) } else { 0 }
    }
}

impl Board for Chip {
    #[inline(always)]
    fn cycles(&mut self) -> u32 {
        cycles()
    }

    fn micros(&mut self) -> u64 {
        Instant::now().duration_since_epoch().as_micros()
    }

    fn read(&mut self, bytes: &mut [u8]) -> usize {
        // The first byte is kept free: a frame does not go on from one line to another, so a 0 is put between them.
        let Some((first, rest)) = bytes.split_first_mut() else { return 0 };
        let (count, line) = self.read_any(rest);
        if count == 0 {
            return 0;
        }
        if line != self.line {
            self.line = line;
            *first = 0;
            return count + 1;
        }
        bytes.copy_within(1..=count, 0);
        count
    }

    fn write(&mut self, bytes: &[u8]) -> usize {
        match self.line {
            #[cfg(not(feature = "esp32"))]
            Line::Usb => self.write_usb(bytes),
            Line::Uart => self.write_uart(bytes),
            Line::All => {
                let count = self.write_uart(bytes);
                #[cfg(not(feature = "esp32"))]
                let _ = self.write_usb(&bytes[..count]);
                count
            }
        }
    }

    fn stack(&self) -> Option<Stack> {
        Some(self.stack.used())
    }

    fn flash_mode(&self) -> &'static str {
        // What the boot program has set, which goes by the header of the image.
        let control = esp_hal::peripherals::SPI0::regs().ctrl().read();
        if control.fread_qio().bit() {
            "qio"
        } else if control.fread_quad().bit() {
            "qout"
        } else if control.fread_dio().bit() {
            "dio"
        } else if control.fread_dual().bit() {
            "dout"
        } else if control.fastrd_mode().bit() {
            "fast"
        } else {
            "slow"
        }
    }
}

/// The stack of the program, filled where it is not used. Its lowest bytes end with a word that esp-hal watches for writes.
fn stack() -> WatchedStack {
    unsafe extern "C" {
        static __stack_chk_guard: u32;
        static _stack_start_cpu0: u32;
    }
    let bottom = &raw const __stack_chk_guard as usize + 4;
    let top = &raw const _stack_start_cpu0 as usize;
    // SAFETY: esp-hal's linker scripts keep this range for the stack, on which the program runs.
    unsafe { WatchedStack::new(bottom, top) }
}

/// Starts the counter of cycles of Espressif's RISC-V cores: what to count (register mpcer), and that it counts (mpcmr).
#[cfg(any(feature = "esp32c3", feature = "esp32c6"))]
fn start_counter() {
    // SAFETY: the two registers belong to the counter, which nothing else uses.
    unsafe { core::arch::asm!("csrw 0x7e0, {0}", "csrw 0x7e1, {0}", in(reg) 1, options(nostack)) }
}

#[cfg(any(feature = "esp32", feature = "esp32s3"))]
fn start_counter() {}

/// Cycles of the processor, modulo 2^32 (register mpccr).
#[cfg(any(feature = "esp32c3", feature = "esp32c6"))]
#[inline(always)]
fn cycles() -> u32 {
    let count: u32;
    // SAFETY: reading the counter changes nothing. It is no reason to move memory accesses to its other side, so the
    // default of touching memory stays.
    unsafe { core::arch::asm!("csrr {}, 0x7e2", out(reg) count, options(nostack)) };
    count
}

#[cfg(any(feature = "esp32", feature = "esp32s3"))]
#[inline(always)]
fn cycles() -> u32 {
    esp_hal::xtensa_lx::timer::get_cycle_count()
}

#[esp_hal::main]
fn main() -> ! {
    let peripherals = esp_hal::init(esp_hal::Config::default().with_cpu_clock(CpuClock::max()));
    start_counter();
    let uart = match Uart::new(peripherals.UART0, Config::default().with_baudrate(BAUD)) {
        Ok(uart) => uart,
        Err(error) => panic!("UART0 at {BAUD} baud: {error:?}"),
    };
    #[cfg(feature = "esp32")]
    let uart = uart.with_rx(peripherals.GPIO3).with_tx(peripherals.GPIO1);
    #[cfg(feature = "esp32s3")]
    let uart = uart.with_rx(peripherals.GPIO44).with_tx(peripherals.GPIO43);
    #[cfg(feature = "esp32c3")]
    let uart = uart.with_rx(peripherals.GPIO20).with_tx(peripherals.GPIO21);
    #[cfg(feature = "esp32c6")]
    let uart = uart.with_rx(peripherals.GPIO17).with_tx(peripherals.GPIO16);
    let mut chip = Chip {
        #[cfg(not(feature = "esp32"))]
        usb: UsbSerialJtag::new(peripherals.USB_DEVICE),
        uart,
        line: Line::All,
        stack: stack(),
    };
    let reason = match esp_hal::system::reset_reason() {
        Some(reason) => TextBuffer::<32>::new(format_args!("{reason:?}")),
        None => TextBuffer::<32>::new(format_args!("unknown")),
    };
    let clock_hz = esp_hal::clock::cpu_clock().as_hz();
    crate::serve_for_ever(&mut chip, CHIP, reason.as_str(), Unit::Cycles, clock_hz)
}

/// Says on all lines what happened, again and again, so that somebody who looks later sees it too.
#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    // SAFETY: the program does not go on, so nothing else uses the port any more.
    let port = unsafe { esp_hal::peripherals::UART0::steal() };
    let mut uart = UartTx::new(port, Config::default().with_baudrate(BAUD)).ok().map(with_pin);
    #[cfg(not(feature = "esp32"))]
    // SAFETY: as above.
    let mut usb = UsbSerialJtag::new(unsafe { esp_hal::peripherals::USB_DEVICE::steal() });
    loop {
        crate::panic_frame(info, |bytes| {
            #[cfg(not(feature = "esp32"))]
            for byte in bytes {
                // A host that does not fetch the bytes holds nothing up.
                let mut patience = 10_000;
                while usb.write_byte_nb(*byte).is_err() && patience > 0 {
                    let _ = usb.flush_tx_nb();
                    patience -= 1;
                }
            }
            #[cfg(not(feature = "esp32"))]
            let _ = usb.flush_tx_nb();
            let mut rest = bytes;
            while let (Some(uart), false) = (&mut uart, rest.is_empty()) {
                match uart.write(rest) {
                    Ok(count) => rest = &rest[count..],
                    Err(_) => break,
                }
            }
        });
        let since = Instant::now();
        while since.elapsed().as_millis() < 1000 {}
    }
}

/// The port with the pin that boards have it on.
fn with_pin(uart: UartTx<'static, Blocking>) -> UartTx<'static, Blocking> {
    // SAFETY: as in the panic handler, which alone calls this.
    unsafe {
        #[cfg(feature = "esp32")]
        let pin = esp_hal::peripherals::GPIO1::steal();
        #[cfg(feature = "esp32s3")]
        let pin = esp_hal::peripherals::GPIO43::steal();
        #[cfg(feature = "esp32c3")]
        let pin = esp_hal::peripherals::GPIO21::steal();
        #[cfg(feature = "esp32c6")]
        let pin = esp_hal::peripherals::GPIO16::steal();
        uart.with_tx(pin)
    }
}
