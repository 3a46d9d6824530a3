"""Plots of one axes, each with what it needs, for tests that go over all of them."""

import functools

import numpy as np

import tinyae as tae
from tinyae import plot
from tinyae.linear.pca import PCA

X = np.random.default_rng(0).random((60, 16))
LABELS = np.resize(["a class", "one with a rather long name"], 60)


@functools.cache
def pca():
    return PCA(2).fit(X)


def small():
    return tae.Autoencoder([tae.Dense(2, "tanh")], [tae.Dense(4)], input_shape=(4,), seed=1)


@functools.cache
def traces():
    """Of a deep model, whose gradients vanish."""
    layers = [tae.Dense(6, "sigmoid") for _ in range(6)]
    ae = tae.Autoencoder([*layers, tae.Dense(2)], [tae.Dense(4)], seed=1)
    return [tae.trace(ae, X[:9, :4])] * 3


DRAWINGS = {
    "compare_reconstructions": lambda **how: plot.compare_reconstructions(
        {"PCA": pca(), "autoencoder": pca()}, X, **how
    ),
    "spectrum": lambda **how: plot.spectrum(pca(), {2: 0.1, 5: 0.01}, **how),
    "explained_variance": lambda **how: plot.explained_variance(pca(), **how),
    "scores": lambda **how: plot.scores(X[:, 0], LABELS, threshold=0.5, **how),
    "gradient_norms": lambda **how: plot.gradient_norms(traces(), **how),
    "backprop": lambda **how: plot.backprop(small(), X[0, :4], **how),
}
