"""Layers, losses, penalties, optimizers and initializers as plain data, and back.

An object is described by its class's name and the arguments of its constructor:
``{"class": "Dense", "config": {"units": 2, …}}``. A name stands for a public part of tinyae, or
for one that the caller of `tinyae.load` has handed over: a file cannot name anything else.
"""

import inspect
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..checks.public_names import ROOT, find, homes
from ..family.tied import place_among
from ..layers.layer import Layer
from ..maths import initializers
from ..maths.activations import ActivationFunction
from ..maths.constraints import UnitNorm
from ..maths.initializers import RandomNormal
from ..maths.loss import Loss
from ..maths.optimizers import Optimizer
from ..maths.penalties import Penalty
from ..maths.schedules import Schedule
from .archive import ModelFormatError
from .fields import MOST_OUTPUTS, fields, refusing

SLICE = ("start", "stop", "step")
MOST_NUMBERS = 1 << 12  # in an argument
PARTS = (".layers.", ".composed.", ".family.", ".maths.")  # the folders that they are in
KINDS = (Layer, Loss, Penalty, Optimizer)


def known(name: str) -> type | None:
    """The part of models that has this public name, and no other class, whatever a file says."""
    if not homes(ROOT).get(name, "").startswith(PARTS):
        return None  # before anything is imported
    found = find(name)
    if (
        not isinstance(found, type)
        or found in KINDS
        or not issubclass(found, (*KINDS, RandomNormal, Schedule, UnitNorm))
    ):
        return None
    composite = issubclass(found, Layer) and found.layers is not Layer.layers
    return None if composite else found


# To plain data


def describe(part: object) -> dict[str, Any]:
    """A part of a model as its class's name and its constructor's arguments.

    Raises
    ------
    ValueError
        If the part is of a class that is not tinyae's and has no ``get_config()``.
    """
    name = type(part).__name__
    ours = known(name)
    if ours is type(part):
        # every argument is kept under its own name
        config = {name: getattr(part, name) for name in inspect.signature(ours).parameters}
    elif isinstance(part, ActivationFunction) and known(part.name) is None:
        name, config = part.name, {}
    elif ours is None and hasattr(part, "get_config"):
        config = _own_config(part)
    elif ours is None and _keeps_its_arguments(part):
        config = {argument: getattr(part, argument) for argument in _arguments(part)}
    else:
        reason = (
            f"the name {name} is taken by a class of tinyae's"
            if ours
            else f"{name} neither keeps its constructor's arguments under their names nor has a "
            "get_config() that gives them"
        )
        raise ValueError(f"{part!r} cannot be saved: it is not a part of tinyae's, and {reason}")
    return {
        "class": name,
        "config": {argument: _plain(value, part, argument) for argument, value in config.items()},
    }


def _own_config(part: Any) -> dict[str, Any]:
    """What `get_config` gives, refused if the constructor would refuse it when the file is read."""
    config = part.get_config()
    try:
        inspect.signature(type(part)).bind(**config)
    except TypeError as error:
        raise ValueError(
            f"{part!r} cannot be saved: its get_config must give the arguments of its constructor, "
            f"but gives {config!r}: {error}"
        ) from None
    return config


def _arguments(part: object) -> list[str]:
    """What the constructor of a part takes."""
    return list(inspect.signature(type(part)).parameters)


def _keeps_its_arguments(part: object) -> bool:
    """Whether a part of one's own can be described as tinyae's are."""
    own = type(part).__module__ != "builtins" and not inspect.isroutine(part)
    return own and all(hasattr(part, argument) for argument in _arguments(part))


def _plain(value: object, part: object, argument: str) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, ActivationFunction):  # a tuple too, but with a name
        return describe(value)
    if isinstance(value, slice):
        ends = {name: _plain(getattr(value, name), part, argument) for name in SLICE}
        return {"class": "slice", "config": ends}
    if isinstance(value, tuple | list) and len(value) <= MOST_NUMBERS:
        return [_plain(item, part, argument) for item in value]
    for name, function in initializers.NAMES.items():
        if value is function:
            return name
    if inspect.isroutine(value):
        raise ValueError(
            f"{part!r} cannot be saved: its {argument} is a function of your own; a file can keep "
            "what tinyae has, and objects of a class of your own"
        )
    if isinstance(value, np.ndarray | tuple | list | dict):
        raise ValueError(
            f"{part!r} cannot be saved: its {argument} is too much to describe; arrays belong in "
            "weights"
        )
    return describe(value)


def describe_layers(layers: list[Layer], among: list[Layer]) -> list[dict[str, Any]]:
    """Layers as plain data; what one is tied to by its place among others."""
    described = [_describe_layer(layer) for layer in layers]
    for layer, description in zip(layers, described, strict=True):
        if (place := place_among(among, layer)) is not None:
            description["config"]["layer"] = place
    return described


def _describe_layer(layer: Layer) -> dict[str, Any]:
    described = describe(layer)
    for name in ("activity_regularizer", "kernel_regularizer", "kernel_constraint"):
        part = vars(layer).get(name)
        if part is not None and describe(part) not in described["config"].values():
            raise ValueError(
                f"{layer!r} cannot be saved: its {name}, {part!r}, is none of its "
                "constructor's arguments"
            )
    return {**described, "trainable": bool(layer.trainable)}


# And back


def restore(what: str, description: object, custom: Mapping[str, Any]) -> Any:
    """The part that `describe` described."""
    name, config = fields(what, description, {"class": str, "config": dict})
    ours = known(name)
    if name == "slice" and name not in custom:
        return slice(*fields(what, config, dict.fromkeys(SLICE, (int, type(None)))))
    if ours is None and name not in custom:
        raise ModelFormatError(
            f"{what} is of the unknown class {name[:40]!r}; pass custom={{{name[:40]!r}: the "
            "class or activation} to load if it is your own"
        )
    arguments = {key: _restore_value(what, value, custom) for key, value in config.items()}
    if ours is None and isinstance(custom[name], ActivationFunction):
        return custom[name]
    with refusing(what):
        return (ours or custom[name])(**arguments)


def _restore_value(what: str, value: object, custom: Mapping[str, Any]) -> Any:
    if isinstance(value, dict):
        with refusing(what):  # parts within parts within parts
            return restore(what, value, custom)
    if not isinstance(value, list):
        return value
    if len(value) > MOST_NUMBERS:
        raise ModelFormatError(f"{what} has an argument of {len(value):,} numbers")
    with refusing(what):  # lists within lists within lists
        return tuple(_restore_value(what, each, custom) for each in value)


def restore_layers(what: str, descriptions: list[Any], custom: Mapping[str, Any]) -> list[Layer]:
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


def declared_size(layers: list[Layer]) -> int:
    """How many parameters declared layers have; none may be absurdly large."""
    for layer in layers:
        if math.prod(layer.output_shape) > MOST_OUTPUTS:
            raise ModelFormatError(f"{layer.label} has over {MOST_OUTPUTS:,} outputs a sample")
    return sum(layer.parameter_count for layer in layers)
