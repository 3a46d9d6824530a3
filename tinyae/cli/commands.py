"""What the commands of ``python -m tinyae`` do, apart from the demo."""

import argparse
import shutil
import sys
import textwrap

import numpy as np

from ..autoencoder import Autoencoder
from ..datasets.samples import read_samples
from ..files.atomic import replace_file
from ..inspection.check_gradients import check_gradients
from ..linear.pca import PCA
from ..loading import load
from ..maths.activations import check as check_activation
from ..maths.optimizers import Adam
from ..models import deep
from ..network.sequential import Sequential


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


def say(text: str) -> None:
    """Print a line, or several where the terminal is too narrow."""
    width = shutil.get_terminal_size().columns
    print(textwrap.fill(text, width, subsequent_indent="    ", break_on_hyphens=False))


def train(options: argparse.Namespace) -> None:
    """``python -m tinyae train``: a dense autoencoder on the samples of a file."""
    if not options.save.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {options.save.parent} to save the model in")
    x = read_samples(options.data, options.key)
    x = x.reshape(len(x), -1)
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


def apply(options: argparse.Namespace) -> None:
    """``python -m tinyae encode``, ``decode`` and ``reconstruct``."""
    if options.out.resolve() == options.model.resolve():
        raise ValueError(f"{options.out} is the model, which would be overwritten")
    model = load(options.model)
    if isinstance(model, Sequential):
        if options.what == "reconstruct":
            raise ValueError(f"{options.model} is half an autoencoder, so it cannot reconstruct")
        run, shape = model.predict, model.input_shape
    else:
        run = getattr(model, options.what)
        shape = _input_shape(model, options.what)
    result = run(_fit_shape(read_samples(options.data, options.key), shape))
    with replace_file(options.out) as file:
        np.save(file, result, allow_pickle=False)
    print(f"{options.out}: {result.dtype}, shape {result.shape}")


def check(options: argparse.Namespace) -> None:
    """``python -m tinyae check``: a model's gradients against finite differences."""
    model = load(options.model)
    if not isinstance(model, Autoencoder):
        raise ValueError(f"{options.model} holds no autoencoder, so it has no loss to check")
    x = read_samples(options.data, options.key)[: options.samples]
    report = check_gradients(model, _fit_shape(x, model.encoder.input_shape))
    print(report)
    if not report.passed:
        raise ValueError(f"the gradient check of {options.model}: {report.verdict}")


def _input_shape(model: Autoencoder | PCA, what: str) -> tuple[int, ...]:
    if isinstance(model, PCA):
        return (model.n_components_,) if what == "decode" else (model.n_features_in_,)
    return model.encoder.output_shape if what == "decode" else model.encoder.input_shape


def _fit_shape(x: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Images as vectors or vectors as images, where the numbers are as many."""
    if x[:1].size == np.prod(shape):
        return x.reshape(len(x), *shape)
    return x  # which the model refuses, saying what it expects
