"""Slow, obvious image layers: loops over every sample, pixel, window row, column and channel.

Sizes and padding are Keras's rules, written out anew.
"""

import math

import numpy as np


def same_padding(size, window, stride):
    """Zeros before and after, for ⌈size / stride⌉ windows."""
    windows = math.ceil(size / stride)
    total = max((windows - 1) * stride + window - size, 0)
    return total // 2, total - total // 2


def pad(x, windows, strides, padding, value=0.0):
    """x with the border that `padding` asks for, filled with `value`."""
    if padding == "valid":
        return x
    rows, columns = (
        same_padding(size, window, stride)
        for size, window, stride in zip(x.shape[1:3], windows, strides, strict=True)
    )
    return np.pad(x, [(0, 0), rows, columns, (0, 0)], constant_values=value)


def conv2d(x, W, b, strides, padding):
    """y[i, j, o] = Σ x[i s + u, j s + v, c] W[u, v, c, o] + b[o], on the padded image."""
    rows, columns, channels, filters = W.shape
    x = pad(x, (rows, columns), strides, padding)
    height = (x.shape[1] - rows) // strides[0] + 1
    width = (x.shape[2] - columns) // strides[1] + 1
    y = np.zeros((len(x), height, width, filters))
    for n, i, j, o in np.ndindex(y.shape):
        total = b[o]
        for u in range(rows):
            for v in range(columns):
                for c in range(channels):
                    total += x[n, i * strides[0] + u, j * strides[1] + v, c] * W[u, v, c, o]
        y[n, i, j, o] = total
    return y


def conv2d_transpose(x, W, b, strides, padding):
    """Every pixel adds x W under its window; then the border of "same" is cut off."""
    rows, columns, filters, _ = W.shape
    n, height, width, _ = x.shape
    full = np.zeros(
        (
            n,
            (height - 1) * strides[0] + max(rows, strides[0]),
            (width - 1) * strides[1] + max(columns, strides[1]),
            filters,
        )
    )
    for s, i, j, c in np.ndindex(x.shape):
        for u in range(rows):
            for v in range(columns):
                for o in range(filters):
                    full[s, i * strides[0] + u, j * strides[1] + v, o] += (
                        x[s, i, j, c] * W[u, v, o, c]
                    )
    if padding == "same":
        height, width = height * strides[0], width * strides[1]
        top = same_padding(height, rows, strides[0])[0]
        left = same_padding(width, columns, strides[1])[0]
        full = full[:, top : top + height, left : left + width]
    return full + b


def pooling(x, windows, strides, padding, reduce):
    """`reduce` (np.max or np.mean) of the real pixels under each window."""
    x = pad(x, windows, strides, padding, value=np.nan)
    height = (x.shape[1] - windows[0]) // strides[0] + 1
    width = (x.shape[2] - windows[1]) // strides[1] + 1
    y = np.zeros((len(x), height, width, x.shape[3]))
    for n, i, j, c in np.ndindex(y.shape):
        top, left = i * strides[0], j * strides[1]
        under = x[n, top : top + windows[0], left : left + windows[1], c]
        y[n, i, j, c] = reduce(under[~np.isnan(under)])
    return y


def max_pooling_gradient(x, windows, strides, padding, dy):
    """Of equal maxima the first in row order gets the gradient."""
    padded = pad(x, windows, strides, padding, value=-np.inf)
    d = np.zeros_like(padded)
    for n, i, j, c in np.ndindex(dy.shape):
        top, left = i * strides[0], j * strides[1]
        under = padded[n, top : top + windows[0], left : left + windows[1], c]
        row, column = np.unravel_index(np.argmax(under), under.shape)
        d[n, top + row, left + column, c] += dy[n, i, j, c]
    if padding == "valid":
        return d
    top = same_padding(x.shape[1], windows[0], strides[0])[0]
    left = same_padding(x.shape[2], windows[1], strides[1])[0]
    return d[:, top : top + x.shape[1], left : left + x.shape[2]]


def upsampling(x, size):
    """y[i, j] = x[i // rows, j // columns]."""
    n, height, width, channels = x.shape
    y = np.zeros((n, height * size[0], width * size[1], channels))
    for s, i, j, c in np.ndindex(y.shape):
        y[s, i, j, c] = x[s, i // size[0], j // size[1], c]
    return y
