"""Parts of one's own, defined as a user would: with public names only."""

import numpy as np

import tinyae as tae
from tinyae.layers import steps
from tinyae.machine.elementary import expm1, log1p


@tae.kernel
def softplus_forward(z, b):
    zero = z.dtype.type(0)
    for k in range(z.size):
        t = z[k] + b[k]
        z[k] = max(t, zero) + log1p(expm1(-abs(t)) + z.dtype.type(1))


@tae.kernel
def softplus_backward(a, d):
    for k in range(d.size):
        d[k] *= -expm1(-a[k])  # 1 − e^−a


def softplus(z):
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


SOFTPLUS = tae.ActivationFunction(
    "softplus", softplus_forward, softplus_backward, "dy (1 − e^−y)", softplus
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
def huber_kernel(y, x, settings, scale, dy, sums):
    delta = settings[0]
    for i in range(y.shape[0]):
        total = 0.0
        for j in range(y.shape[1]):
            d = y[i, j] - x[i, j]
            size = abs(d)
            if size <= delta:
                total += 0.5 * d * d
                dy[i, j] = scale * d
            else:
                total += delta * (size - 0.5 * delta)
                dy[i, j] = scale * delta * np.sign(d)
        sums[i] = total


def huber(y, x, delta):
    size = np.abs(y - x)
    return np.where(size <= delta, size**2 / 2, delta * (size - delta / 2))


class Huber(tae.Loss):
    """d²/2 where |d| ≤ δ, else δ (|d| − δ/2), of d = y − x."""

    kernel = huber_kernel
    numpy = huber
    formula = tae.Formula(
        "mean of d²/2 or δ (|d| − δ/2), d = y − t, t the target", "dy = min(max(d, −δ), δ) / size"
    )

    def __init__(self, delta=1.0):
        self.delta = float(delta)

    def settings(self):
        return np.array([self.delta])

    def get_config(self):
        return {"delta": self.delta}


CUSTOM = {"softplus": SOFTPLUS, "OwnScale": OwnScale, "Huber": Huber}


class EagerMSE:
    """Makes a model train layer by layer."""

    value_and_gradient = tae.MSE().value_and_gradient
