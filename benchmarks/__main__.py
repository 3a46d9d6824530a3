"""Time tinyae and every peer that is installed: ``python -m benchmarks``.

For each workload every contender gets the same initial weights and batches, in a process of its own
with two threads. First the losses of 20 steps of plain gradient descent must agree with tinyae's;
what does not agree is not timed. Then, after a warm-up, all take turns in rounds of about half a
second of Adam steps each; a fixed NumPy product in every round shows how noisy the machine was.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import report
from benchmarks.contenders import CONTENDERS
from benchmarks.workloads import WORKLOADS

VERIFIED_STEPS, TOLERANCE = 20, 1e-4
ROUND_SECONDS, PAUSE = 0.5, 0.2


class Worker:
    """A contender's process."""

    def __init__(self, contender: str, workload: str):
        command = [sys.executable, "-m", "benchmarks.worker", contender, workload]
        self.name = contender
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def ask(self, *message: Any) -> Any:
        """The answer to a message; a dict with "error" if something went wrong."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write(json.dumps(message) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        return json.loads(line) if line else {"error": "the process ended"}

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.wait()


def error_of(answer: Any) -> str | None:
    """What went wrong, if anything."""
    return answer["error"] if isinstance(answer, dict) else None


def control() -> float:
    """Seconds of a fixed product: the same work in every round."""
    a = np.ones((600, 600), np.float32)
    began = time.perf_counter()
    for _ in range(20):
        a @ a
    return time.perf_counter() - began


def measure(workload: str, names: list[str], rounds: int) -> dict[str, Any]:
    """Verify and time one workload; see `report` for what comes out."""
    results: dict[str, Any] = {"steps_us": {}, "left_out": {}, "memory": {}, "first_step": {}}
    workers: list[Worker] = []
    expected = None
    for name in names:
        worker = Worker(name, workload)
        began = time.perf_counter()
        problem = error_of(worker.ask("start")) or error_of(worker.ask("time", 1))
        results["first_step"][name] = time.perf_counter() - began
        if problem is None:
            losses = worker.ask("verify", VERIFIED_STEPS)
            problem = error_of(losses)
        if problem is None:
            expected = losses if name == "tinyae" else expected
            worst = float(np.max(np.abs(np.array(losses) / expected - 1)))
            if worst > TOLERANCE:
                problem = f"its losses differ by {worst:.1e}"
        if problem is None:
            workers.append(worker)
        else:
            results["left_out"][name] = problem
            worker.close()
    steps = {worker.name: steps_per_round(worker) for worker in workers}
    times: dict[str, list[float]] = {worker.name: [] for worker in workers}
    results["control_ms"] = []
    for _ in range(rounds):
        results["control_ms"].append(1e3 * control())
        for worker in workers:
            time.sleep(PAUSE)  # threads that still spin after their turn come to rest
            times[worker.name].append(worker.ask("time", steps[worker.name]))
    for worker in workers:
        each = [1e6 * seconds / steps[worker.name] for seconds in times[worker.name]]
        results["steps_us"][worker.name] = each
        results["memory"][worker.name] = worker.ask("memory")
        worker.close()
    return results


def steps_per_round(worker: Worker) -> int:
    """How many steps take about `ROUND_SECONDS`, found while warming up."""
    steps = 1
    while True:
        seconds = worker.ask("time", steps)
        if seconds > ROUND_SECONDS / 4:
            return max(1, round(steps * ROUND_SECONDS / seconds))
        steps *= 4


def main() -> None:
    """Measure what was asked for and write the report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--workloads", nargs="+", choices=WORKLOADS, default=list(WORKLOADS))
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=list(CONTENDERS))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--out", type=Path, default=Path("benchmark-results"))
    options = parser.parse_args()
    names = ["tinyae", *(name for name in options.contenders if name != "tinyae")]
    found = {}
    for workload in options.workloads:
        print(f"{workload} ...", file=sys.stderr, flush=True)
        found[workload] = measure(workload, names, options.rounds)
        print(report.section(workload, found[workload]), flush=True)
    report.write(found, options.out, " ".join(["python -m benchmarks", *sys.argv[1:]]))


if __name__ == "__main__":
    main()
