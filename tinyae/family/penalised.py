"""Layers whose training step has a penalty of their own, on what goes into them or their weights.

A regularizer sees the output of a layer of any kind. This penalty belongs to the kind, and its
kernel, which runs behind the layer's backward pass, sees what that sees.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np
from numba import from_dtype, types

from ..layers.kernels import named
from ..layers.layer import Layer
from ..layers.record import OP, for_kernels
from ..machine.calls import by_address
from ..machine.jit import called, kernel


class PenalisedLayer(Layer):
    """A layer with a penalty of its own.

    Attributes
    ----------
    penalty_kernel : kernel ``(op, w, x, y, dw, dx, gain, scale, sums)``
        The first n numbers of `sums` become the penalty of each of the n samples, times `gain`;
        the next n a figure of each that is shown. The penalty's gradient times `scale` is added
        into dw and dx, unless they are empty.
    has_figure : bool
        Whether there is such a figure.
    """

    penalty_kernel: ClassVar[Callable]
    has_figure: ClassVar[bool] = False

    def penalty_gain(self, step: int, outputs: int) -> float:
        """What the penalty is multiplied by in a step of a model with so many outputs."""
        return 1.0

    def penalty_address(self) -> int:
        """Where the kernel is."""
        assert self.kernels is not None
        record = self.kernels.record
        return _address(named(type(self).penalty_kernel, record), self.dtype, record)

    def penalise(
        self, x: np.ndarray, y: np.ndarray, dx: np.ndarray | None, gain: float
    ) -> tuple[float, float]:
        """The mean over samples of penalty and figure, for inputs x and outputs y.

        The gradients times `gain` are added into dx and dw; without dx there are none.
        """
        table, n = self.record(), len(x)
        table["layer_penalty"] = self.penalty_address()
        dw = self.gradient if self.trainable and dx is not None else self.gradient[:0]
        dx = np.empty((0, 0), self.dtype) if dx is None else dx.reshape(n, -1)
        sums = np.empty(2 * n)
        with np.errstate(all="ignore"):  # as in compiled code
            _run(
                *(for_kernels(table), self.parameters, x.reshape(n, -1), y.reshape(n, -1)),
                *(dw, dx, gain, 1 / n, sums),
            )
        return float(sums[:n].sum()) / n, float(sums[n:].sum()) / n


def _signature(real, record=OP):
    op, flat, rows = from_dtype(record), real[::1], real[:, ::1]
    numbers = types.float64, types.float64, types.float64[::1]
    return types.void(op, flat, rows, rows, flat, rows, *numbers)


_address, call_layer_penalty = by_address("op, w, x, y, dw, dx, gain, scale, sums", _signature)


@kernel
def _run(table, w, x, y, dw, dx, gain, scale, sums):
    op = table[0]
    call_layer_penalty(op.layer_penalty, (op, w, x, y, dw, dx, gain, scale, sums))


@called  # apart from its callers: a model without such layers pays nothing
def layer_penalty(op, w, x, y, dw, dx, gain, scale, sums):
    """The sums of a layer's penalties and figures; their gradients are added to dw and dx."""
    call_layer_penalty(op.layer_penalty, (op, w, x, y, dw, dx, gain, scale, sums))
    penalties, figures, n = 0.0, 0.0, x.shape[0]
    for i in range(n):
        penalties += sums[i]
        figures += sums[n + i]
    return penalties, figures
