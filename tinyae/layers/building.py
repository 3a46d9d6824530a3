"""What happens around a layer's own `build`."""

import contextlib
import functools
import math
from collections.abc import Callable
from numbers import Real
from typing import Any

import numpy as np

from ..checks import forks
from ..checks.arguments import LONGEST, shown, sizes, whole
from ..checks.attributes import is_ours
from ..checks.overridden import overrides, owner
from ..checks.undo import unchanged_if_refused
from ..maths import constraints
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

    wrapper.checks = True  # type: ignore[attr-defined]
    return wrapper


def _recorded(self: Any, build: Callable, input_shape: Shape, *args: Any, **options: Any) -> Shape:
    with unchanged_if_refused(*self.inside()):
        vars(self).update(_building=True, weights=Weights(), gradients=Weights())
        shape = checked_shape(self, build(self, input_shape, *args, **options))
        vars(self).update(_building=False, input_shape=input_shape, output_shape=shape)
        constraints.of_kernel(self)  # which may not be for its axes
        if not overrides(self, "forward") or not overrides(self, "backward"):
            check_weights(self)
        if not self._declares:
            self.bind_alone()
    return shape


def checked_shape(layer: Any, shape: Any) -> Shape:
    """What `build` gave, refused if it is no shape."""
    found = None
    with contextlib.suppress(ValueError):
        found = sizes("shape", shape) if isinstance(shape, tuple | list) else None
    if found is None:
        raise ValueError(
            f"{type(layer).__name__}.build must return the output's shape, a tuple of positive "
            f"sizes, but returned {shown(shape)}"
        )
    if math.prod(found) > LONGEST:
        raise ValueError(
            f"{layer.label} would make {math.prod(found):,} numbers of one sample, shape {found}, "
            f"but {LONGEST:,} are the most"
        )
    return found


def check_weights(layer: Any) -> None:
    """Refuse weights other than those that the kernels are written for."""
    if layer.kernels is None or not overrides(layer, "build"):
        return
    cls = owner(layer, "kernels")
    own: Any = {"weights": Weights(), "gradients": Weights(), "_declares": True, "_building": True}
    other = twin(layer, **own)
    shape = tuple(cls.build(other, layer.input_shape))
    found, wanted = (
        [(name, array.shape) for name, array in each.weights.items()] for each in (layer, other)
    )
    if shape != layer.output_shape or found[: len(wanted)] != wanted:
        raise ValueError(
            f"{type(layer).__name__}.build must declare what {cls.__name__}'s kernels are for, "
            f"{wanted} and output {shape}, but declares {found} and {layer.output_shape}; "
            "or define forward and backward, too"
        )


def record_fields(layer: Any) -> dict[str, float]:
    """The layer's own; refused if its kernels would look for its numbers elsewhere."""
    fields, kinds = layer.record_fields(), layer.kernels.fields
    if is_ours(type(layer).record_fields):
        return fields
    wanted = fields
    if overrides(layer, "record_fields"):
        wanted = owner(layer, "kernels").record_fields(layer)
    if not isinstance(fields, dict):
        raise ValueError(
            f"{layer.label}: record_fields must give a dict, but gives {shown(fields)}"
        )
    for name in {**kinds, **wanted, **fields}:
        kind, value = kinds.get(name), fields.get(name)
        if kind is None or not _keeps(kind, value):
            raise ValueError(
                f"{layer.label}: record_fields must give {dict(kinds)}, but gives {name}: {value!r}"
            )
        if kind is int and value != wanted.get(name):  # a size, or where code lies
            raise ValueError(
                f"{layer.label}: record_fields must give {name}: {wanted.get(name)!r}, as "
                f"{owner(layer, 'kernels').__name__}'s kernels need, but gives {value!r}"
            )
    return fields


def _keeps(kind: type, value: Any) -> bool:
    """Whether a number stays what it is in that kind of field."""
    with contextlib.suppress(ValueError, OverflowError):  # of NaN and infinity as integers
        return isinstance(value, Real) and kind(value) == value
    return False


def scratch_size(layer: Any, op: np.record) -> int:
    """How many numbers of scratch the layer's kernels get."""
    size = layer.scratch_size(op)
    if is_ours(type(layer).scratch_size):
        return size
    size = whole(f"{layer.label}: scratch_size", size, least=0)
    if overrides(layer, "scratch_size"):
        return max(size, owner(layer, "kernels").scratch_size(layer, op))
    return size


def twin(layer: Any, kind: type | None = None, **changes: Any) -> Any:
    """The same layer, weights included, of another kind or with other attributes."""
    other: Any = object.__new__(kind or type(layer))
    vars(other).update(vars(layer), **changes)
    return other
