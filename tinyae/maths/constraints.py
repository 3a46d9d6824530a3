"""What a kernel is to be after each step of the optimizer.

    UnitNorm    w ← w / ‖w‖      for each w: the numbers of a kernel along some of its axes

A w of zeros stays as it is. The numbers of a w lie in the vector of parameters as runs of
contiguous ones, `width` long, at its start plus each of some steps, the same for every w of a
kernel: `places` has them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ..checks.arguments import nearest, shown, whole
from ..checks.attributes import Checked
from ..machine.jit import called, kernel
from ..machine.views import view


class Places(NamedTuple):
    """Where in the vector of parameters the numbers lie that are to have length 1 together."""

    groups: np.ndarray  # (groups, 4): its start, its first step, how many there are, the width
    steps: np.ndarray  # (steps,)


LEAST, MOST = 1e-280, 1e280
NOWHERE = Places(np.zeros((0, 4), np.int64), np.zeros(0, np.int64))


@called
def square_sum(parameters, places, i):
    """Σw² of a group, in float64."""
    total, first = 0.0, places.groups[i, 1]
    for k in range(first, first + places.groups[i, 2]):
        w = view(parameters, places.groups[i, 0] + places.steps[k], (places.groups[i, 3],))
        for j in range(w.size):
            total += np.float64(w[j]) * np.float64(w[j])
    return total


@called
def multiply(parameters, places, i, factor):
    """w ← factor w, of a group."""
    first = places.groups[i, 1]
    for k in range(first, first + places.groups[i, 2]):
        w = view(parameters, places.groups[i, 0] + places.steps[k], (places.groups[i, 3],))
        for j in range(w.size):
            w[j] = factor * np.float64(w[j])


@kernel
def unit_norm(parameters, places, first, last):
    """w ← w / ‖w‖ for the groups from first to last (exclusive), unless w is 0."""
    for i in range(first, last):
        total = square_sum(parameters, places, i)
        if not LEAST < total < MOST:  # squares that are lost or overflow, as float32's never do
            multiply(parameters, places, i, 2.0**600 if total <= LEAST else 2.0**-600)
            total = square_sum(parameters, places, i)
        if total > 0:
            multiply(parameters, places, i, 1 / math.sqrt(total))


def constrain(parameters: np.ndarray, places: Places) -> None:
    """The same for all groups, from Python."""
    if len(places.groups):
        with np.errstate(all="ignore"):  # as in compiled code
            unit_norm(parameters, places, 0, len(places.groups))


def check_axes(name: str, axis: Any) -> Any:
    """An axis, counted from the last where it is negative; or several, as a tuple."""
    with suppress(ValueError):
        if isinstance(axis, tuple | list) and axis:
            return tuple(whole(name, each, -MOST_AXES, MOST_AXES - 1) for each in axis)
        return whole(name, axis, -MOST_AXES, MOST_AXES - 1)
    raise ValueError(
        f"{name} must be the number of a kernel's axis, or several in a tuple, but got "
        f"{shown(axis)}"
    )


MOST_AXES = 64  # NumPy's


class UnitNorm(Checked):
    """A kernel is divided, after each step, by the lengths of its numbers along an axis.

    Behind each step of the optimizer √Σw² along `axis` is 1; before the first step, and while the
    layer is frozen, the kernel is what it is. Where all are 0 they stay 0.

    Parameters
    ----------
    axis : int or tuple of int, default 0
        As in Keras. A `Dense` has a kernel of shape (inputs, units): 0 is for what each unit
        weights its inputs with, 1 for what each input adds to the units, as the entries of a
        dictionary are in a decoder's. A `Conv2D` has (rows, columns, channels, filters): (0, 1, 2)
        is for each filter. A `Conv2DTranspose` has (rows, columns, filters, channels): (0, 1, 2) is
        for what each channel of its input is drawn with.

    See Also
    --------
    L2 : A penalty, which makes kernels small.

    Examples
    --------
    >>> import numpy as np, tinyae as tae
    >>> layer = tae.Dense(8, kernel_constraint=tae.UnitNorm(axis=1))
    >>> ae = tae.Autoencoder([tae.Dense(32, "relu"), tae.TopK(4)], [layer])
    >>> _ = ae.fit(np.random.default_rng(0).random((50, 8)), verbose=0)
    >>> lengths = np.linalg.norm(layer.weights["kernel"], axis=1)
    >>> lengths.shape, bool(abs(lengths - 1).max() < 1e-6)
    ((32,), True)
    """

    closed = True
    checks: ClassVar = {"axis": check_axes}

    def __init__(self, axis: int | tuple[int, ...] = 0):
        self.axis: Any = axis


def axes_of(constraint: UnitNorm, dimensions: int) -> list[int]:
    """Its axes in a kernel with so many, in order; none if not all are there, or one twice."""
    given = constraint.axis if isinstance(constraint.axis, tuple) else (constraint.axis,)
    there = all(-dimensions <= each < dimensions for each in given)
    found = sorted({each % dimensions for each in given}) if there else []
    return found if len(found) == len(given) else []


def together(axes: list[int], shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray, int]:
    """Of a kernel of this shape: the starts of the groups along axes, their steps, the width."""
    width = 1
    for axis in range(len(shape) - 1, -1, -1):
        if axis not in axes:
            break
        width *= shape[axis]
    last = range(len(shape) - len(axes), len(shape))
    numbers = np.moveaxis(np.arange(math.prod(shape)).reshape(shape), axes, last)
    groups = numbers.reshape(-1, math.prod(shape[axis] for axis in axes))
    return groups[:, 0], groups[0, ::width], width


def check(name: str, constraint: Any) -> UnitNorm | None:
    """The given constraint, refused if it is of another kind."""
    if constraint is None or type(constraint) is UnitNorm:
        return constraint
    raise ValueError(
        f"{name} must be a UnitNorm object, or None, but got {shown(constraint)}"
        f"{nearest(constraint, (), name)}"
    )


def of_kernel(layer: Any) -> UnitNorm | None:
    """The constraint on the kernel of a layer that is built, if there is one."""
    constraint = check("kernel_constraint", vars(layer).get("kernel_constraint"))
    if constraint is None:
        return None
    if "kernel" not in layer.weights:
        raise ValueError(
            f"{layer.label} has a kernel_constraint, but no weight 'kernel', only "
            f"{', '.join(layer.weights)}"
        )
    shape = layer.weights["kernel"].shape
    if not axes_of(constraint, len(shape)):
        raise ValueError(
            f"{layer.label}: kernel_constraint must be for different axes of its kernel, which has "
            f"the shape {shape}, but got {constraint!r}"
        )
    return constraint


def places(layers: Iterable[Any]) -> Places:
    """The places of all kernels with a constraint, of layers that are trained."""
    groups, steps, begin, known = [NOWHERE.groups], [NOWHERE.steps], 0, 0
    for layer in layers:
        constraint = of_kernel(layer)
        if constraint is not None and layer.trainable:
            shape = layer.weights["kernel"].shape
            starts, more, width = together(axes_of(constraint, len(shape)), shape)
            starts = starts + begin + layer.weights.place("kernel")[0]
            each = [np.full(len(starts), number) for number in (known, len(more), width)]
            groups.append(np.stack([starts, *each], axis=1))
            steps.append(more)
            known += len(more)
        begin += layer.parameter_count
    return Places(np.concatenate(groups), np.concatenate(steps))
