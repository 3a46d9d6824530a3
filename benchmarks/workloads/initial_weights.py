"""The initial weights of a workload: tinyae's, and the same for every contender."""

import itertools
from collections.abc import Sequence

import numpy as np

import tinyae as tae
from benchmarks.workloads.kinds import Components, Training, Workload
from benchmarks.workloads.tinyae_models import encoder, model

# For each layer its kernel and bias in tinyae's layout, or None.
Weights = list[tuple[np.ndarray, np.ndarray] | None]
LOG_VARIANCE = -25.0  # of a drawn code at first


def weights_for(workload: Workload) -> Weights:
    """Those tinyae begins with; to encode with, biases that show when they are left out."""
    if isinstance(workload, Components):
        return []
    if isinstance(workload, Training):
        layers = model(workload, seed=1).layers
        for before, drawn in itertools.pairwise(layers):
            if isinstance(drawn, tae.Variational):  # losses are not to depend on what is drawn
                before.weights["bias"][drawn.output_shape[-1] :] = LOG_VARIANCE
        return _copies(layers)
    chain = encoder(workload)
    rng = np.random.default_rng(2)
    for layer in chain.layers:
        layer.weights["bias"][...] = rng.normal(0, 0.1, layer.weights["bias"].shape)
    return _copies(chain.layers)


def _copies(layers: Sequence[tae.Layer]) -> Weights:
    return [
        (layer.weights["kernel"].copy(), layer.weights["bias"].copy()) if layer.weights else None
        for layer in layers
    ]
