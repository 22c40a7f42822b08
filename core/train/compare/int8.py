"""Quantizes with TensorFlow what `recipe SETS NAME --quantize FOLDER` wrote: same weights, same calibration samples.

    python int8.py FOLDER/RUN [FOLDER/RUN ...]

Rebuilds each network in Keras, sets its weights, and lets TensorFlow's converter make full-integer models with int8 inputs and
outputs, per channel and per tensor. Prints one line for each: accuracy on the test samples (for values the share of their
variance that is explained) in float32, of TensorFlow's model and of ours, both run by LiteRT's reference kernels on the same
quantized samples; agreement with float32; bytes of the files.
"""

import argparse
import json
import os
import pathlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import numpy as np
import tensorflow as tf


def arrays_of(layer, weights):
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


def keras_model(folder):
    scope = {}
    exec(compile((folder / "model.py").read_text(), "model.py", "exec"), scope)
    model = scope["model"]
    weights = json.loads((folder / "weights.json").read_text())
    weights = {name.replace("/", "_"): arrays for name, arrays in weights.items()}
    for layer in model.layers:
        if layer.name in weights:
            layer.set_weights(arrays_of(layer, weights[layer.name]))
    return model


def converted(model, samples):
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([sample[None]] for sample in samples)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    return converter.convert()


def outputs(content, samples):
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        model_content=content, num_threads=2, experimental_op_resolver_type=OpResolverType.BUILTIN_REF
    )
    interpreter.allocate_tensors()
    enters, leaves = interpreter.get_input_details()[0], interpreter.get_output_details()[0]

    def quantized(values):
        scale, zero_point = enters["quantization"]
        if enters["dtype"] == np.float32:
            return values
        limits = np.iinfo(enters["dtype"])
        steps = np.trunc(values / np.float32(scale) + np.copysign(0.5, values))
        return np.clip(steps + zero_point, limits.min, limits.max).astype(enters["dtype"])

    found = []
    for sample in samples:
        interpreter.reset_all_variables()
        interpreter.set_tensor(enters["index"], quantized(sample).reshape(enters["shape"]))
        interpreter.invoke()
        values = interpreter.get_tensor(leaves["index"]).astype(np.float64)
        scale, zero_point = leaves["quantization"]
        found.append(((values - zero_point) * scale if scale else values).ravel())
    return np.array(found)


def figure(found, targets):
    if targets.ndim == 1:
        return float((found.argmax(1) == targets).mean())
    targets = targets.reshape(len(targets), -1)
    return float(1 - ((found - targets) ** 2).mean() / targets.var())


def agreement(found, expected, targets):
    if targets.ndim == 1:
        return float((found.argmax(1) == expected.argmax(1)).mean())
    return float(1 - ((found - expected) ** 2).mean() / expected.var())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    parser.add_argument("--limit", type=int, default=0, help="only so many test samples, evenly chosen")
    options = parser.parse_args()
    print("| run | float32 | TF int8 | our int8 | TF agreement | our agreement | TF bytes | our bytes | our others |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |")
    for folder in options.folders:
        load = lambda name: np.load(folder / f"{name}.npy")
        calibration, samples, targets = load("x_calibration"), load("x_test"), load("y_test")
        if options.limit and len(samples) > options.limit:
            chosen = np.linspace(0, len(samples) - 1, options.limit).astype(int)
            samples, targets = samples[chosen], targets[chosen]
        theirs = converted(keras_model(folder), calibration)
        (folder / "tensorflow_int8.tflite").write_bytes(theirs)
        ours = (folder / "int8.tflite").read_bytes()
        float32 = outputs((folder / "float32.tflite").read_bytes(), samples)
        their_outputs, our_outputs = outputs(theirs, samples), outputs(ours, samples)
        others = json.loads((folder / "ours.json").read_text())
        text = ", ".join(f"{name} {100 * value:.2f}" for name, value in others.items())
        percent = lambda value: f"{100 * value:.2f} %"
        print(
            f"| {folder.name} | {percent(figure(float32, targets))} | {percent(figure(their_outputs, targets))} "
            f"| {percent(figure(our_outputs, targets))} | {percent(agreement(their_outputs, float32, targets))} "
            f"| {percent(agreement(our_outputs, float32, targets))} | {len(theirs)} | {len(ours)} | {text} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
