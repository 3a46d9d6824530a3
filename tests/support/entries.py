"""Every public entry that takes arrays, one line each: for the tests of good and bad input.

An entry is called with one array of the shape that it says; all else that it needs is its own. What
its call gives back is all that the array decides.
"""

import functools
import math
import pickle
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure

import tinyae as tae
from tinyae import plot

FLAT, IMAGES, SQUARES, POINTS = (12, 6), (12, 4, 5, 1), (12, 4), (12, 2)


class Entry(NamedTuple):
    name: str  # what messages call the array, as a pattern
    subject: Callable[[], Any]  # makes what is called, whose state a bad call may not change
    call: Callable[[Any, Any], Any]
    shape: tuple[int, ...] = FLAT
    accepts: tuple[str, ...] = ()  # the cases, bad elsewhere, that are ordinary here
    wide: bool = True  # whether float64 is computed in float64, not in the model's float32
    target: bool = False  # whether the array says what the model should give
    builds: bool = False  # whether a model may get its shapes from the array
    least: int = 0  # that every number is to be above

    def fresh(self):
        """A subject of its own, made once and copied through the bytes of all its state."""
        return pickle.loads(pickled(self.subject))


@functools.cache
def pickled(make):
    return pickle.dumps(make())


def data(shape=FLAT, seed=0):
    """Numbers in (0, 1) with more digits than float32 has: another order of a sum shows."""
    return np.random.default_rng(seed).random(shape)


# Subjects


def model(shape=FLAT, **settings):
    """Codes have the shape of the input, so that all entries take the same arrays."""
    if shape == IMAGES:
        conv = functools.partial(tae.Conv2D, 1, 3, padding="same")
        parts = [conv(activation="tanh")], [conv(activation="sigmoid")]
    else:
        parts = [tae.Dense(6, "tanh")], [tae.Dense(6, "sigmoid")]
    return tae.Autoencoder(*parts, **{"seed": 1, "input_shape": shape[1:], **settings})


def trained(shape=FLAT):
    ae = model(shape)
    ae.fit(data(shape), epochs=2, batch_size=5, verbose=0)
    return ae


def pictured(shape=SQUARES, code=2):
    """A model to be drawn."""
    outputs = [tae.Dense(math.prod(shape[1:])), tae.Reshape(shape[1:])]
    encoder = [tae.Flatten(), tae.Dense(code)]
    return tae.Autoencoder(encoder, outputs, input_shape=shape[1:], dtype="float64")


def pca(k=3, shape=FLAT):
    return tae.PCA(k).fit(data(shape, seed=1))


def sampler(kind):
    return tae.GaussianSampler(kind).fit(data(seed=1))


def detector(kind):
    return tae.AnomalyDetector(trained() if kind == "model" else pca(), 0.9).fit(data(seed=1))


class Drawn:
    """A density that draws what it is given."""

    def __init__(self, codes):
        self.codes = codes

    def sample(self, n, seed):
        return self.codes


# Calls whose result takes more than a line


def fit(ae, *arrays, **settings):
    history = ae.fit(*arrays, **{"epochs": 2, "batch_size": 5, "verbose": 0, **settings})
    return [history["loss"], history.get("val_loss"), ae.parameters.tobytes()]


def learned(subject):
    """What a `PCA` or `GaussianSampler` has learned."""
    if isinstance(subject, tae.PCA):
        return [subject.mean_, subject.components_, subject.explained_variance_]
    return [subject.mean_, subject.covariance_]


def report(latent):
    return [latent.units, latent.correlation, latent.dependence]


def paged(write):
    """What a page holds."""
    with tempfile.TemporaryDirectory() as folder:
        return write(Path(folder, "page.html")).read_text(encoding="utf-8")


def drawn(draw, count=1):
    """The numbers that a plot puts into its figure, and its titles."""
    figure = Figure()
    axes = [figure.add_subplot(1, count, i + 1) for i in range(count)]
    draw(axes[0] if count == 1 else axes)
    found = []
    for ax in figure.axes:
        points = [item for item in ax.collections if isinstance(item, PathCollection)]
        found += [np.ma.getdata(image.get_array()) for image in ax.images]
        found += [line.get_xydata() for line in ax.lines]
        found += [np.ma.getdata(item.get_offsets()) for item in points]
        found += [patch.get_path().vertices for patch in ax.patches]
        found += [ax.get_title(), *getattr(ax.xaxis.get_major_formatter(), "seq", ())]
    return found


# The table


def of_models(shape):
    """What an `Autoencoder` does with samples, targets and codes of this shape."""
    x, subject = data(shape, seed=2), functools.partial(trained, shape)
    learning = {
        "fit x": ("x", lambda ae, a: fit(ae, a)),
        "fit y": ("y", lambda ae, a: fit(ae, x, a)),
        "fit validation x": ("validation_data", lambda ae, a: fit(ae, x, validation_data=a)),
        "fit validation y": ("validation_data", lambda ae, a: fit(ae, x, validation_data=(x, a))),
        "evaluate x": ("x", lambda ae, a: ae.evaluate(a)),
        "evaluate y": ("y", lambda ae, a: ae.evaluate(x, a)),
        "reconstruction_error x": ("x", lambda ae, a: ae.reconstruction_error(a)),
        "reconstruction_error y": ("y", lambda ae, a: ae.reconstruction_error(x, a, True)),
        "loss_and_gradient x": ("x", lambda ae, a: ae.loss_and_gradient(a)),
        "loss_and_gradient y": ("y", lambda ae, a: ae.loss_and_gradient(x, a)),
        "trace x": ("x", lambda ae, a: tae.trace(ae, a).rows),
        "trace y": ("y", lambda ae, a: tae.trace(ae, x, a).rows),
    }
    using = {
        "encode": ("x", lambda ae, a: ae.encode(a)),
        "decode": ("z", lambda ae, a: ae.decode(a)),
        "reconstruct": ("x", lambda ae, a: ae.reconstruct(a)),
        "encoder.predict": ("x", lambda ae, a: ae.encoder.predict(a)),
        "decoder.predict": ("x", lambda ae, a: ae.decoder.predict(a)),
        "compare_with_pca x": ("x", lambda ae, a: repr(tae.compare_with_pca(ae, a))),
        "compare_with_pca x_test": (
            "x_test",
            lambda ae, a: repr(tae.compare_with_pca(ae, x, x_test=a)),
        ),
    }
    return {
        key: Entry(
            *(name, subject, call, shape),
            wide=key.startswith("compare_with_pca"),
            target=key in learning,
            builds=not key.startswith(BUILT),
        )
        for key, (name, call) in (learning | using).items()
    }


BUILT = ("decode", "encoder.predict", "decoder.predict", "compare_with_pca")
ANY_WIDTH = ("fewer features", "more features")
ONE = {"shape": FLAT[1:], "accepts": ("flat",)}
OTHER = data(FLAT[1:], seed=3)
FEW = (2, 6)  # each of their numbers takes two runs of the model
MODELS = {
    **of_models(FLAT),
    "check_gradients x": Entry(
        *("x", trained, lambda ae, a: str(tae.check_gradients(ae, a)), FEW),
        **{"target": True, "builds": True},
    ),
    "check_gradients y": Entry(
        *("y", trained, lambda ae, a: str(tae.check_gradients(ae, data(FEW), a)), FEW),
        **{"target": True, "builds": True},
    ),
}
ENTRIES = {
    **MODELS,
    **{f"images: {key}": entry for key, entry in of_models(IMAGES).items()},
    "PCA.fit": Entry("x", pca, lambda p, a: learned(p.fit(a)), accepts=ANY_WIDTH),
    "PCA.partial_fit": Entry("x", pca, lambda p, a: learned(p.partial_fit(a))),
    "PCA.encode": Entry("x", pca, lambda p, a: p.encode(a)),
    "PCA.fit_transform": Entry("x", pca, lambda p, a: p.fit_transform(a), accepts=ANY_WIDTH),
    "PCA.score_samples": Entry("x", pca, lambda p, a: p.score_samples(a)),
    "PCA.decode": Entry("z", pca, lambda p, a: p.decode(a), (12, 3)),
    "PCA.reconstruct": Entry("x", pca, lambda p, a: p.reconstruct(a)),
    "PCA.reconstruction_error": Entry("x", pca, lambda p, a: p.reconstruction_error(a)),
    **{
        f"AnomalyDetector({kind}).{name}": Entry("x", functools.partial(detector, kind), call)
        for kind in ("model", "PCA")
        for name, call in {
            "fit": lambda d, a: [d.fit(a).threshold_, d.usual_],
            "score": lambda d, a: d.score(a),
            "predict": lambda d, a: d.predict(a),
            "explain": lambda d, a: [d.explain(a).blame, d.explain(a).ranking],
        }.items()
    },
    **{
        f"GaussianSampler({kind}).{name}": entry
        for kind in ("diag", "full")
        for name, entry in {
            "fit": Entry(
                *("codes", functools.partial(sampler, kind), lambda s, a: learned(s.fit(a))),
                accepts=(*ANY_WIDTH, "another axis"),
            ),
            "log_prob": Entry(
                *("codes", functools.partial(sampler, kind), lambda s, a: s.log_prob(a)),
                accepts=("another axis",),
            ),
        }.items()
    },
    "generate": Entry(
        *("z|the density's codes", trained, lambda ae, a: tae.generate(ae, Drawn(a), 12)),
        wide=False,
    ),
    "interpolate from": Entry(
        *("x_from", trained, lambda ae, a: tae.interpolate(ae, a, OTHER)), **ONE, wide=False
    ),
    "interpolate to": Entry(
        *("x_to", trained, lambda ae, a: tae.interpolate(ae, OTHER, a)), **ONE, wide=False
    ),
    "interpolate by PCA": Entry("x_from", pca, lambda p, a: tae.interpolate(p, a, OTHER), **ONE),
    "straight_line start": Entry("start", dict, lambda _, a: tae.straight_line(a, data())),
    "straight_line end": Entry("(start and )?end", dict, lambda _, a: tae.straight_line(data(), a)),
    "latent_diagnostics": Entry(
        *("codes", dict, lambda _, a: report(tae.latent_diagnostics(a))),
        accepts=(*ANY_WIDTH, "another axis"),
    ),
    "latent_diagnostics std": Entry(
        *("(codes and )?std", dict, lambda _, a: report(tae.latent_diagnostics(data(seed=3), a))),
        least=1,
    ),
    "plot.latent": Entry(
        *("codes", dict, lambda _, a: drawn(lambda ax: plot.latent(a, ax=ax)), POINTS),
        accepts=("fewer features",),
    ),
    "plot.joint": Entry(
        *("codes", dict, lambda _, a: drawn(lambda ax: plot.joint(a, ax=ax)), POINTS),
        accepts=("more features",),
    ),
    "plot.compare_latent": Entry(
        *("x", lambda: (pca(2, SQUARES), pictured())),
        *(lambda pair, a: drawn(lambda axes: plot.compare_latent(*pair, a, axes=axes), 2), SQUARES),
    ),
    "plot.curve": Entry(
        *("x", lambda: pictured(POINTS, 1)),
        *(lambda ae, a: drawn(lambda ax: plot.curve(ae, a, ax=ax)), POINTS),
    ),
    "plot.explore": Entry(
        *("x", pictured, lambda ae, a: drawn(lambda axes: plot.explore(ae, a, axes=axes), 2)),
        SQUARES,
    ),
    "plot.compare_reconstructions": Entry(
        *("x", pictured),
        *(lambda ae, a: drawn(lambda ax: plot.compare_reconstructions({"a": ae}, a, ax=ax)),),
        SQUARES,
    ),
    "plot.scores": Entry(
        *("scores", dict, lambda _, a: drawn(lambda ax: plot.scores(a, ax=ax)), (12,)),
        accepts=(*ANY_WIDTH, "flat"),
    ),
    "plot.backprop": Entry(
        *("x", trained, lambda ae, a: drawn(lambda ax: plot.backprop(ae, a, ax=ax))), **ONE
    ),
    "plot.page": Entry(
        *("x", pictured, lambda ae, a: paged(lambda path: plot.page(ae, a, None, path))),
        SQUARES,
    ),
    "plot.reconstructions": Entry(
        *("x", pictured, lambda ae, a: drawn(lambda ax: plot.reconstructions(ae, a, ax=ax))),
        SQUARES,
    ),
    "plot.error_map": Entry(
        *("x", pictured, lambda ae, a: drawn(lambda ax: plot.error_map(ae, a, ax=ax))), SQUARES
    ),
    "plot.manifold": Entry(
        *("codes", pictured, lambda ae, a: drawn(lambda ax: plot.manifold(ae, codes=a, ax=ax))),
        POINTS,
    ),
    "plot.interpolation": Entry(
        *(r"strips\['w", dict, lambda _, a: drawn(lambda ax: plot.interpolation({"w": a}, ax=ax))),
        SQUARES,
    ),
    "plot.samples": Entry(
        *("images", dict, lambda _, a: drawn(lambda ax: plot.samples(a, ax=ax))), SQUARES
    ),
    "plot.samples in colour": Entry(
        *("images", dict, lambda _, a: drawn(lambda ax: plot.samples(a, ax=ax))), (12, 2, 2, 3)
    ),
}
