"""Estimators for scikit-learn, which they need (``pip install "tinyae[sklearn]"``).

    from tinyae.sklearn import AutoencoderTransformer

They go where scikit-learn's own go: into pipelines, searches, `clone` and joblib.

Read ``estimator`` (how a model is made and trained), ``transformer`` and ``outlier_detector`` (what
it is used for), then ``pca_estimator``.
"""

from typing import Any

from ..checks.extras import needs
from ..checks.public_names import on_first_use

_find, __dir__, __all__ = on_first_use(__name__)


def __getattr__(name: str) -> Any:
    with needs("tinyae.sklearn needs", "sklearn", "scikit-learn", "sklearn"):
        return _find(name)
