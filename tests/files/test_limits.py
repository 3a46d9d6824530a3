"""The bounds of what a file may hold: the last number allowed, and the first that is not."""

from types import SimpleNamespace

import numpy as np
import pytest

import tinyae as tae
from tinyae.files.archive import ModelFile, write
from tinyae.files.describe import declared_size, describe, restore
from tinyae.files.fields import counter, dtype_of, shape_of
from tinyae.saving.document import BY_VERSION


def test_counters():
    assert counter("step", 0) == 0
    assert counter("n", 2, least=2) == 2
    assert counter("step", 2**62) == 2**62
    for value, least in ((-1, 0), (1, 2), (2**62 + 1, 0)):
        with pytest.raises(tae.ModelFormatError, match=f"n should be a number of at least {least}"):
            counter("n", value, least)


@pytest.mark.parametrize("name", BY_VERSION[2].values())
def test_a_counter_goes_as_far_in_a_model_as_in_its_file(name, tmp_path):
    ae = tae.Autoencoder([tae.Dense(1)], [tae.Dense(2)], (2,))
    setattr(ae.progress, name, 2**62)
    ae.save(tmp_path / "model", training_state=True)
    assert getattr(tae.load(tmp_path / "model").progress, name) == 2**62
    with pytest.raises(ValueError, match=rf"{name} must be a whole number from 0 to {2**62}"):
        setattr(ae.progress, name, 2**62 + 1)


def test_shapes():
    for sizes in ([1], [1] * 64, [2**31, 1]):
        assert shape_of(sizes) == tuple(sizes)
    for sizes in ([], [1] * 65, [2**31 + 1], [1, 0], [True], [1.0]):
        with pytest.raises(tae.ModelFormatError, match="input_shape should hold positive sizes"):
            shape_of(sizes)


def test_dtypes():
    assert dtype_of("float32") == np.float32
    assert dtype_of("float64") == np.float64
    with pytest.raises(tae.ModelFormatError, match="dtype should be float32 or float64"):
        dtype_of("float16")


def test_documents(tmp_path):
    """A megabyte: what cannot be read is not written."""
    path = tmp_path / "model"
    write(path, {"text": ""}, {})
    with np.load(path) as arrays:
        room = 2**20 - arrays["model"].size
    with pytest.raises(ValueError, match="takes 1,048,577 bytes, which is too long"):
        write(path, {"text": "a" * (room + 1)}, {})
    write(path, {"text": "a" * room}, {})
    with path.open("rb") as file:
        assert ModelFile(file).document == {"text": "a" * room}


def test_members(tmp_path):
    """Sixteen, the document among them."""
    path = tmp_path / "model"
    for count in (15, 16):
        write(path, {}, {f"a{k}": np.full(1, float(k)) for k in range(count)})
        with path.open("rb") as file:
            if count == 16:
                with pytest.raises(tae.ModelFormatError, match="too many arrays"):
                    ModelFile(file)
            else:
                whole = ModelFile(file)
                assert [whole.read(f"a{k}")[0] for k in range(count)] == list(range(count))


class Own:
    def __init__(self, numbers):
        self.numbers = numbers


def test_arguments():
    described = describe(Own((0.5,) * 4096))
    assert restore("it", described, {"Own": Own}).numbers == (0.5,) * 4096
    with pytest.raises(ValueError, match="its numbers is too much to describe"):
        describe(Own((0.5,) * 4097))
    described["config"]["numbers"].append(0.5)
    with pytest.raises(tae.ModelFormatError, match="it has an argument of 4,097 numbers"):
        restore("it", described, {"Own": Own})


def test_outputs():
    def layer(*output_shape):
        return SimpleNamespace(output_shape=output_shape, parameter_count=3, label="it")

    assert declared_size([layer(2**16, 2**15), layer(1)]) == 6
    with pytest.raises(tae.ModelFormatError, match="it has over 2,147,483,648 outputs a sample"):
        declared_size([layer(1), layer(2**31 + 1)])


@pytest.mark.parametrize("numbers", [2**18, 2**18 + 1, 3 * 2**18])
def test_no_number_is_left_out_where_they_are_checked_in_parts(numbers, tmp_path):
    for place in {0, 2**18 - 1, numbers - 1}:
        array = np.zeros(numbers, np.float32)
        array[place] = np.inf
        with pytest.raises(ValueError, match="the model's parameters hold NaN or infinity"):
            write(tmp_path / "model", {}, {"parameters": array})
    array[place] = 0
    write(tmp_path / "model", {}, {"parameters": array})
