"""The data and initial weights of a workload: made once, and the same for every contender."""

import os
from collections.abc import Sequence

import numpy as np

import tinyae as tae
from benchmarks.workloads.catalogue import Components, Encoding, Spec, Training, Workload

# For each layer its kernel and bias in tinyae's layout, or None.
Weights = list[tuple[np.ndarray, np.ndarray] | None]


def data(workload: Workload) -> np.ndarray:
    """What the contenders are given, float32.

    To train, whole mini-batches of shape (count, batch, ...) that all go through in turn; else
    samples of shape (n, 784).
    """
    if not isinstance(workload, Training):
        return digits(workload.samples, test=isinstance(workload, Encoding))
    wanted = workload.count * workload.batch
    if workload.data == "gaussians":
        x = tae.datasets.two_gaussians(-(-wanted // 2))[0][:wanted]
    elif workload.data == "sine":
        x = tae.datasets.sine_curve(wanted)
    elif workload.data == "noise":
        x = np.random.default_rng(0).random((wanted, *workload.shape), np.float32)
    else:
        x = digits(wanted)
    x = x[np.random.default_rng(0).permutation(wanted)]
    return x.reshape(workload.count, workload.batch, *workload.shape)


def digits(samples: int, test: bool = False) -> np.ndarray:
    """So many digits of MNIST; the bundled ones, again and again, where there are not enough."""
    bundled = tae.datasets.mnist_mini()[test][0]
    if samples > len(bundled) and has_mnist():
        return tae.datasets.mnist()[test][0][:samples]
    return np.resize(bundled, (samples, bundled.shape[1]))


def has_mnist() -> bool:
    """Whether all of MNIST is here; nothing is downloaded for a benchmark."""
    return "TINYAE_DATA" in os.environ


def weights(workload: Workload) -> Weights:
    """tinyae's initial weights; to encode with, biases that show when they are left out."""
    if isinstance(workload, Components):
        return []
    if isinstance(workload, Training):
        return _copies(model(workload, seed=1).layers)
    chain = encoder(workload)
    rng = np.random.default_rng(2)
    for layer in chain.layers:
        layer.weights["bias"][...] = rng.normal(0, 0.1, layer.weights["bias"].shape)
    return _copies(chain.layers)


def _copies(layers: Sequence[tae.Layer]) -> Weights:
    return [
        (layer.weights["kernel"].copy(), layer.weights["bias"].copy()) if layer.weights else None
        for layer in layers
    ]


def model(workload: Training, **options) -> tae.Autoencoder:
    """The model in tinyae."""
    layers = [
        _layer(spec, workload.l1 if i == workload.code else 0)
        for i, spec in enumerate(workload.layers)
    ]
    split = workload.code + 1
    options = {"input_shape": workload.shape, "loss": workload.loss, **options}
    return tae.Autoencoder(layers[:split], layers[split:], **options)


def encoder(workload: Encoding) -> tae.Sequential:
    """The encoder in tinyae."""
    chain = tae.Sequential([_layer(spec) for spec in workload.layers])
    chain.build((784,), seed=1)
    return chain


def _layer(spec: Spec, l1: float = 0.0) -> tae.Layer:
    kind, *arguments = spec
    if kind == "dense":
        return tae.Dense(*arguments, activity_regularizer=tae.L1(l1) if l1 else None)
    if kind in ("conv", "conv_transpose"):
        filters, window, stride, activation = arguments
        make = tae.Conv2D if kind == "conv" else tae.Conv2DTranspose
        return make(filters, window, strides=stride, padding="same", activation=activation)
    simple = {"pool": tae.MaxPooling2D, "up": tae.UpSampling2D, "flatten": tae.Flatten}
    return simple[kind]() if kind in simple else tae.Reshape(*arguments)
