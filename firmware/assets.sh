#!/usr/bin/env bash
# The firmware that ships with the app, in assets/firmware/:
#   firmware/assets.sh           builds it anew and writes PROVENANCE.md
#   firmware/assets.sh --check   fails if it was built from other sources; builds it once for these sources and compares
# The same sources, compiler and folder give the same bytes. Other bytes with another compiler or folder are only told.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=assets/firmware
provenance=$folder/PROVENANCE.md
boards="esp32c3 esp32c6 qemu"
sources=$(firmware/sources.sh)
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/firmware/target}"

if [ "${1:-}" = --check ]; then
    grep -qx "Sources: $sources" "$provenance" || {
        echo "assets/firmware was built from other sources than these; run firmware/assets.sh and commit what it writes" >&2
        exit 1
    }
    (cd "$folder" && sed -n 's/^    //p' PROVENANCE.md | sha256sum --check --quiet)
    built=$CARGO_TARGET_DIR/assets-$sources
    # Those of other sources are of no use any more.
    find "$CARGO_TARGET_DIR" -maxdepth 1 -name 'assets-*' ! -path "$built" -exec rm -r {} + 2>/dev/null || true
    for board in $boards; do
        if [ ! -f "$built/$board.elf" ]; then
            firmware/build.sh "$board" "$built/$board.elf" || {
                status=$?
                [ "$status" = 3 ] && echo "skipped: the firmware is not built here" && exit 0
                exit "$status"
            }
        fi
        if cmp -s "$built/$board.elf" "$folder/$board.elf"; then
            echo "$board: the same bytes"
        else
            echo "$board: warning: other bytes than in $folder, by another compiler or folder; sources are the same"
        fi
    done
    exit 0
fi

mkdir -p "$folder"
for board in $boards; do
    firmware/build.sh "$board" "$folder/$board.elf"
done
compiler=$(/usr/bin/rustc --version 2>/dev/null || rustc --version)
linker=$(ld.lld --version 2>/dev/null || echo "the linker of rustc")
cat >"$provenance" <<TEXT
# Firmware that ships with the app

ELF files for boards, made by \`firmware/assets.sh\` from the sources in this repository and the packages that
\`firmware/Cargo.lock\` names. The app puts a model into their window and makes a flash image of that. What licences the
packages have is in THIRD-PARTY.md. \`firmware/sources.sh\` computes the sum of the sources.

Sources: $sources
Compiler: $compiler
Linker: $linker

TEXT
(cd "$folder" && for board in $boards; do sha256sum "$board.elf"; done | sed 's/^/    /') >>"$provenance"
