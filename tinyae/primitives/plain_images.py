"""What layers of images compute, in plain NumPy: the shortest way to say it.

Kernels are held to these functions by tests, and an exported model is made of them. Images are
(n, height, width, channels).
"""

import numpy as np


def pad(x, rows, columns, value=0):
    """Images with so many rows and columns of `value` (before, after) them."""
    return np.pad(x, ((0, 0), rows, columns, (0, 0)), constant_values=value)


def crop(x, rows, columns):
    """Of each image so many rows and columns (first, count)."""
    return x[:, rows[0] : sum(rows), columns[0] : sum(columns)]


def taps(x, size, strides):
    """For each place (u, v) in a window: what all windows inside the image see there."""
    (height, width), (down, right) = size, strides
    rows, columns = x.shape[1] - height + 1, x.shape[2] - width + 1
    for u in range(height):
        for v in range(width):
            yield u, v, x[:, u : u + rows : down, v : v + columns : right]


def conv(x, W, strides):
    """y[i, j] = the sum over u and v of x[i s + u, j s + v] W[u, v]."""
    return sum(seen @ W[u, v] for u, v, seen in taps(x, W.shape[:2], strides))


def conv_transpose(x, W, strides):
    """y[i s + u, j s + v] += x[i, j] W[u, v]'."""
    n, height, width, _ = x.shape
    rows, columns = (height - 1) * strides[0] + W.shape[0], (width - 1) * strides[1] + W.shape[1]
    y = np.zeros((n, rows, columns, W.shape[2]), x.dtype)
    for u, v, place in taps(y, W.shape[:2], strides):
        place += x @ W[u, v].T
    return y


def max_pool(x, size, strides):
    """The largest pixel under each window."""
    y = -np.inf
    for _, _, seen in taps(x, size, strides):
        y = np.maximum(y, seen)
    return y


def average_pool(x, size, strides, rows, columns):
    """The mean of the real pixels under each window: those around the image do not count."""
    real = np.ones_like(x[:1, :, :, :1])
    total, count = (
        sum(seen for _, _, seen in taps(pad(image, rows, columns), size, strides))
        for image in (x, real)
    )
    return total / count


def upsample(x, down, right):
    """Every pixel repeated."""
    return x.repeat(down, axis=1).repeat(right, axis=2)
