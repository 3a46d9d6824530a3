"""Rows that begin at lines of the cache."""

import numpy as np
import pytest

from tinyae.machine.aligned import LINE, aligned


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [1, 15, 16, 17, 100_003])
def test_every_row_begins_at_a_line(size, dtype):
    rows = aligned(3, size, np.dtype(dtype))
    assert (rows.dtype, len(rows)) == (dtype, 3)
    assert size <= rows.shape[1] < size + LINE
    assert all(row.ctypes.data % LINE == 0 for row in rows)
    assert rows.flags.carray
