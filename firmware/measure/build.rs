//! Links for QEMU's `virt` machine.

fn main() {
    let folder = std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    println!("cargo::rustc-link-arg-bins=-T{folder}/../virt/virt.ld");
    println!("cargo::rerun-if-changed=../virt/virt.ld");
}
