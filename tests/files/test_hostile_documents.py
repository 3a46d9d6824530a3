"""Files in good order whose document says something else: refused by name, or loaded whole."""

import copy
import functools
import random

import numpy as np
import pytest

import tinyae as tae
from tests.support.hostile_files import (
    KINDS,
    document_of,
    load_or_refuse,
    refuse_in_little_memory,
    write,
)

HOSTILE_VALUES = [
    *(None, True, -1, 0, 1, 3, 2**31, 10**12, 2**63, 10**400, 0.5, 1e308, -1e-300),
    *("", "relu", "same", "Dense", "zeros", "os.system", "\x00", "é" * 1000),
    *([], [0], [1, 2, 3], [-1, -1], [10**12] * 3, [[1]], [None]),
    *({}, {"class": "Dense", "config": {"units": 1}}, {"class": "L1", "config": {"l1": 1e999}}),
]


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
    alone = isinstance(loaded, tae.Sequential | tae.AnomalyDetector)
    run = loaded.predict if alone else loaded.reconstruct
    model = getattr(loaded, "model", loaded)
    shape = (4,) if isinstance(model, tae.PCA) else model.input_shape
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
            changed("format_version", value=3),
            "format 3, written by tinyae '.*reads formats up to 2",
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
        (changed("encoder", 1, value=unit(2**30)), "expects input of shape"),
        (changed("encoder", 4, value=unit(10**12)), "units must be at most 2147483647"),
        (changed("encoder", 4, value=unit(10**30)), r"encoder\[4\]|the model"),
        (changed("encoder", 4, value=unit(2**30)), "'parameters' should be float32 of shape"),
        (changed("encoder", 4, value=unit(3)), "'parameters' should be float32 of shape"),
        (changed("encoder", 4, "config", "kernel_initializer", value="x"), "initializer must be"),
        (changed("decoder", 2, "config", "size", value=10**9), "numbers of one sample"),
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
