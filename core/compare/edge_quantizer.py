"""Quantizes float32 models with ai-edge-quantizer and with ours, and compares both with float32 on the same inputs.

    cargo build --example quantize
    python edge_quantizer.py QUANTIZE MODEL.tflite [MODEL.tflite ...] [--samples N] [--data MODEL_STEM=X.npy ...]

QUANTIZE is the built example. Inputs are seeded smooth random fields, or the arrays given with --data; the first half
calibrates, the second half compares. All models run in LiteRT's reference kernels. Prints signal to quantization noise of all
outputs, the share of samples with the same largest output, and bytes.
"""

import argparse
import os
import pathlib
import subprocess
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType


def interpreter_of(content):
    interpreter = Interpreter(
        model_content=content, num_threads=2, experimental_op_resolver_type=OpResolverType.BUILTIN_REF
    )
    interpreter.allocate_tensors()
    return interpreter


def random_inputs(content, count, seed):
    """Noise that is smoothed along the inner dimensions, between -1 and 1."""
    rng = np.random.default_rng(seed)
    arrays = []
    for detail in interpreter_of(content).get_input_details():
        values = rng.normal(size=(count, *detail["shape"][1:]))
        for axis in range(1, values.ndim):
            if values.shape[axis] > 8:
                spectrum = np.fft.rfft(values, axis=axis)
                shape = [1] * values.ndim
                shape[axis] = -1
                spectrum *= (1 / (1 + np.arange(spectrum.shape[axis]))).reshape(shape)
                values = np.fft.irfft(spectrum, n=values.shape[axis], axis=axis)
        values /= np.abs(values).reshape(count, -1).max(1).reshape(-1, *[1] * (values.ndim - 1))
        arrays.append(values.astype(np.float32))
    return arrays


def quantized(values, detail):
    if detail["dtype"] == np.float32:
        return values
    scale, zero_point = detail["quantization"]
    limits = np.iinfo(detail["dtype"])
    steps = np.trunc(values / np.float32(scale) + np.copysign(0.5, values))
    return np.clip(steps + zero_point, limits.min, limits.max).astype(detail["dtype"])


def outputs(content, inputs):
    interpreter = interpreter_of(content)
    enters, leaves = interpreter.get_input_details(), interpreter.get_output_details()
    found = []
    for sample in range(len(inputs[0])):
        interpreter.reset_all_variables()
        for detail, values in zip(enters, inputs):
            interpreter.set_tensor(detail["index"], quantized(values[sample][None], detail).reshape(detail["shape"]))
        interpreter.invoke()
        row = []
        for detail in leaves:
            values = interpreter.get_tensor(detail["index"]).astype(np.float64)
            scale, zero_point = detail["quantization"]
            row.append(((values - zero_point) * scale if scale else values).ravel())
        found.append(np.concatenate(row))
    return np.array(found)


def theirs(path, inputs, folder):
    from ai_edge_quantizer import quantizer, recipe

    made = quantizer.Quantizer(str(path))
    made.load_quantization_recipe(recipe.static_wi8_ai8())
    names = [runner for runner in Interpreter(model_path=str(path)).get_signature_list()]
    if not names:
        raise ValueError("the model has no signature, which ai-edge-quantizer asks for")
    entry = Interpreter(model_path=str(path)).get_signature_list()[names[0]]["inputs"]
    data = {names[0]: [{name: values[sample][None] for name, values in zip(entry, inputs)} for sample in range(len(inputs[0]))]}
    result = made.quantize(made.calibrate(data))
    target = folder / "theirs.tflite"
    result.export_model(str(target), overwrite=True)
    return target.read_bytes()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("quantize", type=pathlib.Path)
    parser.add_argument("models", nargs="+", type=pathlib.Path)
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--calibration", default="min-max")
    parser.add_argument("--recipe", default="int8", help="ours, such as int8-per-channel-dense")
    parser.add_argument("--data", nargs="*", default=[])
    options = parser.parse_args()
    given = dict(pair.split("=", 1) for pair in options.data)
    print("| model | edge SQNR | our SQNR | edge agreement | our agreement | edge bytes | our bytes |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for path in options.models:
        # As our writer writes it: with float32 weights, and a signature, which ai-edge-quantizer asks for.
        with tempfile.TemporaryDirectory() as folder:
            target = pathlib.Path(folder) / path.name
            subprocess.run([options.quantize, path, "float32", target], check=True, capture_output=True)
            content = target.read_bytes()
        if path.stem in given:
            inputs = [np.load(given[path.stem])[: options.samples].astype(np.float32)]
        else:
            inputs = random_inputs(content, options.samples, 1)
        half = len(inputs[0]) // 2
        calibration, rest = [values[:half] for values in inputs], [values[half:] for values in inputs]
        expected = outputs(content, rest)
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            arrays = []
            float32 = folder / path.name
            float32.write_bytes(content)
            for number, values in enumerate(calibration):
                arrays.append(folder / f"{number}.npy")
                np.save(arrays[-1], values)
            command = [options.quantize, path, options.recipe, folder / "ours.tflite", "--calibration", options.calibration]
            subprocess.run([*command, *arrays], check=True, capture_output=True)
            ours = (folder / "ours.tflite").read_bytes()
            try:
                edge = theirs(float32, calibration, folder)
            except Exception as error:  # whatever the other tool says is its result
                edge, reason = None, str(error).splitlines()[0][:60]
        decibels = lambda found: 10 * np.log10((expected**2).sum() / ((found - expected) ** 2).sum())
        same = lambda found: (found.argmax(1) == expected.argmax(1)).mean()
        our_outputs = outputs(ours, rest)
        if edge is None:
            figures = (f"refused: {reason}", "", "")
        else:
            edge_outputs = outputs(edge, rest)
            figures = (f"{decibels(edge_outputs):.1f} dB", f"{100 * same(edge_outputs):.0f} %", str(len(edge)))
        print(
            f"| {path.stem} | {figures[0]} | {decibels(our_outputs):.1f} dB | {figures[1]} | {100 * same(our_outputs):.0f} % "
            f"| {figures[2]} | {len(ours)} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
