"""Weights in the loss: Σ w ℓ / Σ w, over the elements ℓ of a mini-batch; without any weight, 0.

(Keras divides by the number of elements, whatever their weights are.)
"""

from typing import Any

import numpy as np

from ..checks.weights import row_totals
from ..maths.losses import AnyLoss, Loss


class Weighted:
    """A loss whose elements count by their weights, which are (n,) or of the output's shape."""

    def __init__(self, loss: AnyLoss, weight: np.ndarray):
        self.loss, self.weight = loss, weight

    def value_and_gradient(self, output: np.ndarray, target: np.ndarray) -> tuple[float, Any]:
        """The weighted mean, and its gradient."""
        total = float(row_totals(self.weight, output[0].size).sum())
        gradient = np.zeros_like(output)
        if total == 0:
            return 0.0, gradient
        if isinstance(self.loss, Loss):
            sums = weighted_sums(self.loss, output, target, self.weight, 1 / total, gradient)
            return float(sums.sum()) / total, gradient
        value = 0.0
        for i in np.flatnonzero(self.weight):  # each as a batch of its own
            share = float(self.weight[i]) * output[0].size / total
            mean, d = self.loss.value_and_gradient(output[i : i + 1], target[i : i + 1])
            value, gradient[i] = value + share * mean, share * d[0]
        return value, gradient


def weighted_sums(
    loss: Loss,
    output: np.ndarray,
    target: np.ndarray,
    weight: np.ndarray,
    scale: float = 1.0,
    gradient: np.ndarray | None = None,
) -> np.ndarray:
    """Each sample's weighted sum over its elements, (n,); the gradient of that, times scale."""
    rows = (len(output), -1) if weight.ndim == 1 else (-1, 1)  # or each element on its own
    d = None if gradient is None else gradient.reshape(rows)
    sums = loss.sums(output.reshape(rows), target.reshape(rows), scale, d)
    w = weight.reshape(len(output), -1)
    sums = np.where(w > 0, w * sums.reshape(w.shape), 0.0).sum(axis=1)
    if gradient is not None:
        factors = weight.reshape(-1, *[1] * (gradient.ndim - 1)) if weight.ndim == 1 else weight
        gradient[...] = np.where(factors > 0, factors * gradient, 0)
    return sums
