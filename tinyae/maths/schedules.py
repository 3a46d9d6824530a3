"""Learning rates that change: a schedule gives that of each step, counted from 0.

    CosineDecay         α(s) = α₀ (c + (1 − c) (1 + cos(π min(s, S) / S)) / 2)
    ExponentialDecay    α(s) = α₀ r^(s / S)

with S the `decay_steps` and c the share `alpha` of the rate that is left at the end. Before them a
warm-up may raise the rate evenly: in step s of W warm-up steps it is α₀ (s + 1) / (W + 1), and the
decay's own steps count from its end.

Any callable of the step will do in their place; only what can be described is saved.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from ..checks.arguments import flag, number, positive, share, shown, whole
from ..checks.attributes import Checked

AnySchedule = Callable[[int], float]


class Schedule(Checked):
    """A learning rate by step, with a warm-up if that is asked for.

    Parameters
    ----------
    learning_rate : float
        α₀, the rate at the end of the warm-up.
    decay_steps : int
        S.
    warmup_steps : int, default 0
        W.
    """

    closed = True
    checks: ClassVar = {
        "learning_rate": positive,
        "decay_steps": whole,
        "warmup_steps": lambda name, steps: whole(name, steps, least=0),
    }

    def __init__(self, learning_rate: float, decay_steps: int, warmup_steps: int = 0):
        self.learning_rate, self.decay_steps = learning_rate, decay_steps
        self.warmup_steps = warmup_steps

    def __call__(self, step: int) -> float:
        """The rate of the step, counted from 0."""
        step = whole("step", step, least=0)
        if step < self.warmup_steps:
            return self.learning_rate * (step + 1) / (self.warmup_steps + 1)
        return self.learning_rate * self.decayed((step - self.warmup_steps) / self.decay_steps)

    def decayed(self, part: float) -> float:
        """What share of the rate is left when `part` of the decay's steps are done."""
        raise NotImplementedError(f"{type(self).__name__} must define decayed(part)")


class CosineDecay(Schedule):
    """From α₀ down along half a cosine, in `decay_steps` steps; then it stays.

    Parameters
    ----------
    learning_rate : float
        The rate α₀ at the end of the warm-up. Keras calls it `warmup_target` if there is one.
    decay_steps : int
        How many steps it takes.
    alpha : float, default 0
        The share of α₀ that is left at the end.
    warmup_steps : int, default 0
        Steps before, in which the rate rises evenly to α₀.

    See Also
    --------
    ExponentialDecay : Falls for ever.
    ReduceLROnPlateau : Falls when the loss does not.

    References
    ----------
    Loshchilov and Hutter, SGDR: stochastic gradient descent with warm restarts, 2017 (equation 5).

    Examples
    --------
    >>> import tinyae as tae
    >>> rate = tae.CosineDecay(0.1, 100)
    >>> [round(rate(step), 4) for step in (0, 50, 100, 1000)]
    [0.1, 0.05, 0.0, 0.0]
    """

    checks: ClassVar = {"alpha": share}

    def __init__(
        self, learning_rate: float, decay_steps: int, alpha: float = 0.0, warmup_steps: int = 0
    ):
        super().__init__(learning_rate, decay_steps, warmup_steps)
        self.alpha = alpha

    def decayed(self, part: float) -> float:
        cosine = (1 + math.cos(math.pi * min(part, 1.0))) / 2
        return self.alpha + (1 - self.alpha) * cosine


class ExponentialDecay(Schedule):
    """The rate times `decay_rate` in every `decay_steps` steps.

    Parameters
    ----------
    learning_rate : float
        The rate α₀ at the end of the warm-up.
    decay_steps : int
        How many steps it takes.
    decay_rate : float
        What is left of the rate after so many steps, above 0; at most 1.
    staircase : bool, default False
        Whether it falls at once at the end of each `decay_steps`, and not in every step.
    warmup_steps : int, default 0
        Steps before, in which the rate rises evenly to α₀.

    See Also
    --------
    CosineDecay : Falls to an end.
    ReduceLROnPlateau : Falls when the loss does not.

    Examples
    --------
    >>> import tinyae as tae
    >>> rate = tae.ExponentialDecay(0.1, 100, 0.5)
    >>> [round(rate(step), 4) for step in (0, 100, 200)]
    [0.1, 0.05, 0.025]
    """

    checks: ClassVar = {
        "decay_rate": lambda name, rate: _at_most_one(name, rate),
        "staircase": flag,
    }

    def __init__(
        self,
        learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
        warmup_steps: int = 0,
    ):
        super().__init__(learning_rate, decay_steps, warmup_steps)
        self.decay_rate, self.staircase = decay_rate, staircase

    def decayed(self, part: float) -> float:
        return self.decay_rate ** (math.floor(part) if self.staircase else part)


def _at_most_one(name: str, rate: Any) -> float:
    if positive(name, rate) > 1:
        raise ValueError(f"{name} must be at most 1, but got {shown(rate)}")
    return float(rate)


def check(name: str, rate: Any) -> Any:
    """A learning rate, or a schedule of them; refused if it gives none for the first step."""
    if callable(rate) and not isinstance(rate, type):
        rates(rate, 0, 1)
        return rate
    return positive(name, rate)


def rates(schedule: AnySchedule, first: int, steps: int) -> np.ndarray:
    """The learning rates of so many steps from `first`, refused where one is no rate."""
    try:
        found = [schedule(step) for step in range(first, first + steps)]
    except TypeError as error:
        raise ValueError(
            f"a learning_rate that is no number must be callable with the step, but {error}"
        ) from error
    for step, rate in enumerate(found, first):
        if not 0 <= number(f"the learning rate of step {step}", rate) < math.inf:
            raise ValueError(
                f"the learning rate must be zero or positive and finite, but {shown(schedule)} "
                f"gives {shown(rate)} for step {step}"
            )
    return np.array(found, np.float64)
