"""What there is no memory for is refused by its name and its size."""

import contextlib
import math
import sys
from collections.abc import Iterator

import numpy as np


@contextlib.contextmanager
def room_for(what: str, shape: tuple[int, ...], dtype: np.dtype) -> Iterator[None]:
    """Make an array in the `with` block, or say in the MemoryError how large it would be."""
    size = math.prod(shape) * dtype.itemsize
    try:
        if size > sys.maxsize // 8:  # of which NumPy does not say that it is memory that lacks
            raise MemoryError
        yield
    except MemoryError as error:
        raise MemoryError(
            f"{what} would take {size:,} bytes, as an array of shape {shape}, for which there is "
            "not enough memory: make it smaller"
        ) from error
