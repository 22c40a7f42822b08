"""Prints what Keras gives for the inputs of the unit tests of losses and optimizers: the numbers that the tests expect.

    python reference.py
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

RAW = np.array([[1.0, -2.0, 0.5], [0.1, 0.2, 3.0]], np.float32)
TARGETS = np.array([[1.0, 0.0, 0.0], [0.1, 0.2, 0.7]], np.float32)


def losses():
    soft = np.asarray(keras.ops.softmax(RAW))
    yes = np.asarray(keras.ops.sigmoid(RAW))
    print("softmax", soft.ravel())
    print("sigmoid", yes.ravel())
    options = {"reduction": "none"}
    for name, value in {
        "categorical, raw": keras.losses.CategoricalCrossentropy(from_logits=True, **options)(TARGETS, RAW),
        "categorical": keras.losses.CategoricalCrossentropy(**options)(TARGETS, soft),
        "categorical, twice": keras.losses.CategoricalCrossentropy(**options)(TARGETS, 2 * soft),
        "binary, raw": keras.losses.BinaryCrossentropy(from_logits=True, **options)(TARGETS, RAW),
        "binary": keras.losses.BinaryCrossentropy(**options)(TARGETS, yes),
        "squared": keras.losses.MeanSquaredError(**options)(TARGETS, RAW),
        "absolute": keras.losses.MeanAbsoluteError(**options)(TARGETS, RAW),
        "huber 0.5": keras.losses.Huber(delta=0.5, **options)(TARGETS, RAW),
        "categorical, places": keras.losses.CategoricalCrossentropy(from_logits=True, **options)(
            TARGETS[None], RAW[None]
        ),
    }.items():
        print(name, np.asarray(value).tolist())


def optimizers():
    gradients = [np.array([0.5, -2.0, 0.0, 1e-4], np.float32), np.array([-0.25, 1.0, 3.0, 1e-4], np.float32)]
    gradients.append(np.array([1.5, -0.5, 0.1, 0.0], np.float32))
    for name, optimizer in {
        "sgd": keras.optimizers.SGD(0.1),
        "sgd momentum": keras.optimizers.SGD(0.1, momentum=0.9),
        "sgd nesterov": keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True),
        "adam": keras.optimizers.Adam(0.1),
        "adamw": keras.optimizers.AdamW(0.1, weight_decay=0.1),
        "rmsprop": keras.optimizers.RMSprop(0.1),
        "rmsprop momentum": keras.optimizers.RMSprop(0.1, momentum=0.9),
        "sgd norm": keras.optimizers.SGD(0.1, global_clipnorm=1.0),
        "sgd value": keras.optimizers.SGD(0.1, clipvalue=0.4),
    }.items():
        weights = keras.Variable(np.array([1.0, -1.0, 0.5, 2.0], np.float32))
        optimizer.build([weights])
        for gradient in gradients:
            optimizer.apply([keras.ops.convert_to_tensor(gradient)])
        print(name, np.asarray(weights.value).tolist())


def schedules():
    cosine = keras.optimizers.schedules.CosineDecay(0.1, 4)
    print("cosine", [float(cosine(step)) for step in range(4)])


print("keras", keras.__version__)
losses()
optimizers()
schedules()
