"""How ranks meet, so that what happens on one of them is heard by all and none waits in vain.

A communicator is mpi4py's, or any object with `rank`, `size`, ``Allreduce(send, recv)``, which
writes the sum of all ranks' arrays into `recv`, and ``bcast(value)``, which gives rank 0's value.

All ranks call the same function, in which each may fail where the others do not: on its own rows,
in a callback of its own, by Ctrl-C. So before they meet to exchange numbers they meet in `agree`,
and so does who leaves the function by an exception, on its way out. Between that and the exchange
nothing may fail. What one has failed with is then raised on all.
"""

import contextlib
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..checks.arguments import shown, whole
from ..system.interruption import Interruption

NEEDED = ("rank", "size", "Allreduce", "bcast")
# What others raise for an exception of one of these kinds; for any other the last
KINDS = (ValueError, KeyboardInterrupt, RuntimeError)


class Ranks:
    """The ranks of a communicator.

    Attributes
    ----------
    rank, size : int
        Which one this process is, from 0, and of how many.
    held : Interruption
        What handlers of signals raise: heard by all at the next `agree`.
    at_end : callable
        What all do at the end, whichever way it comes.
    """

    def __init__(self, comm: Any):
        lacking = [name for name in NEEDED if not hasattr(comm, name)]
        if lacking or isinstance(comm, type):
            raise ValueError(
                f"comm must be an object with {', '.join(NEEDED)}, as mpi4py's MPI.COMM_WORLD is, "
                f"but got {shown(comm)}"
            )
        self._comm, self.size = comm, whole("comm.size", comm.size)
        self.rank = whole("comm.rank", comm.rank, 0, self.size - 1)
        self.held = Interruption()
        self.at_end: Callable[[], Any] = lambda: None
        self._leaving = self._broken = False

    def add(self, send: np.ndarray, recv: np.ndarray) -> None:
        """Write the sum of what all ranks send."""
        try:
            self._comm.Allreduce(send, recv)
        except BaseException:
            self._broken = True  # there is nobody to tell
            raise

    def total(self, numbers: Any) -> np.ndarray:
        """The sum of all ranks' float64 numbers."""
        send = np.array(numbers, np.float64)
        recv = np.empty_like(send)
        self.add(send, recv)
        return recv

    def first(self, value: Any) -> Any:
        """The value of rank 0."""
        try:
            return self._comm.bcast(value)
        except BaseException:
            self._broken = True
            raise

    def of(self, rank: int, value: Any) -> Any:
        """The value of a rank; those of others are not looked at."""
        text = pickle.dumps(value) if rank == self.rank else b""
        send = np.zeros(int(self.total([len(text)])[0]), np.uint8)
        recv = np.empty_like(send)
        if rank == self.rank:
            send[...] = np.frombuffer(text, np.uint8)
        self.add(send, recv)
        return pickle.loads(recv.tobytes())

    def agree(self, vote: float = 0.0, error: BaseException | None = None) -> float:
        """Hear that all go on, and the sum of their votes; or raise what has stopped one of them.

        Parameters
        ----------
        vote : float
        error : exception, optional
            What has stopped this one.
        """
        self.held.passes = 0
        if error is None and self.held.pending:
            error = self.held.pending.pop()
        stopped = np.zeros(self.size + 1)
        stopped[self.rank], stopped[-1] = error is not None, vote
        *failed, votes = self.total(stopped).tolist()
        if not any(failed):
            return votes
        self._leaving = True
        rank = next(i for i, each in enumerate(failed) if each)
        kind, text = self.of(rank, _said(error))
        if error is not None:
            raise error
        raise KINDS[kind](f"on rank {rank}: {text}")

    def leave(self, error: BaseException | None = None) -> None:
        """The last meeting, for whichever reason."""
        try:
            if not self._leaving and not self._broken:
                self.agree(error=error)
        finally:
            if not self._broken:
                self.at_end()


def _said(error: BaseException | None) -> tuple[int, str]:
    """What kind of error it is, and what others say of it."""
    kind = next((i for i, each in enumerate(KINDS) if isinstance(error, each)), len(KINDS) - 1)
    return kind, str(error) if kind == 0 else f"{type(error).__name__}: {error}".rstrip(": ")


@contextlib.contextmanager
def together(comm: Any) -> Iterator[Ranks | None]:
    """What is done in the `with` block, all ranks do; without comm, this process alone."""
    if comm is None:
        yield None
        return
    ranks = Ranks(comm)
    with ranks.held:
        try:
            yield ranks
        except BaseException as error:
            ranks.leave(error)
            raise
        ranks.leave()


@contextlib.contextmanager
def interruptible(ranks: Ranks | None) -> Iterator[None]:
    """What is done in the `with` block, until ranks meet, may take its time: Ctrl-C ends it."""
    held = Interruption() if ranks is None else ranks.held
    try:
        held.passes = 1
        yield
    finally:
        held.passes = 0


def share(count: int, ranks: Ranks, sharded: bool) -> slice:
    """Which of so many rows are this rank's: its part of what all have, or all of its own."""
    low = 0 if sharded else count * ranks.rank // ranks.size
    return slice(low, count if sharded else count * (ranks.rank + 1) // ranks.size)
