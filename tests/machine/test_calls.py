"""Kernels called by address, what is refused as one, and views of arrays inside kernels."""

import re
import threading

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import types

from tests.support.jit import needs_jit
from tinyae.machine import calls
from tinyae.machine.jit import kernel
from tinyae.machine.views import clear, copy, view
from tinyae.system.numba_parts import DISABLED


@kernel
def scale(x, factor, negate, y):
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            y[i * x.shape[1] + j] = -factor * x[i, j] if negate else factor * x[i, j]


@kernel
def shift(x, by, negate, y):
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            y[i * x.shape[1] + j] = x[i, j] + by


@kernel
def refuse(x, factor, negate, y):
    if factor > 1:
        raise ValueError("too much")
    y[0] = factor


address, call = calls.by_address(
    "x, by, negate, y",
    lambda real: types.void(real[:, ::1], types.float64, types.boolean, real[::1]),
)


@kernel
def twice(first, second, x, y, z):
    call(first, (x, 3.0, True, y))
    call(second, (x, 0.5, False, z))


@kernel
def part(array, start, rows, columns, out):
    """A view of a part, counted up by one and copied to out."""
    inside = view(array, start, (rows, columns))
    for i in range(rows):
        for j in range(columns):
            inside[i, j] += 1
    copy(inside, out)


@kernel
def cleared(array):
    clear(array)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_address_decides_what_is_called(dtype):
    dtype = np.dtype(dtype)
    x = np.arange(6, dtype=dtype).reshape(2, 3)
    y, z = np.full(6, np.nan, dtype), np.full(6, np.nan, dtype)
    places = address(scale, dtype), address(shift, dtype)
    twice(*places, x, y, z)
    np.testing.assert_array_equal(y, -3 * np.arange(6))
    np.testing.assert_array_equal(z, np.arange(6) + 0.5)
    twice(*places[::-1], x, y, z)
    np.testing.assert_array_equal(y, np.arange(6) + 3)
    np.testing.assert_array_equal(z, np.arange(6) / 2)


def test_an_address_is_none_of_the_others_and_stays():
    places = [address(f, np.dtype(t)) for f in (scale, shift) for t in ("float32", "float64")]
    assert calls.NONE not in places
    assert len(set(places)) == (2 if DISABLED else 4)  # uncompiled, one function serves both types
    assert places == [address(f, np.dtype(t)) for f in (scale, shift) for t in ("f4", "f8")]


def test_what_a_kernel_raises_reaches_the_caller():
    x, y = np.ones((1, 1)), np.zeros(1)
    place = address(refuse, x.dtype)
    with pytest.raises(ValueError, match="too much"):
        twice(place, place, x, y, y)


@needs_jit
def test_arguments_of_another_type_are_refused_when_the_caller_compiles():
    @kernel
    def wrong(place, x, y):
        call(place, (x, 3.0, True, y))

    place = address(scale, np.dtype("float64"))
    for x, y in ((np.ones(2), np.ones(2)), (np.ones((1, 2)), np.ones(2, np.float32))):
        with pytest.raises(numba.TypingError, match="a kernel of type"):
            wrong(place, x, y)


@kernel
def too_few(x, y):
    y[0] = x[0, 0]


@kernel
def too_many(x, by, negate, y, more):
    y[0] = x[0, 0]


@pytest.mark.parametrize(
    ("wrong", "taken"), [(too_few, "x, y"), (too_many, "x, by, negate, y, more")]
)
def test_a_kernel_with_another_number_of_parameters_is_refused_by_name(wrong, taken):
    name = "too_few" if wrong is too_few else "too_many"
    expected = f"the kernel {name} must take (x, by, negate, y), but it takes ({taken})"
    with pytest.raises(ValueError, match=f"^{re.escape(expected)}$"):
        address(wrong, np.dtype("float64"))


def test_parameters_of_other_names_are_as_good():
    assert address(scale, np.dtype("float64")) != calls.NONE  # its second is called factor


def plain(x, by, negate, y):
    y[0] = by


def test_a_function_that_is_no_kernel_is_refused_by_name():
    if DISABLED:  # a kernel is a plain function
        assert address(plain, np.dtype("float64")) != calls.NONE
        return
    with pytest.raises(ValueError, match=r"^plain must be a kernel: .* tinyae\.kernel$"):
        address(plain, np.dtype("float64"))


def test_what_cannot_be_called_at_all_is_refused():
    with pytest.raises(ValueError, match=r"^'relu' must be a kernel"):
        address("relu", np.dtype("float64"))


@kernel
def wrong_type(x, by, negate, y):
    y[0] = x.no_such_attribute


@kernel
def returns(x, by, negate, y):
    return y


@needs_jit
def test_a_kernel_that_does_not_compile_is_refused_by_name():
    for _ in range(2):  # a failure is not remembered as an address
        with pytest.raises(ValueError, match="no_such_attribute") as refusal:
            address(wrong_type, np.dtype("float64"))
    expected = "wrong_type(x, by, negate, y) cannot be compiled: "
    assert str(refusal.value).startswith(expected)
    assert isinstance(refusal.value.__cause__, numba.TypingError)


@needs_jit
def test_a_kernel_that_returns_something_is_refused_by_name():
    """Its caller has no room for that: it would be written over other memory."""
    expected = r"^returns\(x, by, negate, y\) cannot .*: it must return nothing, but returns array"
    with pytest.raises(ValueError, match=expected):
        address(returns, np.dtype("float64"))


@needs_jit
def test_threads_that_ask_at_once_get_one_address():
    found = []

    def ask():
        found.append(address(refuse, np.dtype("float32")))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


@given(
    *(st.integers(0, 4), st.integers(0, 5), st.integers(0, 5), st.integers(0, 3)),
    *(st.sampled_from(["float32", "float64"]), st.booleans()),
)
def test_a_view_is_a_part_of_the_memory_in_another_shape(start, rows, columns, rest, dtype, flat):
    size = start + rows * columns + rest
    array = np.arange(size, dtype=dtype)
    expected = array.copy()
    expected[start : start + rows * columns] += 1
    out = np.full((columns, rows), np.nan, dtype)
    part(array if flat else array.reshape(1, size, 1), start, rows, columns, out)
    np.testing.assert_array_equal(array, expected)
    np.testing.assert_array_equal(out.ravel(), expected[start : start + rows * columns])


@pytest.mark.parametrize("shape", [(7,), (3, 4), (2, 3, 2, 2), (0, 3)])
def test_clear(shape):
    array = np.full(shape, np.nan)
    cleared(array)
    assert not array.any()
