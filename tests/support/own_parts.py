"""Parts of one's own, defined as a user would: with public names only."""

import numpy as np

import tinyae as tae
from tinyae.primitives import steps


@tae.kernel
def softsign_forward(z, b):
    for k in range(z.size):
        t = z[k] + b[k]
        z[k] = t / (1 + abs(t))


@tae.kernel
def softsign_backward(a, d):
    for k in range(d.size):
        d[k] *= (1 - abs(a[k])) ** 2


def softsign(z):
    return z / (1 + np.abs(z))


SOFTSIGN = tae.ActivationFunction(
    "softsign", softsign_forward, softsign_backward, "dy (1 − |y|)²", softsign
)


@tae.kernel
def scale(op, w, x, y, scratch, step, first):
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            y[i, j] = w[j] * x[i, j]


@tae.kernel
def scale_back(op, w, x, y, dy, dw, dx, scratch, step, first):
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            if dw.size:
                dw[j] += x[i, j] * dy[i, j]
            if dx.size:
                dx[i, j] = w[j] * dy[i, j]


class OwnScale(tae.Layer):
    """y = s · x, feature by feature."""

    kernels = tae.Kernels(scale, scale_back)

    def build(self, input_shape):
        self.add_weight("scale", input_shape, lambda shape, rng: rng.uniform(0.5, 2, shape))
        return input_shape

    def formula(self):
        return tae.Formula("y = s x", "ds = Σ x dy; dx = s dy")

    def steps(self):
        return [steps.Scale("scale")]

    def get_config(self):
        return {}


@tae.kernel
def cauchy_kernel(y, x, settings, scale, dy, sums):
    width = settings[0]
    for i in range(y.shape[0]):
        total = 0.0
        for j in range(y.shape[1]):
            d = (y[i, j] - x[i, j]) / width
            total += np.log(1 + d * d)
            dy[i, j] = scale * 2 * d / (1 + d * d) / width
        sums[i] = total


def cauchy(y, x, width):
    return np.log(1 + ((y - x) / width) ** 2)


class Cauchy(tae.Loss):
    """log(1 + (d/c)²) of d = y − x."""

    kernel = cauchy_kernel
    numpy = cauchy
    formula = tae.Formula(
        "mean of log(1 + (d/c)²), d = y − t, t the target", "dy = 2 d / (c² + d²) / size"
    )

    def __init__(self, width=1.0):
        self.width = float(width)

    def settings(self):
        return np.array([self.width])

    def get_config(self):
        return {"width": self.width}


CUSTOM = {"softsign": SOFTSIGN, "OwnScale": OwnScale, "Cauchy": Cauchy}


class EagerMSE:
    """Makes a model train layer by layer."""

    value_and_gradient = tae.MSE().value_and_gradient
