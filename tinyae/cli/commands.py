"""What the commands of ``python -m tinyae`` do, apart from the demo."""

import argparse
import math
import sys

import numpy as np
from numpy.typing import DTypeLike

from ..autoencoder import Autoencoder
from ..checks.floating_point import quiet
from ..datasets.columns import Choice
from ..datasets.samples import Samples, read_samples
from ..inspection.check_gradients import check_gradients
from ..linear.pca import PCA
from ..loading import load
from ..maths.activations import check as check_activation
from ..maths.loss import Loss
from ..maths.optimizers import Adam
from ..models import deep
from ..network.sequential import Sequential
from .results import check_model, check_result, write_result
from .terminal import say

LARGE = 10  # a standard deviation to which Adam's steps of a thousandth take long
NEARLY_ALL = 0.99  # of the variance of all columns
LOOKED_AT = 10_000  # samples, to find that out


def info(options: argparse.Namespace) -> None:
    """``python -m tinyae info``: what is in a model's file."""
    model = load(options.model)
    if isinstance(model, PCA):
        say(f"PCA of {model.n_features_in_:,} features, fitted to {model.n_samples_seen_:,}")
        for position, share in enumerate(model.explained_variance_ratio_, start=1):
            print(f"component {position}: {share:.1%} of the variance")
        return
    say(f"input {model.input_shape}, {model.dtype}")
    if isinstance(model, Sequential):
        for layer in model.layers:
            say(f"{layer!r}: output {layer.output_shape}, {layer.parameter_count:,} parameters")
    else:
        model.summary()
        say(f"loss {model.loss!r}, optimizer {model.optimizer!r}, seed {model.seed}")
        if model.progress.step:
            print(f"trained for {model.progress.epoch:,} epochs, {model.progress.step:,} steps")
        for name, figures in model.history.items():
            print(f"last {name} {figures[-1]:.5g}")


def train(options: argparse.Namespace) -> None:
    """``python -m tinyae train``: a dense autoencoder on the samples of a file."""
    check_model(options.save, data=options.data)
    samples = _samples(options, "float32")
    if options.loss == "bce":
        samples.check(0, 1, "is not from 0 to 1, as bce needs")
    x = samples.x.reshape(len(samples.x), -1)
    if options.loss == "mse":
        hint_at_scales(samples)
    held_out = int(len(x) * options.validation)
    train, test = x[: len(x) - held_out], x[len(x) - held_out :]
    check_activation("activation", options.activation)  # which it may not come to use
    ae = deep(
        *((x.shape[1], *options.encoder), options.activation),
        output_activation="sigmoid" if options.loss == "bce" else None,
        loss=options.loss,
        optimizer=Adam(options.learning_rate),
        seed=options.seed,
    )
    history = ae.fit(
        train,
        epochs=options.epochs,
        batch_size=options.batch_size,
        validation_data=test if held_out else None,
        verbose=1 if sys.stdout.isatty() else 0,
    )
    ae.save(options.save, training_state=True)
    figures = [f"{name} {history[name][-1]:.5g}" for name in history if name.endswith("loss")]
    print(f"{options.save}: {ae.parameters.size:,} parameters, {', '.join(figures)}")


@quiet
def hint_at_scales(samples: Samples) -> None:
    """Say so where one column is nearly all that the loss sees, or its numbers are large."""
    spread = samples.x[:LOOKED_AT].std(axis=0, dtype=np.float64)
    widest = np.unravel_index(int(spread.argmax()), spread.shape)
    others = np.delete(spread, int(spread.argmax()))
    most = float(spread[widest])
    if most > LARGE or (others.size and most**2 > NEARLY_ALL * (spread**2).sum() > 0):
        rest = f", all others' {others.max():.3g} at most" if others.size else ""
        say(
            f"{samples.place((0, *map(int, widest)))}: the column's standard deviation is "
            f"{most:.3g}{rest}; training needs columns scaled to about 1: (x - mean) / deviation"
        )


def apply(options: argparse.Namespace) -> None:
    """``python -m tinyae encode``, ``decode`` and ``reconstruct``."""
    what = options.what
    check_result(options.out, model=options.model, data=options.data)
    model = load(options.model)
    if isinstance(model, Sequential):
        if what == "reconstruct":
            raise ValueError(f"{options.model} is half an autoencoder, so it cannot reconstruct")
        run, shape = model.predict, model.input_shape
    else:
        run, shape = getattr(model, what), _input_shape(model, what)
    samples = _samples(options, "float64" if isinstance(model, PCA) else model.dtype)
    result = run(_fit_shape(samples.x, shape, options))
    key, stem = ("codes", "code") if what == "encode" else ("outputs", "output")
    names = samples.names
    if names is not None and (what != "reconstruct" or len(names) * len(result) != result.size):
        names = [f"{stem}_{i}" for i in range(1, result[0].size + 1)]
    write_result(options.out, key, result, names)
    print(f"{options.out}: {result.dtype}, shape {result.shape}")


def check(options: argparse.Namespace) -> None:
    """``python -m tinyae check``: a model's gradients against finite differences."""
    model = load(options.model)
    if not isinstance(model, Autoencoder):
        raise ValueError(f"{options.model} holds no autoencoder, so it has no loss to check")
    samples = _samples(options, model.dtype)
    if isinstance(model.loss, Loss) and model.loss.bounds is not None:
        low, high = model.loss.bounds
        samples.check(low, high, f"is not from {low:g} to {high:g}, as {model.loss!r} needs")
    x = samples.x[: options.samples]
    report = check_gradients(model, _fit_shape(x, model.encoder.input_shape, options))
    print(report)
    if not report.passed:
        raise ValueError(f"the gradient check of {options.model}: {report.verdict}")


def _input_shape(model: Autoencoder | PCA, what: str) -> tuple[int, ...]:
    if isinstance(model, PCA):
        return (model.n_components_,) if what == "decode" else (model.n_features_in_,)
    return model.encoder.output_shape if what == "decode" else model.encoder.input_shape


def _samples(options: argparse.Namespace, dtype: DTypeLike) -> Samples:
    """The samples of the data file, all of them finite in the model's type of numbers."""
    choice = Choice(options.columns, options.drop)
    samples = read_samples(options.data, options.key, choice, options.header)
    if samples.pixels:
        say(f"{options.data}: pixels of 8 bits, which are divided by 255")
    largest = float(np.finfo(dtype).max)
    samples.check(-largest, largest, f"is too large for {np.dtype(dtype)}")
    return samples


def _fit_shape(x: np.ndarray, shape: tuple[int, ...], options: argparse.Namespace) -> np.ndarray:
    """Images as vectors or vectors as images, where the numbers are as many."""
    if x[0].size != math.prod(shape):
        raise ValueError(
            f"{options.data} has samples of shape {x.shape[1:]}, but {options.model} takes {shape}"
        )
    return x.reshape(len(x), *shape)
