"""What losses, penalties and optimizers have in common: a kernel, and numbers for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from ..checks.arrays import numbers
from ..checks.attributes import Checked


def refuse_own(part: Any, kind: type, *methods: str) -> None:
    """Refuse a part that overrides what the engine, which calls its kernel, would not call."""
    for method in methods:
        if getattr(type(part), method) is not getattr(kind, method):
            raise ValueError(
                f"{type(part).__name__} must not define {method}: training calls its kernel"
            )


class WithKernel(Checked):
    """A part whose class names functions that are no methods of it.

    Attributes
    ----------
    kernel : kernel
        What the compiled engine calls.
    """

    closed = True
    kernel: ClassVar[Callable]

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name in {"kernel", "of_sigmoid", "numpy"} & vars(cls).keys():
            function = vars(cls)[name]
            if callable(function) and not isinstance(function, staticmethod):
                setattr(cls, name, staticmethod(function))
        if "kernel" in vars(cls):
            # what says the same as an inherited kernel does not say what this one does
            kind = cls.__mro__[cls.__mro__.index(WithKernel) - 1]
            for name in {"of_sigmoid", "numpy", "formula"} & vars(kind).keys() - vars(cls).keys():
                setattr(cls, name, vars(kind)[name])

    def settings(self) -> ArrayLike:
        """The part's own numbers, which its kernel gets as float64."""
        return np.empty(0)

    def kernel_numbers(self) -> np.ndarray:
        """The same as an array, for kernels."""
        name = type(self).__name__
        if getattr(type(self), "kernel", None) is None:
            raise ValueError(f"{name} must define a kernel")
        given = numbers(self.settings(), f"what {name}.settings gives").astype(np.float64)
        if given.ndim != 1:
            raise ValueError(
                f"{name}.settings must give numbers, one after the other, but gives {given}"
            )
        owner: Any = next(cls for cls in type(self).__mro__ if "kernel" in vars(cls))
        least = 0 if type(self).settings is owner.settings else np.size(owner.settings(self))
        if given.size < least:
            raise ValueError(
                f"{name}.settings must give the {least} numbers that {owner.__name__}'s kernel "
                f"reads, but gives {given.size}"
            )
        return given
