"""One contender in a process of its own, told over standard input what to do.

``python -m benchmarks.harness.worker FOLDER PART``, where `handover` filled the folder. Each line
in is a JSON list, each line out the answer: ["start"], ["time", count] (which gives seconds, and
the count rounded up to what it did), ["memory"] (the peak above what the imports and the data
take), ["check"].
"""

import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import handover, memory


class Session:
    """What the messages are about."""

    def __init__(self, folder: Path, part: str):
        self.folder, self.part = folder, part

    def start(self) -> str:
        """Import, read what is given, do the least there is, and only then count memory."""
        touch, cls = load(self.part)
        given = handover.read(self.folder)
        touch()
        self.before = memory.reset_peak()
        self.contender = cls(*given)
        return "ready"

    def time(self, count: int) -> tuple[float, int]:
        """Seconds that so many took; more, where only whole stretches can be done."""
        stretch = getattr(self.contender, "stretch", 1)
        count = -(-count // stretch) * stretch
        began = time.perf_counter()
        self.contender.run(count)
        return time.perf_counter() - began, count

    def memory(self) -> int | None:
        """Bytes."""
        return None if self.before is None else memory.peak() - self.before

    def check(self) -> list:
        """What has to agree with the others' answers."""
        found = self.contender.check()
        parts = found if isinstance(found, tuple) else (found,)
        return [np.asarray(part, np.float64).tolist() for part in parts]


def load(part: str) -> tuple[Callable[[], Any], Any]:
    """The `touch` of the module and the class that "module:Class" names."""
    name, cls = part.split(":")
    module = importlib.import_module(name)
    return module.touch, getattr(module, cls)


def use_two_cores() -> None:
    """On a larger machine, stay on two cores: not every library can be told how many to use."""
    if not hasattr(os, "sched_getaffinity"):  # only Linux has it
        return
    cores: dict[str, int] = {}
    for cpu in sorted(os.sched_getaffinity(0)):
        siblings = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        cores.setdefault(siblings.read_text() if siblings.exists() else str(cpu), cpu)
    os.sched_setaffinity(0, list(cores.values())[:2])


def main() -> None:
    """Answer until the input ends."""
    use_two_cores()
    # what libraries print is no answer
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    session = Session(Path(sys.argv[1]), sys.argv[2])
    for line in sys.stdin:
        command, *arguments = json.loads(line)
        try:
            answer = {"value": getattr(session, command)(*arguments)}
        except Exception as error:
            first = (str(error).splitlines() or [""])[0]
            answer = {"error": f"{type(error).__name__}: {first[:100]}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
