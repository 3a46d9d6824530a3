"""Where samples may come from: iterators, files that stand for their rows, images as bytes."""

import gc
import itertools
import tracemalloc
import weakref

import numpy as np
import pytest

import tinyae as tae
from tests.support.small_models import PlainMSE

rng = np.random.default_rng(0)
x = rng.random((60, 5)).astype(np.float32)
y = rng.random((60, 5)).astype(np.float32)
w = rng.random(60).astype(np.float32)
BATCHES = [slice(i, i + 20) for i in (0, 20, 40)]
LOSSES = pytest.mark.parametrize("loss", ["mse", PlainMSE()], ids=["compiled", "eager"])


def model(loss="mse", threads=None, **options):
    ends = [tae.Dense(3, "tanh"), tae.Dropout(0.1)], [tae.Dense(5, "sigmoid")]
    return tae.Autoencoder(*ends, loss=loss, threads=threads, **options)


def figures(ae):
    return {key: values for key, values in ae.history.items() if key != "seconds"}


# Iterators


@LOSSES
@pytest.mark.parametrize("parts", [1, 2, 3])
@pytest.mark.parametrize("pause", [None, lambda epoch, logs: None], ids=["", "callback"])
def test_batches_of_an_iterator_are_trained_on_as_those_of_arrays(parts, loss, pause):
    def items():
        for _ in range(4):
            for rows in BATCHES:
                yield (x[rows], y[rows], w[rows])[:parts] if parts > 1 else x[rows]

    streamed, expected = model(loss), model(loss)
    validation = {"validation_data": x[:9], "callbacks": pause, "verbose": 0}
    source = items()
    streamed.fit(source, epochs=2, steps_per_epoch=3, **validation)
    streamed.fit(source, epochs=2, steps_per_epoch=3, **validation)
    given = (x, y)[: max(1, min(2, parts))] if parts > 1 else (x,)
    weight = {"sample_weight": w} if parts == 3 else {}
    expected.fit(*given, epochs=4, batch_size=20, shuffle=False, **weight, **validation)
    np.testing.assert_array_equal(streamed.parameters, expected.parameters)
    for key, values in figures(expected).items():
        assert streamed.history[key] == pytest.approx(values, rel=1e-6)
    assert streamed.progress.step == 12


def test_each_batch_is_asked_for_while_the_one_before_is_trained_on():
    """At most two are there at once, and none is asked for that is not trained on."""
    alive, most, asked = [], [], []

    class Batch(np.ndarray):
        pass

    def items():
        while True:
            gc.collect()
            most.append(sum(batch() is not None for batch in alive))
            batch = x[:20].astype(np.float64).view(Batch)
            alive.append(weakref.ref(batch))
            asked.append(ae.progress.step)
            yield batch
            del batch

    ae = model(input_shape=(5,))
    for first in (0, 8):  # trained on for the first time, and once more
        ae.fit(items(), epochs=2, steps_per_epoch=4, verbose=0)
        assert np.subtract(asked, first).tolist() == [0, 0, 1, 2, 3, 4, 5, 6]  # one ahead
        asked.clear()
    assert max(most) <= 1  # and with the new one two


def test_an_iterator_may_use_its_array_again():
    def items(room):
        for rows in BATCHES * 2:
            room[...] = x[rows]
            yield room

    reused, expected = model(), model()
    reused.fit(items(np.empty((20, 5), np.float32)), epochs=2, steps_per_epoch=3, verbose=0)
    expected.fit(x, epochs=2, batch_size=20, shuffle=False, verbose=0)
    np.testing.assert_array_equal(reused.parameters, expected.parameters)


def test_batches_may_have_any_size():
    sizes = [3, 20, 1, 36]
    ends = np.cumsum([0, *sizes])
    pieces = [x[a:b] for a, b in itertools.pairwise(ends)]
    streamed, by_hand = model(), model()
    streamed.fit(iter(pieces), steps_per_epoch=4, verbose=0)
    losses = [by_hand.train_on_batch(piece) for piece in pieces]
    np.testing.assert_array_equal(streamed.parameters, by_hand.parameters)
    mean = np.average(losses, weights=sizes)
    assert streamed.history["loss"] == pytest.approx([mean], rel=1e-6)


@LOSSES
@pytest.mark.parametrize("pause", [None, lambda epoch, logs: None], ids=["", "callback"])
def test_an_iterator_that_ends_early_keeps_the_steps_that_were_taken(loss, pause):
    ae, expected = model(loss), model(loss)
    items = iter([x[rows] for rows in BATCHES] + [x[:20]])
    with pytest.raises(ValueError, match="ended before step 5, after 1 of the 3 mini-batches"):
        ae.fit(items, epochs=3, steps_per_epoch=3, callbacks=pause, verbose=0)
    expected.fit(x, batch_size=20, shuffle=False, verbose=0)
    expected.train_on_batch(x[:20])
    np.testing.assert_array_equal(ae.parameters, expected.parameters)
    assert (ae.progress.step, ae.progress.epoch, len(ae.history["loss"])) == (4, 1, 1)


class Own(Exception):
    """An iterator's own."""


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (lambda: x[:, :3], ValueError, "mini-batch for step 3: x must have shape"),
        (lambda: (x, y[:3]), ValueError, "mini-batch for step 3: x and y must have as many"),
        (lambda: (x, y, -w), ValueError, "mini-batch for step 3: sample_weight must hold zero"),
        (lambda: (x, y, w, w), ValueError, "step 3: an iterator must give x, .* a tuple of 4"),
        (lambda: 1 / 0, ZeroDivisionError, "division"),
    ],
)
def test_a_bad_batch_is_refused_when_it_is_due(bad, error, message):
    def items():
        yield x[:20]
        yield x[20:40]
        yield bad()

    ae = model()
    with pytest.raises(error, match=message):
        ae.fit(items(), steps_per_epoch=3, verbose=0)
    assert ae.progress.step == 2


def test_a_first_batch_that_is_refused_changes_nothing():
    ae = model()
    with pytest.raises(ValueError, match="mini-batch for step 1: x must be finite"):
        ae.fit(iter([np.full((3, 5), np.nan)]), steps_per_epoch=1)
    assert not ae.built


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "x hands out samples or batches, so steps_per_epoch must say how many"),
        ({"steps_per_epoch": 1, "y": x}, "y, sample_weight and validation_split are for arrays"),
        ({"steps_per_epoch": 1, "sample_weight": w}, "are for arrays"),
        ({"steps_per_epoch": 1, "validation_split": 0.5}, "are for arrays"),
    ],
)
def test_what_does_not_go_with_an_iterator_is_refused(options, message):
    items = iter([x])
    with pytest.raises(ValueError, match=message):
        model().fit(items, **options)
    assert next(items) is x  # nothing was asked of it


# Files, as one array


@pytest.fixture
def files(tmp_path):
    """Paths of three files of x's rows, of other types and one of them empty."""
    pieces = [x[:25], x[:0], x[25:26].astype(">f4"), x[26:]]
    for i, piece in enumerate(pieces):
        np.save(tmp_path / f"{i}.npy", piece)
    return [tmp_path / f"{i}.npy" for i in range(len(pieces))]


@pytest.mark.parametrize("kind", ["paths", "texts", "maps"])
@pytest.mark.parametrize("threads", [1, 2])
def test_files_stand_for_their_rows(kind, threads, files):
    given = {
        "paths": files,
        "texts": [str(path) for path in files],
        "maps": [np.load(path, mmap_mode="r") for path in files if path.stem != "1"],
    }[kind]
    found, expected = model(threads=threads), model(threads=threads)
    for ae, data in ((found, given), (expected, x)):
        ae.fit(data, epochs=3, batch_size=7, validation_data=data, verbose=0)
        ae.fit(data, validation_split=0.4, batch_size=7, verbose=0)
    assert figures(found) == figures(expected)
    np.testing.assert_array_equal(found.parameters, expected.parameters)
    for what in ("encode", "reconstruct", "reconstruction_error", "evaluate"):
        np.testing.assert_equal(getattr(found, what)(given), getattr(expected, what)(x))
    pca, of_x = tae.PCA(2).fit(given), tae.PCA(2).fit(x)
    np.testing.assert_allclose(pca.components_, of_x.components_, rtol=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda folder: np.save(folder / "2.npy", x[:, :3]), r"x\[0\] has shape .* and x\[2\]"),
        (lambda folder: (folder / "2.npy").unlink(), r"x\[2\] must be a .npy file of numbers, but"),
        (lambda folder: (folder / "2.npy").write_text("no"), r"x\[2\] must be a .npy file of numb"),
        (lambda folder: np.save(folder / "2.npy", x.astype(str)), r"x\[2\] must hold real numbers"),
        (lambda folder: np.save(folder / "2.npy", x * np.nan), "x must be finite, but row 25"),
        (lambda folder: np.save(folder / "2.npy", x[0]), r"x\[2\] \(5,\)"),
    ],
)
def test_files_that_do_not_fit_are_refused(change, message, files):
    change(files[0].parent)
    with pytest.raises(ValueError, match=message):
        model().fit(files)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (lambda files: tuple(files), "memory maps and paths of .npy files.* but is a tuple"),
        (lambda files: [*files, "a.npz"], r"paths of .npy files.* but x\[4\] is 'a.npz': save its"),
        (lambda files: [files[0], x], r"memory maps and paths .* but x\[1\] is ndarray"),
    ],
)
def test_files_beside_what_is_none_are_refused(given, message, files):
    for call in (model().fit, tae.PCA(2).fit):
        with pytest.raises(ValueError, match=message):
            call(given(files))


# Images as they are

pixels = rng.integers(0, 256, (60, 5), dtype=np.uint8)


def rescaled(loss, **options):
    ends = [tae.Rescaling(1 / 255), tae.Dense(3, "tanh")], [tae.Dense(5, "sigmoid")]
    return tae.Autoencoder(*ends, loss=loss, **options)


@pytest.mark.parametrize("scale", [(1e300, 0), (1, 1e300)])
def test_a_scale_beyond_the_models_dtype_is_refused(scale):
    ae = tae.Autoencoder([tae.Rescaling(*scale), tae.Dense(3)], [tae.Dense(5)])
    with pytest.raises(ValueError, match="x, rescaled, must be finite, but row 0 holds infinity"):
        ae.fit(pixels)
    assert not ae.built


@pytest.mark.parametrize("loss", ["bce", "mse", PlainMSE()], ids=["bce", "mse", "eager"])
def test_a_model_that_rescales_learns_what_it_makes_of_its_input(loss):
    images = (pixels * np.float32(1 / 255)).astype(np.float32)
    found, expected = rescaled(loss), rescaled(loss)
    found.fit(pixels, epochs=2, batch_size=7, validation_data=pixels, verbose=0)
    given = {"validation_data": (pixels, images), "verbose": 0}
    expected.fit(pixels, images, epochs=2, batch_size=7, **given)
    assert figures(found) == figures(expected)
    np.testing.assert_array_equal(found.parameters, expected.parameters)
    assert found.evaluate(pixels) == found.evaluate(pixels, images)
    errors = found.reconstruction_error(pixels)
    np.testing.assert_array_equal(errors, found.reconstruction_error(pixels, images))
    if isinstance(loss, str):
        shares = found.reconstruction_error(pixels, per_feature=True)
        np.testing.assert_allclose(shares.mean(axis=1), errors, rtol=1e-5)
    assert found.train_on_batch(pixels) == expected.train_on_batch(pixels, images)
    assert found.reconstruct(pixels).max() <= 1
    found.fit(pixels, validation_split=0.5, sample_weight=w, verbose=0)
    assert tae.check_gradients(found, pixels[:8]).passed


def test_pixels_that_leave_the_bounds_once_rescaled_are_refused():
    ends = [tae.Rescaling(1 / 100), tae.Dense(3)], [tae.Dense(5, "sigmoid")]
    with pytest.raises(ValueError, match=r"x, rescaled, must lie in \[0, 1\]"):
        tae.Autoencoder(*ends, loss="bce").fit(pixels)


def test_images_stay_bytes_in_memory(monkeypatch):
    """Nothing as large as the data is made of them in float32."""
    monkeypatch.setattr("tinyae.engine.tuning.STRETCH_BYTES", 1 << 18)
    images = np.zeros((40_000, 100), np.uint8)
    ends = [tae.Rescaling(1 / 255), tae.Dense(2)], [tae.Dense(100, "sigmoid")]
    ae = tae.Autoencoder(*ends, input_shape=(100,), loss="bce", threads=1)
    ae.fit(images[:64], verbose=0)
    tracemalloc.start()
    ae.fit(images, batch_size=512, verbose=0)
    ae.evaluate(images)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < images.size * 4 * 0.75


# What goes together


@pytest.mark.parametrize("count", [1, 4])
def test_validation_data_of_another_length_are_refused(count):
    ae = tae.Autoencoder([tae.Dense(2)], [tae.Dense(5)])
    with pytest.raises(
        ValueError, match=f"validation_data must be x, .* but got a tuple of {count}"
    ):
        ae.fit(pixels, validation_data=(pixels,) * count)
    assert not ae.built
