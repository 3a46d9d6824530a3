"""What a code uses: units that never vary, zeros, and how much its units say of each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ..checks.arrays import admit, row_slices
from ..checks.floating_point import quiet
from ..checks.hints import hinting
from ..checks.tables import table

MOST_ROWS = 2000  # for dependence, which compares every code with every other
BLOCK_NUMBERS = 1 << 21
DEAD = 1e-6  # a range this small against the unit's values is float32's rounding
SHOWN = 20


class Unit(NamedTuple):
    """One number of a code, over all samples."""

    mean: float
    std: float
    least: float
    most: float
    zeros: float  # the share of samples where it is exactly 0
    dead: bool


@dataclass(frozen=True, repr=False)
class LatentReport:
    """The result of `latent_diagnostics`; prints as a table.

    Attributes
    ----------
    units : tuple of Unit
        Mean, standard deviation, range and share of zeros of each, and whether it is dead.
    mean_absolute : float
        Over all numbers of all codes.
    zeros : float
        The share of all numbers that are exactly 0.
    correlation : array, shape (k, k)
        Pearson's, from −1 to 1.
    dependence : array, shape (k, k)
        Distance correlation, from 0 to 1.
    """

    units: tuple[Unit, ...]
    mean_absolute: float
    zeros: float
    correlation: np.ndarray
    dependence: np.ndarray

    @property
    def dead(self) -> list[int]:
        """The positions, from 0, of the units that do not vary."""
        return [i for i, unit in enumerate(self.units) if unit.dead]

    @property
    def mean_dependence(self) -> float:
        """Over all pairs of units that are not dead; NaN where there is no pair."""
        pairs = self._pairs(self.dependence)
        return float(np.nanmean(pairs)) if np.isfinite(pairs).any() else float("nan")

    @property
    def mean_correlation(self) -> float:
        """The mean |correlation| over the same pairs."""
        pairs = np.abs(self._pairs(self.correlation))
        return float(np.nanmean(pairs)) if np.isfinite(pairs).any() else float("nan")

    def _pairs(self, matrix: np.ndarray) -> np.ndarray:
        """The matrix without its diagonal and dead units, which are NaN."""
        pairs = matrix.copy()
        np.fill_diagonal(pairs, np.nan)
        pairs[self.dead, :] = pairs[:, self.dead] = np.nan
        return pairs

    def __str__(self) -> str:
        rows = [["unit", "mean", "std", "least", "most", "zeros", "closest", "r", "dCor", ""]]
        pairs = self._pairs(self.dependence)
        for i, unit in enumerate(self.units[:SHOWN]):
            figures = [f"{value:.3g}" for value in unit[:4]]
            partner = ["-", "-", "-"]
            if np.isfinite(pairs[i]).any():
                j = int(np.nanargmax(pairs[i]))
                partner = [str(j), f"{self.correlation[i, j]:.2f}", f"{pairs[i, j]:.2f}"]
            mark = "dead" if unit.dead else ""
            rows.append([f"{i}", *figures, f"{unit.zeros:.0%}", *partner, mark])
        lines = table(rows)
        if len(self.units) > SHOWN:
            lines.append(f"… and {len(self.units) - SHOWN} more units")
        lines.append(
            f"{len(self.dead)} of {len(self.units)} units dead, {self.zeros:.1%} zeros, "
            f"mean |code| {self.mean_absolute:.3g}"
        )
        if np.isfinite(pairs).any():
            lines.append(
                f"pairs, on average: |correlation| {self.mean_correlation:.3f}, distance "
                f"correlation {self.mean_dependence:.3f}"
            )
        return "\n".join(lines)

    __repr__ = __str__


@hinting
@quiet
def latent_diagnostics(codes: ArrayLike) -> LatentReport:
    """How the numbers of a code are used, and how much they depend on each other.

    A unit is dead if it does not vary: its range is at most 1e-6 of its largest magnitude.

    Two units can be uncorrelated and still depend on each other. The distance correlation of two
    random numbers is 0 only if they are independent, and 1 if one is a linear function of the
    other; of normal ones it is at most their absolute correlation, so that more shows dependence
    beyond correlation [1]_. This is the root of its unbiased estimate [2]_, or 0 where that is
    negative, from at most 2,000 codes drawn at random (always the same ones). From n codes,
    independent units come out at 0 or around 1/√n.

    Parameters
    ----------
    codes : array-like, shape (n, k)
        At least 4 of them. Further dimensions count as flat: shape (n, 7, 7, 1) is 49 units.

    Returns
    -------
    LatentReport
        Prints as a table: each unit, counted from 0, the unit that depends on it most, their
        correlation r and their distance correlation.

    Raises
    ------
    ValueError
        If there are fewer than 4 codes.

    See Also
    --------
    plot.latent : The codes, drawn.
    plot.joint : Two units of a code, drawn.

    References
    ----------
    .. [1] G. Székely, M. Rizzo and N. Bakirov (2007), "Measuring and testing dependence by
       correlation of distances".
    .. [2] G. Székely and M. Rizzo (2014), "Partial distance correlation with methods for
       dissimilarities".

    Examples
    --------
    >>> import numpy as np, tinyae as tae
    >>> a = np.random.default_rng(0).uniform(-1, 1, 500)
    >>> report = tae.latent_diagnostics(np.column_stack([a, a**2]))
    >>> print(f"{report.correlation[0, 1]:.2f}, {report.dependence[0, 1]:.2f}")
    0.08, 0.50
    """
    array = admit(codes, "codes", dtype=np.float64)
    if len(array) < 4:
        raise ValueError(f"codes must hold at least 4 samples, but hold {len(array)}")
    values = array.reshape(len(array), -1).astype(np.float64, order="C")
    # powers of two, by which each unit is about 1: no square overflows or is lost, no digit changes
    exponents = np.frexp(np.abs(values).max(axis=0))[1]
    values = np.ldexp(values, -exponents)
    least, most = values.min(axis=0), values.max(axis=0)
    dead = most - least <= DEAD * np.maximum(np.abs(least), np.abs(most))
    zeros = (values == 0).mean(axis=0)
    scaled = (values.mean(axis=0), values.std(axis=0), least, most)
    columns = (*(np.ldexp(column, exponents) for column in scaled), zeros, dead)
    highest = int(exponents.max())
    absolute = np.ldexp(np.abs(values), exponents - highest).mean()
    few = values
    if len(values) > MOST_ROWS:
        few = values[np.random.default_rng(0).choice(len(values), MOST_ROWS, replace=False)]
    return LatentReport(
        units=tuple(Unit(*unit) for unit in zip(*(c.tolist() for c in columns), strict=True)),
        mean_absolute=float(np.ldexp(absolute, highest)),
        zeros=float(zeros.mean()),
        correlation=_correlation(np.where(dead, 0, values)),
        dependence=distance_correlation(np.where(dead, 0, few)),
    )


def distance_correlation(x: np.ndarray) -> np.ndarray:
    """The distance correlation of each two columns of x (n, k), n ≥ 4; shape (k, k).

    With a_ij = |x_i − x_j|, and row sums a_i· and the whole sum a··, the centred distances are

        A_ij = a_ij − a_i· / (n − 2) − a_·j / (n − 2) + a·· / ((n − 1)(n − 2)),  A_ii = 0

    and ⟨A, B⟩ = Σ A_ij B_ij for two columns gives R = ⟨A, B⟩ / √(⟨A, A⟩ ⟨B, B⟩): the result is √R,
    or 0 where R < 0, and 0 for a column that does not vary.
    """
    n, k = x.shape
    columns = np.ascontiguousarray(x.T, np.float64)
    sums = np.array([_distance_sums(column) for column in columns])  # (k, n): a_i·
    rows = sums / (n - 2)
    whole = sums.sum(axis=1) / ((n - 1) * (n - 2))
    products = np.zeros((k, k))
    for block in row_slices(n, max(1, BLOCK_NUMBERS // (n * k))):
        centred = np.abs(columns[:, block, np.newaxis] - columns[:, np.newaxis, :])
        centred += whole[:, np.newaxis, np.newaxis]
        centred -= rows[:, block, np.newaxis]
        centred -= rows[:, np.newaxis, :]
        inside = np.arange(block.stop - block.start)
        centred[:, inside, inside + block.start] = 0
        flat = centred.reshape(k, -1)
        products += flat @ flat.T
    return np.sqrt(np.maximum(_normalized(products), 0))


def _distance_sums(column: np.ndarray) -> np.ndarray:
    """Σ_j |x_i − x_j| for each i, from the sums of the values below and above it."""
    n = len(column)
    order = np.argsort(column)
    ordered = column[order] - column.mean()
    below = np.cumsum(ordered)
    place = np.arange(1, n + 1)
    sums = np.empty(n)
    sums[order] = (2 * place - n) * ordered - 2 * below + below[-1]
    return sums


def _correlation(x: np.ndarray) -> np.ndarray:
    deviations = x - x.mean(axis=0)
    return np.clip(_normalized(deviations.T @ deviations), -1, 1)


def _normalized(products: np.ndarray) -> np.ndarray:
    """Inner products divided by both lengths; 0 for what has none."""
    lengths = np.sqrt(np.diag(products))
    scale = np.outer(lengths, lengths)
    return np.divide(products, scale, out=np.zeros_like(products), where=scale > 0)
