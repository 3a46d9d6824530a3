"""Weights by name, and the binding of those of many layers to one flat vector."""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from ..checks.floating_point import quiet
from ..checks.handed_out import is_same, lasting
from ..checks.memory import room_for


class Weights(Mapping):
    """Arrays by name. They may be changed in place, `weights["kernel"][...] = new`, not replaced.

    The arrays are views of a model's flat vector: a replaced one would no longer be trained.
    """

    def __init__(self) -> None:
        self._arrays: dict[str, np.ndarray] = {}

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self._arrays:
            there = f"there are {', '.join(self)}" if self._arrays else "the layer is not built yet"
            raise KeyError(f"no weight {name!r}: {there}")
        return self._arrays[name].view()  # whose shape the caller may set

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def __setitem__(self, name: str, value: np.ndarray) -> None:
        if name not in self._arrays or not is_same(value, self._arrays[name]):
            raise TypeError(
                f"{name!r} is a view of the model's parameters and cannot be replaced; "
                f"write into it: [{name!r}][...] = values"
            )

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}: {array.shape}" for name, array in self.items())
        return f"Weights({inside})"

    def place(self, name: str) -> tuple[int, int]:
        """Where the weight of that name begins and ends in the layer's flat vector."""
        names = list(self)
        sizes = [self[each].size for each in names[: names.index(name) + 1]]
        return sum(sizes[:-1]), sum(sizes)

    def copy(self) -> "Weights":
        """The same arrays under the same names."""
        twin = Weights()
        twin._arrays = dict(self._arrays)
        return twin

    def bind(self, name: str, array: np.ndarray) -> None:
        """Let `name` stand for `array`; for whoever owns the memory."""
        self._arrays[name] = array


@quiet
def bind(layers: Iterable[Any], dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
    """Move the weights of all layers into one flat vector, and their gradients into another.

    The order is layer by layer, in each the order of `add_weight`, in each C order. The layers
    then hold views.
    """
    layers = list(layers)
    size = sum(layer.parameter_count for layer in layers)
    with room_for("a vector of weights, with one of their gradients,", (2, size), dtype):
        parameters, gradient = lasting(np.empty(size, dtype)), lasting(np.zeros(size, dtype))
    stop = 0
    for layer in layers:
        first, weights, gradients = stop, Weights(), Weights()
        for name, values in layer.weights.items():
            start, stop = stop, stop + math.prod(values.shape)
            view = parameters[start:stop].reshape(values.shape)
            view[...] = values
            weights.bind(name, view)
            gradients.bind(name, gradient[start:stop].reshape(values.shape))
        own = {"_parameters": parameters[first:stop], "_gradient": gradient[first:stop]}
        vars(layer).update(own, dtype=dtype, weights=weights, gradients=gradients)
    return parameters, gradient
