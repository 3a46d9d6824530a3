"""A table of layers and their settings, with what tests of each of them need."""

import copy
import pickle
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest

import tinyae as tae
from tinyae.layers.layer import Layer
from tinyae.maths.activations import KNOWN


class Case(NamedTuple):
    name: str
    make: Callable[[], Layer]
    input_shape: tuple[int, ...]


PENALTY = tae.L1L2(0.03, 0.05)


def tied(source, *settings, **more):
    """A layer and one that is tied to it, with another between them."""
    penalised = {"activity_regularizer": PENALTY, **more}
    layers = [source, tae.Activation("tanh"), tae.Tied(source, *settings, **penalised)]
    return tae.Sequential(layers)


# One line for each layer or setting; all tests that take a `case` run over it.
LAYER_CASES = [
    *[Case(f"dense-{name}", lambda name=name: tae.Dense(4, name), (5,)) for name in KNOWN],
    Case("dense-no-bias", lambda: tae.Dense(3, "tanh", use_bias=False), (4,)),
    Case("dense-one", lambda: tae.Dense(1), (1,)),
    Case("dense-he", lambda: tae.Dense(20, "elu", kernel_initializer="he_normal"), (17,)),
    Case("dense-bias", lambda: tae.Dense(3, bias_initializer=tae.RandomNormal(1.0)), (4,)),
    Case("dense-penalty", lambda: tae.Dense(3, "tanh", activity_regularizer=PENALTY), (4,)),
    *[Case(f"activation-{name}", lambda name=name: tae.Activation(name), (2, 3)) for name in KNOWN],
    Case("activation-pen", lambda: tae.Activation("elu", activity_regularizer=PENALTY), (2, 2, 3)),
    Case("flatten", tae.Flatten, (2, 3, 2)),
    Case("flatten-flat", tae.Flatten, (4,)),
    Case("flatten-penalty", lambda: tae.Flatten(activity_regularizer=PENALTY), (2, 3)),
    Case("reshape-image", lambda: tae.Reshape((2, 3, 2)), (12,)),
    Case("reshape-rest", lambda: tae.Reshape((2, -1, 1)), (3, 4)),
    Case("reshape-penalty", lambda: tae.Reshape((3, 2), activity_regularizer=PENALTY), (6,)),
    Case(
        "sequential",
        lambda: tae.Sequential(
            [
                tae.Dense(6, "tanh"),
                tae.Sequential([tae.Reshape((3, 2)), tae.Activation("elu")]),
                tae.Flatten(),
                tae.Dense(3, "sigmoid", activity_regularizer=PENALTY),
            ]
        ),
        (4,),
    ),
    Case("conv", lambda: tae.Conv2D(3, 3, activation="tanh"), (5, 6, 2)),
    Case("conv-strided", lambda: tae.Conv2D(2, (2, 3), 2, "same", "elu"), (5, 6, 3)),
    Case("conv-scatter", lambda: tae.Conv2D(1, 3, padding="same"), (4, 4, 3)),
    Case("conv-even", lambda: tae.Conv2D(1, (4, 2), padding="same"), (4, 5, 3)),
    Case("conv-no-bias", lambda: tae.Conv2D(4, 1, use_bias=False), (3, 3, 2)),
    Case("conv-penalty", lambda: tae.Conv2D(2, 2, activity_regularizer=PENALTY), (3, 3, 2)),
    Case("conv-wide", lambda: tae.Conv2D(2, 5, padding="same"), (2, 3, 1)),
    Case("transpose", lambda: tae.Conv2DTranspose(2, 3, 2, "same", "sigmoid"), (3, 2, 3)),
    Case("transpose-gaps", lambda: tae.Conv2DTranspose(3, 2, 3), (2, 3, 2)),
    Case("transpose-gather", lambda: tae.Conv2DTranspose(3, 3), (3, 4, 1)),
    Case("transpose-even", lambda: tae.Conv2DTranspose(2, (4, 2), padding="same"), (4, 3, 1)),
    Case("transpose-padded", lambda: tae.Conv2DTranspose(2, 3, 2, output_padding=1), (3, 2, 2)),
    Case(
        "transpose-padded-same",
        lambda: tae.Conv2DTranspose(2, (5, 4), 3, "same", "tanh", output_padding=(2, 1)),
        (3, 2, 2),
    ),
    Case("max", lambda: tae.MaxPooling2D(2), (5, 4, 2)),
    Case("max-same", lambda: tae.MaxPooling2D(3, 2, "same"), (5, 4, 2)),
    Case("average", lambda: tae.AveragePooling2D((2, 3), padding="same"), (5, 4, 2)),
    Case("upsampling", lambda: tae.UpSampling2D((2, 3)), (2, 3, 2)),
    Case("zero-padding", lambda: tae.ZeroPadding2D(((0, 2), (1, 0))), (2, 3, 2)),
    Case("cropping", lambda: tae.Cropping2D(((0, 2), (1, 0))), (4, 3, 2)),
    Case("conv1d", lambda: tae.Conv1D(3, 3, activation="tanh"), (6, 2)),
    Case("conv1d-strided", lambda: tae.Conv1D(2, 4, 2, "same", "elu"), (7, 3)),
    Case("conv1d-penalty", lambda: tae.Conv1D(1, 2, activity_regularizer=PENALTY), (4, 3)),
    Case("conv1d-no-bias", lambda: tae.Conv1D(3, 1, use_bias=False), (3, 2)),
    Case("transpose1d", lambda: tae.Conv1DTranspose(2, 3, 2, "same", "softmax"), (4, 3)),
    Case("transpose1d-padded", lambda: tae.Conv1DTranspose(2, 2, 3, output_padding=2), (3, 1)),
    Case("max1d", lambda: tae.MaxPooling1D(3, 2, "same"), (6, 2)),
    Case("average1d", lambda: tae.AveragePooling1D(2), (5, 2)),
    Case("upsampling1d", lambda: tae.UpSampling1D(3), (3, 2)),
    Case("dropout", lambda: tae.Dropout(0.4), (6,)),
    Case("rescaling", lambda: tae.Rescaling(0.5, -1.0), (2, 3)),
    Case("noise", lambda: tae.GaussianNoise(0.4), (2, 3)),
    Case("noise-clip", lambda: tae.GaussianNoise(0.4, clip=(-0.5, 0.75)), (2, 3)),
    Case("salt", lambda: tae.SaltAndPepper(0.4, -0.5, 2.0), (2, 3)),
    Case("variational", lambda: tae.Variational(0.7, free_bits=0.1), (6,)),
    Case("variational-image", lambda: tae.Variational(activity_regularizer=PENALTY), (2, 1, 4)),
    Case("tied", lambda: tied(tae.Dense(3, "tanh"), "elu"), (5,)),
    Case("tied-no-bias", lambda: tied(tae.Dense(2), use_bias=False), (5,)),
    Case("tied-conv", lambda: tied(tae.Conv2D(3, 3, 2, "same", "tanh"), "sigmoid"), (5, 4, 2)),
    Case("tied-wide", lambda: tied(tae.Conv2D(1, (2, 3), activation="tanh")), (4, 4, 3)),
    Case("top-k", lambda: tae.TopK(2, activity_regularizer=PENALTY), (5,)),
    Case("top-k-image", lambda: tae.TopK(2), (2, 2, 3)),
    Case("contractive", lambda: tae.Contractive(0.3, activity_regularizer=PENALTY), (5,)),
    Case("contractive-image", lambda: tae.Contractive(0.2), (2, 1, 3)),
    Case("masking", lambda: tae.Masking(0.4), (6,)),
]
each_case = pytest.mark.parametrize("case", LAYER_CASES, ids=lambda case: case.name)


def chain_of(case, dtype="float64"):
    """The case's layer, built alone, with no weight left at zero."""
    chain = tae.Sequential([case.make()])
    chain.build(case.input_shape, dtype, seed=1)
    chain.parameters[...] += np.random.default_rng(2).normal(0, 0.2, chain.parameters.size)
    return chain


def samples(case, n=5, dtype="float64"):
    return np.random.default_rng(3).normal(size=(n, *case.input_shape)).astype(dtype)


def is_whole(part):
    """Whether all weights are views of the vector."""
    return all(
        np.shares_memory(weight, part.parameters)
        for layer in part.layers
        for weight in layer.weights.values()
    )


COPIES = {
    "pickle": lambda part: pickle.loads(pickle.dumps(part)),
    "deepcopy": copy.deepcopy,
    "copy": lambda part: part.copy(),
}
