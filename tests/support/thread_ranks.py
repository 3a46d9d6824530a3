"""Ranks that are threads of one process, with the little that tinyae asks of a communicator."""

import threading

import numpy as np

SECONDS = 60  # then a rank waits in vain


class ThreadRank:
    """One rank; what all give at one meeting must be of one kind."""

    def __init__(self, rank, size, barrier, given):
        self.rank, self.size, self._barrier, self._given = rank, size, barrier, given

    def _all(self, kind, value):
        self._given[self.rank] = kind, value
        self._barrier.wait(SECONDS)
        given = list(self._given)
        self._barrier.wait(SECONDS)
        assert {each for each, _ in given} == {kind}, given
        return [each for _, each in given]

    def Allreduce(self, send, recv):
        assert send.flags.c_contiguous
        assert recv.flags.c_contiguous
        given = self._all(("Allreduce", send.shape, send.dtype), send.copy())
        recv[...] = np.sum(given, axis=0, dtype=send.dtype)

    def bcast(self, value):
        return self._all("bcast", value)[0]


class Alone:
    """The only rank."""

    rank, size = 0, 1

    def Allreduce(self, send, recv):
        recv[...] = send

    def bcast(self, value):
        return value


def on_ranks(size, function):
    """What the function gives for each rank's communicator; or the first error that is raised."""
    barrier, given = threading.Barrier(size), [None] * size
    results, errors = [None] * size, [None] * size

    def run(rank):
        try:
            results[rank] = function(ThreadRank(rank, size, barrier, given))
        except BaseException as error:
            errors[rank] = error
            barrier.abort()

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    real = [each for each in errors if each and not isinstance(each, threading.BrokenBarrierError)]
    for error in real or filter(None, errors):
        raise error
    return results
