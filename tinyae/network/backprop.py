"""Backpropagation: forward through the layers, the loss, and backward through them.

Every layer turns x into y = f(x), and the gradient dy of the loss for y into that for x and for its
own weights: the chain rule, one layer at a time, from the last to the first.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..layers.layer import Layer
from ..maths.loss import AnyLoss


def forward(
    layers: Sequence[Layer], x: np.ndarray, training: bool = False, step: int = 0, first: int = 0
) -> tuple[np.ndarray, list[Any]]:
    """The output y of the last layer, and what each layer's `backward` will need."""
    y, caches = x, []
    for layer in layers:
        y, cache = layer.forward(y, training=training, step=step, first=first)
        caches.append(cache)
    return y, caches


def backward(layers: Sequence[Layer], dy: np.ndarray, caches: list[Any]) -> np.ndarray:
    """The gradient for x, from the gradient dy for y; each layer adds to its weights' gradients."""
    for layer, cache in zip(reversed(layers), reversed(caches), strict=True):
        dy = layer.backward(dy, cache)
    return dy


def backpropagate(
    layers: Sequence[Layer],
    loss: AnyLoss,
    x: np.ndarray,
    target: np.ndarray,
    training: bool = False,
    step: int = 0,
    first: int = 0,
) -> tuple[float, np.ndarray]:
    """The loss of a mini-batch, and its gradient for x; those for the weights are added up."""
    y, caches = forward(layers, x, training, step, first)
    value, dy = loss.value_and_gradient(y, target)
    dx = backward(layers, dy, caches)
    return value, dx
