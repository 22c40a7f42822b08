//! The emulated board: the firmware on a RISC-V core of QEMU. It counts instructions, which are the same in every run.

use std::fs;
use std::io::{self, BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use emberlab_core::firmware_image::insert_model;

use super::serial::SerialDevice;
use super::{Device, Line, OpenError};

/// The program that emulates.
pub const EMULATOR: &str = "qemu-system-riscv32";

static FIRMWARE: &[u8] = include_bytes!("../../../assets/firmware/qemu.elf");

/// Starts the emulator and waits until nobody holds the other end of its standard input any more, however this program ends;
/// then ends the emulator and removes the image, whose path comes first.
const KEEPER: &str = r#""$@" </dev/null & exec >&-; read -r _; kill $! 2>/dev/null; wait; rm -f "$0""#;

/// How to get the emulator.
const HELP: &str = "On Debian and Ubuntu: sudo apt-get install qemu-system-misc";

/// Counts images that were written, so that each has a name of its own.
static IMAGES: AtomicU32 = AtomicU32::new(0);

/// The emulator is installed.
pub fn is_emulator_there() -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders).any(|folder| folder.join(EMULATOR).is_file())
}

pub(super) struct EmulatedDevice {
    model: Option<Arc<[u8]>>,
}

impl EmulatedDevice {
    pub(super) fn new(model: Option<Arc<[u8]>>) -> Self {
        Self { model }
    }
}

impl Device for EmulatedDevice {
    fn open(&mut self) -> Result<Box<dyn Line>, OpenError> {
        let failed = |message: String, help: &str| OpenError { message, help: help.to_owned() };
        if !is_emulator_there() {
            return Err(failed(format!("The emulator {EMULATOR} is not installed"), HELP));
        }
        let mut elf = FIRMWARE.to_vec();
        if let Some(model) = &self.model {
            insert_model(&mut elf, model).map_err(|error| {
                failed(format!("The model does not fit into the firmware: {error}"), "Compress it first")
            })?;
        }
        let number = IMAGES.fetch_add(1, Ordering::Relaxed);
        let image = std::env::temp_dir().join(format!("emberlab-{}-{number}.elf", std::process::id()));
        fs::write(&image, elf).map_err(|error| {
            failed(
                format!("{} cannot be written: {error}", image.display()),
                "Free some space for temporary files",
            )
        })?;
        // With -icount the counter counts instructions; the core has no A, F or D instructions.
        let started = Command::new("sh")
            .args(["-c", KEEPER])
            .arg(&image)
            .args([
                EMULATOR,
                "-M",
                "virt",
                "-cpu",
                "rv32,a=false,f=false,d=false",
                "-m",
                "16M",
                "-bios",
                "none",
            ])
            .args(["-icount", "shift=0", "-display", "none", "-monitor", "none", "-serial", "pty", "-kernel"])
            .arg(&image)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut child = started.map_err(|error| {
            // It may be gone already.
            let _ = fs::remove_file(&image);
            failed(format!("The emulator {EMULATOR} cannot be started: {error}"), HELP)
        })?;
        let stdout = child.stdout.take();
        let emulator = Emulator { child };
        // char device redirected to /dev/pts/3 (label serial0)
        let mut said = String::new();
        if let Some(stdout) = stdout {
            // An emulator that ends says nothing: no path is found then.
            let _ = BufReader::new(stdout).read_line(&mut said);
        }
        let path = said.split_whitespace().find(|word| word.starts_with("/dev/")).ok_or_else(|| {
            failed(format!("The emulator gives no terminal: {}", said.trim()), "Try another version of QEMU")
        })?;
        let line = SerialDevice::new(path.to_owned(), None).open()?;
        Ok(Box::new(EmulatedLine { line, _emulator: emulator }))
    }

    fn comes_back(&self) -> bool {
        false
    }
}

/// A running emulator; it ends with this value.
struct Emulator {
    child: Child,
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // The end of its standard input is the sign to end everything.
        drop(self.child.stdin.take());
        // It may have ended by itself.
        let _ = self.child.wait();
    }
}

struct EmulatedLine {
    line: Box<dyn Line>,
    _emulator: Emulator,
}

impl Line for EmulatedLine {
    fn read(&mut self, bytes: &mut [u8], patience: Duration) -> io::Result<usize> {
        self.line.read(bytes, patience)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.line.write(bytes)
    }
}
