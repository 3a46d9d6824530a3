"""`fit`: the loop over epochs, a stretch of mini-batches at a time."""

import math
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np

from ..callbacks.callback import Callback, Monitor, WayOut, check_callbacks, check_figures
from ..callbacks.learning_rates import LearningRates
from ..checks.arguments import MOST_COUNTED, flag, optional_whole, whole
from ..checks.arrays import admit, gather
from ..checks.floating_point import quiet
from ..checks.reach import warn_if_out_of_reach
from ..checks.rows import Rows
from ..checks.sample_weights import row_totals, step_totals
from ..engine import tuning
from ..family.variational import of_encoder, warn_if_bent
from ..feeding.batches import Batches, Plan, Stretch
from ..feeding.stream import Stream
from ..maths.clipping import limit_of
from ..maths.loss import check_targets, check_weighted
from ..network.history import History
from ..network.network import Network, Samples
from ..progress.progress_line import ProgressLine, check_verbose
from ..system.interruption import Interruption
from .compiled import CompiledTrainer, make_trainer, parts_of
from .divergence import Snapshot, TrainingDiverged, WayBack
from .evaluate import evaluate
from .pace import Pace

FIGURES = ("loss", "reconstruction", "penalty")


def figures_of(model: Network) -> tuple[str, ...]:
    """What is measured of a model."""
    return FIGURES if of_encoder(model.encoder.layers) is None else (*FIGURES, "kl")


class EpochMeans:
    """Collects mini-batch losses into each epoch's means, weighted by the mini-batches' sizes.

    Those of the reconstruction by their weights, where there are any.

    They are added up once, at the epoch's end: in what stretches they came does not show.
    """

    def __init__(self) -> None:
        self._losses: list[np.ndarray] = []
        self._sizes: list[np.ndarray] = []
        self._totals: list[np.ndarray] = []
        self._seconds = 0.0

    def __bool__(self) -> bool:
        return any(map(len, self._losses))

    def add(
        self, losses: np.ndarray, sizes: np.ndarray, totals: np.ndarray, seconds: float
    ) -> None:
        """Add the figures (steps, 2 or 3) of mini-batches of so many samples and these weights."""
        self._losses.append(losses)
        self._sizes.append(sizes)
        self._totals.append(totals)
        self._seconds += seconds

    @quiet
    def logs(self) -> dict[str, float]:
        """The means so far."""
        losses, sizes = np.concatenate(self._losses), np.concatenate(self._sizes)
        factors = np.stack([np.concatenate(self._totals), sizes], axis=1)
        if losses.shape[1] > 2:  # a figure of samples, as the penalty is
            factors = factors[:, [0, 1, 1]]
        sums, totals = (losses * factors).sum(axis=0), factors.sum(axis=0)
        # without any weight the loss is 0
        reconstruction, penalty, *kl = (sums / np.where(totals > 0, totals, 1)).tolist()
        return {
            "loss": reconstruction + penalty,
            "reconstruction": reconstruction,
            "penalty": penalty,
            **dict(zip(["kl"], kl, strict=False)),
            "seconds": self._seconds,
        }


class Training:
    """One call of `fit`: its arguments, checked, and the loop over epochs.

    Parameters
    ----------
    model : Network
        Its parameters, slots, history and progress are changed in place.
    others
        As for `Autoencoder.fit`.
    """

    def __init__(
        self,
        model: Network,
        *,
        epochs: int,
        steps_per_epoch: int | None,
        batch_size: int,
        shuffle: bool,
        callbacks: Iterable[Callback] | Callback | None,
        initial_epoch: int | None,
        verbose: str | int,
        eager: bool,
    ):
        check_verbose(verbose)
        self.model, self._verbose = model, verbose
        self._eager, self._shuffle = flag("eager", eager), flag("shuffle", shuffle)
        self._epochs = whole("epochs", epochs, 0, MOST_COUNTED)
        self._batch_size = whole("batch_size", batch_size)
        self._steps_per_epoch = optional_whole("steps_per_epoch", steps_per_epoch, 1, MOST_COUNTED)
        self._first = optional_whole("initial_epoch", initial_epoch, 0, MOST_COUNTED)
        self._callbacks = check_callbacks(callbacks)
        self.way_out = WayOut()
        self.history = History()
        self._means = EpochMeans()
        self._finished: list[tuple[int, dict[str, float]]] = []  # epochs, to be shown
        self._buffers: list[dict[str, np.ndarray]] = [{}, {}]  # of this stretch, of the next
        self._gathered: list[tuple[Plan, Samples]] = []  # what is in them
        self._ahead: Plan | None = None
        self._way_back = WayBack(model)
        self._whole = False  # whether a step needs all of the gradient
        self._pace = Pace(model)

    def prepare(
        self, data: Samples, validation: Samples | None, stream: Stream | None = None
    ) -> None:
        """Find out how to train on the data, the first of a stream, and on what to measure."""
        self.data, self.validation = data, validation
        self._sources = [each for each in (*data, stream) if each is not None]
        if data.weight is not None:
            self._row_totals = row_totals(data.weight, data.target[0].size)
        warn_if_out_of_reach(self.model.layers, self.model.loss, data.target)
        warn_if_bent(self.model.encoder.layers)
        progress, n = self.model.progress, self._count(data)
        first = progress.epoch if self._first is None else self._first
        self.last = self._epochs + (first if self._first is None else 0)
        self.line = ProgressLine(self._verbose, first, self.last)
        numbers = data.x[0].size + (data.target is not data.x) * data.target[0].size
        self._rows = max(1, tuning.STRETCH_BYTES // (numbers * self.model.dtype.itemsize))
        self._batch_size = n if stream else min(self._batch_size, n)
        self.model.history.check()
        measured = figures_of(self.model)
        if validation is not None:
            measured = (*measured, *(f"val_{figure}" for figure in measured))
        self._rates = LearningRates(self.model, self._callbacks)
        check_figures(self._callbacks, (*measured, *self._rates.names, "seconds"))
        for callback in self._callbacks:  # which may refuse the model
            if hasattr(callback, "set_model"):
                callback.set_model(self.model)
            if hasattr(callback, "on_train_end"):
                self.way_out.calls.append(callback.on_train_end)
        with self.line.noting_compilations(more=True):
            self._make_trainer()
        closing = [lambda: self._trainer.close(), self._show_the_rest, self.line.close]
        closing.append(self._way_back.keep)
        self.way_out.calls[:0] = closing
        steps, seed = self._steps_per_epoch, self.model.seed
        self.batches = stream or Batches(n, self._batch_size, steps, self._shuffle, seed, progress)
        if first < self.last:
            progress.epoch = first

    def _count(self, data: Samples) -> int:
        """How many samples there are to train on."""
        return len(data.x)

    def _make_trainer(self) -> None:
        self._made_of = parts_of(self.model)
        # once whole, so for good: a step of before may have to be taken again
        self._whole = self._whole or limit_of(self.model.optimizer)[0] > 0
        self._trainer = self._trainer_for(self._batch_size)
        of = self._made_of, self._batch_size, self._eager, self._whole
        self._pace.begin(self._sources, *of)

    def _trainer_for(self, rows: int) -> Any:
        """What takes steps on mini-batches of so many rows at most."""
        return make_trainer(self.model, rows, self._eager, self._whole)

    def _admit_targets(self) -> None:
        """Refuse a loss that a callback has set, if the targets are not what it allows."""
        loss, all_data = self.model.loss, [(self.data, "the target")]
        if self.validation is not None:
            all_data.append((self.validation, "validation_data"))
        for data, name in all_data:
            bounds = getattr(loss, "bounds", None)
            admit(data.target, name, self.model.output_shape, self.model.dtype, bounds)
            check_targets(loss, data.target, name)
            check_weighted(loss, data.weight)

    # Epochs

    def run(self) -> History:
        """Train until the model has done its epochs, or a callback says stop."""
        with self.line.noting_compilations():
            while self.model.progress.epoch < self.last:
                error = self._advance()
                self._end_epochs()
                if error is not None:
                    raise error
        return self.history

    @property
    def _pauses(self) -> bool:
        """Whether anything happens between epochs."""
        return bool(self._callbacks) or self.validation is not None

    def _end_epochs(self) -> None:
        """Validate, show, and call back, for each epoch that is finished and recorded."""
        while self._finished:
            epoch, logs = self._finished[0]
            if self.validation is not None:
                logs = with_validation(logs, partial(self._measure, self.validation))
                with Interruption():
                    self.history.amend(logs)
                    self.model.history.amend(logs)
            del self._finished[0]
            self.line.epoch(epoch, logs)
            if self._call_back(epoch, logs):
                self.last = self.model.progress.epoch

    def _measure(self, samples: Samples) -> dict[str, float]:
        return evaluate(self.model, samples)

    def _call_back(self, epoch: int, logs: dict[str, float]) -> bool:
        """Call each, also after one of them has said stop; whether one has."""
        stopping: list[Any] = [each for each in self._callbacks if each(epoch, logs) is True]
        for each in self._callbacks:
            self.line.note(getattr(each, "note", "") if isinstance(each, Monitor) else "")
        reasons = [each.reason for each in stopping if isinstance(each, Monitor)]
        self.line.reason = next(filter(None, reasons), "")
        return bool(stopping)

    def _show_the_rest(self) -> None:
        """Show the epochs that an exception has kept from being shown."""
        for epoch, logs in self._finished:
            self.line.epoch(epoch, logs)

    # Stretches

    def _totals(self, plan: Plan) -> np.ndarray:
        """By what an epoch's mean weights its mini-batches: their samples, or their weights."""
        size = self.data.target[0].size
        if plan.data is not None and plan.data.weight is not None:
            return step_totals(row_totals(plan.data.weight, size), plan.bounds)
        if self.data.weight is None or plan.data is not None:
            return np.diff(plan.bounds) * (size if plan.data else 1)
        return step_totals(self._row_totals[plan.rows], plan.bounds)

    def _advance(self) -> TrainingDiverged | None:
        """Run a stretch and count it, all of it or nothing; what went wrong, if anything."""
        if isinstance(self.batches, Stream):
            self.batches.fetch()  # which may take its time
        with Interruption() as interruption:
            began = time.perf_counter()
            plan, losses, error = self._run_stretch(interruption)
            self._record(plan, losses, began)
        done = self.model.progress.epoch + self.batches.epoch_share
        if self._means or self._finished:  # Ctrl-C may have come before the first step
            logs = self._means.logs if self._means else lambda: self._finished[-1][1]
            self.line.show_epochs(done, logs)
        return error

    def _record(self, plan: Plan, losses: np.ndarray, began: float) -> None:
        """Add the steps' losses to their epochs, of which some may be finished."""
        each = (time.perf_counter() - began) / max(1, len(losses))
        start, progress = 0, self.model.progress
        sizes, totals = plan.sizes, self._totals(plan)

        def add(end: int) -> None:
            part = slice(start, end)
            self._means.add(losses[part], sizes[part], totals[part], each * (end - start))

        for end in [end for end in plan.epoch_ends if end <= len(losses)]:
            add(end)
            logs, self._means, start = self._means.logs(), EpochMeans(), end
            self._rates.add(logs, len(losses) - end, self.history)
            self.history.append(logs)
            self.model.history.append(logs)
            self._finished.append((progress.epoch, logs))
            progress.epoch += 1
        add(len(losses))
        if len(losses):  # small epochs can take longer to record than to train
            self._pace.learn(len(losses), time.perf_counter() - began)

    def _run_stretch(
        self, interruption: Interruption
    ) -> tuple[Plan, np.ndarray, TrainingDiverged | None]:
        """Its plan, the losses (steps, 2) of its good steps, and what went wrong."""
        plan = self._ahead or self._next_plan()
        self._ahead = None
        self._renew_trainer(int(np.diff(plan.bounds).max()))
        origin = self._way_back.remember(plan)
        try:
            steps = len(plan.bounds) - 1
            losses = self._run_steps(origin, steps, interruption, partial(self._look_ahead, plan))
            good, error = self._way_back.finite_steps(losses, self._run_steps)
        except BaseException:
            interruption.passes = 0
            self._way_back.restart(origin)
            raise
        self.batches.commit(plan, good)
        if error is not None:
            progress = self.model.progress
            progress.step, progress.optimizer_step = self._way_back.counts
        return plan, losses[:good], error

    def _renew_trainer(self, rows: int) -> None:
        """Make another trainer if a callback has changed its parts, or a mini-batch is larger."""
        if parts_of(self.model) != self._made_of:
            self._admit_targets()
        elif rows <= self._batch_size:
            return
        self._batch_size = max(self._batch_size, rows)
        self._trainer.close()
        self._make_trainer()

    def _next_plan(self, after: Plan | None = None) -> Plan:
        """The mini-batches of the next stretch, or of the one after a plan, which is under way."""
        epochs = self.last - self.model.progress.epoch - (len(after.epoch_ends) if after else 0)
        rows = tuning.STRETCH_ROWS if self._fetches() else self._rows
        return self.batches.take(self._pace.steps, rows, epochs, self._pauses, after)

    def _fetches(self) -> bool:
        """Whether the trainer's threads fetch the rows of all the data themselves."""
        trainer = self._trainer
        return isinstance(trainer, CompiledTrainer) and trainer.fetches(self.data)

    def _look_ahead(self, plan: Plan) -> None:
        """Prepare what comes after the plan, while that is trained on."""
        ends = len(plan.epoch_ends)
        if self.model.progress.epoch + ends == self.last or (ends and self._pauses):
            return  # that may have been all
        if isinstance(self.batches, Stream):
            self.batches.fetch(ahead=1)
        elif self._trainer.threads == 1 or isinstance(
            self.data.x, Rows
        ):  # which takes time to read
            self._ahead = self._next_plan(after=plan)
            self._buffers.reverse()  # the plan's rows are in use
            self._gathered.append((self._ahead, self._gather(self._ahead)))

    def _run_steps(
        self,
        origin: Snapshot,
        steps: int,
        interruption: Interruption | None = None,
        meanwhile: Callable[[], None] | None = None,
    ) -> np.ndarray:
        """Take the first steps of a snapshot's plan."""
        stretch, held = self._stretch(origin, steps), interruption or Interruption()
        return self._trainer.run(stretch, origin.optimizer, held, meanwhile)

    def _stretch(self, origin: Snapshot, steps: int) -> Stretch:
        """The samples of the first steps of a snapshot's plan, or which of all they are."""
        plan = origin.plan
        bounds = plan.bounds[: steps + 1]
        n, counts = bounds[-1], (origin.first_step, origin.optimizer_step)
        if plan.data is None and self._fetches():
            return Stretch(self.data.x, self.data.target, bounds, *counts, rows=plan.rows[:n])
        ready = [arrays for known, arrays in self._gathered if known is plan]
        x, target, weight = ready[0] if ready else self._gather(plan)
        self._gathered = [(plan, Samples(x, target, weight))]
        rows = x[:n], target[:n], bounds, *counts, None if weight is None else weight[:n]
        return Stretch(*rows, plan.whole)

    def _gather(self, plan: Plan) -> Samples:
        """The plan's rows, in buffers that are used again: one set stays in the cache."""
        data = plan.data or self.data
        x = self._copy("x", data.x, plan.rows)
        target = x if data.target is data.x else self._copy("target", data.target, plan.rows)
        weight = None if data.weight is None else self._copy("weight", data.weight, plan.rows)
        return Samples(x, target, weight)

    def _copy(self, name: str, source: Any, rows: np.ndarray) -> np.ndarray:
        buffers, shape = self._buffers[0], source.shape[1:]
        known = buffers.get(name)
        if known is None or len(known) < len(rows) or known.shape[1:] != shape:
            buffers[name] = np.empty((len(rows), *shape), self.model.dtype)
        out = buffers[name][: len(rows)]
        gather(source, rows, out)
        return out


def with_validation(
    logs: dict[str, float], validate: Callable[[], dict[str, float]]
) -> dict[str, float]:
    """An epoch's figures with those on the validation data, and the time of both."""
    began = time.perf_counter()
    logs = dict(logs)
    seconds = logs.pop("seconds")
    figures = validate().items()
    # what cannot be told is worse than any other
    validation = {f"val_{key}": math.inf if math.isnan(value) else value for key, value in figures}
    return {**logs, **validation, "seconds": seconds + time.perf_counter() - began}
