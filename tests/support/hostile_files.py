"""Small files of each kind, to be damaged or changed, and what must then happen."""

import functools
import io
import json
import tempfile
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

import tinyae as tae

MEMORY = 8_000_000  # bytes that reading any of the small files here may take


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
def detector():
    x = np.random.default_rng(0).random((5, 4, 4, 1))
    return tae.AnomalyDetector(model()).fit(x)


@functools.cache
def saved(kind):
    """The bytes of a small file of that kind."""
    save = {
        "autoencoder": lambda path: model().save(path, training_state=True),
        "sequential": lambda path: model().encoder.save(path),
        "detector": lambda path: detector().save(path, training_state=True),
        "pca": lambda path: tae.PCA(2).fit(np.eye(4)).save(path, training_state=True),
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.npz")
        save[kind](path)
        return path.read_bytes()


KINDS = ("autoencoder", "sequential", "pca", "detector")


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
    if kind == "detector":
        assert np.isfinite(loaded.threshold_)
        assert 0 < loaded.quantile < 1
        assert loaded.usual_ is None or loaded.usual_.shape == loaded.model.output_shape
    elif kind == "pca":
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
