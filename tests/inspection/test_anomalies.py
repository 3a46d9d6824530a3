"""What is strange to a model, and which features are to blame."""

import numpy as np
import pytest

import tinyae as tae
from tests.support.small_models import PlainMSE
from tinyae.inspection import anomalies


def table(n=300, seed=0):
    """Five features, of which the last two depend on the others."""
    x = np.random.default_rng(seed).normal(size=(n, 5))
    x[:, 3:] = x[:, :2] + 0.05 * x[:, 3:]
    return x


def trained(loss="mse"):
    ae = tae.Autoencoder(
        [tae.Dense(3)], [tae.Dense(5)], loss=loss, optimizer=tae.Adam(0.02), dtype="float64"
    )
    ae.fit(table(), epochs=30, verbose=0)
    return ae


SUBJECTS = {"model": trained, "PCA": lambda: tae.PCA(3).fit(table())}
each_subject = pytest.mark.parametrize("make", SUBJECTS.values(), ids=SUBJECTS)


@each_subject
def test_the_threshold_is_a_quantile_of_the_ordinary_errors(make):
    model, x = make(), table(200, seed=1)
    errors = model.reconstruction_error(x)
    for quantile in (0.5, 0.9, 0.99):
        detector = tae.AnomalyDetector(model, quantile)
        assert detector.fit(x) is detector
        assert detector.threshold_ == pytest.approx(np.quantile(errors, quantile), rel=1e-12)
        assert detector.predict(x).dtype == bool
        assert detector.predict(x).mean() == pytest.approx(1 - quantile, abs=0.006)
    np.testing.assert_array_equal(detector.score(x), errors)
    detector.threshold_ = 0
    assert detector.predict(x).all()


@each_subject
def test_what_does_not_fit_the_others_is_found_and_blamed(make):
    detector = tae.AnomalyDetector(make()).fit(table(400, seed=1))
    strange = table(20, seed=2)
    strange[:10, 4] += 3.0
    assert detector.predict(strange)[:10].all()
    assert detector.predict(strange)[10:].mean() < 0.2
    found = detector.explain(strange)
    assert set(found.ranking[:10, 0]) <= {1, 4}  # the two that belong together
    np.testing.assert_array_equal(found.x, strange)


@each_subject
def test_the_blame_adds_up_to_what_the_score_is_above_the_usual(make):
    detector, x = tae.AnomalyDetector(make()).fit(table(400, seed=1)), table(7, seed=3)
    found, usual = detector.explain(x), detector.score(table(400, seed=1)).mean()
    np.testing.assert_allclose(found.blame.mean(axis=1), found.scores - usual, atol=1e-12)
    np.testing.assert_allclose(detector.usual_.mean(), usual, rtol=1e-12)
    for row, blame in zip(found.ranking, found.blame, strict=True):
        assert sorted(row) == list(range(5))
        assert (np.diff(blame[row]) <= 0).all()
    assert (found.threshold, len(found.scores)) == (detector.threshold_, 7)


def test_the_usual_errors_do_not_depend_on_the_parts_they_are_computed_in(monkeypatch):
    model, x = trained(), table(50)
    whole = tae.AnomalyDetector(model).fit(x).usual_
    monkeypatch.setattr(anomalies, "CHUNK", 35)
    np.testing.assert_allclose(tae.AnomalyDetector(model).fit(x).usual_, whole, rtol=1e-12)
    np.testing.assert_allclose(whole, model.reconstruction_error(x, per_feature=True).mean(axis=0))


def test_images_are_explained_in_their_shape_and_printed():
    x = np.random.default_rng(0).random((12, 4, 4, 1))
    ae = tae.Autoencoder([tae.Flatten(), tae.Dense(2)], [tae.Dense(16), tae.Reshape((4, 4, 1))])
    ae.fit(x, epochs=3, verbose=0)
    found = tae.AnomalyDetector(ae, 0.5).fit(x).explain(x)
    assert (found.blame.shape, found.ranking.shape) == (x.shape, (12, 16))
    lines = repr(found).splitlines()
    assert lines[0].split() == ["sample", "score", "most", "to", "blame"]
    assert lines[-1] == "and 7 more"
    place = tuple(map(int, np.unravel_index(found.ranking[0, 0], (4, 4, 1))))
    assert str(place[:2]) in lines[1]  # of the only channel
    assert max(map(len, lines)) <= 80
    strange = [line.split()[2] == "anomaly" for line in lines[1:6]]
    assert strange == (found.scores[:5] > found.threshold).tolist()


class Says(PlainMSE):
    def elements(self, output, target):
        return (output - target) ** 2


def test_a_loss_of_ones_own_that_can_say_so_is_explained():
    x = table(30)
    detector = tae.AnomalyDetector(trained(Says())).fit(x)
    assert detector.explain(x[:2]).blame.shape == (2, 5)
    silent = tae.AnomalyDetector(trained(PlainMSE())).fit(x)
    assert silent.usual_ is None
    assert silent.predict(x).shape == (30,)
    with pytest.raises(
        ValueError, match=r"loss that says each element's share.*give it elements\("
    ):
        silent.explain(x)


class Model:
    """One's own, with what a detector asks for; `explains` or not."""

    def __init__(self, explains=True, wrong=False):
        self.explains, self.wrong = explains, wrong

    def reconstruction_error(self, x, **options):
        squares = np.asarray(x) ** 2
        if self.wrong:
            return squares
        if options and not self.explains:
            raise TypeError("unexpected argument")
        return squares if options else squares.mean(axis=1)


class Short(Model):
    def reconstruction_error(self, x, **options):
        return super().reconstruction_error(x, **options)[1:]


def test_a_model_of_ones_own(tmp_path):
    x = table(30)
    detector = tae.AnomalyDetector(Model()).fit(x)
    assert detector.explain(x).blame.shape == (30, 5)
    with pytest.raises(ValueError, match="a detector of a Model cannot be saved"):
        detector.save(tmp_path / "d.npz")
    assert not list(tmp_path.iterdir())
    assert tae.AnomalyDetector(Model(explains=False)).fit(x).usual_ is None
    for wrong, shape in ((Model(wrong=True), r"\(30, 5\)"), (Short(), r"\(29,\)")):
        with pytest.raises(
            ValueError, match=f"finite number for each of 30 samples, but .*{shape}"
        ):
            tae.AnomalyDetector(wrong).fit(x)
    for empty in (x[:0], x[0]):
        for call in (detector.fit, detector.score, detector.predict, detector.explain):
            with pytest.raises(ValueError, match="x must hold samples, shape"):
                call(empty)


@each_subject
def test_files_stand_for_their_rows(make, tmp_path):
    paths, x, model = [tmp_path / "a.npy", tmp_path / "b.npy"], table(60), make()
    for path, part in zip(paths, np.split(x, [20]), strict=True):
        np.save(path, part)
    found, expected = (tae.AnomalyDetector(model).fit(each) for each in (paths, x))
    assert found.threshold_ == expected.threshold_
    np.testing.assert_array_equal(found.usual_, expected.usual_)
    np.testing.assert_array_equal(found.predict(paths), expected.predict(x))
    np.testing.assert_array_equal(found.explain(paths).ranking, expected.explain(x).ranking)


def test_a_threshold_beyond_the_dtype_of_the_scores_is_above_all_of_them():
    model = tae.Autoencoder([tae.Dense(2)], [tae.Dense(5)])
    model.fit(table(), verbose=0)
    detector = tae.AnomalyDetector(model).fit(table())
    detector.threshold_ = 1e300
    assert not detector.predict(table()).any()
    assert "anomaly" not in repr(detector.explain(table()[:2]))


@pytest.mark.parametrize("make", [*SUBJECTS.values(), lambda: trained("huber")])
@pytest.mark.parametrize("training_state", [False, True])
def test_it_is_saved_with_its_model(make, training_state, tmp_path):
    x = table(60, seed=4)
    detector = tae.AnomalyDetector(make(), 0.8).fit(x)
    detector.save(tmp_path / "d.npz", training_state)
    loaded = tae.load(tmp_path / "d.npz")
    assert type(loaded) is tae.AnomalyDetector
    assert type(loaded.model) is type(detector.model)
    assert repr(loaded) == repr(detector)
    np.testing.assert_array_equal(loaded.predict(x), detector.predict(x))
    np.testing.assert_array_equal(loaded.explain(x).blame, detector.explain(x).blame)
    learn = loaded.model.partial_fit if isinstance(loaded.model, tae.PCA) else loaded.model.fit
    if training_state:
        learn(x)
        if isinstance(loaded.model, tae.Autoencoder):
            assert loaded.model.progress.epoch == 31


def test_a_silent_loss_and_parts_of_ones_own_come_back_when_handed_over(tmp_path):
    class Silent(PlainMSE):
        def get_config(self):
            return {}

    detector = tae.AnomalyDetector(trained(Silent())).fit(table())
    detector.save(tmp_path / "d.npz")
    with pytest.raises(tae.ModelFormatError, match=r"unknown class 'Silent'; pass custom"):
        tae.load(tmp_path / "d.npz")
    loaded = tae.load(tmp_path / "d.npz", custom={"Silent": Silent}, threads=1)
    assert loaded.usual_ is None
    assert loaded.model.threads == 1
    np.testing.assert_array_equal(loaded.predict(table()), detector.predict(table()))


def test_what_is_no_model_or_not_trained_is_refused_by_name(tmp_path):
    for wrong in (None, "model", tae.PCA, np.zeros(3), tae.Sequential([tae.Dense(2)])):
        with pytest.raises(ValueError, match="model must be an object with reconstruction_error"):
            tae.AnomalyDetector(wrong)
    for quantile in (0, 1, 1.5, -0.1, "0.9", True, np.nan):
        with pytest.raises(ValueError, match="quantile must lie between 0 and 1, but got"):
            tae.AnomalyDetector(tae.PCA(2), quantile)
    unbuilt = tae.Autoencoder([tae.Dense(2)], [tae.Dense(5)])
    with pytest.raises(ValueError, match="the model has learned nothing yet: call its fit"):
        tae.AnomalyDetector(unbuilt).fit(table())
    assert not unbuilt.built
    with pytest.raises(ValueError, match="this PCA has seen no data"):
        tae.AnomalyDetector(tae.PCA(2)).fit(table())
    detector = tae.AnomalyDetector(trained())
    for call in (
        lambda: detector.predict(table()),
        lambda: detector.explain(table()),
        lambda: detector.save(tmp_path / "d.npz"),
        lambda: detector.threshold_,
        lambda: detector.usual_,
    ):
        with pytest.raises(ValueError, match="this AnomalyDetector has seen no data: call fit"):
            call()
    detector.score(table())  # which asks the model only
    with pytest.raises(ValueError, match=r"x must have shape \(n, 5\)"):
        detector.fit(table()[:, :3])


def test_a_refused_fit_changes_nothing_and_another_model_forgets():
    detector = tae.AnomalyDetector(trained()).fit(table())
    threshold, usual = detector.threshold_, detector.usual_.copy()
    bad = table()
    bad[3, 3] = np.nan
    with pytest.raises(ValueError, match="x must be finite, but row 3 holds NaN"):
        detector.fit(bad)
    assert detector.threshold_ == threshold
    np.testing.assert_array_equal(detector.usual_, usual)
    detector.model = tae.PCA(2).fit(table())
    with pytest.raises(ValueError, match="has seen no data"):
        _ = detector.threshold_


def test_a_pca_may_be_watched_on_sparse_samples():
    sparse = pytest.importorskip("scipy.sparse")
    x = np.random.default_rng(0).normal(size=(60, 8))
    x[np.abs(x) < 1] = 0
    pca = tae.PCA(3).fit(x)
    expected = tae.AnomalyDetector(pca, 0.9).fit(x)
    for form in (sparse.csr_array, sparse.coo_matrix):
        given = form(x)
        found = tae.AnomalyDetector(pca, 0.9).fit(given)
        assert found.threshold_ == expected.threshold_
        np.testing.assert_allclose(found.usual_, expected.usual_, rtol=1e-12)
        np.testing.assert_array_equal(found.predict(given), expected.predict(x))
        explained = found.explain(given)
        np.testing.assert_array_equal(explained.x, x)
        np.testing.assert_array_equal(explained.ranking, expected.explain(x).ranking)
    ae = tae.Autoencoder([tae.Dense(2)], [tae.Dense(8)], input_shape=(8,))
    with pytest.raises(ValueError, match=r"which is sparse; pass x.toarray\(\)"):
        tae.AnomalyDetector(ae).fit(sparse.csr_array(x))


@pytest.mark.parametrize(
    ("shape", "name"),
    [((4, 1), "step 3 "), ((4, 2), "(1, 1) "), ((2, 2, 1), "(1, 1) "), ((4,), "3 ")],
)
def test_places_are_named_as_what_they_are(shape, name):
    x = np.zeros((30, *shape))
    x[0].reshape(-1)[3] = 5
    detector = tae.AnomalyDetector(tae.Autoencoder([Zero()], [Zero()], shape)).fit(x[1:])
    assert (
        repr(detector.explain(x[:1])).splitlines()[1].split("anomaly")[1].strip().startswith(name)
    )


class Zero(tae.Layer):
    """Gives zeros."""

    def build(self, input_shape):
        return input_shape

    def forward(self, x, training=False, step=0, first=0):
        return np.zeros_like(x), None

    def backward(self, dy, cache):
        return np.zeros_like(dy)


@pytest.mark.parametrize("scores", [None, ["a"] * 30, [None] * 30, [1j] * 30, [[1], [1, 2]]])
def test_errors_that_are_no_numbers_are_refused_by_name(scores):
    class Odd:
        def reconstruction_error(self, x, per_feature=False):
            return scores

    with pytest.raises(ValueError, match=r"what Odd\.reconstruction_error gives must"):
        tae.AnomalyDetector(Odd()).fit(table(30))


@pytest.mark.parametrize("errors", [np.ones(30), np.ones((30, 7)), np.full((30, 5), "a")])
def test_errors_of_features_that_are_none_explain_nothing(errors):
    class Odd:
        def reconstruction_error(self, x, per_feature=False):
            return errors[: len(x)] if per_feature else np.ones(len(x))

    detector = tae.AnomalyDetector(Odd()).fit(table(30))
    assert detector.usual_ is None
    with pytest.raises(ValueError, match="explain needs a loss that says each element's share"):
        detector.explain(table(30))
