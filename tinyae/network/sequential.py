"""A chain of layers, which is a layer itself."""

from __future__ import annotations

import copy
import os
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from ..checks.arguments import (
    listed,
    nearest,
    optional_threads,
    real_dtype,
    shown,
    sizes,
    text,
    whole,
)
from ..checks.arrays import admit, shape_text
from ..checks.attributes import as_given, written
from ..checks.tables import WIDTH, table
from ..engine.program import Program, run
from ..family.tied import complete, settle, untied
from ..files.archive import ModelFile, write
from ..files.describe import declared_size, describe_layers, restore_layers
from ..files.fields import dtype_of, fields, refusing, shape_of
from ..layers.layer import Layer, NotBuilt, Shape
from ..layers.weights import bind
from . import backprop


class Sequential(Layer):
    """Layers one after the other: the output of each is the input of the next.

    As an autoencoder's `encoder` or `decoder` its weights are views of the model's vector. It works
    alone too: `build` gives it a vector of its own, until a model adopts it.

    Parameters
    ----------
    layers : iterable of Layer
        Each object once. A `Sequential` inside is allowed.
    label : str, default "Sequential"
        What errors and `summary` call it.

    See Also
    --------
    Autoencoder : Two chains, a loss and an optimizer.
    Layer : What a chain is made of.

    Examples
    --------
    >>> import numpy as np, tinyae as tae
    >>> encoder = tae.Sequential([tae.Dense(3, "relu"), tae.Dense(2)])
    >>> encoder.build((4,))
    (2,)
    >>> encoder.predict(np.ones((5, 4))).shape
    (5, 2)
    """

    checks: ClassVar = {"threads": optional_threads}
    changeable: ClassVar = Layer.changeable | {"threads"}

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name in ("forward", "backward", "build", "prepare"):
            if name in vars(cls):  # a model takes the layers out of a chain
                raise TypeError(f"{cls.__name__} must be a Layer to define {name}")

    def __init__(self, layers: Iterable[Layer], *, label: str = "Sequential"):
        self._layers: list[Layer] = []
        super().__init__()
        self._parts: list[tuple[int, Sequential]] = []  # chains inside, each with its place
        what = "layers" if text("label", label) == "Sequential" else label
        for layer in listed(what, layers, "layers"):
            if not isinstance(layer, Layer):
                raise ValueError(
                    f"{label} must hold layers, but got {shown(layer)}{nearest(layer, ())}"
                )
            if isinstance(layer, Sequential):
                self._parts.append((len(self._layers), layer))
            self._layers += layer.layers
        if not self._layers:
            raise ValueError(f"{label} must hold at least one layer, but got no layers")
        refuse_repeats(self._layers)
        self.label = label
        self.threads: int | None = None
        self._program: Program | None = None

    @property
    def layers(self) -> list[Layer]:
        """The layers, those of an inner `Sequential` in its place."""
        return list(self._layers)

    @property
    def trainable(self) -> bool:
        """Whether any of the layers is trained; setting it freezes or thaws all of them."""
        return any(layer.trainable for layer in self._layers)

    @trainable.setter
    def trainable(self, value: bool) -> None:
        for layer in self._layers:
            layer.trainable = value

    def __getitem__(self, place: Any) -> Any:
        """The layer of that place in `layers`, or a list of those of a slice."""
        return self._layers[place]

    # Building

    def build(self, input_shape: Shape, dtype: DTypeLike = "float32", seed: int = 0) -> Shape:
        """Create the weights, in a vector of the chain's own.

        Parameters
        ----------
        input_shape : tuple of int
            The shape of one sample.
        dtype : "float32" or "float64", or NumPy's type or dtype of that name
            Of the weights, and of all that is computed.
        seed : int
            Decides the initial weights.

        Returns
        -------
        tuple of int
            The shape of one output.
        """
        shape, seed = sizes("input_shape", input_shape), whole("seed", seed, least=0)
        shape = self.prepare(shape, real_dtype(dtype), np.random.default_rng([seed, 0]))
        assign_keys(self._layers, seed)
        return shape

    def prepare(
        self, input_shape: Shape, dtype: np.dtype, rng: np.random.Generator | None
    ) -> Shape:
        if self.built:
            return super().prepare(input_shape, dtype, rng)
        shape = tuple(input_shape)
        parts = [*self._inner()]
        for part in parts:  # its layers are this chain's now
            part.claim()
            for layer in part.layers if part.built else ():
                layer.release()
        for position, layer in enumerate(self._layers):
            layer.label = f"{self.label}[{position}] {type(layer).__name__}"
            shape = layer.prepare(shape, dtype, rng)
        for layer in self._layers:
            layer.claim()
        for chain in (self, *parts):
            ends = chain._layers[0].input_shape, chain._layers[-1].output_shape
            vars(chain).update(dtype=dtype, input_shape=ends[0], output_shape=ends[1])
        return shape

    def inside(self) -> list[Layer]:
        return [self, *self._layers, *(each for _, part in self._parts for each in part.inside())]

    def _inner(self) -> Iterator[Sequential]:
        """The chains inside, not those in one that was built before."""
        for _, part in self._parts:
            yield part
            if not part.built:
                yield from part._inner()

    def bind_alone(self) -> None:
        self.adopt(*bind(self._layers, self.dtype))

    def adopt(self, parameters: np.ndarray, gradient: np.ndarray) -> None:
        """Take `parameters` and `gradient`, where its weights are bound, as the chain's own."""
        own = {"_parameters": parameters, "_gradient": gradient, "dtype": parameters.dtype}
        vars(self).update(own, _program=None)
        for first, part in self._parts:  # which goes on working, as a part of this chain
            start = sum(layer.parameter_count for layer in self._layers[:first])
            place = slice(start, start + part.parameter_count)
            part.adopt(parameters[place], gradient[place])

    @property
    def parameter_count(self) -> int:
        return sum(layer.parameter_count for layer in self._layers)

    # Running

    def forward(
        self, x: np.ndarray, training: bool = False, step: int = 0, first: int = 0
    ) -> tuple[np.ndarray, Any]:
        return backprop.forward(self._layers, x, training, step, first)

    def backward(self, dy: np.ndarray, cache: Any) -> np.ndarray:
        if not isinstance(cache, list) or len(cache) != len(self._layers):
            raise ValueError(
                f"{self.label}.backward must be given the cache that its forward gave, but got "
                f"{repr(cache)[:60]}"
            )
        return backprop.backward(self._layers, dy, cache)

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
        array, shape (n, *output_shape)
            Of the chain's dtype.
        """
        return self.run(admit(x, "x", self.input_shape, self.dtype))

    def __call__(self, x: ArrayLike) -> np.ndarray:
        """`predict`."""
        return self.predict(x)

    def run(self, x: np.ndarray) -> np.ndarray:
        """The output for samples x that are admitted already: see `predict`."""
        known = self._program
        output, program = run(self._layers, known, x, self.parameters, self.threads)
        if program is not known:
            vars(self)["_program"] = program  # no change of the chain
        return output

    def summary(self) -> None:
        """Print each layer with its output's shape and its number of parameters, and the total."""
        if not self.built:
            raise NotBuilt(
                f"summary needs shapes: call build(input_shape) of the {self.label} first"
            )
        print(*layer_lines(self._layers), sep="\n")

    # Files and copies

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the layers and their weights to one file at `path`, for `tinyae.load`.

        Raises
        ------
        ValueError
            If it is not built, holds NaN or infinity, or a layer of your own has no
            ``get_config()`` that gives its constructor's arguments.
        OSError
            If the file cannot be written; one that was there is as before.
        """
        if not complete(self._layers):
            self.copy().save(path)
            return
        document = {
            "kind": "sequential",
            "input_shape": self.input_shape,
            "dtype": self.dtype.name,
            "layers": describe_layers(self._layers, self._layers),
        }
        write(path, document, {"parameters": self.parameters})

    @classmethod
    def from_file(
        cls, file: ModelFile, custom: Mapping[str, Any], threads: int | None
    ) -> Sequential:
        """What `save` wrote; nothing is allocated before the `file` is known to hold it.

        For `custom` and `threads` see `load`.
        """
        types = {"input_shape": list, "dtype": str, "layers": list}
        shape, dtype, descriptions = fields("the document", file.document, types)
        shape, dtype = shape_of(shape), dtype_of(dtype)
        layers = restore_layers("layers", descriptions, custom)
        with refusing("the model"):
            settle(layers)
            chain = cls(layers)
            chain.prepare(shape, dtype, None)
        file.expect({"parameters": (dtype, (declared_size(layers),))})
        chain.bind_alone()
        chain.threads = threads
        file.read("parameters", out=chain.parameters)
        return chain

    def copy(self) -> Sequential:
        """An independent copy, with weights of its own, that any model may adopt."""
        return copy.deepcopy(self)

    __copy__ = copy

    def __getstate__(self) -> dict[str, Any]:
        alone = {"_layers": untied(self._layers), "_program": None, "_parts": []}
        return {**super().__getstate__(), **alone}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if self.built:
            for layer in self._layers:
                layer.claim()

    def tie(self, layers: list[Layer]) -> None:
        """Take these layers, of which some are tied to others' in its model, for its own."""
        vars(self)["_layers"] = layers
        for layer in layers if self.built else ():
            vars(layer)["_claimed"] = True

    def __repr__(self) -> str:
        if not self.built:
            return f"Sequential({self._layers!r})"
        return "\n".join(["Sequential", *layer_lines(self._layers)])


# What a summary says of a layer below it, by its setting
SAID = {"activity_regularizer": "on y", "kernel_regularizer": "on W", "kernel_constraint": "on W"}


def layer_lines(layers: list[Layer]) -> list[str]:
    """A table of the layers; once built, with shapes, numbers of parameters and what is added."""
    if not all(layer.built for layer in layers):
        return table([(repr(layer),) for layer in layers])
    rows = [("layer", "output shape", "parameters")]
    for layer in layers:
        rows.append((layer.label, shape_text(layer.output_shape), f"{layer.parameter_count:,}"))
    rows.append(("total", "", f"{sum(layer.parameter_count for layer in layers):,}"))
    room = WIDTH - sum(2 + max(map(len, column)) for column in list(zip(*rows, strict=True))[1:])
    below = []
    for place, layer in enumerate(layers, 1):
        given = [(vars(layer).get(name), where) for name, where in SAID.items()]
        said = [f"{each!r} {where}" for each, where in given if each is not None]
        settings = ", ".join(written(layer, _in_a_line, SAID))
        named = f"{layer.label}({settings})" if settings else layer.label
        if len(named) <= room:
            rows[place] = (named, *rows[place][1:])
        else:
            said.insert(0, settings)
        below.append(said)
    head, *body, last = table(rows, alignment="<<")
    lines = [head]
    for row, said in zip(body, below, strict=True):
        lines += [row, *(f"    {line}" for line in textwrap.wrap(", ".join(said), WIDTH - 4))]
    return [*lines, last]


def _in_a_line(setting: Any) -> str:
    """A setting as a summary says it; of a layer that another is tied to, which one it is."""
    text = setting.label if isinstance(setting, Layer) else as_given(setting)
    return " ".join(text.split())  # an array, as of a layer of one's own, has several lines


def up_to(which: Layer | int, layers: list[Layer]) -> list[Layer]:
    """The layers up to the one that is given, itself or by its place."""
    if isinstance(which, Layer):
        ends = [place for place, layer in enumerate(layers) if layer is which.layers[-1]]
    else:
        number = isinstance(which, Integral) and not isinstance(which, bool)
        ends = [int(which) % len(layers)] if number and -len(layers) <= which < len(layers) else []
    if not ends:
        raise ValueError(
            f"layer must be one of the model's layers, such as model.encoder[0], or its place "
            f"from 0 to {len(layers) - 1}, but got {shown(which)}"
        )
    return layers[: ends[0] + 1]


def assign_keys(layers: list[Layer], seed: int) -> None:
    """Give each layer the key that decides its random numbers."""
    for position, layer in enumerate(layers):
        sequence = np.random.SeedSequence([seed, 2, position])
        vars(layer)["key"] = int(sequence.generate_state(1, np.uint64)[0] >> 1)


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
