"""How the time grows with the batch, the width, the size of the images and the number of samples.

Each series is a few workloads that differ in one number; its slope is that of the straight line
through the points, logarithm against logarithm: 1 where twice as much takes twice as long.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.harness.measure import measure
from benchmarks.workloads.catalogue import Training, mirrored, sigmoid, sparse

CONTENDERS = ("tinyae", "PyTorch fused", "JAX scan")


@dataclass(frozen=True)
class Series:
    """Workloads that differ in one number.

    Attributes
    ----------
    about : str
        What is timed.
    points : tuple of int
    workload : callable
        Gives the workload for a point.
    epoch : bool
        Whether a whole epoch is timed, instead of a step.
    """

    about: str
    points: tuple[int, ...]
    workload: Callable[[int], Training]
    epoch: bool = False


def wide(units: int) -> Training:
    """n-n/4-n on noise."""
    layers = mirrored([units, units // 4], "relu")
    return Training(f"width {units}", layers, 0, 64, "mse", "noise", (units,))


def images(size: int) -> Training:
    """A small convolutional model on square images of noise."""
    layers = (
        *(("conv", 8, 3, 1, "relu"), ("pool",), ("conv", 4, 3, 1, "relu")),
        *(("conv", 8, 3, 1, "relu"), ("up",), ("conv", 1, 3, 1, "sigmoid")),
    )
    return Training(f"images {size}", layers, 2, 32, "bce", "noise", (size, size, 1))


SERIES = {
    "batch": Series("a step of sigmoid", (32, 128, 512, 1024), lambda n: sigmoid(n, f"batch {n}")),
    "width": Series("a step of n-n/4-n, batch 64", (128, 512, 1024, 2048), wide),
    "image side": Series("a step of a small conv model, batch 32", (8, 16, 32, 64), images),
    "samples": Series(
        "an epoch of sparse",
        (960, 7680, 59968),
        lambda n: sparse(n // 64, f"samples {n}"),
        epoch=True,
    ),
}


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
