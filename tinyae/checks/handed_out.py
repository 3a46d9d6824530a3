"""Arrays that are handed out: what is done to them, apart from their numbers, nobody else sees."""

from typing import Any

import numpy as np


def is_same(value: Any, array: np.ndarray) -> bool:
    """Whether the value is the array, as in what `array += d` assigns in the end."""
    mine = array.__array_interface__
    return isinstance(value, np.ndarray) and value.__array_interface__ == mine


class Memory:
    """An array's memory, without the array: whoever holds what owns its memory could resize it."""

    def __init__(self, array: np.ndarray):
        self._array = array
        self.__array_interface__ = array.__array_interface__


def lasting(array: np.ndarray) -> np.ndarray:
    """The same numbers, in memory that stays where it is as long as somebody looks at it."""
    whole = np.asarray(Memory(array))
    return whole[:]  # since views of it have `whole` as their base, whose shape one could set
