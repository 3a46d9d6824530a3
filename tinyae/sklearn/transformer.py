"""Rows to codes and back."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted

from .estimator import ATTRIBUTES, PARAMETERS, REAL, AutoencoderEstimator, as_samples


class AutoencoderTransformer(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, AutoencoderEstimator
):
    __doc__ = f"""Codes of a few numbers, from which an autoencoder gives the features back.

    Features should be of like scales: put a ``StandardScaler()`` before it.
{PARAMETERS}{ATTRIBUTES}
    See Also
    --------
    PCA : The linear one.
    AutoencoderOutlierDetector : Finds outliers.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from tinyae.sklearn import AutoencoderTransformer
    >>> X = np.random.default_rng(0).normal(size=(200, 5)) @ np.diag([9, 3, 1, 1, 1])
    >>> pipe = make_pipeline(StandardScaler(), AutoencoderTransformer(2, random_state=0))
    >>> pipe.fit_transform(X).shape
    (200, 2)
    >>> pipe.get_feature_names_out()
    array(['autoencodertransformer0', 'autoencodertransformer1'], dtype=object)
    """

    def transform(self, X: ArrayLike) -> np.ndarray:
        """The codes of `X` of shape (n, p), each as one row."""
        rows = self._admit(X)
        codes = self.autoencoder_.encode(as_samples(rows, self.autoencoder_.input_shape))
        return codes.reshape(len(rows), -1).astype(rows.dtype, copy=False)

    def inverse_transform(self, X: ArrayLike) -> np.ndarray:
        """What the decoder makes of codes `X`, as rows of p features."""
        check_is_fitted(self)
        codes = check_array(X, dtype=REAL, estimator=self, input_name="X")
        if codes.shape[1] != self._n_features_out:
            raise ValueError(
                f"X must have the {self._n_features_out} features of a code, but it has "
                f"{codes.shape[1]}"
            )
        rows = self.autoencoder_.decode(as_samples(codes, self.autoencoder_.encoder.output_shape))
        return rows.reshape(len(codes), -1).astype(codes.dtype, copy=False)

    @property
    def _n_features_out(self) -> int:
        return int(np.prod(self.autoencoder_.encoder.output_shape))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = [dtype.__name__ for dtype in REAL]
        return tags
