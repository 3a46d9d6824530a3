"""What a model is: an encoder, a decoder, a loss and an optimizer; its weights are one vector."""

from __future__ import annotations

import contextlib
import copy
import math
import secrets
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, NamedTuple, NoReturn, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from ..checks import forks
from ..checks.arguments import listed, optional_threads, real_dtype, sizes, whole
from ..checks.arrays import admit, shape_text
from ..checks.attributes import Checked, refuse_misspelt
from ..checks.floating_point import converted, finite
from ..checks.handed_out import is_same, lasting
from ..checks.memory import room_for
from ..checks.rows import Computed, part
from ..checks.sample_weights import admit_weight
from ..checks.undo import unchanged_if_refused
from ..datasets.columns import known_columns
from ..engine.program import Program
from ..family.contractive import refuse_unknown
from ..family.rescaled import check_scale, rescaling_of
from ..family.tied import settle
from ..family.variational import refuse_misplaced
from ..layers.layer import Layer, NotBuilt, Shape
from ..layers.mending import mending
from ..layers.weights import bind
from ..maths import losses, optimizers
from ..maths.loss import AnyLoss, check_for, check_targets, check_weighted
from ..maths.optimizers import Optimizer
from ..system.interruption import Interruption
from .history import History, Progress
from .sequential import Sequential, assign_keys, layer_lines, refuse_repeats

# What nobody can replace; the rest is checked as in the constructor
VECTORS = ("parameters", "gradient", "slots")
SHAPES = ("input_shape", "output_shape")
LOST = ("_program", "_remembered", "_pace")  # with a copy: they are found anew
FIXED = ("encoder", "decoder", "seed", "dtype", "history", "progress", *SHAPES, *VECTORS)
# x, y or None for x itself, the name of x, and weights
Given = tuple[ArrayLike, ArrayLike | None, str] | tuple[ArrayLike, ArrayLike | None, str, Any]


class Samples(NamedTuple):
    """Samples and what is wanted of them, checked."""

    x: np.ndarray  # (n, *input_shape)
    target: np.ndarray  # (n, *output_shape); the same object where the model learns its input
    weight: np.ndarray | None = None  # (n,), or the target's shape

    def split(self, share: float) -> tuple[Samples, Samples]:
        """All but that share of the samples, and the rest, the last ones."""
        first = math.floor(len(self.x) * (1 - share))
        if not 0 < first < len(self.x):
            raise ValueError(
                f"validation_split={share:g} must leave samples on both sides, but of the "
                f"{len(self.x)} samples {first} are left for training"
            )
        return self.rows(slice(first)), self.rows(slice(first, None))

    def rows(self, rows: slice) -> Samples:
        """Some of the samples."""
        ends = rows.indices(len(self.x))[:2]
        x, weight = part(self.x, *ends), self.weight
        target = x if self.target is self.x else part(self.target, *ends)
        return Samples(x, target, None if weight is None else weight[rows])


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
        "threads": optional_threads,
        "columns": known_columns,
    }
    # of the table that it was trained on, by name or number, where they are known
    columns: tuple[str | int, ...] | None = None

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
        refuse_misplaced(self.encoder.layers, self.decoder.layers)
        refuse_unknown(self.encoder.layers, self.decoder.layers)
        settle(self.layers)
        self.history, self.progress = History(), Progress()
        self._slots = np.empty((optimizers.SLOTS, 0), self.dtype)
        self._gradient = np.empty(0, self.dtype)
        self._parameters: np.ndarray | None = None
        self._program: Program | None = None
        self._deciding = False  # whether a call is under way that may yet be refused
        self._settled = False  # whether the model is built, and stays so

    def __setattr__(self, name: str, value: Any) -> None:
        complete = "_settled" in vars(self)  # later than in the constructor
        if complete:
            refuse_misspelt(self, name)
        if complete and name in VECTORS and is_same(value, getattr(self, name)):
            return  # the end of `parameters += d`
        if complete and name in FIXED:
            raise ValueError(f"a model's {name} stays as it is: make a new model")
        if complete and name == "loss" and self._settled:
            check_for(losses.get(value), self.decoder.output_shape)
        super().__setattr__(name, value)
        if complete:
            if name == "optimizer":  # which has a state of its own
                self._slots[...] = 0
                self.progress.optimizer_step = 0
            if name == "threads":
                self.encoder.threads = self.decoder.threads = self.threads

    def __delattr__(self, name: str) -> None:
        if name in FIXED:
            raise ValueError(f"a model's {name} stays")
        super().__delattr__(name)

    # Structure

    @property
    def layers(self) -> list[Layer]:
        """All layers, the encoder's first."""
        return self.encoder.layers + self.decoder.layers

    @property
    def built(self) -> bool:
        """Whether the shapes are known and the weights exist."""
        if self._settled:
            return True
        with forks.building:  # another thread may be about to decide
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
        return self._parameters[:]  # whose shape the caller may set

    @property
    def gradient(self) -> np.ndarray:
        """The live flat vector of all weights' gradients."""
        return self._gradient[:]

    @property
    def slots(self) -> np.ndarray:
        """What the optimizer keeps beside the parameters, (2, p)."""
        return self._slots[:]

    def require_built(self, what: str) -> None:
        """Refuse what (`what`) a model without shapes cannot do."""
        if not self.built:
            raise NotBuilt(
                f"{what} needs a built model: give Autoencoder an input_shape, or call fit first"
            )

    def clear_gradients(self) -> None:
        """Set the gradients of all layers to zero; `backward` adds to them."""
        self._gradient[...] = 0

    def summary(self) -> None:
        """Print each layer with its output's shape and its number of parameters, and the total."""
        self.require_built("summary")
        print(*layer_lines(self.layers), sep="\n")

    def __call__(self, x: object = None, **options: object) -> NoReturn:
        raise TypeError(
            f"{type(self).__name__} is not called: reconstruct(x), encode(x), or fit(x) to train"
        )

    def __repr__(self) -> str:
        parts = f"loss {type(self.loss).__name__}, optimizer {type(self.optimizer).__name__}"
        start = f"{type(self).__name__}, {parts}, after {self.progress.epoch:,} epochs"
        return "\n".join([start, *layer_lines(self.layers)])

    # Building

    def build(self, input_shape: Shape) -> None:
        """Create the weights, for samples of `input_shape`; the first data do it otherwise."""
        with self.all_or_nothing():
            if self.built:
                shape = shape_text(self.encoder.input_shape)
                raise ValueError(
                    f"the model is built, for samples of shape {shape}: make a new one"
                )
            self.declare(input_shape, np.random.default_rng([self.seed, 0]))
            self.bind()

    def declare(self, input_shape: Shape, rng: np.random.Generator | None = None) -> None:
        """Give all layers shapes for `input_shape` and, with `rng`, weights, before `bind`."""
        shape = sizes("input_shape", input_shape)
        self.encoder.label, self.decoder.label = "encoder", "decoder"
        code_shape = self.encoder.prepare(shape, self.dtype, rng)
        check_for(self.loss, self.decoder.prepare(code_shape, self.dtype, rng))
        self.encoder.claim()
        self.decoder.claim()

    def bind(self) -> None:
        """Give all weights their place in the model's vector."""
        parameters, gradient = bind(self.layers, self.dtype)
        if self._slots.shape[1] != parameters.size:  # else they are a copy's
            slots = optimizers.SLOTS, parameters.size
            with room_for("what the optimizer keeps", slots, self.dtype):
                self._slots = self.optimizer.first_state(parameters)
        self._gradient, self._slots = gradient, lasting(self._slots)
        split = self.encoder.parameter_count
        self.encoder.adopt(parameters[:split], gradient[:split])
        self.decoder.adopt(parameters[split:], gradient[split:])
        self.encoder.threads = self.decoder.threads = self.threads
        assign_keys(self.layers, self.seed)
        self._program, self._parameters = None, parameters
        self._settled = not self._deciding

    @contextlib.contextmanager
    def all_or_nothing(self, waits: bool = False) -> Iterator[None]:
        """Any exception in the `with` block leaves the model as it was before.

        Until the end of the block, a model that is built in it is built for this thread only; other
        threads cannot build theirs meanwhile, but where the block `waits`, perhaps for them.

        Yields
        ------
        None
            Nothing: the block is what runs.
        """
        lock: Any = contextlib.nullcontext()
        objects: list[object] = [self.progress]
        if not self._settled:
            lock = lock if waits else forks.building
            objects += [self, *self.encoder.inside(), *self.decoder.inside()]
        with lock, Interruption(passes=1) as interruption, unchanged_if_refused(*objects):
            outermost, self._deciding = not self._deciding, not self._settled
            try:
                yield
            finally:
                interruption.passes = 0
            if outermost:
                self._deciding, self._settled = False, self._parameters is not None

    # Data

    def rescaled(self, x: ArrayLike) -> Any:
        """The samples x on the scale of their reconstruction, as a first `Rescaling` has it."""
        rescaling = rescaling_of(self.layers)
        return x if rescaling is None else rescaling.of(np.asarray(x))

    def admit_input(
        self, x: ArrayLike, name: str = "x", bounds: tuple[float, float] | None = None
    ) -> np.ndarray:
        """Check x, named `name`, perhaps for `bounds`; it decides shapes where there are none."""
        if self._settled:
            return admit(x, name, self.encoder.input_shape, self.dtype, bounds)
        with self.all_or_nothing():
            if self.built:  # by another thread meanwhile, or by this call
                return admit(x, name, self.encoder.input_shape, self.dtype, bounds)
            rows = admit(x, name, None, self.dtype, bounds)
            self.build(rows.shape[1:])
            return rows

    def admit(self, *given: Given) -> list[Samples]:
        """Samples, targets and weights, all `given`, checked against the model's shapes and loss.

        What is refused decides nothing: a model that had no shapes has none again.
        """
        if self._settled:
            return [self._admit_samples(*each) for each in given]
        with self.all_or_nothing():
            return [self._admit_samples(*each) for each in given]

    def _admit_samples(
        self, x: ArrayLike, y: ArrayLike | None, name: str, weight: Any = None
    ) -> Samples:
        rows, target = self._admit_pair(x, y, name)
        label = "sample_weight" if name == "x" else f"{name}[2]"
        weight = admit_weight(weight, label, target, self.dtype)
        check_weighted(self.loss, weight)
        return Samples(rows, target, weight)

    def _admit_pair(
        self, x: ArrayLike, y: ArrayLike | None, name: str
    ) -> tuple[np.ndarray, np.ndarray]:
        bounds = getattr(self.loss, "bounds", None)
        rescaling = rescaling_of(self.layers) if y is None else None
        rows: Any = self.admit_input(x, name, bounds if y is None and not rescaling else None)
        before, after = self.encoder.input_shape, self.decoder.output_shape
        if rescaling and after == before:  # it learns what its first layer makes of x
            y, name = Computed(rows, rescaling.of, self.dtype), f"{name}, rescaled,"
            target = admit(y, name, after, self.dtype, bounds)
            check_targets(self.loss, target, name)
            return rows, target
        if y is None:
            if after != before:
                raise ValueError(
                    f"the model turns {shape_text(before)} into {shape_text(after)}, so it cannot "
                    "learn its input: the decoder must end in the input's shape, or targets be "
                    f"given as y{mending(self.decoder.layers, before)}"
                )
            check_targets(self.loss, rows, name)
            return rows, rows
        label = "y" if name == "x" else f"{name}[1]"
        target = admit(y, label, after, self.dtype)
        if len(target) != len(rows):
            raise ValueError(
                f"{name} and {label} must have as many samples, but have {len(rows)} and "
                f"{len(target)}"
            )
        check_scale(self.layers, rows, target, label, bounds is not None)
        if bounds is not None:
            target = admit(target, label, after, self.dtype, bounds)
        check_targets(self.loss, target, label)
        return rows, target

    # Copies

    def copy(self, dtype: DTypeLike | None = None) -> Self:
        """An independent copy, its state of training included; in another `dtype` on request."""
        twin = copy.deepcopy(self)
        if dtype is not None and real_dtype(dtype) != twin.dtype:
            slots = finite(converted(twin.slots, dtype), "a number of the optimizer's state")
            if twin.built:
                finite(converted(twin.parameters, dtype), "a parameter")
            vars(twin).update(dtype=real_dtype(dtype), _slots=slots)
            if twin.built:
                twin.bind()
        return twin

    def __copy__(self) -> Self:
        return self.copy()

    def __getstate__(self) -> dict[str, Any]:
        built = self.built  # or not, for certain
        lost = {**dict.fromkeys(LOST), "_gradient": np.empty(0, self.dtype)}
        stage = {"_parameters": built or None, "_deciding": False, "_settled": False}
        # a decoder's own state has no layer that is tied to an encoder's
        return {**self.__dict__, **lost, **stage, "_tied": self.decoder.layers}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.decoder.tie(self.__dict__.pop("_tied"))
        if self._parameters is not None:  # the layers have copies of their own by now
            self.encoder.claim()
            self.decoder.claim()
            self.bind()


def _sequential(part: Iterable[Layer] | Sequential, label: str) -> Sequential:
    if isinstance(part, Sequential):
        return part
    return Sequential(listed(label, part, "layers, or a Sequential"), label=label)
