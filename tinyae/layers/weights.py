"""A layer's weights by name."""

from collections.abc import Iterator, Mapping

import numpy as np


class Weights(Mapping):
    """Arrays by name. They may be changed in place, `weights["kernel"][...] = new`, not replaced.

    The arrays are views of a model's flat vector: a replaced one would no longer be trained.
    """

    def __init__(self) -> None:
        self._arrays: dict[str, np.ndarray] = {}

    def __getitem__(self, name: str) -> np.ndarray:
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def __setitem__(self, name: str, value: np.ndarray) -> None:
        # `gradients[name] += d` ends by assigning the very same array
        if value is not self._arrays.get(name):
            raise TypeError(
                f"{name!r} is a view of the model's parameters and cannot be replaced; "
                f"write into it: [{name!r}][...] = values"
            )

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}: {array.shape}" for name, array in self.items())
        return f"Weights({inside})"

    def copy(self) -> "Weights":
        """The same arrays under the same names."""
        twin = Weights()
        twin._arrays = dict(self._arrays)
        return twin

    def bind(self, name: str, array: np.ndarray) -> None:
        """Let `name` stand for `array`; for whoever owns the memory."""
        self._arrays[name] = array
