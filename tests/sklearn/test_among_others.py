"""Beside scikit-learn's own: in pipelines and searches, cloned, pickled, with data frames."""

import io

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.support import builds
from tinyae.sklearn import PCA, AutoencoderOutlierDetector, AutoencoderTransformer

X = np.random.default_rng(0).normal(size=(120, 4)) @ np.diag([5, 2, 1, 1])
Y = (X[:, 0] > X[:, 1]).astype(int)
TRANSFORMERS = [
    AutoencoderTransformer(epochs=3, random_state=0),
    AutoencoderTransformer(epochs=3, random_state=0, build=builds.in_float64),
    PCA(2),
]
DETECTOR = AutoencoderOutlierDetector(epochs=3, random_state=0)
NAMES = ["dense", "build", "pca", "detector"]
of_transformers = pytest.mark.parametrize("transformer", TRANSFORMERS, ids=NAMES[:3])
of_all = pytest.mark.parametrize("estimator", [*TRANSFORMERS, DETECTOR], ids=NAMES)


@of_transformers
def test_in_a_pipeline(transformer):
    pipe = make_pipeline(StandardScaler(), transformer, GaussianNB()).fit(X, Y)
    assert pipe.score(X, Y) > 0.6
    codes = pipe[:-1].transform(X)
    np.testing.assert_allclose(pipe[:-1].fit_transform(X), codes, rtol=1e-12)
    assert pipe[:-1].inverse_transform(codes).shape == X.shape


def test_a_grid_search_in_two_processes():
    grid = {"n_components": [1, 4], "hidden": [(), (8,)]}
    estimator = AutoencoderTransformer(learning_rate=0.02, random_state=0, threads=1)
    search = GridSearchCV(estimator, grid, cv=2, n_jobs=2).fit(X)
    assert search.best_params_["n_components"] == 4
    alone = clone(search.best_estimator_).fit(X)
    assert search.best_estimator_.score(X) == search.score(X) == alone.score(X)


def test_a_search_for_a_classifier():
    pipe = make_pipeline(PCA(), GaussianNB())
    search = GridSearchCV(pipe, {"pca__n_components": [1, 0.99, None]}, cv=2).fit(X, Y)
    assert search.best_params_["pca__n_components"] != 1


@of_transformers
@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_in_and_out(transformer, library):
    frames = pytest.importorskip(library)
    frame = frames.DataFrame(dict(zip("abcd", X.T, strict=True)))
    transformer = clone(transformer).set_output(transform=library)
    codes = transformer.fit_transform(frame)
    assert isinstance(codes, frames.DataFrame)
    assert list(codes.columns) == list(transformer.get_feature_names_out())
    assert transformer.feature_names_in_.tolist() == list("abcd")
    plain = clone(transformer).set_output(transform="default").fit_transform(X)
    np.testing.assert_array_equal(codes.to_numpy(), plain)
    assert transformer.inverse_transform(codes).shape == X.shape
    with pytest.raises(ValueError, match="feature names"):
        transformer.transform(frame[["b", "a", "c", "d"]])


@of_all
def test_a_clone_is_as_new(estimator):
    fitted = clone(estimator).fit(X)
    twin = clone(fitted)
    assert twin.get_params() == fitted.get_params()
    assert not [name for name in vars(twin) if name.endswith("_")]


@of_all
def test_joblib_keeps_what_was_learned(estimator):
    estimator = clone(estimator).fit(X)
    file = io.BytesIO()
    joblib.dump(estimator, file)
    file.seek(0)
    twin = joblib.load(file)
    use = "transform" if hasattr(estimator, "transform") else "score_samples"
    np.testing.assert_array_equal(getattr(twin, use)(X), getattr(estimator, use)(X))
    twin.partial_fit(X)


def test_names_of_codes():
    names = {type(each): list(clone(each).fit(X).get_feature_names_out()) for each in TRANSFORMERS}
    assert names[AutoencoderTransformer][:2] == [
        "autoencodertransformer0",
        "autoencodertransformer1",
    ]
    assert names[PCA] == ["pca0", "pca1"]
