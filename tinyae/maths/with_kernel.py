"""What losses, penalties and optimizers have in common: a kernel, and numbers for it."""

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from ..checks.attributes import Checked


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

    def settings(self) -> ArrayLike:
        """The part's own numbers, which its kernel gets as float64."""
        return np.empty(0)

    def kernel_numbers(self) -> np.ndarray:
        """The same as an array, for kernels."""
        if getattr(type(self), "kernel", None) is None:
            raise ValueError(f"{type(self).__name__} must define a kernel")
        numbers = np.array(self.settings(), np.float64)
        if numbers.ndim != 1:
            raise ValueError(
                f"{type(self).__name__}.settings must give numbers, one after the other, but gives "
                f"{self.settings()!r}"
            )
        return numbers
