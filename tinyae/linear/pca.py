"""Principal component analysis: the best that a linear autoencoder can reach.

It has the methods of an autoencoder (`encode`, `decode`, `reconstruct`), so it stands beside one as
the closed-form yardstick. For data of any shape: what it keeps of them is a p × p matrix, or fewer
than max(1024, 4 p) rows.
"""

from __future__ import annotations

import os
from typing import Any, ClassVar, NoReturn

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from ..checks.arguments import flag
from ..checks.arrays import admit, row_chunks
from ..checks.attributes import Checked
from ..checks.floating_point import finite, quiet
from ..checks.handed_out import lasting
from ..checks.n_components import check_count, check_n_components
from ..checks.tables import figure, percent, table
from ..decomposition.merging import learn_together
from ..decomposition.moments import Moments, real
from ..decomposition.solvers import Decomposition, decompose, learn
from ..decomposition.sparse import SparseRows, admit_samples, admit_table
from ..files.archive import ModelFile, write
from ..files.fields import refusing
from ..ranks.together import interruptible, together
from ..saving import saved

SHOWN = 5  # components, of as many as there are
LEARNED = ("_moments", "_decomposition", "_dtype")  # which change at once, as Ctrl-C may come


class PCA(Checked):
    """Projection on the directions of largest variance.

    The components are eigenvectors of the covariance of the centred data,

        C = (1 / (n - 1)) Σ (x - mean)(x - mean)',    C vᵢ = λᵢ vᵢ,    λ₁ ≥ λ₂ ≥ …,

    a code is z = V (x - mean), its reconstruction mean + V'z. No other linear map to k numbers and
    back has a smaller mean squared error [1]_.

    Parameters
    ----------
    n_components : int, float or None
        How many components to keep: a count from 1 to p; or, as a float in (0, 1], the share of the
        variance to keep, which takes the smallest number that reaches it; or None for min(n, p).
        A count above the rank of the data is honoured too: the further directions complete an
        orthonormal set and have variance zero. It may change later; what `fit` has kept of the data
        is sure to be right for as many components as it was to find.
    whiten : bool, default False
        Whether `encode` divides each code by the square root of its component's variance, so that
        those of the data have variance 1, and `decode` multiplies. Codes of variance 0 stay.

    Attributes
    ----------
    components_ : ndarray, shape (k, p)
        Orthonormal rows; in each the entry of largest magnitude is positive.
    mean_ : ndarray, shape (p,)
    explained_variance_ : ndarray of float64, shape (k,)
        λ₁ … λₖ with divisor n - 1; 0 for what is no more than rounding.
    explained_variance_ratio_ : ndarray of float64, shape (k,)
        The same divided by the sum of all p variances; zeros where that sum is zero.
    noise_variance_ : float
        The mean of the other min(n, p) − k variances, of which only their sum need be known: its
        rounding is that of the variance of all. 0 if there is none.
    n_components_, n_features_in_, n_samples_seen_ : int
        k, p and n.

    Raises
    ------
    ValueError
        If `n_components` is neither; and, by every attribute and method that needs it, before the
        first `fit` or `partial_fit`.

    See Also
    --------
    compare_with_pca : A model and PCA on the same data.
    tinyae.sklearn.PCA : The same for scikit-learn's tools.

    Notes
    -----
    float32 stays float32 and everything else becomes float64: in `components_` and `mean_` by the
    data fitted, in results by the data given.

    Each variance is right to a millionth of its own size (float32 data: 1e-5), or, where columns
    nearly depend on each other, to their rounding, (1e-15 Σⱼ |vᵢⱼ| sⱼ)² with standard deviations s;
    each component to the same over the relative gap to the next variance. So columns may have any
    scales side by side, and `partial_fit` promises what `fit` does. ``solvers`` in
    ``tinyae/decomposition`` takes the fastest way that keeps this: in the usual case eigenvectors
    of the p × p matrix of products, or of the n × n matrix where samples are fewer; the few largest
    of large ones by block Lanczos, and where n and p are large, by products with the data alone.

    `x` may be a matrix or array of scipy.sparse, in all methods: its mean is taken off what is made
    of it. No array of all its places is made but where its columns' scales need one.

    References
    ----------
    .. [1] P. Baldi and K. Hornik (1989), "Neural networks and principal component analysis:
       learning from examples without local minima".

    Examples
    --------
    >>> import numpy as np, tinyae as tae
    >>> x = np.array([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0]])  # all on one line
    >>> pca = tae.PCA(1).fit(x)
    >>> pca.components_
    array([[0.6, 0.8]])
    >>> pca.encode(x).round(6)
    array([[-5.],
           [ 0.],
           [ 5.]])
    >>> bool(np.allclose(pca.reconstruct(x), x))
    True
    """

    closed = True
    checks: ClassVar = {"n_components": check_n_components, "whiten": flag}

    def __init__(self, n_components: int | float | None = None, whiten: bool = False):
        self._moments: Moments | None = None
        self._dtype: np.dtype = np.dtype(np.float64)
        self._decomposition: Decomposition | None = None
        self.n_components, self.whiten = n_components, whiten

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "n_components" and self._moments is not None:
            value = check_n_components(name, value)
            if self._moments.form == "none":
                raise ValueError(
                    "this PCA was saved without training_state, so its n_components stays"
                )
            check_count(value, self.n_features_in_)
            moments = self._moments._replace(least=0.0)  # which was for as many as before
            # another decomposition is found when it is asked for
            vars(self).update(n_components=value, _moments=moments, _decomposition=None)
            return
        super().__setattr__(name, value)

    def __repr__(self) -> str:
        """With what it has learned, as far as that has been computed."""
        start = f"PCA(n_components={self.n_components})"
        if self._moments is None:
            return start
        start += f", {self.n_samples_seen_:,} samples of {self.n_features_in_:,} features"
        found = self._decomposition
        if found is None:
            return start
        rows = [("component", "variance", "share")]
        pairs = zip(found.variance, found.variance_ratio, strict=True)
        for position, (variance, ratio) in enumerate(pairs, 1):
            rows.append((str(position), figure(variance), percent(ratio, 1)))
        rows[SHOWN + 1 :] = []
        kept, share = found.variance.sum(), found.variance_ratio.sum()
        rows.append(("all kept", figure(kept), percent(share, 1)))
        return "\n".join([start, *table(rows)])

    @quiet
    def fit(
        self, x: ArrayLike, y: object = None, *, comm: Any = None, sharded: bool = False
    ) -> PCA:
        """Learn from `x` of shape (n, p), n ≥ 2, and forget what was learned before.

        `y` is ignored: pipelines pass targets to every step. With `comm` and `sharded` all ranks
        learn from the samples of all, as for `Autoencoder.fit`.
        """
        with together(comm) as ranks, interruptible(ranks):
            sharded, array = flag("sharded", sharded), admit_table(x)
            check_count(self.n_components, array.shape[1])
            learned = learn_together(array, self.n_components, ranks, sharded)
        vars(self).update(zip(LEARNED, learned, strict=True))
        return self

    @quiet
    def partial_fit(self, x: ArrayLike) -> PCA:
        """Learn from `x` of shape (n, p) in addition, as if all calls' rows had come in one `fit`.

        A stream may begin with a single sample, whose variance counts as zero. The eigenvectors are
        recomputed when they are next asked for, so a call mostly costs the products of its rows.
        """
        array = admit_table(x, None if self._moments is None else self.n_features_in_)
        check_count(self.n_components, array.shape[1])
        known, dtype = self._moments, real(array)
        if known is not None:
            dtype = np.promote_types(self._dtype, dtype)
            if known.form == "none":
                raise ValueError(
                    "this PCA was saved without training_state, so partial_fit cannot go on with it"
                )
        learned = learn(array, self.n_components, dtype, known)
        vars(self).update(zip(LEARNED, (*learned, dtype), strict=True))
        return self

    def fit_transform(self, x: ArrayLike, y: object = None) -> np.ndarray:
        """What ``fit(x).encode(x)`` gives; `y` is ignored."""
        return self.fit(x).encode(x)

    @quiet
    def encode(self, x: ArrayLike) -> np.ndarray:
        """The codes V (x - mean), shape (n, k), of `x` of shape (n, p); see also `whiten`."""
        array = admit_samples(x, self.n_features_in_)
        codes = np.empty((len(array), self.n_components_), real(array))
        components = (self.components_ / self._scales()).astype(codes.dtype, copy=False)
        if isinstance(array, SparseRows):
            codes[...] = array.matrix @ components.T - self.mean_.astype(codes.dtype) @ components.T
            return finite(codes, "a code")
        for rows in row_chunks(len(array), array[:1].nbytes):
            np.matmul(self._centred(array[rows], codes.dtype), components.T, out=codes[rows])
        return finite(codes, "a code")

    @quiet
    def decode(self, z: ArrayLike) -> np.ndarray:
        """The points mean + V'z, shape (n, p), of codes `z` of shape (n, k)."""
        codes = admit(z, "z", (self.n_components_,), np.float64)
        dtype = real(codes)
        # contiguous: strided codes take another way through BLAS, to other last digits
        components = (self.components_ * self._scales()).astype(dtype, copy=False)
        points = np.ascontiguousarray(codes, dtype) @ components
        points += self.mean_.astype(dtype, copy=False)
        return finite(points, "a point")

    def reconstruct(self, x: ArrayLike) -> np.ndarray:
        """``decode(encode(x))``: the nearest point to each row of `x` that k numbers can name."""
        return self.decode(self.encode(x))

    def transform(self, x: ArrayLike) -> np.ndarray:
        """``encode(x)``, by scikit-learn's name."""
        return self.encode(x)

    def inverse_transform(self, z: ArrayLike) -> np.ndarray:
        """``decode(z)``, by scikit-learn's name."""
        return self.decode(z)

    @quiet
    def score_samples(self, x: ArrayLike) -> np.ndarray:
        """The log-likelihood of each sample of `x` of shape (n, p), shape (n,), in nats.

        Of probabilistic PCA [1]_: a normal distribution whose covariance has the variances found
        along the components and `noise_variance_` in all other directions.

        Returns
        -------
        array, shape (n,)
            The natural logarithm of the density.

        Raises
        ------
        ValueError
            If one of these is 0, so that there is no density.

        References
        ----------
        .. [1] M. Tipping and C. Bishop (1999), "Probabilistic principal component analysis".
        """
        array, found = admit_samples(x, self.n_features_in_), self._decomposed()
        others = self.n_features_in_ - self.n_components_
        noise, variance = found.noise_variance, found.variance
        if not variance[-1] > 0 or (others and not noise > 0):
            raise ValueError(
                "there is no density, since the data have no variance "
                + ("along a component" if not variance[-1] > 0 else "beside the components")
                + ": fit fewer components, or more samples"
            )
        scores = np.empty(len(array), real(array))
        constant = np.log(variance).sum() + len(found.mean) * np.log(2 * np.pi)
        constant += others * np.log(noise) if others else 0.0
        for rows in row_chunks(len(array), array[:1].nbytes):
            residual, codes = self._apart(array[rows], np.dtype(np.float64))
            squares = np.square(codes / np.sqrt(variance)).sum(axis=1)
            if others:
                squares += np.square(residual).sum(axis=1) / noise
            scores[rows] = -(constant + squares) / 2
        return finite(scores, "a score")

    def score(self, x: ArrayLike, y: object = None) -> float:
        """The mean of `score_samples(x)`; `y` is ignored."""
        return float(self.score_samples(x).mean(dtype=np.float64))

    @quiet
    def reconstruction_error(self, x: ArrayLike, per_feature: bool = False) -> np.ndarray:
        """The squared error of the reconstruction of `x` of shape (n, p).

        Its mean over the features, shape (n,); with `per_feature` each feature's, shape (n, p).
        """
        array, per_feature = admit_samples(x, self.n_features_in_), flag("per_feature", per_feature)
        dtype = real(array)
        errors = np.empty(array.shape if per_feature else len(array), dtype)
        for rows in row_chunks(len(array), array[:1].nbytes):
            residual, _ = self._apart(array[rows], dtype)
            np.square(residual, out=residual)
            errors[rows] = residual if per_feature else residual.mean(axis=1)
        return finite(errors, "an error")

    def save(self, path: str | os.PathLike[str], training_state: bool = False) -> None:
        """Write what was learned to one file, for `tinyae.load`.

        Parameters
        ----------
        path : str or path-like
            Written exactly there; a file that is there is replaced once the new one is whole.
        training_state : bool, default False
            Whether to add what `partial_fit` needs to go on: a p × p matrix, or rows of p numbers.

        Raises
        ------
        ValueError
            If nothing has been learned.
        OSError
            If the file cannot be written; one that was there is as before.
        """
        write(path, *self.to_file(training_state))

    def __sklearn_clone__(self) -> NoReturn:
        raise TypeError("scikit-learn's tools are for tinyae.sklearn.PCA, not for tinyae.PCA")

    def to_file(self, training_state: bool = False) -> tuple[dict, dict[str, np.ndarray]]:
        """What `save` writes, for the same `training_state`: the document and the arrays."""
        training_state = flag("training_state", training_state)
        data, found = self._fitted(), self._decomposed()
        if training_state and data.form == "none":
            raise ValueError("this PCA was loaded without its training_state, so it has none")
        arguments = {"n_components": self.n_components, "whiten": self.whiten}
        return saved.document_of(arguments, data, found, training_state)

    @classmethod
    def from_file(cls, file: ModelFile) -> PCA:
        """What `save` wrote into the `file`."""
        arguments, data, found = saved.read(file)
        with refusing("the model"):
            pca = cls(**arguments)
        pca._moments, pca._decomposition, pca._dtype = data, found, found.components.dtype
        return pca

    @property
    def components_(self) -> np.ndarray:
        return lasting(self._decomposed().components)

    @property
    def mean_(self) -> np.ndarray:
        return lasting(self._decomposed().mean)

    @property
    def explained_variance_(self) -> np.ndarray:
        return lasting(self._decomposed().variance)

    @property
    def explained_variance_ratio_(self) -> np.ndarray:
        return lasting(self._decomposed().variance_ratio)

    @property
    def noise_variance_(self) -> float:
        return self._decomposed().noise_variance

    @property
    def n_components_(self) -> int:
        return len(self.components_)

    @property
    def n_features_in_(self) -> int:
        return len(self._fitted().mean)

    @property
    def n_samples_seen_(self) -> int:
        return self._fitted().samples

    def _fitted(self) -> Moments:
        if self._moments is None:
            raise ValueError("this PCA has seen no data: call fit(x) first")
        return self._moments

    @quiet
    def _decomposed(self) -> Decomposition:
        if self._decomposition is None:
            self._decomposition = decompose(self._fitted(), self.n_components, self._dtype)
        return self._decomposition

    def _scales(self) -> np.ndarray:
        """What whitened codes are divided by, shape (k, 1): no variance, no change."""
        deviations = np.sqrt(self._decomposed().variance)[:, np.newaxis]
        return np.where((deviations > 0) & self.whiten, deviations, 1)

    def _apart(self, rows: np.ndarray, dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
        """What is beside the components, and the codes along them."""
        residual = self._centred(rows, dtype)
        components = self.components_.astype(dtype, copy=False)
        codes = residual @ components.T
        residual -= codes @ components
        return residual, codes

    def _centred(self, rows: np.ndarray, dtype: DTypeLike) -> np.ndarray:
        centred = np.empty(rows.shape, dtype)
        return np.subtract(rows, self.mean_.astype(dtype, copy=False), out=centred)
