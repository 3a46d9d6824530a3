"""Which rows of the mini-batches are a rank's own."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..checks.sample_weights import row_totals
from ..feeding.batches import Batches, Plan, Whole
from ..feeding.stream import Stream
from ..network.network import Samples
from ..ranks.together import Ranks


@dataclass
class Share(Plan):
    """A rank's rows of a plan that all ranks have."""

    of: Any = None


class Shares:
    """What `Batches` or a `Stream` is for one process: a rank's share of the same mini-batches.

    Of a mini-batch of rows that all have, it is an equal part. Where each has rows of its own, the
    rows are counted through, rank by rank, as if they were one array, and a mini-batch's stand in
    it rank by rank.

    Parameters
    ----------
    batches : Batches or Stream
        Of the rows of all ranks.
    data : Samples
        This rank's, or those of all.
    ranks : Ranks
    sharded : bool
        Whether each rank has rows of its own.
    first : int
        How many rows the ranks before this one have.
    """

    def __init__(
        self, batches: Batches | Stream, data: Samples, ranks: Ranks, sharded: bool, first: int
    ):
        self.batches, self._data, self._ranks = batches, data, ranks
        self._sharded, self._first = sharded, first

    @property
    def epoch_share(self) -> float:
        """How much of the present epoch is done, from 0 to 1."""
        return self.batches.epoch_share

    def fetch(self) -> None:
        """Have an iterator's next mini-batch ready."""
        if isinstance(self.batches, Stream):
            self.batches.fetch()

    def commit(self, share: Share, steps: int) -> None:
        """Move on past the first `steps` mini-batches."""
        self.batches.commit(share.of, steps)

    def take(
        self, steps: int, rows: int, epochs: int, one_epoch: bool, after: Share | None = None
    ) -> Share:
        """This rank's share of the next mini-batches, without moving on."""
        plan = self.batches.take(steps, rows, epochs, one_epoch, after.of if after else None)
        data, sizes = plan.data or self._data, plan.sizes
        given = None if plan.data is None else self._given(plan.data)
        if given is not None and self._sharded:
            before = given[: self._ranks.rank].sum(keepdims=True)
            kept, counts, positions, sizes = plan.rows, sizes, before, given.sum(keepdims=True)
        else:
            kept, counts, positions = self._part(plan)
        totals = sizes * float(data.target[:1].size)
        if data.weight is not None:
            totals = self._weights(row_totals(data.weight[kept], data.target[:1].size), counts)
        whole = Whole(sizes, positions, totals)
        bounds = np.cumsum([0, *counts])
        return Share(kept, bounds, plan.epoch_ends, plan.data, whole, replace(plan, data=None))

    def _part(self, plan: Plan) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Which of the plan's rows are this rank's, how many in each step, and behind how many."""
        steps, sizes, starts = len(plan.sizes), plan.sizes, plan.bounds[:-1]
        step = np.repeat(np.arange(steps), sizes)
        if self._sharded:  # by whose they are
            place, low = plan.rows, self._first
            high: Any = low + len(self._data.x)
        else:  # by where they stand
            place, rank, size = np.arange(len(plan.rows)), self._ranks.rank, self._ranks.size
            low, high = ((starts + sizes * each // size)[step] for each in (rank, rank + 1))
        mine = (low <= place) & (place < high)
        before = place < low if self._sharded else (starts[step] <= place) & (place < low)
        counts, positions = (np.bincount(step[each], minlength=steps) for each in (mine, before))
        return plan.rows[mine] - (low if self._sharded else 0), counts, positions

    def _given(self, data: Samples) -> np.ndarray:
        """How many samples each rank's iterator has given."""
        given = np.zeros(self._ranks.size + 1)
        given[self._ranks.rank], given[-1] = len(data.x), data.weight is not None
        self._ranks.agree()
        *sizes, weighted = self._ranks.total(given).astype(np.int64).tolist()
        if weighted not in (0, self._ranks.size):
            raise ValueError("the iterators of all ranks, or none of them, must give weights")
        if not self._sharded and len({*sizes}) > 1:
            raise ValueError(
                "without sharded the iterators of all ranks must give the same mini-batches, but "
                f"of these they give {sizes} samples"
            )
        return np.array(sizes)

    def _weights(self, of_rows: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """The weight of each mini-batch, over all ranks."""
        step = np.repeat(np.arange(len(counts)), counts)
        self._ranks.agree()
        return self._ranks.total(np.bincount(step, of_rows, minlength=len(counts)))
