"""Callbacks: called after each epoch of `fit` as ``callback(epoch, logs)``, epochs from 0.

Any callable will do. One that returns True stops the training. Two methods are looked for:
`set_model(model)`, called before the first epoch, and `on_train_end()`, called at the end, on every
way out: after the last epoch, or where an exception comes out of `fit`. A callback's is called once
its `set_model` has returned, so never where `fit` refuses its arguments.
"""

import contextlib
import inspect
import math
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

import numpy as np

from ..checks.arguments import (
    file_path,
    flag,
    is_iterable,
    nearest,
    not_negative,
    shown,
    text,
    whole,
)
from ..checks.attributes import Checked
from ..machine.interruption import Interruption
from ..network.network import Network

Callback = Callable[[int, Mapping[str, float]], bool | None]


def check_callbacks(callbacks: Any) -> list[Callable]:
    """None, one callback or several as a list; refused unless each takes (epoch, logs)."""
    given: Any = () if callbacks is None else callbacks
    found = [given] if callable(given) or not is_iterable(given) else list(given)
    for callback in found:
        if not callable(callback) or isinstance(callback, type) or not _takes_two(callback):
            raise ValueError(
                f"callbacks must be callable (epoch, logs), but got {shown(callback)}"
                f"{nearest(callback, ())}"
            )
    return found


def _takes_two(callback: Callable) -> bool:
    """Whether it can be called with two arguments, as far as Python knows."""
    with contextlib.suppress(ValueError):  # of functions in C
        try:
            inspect.signature(callback).bind(0, {})
        except TypeError:
            return False
    return True


def check_figures(callbacks: Iterable[Callback], names: Iterable[str]) -> None:
    """Refuse before training what asks for a figure that no epoch will have.

    Callbacks of one's own may add figures: what comes after them is left alone.
    """
    logs = dict.fromkeys(names, 0.0)
    for callback in callbacks:
        if isinstance(callback, ModelCheckpoint):
            callback._path_of(0, logs)
        elif not isinstance(callback, EarlyStopping):
            return
        if isinstance(callback, EarlyStopping) or callback.save_best_only:
            _monitored(callback, logs)


class WayOut:
    """What is called, in this order, however a `with` block is left, and whatever a call raises.

    Ctrl-C waits until all has been called. Should it come before it can be held back, a second
    `with` block of the same object around the first calls what is left.
    """

    def __init__(self) -> None:
        self.calls: list[Callable[[], Any]] = []

    def __enter__(self) -> None:
        """The calls may be added inside."""

    def __exit__(self, *exception: object) -> None:
        with Interruption():
            self._call()

    def _call(self) -> None:
        if self.calls:
            try:
                self.calls.pop(0)()
            finally:
                self._call()


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
        Whether to put back the parameters of the best epoch when training ends, in whatever way:
        stopped by this callback or by another, after its last epoch, by Ctrl-C or by an error. The
        model's progress and the optimizer's state stay as they are then.

    Attributes
    ----------
    best : float
        The best value seen.
    best_epoch, stopped_epoch : int or None
        When it was, and when training was stopped.
    """

    checks: ClassVar = {
        "monitor": text,
        "patience": lambda name, epochs: whole(name, epochs, least=0),
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
            kept = self._model.parameters.copy() if self.restore_best_weights else None
            # at once: Ctrl-C must not leave the figure of one epoch with the parameters of another
            vars(self).update(best=value, best_epoch=epoch, _waited=0, _best_parameters=kept)
            return False
        self._waited += 1
        if self._waited < self.patience:
            return False
        self.stopped_epoch = epoch
        return True

    def on_train_end(self) -> None:
        """Put the best epoch's parameters back, if that was asked for."""
        if self._best_parameters is not None:
            self._model.parameters[...] = self._best_parameters
            self._best_parameters = None


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

    Raises
    ------
    ValueError
        If the path lies in no folder that is there.
    """

    checks: ClassVar = {
        "path": lambda name, path: _in_a_folder(name, path),
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
        self._model.save(self._path_of(epoch, logs), self.training_state)

    def _path_of(self, epoch: int, logs: Mapping[str, float]) -> str:
        try:
            return self.path.format(epoch=epoch + 1, **logs)
        except (LookupError, ValueError) as error:
            raise ValueError(
                f"ModelCheckpoint's path {self.path!r} may name epoch, {', '.join(logs)}: {error!r}"
            ) from None


def _in_a_folder(name: str, path: Any) -> str:
    found = file_path(name, path)
    folder = os.path.dirname(found.partition("{")[0])
    if folder and not os.path.isdir(folder):
        raise ValueError(f"{name} must lie in a folder that is there, but {folder!r} is none")
    return found


def _monitored(callback: EarlyStopping | ModelCheckpoint, logs: Mapping[str, float]) -> float:
    if callback.monitor in logs:
        return logs[callback.monitor]
    hint = "; pass validation_data to fit" if callback.monitor.startswith("val_") else ""
    raise ValueError(
        f"{type(callback).__name__} monitors {callback.monitor!r}, but the epoch has "
        f"{', '.join(logs)}{hint}"
    )
