"""A contender's process: what it answers, and how it ends."""

import os
import time
from pathlib import Path

import pytest

from benchmarks.harness.process import ContenderError, ContenderProcess
from benchmarks.workloads.data import data_for
from tests.support.tiny_workload import TINY


def test_a_worker_answers(folder):
    with ContenderProcess(folder, "tests.support.benchmark_parts:Right") as worker:
        assert worker.ask("start") == "ready"
        seconds, count = worker.ask("time", 3)
        assert seconds >= 0
        assert count == 3
        assert worker.ask("check") == [[pytest.approx(data_for(TINY).sum()), 2]]
        peak = worker.ask("memory")
        assert peak is None or 0 <= peak < 50e6


def test_a_worker_rounds_up_to_whole_stretches(folder):
    with ContenderProcess(folder, "tests.support.benchmark_parts:Stretches") as worker:
        worker.ask("start")
        assert [worker.ask("time", count)[1] for count in (1, 4, 5)] == [4, 4, 8]
        assert worker.ask("check") == [[4, 4, 8]]


def test_memory_is_what_was_taken_since_the_start(folder):
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("only Linux can take a peak back")
    with ContenderProcess(folder, "tests.support.benchmark_parts:Hungry") as worker:
        worker.ask("start")
        assert worker.ask("memory") < 10e6  # 200 MB were taken while importing
        worker.ask("time", 1)
        assert 50e6 < worker.ask("memory") < 70e6


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ("tests.support.benchmark_parts:Raises", "^MemoryError: no room$"),
        ("tests.support.benchmark_parts:Dies", "^its process ended with 3$"),
        ("tests.support.benchmark_parts:Missing", "^AttributeError"),
        ("no_such_module:Missing", "^ModuleNotFoundError"),
    ],
)
def test_a_worker_that_fails_says_why(folder, part, message):
    def work(worker):
        worker.ask("start")
        worker.ask("time", 1)

    expected = pytest.raises(ContenderError, match=message)
    with ContenderProcess(folder, part) as worker, expected:
        work(worker)


def test_a_worker_that_hangs_is_ended_with_what_it_started(folder):
    with ContenderProcess(folder, "tests.support.benchmark_parts:Hangs") as worker:
        worker.ask("start")
        [[child]] = worker.ask("check")
        with pytest.raises(ContenderError, match=r"gave no answer for 0\.5 s"):
            worker.ask("time", 1, timeout=0.5)
    assert worker.process.poll() is not None
    if hasattr(os, "killpg"):
        assert ends(int(child))


def test_an_interrupt_leaves_no_process(folder):
    def interrupted(workers):
        with ContenderProcess(folder, "tests.support.benchmark_parts:Hangs") as worker:
            workers += [worker]
            worker.ask("start")
            workers += worker.ask("check")[0]
            raise KeyboardInterrupt

    workers = []
    with pytest.raises(KeyboardInterrupt):
        interrupted(workers)
    worker, child = workers
    assert worker.process.poll() is not None
    if hasattr(os, "killpg"):
        assert ends(int(child))


def ends(pid):
    """Whether a process is gone, or soon will be: a zombie has only to be fetched by init."""
    for _ in range(100):
        try:
            if Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] == "Z":
                return True
            os.kill(pid, 0)
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.05)
    return False
