"""`fit` on many ranks: the same loop on each, which all go through together."""

from typing import Any

import numpy as np

from ..callbacks.model_checkpoint import ModelCheckpoint
from ..checks.arguments import flag
from ..engine.program import thread_count
from ..feeding.batches import Plan
from ..feeding.stream import Stream
from ..network.network import Network, Samples
from ..ranks.alike import check_alike, take_first
from ..ranks.neighbours import neighbours
from ..ranks.together import Ranks, interruptible
from ..training.divergence import TrainingDiverged
from ..training.evaluate import evaluate
from ..training.fit import Training
from .merged_figures import merged_figures
from .rank_trainer import RankTrainer
from .same_model import data_alike, settings
from .shares import Shares


class RankTraining(Training):
    """One rank's call of `fit`.

    Parameters
    ----------
    model : Network
    ranks : Ranks
    sharded : bool
        Whether the ranks have rows of their own.
    options
        As for `Training`.
    """

    def __init__(self, model: Network, ranks: Ranks, sharded: bool, **options: Any):
        super().__init__(model, **options)
        self.ranks, self._sharded = ranks, flag("sharded", sharded)
        names = ("epochs", "steps_per_epoch", "batch_size", "shuffle", "initial_epoch", "eager")
        self._alike = {name: options[name] for name in names}
        if ranks.rank > 0:  # one shows lines and writes files
            self._verbose = 0
            self._callbacks = [c for c in self._callbacks if not isinstance(c, ModelCheckpoint)]

    def prepare(
        self, data: Samples, validation: Samples | None, stream: Stream | None = None
    ) -> None:
        """As one process does, and agree with the others; rank 0's state is everyone's."""
        alike = {"sharded": self._sharded, **self._alike, **settings(self.model)}
        alike |= {"that x is an iterator": stream is not None, **data_alike(data, self._sharded)}
        alike["that there is validation_data"] = validation is not None
        if validation is not None:
            alike |= data_alike(validation, self._sharded, "validation_data")
        check_alike(self.ranks, alike)
        self._take_place()
        self._calls = self.ranks.agree(len(self._callbacks)) > 0
        rows = np.zeros(self.ranks.size)
        rows[self.ranks.rank] = len(data.x)
        self._rows_by_rank = self.ranks.total(rows).astype(np.int64)
        self._sharing = neighbours(self.ranks)
        with interruptible(self.ranks):
            super().prepare(data, validation, stream)
            first = int(self._rows_by_rank[: self.ranks.rank].sum())
            self.batches: Any = Shares(self.batches, data, self.ranks, self._sharded, first)
            if self.ranks.rank == 0:  # the others find in the cache what it has compiled
                self._trainer.compile(self.model.optimizer)
                if validation is not None:
                    evaluate(self.model, validation.rows(slice(1)))
        self._agree_on_pace()
        history = self.ranks.first(dict(self.model.history))
        self._take_first()
        self.model.history.clear()
        self.model.history.update({name: list(figures) for name, figures in history.items()})
        self.ranks.at_end = self._take_first

    def _take_place(self) -> None:
        """Stand where rank 0 stands."""
        vars(self.model.progress).update(self.ranks.first(vars(self.model.progress)))

    def _take_first(self) -> None:
        """Where the models differ, as after a callback that only one rank has."""
        self._take_place()
        take_first(self.ranks, self.model.parameters, self.model.slots)

    def _count(self, data: Samples) -> int:
        return int(self._rows_by_rank.sum()) if self._sharded else len(data.x)

    def _trainer_for(self, rows: int) -> RankTrainer:
        mine = int(self._rows_by_rank[self.ranks.rank])
        most = min(rows, mine) if self._sharded else -(-rows // self.ranks.size)
        threads = self.model.threads or max(1, thread_count(None) // self._sharing)
        return RankTrainer(self.model, most, self._eager, self.ranks, threads)

    # Epochs

    @property
    def _pauses(self) -> bool:
        return self._calls or self.validation is not None

    def _measure(self, samples: Samples) -> dict[str, float]:
        return merged_figures(self.model, samples, self.ranks, self._sharded)

    def _call_back(self, epoch: int, logs: dict[str, float]) -> bool:
        if not self._calls:
            return False
        with interruptible(self.ranks):
            stop = super()._call_back(epoch, logs)
        stopped = self.ranks.agree(stop) > 0
        check_alike(self.ranks, settings(self.model))
        self._take_first()
        return stopped

    # Stretches

    def _advance(self) -> TrainingDiverged | None:
        with interruptible(self.ranks):
            self.batches.fetch()
        error = super()._advance()
        self._agree_on_pace()
        return error

    def _agree_on_pace(self) -> None:
        """Each times its steps: rank 0 says how many the next stretch has."""
        pace = self._pace
        pace.steps = int(self.ranks.agree(pace.steps if self.ranks.rank == 0 else 0))

    def _totals(self, plan: Plan) -> np.ndarray:
        assert plan.whole is not None
        return plan.whole.totals
