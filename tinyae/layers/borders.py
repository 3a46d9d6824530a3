"""Rows and columns cut off images, or put around them as zeros.

In NumPy: y = x[:, top : height − bottom, left : width − right], or np.pad of those axes; the
gradient of one is the other of dy.
"""

from __future__ import annotations

from typing import Any, ClassVar

from ..checks.arguments import borders
from ..machine.jit import called, inlined
from ..maths.formula import Formula
from ..maths.penalties import Penalty
from ..primitives.steps import Crop, Pad
from .kernels import Kernels
from .layer import Layer, Shape
from .windows import SIZE_FIELDS, check_image, image_sizes, inputs, outputs


@inlined
def move(x, y, down, right):
    """y[i, j] = x[i − down, j − right], 0 where x has no such pixel."""
    for sample in range(y.shape[0]):
        for i in range(y.shape[1]):
            for j in range(y.shape[2]):
                row, column = i - down, j - right
                inside = 0 <= row < x.shape[1] and 0 <= column < x.shape[2]
                for c in range(y.shape[3]):
                    y[sample, i, j, c] = x[sample, row, column, c] if inside else 0


@called
def forward(op, w, x, y, scratch, step, first):
    move(inputs(op, x), outputs(op, y), op.down, op.right)


@called
def backward(op, w, x, y, dy, dw, dx, scratch, step, first):
    if dx.size:
        move(outputs(op, dy), inputs(op, dx), -op.down, -op.right)


class ZeroPadding2D(Layer):
    """Rows and columns of zeros around images.

    Parameters
    ----------
    padding : int, (int, int) or ((int, int), (int, int)), default 1
        How many: on all sides, (rows, columns), or ((top, bottom), (left, right)).
    activity_regularizer : L1, L2, L1L2 or None
        A penalty on the output.

    See Also
    --------
    Cropping2D : Takes away what this adds.

    Examples
    --------
    >>> import tinyae as tae
    >>> tae.ZeroPadding2D(((0, 1), (2, 2))).build((5, 6, 3))
    (6, 10, 3)
    """

    kernels = Kernels(forward, backward, {**SIZE_FIELDS, "down": int, "right": int})
    checks: ClassVar = {"padding": borders}
    padding: Any

    def __init__(self, padding: Any = 1, *, activity_regularizer: Penalty | None = None):
        super().__init__(activity_regularizer=activity_regularizer)
        self.padding = padding

    def build(self, input_shape: Shape) -> Shape:
        check_image(self, input_shape)
        height, width, channels = input_shape
        return height + sum(self.padding[0]), width + sum(self.padding[1]), channels

    def record_fields(self):
        return image_sizes(self) | {"down": self.padding[0][0], "right": self.padding[1][0]}

    def formula(self) -> Formula:
        return Formula(f"y = x with zeros around it, {self.padding}", "dx = dy inside of them")

    def steps(self):
        return [Pad(*self.padding)]


class Cropping2D(Layer):
    """Images without some rows and columns at their borders.

    Parameters
    ----------
    cropping : int, (int, int) or ((int, int), (int, int)), default 0
        How many: on all sides, (rows, columns), or ((top, bottom), (left, right)).
    activity_regularizer : L1, L2, L1L2 or None
        A penalty on the output.

    See Also
    --------
    ZeroPadding2D : Adds what this takes away.

    Examples
    --------
    >>> import tinyae as tae
    >>> tae.Cropping2D(((0, 1), (2, 2))).build((5, 6, 3))
    (4, 2, 3)
    """

    kernels = Kernels(forward, backward, {**SIZE_FIELDS, "down": int, "right": int})
    checks: ClassVar = {"cropping": borders}
    cropping: Any

    def __init__(self, cropping: Any = 0, *, activity_regularizer: Penalty | None = None):
        super().__init__(activity_regularizer=activity_regularizer)
        self.cropping = cropping

    def build(self, input_shape: Shape) -> Shape:
        check_image(self, input_shape)
        height, width, channels = input_shape
        rows, columns = height - sum(self.cropping[0]), width - sum(self.cropping[1])
        if min(rows, columns) < 1:
            raise self.shape_error(
                input_shape, f"(n, height, width, channels) with more pixels than {self.cropping}"
            )
        return rows, columns, channels

    def record_fields(self):
        return image_sizes(self) | {"down": -self.cropping[0][0], "right": -self.cropping[1][0]}

    def formula(self) -> Formula:
        return Formula(f"y = x without its border, {self.cropping}", "dx = dy with zeros around it")

    def steps(self):
        rows, columns, _ = self.output_shape
        return [Crop((self.cropping[0][0], rows), (self.cropping[1][0], columns))]
