"""Layers of sequences (n, steps, channels): those of images, for images one pixel high.

    Conv1D            y[i, o] = f(Σ x[i s + v − p, c] W[v, c, o] + b[o])
    Conv1DTranspose   z[i s + v − p, o] += x[i, c] W[v, o, c];  y = f(z + b)

Kernels, gradients and steps are those of the layers of images. What is said here is what a sequence
is to them: its shape gets a height of 1, and each size along it becomes the pair (1, size).
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from ..checks.arguments import length, optional_whole
from ..layers.convolution import Conv2D
from ..layers.layer import Layer, Shape
from ..layers.pooling import AveragePooling2D, MaxPooling2D, UpSampling2D
from ..layers.transposed_convolution import Conv2DTranspose
from ..maths.formula import Formula
from ..primitives import steps


class OfSequences(Layer):
    """A layer of images, for sequences; to be named before it among the base classes.

    Attributes
    ----------
    images : class
        The layer of images.
    sides : tuple of str
        Its settings that are pairs, and here numbers.
    """

    images: ClassVar[Any]
    sides: ClassVar[dict[str, int]]

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "images" in vars(cls):  # the kernels, and what says in other words what they do
            cls.kernels = cls.images.kernels
            cls.formula, cls.steps = OfSequences.formula, OfSequences.steps  # type: ignore[method-assign]

    def of_images(self, **shapes: Shape) -> Any:
        """The layer of images that does what this one does, with the same weights, and `shapes`."""
        twin = object.__new__(self.images)
        given = {name: getattr(self, name) for name in self.sides}
        pairs = {n: v if v is None else (self.sides[n], v) for n, v in given.items()}
        vars(twin).update(vars(self), **pairs, **shapes)
        return twin

    @property
    def as_images(self) -> Any:
        """The same once it is built."""
        return self.of_images(
            input_shape=(1, *self.input_shape), output_shape=(1, *self.output_shape)
        )

    def build(self, input_shape: Shape) -> Shape:
        if len(input_shape) != 2:
            hint = "; put a Reshape((steps, channels)) before it"
            raise self.shape_error(input_shape, "(n, steps, channels)" + hint)
        shape = self.images.build(self.of_images(), (1, *input_shape))
        for arrays in (self.weights, self.gradients):
            if "kernel" in arrays:  # (1, size, channels, filters)
                arrays.bind("kernel", arrays["kernel"][0])
        return shape[1:]

    def record_fields(self):
        return self.as_images.record_fields()

    def operations(self):
        return self.as_images.operations()

    def record_behind(self, step, input_shape):
        return None

    def formula(self) -> Formula:
        return Formula(*(text.replace("1×", "") for text in self.as_images.formula()))

    def step_weight(self, name: str) -> np.ndarray:
        """The weight `name` in the shape in which the steps, which are of images, take it."""
        weight = self.weights[name]
        return weight[np.newaxis] if name == "kernel" else weight

    def steps(self):
        inside = self.as_images.steps()
        return [steps.Reshape((1, *self.input_shape)), *inside, steps.Reshape(self.output_shape)]


class Conv1D(OfSequences, Conv2D):
    """Convolution of sequences: y[i, o] = f(Σ x[i s + v − p, c] W[v, c, o] + b[o]).

    Parameters
    ----------
    filters : int
        Channels of y.
    kernel_size : int
        Steps in the window.
    strides : int, default 1
        The stride s.
    padding : "valid" or "same", default "valid"
        Windows inside the sequence only; or as many windows as steps / s, with zeros around, half
        of them (rounded down) before the sequence.
    activation : str, ActivationFunction or None
        The function f, as for `Conv2D`.
    use_bias : bool, default True
        Whether there is a b.
    kernel_initializer, bias_initializer : str or callable ``(shape, rng) -> array``
        Initial W, of shape (kernel_size, channels, filters), and b, of shape (filters,).
    activity_regularizer : L1, L2, L1L2 or None
        A penalty on y.
    kernel_regularizer : L1, L2, L1L2 or None
        A penalty on W, as for `Conv2D`.
    kernel_constraint : UnitNorm or None
        What W is to be after each step.

    See Also
    --------
    Conv1DTranspose : Makes sequences longer.
    Conv2D : For images.

    Examples
    --------
    >>> import tinyae as tae
    >>> tae.Conv1D(8, 3, strides=2, padding="same").build((100, 1))
    (50, 8)
    """

    images, sides = Conv2D, {"kernel_size": 1, "strides": 1}
    checks: ClassVar = {"kernel_size": length, "strides": length}


class Conv1DTranspose(OfSequences, Conv2DTranspose):
    """Transposed convolution of sequences: each step of x adds its multiple of W under a window.

    Parameters
    ----------
    filters : int
        Channels of y.
    kernel_size : int
        Steps in the window.
    strides : int, default 1
        The stride s: how far the windows of neighbouring steps lie apart.
    padding : "valid" or "same", default "valid"
        With "valid" y has (size − 1) s + max(kernel_size, s) steps, with "same" size · s.
    activation : str, ActivationFunction or None
        The function f, as for `Conv2D`.
    output_padding : int, optional
        Below s. With it y has (size − 1) s + kernel_size steps, or, with "same",
        2 ⌊kernel_size / 2⌋ less, and these in addition.
    use_bias : bool, default True
        Whether there is a b.
    kernel_initializer, bias_initializer : str or callable ``(shape, rng) -> array``
        Initial W, of shape (kernel_size, filters, channels), and b, of shape (filters,).
    activity_regularizer : L1, L2, L1L2 or None
        A penalty on y.
    kernel_regularizer : L1, L2, L1L2 or None
        A penalty on W, as for `Conv2D`.
    kernel_constraint : UnitNorm or None
        What W is to be after each step.

    See Also
    --------
    Conv1D : Its backward pass is this layer.
    UpSampling1D : Makes sequences longer without weights.

    Examples
    --------
    >>> import tinyae as tae
    >>> tae.Conv1DTranspose(1, 3, strides=2, padding="same").build((50, 8))
    (100, 1)
    """

    images = Conv2DTranspose
    sides: ClassVar = {"kernel_size": 1, "strides": 1, "output_padding": 0}
    checks: ClassVar = {
        "kernel_size": length,
        "strides": length,
        "output_padding": lambda name, value: optional_whole(name, value, 0),
    }

    def output_padding_for(self, sizes: Any) -> Any:
        found = self.as_images.output_padding_for((1, *sizes))
        return None if found is None else found[1]


class MaxPooling1D(OfSequences, MaxPooling2D):
    """The maximum under each window, channel by channel.

    Of equal maxima the first gets the gradient.

    Parameters
    ----------
    pool_size : int, default 2
        Steps in the window.
    strides : int, optional
        How far apart the windows are. Default: `pool_size`.
    padding : "valid" or "same", default "valid"
        Windows inside the sequence only, or ⌈steps / stride⌉ windows. Padding never counts.
    activity_regularizer : L1, L2, L1L2 or None
        A penalty on the output.

    See Also
    --------
    AveragePooling1D : The mean in place of the maximum.
    UpSampling1D : The way back in a decoder.

    Examples
    --------
    >>> import tinyae as tae
    >>> tae.MaxPooling1D().build((100, 8))
    (50, 8)
    """

    images, sides = MaxPooling2D, {"pool_size": 1, "strides": 1}
    checks: ClassVar = {"pool_size": length, "strides": length}


class AveragePooling1D(OfSequences, AveragePooling2D):
    """The mean of the real steps under each window, channel by channel.

    Parameters
    ----------
    pool_size : int, default 2
        Steps in the window.
    strides : int, optional
        How far apart the windows are. Default: `pool_size`.
    padding : "valid" or "same", default "valid"
        Windows inside the sequence only, or ⌈steps / stride⌉ windows. Padding never counts.
    activity_regularizer : L1, L2, L1L2 or None
        A penalty on the output.

    See Also
    --------
    MaxPooling1D : The maximum in place of the mean.

    Examples
    --------
    >>> import tinyae as tae
    >>> tae.AveragePooling1D(3, strides=2, padding="same").build((7, 1))
    (4, 1)
    """

    images, sides = AveragePooling2D, MaxPooling1D.sides
    checks: ClassVar = {"pool_size": length, "strides": length}


class UpSampling1D(OfSequences, UpSampling2D):
    """Every step repeated.

    Parameters
    ----------
    size : int, default 2
        How many times.
    activity_regularizer : L1, L2, L1L2 or None
        A penalty on the output.

    See Also
    --------
    MaxPooling1D : What it stands for in a decoder.
    Conv1DTranspose : Makes sequences longer by weights.

    Examples
    --------
    >>> import tinyae as tae
    >>> tae.UpSampling1D().build((50, 8))
    (100, 8)
    """

    images, sides = UpSampling2D, {"size": 1}
    checks: ClassVar = {"size": length}
