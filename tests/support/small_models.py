"""Models that train in a moment, and data for them."""

import numpy as np
import pytest

import tinyae as tae


class PlainMSE:
    """A loss without kernels: the model that has it trains eagerly."""

    def value_and_gradient(self, output, target):
        with np.errstate(all="ignore"):
            difference = output - target
            return float(np.mean(difference**2)), 2 * difference / difference.size


# A loss for each way through training: the fixture of this name is in tests/conftest.py
LOSSES = pytest.mark.parametrize("loss", ["compiled", "units", "eager"], indirect=True)
STREAM = {"batch_size": 16, "verbose": 0}


def samples(n=48):
    return np.random.default_rng(0).random((n, 6)).astype(np.float32)


def small_model(loss="mse", optimizer=None, threads=None):
    """One layer that learns, and one that passes on what it gets."""
    ae = tae.Autoencoder(
        *([tae.Dense(6)], [tae.Dense(6)]),
        input_shape=(6,),
        loss=loss,
        optimizer=optimizer or tae.SGD(0.05),
        threads=threads,
    )
    ae.decoder.layers[0].weights["kernel"][...] = np.eye(6)
    ae.decoder.layers[0].trainable = False
    return ae


# Losses of many parts, some of which take logits that the model gives through a function
MIXED = {
    "most columns": [([5, 0, 3], "categorical_crossentropy"), (slice(1, 3), "bce"), (4, "mse")],
    "all columns": [(slice(0, 4), "bce"), (slice(4, 6), "categorical_crossentropy")],
}


def mixed_model(name, dtype, pixels=False):
    """A model of mixed columns, of which some are classes; or images with such channels."""
    end = [tae.Reshape((2, 1, 6)), tae.Conv2D(6, 1)] if pixels else [tae.Dense(6)]
    return tae.Autoencoder(
        encoder=[tae.Dense(3, "softmax")],
        decoder=[tae.Dense(12, "selu"), *end],
        input_shape=(6,),
        loss=tae.Columns(MIXED[name]),
        dtype=dtype,
    )


# Models whose training has all that a resumed one must take up again

IMAGES = np.random.default_rng(5).random((70, 6, 6, 1)).astype(np.float32)


def dense():
    """For `IMAGES`, with noise, dropout and a penalty."""
    return tae.Autoencoder(
        encoder=[
            *(tae.Flatten(), tae.GaussianNoise(0.1), tae.Dense(8, "relu"), tae.Dropout(0.3)),
            tae.Dense(2, activity_regularizer=tae.L1(0.01)),
        ],
        decoder=[tae.Dense(8, "relu"), tae.Dense(36, "sigmoid"), tae.Reshape((6, 6, 1))],
        loss="bce",
        seed=3,
        threads=1,
    )


def images():
    """For `IMAGES`, with a convolution, pooling and dropout."""
    return tae.Autoencoder(
        encoder=[
            tae.Conv2D(3, 3, padding="same", activation="relu"),
            *(tae.MaxPooling2D(), tae.Dropout(0.2)),
        ],
        decoder=[tae.Conv2DTranspose(1, 3, strides=2, padding="same")],
        optimizer=tae.SGD(0.1, momentum=0.9),
        threads=1,
    )
