"""The transposed convolution: the backward pass of a convolution for its input, as a layer.

Its mathematics is in `convolution`, with that of the layer that it is the reverse of.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any, ClassVar

from ..checks.arguments import pair
from ..checks.arrays import shape_text
from ..maths import activations
from ..maths.activations import ActivationFunction
from ..maths.constraints import UnitNorm
from ..maths.initializers import Initializer
from ..maths.penalties import Penalty
from ..primitives.steps import Crop, Pad, Step, WindowProductTransposed, biased
from .convolution import Conv2D
from .layer import Shape
from .windows import unslide

NONE = None, None


def check_output_padding(name: str, value: Any) -> tuple[int | None, int | None] | None:
    """Rows and columns, either of them or both None."""
    if value is None:
        return None
    if isinstance(value, tuple | list) and None in value:
        with contextlib.suppress(ValueError):
            rows, columns = pair(name, [0 if each is None else each for each in value], 0)
            found = None if value[0] is None else rows, None if value[1] is None else columns
            return None if found == NONE else found
    return pair(name, value, 0)


class Conv2DTranspose(Conv2D):
    """Transposed convolution: the backward pass of a `Conv2D` for its input, as a layer.

    Each pixel of x adds its multiple of W to y under a window:
    z[i s + u − p, j s + v − p, o] += x[i, j, c] W[u, v, o, c], and y = f(z + b).

    Parameters
    ----------
    filters : int
        Channels of y.
    kernel_size : int or (int, int)
        Rows and columns of the window.
    strides : int or (int, int), default 1
        The stride s: how far the windows of neighbouring pixels lie apart.
    padding : "valid" or "same", default "valid"
        With "valid" y has (size − 1) s + max(kernel_size, s) pixels along a side, with "same"
        size · s.
    activation : str, ActivationFunction or None
        The function f, as for `Conv2D`.
    output_padding : int or (int, int), optional
        Below s. With it y has (size − 1) s + kernel_size pixels along a side, or, with "same",
        2 ⌊kernel_size / 2⌋ less, and these in addition. One of a pair may be None, for as many as
        without.
    use_bias : bool, default True
        Whether there is a b.
    kernel_initializer, bias_initializer : str or callable ``(shape, rng) -> array``
        Initial W, of shape (rows, columns, filters, channels), and b, of shape (filters,).
    activity_regularizer : L1, L2, L1L2 or None
        A penalty on y.
    kernel_regularizer : L1, L2, L1L2 or None
        A penalty on W, as for `Conv2D`.
    kernel_constraint : UnitNorm or None
        What W is to be after each step.

    See Also
    --------
    Conv2D : Its backward pass is this layer.
    UpSampling2D : Enlarges images without weights.
    Conv1DTranspose : For sequences.

    Examples
    --------
    >>> import tinyae as tae
    >>> tae.Conv2DTranspose(8, 3, strides=2, padding="same").build((14, 14, 1))
    (28, 28, 8)
    >>> tae.Conv2DTranspose(8, 3, strides=2, padding="same", output_padding=0).build((14, 14, 1))
    (27, 27, 8)
    """

    transposed = True
    checks: ClassVar = {"output_padding": check_output_padding}
    output_padding: Any

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, int],
        strides: int | tuple[int, int] = 1,
        padding: str = "valid",
        activation: str | ActivationFunction | None = None,
        *,
        output_padding: int | tuple[int | None, int | None] | None = None,
        use_bias: bool = True,
        kernel_initializer: str | Initializer = "glorot_uniform",
        bias_initializer: str | Initializer = "zeros",
        activity_regularizer: Penalty | None = None,
        kernel_regularizer: Penalty | None = None,
        kernel_constraint: UnitNorm | None = None,
    ):
        super().__init__(
            *(filters, kernel_size, strides, padding, activation),
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            activity_regularizer=activity_regularizer,
            kernel_regularizer=kernel_regularizer,
            kernel_constraint=kernel_constraint,
        )
        self.output_padding = output_padding
        self._check_below_strides()

    def _check_below_strides(self) -> None:
        """Refuse an output_padding that is not below the strides."""
        strides, extra = (_each(given) for given in (self.strides, self.output_padding))
        given = zip(extra, strides, strict=False)
        if any(each is not None and each >= stride for each, stride in given):
            raise ValueError(
                f"output_padding must be below strides, {self.strides}, but got "
                f"{self.output_padding}"
            )

    def __setattr__(self, name: str, value: Any) -> None:
        before = vars(self).get(name)
        super().__setattr__(name, value)
        if name in ("strides", "output_padding") and "output_padding" in vars(self):
            try:
                self._check_below_strides()
            except ValueError:
                vars(self)[name] = before
                raise

    def build(self, input_shape: Shape) -> Shape:
        self._check_below_strides()
        return super().build(input_shape)

    def slides(self, input_shape: Shape) -> list[tuple[int, int]]:
        """For both directions of `input_shape`: the output's size, and the zeros before."""
        extra = self.output_padding or NONE
        sides = zip(input_shape[:2], self.kernel_size, self.strides, extra, strict=True)
        found = [unslide(*side[:3], self.padding, side[3]) for side in sides]
        if min(size for size, _ in found) < 1:
            raise ValueError(
                f"{self.label} leaves nothing of x {shape_text(input_shape)} with output_padding="
                f"{self.output_padding}"
            )
        return found

    def output_padding_for(self, sizes: Sequence[int]) -> tuple[int | None, int | None] | None:
        """The one with which y has these sizes; None where there is none, or none is needed."""
        fitting = []
        sides = zip(sizes, self.input_shape, self.kernel_size, self.strides, strict=False)
        for wanted, size, window, stride in sides:
            found = []
            for extra in (*range(stride), None):
                if unslide(size, window, stride, self.padding, extra)[0] == wanted:
                    found.append(extra)
            if not found:
                return None
            fitting.append(found)
        rows, columns = fitting
        neither = None in rows and None in columns and None in (rows[0], columns[0])
        return None if neither else (rows[0], columns[0])

    def steps(self):
        sides = zip(
            self.slides(self.input_shape),
            self.input_shape,
            self.kernel_size,
            self.strides,
            strict=False,
        )
        crops, pads = [], []
        for (size, before), side, window, stride in sides:
            crops.append((before, size))
            pads.append((0, max(0, before + size - (side - 1) * stride - window)))
        taken: list[Step] = [WindowProductTransposed("kernel", self.strides)]
        if any(pads[0] + pads[1]):
            taken.append(Pad(pads[0], pads[1]))
        taken.append(Crop(*crops))
        return [*taken, *biased(self.use_bias, activations.get(self.activation))]


def _each(given: Any) -> tuple[int, ...]:
    return given if isinstance(given, tuple) else (given,)
