"""How the time grows along a series of workloads.

The slope of a series is that of the straight line through its points, logarithm against logarithm:
1 where twice as much takes twice as long.
"""

from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.harness.measure import measure
from benchmarks.workloads.series import Series

CONTENDERS = ("tinyae", "PyTorch fused", "JAX scan")


def grow(series: Series, names: Iterable[str], rounds: int, cache: Path) -> dict[str, Any]:
    """Medians by contender and point; None where it could not be timed.

    Returns
    -------
    dict
        "about", "points", "seconds" and "slope", the last two by contender.
    """
    names = [name for name in CONTENDERS if name in names]
    seconds: dict[str, list[float | None]] = {name: [] for name in names}
    for point in series.points:
        workload = series.workload(point)
        count = workload.count if series.epoch else None
        found = measure(workload, names, rounds, cache, count)
        for name in names:
            each = found["seconds"].get(name)
            seconds[name].append(median(each) * (count or 1) if each else None)
    return {
        "about": series.about,
        "points": list(series.points),
        "seconds": seconds,
        "slope": {name: slope(series.points, seconds[name]) for name in names},
    }


def slope(points: Iterable[int], seconds: Iterable[float | None]) -> float | None:
    """Of the straight line through the points, both on a logarithmic scale."""
    pairs = [(n, s) for n, s in zip(points, seconds, strict=True) if s is not None]
    if len(pairs) < 2:
        return None
    return float(np.polyfit(*np.log(np.array(pairs).T), 1)[0])
