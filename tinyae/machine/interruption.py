"""Ctrl-C held back while state changes, so that a model is never left between two steps."""

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any


class Interruption:
    """Inside the `with` block Ctrl-C is only noted, and passed on at the end.

    The first signal sets `pending` and calls `stop`, with which the work may be cut short; a second
    one is passed on at once. Signals reach the main thread only: in others nothing is done.

    Attributes
    ----------
    pending : bool
        Whether a signal has come.
    stop : callable
        What to call when it comes.
    """

    def __init__(self) -> None:
        self.pending = False
        self.stop: Callable[[], Any] = lambda: None
        self._handler: Any = None

    def __enter__(self) -> "Interruption":
        if threading.current_thread() is threading.main_thread():
            handler = signal.getsignal(signal.SIGINT)
            if callable(handler):
                self._handler = handler
                signal.signal(signal.SIGINT, self._hear)
        return self

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if self.pending:
            self._handler(number, frame)
        self.pending = True
        self.stop()

    def __exit__(self, *exception: object) -> None:
        if self._handler is not None:
            signal.signal(signal.SIGINT, self._handler)
            if self.pending:
                self._handler(signal.SIGINT, None)
