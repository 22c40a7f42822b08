"""Trains what `cargo run --release --example recipe` trains, with Keras on TensorFlow for CPU: accuracy and samples a second.

    python speed.py FOLDER [mlp] [cnn] [--epochs N]

FOLDER holds the four files of MNIST. The first epoch, in which Keras builds its graph, does not count.
"""

import argparse
import gzip
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from keras import layers


def load(folder, part):
    with gzip.open(os.path.join(folder, f"{part}-images-idx3-ubyte.gz")) as file:
        pictures = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 28, 28, 1)
    with gzip.open(os.path.join(folder, f"{part}-labels-idx1-ubyte.gz")) as file:
        labels = np.frombuffer(file.read(), np.uint8, offset=8).astype(np.int32)
    return pictures.astype(np.float32) / 255, labels


def mlp():
    dense = [layers.Dense(64, "relu"), layers.Dense(64, "relu"), layers.Dense(10, "softmax")]
    return keras.Sequential([keras.Input((28, 28, 1)), layers.Flatten(), *dense]), "rmsprop"


def cnn():
    body = [
        layers.Conv2D(16, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.DepthwiseConv2D(3, padding="same", activation="relu"),
        layers.Conv2D(32, 1, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(10, "softmax"),
    ]
    return keras.Sequential([keras.Input((28, 28, 1)), *body]), "adam"


class Clock(keras.callbacks.Callback):
    """Seconds of the training steps of every epoch, without validation."""

    def __init__(self):
        super().__init__()
        self.seconds = []

    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.perf_counter()

    def on_test_begin(self, logs=None):
        self.end = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds.append(self.end - self.start)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--epochs", type=int, default=10)
    arguments = parser.parse_args()
    train, test = load(arguments.folder, "train"), load(arguments.folder, "t10k")
    print("| Keras", keras.__version__, "| parameters | test accuracy | seconds an epoch | samples/s |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, make in {"mlp": mlp, "cnn": cnn}.items():
        if arguments.names and name not in arguments.names:
            continue
        keras.utils.set_random_seed(1)
        model, optimizer = make()
        model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
        clock = Clock()
        model.fit(*train, batch_size=64, epochs=arguments.epochs, validation_split=0.2, verbose=0, callbacks=[clock])
        _, accuracy = model.evaluate(*test, verbose=0)
        best = min(clock.seconds[1:] or clock.seconds)
        samples = int(len(train[1]) * 0.8)
        print(f"| {name} | {model.count_params()} | {100 * accuracy:.2f} % | {best:.2f} | {samples / best:.0f} |")


main()
