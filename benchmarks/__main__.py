"""Time tinyae and every peer that is installed: ``python -m benchmarks``.

For each workload every contender gets the same initial weights and data, in a process of its own
with two threads. What it computes must agree with tinyae's (to train: the losses of 20 steps of
plain gradient descent), or it is not timed. Then, after a warm-up, all take turns in rounds of less
than a second; a fixed NumPy product in every round shows how noisy the machine was.
"""

import argparse
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.contenders.table import CONTENDERS
from benchmarks.harness.import_times import import_seconds
from benchmarks.harness.measure import measure
from benchmarks.harness.scaling import grow
from benchmarks.report import results_folder, terminal
from benchmarks.report.circumstances import circumstances
from benchmarks.workloads.catalogue import WORKLOADS
from benchmarks.workloads.series import SERIES
from benchmarks.workloads.tinyae_models import way

SCALING_ROUNDS = 3


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add(
        "--workloads",
        nargs="*",
        choices=WORKLOADS,
        default=list(WORKLOADS),
        metavar="NAME",
        help=f"of these, or none, which leaves imports: {', '.join(WORKLOADS)}",
    )
    add(
        "--contenders",
        nargs="+",
        choices=CONTENDERS,
        default=list(CONTENDERS),
        metavar="NAME",
        help=f"with tinyae, which is always there: {', '.join(CONTENDERS)}",
    )
    add("--rounds", type=int, default=5, help="turns that each contender takes (default: 5)")
    add("--scaling", action="store_true", help="also measure how times grow with sizes")
    add(
        "--out",
        type=Path,
        default=Path("benchmark-results"),
        help="folder for results.json, .md, .txt and .png (default: %(default)s)",
    )
    options = parser.parse_args(arguments)
    if options.rounds < 1:
        parser.error(f"--rounds must be at least 1, but is {options.rounds}")
    return options


def run(options: argparse.Namespace, command: str, show: Callable[[str], None]) -> dict[str, Any]:
    """Measure what was asked for, and show each part as it comes."""
    wanted = dict.fromkeys(["tinyae", *options.contenders])
    missing = {CONTENDERS[name].library: CONTENDERS[name].missing() for name in wanted}
    missing = {library: packages for library, packages in missing.items() if packages}
    names = [name for name in wanted if CONTENDERS[name].library not in missing]
    if missing:
        show(terminal.missing(missing))
    record: dict[str, Any] = {"circumstances": circumstances(command), "missing": missing}
    show(terminal.about(record["circumstances"]))
    record["imports"], record["workloads"], record["scaling"] = import_seconds(), {}, {}
    show(terminal.imports(record["imports"]))
    with TemporaryDirectory() as temporary:
        cache = Path(temporary)
        for name in options.workloads:
            found = measure(WORKLOADS[name], names, options.rounds, cache)
            found["way"] = way(WORKLOADS[name])
            record["workloads"][name] = found
            show(terminal.section(name, found))
        for name, series in SERIES.items() if options.scaling else ():
            record["scaling"][name] = grow(series, names, SCALING_ROUNDS, cache)
            show(terminal.growth(name, record["scaling"][name]))
    show(terminal.summary(record["workloads"]))
    return record


def main() -> int:
    """Measure and write the report."""
    options = parse(sys.argv[1:])
    shown: list[str] = []

    def show(text: str) -> None:
        shown.append(text)
        print(text, flush=True)

    command = f"python -m benchmarks {shlex.join(sys.argv[1:])}".strip()
    try:
        record = run(options, command, show)
    except KeyboardInterrupt:
        print("interrupted: nothing was written", file=sys.stderr)
        return 130
    results_folder.write(record, "\n".join(shown), options.out)
    print(f"Written to {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
