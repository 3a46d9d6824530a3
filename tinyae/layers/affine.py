"""What layers with a kernel and a bias have in common: y = f(product of x and W + b)."""

from __future__ import annotations

from typing import ClassVar

from ..checks.arguments import flag
from ..maths import activations, constraints, initializers, penalties
from ..maths.activations import ActivationFunction
from ..maths.constraints import UnitNorm
from ..maths.initializers import Initializer
from ..maths.penalties import Penalty
from .layer import Layer


class Affine(Layer):
    """A layer that takes a product with its kernel, adds its bias, and applies its activation."""

    checks: ClassVar = {
        "activation": activations.check,
        "use_bias": flag,
        "kernel_initializer": initializers.check,
        "bias_initializer": initializers.check,
        "kernel_regularizer": penalties.check,
        "kernel_constraint": constraints.check,
    }

    def __init__(
        self,
        activation: str | ActivationFunction | None,
        *,
        use_bias: bool,
        kernel_initializer: str | Initializer,
        bias_initializer: str | Initializer,
        activity_regularizer: Penalty | None,
        kernel_regularizer: Penalty | None,
        kernel_constraint: UnitNorm | None,
    ):
        super().__init__(activity_regularizer=activity_regularizer)
        self.activation, self.use_bias = activations.check("activation", activation), use_bias
        self.kernel_initializer, self.bias_initializer = kernel_initializer, bias_initializer
        self.kernel_regularizer, self.kernel_constraint = kernel_regularizer, kernel_constraint
