"""What a code uses: units that never vary, zeros, and how much its units say of each other.

Of a variational code also how many nats each unit costs, and which have collapsed to the prior.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ..checks.arrays import admit, row_slices
from ..checks.floating_point import finite, quiet
from ..checks.hints import hinting
from ..checks.tables import percent, table

# Rows for dependence, which compares every code with every other in each two units
FEWEST_ROWS, MOST_ROWS, MOST_NUMBERS = 200, 2000, 1 << 18
BLOCK_NUMBERS = 1 << 22
NO_NORM = 1e-9  # of what is centred, against what is not: nothing but rounding
DEAD = 1e-6  # a range this small against the unit's values is float32's rounding
COLLAPSED = 0.01  # variance of the means, in Burda, Grosse and Salakhutdinov (2015)
SHOWN = 20


class Unit(NamedTuple):
    """One number of a code, over all samples."""

    mean: float
    std: float
    least: float
    most: float
    zeros: float  # the share of samples where it is exactly 0
    dead: bool
    kl: float | None = None  # of a variational code: the mean of its KL over samples, in nats
    collapsed: bool = False


@dataclass(frozen=True, repr=False)
class LatentReport:
    """The result of `latent_diagnostics`; prints as a table.

    Attributes
    ----------
    units : tuple of Unit
        Mean, standard deviation, range and share of zeros of each, and whether it is dead; of a
        variational code also its KL in nats, and whether it has collapsed.
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
    def collapsed(self) -> list[int]:
        """The positions, from 0, of a variational code's units that are not active."""
        return [i for i, unit in enumerate(self.units) if unit.collapsed]

    @property
    def kl(self) -> float | None:
        """The KL of a variational code, all units together: the ``kl`` of `evaluate`."""
        parts = [unit.kl for unit in self.units if unit.kl is not None]
        return math.fsum(parts) if parts else None

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
        drawn = self.kl is not None
        # means are never 0
        figures = ["unit", "mean", "std", "least", "most", "kl" if drawn else "zeros"]
        rows, pairs = [[*figures, "closest", "r", "dCor", ""]], self._pairs(self.dependence)
        for i, unit in enumerate(self.units[:SHOWN]):
            figures = [f"{value:.3g}" for value in unit[:4]]
            partner = ["-", "-", "-"]
            if np.isfinite(pairs[i]).any():
                j = int(np.nanargmax(pairs[i]))
                partner = [str(j), f"{self.correlation[i, j]:.2f}", f"{pairs[i, j]:.2f}"]
            last = percent(unit.zeros) if unit.kl is None else f"{unit.kl:.3g}"
            mark = "collapsed" if unit.collapsed else "dead" if unit.dead else ""
            rows.append([f"{i}", *figures, last, *partner, mark])
        lines = table(rows, gap=" " if drawn else "  ")
        if len(self.units) > SHOWN:
            lines.append(f"… and {len(self.units) - SHOWN} more units")
        lines.append(
            f"{len(self.dead)} of {len(self.units)} units dead, {percent(self.zeros, 1)} zeros, "
            f"mean |code| {self.mean_absolute:.3g}"
        )
        if drawn:
            active = len(self.units) - len(self.collapsed)
            lines.append(
                f"{active} units active, {len(self.collapsed)} collapsed, KL {self.kl:.4g} nats"
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
def latent_diagnostics(codes: ArrayLike, std: ArrayLike | None = None) -> LatentReport:
    """How the numbers of a code are used, and how much they depend on each other.

    A unit is dead if it does not vary: its range is at most 1e-6 of its largest magnitude.

    Of a variational code, with the deviations σ of the codes' distributions as `std`, each unit has
    a KL, the mean over samples of ½ (μ² + σ² − 1 − log σ²): the nats that it costs, and the most
    that it can say of a sample. It is active if the variance of its means μ over the samples is
    above 0.01 [3]_, else collapsed: it stands at the prior, whatever the sample is.

    Two units can be uncorrelated and still depend on each other. The distance correlation of two
    random numbers is 0 only if they are independent, and 1 if one is a linear function of the
    other; of normal ones it is at most their absolute correlation, so that more shows dependence
    beyond correlation [1]_. This is the root of its unbiased estimate [2]_, or 0 where that is
    negative, from at most 2,000 codes drawn at random (always the same ones). Of k > 131
    units that are not dead they are 2¹⁸ / k codes, but at least 200. From n codes, independent
    units come out at 0 or around 1/√n.

    Parameters
    ----------
    codes : array-like, shape (n, k)
        At least 4 of them. Further dimensions count as flat: shape (n, 7, 7, 1) is 49 units.
    std : array-like, shape (n, k), optional
        The deviations of a variational code, whose means are `codes`: both are what
        ``encode(x, return_std=True)`` gives, as ``latent_diagnostics(*both)``.

    Returns
    -------
    LatentReport
        Prints as a table: each unit, counted from 0, the unit that depends on it most, their
        correlation r and their distance correlation.

    Raises
    ------
    ValueError
        If there are fewer than 4 codes, or deviations of another shape or not above zero.

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
    .. [3] Y. Burda, R. Grosse and R. Salakhutdinov (2015), "Importance weighted autoencoders".

    Examples
    --------
    >>> import numpy as np, tinyae as tae
    >>> a = np.random.default_rng(0).uniform(-1, 1, 500)
    >>> report = tae.latent_diagnostics(np.column_stack([a, a**2]))
    >>> print(f"{report.correlation[0, 1]:.2f}, {report.dependence[0, 1]:.2f}")
    0.08, 0.50
    """
    if isinstance(codes, tuple) and len(codes) == 2 and std is None and np.ndim(codes[0]) > 1:
        raise ValueError(
            "codes must be one array: give means and deviations as latent_diagnostics(mean, std)"
        )
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
    columns = [*(np.ldexp(column, exponents) for column in scaled), zeros, dead]
    if std is not None:
        kl = _divergence(array, admit(std, "std", array.shape[1:], np.float64))
        columns += [kl, columns[1] ** 2 <= COLLAPSED]
    highest = int(exponents.max())
    absolute = np.ldexp(np.abs(values), exponents - highest).mean()
    alive = np.flatnonzero(~dead)
    few, rows = values, min(MOST_ROWS, max(FEWEST_ROWS, MOST_NUMBERS // max(1, alive.size)))
    if len(values) > rows:
        few = values[np.random.default_rng(0).choice(len(values), rows, replace=False)]
    dependence = np.zeros((dead.size, dead.size))
    if alive.size:
        dependence[np.ix_(alive, alive)] = distance_correlation(few[:, alive])
    return LatentReport(
        units=tuple(Unit(*unit) for unit in zip(*(c.tolist() for c in columns), strict=True)),
        mean_absolute=float(np.ldexp(absolute, highest)),
        zeros=float(zeros.mean()),
        correlation=_correlation(np.where(dead, 0, values)),
        dependence=dependence,
    )


def _divergence(mean: np.ndarray, std: np.ndarray) -> np.ndarray:
    """The mean over samples of each unit's KL from N(0, 1)."""
    if len(std) != len(mean):
        raise ValueError(
            f"codes and std must have as many samples, but have {len(mean)} and {len(std)}"
        )
    if std.min() <= 0:
        raise ValueError(f"std must be positive, but one is {std.min():.6g}")
    mu, sigma = (part.reshape(len(part), -1).astype(np.float64) for part in (mean, std))
    kl = (0.5 * (mu**2 + (sigma**2 - 1 - 2 * np.log(sigma)))).mean(axis=0)
    return finite(kl, "a unit's KL")


def distance_correlation(x: np.ndarray) -> np.ndarray:
    """The distance correlation of each two columns of x (n, k), n ≥ 4; shape (k, k).

    With a_ij = |x_i − x_j|, and row sums a_i· and the whole sum a··, the centred distances are

        A_ij = a_ij − a_i· / (n − 2) − a_·j / (n − 2) + a·· / ((n − 1)(n − 2)),  A_ii = 0

    and for two columns

        ⟨A, B⟩ = Σ A_ij B_ij = Σ a_ij b_ij − 2 Σ a_i· b_i· / (n − 2) + a·· b·· / ((n − 1)(n − 2))

    gives R = ⟨A, B⟩ / √(⟨A, A⟩ ⟨B, B⟩): the result is √R, or 0 where R < 0, and 0 for a column that
    does not vary, or with one value but for one sample.
    """
    n, k = x.shape
    columns = np.ascontiguousarray(x.T, np.float64)
    sums = np.array([_distance_sums(column) for column in columns])  # (k, n): a_i·
    whole = sums.sum(axis=1)
    plain, found = np.zeros((k, k)), np.empty((k, k))
    for block in row_slices(n, max(1, BLOCK_NUMBERS // (n * k))):
        # a_ij = a_ji: those of the block's rows and the later ones, each twice
        later = columns[:, block.start :]
        distances = np.abs(columns[:, block, np.newaxis] - later[:, np.newaxis, :])
        distances[:, :, : block.stop - block.start] *= math.sqrt(0.5)  # where both are there
        flat = distances.reshape(k, -1)
        plain += np.matmul(flat, flat.T, out=found)
    plain *= 2
    products = plain - 2 / (n - 2) * (sums @ sums.T)
    products += np.outer(whole, whole) / ((n - 1) * (n - 2))
    nothing = np.diag(products) <= NO_NORM * np.diag(plain)
    products[nothing] = products[:, nothing] = 0
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
