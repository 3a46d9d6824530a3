"""Callbacks: called after each epoch of `fit` as ``callback(epoch, logs)``, epochs from 0.

Any callable will do. One with a method `set_model(model)` is given the model first; one that
returns True stops the training.
"""

import math
import os
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np

from ..checks.arguments import flag, not_negative, whole
from ..checks.attributes import Checked, text
from ..network.network import Network

Callback = Callable[[int, Mapping[str, float]], bool | None]


class EarlyStopping(Checked):
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
        Whether to put back the parameters of the best epoch on stopping.

    Attributes
    ----------
    best : float
        The best value seen.
    best_epoch, stopped_epoch : int or None
        When it was, and when training was stopped.
    """

    checks: ClassVar = {
        "monitor": text,
        "patience": lambda name, value: whole(name, value, least=0),
        "min_delta": not_negative,
        "restore_best_weights": flag,
    }

    def __init__(
        self,
        monitor: str = "val_loss",
        patience: int = 0,
        min_delta: float = 0.0,
        restore_best_weights: bool = False,
    ):
        self.monitor, self.patience, self.min_delta = monitor, patience, min_delta
        self.restore_best_weights = restore_best_weights

    def set_model(self, model: Network) -> None:
        """Begin anew, for a training of this model."""
        self._model = model
        self._best_parameters: np.ndarray | None = None
        self.best = math.inf
        self.best_epoch: int | None = None
        self.stopped_epoch: int | None = None
        self._waited = 0

    def __call__(self, epoch: int, logs: Mapping[str, float]) -> bool:
        value = _monitored(self, logs)
        if value < self.best - self.min_delta:
            self.best, self.best_epoch, self._waited = value, epoch, 0
            if self.restore_best_weights:
                self._best_parameters = self._model.parameters.copy()
            return False
        self._waited += 1
        if self._waited < self.patience:
            return False
        self.stopped_epoch = epoch
        if self._best_parameters is not None:
            self._model.parameters[...] = self._best_parameters
        return True


class ModelCheckpoint(Checked):
    """Save the model after each epoch, or after those that improve a monitored figure.

    Parameters
    ----------
    path : str or path-like
        May hold ``{epoch}``, counted from 1, and figures such as ``{val_loss:.4f}``.
    monitor : str, default "val_loss"
        A key of the history; smaller is better. Used with `save_best_only`.
    save_best_only : bool, default False
        Whether to save only when the figure is the smallest yet.
    training_state : bool, default True
        Whether `fit` can go on from the file, see `Autoencoder.save`.

    Attributes
    ----------
    best : float
        The smallest value saved.
    """

    checks: ClassVar = {
        "path": lambda name, path: text(
            name, os.fspath(path) if isinstance(path, os.PathLike) else path
        ),
        "monitor": text,
        "save_best_only": flag,
        "training_state": flag,
    }

    def __init__(
        self,
        path: str | os.PathLike[str],
        monitor: str = "val_loss",
        save_best_only: bool = False,
        training_state: bool = True,
    ):
        self.path: str = path  # type: ignore[assignment]
        self.monitor = monitor
        self.save_best_only, self.training_state = save_best_only, training_state

    def set_model(self, model: Any) -> None:
        """Begin anew, for a training of this model."""
        self._model = model
        self.best = math.inf

    def __call__(self, epoch: int, logs: Mapping[str, float]) -> None:
        if self.save_best_only:
            value = _monitored(self, logs)
            if not value < self.best:
                return
            self.best = value
        try:
            path = self.path.format(epoch=epoch + 1, **logs)
        except (LookupError, ValueError) as error:
            raise ValueError(
                f"ModelCheckpoint's path {self.path!r} may name epoch, {', '.join(logs)}: {error!r}"
            ) from None
        self._model.save(path, self.training_state)


def _monitored(callback: EarlyStopping | ModelCheckpoint, logs: Mapping[str, float]) -> float:
    if callback.monitor in logs:
        return logs[callback.monitor]
    hint = "; pass validation_data to fit" if callback.monitor.startswith("val_") else ""
    raise ValueError(
        f"{type(callback).__name__} monitors {callback.monitor!r}, but the epoch has "
        f"{', '.join(logs)}{hint}"
    )
