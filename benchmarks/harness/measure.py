"""One workload by all who can do it: verified, warmed up, then timed in rounds.

What comes out is a plain dict, as it is written to the JSON file::

    unit        "step", "call" or "fit"
    seconds     {contender: [of one, by round]}
    control     [seconds of a fixed product, by round]
    memory      {contender: bytes at its peak, above its imports and the data}
    first       {contender: seconds from starting Python to the end of the first}
    cold        seconds of tinyae's first with nothing compiled before, where that was so
    left_out    {contender: why it was not timed}
"""

import tempfile
import time
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.contenders.table import CONTENDERS
from benchmarks.harness.process import Worker, WorkerError, prepare
from benchmarks.workloads.kinds import Workload

ROUND_SECONDS, PAUSE = 0.3, 0.15
# Of the losses, of the codes, and of variances and components.
TOLERANCES = {"train": (1e-4,), "encode": (1e-4,), "pca": (1e-3, 2e-2)}


def measure(
    workload: Workload,
    names: Iterable[str],
    rounds: int,
    cache: Path,
    count: int | None = None,
) -> dict[str, Any]:
    """Verify and time one workload.

    Parameters
    ----------
    workload : Workload
    names : iterable of str
        Of contenders, tinyae first: the others are held against it.
    rounds : int
    cache : Path
        A folder for what tinyae compiles. Where it is empty, that is timed too.
    count : int, optional
        How many steps to take in a round. Default: what takes about `ROUND_SECONDS`.
    """
    found: dict[str, Any] = {"unit": workload.unit, "first": {}, "memory": {}, "left_out": {}}
    parts = {name: part for name in names if (part := CONTENDERS[name].part(workload))}
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as stack:
        folder = Path(temporary)
        prepare(folder, workload)
        variables = {"NUMBA_CACHE_DIR": str(cache)}
        empty = not any(cache.iterdir())
        # what this one compiles is in the cache for the one that is measured
        with suppress(WorkerError), Worker(folder, parts["tinyae"], variables) as worker:
            seconds = _first(worker)
            if empty:
                found["cold"] = seconds
        ready: dict[str, tuple[Worker, int]] = {}
        expected: list = []
        for name, part in parts.items():
            worker = stack.enter_context(Worker(folder, part, variables))
            try:
                found["first"][name] = _first(worker)
                ready[name] = worker, count or _count(worker)
                found["memory"][name] = worker.ask("memory")
                answer = worker.ask("check")
                expected = expected or answer
                _verify(answer, expected, workload.task)
            except WorkerError as problem:
                found["left_out"][name] = str(problem)
                ready.pop(name, None)
                worker.close()
                if name == "tinyae":  # there is nothing to hold the others against
                    break
        control = stack.enter_context(Worker(folder, "benchmarks.contenders.numpy_:Control"))
        control.ask("start")
        found.update(_rounds(ready, control, rounds, found["left_out"]))
    return found


def _first(worker: Worker) -> float:
    worker.ask("start")
    worker.ask("time", 1)
    return time.perf_counter() - worker.started


def _count(worker: Worker) -> int:
    """How many fill a round, found while warming up."""
    asked = 1
    while True:
        seconds, count = worker.ask("time", asked)
        if seconds > ROUND_SECONDS / 4:
            return max(1, round(count * ROUND_SECONDS / seconds))
        asked = 4 * count


def _verify(answer: list, expected: list, task: str) -> None:
    """WorkerError where an answer is not tinyae's."""
    for got, want, tolerance in zip(answer, expected, TOLERANCES[task], strict=True):
        difference = disagreement(np.array(got), np.array(want), task)
        if not difference <= tolerance:
            raise WorkerError(f"its answer differs from tinyae's by {difference:.1e}")


def disagreement(got: np.ndarray, want: np.ndarray, task: str) -> float:
    """The largest difference, relative to the largest number expected.

    Losses and variances each to their own; directions without their sign.
    """
    if got.shape != want.shape:
        return float("inf")
    if task == "pca" and got.ndim == 2:
        return float(np.abs(1 - np.abs((got * want).sum(axis=1))).max())
    scale = np.abs(want) if got.ndim == 1 else np.abs(want).max()
    return float(np.abs((got - want) / scale).max())


def _rounds(
    ready: dict[str, tuple[Worker, int]], control: Worker, rounds: int, left_out: dict[str, str]
) -> dict[str, Any]:
    """All take turns; who dies on the way is left out with what it did."""
    seconds: dict[str, list[float]] = {name: [] for name in ready}
    products = []
    for _ in range(rounds):
        products.append(_turn(control, 20))
        for name in list(seconds):
            try:
                seconds[name].append(_turn(*ready[name]))
            except WorkerError as problem:
                left_out[name] = str(problem)
                del seconds[name]
    return {"seconds": seconds, "control": products}


def _turn(worker: Worker, count: int) -> float:
    time.sleep(PAUSE)  # threads of the one before that still spin come to rest
    taken, done = worker.ask("time", count)
    return taken / done
