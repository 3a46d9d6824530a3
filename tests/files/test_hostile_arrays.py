"""Files whose arrays are not as their document says, claim petabytes, or hold a pickle."""

import io
import os
import pickle
import struct
import zipfile

import numpy as np
import pytest

import tinyae as tae
from tests.support.hostile_files import arrays_of, refuse_in_little_memory, saved
from tinyae.files import archive as model_file


@pytest.mark.parametrize(
    ("name", "make", "reason"),
    [
        ("parameters", lambda a: np.full_like(a, np.nan), "'parameters' holds NaN or infinity"),
        ("parameters", lambda a: np.where(a == a[-1], np.inf, a).astype("f"), "NaN or infinity"),
        ("parameters", lambda a: a[:-1], "'parameters' should be float32 of shape"),
        ("parameters", lambda a: a[np.newaxis], "'parameters' should be float32 of shape"),
        ("parameters", lambda a: a.astype(np.float64), "but is float64"),
        ("parameters", lambda a: a.astype(">f4"), "but is >f4"),
        ("parameters", lambda a: a.astype(object), "not an array of numbers"),
        ("parameters", lambda a: a.astype(complex), "not an array of numbers"),
        ("parameters", lambda a: None, "'parameters' is missing"),
        ("slots", lambda a: np.asfortranarray(a), "not an array of numbers"),
        ("slots", lambda a: a * np.inf, "'slots' holds|NaN"),
        ("slots", lambda a: a[:1], "'slots' should be float32"),
        ("slots", lambda a: None, "'slots' is missing"),
        ("history", lambda a: a[:, 0], "'history' should be float64"),
        ("surprise", lambda a: np.zeros(3), "'surprise' is unknown"),
        ("model", lambda a: None, "it has no document"),
        ("model", lambda a: np.zeros(4), "it has no document"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_arrays_that_do_not_fit(name, make, reason, tmp_path):
    path = tmp_path / "model.npz"
    arrays = arrays_of()
    arrays[name] = make(arrays.get(name))
    np.savez(path, **{key: array for key, array in arrays.items() if array is not None})
    with pytest.raises(tae.ModelFormatError, match=reason):
        tae.load(path)


@pytest.mark.parametrize("change", [lambda a: a[:-1], lambda a: np.append(a, a[:1]), np.float64])
def test_a_part_alone_holds_its_parameters(change, tmp_path):
    path, arrays = tmp_path / "model.npz", arrays_of("sequential")
    np.savez(path, **{**arrays, "parameters": change(arrays["parameters"])})
    with pytest.raises(tae.ModelFormatError, match="'parameters' should be float32 of shape"):
        tae.load(path)


@pytest.mark.parametrize("side", [10**6, 10**15, 10**17])
def test_arrays_that_declare_petabytes(side, tmp_path):
    """A header that claims more than is there, in a file that is right in all else."""
    path = tmp_path / "model.npz"
    header = np.lib.format.header_data_from_array_1_0(np.empty(0, np.float32))
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {**header, "shape": (side, side)})
    with zipfile.ZipFile(path, "w") as file:
        for name, array in arrays_of().items():
            if name == "parameters":
                file.writestr("parameters.npy", stream.getvalue() + bytes(1_000_000))
            else:
                with file.open(f"{name}.npy", "w") as member:
                    np.lib.format.write_array(member, array)
    refuse_in_little_memory(path, r"declares shape \(10+, 10+\), but holds")


def test_a_zip_header_that_declares_petabytes(tmp_path):
    path = tmp_path / "model.npz"
    data = bytearray(saved("autoencoder"))
    place = data.index(struct.pack("<HH", 1, 16)) + 4  # the sizes in 64 bits
    data[place : place + 16] = struct.pack("<QQ", 10**16, 10**16)
    path.write_bytes(data)
    with pytest.raises(tae.ModelFormatError, match="declares 10,000,000,000,000,000 bytes, but"):
        tae.load(path)


def test_dtypes_that_do_not_exist(tmp_path):
    path = tmp_path / "model.npz"
    path.write_bytes(saved("autoencoder").replace(b"'descr': '<f4'", b"'descr': '<f3'"))
    with pytest.raises(tae.ModelFormatError, match=r"'parameters.npy' has the unknown dtype '<f3'"):
        tae.load(path)


@pytest.mark.parametrize("signature", [b"\x93NUMPY\x02\x00", b"\x93NUMPZ\x01\x00"])
def test_headers_of_another_format(signature, tmp_path):
    path = tmp_path / "model.npz"
    path.write_bytes(saved("autoencoder").replace(b"\x93NUMPY\x01\x00", signature))
    with pytest.raises(tae.ModelFormatError, match=r"'model\.npy' is not an array of numbers"):
        tae.load(path)


def test_compressed_members_are_refused(tmp_path):
    path = tmp_path / "model.npz"
    bomb = np.zeros(50_000_000, np.float32)
    np.savez_compressed(path, **{**arrays_of(), "parameters": bomb})
    refuse_in_little_memory(path, "packed in another way")


def test_many_members_and_a_long_tail(tmp_path):
    path = tmp_path / "model.npz"
    np.savez(path, **arrays_of(), **{f"a{k}": np.zeros(1) for k in range(100)})
    with pytest.raises(tae.ModelFormatError, match="too many arrays"):
        tae.load(path)
    path.write_bytes(saved("autoencoder") + bytes(100_000))
    with pytest.raises(tae.ModelFormatError, match="goes on after its end"):
        tae.load(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ["model", "parameters", "slots", "history"])
@pytest.mark.parametrize("last", [False, True], ids=["behind the first", "at the end"])
def test_an_array_that_stands_twice(name, last, tmp_path):
    """Readers differ in which of the two they take, so neither is taken."""
    path, arrays = tmp_path / "model.npz", list(arrays_of().items())
    where = len(arrays) if last else 1
    arrays.insert(where, (name, dict(arrays)[name]))
    with zipfile.ZipFile(path, "w") as file:
        for each, array in arrays:
            with file.open(f"{each}.npy", "w") as member:
                np.lib.format.write_array(member, array)
    with pytest.raises(tae.ModelFormatError, match="too many arrays, or one twice"):
        tae.load(path)


class Payload:
    """Leaves a trace when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_pickles_are_never_executed(tmp_path):
    path, trace = tmp_path / "model.npz", tmp_path / "trace"
    payload = Payload(str(trace))
    path.write_bytes(pickle.dumps(payload))
    with pytest.raises(tae.ModelFormatError, match="it is not a file of tinyae's"):
        tae.load(path)
    objects = np.array([payload], object)
    for name in ("model", "parameters", "history"):
        np.savez(path, **{**arrays_of(), name: objects})
        with pytest.raises(tae.ModelFormatError, match="not an array of numbers"):
            tae.load(path)
    assert not trace.exists()
    np.load(path, allow_pickle=True)["history"]
    assert trace.exists()  # the payload would have worked


def test_what_numpy_writes_is_what_is_read():
    """The form of NumPy's files that the reader relies on."""
    stream = io.BytesIO()
    np.save(stream, np.zeros((2, 3), np.float32))
    text = stream.getvalue()[model_file.NPY_START.size : 128].decode()
    assert model_file.NPY_TEXT.fullmatch(text)
