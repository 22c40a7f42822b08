//! Flashing as users meet it: the app's own code and its command, with a board on a pseudo terminal.
#![cfg(unix)]

mod boot_program;

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use boot_program::{Board, Fault, OLD, Settings, State, md5, op};
use emberlab::device::flash::{
    FlashCause, FlashFailure, FlashProgress, FlashRequest, FlashStep, Flashed, Loader, flash,
};
use emberlab::device::image::{Firmware, Hardware, Image, ImageFailure};
use emberlab::device::open::PortCause;
use emberlab_core::plan::Chip;
use serde_json::Value;

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/examples/keyword_spotting.tflite")
}

fn model() -> Arc<[u8]> {
    std::fs::read(example()).expect("the example ships with the app").into()
}

/// What has to be in the flash of an ESP32-C3 with 4 MiB.
fn image() -> Image {
    Firmware::Shipped.image(&model(), Hardware::usual(Chip::Esp32c3)).expect("the example fits")
}

fn request(board: &Board, loader: Loader) -> FlashRequest {
    FlashRequest { loader, ..FlashRequest::new(board.path().to_owned(), Firmware::Shipped, model()) }
}

fn flashed(request: &FlashRequest) -> Result<Flashed, FlashFailure> {
    flash(request, &|| false, &mut |_| {}).map(|done| done.expect("nobody stops it"))
}

/// A board with a fault, which cannot be flashed; what it has seen.
fn fails(settings: Settings, change: impl FnOnce(&mut FlashRequest)) -> (FlashFailure, State) {
    let board = Board::plug_in(settings, None);
    let mut request = request(&board, Loader::Stub);
    change(&mut request);
    let failure = flashed(&request).expect_err("it cannot go well");
    assert!(!failure.message.is_empty() && !failure.help.is_empty(), "{failure:?}");
    (failure, board.unplug())
}

fn is_untouched(state: &State) -> bool {
    state.flash.iter().all(|byte| *byte == OLD)
}

/// The flash holds the image, and what lies between its sectors is as it was.
fn holds(state: &State, image: &Image) {
    let mut expected = vec![OLD; state.flash.len()];
    for part in &image.parts {
        let start = part.address as usize;
        let end = start + part.bytes.len();
        expected[start..end.next_multiple_of(0x1000)].fill(0xff);
        expected[start..end].copy_from_slice(&part.bytes);
    }
    let first = state.flash.iter().zip(&expected).position(|(found, expected)| found != expected);
    assert_eq!(first, None, "the first byte that differs");
}

#[test]
fn sums_are_those_of_the_standard() {
    let hex = |text: &str| md5(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!(hex(""), "d41d8cd98f00b204e9800998ecf8427e");
    assert_eq!(hex("abc"), "900150983cd24fb0d6963f7d28e17f72");
    let digits = "1234567890".repeat(8);
    assert_eq!(hex(&digits), "57edf4a22be3c955ac49da2e2107b67a");
}

/// Order of commands: each kind when it comes first.
fn order(state: &State) -> Vec<u8> {
    let mut order = Vec::new();
    for command in &state.commands {
        if !order.contains(command) {
            order.push(*command);
        }
    }
    order
}

#[test]
fn the_boot_program_in_rom_takes_the_image_block_by_block() {
    let board = Board::plug_in(Settings::esp32c3(), None);
    let done = flashed(&request(&board, Loader::Rom)).expect("the board is well");
    let state = board.unplug();
    assert_eq!(state.problems, [] as [String; 0]);
    let image = image();
    holds(&state, &image);
    assert_eq!((done.written_bytes, done.unchanged_bytes), (image.part_bytes(), 0));
    assert!(done.is_running);
    assert_eq!(
        (done.board.chip, done.board.revision, done.board.flash_bytes),
        (Chip::Esp32c3, Some((0, 4)), 4 << 20)
    );
    assert_eq!(done.board.mac_address.as_deref(), Some("60:55:f9:00:00:01"));
    assert_eq!((done.settings, done.model), (image.settings, image.model));
    let expected = [
        op::SYNC,
        op::GET_SECURITY_INFO,
        op::READ_REG,
        op::SPI_ATTACH,
        op::WRITE_REG,
        op::SPI_SET_PARAMS,
        op::CHANGE_BAUDRATE,
        op::FLASH_MD5,
        op::FLASH_BEGIN,
        op::FLASH_DATA,
        op::FLASH_END,
    ];
    assert_eq!(order(&state), expected);
    assert_eq!(state.commands.last(), Some(&op::FLASH_END));
    assert_eq!(state.bauds, [460_800]);
    // Each part is summed up before it is written, and again after that.
    let regions: Vec<_> = image.parts.iter().map(|part| (part.address, part.bytes.len() as u32)).collect();
    assert_eq!(state.summed, regions.iter().flat_map(|region| [*region, *region]).collect::<Vec<_>>());
    // Blocks of 1 KiB.
    let n_blocks: usize = image.parts.iter().map(|part| part.bytes.len().div_ceil(1024)).sum();
    assert_eq!(state.commands.iter().filter(|command| **command == op::FLASH_DATA).count(), n_blocks);
}

#[test]
fn the_stub_takes_it_packed_and_progress_is_in_bytes() {
    let board = Board::plug_in(Settings::esp32c3(), None);
    let mut told = Vec::new();
    let request = request(&board, Loader::Stub);
    let done = flash(&request, &|| false, &mut |progress| told.push(progress)).expect("the board is well");
    let done = done.expect("nobody stops it");
    let state = board.unplug();
    assert_eq!(state.problems, [] as [String; 0]);
    let image = image();
    holds(&state, &image);
    assert!(state.is_stub && state.commands.contains(&op::FLASH_DEFL_DATA));
    // No line resets a pseudo terminal.
    assert!(!done.is_running);
    assert_eq!(told.first(), Some(&FlashProgress::Connecting));
    assert_eq!(told.get(1), Some(&FlashProgress::Connected(done.board)));
    assert_eq!(told.last(), Some(&FlashProgress::Resetting));
    let mut before = 0;
    let mut verified = Vec::new();
    for progress in &told {
        match progress {
            FlashProgress::Writing { done_bytes, total_bytes, .. } => {
                assert!(
                    *done_bytes >= before && *total_bytes == image.part_bytes(),
                    "{progress:?} after {before}"
                );
                before = *done_bytes;
            }
            FlashProgress::Verifying { part } => verified.push(part.clone()),
            FlashProgress::Connecting | FlashProgress::Connected(_) | FlashProgress::Resetting => {}
        }
    }
    assert_eq!(before, image.part_bytes());
    assert_eq!(verified, ["boot program", "partition table", "application"]);
}

#[test]
fn what_is_there_already_is_not_written_again() {
    let board = Board::plug_in(Settings::esp32c3(), None);
    flashed(&request(&board, Loader::Stub)).expect("the board is well");
    let before = board.unplug().flash;
    let board = Board::plug_in(Settings::esp32c3(), Some(before.clone()));
    let done = flashed(&request(&board, Loader::Stub)).expect("the board is well");
    let state = board.unplug();
    assert_eq!((done.written_bytes, done.unchanged_bytes), (0, image().part_bytes()));
    assert!(state.flash == before);
    // Another model changes only the application.
    let board = Board::plug_in(Settings::esp32c3(), Some(before));
    let mut other = request(&board, Loader::Stub);
    let mut bytes = model().to_vec();
    *bytes.last_mut().expect("it is not empty") ^= 1;
    other.model = bytes.into();
    let done = flashed(&other).expect("the board is well");
    board.unplug();
    assert_eq!(done.written_bytes, image().parts[2].bytes.len() as u64);
}

#[test]
fn another_chip_is_not_written() {
    let esp32s3 = || Settings { chip_id: 9, ..Settings::esp32c3() };
    let (failure, state) = fails(esp32s3(), |request| request.chip = Some(Chip::Esp32c3));
    assert_eq!((failure.step, &failure.cause), (FlashStep::Check, &FlashCause::WrongChip));
    assert!(failure.message.contains("has an ESP32-S3, and the image is for the ESP32-C3"), "{failure}");
    assert!(is_untouched(&state));

    // Nobody said which chip: then there is no firmware for it, and how to come by one.
    let (failure, state) = fails(esp32s3(), |_| {});
    assert_eq!(failure.cause, FlashCause::Image(ImageFailure::NotShipped(Chip::Esp32s3)));
    assert!(failure.message.starts_with("No firmware for the ESP32-S3"), "{failure}");
    assert!(failure.help.contains("firmware/build.sh esp32s3 esp32s3.elf"), "{}", failure.help);
    assert!(is_untouched(&state));

    // A chip that the app does not know: the ESP32-H2.
    let (failure, state) = fails(Settings { chip_id: 16, ..Settings::esp32c3() }, |_| {});
    assert_eq!(failure.cause, FlashCause::WrongChip);
    assert!(failure.message.contains("ESP32-H2"), "{failure}");
    assert!(is_untouched(&state));
}

#[test]
fn firmware_of_another_chip_is_refused_before_the_port_is_opened() {
    let elf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/firmware/esp32c3.elf");
    let firmware = Firmware::read(&elf).expect("it ships with the app");
    let request = FlashRequest {
        chip: Some(Chip::Esp32c6),
        ..FlashRequest::new("/dev/no-such-port".to_owned(), firmware, model())
    };
    let failure = flashed(&request).expect_err("it cannot go well");
    assert_eq!((failure.step, &failure.cause), (FlashStep::Image, &FlashCause::WrongChip));
}

#[test]
fn flash_that_is_too_small_is_not_written() {
    let (failure, state) = fails(Settings { flash_mib: 1, ..Settings::esp32c3() }, |request| {
        // Not in the file format, but the image does not care.
        request.model = vec![1; 1_000_000].into();
    });
    assert_eq!(failure.step, FlashStep::Check);
    assert!(matches!(failure.cause, FlashCause::Image(ImageFailure::TooLarge { .. })), "{failure:?}");
    assert!(is_untouched(&state));
}

#[test]
fn a_chip_that_takes_only_signed_programs_is_not_written() {
    let (failure, state) = fails(Settings { security_flags: 1, ..Settings::esp32c3() }, |_| {});
    assert_eq!((failure.step, &failure.cause), (FlashStep::Check, &FlashCause::Locked));
    assert!(is_untouched(&state));
}

#[test]
fn without_an_answer_the_button_is_named() {
    let (failure, state) = fails(Settings { fault: Fault::Silent, ..Settings::esp32c3() }, |_| {});
    assert_eq!((failure.step, &failure.cause), (FlashStep::Connect, &FlashCause::NoAnswer));
    assert!(failure.help.contains("Hold BOOT"), "{}", failure.help);
    assert!(is_untouched(&state));
}

#[test]
fn a_cable_that_is_pulled_while_writing_is_said() {
    for (loader, block) in [(Loader::Rom, 100), (Loader::Stub, 3)] {
        let fault = Fault::PulledAtBlock(block);
        let (failure, state) =
            fails(Settings { fault, ..Settings::esp32c3() }, |request| request.loader = loader);
        assert_eq!((failure.step, &failure.cause), (FlashStep::Write, &FlashCause::LineLost), "{failure:?}");
        assert!(failure.message.contains("was closed while the application was written"), "{failure}");
        assert!(failure.help.contains("flash again"), "{}", failure.help);
        assert_eq!(state.problems, [] as [String; 0]);
    }
}

#[test]
fn a_block_that_is_refused_is_said_with_the_reason() {
    let fault = Fault::RefusesBlock(4);
    let (failure, _) = fails(Settings { fault, ..Settings::esp32c3() }, |_| {});
    assert_eq!((failure.step, &failure.cause), (FlashStep::Write, &FlashCause::Refused));
    assert!(failure.message.contains("Bootloader failed to execute command"), "{failure}");
}

#[test]
fn flash_that_does_not_hold_what_was_written_is_found() {
    for (loader, block) in [(Loader::Rom, 30), (Loader::Stub, 4)] {
        let fault = Fault::WornAtBlock(block);
        let (failure, _) =
            fails(Settings { fault, ..Settings::esp32c3() }, |request| request.loader = loader);
        assert_eq!((failure.step, &failure.cause), (FlashStep::Verify, &FlashCause::VerifyFailed));
        assert!(failure.message.contains("application differs"), "{failure}");
    }
}

#[test]
fn it_can_be_stopped_until_writing_begins() {
    for asked in [0, 1] {
        let board = Board::plug_in(Settings::esp32c3(), None);
        let times = Cell::new(0);
        let stop = || times.replace(times.get() + 1) >= asked;
        let done = flash(&request(&board, Loader::Stub), &stop, &mut |_| {});
        assert_eq!(done.expect("to stop is no failure"), None);
        assert!(is_untouched(&board.unplug()), "{asked}");
    }
}

#[test]
fn a_port_that_is_in_use_is_said_with_its_user() {
    let board = Board::plug_in(Settings::esp32c3(), None);
    let holder = emberlab::device::open::open(board.path(), 115_200).expect("nobody has it");
    let failure = flashed(&request(&board, Loader::Stub)).expect_err("it is in use");
    drop(holder);
    assert_eq!(failure.step, FlashStep::Open);
    assert!(matches!(failure.cause, FlashCause::Port(PortCause::Busy(_))), "{failure:?}");
    assert!(is_untouched(&board.unplug()));
}

/// A folder that is gone at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("emberlab-flash-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("the temporary folder can be written to");
        Self(path)
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).expect("it is ours").flatten();
        let mut names: Vec<_> = entries.map(|it| it.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Exit code, standard output and standard error of the command.
fn run(folder: &Scratch, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_emberlab"));
    let output = command.args(arguments).current_dir(&folder.0).stdin(Stdio::null()).output();
    let output = output.expect("the program was built");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it writes text");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_command_flashes_a_board() {
    let scratch = Scratch::new("board");
    let example = example().display().to_string();
    let board = Board::plug_in(Settings::esp32c3(), None);
    let (code, out, err) = run(&scratch, &["flash", &example, "--port", board.path(), "--json"]);
    assert_eq!(code, Some(0), "{err}");
    let said: Value = serde_json::from_str(&out).expect("one document");
    let image = image();
    let expected = serde_json::json!({
        "port": board.path(),
        "chip": "esp32c3",
        "revision": "0.4",
        "mac_address": "60:55:f9:00:00:01",
        "flash": { "bytes": 4 << 20, "mode": "DIO", "frequency_hz": 80_000_000 },
        "written_bytes": image.part_bytes(),
        "unchanged_bytes": 0,
        "model": {
            "address": image.model.address,
            "flash_address": image.model.flash_address,
            "bytes": model().len()
        },
        "running": false,
    });
    assert_eq!(said, expected);
    for step in
        ["connecting to", "found an ESP32-C3 v0.4", "verifying the application", "starting the program"]
    {
        assert!(err.contains(step), "{err}");
    }
    // After a reset there is nothing left to write, in words for people.
    let board = Board::plug_in(Settings::esp32c3(), Some(board.unplug().flash));
    let (code, out, err) = run(&scratch, &["flash", &example, "--port", board.path(), "--chip", "esp32c3"]);
    assert_eq!((code, out.contains("0 B written and verified")), (Some(0), true), "{out}{err}");
    let state = board.unplug();
    assert_eq!(state.problems, [] as [String; 0]);
    holds(&state, &image);
    assert!(scratch.names().is_empty());
}

#[test]
fn the_command_writes_an_image_without_a_board() {
    let scratch = Scratch::new("image");
    let example = example().display().to_string();
    let image_only = ["flash", &example, "--image-only", "out.bin", "--chip", "esp32c3"];
    let (code, out, err) = run(&scratch, &image_only);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(out.contains("application") && out.contains("out.bin: "), "{out}");
    let merged = image().merged();
    assert!(std::fs::read(scratch.0.join("out.bin")).expect("it was written") == merged);

    let elf =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/firmware/esp32c3.elf").display().to_string();
    let (code, out, err) = run(&scratch, &[&image_only[..], &["--firmware", &elf, "--json"]].concat());
    assert_eq!(code, Some(0), "{err}");
    let said: Value = serde_json::from_str(&out).expect("one document");
    assert_eq!((&said["image"], &said["chip"]), (&"out.bin".into(), &"esp32c3".into()));
    assert_eq!(said["bytes"].as_u64(), Some(merged.len() as u64));
    assert_eq!(said["parts"].as_array().map(Vec::len), Some(3));
    assert!(std::fs::read(scratch.0.join("out.bin")).expect("it was written") == merged);
    assert_eq!(scratch.names(), ["out.bin"]);
}

#[test]
fn what_is_wrong_is_2_with_one_message_and_nothing_is_written() {
    let scratch = Scratch::new("wrong");
    let example = example().display().to_string();
    std::fs::write(scratch.0.join("noise.bin"), [7; 64]).expect("it is ours");
    std::fs::create_dir(scratch.0.join("empty")).expect("it is ours");
    let before = scratch.names();
    let image_only = ["flash", &example, "--image-only", "out.bin"];
    let with = |more: &[&'static str]| [&image_only[..], more].concat();
    let cases: &[(Vec<&str>, &str)] = &[
        (vec!["flash"], "MODEL"),
        (vec!["flash", &example], "--port"),
        (vec!["flash", &example, "--port", "/dev/no-such-port"], "no port /dev/no-such-port"),
        (vec!["flash", &example, "--port", "/dev/null"], "does not open as a serial port"),
        (vec!["flash", "missing.tflite", "--port", "p"], "missing.tflite"),
        (vec!["flash", "noise.bin", "--port", "p"], "not a model"),
        (with(&[]), "--chip"),
        (with(&["--chip", "esp32c3", "--port", "p"]), "cannot be used with"),
        (with(&["--chip", "esp8266"]), "known are esp32"),
        (with(&["--chip", "host64"]), "no firmware for the 64-bit host"),
        (with(&["--chip", "esp32s3"]), "firmware/build.sh esp32s3 esp32s3.elf"),
        (with(&["--chip", "esp32c3", "--firmware", "noise.bin"]), "no ELF file"),
        (with(&["--chip", "esp32c3", "--firmware", "empty"]), "empty is no build of ESP-IDF"),
        (with(&["--chip", "esp32c3", "--firmware", "gone.elf"]), "gone.elf"),
        (
            vec!["flash", &example, "--image-only", "no/folder/out.bin", "--chip", "esp32c3"],
            "no/folder does not exist",
        ),
        (vec!["ports", "--everything"], "--everything"),
    ];
    for (arguments, part) in cases {
        let (code, out, err) = run(&scratch, arguments);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{arguments:?}: {err}");
        assert!(err.contains(part), "{arguments:?}: {err}");
        assert_eq!(scratch.names(), before, "{arguments:?}");
    }
}

#[test]
fn ports_are_listed_for_scripts() {
    let scratch = Scratch::new("ports");
    let (code, out, err) = run(&scratch, &["ports", "--json"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let list: Value = serde_json::from_str(&out).expect("one document");
    for port in list.as_array().expect("a list") {
        for key in ["port", "chip", "serial", "product"] {
            assert!(port.get(key).is_some(), "{key} is not in {port}");
        }
    }
    let (code, text, _) = run(&scratch, &["ports"]);
    assert_eq!((code, text.is_empty()), (Some(0), false));
}
