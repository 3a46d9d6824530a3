"""Rows that an autoencoder cannot give back are outliers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import OutlierMixin

from ..autoencoder import Autoencoder
from ..checks.arguments import number
from ..inspection.anomalies import AnomalyDetector, Explanation
from ..maths.losses import AnyLoss
from .estimator import ATTRIBUTES, PARAMETERS, AutoencoderEstimator, as_samples


class AutoencoderOutlierDetector(OutlierMixin, AutoencoderEstimator):
    __doc__ = f"""Outliers are what an autoencoder of the other samples cannot reconstruct.

    Features should be of like scales: put a ``StandardScaler()`` before it.
{PARAMETERS.rstrip()}
    contamination : float, default 0.1
        The share of the samples it is trained on that are taken for outliers, above 0, at most 0.5.
{ATTRIBUTES.rstrip()}
    anomalies_ : AnomalyDetector
        Of the model, with the same threshold.
    offset_ : float
        The score below which a sample is an outlier. After `partial_fit` it is that of the latest
        samples.

    See Also
    --------
    AutoencoderTransformer : Gives codes.
    tinyae.AnomalyDetector : The same for a trained model.

    Examples
    --------
    >>> import numpy as np
    >>> from tinyae.sklearn import AutoencoderOutlierDetector
    >>> X = np.random.default_rng(0).normal(size=(200, 5))
    >>> X[:, 4] = X[:, 0]
    >>> detector = AutoencoderOutlierDetector(4, contamination=0.01, random_state=0).fit(X)
    >>> detector.predict([[1, 0, 0, 0, 1], [1, 0, 0, 0, -3]])
    array([ 1, -1])
    """

    def __init__(
        self,
        n_components: int = 2,
        hidden: Sequence[int] = (32,),
        activation: str = "relu",
        loss: str | AnyLoss = "mse",
        epochs: int = 100,
        batch_size: int = 32,
        learning_rate: float = 1e-3,
        random_state: int | np.random.RandomState | None = None,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        threads: int | None = None,
        verbose: int = 0,
        build: Callable[[int], Autoencoder] | None = None,
        contamination: float = 0.1,
    ):
        super().__init__(
            n_components=n_components,
            hidden=hidden,
            activation=activation,
            loss=loss,
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
            random_state=random_state,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            n_iter_no_change=n_iter_no_change,
            threads=threads,
            verbose=verbose,
            build=build,
        )
        self.contamination = contamination

    def score_samples(self, X: ArrayLike) -> np.ndarray:
        """The loss of each sample of `X` with a minus, shape (n,): the lower, the stranger."""
        return -self._errors(self._admit(X))

    def decision_function(self, X: ArrayLike) -> np.ndarray:
        """The `score_samples` of `X` less `offset_`: negative for outliers."""
        return self.score_samples(X) - self.offset_

    def predict(self, X: ArrayLike) -> np.ndarray:
        """What each sample of `X` is, shape (n,): -1 for outliers, 1 for others."""
        return np.where(self.decision_function(X) < 0, -1, 1)

    def explain(self, X: ArrayLike) -> Explanation:
        """Which features of samples `X` are to blame for their scores: by `anomalies_`."""
        return self.anomalies_.explain(as_samples(self._admit(X), self.autoencoder_.input_shape))

    def _check_arguments(self) -> None:
        super()._check_arguments()
        if not 0 < number("contamination", self.contamination) <= 0.5:
            raise ValueError(
                f"contamination must be above 0 and at most 0.5, but got {self.contamination}"
            )

    def _learned_from(self, rows: np.ndarray) -> None:
        ordinary = 1 - float(self.contamination)
        detector = AnomalyDetector(self.autoencoder_, ordinary)
        self.anomalies_ = detector.fit(as_samples(rows, self.autoencoder_.input_shape))
        self.offset_ = -detector.threshold_
