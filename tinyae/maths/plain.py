"""Activations and losses in plain NumPy: the shortest way to say them.

Kernels are held to these functions by tests, and an exported model is made of them: each uses
NumPy, other functions of its own file, and numbers that are named in it.
"""

import numpy as np

LEAKY_SLOPE = 0.2  # Keras's
CLIP = 1e-7


def relu(z):
    return np.maximum(z, 0)


def leaky_relu(z):
    return np.where(z > 0, z, LEAKY_SLOPE * z)


def elu(z):
    return np.where(z > 0, z, np.expm1(np.minimum(z, 0)))


def tanh(z):
    return np.tanh(z)


def sigmoid(z):
    """1 / (1 + e^-z), written so that the exponential never overflows."""
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def squared_error(y, x):
    return (y - x) ** 2


def binary_crossentropy(y, x):
    y = np.clip(y, CLIP, 1 - CLIP)
    return -x * np.log(y) - (1 - x) * np.log(1 - y)


def binary_crossentropy_from_logits(z, x):
    return np.maximum(z, 0) - z * x + np.log1p(np.exp(-np.abs(z)))
