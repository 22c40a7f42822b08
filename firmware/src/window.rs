//! The window for a model: bytes in flash that the app fills in before it flashes the program.
//!
//! It is a section of the ELF file of its own, the last one of the data in flash. esp-hal's linker scripts keep an address range
//! for `.rodata.wifi`, which only Wi-Fi would fill; `rodata_wlog_…` goes there. The app looks for the first 8 bytes, writes
//! length, offset and the model behind them, and cuts the section off behind the model (`emberlab_core::firmware_image`).

/// Bytes of the window.
const BYTES: usize = number(env!("EMBERLAB_WINDOW_BYTES"));
/// First bytes of the window.
const MAGIC: [u8; 8] = *b"EMBERMOD";
/// Bytes before the model may begin: the first bytes, its length and its offset from the start of the window, as u32.
const HEAD: usize = 16;

/// Not aligned to more than 4: the section has to follow the one before it without a gap, or there are two segments of
/// data in flash, of which the boot program maps one. The model begins at a multiple of 16 all the same, by its offset.
#[repr(C, align(4))]
struct Window {
    magic: [u8; 8],
    rest: [u8; BYTES - 8],
}

#[used]
// SAFETY: the section holds constant data in all linker scripts that are used here.
#[unsafe(link_section = ".rodata_wlog_emberlab.window")]
static WINDOW: Window = Window { magic: MAGIC, rest: [0; BYTES - 8] };

/// The model in the window.
pub fn model() -> Option<&'static [u8]> {
    let window = (&raw const WINDOW).cast::<u8>();
    // The bytes are not those that the compiler saw, so it must not know where they come from.
    let window: *const u8 = core::hint::black_box(window);
    // SAFETY: the window is BYTES long and aligned to 4, in memory that nothing writes.
    let word = |offset: usize| unsafe { window.add(offset).cast::<u32>().read_volatile() };
    let magic = [word(0).to_le_bytes(), word(4).to_le_bytes()];
    let (length, offset) = (word(8) as usize, word(12) as usize);
    if *magic.as_flattened() != MAGIC || length == 0 || !(HEAD..HEAD + 16).contains(&offset) {
        return None;
    }
    if length > BYTES - offset {
        return None;
    }
    // SAFETY: the range lies in the window.
    Some(unsafe { core::slice::from_raw_parts(window.add(offset), length) })
}

/// The number that the digits mean.
const fn number(digits: &str) -> usize {
    let mut value = 0;
    let mut index = 0;
    while index < digits.len() {
        let digit = digits.as_bytes()[index].wrapping_sub(b'0');
        assert!(digit < 10, "EMBERLAB_WINDOW_BYTES is a number of bytes");
        value = value * 10 + digit as usize;
        index += 1;
    }
    assert!(value >= 64 && value % 4 == 0, "the window has at least 64 bytes, a multiple of 4");
    value
}
