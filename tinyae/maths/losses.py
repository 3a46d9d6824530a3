"""Losses: how far the output y is from the target x, and where the gradient starts.

========================  =====================================  ==================================
name                      mean over every element of             gradient for y
========================  =====================================  ==================================
MSE                       (y − x)²                               2 (y − x) / size
MAE                       |y − x|                                sign(y − x) / size
Huber                     d²/2 or δ (|d| − δ/2), d = y − x       min(max(d, −δ), δ) / size
BCE                       −x log y − (1 − x) log(1 − y)          (y − x) / (y (1 − y)) / size
CategoricalCrossentropy   −k x log y, k classes                  −k x / y / size
========================  =====================================  ==================================

The last is the sum over the classes along the last axis, and the mean over the rest. It and BCE
clip y to [1e-7, 1 − 1e-7], with zero gradient where they do. Where y is the output of a softmax, or
for BCE of a sigmoid, the model asks for the loss from the logits z instead, which needs no clipping
and whose gradient for z is (y − x) / size, or k (y Σ x − x) / size: the activation's slope has
cancelled. ``tinyae/composed`` has a loss made of these for tables of mixed columns.

A loss of your own is any object with ``value_and_gradient(output, target) -> (float, d_output)``.
If it has ``elements(output, target)``, too, it can say what each element's share is.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ..checks.arguments import look_up, positive
from ..machine.elementary import exp, log1p
from ..machine.jit import kernel
from . import plain
from .formula import Formula
from .loss import AnyLoss, Loss
from .plain import CLIP

# Each kernel takes y, x and dy of shape (n, size) and the loss's own numbers, writes every sample's
# sum over its elements into sums (n,), and the gradient times `scale` into dy.


@kernel
def mse(y, x, settings, scale, dy, sums):
    """Σ (y − x)² of each sample; dy ← 2 (y − x) scale."""
    twice = y.dtype.type(2 * scale)
    for i in range(y.shape[0]):
        total = y.dtype.type(0)
        for j in range(y.shape[1]):
            d = y[i, j] - x[i, j]
            total += d * d
            dy[i, j] = twice * d
        sums[i] = total


@kernel
def mae(y, x, settings, scale, dy, sums):
    """Σ |y − x| of each sample; dy ← sign(y − x) scale."""
    zero, factor = y.dtype.type(0), y.dtype.type(scale)
    for i in range(y.shape[0]):
        total = zero
        for j in range(y.shape[1]):
            d = y[i, j] - x[i, j]
            total += abs(d)
            dy[i, j] = factor if d > zero else -factor if d < zero else zero
        sums[i] = total


@kernel
def huber(y, x, settings, scale, dy, sums):
    """Σ d²/2 where |d| ≤ δ, else δ (|d| − δ/2), of d = y − x; dy ← min(max(d, −δ), δ) scale."""
    delta, half, factor = y.dtype.type(settings[0]), y.dtype.type(0.5), y.dtype.type(scale)
    for i in range(y.shape[0]):
        total = y.dtype.type(0)
        for j in range(y.shape[1]):
            d = y[i, j] - x[i, j]
            inside = -delta if d < -delta else delta if d > delta else d
            total += inside * (d - half * inside)
            dy[i, j] = factor * inside
        sums[i] = total


@kernel
def bce(y, x, settings, scale, dy, sums):
    """Σ −x log p − (1 − x) log(1 − p), p = y clipped; dy ← (p − x) / (p (1 − p)) scale."""
    one, zero, factor = y.dtype.type(1), y.dtype.type(0), y.dtype.type(scale)
    low = y.dtype.type(CLIP)
    high = one - low
    for i in range(y.shape[0]):
        total = zero
        for j in range(y.shape[1]):
            p = low if y[i, j] < low else high if y[i, j] > high else y[i, j]
            total -= x[i, j] * np.log(p) + (one - x[i, j]) * np.log(one - p)
            inside = low <= y[i, j] <= high
            dy[i, j] = factor * (p - x[i, j]) / (p * (one - p)) if inside else zero
        sums[i] = total


@kernel
def bce_from_logits(z, x, settings, scale, dz, sums):
    """Σ max(z, 0) − z x + log(1 + e^−|z|) of each sample; dz ← (sigmoid(z) − x) scale.

    Nothing is subtracted that nearly cancels: with u = 1 − x and v = x where z is positive, else
    the other way round, and e = e^−|z|, the loss is |z| u + log(1 + e), and its gradient has the
    size of (u − v e) / (1 + e) and the sign of z.
    """
    one, zero, factor = z.dtype.type(1), z.dtype.type(0), z.dtype.type(scale)
    for i in range(z.shape[0]):
        total = zero
        for j in range(z.shape[1]):
            t, no = x[i, j], one - x[i, j]
            e, positive = exp(-abs(z[i, j])), z[i, j] >= zero
            u, v = (no, t) if positive else (t, no)
            total += abs(z[i, j]) * u + log1p(e)
            dz[i, j] = (factor if positive else -factor) * (u - v * e) / (one + e)
        sums[i] = total


@kernel
def categorical(y, x, settings, scale, dy, sums):
    """Σ −k x log p, p = y clipped; dy ← −k x / p scale."""
    zero, classes = y.dtype.type(0), y.dtype.type(settings[0])
    factor, low = y.dtype.type(settings[0] * scale), y.dtype.type(CLIP)
    high = y.dtype.type(1) - low
    for i in range(y.shape[0]):
        total = zero
        for j in range(y.shape[1]):
            p = low if y[i, j] < low else high if y[i, j] > high else y[i, j]
            total -= x[i, j] * np.log(p)
            dy[i, j] = -factor * x[i, j] / p if low <= y[i, j] <= high else zero
        sums[i] = classes * total


@kernel
def categorical_from_logits(z, x, settings, scale, dz, sums):
    """Σ −k x log softmax(z), softmax of each k numbers; dz ← k (softmax(z) Σ x − x) scale.

    With e = e^(z − the largest z), and r the sum of all e but that 1, the logarithm is that of
    1 + r, and the gradient's size that of e Σ x − x − x r: no small difference of large numbers.
    """
    one, zero, width = z.dtype.type(1), z.dtype.type(0), int(settings[0])
    classes, factor = z.dtype.type(settings[0]), z.dtype.type(settings[0] * scale)
    for i in range(z.shape[0]):
        total = zero
        for first in range(0, z.shape[1], width):
            best, rest, weight = first, zero, zero
            for j in range(first, first + width):
                best = j if z[i, j] > z[i, best] else best
            for j in range(first, first + width):
                dz[i, j] = exp(z[i, j] - z[i, best])
                rest += zero if j == best else dz[i, j]
                weight += x[i, j]
            log = np.log1p(rest)
            for j in range(first, first + width):
                total += x[i, j] * (log - (z[i, j] - z[i, best]))
                share = (weight * dz[i, j] - x[i, j]) - x[i, j] * rest
                dz[i, j] = factor * share / (one + rest)
        sums[i] = classes * total


class MSE(Loss):
    """Mean squared error: the mean over every element of (y − x)².

    See Also
    --------
    MAE : Large errors count less.
    BCE : For numbers from 0 to 1.

    Examples
    --------
    >>> import tinyae as tae
    >>> tae.MSE().value_and_gradient([[1.0, 3.0]], [[1.0, 1.0]])
    (2.0, array([[0., 2.]]))
    """

    kernel = mse
    formula = Formula("mean of (y − t)², t the target", "dy = 2 (y − t) / size")
    numpy = plain.squared_error


class MAE(Loss):
    """Mean absolute error: the mean over every element of |y − x|; its gradient is 0 where y = x.

    See Also
    --------
    MSE : Large errors count more.
    Huber : Smooth around zero.

    Examples
    --------
    >>> import tinyae as tae
    >>> tae.MAE().value_and_gradient([[1.0, 3.0]], [[1.0, 1.0]])
    (1.0, array([[0. , 0.5]]))
    """

    kernel = mae
    formula = Formula("mean of |y − t|, t the target", "dy = sign(y − t) / size")
    numpy = plain.absolute_error


class Huber(Loss):
    """The mean over every element of d²/2 where |d| ≤ δ, else of δ (|d| − δ/2), with d = y − x.

    Parameters
    ----------
    delta : float, default 1.0
        The δ: how far an error counts by its square.

    See Also
    --------
    MSE : The square of every error.
    MAE : The size of every error.

    Examples
    --------
    >>> import tinyae as tae
    >>> tae.Huber(0.5).value_and_gradient([[3.0, 1.25]], [[1.0, 1.0]])
    (0.453125, array([[0.25 , 0.125]]))
    """

    kernel = huber
    formula = Formula(
        "mean of d²/2 where |d| ≤ δ, else δ (|d| − δ/2), d = y − t, t the target",
        "dy = min(max(d, −δ), δ) / size",
    )
    numpy = plain.huber
    checks: ClassVar = {"delta": positive}

    def __init__(self, delta: float = 1.0):
        self.delta = delta

    def settings(self):
        return [self.delta]


class BCEFromLogits(Loss):
    """Binary cross-entropy of sigmoid(z), computed from z: exact where the sigmoid saturates."""

    kernel = bce_from_logits
    formula = Formula(
        "mean of −t log y − (1 − t) log(1 − y), y = sigmoid(z), t the target",
        "dz = (y − t) / size",
    )
    numpy = plain.binary_crossentropy_from_logits
    bounds = (0.0, 1.0)


class BCE(Loss):
    """Binary cross-entropy: the mean over every element of −x log y − (1 − x) log(1 − y).

    Targets lie in [0, 1]. Behind a sigmoid a model computes it from the logits; on its own it
    clips y to [1e-7, 1 − 1e-7], with zero gradient where it clips.

    See Also
    --------
    MSE : For numbers of any range.
    CategoricalCrossentropy : For shares that add up to 1.

    Examples
    --------
    >>> import tinyae as tae
    >>> value, gradient = tae.BCE().value_and_gradient([[0.5, 0.25]], [[1.0, 0.0]])
    >>> round(value, 6), gradient.round(6)
    (0.490415, array([[-1.      ,  0.666667]]))
    """

    kernel = bce
    formula = Formula(
        "mean of −t log y − (1 − t) log(1 − y), t the target", "dy = (y − t) / (y (1 − y)) / size"
    )
    numpy = plain.binary_crossentropy
    bounds = (0.0, 1.0)
    activation = "sigmoid"

    def from_logits(self):
        return BCEFromLogits()


class OfClasses(Loss):
    """A loss of shares of classes, which lie along the last axis."""

    bounds = (0.0, 1.0)
    separable = False  # softmax knows all classes

    def numbers_for(self, shape, dtype):
        if not shape:
            raise ValueError("categorical crossentropy is of outputs (n, ..., classes)")
        return np.array([float(shape[-1])])


class CategoricalCrossentropyFromLogits(OfClasses):
    """Categorical cross-entropy of softmax(z), computed from z."""

    kernel = categorical_from_logits
    formula = Formula(
        "−Σ t log y over the last axis, mean over the rest, y = softmax(z), t the target",
        "dz = k (y Σ t − t) / size, k classes",
    )
    numpy = plain.categorical_crossentropy_from_logits

    def _elements(self, y, x):
        return plain.categorical_crossentropy_from_logits(y, x, y.shape[-1])


class CategoricalCrossentropy(OfClasses):
    """Categorical cross-entropy: −Σ x log y over the last axis, the mean over the rest.

    Targets lie in [0, 1] and are usually shares that add up to 1, such as 1 for the class that is
    right. Behind a softmax a model computes it from the logits; on its own it clips y to [1e-7, 1 −
    1e-7], with zero gradient where it clips.

    See Also
    --------
    BCE : For numbers that know nothing of each other.
    Columns : For tables of several variables.

    Examples
    --------
    >>> import tinyae as tae
    >>> loss = tae.CategoricalCrossentropy()
    >>> value, gradient = loss.value_and_gradient([[0.25, 0.75]], [[0.0, 1.0]])
    >>> round(value, 6), gradient.round(6)
    (0.287682, array([[-0.      , -1.333333]]))
    """

    kernel = categorical
    formula = Formula(
        "−Σ t log y over the last axis, mean over the rest, t the target",
        "dy = −k t / y / size, k classes",
    )
    numpy = plain.categorical_crossentropy
    activation = "softmax"

    def from_logits(self):
        return CategoricalCrossentropyFromLogits()


NAMES = {
    "mse": MSE,
    "mean_squared_error": MSE,
    "bce": BCE,
    "binary_crossentropy": BCE,
    "mae": MAE,
    "mean_absolute_error": MAE,
    "huber": Huber,
    "categorical_crossentropy": CategoricalCrossentropy,
}


def get(loss: str | AnyLoss) -> AnyLoss:
    """The loss of that name, or the given object if it behaves like one."""
    if isinstance(loss, AnyLoss) and not isinstance(loss, type):
        if isinstance(loss, Loss) and type(loss).value_and_gradient is Loss.value_and_gradient:
            loss.kernel_numbers()  # refuses a loss without a kernel
        return loss
    return look_up("loss", loss, NAMES)()
