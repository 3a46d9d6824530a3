"""The loss of a model on the samples of all ranks, each of which computes its part."""

from typing import Any

import numpy as np

from ..checks.arguments import flag
from ..checks.floating_point import finite, quiet
from ..checks.sample_weights import row_totals
from ..family.variational import of_encoder
from ..maths.penalties import kernel_penalties
from ..network.network import Network, Samples
from ..ranks.together import Ranks, interruptible, share, together
from ..training.evaluate import evaluate, finite_figures
from .same_model import check_same_model


def evaluated(model: Network, given: Any, comm: Any, sharded: bool) -> dict[str, float]:
    """What `Autoencoder.evaluate` gives for samples that are not admitted yet."""
    with together(comm) as ranks:
        sharded = flag("sharded", sharded)
        if ranks is None:
            return finite_figures(model, *model.admit(given))
        with interruptible(ranks), model.all_or_nothing(waits=True):
            (samples,) = model.admit(given)
            check_same_model(ranks, model, samples, sharded)
        figures = merged_figures(model, samples, ranks, sharded)
        finite(np.array([*figures.values()]), "the loss", model.dtype)
        return figures


def merged_figures(
    model: Network, samples: Samples, ranks: Ranks, sharded: bool
) -> dict[str, float]:
    """`evaluate` of all ranks' samples, as if all were one mini-batch."""
    mine = samples.rows(share(len(samples.x), ranks, sharded))
    with interruptible(ranks):
        sums = _sums(model, mine) if len(mine.x) else np.zeros(5)
    ranks.agree()
    return _figures(model, ranks.total(sums))


@quiet
def _sums(model: Network, samples: Samples) -> np.ndarray:
    """Of the samples: their loss and by what it is divided, their penalties and
    divergences, and how many.
    """
    figures, weight = evaluate(model, samples), samples.weight
    total = float(samples.target.size)
    if weight is not None:
        total = float(row_totals(weight, samples.target[0].size).sum())
    penalty = figures["penalty"] - kernel_penalties(model.layers)
    n = len(samples.x)
    return np.array(
        [figures["reconstruction"] * total, total, penalty * n, figures.get("kl", 0) * n, n]
    )


@quiet
def _figures(model: Network, sums: np.ndarray) -> dict[str, float]:
    losses, total, penalties, divergences, n = sums.tolist()
    reconstruction = losses / total if total > 0 else 0.0
    penalty = penalties / n + kernel_penalties(model.layers)
    return {
        "loss": reconstruction + penalty,
        "reconstruction": reconstruction,
        "penalty": penalty,
        **({} if of_encoder(model.encoder.layers) is None else {"kl": divergences / n}),
    }
