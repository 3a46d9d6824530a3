"""Which way to the components: the fastest in which each one kept is right to its own size.

========================  =================  =====================================================
what is kept of the data  is solved by       where
========================  =================  =====================================================
scatter, in their dtype   eigenvectors       rounding, relative to the largest variance, is small
scatter, in float64       eigenvectors       beside the smallest one kept
factor                    singular vectors   it is small beside the smallest deviation kept; or
                                             there are no more samples than features
factor                    Jacobi rotations   else: rounding is relative to each column's length
========================  =================  =====================================================

A scatter that was good enough stays so, since more samples only add to its eigenvalues. A stream
begins with a factor, and is tried as a scatter whenever its samples have doubled.
"""

from typing import NamedTuple

import numpy as np

from .jacobi import lengths, orthogonal_rows
from .moments import Moments, factored, merge, moments, real, with_factor, with_scatter

EPS = float(np.finfo(np.float64).eps)
# How far off a variance may be, relative to its own size, by the digits of the data.
TOLERANCE = {"float32": 1e-5, "float64": 1e-6}
# What is lost at most, in units of the rounding of one operation: by solvers, and by long sums
MARGIN, SUMS = 4, 16
GAIN = (
    0.1  # rotations are worth it for directions made of columns that are shorter than the largest
)


class Decomposition(NamedTuple):
    """The eigenvectors that are kept, largest variance first, in the dtype of the data."""

    mean: np.ndarray
    components: np.ndarray
    variance: np.ndarray
    variance_ratio: np.ndarray


class Spectrum(NamedTuple):
    """All variances that need not be zero, largest first; their shares; directions in rows."""

    variance: np.ndarray
    ratio: np.ndarray
    directions: np.ndarray


def learn(
    x: np.ndarray, n_components: int | float | None, dtype: np.dtype, known: Moments | None = None
) -> tuple[Moments, Decomposition | None]:
    """The moments of an admitted array and what is known already; and what was solved on the way.

    Parameters
    ----------
    x : array, shape (n, p)
    n_components : int, float or None
        How many components the moments are to be good enough for.
    dtype : dtype
        Of the components.
    known : Moments, optional
    """
    before = known.samples if known else 0
    samples = before + len(x)
    doubled = samples.bit_length() > before.bit_length() and samples > x.shape[1]
    if doubled or (known and known.form == "scatter"):
        for product in dict.fromkeys((real(x), np.dtype(np.float64))):
            data = moments(x, product)
            data = merge(with_scatter(known), data) if known else data
            error = _rounding(data) / TOLERANCE[dtype.name]
            if error <= _least(data, n_components):
                return data, None
            if error < np.trace(data.matrix):  # finite, and there is something to be found
                spectrum = of_scatter(data)
                smallest = spectrum.variance[number_kept(n_components, spectrum, samples) - 1]
                data = data._replace(least=smallest * max(1, samples - 1))
                if error <= data.least:
                    return data, keep(data, spectrum, n_components, dtype)
    data = factored(x)
    data = merge(with_factor(known), data) if known else data
    if not np.isfinite(np.square(data.matrix).sum()):
        raise ValueError("x spans too wide a range: its squares overflow float64; scale it down")
    return data, None


def decompose(data: Moments, n_components: int | float | None, dtype: np.dtype) -> Decomposition:
    """Mean, components and variances of the data."""
    spectrum = of_factor(data, n_components) if data.form == "factor" else of_scatter(data)
    return keep(data, spectrum, n_components, dtype)


def of_scatter(data: Moments) -> Spectrum:
    """By eigenvectors of the scatter."""
    values, vectors = np.linalg.eigh(data.matrix)
    variance = np.maximum(values[::-1], 0.0) / max(1, data.samples - 1)
    total = variance.sum()
    ratio = variance / total if total > 0 else np.zeros(len(variance))
    return Spectrum(variance, ratio, vectors.T[::-1])


def of_factor(data: Moments, n_components: int | float | None) -> Spectrum:
    """By singular vectors of the factor, or by rotations where these are better.

    What is no more than rounding counts as zero.
    """
    columns = lengths(data.matrix.T)[:, 0]
    _, deviations, directions = np.linalg.svd(data.matrix, full_matrices=False)
    largest, made_of = deviations[0], lengths(directions * columns)[:, 0]
    rounding = MARGIN * EPS * largest
    short = deviations * TOLERANCE["float64"] < 2 * rounding
    # short columns may have drowned; what is longer than rounding may be made of short ones only
    drowned = columns.min(where=columns > 0, initial=np.inf) * TOLERANCE["float64"] < 2 * rounding
    better = short & (drowned | ((deviations > rounding) & (made_of < GAIN * largest)))
    k = number_kept(n_components, _spectrum(deviations, directions, data.samples), data.samples)
    if better[:k].any():
        deviations, directions = _by_rotations(data.matrix, columns)
        rounding = MARGIN * EPS * lengths(directions * columns)[:, 0]
    deviations = np.where(deviations > rounding, deviations, 0.0)
    order = np.argsort(-deviations, kind="stable")
    return _spectrum(deviations[order], directions[order], data.samples)


def _by_rotations(factor: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Singular values that are not zero, and their vectors in rows."""
    order = np.argsort(-columns, kind="stable")  # so that the rows of the QR's R are short in turn
    rows = np.empty((min(factor.shape), len(columns)))
    rows[:, order] = np.linalg.qr(factor[:, order], mode="r")
    rows = orthogonal_rows(rows)
    deviations = lengths(rows)
    there = deviations[:, 0] > 0
    return deviations[there, 0], rows[there] / deviations[there]


def _spectrum(deviations: np.ndarray, directions: np.ndarray, samples: int) -> Spectrum:
    """Of singular values and vectors; shares are right where the variances themselves are lost."""
    share = np.square(deviations / max(deviations.max(initial=0), np.finfo(np.float64).tiny))
    variance = np.square(deviations / np.sqrt(max(1, samples - 1)))
    return Spectrum(variance, share / max(share.sum(), 1.0), directions)


def keep(
    data: Moments, spectrum: Spectrum, n_components: int | float | None, dtype: np.dtype
) -> Decomposition:
    """The components asked for, each with the sign that makes its largest entry positive."""
    k = number_kept(n_components, spectrum, data.samples)
    components, lacking = spectrum.directions[:k], k - len(spectrum.directions)
    if lacking > 0:
        basis = np.linalg.qr(components.T, mode="complete")[0].T
        components = np.concatenate([components, basis[len(components) : k]])
    largest = np.abs(components).argmax(axis=1)
    components = components * np.sign(components[np.arange(k), largest])[:, np.newaxis]
    zeros = np.zeros(max(0, lacking))
    return Decomposition(
        data.mean.astype(dtype),
        np.ascontiguousarray(components, dtype),
        np.concatenate([spectrum.variance[:k], zeros]),
        np.concatenate([spectrum.ratio[:k], zeros]),
    )


def number_kept(n_components: int | float | None, spectrum: Spectrum, samples: int) -> int:
    """How many components that are."""
    if n_components is None:
        return min(samples, spectrum.directions.shape[1])
    if isinstance(n_components, int | np.integer):
        return int(n_components)
    kept = np.cumsum(spectrum.ratio)
    # The last digits of a sum of p numbers are rounding, which must not ask for more components.
    enough = kept >= kept[-1] * (n_components - len(kept) * EPS)
    return int(enough.argmax()) + 1


def _rounding(data: Moments) -> float:
    """How far off an eigenvalue of the scatter may be, by its products and its solution."""
    squares = np.diag(data.matrix)
    lost = data.samples * float(np.finfo(np.float32 if data.rounding > EPS else np.float64).tiny)
    return MARGIN * EPS * squares.sum() + SUMS * data.rounding * squares.max() + lost


def _least(data: Moments, n_components: int | float | None) -> float:
    """What the smallest eigenvalue that is kept is known to be at least, without solving."""
    if isinstance(n_components, int | np.integer | None):
        return data.least
    # the smallest that are left out are less than the rest of the share
    return max(0.0, 1 - float(n_components)) * float(np.trace(data.matrix)) / len(data.matrix)
