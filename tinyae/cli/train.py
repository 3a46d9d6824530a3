"""``python -m tinyae train``: the model that the options describe, trained, saved and drawn."""

import argparse
import sys
from pathlib import Path

import numpy as np

from ..autoencoder import Autoencoder
from ..callbacks.early_stopping import EarlyStopping
from ..checks.floating_point import quiet
from ..datasets.samples import Samples
from ..layers.convolution import Conv2D
from ..layers.dense import Dense
from ..layers.layer import Layer
from ..layers.noise import GaussianNoise
from ..layers.pooling import MaxPooling2D, UpSampling2D
from ..layers.rescaling import Rescaling
from ..layers.reshaping import Flatten, Reshape
from ..maths.activations import check as check_activation
from ..maths.optimizers import Adam
from ..maths.penalties import L1
from .chosen import chosen_samples
from .results import check_model
from .terminal import say

LARGE = 10  # a standard deviation to which Adam's steps of a thousandth take long
NEARLY_ALL = 0.99  # of the variance of all columns
LOOKED_AT = 10_000  # samples, to find that out
DRAWN = 10  # images and their reconstructions


def train(options: argparse.Namespace) -> None:
    """``python -m tinyae train``."""
    check_model(options.save, data=options.data)
    if options.pictures is not None:
        import matplotlib.pyplot  # noqa: F401  # before training: it may be missing
    samples = chosen_samples(options, "float32")
    if options.loss == "bce" and not samples.pixels:
        samples.check(0, 1, "is not from 0 to 1, as bce needs")
    if options.loss == "mse" and not samples.pixels:
        hint_at_scales(samples)
    x = _as_images(samples.x, options) if options.conv else samples.x.reshape(len(samples.x), -1)
    ae = Autoencoder(
        *layers(x.shape[1:], samples.pixels, options),
        loss=options.loss,
        optimizer=Adam(options.learning_rate),
        seed=options.seed,
    )
    held_out, callbacks = int(len(x) * options.validation), []
    if options.early_stopping is not None:
        monitor = "val_loss" if held_out else "loss"
        callbacks = [EarlyStopping(monitor, options.early_stopping, restore_best_weights=True)]
    history = ae.fit(
        x[: len(x) - held_out],
        epochs=options.epochs,
        batch_size=options.batch_size,
        validation_data=x[len(x) - held_out :] if held_out else None,
        callbacks=callbacks,
        verbose=1 if sys.stdout.isatty() else 0,
    )
    ae.columns = samples.remembered
    ae.save(options.save, training_state=True)
    last = len(history["loss"]) - 1
    kept = last if not callbacks or callbacks[0].best_epoch is None else callbacks[0].best_epoch
    if kept < last:
        say(f"stopped after epoch {last + 1}: kept are the weights of epoch {kept + 1}")
    figures = [f"{name} {history[name][kept]:.5g}" for name in history if name.endswith("loss")]
    say(f"{options.save}: {ae.parameters.size:,} parameters, {', '.join(figures)}")
    if options.pictures is not None:
        draw(ae, samples.x[-max(held_out, DRAWN) :], options.pictures)


def layers(
    shape: tuple[int, ...], pixels: bool, options: argparse.Namespace
) -> tuple[list[Layer], list[Layer]]:
    """The encoder and the decoder that the options describe, for samples of that shape."""
    activation, units = check_activation("activation", options.activation), options.encoder
    output = "sigmoid" if options.loss == "bce" else None
    penalty = L1(options.l1) if options.l1 else None
    first: list[Layer] = [Rescaling(1 / 255)] if pixels else []
    if options.noise:
        first.append(GaussianNoise(options.noise))
    stages: list[Layer] = []
    inner = shape
    for filters in options.conv:
        conv = Conv2D(filters, 3, padding="same", activation=activation)
        stages += [conv, MaxPooling2D()]
        inner = (inner[0] // 2, inner[1] // 2, filters)
    back: list[Layer] = []
    for filters in [*options.conv[-2::-1], options.conv[0]] if options.conv else []:
        back += [Conv2D(filters, 3, padding="same", activation=activation), UpSampling2D()]
    if options.conv:
        back.append(Conv2D(shape[2], 3, padding="same", activation=output))
        if not units:
            stages[-1].activity_regularizer = penalty
            return first + stages, back
        stages.append(Flatten())
        back = [Dense(int(np.prod(inner)), activation), Reshape(inner), *back]
    dense = [Dense(each, activation) for each in units[:-1]]
    mirrored = [Dense(each, activation) for each in units[-2::-1]]
    code = Dense(units[-1], activity_regularizer=penalty)
    return [*first, *stages, *dense, code], [*mirrored, *(back or [Dense(shape[0], output)])]


def _as_images(x: np.ndarray, options: argparse.Namespace) -> np.ndarray:
    """Samples with rows, columns and channels, as convolutions take them."""
    images = x[..., np.newaxis] if x.ndim == 3 else x
    if images.ndim != 4:
        raise ValueError(
            f"{options.data} holds no images, which --conv needs: its samples have shape "
            f"{x.shape[1:]}"
        )
    halves = 2 ** len(options.conv)
    if images.shape[1] % halves or images.shape[2] % halves:
        raise ValueError(
            f"{options.data} has images of {images.shape[1]} x {images.shape[2]} pixels, which "
            f"cannot be halved {len(options.conv)} times, as --conv "
            f"{'-'.join(map(str, options.conv))} does"
        )
    return images


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


class AsImages:
    """The model, for images in the shape that they had in their file."""

    def __init__(self, ae: Autoencoder):
        self.ae = ae

    def reconstruct(self, images: np.ndarray) -> np.ndarray:
        """Images like those given."""
        x = images.reshape(len(images), *self.ae.encoder.input_shape)
        return self.ae.reconstruct(x).reshape(images.shape)

    def rescaled(self, images: np.ndarray) -> np.ndarray:
        """The images on the scale of the reconstruction."""
        return self.ae.rescaled(images)


def draw(ae: Autoencoder, samples: np.ndarray, folder: Path) -> None:
    """Pictures of what was learned: the losses; images beside their reconstructions; 2-D codes."""
    import matplotlib.pyplot as plt

    from .. import plot

    folder.mkdir(parents=True, exist_ok=True)
    codes = ae.encode(samples.reshape(len(samples), *ae.encoder.input_shape))
    drawn = {"history": lambda: plot.history(ae.history)}
    if codes.ndim == 2 and codes.shape[1] > 1:
        drawn["codes"] = lambda: plot.latent(codes) if codes.shape[1] == 2 else plot.joint(codes)
    if samples.ndim > 2:
        images = samples[..., np.newaxis] if samples.ndim == 3 else samples
        drawn["reconstructions"] = lambda: plot.reconstructions(AsImages(ae), images)
    for name, picture in drawn.items():
        picture()
        plt.savefig(folder / f"{name}.png", dpi=120, bbox_inches="tight")
        plt.close("all")
    say(f"{folder}: {', '.join(f'{name}.png' for name in drawn)}")
