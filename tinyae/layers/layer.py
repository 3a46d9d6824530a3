"""The contract of a layer, its weights, and the binding of many layers to one flat vector."""

import functools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from ..checks.arrays import shape_text
from ..maths import penalties as regularizers
from ..maths.initializers import Initializer
from ..maths.initializers import get as get_initializer
from ..maths.penalties import L1L2
from .record import new_table

Shape = tuple[int, ...]


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

    def bind(self, name: str, array: np.ndarray) -> None:
        """Let `name` stand for `array`; for whoever owns the memory."""
        self._arrays[name] = array


class Layer:
    """One step of a model: a forward pass, and a backward pass that is its gradient.

    A layer of your own subclasses this, declares its weights in `build` with `add_weight`, and
    writes `forward` and `backward` in NumPy. It trains eagerly, through the same `fit`.

    Parameters
    ----------
    activity_regularizer : L1, L2, L1L2 or None
        A penalty on the layer's output.

    Attributes
    ----------
    weights, gradients : mapping of str to array
        Views of the model's flat vectors.
    trainable : bool
        False freezes the layer: its gradient is zero and its weights stay.
    input_shape, output_shape : tuple of int, or None before the layer is built
        Shapes of one sample.

    Examples
    --------
    >>> class Scale(Layer):
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

    input_shape: Shape | None = None
    output_shape: Shape | None = None

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "build" in cls.__dict__:
            cls.build = _recording(cls.build)  # type: ignore[method-assign]

    def __init__(self, *, activity_regularizer: L1L2 | None = None) -> None:
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.weights, self.gradients = Weights(), Weights()
        self.trainable = True
        self.dtype = np.dtype(np.float32)
        self.label = type(self).__name__  # a composite puts the position in front
        self.key = 0  # decides the layer's random numbers; a model gives each layer its own
        self._claimed = False
        self._rng: np.random.Generator | None = None
        self._declares = False  # whether `build` is to find out the weights' shapes only

    # What a layer defines

    def build(self, input_shape: Shape) -> Shape:
        """Declare the weights for samples of `input_shape`; return the output's shape."""
        self.input_shape = self.output_shape = tuple(input_shape)
        return input_shape

    def forward(
        self, x: np.ndarray, training: bool = False, step: int = 0, first: int = 0
    ) -> tuple[np.ndarray, Any]:
        """The output for a batch x (n, *input_shape), and what `backward` will need.

        Parameters
        ----------
        x : array, shape (n, *input_shape)
        training : bool
            Whether layers that are active in training only are.
        step : int
            The optimizer's step, which decides their random numbers.
        first : int
            The position in the mini-batch of the first row of x.
        """
        raise NotImplementedError(
            f"{type(self).__name__} must define forward(x, ...) -> (y, cache)"
        )

    def backward(self, dy: np.ndarray, cache: Any) -> np.ndarray:
        """The gradient for x, from the gradient dy for y; adds into `gradients`."""
        raise NotImplementedError(f"{type(self).__name__} must define backward(dy, cache) -> dx")

    def op(self, input_shape: Shape) -> dict[str, float] | None:
        """The layer's own fields of its record, see `tinyae.ops`; None if it has no kernels."""
        return None

    def scratch_sizes(self, op: np.record) -> tuple[int, int]:
        """How many numbers of scratch the kernels need: at all, and for each sample."""
        return 0, 0

    # What every layer has

    def add_weight(
        self, name: str, shape: Shape, initializer: str | Initializer = "glorot_uniform"
    ) -> None:
        """Declare a weight; to be called from `build`."""
        initialize = get_initializer(initializer)
        if self._declares:
            blank: np.ndarray = np.ndarray(
                shape, self.dtype, bytearray(8), strides=(0,) * len(shape)
            )
            self.weights.bind(name, blank)
            self.gradients.bind(name, blank)
            return
        rng = self._rng or np.random.default_rng(0)
        values = np.asarray(initialize(shape, rng))
        if values.shape != tuple(shape):
            raise ValueError(
                f"{self.label}: the initializer of {name} must give shape {tuple(shape)}, "
                f"but gave {values.shape}"
            )
        self.weights.bind(name, values.astype(self.dtype))
        self.gradients.bind(name, np.zeros(shape, self.dtype))

    @property
    def layers(self) -> list["Layer"]:
        """The layers inside, for a composite; a plain layer is its own only one."""
        return [self]

    @property
    def built(self) -> bool:
        """Whether the shapes are known and the weights exist."""
        return self.output_shape is not None

    @property
    def parameter_count(self) -> int:
        """How many numbers the weights hold."""
        return sum(array.size for array in self.weights.values())

    def prepare(
        self, input_shape: Shape, dtype: np.dtype, rng: np.random.Generator | None
    ) -> Shape:
        """Build the layer for a model; one that is built already keeps its weights.

        Without `rng` weights are declared: zeros of their shapes that take no memory before `bind`.
        """
        if self.built:
            if self.input_shape != tuple(input_shape):
                raise self.shape_error(input_shape, shape_text(self.input_shape or ()))
            return self.output_shape or ()
        self.dtype, self._rng, self._declares = dtype, rng, rng is None
        output_shape = self.build(tuple(input_shape))
        self._rng, self._declares = None, False
        return output_shape

    def unbuild(self) -> None:
        """Forget shapes and weights."""
        self.input_shape = self.output_shape = None
        self.weights, self.gradients = Weights(), Weights()

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

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _claimed=False)  # a copy is nobody's yet

    def clear_gradients(self) -> None:
        """Set the gradients to zero."""
        for gradient in self.gradients.values():
            gradient[...] = 0

    def shape_error(self, input_shape: Shape, expected: str) -> ValueError:
        """For `build`: an input of the wrong shape."""
        return ValueError(
            f"{self.label} expects input of shape {expected}, but got {shape_text(input_shape)}"
        )

    # For layers with kernels: what the kernels take

    def record(self, input_shape: Shape, output_shape: Shape) -> np.record:
        """The layer's record, as far as it does not depend on where its arrays lie."""
        op = new_table(1)[0]
        fields: dict[str, float] = {
            "inputs": math.prod(input_shape),
            "outputs": math.prod(output_shape),
            "key": self.key,
        }
        if len(input_shape) == len(output_shape) == 3:
            fields |= zip(("height", "width", "channels"), input_shape, strict=True)
            fields |= zip(("out_height", "out_width", "filters"), output_shape, strict=True)
        for name, value in (fields | (self.op(input_shape) or {})).items():
            op[name] = value
        return op

    def scratch(self, op: np.record, n: int) -> np.ndarray:
        """Room for the kernels to work in, for n samples."""
        fixed, each = self.scratch_sizes(op)
        return np.empty(fixed + n * each, self.dtype)

    def batch(self, x: np.ndarray) -> np.ndarray:
        """x as the layer's kernels take it: of its input's shape, contiguous, of its dtype."""
        if self.input_shape is None:
            raise ValueError(f"{self.label} must be built before use: call build(input_shape)")
        x = np.ascontiguousarray(x, dtype=self.dtype)
        if x.shape[1:] != self.input_shape:
            raise self.shape_error(x.shape[1:], shape_text(self.input_shape))
        return x

    def batch_gradient(self, dy: np.ndarray, y_shape: Shape) -> np.ndarray:
        """dy as the layer's kernels take it: of the output's shape, and their own to write over."""
        dy = np.array(dy, self.dtype, order="C")
        if dy.shape != y_shape:
            raise ValueError(
                f"{self.label}: the gradient for the output must have its shape, {y_shape}, "
                f"but has {dy.shape}"
            )
        return dy

    def weight(self, name: str, ndim: int = 1) -> np.ndarray:
        """The weight of that name, or an empty array, which kernels take for "none"."""
        return self.weights.get(name, np.empty((0,) * ndim, self.dtype))

    def gradient(self, name: str, ndim: int = 1) -> np.ndarray:
        """The gradient to add into, or an empty array where none is wanted."""
        none = np.empty((0,) * ndim, self.dtype)
        return self.gradients.get(name, none) if self.trainable else none


def _recording(build: Callable) -> Callable:
    """`build`, refused for a layer whose weights a model holds, and remembering the shapes."""

    @functools.wraps(build)
    def wrapper(self: Layer, input_shape: Shape, *args: Any, **options: Any) -> Shape:
        if self._claimed:
            raise ValueError(
                f"{self.label} belongs to a model, which has built it; build a copy instead"
            )
        shape = tuple(build(self, input_shape, *args, **options))
        self.input_shape, self.output_shape = tuple(input_shape), shape
        return shape

    return wrapper


def is_compiled(layer: Layer) -> bool:
    """Whether the engine may run the layer's kernels in place of its methods.

    A subclass that overrides `forward` or `backward` below the class that defined `op` means
    what it wrote.
    """
    owner = next(base for base in type(layer).__mro__ if "op" in base.__dict__)
    same = all(getattr(type(layer), m) is getattr(owner, m) for m in ("forward", "backward"))
    return same and owner is not Layer


def bind(layers: Iterable[Layer], dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
    """Move the weights of all layers into one flat vector, and their gradients into another.

    The order is layer by layer, in each the order of `add_weight`, in each C order. The layers
    then hold views.
    """
    layers = list(layers)
    size = sum(layer.parameter_count for layer in layers)
    parameters, gradient = np.empty(size, dtype), np.zeros(size, dtype)
    start = 0
    for layer in layers:
        layer.dtype = dtype
        for name, values in layer.weights.items():
            stop = start + math.prod(values.shape)
            view = parameters[start:stop].reshape(values.shape)
            view[...] = values
            layer.weights.bind(name, view)
            layer.gradients.bind(name, gradient[start:stop].reshape(values.shape))
            start = stop
    return parameters, gradient
