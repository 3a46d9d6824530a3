"""Results are finite, or refused by name: NumPy's own warnings say neither what nor where."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

GLANCE = 4096  # numbers: so few are counted sooner than their smallest and largest are found
# For functions in which NumPy neither warns nor raises, whatever the process has set: what may have
# overflowed is looked for. Code of a user's does not run in them, since it keeps their settings.
quiet = np.errstate(all="ignore")


def all_finite(array: np.ndarray) -> bool:
    """Whether it holds neither NaN nor infinity; a product says so soonest, if none overflows."""
    return bool(np.vdot(array, array) < np.inf) or bool(np.isfinite(array).all())


def finite(result: np.ndarray, what: str, dtype: np.dtype | None = None) -> np.ndarray:
    """The result, unless it holds NaN or infinity; `dtype` is what it was computed in."""
    if result.size <= GLANCE:
        right = all_finite(result)
    else:  # min and max carry NaN through and need no memory
        right = -np.inf < result.min() <= result.max() < np.inf
    if not right:
        raise beyond(what, dtype or result.dtype)
    return result


def beyond(what: str, dtype: np.dtype) -> ValueError:
    """The error of a result that is not finite."""
    return ValueError(f"{what} is beyond {dtype}: the data, or numbers of the model, are too large")


@quiet
def converted(array: ArrayLike, dtype: DTypeLike) -> np.ndarray:
    """A copy in C order; what is too small for the dtype becomes 0, what is too large infinite."""
    return np.array(array, dtype, order="C")
