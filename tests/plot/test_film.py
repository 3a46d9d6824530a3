"""Training as a film: what is trained, and what its pictures show."""

import shutil

import numpy as np
import pytest
from matplotlib import animation
from matplotlib import pyplot as plt
from PIL import Image

import tinyae as tae
from tinyae import plot
from tinyae.plot import film

X = np.random.default_rng(0).random((40, 6))


def model(k=2, features=6, **options):
    return tae.Autoencoder([tae.Dense(k)], [tae.Dense(features)], seed=3, **options)


def frames(path):
    with Image.open(path) as picture:
        found = []
        for i in range(picture.n_frames):
            picture.seek(i)
            found.append(np.asarray(picture.convert("L"), float))
    return found


def test_it_trains_as_fit_does_and_says_where_the_film_is(tmp_path):
    filmed, fitted = model(), model()
    path = plot.training_film(
        *(filmed, X, None, str(tmp_path / "a.gif")),
        **{"epochs": 3, "batch_size": 5, "steps_per_epoch": 2, "verbose": 0},
    )
    assert path == tmp_path / "a.gif"
    fitted.fit(X, epochs=3, batch_size=5, steps_per_epoch=2, verbose=0)
    np.testing.assert_array_equal(filmed.parameters, fitted.parameters)
    assert filmed.history["loss"] == fitted.history["loss"]
    assert plt.get_fignums() == []


def test_a_picture_before_training_and_one_for_each_epoch(tmp_path):
    path = plot.training_film(
        model(), X, np.arange(40) % 12, tmp_path / "a.gif", epochs=3, verbose=0, fps=5
    )
    found = frames(path)  # those that are alike are joined
    assert len(found) == 4
    assert len({picture.tobytes() for picture in found}) == 4


CASES = {
    "one number": (1, 6, False),
    "two": (2, 6, False),
    "more": (4, 6, False),
    "the curve": (1, 2, True),
    "codes of points": (2, 2, False),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_filmed(tmp_path, monkeypatch, name):
    """The numbers in the left axes at each picture."""
    k, features, curve = CASES[name]
    seen = []

    class Writer(animation.PillowWriter):
        def grab_frame(self, **how):
            left, right = self.fig.axes[:2]
            shown = left.lines[0].get_xydata() if curve else left.collections[0].get_offsets()
            now = right.lines[-1].get_xdata()[0]
            seen.append((left.get_title(), np.array(shown), now))

        def finish(self):
            pass

    monkeypatch.setattr(animation, "PillowWriter", Writer)
    ae, x, codes = model(k, features), X[:, :features], []
    ae.build((features,))

    def expected():
        z = ae.encode(x)
        if curve:
            codes.append(ae.decode(np.linspace(z.min(), z.max(), film.CURVE)[:, np.newaxis]))
        else:
            codes.append(z)

    twin, ae = ae.copy(), ae
    plot.training_film(twin, x, None, tmp_path / "a.gif", epochs=2, verbose=0, fps=1)
    expected()
    for _ in range(2):
        ae.fit(x, epochs=1, verbose=0)
        expected()
    titles, pictures, now = zip(*seen, strict=True)
    assert titles == ("Before training", "Epoch 1", "Epoch 2", "Epoch 2", "Epoch 2")
    assert now == (0, 1, 2, 2, 2)
    for shown, code in zip(pictures, codes, strict=False):
        if k == 4:
            way = film.directions_of(codes[-1].astype(float))[0]
            code = ((code - way.origin) @ way.directions.T)[:, :2]
        columns = slice(0, 1) if k == 1 and not curve else slice(0, 2)
        np.testing.assert_allclose(shown[:, columns], code[:, columns], atol=1e-5)


def test_points_are_on_the_scale_that_the_model_learns(tmp_path, monkeypatch):
    seen = []

    class Writer(animation.PillowWriter):
        def grab_frame(self, **how):
            seen.append(self.fig.axes[0].collections[0].get_offsets())

        def finish(self):
            pass

    monkeypatch.setattr(animation, "PillowWriter", Writer)
    x = (255 * X[:, :2]).astype(np.uint8)
    ae = tae.Autoencoder([tae.Rescaling(1 / 255), tae.Dense(1)], [tae.Dense(2)])
    plot.training_film(ae, x, None, tmp_path / "a.gif", epochs=1, verbose=0, fps=1)
    np.testing.assert_allclose(seen[0], x / 255, rtol=1e-6)


def test_a_model_that_was_trained_before_goes_on(tmp_path):
    ae = model()
    ae.fit(X, epochs=2, verbose=0)
    plot.training_film(ae, X, None, tmp_path / "a.gif", epochs=2, verbose=0)
    assert len(ae.history["loss"]) == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"path": "a.avi"}, "path must end in .gif or .mp4, but got 'a.avi'"),
        ({"epochs": 0}, "epochs must be a whole number of at least 1"),
        ({"batch_size": 0}, "batch_size"),
        ({"steps_per_epoch": -1}, "steps_per_epoch"),
        ({"verbose": 7}, "verbose"),
        ({"fps": 0.5}, "fps"),
        ({"fps": 101}, "from 1 to 100"),
        ({"labels": [1]}, "labels"),
        ({"model": tae.PCA(2)}, "model must be an Autoencoder"),
    ],
)
def test_refused_before_anything_is_built(tmp_path, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    ae = model()
    with pytest.raises(ValueError, match=message):
        plot.training_film(**{"model": ae, "x": X, "path": "a.gif", **options})
    assert not ae.built
    assert not list(tmp_path.iterdir())
    assert plt.get_fignums() == []


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        plot.training_film(model(), X, None, tmp_path / "none" / "a.gif")


def test_what_is_no_place_for_a_film_is_refused_before_training(tmp_path):
    ae = model()
    (tmp_path / "a.gif").mkdir()
    with pytest.raises(ValueError, match=r"a\.gif is not a plain file"):
        plot.training_film(ae, X, None, tmp_path / "a.gif")
    with pytest.raises(OSError, match="name too long"):
        plot.training_film(ae, X, None, tmp_path / f"{300 * 'a'}.gif")
    assert not ae.built


def test_mp4_needs_ffmpeg(tmp_path, monkeypatch):
    monkeypatch.setattr(animation.FFMpegWriter, "isAvailable", classmethod(lambda cls: False))
    with pytest.raises(ValueError, match=r"path a.mp4 needs ffmpeg, which is not installed; .gif"):
        plot.training_film(model(), X, None, tmp_path / "a.mp4")


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg")
def test_mp4(tmp_path):
    path = plot.training_film(model(), X, None, tmp_path / "a.mp4", epochs=2, verbose=0)
    assert path.read_bytes()[4:8] == b"ftyp"
