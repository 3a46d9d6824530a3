"""Min, max and empty for kernels: what Python and NumPy give."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.jit import needs_jit
from tinyae.machine.basics import ALIGNMENT, empty, larger, smaller
from tinyae.machine.jit import kernel

WHOLE = st.integers(-(2**63), 2**63 - 1)


@kernel
def extremes(a, b):
    return smaller(a, b), larger(a, b)


@kernel
def filled(size, like, number):
    made = empty(size, like)
    for i in range(made.size):
        made[i] = number
    return made


@given(WHOLE, WHOLE)
def test_the_smaller_and_the_larger_of_two_whole_numbers(a, b):
    assert extremes(a, b) == (min(a, b), max(a, b))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
@pytest.mark.parametrize("size", [0, 1, 1000])
def test_a_new_array_is_like_another(dtype, size):
    like = np.ones((2, 3), dtype)
    made, other = filled(size, like, 7), filled(size, like, 8)
    assert made.dtype == dtype
    np.testing.assert_array_equal(made, np.full(size, 7))
    np.testing.assert_array_equal(other, np.full(size, 8))


@needs_jit
def test_a_new_array_begins_where_vectors_do_and_is_kept_by_whoever_has_it():
    made = [filled(100, np.ones(1), i) for i in range(50)]
    assert not any(each.ctypes.data % ALIGNMENT for each in made)
    assert [each[99] for each in made] == [*range(50)]


@needs_jit
def test_no_memory_is_an_error_as_in_numpy():
    with pytest.raises(MemoryError):
        filled(1 << 55, np.ones(1), 0)
