"""What losses, penalties and optimizers have in common: a kernel, and numbers for it."""

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from ..checks.attributes import Checked


class WithKernel(Checked):
    """A part whose class names functions that are no methods of it.

    Attributes
    ----------
    kernel : kernel
        What the compiled engine calls.
    """

    kernel: ClassVar[Callable]

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name in {"kernel", "of_sigmoid", "numpy"} & vars(cls).keys():
            function = vars(cls)[name]
            if callable(function) and not isinstance(function, staticmethod):
                setattr(cls, name, staticmethod(function))

    def settings(self) -> np.ndarray:
        """The part's own numbers, float64, as its kernel takes them."""
        return np.empty(0)
