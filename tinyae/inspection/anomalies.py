"""`AnomalyDetector`: what a model reconstructs badly, and which features are to blame."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from ..checks.arguments import between, finite_number, flag, with_methods
from ..checks.arrays import row_slices
from ..checks.attributes import Checked
from ..checks.floating_point import finite, quiet
from ..checks.guises import numbers
from ..checks.handed_out import lasting
from ..checks.hints import hinting
from ..checks.rows import parts
from ..checks.tables import cut, figure, table
from ..decomposition.sparse import SparseRows, admit_table
from ..files.archive import ModelFile, ModelFormatError, write
from ..files.fields import fields, refusing
from ..linear.pca import PCA

KIND = "anomaly_detector"
CHUNK = 1 << 20  # numbers whose errors are in memory at a time
SHOWN = 5  # samples in a table, and features of each


@dataclass(frozen=True, repr=False)
class Explanation:
    """What `AnomalyDetector.explain` found; prints as a table.

    Attributes
    ----------
    x : array, shape (n, ...)
        The samples.
    scores : array, shape (n,)
    threshold : float
    blame : array, shape (n, ...)
        By how much each feature's error is above what is usual for it: its mean over a sample is
        the sample's score less the mean score of the data fitted.
    ranking : array of int, shape (n, features)
        The features of each sample as places in it laid out flat, the most to blame first;
        ``np.unravel_index(ranking[i], x.shape[1:])`` are rows and columns.
    """

    x: np.ndarray
    scores: np.ndarray
    threshold: float
    blame: np.ndarray
    ranking: np.ndarray

    def __repr__(self) -> str:
        rows: list[tuple[str, ...]] = [("sample", "score", "", "most to blame")]
        for i, score in enumerate(self.scores[:SHOWN]):
            places = self.ranking[i, :SHOWN]
            above, flat = _above(score, self.threshold), self.blame[i].reshape(-1)
            named = (f"{self._name(place)} {flat[place]:+.2g}" for place in places)
            most = cut(", ".join(named), 48).rstrip()
            rows.append((str(i), figure(score), "anomaly" * bool(above), most))
        more = [f"and {len(self.scores) - SHOWN:,} more"] * (len(self.scores) > SHOWN)
        return "\n".join([*table(rows, alignment="<><<"), *more])

    def _name(self, place: int) -> str:
        shape = self.blame.shape[1:]
        where = tuple(map(int, np.unravel_index(place, shape)))
        if len(shape) > 1 and shape[-1] == 1:  # the only channel
            where = where[:-1]
        if len(where) == 1:
            return f"step {where[0]}" if len(shape) > 1 else str(where[0])
        return str(where)


def _samples(x: Any, model: Any) -> Any:
    """An array of samples, or files that stand for their rows; not empty. PCA's may be sparse."""
    if isinstance(model, PCA) and isinstance(sparse := admit_table(x), SparseRows):
        return sparse.matrix
    files = parts(x, "x")
    rows = numbers(x, "x") if files is None else files
    if not rows.size or rows.ndim < 2:
        raise ValueError(f"x must hold samples, shape (n, ...), but its shape is {rows.shape}")
    return rows


@quiet
def _above(scores: Any, threshold: float) -> Any:
    """Whether they are anomalies; a threshold beyond the dtype of the scores is above all."""
    return scores > threshold


class AnomalyDetector(Checked):
    """Says of samples whether they are strange to a trained model, by its reconstruction error.

    The threshold is a quantile of the errors of data that are ordinary. Data that the model was not
    trained on are best: those that it was trained on it reconstructs better than others.

    Parameters
    ----------
    model : Autoencoder, PCA, or an object with ``reconstruction_error(x, per_feature=False)``
        Trained. It may be trained on; then `fit` is to be called again.
    quantile : float, default 0.99
        The share of the ordinary samples that are to be taken for ordinary.

    Attributes
    ----------
    threshold_ : float
        What a score must exceed. It may be set.
    usual_ : array of float64, the shape of one sample, or None
        Each feature's mean error on the data fitted; None if the model's loss does not tell it.

    Raises
    ------
    ValueError
        If an argument is not as described; and before `fit` by all that needs it.

    See Also
    --------
    plot.scores : How scores are distributed.
    plot.blame : Which features are to blame.
    tinyae.sklearn.AutoencoderOutlierDetector : The same for scikit-learn's tools.

    Examples
    --------
    >>> import numpy as np, tinyae as tae
    >>> x = np.random.default_rng(0).normal(size=(500, 3)) * [5.0, 1.0, 0.1]
    >>> detector = tae.AnomalyDetector(tae.PCA(2).fit(x)).fit(x)
    >>> detector.predict([[5.0, 1.0, 0.1], [5.0, 1.0, 3.0]])
    array([False,  True])
    >>> int(detector.explain([[5.0, 1.0, 3.0]]).ranking[0, 0])
    2
    """

    checks: ClassVar = {
        "model": lambda name, model: with_methods(name, model, "reconstruction_error"),
        "quantile": between,
        "threshold_": finite_number,
    }
    closed = True

    def __init__(self, model: Any, quantile: float = 0.99):
        self._threshold: float | None = None
        self._usual: np.ndarray | None = None
        self.model, self.quantile = model, quantile

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name == "model":  # of which nothing is known
            self._threshold = self._usual = None

    def __repr__(self) -> str:
        fitted = "" if self._threshold is None else f", threshold {self._threshold:g}"
        return f"AnomalyDetector({type(self.model).__name__}, quantile={self.quantile:g}){fitted}"

    @hinting
    def fit(self, x: ArrayLike) -> Self:
        """Take the threshold from ordinary samples x (n, ...)."""
        if not getattr(self.model, "built", True):
            raise ValueError("the model has learned nothing yet: call its fit(x) first")
        x = _samples(x, self.model)
        scores = self._scores(x)
        usual = self._usual_errors(x) if self._says_features(x) else None
        self._threshold = float(quiet(np.quantile)(scores.astype(np.float64), self.quantile))
        self._usual = usual
        return self

    @hinting
    def score(self, x: ArrayLike) -> np.ndarray:
        """How strange samples x (n, ...) are: their reconstruction errors (n,)."""
        return self._scores(_samples(x, self.model))

    @hinting
    def predict(self, x: ArrayLike) -> np.ndarray:
        """Whether samples x (n, ...) are anomalies, (n,): score above `threshold_`."""
        threshold = self.threshold_
        return _above(self._scores(_samples(x, self.model)), threshold)

    @hinting
    def explain(self, x: ArrayLike) -> Explanation:
        """Which features of samples x (n, ...) are to blame for their scores.

        Draw it by `tinyae.plot.blame`, images by `tinyae.plot.blame_map`.
        """
        threshold, usual = self.threshold_, self._usual
        if usual is None:
            raise ValueError(
                f"explain needs a loss that says each element's share, but that of the "
                f"{type(self.model).__name__} does not: give it elements(output, target)"
            )
        x = _samples(x, self.model)
        scores, errors = self._scores(x), self._errors(x)
        blame = finite(quiet(np.subtract)(errors, usual), "a feature's error")
        ranking = np.argsort(-blame.reshape(len(blame), -1), axis=1, kind="stable")
        samples = x.toarray() if hasattr(x, "toarray") else np.array(x)
        return Explanation(samples, scores, threshold, blame, ranking)

    @property
    def threshold_(self) -> float:
        if self._threshold is None:
            raise ValueError("this AnomalyDetector has seen no data: call fit(x) first")
        return self._threshold

    @threshold_.setter
    def threshold_(self, value: float) -> None:
        self._threshold = value

    @property
    def usual_(self) -> np.ndarray | None:
        _ = self.threshold_
        return None if self._usual is None else lasting(self._usual)

    def _scores(self, x: Any) -> np.ndarray:
        scores = np.asarray(self.model.reconstruction_error(x))
        if scores.shape != x.shape[:1] or not np.isfinite(scores).all():
            raise ValueError(
                f"{type(self.model).__name__}.reconstruction_error must give one finite number for "
                f"each of {x.shape[0]:,} samples, but gave {scores.dtype} of shape {scores.shape}"
            )
        return scores

    def _errors(self, x: Any) -> np.ndarray:
        return np.asarray(self.model.reconstruction_error(x, per_feature=True))

    def _says_features(self, x: Any) -> bool:
        """Whether the model tells the error of each feature, found out on its first sample."""
        try:
            return self._errors(x[:1]).shape[:1] == (1,)
        except (TypeError, ValueError):  # the samples themselves are good: they have scores
            return False

    @quiet
    def _usual_errors(self, x: Any) -> np.ndarray:
        parts = row_slices(x.shape[0], max(1, CHUNK // math.prod(x.shape[1:])))
        sums = [self._errors(x[rows]).sum(axis=0, dtype=np.float64) for rows in parts]
        return finite(np.sum(sums, axis=0) / x.shape[0], "a feature's mean error")

    # Files

    def save(self, path: str | os.PathLike[str], training_state: bool = False) -> None:
        """Write the model and the detector to one file, for `tinyae.load`.

        Parameters
        ----------
        path : str or path-like
            Written exactly there; a file that is there is replaced once the new one is whole.
        training_state : bool, default False
            As for the model's own `save`.

        Raises
        ------
        ValueError
            If `fit` has not been called, or the model cannot be saved.
        OSError
            If the file cannot be written; one that was there is as before.
        """
        threshold, training_state = self.threshold_, flag("training_state", training_state)
        if not hasattr(self.model, "to_file"):
            raise ValueError(f"a detector of a {type(self.model).__name__} cannot be saved")
        document, arrays = self.model.to_file(training_state)
        own = {"kind": KIND, "quantile": self.quantile, "threshold": threshold}
        own["explains"] = self._usual is not None
        usual = {} if self._usual is None else {"usual": self._usual}
        write(path, {**own, "model": document}, {**arrays, **usual})

    @classmethod
    def from_file(cls, file: ModelFile, read_model: Callable[[], Any]) -> AnomalyDetector:
        """What `save` wrote; `read_model` reads the model from what is left of the file."""
        types = {"quantile": float, "threshold": float, "explains": bool, "model": dict}
        quantile, threshold, explains, file.document = fields("the document", file.document, types)
        usual = file.take("usual", np.float64) if explains else None
        model = read_model()
        with refusing("the detector"):
            detector = cls(model, quantile)
            detector.threshold_ = threshold
        if usual is not None:
            pca_shape = (getattr(model, "n_features_in_", None),)
            if usual.shape != getattr(model, "output_shape", pca_shape):
                raise ModelFormatError(f"'usual' has the shape {usual.shape}, unlike the samples")
            detector._usual = usual
        return detector
