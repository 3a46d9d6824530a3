"""Layers, losses, penalties, optimizers and initializers as plain data, and back.

An object is described by its class's name and the arguments of its constructor:
``{"class": "Dense", "config": {"units": 2, …}}``. A name stands for a class of the table here, or
for one that the caller of `tinyae.load` has handed over: a file cannot name anything else.
"""

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..layers.convolution import Conv2D, Conv2DTranspose
from ..layers.dense import Dense
from ..layers.layer import Layer
from ..layers.noise import Dropout, GaussianNoise
from ..layers.pooling import AveragePooling2D, MaxPooling2D, UpSampling2D
from ..layers.reshaping import Activation, Flatten, Reshape
from ..maths import initializers
from ..maths.losses import BCE, MSE
from ..maths.optimizers import SGD, Adam
from ..maths.penalties import L1, L1L2, L2
from .archive import ModelFormatError
from .fields import MOST_DIMENSIONS, fields, refusing

CLASSES: dict[str, type] = {
    known.__name__: known
    for known in (
        *(Dense, Conv2D, Conv2DTranspose, MaxPooling2D, AveragePooling2D, UpSampling2D),
        *(Activation, Flatten, Reshape, Dropout, GaussianNoise),
        *(MSE, BCE, L1, L2, L1L2, Adam, SGD, initializers.RandomNormal),
    )
}


# To plain data


def describe(part: object) -> dict[str, Any]:
    """A part of a model as its class's name and its constructor's arguments.

    Raises
    ------
    ValueError
        If the part is of a class that is not tinyae's and has no ``get_config()``.
    """
    name = type(part).__name__
    known = CLASSES.get(name)
    if known is type(part):
        # every argument is kept under its own name
        config = {name: getattr(part, name) for name in inspect.signature(known).parameters}
    elif known is None and hasattr(part, "get_config"):
        config = part.get_config()
    else:
        reason = (
            f"the name {name} is taken by a class of tinyae's"
            if known
            else f"{name} has no get_config() that gives its constructor's arguments"
        )
        raise ValueError(f"{part!r} cannot be saved: it is not a part of tinyae's, and {reason}")
    return {
        "class": name,
        "config": {argument: _plain(value, part, argument) for argument, value in config.items()},
    }


def _plain(value: object, part: object, argument: str) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, tuple | list) and len(value) <= MOST_DIMENSIONS:
        return [_plain(item, part, argument) for item in value]
    for name, function in initializers.NAMES.items():
        if value is function:
            return name
    if inspect.isroutine(value):
        raise ValueError(
            f"{part!r} cannot be saved: its {argument} is a function of your own; give it by name, "
            "or as an object of a class with get_config()"
        )
    if isinstance(value, np.ndarray | tuple | list | dict):
        raise ValueError(
            f"{part!r} cannot be saved: its {argument} is too much to describe; arrays belong in "
            "weights"
        )
    return describe(value)


def describe_layers(layers: list[Layer]) -> list[dict[str, Any]]:
    """Layers as plain data."""
    return [{**describe(layer), "trainable": bool(layer.trainable)} for layer in layers]


# And back


def restore(what: str, description: object, custom: Mapping[str, type]) -> Any:
    """The part that `describe` described."""
    name, config = fields(what, description, {"class": str, "config": dict})
    if name not in CLASSES and name not in custom:
        raise ModelFormatError(
            f"{what} is of the unknown class {name[:40]!r}; pass custom={{{name[:40]!r}: the "
            "class}} to load if it is your own"
        )
    arguments = {key: _restore_value(what, value, custom) for key, value in config.items()}
    with refusing(what):
        return (CLASSES.get(name) or custom[name])(**arguments)


def _restore_value(what: str, value: object, custom: Mapping[str, type]) -> Any:
    if isinstance(value, dict):
        with refusing(what):  # parts within parts within parts
            return restore(what, value, custom)
    if isinstance(value, list) and len(value) > MOST_DIMENSIONS:
        raise ModelFormatError(f"{what} has an argument of {len(value):,} numbers")
    return tuple(value) if isinstance(value, list) else value


def restore_layers(what: str, descriptions: list[Any], custom: Mapping[str, type]) -> list[Layer]:
    """The layers that `describe_layers` described, not built."""
    layers = []
    for position, description in enumerate(descriptions):
        place = f"{what}[{position}]"
        trainable = description.get("trainable") if isinstance(description, dict) else None
        if not isinstance(trainable, bool):
            raise ModelFormatError(f"{place} should be a layer that says whether it is trainable")
        rest = {key: value for key, value in description.items() if key != "trainable"}
        layer = restore(place, rest, custom)
        if not isinstance(layer, Layer):
            raise ModelFormatError(f"{place} should be a layer, but is {type(layer).__name__}")
        layer.trainable = trainable
        layers.append(layer)
    return layers
