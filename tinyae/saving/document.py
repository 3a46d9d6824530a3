"""What a file keeps of a model, and of where its training stands in each version of the format."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..files.archive import ModelFile, ModelFormatError
from ..files.describe import declared_size, describe, describe_layers, restore, restore_layers
from ..files.fields import counter, dtype_of, fields, refusing, shape_of
from ..network.history import Progress
from ..network.network import Network

# The names of the counters in a file, and in `Progress`
COUNTERS = {"epoch": "epoch", "step": "step", "pass": "pass_", "position": "position"}
BY_VERSION = {1: COUNTERS, 2: {**COUNTERS, "optimizer_step": "optimizer_step"}}


def document_of(
    model: Network, training_state: bool
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """A model that is built, as plain data and arrays."""
    model.history.check()
    document = {
        "kind": "autoencoder",
        "input_shape": model.input_shape,
        "dtype": model.dtype.name,
        "seed": model.seed,
        "step": model.progress.step,  # by which a β of a variational model may go
        "columns": model.columns,
        "loss": describe(model.loss),
        "optimizer": describe(model.optimizer),
        "encoder": describe_layers(model.encoder.layers, model.layers),
        "decoder": describe_layers(model.decoder.layers, model.layers),
        "training_state": training_state_of(model) if training_state else None,
    }
    arrays = {"parameters": model.parameters}
    if training_state:
        epochs = max(map(len, model.history.values()), default=0)
        figures = np.array(list(model.history.values()), np.float64)
        arrays |= {"slots": model.slots, "history": figures.reshape(len(model.history), epochs)}
    return document, arrays


def restored(
    kind: Callable[..., Any], file: ModelFile, custom: Mapping[str, Any], threads: int | None
) -> Any:
    """The model of a file; nothing is allocated before the file is known to hold it."""
    document = {"step": 0, "columns": None, **file.document}  # which not every file says
    shape, dtype, seed, step, columns, loss, optimizer, encoder, decoder, state = fields(
        "the document",
        document,
        {
            "input_shape": list,
            "dtype": str,
            "seed": int,
            "step": int,
            "columns": (list, type(None)),
            "loss": dict,
            "optimizer": dict,
            "encoder": list,
            "decoder": list,
            "training_state": (dict, type(None)),
        },
    )
    shape, dtype = shape_of(shape), dtype_of(dtype)
    parts = (
        restore_layers("encoder", encoder, custom),
        restore_layers("decoder", decoder, custom),
        restore("loss", loss, custom),
        restore("optimizer", optimizer, custom),
    )
    with refusing("the model"):
        model = kind(*parts[:2], None, *parts[2:], seed=seed, dtype=dtype, threads=threads)
        model.declare(shape)
        model.columns, model.progress.step = columns, counter("step", step)
    size = declared_size(model.layers)
    expected: dict[str, tuple[Any, tuple[int, ...]]] = {"parameters": (dtype, (size,))}
    if state is not None:
        names = restore_counters(model.progress, state, file.version)
        epochs = file.shape("history")[-1:] or (0,)
        expected["slots"] = (dtype, (len(model.slots), size))
        expected["history"] = (np.float64, (len(names), *epochs))
    file.expect(expected)
    model.bind()
    file.read("parameters", out=model.parameters)
    if state is not None:
        file.read("slots", out=model.slots)
        figures = file.read("history", finite=False).tolist()
        model.history.update(zip(names, figures, strict=True))
    return model


def training_state_of(model: Network) -> dict[str, Any]:
    """The counters, and the names of the history's figures."""
    counts = {key: getattr(model.progress, name) for key, name in BY_VERSION[2].items()}
    return {**counts, "history": list(model.history)}


def restore_counters(progress: Progress, state: dict[str, Any], version: int) -> list[str]:
    """Take the counters of a file of that version; the names of its history's figures."""
    counters = BY_VERSION[version]
    types = {**dict.fromkeys(counters, int), "history": list}
    *counts, names = fields("training_state", state, types)
    for (key, name), count in zip(counters.items(), counts, strict=True):
        setattr(progress, name, counter(key, count))
    if version == 1:  # whose models had one optimizer for life
        progress.optimizer_step = progress.step
    if not all(isinstance(name, str) for name in names) or len({*names}) < len(names):
        raise ModelFormatError("training_state: 'history' should hold names, each once")
    return names
