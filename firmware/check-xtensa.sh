#!/usr/bin/env bash
# Type-checks the firmware for a chip with Xtensa cores, for which upstream Rust has no compiler:
#   firmware/check-xtensa.sh esp32|esp32s3
# The target says that it is Xtensa, but its code generator is that of an ARM core, so that rustc takes the assembler lines
# of esp-hal. Nothing that could run comes out of it.
# Needs Debian's rustc-web, cargo-web and rust-web-src.
set -euo pipefail
chip=${1:?usage: firmware/check-xtensa.sh esp32|esp32s3}
cd "$(dirname "$0")/.."
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/firmware/target}" RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1
[ -d /usr/lib/rustlib/src/rust/library/core ] || { echo "skipped: there is no rust-web-src, so $chip is not checked"; exit 0; }

mkdir -p "$CARGO_TARGET_DIR"
target=$CARGO_TARGET_DIR/xtensa-$chip-none-elf.json
"$RUSTC" -Z unstable-options --print target-spec-json --target armv7a-none-eabi | python3 -c '
import json, sys
target = json.load(sys.stdin)
target.update(vendor="espressif", metadata={"description": "only for type checks", "tier": 3, "host_tools": False, "std": False})
json.dump(target, sys.stdout, indent=1)' >"$target.new"
# An equal file stays, so that nothing is checked again for it.
cmp -s "$target.new" "$target" && rm "$target.new" || mv "$target.new" "$target"

export RUSTFLAGS='--cfg target_arch="xtensa" -A explicit_builtin_cfgs_in_flags'
/usr/bin/cargo check --quiet --locked --manifest-path firmware/Cargo.toml -p emberlab-firmware --features "$chip" \
    -Z json-target-spec -Z build-std=core,alloc --target "$target"
echo "$chip: type-checked"
