#!/usr/bin/env python3
"""Run the Keras code of networks and compare its outputs with ours. Not part of the gate: it needs Keras.

    cargo run -p emberlab-core --example write_networks -- --keras FOLDER
    python compare.py FOLDER [--only TEXT]

Each `NAME.py` in FOLDER is run as it is; the weights of `NAME.json` go into the model that it makes, and its outputs for the
sample there must be ours within 1e-4 of their range (Keras computes in float32). Needs the packages keras and tensorflow;
written for Keras 3.15. Prints every mismatch and `N passed, M failed`; exit status 1 on any failure.
"""
import argparse
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np  # noqa: E402, after the log level

TOLERANCE = 1e-4


def arrays_of(layer, weights):
    """Weights in the order in which the layer lists them, by the last part of their names."""
    spelled = {"kernel": ("kernel", "depthwise_kernel")}
    found = []
    for variable in layer.weights:
        if "seed" in variable.path:
            found.append(np.array(variable))
            continue
        names = spelled.get(variable.name, (variable.name,))
        array = next(weights[name] for name in names if name in weights)
        found.append(np.array(array["values"], dtype=np.float32).reshape(array["shape"]))
    return found


def check(code, data):
    """What differs, or None."""
    scope = {}
    exec(compile(code.read_text(), str(code), "exec"), scope)
    model = scope["model"]
    weights = {name.replace("/", "_"): arrays for name, arrays in data["weights"].items()}
    for layer in model.layers:
        if layer.name in weights:
            layer.set_weights(arrays_of(layer, weights[layer.name]))
    inputs = [np.array(each["values"], dtype=np.float32).reshape([1] + each["shape"]) for each in data["inputs"]]
    outputs = model(inputs if len(inputs) > 1 else inputs[0], training=False)
    outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
    if len(outputs) != len(data["outputs"]):
        return f"{len(outputs)} outputs instead of {len(data['outputs'])}"
    for number, (theirs, ours) in enumerate(zip(outputs, data["outputs"])):
        theirs, ours = np.asarray(theirs).ravel(), np.array(ours)
        if theirs.size != ours.size:
            return f"output {number}: {theirs.size} elements instead of {ours.size}"
        worst = np.abs(theirs - ours).max() / max(1.0, np.abs(ours).max())
        if not worst <= TOLERANCE:
            return f"output {number} differs by {worst:.1e} of its range"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="", help="only networks with this in their name")
    options = parser.parse_args()
    passed, failed = 0, 0
    printing, sys.stdout = sys.stdout, open(os.devnull, "w")
    for code in sorted(options.folder.glob("*.py")):
        if options.only not in code.name:
            continue
        try:
            problem = check(code, json.loads(code.with_suffix(".json").read_text()))
        except Exception as error:  # whatever Keras says is the result
            problem = f"{type(error).__name__}: {error}".splitlines()[0]
        passed += problem is None
        failed += problem is not None
        if problem:
            print(f"FAILED {code.name}: {problem}", file=printing)
    print(f"{passed} passed, {failed} failed", file=printing)
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
