"""What layers compute, in plain NumPy: `Autoencoder.export_numpy` copies these functions out.

Images are (n, height, width, channels). A function may call others of this file and uses no other
names than theirs and NumPy's.
"""

import numpy as np


def relu(z):
    return np.maximum(z, 0)


def leaky_relu(z):
    return np.where(z > 0, z, 0.2 * z)


def elu(z):
    return np.where(z > 0, z, np.expm1(np.minimum(z, 0)))


def tanh(z):
    return np.tanh(z)


def sigmoid(z):
    """1 / (1 + e^-z), written so that the exponential never overflows."""
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def pad(x, rows, columns, value=0):
    """Images with so many rows and columns of `value` (before, after) them."""
    return np.pad(x, ((0, 0), rows, columns, (0, 0)), constant_values=value)


def taps(x, size, strides, out):
    """For each place (u, v) in a window: what all windows see there, (n, *out, channels)."""
    down, right = strides
    for u in range(size[0]):
        for v in range(size[1]):
            yield u, v, x[:, u::down, v::right][:, : out[0], : out[1]]


def conv(x, W, strides, out):
    """y[i, j] = the sum over u and v of x[i s + u, j s + v] W[u, v]."""
    return sum(seen @ W[u, v] for u, v, seen in taps(x, W.shape[:2], strides, out))


def conv_transpose(x, W, strides, before, out):
    """y[i s + u, j s + v] += x[i, j] W[u, v]', and of y what lies in `out` behind `before`."""
    n, height, width, _ = x.shape
    (down, right), (top, left) = strides, before
    rows = max((height - 1) * down + W.shape[0], top + out[0])
    columns = max((width - 1) * right + W.shape[1], left + out[1])
    y = np.zeros((n, rows, columns, W.shape[2]), x.dtype)
    for u, v, place in taps(y, W.shape[:2], strides, (height, width)):
        place += x @ W[u, v].T
    return y[:, top : top + out[0], left : left + out[1]]


def max_pool(x, size, strides, out):
    """The largest pixel under each window."""
    y = -np.inf
    for _, _, seen in taps(x, size, strides, out):
        y = np.maximum(y, seen)
    return y


def average_pool(x, size, strides, rows, columns, out):
    """The mean of the real pixels under each window: those around the image do not count."""
    real = np.ones_like(x[:1, :, :, :1])
    total, count = (
        sum(seen for _, _, seen in taps(pad(image, rows, columns), size, strides, out))
        for image in (x, real)
    )
    return total / count


def upsample(x, down, right):
    """Every pixel repeated."""
    return x.repeat(down, axis=1).repeat(right, axis=2)
