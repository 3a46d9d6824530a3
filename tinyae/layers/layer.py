"""The contract of a layer: what it defines, what it has, how it belongs to a model."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from ..checks.arguments import MOST_COUNTED, flag, sizes, text, whole
from ..checks.arrays import shape_text
from ..checks.attributes import Checked, is_ours, written
from ..checks.handed_out import is_same
from ..checks.memory import room_for
from ..maths import penalties
from ..maths.formula import Formula
from ..maths.initializers import Initializer, initial
from ..maths.initializers import get as get_initializer
from ..maths.penalties import Penalty
from ..primitives.steps import Step
from .building import check_weights, record_fields, recording, scratch_size
from .kernels import NOT_TRAINING, Kernels, run_backward, run_forward
from .passes import checked_backward, checked_forward
from .record import OP, as_type, for_kernels
from .weights import Weights, bind

Shape = tuple[int, ...]
SHAPES, VECTORS = ("input_shape", "output_shape"), ("parameters", "gradient")
BUILT = (*SHAPES, *VECTORS)  # there once a layer is built
ARRAYS = (*VECTORS, "weights", "gradients")
FIXED = (*SHAPES, *ARRAYS, "dtype", "key")  # which nobody can replace
PASSES = {"forward": checked_forward, "backward": checked_backward}
WRAPPERS = {"build": recording, **PASSES}
RESERVED = {*FIXED, "built", "layers", "parameter_count", "trainable"}  # of no class but tinyae's


class Cache(NamedTuple):
    """What the kernels' backward pass needs of the forward pass."""

    x: np.ndarray
    y: np.ndarray
    step: int
    first: int


class NotBuilt(ValueError, AttributeError):
    """What a layer has only once its shapes are known."""


class Layer(Checked):
    """One step of a model: a forward pass, and a backward pass that is its gradient.

    A layer of your own subclasses this and declares its weights in `build` with `add_weight`. Then
    it either names its `kernels`, and trains in the compiled loop as the layers of tinyae do; or it
    writes `forward` and `backward` in NumPy, and the model trains eagerly, through the same `fit`.

    Parameters
    ----------
    activity_regularizer : L1, L2, L1L2 or None
        A penalty on the layer's output.

    Attributes
    ----------
    weights, gradients : mapping of str to array
        Views of the model's flat vectors.
    parameters, gradient : array
        The layer's part of these vectors.
    trainable : bool
        False freezes the layer: its gradient is zero and its weights stay.
    input_shape, output_shape : tuple of int
        Shapes of one sample, once the layer is built.
    kernels : Kernels or None
        What the engine runs.

    See Also
    --------
    Kernels : For a layer that trains in the compiled loop.
    check_gradients : Whether its backward pass is right.
    Dense : One of the layers that are there.

    Examples
    --------
    >>> import numpy as np, tinyae as tae
    >>> class Scale(tae.Layer):
    ...     def build(self, input_shape):
    ...         self.add_weight("scale", input_shape, lambda shape, rng: np.ones(shape))
    ...         return input_shape
    ...
    ...     def forward(self, x, training=False, step=0, first=0):
    ...         return x * self.weights["scale"], x
    ...
    ...     def backward(self, dy, cache):
    ...         self.gradients["scale"] += (dy * cache).sum(axis=0)
    ...         return dy * self.weights["scale"]
    """

    kernels: ClassVar[Kernels | None] = None
    random: ClassVar[bool] = False  # whether it does something else in training
    closed = True
    checks: ClassVar = {"trainable": flag, "activity_regularizer": penalties.check, "label": text}
    # Those that may change once it is built
    changeable: ClassVar = {
        *("trainable", "activity_regularizer", "activation", "label"),
        *("kernel_regularizer", "kernel_constraint"),
    }
    _version = 0  # counts assignments, for who must notice them
    input_shape: Shape
    output_shape: Shape
    dtype: np.dtype
    weights: Weights
    gradients: Weights
    key: int  # decides the layer's random numbers; a model gives each layer its own
    _parameters: np.ndarray
    _gradient: np.ndarray
    _building: bool

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if not isinstance(cls.kernels, Kernels | None):
            raise TypeError(f"{cls.__name__}.kernels must be Kernels, but got {cls.kernels!r}")
        taken = sorted(RESERVED & vars(cls).keys())
        if taken and not is_ours(cls):
            raise TypeError(f"{cls.__name__} must not define {taken[0]}, which is tinyae's own")
        for name, wrap in WRAPPERS.items():  # what a class writes, or has from a mixin
            method = getattr(cls, name)
            if not hasattr(method, "checks") and not (name in PASSES and is_ours(method)):
                setattr(cls, name, wrap(method))

    def __init__(self, *, activity_regularizer: Penalty | None = None) -> None:
        own = {"weights": Weights(), "gradients": Weights(), "dtype": np.dtype(np.float32)}
        vars(self).update(own, key=0, _building=False)
        self.activity_regularizer = activity_regularizer
        self.trainable = True
        self.label = type(self).__name__  # a composite puts the position in front
        self._claimed = False
        self._rng: np.random.Generator | None = None
        self._declares = False  # whether `build` is to find out the weights' shapes only

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "kernels":
            raise ValueError(f"kernels are a class's: write {type(self).__name__}.kernels = ...")
        if name in VECTORS and self.built and is_same(value, getattr(self, name)):
            return  # the end of `parameters += d`
        fixed = name in FIXED and not (name in SHAPES and self._building)
        if fixed or (self.built and name in type(self).checks.keys() - type(self).changeable):
            raise ValueError(
                f"{self.label} is built, so its {name} stays as it is: make a new layer"
                + ", or write into the array: [...] = values" * (name in ARRAYS)
                if self.built
                else f"a layer's {name} is not to be assigned: it is found when the layer is built"
            )
        super().__setattr__(name, value)
        vars(self)["_version"] = self._version + 1

    def __delattr__(self, name: str) -> None:
        if name in FIXED:
            raise ValueError(f"{self.label}: its {name} stays")
        super().__delattr__(name)

    # What a layer defines

    @recording
    def build(self, input_shape: Shape) -> Shape:
        """Declare the weights for samples of `input_shape`; return the output's shape."""
        return input_shape

    @checked_forward
    def forward(
        self, x: np.ndarray, training: bool = False, step: int = 0, first: int = 0
    ) -> tuple[np.ndarray, Any]:
        """The output for samples x (n, *input_shape), and what `backward` needs as its cache.

        With `training` what is active in training only is, and the optimizer's `step` decides its
        random numbers, with `first`: the position in the mini-batch of the first row of x.
        """
        table = self._table("forward(x, ...) -> (y, cache)")
        step = whole("step", step, 0, MOST_COUNTED)
        first = whole("first", first, 0, MOST_COUNTED)
        y = np.empty((len(x), *self.output_shape), self.dtype)
        step = step if flag("training", training) else NOT_TRAINING
        with np.errstate(all="ignore"):  # as in compiled code
            run_forward(
                *(for_kernels(table), self.parameters, _rows(x), _rows(y)),
                *(self._scratch(table), step, first),
            )
        return y, Cache(x, y, step, first)

    @checked_backward
    def backward(self, dy: np.ndarray, cache: Any) -> np.ndarray:
        """The gradient for x, from dy for y and the `cache` of `forward`; adds into `gradients`."""
        table = self._table("backward(dy, cache) -> dx")
        x, y, step, first = self._own_cache(cache, len(dy))
        dx = np.empty_like(x)
        dw = self.gradient if self.trainable else self.gradient[:0]
        with np.errstate(all="ignore"):
            run_backward(
                *(for_kernels(table), self.parameters, _rows(x), _rows(y), _rows(dy)),
                *(dw, _rows(dx), self._scratch(table), step, first),
            )
        return dx

    def record_fields(self) -> dict[str, float]:
        """The values of ``kernels.fields``, for a layer that is built."""
        return {}

    def scratch_size(self, op: np.record) -> int:
        """How many numbers of scratch the kernels need, for a layer with the record `op`."""
        return 0

    def operations(self) -> int:
        """About how many multiplications and additions one sample takes, forward."""
        matrices = sum(array.size for array in self.weights.values() if array.ndim > 1)
        return 2 * matrices + math.prod(self.output_shape)

    def formula(self) -> Formula:
        """What the layer does to x and to the gradient dy, as text."""
        name = type(self).__name__
        return Formula(f"y = {name}.forward(x)", f"dx = {name}.backward(dy)")

    def steps(self) -> list[Step]:
        """What the layer computes at inference: see ``tinyae/primitives/steps.py``."""
        raise NotImplementedError(f"{self.label} does not say which steps it takes")

    def record_behind(self, step: Step, input_shape: Shape) -> np.recarray | None:
        """The layer's record with the `step` before it as one, on `input_shape`, or None."""
        return None

    # What every layer has

    def add_weight(
        self, name: str, shape: Shape, initializer: str | Initializer = "glorot_uniform"
    ) -> None:
        """Declare the weight `name` of a `shape`, by `initializer`; to be called from `build`."""
        if not self._building:
            raise ValueError(f"{self.label}: add_weight is to be called in build")
        if text("name", name) in self.weights:
            raise ValueError(f"{self.label} has a weight {name!r} already")
        shape = sizes("shape", shape, least=0)
        get_initializer(initializer)
        if self._declares:
            blank: np.ndarray = np.ndarray(
                shape, self.dtype, bytearray(8), strides=(0,) * len(shape)
            )
            self.weights.bind(name, blank)
            self.gradients.bind(name, blank)
            return
        label, rng = f"{self.label}: the initializer of {name}", self._rng
        rng = rng or np.random.default_rng(0)
        with room_for(f"{self.label}: its {name}", shape, self.dtype):
            self.weights.bind(name, initial(initializer, label, shape, self.dtype, rng))
            self.gradients.bind(name, np.zeros(shape, self.dtype))

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if name in BUILT and "label" in vars(self):
                raise NotBuilt(f"{self.label} must be built before use: call build(input_shape)")
            if name in ("_building", "_claimed", "label", "weights", "gradients"):
                raise AttributeError(f"{type(self).__name__}.__init__ must call super().__init__()")
            return super().__getattr__(name)

    def __repr__(self) -> str:
        """As it is made."""
        return f"{type(self).__name__}({', '.join(written(self))})"

    @property
    def parameters(self) -> np.ndarray:
        """The layer's part of its model's vector."""
        return self._parameters[:]  # whose shape the caller may set

    @property
    def gradient(self) -> np.ndarray:
        """The layer's part of its model's gradient."""
        return self._gradient[:]

    @property
    def layers(self) -> list[Layer]:
        """The layers inside, for a composite; a plain layer is its own only one."""
        return [self]

    @property
    def built(self) -> bool:
        """Whether the shapes are known and the weights exist."""
        return "output_shape" in vars(self)

    @property
    def parameter_count(self) -> int:
        """How many numbers the weights hold."""
        return sum(array.size for array in self.weights.values())

    def clear_gradients(self) -> None:
        """Set the gradients to zero; `backward` adds to them."""
        for gradient in self.gradients.values():
            gradient[...] = 0

    def shape_error(self, input_shape: Shape, expected: str) -> ValueError:
        """For `build`: an `input_shape` that is not as `expected`."""
        return ValueError(
            f"{self.label} expects input of shape {expected}, but got {shape_text(input_shape)}"
        )

    # Belonging to a model

    def prepare(
        self, input_shape: Shape, dtype: np.dtype, rng: np.random.Generator | None
    ) -> Shape:
        """Build the layer for a model; one that is built already keeps its weights.

        Weights are of `dtype`, for samples of `input_shape`. Without `rng` they are declared: zeros
        of their shapes that take no memory before `bind`.
        """
        if self.built:
            if self.input_shape != tuple(input_shape):
                raise self.shape_error(input_shape, shape_text(self.input_shape))
            return self.output_shape
        vars(self).update(dtype=dtype, _rng=rng, _declares=rng is None)
        output_shape = self.build(tuple(input_shape))
        self._rng, self._declares = None, False
        return output_shape

    def claim(self) -> None:
        """Take the layer for one owner; a second is refused, since weights live in one place."""
        if self._claimed:
            raise ValueError(
                f"{self.label} already belongs to a model; a layer's weights live in one model's "
                "vector. Use a new layer, or a copy of the Sequential it is in: .copy()"
            )
        self._claimed = True

    def release(self) -> None:
        """Undo `claim`."""
        self._claimed = False

    def inside(self) -> list[Layer]:
        """Whatever changes when the layer is built: itself, and what it is made of."""
        return [self]

    def bind_alone(self) -> None:
        """Give the weights vectors of the layer's own."""
        bind([self], self.dtype)

    def __getstate__(self) -> dict[str, Any]:
        lost = ("_parameters", "_gradient", "gradients")  # views, or found from the weights again
        return {name: value for name, value in vars(self).items() if name not in lost}

    def __setstate__(self, state: dict[str, Any]) -> None:
        own = {"weights": state["weights"].copy(), "gradients": Weights()}
        self.__dict__.update(state, **own, _claimed=False)  # a copy is nobody's yet
        if self.built:
            self.bind_alone()

    # For the engine

    def record(self) -> np.recarray:
        """The layer's record, without where its arrays lie: a table of one."""
        assert self.kernels is not None
        table, own = np.zeros(1, self.kernels.record), record_fields(self)
        table["inputs"], table["outputs"] = (
            math.prod(self.input_shape),
            math.prod(self.output_shape),
        )
        table["w_rows"], table["w_columns"] = table["inputs"], table["outputs"]
        table["w_size"], table["key"] = self.parameter_count, self.key
        for name, value in own.items():
            table[name] = value
        return table.view(OP).view(np.recarray)

    def _table(self, method: str) -> np.recarray:
        """The record for a call of the layer alone."""
        if self.kernels is None:
            raise NotImplementedError(f"{type(self).__name__} must define {method}, or kernels")
        check_weights(self)
        table = self.record()
        # by key: a record array takes twenty times as long to find an attribute
        table["forward"] = self.kernels.forward_address(self.dtype)
        table["backward"] = self.kernels.backward_address(self.dtype)
        table["y"] = table["dx"] = 1  # not the memory of x and dy, which are at 0
        return table

    def _scratch(self, table: np.recarray) -> np.ndarray:
        assert self.kernels is not None
        op = as_type(table[0], self.kernels.record)
        return np.empty(scratch_size(self, op), self.dtype)

    def _own_cache(self, cache: Any, n: int) -> Cache:
        """The cache, refused if `Layer.forward` did not give it, for as many samples as dy."""
        shapes = (n, *self.input_shape), (n, *self.output_shape)
        if not isinstance(cache, Cache) or (cache.x.shape, cache.y.shape) != shapes:
            what = f"one of {len(cache.x)} samples" if isinstance(cache, Cache) else repr(cache)
            raise ValueError(
                f"{self.label}.backward must be given the cache that its forward gave for the {n} "
                f"samples of dy, but got {what[:60]}"
            )
        return cache


def _rows(batch: np.ndarray) -> np.ndarray:
    return batch.reshape(len(batch), math.prod(batch.shape[1:]))
