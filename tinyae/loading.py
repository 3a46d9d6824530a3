"""Saving models and loading them: `Autoencoder.save`, `Sequential.save`, `PCA.save`, `tae.load`.

What a file says is checked before anything is built: first its document, then that the layers it
describes have exactly as many parameters as the file holds numbers, then the numbers.
"""

import math
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Union

import numpy as np

from .files.archive import ModelFile, ModelFormatError, write
from .files.fields import MOST_OUTPUTS, counter, dtype_of, fields, refusing, shape_of

if TYPE_CHECKING:
    from .autoencoder import Autoencoder
    from .layers.layer import Layer
    from .linear.pca import PCA
    from .network.sequential import Sequential

Path = str | os.PathLike[str]

# The parts of the package with layers are imported inside functions: a PCA does without Numba.


def load(
    path: Path, *, custom: Mapping[str, type] | None = None, threads: int | None = None
) -> Union["Autoencoder", "Sequential", "PCA"]:
    """Read what `save` wrote.

    The file may come from anywhere: nothing in it is executed, and it is checked in full before
    memory is taken for what it declares.

    Parameters
    ----------
    path : str or path-like
    custom : mapping of str to class, optional
        Your own layers, losses and initializers, by their class's name.
    threads : int, optional
        As for `Autoencoder`; a file does not say it.

    Returns
    -------
    Autoencoder, Sequential or PCA
        With a saved training state, `Autoencoder.fit` and `PCA.partial_fit` go on where they were.

    Raises
    ------
    ModelFormatError
        If the file is no model's, damaged, hostile, or newer; the message names it and the reason.
    OSError
        If the file cannot be read.
    """
    if threads is not None and threads < 1:
        raise ValueError(f"threads must be at least 1, but got {threads!r}")
    try:
        if not os.path.isfile(path) and os.path.exists(path):  # opening a pipe would wait
            raise ModelFormatError("it is not a plain file")
        with open(path, "rb") as stream:
            file = ModelFile(stream)
            kind = file.document.pop("kind", None)
            if kind == "pca":
                return _load_pca(file)
            if kind == "sequential":
                return _load_sequential(file, custom or {}, threads)
            if kind == "autoencoder":
                return _load_autoencoder(file, custom or {}, threads)
            raise ModelFormatError(f"it holds a model of the unknown kind {str(kind)[:40]!r}")
    except ModelFormatError as error:
        raise ModelFormatError(f"{os.fspath(path)} cannot be loaded: {error}") from error


# Autoencoder


def save_autoencoder(model: "Autoencoder", path: Path, training_state: bool) -> None:
    """`Autoencoder.save`."""
    from .files.describe import describe, describe_layers

    document: dict[str, Any] = {
        "kind": "autoencoder",
        "input_shape": model.encoder.input_shape,
        "dtype": model.dtype.name,
        "seed": model.seed,
        "loss": describe(model.loss),
        "optimizer": describe(model.optimizer),
        "encoder": describe_layers(model.encoder.layers),
        "decoder": describe_layers(model.decoder.layers),
        "training_state": None,
    }
    arrays = {"parameters": model.parameters}
    if training_state:
        progress = model.progress
        document["training_state"] = {
            "epoch": progress.epoch,
            "step": progress.step,
            "pass": progress.pass_,
            "position": progress.position,
            "history": list(model.history),
        }
        arrays["slots"] = model.slots
        epochs = max(map(len, model.history.values()), default=0)
        figures = list(model.history.values())
        arrays["history"] = np.array(figures, np.float64).reshape(len(figures), epochs)
    write(path, document, arrays)


def _load_autoencoder(
    file: ModelFile, custom: Mapping[str, type], threads: int | None
) -> "Autoencoder":
    from .autoencoder import Autoencoder
    from .files.describe import restore, restore_layers

    types: dict[str, type | tuple[type, ...]] = {
        "input_shape": list,
        "dtype": str,
        "seed": int,
        "loss": dict,
        "optimizer": dict,
        "encoder": list,
        "decoder": list,
        "training_state": (dict, type(None)),
    }
    shape, dtype, seed, loss, optimizer, encoder, decoder, state = fields(
        "the document", file.document, types
    )
    shape, dtype = shape_of(shape), dtype_of(dtype)
    parts = restore_layers("encoder", encoder, custom), restore_layers("decoder", decoder, custom)
    loss, optimizer = restore("loss", loss, custom), restore("optimizer", optimizer, custom)
    with refusing("the model"):
        model = Autoencoder(*parts, loss=loss, optimizer=optimizer, seed=seed, dtype=dtype)
        model._declare(shape)
    size = _size(model.layers)
    expected: dict[str, tuple[Any, tuple[int, ...]]] = {"parameters": (dtype, (size,))}
    if state is not None:
        counters = ("epoch", "step", "pass", "position")
        *counts, names = fields(
            "training_state", state, {**dict.fromkeys(counters, int), "history": list}
        )
        counts = [counter(*pair) for pair in zip(counters, counts, strict=True)]
        epochs = file.shape("history")[-1:] or (0,)
        expected["slots"] = (dtype, (len(model.slots), size))
        expected["history"] = (np.float64, (len(names), *epochs))
    file.expect(expected)
    model.threads = threads
    model._bind()
    file.read("parameters", out=model.parameters)
    if state is not None:
        file.read("slots", out=model.slots)
        figures = file.read("history", finite=False).tolist()
        if not all(isinstance(name, str) for name in names) or len({*names}) < len(names):
            raise ModelFormatError("training_state: 'history' should hold names, each once")
        model.history.update(zip(names, figures, strict=True))
        progress = model.progress
        progress.epoch, progress.step, progress.pass_, progress.position = counts
    return model


# Sequential


def save_sequential(chain: "Sequential", path: Path) -> None:
    """`Sequential.save`."""
    from .files.describe import describe_layers

    parameters = chain.parameters  # says what to do where there are none yet
    document = {
        "kind": "sequential",
        "input_shape": chain.input_shape,
        "dtype": parameters.dtype.name,
        "layers": describe_layers(chain.layers),
    }
    write(path, document, {"parameters": parameters})


def _load_sequential(
    file: ModelFile, custom: Mapping[str, type], threads: int | None
) -> "Sequential":
    from .files.describe import restore_layers
    from .layers.layer import bind
    from .network.sequential import Sequential

    types = {"input_shape": list, "dtype": str, "layers": list}
    shape, dtype, descriptions = fields("the document", file.document, types)
    shape, dtype = shape_of(shape), dtype_of(dtype)
    layers = restore_layers("layers", descriptions, custom)
    with refusing("the model"):
        chain = Sequential(layers)
        chain.prepare(shape, dtype, None)
    file.expect({"parameters": (dtype, (_size(layers),))})
    chain.adopt(bind(layers, dtype)[0])
    chain.threads = threads
    file.read("parameters", out=chain.parameters)
    return chain


# PCA


def save_pca(pca: "PCA", path: Path, training_state: bool) -> None:
    """`PCA.save`."""
    moments, found = pca.state()
    if training_state and not moments.scatter.size:
        raise ValueError("this PCA was itself loaded without its training_state, so it has none")
    n_components = pca.n_components
    if isinstance(n_components, np.generic):
        n_components = n_components.item()
    document = {
        "kind": "pca",
        "n_components": n_components,
        "dtype": found.components.dtype.name,
        "samples": moments.samples,
        "features": len(moments.mean),
        "kept": len(found.components),
        "training_state": training_state,
    }
    arrays = {
        "mean": moments.mean,
        "components": found.components,
        "variance": found.variance,
        "variance_ratio": found.variance_ratio,
    }
    if training_state:
        arrays["scatter"] = moments.scatter
    write(path, document, arrays)


def _load_pca(file: ModelFile) -> "PCA":
    from .linear.pca import PCA, Decomposition, Moments

    types: dict[str, type | tuple[type, ...]] = {
        "n_components": (int, float, type(None)),
        "dtype": str,
        "samples": int,
        "features": int,
        "kept": int,
        "training_state": bool,
    }
    n_components, dtype, samples, features, kept, training_state = fields(
        "the document", file.document, types
    )
    dtype = dtype_of(dtype)
    for name, count in (("samples", samples), ("features", features), ("kept", kept)):
        counter(name, count, least=1)
    shapes: dict[str, tuple[Any, tuple[int, ...]]] = {
        "mean": (np.float64, (features,)),
        "components": (dtype, (kept, features)),
        "variance": (np.float64, (kept,)),
        "variance_ratio": (np.float64, (kept,)),
    }
    if training_state:
        shapes["scatter"] = (np.float64, (features, features))
    file.expect(shapes)
    with refusing("the model"):
        pca = PCA(n_components)
    mean, components, variance, ratio, *rest = (file.read(name) for name in shapes)
    scatter = rest[0] if rest else np.empty((0, 0))
    found = Decomposition(mean.astype(dtype), components, variance, ratio)
    pca.restore(Moments(samples, mean, scatter), found)
    return pca


def _size(layers: list["Layer"]) -> int:
    """How many parameters declared layers have; none may be absurdly large."""
    for layer in layers:
        outputs = math.prod(layer.output_shape or ())
        if outputs > MOST_OUTPUTS:
            raise ModelFormatError(f"{layer.label} has over {MOST_OUTPUTS:,} outputs a sample")
    return sum(layer.parameter_count for layer in layers)
