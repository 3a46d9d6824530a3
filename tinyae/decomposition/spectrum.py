"""Variances and directions as solvers find them, and how many of them are asked for."""

from typing import NamedTuple

import numpy as np

EPS = float(np.finfo(np.float64).eps)
# How far off a variance may be, relative to its own size, by the digits of the data.
TOLERANCE = {"float32": 1e-5, "float64": 1e-6}
# What is lost at most, in units of the rounding of one operation: by solvers, and by long sums
MARGIN, SUMS = 4, 16


class Spectrum(NamedTuple):
    """The largest variances in order, their shares of the whole, and their directions in rows.

    What is left out is 0, or a `rest` that need not be known one by one.
    """

    variance: np.ndarray
    ratio: np.ndarray
    directions: np.ndarray
    rest: float = 0.0


def of_squares(values: np.ndarray, directions: np.ndarray, total: float, samples: int) -> Spectrum:
    """From sums of squares, and the sum of all of them; what is no more than rounding is 0."""
    divisor, rounding = max(1, samples - 1), MARGIN * EPS * total
    values = np.where(values > rounding, values, 0.0)
    ratio = values / total if total > 0 else np.zeros(len(values))
    rest = total - float(values.sum())
    return Spectrum(values / divisor, ratio, directions, rest / divisor if rest > rounding else 0.0)


def of_lengths(lengths: np.ndarray, directions: np.ndarray, samples: int) -> Spectrum:
    """From their roots; shares are right where the variances themselves are lost."""
    share = np.square(lengths / max(lengths.max(initial=0), np.finfo(np.float64).tiny))
    variance = np.square(lengths / np.sqrt(max(1, samples - 1)))
    return Spectrum(variance, share / max(share.sum(), 1.0), directions)


def number_kept(n_components: int | float | None, spectrum: Spectrum, samples: int) -> int:
    """How many components that are."""
    count = count_known(n_components, samples, spectrum.directions.shape[1])
    if count is not None:
        return count
    if not len(spectrum.ratio):  # a single sample, of which any direction is as good
        return 1
    kept = np.cumsum(spectrum.ratio)
    # The last digits of a sum of p numbers are rounding, which must not ask for more components.
    enough = kept >= kept[-1] * (float(n_components or 1) - len(kept) * EPS)
    return int(enough.argmax()) + 1


def count_known(n_components: int | float | None, samples: int, features: int) -> int | None:
    """The same, unless it depends on the variances."""
    if n_components is None:
        return min(samples, features)
    return int(n_components) if isinstance(n_components, int | np.integer) else None
