"""To take smaller steps when a figure no longer improves."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

from ..checks.arguments import between, not_negative, whole
from ..checks.tables import figure
from ..network.network import Network
from .callback import Monitor


class ReduceLROnPlateau(Monitor):
    """Multiply the learning rate when a monitored figure has not improved for some epochs.

    `fit` shows each reduction, and the history has each epoch's ``learning_rate``.

    Parameters
    ----------
    monitor : str, default "val_loss"
        A key of the history; smaller is better.
    factor : float, default 0.1
        What the learning rate is multiplied with, between 0 and 1.
    patience : int, default 10
        Epochs without improvement after which it is; 0 does so at the first, as 1 does.
    min_delta : float, default 1e-4
        By how much the figure has to fall to count as improved.
    cooldown : int, default 0
        Epochs after a reduction in which none is counted.
    min_lr : float, default 0
        The learning rate that it does not go below.

    Attributes
    ----------
    best : float
        The best value seen.
    note : str
        What it has done after the last epoch, which `fit` shows unless ``verbose=0``.

    Raises
    ------
    ValueError
        By `fit`, if the model's optimizer has a schedule in place of a learning rate.

    See Also
    --------
    EarlyStopping : Stops instead.
    CosineDecay : A rate that falls by a plan.

    Examples
    --------
    >>> import numpy as np, tinyae as tae
    >>> ae = tae.Autoencoder([tae.Dense(1)], [tae.Dense(2)])
    >>> reduce = tae.ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=10.0)
    >>> history = ae.fit(np.eye(2), epochs=3, callbacks=reduce, verbose=0)
    >>> history["learning_rate"]
    [0.001, 0.001, 0.0005]
    """

    checks: ClassVar = {
        "factor": between,
        "patience": lambda name, epochs: whole(name, epochs, least=0),
        "min_delta": not_negative,
        "cooldown": lambda name, epochs: whole(name, epochs, least=0),
        "min_lr": not_negative,
    }

    best: float

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ):
        super().__init__(monitor)
        self.factor, self.patience, self.min_delta = factor, patience, min_delta
        self.cooldown, self.min_lr = cooldown, min_lr

    def set_model(self, model: Network) -> None:
        """Begin anew, for a training of this model."""
        rate = getattr(model.optimizer, "learning_rate", None)
        if rate is None or callable(rate):
            raise ValueError(
                "ReduceLROnPlateau needs an optimizer with a learning rate that stays, but got "
                f"{model.optimizer!r}"
            )
        self._model = model
        vars(self).update(best=math.inf, note="")
        self._waited = self._cooling = 0

    def __call__(self, epoch: int, logs: Mapping[str, float]) -> None:
        value = self.value(logs)
        vars(self).update(note="")
        self._cooling = max(0, self._cooling - 1)
        if value < self.best - self.min_delta:
            vars(self).update(best=value, _waited=0)
            return
        self._waited = 0 if self._cooling else self._waited + 1
        if self._cooling or self._waited < self.patience:
            return
        self._waited, self._cooling = 0, self.cooldown + 1
        optimizer = self._model.optimizer
        smaller = max(optimizer.learning_rate * self.factor, self.min_lr)
        if 0 < smaller < optimizer.learning_rate:  # it stays where its product would be 0
            optimizer.learning_rate = smaller
            low = f"{self.monitor} was best with {figure(self.best)}"
            said = f"epoch {epoch + 1}: {low}; the learning rate is {smaller:.3g} from here on"
            vars(self).update(note=said)
