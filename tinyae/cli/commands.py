"""What the commands of ``python -m tinyae`` do, apart from the demo."""

import argparse
import math
from typing import Any

import numpy as np

from ..autoencoder import Autoencoder
from ..checks.tables import percent
from ..datasets.columns import some
from ..inspection.anomalies import AnomalyDetector
from ..inspection.check_gradients import check_gradients
from ..linear.pca import PCA
from ..loading import load
from ..maths.loss import Loss
from ..network.sequential import Sequential
from .chosen import fitting_samples
from .results import check_result, write_result
from .terminal import say

LISTED = 6  # components of a PCA


def info(options: argparse.Namespace) -> None:
    """``python -m tinyae info``: what is in a model's file; without one, of the installation."""
    if options.model is None:
        from .installation import facts  # which multiplies for a moment

        for name, fact in facts().items():
            say(f"{name}: {fact}")
        return
    model = load(options.model)
    if isinstance(model, AnomalyDetector):
        say(f"{model!r}, of the model:")
        model = model.model
    if isinstance(model, PCA):
        say(f"PCA of {model.n_features_in_:,} features, fitted to {model.n_samples_seen_:,}")
        shares = model.explained_variance_ratio_
        for position, share in enumerate(shares[:LISTED], start=1):
            print(f"component {position}: {percent(share, 1)} of the variance")
        if len(shares) > LISTED:
            rest, kept = len(shares) - LISTED, percent(shares.sum(), 1)
            print(f"and {rest:,} more; all {len(shares):,}: {kept}")
        return
    say(f"input {model.input_shape}, {model.dtype}")
    if isinstance(model, Sequential):
        for layer in model.layers:
            say(f"{layer!r}: output {layer.output_shape}, {layer.parameter_count:,} parameters")
    else:
        model.summary()
        if model.columns:
            say(f"columns {some(model.columns)}")
        say(f"loss {model.loss!r}, optimizer {model.optimizer!r}, seed {model.seed}")
        if model.progress.step:
            print(f"trained for {model.progress.epoch:,} epochs, {model.progress.step:,} steps")
        for name, figures in model.history.items():
            print(f"last {name} {figures[-1]:.5g}")


def apply(options: argparse.Namespace) -> None:
    """``python -m tinyae encode``, ``decode`` and ``reconstruct``."""
    what = options.what
    check_result(options.out, model=options.model, data=options.data)
    model = _watched(load(options.model))
    if isinstance(model, Sequential):
        if what == "reconstruct":
            raise ValueError(f"{options.model} is half an autoencoder, so it cannot reconstruct")
        run, shape = model.predict, model.input_shape
    else:
        run, shape = getattr(model, what), _input_shape(model, what)
    samples = fitting_samples(options, model, what)
    result = run(_fit_shape(samples.x, shape, options))
    key, stem = ("codes", "code") if what == "encode" else ("outputs", "output")
    names = samples.names
    known = getattr(model, "columns", None) or ()
    if what == "decode" and isinstance((*known, 0)[0], str) and len(known) == result[0].size:
        names = [*map(str, known)]
    elif names is not None and (what != "reconstruct" or len(names) * len(result) != result.size):
        names = [f"{stem}_{i}" for i in range(1, result[0].size + 1)]
    write_result(options.out, key, result, names)
    print(f"{options.out}: {result.dtype}, shape {result.shape}")


def check(options: argparse.Namespace) -> None:
    """``python -m tinyae check``: a model's gradients against finite differences."""
    model = _watched(load(options.model))
    if not isinstance(model, Autoencoder):
        raise ValueError(f"{options.model} holds no autoencoder, so it has no loss to check")
    samples = fitting_samples(options, model, "check")
    if isinstance(model.loss, Loss) and model.loss.bounds is not None and not samples.pixels:
        low, high = model.loss.bounds
        samples.check(low, high, f"is not from {low:g} to {high:g}, as {model.loss!r} needs")
    x = samples.x[: options.samples]
    report = check_gradients(model, _fit_shape(x, model.encoder.input_shape, options))
    print(report)
    if not report.passed:
        raise ValueError(f"the gradient check of {options.model}: {report.verdict}")


def _watched(model: Any) -> Any:
    """The model itself, or the one that a detector watches."""
    return model.model if isinstance(model, AnomalyDetector) else model


def _input_shape(model: Autoencoder | PCA, what: str) -> tuple[int, ...]:
    if isinstance(model, PCA):
        return (model.n_components_,) if what == "decode" else (model.n_features_in_,)
    return model.encoder.output_shape if what == "decode" else model.encoder.input_shape


def _fit_shape(x: np.ndarray, shape: tuple[int, ...], options: argparse.Namespace) -> np.ndarray:
    """Images as vectors or vectors as images, where the numbers are as many."""
    if x[0].size != math.prod(shape):
        raise ValueError(
            f"{options.data} has samples of shape {x.shape[1:]}, but {options.model} takes {shape}"
        )
    return x.reshape(len(x), *shape)
