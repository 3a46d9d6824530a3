"""What happens around a layer's own `build`; and which class says what a layer is."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..checks import forks
from ..checks.arguments import sizes
from ..checks.undo import unchanged_if_refused
from .weights import Weights

Shape = tuple[int, ...]


def recording(build: Callable) -> Callable:
    """`build`, refused for a layer whose weights a model holds, and remembering the shapes."""

    @functools.wraps(build)
    def wrapper(self: Any, input_shape: Shape, *args: Any, **options: Any) -> Shape:
        with forks.building:
            if self._building:  # called by a subclass's own
                return build(self, input_shape, *args, **options)
            if self._claimed:
                raise ValueError(
                    f"{self.label} belongs to a model, which has built it; build a copy instead"
                )
            input_shape = sizes("input_shape", input_shape)
            return _recorded(self, build, input_shape, *args, **options)

    wrapper.records = True  # type: ignore[attr-defined]
    return wrapper


def _recorded(self: Any, build: Callable, input_shape: Shape, *args: Any, **options: Any) -> Shape:
    with unchanged_if_refused(self):
        vars(self).update(_building=True, weights=Weights(), gradients=Weights())
        shape = checked_shape(self, build(self, input_shape, *args, **options))
        vars(self).update(_building=False, input_shape=tuple(input_shape), output_shape=shape)
        check_weights(self)
        if not self._declares:
            self.bind_alone()
    return shape


def checked_shape(layer: Any, shape: Any) -> Shape:
    """What `build` gave, refused if it is no shape."""
    sizes = shape if isinstance(shape, tuple | list) and shape else [None]
    if not all(isinstance(size, int | np.integer) and size > 0 for size in sizes):
        raise ValueError(
            f"{type(layer).__name__}.build must return the output's shape, a tuple of positive "
            f"sizes, but returned {shape!r}"
        )
    return tuple(map(int, sizes))


def check_weights(layer: Any) -> None:
    """Refuse weights other than those that the kernels are written for."""
    mro, cls = type(layer).__mro__, owner(layer, "kernels")
    if not describes(layer, "kernels") or mro.index(owner(layer, "build")) >= mro.index(cls):
        return
    twin = object.__new__(type(layer))
    own = {"weights": Weights(), "gradients": Weights(), "_declares": True, "_building": True}
    vars(twin).update(vars(layer), **own)
    shape = tuple(cls.build(twin, layer.input_shape))
    found, wanted = (
        [(name, array.shape) for name, array in each.weights.items()] for each in (layer, twin)
    )
    if shape != layer.output_shape or found[: len(wanted)] != wanted:
        raise ValueError(
            f"{type(layer).__name__}.build must declare what {cls.__name__}'s kernels are for, "
            f"{wanted} and output {shape}, but declares {found} and {layer.output_shape}; "
            "or define forward and backward, too"
        )


def owner(layer: Any, name: str) -> Any:
    """The class that says what the layer's `name` is."""
    return next(base for base in type(layer).__mro__ if name in vars(base))


def describes(layer: Any, name: str) -> bool:
    """Whether `name`, its kernels, steps or formula, says what the layer's methods do.

    A subclass that overrides `forward`, `backward` or `kernels` below the class that defines `name`
    means what it wrote.
    """
    cls, mro = owner(layer, name), type(layer).__mro__
    same = all(getattr(type(layer), m) is getattr(cls, m) for m in ("forward", "backward"))
    newer = mro.index(owner(layer, "kernels")) < mro.index(cls)
    return same and cls is not owner(layer, "add_weight") and not newer  # not Layer's own


def is_compiled(layer: Any) -> bool:
    """Whether the engine may run the layer's kernels in place of its methods."""
    return layer.kernels is not None and describes(layer, "kernels")
