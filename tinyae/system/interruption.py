"""What signal handlers raise, held back while state changes: no model is left between two steps."""

import threading

# Python's `signal` spends ten times as long on names for the numbers
from _signal import getsignal, signal, valid_signals  # type: ignore[import-not-found]
from collections.abc import Callable
from types import FrameType
from typing import Any

SIGNALS = sorted(valid_signals())


class Interruption:
    """Inside the `with` block, what handlers of signals raise is kept, and raised at the end.

    The handlers themselves, Ctrl-C's or a timeout's, run at once as ever. With the first that
    raises `stop` is called, with which the work may be cut short. They run in the main thread
    only: in others nothing is done.

    Parameters
    ----------
    passes : int, default 0
        Which exception passes at once, out of whatever runs: the first (1), the second (2), or none
        (0). Those after it are kept, so that what it has interrupted is put in order undisturbed.

    Attributes
    ----------
    pending : list of exceptions
        What has been raised.
    stop : callable
        What to call when it is.
    """

    def __init__(self, passes: int = 0):
        self.passes = passes
        self.pending: list[BaseException] = []
        self.stop: Callable[[], Any] = lambda: None
        self._holding = False
        self._handlers: dict[int, Callable] = {}

    def __enter__(self) -> "Interruption":
        if threading.current_thread() is threading.main_thread():
            handlers = zip(SIGNALS, map(getsignal, SIGNALS), strict=True)
            self._handlers = {number: handler for number, handler in handlers if callable(handler)}
            try:
                for number in self._handlers:
                    signal(number, self._hear)
            except BaseException:
                self._give_back()
                raise
            self._holding = True
        return self

    def _hear(self, number: int, frame: FrameType | None) -> None:
        try:
            self._handlers[number](number, frame)
        except BaseException as error:
            if not self._holding:
                raise
            if 0 < self.passes <= len(self.pending) + 1:
                self.passes = 0
                raise
            self.pending.append(error)
            self.stop()

    def __exit__(self, *exception: object) -> None:
        self._holding = False
        try:
            self._give_back()
        finally:  # a handler that is back may have raised before the next one was
            self._give_back()
        if self.pending:
            _raise(self.pending)

    def _give_back(self) -> None:
        for number, handler in self._handlers.items():
            if getsignal(number) == self._hear:  # unless a handler has been replaced meanwhile
                signal(number, handler)


def _raise(errors: list[BaseException]) -> None:
    """Raise the last; those before are its context."""
    try:
        raise errors.pop(0)
    finally:
        if errors:
            _raise(errors)
