"""Weights in a program that calls them by name."""

import itertools
import re

import numpy as np


class Constants(dict[str, np.ndarray]):
    """Arrays by names of ASCII letters, digits and underscores, which every language takes."""

    def name(self, wanted: str, array: np.ndarray) -> str:
        """That name, or the next that is free; the same array has one name."""
        wanted = re.sub(r"\W", "_", wanted, flags=re.ASCII)
        for again in itertools.count(1):
            name = wanted if again == 1 else f"{wanted}_{again}"
            known = self.setdefault(name, array)
            if known is array or (known.dtype == array.dtype and np.array_equal(known, array)):
                return name
        raise AssertionError  # itertools.count does not end
