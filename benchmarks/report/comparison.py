"""What the reports say of the measured numbers."""

import math
from statistics import median
from typing import Any

from benchmarks.contenders.table import CONTENDERS

Found = dict[str, Any]  # of one workload, as `benchmarks.harness.measure` gives it


def ratios(found: Found, name: str) -> list[float]:
    """By round, how many times as long as tinyae a contender took."""
    ours, theirs = found["seconds"]["tinyae"], found["seconds"][name]
    return [b / a for a, b in zip(ours, theirs, strict=True)]


def fastest(found: Found) -> dict[str, str]:
    """The fastest contender of each library, the fastest library first."""
    best: dict[str, str] = {}
    for name in sorted(found["seconds"], key=lambda name: median(found["seconds"][name])):
        best.setdefault(CONTENDERS[name].library, name)
    return best


def best_peer(found: Found) -> str | None:
    """The fastest contender that is not tinyae."""
    return next((name for library, name in fastest(found).items() if library != "tinyae"), None)


def libraries(workloads: dict[str, Found]) -> list[str]:
    """All that were timed, in the order of the table of contenders."""
    timed = {name for found in workloads.values() for name in found["seconds"]}
    return list(dict.fromkeys(CONTENDERS[name].library for name in CONTENDERS if name in timed))


def duration(seconds: float) -> str:
    """Three digits, in the unit that suits."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{digits(seconds / size)} {unit}"
    return f"{digits(seconds / 1e-6)} µs"


def digits(number: float, wanted: int = 3) -> str:
    """So many of them."""
    places = wanted - 1 - math.floor(math.log10(number)) if number > 0 else 0
    return f"{number:.{max(0, places)}f}"


def spread(numbers: list[float]) -> str:
    """Smallest and largest."""
    return f"{min(numbers):.2f}–{max(numbers):.2f}"


def megabytes(size: int | None) -> str:
    """Of a number of bytes."""
    return "–" if size is None else f"{size / 1e6:.0f}"


def firsts(workloads: dict[str, Found]) -> dict[str, list[float]]:
    """By contender, the seconds to the end of the first step of each training workload."""
    by_name: dict[str, list[float]] = {}
    for found in workloads.values():
        if found["unit"] != "step":
            continue
        if "cold" in found:
            by_name.setdefault("tinyae, nothing compiled", []).append(found["cold"])
        for name in found["seconds"]:
            by_name.setdefault(name, []).append(found["first"][name])
    return by_name
