//! Links for the chip, and tells the program what it was built from.

use std::process::Command;

/// Bytes of flash that are kept for a model, unless `EMBERLAB_WINDOW_BYTES` says otherwise.
const WINDOW_BYTES: &str = "1048576";

fn main() {
    let variable = |name: &str| {
        println!("cargo::rerun-if-env-changed={name}");
        std::env::var(name).ok()
    };
    let folder = variable("CARGO_MANIFEST_DIR").expect("cargo sets it");
    if variable("CARGO_FEATURE_QEMU").is_some() {
        println!("cargo::rustc-link-arg-bins=-T{folder}/virt/virt.ld");
        println!("cargo::rerun-if-changed=virt/virt.ld");
    } else {
        println!("cargo::rustc-link-arg-bins=-Tlinkall.x");
    }
    let window_bytes = variable("EMBERLAB_WINDOW_BYTES").unwrap_or_else(|| WINDOW_BYTES.to_owned());
    println!("cargo::rustc-env=EMBERLAB_WINDOW_BYTES={window_bytes}");
    // `firmware/build.sh` says which sources these are.
    let sources = variable("EMBERLAB_SOURCES").unwrap_or_else(|| "unknown".to_owned());
    println!("cargo::rustc-env=EMBERLAB_BUILD=sources {sources}, {}", compiler());
    println!("cargo::rerun-if-changed=build.rs");
}

/// Name and version of the compiler, such as `rustc 1.96.0`.
fn compiler() -> String {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let output = Command::new(rustc).arg("--version").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
}
