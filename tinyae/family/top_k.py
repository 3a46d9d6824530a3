"""The k largest numbers of a code, and nothing of the rest.

    y = x where x is one of the k largest, else 0        dx = dy there, else 0

Of equal numbers the first count. The k-th largest, t, is found by a heap of k numbers, whose
smallest is in front; all above t are taken, and of those that are t the first that are left.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ..checks.arguments import whole
from ..checks.arrays import shape_text
from ..layers.kernels import Kernels
from ..layers.layer import Layer, Shape
from ..machine.jit import allocating, called
from ..machine.views import view
from ..maths.formula import Formula
from ..maths.penalties import Penalty
from ..primitives.steps import Largest

TOGETHER = 64


@called
def sift(heap, value):
    """Put a value in place of the first of the heap, and the smallest in front."""
    at, size = 0, heap.size
    while True:
        child = 2 * at + 1
        if child + 1 < size and heap[child + 1] < heap[child]:
            child += 1
        if child >= size or not heap[child] < value:
            break
        heap[at] = heap[child]
        at = child
    heap[at] = value


@called
def above(row, least):
    """How many numbers of a row are larger."""
    count = 0
    for j in range(row.size):
        count += row[j] > least
    return count


@called
def threshold(row, heap):
    """The k-th largest of a row, with room for k; and how many numbers of its size to take.

    Few numbers come into the heap: those that are side by side are compared with its smallest
    together, in a loop without branches, and only where one is larger is each looked at.
    """
    for j in range(heap.size):
        heap[j] = -np.inf
    for start in range(0, row.size, TOGETHER):
        some = view(row, start, (min(TOGETHER, row.size - start),))
        if above(some, heap[0]) > 0:
            for j in range(some.size):
                if some[j] > heap[0]:
                    sift(heap, some[j])
    return heap[0], heap.size - above(row, heap[0])


@called
def keep_active(row, code, heap):
    """The k largest of a row, in its order, and behind them where they stand."""
    k, found, lost = heap.size, 0, 0
    least, left = threshold(row, heap)
    for start in range(0, row.size, TOGETHER):
        some, reaching = view(row, start, (min(TOGETHER, row.size - start),)), 0
        for j in range(some.size):
            reaching += not some[j] < least
        for j in range(some.size * (reaching > 0)):
            value = some[j]
            lost += value != value
            if value > least or (value == least and left > 0):
                left -= value == least
                code[found], code[k + found] = value, start + j
                found += 1
    for a in range(found * (lost == 0), k):  # what is NaN is not hidden
        code[a], code[k + a] = np.nan, 0


@allocating
def keep_largest(op, w, x, y, scratch, step, first):
    rows, zero = view(x, 0, (x.size // op.units, op.units)), x.dtype.type(0)
    kept, heap = view(y, 0, rows.shape), np.empty(op.k, x.dtype)
    for i in range(rows.shape[0]):
        least, left = threshold(rows[i], heap)
        for j in range(op.units):
            value = rows[i, j]
            drop = value < least or (value == least and left <= 0)  # not what is NaN
            left -= value == least
            kept[i, j] = zero if drop else value


@allocating
def keep_largest_back(op, w, x, y, dy, dw, dx, scratch, step, first):
    if dx.size == 0:
        return
    rows, zero = view(x, 0, (x.size // op.units, op.units)), x.dtype.type(0)
    given, heap = view(dy, 0, rows.shape), np.empty(op.k, x.dtype)
    wanted = view(dx, 0, rows.shape)
    for i in range(rows.shape[0]):
        least, left = threshold(rows[i], heap)
        for j in range(op.units):
            value = rows[i, j]
            drop = value < least or (value == least and left <= 0)
            left -= value == least
            wanted[i, j] = zero if drop else given[i, j]


class TopK(Layer):
    """Keep the k largest numbers of a code, and set the rest to zero, in training and after it.

    Exactly k are kept, of equal numbers the first; gradients go through them only. With many more
    units than k a decoder behind it is a dictionary, of which each sample uses k entries. Where a
    shape has several axes, k of those along the last are kept.

    Parameters
    ----------
    k : int
        How many, from 1 to the number of units.
    activity_regularizer : L1, L2, L1L2 or None
        A penalty on the output.

    See Also
    --------
    L1 : A penalty that makes codes small.
    UnitNorm : Keeps a dictionary's entries at one length.
    latent_diagnostics : Counts the units that are never kept.

    Notes
    -----
    A unit that is never among the k gets no gradient, and stays so. Of a large dictionary most are
    lost that way from random weights, and few where decoder and encoder begin with centred samples
    of length 1 as rows, or columns, of their kernels, as the example ``dictionary`` has them.

    References
    ----------
    Makhzani and Frey, k-Sparse autoencoders, 2013. Gao et al., Scaling and evaluating sparse
    autoencoders, 2024: dictionaries of what language models compute.

    Examples
    --------
    >>> import tinyae as tae
    >>> layer = tae.TopK(2)
    >>> layer.build((4,))
    (4,)
    >>> layer.forward([[3, 1, 3, 2], [-1, -2, -3, 0]])[0]
    array([[ 3.,  0.,  3.,  0.],
           [-1.,  0.,  0.,  0.]], dtype=float32)
    """

    kernels = Kernels(keep_largest, keep_largest_back, {"units": int, "k": int})
    checks: ClassVar = {"k": whole}

    def __init__(self, k: int, *, activity_regularizer: Penalty | None = None):
        super().__init__(activity_regularizer=activity_regularizer)
        self.k = k

    def build(self, input_shape: Shape) -> Shape:
        if self.k > input_shape[-1]:
            raise ValueError(
                f"{self.label} keeps k={self.k} numbers along the last axis, but got input of "
                f"shape {shape_text(input_shape)}"
            )
        return input_shape

    def record_fields(self):
        return {"units": self.input_shape[-1], "k": self.k}

    def formula(self) -> Formula:
        return Formula(
            f"y = x where it is one of the {self.k} largest, else 0", "dx = dy there, else 0"
        )

    def steps(self):
        return [Largest(self.k)]
