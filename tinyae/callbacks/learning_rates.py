"""The learning rate of each epoch, for a history in which it is not always the same."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from ..network.history import History
from ..network.network import Network
from .callback import Callback
from .reduce_lr_on_plateau import ReduceLROnPlateau

NAME = "learning_rate"


class LearningRates:
    """Adds ``learning_rate`` to the figures of epochs, where it changes: that of their last step.

    From the first epoch on where a schedule or a `ReduceLROnPlateau` is known to change it; where a
    callback of one's own does so, once it has, with what it was before.
    """

    def __init__(self, model: Network, callbacks: Iterable[Callback]):
        self._model, self._before = model, getattr(model.optimizer, NAME, None)
        plateau = any(isinstance(each, ReduceLROnPlateau) for each in callbacks)
        self._changes = plateau or callable(self._before)
        self.names = (NAME,) if self._changes else ()

    def add(self, logs: dict[str, Any], steps_after: int, history: History) -> None:
        """That of an epoch, after whose last step so many more have been taken."""
        rate = getattr(self._model.optimizer, NAME, None)
        if not self._changes:
            if rate == self._before or rate is None:
                return
            self._changes = True
            for each in (history, self._model.history):
                self._fill(each, len(history.get("loss", ())))
        step = self._model.progress.optimizer_step - steps_after - 1
        logs[NAME] = math.nan if rate is None else float(rate(step) if callable(rate) else rate)

    def _fill(self, history: History, epochs: int) -> None:
        """Say of the last epochs that the rate had not changed yet."""
        if isinstance(self._before, int | float) and epochs:
            rates = history.setdefault(NAME, [])
            rates += [math.nan] * (len(history["loss"]) - len(rates))
            rates[-epochs:] = [float(self._before)] * epochs
