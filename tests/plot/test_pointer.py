"""The explorer: events sent to its canvas, and the command around it."""

import os
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.backend_bases import MouseEvent

import tinyae as tae
from tinyae import plot
from tinyae.cli import explore, parser


class Corners:
    """A model whose code is two pixels, shown again in two corners."""

    def __init__(self, channels=0):
        self.channels = channels

    def encode(self, x):
        return np.asarray(x).reshape(len(x), -1)[:, :2]

    def decode(self, z):
        images = np.zeros((len(z), 4, 4, self.channels or 1))
        images[:, 0, 0], images[:, -1, -1] = z[:, :1], z[:, 1:]
        return images if self.channels else images.reshape(len(z), 16)


X = np.random.default_rng(0).random((40, 16))


def move(axes, where, code):
    """Send the event of a mouse over `code` of the axes `where`."""
    canvas = axes[0].figure.canvas
    canvas.draw()
    event = MouseEvent("motion_notify_event", canvas, *where.transData.transform(code))
    canvas.callbacks.process("motion_notify_event", event)


def image(axes):
    return np.asarray(axes[1].images[0].get_array())


def test_bytes_decode_between_the_limits_that_the_model_learns():
    x = (255 * X).astype(np.uint8)
    ae = tae.Autoencoder([tae.Rescaling(1 / 255), tae.Dense(2)], [tae.Dense(16)], (16,))
    assert plot.explore(ae, x)[1].images[0].get_clim() == (0, 1)


def test_it_starts_in_the_middle_of_the_codes():
    axes = plot.explore(Corners(), X, np.arange(40) % 3)
    middle = np.median(X[:, :2], axis=0)
    assert (image(axes)[0, 0], image(axes)[-1, -1]) == tuple(middle)
    np.testing.assert_array_equal(axes[0].collections[0].get_offsets(), X[:, :2])
    assert [text.get_text() for text in axes[0].get_legend().get_texts()] == ["0", "1", "2"]


def test_the_code_under_the_mouse_is_decoded():
    axes = plot.explore(Corners(), X)
    for code in ((0.25, 0.75), (0.5, 0.125)):
        move(axes, axes[0], code)
        assert (image(axes)[0, 0], image(axes)[-1, -1]) == pytest.approx(code)
        assert axes[1].get_title() == f"Decoded from ({code[0]:.3g}, {code[1]:.3g})"
        (cross,) = axes[0].lines
        assert cross.get_xydata()[0] == pytest.approx(code)


def test_titles_that_are_given_stay():
    axes = plot.explore(Corners(), X, title=("", "mine"))
    move(axes, axes[0], (0.25, 0.75))
    assert [ax.get_title() for ax in axes] == ["", "mine"]


def test_outside_the_codes_nothing_changes():
    axes = plot.explore(Corners(), X)
    move(axes, axes[0], (0.25, 0.75))
    before = image(axes).copy(), axes[1].get_title()
    move(axes, axes[1], (2, 2))  # over the image
    move(axes, axes[0], (1e6, 1e6))  # outside the window
    np.testing.assert_array_equal(image(axes), before[0])
    assert axes[1].get_title() == before[1]


def test_colours_are_kept_in_range():
    x = np.random.default_rng(0).random((20, 4, 4, 3))
    axes = plot.explore(Corners(3), x)
    axes[0].set(xlim=(0, 9))
    move(axes, axes[0], (5, 0.5))
    assert image(axes).shape == (4, 4, 3)
    assert image(axes).max() == 1


def test_it_draws_where_told_and_refuses_other_codes():
    axes = plt.figure().subplots(1, 2)
    assert list(plot.explore(Corners(), X, axes=axes)) == list(axes)
    assert len(plt.get_fignums()) == 1
    with pytest.raises(ValueError, match="axes must be two Axes"):
        plot.explore(Corners(), X, axes=axes[:1])
    with pytest.raises(ValueError, match="codes of two numbers"):
        plot.explore(tae.PCA(3).fit(X), X)


# The command


@pytest.fixture
def window(monkeypatch):
    """A desktop: `show` only notes that it was called."""
    shown = []
    monkeypatch.setattr(plt, "get_backend", lambda: "QtAgg")
    monkeypatch.setattr(plt, "show", lambda: shown.append(plt.gcf()))
    return shown


@pytest.mark.large
def test_the_command_trains_the_demos_model(window):
    explore.run(None, None, Path("page.html"), epochs=1)
    (figure,) = window
    left, right = figure.axes
    assert [text.get_text() for text in left.get_legend().get_texts()] == ["1", "5", "6"]
    assert np.asarray(right.images[0].get_array()).shape == (28, 28)


def with_file(monkeypatch, model):
    """Let any path hold `model`."""
    module = types.SimpleNamespace(load=lambda path: model)
    monkeypatch.setitem(sys.modules, "tinyae.loading", module)


@pytest.mark.parametrize("images", [False, True])
def test_the_command_opens_a_saved_model(window, monkeypatch, images):
    shape = (28, 28, 1) if images else (784,)
    first, last = ([tae.Flatten()], [tae.Reshape(shape)]) if images else ([], [])
    model = tae.Autoencoder([*first, tae.Dense(2)], [tae.Dense(784), *last], input_shape=shape)
    with_file(monkeypatch, model)
    assert parser.main(["explore", "model.npz"]) == 0
    (figure,) = window
    assert len(figure.axes[0].get_legend().get_texts()) == 10


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (tae.PCA(2), "model.npz must hold an Autoencoder, but holds PCA"),
        (
            tae.Autoencoder([tae.Dense(3)], [tae.Dense(784)], input_shape=(784,)),
            "a code of two numbers, but its code has shape (3,); a page shows it: --html",
        ),
        (
            tae.Autoencoder([tae.Dense(2)], [tae.Dense(4)], input_shape=(4,)),
            "a model of 28 × 28 images, but its input has shape (4,)",
        ),
    ],
)
def test_the_command_refuses_other_files(window, monkeypatch, capsys, model, message):
    with_file(monkeypatch, model)
    assert parser.main(["explore", "model.npz"]) == 1
    assert message in capsys.readouterr().err
    assert window == []


@pytest.fixture
def folder(monkeypatch, tmp_path):
    """An empty one, without a window anywhere."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(plt, "get_backend", lambda: "agg")


def wide():
    return tae.Autoencoder([tae.Dense(3)], [tae.Dense(784)], input_shape=(784,))


def test_without_windows_the_command_writes_a_page_and_says_so(folder, monkeypatch, capsys):
    with_file(monkeypatch, wide())
    assert parser.main(["explore", "model.npz"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "no window here, where matplotlib draws with 'agg': a page is written" in out
    assert "tinyae-explore.html: open it in a browser" in out
    text = Path("tinyae-explore.html").read_text(encoding="utf-8")
    assert "The codes of 1,000 samples" in text


@pytest.mark.parametrize("desktop", [True, False])
def test_a_page_is_written_where_asked_for(folder, monkeypatch, capsys, request, desktop):
    if desktop:
        request.getfixturevalue("window")
    with_file(monkeypatch, wide())
    for options, name in (([], "tinyae-explore.html"), (["mine.html"], "mine.html")):
        assert parser.main(["explore", "model.npz", "--html", *options]) == 0
        assert capsys.readouterr().out.startswith(f"{name}: open it in a browser")
        assert Path(name).exists()


def test_a_page_is_not_called_as_a_model(folder, capsys):
    assert parser.main(["explore", "--html", "model.npz"]) == 1
    assert "--html takes the name of the page: explore model.npz --html" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("model.npz", "path must end in .html, but got 'model.npz'"),
        ("none/page.html", "there is no folder none to save page.html in"),
        ("folder.html", "folder.html is not a plain file"),
        ("link.html", "link.html is the model, which would be overwritten"),
    ],
)
def test_a_page_takes_nobodys_place(folder, monkeypatch, capsys, name, message):
    with_file(monkeypatch, None)
    os.mkdir("folder.html")
    Path("model.npz").write_text("model")
    os.symlink("model.npz", "link.html")
    assert parser.main(["explore", "model.npz", "--html", name]) == 1
    assert message in capsys.readouterr().err
    assert Path("model.npz").read_text() == "model"
