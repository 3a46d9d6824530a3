"""Walking in code space, and drawing new codes from a density fitted to those of data."""

from __future__ import annotations

import copy
import inspect
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import ArrayLike

from ..checks.arguments import one_of, whole, with_methods
from ..checks.arrays import admit, admit_one
from ..checks.attributes import Checked
from ..checks.floating_point import finite, quiet
from ..checks.handed_out import lasting
from ..checks.hints import hinting

# What is added to each variance, relative to it: directions in which the codes do not vary at all
# would have no density otherwise.
REGULARIZATION = 1e-6
SMALLEST = 1e-290  # variance that has all its digits
LARGEST = 1e150  # deviation whose square, summed over all codes, is finite


class Codec(Protocol):
    """An `Autoencoder`, a `PCA`, or anything that can do the same."""

    def encode(self, x: ArrayLike) -> np.ndarray:
        """The codes of samples."""
        ...

    def decode(self, z: ArrayLike) -> np.ndarray:
        """The samples that codes stand for."""
        ...


@hinting
@quiet
def straight_line(start: ArrayLike, end: ArrayLike, n: int = 10) -> np.ndarray:
    """Walk straight from one array to another in n points: (1 − t) start + t end, t from 0 to 1.

    Between two images it fades one into the other: what `interpolate` is to be compared with.

    Parameters
    ----------
    start, end : array-like, of one shape
        Where it begins and ends: both are included.
    n : int, default 10
        How many points, at least 2.

    Returns
    -------
    array, shape (n, *shape)
        Of float32 if both are, else float64.

    See Also
    --------
    interpolate : The same between codes.
    plot.interpolation : Draws both.

    Examples
    --------
    >>> import tinyae as tae
    >>> tae.straight_line([0, 0], [3, 6], 4)
    array([[0., 0.], [1., 2.], [2., 4.], [3., 6.]])
    """
    n = whole("n", n, least=2)
    first, last = admit_one(start, "start"), admit_one(end, "end")
    if first.shape != last.shape:
        raise ValueError(
            f"start and end must have one shape, but their shapes are {first.shape} and "
            f"{last.shape}"
        )
    single = first.dtype == last.dtype == np.float32
    dtype = np.dtype(np.float32 if single else np.float64)
    t = np.linspace(0, 1, n, dtype=dtype).reshape(n, *[1] * first.ndim)
    return (1 - t) * first.astype(dtype) + t * last.astype(dtype)


@hinting
def interpolate(model: Codec, x_from: ArrayLike, x_to: ArrayLike, n: int = 10) -> np.ndarray:
    """Walk from one sample to another in code space: decode the straight line between their codes.

    Parameters
    ----------
    model : Autoencoder, PCA or object with ``encode(x)`` and ``decode(z)``
        Trained.
    x_from, x_to : array-like, shape (*input_shape)
        One sample each.
    n : int, default 10
        At least 2: both ends, which are the two samples' reconstructions, are included.

    Returns
    -------
    array, shape (n, *output_shape)
        From the first sample's reconstruction to the second's.

    Raises
    ------
    ValueError
        If the samples do not fit the model, or n is below 2.

    See Also
    --------
    straight_line : The same between the samples themselves.
    plot.interpolation : Draws both.

    Examples
    --------
    >>> import numpy as np, tinyae as tae
    >>> pca = tae.PCA(1).fit(np.array([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0]]))
    >>> tae.interpolate(pca, [0.0, 0.0], [6.0, 8.0], n=3).round(6) + 0.0
    array([[0., 0.],
           [3., 4.],
           [6., 8.]])
    """
    n = whole("n", n, least=2)
    with_methods("model", model, "encode", "decode")
    shape, dtype = _sample_shape(model), getattr(model, "dtype", None)
    ends = [admit_one(x, name, shape, dtype) for x, name in ((x_from, "x_from"), (x_to, "x_to"))]
    start, end = (model.encode(x[np.newaxis])[0] for x in ends)
    return model.decode(straight_line(start, end, n))


def _sample_shape(model: Any) -> tuple[int, ...] | None:
    """The shape of one sample, of a model that says it."""
    if hasattr(model, "n_features_in_"):
        return (model.n_features_in_,)
    return getattr(model, "input_shape", None)


class GaussianSampler(Checked):
    """The normal distribution that fits codes best, to draw new ones from.

    Mean and covariance are the codes' own (with divisor n, which makes the codes most likely); to
    every variance 1e-6 of it is added, or for a unit that never varies (a dead one) 1e-6 of the
    mean variance of all, so that the density exists where codes fill no volume:

        log p(z) = −½ (k log 2π + log |C| + (z − μ)ᵀ C⁻¹ (z − μ))

    Parameters
    ----------
    covariance : "diag" or "full"
        Whether units are taken for independent, or correlations are kept.

    Attributes
    ----------
    mean_ : array of float64, shape (k,)
    covariance_ : array of float64, shape (k,) for "diag", (k, k) for "full"
        With what was added.

    See Also
    --------
    generate : Decodes what it draws.
    Variational : A layer that makes codes normal.

    Notes
    -----
    A log density compares densities over the same codes only: it depends on their units. Where
    units are dead, what was added decides how high it is.

    Examples
    --------
    >>> import numpy as np, tinyae as tae
    >>> codes = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 2.0]])
    >>> sampler = tae.GaussianSampler("full").fit(codes)
    >>> sampler.mean_
    array([2., 2.])
    >>> sampler.sample(5, seed=1).shape
    (5, 2)
    """

    closed = True
    checks: ClassVar = {"covariance": lambda name, given: one_of(name, given, "diag", "full")}

    def __init__(self, covariance: str = "diag"):
        self.covariance = covariance

    def __setattr__(self, name: str, value: Any) -> None:
        fitted = name == "covariance" and hasattr(self, "mean_")
        if fitted and type(self).checks[name](name, value) != self.covariance:
            raise ValueError(f"this GaussianSampler is fitted, so its {name} stays: make a new one")
        super().__setattr__(name, value)

    @quiet
    def fit(self, codes: ArrayLike) -> GaussianSampler:
        """Learn mean and covariance from codes.

        Parameters
        ----------
        codes : array-like, shape (n, k)
            At least two; further dimensions count as flat.

        Returns
        -------
        GaussianSampler
            Itself.

        Raises
        ------
        ValueError
            If there are fewer than two codes, all are the same, or some are beyond 1e150.
        """
        table = _flat(admit(codes, "codes", dtype=np.float64))
        if (table == table[0]).all():
            raise ValueError(
                f"codes must vary for a density, but all {len(table)} of them are the same"
            )
        deviations = table - table[0]  # so that a unit that never varies is exactly zero
        shift = deviations.mean(axis=0)
        deviations -= shift
        if not np.abs(deviations).max() <= LARGEST:
            raise ValueError("codes span too wide a range: their squares overflow")
        variance = np.mean(deviations**2, axis=0)
        if ((variance < SMALLEST) & deviations.any(axis=0)).any():
            raise ValueError("codes span too narrow a range: their squares are lost")
        added = REGULARIZATION * np.where(variance > 0, variance, variance.mean())
        self._mean = table[0] + shift
        if self.covariance == "diag":
            self._covariance = variance + added
            self._factor = np.sqrt(self._covariance)
        else:
            self._covariance = deviations.T @ deviations / len(table) + np.diag(added)
            self._factor = _cholesky(self._covariance)
        return self

    @property
    def mean_(self) -> np.ndarray:
        return lasting(self._mean)

    @property
    def covariance_(self) -> np.ndarray:
        return lasting(self._covariance)

    @quiet
    def sample(self, n: int, seed: int | np.random.Generator = 0) -> np.ndarray:
        """Draw n codes by a `seed`, float64, shape (n, k): μ + L ε with C = L Lᵀ, ε normal."""
        self._require_fitted()
        if not isinstance(seed, np.random.Generator):
            seed = np.random.default_rng(whole("seed", seed, least=0))
        noise = seed.standard_normal((whole("n", n), len(self.mean_)))
        scaled = noise * self._factor if self.covariance == "diag" else noise @ self._factor.T
        return finite(self.mean_ + scaled, "a code")

    @quiet
    def log_prob(self, codes: ArrayLike) -> np.ndarray:
        """The natural logarithm of the density at each of `codes` (n, k), shape (n,)."""
        self._require_fitted()
        table = _flat(admit(codes, "codes", dtype=np.float64))
        k = len(self.mean_)
        if table.shape[1] != k:
            raise ValueError(f"codes must hold {k} numbers each, but hold {table.shape[1]}")
        deviations = table - self.mean_
        if self.covariance == "diag":
            scales, whitened = self._factor, deviations / self._factor
        else:
            scales = np.diag(self._factor)
            whitened = np.linalg.solve(self._factor, deviations.T).T
        squares = np.sum(whitened**2, axis=1)
        densities = -0.5 * (k * np.log(2 * np.pi) + squares) - np.log(scales).sum()
        return finite(densities, "a log density")

    def _require_fitted(self) -> None:
        if not hasattr(self, "mean_"):
            raise ValueError("this GaussianSampler has seen no codes: call fit(codes) first")

    def __repr__(self) -> str:
        return f"GaussianSampler({self.covariance!r})"


@hinting
def generate(model: Any, density: Any, n: int, seed: int = 0) -> np.ndarray:
    """Decode n codes drawn from a density that was fitted to a model's codes.

    Parameters
    ----------
    model : Autoencoder, PCA or object with ``decode(z)``
        Trained.
    density : GaussianSampler, or object with ``sample(n)``
        Fitted. scikit-learn's ``GaussianMixture`` and ``KernelDensity`` will do: the codes may come
        alone or first in a tuple.
    n : int
        How many.
    seed : int, default 0
        Decides the codes, in place of the density's own ``random_state``, which stays as it is.

    Returns
    -------
    array, shape (n, *output_shape)
        What the codes stand for.

    Raises
    ------
    ValueError
        If `n` is below 1, or the codes do not fit the model.

    See Also
    --------
    GaussianSampler : A density of codes.
    Autoencoder.sample : For a variational model.
    plot.samples : Draws what comes out.

    Examples
    --------
    >>> import numpy as np, tinyae as tae
    >>> x = np.random.default_rng(0).normal(size=(100, 5))
    >>> pca = tae.PCA(2).fit(x)
    >>> tae.generate(pca, tae.GaussianSampler().fit(pca.encode(x)), 3).shape
    (3, 5)
    """
    with_methods("model", model, "decode")
    with_methods("density", density, "sample")
    seed = whole("seed", seed, least=0)
    codes = admit(_drawn(density, whole("n", n), seed), "the density's codes", dtype=np.float64)
    code_shape = model.decoder.input_shape if hasattr(model, "decoder") else None
    if code_shape is not None and codes.shape[1:] == (np.prod(code_shape),):
        codes = codes.reshape(len(codes), *code_shape)
    return model.decode(codes)


def _drawn(density: Any, n: int, seed: int) -> ArrayLike:
    options = inspect.signature(density.sample).parameters
    for name in ("seed", "random_state"):
        if name in options:
            return density.sample(n, **{name: seed})
    twin = copy.copy(density)  # GaussianMixture takes its seed from the object
    twin.random_state = seed
    drawn = twin.sample(n)
    return drawn[0] if isinstance(drawn, tuple) else drawn


def _cholesky(covariance: np.ndarray) -> np.ndarray:
    """L with L Lᵀ = C, through the correlations: units of any scale keep their digits."""
    scale = np.sqrt(np.diag(covariance))
    return scale[:, np.newaxis] * np.linalg.cholesky(covariance / np.outer(scale, scale))


def _flat(codes: np.ndarray) -> np.ndarray:
    # In C order always: that of a sum decides its last digits.
    return codes.reshape(len(codes), -1).astype(np.float64, order="C")
