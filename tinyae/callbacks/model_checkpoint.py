"""To save the model while it trains."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import Any, ClassVar

from ..checks.arguments import file_path, flag
from .callback import Monitor


class ModelCheckpoint(Monitor):
    """Save the model after each epoch, or after those that improve a monitored figure.

    Parameters
    ----------
    path : str or path-like
        May hold ``{epoch}``, counted from 1 as in what `fit` shows, and figures such as
        ``{val_loss:.4f}``. A name without them is written over by each save, when the new file is
        whole.
    monitor : str, default "val_loss"
        A key of the history; smaller is better. Used with `save_best_only`.
    save_best_only : bool, default False
        Whether to save only when the figure is the smallest yet.
    training_state : bool, default True
        Whether `fit` can go on from the file, see `Autoencoder.save`.

    Attributes
    ----------
    best : float
        The smallest value saved; infinite before.

    Raises
    ------
    ValueError
        If the path lies in no folder that is there; by `fit`, before it trains, if a part of the
        model cannot be saved, such as a function of your own.

    See Also
    --------
    Autoencoder.save : Writes one file.
    load : Reads it.
    EarlyStopping : Can go back to the best weights.

    Examples
    --------
    >>> import numpy as np, tinyae as tae
    >>> import pathlib, tempfile
    >>> ae = tae.Autoencoder([tae.Dense(1)], [tae.Dense(2)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     keep = tae.ModelCheckpoint(pathlib.Path(folder, "epoch_{epoch}.npz"))
    ...     history = ae.fit(np.eye(2), epochs=2, callbacks=keep, verbose=0)
    ...     sorted(path.name for path in pathlib.Path(folder).iterdir())
    ['epoch_1.npz', 'epoch_2.npz']
    """

    checks: ClassVar = {
        **Monitor.checks,
        "path": lambda name, path: _in_a_folder(name, path),
        "save_best_only": flag,
        "training_state": flag,
    }

    best: float

    def __init__(
        self,
        path: str | os.PathLike[str],
        monitor: str = "val_loss",
        save_best_only: bool = False,
        training_state: bool = True,
    ):
        super().__init__(monitor)
        self.path: str = path  # type: ignore[assignment]
        self.save_best_only, self.training_state = save_best_only, training_state

    def set_model(self, model: Any) -> None:
        """Begin anew, for a training of this model, unless it cannot be saved."""
        model.to_file(self.training_state)  # before hours of training, not after
        self._model = model
        vars(self).update(best=math.inf)

    def __call__(self, epoch: int, logs: Mapping[str, float]) -> None:
        if self.save_best_only:
            value = self.value(logs)
            if not value < self.best:
                return
            vars(self).update(best=value)
        self._model.save(self._path_of(epoch, logs), self.training_state)

    def check_figures(self, logs: Mapping[str, float]) -> None:
        """Refuse `logs` among which is no figure that it needs, or that its path names."""
        self._path_of(0, logs)
        if self.save_best_only:
            self.value(logs)

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
