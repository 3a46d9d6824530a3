"""Files that are damaged, or made to do harm: refused with a reason, before memory is taken."""

import copy
import functools
import io
import json
import os
import pickle
import random
import struct
import tempfile
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

import tinyae as tae
from tinyae import model_file

MEMORY = 8_000_000  # bytes that reading any of the small files here may take
HOSTILE_VALUES = [
    *(None, True, -1, 0, 1, 3, 2**31, 10**12, 2**63, 10**400, 0.5, 1e308, -1e-300),
    *("", "relu", "same", "Dense", "zeros", "os.system", "\x00", "é" * 1000),
    *([], [0], [1, 2, 3], [-1, -1], [10**12] * 3, [[1]], [None]),
    *({}, {"class": "Dense", "config": {"units": 1}}, {"class": "L1", "config": {"l1": 1e999}}),
]


@functools.cache
def model():
    ae = tae.Autoencoder(
        encoder=[
            tae.Conv2D(2, 3, padding="same", activation="relu", activity_regularizer=tae.L1(0.1)),
            tae.MaxPooling2D(),
            tae.Flatten(),
            tae.Dropout(0.5),
            tae.Dense(2, kernel_initializer=tae.RandomNormal(0.1)),
        ],
        decoder=[
            *(tae.Dense(4), tae.Reshape((2, 2, 1)), tae.UpSampling2D()),
            tae.Conv2DTranspose(1, 3, padding="same", activation="sigmoid"),
        ],
        input_shape=(4, 4, 1),
        loss="bce",
    )
    ae.history.append({"loss": 1.0, "seconds": float("nan")})
    return ae


@functools.cache
def saved(kind):
    """The bytes of a small file of that kind."""
    save = {
        "autoencoder": lambda path: model().save(path, training_state=True),
        "sequential": lambda path: model().encoder.save(path),
        "pca": lambda path: tae.PCA(2).fit(np.eye(4)).save(path, training_state=True),
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.npz")
        save[kind](path)
        return path.read_bytes()


KINDS = ("autoencoder", "sequential", "pca")


def arrays_of(kind="autoencoder"):
    with np.load(io.BytesIO(saved(kind))) as arrays:
        return dict(arrays)


def document_of(kind="autoencoder"):
    return json.loads(arrays_of(kind)["model"].tobytes())


def write(path, document, kind="autoencoder", **changes):
    """The file with another document and other arrays (None: without), its checksums right."""
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    arrays = {**arrays_of(kind), "model": np.frombuffer(text, np.uint8), **changes}
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})


def load_or_refuse(path, kind="autoencoder"):
    """Load the file: a whole model, or None if it was refused in the right way."""
    try:
        loaded = tae.load(path)
    except tae.ModelFormatError as error:
        reason = str(error)
    else:
        reason = None
    if reason is not None:
        assert reason.startswith(f"{path} cannot be loaded: ")
        assert len(reason) < 1000
        return None
    if kind == "pca":
        assert np.isfinite(loaded.components_).all()
    else:
        assert np.isfinite(loaded.parameters).all()
        assert sum(layer.parameter_count for layer in loaded.layers) == loaded.parameters.size
    return loaded


def refuse_in_little_memory(path, reason):
    tracemalloc.start()
    try:
        with pytest.raises(tae.ModelFormatError, match=reason):
            tae.load(path)
        assert tracemalloc.get_traced_memory()[1] < MEMORY
    finally:
        tracemalloc.stop()


# Damage


@pytest.mark.parametrize("kind", KINDS)
def test_every_truncation_is_refused(kind, tmp_path):
    path = tmp_path / "model.npz"
    whole = saved(kind)
    path.write_bytes(whole)
    assert load_or_refuse(path, kind) is not None
    for length in range(len(whole) - 1, -1, -1):
        os.truncate(path, length)
        assert load_or_refuse(path, kind) is None


def test_ten_thousand_changed_bytes(tmp_path):
    """What loads in spite of the change is the same model: only unused bytes were hit."""
    path = tmp_path / "model.npz"
    rng = random.Random(0)
    refused = dict.fromkeys(KINDS, 0)
    for kind, count in (("autoencoder", 6_000), ("sequential", 2_000), ("pca", 2_000)):
        whole = saved(kind)
        path.write_bytes(whole)
        original = tae.load(path)
        with open(path, "r+b") as file:
            for _ in range(count):
                place = rng.randrange(len(whole))
                change(file, place, bytes([whole[place] ^ rng.randrange(1, 256)]))
                loaded = load_or_refuse(path, kind)
                refused[kind] += loaded is None
                if loaded is not None and kind != "pca":
                    np.testing.assert_array_equal(loaded.parameters, original.parameters)
                elif loaded is not None:
                    np.testing.assert_array_equal(loaded.components_, original.components_)
                change(file, place, whole[place : place + 1])
    assert refused["autoencoder"] > 5_000


def change(file, place, value):
    file.seek(place)
    file.write(value)
    file.flush()


def test_bytes_in_a_row_changed_inserted_and_removed(tmp_path):
    path = tmp_path / "model.npz"
    rng = random.Random(1)
    for _ in range(1_000):
        data = bytearray(saved("autoencoder"))
        start = rng.randrange(len(data))
        stop = start + rng.randrange(40)
        data[start:stop] = rng.randbytes(rng.choice([0, 4, stop - start]))
        path.write_bytes(data)
        load_or_refuse(path)


# Documents that are well written and say something else


def places(value, path=()):
    """The ways to every value inside a document."""
    if path:
        yield path
    inner = value if isinstance(value, dict) else {}
    if isinstance(value, list):
        inner = dict(enumerate(value))
    for key in inner:
        yield from places(inner[key], (*path, key))


@pytest.mark.parametrize("kind", KINDS)
def test_documents_with_other_values(kind, tmp_path):
    """Every value of the document replaced by each of many others, and every key removed."""
    path = tmp_path / "model.npz"
    original = document_of(kind)
    rng = random.Random(2)
    cases = [(place, value) for place in places(original) for value in [*HOSTILE_VALUES, "DELETE"]]
    for place, value in rng.sample(cases, min(len(cases), 1_000)):
        document = copy.deepcopy(original)
        inside = functools.reduce(lambda outer, key: outer[key], place[:-1], document)
        if value == "DELETE":
            del inside[place[-1]]
        else:
            inside[place[-1]] = value
        write(path, document, kind)
        loaded = load_or_refuse(path, kind)
        if loaded is not None:
            use(loaded, path)


def use(loaded, path):
    """What was loaded can be saved, and run."""
    loaded.save(path)
    run = loaded.predict if isinstance(loaded, tae.Sequential) else loaded.reconstruct
    shape = (4,) if isinstance(loaded, tae.PCA) else loaded.input_shape
    run(np.full((2, *shape), 0.5))


def changed(*place, value):
    """The document with one value changed, or a key added."""
    document = document_of()
    inside = functools.reduce(lambda outer, key: outer[key], place[:-1], document)
    inside[place[-1]] = value
    return document


def unit(count):
    return {"class": "Dense", "config": {"units": count}, "trainable": True}


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (changed("format", value="other"), "not a file of tinyae's"),
        (
            changed("format_version", value=2),
            "format 2, written by tinyae '.*reads formats up to 1",
        ),
        (changed("format_version", value=True), "which version"),
        (changed("format_version", value=0), "which version"),
        (changed("surprise", value=1), "the document: 'surprise' is unknown"),
        (changed("kind", value="forest"), "unknown kind 'forest'"),
        (changed("dtype", value="O"), "dtype should be float32 or float64"),
        (changed("seed", value=-1), "seed must be a whole number of at least 0"),
        (changed("seed", value=1.5), "'seed' should be int"),
        (changed("loss", "class", value="os.system"), "loss is of the unknown class 'os.system'"),
        (changed("loss", "class", value="Dense"), "loss"),
        (changed("optimizer", "class", value="MSE"), "the optimizer|optimizer"),
        (changed("optimizer", "config", "learning_rate", value=-1), "learning_rate must be"),
        (changed("encoder", 0, "config", "surprise", value=1), r"encoder\[0\].*surprise"),
        (changed("encoder", 0, "class", value="Layer"), r"encoder\[0\] is of the unknown class"),
        (changed("encoder", 0, "class", value="Sequential"), "unknown class"),
        (changed("encoder", 0, "trainable", value=1), "says whether it is trainable"),
        (changed("encoder", 0, value=7), r"encoder\[0\] should be a layer"),
        (
            changed("encoder", 0, value={"class": "MSE", "config": {}, "trainable": True}),
            r"encoder\[0\] should be a layer, but is MSE",
        ),
        (changed("training_state", value={}), "training_state: '.*' is missing"),
        (changed("encoder", value=[]), "encoder must hold at least one layer"),
        (changed("encoder", 1, value=unit(10**12)), "expects input of shape"),
        (changed("encoder", 4, value=unit(10**12)), "outputs a sample"),
        (changed("encoder", 4, value=unit(10**30)), r"encoder\[4\]|the model"),
        (changed("encoder", 4, value=unit(2**30)), "'parameters' should be float32 of shape"),
        (changed("encoder", 4, value=unit(3)), "'parameters' should be float32 of shape"),
        (changed("encoder", 4, "config", "kernel_initializer", value="x"), "initializer must be"),
        (changed("decoder", 2, "config", "size", value=10**9), "outputs a sample"),
        (changed("input_shape", value=[4, 4]), "expects input of shape"),
        (changed("input_shape", value=[2**31] * 80_000), "input_shape should hold positive sizes"),
        (changed("decoder", 1, "config", "target_shape", value=[10**9] * 80_000), "80,000 numbers"),
        (changed("input_shape", value=[10**12, 1, 1]), "input_shape should hold positive sizes"),
        (changed("input_shape", value=[2**31, 2**31, 1]), "the model: "),
        (changed("training_state", value=None), "'history' is unknown"),
        (changed("training_state", "step", value=-1), "step should be a number of at least 0"),
        (changed("training_state", "epoch", value=2**63), "epoch should be a number"),
        (changed("training_state", "history", value=["a"]), "'history' should be float64"),
        (changed("training_state", "history", value=["a", "a"]), "each once"),
        (changed("training_state", "history", value=[1, {}]), "each once"),
        (b"[1, 2]", "not a file of tinyae's"),
        (b"{", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"a":' * 100_000, "not JSON"),
        (b'{"seed": NaN}', "not JSON: it holds NaN"),
        (b'{"seed": ' + b"9" * 10_000 + b"}", "not JSON"),
        (b" " * (1 << 21), "longer than"),
    ],
)
def test_documents_that_are_refused_by_name(document, reason, tmp_path):
    path = tmp_path / "model.npz"
    write(path, document)
    refuse_in_little_memory(path, reason)


def test_parts_nested_deeply(tmp_path):
    document = document_of()
    part = {"class": "L1", "config": {"l1": 1.0}}
    for _ in range(300):
        part = {"class": "L1", "config": {"l1": part}}
    document["encoder"][0]["config"]["activity_regularizer"] = part
    write(tmp_path / "model.npz", document)
    assert load_or_refuse(tmp_path / "model.npz") is None


# Arrays


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


# Other files


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


def test_what_is_no_file_of_ours(tmp_path):
    path = tmp_path / "model.npz"
    for data in (b"", b"PK", b"hello" * 100, bytes(10_000), b"\x93NUMPY\x01\x00" + bytes(100)):
        path.write_bytes(data)
        assert load_or_refuse(path) is None
    np.savez(path, x=np.zeros(3))
    with pytest.raises(tae.ModelFormatError, match="it has no document"):
        tae.load(path)
    with pytest.raises(FileNotFoundError):
        tae.load(tmp_path / "none")
    for other in (tmp_path, "/dev/zero"):
        with pytest.raises(tae.ModelFormatError, match="not a plain file"):
            tae.load(other)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_does_not_make_it_wait(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(tae.ModelFormatError, match="not a plain file"):
        tae.load(tmp_path / "pipe")


def test_what_numpy_writes_is_what_is_read():
    """The form of NumPy's files that the reader relies on."""
    stream = io.BytesIO()
    np.save(stream, np.zeros((2, 3), np.float32))
    text = stream.getvalue()[model_file.NPY_START.size : 128].decode()
    assert model_file.NPY_TEXT.fullmatch(text)
