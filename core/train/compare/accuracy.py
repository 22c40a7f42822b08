"""Trains with Keras what `recipe SETS NAME --export FOLDER` wrote: same samples, network and settings.

    python accuracy.py FOLDER/RUN [FOLDER/RUN ...] [--epochs N] [--seed S]

Prints the accuracy on the test samples; for values to reproduce, the share of their variance that is explained.
"""

import argparse
import importlib.util
import json
import math
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np


def optimizer_of(config, schedule):
    kind = config["optimizer"]
    name, options = (kind, {}) if isinstance(kind, str) else next(iter(kind.items()))
    makers = {
        "sgd": keras.optimizers.SGD,
        "adam": keras.optimizers.Adam,
        "adam_w": keras.optimizers.AdamW,
        "rms_prop": keras.optimizers.RMSprop,
    }
    if config.get("clip_norm"):
        options = {**options, "global_clipnorm": config["clip_norm"]}
    if config.get("clip_value"):
        options = {**options, "clipvalue": config["clip_value"]}
    return makers[name](schedule, weight_decay=config["weight_decay"] or None, **options)


def schedule_of(config, steps):
    kind, rate, epochs = config["schedule"], config["learning_rate"], config["epochs"]
    if kind == "constant":
        return rate
    name, options = next(iter(kind.items()))
    if name == "step":
        borders = [epoch * steps for epoch in range(options["epochs"], epochs, options["epochs"])]
        values = [rate * options["factor"] ** place for place in range(len(borders) + 1)]
        return keras.optimizers.schedules.PiecewiseConstantDecay(borders, values)
    if name == "cosine":
        warm_up = options["warm_up"] * steps
        start = {"initial_learning_rate": rate, "decay_steps": epochs * steps - warm_up, "alpha": options["final_share"]}
        if warm_up:
            start.update(initial_learning_rate=0.0, warmup_target=rate, warmup_steps=warm_up)
        return keras.optimizers.schedules.CosineDecay(**start)
    raise SystemExit(f"unknown schedule {name}")


class Changed(keras.utils.PyDataset):
    """Batches in another order in every epoch, with the changes that the settings ask for."""

    def __init__(self, inputs, targets, config, rng):
        super().__init__()
        self.inputs, self.targets, self.config, self.rng = inputs, targets, config, rng
        self.order = np.arange(len(inputs))
        self.repeats_inputs = targets is inputs
        self.on_epoch_end()

    def __len__(self):
        return math.ceil(len(self.order) / self.config["batch_size"])

    def on_epoch_end(self):
        self.rng.shuffle(self.order)

    def __getitem__(self, batch):
        size = self.config["batch_size"]
        places = self.order[batch * size : (batch + 1) * size]
        inputs = np.stack([self.change(sample) for sample in self.inputs[places]])
        targets = inputs.copy() if self.repeats_inputs else self.targets[places]
        noise = self.config["augmentation"]["noise"]
        if noise:
            inputs = inputs + noise * self.rng.standard_normal(inputs.shape, np.float32)
        return inputs, targets

    def change(self, sample):
        options = self.config["augmentation"]
        if options["shift"] and sample.ndim > 1:
            for axis in range(sample.ndim - 1):
                by = round(self.rng.uniform(-1, 1) * options["shift"] * sample.shape[axis])
                places = np.clip(np.arange(sample.shape[axis]) - by, 0, sample.shape[axis] - 1)
                sample = sample.take(places, axis)
        if options["mirror"] and sample.ndim == 3 and self.rng.random() < 0.5:
            sample = sample[:, ::-1]
        if options["scale"]:
            sample = sample * np.float32(1 + options["scale"] * self.rng.uniform(-1, 1))
        return sample


def loss_of(config, classes):
    name = config["loss"] if isinstance(config["loss"], str) else next(iter(config["loss"]))
    if name in ("sparse_categorical_crossentropy", "categorical_crossentropy"):
        return keras.losses.CategoricalCrossentropy(label_smoothing=config["label_smoothing"])
    return name


def run(folder, epochs, seed):
    spec = importlib.util.spec_from_file_location("model", os.path.join(folder, "model.py"))
    module = importlib.util.module_from_spec(spec)
    keras.utils.set_random_seed(seed)
    spec.loader.exec_module(module)
    model = module.model
    with open(os.path.join(folder, "config.json")) as file:
        config = json.load(file)
    config["epochs"] = epochs or config["epochs"]
    arrays = {name: np.load(os.path.join(folder, f"{name}.npy")) for name in ("x_train", "y_train", "x_test", "y_test")}
    are_classes = arrays["y_train"].ndim == 1
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(arrays["x_train"]))
    kept = int(round(config["validation_share"] * len(order)))
    inputs, targets = arrays["x_train"], arrays["y_train"]
    classes = model.output_shape[-1]
    if are_classes:
        one_hot = np.eye(classes, dtype=np.float32)
        targets, test = one_hot[targets.astype(int)], one_hot[arrays["y_test"].astype(int)]
    else:
        test = arrays["y_test"]
    rest = order[kept:]
    training = inputs[rest]
    data = Changed(training, targets[rest] if are_classes else training, config, rng)
    optimizer = optimizer_of(config, schedule_of(config, len(data)))
    model.compile(optimizer, loss_of(config, classes), metrics=["accuracy"] if are_classes else ["mse"])
    callbacks = []
    if config.get("early_stopping") and kept:
        callbacks.append(
            keras.callbacks.EarlyStopping(
                patience=config["early_stopping"]["patience"], restore_best_weights=config["keep_best"]
            )
        )
    best = os.path.join(folder, "best.weights.h5")
    if config["keep_best"] and kept:
        callbacks.append(keras.callbacks.ModelCheckpoint(best, save_weights_only=True, save_best_only=True))
    start = time.perf_counter()
    validation = (inputs[order[:kept]], targets[order[:kept]]) if kept else None
    model.fit(data, epochs=config["epochs"], validation_data=validation, callbacks=callbacks, verbose=0)
    seconds = time.perf_counter() - start
    if config["keep_best"] and kept:
        model.load_weights(best)
    if are_classes:
        figure = model.evaluate(arrays["x_test"], test, verbose=0)[1]
    else:
        errors = model.predict(arrays["x_test"], verbose=0) - test
        figure = 1 - (errors**2).mean() / test.var()
    print(f"| {os.path.basename(folder.rstrip('/'))} | {model.count_params()} | {100 * figure:.2f} % | {seconds:.0f} |")
    return figure


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    print("| Keras", keras.__version__, "| parameters | test | seconds |")
    print("| --- | ---: | ---: | ---: |")
    figures = [run(folder, arguments.epochs, arguments.seed) for folder in arguments.folders]
    if len(figures) > 1:
        print(f"| mean | | {100 * sum(figures) / len(figures):.2f} % | |")


main()
