"""One training of a model at a time."""

import contextlib
import threading
from collections.abc import Iterator

from ..system.interruption import Interruption


@contextlib.contextmanager
def alone(lock: threading.Lock) -> Iterator[None]:
    """Hold a model's lock in the `with` block; refused while another block does."""
    acquired = False
    try:
        with Interruption():
            acquired = lock.acquire(blocking=False)
        if not acquired:
            text = "this model is being trained already, or was when this process was forked"
            raise RuntimeError(f"{text}; train a copy: model.copy()")
        yield
    finally:
        if acquired:
            lock.release()
