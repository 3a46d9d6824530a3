"""Layers that shrink or enlarge images, channel by channel."""

from collections.abc import Callable

import numpy as np

from ..machine.jit import inlined, kernel
from ..machine.views import clear, view
from ..maths.penalties import L1L2
from .layer import Layer, Shape
from .record import AVERAGE_POOLING, MAX_POOLING, UPSAMPLING
from .windows import check_image, check_padding, pair, slide

# Kernels take images as rows of x (n, inputs) and y (n, outputs). A window is cut to the part of it
# that lies inside the image, so padding never counts. The innermost loops run over the channels.


@inlined
def inputs(op, x):
    """x, or the gradient for it, as (n, height, width, channels)."""
    return view(x, 0, (x.shape[0], op.height, op.width, op.channels))


@inlined
def outputs(op, y):
    """y, or the gradient for it, as (n, rows, columns, channels)."""
    return view(y, 0, (y.shape[0], op.out_height, op.out_width, op.channels))


@inlined
def window(op, i, j):
    """First and last (exclusive) row and column of the image under window (i, j)."""
    top, left = i * op.stride_h - op.pad_top, j * op.stride_w - op.pad_left
    bottom, right = top + op.kernel_height, left + op.kernel_width
    return max(top, 0), min(bottom, op.height), max(left, 0), min(right, op.width)


@kernel
def larger(a, b):
    """The larger of two numbers, or NaN where one is NaN."""
    return b if b > a or b != b else a


@inlined
def max_pooling_forward(op, x, y):
    """y = the maximum under each window."""
    x, y = inputs(op, x), outputs(op, y)
    n, rows, columns, channels = y.shape
    for sample in range(n):
        for i in range(rows):
            for j in range(columns):
                top, bottom, left, right = window(op, i, j)
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


@inlined
def max_pooling_backward(op, x, y, dy, dx):
    """Of equal maxima under a window the first in row order gets dy, which is used up."""
    x, dx, y, dy = inputs(op, x), inputs(op, dx), outputs(op, y), outputs(op, dy)
    n, rows, columns, channels = y.shape
    zero = x.dtype.type(0)
    clear(dx)
    for sample in range(n):
        for i in range(rows):
            for j in range(columns):
                top, bottom, left, right = window(op, i, j)
                for row in range(top, bottom):
                    for column in range(left, right):
                        for c in range(channels):
                            hit = x[sample, row, column, c] == y[sample, i, j, c]
                            d = dy[sample, i, j, c]
                            dx[sample, row, column, c] += d if hit else zero
                            dy[sample, i, j, c] = zero if hit else d


@inlined
def average_pooling_forward(op, x, y):
    """y = the mean of the real pixels under each window."""
    x, y = inputs(op, x), outputs(op, y)
    n, rows, columns, channels = y.shape
    one = x.dtype.type(1)
    clear(y)
    for sample in range(n):
        for i in range(rows):
            for j in range(columns):
                top, bottom, left, right = window(op, i, j)
                share = one / x.dtype.type((bottom - top) * (right - left))
                for row in range(top, bottom):
                    for column in range(left, right):
                        for c in range(channels):
                            y[sample, i, j, c] += share * x[sample, row, column, c]


@inlined
def average_pooling_backward(op, x, y, dy, dx):
    """Each real pixel under a window gets an equal share of dy."""
    dx, dy = inputs(op, dx), outputs(op, dy)
    n, rows, columns, channels = dy.shape
    one = dy.dtype.type(1)
    clear(dx)
    for sample in range(n):
        for i in range(rows):
            for j in range(columns):
                top, bottom, left, right = window(op, i, j)
                share = one / dy.dtype.type((bottom - top) * (right - left))
                for row in range(top, bottom):
                    for column in range(left, right):
                        for c in range(channels):
                            dx[sample, row, column, c] += share * dy[sample, i, j, c]


@inlined
def upsampling_forward(op, x, y):
    """y[i, j] = x[i // rows, j // columns]: every pixel repeated."""
    x, y = inputs(op, x), outputs(op, y)
    n, rows, columns, channels = y.shape
    for sample in range(n):
        for i in range(rows):
            for j in range(columns):
                row, column = i // op.stride_h, j // op.stride_w
                for c in range(channels):
                    y[sample, i, j, c] = x[sample, row, column, c]


@inlined
def upsampling_backward(op, x, y, dy, dx):
    """Each pixel gets the sum over its copies."""
    dx, dy = inputs(op, dx), outputs(op, dy)
    n, rows, columns, channels = dy.shape
    clear(dx)
    for sample in range(n):
        for i in range(rows):
            for j in range(columns):
                row, column = i // op.stride_h, j // op.stride_w
                for c in range(channels):
                    dx[sample, row, column, c] += dy[sample, i, j, c]


class _Resizing(Layer):
    """What the layers of this file share: images in, images out, channels kept, no weights."""

    kernels: tuple[Callable, Callable]

    def sides(self, input_shape: Shape) -> tuple[int, int]:
        """The output's rows and columns."""
        raise NotImplementedError

    def build(self, input_shape: Shape) -> Shape:
        check_image(self, input_shape)
        return *self.sides(input_shape), input_shape[2]

    def forward(self, x, training=False, step=0, first=0):
        x = self.batch(x)
        shape = self.output_shape or ()
        y = np.empty((len(x), *shape), self.dtype)
        op, (run, _) = self.record(x.shape[1:], shape), self.kernels
        run(op, x.reshape(len(x), -1), y.reshape(len(x), -1))
        return y, (x, y)

    def backward(self, dy, cache):
        x, y = cache
        dx, rows = np.empty_like(x), (len(x), -1)
        dy = self.batch_gradient(dy, y.shape)
        op, (_, run) = self.record(x.shape[1:], y.shape[1:]), self.kernels
        run(op, x.reshape(rows), y.reshape(rows), dy.reshape(rows), dx.reshape(rows))
        return dx


class MaxPooling2D(_Resizing):
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

    Examples
    --------
    >>> MaxPooling2D().build((28, 28, 3))
    (14, 14, 3)
    """

    kind = MAX_POOLING
    kernels = max_pooling_forward, max_pooling_backward

    def __init__(
        self,
        pool_size: int | tuple[int, int] = 2,
        strides: int | tuple[int, int] | None = None,
        padding: str = "valid",
        *,
        activity_regularizer: L1L2 | None = None,
    ):
        super().__init__(activity_regularizer=activity_regularizer)
        self.pool_size = pair("pool_size", pool_size)
        self.strides = self.pool_size if strides is None else pair("strides", strides)
        self.padding = check_padding(padding)

    def slides(self, input_shape: Shape) -> list[tuple[int, int]]:
        """For both directions: the output's size, and the padding before."""
        sides = zip(input_shape[:2], self.pool_size, self.strides, strict=True)
        return [slide(self, *side, self.padding) for side in sides]

    def sides(self, input_shape):
        (rows, _), (columns, _) = self.slides(input_shape)
        return rows, columns

    def op(self, input_shape):
        (_, top), (_, left) = self.slides(input_shape)
        return {
            "kind": self.kind,
            "kernel_height": self.pool_size[0],
            "kernel_width": self.pool_size[1],
            "stride_h": self.strides[0],
            "stride_w": self.strides[1],
            "pad_top": top,
            "pad_left": left,
        }

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.pool_size}, strides={self.strides}, "
            f"padding={self.padding!r})"
        )


class AveragePooling2D(MaxPooling2D):
    """The mean of the real pixels under each window, channel by channel.

    Parameters
    ----------
    pool_size, strides, padding, activity_regularizer
        As for `MaxPooling2D`.

    Examples
    --------
    >>> AveragePooling2D(3, strides=2, padding="same").build((7, 7, 1))
    (4, 4, 1)
    """

    kind = AVERAGE_POOLING
    kernels = average_pooling_forward, average_pooling_backward


class UpSampling2D(_Resizing):
    """Every pixel repeated (nearest neighbour).

    Parameters
    ----------
    size : int or (int, int), default 2
        How many times, down and to the right.
    activity_regularizer : L1, L2, L1L2 or None
        A penalty on the output.

    Examples
    --------
    >>> UpSampling2D().build((7, 7, 32))
    (14, 14, 32)
    """

    kernels = upsampling_forward, upsampling_backward

    def __init__(
        self,
        size: int | tuple[int, int] = 2,
        *,
        activity_regularizer: L1L2 | None = None,
    ):
        super().__init__(activity_regularizer=activity_regularizer)
        self.size = pair("size", size)

    def sides(self, input_shape):
        return input_shape[0] * self.size[0], input_shape[1] * self.size[1]

    def op(self, input_shape):
        return {"kind": UPSAMPLING, "stride_h": self.size[0], "stride_w": self.size[1]}

    def __repr__(self) -> str:
        return f"UpSampling2D({self.size})"
