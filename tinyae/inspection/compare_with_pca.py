"""`compare_with_pca`: how far a model is from the best that a linear one can do."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..autoencoder import Autoencoder
from ..checks.arguments import shown, whole
from ..checks.arrays import admit, row_slices
from ..checks.floating_point import finite, quiet
from ..checks.hints import hinting
from ..checks.overridden import describes
from ..checks.tables import table
from ..layers.layer import Layer
from ..linear.pca import PCA
from ..primitives.steps import Bias, Product, Reshape

SHOWN = 5  # angles
LINEAR = Product, Bias, Reshape  # steps
SMALLEST = 1e-290  # sum of squares that has all its digits
ROWS = 2048  # measured at a time


@dataclass(frozen=True, repr=False)
class PCAComparison:
    """The result of `compare_with_pca`; prints as a table.

    All errors are mean squared errors per number, whatever the model's loss.

    Attributes
    ----------
    code_size, k : int
        The numbers in a code of the model, and of PCA.
    samples, test_samples : int
        How many PCA was fitted on; and how many were held out, 0 if none.
    train_errors, test_errors : dict
        By "mean" (giving the mean sample for every one), "pca" and "model"; the second is empty
        if nothing was held out.
    linear : bool
        Whether the model is a linear map, so that PCA with as many numbers is its optimum.
    narrowest : int
        The fewest numbers between two layers, or in a sample: those of PCA as the optimum, whatever
        `k` is.
    gap : float or None
        Of a linear model: its error on the data PCA was fitted on, divided by the optimum's,
        minus 1.
    angles : array or None
        Of a linear model: the principal angles, in degrees, between what its decoder can reach and
        the span of the optimum's components, the smallest first. As many as the smaller of both
        has dimensions.
    """

    code_size: int
    k: int
    samples: int
    test_samples: int
    train_errors: dict[str, float]
    test_errors: dict[str, float]
    linear: bool
    narrowest: int
    gap: float | None
    angles: np.ndarray | None

    @property
    def errors(self) -> dict[str, float]:
        """On the held-out data if there is any, else on the data PCA was fitted on."""
        return self.test_errors or self.train_errors

    @property
    def variance_explained(self) -> dict[str, float]:
        """1 − error / error of the mean, by "pca" and "model", on the same data as `errors`."""
        return {name: _explained(self.errors, name) for name in ("pca", "model")}

    @property
    def ratio(self) -> float:
        """The model's error divided by PCA's, on the same data as `errors`."""
        return _ratio(self.errors["model"], self.errors["pca"])

    def __str__(self) -> str:
        splits = [("train", self.train_errors)]
        if self.test_errors:
            splits.append(("test", self.test_errors))
        rows = [
            ["", *(f"{split} {what}" for split, _ in splits for what in ("error", "explained"))]
        ]
        names = {
            "mean": "the mean alone",
            "pca": f"PCA, {_number(self.k, 'component')}",
            "model": f"model, {_number(self.code_size, 'code number')}",
        }
        for key, name in names.items():
            cells = ((f"{e[key]:.6g}", _percent(_explained(e, key))) for _, e in splits)
            rows.append([name, *(cell for pair in cells for cell in pair)])
        held_out = f", {self.test_samples:,} held out" if self.test_samples else ""
        lines = table(rows)
        lines.append(f"mean squared error per number; PCA fitted on {self.samples:,}{held_out}")
        lines.append(f"the model's error is {self.ratio:.4g} times PCA's")
        if self.gap is not None and self.angles is not None:
            other = f", PCA with {self.narrowest}" * (self.narrowest != self.k)
            lines.append(f"linear model: {_percent(self.gap)} above the closed-form optimum{other}")
            count = len(self.angles)
            few = "" if count <= SHOWN else f"{SHOWN} largest of {count} "
            shown = " ".join(f"{angle:.2f}°" for angle in self.angles[-SHOWN:])
            lines.append(f"{few}principal angles to PCA's: {shown}")
        return "\n".join(lines)

    __repr__ = __str__


@hinting
def compare_with_pca(
    model: Autoencoder, x: ArrayLike, k: int | None = None, *, x_test: ArrayLike | None = None
) -> PCAComparison:
    """Measure a model against PCA, the best linear autoencoder, on the same data.

    PCA is fitted on `x`, and both are measured on `x`; with `x_test` on that too. Give as `x` what
    the model was trained on, or PCA has seen what the model has not.

    Of a model that is a linear map (Dense, Flatten, Reshape and Activation layers, all linear) PCA
    with as many numbers is the optimum [1]_: then the gap to it and the principal angles between
    the two subspaces are given as well.

    An angle near 90° beside a small gap is a direction exchanged for another that explains almost
    as much.

    Parameters
    ----------
    model : Autoencoder
        Whose output has the shape of its input.
    x : array-like, shape (n, *input_shape), n ≥ 2
        The samples that the model was trained on.
    k : int, optional
        How many components. Default: as many as the code has numbers.
    x_test : array-like, shape (m, *input_shape), optional
        Others, on which both are measured too.

    Returns
    -------
    PCAComparison
        Prints as a table.

    Raises
    ------
    ValueError
        If an argument is not as described, or `k` is larger than a sample.

    See Also
    --------
    PCA : What is compared with.
    plot.spectrum : Its error by size of code.

    References
    ----------
    .. [1] P. Baldi and K. Hornik (1989), "Neural networks and principal component analysis:
       learning from examples without local minima".

    Examples
    --------
    >>> import tinyae as tae
    >>> x = tae.datasets.two_gaussians()[0]
    >>> ae = tae.Autoencoder([tae.Dense(1)], [tae.Dense(2)], optimizer=tae.Adam(0.01))
    >>> history = ae.fit(x, epochs=20, verbose=0)
    >>> report = tae.compare_with_pca(ae, x)
    >>> report.linear, abs(report.gap) < 0.01
    (True, True)
    """
    if not isinstance(model, Autoencoder):
        raise ValueError(f"model must be an Autoencoder, but got {shown(model)}")
    if not model.built:
        raise ValueError("model must be built: give it an input_shape, or call fit first")
    if model.input_shape != model.output_shape:
        raise ValueError(
            f"model must give back its input's shape, but it turns {model.input_shape} into "
            f"{model.output_shape}"
        )
    data = admit(x, "x", model.input_shape, model.dtype)
    held_out = None if x_test is None else admit(x_test, "x_test", model.input_shape, model.dtype)
    code_size = math.prod(model.encoder.output_shape)
    features = math.prod(data.shape[1:])
    flat = model.rescaled(data).reshape(len(data), -1)
    pca = optimum = PCA(_components(k, code_size, features)).fit(flat)
    train = _errors(model, pca, data)
    linear = all(map(_is_linear, model.layers))
    narrowest = min(features, *(math.prod(layer.output_shape) for layer in model.layers))
    least = train["pca"]
    if linear and narrowest != pca.n_components_:
        optimum = PCA(narrowest).fit(flat)
        least = float(optimum.reconstruction_error(flat).mean(dtype=np.float64))
    return PCAComparison(
        code_size=code_size,
        k=pca.n_components_,
        samples=len(data),
        test_samples=0 if held_out is None else len(held_out),
        train_errors=train,
        test_errors={} if held_out is None else _errors(model, pca, held_out),
        linear=linear,
        narrowest=narrowest,
        gap=_ratio(train["model"], least) - 1 if linear else None,
        angles=principal_angles(_reach(model), optimum.components_.T) if linear else None,
    )


@quiet
def principal_angles(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The principal angles between the spans of the columns of a (p, r) and b (p, s), in degrees.

    Ascending, as many as the smaller rank. Their cosines are the singular values of Aᵀ B for
    orthonormal bases A and B; their sines, which are exact for small angles, those of what A leaves
    of B (Å. Björck and G. Golub, "Numerical methods for computing angles between linear subspaces",
    1973).

    >>> principal_angles(np.eye(3)[:, :2], np.array([[1.0], [0.0], [1.0]])).round(6)
    array([45.])
    """
    small, large = sorted((_basis(a), _basis(b)), key=lambda basis: basis.shape[1])
    shadow = large.T @ small
    cosines = np.linalg.svd(shadow, compute_uv=False)
    sines = np.linalg.svd(small - large @ shadow, compute_uv=False)[::-1]
    return np.degrees(np.arctan2(sines, cosines))


def _basis(columns: np.ndarray) -> np.ndarray:
    """An orthonormal basis of the columns' span."""
    left, values, _ = np.linalg.svd(columns.astype(np.float64), full_matrices=False)
    smallest = values.max(initial=0) * max(columns.shape) * np.finfo(columns.dtype).eps
    return left[:, values > smallest]


def _reach(model: Autoencoder) -> np.ndarray:
    """The matrix of a linear decoder: a column for each number of the code, (p, code size)."""
    decoder, shape = model.decoder, model.decoder.input_shape
    units = np.eye(math.prod(shape)).reshape(-1, *shape)
    at_zero = decoder.predict(np.zeros((1, *shape)))
    return _difference(decoder.predict(units), at_zero).reshape(len(units), -1).T


@quiet
def _difference(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return finite(a - b, "what the decoder can reach")


def _is_linear(layer: Layer) -> bool:
    known = describes(layer, "steps") and not layer.random
    return known and all(isinstance(step, LINEAR) for step in layer.steps())


def _components(k: int | None, code_size: int, features: int) -> int:
    if k is None:
        return min(code_size, features)
    return whole("k", k, most=features)


def _errors(model: Autoencoder, pca: PCA, x: np.ndarray) -> dict[str, float]:
    """Mean squared errors, summed up in float64 a stretch of rows at a time; of a model that begins
    with `Rescaling` those of the numbers that it gives back.
    """
    sums = dict.fromkeys(("mean", "pca", "model"), 0.0)
    for rows in row_slices(len(x), ROWS):
        flat = model.rescaled(x[rows]).reshape(rows.stop - rows.start, -1)
        outputs = {
            "mean": pca.mean_,
            "pca": pca.reconstruct(flat),
            "model": model.reconstruct(x[rows]).reshape(flat.shape),
        }
        for name, output in outputs.items():
            sums[name] += _squared_distance(flat, output)
    errors = {name: total / x.size for name, total in sums.items()}
    if not all(map(math.isfinite, sums.values())):
        raise ValueError("squared errors overflow float64: scale the data down")
    if sums["mean"] < SMALLEST and (x != x[:1]).any():
        raise ValueError("squared errors are lost in float64: scale the data up")
    return errors


@quiet
def _squared_distance(x: np.ndarray, y: np.ndarray) -> float:
    difference = np.subtract(x, y, dtype=np.float64)
    return float(np.vdot(difference, difference))


def _explained(errors: dict[str, float], name: str) -> float:
    return 1 - _ratio(errors[name], errors["mean"])


def _ratio(error: float, other: float) -> float:
    if other == 0:
        return 1.0 if error == 0 else math.inf
    return error / other


def _percent(share: float) -> str:
    return f"{100 * share:.4g}%"


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"
