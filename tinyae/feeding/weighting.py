"""Weights in the loss: Σ w ℓ / Σ w, over the elements ℓ of a mini-batch; without any weight, 0.

(Keras divides by the number of elements, whatever their weights are.)
"""

from typing import Any

import numpy as np

from ..checks.floating_point import quiet
from ..checks.sample_weights import row_totals
from ..maths.loss import AnyLoss, Loss


class Weighted:
    """A loss whose elements count by their weights, which are (n,) or of the output's shape.

    Their sum is divided by that of the weights, or by `total`.
    """

    def __init__(self, loss: AnyLoss, weight: np.ndarray, total: float | None = None):
        self.loss, self.weight, self._total = loss, weight, total

    def value_and_gradient(self, output: np.ndarray, target: np.ndarray) -> tuple[float, Any]:
        """The weighted mean, and its gradient."""
        total = self._total
        if total is None:
            total = float(row_totals(self.weight, output[0].size).sum())
        gradient = np.zeros_like(output)
        if total == 0:
            return 0.0, gradient
        if isinstance(self.loss, Loss):
            sums = weighted_sums(self.loss, output, target, self.weight, 1 / total, gradient)
            return float(sums.sum()) / total, gradient
        if self.weight.ndim > 1:
            shares: Any = self.loss
            value = float((self.weight * shares.elements(output, target)).sum()) / total
            _, d = self.loss.value_and_gradient(output, target)
            return value, d * (self.weight * (output.size / total)).astype(output.dtype)
        value = 0.0
        for i in np.flatnonzero(self.weight):  # each as a batch of its own
            share = float(self.weight[i]) * output[0].size / total
            mean, d = self.loss.value_and_gradient(output[i : i + 1], target[i : i + 1])
            value, gradient[i] = value + share * mean, share * d[0]
        return value, gradient


@quiet
def weighted_sums(
    loss: Loss,
    output: np.ndarray,
    target: np.ndarray,
    weight: np.ndarray,
    scale: float = 1.0,
    gradient: np.ndarray | None = None,
) -> np.ndarray:
    """Each sample's weighted sum over its elements, (n,); the gradient of that, times scale."""
    losses = loss.sums(output, target, scale, gradient)
    factors = weight
    if weight.ndim > 1:
        losses = loss.elements(output, target).astype(np.float64)
    elif gradient is not None:
        factors = weight.reshape(-1, *[1] * (gradient.ndim - 1))
    if gradient is not None:
        gradient[...] = np.where(factors > 0, factors * gradient, 0)
    return np.where(weight > 0, weight * losses, 0.0).reshape(len(output), -1).sum(axis=1)
