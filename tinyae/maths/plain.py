"""Activations and losses in plain NumPy: the shortest way to say them.

Kernels are held to these functions by tests, and an exported model is made of them: each uses
NumPy, other functions of its own file, and numbers that are named in it.
"""

import numpy as np

LEAKY_SLOPE = 0.2  # Keras's
SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
CLIP = 1e-7


def relu(z):
    return np.maximum(z, 0)


def leaky_relu(z):
    return np.where(z > 0, z, LEAKY_SLOPE * z)


def elu(z):
    return np.where(z > 0, z, np.expm1(np.minimum(z, 0)))


def selu(z):
    return SELU_SCALE * np.where(z > 0, z, SELU_ALPHA * np.expm1(np.minimum(z, 0)))


def softplus(z):
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


def tanh(z):
    return np.tanh(z)


def sigmoid(z):
    """1 / (1 + e^-z), written so that the exponential never overflows."""
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def softmax(z):
    """e^z / Σ e^z along the last axis, written so that the exponential never overflows."""
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def squared_error(y, x):
    return (y - x) ** 2


def absolute_error(y, x):
    return np.abs(y - x)


def huber(y, x, delta):
    d = np.abs(y - x)
    return np.where(d <= delta, d**2 / 2, delta * (d - delta / 2))


def binary_crossentropy(y, x):
    y = np.clip(y, CLIP, 1 - CLIP)
    return -x * np.log(y) - (1 - x) * np.log(1 - y)


def binary_crossentropy_from_logits(z, x):
    return np.maximum(z, 0) - z * x + np.log1p(np.exp(-np.abs(z)))


def categorical_crossentropy(y, x, classes):
    return -classes * x * np.log(np.clip(y, CLIP, 1 - CLIP))


def categorical_crossentropy_from_logits(z, x, classes):
    z = z - z.max(axis=-1, keepdims=True)
    return classes * x * (np.log(np.exp(z).sum(axis=-1, keepdims=True)) - z)
