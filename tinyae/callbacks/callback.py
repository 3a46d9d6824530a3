"""Callbacks: called after each epoch of `fit` as ``callback(epoch, logs)``.

Epochs are counted from 0 here, as in Keras: ``model.history["loss"][epoch]`` is the figure of one.
What is read counts from 1: the lines that `fit` shows, a history's table, and ``{epoch}`` in the
path of a `ModelCheckpoint`.

Any callable will do. One that returns True stops the training. Two methods are looked for:
`set_model(model)`, called before the first epoch, and `on_train_end()`, called at the end, on every
way out: after the last epoch, or where an exception comes out of `fit`. A callback's is called once
its `set_model` has returned, so never where `fit` refuses its arguments.
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from ..checks.arguments import is_iterable, nearest, shown, text
from ..checks.attributes import Checked
from ..system.interruption import Interruption

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
        if not isinstance(callback, Monitor):
            return
        callback.check_figures(logs)


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


class Monitor(Checked):
    """A callback of tinyae's own, which looks at a figure of each epoch.

    Parameters
    ----------
    monitor : str
        A key of the history; smaller is better.
    """

    checks: ClassVar = {"monitor": text}
    closed: ClassVar = True
    reason = ""  # why it has stopped the training, for the line that `fit` shows
    note = ""  # what it has done after this epoch, for a line of its own

    def __init__(self, monitor: str):
        self.monitor = monitor

    def check_figures(self, logs: Mapping[str, float]) -> None:
        """Refuse `logs`, the figures of an epoch, among which is none that it needs."""
        self.value(logs)

    def value(self, logs: Mapping[str, float]) -> float:
        """The figure of `logs` that it looks at."""
        if self.monitor in logs:
            return logs[self.monitor]
        hint = "; pass validation_data to fit" if self.monitor.startswith("val_") else ""
        raise ValueError(
            f"{type(self).__name__} monitors {self.monitor!r}, but the epoch has "
            f"{', '.join(logs)}{hint}"
        )
