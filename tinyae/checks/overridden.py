"""Which methods a layer's class defines anew, and whether what it declares still says them."""

import functools
from typing import Any


def overrides(layer: Any, name: str) -> bool:
    """Whether `name` is defined anew below the class that the layer's kernels are from."""
    cls: Any = type(layer)
    return _overrides(cls, name)


@functools.cache
def _overrides(cls: Any, name: str) -> bool:
    return cls.__mro__.index(_owner(cls, name)) < cls.__mro__.index(_owner(cls, "kernels"))


def owner(layer: Any, name: str) -> Any:
    """The class that says what the layer's `name` is."""
    return _owner(type(layer), name)


def _owner(cls: Any, name: str) -> Any:
    return next(base for base in cls.__mro__ if name in vars(base))


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
