"""One training step on one sample, kept number by number: for pictures of backpropagation."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ..checks.arguments import shown
from ..checks.arrays import admit_one
from ..checks.floating_point import converted, quiet
from ..checks.overridden import describes
from ..layers.layer import Layer
from ..maths import activations
from ..maths.formula import Formula
from ..maths.penalties import kernel_penalty, of_kernel
from ..primitives import steps

MOST_UNITS = 16  # of a layer that is drawn


class Connections(NamedTuple):
    """y = f(z), z = x W + b: its weights, and what of the gradient belongs to them."""

    kernel: np.ndarray  # (inputs, outputs)
    bias: np.ndarray | None
    kernel_gradient: np.ndarray
    bias_gradient: np.ndarray | None
    z: np.ndarray
    dz: np.ndarray
    activation: str
    rows: bool  # whether it depends on all of z, as softmax does
    slope: str  # dz, in terms of dy and y


class LayerStep(NamedTuple):
    """What went through a layer, forward and back, as flat vectors."""

    name: str  # such as "encoder[0] Dense"
    formula: Formula
    y: np.ndarray
    dy: np.ndarray
    dx: np.ndarray
    connections: Connections | None  # of a layer that connects each unit with each


class SeenStep(NamedTuple):
    """All of it."""

    x: np.ndarray
    target: np.ndarray
    layers: list[LayerStep]
    reconstruction: float
    penalty: float  # of outputs and kernels; the loss is the sum of the two
    loss_formula: Formula


@quiet
def seen_step(model: Any, x: ArrayLike, y: ArrayLike | None, name: str) -> SeenStep:
    """Forward, loss and backward on a copy of the model, without noise; large ones are refused."""
    if isinstance(model, type) or not hasattr(model, "loss_and_gradient"):
        raise ValueError(f"model must be an Autoencoder, but got {shown(model)}")
    sample = admit_one(x, "x", model.input_shape)[np.newaxis]
    target = None if y is None else admit_one(y, "y", model.output_shape)[np.newaxis]
    twin = model.copy()
    (admitted,) = twin.admit((sample, target, "x"))
    h, wanted = (converted(part, twin.dtype) for part in admitted[:2])
    sizes = {"the input": h.size}
    sizes |= {layer.label: math.prod(layer.output_shape) for layer in twin.layers}
    for place, size in sizes.items():
        if size > MOST_UNITS:
            raise ValueError(
                f"{name} draws models of at most {MOST_UNITS} numbers in each layer and in the "
                f"input, but model has {size} in {place}"
            )
    twin.gradient[...] = 0
    inputs, outputs, caches = [], [], []
    for layer in twin.layers:
        inputs.append(h.copy())  # a layer may write over its input
        h, cache = layer.forward(h)
        outputs.append(h.copy())
        caches.append(cache)
    loss, dy = twin.loss.value_and_gradient(h, wanted)
    found, penalties = [], 0.0
    for layer, before, after, cache in zip(
        *(reversed(each) for each in (twin.layers, inputs, outputs, caches)), strict=True
    ):
        if layer.activity_regularizer is not None:
            penalty, dy = layer.activity_regularizer.add(after, dy)
            penalties += penalty
        reached = dy.copy()
        dy = layer.backward(dy, cache)
        if layer.trainable and of_kernel(layer) is not None:
            penalty, gradient = kernel_penalty(layer)
            layer.gradients["kernel"][...] += gradient
            penalties += penalty
        found.append(_seen(layer, before, after, reached, dy))
    formula = getattr(
        twin.loss, "formula", Formula("loss(y, t), t the target", "dy = its gradient")
    )
    return SeenStep(inputs[0].ravel(), wanted.ravel(), found[::-1], float(loss), penalties, formula)


def _seen(layer: Any, x: np.ndarray, y: np.ndarray, dy: np.ndarray, dx: np.ndarray) -> LayerStep:
    formula = layer.formula() if describes(layer, "formula") else Layer.formula(layer)
    connections = _connections(layer, x, y, dy)
    return LayerStep(layer.label, formula, y.ravel(), dy.ravel(), dx.ravel(), connections)


def _connections(layer: Any, x: np.ndarray, y: np.ndarray, dy: np.ndarray) -> Connections | None:
    """Those of a layer whose steps are a product, maybe a bias, maybe an activation."""
    if x.ndim != 2 or not describes(layer, "steps"):
        return None
    taken: list[Any] = [step for step, _ in steps.taken(layer, "backprop")]
    kinds = [type(step) for step in taken]
    wanted = [steps.Product, steps.Bias, steps.Apply]
    if not kinds or kinds != [kind for kind in wanted if kind in kinds] or kinds[0] != wanted[0]:
        return None
    names = [step.weight for step in taken if not isinstance(step, steps.Apply)]
    weights = [layer.weights[name] for name in names]
    gradients = [layer.gradients[name].copy() for name in names]
    if not layer.trainable:
        gradients = [np.zeros_like(gradient) for gradient in gradients]
    bias, bias_gradient = [*weights, None][1], [*gradients, None][1]
    z = x @ weights[0] if bias is None else x @ weights[0] + bias
    last = taken[-1].activation if kinds[-1] is steps.Apply else activations.get("linear")
    dz = dy.copy().ravel()
    if last.backward is not None:
        last.backward(y.copy().ravel(), dz)
    return Connections(
        kernel=weights[0].copy(),
        bias=None if bias is None else bias.copy(),
        kernel_gradient=gradients[0],
        bias_gradient=bias_gradient,
        z=z.ravel(),
        dz=dz,
        activation=last.name,
        rows=last.rows,
        slope=last.slope,
    )


def short(value: Any) -> str:
    """A number in a picture: 0.42, 1.2e−3, with a true minus."""
    size = abs(value)
    text = f"{value:.2f}" if size == 0 or 0.01 <= size < 100 else f"{value:.0e}"
    return text.replace("e-0", "e-").replace("e+0", "e").replace("-", "−")
