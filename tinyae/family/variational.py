"""The variational autoencoder's code: drawn from a normal distribution that the encoder gives.

For each number of the code the layer before gives a mean μ and a log variance s. With ε ~ N(0, 1):

    z = μ + σ ε,  σ = e^(s/2)                       dμ = dz;  ds = dz ε σ / 2
    KL = ½ Σ (μ² + σ² − 1 − s)                      dμ += μ;  ds += (σ² − 1) / 2

KL is the divergence of N(μ, σ²) from N(0, 1). ε is a hash as all noise is: see `layers.noise`.

A log variance s above 20 counts as 20 + log(1 + s − 20): σ² = e²⁰ (1 + s − 20) then grows evenly,
and does not overflow before s = 10²⁹ in float32; the gradient of KL stays what it is at 20. One far
below zero makes σ² zero, where that gradient is still −½.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from ..checks.arguments import not_negative, shown
from ..checks.arrays import shape_text
from ..checks.reach import warn
from ..layers.kernels import NOT_TRAINING, Kernels
from ..layers.layer import Layer, Shape
from ..layers.noise import element_bits, row_key, standard_normal
from ..machine.elementary import exp, expm1
from ..machine.jit import called, inlined
from ..machine.views import clear, copy, view
from ..maths.formula import Formula
from ..maths.penalties import Penalty
from ..primitives import steps
from .penalised import PenalisedLayer

EVEN = 20.0  # from this log variance on the variance grows evenly


@inlined
def growth(s, bound, one):
    """What σ² is of the one at the bound, where s is above it; else 1."""
    return one + (s - bound if s > bound else bound - bound)


@inlined
def bounded(s, bound):
    """s, at most the bound."""
    return bound if s > bound else s


@inlined
def halves(op, x, i, j):
    """Means and log variances of a sample's numbers of the code from j on, along the last axis."""
    k, start = op.units, i * x.shape[1] + 2 * j
    return view(x, start, (k,)), view(x, start + k, (k,))


@called
def sample(op, w, x, y, scratch, step, first):
    """z = μ + σ ε; μ where step is NOT_TRAINING."""
    bound, one, half = x.dtype.type(EVEN), x.dtype.type(1), x.dtype.type(0.5)
    for i in range(x.shape[0]):
        row = np.uint32(0) if step == NOT_TRAINING else row_key(op.key, step, first + i)
        for j in range(0, y.shape[1], op.units):
            mean, s = halves(op, x, i, j)
            z = view(y, i * y.shape[1] + j, (op.units,))
            if step == NOT_TRAINING:
                copy(mean, z)
                continue
            for k in range(z.size):
                sigma = exp(half * bounded(s[k], bound)) * np.sqrt(growth(s[k], bound, one))
                noise = x.dtype.type(standard_normal(element_bits(row, j + k)))
                z[k] = mean[k] + sigma * noise


@called
def sample_back(op, w, x, y, dy, dw, dx, scratch, step, first):
    if dx.size == 0:
        return
    bound, one, half = x.dtype.type(EVEN), x.dtype.type(1), x.dtype.type(0.5)
    for i in range(x.shape[0]):
        row = np.uint32(0) if step == NOT_TRAINING else row_key(op.key, step, first + i)
        for j in range(0, y.shape[1], op.units):
            (_, s), (dmean, ds) = halves(op, x, i, j), halves(op, dx, i, j)
            dz = view(dy, i * y.shape[1] + j, (op.units,))
            copy(dz, dmean)
            if step == NOT_TRAINING:
                clear(ds)
                continue
            for k in range(dz.size):
                # σ times the slope of log σ²
                sigma = exp(half * bounded(s[k], bound)) / np.sqrt(growth(s[k], bound, one))
                noise = x.dtype.type(standard_normal(element_bits(row, j + k)))
                ds[k] = half * dz[k] * sigma * noise


@called
def divergence(op, w, x, y, dw, dx, gain, scale, sums):
    """Each sample's Σ max(free bits, KL of one number) times gain; and its Σ KL."""
    n, bound, one, half = x.shape[0], x.dtype.type(EVEN), x.dtype.type(1), x.dtype.type(0.5)
    factor, into = x.dtype.type(gain * scale), dx if dx.size else x  # x is not written to
    for i in range(n):
        penalty, total = 0.0, 0.0
        for j in range(0, y.shape[1], op.units):
            (mean, s), (dmean, ds) = halves(op, x, i, j), halves(op, into, i, j)
            for k in range(mean.size):
                grown, least = growth(s[k], bound, one), bounded(s[k], bound)
                excess = expm1(least) * grown + (grown - one)  # σ² − 1
                own = 0.5 * (mean[k] * mean[k] + excess - (least + np.log(grown)))
                total += own
                penalty += max(own, op.free_bits)
                if dx.size and (own > op.free_bits or op.free_bits == 0):
                    dmean[k] += factor * mean[k]
                    ds[k] += factor * half * (excess / grown)
        sums[i], sums[n + i] = gain * penalty, total


class Variational(PenalisedLayer):
    """The code z = μ + σ ε, ε ~ N(0, 1), of an encoder that gives (μ, log σ²); μ when not training.

    The last layer of an encoder, behind a `Dense` of twice as many units as the code is to have,
    or a convolution of twice as many filters: the first half along the last axis are the means, the
    second half the log variances. What is trained is a variational autoencoder: the loss of a step
    is the reconstruction, which is a mean over the D elements of an output, and a penalty β KL / D,
    with KL = ½ Σ (μ² + σ² − 1 − log σ²) the divergence of a sample's code from N(0, 1) in nats.
    The history and `evaluate` have it as ``kl``, the mean over samples.

    Parameters
    ----------
    beta : float or callable ``(step) -> float``, default 1
        The weight β. A callable gives that of each step of training, counted from 0, as for a
        warm-up: ``lambda step: min(1, step / 1000)``. To be saved it must
        be an `ExponentialDecay` (with ``warmup_steps``), a `CosineDecay`, or an object of a class
        that `tinyae.load` is told of. It may also be assigned, by a callback for example.
    free_bits : float, default 0
        The λ, in nats: each number of a sample's code is penalised by max(λ, its KL), so that the
        first λ are free. In ``kl`` all is counted.
    activity_regularizer : L1, L2, L1L2 or None
        A penalty on z.

    See Also
    --------
    models.variational : A ready-made one.
    Autoencoder.elbo : The bound on the data's log likelihood.
    Autoencoder.sample : New samples.

    Notes
    -----
    With loss "bce", on data that are 0 or 1, and β = 1, D times the loss of a step is an estimate
    of −ELBO, the bound on the data's log likelihood, from one sample of z. With "mse" and β = 2 v,
    D loss / (2 v) + (D/2) log(2 π v) is, for a decoder whose outputs have normal noise of variance
    v. `evaluate` takes z = μ, and gives no bound: see `Autoencoder.elbo` and `log_likelihood`.

    A log variance s above 20 counts as 20 + log(1 + s − 20), so that nothing overflows and the
    gradient is not lost.

    References
    ----------
    Kingma and Welling, Auto-encoding variational Bayes, 2013. Higgins et al., β-VAE, 2017.
    Kingma et al., Improved variational inference with inverse autoregressive flow, 2016: free bits.

    Examples
    --------
    >>> import numpy as np, tinyae as tae
    >>> encoder = [tae.Dense(16, "relu"), tae.Dense(4), tae.Variational()]
    >>> decoder = [tae.Dense(16, "relu"), tae.Dense(8, "sigmoid")]
    >>> ae = tae.Autoencoder(encoder, decoder, input_shape=(8,), loss="bce")
    >>> mean, deviation = ae.encode(np.ones((3, 8)), return_std=True)
    >>> mean.shape, deviation.shape, ae.sample(5).shape
    ((3, 2), (3, 2), (5, 8))
    """

    random = True
    kernels = Kernels(sample, sample_back, {"units": int, "free_bits": float})
    penalty_kernel, has_figure = divergence, True
    checks: ClassVar = {
        "beta": lambda name, beta: check_beta(name, beta),
        "free_bits": not_negative,
    }
    changeable: ClassVar = Layer.changeable | {"beta", "free_bits"}

    def __init__(
        self,
        beta: float | Callable[[int], float] = 1.0,
        free_bits: float = 0.0,
        *,
        activity_regularizer: Penalty | None = None,
    ):
        super().__init__(activity_regularizer=activity_regularizer)
        self.beta, self.free_bits = beta, free_bits

    def build(self, input_shape: Shape) -> Shape:
        if input_shape[-1] % 2:
            raise ValueError(
                f"{self.label} expects as many means as log variances along the last axis, an even "
                f"number, but got input of shape {shape_text(input_shape)}"
            )
        return (*input_shape[:-1], input_shape[-1] // 2)

    def beta_at(self, step: int) -> float:
        """The β in a `step` of training."""
        return gain_at(self.beta, step) if callable(self.beta) else self.beta

    def penalty_gain(self, step: int, outputs: int) -> float:
        return self.beta_at(step) / outputs

    def record_fields(self):
        return {"units": self.output_shape[-1], "free_bits": self.free_bits}

    def formula(self) -> Formula:
        kl = "½ Σ(μ² + σ² − 1 − s)"
        if self.free_bits:
            kl = f"Σ max({self.free_bits:g}, ½(μ² + σ² − 1 − s))"
        return Formula(
            f"y = μ + σ ε, (μ, s) = x, σ² = e^s; {self._beta_text()}/D {kl} joins the loss",
            "dμ = dy; ds = dy ε σ / 2; dx = (dμ, ds)",
        )

    def steps(self):
        return [steps.Head(self.output_shape[-1])]

    def _beta_text(self) -> str:
        return "β(step)" if callable(self.beta) else f"{self.beta:g}"


def check_beta(name: str, beta: Any) -> Any:
    """A number, or a callable that gives one for the first step."""
    if callable(beta) and not isinstance(beta, type):
        gain_at(beta, 0)
        return beta
    return not_negative(name, beta)


def gain_at(beta: Callable[[int], float], step: int) -> float:
    """What a callable gives for a step, refused if it is no β."""
    try:
        return not_negative("beta", beta(step))
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"beta must be a number or callable with the step, and zero or positive, but "
            f"{shown(beta)} at step {step}: {error}"
        ) from error


def of_encoder(layers: Sequence[Layer]) -> Variational | None:
    """The encoder's last layer, if it is variational."""
    last = layers[-1]
    return last if isinstance(last, Variational) else None


def warn_if_bent(layers: Sequence[Layer]) -> None:
    """Warn if means and log variances have been through an activation, which cuts some of them off.

    Parameters
    ----------
    layers : sequence of Layer
        The encoder's.
    """
    before = layers[-2] if of_encoder(layers) is not None else None
    activation = getattr(before, "activation", "linear")
    if before is not None and activation != "linear":
        warn(
            f"Variational takes means and log variances, of any size, but {before.label} is "
            f"{activation}: put a linear layer of twice as many units as the code is to have "
            "between them"
        )


def refuse_misplaced(encoder: Sequence[Layer], decoder: Sequence[Layer]) -> None:
    """A code has one distribution, of which an encoder's last layer draws."""
    if any(isinstance(each, Variational) for each in (*encoder[:-1], *decoder)):
        raise ValueError("Variational must be the last layer of the encoder, and the only one")


def mean_and_deviation(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """μ and σ from what goes into the layer, in its dtype."""
    mean, s = np.split(x, 2, axis=-1)
    grown = 1 + np.maximum(s - EVEN, 0)
    deviation = np.exp(np.minimum(s, EVEN) / 2) * np.sqrt(grown)
    return mean, deviation.astype(x.dtype)
