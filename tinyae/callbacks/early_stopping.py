"""To stop when a figure no longer improves."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from ..checks.arguments import flag, not_negative, whole
from ..checks.tables import figure
from ..network.network import Network
from .callback import Monitor


class EarlyStopping(Monitor):
    """Stop when a monitored figure has not improved for some epochs.

    Parameters
    ----------
    monitor : str, default "val_loss"
        A key of the history; smaller is better.
    patience : int, default 0
        Epochs without improvement after which to stop; 0 stops at the first, as 1 does.
    min_delta : float, default 0
        By how much the figure has to fall to count as improved.
    restore_best_weights : bool, default False
        Whether to put back the parameters of the best epoch when training ends, in whatever way:
        stopped by this callback or by another, after its last epoch, by Ctrl-C or by an error. The
        model's progress and the optimizer's state stay as they are then.

    Attributes
    ----------
    best : float
        The best value seen.
    best_epoch, stopped_epoch : int or None
        When it was, and when training was stopped, counted from 0 as callbacks get them.
    reason : str
        Why training was stopped, which `fit` shows unless ``verbose=0``; there, and in all that is
        shown, the first epoch is 1. Empty if it was not.

    See Also
    --------
    ReduceLROnPlateau : Goes on with smaller steps.
    ModelCheckpoint : Writes the best model to a file.

    Examples
    --------
    >>> import numpy as np, tinyae as tae
    >>> ae = tae.Autoencoder([tae.Dense(1)], [tae.Dense(2)])
    >>> stop = tae.EarlyStopping("loss", patience=2, min_delta=10.0)
    >>> history = ae.fit(np.eye(2), epochs=10, callbacks=stop, verbose=0)
    >>> len(history["loss"]), stop.best_epoch, stop.stopped_epoch
    (3, 0, 2)
    """

    checks: ClassVar = {
        **Monitor.checks,
        "patience": lambda name, epochs: whole(name, epochs, least=0),
        "min_delta": not_negative,
        "restore_best_weights": flag,
    }

    best: float
    best_epoch: int | None
    stopped_epoch: int | None

    def __init__(
        self,
        monitor: str = "val_loss",
        patience: int = 0,
        min_delta: float = 0.0,
        restore_best_weights: bool = False,
    ):
        super().__init__(monitor)
        self.patience, self.min_delta = patience, min_delta
        self.restore_best_weights = restore_best_weights

    def set_model(self, model: Network) -> None:
        """Begin anew, for a training of this model."""
        self._model = model
        self._best_parameters: np.ndarray | None = None
        vars(self).update(best=math.inf, best_epoch=None, stopped_epoch=None)
        self._waited = 0

    def __call__(self, epoch: int, logs: Mapping[str, float]) -> bool:
        value = self.value(logs)
        if value < self.best - self.min_delta:
            kept = self._model.parameters.copy() if self.restore_best_weights else None
            # at once: Ctrl-C must not leave the figure of one epoch with the parameters of another
            vars(self).update(best=value, best_epoch=epoch, _waited=0, _best_parameters=kept)
            return False
        self._waited += 1
        if self._waited < self.patience:
            return False
        vars(self).update(stopped_epoch=epoch)
        return True

    @property
    def reason(self) -> str:  # type: ignore[override]
        if getattr(self, "stopped_epoch", None) is None:
            return ""
        if self.best_epoch is None:
            return f"stopped early: {self.monitor} was never a number"
        back = ", whose parameters are put back" if self.restore_best_weights else ""
        best = f"{figure(self.best)} in epoch {self.best_epoch + 1}"
        return f"stopped early: {self.monitor} was best with {best}{back}"

    def on_train_end(self) -> None:
        """Put the best epoch's parameters back, if that was asked for."""
        if self._best_parameters is not None:
            self._model.parameters[...] = self._best_parameters
            self._best_parameters = None
