"""Names for the parts that a user may give as a string."""

from collections.abc import Mapping
from typing import Any


def look_up(what: str, given: Any, known: Mapping[str, Any]) -> Any:
    """`known[given]`, or a `ValueError` that lists the names there are."""
    if isinstance(given, str) and given in known:
        return known[given]
    raise ValueError(f"{what} must be one of {', '.join(sorted(known))}, but got {given!r}")
