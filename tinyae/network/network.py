"""What a model is: an encoder, a decoder, a loss and an optimizer; its weights are one vector."""

import contextlib
import copy
import secrets
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from ..checks import forks
from ..checks.arguments import listed, optional_whole, real_dtype, sizes, whole
from ..checks.arrays import admit, shape_text
from ..checks.attributes import Checked
from ..checks.undo import unchanged_if_refused
from ..engine.program import Program
from ..layers.layer import Layer, NotBuilt, Shape
from ..layers.weights import bind
from ..machine.interruption import Interruption
from ..maths import losses, optimizers
from ..maths.losses import AnyLoss
from ..maths.optimizers import Optimizer
from .history import History, Progress
from .sequential import Sequential, assign_keys, layer_lines, refuse_repeats

# What nobody can replace; the rest is checked as in the constructor
FIXED = ("encoder", "decoder", "seed", "dtype", "slots", "gradient", "history", "progress")
Pair = tuple[ArrayLike, ArrayLike | None, str]  # x, y or None for x itself, and the name of x


class Network(Checked):
    """The structure of an `Autoencoder`, without what is done with it.

    Parameters
    ----------
    encoder, decoder : list of Layer, or Sequential
    loss : str or loss
    optimizer : str or Optimizer
    seed : int or None
    dtype : "float32" or "float64"
    threads : int or None
    """

    checks: ClassVar = {
        "loss": lambda name, loss: losses.get(loss),
        "optimizer": lambda name, optimizer: optimizers.get(optimizer),
        "threads": optional_whole,
    }

    def __init__(
        self,
        encoder: Iterable[Layer] | Sequential,
        decoder: Iterable[Layer] | Sequential,
        loss: str | AnyLoss,
        optimizer: str | Optimizer,
        seed: int | None,
        dtype: DTypeLike,
        threads: int | None,
    ):
        self.loss, self.optimizer = losses.get(loss), optimizers.get(optimizer)
        self.seed = secrets.randbits(63) if seed is None else whole("seed", seed, least=0)
        self.dtype = real_dtype(dtype)
        self.threads = threads
        self.encoder = _sequential(encoder, "encoder")
        self.decoder = _sequential(decoder, "decoder")
        refuse_repeats(self.layers)
        self.history, self.progress = History(), Progress()
        self.slots = np.empty((optimizers.SLOTS, 0), self.dtype)
        self.gradient = np.empty(0, self.dtype)
        self._parameters: np.ndarray | None = None
        self._program: Program | None = None
        self._lock = forks.model_lock()  # held while the model is built

    def __setattr__(self, name: str, value: Any) -> None:
        if name in FIXED and name in vars(self):
            raise ValueError(f"a model's {name} stays as it is: make a new model")
        super().__setattr__(name, value)
        if "_lock" in vars(self):  # later than in the constructor
            if name == "optimizer":  # which has a state of its own
                self.slots[...] = 0
                self.progress.optimizer_step = 0
            if name == "threads":
                self.encoder.threads = self.decoder.threads = self.threads

    # Structure

    @property
    def layers(self) -> list[Layer]:
        """All layers, the encoder's first."""
        return self.encoder.layers + self.decoder.layers

    @property
    def built(self) -> bool:
        """Whether the shapes are known and the weights exist."""
        return self._parameters is not None

    @property
    def input_shape(self) -> Shape | None:
        """The shape of one sample, or None before the model is built."""
        return self.encoder.input_shape if self.built else None

    @property
    def output_shape(self) -> Shape | None:
        """The shape of one reconstruction, or None before the model is built."""
        return self.decoder.output_shape if self.built else None

    @property
    def parameters(self) -> np.ndarray:
        """The live flat vector of all weights: encoder, decoder; kernel, bias; C order."""
        self.require_built("parameters")
        assert self._parameters is not None
        return self._parameters

    def require_built(self, what: str) -> None:
        """Refuse what a model without shapes cannot do."""
        if self._parameters is None:
            raise NotBuilt(
                f"{what} needs a built model: give Autoencoder an input_shape, or call fit first"
            )

    def clear_gradients(self) -> None:
        """Set the gradients of all layers to zero; `backward` adds to them."""
        self.gradient[...] = 0

    def summary(self) -> None:
        """Print each layer with its output's shape and its number of parameters, and the total."""
        self.require_built("summary")
        print(*layer_lines(self.layers), sep="\n")

    def __repr__(self) -> str:
        parts = f"loss {type(self.loss).__name__}, optimizer {type(self.optimizer).__name__}"
        start = f"{type(self).__name__}, {parts}, after {self.progress.epoch:,} epochs"
        return "\n".join([start, *layer_lines(self.layers)])

    # Building

    def build(self, input_shape: Shape) -> None:
        """Create the weights for samples of this shape; the first call that brings data does it."""
        with self._lock, self.all_or_nothing():
            self.declare(input_shape, np.random.default_rng([self.seed, 0]))
            self.bind()

    def declare(self, input_shape: Shape, rng: np.random.Generator | None = None) -> None:
        """Give all layers their shapes and, with `rng`, their weights; `bind` is to follow."""
        shape = sizes("input_shape", input_shape)
        self.encoder.label, self.decoder.label = "encoder", "decoder"
        code_shape = self.encoder.prepare(shape, self.dtype, rng)
        self.decoder.prepare(code_shape, self.dtype, rng)
        self.encoder.claim()
        self.decoder.claim()

    def bind(self) -> None:
        """Give all weights their place in the model's vector."""
        parameters, gradient = bind(self.layers, self.dtype)
        vars(self)["gradient"] = gradient
        if self.slots.shape[1] != parameters.size:
            vars(self)["slots"] = self.optimizer.state(parameters)[:]
        split = self.encoder.parameter_count
        self.encoder.adopt(parameters[:split], self.gradient[:split])
        self.decoder.adopt(parameters[split:], self.gradient[split:])
        self.encoder.threads = self.decoder.threads = self.threads
        assign_keys(self.layers, self.seed)
        self._program, self._parameters = None, parameters  # last: other threads look at it

    @contextlib.contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """Any exception in the `with` block leaves the model as it was before."""
        objects = self, self.progress, self.encoder, self.decoder, *self.layers
        with Interruption(passes=1) as interruption, unchanged_if_refused(*objects):
            try:
                yield
            finally:
                interruption.passes = 0

    # Data

    def admit_input(
        self, x: ArrayLike, name: str = "x", bounds: tuple[float, float] | None = None
    ) -> np.ndarray:
        """x, checked; it decides the shapes of a model that has none yet."""
        if self._parameters is not None:
            return admit(x, name, self.encoder.input_shape, self.dtype, bounds)
        rows = admit(x, name, None, self.dtype, bounds)
        with self._lock:
            if self._parameters is None:
                self.build(rows.shape[1:])
                return rows
        return self.admit_input(x, name, bounds)  # another thread has built it meanwhile

    def admit(self, *pairs: Pair) -> list[tuple[np.ndarray, np.ndarray]]:
        """Samples and targets, checked against the model's shapes and what its loss allows.

        What is refused decides nothing: a model that had no shapes has none again.
        """
        if self.built:
            return [self._admit_pair(*pair) for pair in pairs]
        with self._lock, self.all_or_nothing():
            return [self._admit_pair(*pair) for pair in pairs]

    def _admit_pair(
        self, x: ArrayLike, y: ArrayLike | None, name: str
    ) -> tuple[np.ndarray, np.ndarray]:
        bounds = getattr(self.loss, "bounds", None)
        rows = self.admit_input(x, name, bounds if y is None else None)
        before, after = self.encoder.input_shape, self.decoder.output_shape
        if y is None:
            if after != before:
                raise ValueError(
                    f"the model turns {shape_text(before)} into {shape_text(after)}, so it cannot "
                    "learn its input: the decoder must end in the input's shape, or targets be "
                    "given as y"
                )
            return rows, rows
        label = "y" if name == "x" else f"{name}[1]"
        target = admit(y, label, after, self.dtype, bounds)
        if len(target) != len(rows):
            raise ValueError(
                f"{name} and {label} must have as many samples, but have {len(rows)} and "
                f"{len(target)}"
            )
        return rows, target

    # Copies

    def copy(self, dtype: DTypeLike | None = None) -> Self:
        """An independent copy, its state of training included; in another dtype on request."""
        twin = copy.deepcopy(self)
        if dtype is not None and real_dtype(dtype) != twin.dtype:
            vars(twin).update(dtype=real_dtype(dtype), slots=twin.slots.astype(dtype))
            if twin.built:
                twin.bind()
        return twin

    def __copy__(self) -> Self:
        return self.copy()

    def __getstate__(self) -> dict[str, Any]:
        lost = {"_program": None, "_lock": None, "gradient": np.empty(0, self.dtype)}
        return {**self.__dict__, **lost, "_parameters": self.built or None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=forks.model_lock())
        if self._parameters is not None:  # the layers have copies of their own by now
            self.encoder.claim()
            self.decoder.claim()
            self.bind()


def _sequential(part: Iterable[Layer] | Sequential, label: str) -> Sequential:
    if isinstance(part, Sequential):
        return part
    return Sequential(listed(label, part, "layers, or a Sequential"), label=label)
