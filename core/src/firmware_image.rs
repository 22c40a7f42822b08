//! A model in the window of a firmware: the ELF file of the firmware and the model in, the ELF file with the model out.
//!
//! The window is a section that the linker has left room for (`firmware/src/window.rs`). Bytes in it, and the size that
//! the section table says it has, are all that changes: addresses, code and symbols stay where they are. Tools that make
//! flash images of ELF files go by sections, so the flash holds only as much of the window as the model takes.

use thiserror::Error;

/// The section that is the window. esp-hal's linker scripts have it for Wi-Fi, which the firmware does not use.
const SECTION: &[u8] = b".rodata.wifi";
/// First bytes of the window.
const MAGIC: &[u8; 8] = b"EMBERMOD";
/// Bytes before the model may begin: the first bytes, its length, its offset.
const HEAD: u32 = 16;
/// Where the bytes of constants have to begin, seen from the start of the model.
const ALIGNMENT: u32 = 16;

/// Offsets in an ELF file of 32 bits and in an entry of its section table (System V ABI, "Object Files").
const SECTIONS_AT: usize = 0x20;
const SECTION_BYTES_AT: usize = 0x2e;
const N_SECTIONS_AT: usize = 0x30;
const NAMES_AT: usize = 0x32;
const ENTRY_ADDRESS: usize = 0x0c;
const ENTRY_OFFSET: usize = 0x10;
const ENTRY_SIZE: usize = 0x14;

/// Why a model cannot be put into a firmware.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ImageError {
    /// The bytes are no ELF file of a 32-bit little-endian processor.
    #[error("the firmware is no ELF file for a 32-bit chip")]
    NotElf,
    /// The file ends before what it says that it has.
    #[error("the firmware file is broken: {0} lies outside of it")]
    Broken(&'static str),
    /// There is no window.
    #[error(
        "the firmware has no window for a model; use the one that comes with the app, or build firmware/ anew"
    )]
    NoWindow,
    /// There is no model.
    #[error("the model has no bytes")]
    EmptyModel,
    /// The model is larger than the window.
    #[error(
        "the model needs {needed} bytes of the window, which has {given}; build the firmware with a larger one (EMBERLAB_WINDOW_BYTES), or use a smaller model"
    )]
    TooLarge {
        /// Bytes that are needed.
        needed: u64,
        /// Bytes of the window.
        given: u32,
    },
}

/// Where the window of a firmware is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its address on the chip.
    pub address: u32,
    /// Its first byte in the file.
    pub offset: usize,
    /// Its bytes.
    pub bytes: u32,
    /// Where the section table says how many bytes it has.
    size_at: usize,
}

/// Where a model is in a firmware.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Address of the model on the chip, a multiple of 16.
    pub address: u32,
    /// Bytes of flash that window and model take.
    pub window_bytes: u32,
}

/// The window of a firmware.
///
/// # Errors
/// The file is no ELF file, is broken, or has no window.
pub fn window(elf: &[u8]) -> Result<Window, ImageError> {
    if elf.get(..6) != Some(&[0x7f, b'E', b'L', b'F', 1, 1]) {
        return Err(ImageError::NotElf);
    }
    let table = word(elf, SECTIONS_AT).ok_or(ImageError::Broken("its header"))? as usize;
    let half = |at| half_word(elf, at).map(usize::from).ok_or(ImageError::Broken("its header"));
    let (entry_bytes, n_entries, names) = (half(SECTION_BYTES_AT)?, half(N_SECTIONS_AT)?, half(NAMES_AT)?);
    let field = |entry: usize, at: usize| {
        let at = table.checked_add(entry.checked_mul(entry_bytes)?)?.checked_add(at)?;
        word(elf, at)
    };
    let broken = ImageError::Broken("its section table");
    let names = field(names, ENTRY_OFFSET).ok_or(broken)? as usize;
    for entry in 0..n_entries {
        let name = names + field(entry, 0).ok_or(broken)? as usize;
        let is_window = elf
            .get(name..)
            .is_some_and(|rest| rest.starts_with(SECTION) && rest.get(SECTION.len()) == Some(&0));
        if !is_window {
            continue;
        }
        let address = field(entry, ENTRY_ADDRESS).ok_or(broken)?;
        let offset = field(entry, ENTRY_OFFSET).ok_or(broken)? as usize;
        let bytes = field(entry, ENTRY_SIZE).ok_or(broken)?;
        let content = offset.checked_add(bytes as usize).and_then(|end| elf.get(offset..end));
        let content = content.ok_or(ImageError::Broken("its window"))?;
        if !content.starts_with(MAGIC) {
            return Err(ImageError::NoWindow);
        }
        let size_at = table + entry * entry_bytes + ENTRY_SIZE;
        return Ok(Window { address, offset, bytes, size_at });
    }
    Err(ImageError::NoWindow)
}

/// Puts a model into the window of a firmware, in place of one that is there.
///
/// # Errors
/// As [`window`], and when the model does not fit. The window of a file that has a model already is as large as that
/// model, so start from the firmware as it was built.
pub fn insert_model(elf: &mut [u8], model: &[u8]) -> Result<Placed, ImageError> {
    let window = window(elf)?;
    if model.is_empty() {
        return Err(ImageError::EmptyModel);
    }
    let start = (HEAD..HEAD + ALIGNMENT)
        .find(|offset| window.address.wrapping_add(*offset).is_multiple_of(ALIGNMENT))
        .unwrap_or(HEAD);
    let needed = (u64::from(start) + model.len() as u64).next_multiple_of(4);
    if needed > u64::from(window.bytes) {
        return Err(ImageError::TooLarge { needed, given: window.bytes });
    }
    let used = needed as usize;
    let content = &mut elf[window.offset..window.offset + used];
    content.fill(0);
    content[..8].copy_from_slice(MAGIC);
    content[8..12].copy_from_slice(&(model.len() as u32).to_le_bytes());
    content[12..16].copy_from_slice(&start.to_le_bytes());
    content[start as usize..start as usize + model.len()].copy_from_slice(model);
    elf[window.size_at..window.size_at + 4].copy_from_slice(&(used as u32).to_le_bytes());
    Ok(Placed { address: window.address.wrapping_add(start), window_bytes: used as u32 })
}

fn half_word(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: &[u8] = b"\0.text\0.rodata.wifi\0.rodata.wifi.not\0.shstrtab\0";

    /// A firmware with code, something after a longer name, and a window at an address.
    fn firmware(address: u32, window_bytes: u32) -> Vec<u8> {
        let mut elf = vec![0; 52];
        elf[..6].copy_from_slice(&[0x7f, b'E', b'L', b'F', 1, 1]);
        let mut window = vec![0; window_bytes as usize];
        window[..8].copy_from_slice(MAGIC);
        let contents: [(u32, u32, &[u8]); 4] = [
            (1, 0x4200_0000, &[0xc3; 100]),
            (20, 0x3c00_0000, &[0x77; 60]),
            (7, address, &window),
            (37, 0, NAMES),
        ];
        let mut table = vec![0; 40];
        for (name, address, content) in contents {
            let offset = elf.len() as u32;
            elf.extend_from_slice(content);
            for word in [name, 1, 2, address, offset, content.len() as u32, 0, 0, 4, 0] {
                table.extend_from_slice(&u32::to_le_bytes(word));
            }
        }
        let at = elf.len() as u32;
        elf[SECTIONS_AT..SECTIONS_AT + 4].copy_from_slice(&at.to_le_bytes());
        for (at, value) in [(SECTION_BYTES_AT, 40u16), (N_SECTIONS_AT, 5), (NAMES_AT, 4)] {
            elf[at..at + 2].copy_from_slice(&value.to_le_bytes());
        }
        elf.extend_from_slice(&table);
        elf
    }

    fn model(bytes: usize) -> Vec<u8> {
        (0..bytes).map(|index| (index * 7 + 1) as u8).collect()
    }

    #[test]
    fn the_model_is_there_and_nothing_else_changes() {
        for address in [0x3c00_2340, 0x3c00_2344, 0x3c00_234c, 0x8000_0000] {
            for model_bytes in [1, 15, 16, 300] {
                let before = firmware(address, 400);
                let mut after = before.clone();
                let model = model(model_bytes);
                let placed = insert_model(&mut after, &model).unwrap();
                assert_eq!(placed.address % 16, 0);
                let found = window(&after).unwrap();
                assert_eq!((found.address, found.bytes), (address, placed.window_bytes));
                let start = found.offset + (placed.address - address) as usize;
                assert_eq!(&after[start..start + model.len()], model);
                // What the firmware reads: length and offset.
                assert_eq!(word(&after, found.offset + 8), Some(model_bytes as u32));
                assert_eq!(word(&after, found.offset + 12), Some(placed.address - address));
                for (index, (old, new)) in before.iter().zip(&after).enumerate() {
                    let in_window = (found.offset..found.offset + found.bytes as usize).contains(&index);
                    let in_size = (found.size_at..found.size_at + 4).contains(&index);
                    assert!(old == new || in_window || in_size, "byte {index} has changed");
                }
            }
        }
    }

    #[test]
    fn a_model_that_is_too_large_is_refused_with_figures() {
        let mut elf = firmware(0x3c00_2344, 400);
        let before = elf.clone();
        let error = insert_model(&mut elf, &model(373)).unwrap_err();
        assert_eq!(error, ImageError::TooLarge { needed: 404, given: 400 });
        assert_eq!(elf, before);
        assert!(insert_model(&mut elf, &model(372)).is_ok());
        assert_eq!(insert_model(&mut firmware(0, 400), &[]), Err(ImageError::EmptyModel));
    }

    #[test]
    fn other_files_are_refused() {
        assert_eq!(window(b"TFL3"), Err(ImageError::NotElf));
        let mut elf = firmware(0x3c00_2344, 400);
        let at = window(&elf).unwrap().offset;
        elf[at] = b'X';
        assert_eq!(window(&elf), Err(ImageError::NoWindow));
    }

    #[test]
    fn broken_files_do_not_panic() {
        let elf = firmware(0x3c00_2344, 64);
        for length in 0..elf.len() {
            // The last bytes are fields that nobody reads.
            let found = window(&elf[..length]);
            assert!(found.is_err() || length > elf.len() - 24, "{length}");
        }
        for at in 0..elf.len() {
            for bit in 0..8 {
                let mut broken = elf.clone();
                broken[at] ^= 1 << bit;
                let _ = insert_model(&mut broken, &[1, 2, 3]);
            }
        }
    }
}
