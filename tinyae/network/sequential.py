"""A chain of layers, which is a layer itself."""

import copy
import os
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from ..checks.arrays import admit
from ..engine.program import Program, eager_predict
from ..layers.layer import Layer, Shape, bind, is_compiled


class Sequential(Layer):
    """Layers one after the other: the output of each is the input of the next.

    As an autoencoder's `encoder` or `decoder` its weights are views of the model's vector. It works
    alone too: `build` gives it a vector of its own, until a model adopts it.

    Parameters
    ----------
    layers : iterable of Layer
        Each object once. A `Sequential` inside is allowed.

    Attributes
    ----------
    layers : list of Layer
        The layers, those of inner `Sequential`s in their place.

    Examples
    --------
    >>> from tinyae.layers.dense import Dense
    >>> encoder = Sequential([Dense(3, "relu"), Dense(2)])
    >>> encoder.build((4,))
    (2,)
    >>> encoder.predict(np.ones((5, 4))).shape
    (5, 2)
    """

    def __init__(self, layers: Iterable[Layer], *, label: str = "Sequential"):
        self._layers: list[Layer] = []
        super().__init__()
        given = list(layers)
        for layer in given:
            if not isinstance(layer, Layer):
                raise ValueError(f"{label} must hold layers, but got {layer!r}")
        for layer in given:
            if isinstance(layer, Sequential) and layer.built:  # its layers are this chain's now
                layer.claim()
                for leaf in layer.layers:
                    leaf.release()
        self._layers = [leaf for layer in given for leaf in layer.layers]
        if not self._layers:
            raise ValueError(f"{label} must hold at least one layer")
        refuse_repeats(self._layers)
        self.label = label
        self.threads: int | None = None
        self._parameters: np.ndarray | None = None
        self._program: Program | None = None

    @property
    def layers(self) -> list[Layer]:
        return list(self._layers)

    @property
    def trainable(self) -> bool:
        """Whether any of the layers is trained; setting it freezes or thaws all of them."""
        return any(layer.trainable for layer in self._layers)

    @trainable.setter
    def trainable(self, value: bool) -> None:
        for layer in self._layers:
            layer.trainable = value

    # Building

    def build(self, input_shape: Shape, dtype: DTypeLike = "float32", seed: int = 0) -> Shape:
        """Create the weights, in a vector of the chain's own.

        Parameters
        ----------
        input_shape : tuple of int
            The shape of one sample.
        dtype : "float32" or "float64"
        seed : int
            Decides the initial weights.

        Returns
        -------
        tuple of int
            The shape of one output.
        """
        output_shape = self.prepare(input_shape, np.dtype(dtype), np.random.default_rng([seed, 0]))
        self.adopt(bind(self._layers, np.dtype(dtype))[0])
        return output_shape

    def prepare(
        self, input_shape: Shape, dtype: np.dtype, rng: np.random.Generator | None
    ) -> Shape:
        if self.built:
            return super().prepare(input_shape, dtype, rng)
        shape = tuple(input_shape)
        fresh = [layer for layer in self._layers if not layer.built]
        claimed: list[Layer] = []
        try:
            for position, layer in enumerate(self._layers):
                layer.label = f"{self.label}[{position}] {type(layer).__name__}"
                shape = layer.prepare(shape, dtype, rng)
            for layer in self._layers:
                layer.claim()
                claimed.append(layer)
        except Exception:
            for layer in fresh:  # another attempt, with other data, starts anew
                layer.unbuild()
            for layer in claimed:
                layer.release()
            raise
        self.input_shape, self.output_shape = tuple(input_shape), shape
        return shape

    def unbuild(self) -> None:
        super().unbuild()
        for layer in self._layers:
            layer.unbuild()
            layer.release()

    def adopt(self, parameters: np.ndarray) -> None:
        """Take `parameters`, into which the layers' weights have been bound, as the own vector."""
        self._parameters, self._program = parameters, None
        self.dtype = parameters.dtype

    @property
    def parameters(self) -> np.ndarray:
        """The live flat vector: layer by layer, kernel then bias, C order."""
        if self._parameters is None:
            raise ValueError(
                f"{self.label} has no parameters before it is built: call build(input_shape), or "
                "give the model its input_shape"
            )
        return self._parameters

    @property
    def parameter_count(self) -> int:
        return sum(layer.parameter_count for layer in self._layers)

    # Running

    def forward(self, x, training=False, step=0, first=0):
        caches = []
        for layer in self._layers:
            x, cache = layer.forward(x, training=training, step=step, first=first)
            caches.append(cache)
        return x, caches

    def backward(self, dy, cache):
        self.clear_gradients()
        for layer, layer_cache in zip(reversed(self._layers), reversed(cache), strict=True):
            dy = layer.backward(dy, layer_cache)
        return dy

    def clear_gradients(self) -> None:
        for layer in self._layers:
            layer.clear_gradients()

    def predict(self, x: ArrayLike) -> np.ndarray:
        """The output for a batch.

        Parameters
        ----------
        x : array-like, shape (n, *input_shape)
            Finite real numbers.

        Returns
        -------
        array, shape (n, *output_shape), of the chain's dtype
        """
        self.parameters  # noqa: B018 - raises where there are none yet
        return self.run(admit(x, "x", self.input_shape, self.dtype))

    def run(self, x: np.ndarray) -> np.ndarray:
        """`predict` for samples that are admitted already."""
        if self._program is None:
            if not all(map(is_compiled, self._layers)):
                return eager_predict(self._layers, x, self.dtype)
            self._program = Program(self._layers)
        return self._program.predict(x, self.parameters, self.threads)

    # Files and copies

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the layers and their weights to one file, for `tinyae.load`.

        Raises
        ------
        ValueError
            If it is not built, holds NaN or infinity, or a layer of your own has no
            ``get_config()`` that gives its constructor's arguments.
        OSError
            If the file cannot be written; one that was there is as before.
        """
        from ..loading import save_sequential  # which imports this module

        save_sequential(self, path)

    def copy(self) -> "Sequential":
        """An independent copy, with weights of its own, that any model may adopt."""
        return copy.deepcopy(self)

    __copy__ = copy

    def __getstate__(self) -> dict:
        return {**self.__dict__, "_program": None}

    def __setstate__(self, state: dict) -> None:
        super().__setstate__(state)
        if self.built:
            for layer in self._layers:
                layer.claim()
        if self._parameters is not None:  # copied one by one, the weights are views no longer
            self.adopt(bind(self._layers, self.dtype)[0])

    def __repr__(self) -> str:
        return f"Sequential({self._layers!r})"


def refuse_repeats(layers: list[Layer]) -> None:
    """The same layer twice would share weights, which the flat vector cannot say."""
    seen: dict[int, int] = {}
    for position, layer in enumerate(layers):
        if id(layer) in seen:
            raise ValueError(
                f"the same {type(layer).__name__} object is used twice, as layers "
                f"{seen[id(layer)]} and {position}; make a new layer for each place"
            )
        seen[id(layer)] = position
