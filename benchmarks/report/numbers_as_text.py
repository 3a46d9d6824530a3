"""Numbers as text, the same wherever they are shown."""

import math


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


def slope(number: float | None) -> str:
    """Two digits behind the point."""
    return "–" if number is None else f"{number:.2f}"
