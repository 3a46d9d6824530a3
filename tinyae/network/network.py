"""What a model is made of: an encoder and a decoder, whose weights are one vector."""

import copy
import secrets
from collections.abc import Iterable
from typing import Self

import numpy as np
from numpy.typing import DTypeLike

from ..checks.arguments import real_dtype, whole
from ..checks.arrays import shape_text
from ..checks.tables import WIDTH, cut
from ..engine.program import Program
from ..layers.layer import Layer, Shape, bind
from ..maths.optimizers import SLOTS
from .sequential import Sequential, refuse_repeats


class EncoderDecoder:
    """The structure of an `Autoencoder`, without what is done with it.

    Parameters
    ----------
    encoder, decoder : list of Layer, or Sequential
    seed : int or None
    dtype : "float32" or "float64"
    threads : int or None
    """

    def __init__(
        self,
        encoder: Iterable[Layer] | Sequential,
        decoder: Iterable[Layer] | Sequential,
        seed: int | None,
        dtype: DTypeLike,
        threads: int | None,
    ):
        self.encoder = _sequential(encoder, "encoder")
        self.decoder = _sequential(decoder, "decoder")
        refuse_repeats(self.layers)
        self.seed = secrets.randbits(63) if seed is None else whole("seed", seed, least=0)
        self.dtype = real_dtype(dtype)
        self.threads = threads if threads is None else whole("threads", threads)
        self.slots = np.empty((SLOTS, 0), self.dtype)
        self._parameters: np.ndarray | None = None
        self.gradient = np.empty(0)
        self._program: Program | None = None

    @property
    def layers(self) -> list[Layer]:
        """All layers, the encoder's first."""
        return self.encoder.layers + self.decoder.layers

    def build(self, input_shape: Shape) -> None:
        """Create the weights for samples of this shape; the first call that brings data does it."""
        self._declare(input_shape, np.random.default_rng([self.seed, 0]))
        self._bind()

    def _declare(self, input_shape: Shape, rng: np.random.Generator | None = None) -> None:
        """Give all layers their shapes and, with `rng`, their weights; `bind` is to follow."""
        shape = tuple(whole("input_shape", size) for size in np.atleast_1d(input_shape))
        parts = [part for part in (self.encoder, self.decoder) if not part.built]
        claimed: list[Sequential] = []
        try:
            code_shape = self.encoder.prepare(shape, self.dtype, rng)
            self.decoder.prepare(code_shape, self.dtype, rng)
            for part in (self.encoder, self.decoder):
                part.claim()
                claimed.append(part)
        except Exception:
            for part in parts:  # another attempt, with other data, starts anew
                part.unbuild()
            for part in claimed:
                part.release()
            raise

    def _bind(self) -> None:
        """Give all weights their place in the model's vector."""
        self._parameters, self.gradient = bind(self.layers, self.dtype)
        if self.slots.shape[1] != self._parameters.size:
            self.slots = np.zeros((SLOTS, self._parameters.size), self.dtype)
        split = self.encoder.parameter_count
        self.encoder.adopt(self._parameters[:split])
        self.decoder.adopt(self._parameters[split:])
        self.encoder.threads = self.decoder.threads = self.threads
        for position, layer in enumerate(self.layers):
            seed = np.random.SeedSequence([self.seed, 2, position])
            layer.key = int(seed.generate_state(1, np.uint64)[0] >> 1)
        self._program = None

    @property
    def parameters(self) -> np.ndarray:
        """The live flat vector of all weights: encoder, decoder; kernel, bias; C order."""
        self._require_built("parameters")
        assert self._parameters is not None
        return self._parameters

    @property
    def input_shape(self) -> Shape | None:
        """The shape of one sample, or None before the model is built."""
        return self.encoder.input_shape

    @property
    def output_shape(self) -> Shape | None:
        """The shape of one reconstruction, or None before the model is built."""
        return self.decoder.output_shape

    @property
    def built(self) -> bool:
        """Whether the shapes are known and the weights exist."""
        return self._parameters is not None

    def _require_built(self, what: str) -> None:
        if self._parameters is None:
            raise ValueError(
                f"{what} needs a built model: give Autoencoder an input_shape, or call fit first"
            )

    def summary(self) -> None:
        """Print each layer with its output's shape and its number of parameters, and the total."""
        self._require_built("summary")
        rows = [("layer", "output shape", "parameters")]
        for layer in self.layers:
            shape = shape_text(layer.output_shape or ())
            rows.append((layer.label, shape, f"{layer.parameter_count:,}"))
        rows.append(("total", "", f"{self.parameters.size:,}"))
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        widths[0] = min(widths[0], WIDTH - sum(widths[1:]) - 4)
        for row in rows:
            print(f"{cut(row[0], widths[0])}  {row[1]:{widths[1]}}  {row[2]:>{widths[2]}}")

    # Copies

    def copy(self, dtype: DTypeLike | None = None) -> Self:
        """An independent copy, its state of training included; in another dtype on request."""
        twin = copy.deepcopy(self)
        if dtype is not None and real_dtype(dtype) != twin.dtype:
            twin.dtype = real_dtype(dtype)
            twin.slots = twin.slots.astype(dtype)
            if twin._parameters is not None:
                twin._bind()
        return twin

    def __copy__(self) -> Self:
        return self.copy()

    def __getstate__(self) -> dict:
        return {**self.__dict__, "_program": None}

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state)
        if self._parameters is not None:
            self.encoder.claim()
            self.decoder.claim()
            # copied one by one, the weights are views no longer
            self._bind()


def _sequential(part: Iterable[Layer] | Sequential, label: str) -> Sequential:
    if isinstance(part, Sequential):
        part.label = label
        return part
    if isinstance(part, Layer) or not isinstance(part, Iterable):
        raise ValueError(f"{label} must be a list of layers or a Sequential, but got {part!r}")
    return Sequential(part, label=label)
