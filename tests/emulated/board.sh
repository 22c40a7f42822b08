#!/usr/bin/env bash
# Runs the firmware on an emulated board and talks to it as the app does; compares results with this computer, and
# instructions with the committed table.
#   tests/emulated/board.sh FOLDER-THAT-IS-KEPT PROGRAM-THAT-TALKS
# EMBERLAB_UPDATE=1 writes the table anew. The second argument is the example `emulated_board` of emberlab-core. Models besides
# the bundled ones come from EMBERLAB_MODELS, or from ../shared/models beside the project.
set -euo pipefail
cd "$(dirname "$0")/../.."
cache=$1
talk=$2
models=${EMBERLAB_MODELS:-../shared/models}

skip() {
    echo "skipped: $1, so the firmware is not run"
    exit 0
}
command -v qemu-system-riscv32 >/dev/null || skip "there is no qemu-system-riscv32"
command -v python3 >/dev/null || skip "there is no python3"

export CARGO_TARGET_DIR="$cache/emulated"
firmware/build.sh qemu "$cache/emulated/qemu.elf" || {
    status=$?
    [ "$status" = 3 ] && skip "no compiler here has the target"
    exit "$status"
}
files=(assets/examples/keyword_spotting.tflite assets/examples/drawn_digits.tflite)
for name in hello_world_int8 ad01_int8 kws_ref_model person_detect; do
    [ ! -f "$models/$name.tflite" ] || files+=("$models/$name.tflite")
done
timeout 300 "$talk" "$cache/emulated/qemu.elf" "${files[@]}" >"$cache/models.txt" || { cat "$cache/models.txt"; exit 1; }
compiler=$(/usr/bin/rustc --version 2>/dev/null || rustc --version)
python3 tests/emulated/compare_models.py "$cache/models.txt" "$compiler"
