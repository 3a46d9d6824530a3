"""One step on one mini-batch, for training loops of one's own."""

import numpy as np

from ..checks.floating_point import converted
from ..feeding.batches import Stretch
from ..maths.clipping import limit_of
from ..network.network import Network, Samples
from ..system.interruption import Interruption
from .compiled import CompiledTrainer, make_trainer, parts_of
from .divergence import TrainingDiverged, advice_at
from .eager import EagerTrainer


class Steps:
    """What a model keeps from one step to the next, so that each is little more than the step."""

    def __init__(self) -> None:
        self._made_of: list[object] = []
        self._rows = 0
        self._trainer: CompiledTrainer | EagerTrainer | None = None

    def take(self, model: Network, samples: Samples) -> float:
        """Train on admitted samples; the loss before the step. If it is not finite, none is taken.

        Raises
        ------
        TrainingDiverged
        """
        rows = len(samples.x)
        with Interruption() as interruption:
            if rows > self._rows or parts_of(model) != self._made_of:
                if self._trainer is not None:
                    self._trainer.close()
                whole = limit_of(model.optimizer)[0] > 0
                self._trainer, self._rows = make_trainer(model, rows, whole=whole), rows
                self._made_of = parts_of(model)
            assert self._trainer is not None
            losses = self._trainer.run(_stretch(model, samples), model.optimizer, interruption)
            finite = len(losses) > 0 and bool(np.isfinite(losses).all())
            model.progress.step += finite
            model.progress.optimizer_step += finite
        if not finite:
            progress = model.progress
            what = f"the loss became {losses[:, :2].sum()}"
            stands = "this step was not taken"
            step = progress.step + 1
            raise TrainingDiverged(progress.epoch, step, what, stands, advice_at(step))
        return float(losses[:, :2].sum())


def _stretch(model: Network, samples: Samples) -> Stretch:
    x, target, weight = samples
    rows = np.ascontiguousarray(converted(x, model.dtype))
    expected = rows if target is x else np.ascontiguousarray(converted(target, model.dtype))
    return Stretch(
        *(rows, expected, np.array([0, len(rows)])),
        *(model.progress.step, model.progress.optimizer_step),
        None if weight is None else np.ascontiguousarray(converted(weight, model.dtype)),
    )
