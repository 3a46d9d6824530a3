"""What the estimators learn, give and refuse."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone

import tinyae as tae
from tests.support import builds
from tinyae.sklearn import PCA, AutoencoderOutlierDetector, AutoencoderTransformer

RNG = np.random.default_rng(0)
CURVE = RNG.uniform(-1, 1, (300, 1)) ** [1, 2, 3, 4]  # of one parameter, in four dimensions
BOTH = pytest.mark.parametrize("kind", [AutoencoderTransformer, AutoencoderOutlierDetector])
ALL = pytest.mark.parametrize("kind", [AutoencoderTransformer, AutoencoderOutlierDetector, PCA])


@pytest.fixture(scope="module")
def learned():
    return AutoencoderTransformer(1, hidden=(32,), epochs=200, random_state=0).fit(CURVE)


def test_codes_give_the_features_back(learned):
    codes = learned.transform(CURVE)
    back = learned.inverse_transform(codes)
    assert codes.shape == (300, 1)
    assert back.shape == CURVE.shape
    assert ((back - CURVE) ** 2).mean() < 0.1 * CURVE.var(axis=0).mean()
    assert learned.score(CURVE) == pytest.approx(-((back - CURVE) ** 2).mean())


def test_a_curve_needs_fewer_numbers_than_pca_has(learned):
    pca = PCA(1).fit(CURVE)
    back = pca.inverse_transform(pca.transform(CURVE))
    assert learned.score(CURVE) > -0.5 * ((back - CURVE) ** 2).mean()


def test_what_is_known_after_fit(learned):
    assert isinstance(learned.autoencoder_, tae.Autoencoder)
    assert learned.n_iter_ == len(learned.history_["loss"]) == 200
    assert learned.n_features_in_ == 4


@BOTH
def test_the_random_state_decides(kind):
    errors = {seed: kind(epochs=2, random_state=seed).fit(CURVE).score(CURVE) for seed in (0, 0, 1)}
    assert errors[0] == kind(epochs=2, random_state=0).fit(CURVE).score(CURVE)
    assert errors[0] != errors[1]


@BOTH
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_data_decide_the_models_numbers(kind, dtype):
    assert kind(epochs=1).fit(CURVE.astype(dtype)).autoencoder_.dtype == dtype


def test_results_have_the_datas_numbers(learned):
    for dtype in ("float32", "float64"):
        codes = learned.transform(CURVE.astype(dtype))
        assert codes.dtype == learned.inverse_transform(codes).dtype == dtype


def test_bce_has_a_sigmoid_output():
    pixels = (CURVE + 1) / 2
    model = AutoencoderTransformer(loss="bce", epochs=1).fit(pixels).autoencoder_
    assert isinstance(model.loss, tae.BCE)
    assert model.decoder.layers[-1].activation == "sigmoid"


def test_layers_are_those_that_were_asked_for():
    model = AutoencoderTransformer(3, hidden=(9, 5), activation="tanh", epochs=1).fit(CURVE)
    units = [layer.units for layer in model.autoencoder_.layers]
    assert units == [9, 5, 3, 5, 9, 4]


# Early stopping


def test_early_stopping_holds_samples_out_and_keeps_the_best_epoch():
    noise = RNG.normal(size=(60, 4))
    estimator = AutoencoderTransformer(
        *(2, (64,)), epochs=500, learning_rate=0.02, random_state=0, n_iter_no_change=5
    )
    estimator.set_params(early_stopping=True, validation_fraction=0.25)
    losses = estimator.fit(noise).history_["val_loss"]
    assert estimator.n_iter_ == len(losses) < 500
    assert np.argmin(losses) == len(losses) - 6
    held_out = noise[np.random.RandomState(0).permutation(60)[:15]]  # not what it holds out
    assert estimator.autoencoder_.evaluate(held_out)["loss"] != min(losses)
    rng = np.random.RandomState(0)
    rng.randint(2)  # what the seed takes
    held_out = noise[rng.permutation(60)[:15]]
    assert estimator.autoencoder_.evaluate(held_out)["loss"] == pytest.approx(min(losses))


def test_without_it_nothing_is_held_out():
    assert "val_loss" not in AutoencoderTransformer(epochs=1).fit(CURVE).history_


@pytest.mark.parametrize("share", [0.001, 0.999])
def test_some_are_held_out_and_some_are_not(share):
    estimator = AutoencoderTransformer(epochs=1, early_stopping=True, validation_fraction=share)
    assert estimator.fit(CURVE[:2]).n_iter_ == 1
    with pytest.raises(ValueError, match="a minimum of 2 is required"):
        estimator.fit(CURVE[:1])


# Models of one's own


def test_a_model_of_images():
    estimator = AutoencoderTransformer(build=builds.of_images, epochs=2)
    X = RNG.random((50, 36))
    codes = estimator.fit_transform(X)
    assert codes.shape == (50, 18)
    assert codes.dtype == np.float64
    assert len(estimator.get_feature_names_out()) == 18
    assert estimator.inverse_transform(codes).shape == (50, 36)
    images = X.reshape(-1, 6, 6, 1)
    assert (codes == estimator.autoencoder_.encode(images).reshape(50, 18)).all()
    detector = AutoencoderOutlierDetector(build=builds.of_images, epochs=2).fit(X)
    assert detector.explain(X).blame.shape == (50, 6, 6, 1)


def test_a_model_that_is_given_is_not_trained_itself():
    before = builds.ONE.parameters.copy()
    first = AutoencoderTransformer(build=builds.the_same, epochs=2).fit(CURVE)
    assert (builds.ONE.parameters == before).all()
    assert first.score(CURVE) == first.fit(CURVE).score(CURVE)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda n: None, "build must give an Autoencoder, but it gave None"),
        (3, r"build must be a callable \(n_features\), but got 3"),
        (
            lambda n: tae.Autoencoder([tae.Dense(2)], [tae.Dense(9)], input_shape=(9,)),
            r"build\(4\) must give a model whose input has 4 numbers, but it has shape \(9,\)",
        ),
        (
            lambda n: tae.Autoencoder([tae.Dense(2)], [tae.Dense(9)]),
            r"build\(4\) must give a model whose output has 4 numbers, but it has shape \(9,\)",
        ),
    ],
)
def test_a_build_that_does_not_fit_is_refused(build, message):
    estimator = AutoencoderTransformer(build=build)
    with pytest.raises(ValueError, match=message):
        estimator.fit(CURVE)


# In parts


@BOTH
def test_partial_fit_goes_on(kind):
    estimator = kind(random_state=0).partial_fit(CURVE)
    model, first = estimator.autoencoder_, estimator.score(CURVE)
    for _ in range(10):
        estimator.partial_fit(CURVE)
    assert estimator.autoencoder_ is model
    assert estimator.n_iter_ == 11
    assert estimator.score(CURVE) > first
    assert estimator.fit(CURVE).autoencoder_ is not model


def test_pca_learns_in_parts_what_it_learns_at_once():
    once, parts = PCA(2).fit(CURVE), PCA(2).partial_fit(CURVE[:100]).partial_fit(CURVE[100:])
    np.testing.assert_allclose(parts.components_, once.components_, atol=1e-12)
    assert parts.n_samples_seen_ == 300


def test_pca_gives_what_tinyaes_own_gives():
    own, pca = tae.PCA(0.99, whiten=True).fit(CURVE), PCA(0.99, whiten=True).fit(CURVE)
    codes = pca.transform(CURVE)
    np.testing.assert_array_equal(codes, own.encode(CURVE))
    np.testing.assert_array_equal(pca.inverse_transform(codes), own.decode(codes))
    np.testing.assert_array_equal(pca.score_samples(CURVE), own.score_samples(CURVE))
    assert pca.score(CURVE) == own.score(CURVE)
    names = ("components_", "mean_", "explained_variance_", "explained_variance_ratio_")
    for name in (*names, "noise_variance_", "n_components_", "n_samples_seen_", "n_features_in_"):
        np.testing.assert_array_equal(getattr(pca, name), getattr(own, name))


def test_pca_takes_sparse_samples():
    X = sparse.random(80, 20, density=0.1, format="csc", rng=np.random.default_rng(0))
    pca, dense = PCA(3).fit(X), PCA(3).fit(X.toarray())
    np.testing.assert_allclose(pca.transform(X), dense.transform(X.toarray()), atol=1e-9)
    with pytest.raises(TypeError, match="parse"):
        AutoencoderTransformer().fit(X)


# Outliers


@pytest.fixture(scope="module")
def detector():
    return AutoencoderOutlierDetector(1, epochs=200, random_state=0, contamination=0.05).fit(CURVE)


def test_what_lies_off_the_curve_is_found_and_explained(detector):
    strange = CURVE[:20].copy()
    strange[:, 1] += 2
    assert (detector.predict(strange) == -1).all()
    found = detector.explain(strange)
    assert (found.ranking[:, 0] == 1).all()
    np.testing.assert_array_equal(found.scores, -detector.score_samples(strange))
    assert found.threshold == -detector.offset_


def test_the_contamination_is_the_share_of_outliers_at_fit(detector):
    assert np.mean(detector.predict(CURVE) == -1) == pytest.approx(0.05)
    scores = detector.score_samples(CURVE)
    np.testing.assert_array_equal(detector.decision_function(CURVE), scores - detector.offset_)


def test_the_offset_follows_the_latest_samples():
    detector = AutoencoderOutlierDetector(random_state=0, contamination=0.5).fit(CURVE)
    before = detector.offset_
    detector.partial_fit(CURVE + 10)
    assert detector.offset_ == pytest.approx(np.median(detector.score_samples(CURVE + 10)))
    assert detector.offset_ < before


# Refusals


BAD = {
    "n_components": (0, 1.5, "2", None),
    "hidden": (0, (0,), "32", None, (2.5,)),
    "activation": ("rulu", None, 3)[:1],
    "loss": ("mes", None, 3),
    "epochs": (0, 1.5, None),
    "batch_size": (0, 1.5, None),
    "learning_rate": (0, -1, np.nan, "1"),
    "random_state": ("1", 1.5),
    "early_stopping": (1, "yes"),
    "validation_fraction": (0, 1, 1.5, None),
    "n_iter_no_change": (0, None),
    "threads": (0, 1.5),
    "verbose": (3, "loud"),
    "contamination": (0, 0.6, None, "auto", np.nan),
}
ARGUMENTS = [(name, value) for name, values in BAD.items() for value in values]


@pytest.mark.parametrize(("name", "value"), ARGUMENTS)
@BOTH
def test_a_bad_argument_is_named_and_changes_nothing(kind, name, value):
    if name == "contamination" and kind is AutoencoderTransformer:
        kind = AutoencoderOutlierDetector
    for estimator in (kind(epochs=1), kind(epochs=1).fit(CURVE)):
        before = dict(vars(estimator.set_params(**{name: value})))
        for method in (estimator.fit, estimator.partial_fit):
            if method == estimator.partial_fit and "autoencoder_" in before:
                continue
            said = "seed" if name == "random_state" else name
            with pytest.raises(ValueError, match=said):
                method(np.ones((3, 5)))
            assert vars(estimator) == before


@ALL
@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.full((3, 4), np.nan), "NaN"),
        (np.empty((0, 4)), "0 sample"),
        (np.ones(4), "1D array"),
        (np.ones((3, 4)) * 1j, "omplex"),
        ([["a"] * 4] * 3, "convert"),
    ],
)
def test_bad_data_are_refused_and_change_nothing(kind, X, message):
    for estimator in (kind(), kind().fit(CURVE)):
        before = dict(vars(estimator))
        for method in (estimator.fit, estimator.partial_fit):
            with pytest.raises(ValueError, match=message):
                method(X)
            assert vars(estimator) == before


def test_codes_of_another_size_are_refused(learned):
    with pytest.raises(ValueError, match="X must have the 1 features of a code, but it has 2"):
        learned.inverse_transform(np.ones((3, 2)))


def test_training_that_diverges_changes_nothing():
    estimator = AutoencoderTransformer(epochs=3, learning_rate=1e30).fit(CURVE * 0)
    before = dict(vars(estimator))
    with pytest.raises(tae.TrainingDiverged):
        estimator.fit(CURVE)
    assert vars(estimator) == before


def test_singular_values_are_those_of_the_centred_data():
    x = np.random.default_rng(0).normal(size=(30, 5))
    expected = np.linalg.svd(x - x.mean(axis=0), compute_uv=False)[:3]
    np.testing.assert_allclose(PCA(3).fit(x).singular_values_, expected, rtol=1e-10)


def test_the_other_pca_is_told_from_it():
    with pytest.raises(TypeError, match=r"are for tinyae\.sklearn\.PCA, not for tinyae\.PCA"):
        clone(tae.PCA(2))
