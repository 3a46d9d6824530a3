"""Layers that shrink or enlarge images, channel by channel.

For every window of x, y is its maximum, or its mean; dy goes to the pixel that was the maximum, or
in equal shares to all. Enlarging repeats pixels, and each gets the sum of dy over its copies.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

from ..checks.arguments import pair
from ..machine.jit import called, inlined, kernel
from ..machine.views import clear
from ..maths.formula import Formula
from ..maths.penalties import Penalty
from ..primitives.steps import AveragePool, MaxPool, Pad, Repeat
from .kernels import Kernels
from .layer import Layer, Shape
from .windows import (
    WINDOW_FIELDS,
    by,
    check_image,
    check_padding,
    inputs,
    outputs,
    paddings,
    slide,
    window_fields,
)

# Kernels take images as rows of x (n, inputs) and y (n, outputs). A window is cut to the part of it
# that lies inside the image, so padding never counts. The innermost loops run over the channels.


@inlined
def window(op, i, j, image):
    """First and last (exclusive) row and column of the image under window (i, j)."""
    top, left = i * op.stride_h - op.pad_top, j * op.stride_w - op.pad_left
    bottom, right = top + op.kernel_height, left + op.kernel_width
    return max(top, 0), min(bottom, image.shape[1]), max(left, 0), min(right, image.shape[2])


@inlined
def add_up(op, x, y, mean):
    """y = the sum, or the mean, of the real pixels of x under each window."""
    n, rows, columns, channels = y.shape
    share = x.dtype.type(1)
    clear(y)
    for sample in range(n):
        for i in range(rows):
            for j in range(columns):
                top, bottom, left, right = window(op, i, j, x)
                if mean:
                    share = x.dtype.type(1) / x.dtype.type((bottom - top) * (right - left))
                for row in range(top, bottom):
                    for column in range(left, right):
                        for c in range(channels):
                            y[sample, i, j, c] += share * x[sample, row, column, c]


@inlined
def spread(op, y, x, mean):
    """Each real pixel of x = the sum of y over the windows that it is under, or of its shares."""
    n, rows, columns, channels = y.shape
    share = x.dtype.type(1)
    clear(x)
    for sample in range(n):
        for i in range(rows):
            for j in range(columns):
                top, bottom, left, right = window(op, i, j, x)
                if mean:
                    share = x.dtype.type(1) / x.dtype.type((bottom - top) * (right - left))
                for row in range(top, bottom):
                    for column in range(left, right):
                        for c in range(channels):
                            x[sample, row, column, c] += share * y[sample, i, j, c]


@kernel
def larger(a, b):
    """The larger of two numbers, or NaN where one is NaN."""
    return b if b > a or b != b else a


@called
def max_pooling(op, w, x, y, scratch, step, first):
    """y = the maximum under each window."""
    x, y = inputs(op, x), outputs(op, y)
    n, rows, columns, channels = y.shape
    for sample in range(n):
        for i in range(rows):
            for j in range(columns):
                top, bottom, left, right = window(op, i, j, x)
                for c in range(channels):
                    y[sample, i, j, c] = x[sample, top, left, c]
                for row in range(top, bottom):
                    # two pixels at a time, the last perhaps twice: the loop vectorises badly where
                    # what it may store is what it has just read from there
                    for column in range(left, right, 2):
                        other = min(column + 1, right - 1)
                        for c in range(channels):
                            best = larger(y[sample, i, j, c], x[sample, row, column, c])
                            y[sample, i, j, c] = larger(best, x[sample, row, other, c])


@called
def max_pooling_back(op, w, x, y, dy, dw, dx, scratch, step, first):
    """Of equal maxima under a window the first in row order gets dy, which is used up."""
    if dx.size == 0:
        return
    x, dx, y, dy = inputs(op, x), inputs(op, dx), outputs(op, y), outputs(op, dy)
    n, rows, columns, channels = y.shape
    zero = x.dtype.type(0)
    clear(dx)
    for sample in range(n):
        for i in range(rows):
            for j in range(columns):
                top, bottom, left, right = window(op, i, j, x)
                for row in range(top, bottom):
                    for column in range(left, right):
                        for c in range(channels):
                            hit = x[sample, row, column, c] == y[sample, i, j, c]
                            d = dy[sample, i, j, c]
                            dx[sample, row, column, c] += d if hit else zero
                            dy[sample, i, j, c] = zero if hit else d


@called
def average_pooling(op, w, x, y, scratch, step, first):
    """y = the mean of the real pixels under each window."""
    add_up(op, inputs(op, x), outputs(op, y), True)


@called
def average_pooling_back(op, w, x, y, dy, dw, dx, scratch, step, first):
    """Each real pixel under a window gets an equal share of dy."""
    if dx.size:
        spread(op, outputs(op, dy), inputs(op, dx), True)


@called
def upsampling(op, w, x, y, scratch, step, first):
    """y[i, j] = x[i // rows, j // columns]: every pixel repeated, in a window of its own."""
    spread(op, inputs(op, x), outputs(op, y), False)


@called
def upsampling_back(op, w, x, y, dy, dw, dx, scratch, step, first):
    """Each pixel gets the sum over its copies."""
    if dx.size:
        add_up(op, outputs(op, dy), inputs(op, dx), False)


class MaxPooling2D(Layer):
    """The maximum under each window, channel by channel.

    Of equal maxima the first in row order gets the gradient.

    Parameters
    ----------
    pool_size : int or (int, int), default 2
        Rows and columns of the window.
    strides : int, (int, int) or None
        How far apart the windows are. Default: `pool_size`.
    padding : "valid" or "same", default "valid"
        Windows inside the image only, or ⌈size / stride⌉ windows. Padding never counts.
    activity_regularizer : L1, L2, L1L2 or None
        A penalty on the output.

    See Also
    --------
    AveragePooling2D : The mean in place of the maximum.
    UpSampling2D : The way back in a decoder.
    MaxPooling1D : For sequences.

    Examples
    --------
    >>> import tinyae as tae
    >>> tae.MaxPooling2D().build((28, 28, 3))
    (14, 14, 3)
    """

    kernels = Kernels(max_pooling, max_pooling_back, WINDOW_FIELDS)
    checks: ClassVar = {"pool_size": pair, "strides": pair, "padding": check_padding}
    pool_size: Any
    strides: Any

    def __init__(
        self,
        pool_size: int | tuple[int, int] = 2,
        strides: int | tuple[int, int] | None = None,
        padding: str = "valid",
        *,
        activity_regularizer: Penalty | None = None,
    ):
        super().__init__(activity_regularizer=activity_regularizer)
        self.pool_size, self.padding = pool_size, padding
        self.strides = strides

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, self.pool_size if name == "strides" and value is None else value)

    def slides(self, input_shape: Shape) -> list[tuple[int, int]]:
        """For both directions of `input_shape`: the output's size, and the padding before."""
        sides = zip(input_shape[:2], self.pool_size, self.strides, strict=True)
        return [slide(self, *side, self.padding) for side in sides]

    def build(self, input_shape: Shape) -> Shape:
        check_image(self, input_shape)
        (rows, _), (columns, _) = self.slides(input_shape)
        return rows, columns, input_shape[2]

    def record_fields(self):
        (_, top), (_, left) = self.slides(self.input_shape)
        return window_fields(self, self.pool_size, self.strides, (top, left))

    def formula(self) -> Formula:
        return Formula(
            f"y = max of x over windows {by(self.pool_size)}, stride {by(self.strides)}",
            "dx = dy at each window's first maximum, else 0",
        )

    def steps(self):
        rows, columns = paddings(self, self.pool_size)
        pool = MaxPool(self.pool_size, self.strides)
        padded = any(rows + columns)
        return [Pad(rows, columns, -math.inf), pool] if padded else [pool]


class AveragePooling2D(MaxPooling2D):
    """The mean of the real pixels under each window, channel by channel.

    Parameters
    ----------
    pool_size : int or (int, int), default 2
        Rows and columns of the window.
    strides : int, (int, int) or None
        How far apart the windows are. Default: `pool_size`.
    padding : "valid" or "same", default "valid"
        Windows inside the image only, or ⌈size / stride⌉ windows. Padding never counts.
    activity_regularizer : L1, L2, L1L2 or None
        A penalty on the output.

    See Also
    --------
    MaxPooling2D : The maximum in place of the mean.
    AveragePooling1D : For sequences.

    Examples
    --------
    >>> import tinyae as tae
    >>> tae.AveragePooling2D(3, strides=2, padding="same").build((7, 7, 1))
    (4, 4, 1)
    """

    kernels = Kernels(average_pooling, average_pooling_back, WINDOW_FIELDS)

    def formula(self) -> Formula:
        return Formula(
            f"y = mean of x over windows {by(self.pool_size)}, stride {by(self.strides)}",
            "dx = dy / size, for each pixel of the window",
        )

    def steps(self):
        return [AveragePool(self.pool_size, self.strides, *paddings(self, self.pool_size))]


class UpSampling2D(Layer):
    """Every pixel repeated (nearest neighbour).

    Parameters
    ----------
    size : int or (int, int), default 2
        How many times, down and to the right.
    activity_regularizer : L1, L2, L1L2 or None
        A penalty on the output.

    See Also
    --------
    MaxPooling2D : What it stands for in a decoder.
    Conv2DTranspose : Enlarges images by weights.
    UpSampling1D : For sequences.

    Examples
    --------
    >>> import tinyae as tae
    >>> tae.UpSampling2D().build((7, 7, 32))
    (14, 14, 32)
    """

    kernels = Kernels(upsampling, upsampling_back, WINDOW_FIELDS)
    checks: ClassVar = {"size": pair}
    size: Any

    def __init__(
        self,
        size: int | tuple[int, int] = 2,
        *,
        activity_regularizer: Penalty | None = None,
    ):
        super().__init__(activity_regularizer=activity_regularizer)
        self.size = size

    def build(self, input_shape: Shape) -> Shape:
        check_image(self, input_shape)
        return input_shape[0] * self.size[0], input_shape[1] * self.size[1], input_shape[2]

    def record_fields(self):
        return window_fields(self, self.size, self.size, (0, 0))

    def formula(self) -> Formula:
        return Formula(
            f"y = each pixel of x repeated {by(self.size)}", "dx = Σ dy over each pixel's copies"
        )

    def steps(self):
        return [Repeat(*self.size)]
