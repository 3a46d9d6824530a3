"""Models, right and wrong, for the tests of the gradient check."""

import numpy as np

import tinyae as tae
from tinyae.training.compiled import CompiledTrainer


class Affine(tae.Layer):
    """y = s tanh(x) + b as a user would write it, with one factor wrong on request."""

    def __init__(self, dx=1.0, s=1.0, b=1.0):
        super().__init__()
        self.factors = {"dx": dx, "s": s, "b": b}

    def build(self, input_shape):
        self.add_weight("s", input_shape, lambda shape, rng: rng.normal(size=shape))
        self.add_weight("b", input_shape, "zeros")
        return input_shape

    def forward(self, x, training=False, step=0, first=0):
        t = np.tanh(x)
        return self.weights["s"] * t + self.weights["b"], t

    def backward(self, dy, cache):
        self.gradients["s"] += self.factors["s"] * (dy * cache).sum(axis=0)
        self.gradients["b"] += self.factors["b"] * dy.sum(axis=0)
        return self.factors["dx"] * dy * self.weights["s"] * (1 - cache**2)


class Pointwise(tae.Layer):
    """A layer without weights from a function and its derivative."""

    def __init__(self, function, derivative):
        super().__init__()
        self.function, self.derivative = function, derivative

    def forward(self, x, training=False, step=0, first=0):
        return self.function(x), x

    def backward(self, dy, cache):
        return dy * self.derivative(cache)


def samples(n=6, features=5, seed=0):
    return np.random.default_rng(seed).random((n, features))


def small(activation="tanh", last=None, **settings):
    """5-4-2-4-5, with biases that are not zero: off the kinks."""
    rest = {"bias_initializer": tae.RandomNormal(0.3)}
    return tae.Autoencoder(
        [tae.Dense(4, activation, **rest), tae.Dense(2, **rest)],
        [tae.Dense(4, activation, **rest), tae.Dense(5, last, **rest)],
        **settings,
    )


def big(**settings):
    return tae.Autoencoder(
        [tae.Dense(64, "relu"), tae.Dense(2)],
        [tae.Dense(64, "relu"), tae.Dense(784, "sigmoid")],
        **settings,
    )


def named(report, verdict):
    return [row.name for row in report.rows if row.verdict == verdict]


def spoil(monkeypatch, where, factor):
    """Make the compiled backward pass wrong: its gradient is off by a factor, there."""
    run = CompiledTrainer.run

    def wrong_run(trainer, stretch, optimizer):
        losses = run(trainer, stretch, optimizer)
        trainer.gradients[0, where] *= factor
        return losses

    monkeypatch.setattr(CompiledTrainer, "run", wrong_run)
