"""Components by singular vectors of a factor, or by rotations where columns have many scales."""

import numpy as np

from .eigenvectors import one_thread
from .jacobi import lengths, orthogonal_rows
from .moments import Moments
from .spectrum import EPS, MARGIN, TOLERANCE, Spectrum, number_kept, of_lengths

GAIN = (
    0.1  # rotations are worth it for directions made of columns that are shorter than the largest
)


def of_factor(data: Moments, n_components: int | float | None) -> Spectrum:
    """By singular vectors of the factor, or by rotations where these are better.

    What is no more than rounding counts as zero.
    """
    columns = lengths(data.matrix.T)[:, 0]
    with one_thread(max(data.matrix.shape)):
        _, deviations, directions = np.linalg.svd(data.matrix, full_matrices=False)
    largest, made_of = deviations[0], lengths(directions * columns)[:, 0]
    rounding = MARGIN * EPS * largest
    short = deviations * TOLERANCE["float64"] < 2 * rounding
    # short columns may have drowned; what is longer than rounding may be made of short ones only
    drowned = columns.min(where=columns > 0, initial=np.inf) * TOLERANCE["float64"] < 2 * rounding
    better = short & (drowned | ((deviations > rounding) & (made_of < GAIN * largest)))
    k = number_kept(n_components, of_lengths(deviations, directions, data.samples), data.samples)
    if better[:k].any():
        deviations, directions = _by_rotations(data.matrix, columns)
        rounding = MARGIN * EPS * lengths(directions * columns)[:, 0]
    deviations = np.where(deviations > rounding, deviations, 0.0)
    order = np.argsort(-deviations, kind="stable")
    return of_lengths(deviations[order], directions[order], data.samples)


def _by_rotations(factor: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Singular values that are not zero, and their vectors in rows."""
    order = np.argsort(-columns, kind="stable")  # so that the rows of the QR's R are short in turn
    rows = np.empty((min(factor.shape), len(columns)))
    rows[:, order] = np.linalg.qr(factor[:, order], mode="r")
    rows = orthogonal_rows(rows)
    deviations = lengths(rows)
    there = deviations[:, 0] > 0
    return deviations[there, 0], rows[there] / deviations[there]
