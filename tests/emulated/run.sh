#!/usr/bin/env bash
# Counts the instructions of single layers on an emulated 32-bit RISC-V core, and compares with the committed table.
#   tests/emulated/run.sh FOLDER-THAT-IS-KEPT PROGRAM-THAT-WRITES-THE-LAYERS
# EMBERLAB_UPDATE=1 writes the table anew. The second argument is the example `measured_layers` of emberlab-core.
set -euo pipefail
cd "$(dirname "$0")/../.."
cache=$1
write_layers=$2
target=riscv32imc-unknown-none-elf

skip() {
    echo "skipped: $1, so no instructions are counted"
    exit 0
}
command -v qemu-system-riscv32 >/dev/null || skip "there is no qemu-system-riscv32"
command -v python3 >/dev/null || skip "there is no python3"

# Debian's compiler is the one that the table is for; it builds the core library from its sources. Another is good if it
# has the target.
build_core=()
if [ -d /usr/lib/rustlib/src/rust/library/core ] && command -v ld.lld >/dev/null; then
    export RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_RISCV32IMC_UNKNOWN_NONE_ELF_LINKER=ld.lld
    cargo=/usr/bin/cargo
    build_core=(-Z build-std=core)
elif [ -d "$(rustc --print sysroot 2>/dev/null)/lib/rustlib/$target" ]; then
    export RUSTC=rustc
    cargo=cargo
else
    skip "no compiler here has the target $target"
fi

"$write_layers" "$cache/layers"
export EMBERLAB_LAYERS="$cache/layers" CARGO_TARGET_DIR="$cache/emulated"
"$cargo" build --quiet --locked --release --manifest-path firmware/Cargo.toml -p emberlab-measure --target "$target" \
    "${build_core[@]}"

# With -icount the counter counts instructions and is the same in every run; the core has no A, F or D instructions.
timeout 120 qemu-system-riscv32 -M virt -cpu rv32,a=false,f=false,d=false -m 16M -bios none -icount shift=0 \
    -display none -monitor none -serial stdio -kernel "$CARGO_TARGET_DIR/$target/release/emberlab-measure" \
    </dev/null >"$cache/counts.txt" || { cat "$cache/counts.txt"; exit 1; }
python3 tests/emulated/compare.py "$cache/counts.txt" "$("$RUSTC" --version)"
