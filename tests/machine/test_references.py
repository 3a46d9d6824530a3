"""A named tuple by reference: its fields are those of the tuple, for whoever is given it."""

import sys
from typing import NamedTuple

import numpy as np
import pytest

from tests.support.jit import needs_jit
from tinyae.machine.calls import address_for, call_at
from tinyae.machine.jit import allocating, called, kernel
from tinyae.machine.references import refer, reference_type
from tinyae.system.numba_parts import TypingError


class Mixed(NamedTuple):
    count: int
    numbers: np.ndarray
    factor: float
    matrix: np.ndarray


MIXED = Mixed(3, np.arange(5.0), 0.5, np.ones((2, 3), np.float32))


class Alike(NamedTuple):
    """What Numba lays out as an array of fields."""

    first: np.ndarray
    second: np.ndarray


@called
def scale(mixed):
    for i in range(mixed.count):
        mixed.numbers[i] *= mixed.factor
    mixed.matrix[1, 2] = mixed.matrix.shape[0] + mixed.numbers.size


@kernel
def call(address, reference):
    call_at(address, (reference,))


def by_address(address, mixed):
    call(address, refer(mixed))


@kernel
def dot(alike):
    return (alike.first * alike.second).sum()


@kernel
def in_another(outer):
    inner = outer.inner
    return inner.first[1] * outer.factor + inner.second.size + outer.count


class Outer(NamedTuple):
    count: int
    inner: Alike
    factor: float


@allocating
def copy_first(mixed):
    copied = np.zeros(1)
    numbers = mixed.numbers
    copied[0] = numbers[0]
    mixed.numbers[1] = copied[0]


@called
def misspelt(mixed):
    mixed.matrix[0, 0] = mixed.number


def test_fields_are_read_and_arrays_written_through_it():
    mixed = MIXED._replace(numbers=MIXED.numbers.copy(), matrix=MIXED.matrix.copy())
    by_address(address_for(scale, (reference_type(mixed),)), mixed)
    np.testing.assert_array_equal(mixed.numbers, [0, 0.5, 1, 3, 4])
    np.testing.assert_array_equal(mixed.matrix, [[1, 1, 1], [1, 1, 7]])


def test_references_to_arrays_are_counted_where_arrays_are_made():
    numbers = np.arange(5.0)
    mixed = MIXED._replace(numbers=numbers)
    address = address_for(copy_first, (reference_type(mixed),))
    counts = []
    for _ in range(3):
        by_address(address, mixed)
        counts.append(sys.getrefcount(numbers))
    assert counts == counts[:1] * 3
    np.testing.assert_array_equal(numbers, [0, 0, 2, 3, 4])


def test_of_a_tuple_whose_fields_are_alike():
    assert dot(refer(Alike(np.arange(3.0), np.array([1.0, 10.0, 100.0])))) == 210


def test_of_a_tuple_in_a_tuple_with_numbers_of_numpy_s():
    outer = Outer(np.int32(3), Alike(np.array([1.0, 5.0]), np.ones(7)), np.float64(0.5))
    assert in_another(refer(outer)) == 12.5


def test_what_only_reads_takes_arrays_that_may_not_be_written():
    first = np.arange(3.0)
    first.flags.writeable = False
    assert dot(refer(Alike(first, np.ones(3)))) == 3


@needs_jit
def test_arrays_that_are_not_contiguous_are_refused():
    with pytest.raises(AssertionError):
        refer(Alike(np.arange(6.0)[::2], np.ones(3)))


@needs_jit
def test_a_field_that_is_not_there():
    with pytest.raises(TypingError, match="number"):
        address_for(misspelt, (reference_type(MIXED),))
