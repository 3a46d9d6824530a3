"""Arrays whose rows begin where a line of the processor's cache does."""

import numpy as np

LINE = 64  # bytes


def aligned(rows: int, size: int, dtype: np.dtype) -> np.ndarray:
    """An empty array of that many rows, with at least `size` numbers in each.

    No vector of a line's size lies across two lines then, each of which would have to be read.
    """
    row = -(-size * dtype.itemsize // LINE) * LINE
    memory = np.empty(rows * row + LINE, np.uint8)
    start = -memory.ctypes.data % LINE
    return memory[start : start + rows * row].view(dtype).reshape(rows, row // dtype.itemsize)
