//! The firmware that ships with the app: flash images of it have the form that the boot program of the chip takes.
//!
//! Tools make an image of the sections of the ELF file: those that lie in memory and have bytes, in the order of addresses,
//! joined where less than 4 bytes lie between them (espflash 4.7.0). The boot program maps one segment of data and one of code
//! in flash (ESP-IDF 6.1).

use std::path::PathBuf;

use emberlab_core::firmware_image::{insert_model, window};

const BOARDS: [&str; 3] = ["esp32c3", "esp32c6", "qemu"];

struct Section {
    name: String,
    address: u32,
    bytes: u32,
}

fn word(elf: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(elf[at..at + 4].try_into().expect("4 bytes"))
}

/// Sections that go into an image, by address.
fn sections(elf: &[u8]) -> Vec<Section> {
    let table = word(elf, 0x20) as usize;
    let half = |at: usize| usize::from(u16::from_le_bytes([elf[at], elf[at + 1]]));
    let (entry_bytes, n_entries, names) = (half(0x2e), half(0x30), half(0x32));
    let names = word(elf, table + names * entry_bytes + 0x10) as usize;
    let mut sections = Vec::new();
    for entry in (0..n_entries).map(|index| table + index * entry_bytes) {
        let name = &elf[names + word(elf, entry) as usize..];
        let name =
            String::from_utf8_lossy(name.split(|byte| *byte == 0).next().expect("a name ends")).into_owned();
        let (kind, flags, address, bytes) =
            (word(elf, entry + 4), word(elf, entry + 8), word(elf, entry + 12), word(elf, entry + 20));
        // PROGBITS, or an array of functions; allocated; not empty.
        if matches!(kind, 1 | 14 | 15) && flags & 2 != 0 && address > 0 && bytes > 0 {
            sections.push(Section { name, address, bytes });
        }
    }
    sections.sort_by_key(|section| section.address);
    sections
}

/// Starts and ends of the segments between two addresses.
fn segments(sections: &[Section], from: u32, to: u32) -> Vec<(u32, u32)> {
    let mut segments: Vec<(u32, u32)> = Vec::new();
    for section in sections.iter().filter(|section| (from..to).contains(&section.address)) {
        let end = section.address + section.bytes;
        match segments.last_mut() {
            Some(last) if section.address - last.1 < 4 => last.1 = end,
            _ => segments.push((section.address, end)),
        }
    }
    segments
}

fn firmware(board: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../assets/firmware/{board}.elf"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// `data` and `code` are ranges of addresses in flash, which may be the same.
fn check(board: &str, data: (u32, u32), code: (u32, u32)) {
    let before = firmware(board);
    for model_bytes in [1000, 300_000, 1_000_000] {
        let model: Vec<u8> =
            (0..model_bytes).map(|index: u32| (index.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let mut elf = before.clone();
        let placed = insert_model(&mut elf, &model).expect("it fits");
        assert_eq!(placed.address % 16, 0);
        let place = window(&elf).expect("it is still there");
        let sections = sections(&elf);
        assert!(sections.iter().any(|section| section.name == ".flash.appdesc"), "{board}");
        let mut found = segments(&sections, data.0, data.1);
        if code != data {
            found.extend(segments(&sections, code.0, code.1));
        }
        assert_eq!(found.len(), 2, "{board}: {found:x?}");
        // The window ends the data; code begins in another page of 64 KiB.
        let [data_segment, code_segment] = [found[0], found[1]];
        assert_eq!(data_segment.1, place.address + place.bytes, "{board}");
        let pages = |(start, end): (u32, u32)| (start & 0x7f_ffff) >> 16..=((end - 1) & 0x7f_ffff) >> 16;
        assert!(pages(data_segment).end() < pages(code_segment).start(), "{board}: {found:x?}");
        let start = place.offset + (placed.address - place.address) as usize;
        assert!(elf[start..start + model.len()] == model);
    }
}

#[test]
fn esp32c3() {
    check("esp32c3", (0x3c00_0000, 0x3c80_0000), (0x4200_0000, 0x4280_0000));
}

#[test]
fn esp32c6() {
    // Data and code have one range of addresses.
    check("esp32c6", (0x4200_0000, 0x4300_0000), (0x4200_0000, 0x4300_0000));
}

#[test]
fn windows_have_a_megabyte() {
    for board in BOARDS {
        assert_eq!(window(&firmware(board)).expect(board).bytes, 1 << 20);
    }
}

/// Paths of the machine that built it are no part of a firmware.
#[test]
fn no_machine_is_named() {
    for board in BOARDS {
        let elf = firmware(board);
        for path in [concat!("/ho", "me/"), concat!("/ro", "ot/"), "/usr/", concat!("/wo", "rk/")] {
            let is_there = elf.windows(path.len()).any(|bytes| bytes == path.as_bytes());
            assert!(!is_there, "{board} names {path}");
        }
    }
}
