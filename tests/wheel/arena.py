#!/usr/bin/env python3
"""Compare our arena on 64-bit hosts and our verdict with what the TFLM wheel really takes and does.

    arena.py FOLDER [MODELS]

FOLDER holds generated models and expected.json (`cargo run -p emberlab-core --example generate_models -- FOLDER`);
MODELS is the folder that was given to `generate_models --models`.
Needs the packages numpy and tflite-micro==0.dev20261023182759. Prints each mismatch and
`N passed, M failed`; exit status 1 if anything differs. A model that brings the wheel down counts as refused.
"""
import itertools
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

BATCH = 40
ARENA_BYTES = 1 << 26
FIGURES = ("total", "head", "tail")
# What TFLM says of data, not of the model: random weights and inputs of zeros bring these up.
DATA_TROUBLE = ("Division by 0", "only defined for positive values", "ValidateBoxes", "index out of bounds", "Node DIV ")


def measure(path):
    """TFLM's figures for one model, or {"refused": what it says}. Its messages come from C, past sys.stderr."""
    from tflite_micro.python.tflite_micro import runtime

    with tempfile.TemporaryFile() as log:
        saved = os.dup(1), os.dup(2)
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        try:
            interpreter = runtime.Interpreter.from_file(
                str(path), arena_size=ARENA_BYTES,
                intrepreter_config=runtime.InterpreterConfig.kAllocationRecording)
            interpreter.print_allocations()
            runs = can_invoke(interpreter)
            refused = False
        except Exception:
            refused = True
        finally:
            for target, copy in zip((1, 2), saved):
                os.dup2(copy, target)
                os.close(copy)
        log.seek(0)
        text = log.read().decode(errors="replace")
    if refused:
        return {"refused": text.strip()}
    figures = {name: int(number) for name, number in re.findall(r"Arena allocation (total|head|tail) (\d+) bytes", text)}
    if runs or not any(trouble in text for trouble in DATA_TROUBLE):
        figures["runs"] = runs
    return figures


def can_invoke(interpreter):
    """Whether the model runs, tried in a copy of this process because some kernels end it."""
    import numpy

    copy = os.fork()
    if copy == 0:
        try:
            for index in itertools.count():
                try:
                    details = interpreter.get_input_details(index)
                except IndexError:
                    break
                interpreter.set_input(numpy.zeros(details["shape"], details["dtype"]), index)
            interpreter.invoke()
            os._exit(0)
        except BaseException:
            os._exit(1)
    return os.waitpid(copy, 0)[1] == 0


def child(paths):
    """Runs in a process of its own: one line of JSON for each model, at once, so that a crash loses only one."""
    for path in paths:
        print(json.dumps(measure(path)), flush=True)


def measure_all(paths):
    results = []
    while len(results) < len(paths):
        batch = paths[len(results):len(results) + BATCH]
        done = subprocess.run([sys.executable, __file__, "--measure", *map(str, batch)], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True)
        lines = done.stdout.splitlines()
        results += [json.loads(line) for line in lines]
        if len(lines) < len(batch):
            results.append({"refused": f"the wheel stopped with status {done.returncode}"})
    return results


def difference(ours, wheel):
    if "refused" in ours or "refused" in wheel:
        if "refused" in ours and "refused" in wheel:
            return None
        return f"we say {ours}, the wheel says {wheel}"
    names = [name for name in (*FIGURES, "runs") if name in wheel and ours[name] is not None]
    wrong = [f"{name} {ours[name]} instead of {wheel[name]}" for name in names if ours[name] != wheel[name]]
    return ", ".join(wrong) or None


def main(arguments):
    if arguments[:1] == ["--measure"]:
        child(arguments[1:])
        return 0
    if len(arguments) not in (1, 2):
        print(__doc__, file=sys.stderr)
        return 2
    folder = pathlib.Path(arguments[0])
    expected = json.loads((folder / "expected.json").read_text())
    cases = [(folder / name, figures["host64"]) for name, figures in sorted(expected["generated"].items())]
    if len(arguments) == 2:
        models = pathlib.Path(arguments[1])
        cases += [(models / name, figures["host64"]) for name, figures in sorted(expected["models"].items())]
    failed = 0
    for (path, ours), wheel in zip(cases, measure_all([path for path, _ in cases])):
        wrong = difference(ours, wheel)
        if wrong:
            failed += 1
            print(f"{path.name}: {wrong}")
    print(f"{len(cases) - failed} passed, {failed} failed")
    return 1 if failed or not cases else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
