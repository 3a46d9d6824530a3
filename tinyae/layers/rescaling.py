"""A first layer that makes numbers of another scale of what comes: y = s x + t.

Images may stay as they are, 8 bits a pixel, a quarter of the memory that float32 takes. Where a
model begins with this layer and learns its input, what it learns is what the layer makes of it.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ..checks.arguments import finite_number
from ..checks.floating_point import quiet
from ..machine.jit import called
from ..maths.formula import Formula
from ..maths.penalties import Penalty
from ..primitives.steps import Rescale
from .kernels import Kernels
from .layer import Layer


@called
def forward(op, w, x, y, scratch, step, first):
    scale, offset = x.dtype.type(op.scale), x.dtype.type(op.offset)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            y[i, j] = scale * x[i, j] + offset


@called
def backward(op, w, x, y, dy, dw, dx, scratch, step, first):
    if dx.size:
        scale = x.dtype.type(op.scale)
        for i in range(dy.shape[0]):
            for j in range(dy.shape[1]):
                dx[i, j] = scale * dy[i, j]


class Rescaling(Layer):
    """A fixed line: y = scale x + offset, for data on a scale of its own, such as pixels to 255.

    As the first layer of a model that learns its input (no y is given) it also says what that is:
    `fit`, `evaluate` and `reconstruction_error` measure the output against scale x + offset, and
    `reconstruct` is on that scale. Unless the last layer is the `Rescaling` that undoes it, such as
    ``Rescaling(255)`` at the end for ``Rescaling(1 / 255)``: then the model learns x as it is.

    Parameters
    ----------
    scale : float
        What x is multiplied with.
    offset : float, default 0
        What is added.
    activity_regularizer : L1, L2, L1L2 or None
        A penalty on y.

    See Also
    --------
    Autoencoder.fit : What the targets are.

    Examples
    --------
    >>> import numpy as np, tinyae as tae
    >>> x = np.random.default_rng(0).integers(0, 256, (100, 4), dtype=np.uint8)
    >>> model = tae.Autoencoder([tae.Rescaling(1 / 255), tae.Dense(2)], [tae.Dense(4, "sigmoid")])
    >>> history = model.fit(x, verbose=0)
    >>> bool(model.reconstruct(x).max() <= 1)
    True
    """

    kernels = Kernels(forward, backward, {"scale": float, "offset": float})
    checks: ClassVar = {"scale": finite_number, "offset": finite_number}

    def __init__(
        self, scale: float, offset: float = 0.0, *, activity_regularizer: Penalty | None = None
    ):
        super().__init__(activity_regularizer=activity_regularizer)
        self.scale, self.offset = scale, offset

    def record_fields(self):
        return {"scale": self.scale, "offset": self.offset}

    @quiet
    def of(self, x: np.ndarray) -> np.ndarray:
        """What the layer makes of numbers x of any type, in its dtype."""
        return x.astype(self.dtype) * self.dtype.type(self.scale) + self.dtype.type(self.offset)

    def formula(self) -> Formula:
        return Formula(f"y = {self.scale:g} x + {self.offset:g}", f"dx = {self.scale:g} dy")

    def steps(self):
        return [Rescale(self.scale, self.offset)]
