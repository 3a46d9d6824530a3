"""What a model's file says of it, and the model that it says."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..files.archive import ModelFile
from ..files.describe import declared_size, describe, describe_layers, restore, restore_layers
from ..files.fields import dtype_of, fields, refusing, shape_of
from .network import Network
from .training_state import restore_counters, training_state_of


def to_file(model: Network, training_state: bool) -> tuple[dict, dict[str, np.ndarray]]:
    """The document and the arrays for a built model."""
    model.history.check()
    document = {
        "kind": "autoencoder",
        "input_shape": model.input_shape,
        "dtype": model.dtype.name,
        "seed": model.seed,
        "loss": describe(model.loss),
        "optimizer": describe(model.optimizer),
        "encoder": describe_layers(model.encoder.layers),
        "decoder": describe_layers(model.decoder.layers),
        "training_state": training_state_of(model) if training_state else None,
    }
    arrays = {"parameters": model.parameters}
    if training_state:
        epochs = max(map(len, model.history.values()), default=0)
        figures = np.array(list(model.history.values()), np.float64)
        arrays |= {"slots": model.slots, "history": figures.reshape(len(model.history), epochs)}
    return document, arrays


def from_file(cls: Any, file: ModelFile, custom: Mapping[str, Any], threads: int | None) -> Any:
    """The model of class `cls` that the file holds."""
    shape, dtype, seed, loss, optimizer, encoder, decoder, state = fields(
        "the document",
        file.document,
        {
            "input_shape": list,
            "dtype": str,
            "seed": int,
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
        model = cls(*parts[:2], None, *parts[2:], seed=seed, dtype=dtype, threads=threads)
        model.declare(shape)
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
