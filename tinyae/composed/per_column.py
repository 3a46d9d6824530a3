"""A loss made of losses: each column of a table has its own."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar

import numpy as np

from ..checks.arguments import listed, not_negative, shown
from ..checks.arrays import check_column
from ..machine.jit import kernel
from ..machine.views import view
from ..maths.formula import Formula
from ..maths.loss import Loss, Part, call_loss, fused_with, loss_address, means_its_own
from ..maths.losses import OfClasses, get

Which = int | slice | tuple[int, ...]


@kernel
def per_column(y, x, settings, scale, dy, sums):
    """Each part's sums, added up, and its gradient, both by its own kernel, for its columns.

    Or, where every element is a sample of its own, in the order of columns, its share. The settings
    are k, how many columns there are, and for each part the address of its kernel, how many columns
    it has and how many numbers, whether its columns are one variable's classes, which share out
    their sum, its weight, its columns and its numbers.
    """
    k, alone = int(settings[0]), y.shape[1] < int(settings[0])  # every element as a sample
    pixels = max(1, y.shape[1] // k)  # or time steps: whatever comes before the last axis
    n = y.size // (pixels * k)
    given, wanted, slope = view(y, 0, (y.size,)), view(x, 0, (y.size,)), view(dy, 0, (y.size,))
    sums[: y.shape[0]] = 0
    at = 1
    while at < settings.size:
        address, width, count = int(settings[at]), int(settings[at + 1]), int(settings[at + 2])
        together, weight = int(settings[at + 3]), settings[at + 4]
        columns = view(settings, at + 5, (width,))
        numbers = view(settings, at + 5 + width, (count,))
        at += 5 + width + count
        size = n * pixels * width
        row = width if together else 1  # how many elements make a sample of their own
        shape = (size // row, row) if alone else (n, pixels * width)
        a, b, da, own = (
            np.empty(size, y.dtype),
            np.empty(size, y.dtype),
            np.empty(shape, y.dtype),
            np.empty(shape[0]),
        )
        for i in range(size):
            place = i // width * k + int(columns[i % width])
            a[i], b[i] = given[place], wanted[place]
        pair = (view(a, 0, shape), view(b, 0, shape))
        call_loss(address, (*pair, numbers, scale * weight, da, own))
        back = view(da, 0, (size,))
        for i in range(size):
            place = i // width * k + int(columns[i % width])
            slope[place] = back[i]
            if alone:
                sums[place] = weight * own[i // row] / row
        if not alone:
            for i in range(n):
                sums[i] += weight * own[i]


def check_columns(name: str, columns: Any) -> tuple[tuple[Any, ...], ...]:
    """Pairs of columns and a loss with a kernel, or those with a weight."""
    pairs: list[tuple[Any, ...]] = []
    for each in listed(name, columns, "pairs (columns, loss)"):
        if not isinstance(each, tuple | list) or len(each) not in (2, 3):
            raise ValueError(
                f"{name} must hold pairs (columns, loss), or (columns, loss, weight), but got "
                f"{shown(each)}"
            )
        loss = get(each[1])
        if not isinstance(loss, Loss) or isinstance(loss, Columns) or means_its_own(loss):
            raise ValueError(
                f"{name} must hold losses with a kernel and no parts, but got {shown(loss)}"
            )
        weights = [not_negative(f"a weight in {name}", weight) for weight in each[2:]]
        pairs.append((_which(name, each[0]), each[1], *weights))
    if not pairs:
        raise ValueError(f"{name} must hold at least one pair (columns, loss), but is empty")
    return tuple(pairs)


def _which(name: str, given: Any) -> Which:
    """Columns as an index, a slice, or a tuple of indices."""
    if isinstance(given, slice):
        bounds = (given.start, given.stop, given.step)
        if all(each is None or _is_index(each) for each in bounds) and given.step != 0:
            return given
    elif _is_index(given):
        return int(given)
    elif isinstance(given, list | tuple | range | np.ndarray) and all(map(_is_index, given)):
        return tuple(int(each) for each in given)
    raise ValueError(
        f"{name} must be given as an index, a slice or indices, but got {shown(given)}"
    )


def _together(loss: Any) -> bool:
    """Whether its columns are the classes of one variable."""
    return isinstance(loss, OfClasses)


def _is_index(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool | np.bool_)


def _places(which: Which, k: int) -> list[int]:
    """The columns that are meant, of k."""
    given = [which] if isinstance(which, int) else []
    if isinstance(which, slice):
        ends = [each for each in (which.start, which.stop) if each is not None]
        given = [*range(*which.indices(k)), *(each for each in ends if not -k <= each <= k)]
    elif isinstance(which, tuple):
        given = [*which]
    for each in given:
        if not -k <= each < k:
            raise ValueError(f"columns names column {each}, but outputs have {k} columns")
    return [each % k for each in given]


class Columns(Loss):
    """A loss for tables of mixed columns: each has its own, and the mean is over every element.

    Parameters
    ----------
    columns : list of (columns, loss) or (columns, loss, weight)
        Columns are places along the last axis of the output, as an index, a slice or a list of
        indices; each column stands in one pair. The loss is a name or a loss with a kernel. The
        weight, by default 1, multiplies the loss of these columns; nothing is divided by it.

    See Also
    --------
    mask_missing : For tables with missing values.
    BCE : For columns of yes and no.

    Notes
    -----
    Columns of BCE take logits, so the model's last layer is linear: `Autoencoder.reconstruct`,
    `Autoencoder.decode` and exported programs give their sigmoid, `Sequential.predict` of the
    decoder alone gives what its layers give. Columns of CategoricalCrossentropy are one
    variable's classes; they take logits and give their softmax. A
    `sample_weight` of elements must weigh the classes of one variable alike.

    Examples
    --------
    >>> import tinyae as tae
    >>> loss = tae.Columns([(slice(0, 2), "mse"), (2, "bce")])
    >>> ae = tae.Autoencoder([tae.Dense(2)], [tae.Dense(3)], (3,), loss=loss)
    >>> y = ae.reconstruct([[5.0, -7.0, 1.0]])
    >>> bool(0 < y[0, 2] < 1)
    True
    """

    kernel = per_column
    formula = Formula(
        "mean of each column's own loss(y, t), times its weight, t the target",
        "dy = that of each column's loss, times its weight",
    )
    checks: ClassVar = {"columns": check_columns}

    def __init__(self, columns: Any):
        self.columns = columns

    @property
    def separable(self) -> bool:
        """Whether the losses of all parts are sums over elements, or over one variable's."""
        losses = [get(loss) for _, loss, *_ in self.columns]
        return all(getattr(each, "separable", False) or _together(each) for each in losses)

    def parts(self, shape):
        if not shape:
            raise ValueError("Columns is of outputs (n, ..., columns)")
        found, seen = [], np.zeros(shape[-1], int)
        for which, given, *_ in self.columns:
            loss: Any = get(given)
            places, activation = _places(which, shape[-1]), fused_with(loss)
            np.add.at(seen, places, 1)
            found.append(
                Part(tuple(places), loss.from_logits() if activation else loss, activation)
            )
        for column in np.flatnonzero(seen != 1):
            how = "not named" if seen[column] == 0 else "named more than once"
            raise ValueError(
                f"columns must name each of the {shape[-1]} columns of the output once, but "
                f"{column} is {how}"
            )
        return found

    def numbers_for(self, shape, dtype):
        numbers: list[float] = [shape[-1]]
        for (columns, loss, _), weight in self._weighted(shape):
            own = loss.numbers_for((*shape[:-1], len(columns)), dtype)
            numbers += [loss_address(loss.kernel, dtype), len(columns), own.size]
            numbers += [_together(loss), weight, *columns, *own]
        return np.array(numbers, np.float64)

    def _elements(self, y, x):
        result = np.empty_like(y)
        for (columns, loss, _), weight in self._weighted(y.shape[1:]):
            places = list(columns)
            a, b = (np.ascontiguousarray(each[..., places]) for each in (y, x))
            result[..., places] = y.dtype.type(weight) * loss._elements(a, b)
        return result

    def _weighted(self, shape: tuple[int, ...]) -> list[tuple[Any, float]]:
        """The parts with their weights."""
        weights = [(*rest, 1.0)[0] for _, _, *rest in self.columns]
        return list(zip(self.parts(shape), weights, strict=True))

    def check_targets(self, target, name):
        parts: Any = self.parts(target.shape[1:])
        for (columns, loss, _), (_, given, *_) in zip(parts, self.columns, strict=True):
            for column in columns if loss.bounds else ():
                check_column(target, name, column, loss.bounds, shown(given))

    def check_weight(self, weight):
        """Refuse a `weight` of elements that tells the classes of one variable apart."""
        parts: Any = self.parts(weight.shape[1:]) if weight.ndim > 1 else ()
        for columns, loss, _ in parts:
            own = weight[..., list(columns)]
            if _together(loss) and (own != own[..., :1]).any():
                row = int((own != own[..., :1]).reshape(len(own), -1).any(axis=1).argmax())
                raise ValueError(
                    f"sample_weight must weigh the columns {list(columns)} alike, which are the "
                    f"classes of one variable, but row {row} does not"
                )

    def __repr__(self) -> str:
        return f"Columns({list(self.columns)!r})"
