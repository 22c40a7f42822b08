#!/usr/bin/env bash
# Compares with the real TensorFlow Lite Micro and LiteRT from PyPI.   tests/wheel/run.sh FOLDER-THAT-IS-KEPT
set -euo pipefail
cd "$(dirname "$0")/../.."
cache=$1

requirements=tests/wheel/requirements.txt
if ! cmp -s "$requirements" "$cache/venv/requirements.txt"; then
    rm -rf "$cache/venv"
    python3 -m venv "$cache/venv"
    "$cache/venv/bin/pip" install --quiet --pre -r "$requirements"
    cp "$requirements" "$cache/venv/requirements.txt"
fi
python="$cache/venv/bin/python"
models=$(mktemp -d)
trap 'rm -rf "$models"' EXIT

# Real models, where they are at hand.
shared=../shared/models
with_models=()
if [ -d "$shared" ]; then with_models=(--models "$shared"); fi

examples="${CARGO_TARGET_DIR:-target}/debug/examples"
"$examples/generate_models" --seed 1 --count 400 "${with_models[@]}" "$models"
if [ -d "$shared" ]; then
    "$python" tests/wheel/arena.py "$models" "$shared"
    "$python" tests/wheel/roundtrip.py "$examples/rewrite" "$shared"
else
    echo "skipped: no $shared, so only generated models are compared"
    "$python" tests/wheel/arena.py "$models"
fi
"$examples/generate_models" --seed 2 --count 400 --retype "$models/retyped"
"$python" tests/wheel/arena.py "$models/retyped"
"$examples/operator_cases" --seed 1 --count 7200 --damage 20 "$models/operators"
"$python" tests/wheel/operators.py "$models/operators" --runtime tflm litert

# Networks of the editor: outputs of float32 and int8 models, and their arenas.
"$examples/write_networks" --seed 1 --count 150 "$models/networks"
"$python" tests/wheel/operators.py "$models/networks" --runtime tflm litert
"$examples/generate_models" --seed 1 --count 0 --models "$models/networks" "$models/arenas"
"$python" tests/wheel/arena.py "$models/arenas" "$models/networks"
