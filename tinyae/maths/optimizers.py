"""Optimizers: what one step does with the gradient g to the parameters θ.

    SGD     velocity ← μ velocity − α g
            θ ← (1 − α λ) θ + velocity

    Adam    m ← β₁ m + (1 − β₁) g
            v ← β₂ v + (1 − β₂) g²
            θ ← (1 − α λ) θ − α √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε)        in step t, from 1

with λ the weight decay, of all parameters: it is decoupled from g, which knows nothing of it.
Before, g may be made shorter: see `clipping`.

Each is one loop over the flat vectors. An optimizer object holds the settings only; the running
averages belong to the model that it trains.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
from numba import types

from ..checks.arguments import MOST_COUNTED, look_up, not_negative, positive, share, whole
from ..checks.arrays import numbers
from ..checks.operands import changeable, computed_in, operand
from ..machine.calls import by_address, check_parameters
from ..machine.jit import inlined, kernel
from . import schedules
from .clipping import CLIPS, clip, give_one
from .schedules import AnySchedule
from .with_kernel import WithKernel, refuse_own


@inlined
def power(beta, step):
    """βᵗ, or what is as good as 0 beside 1: to underflow takes long."""
    most = 40 / (1 - beta)
    return beta ** (step if step < most else most)


@kernel
def adam_step(theta, g, m, v, step, settings):
    """One step of Adam, the step-th (from 1); g is cleared, ready for the next step to add into.

    m ← β₁ m + (1 − β₁) g
    v ← β₂ v + (1 − β₂) g²
    θ ← (1 − α λ) θ − α √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε)
    """
    alpha, beta_1, beta_2, epsilon = settings[0], settings[1], settings[2], settings[3]
    real = theta.dtype.type
    rate = real(alpha * math.sqrt(1 - power(beta_2, step)) / (1 - power(beta_1, step)))
    b1, b2, eps = real(beta_1), real(beta_2), real(epsilon)
    c1, c2 = real(1 - beta_1), real(1 - beta_2)
    kept = real(1 - alpha * settings[4])
    for i in range(theta.size):
        m[i] = b1 * m[i] + c1 * g[i]
        v[i] = b2 * v[i] + c2 * g[i] * g[i]
        theta[i] = kept * theta[i] - rate * m[i] / (np.sqrt(v[i]) + eps)
        g[i] = real(0)
    if step % FLUSH_EVERY == 0:
        flush(m)
        flush(v)


@kernel
def sgd_step(theta, g, velocity, unused, step, settings):
    """One step of gradient descent with momentum μ; g is cleared.

    velocity ← μ velocity − α g
    θ ← (1 − α λ) θ + velocity
    """
    real = theta.dtype.type
    rate, momentum = real(settings[0]), real(settings[1])
    kept = real(1 - settings[0] * settings[2])
    for i in range(theta.size):
        velocity[i] = momentum * velocity[i] - rate * g[i]
        theta[i] = kept * theta[i] + velocity[i]
        g[i] = real(0)
    if step % FLUSH_EVERY == 0:
        flush(velocity)


# For the engine, and by hand

SLOTS = 2  # vectors that an optimizer may keep beside the parameters
FLUSH_EVERY = 64  # steps


@inlined
def flush(a):
    """Set denormal numbers to zero, since processors compute with them slowly.

    A dead unit has no gradients, so its running means fade until they get there, and stay.
    """
    least = 2.0**-126 if a.itemsize == 4 else 2.0**-1022
    for i in range(a.size):
        if abs(a[i]) < least:
            a[i] = 0


# Both take two slots, so that the engine can call either.
STEP = "theta, g, slot_0, slot_1, step, settings"
step_address, call_step = by_address(
    STEP,
    lambda real: types.void(*[real[::1]] * 4, types.int64, types.float64[::1]),
)


class Optimizer(WithKernel):
    """An optimizer: one loop over the parameters, and its numbers.

    Attributes
    ----------
    kernel : kernel ``(theta, g, slot_0, slot_1, step, settings)``
        One step, the step-th (from 1), for flat arrays of one length; clears g.
    learning_rate : float or callable
        Where it is a schedule, its value in each step is the first number that the kernel gets.
    clipnorm, global_clipnorm : float or None
        The longest that the gradient of a weight, or of all weights, may be: see `clipping`.

    See Also
    --------
    Adam : The default.
    SGD : The plainest.

    Examples
    --------
    >>> import tinyae as tae
    >>> [isinstance(each, tae.Optimizer) for each in (tae.Adam(), tae.SGD())]
    [True, True]
    """

    checks: ClassVar = CLIPS
    learning_rate: Any
    clipnorm: float | None = None
    global_clipnorm: float | None = None

    def __setattr__(self, name: str, value: Any) -> None:
        if name in CLIPS:
            give_one(
                {**{each: getattr(self, each) for each in CLIPS}, name: CLIPS[name](name, value)}
            )
        super().__setattr__(name, value)

    def numbers_by_step(self, first: int, steps: int) -> np.ndarray:
        """`kernel_numbers` in so many steps from `first`, (steps, k), or (1, k) if they stay."""
        found = self.kernel_numbers()[np.newaxis]
        rate = vars(self).get("learning_rate")
        if not callable(rate):
            return found
        found = np.repeat(found, steps, axis=0)
        found[:, 0] = schedules.rates(rate, first, steps)
        return found

    def state(self, parameters: np.ndarray) -> np.ndarray:
        """What it keeps beside `parameters` (p,) before the first step: zeros, (2, p)."""
        theta = numbers(parameters, "parameters")
        operand(theta, "parameters", (theta.size,), computed_in(theta))
        return np.zeros((SLOTS, theta.size), computed_in(theta))

    def first_state(self, parameters: np.ndarray) -> np.ndarray:
        """The `state` for `parameters`, refused if it is not what kernels are given."""
        found = np.ascontiguousarray(self.state(parameters), parameters.dtype)
        if found.shape != (SLOTS, parameters.size):
            raise ValueError(
                f"{type(self).__name__}.state must give an array of shape "
                f"{(SLOTS, parameters.size)}, but gives {found.shape}"
            )
        return found

    def step(self, parameters: np.ndarray, gradient: np.ndarray, state: np.ndarray, t: int) -> None:
        """Take one step by hand, in place.

        Parameters
        ----------
        parameters, gradient : array, shape (p,), of one dtype
            Both of one length: θ, which is changed, and g, which is not.
        state : array, shape (2, p)
            From `state` at first; changed.
        t : int
            Which step it is, from 1. A schedule counts from 0 and is asked for t − 1.

        Examples
        --------
        >>> import numpy as np, tinyae as tae
        >>> sgd, theta = tae.SGD(0.5), np.array([1.0, 2.0])
        >>> sgd.step(theta, np.array([2.0, 0.0]), sgd.state(theta), 1)
        >>> theta
        array([0., 2.])
        """
        whole("t", t, most=MOST_COUNTED)
        shape, dtype = (np.size(parameters),), computed_in(numbers(parameters, "parameters"))
        theta = changeable(parameters, "parameters", shape, dtype)
        slots = changeable(state, "state", (SLOTS, *shape), dtype)
        if np.shares_memory(parameters, state):
            raise ValueError("state must have memory of its own, but is part of parameters")
        g = operand(gradient, "gradient", shape, dtype).copy()
        clip(self, g, [(0, g.size)])
        self.kernel(theta, g, *slots, t, self.numbers_by_step(t - 1, 1)[0])
        for array, result in ((parameters, theta), (state, slots)):
            if result is not array:  # but a copy, as of an array with strides
                array[...] = result


class Adam(Optimizer):
    """Adam, in the form of Keras; with `weight_decay`, AdamW.

    Step t is, for every parameter θ with gradient g::

        m ← β₁ m + (1 − β₁) g
        v ← β₂ v + (1 − β₂) g²
        θ ← (1 − α λ) θ − α √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε)

    PyTorch divides by (√(v / (1 − β₂ᵗ)) + ε) instead: its ε counts in full from the first step,
    while here it is scaled by 1 / √(1 − β₂ᵗ), about 32 at the first step.

    Parameters
    ----------
    learning_rate : float, CosineDecay, ExponentialDecay or callable, default 1e-3
        The step size α, or what gives that of each step, counted from 0.
    beta_1, beta_2 : float, defaults 0.9 and 0.999
        Decay of the running means of g and of g².
    epsilon : float, default 1e-7
        Keeps the divisor above zero: ε.
    weight_decay : float, default 0
        The decay λ, for all parameters, those that are not frozen.
    clipnorm, global_clipnorm : float, optional
        The longest that the gradient of each weight array, or of all together, may be.

    See Also
    --------
    SGD : One running mean less.
    CosineDecay : A learning rate that falls.

    References
    ----------
    Kingma and Ba, Adam: a method for stochastic optimization, 2015 (section 2, last paragraph);
    Loshchilov and Hutter, Decoupled weight decay regularization, 2019 (algorithm 2).

    Examples
    --------
    >>> import numpy as np, tinyae as tae
    >>> adam, theta, gradient = tae.Adam(0.1), np.zeros(2), np.array([5.0, -0.02])
    >>> adam.step(theta, gradient, adam.state(theta), 1)
    >>> theta.round(4)  # both by about the learning rate
    array([-0.1,  0.1])
    """

    kernel = adam_step
    checks: ClassVar = {
        "learning_rate": schedules.check,
        "beta_1": share,
        "beta_2": share,
        "epsilon": positive,
        "weight_decay": not_negative,
    }

    def __init__(
        self,
        learning_rate: float | AnySchedule = 1e-3,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        weight_decay: float = 0.0,
        clipnorm: float | None = None,
        global_clipnorm: float | None = None,
    ):
        self.learning_rate, self.weight_decay = learning_rate, weight_decay
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self.clipnorm, self.global_clipnorm = clipnorm, global_clipnorm

    def settings(self) -> np.ndarray:
        rate = _first(self.learning_rate)
        return np.array([rate, self.beta_1, self.beta_2, self.epsilon, self.weight_decay])

    def __repr__(self) -> str:
        given = [f"learning_rate={_text(self.learning_rate)}"]
        given += [f"{name}={getattr(self, name):g}" for name in ("beta_1", "beta_2", "epsilon")]
        return f"Adam({', '.join(given + _asked_for(self))})"


class SGD(Optimizer):
    """Gradient descent with momentum: velocity ← μ velocity − α g; θ ← (1 − α λ) θ + velocity.

    Parameters
    ----------
    learning_rate : float, CosineDecay, ExponentialDecay or callable, default 0.01
        The step size α, or what gives that of each step, counted from 0.
    momentum : float, default 0
        The share μ of its velocity that each step keeps, at least 0 and below 1.
    weight_decay : float, default 0
        The decay λ, for all parameters, those that are not frozen.
    clipnorm, global_clipnorm : float, optional
        The longest that the gradient of each weight array, or of all together, may be.

    See Also
    --------
    Adam : Steps of about one length for every parameter.
    ExponentialDecay : A learning rate that falls.

    Examples
    --------
    >>> import numpy as np, tinyae as tae
    >>> sgd, theta = tae.SGD(0.5), np.array([1.0, 2.0])
    >>> sgd.step(theta, np.array([2.0, 0.0]), sgd.state(theta), 1)
    >>> theta
    array([0., 2.])
    """

    kernel = sgd_step
    checks: ClassVar = {
        "learning_rate": schedules.check,
        "momentum": share,
        "weight_decay": not_negative,
    }

    def __init__(
        self,
        learning_rate: float | AnySchedule = 0.01,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        clipnorm: float | None = None,
        global_clipnorm: float | None = None,
    ):
        self.learning_rate, self.momentum = learning_rate, momentum
        self.weight_decay = weight_decay
        self.clipnorm, self.global_clipnorm = clipnorm, global_clipnorm

    def settings(self) -> np.ndarray:
        return np.array([_first(self.learning_rate), self.momentum, self.weight_decay])

    def __repr__(self) -> str:
        given = [f"learning_rate={_text(self.learning_rate)}", f"momentum={self.momentum:g}"]
        return f"SGD({', '.join(given + _asked_for(self))})"


def _first(rate: Any) -> float:
    """The learning rate, of a schedule the first: `numbers_by_step` has those that follow."""
    return rate if not callable(rate) else schedules.rates(rate, 0, 1)[0]


def _text(rate: Any) -> str:
    return repr(rate) if callable(rate) else f"{rate:g}"


def _asked_for(optimizer: Any) -> list[str]:
    """What is not to be done unless it is asked for."""
    names = ("weight_decay", "clipnorm", "global_clipnorm")
    values = {name: getattr(optimizer, name) for name in names}
    return [f"{name}={value:g}" for name, value in values.items() if value]


NAMES = {"adam": Adam, "sgd": SGD}


def get(optimizer: str | Optimizer) -> Optimizer:
    """The optimizer of that name, or the given one."""
    if isinstance(optimizer, Optimizer):
        optimizer.kernel_numbers()
        refuse_own(optimizer, Optimizer, "step", "state")
        check_parameters(optimizer.kernel, STEP)
        return optimizer
    return look_up("optimizer", optimizer, NAMES)()
