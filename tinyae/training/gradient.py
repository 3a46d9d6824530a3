"""The gradient of one mini-batch, without a step."""

import numpy as np

from ..checks.floating_point import converted, finite
from ..feeding.batches import Stretch
from ..layers.kernels import NOT_TRAINING
from ..network.network import Network, Samples
from .compiled import make_trainer
from .eager import EagerTrainer


def loss_and_gradient(
    model: Network, samples: Samples, training: bool, eager: bool
) -> tuple[float, np.ndarray]:
    """The loss of admitted samples, and its gradient for all parameters, which layers hold, too."""
    rows = converted(samples.x, model.dtype)
    expected = rows if samples.target is samples.x else converted(samples.target, model.dtype)
    weight = None if samples.weight is None else converted(samples.weight, model.dtype)
    step, trainer = model.progress.step, make_trainer(model, len(rows), eager)
    try:
        if isinstance(trainer, EagerTrainer):
            parts = trainer.loss_and_gradient(rows, expected, training, step, weight)[:2]
            gradient = model.gradient.copy()
        else:
            first = step if training else NOT_TRAINING
            stretch = Stretch(rows, expected, np.array([0, len(rows)]), first, weight=weight)
            parts = trainer.run(stretch, None).sum(axis=0)[:2]
            # other threads may do the same: what is returned is this call's
            gradient = trainer.gradients[0].copy()
            model.gradient[...] = gradient
        loss = finite(np.array(sum(parts)), "the loss", model.dtype)
        return float(loss), finite(gradient, "the gradient")
    finally:
        trainer.close()
