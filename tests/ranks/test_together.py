"""What is asked of a communicator, and how ranks meet."""

import re
import threading

import numpy as np
import pytest

import tinyae as tae
from tests.support.rank_failures import INTERRUPTIONS
from tests.support.rank_scenarios import outcome
from tests.support.thread_ranks import Alone, on_ranks
from tinyae.distributed import rank_training
from tinyae.distributed.rank_trainer import RankTrainer
from tinyae.ranks import neighbours
from tinyae.ranks.alike import take_first
from tinyae.ranks.together import Ranks, together

x = np.random.default_rng(0).random((20, 4))


class NoBroadcast:
    rank, size = 0, 1

    def Allreduce(self, send, recv):
        recv[...] = send


@pytest.mark.parametrize("comm", [NoBroadcast(), Alone, "world", 0])
def test_what_is_no_communicator_is_refused_in_one_sentence(comm):
    ae = tae.Autoencoder([tae.Dense(2)], [tae.Dense(4)])
    text = re.escape(
        "comm must be an object with rank, size, Allreduce, bcast, as mpi4py's MPI.COMM_WORLD is, "
        f"but got {comm!r}"
    )
    for call in (ae.fit, ae.evaluate, tae.PCA(2).fit):
        with pytest.raises(ValueError, match=text):
            call(x, comm=comm)
    assert not ae.built


class Broken(Alone):
    """A communicator that fails after some meetings."""

    def __init__(self, meetings):
        self.meetings = meetings

    def Allreduce(self, send, recv):
        self.meetings -= 1
        if self.meetings <= 0:
            raise OSError("the network is down")
        recv[...] = send


@pytest.mark.parametrize("meetings", [1, 5, 20])
def test_nobody_is_told_over_a_network_that_is_down(meetings):
    comm = Broken(meetings)
    with pytest.raises(OSError, match="the network is down"):
        tae.Autoencoder([tae.Dense(2)], [tae.Dense(4)]).fit(x, epochs=99, verbose=0, comm=comm)
    assert comm.meetings == 0


def test_votes_are_added_and_values_are_handed_on():
    def meet(comm):
        with together(comm) as ranks:
            assert ranks.agree(comm.rank) == 3
            assert [ranks.of(rank, f"rank {comm.rank}") for rank in range(3)] == [
                "rank 0",
                "rank 1",
                "rank 2",
            ]
            mine = np.full(3, float(comm.rank == 1))
            take_first(ranks, mine)
            assert (mine == 0).all()

    on_ranks(3, meet)


def test_the_end_comes_on_every_way_out():
    for error in (None, ValueError("no")):
        ended = []

        def leave(comm, error=error, ended=ended):
            with together(comm) as ranks:
                assert isinstance(ranks, Ranks)
                ranks.at_end = lambda: ended.append(comm.rank)
                if error is not None and comm.rank == 1:
                    raise error
                ranks.agree()

        said = on_ranks(2, lambda comm, leave=leave: str(outcome(leave, comm)))
        assert said == (["None", "None"] if error is None else ["on rank 1: no", "no"])
        assert sorted(ended) == [0, 1]


@pytest.mark.parametrize("name", INTERRUPTIONS)
def test_ctrl_c_on_the_only_rank(name):
    INTERRUPTIONS[name](Alone())


@pytest.mark.parametrize(("threads", "used"), [(None, [2, 2, 4]), (3, [3, 3, 3])])
def test_ranks_share_the_cores_that_they_have_in_common(threads, used, monkeypatch):
    """Two have the same four, the last has others."""
    ranks, given = {}, {}

    def made(*args):
        given[ranks[threading.get_ident()]] = args[-1]
        return RankTrainer(*args)

    def train(comm):
        ranks[threading.get_ident()] = comm.rank
        ae = tae.Autoencoder([tae.Dense(2)], [tae.Dense(4)], threads=threads)
        ae.fit(x, verbose=0, comm=comm)

    monkeypatch.setattr(neighbours, "place", lambda: ranks[threading.get_ident()] < 2)
    monkeypatch.setattr(rank_training, "thread_count", lambda threads: 4)
    monkeypatch.setattr(rank_training, "RankTrainer", made)
    on_ranks(3, train)
    assert [given[rank] for rank in range(3)] == used


@pytest.mark.parametrize(("rank", "size"), [("0", 1), (0, 0), (2, 2), (-1, 2), (0, 1.5), (True, 2)])
def test_ranks_are_counted_from_0(rank, size):
    comm = Alone()
    comm.rank, comm.size = rank, size
    ae = tae.Autoencoder([tae.Dense(2)], [tae.Dense(4)])
    for call in (ae.fit, ae.evaluate, tae.PCA(2).fit):
        with pytest.raises(ValueError, match=r"comm\.(rank|size) must be a whole number"):
            call(x, comm=comm)
    assert not ae.built
