"""A fork waits until no thread is in the middle of importing, building a model, or compiling.

A child has the forking thread only, and all memory as it was. What another thread had half done
would stay so, and its locks held for ever. So a fork takes these locks first, and lets them go
on both sides, as the standard library's `logging` does.
"""

# First, since these take locks of their own before a fork: then they do so after the ones here,
# whose owners may log or start threads
import concurrent.futures.thread  # noqa: F401
import logging  # noqa: F401
import os
import threading
from typing import Any

_locks: list[Any] = []
_forking = threading.RLock()
_taken: list[Any] = []


def wait_for(lock: Any) -> Any:
    """Take this lock before a fork, after those that are there already: threads do so, too."""
    _locks.append(lock)
    return lock


building = wait_for(threading.RLock())  # one thread at a time: models may share their parts
importing = wait_for(threading.RLock())  # Python's own stay held in a child


def _take_all() -> None:
    _forking.acquire()
    for lock in _locks:
        lock.acquire()
        _taken.append(lock)


def _let_go() -> None:
    while _taken:
        _taken.pop().release()
    _forking.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_take_all, after_in_parent=_let_go, after_in_child=_let_go)
