"""What ``mpiexec`` runs: all that must hold on ranks, or one way in which a job ends.

``python -m mpi4py -m tests.support.rank_program [killed | refused | interrupted | failed]``
"""

import os
import signal
import sys
import traceback
import warnings

import numpy as np
from mpi4py import MPI

import tinyae as tae
from tests.support.rank_failures import FAILURES, INTERRUPTIONS
from tests.support.rank_scenarios import SCENARIOS

ALL = {**SCENARIOS, **FAILURES, **INTERRUPTIONS}
comm = MPI.COMM_WORLD
x = np.random.default_rng(0).random((64, 6))
last = comm.rank == comm.size - 1


def model():
    return tae.Autoencoder([tae.Dense(2)], [tae.Dense(6)])


def everything():
    for name, scenario in ALL.items():
        try:
            scenario(comm)
        except BaseException:
            traceback.print_exc()
            print(f"failed on rank {comm.rank}: {name}", file=sys.stderr, flush=True)
            comm.Abort(1)
    if comm.rank == 0:
        print(f"{len(ALL)} hold", flush=True)


def killed():
    def callback(epoch, logs):
        if last and epoch == 2:
            os.kill(os.getpid(), signal.SIGKILL)

    model().fit(x, epochs=10**6, verbose=0, comm=comm, callbacks=callback)


def failed():
    if last:
        raise RuntimeError("outside of fit")
    model().fit(x, epochs=10**6, verbose=0, comm=comm)


def refused():
    model().fit(x * np.nan if last else x, comm=comm)


def interrupted():
    def callback(epoch, logs):
        if last and epoch == 2:
            os.kill(os.getpid(), signal.SIGINT)

    model().fit(x, epochs=10**6, verbose=0, comm=comm, callbacks=callback)


if __name__ == "__main__":
    warnings.simplefilter("error")
    ways = {each.__name__: each for each in (killed, failed, refused, interrupted)}
    ways.get("".join(sys.argv[1:]), everything)()
