"""The constructor and `build` of every kind of layer, with arguments that work."""

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

import tinyae as tae
from tests.support.layer_cases import LAYER_CASES


def build_of(case) -> Callable:
    """The method of a new layer."""
    return case.make().build


def layer_calls() -> dict[str, tuple[Callable[[], Callable], dict[str, Any]]]:
    """The constructor and `build` of every layer that `LAYER_CASES` knows, by its first case."""
    found: dict[str, tuple[Callable[[], Callable], dict[str, Any]]] = {}
    for case in LAYER_CASES:
        layer, kind = case.make(), type(case.make())
        if not hasattr(tae, kind.__name__) or kind is tae.Sequential:
            continue
        settings = {name: getattr(layer, name) for name in inspect.signature(kind).parameters}
        found.setdefault(kind.__name__, (lambda kind=kind: kind, settings))
        if "build" in vars(kind):
            given = {"input_shape": case.input_shape}
            found.setdefault(f"{kind.__name__}.build", (partial(build_of, case), given))
    return found


def tied_calls(source) -> dict[str, tuple[Callable[[], Callable], dict[str, Any]]]:
    """The same of a layer that is tied to a built one."""
    settings = {"layer": source, "activation": None, "use_bias": True, "activity_regularizer": None}
    shape = {"input_shape": source.output_shape}
    return {
        "Tied": (lambda: tae.Tied, settings),
        "Tied.build": (lambda: tae.Tied(source).build, shape),
    }
