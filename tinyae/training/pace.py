"""How many mini-batches a stretch has: as many as take about the time of one."""

from collections.abc import Iterable

import numpy as np

from ..engine import tuning
from ..network.network import Network


class Pace:
    """Learned from the stretch before: from `fit` to `fit`, while what trains is the same.

    Parameters
    ----------
    model : Network

    Attributes
    ----------
    steps : int
        Mini-batches in the next stretch; 1 where nothing is known of their time.
    """

    def __init__(self, model: Network):
        self.model, self.steps = model, 1
        self._of: tuple = ()

    def begin(self, data: Iterable[object], *of: object) -> None:
        """Steps take as long as the last did if they were of the same, as these are equal, and if
        no data are to be read or computed first, which may take any time.
        """
        self._of, (known, steps) = of, vars(self.model).get("_pace") or ((), 1)
        if known == of and all(map(in_memory, data)):
            self.steps = steps

    def learn(self, steps: int, seconds: float) -> None:
        """So many steps took so long, with all that is done for a stretch."""
        longer = 1 + self.model.parameters.size / tuning.STRETCH_PARAMETERS
        self.steps = max(1, int(tuning.STRETCH_SECONDS * longer * steps / seconds))
        vars(self.model)["_pace"] = self._of, self.steps


def in_memory(data: object) -> bool:
    """Whether all of an array is there; what is none, as a stream, comes from elsewhere."""
    while isinstance(data, np.ndarray):
        if data.base is None:
            return True
        data = data.base
    return False
