"""What must be the same on all ranks."""

import re
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from .together import Ranks

ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")  # of an object, which is another one in each process


def check_alike(ranks: Ranks, what: Mapping[str, Any]) -> None:
    """Refuse, on all ranks, what is not shown the same on each as on rank 0.

    Parameters
    ----------
    ranks : Ranks
    what : dict of str to object
        By the names that are said in the error.
    """
    shown = {name: ADDRESS.sub("", repr(_plain(value))) for name, value in what.items()}
    ranks.agree()
    error = None
    for name, expected in ranks.first(shown).items():
        if error is None and shown[name] != expected:
            error = ValueError(
                f"{name} must be the same on all ranks, but is {expected} on rank 0 and "
                f"{shown[name]} on rank {ranks.rank}"
            )
    ranks.agree(error=error)


def _plain(value: Any) -> Any:
    """NumPy's number as Python's, which is the same."""
    return value.item() if isinstance(value, np.generic) else value


def digest(*arrays: np.ndarray) -> int:
    """A number that arrays with other bytes hardly have."""
    found = 0
    for array in arrays:
        found = zlib.crc32(np.ascontiguousarray(array).data, found)
    return found


def take_first(ranks: Ranks, *arrays: np.ndarray) -> None:
    """Make all ranks' arrays those of rank 0, where there are others."""
    mine = digest(*arrays)
    if ranks.agree(mine != ranks.first(mine)):
        for array in arrays:
            array[...] = ranks.first(array)
