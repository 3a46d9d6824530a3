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
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from benchmarks.contenders.table import CONTENDERS
from benchmarks.harness import handover
from benchmarks.harness.agreement import objection
from benchmarks.harness.process import ContenderError, ContenderProcess
from benchmarks.workloads.data import data_for
from benchmarks.workloads.initial_weights import weights_for
from benchmarks.workloads.kinds import Workload

ROUND_SECONDS, PAUSE = 0.3, 0.15

# By contender its process, and how many it does in a round.
Ready = dict[str, tuple[ContenderProcess, int]]


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
        handover.write(folder, workload, data_for(workload), weights_for(workload))
        variables = {"NUMBA_CACHE_DIR": str(cache)}
        empty = not any(cache.iterdir())
        ours = ContenderProcess(folder, parts["tinyae"], variables)
        # what this one compiles is in the cache for the one that is measured
        with suppress(ContenderError), ours:
            seconds = _first(ours)
            if empty:
                found["cold"] = seconds

        def start(part: str) -> ContenderProcess:
            return stack.enter_context(ContenderProcess(folder, part, variables))

        ready = _ready(parts, start, workload.task, count, found)
        control = start("benchmarks.harness.control:Control")
        control.ask("start")
        found.update(_rounds(ready, control, rounds, found["left_out"]))
    return found


def _ready(
    parts: dict[str, str],
    start: Callable[[str], ContenderProcess],
    task: str,
    count: int | None,
    found: dict[str, Any],
) -> Ready:
    """Start all, and keep whose answer is tinyae's; what is learned meanwhile goes to `found`."""
    ready: Ready = {}
    expected: list = []
    for name, part in parts.items():
        process = start(part)
        try:
            found["first"][name] = _first(process)
            ready[name] = process, count or _count(process)
            found["memory"][name] = process.ask("memory")
            answer = process.ask("check")
            expected = expected or answer
            if differs := objection(answer, expected, task):
                raise ContenderError(differs)
        except ContenderError as problem:
            found["left_out"][name] = str(problem)
            ready.pop(name, None)
            process.close()
            if name == "tinyae":  # there is nothing to hold the others against
                break
    return ready


def _first(process: ContenderProcess) -> float:
    process.ask("start")
    process.ask("time", 1)
    return time.perf_counter() - process.started


def _count(process: ContenderProcess) -> int:
    """How many fill a round, found while warming up.

    What a call costs besides must not be taken for the time of a step, so longer calls are tried
    until one nearly fills it.
    """
    asked = 1
    while True:
        seconds, count = process.ask("time", asked)
        fits = max(1, round(count * ROUND_SECONDS / seconds))
        if fits <= count or seconds > ROUND_SECONDS / 2:
            return fits
        asked = min(fits, 4 * count)


def _rounds(
    ready: Ready, control: ContenderProcess, rounds: int, left_out: dict[str, str]
) -> dict[str, Any]:
    """All take turns; who dies on the way is left out with what it did."""
    seconds: dict[str, list[float]] = {name: [] for name in ready}
    products = []
    for _ in range(rounds):
        products.append(_turn(control, 20))
        for name in list(seconds):
            try:
                seconds[name].append(_turn(*ready[name]))
            except ContenderError as problem:
                left_out[name] = str(problem)
                del seconds[name]
    return {"seconds": seconds, "control": products}


def _turn(process: ContenderProcess, count: int) -> float:
    time.sleep(PAUSE)  # threads of the one before that still spin come to rest
    taken, done = process.ask("time", count)
    return taken / done
