#!/usr/bin/env python3
"""Compare every shared model with itself rewritten by Emberlab, in the reference runtimes.

    cargo build --release -p emberlab-core --example rewrite
    python roundtrip.py REWRITE [MODELS] [--seeds 1 2] [--only NAME]

REWRITE is the built example; MODELS is the folder with .tflite files (default: ../shared/models beside the project).
TensorFlow Lite Micro and LiteRT must take or refuse both files alike, and their outputs must be equal bit for bit.
Needs the packages of ../shared/checks/requirements.txt. Exit status 1 on any difference, 0 with one line where the
shared folder is absent.
"""
import argparse
import os
import pickle
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

PROJECT = Path(__file__).resolve().parents[2]
SHARED = PROJECT.parent / "shared"


def outputs(run, arguments):
    """The outputs as (shape, type, bytes), or the runtime's refusal as a text.

    In a child process: a runtime may end its process over a model that it was not made for.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            _, values, _ = run(arguments)
            result = [(tuple(value.shape), str(value.dtype), value.tobytes()) for value in values]
        except (RuntimeError, ValueError) as error:  # what the runtimes raise when they refuse a model
            result = f"refused: {error}".splitlines()[0][:150]
        with os.fdopen(writer, "wb") as pipe:
            pickle.dump(result, pipe)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        result = pipe.read()
    _, status = os.waitpid(child, 0)
    return pickle.loads(result) if status == 0 else f"ended its process with status {status}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rewrite", type=Path)
    parser.add_argument("models", type=Path, nargs="?", default=SHARED / "models")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--only", default="", help="only files with this in their path")
    options = parser.parse_args()
    if not options.models.is_dir() or not (SHARED / "checks").is_dir():
        print(f"skipped: {options.models} or {SHARED / 'checks'} is absent")
        return 0
    sys.path.insert(0, str(SHARED / "checks"))
    import reference  # noqa: PLC0415, found only with the shared folder

    runtimes = {
        "tflm": (reference.run_tflm, False),
        "litert": (reference.run_litert, False),
        "litert reference kernels": (reference.run_litert, True),
    }
    passed, failed, refused, unstable = 0, 0, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        rewritten = Path(folder) / "rewritten.tflite"
        for model in sorted(options.models.rglob("*.tflite")):
            if options.only not in str(model):
                continue
            name = model.relative_to(options.models)
            subprocess.run([options.rewrite, model, rewritten], check=True)
            for runtime, (run, reference_kernels) in runtimes.items():
                for seed in options.seeds:
                    def of(path):
                        return outputs(run, SimpleNamespace(
                            model=str(path), input=[], seed=seed, float_range=(-1.0, 1.0),
                            reference_kernels=reference_kernels))

                    before, after = of(model), of(rewritten)
                    # Some kernels leave parts of an output as the memory was.
                    if before != after and any(of(model) != before or of(rewritten) != after for _ in range(4)):
                        unstable += 1
                        print(f"not compared {name}: {runtime}, seed {seed}: differs from run to run")
                        continue
                    if before != after:
                        failed += 1
                        print(f"FAILED {name}: {runtime}, seed {seed}: "
                              f"{before if isinstance(before, str) else 'runs'} before, "
                              f"{after if isinstance(after, str) else 'runs'} after")
                        continue
                    passed += 1
                    if isinstance(before, str):
                        refused += 1
                        print(f"both refused {name}: {runtime}, seed {seed}: {before}")
    print(f"{passed} passed ({refused} of them refused both times), {unstable} not compared, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
