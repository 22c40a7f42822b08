#!/usr/bin/env bash
# Builds the firmware for a board:   firmware/build.sh BOARD [FILE]
# BOARD is qemu, esp32c3 or esp32c6, or esp32 or esp32s3 with Espressif's compiler (see firmware/README.md). FILE is where a
# copy of the ELF file goes. The same sources and compiler give the same bytes on every machine.
set -euo pipefail
board=${1:?usage: firmware/build.sh BOARD [FILE]}
file=${2:-}
[ -z "$file" ] || { mkdir -p "$(dirname "$file")" && file=$(cd "$(dirname "$file")" && pwd)/$(basename "$file"); }
cd "$(dirname "$0")/.."

case $board in
    qemu | esp32c3) target=riscv32imc-unknown-none-elf ;;
    esp32c6) target=riscv32imac-unknown-none-elf ;;
    esp32 | esp32s3) target=xtensa-$board-none-elf ;;
    *) echo "no such board: $board" >&2; exit 2 ;;
esac

# Debian's compiler builds the core library from its sources; one of rustup's is good if it has the target.
arguments=()
if [ "${target%%-*}" = xtensa ]; then
    cargo=(cargo +esp)
    rustc=(rustc +esp)
    arguments=(-Z build-std=core,alloc)
elif [ -d /usr/lib/rustlib/src/rust/library/core ] && command -v ld.lld >/dev/null; then
    export RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1
    export CARGO_TARGET_RISCV32IMC_UNKNOWN_NONE_ELF_LINKER=ld.lld CARGO_TARGET_RISCV32IMAC_UNKNOWN_NONE_ELF_LINKER=ld.lld
    cargo=(/usr/bin/cargo)
    rustc=(/usr/bin/rustc)
    arguments=(-Z build-std=core,alloc)
elif [ -d "$(rustc --print sysroot 2>/dev/null)/lib/rustlib/$target" ]; then
    cargo=(cargo)
    rustc=(rustc)
else
    echo "no compiler here has the target $target: rustup target add $target" >&2
    exit 3
fi

# No path of this machine goes into the program.
sysroot=$("${rustc[@]}" --print sysroot)
export RUSTFLAGS="--remap-path-prefix=$PWD=emberlab --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=cargo --remap-path-prefix=$sysroot/lib/rustlib/src/rust=rust"
[ "${target%%-*}" != xtensa ] || RUSTFLAGS="$RUSTFLAGS -C link-arg=-nostartfiles"
EMBERLAB_SOURCES=$(firmware/sources.sh | cut -c1-12)
export EMBERLAB_SOURCES CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/firmware/target}"
"${cargo[@]}" build --quiet --locked --profile firmware --manifest-path firmware/Cargo.toml -p emberlab-firmware \
    --features "$board" --target "$target" "${arguments[@]}"
elf=$CARGO_TARGET_DIR/$target/firmware/emberlab-firmware
[ -z "$file" ] || cp "$elf" "$file"
echo "$board: $(stat -c %s "$elf") bytes, sources $EMBERLAB_SOURCES, $("${rustc[@]}" --version)"
