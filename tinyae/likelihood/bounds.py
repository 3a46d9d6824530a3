"""Bounds on the log likelihood of data under a variational autoencoder, and samples of its prior.

The model says: z ~ N(0, 1), and x ~ p(x|z) around the decoder's output y. Under "bce" x is 1 with
probability y, else 0; under "mse" x is normal around y with one variance v for all elements. With
draws z from the encoder's q(z|x) = N(μ, σ²):

    ELBO = E log p(x|z) − KL(q, N(0, 1))  ≤  E log 1/S Σ p(x|z) p(z) / q(z|x)  ≤  log p(x)

The second rises with the number of draws S, to log p(x) itself; both are log p(x) where q(z|x) is
the true posterior.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ..checks.arguments import length, positive, shown, whole
from ..checks.arrays import row_chunks
from ..checks.floating_point import converted, finite, quiet
from ..checks.reach import warn
from ..engine.program import run
from ..family.variational import Variational, mean_and_deviation, of_encoder
from ..maths.loss import read
from ..maths.losses import BCE, MSE
from ..network.chain import loss_chain
from ..network.network import Network, Samples
from ..training.evaluate import loss_sums


def variational(model: Network, what: str) -> Variational:
    """The model's layer, refused if it has none."""
    layer = of_encoder(model.encoder.layers)
    if layer is None:
        raise ValueError(
            f"{what} needs a Variational layer at the end of the encoder, but that ends in "
            f"{model.encoder.layers[-1]!r}"
        )
    return layer


def moments(model: Network, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """μ and σ of the codes of admitted samples, in the model's dtype."""
    inner = model.encoder.layers[:-1]
    if not inner:
        return mean_and_deviation(converted(x, model.dtype))
    return mean_and_deviation(run(inner, None, x, model.parameters, model.threads)[0])


def sample(model: Network, n: int, seed: int) -> np.ndarray:
    """`Autoencoder.sample`."""
    n, seed = length("n", n), whole("seed", seed, least=0)
    variational(model, "sample")
    model.require_built("sample")
    z = np.random.default_rng(seed).standard_normal((n, *model.encoder.output_shape))
    return read(model.loss, model.decoder.run(z.astype(model.dtype)))


class Draw(NamedTuple):
    """What one draw of z says of each sample."""

    likelihood: np.ndarray  # (n,) log p(x|z)
    ratio: np.ndarray  # (n,) log p(z) / q(z|x)


class Draws:
    """Draws of z for samples, one for each at a time; as many as one likes begin with the same."""

    def __init__(self, model: Network, x: Samples, variance: float | None):
        mean, deviation = moments(model, x.x)
        self.model, self.target, self.variance = model, x.target, variance
        self.mean, self.deviation = mean.astype(np.float64), deviation.astype(np.float64)
        self.chain = loss_chain(model.decoder.layers, model.loss)
        with np.errstate(divide="ignore"):  # a deviation of 0 has no density
            self.log_deviation = np.log(self.deviation)

    def divergence(self) -> np.ndarray:
        """KL of each sample."""
        variance = self.deviation**2
        return 0.5 * _each(self.mean**2 + variance - 1 - 2 * self.log_deviation)

    def take(self, samples: int, seed: int) -> Iterator[Draw]:
        """So many."""
        for number in range(samples):
            noise = np.random.default_rng([seed, number]).standard_normal(self.mean.shape)
            z = self.mean + self.deviation * noise
            # the normalising factors of both, √2π to the same power, fall away
            ratio = _each(0.5 * (noise**2 - z**2) + self.log_deviation)
            yield Draw(self._likelihood(z.astype(self.model.dtype)), ratio)

    def _likelihood(self, z: np.ndarray) -> np.ndarray:
        sums, _ = loss_sums(self.model.decoder, self.chain, Samples(z, self.target))
        if self.variance is None:
            return -sums
        size = self.target[:1].size
        return -sums / (2 * self.variance) - size / 2 * math.log(2 * math.pi * self.variance)


@quiet
def elbo(model: Network, x: Samples, samples: int, seed: int, variance: float | None) -> np.ndarray:
    """`Autoencoder.elbo`."""
    samples, seed = whole("samples", samples), whole("seed", seed, least=0)
    draws = Draws(model, x, _variance(model, variance, "elbo"))
    _warn_of_greys(model, x.target, "elbo")
    likelihood = sum((draw.likelihood for draw in draws.take(samples, seed)), np.zeros(len(x.x)))
    return finite(likelihood / samples - draws.divergence(), "a bound")


@quiet
def log_likelihood(
    model: Network, x: Samples, samples: int, seed: int, variance: float | None
) -> np.ndarray:
    """`Autoencoder.log_likelihood`."""
    samples, seed = whole("samples", samples), whole("seed", seed, least=0)
    draws = Draws(model, x, _variance(model, variance, "log_likelihood"))
    _warn_of_greys(model, x.target, "log_likelihood")
    total = np.full(len(x.x), -np.inf)
    for draw in draws.take(samples, seed):
        total = np.logaddexp(total, draw.likelihood + draw.ratio)
    return finite(total - math.log(samples), "a bound")


def _each(values: np.ndarray) -> np.ndarray:
    """The sum over each sample."""
    return values.reshape(len(values), -1).sum(axis=1)


def _variance(model: Network, variance: float | None, what: str) -> float | None:
    """That of the decoder's noise under "mse", None under "bce"; others are no likelihood."""
    layer = variational(model, what)
    if type(model.loss) not in (BCE, MSE):
        raise ValueError(f"{what} needs the loss bce or mse, but the model has {model.loss!r}")
    if variance is not None:
        variance = positive("variance", variance)
        if type(model.loss) is BCE:
            raise ValueError(f"variance is of the loss mse, but got {shown(variance)} with bce")
    if variance is not None or type(model.loss) is BCE:
        return variance
    beta = layer.beta_at(model.progress.step)
    if beta == 0:
        raise ValueError("variance must be given where beta is 0, since half of it is the default")
    return beta / 2


def _warn_of_greys(model: Network, target: np.ndarray, what: str) -> None:
    """Warn if targets under "bce" are other numbers than 0 and 1: it is no likelihood of them."""
    if type(model.loss) is not BCE:
        return
    for rows in row_chunks(len(target), target[:1].nbytes):
        part = target[rows]
        if ((part > 0) & (part < 1)).any():
            warn(
                f"{what} is a bound on the likelihood of numbers that are 0 or 1 under bce, but x "
                "holds numbers between them: draw them first, (rng.random(x.shape) < x), or take "
                "the loss mse"
            )
            return
