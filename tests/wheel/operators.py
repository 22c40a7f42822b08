#!/usr/bin/env python3
"""Run the cases of `operator_cases` in the reference runtimes and compare the outputs.

    cargo build -p emberlab-core --example operator_cases
    operator_cases --seed 1 --count 3000 FOLDER
    python operators.py FOLDER [--runtime tflm litert] [--only TEXT] [--verbose]

Integers have to be equal bit for bit (cases with `last_bit` may differ in a few elements by 16 of 65,536 steps: the reference
computes some factors of int16 scales in float64, the firmware's TFLM in float32, and LiteRT's table of exp for SOFTMAX in int16
has entries that differ by 1, which a convolution behind it makes more; how many did is printed), floats within the bound of the case times the largest magnitude of the output. A model that the reference refuses has to be
refused by us, and the other way round unless the case says that we refuse on purpose; LiteRT may refuse more, because TFLM's
custom operators are none of its own. The reference runs in child processes: when it crashes, the case counts as refused and
the rest goes on. Prints every mismatch and `N passed, M failed`; exit status 1 on any failure.
"""
import argparse
import json
import os
import sys
from collections import Counter
from pathlib import Path

import numpy as np

BATCH = 200
LAST_BIT = "a last bit of int16 differs"
KINDS = {"f": "float", "i": "integer", "u": "integer", "b": "integer"}


def array(data, detail):
    values = np.frombuffer(bytes.fromhex(data), dtype=detail["dtype"])
    return values.reshape([int(size) for size in detail["shape"]])


def run_tflm(path, steps):
    from tflite_micro.python.tflite_micro import runtime

    interpreter = runtime.Interpreter.from_file(str(path), arena_size=1 << 20)
    results = []
    for inputs in steps:
        for index, data in enumerate(inputs):
            interpreter.set_input(array(data, interpreter.get_input_details(index)), index)
        interpreter.invoke()
        outputs = []
        while True:
            try:
                outputs.append(np.asarray(interpreter.get_output(len(outputs))))
            except IndexError:
                break
        results.append(outputs)
    return results


def run_litert(path, steps):
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    resolver = OpResolverType.BUILTIN_REF
    interpreter = Interpreter(model_path=str(path), num_threads=1, experimental_op_resolver_type=resolver)
    interpreter.allocate_tensors()
    results = []
    for inputs in steps:
        for detail, data in zip(interpreter.get_input_details(), inputs):
            interpreter.set_tensor(detail["index"], array(data, detail))
        interpreter.invoke()
        results.append([interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()])
    return results


def reference_of(runtime, folder, case):
    """The outputs of every step as [type, bytes], or the refusal."""
    run = {"tflm": run_tflm, "litert": run_litert}[runtime]
    try:
        results = run(folder / case["file"], case["steps"])
    except (RuntimeError, ValueError, TypeError, SystemError) as error:
        return {"refused": str(error).splitlines()[0] if str(error) else type(error).__name__}
    return [[[str(output.dtype), output.tobytes().hex()] for output in outputs] for outputs in results]


def in_children(runtime, folder, cases):
    """Yields (case, result of the reference) from child processes, which a crash ends."""
    start = 0
    while start < len(cases):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            silent = os.open(os.devnull, os.O_WRONLY)
            os.dup2(silent, 1)
            os.dup2(silent, 2)
            with os.fdopen(writing, "w") as pipe:
                for case in cases[start:start + BATCH]:
                    pipe.write(json.dumps(reference_of(runtime, folder, case)) + "\n")
                    pipe.flush()
            os._exit(0)
        os.close(writing)
        done = 0
        with os.fdopen(reading) as pipe:
            for line in pipe:
                yield cases[start + done], json.loads(line)
                done += 1
        _, status = os.waitpid(child, 0)
        if status != 0:
            yield cases[start + done], {"refused": f"the reference crashed with signal {status & 0x7F}"}
            done += 1
        start += done


def differences(ours, theirs, float_bound, last_bit, explained):
    """What differs between the outputs of one step; an empty list if nothing does."""
    if len(ours) != len(theirs):
        return [f"{len(ours)} outputs instead of {len(theirs)}"]
    found = []
    for number, (our, (dtype, their)) in enumerate(zip(ours, theirs)):
        if our == their:
            continue
        a, b = (np.frombuffer(bytes.fromhex(data), dtype=dtype) for data in (our, their))
        if len(a) != len(b):
            found.append(f"output {number}: {len(a)} elements instead of {len(b)}")
            continue
        if KINDS[np.dtype(dtype).kind] == "float":
            wide = b.astype(np.float64)
            finite = np.abs(wide[np.isfinite(wide)])
            bound = float_bound * finite.max(initial=0.0)
            same = (a == b) | (np.isnan(a) & np.isnan(b))
            with np.errstate(invalid="ignore"):
                same |= np.abs(a.astype(np.float64) - wide) <= bound
            wrong = np.flatnonzero(~same)
        else:
            wrong = np.flatnonzero(a != b)
            if last_bit and np.abs(a.astype(np.int64) - b.astype(np.int64)).max() <= 16 and len(wrong) <= 1 + len(a) // 25:
                explained.append(number)
                continue
        if len(wrong):
            at = wrong[0]
            found.append(f"output {number}: {len(wrong)} of {len(a)} {dtype} differ, first at {at}: "
                         f"{a[at]} instead of {b[at]}")
    return found


def verdict(case, ours, theirs, runtime):
    """(passed, what to print, is refused by both)"""
    our_refusal = ours["refused"] if isinstance(ours, dict) else None
    their_refusal = theirs["refused"] if isinstance(theirs, dict) else None
    if our_refusal is not None and their_refusal is not None:
        return True, f"both refuse: {our_refusal} | {their_refusal}", True
    if our_refusal is not None:
        return case["refused_by_us"], f"only we refuse: {our_refusal}", True
    if their_refusal is not None:
        return runtime == "litert", f"only the reference refuses: {their_refusal}", True
    if case["refused_by_us"]:
        return False, "we should have refused", False
    for step, (our, their) in enumerate(zip(ours, theirs)):
        if step < case["first_compared_step"]:
            continue
        explained = []
        found = differences(our, their, case["float_bound"], case.get("last_bit", False), explained)
        if found:
            return False, f"step {step}: " + "; ".join(found), False
        if explained:
            return True, LAST_BIT, False
    return True, "", False


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runtime", nargs="+", choices=["tflm", "litert"], default=["tflm"])
    parser.add_argument("--only", default="", help="only cases with this in their name")
    parser.add_argument("--verbose", action="store_true", help="print refusals and one line per kind of case")
    options = parser.parse_args()
    with open(options.folder / "cases.jsonl") as lines:
        every = [json.loads(line) for line in lines]
    failed_in_all = 0
    for runtime in options.runtime:
        cases = [case for case in every if options.only in case["file"] and runtime not in case["skip"]]
        passed, failed, refused, last_bits, kinds = 0, 0, 0, 0, Counter()
        for case, theirs in in_children(runtime, options.folder, cases):
            good, message, is_refused = verdict(case, case[runtime], theirs, runtime)
            name = case["file"].split("_", 1)[1].rsplit(".", 1)[0]
            kinds[name, "refused" if good and is_refused else "passed" if good else "FAILED"] += 1
            passed += good
            failed += not good
            refused += good and is_refused
            last_bits += message == LAST_BIT
            if not good:
                print(f"FAILED {case['file']} in {runtime}: {message}")
            elif options.verbose and message:
                print(f"{case['file']} in {runtime}: {message}")
        if options.verbose:
            for (name, result), count in sorted(kinds.items()):
                print(f"  {name}: {count} {result}")
        print(f"{runtime}: {passed} passed ({refused} of them refused, {last_bits} but for a last bit), {failed} failed")
        failed_in_all += failed + (not passed)
    return 1 if failed_in_all else 0


if __name__ == "__main__":
    sys.exit(main())
