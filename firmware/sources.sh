#!/usr/bin/env bash
# Prints one SHA-256 for all sources of the firmware: its own, those of the runtime that it links, and the lock file.
# Tests of the runtime do not go into a firmware and do not count.
set -euo pipefail
cd "$(dirname "$0")/.."
{
    find firmware/src firmware/virt -type f
    find core/runtime/src -type f -name '*.rs' ! -path '*/tests/*' ! -name 'tests.rs' ! -name '*_suite.rs' ! -name 'test_support.rs'
    echo firmware/Cargo.toml
    echo firmware/Cargo.lock
    echo firmware/build.rs
    echo firmware/build.sh
    echo core/runtime/Cargo.toml
} | LC_ALL=C sort | while IFS= read -r file; do
    printf '%s  %s\n' "$(sha256sum <"$file" | cut -d' ' -f1)" "$file"
done | sha256sum | cut -d' ' -f1
