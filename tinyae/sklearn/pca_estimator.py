"""tinyae's PCA where scikit-learn wants an estimator."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted, validate_data

from ..checks.undo import unchanged_if_refused
from ..linear.pca import PCA as Projection

REAL = (np.float64, np.float32)  # what others become the first of


class PCA(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """`tinyae.PCA` as an estimator of scikit-learn's.

    Parameters
    ----------
    n_components : int, float or None
        As of `tinyae.PCA`: a count, a share of the variance to keep, or None for all.
    whiten : bool, default False
        Whether codes have a variance of 1.

    Attributes
    ----------
    pca_ : tinyae.PCA
    components_, mean_, explained_variance_, explained_variance_ratio_ : ndarray
    singular_values_ : ndarray
        √((n − 1) variance), those of the centred data.
    noise_variance_ : float
    n_components_, n_samples_seen_, n_features_in_ : int
    feature_names_in_ : ndarray of str
        Where the data had names.

    See Also
    --------
    tinyae.PCA : The same without scikit-learn.
    AutoencoderTransformer : For data that do not lie on a plane.

    Examples
    --------
    >>> import numpy as np
    >>> from tinyae.sklearn import PCA
    >>> PCA(1).fit_transform(np.array([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0]])).round(6)
    array([[-5.],
           [ 0.],
           [ 5.]])
    """

    def __init__(self, n_components: int | float | None = None, whiten: bool = False):
        self.n_components = n_components
        self.whiten = whiten

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Learn from `X` of shape (n, p), n ≥ 2, which may be sparse; `y` is ignored."""
        with unchanged_if_refused(self):
            pca = Projection(self.n_components, self.whiten)
            rows = self._validated(X, reset=True, ensure_min_samples=2)
            self.pca_ = pca.fit(rows)
        return self

    def partial_fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Learn from `X` in addition, as if all calls' rows had come at once; `y` is ignored."""
        first = not hasattr(self, "pca_")
        with unchanged_if_refused(self):
            pca = Projection(self.n_components, self.whiten) if first else self.pca_
            rows = self._validated(X, reset=first)
            self.pca_ = pca.partial_fit(rows)
        return self

    def transform(self, X: ArrayLike) -> np.ndarray:
        """The codes of `X`, shape (n, k)."""
        return self.pca_.encode(self._admit(X))

    def inverse_transform(self, X: ArrayLike) -> np.ndarray:
        """The points that codes `X` of shape (n, k) stand for, shape (n, p)."""
        check_is_fitted(self)
        return self.pca_.decode(check_array(X, dtype=REAL, estimator=self, input_name="X"))

    def score_samples(self, X: ArrayLike) -> np.ndarray:
        """The log-likelihood of each sample of `X`, shape (n,), as of `tinyae.PCA`."""
        return self.pca_.score_samples(self._admit(X))

    def score(self, X: ArrayLike, y: Any = None) -> float:
        """The mean of `score_samples` of `X`; `y` is ignored."""
        return self.pca_.score(self._admit(X))

    def _admit(self, X: ArrayLike) -> Any:
        check_is_fitted(self)
        return self._validated(X, reset=False)

    def _validated(self, X: ArrayLike, **options: Any) -> Any:
        return validate_data(self, X, dtype=REAL, accept_sparse="csr", **options)

    @property
    def components_(self) -> np.ndarray:
        return self.pca_.components_

    @property
    def mean_(self) -> np.ndarray:
        return self.pca_.mean_

    @property
    def explained_variance_(self) -> np.ndarray:
        return self.pca_.explained_variance_

    @property
    def explained_variance_ratio_(self) -> np.ndarray:
        return self.pca_.explained_variance_ratio_

    @property
    def singular_values_(self) -> np.ndarray:
        return np.sqrt((self.n_samples_seen_ - 1) * self.explained_variance_)

    @property
    def noise_variance_(self) -> float:
        return self.pca_.noise_variance_

    @property
    def n_components_(self) -> int:
        return self.pca_.n_components_

    @property
    def n_samples_seen_(self) -> int:
        return self.pca_.n_samples_seen_

    @property
    def _n_features_out(self) -> int:
        return self.n_components_

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = [dtype.__name__ for dtype in REAL]
        return tags
