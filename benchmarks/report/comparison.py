"""Who stands where: ratios to tinyae, the fastest of each library, the first steps."""

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
