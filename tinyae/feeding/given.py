"""What `fit` is given to train on and to measure: arrays, or an iterator of mini-batches."""

from typing import Any

from ..checks.arguments import share
from ..network.network import Given, Network, Samples
from .stream import Stream, item_parts


class Data:
    """The arguments of `fit` that are data; those that go together, and no others.

    Parameters
    ----------
    x, y, sample_weight, validation_data, validation_split, steps_per_epoch
        As for `Autoencoder.fit`.
    """

    def __init__(
        self,
        x: Any,
        y: Any,
        sample_weight: Any,
        validation_data: Any,
        validation_split: float,
        steps_per_epoch: int | None,
    ):
        self._split = share("validation_split", validation_split)
        self._given: list[Given] = [(x, y, "x", sample_weight)]
        self._items = x if hasattr(type(x), "__next__") else None
        self._steps = steps_per_epoch
        if self._items is not None:
            if y is not None or sample_weight is not None or self._split:
                raise ValueError(
                    "an iterator gives its targets and weights itself, as (x, y, w), and has no "
                    "last share: y, sample_weight and validation_split are for arrays"
                )
            if steps_per_epoch is None:
                raise ValueError(
                    "x hands out samples or batches, so steps_per_epoch must say how many of its "
                    "mini-batches are an epoch"
                )
            self._given = []
        if validation_data is not None:
            if self._split:
                raise ValueError("give validation_data or validation_split, but got both")
            self._given.append(_validation(validation_data, getattr(x, "ndim", None)))

    def admit(self, model: Network) -> tuple[Samples, Samples | None, Stream | None]:
        """What to train on, what to measure, and the stream where an iterator gives batches."""
        stream, admitted = None, []
        if self._items is not None:

            def admit(item: Any) -> Samples:
                x, y, weight = item_parts(item)
                return model.admit((x, y, "x", weight))[0]

            assert self._steps is not None
            stream = Stream(self._items, admit, self._steps, model.progress)
            admitted = [stream.first()]
        admitted += model.admit(*self._given)
        if self._split:
            return *admitted[0].split(self._split), None
        return admitted[0], admitted[1] if len(admitted) > 1 else None, stream


def _validation(given: Any, dimensions: int | None) -> Given:
    """x alone, or a tuple (x, y) or (x, y, sample_weight); the x trained on has so many."""
    if not isinstance(given, tuple) or len(given) not in (2, 3):
        if isinstance(given, tuple) and getattr((*given, 0)[0], "ndim", 0) == dimensions:
            raise ValueError(
                "validation_data must be x, or a tuple (x, y) or (x, y, sample_weight), but got a "
                f"tuple of {len(given)}"
            )
        return given, None, "validation_data"
    x, y, *weight = given
    return x, y, "validation_data", *weight
