"""Which way to the components: the fastest in which each one kept is right to its own size.

Of n samples of p features, k components:

=============================  =======================  ============================================
what is kept of the data       is solved by             where
=============================  =======================  ============================================
the samples, if n < p          Gram matrix (n, n)       rounding, relative to the largest variance,
                                                        is small beside the smallest one kept
the same, if n ≤ 4 p           products with the data   as well; both large and k few
scatter (p, p), in their       eigenvectors, k of       as well
dtype or in float64            them if they are few
factor, up to max(1024, 2 p)   singular vectors         rounding is small beside the smallest
rows                                                    deviation kept
factor                         Jacobi rotations         else: it is relative to each column's length
=============================  =======================  ============================================

A scatter that was good enough stays so, since more samples only add to its eigenvalues. A stream
begins with its samples, goes on with a factor where it has more of them than features, and is tried
as a scatter then and whenever they have doubled.
"""

import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..checks.arrays import admit
from .deviations import Deviations, deviations
from .eigenvectors import largest, of_matrix
from .jacobi import lengths
from .moments import (
    BLOCK_ROWS,
    Moments,
    factored,
    merge,
    moments,
    narrowed,
    real,
    widened,
    with_factor,
    with_scatter,
)
from .singular import of_factor
from .sparse import Rows, SparseRows, joined
from .spectrum import (
    EPS,
    MARGIN,
    SUMS,
    TOLERANCE,
    Spectrum,
    count_known,
    number_kept,
    of_squares,
)

LARGE = 64  # both sides are so many times the components: products with the data are fewer
SMALL_SIDE = 2048  # of a sparse matrix: a dense one of this size is nothing
TALL = 4  # times as many samples as features are kept at most
BLOCKS = 40  # of products with the data, after which a matrix would have been faster


class Decomposition(NamedTuple):
    """The eigenvectors that are kept, largest variance first, in the dtype of the data."""

    mean: np.ndarray
    components: np.ndarray
    variance: np.ndarray
    variance_ratio: np.ndarray
    noise_variance: float


def learn(
    x: Rows,
    n_components: int | float | None,
    dtype: np.dtype,
    known: Moments | None = None,
    at_once: bool = False,
) -> tuple[Moments, Decomposition | None]:
    """The moments of an array and what is known already; and what was solved on the way.

    Parameters
    ----------
    x : array, shape (n, p)
        Looked at for NaN and infinity here, where all of it is read anyway.
    n_components : int, float or None
        How many components the moments are to be good enough for.
    dtype : dtype
        Of the components.
    known : Moments, optional
    at_once : bool, default False
        Whether the components are asked for now, and there are no more samples to wait for.
    """
    if known is not None and known.form != "rows":
        return _condensed([x], n_components, dtype, known)
    arrays = [x] if known is None else [known.matrix, x]
    samples, features = sum(map(len, arrays)), x.shape[1]
    if samples < features or (known is None and _is_large(x, n_components)):
        all_of_it = deviations(x if known is None else joined(arrays, dtype))
        data, found = _kept(all_of_it, x), None
        if at_once or samples >= features:
            spectrum = _of_rows(all_of_it, n_components, dtype)
            if spectrum is None and samples < features:
                spectrum = of_factor(factored(x), n_components)
            if spectrum is not None:
                found = keep(data, spectrum, n_components, dtype)
            del spectrum
        del all_of_it  # the copy comes when what was made of the data is gone
        if known is None:
            data = data._replace(matrix=joined(arrays, dtype))
        if found or samples < features:
            return data, found
    return _condensed(arrays, n_components, dtype)


def _kept(of: Deviations, x: Rows) -> Moments:
    """The moments of samples that are kept, of which `x` has come last."""
    if not np.isfinite(of.squares):
        refuse(x)
    return Moments(len(of.rows), of.anchor, of.offset, "rows", of.rows)


def refuse(x: Rows) -> None:
    """Say what makes the squares of an array infinite."""
    if isinstance(x, np.ndarray):
        admit(x, "x", None, np.float64)
    raise ValueError("x spans too wide a range: its squares overflow float64; scale it down")


def _condensed(
    arrays: Sequence[Rows],
    n_components: int | float | None,
    dtype: np.dtype,
    known: Moments | None = None,
) -> tuple[Moments, Decomposition | None]:
    """The moments of several arrays, and of what is known, as a scatter or factor."""
    samples = before = known.samples if known else 0
    samples += sum(map(len, arrays))
    x, features = arrays[-1], arrays[-1].shape[1]
    doubled = samples.bit_length() > before.bit_length() and samples >= features
    if doubled or (known and known.form == "scatter"):
        for product in _products(x, n_components):
            added = (moments(each, product) for each in arrays)
            earlier = [with_scatter(known)] if known else []
            if (found := as_scatter([*earlier, *added], n_components, dtype)) is not None:
                return found
    parts = [factored(each) for each in arrays]
    data = functools.reduce(merge, ([with_factor(known)] if known else []) + parts)
    if not np.isfinite(np.square(data.matrix).sum()):
        refuse(x)
    return data, None


def _products(x: Rows, n_components: int | float | None) -> list[np.dtype]:
    """The dtypes whose products may be good enough, the fastest first."""
    single, double = np.dtype(np.float32), np.dtype(np.float64)
    if real(x) == double:
        return [double]
    if count_known(n_components, *x.shape) == x.shape[1]:  # few rows tell how short columns are
        spread = np.var(x[:: max(1, len(x) // BLOCK_ROWS)], axis=0, dtype=np.float64)
        shortest = spread.min(where=spread > 0, initial=np.inf)
        if shortest * TOLERANCE["float32"] < np.finfo(np.float32).eps * spread.max():
            return [double]
    return [single, double]


def as_scatter(
    parts: Sequence[Moments], n_components: int | float | None, dtype: np.dtype
) -> tuple[Moments, Decomposition | None] | None:
    """Their merged scatters, and what was solved on the way; None if they are not good enough."""
    data = functools.reduce(merge, parts)
    del parts
    error = _rounding(data) / TOLERANCE[dtype.name]
    if error <= _least(data, n_components):
        return data, None
    if error < _most(data, n_components):  # there is something to be found
        data, there = narrowed(data)  # and no longer both, while that is solved
        spectrum = of_scatter(data, n_components)
        data = widened(data, there)
        kept = number_kept(n_components, spectrum, data.samples)
        directions = np.zeros((len(spectrum.directions[:kept]), len(data.matrix)))
        directions[:, there] = spectrum.directions[:kept]
        spectrum = spectrum._replace(directions=directions)
        smallest = spectrum.variance[min(kept, len(spectrum.variance)) - 1]
        data = data._replace(least=smallest * max(1, data.samples - 1))
        if error <= data.least:
            return data, keep(data, spectrum, n_components, dtype)
    return None


def decompose(data: Moments, n_components: int | float | None, dtype: np.dtype) -> Decomposition:
    """Mean, components and variances of the data."""
    if data.form == "rows":
        rows, spectrum = data.matrix, None
        wide = len(rows) < rows.shape[1]
        if wide or _is_large(rows, n_components):
            spectrum = _of_rows(deviations(rows), n_components, dtype)
        if spectrum is None and not wide:
            data, found = _condensed([rows], n_components, dtype)
            return found or decompose(data, n_components, dtype)
        if spectrum is None:
            spectrum = of_factor(factored(rows), n_components)
    elif data.form == "factor":
        spectrum = of_factor(data, n_components)
    else:
        spectrum = of_scatter(data, n_components)
    return keep(data, spectrum, n_components, dtype)


def of_scatter(data: Moments, n_components: int | float | None) -> Spectrum:
    """By eigenvectors of the scatter."""
    count = count_known(n_components, data.samples, len(data.matrix))
    values, vectors = of_matrix(data.matrix, count)
    total = float(np.trace(data.matrix)) if count is not None else float(values.sum())
    return of_squares(values, vectors, total, data.samples)


def _is_large(rows: Rows, n_components: int | float | None) -> bool:
    """Whether products of a few vectors with the data take less time than a matrix."""
    samples, features = rows.shape
    count = count_known(n_components, samples, features)
    if isinstance(rows, SparseRows):
        return count is not None and max(SMALL_SIDE, count * LARGE // 4) < min(rows.shape)
    if count is None or samples > TALL * features:
        return False
    # a matrix of features is made of products that are cheaper, in the dtype of the data
    return count * LARGE <= (samples if samples < features else features // 2)


def _of_rows(of: Deviations, n_components: int | float | None, dtype: np.dtype) -> Spectrum | None:
    """By eigenvectors of the smaller of the matrices D'D and D D', if they are good enough."""
    samples, features = of.rows.shape
    rank = min(samples - 1, features)  # at most: centred samples add up to 0
    count = count_known(n_components, samples, features)
    wanted = None if count is None else min(count, rank)
    total = of.squares
    if wanted is not None and _is_large(of.rows, n_components):
        if (found := _by_products(of, wanted, TOLERANCE[dtype.name])) is None:
            return None
        values, vectors = found
    else:
        values, vectors = of_matrix(of.matrix(), wanted)
    spectrum = of_squares(values[:rank], vectors, total, samples)
    wanted = min(
        rank,
        number_kept(n_components, spectrum._replace(directions=np.empty((0, features))), samples),
    )
    error = EPS * (MARGIN * of.rounded + SUMS * values[0]) / TOLERANCE[dtype.name]
    if not wanted or error >= values[wanted - 1]:  # 0, too, for data without variance
        return None
    vectors = vectors[:wanted]
    if of.wide:  # carried over to the features
        vectors = vectors / np.sqrt(values[:wanted, np.newaxis])
        vectors = np.linalg.solve(np.linalg.cholesky(of.inner(vectors)), vectors)
        vectors = of.times(vectors)
    return spectrum._replace(directions=vectors)


def _by_products(
    of: Deviations, count: int, tolerance: float
) -> tuple[np.ndarray, np.ndarray] | None:
    """The largest eigenvalues and vectors of D D', whose residual is looked at in float64."""
    for product in (of.nearly_times_matrix, of.times_matrix):
        found = largest(product, of.short, count, None if of.sparse else BLOCKS)
        if found is None:
            return None
        image = of.times_matrix(found[1])
        values, turn = of_matrix(image @ found[1].T)
        vectors = turn @ found[1]
        residual = lengths(turn @ image - values[:, np.newaxis] * vectors)[:, 0]
        if (residual <= tolerance * values).all():
            return values, vectors
    return None


def keep(
    data: Moments, spectrum: Spectrum, n_components: int | float | None, dtype: np.dtype
) -> Decomposition:
    """The components asked for, each with the sign that makes its largest entry positive."""
    features = spectrum.directions.shape[1]
    k = number_kept(n_components, spectrum, data.samples)
    found = _completed(spectrum.directions[:k], k)
    largest = np.array([row[np.abs(row).argmax()] for row in found])
    components = np.empty(found.shape, dtype)
    np.multiply(found, np.sign(largest)[:, np.newaxis], out=components, casting="same_kind")
    zeros = np.zeros(max(0, k - len(spectrum.variance)))
    left = min(data.samples, features) - k
    rest = spectrum.rest + float(spectrum.variance[k:].sum())
    return Decomposition(
        data.mean.astype(dtype),
        components,
        np.concatenate([spectrum.variance[:k], zeros]),
        np.concatenate([spectrum.ratio[:k], zeros]),
        rest / left if left > 0 else 0.0,
    )


def _completed(directions: np.ndarray, count: int) -> np.ndarray:
    """So many orthonormal rows, of which these are the first."""
    lacking = count - len(directions)
    if lacking <= 0:
        return directions
    others = np.random.default_rng(0).standard_normal((lacking, directions.shape[1]))
    for _ in range(2):
        others -= (others @ directions.T) @ directions
        others = np.linalg.qr(others.T)[0].T
    return np.concatenate([directions, others])


def _rounding(data: Moments) -> float:
    """How far off an eigenvalue of the scatter may be, by its products and its solution."""
    squares = np.diag(data.matrix)
    single = data.rounding >= np.finfo(np.float32).eps
    lost = data.samples * float(np.finfo(np.float32 if single else np.float64).tiny)
    return MARGIN * EPS * squares.sum() + SUMS * data.rounding * squares.max() + lost


def _most(data: Moments, n_components: int | float | None) -> float:
    """What it is at most: if all are kept, the shortest column's square that is not 0."""
    squares = np.diag(data.matrix)
    there = squares[squares > 0]
    count = count_known(n_components, data.samples, len(squares))
    return float(there.min() if count is not None and 0 < len(there) <= count else squares.sum())


def _least(data: Moments, n_components: int | float | None) -> float:
    """What the smallest eigenvalue that is kept is known to be at least, without solving."""
    if isinstance(n_components, int | np.integer | None):
        return data.least
    # the smallest that are left out are less than the rest of the share
    return max(0.0, 1 - float(n_components)) * float(np.trace(data.matrix)) / len(data.matrix)
