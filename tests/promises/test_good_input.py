"""Every public entry against arrays in every guise: as good as plain ones, and never modified."""

import functools
import pickle

import numpy as np
import pytest

from tests.support.entries import ENTRIES, data
from tests.support.input_cases import GOOD


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("maps")


@functools.cache
def result(key, content, dtype):
    """What an entry gives for the plain array of these bytes."""
    entry = ENTRIES[key]
    plain = np.frombuffer(content, dtype).reshape(entry.shape)
    return pickle.dumps(entry.call(entry.fresh(), plain))


@pytest.mark.parametrize("guise", GOOD)
@pytest.mark.parametrize("key", ENTRIES)
def test_as_good_as_the_plain_array_and_never_modified(key, guise, folder):
    entry = ENTRIES[key]
    x = GOOD[guise](entry.least + data(entry.shape), folder)
    array = np.array(x)
    single = not entry.wide or (array.dtype.kind == "f" and array.itemsize == 4)
    plain = array.astype(np.float32 if single else np.float64)
    found = entry.call(entry.fresh(), x)
    expected = pickle.loads(result(key, plain.tobytes(), plain.dtype))
    np.testing.assert_equal(found, expected)
    assert np.array(x).tobytes() == array.tobytes()
