"""Admission of users' arrays: what is refused, with which words, and that nothing is copied."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinyae as tae
from tinyae.checks import arrays
from tinyae.checks.arrays import admit, admit_one, gather, row_chunks, row_slices, shape_text

X = np.random.default_rng(0).random((6, 4))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([[1, 2], [3]], "x must be one rectangular array of numbers"),
        (3.0, r"x must have at least two dimensions .* but its shape is \(\)"),
        ([1.0, 2.0], r"x must have at least two dimensions .* but its shape is \(2,\)"),
        (np.zeros((0, 4)), r"x is empty: its shape is \(0, 4\)"),
        (np.zeros((4, 0)), r"x is empty: its shape is \(4, 0\)"),
        ([[]], r"x is empty: its shape is \(1, 0\)"),
        ([], r"x must have at least two dimensions .* but its shape is \(0,\)"),
        (np.full((2, 2), np.finfo(np.longdouble).max), "x must be finite, but row 0 holds a value"),
    ],
)
def test_what_is_no_batch_of_numbers_is_refused(data, message):
    with pytest.raises(ValueError, match=message):
        admit(data, "x")


@pytest.mark.parametrize(
    ("shape", "wanted", "message"),
    [
        ((6, 5), (4,), r"x must have shape \(n, 4\), but its shape is \(6, 5\)$"),
        ((4,), (4,), r"\(n, 4\), but its shape is \(4,\); for one sample pass x\[np.newaxis\]"),
        ((2, 2), (2, 2), r"its shape is \(2, 2\); for one sample pass x\[np.newaxis\]"),
        ((6, 2, 2), (4,), r"its shape is \(6, 2, 2\); reshape it with x.reshape\(-1, 4\)"),
        ((6, 4), (2, 2, 1), r"reshape it with x.reshape\(-1, 2, 2, 1\)"),
        ((), (4,), r"its shape is \(\)$"),
        ((0,), (4,), r"its shape is \(0,\)$"),
        ((0, 4), (4,), r"x is empty: its shape is \(0, 4\)"),
        ((6, 4, 1), (3,), r"its shape is \(6, 4, 1\)$"),
    ],
)
def test_another_shape_is_refused_with_a_hint(shape, wanted, message):
    with pytest.raises(ValueError, match=message):
        admit(np.zeros(shape), "x", wanted)


@pytest.mark.parametrize(
    ("data", "shape", "message"),
    [
        (X, (4,), r"x must be one sample of shape \(4,\), but its shape is \(6, 4\)$"),
        (X[:1], (4,), r"x must be one sample of shape \(4,\), but its shape is \(1, 4\)$"),
        ([1.0, np.nan], None, "x must be finite"),
        (1e39, None, "x must be finite, but row 0 holds a value beyond float32"),
        ([], None, r"x is empty: its shape is \(0,\)$"),
        ("a", None, "x must be an array of numbers, but got 'a'"),
    ],
)
def test_what_is_not_one_sample_is_refused(data, shape, message):
    with pytest.raises(ValueError, match=message):
        admit_one(data, "x", shape, np.float32)


def test_one_sample_stays_as_it_is():
    x = X[0]
    assert admit_one(x, "x", (4,)) is x
    assert admit_one(3, "x").shape == ()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f4", ">f8", np.longdouble])
@pytest.mark.parametrize("row", [0, 3, 699])
def test_what_is_not_finite_is_refused_with_its_row(value, dtype, row, monkeypatch):
    monkeypatch.setattr(arrays, "CHUNK_BYTES", 1000)
    x = np.zeros((700, 5), dtype)
    x[row, 3] = value
    what = "NaN" if np.isnan(value) else "infinity"
    with pytest.raises(ValueError, match=f"^data must be finite, but row {row} holds {what}$"):
        admit(x, "data", (5,), np.float32)


def test_the_first_bad_row_is_named():
    x = np.zeros((50, 2))
    x[7, 1], x[9, 0] = np.inf, np.nan
    with pytest.raises(ValueError, match="row 7 holds infinity"):
        admit(x, "x")


@pytest.mark.parametrize("value", [1e39, -3.5e38])
def test_a_value_beyond_the_models_dtype_counts_as_infinite(value):
    x = np.array([[0.0], [value]])
    with pytest.raises(ValueError, match="row 1 holds a value beyond float32"):
        admit(x, "x", (1,), np.float32)
    assert admit(x, "x", (1,), np.float64) is x
    assert admit(np.array([[float(np.finfo(np.float32).max)]]), "x", (1,), np.float32).size == 1


@pytest.mark.parametrize("dtype", [np.float32, np.uint8, np.int64, bool])
def test_bounds_hold_for_every_dtype(dtype):
    assert admit(np.array([[0, 1]], dtype), "y", bounds=(0, 1)).dtype == dtype
    if dtype is not bool:
        with pytest.raises(
            ValueError, match=r"y must lie in \[0, 1\].* holds 255.* in column 1; divide im"
        ):
            admit(np.array([[0, 255]], dtype), "y", bounds=(0, 1))


def variants(folder):
    """The same numbers, all exact in float32 and in integers, in every guise."""
    plain = np.arange(24, dtype=np.float64).reshape(6, 4) % 2
    read_only = plain.astype(np.float32)
    read_only.flags.writeable = False
    wide = np.zeros((12, 8), np.float32)
    wide[::2, ::2] = plain
    mapped = np.memmap(folder / "x.bin", np.float32, "w+", shape=(6, 4))
    mapped[...] = plain
    mapped.flush()
    packed = np.zeros(6, [("skip", "i1"), ("x", "f4", (4,))])
    packed["x"] = plain
    return {
        "float64": plain,
        "float32": plain.astype(np.float32),
        "float16": plain.astype(np.float16),
        "longdouble": plain.astype(np.longdouble),
        "fortran": np.asfortranarray(plain),
        "fortran float32": np.asfortranarray(plain.astype(np.float32)),
        "strided": wide[::2, ::2],
        "reversed": plain[::-1].copy()[::-1],
        "unaligned": packed["x"],
        "read-only": read_only,
        "broadcast": np.broadcast_to(plain[0], (6, 4)),
        "big-endian": plain.astype(">f4"),
        "big-endian float64": plain.astype(">f8"),
        "memory map": np.memmap(folder / "x.bin", np.float32, "r", shape=(6, 4)),
        "uint8": plain.astype(np.uint8),
        "int64": plain.astype(np.int64),
        "big-endian int16": plain.astype(">i2"),
        "bool": plain.astype(bool),
        "list": plain.tolist(),
        "tuple of arrays": tuple(plain),
    }


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_guise_gathers_to_the_same_numbers_and_is_left_alone(tmp_path, dtype):
    rows = np.array([5, 0, 0, 3])
    for name, data in variants(tmp_path).items():
        before = np.array(data)
        admitted = admit(data, name, (4,), dtype, (0, 1))
        if isinstance(data, np.ndarray):
            assert np.shares_memory(admitted, data), name
        for choice in (rows, slice(1, 4)):
            out = np.full((len(before[choice]), 4), np.nan, dtype)
            gather(admitted, choice, out)
            np.testing.assert_array_equal(out, before[choice].astype(dtype), err_msg=name)
        np.testing.assert_array_equal(np.array(data), before, err_msg=name)


def test_every_guise_trains_and_predicts_alike(tmp_path):
    results = {}
    for name, data in variants(tmp_path).items():
        before = np.array(data)
        ae = tae.Autoencoder([tae.Dense(2, "tanh")], [tae.Dense(4, "sigmoid")], loss="bce")
        loss = ae.fit(data, epochs=2, batch_size=4, validation_data=data, verbose=0)
        results[name] = (
            *(loss["loss"], loss["val_loss"], ae.parameters.tobytes()),
            *(ae.reconstruct(data).tobytes(), ae.encode(data).tobytes(), ae.evaluate(data)),
        )
        np.testing.assert_array_equal(np.array(data), before, err_msg=name)
    for name, result in results.items():
        assert result == results["float32"], name


@given(st.integers(0, 40), st.integers(1, 13))
def test_row_slices_cover_every_row_once(rows, step):
    pieces = list(row_slices(rows, step))
    assert [row for piece in pieces for row in range(rows)[piece]] == list(range(rows))
    assert all(piece.stop - piece.start == step for piece in pieces[:-1])


def test_chunks_are_about_a_megabyte_and_never_empty():
    assert [c.stop - c.start for c in row_chunks(3, 10 << 20)] == [1, 1, 1]
    sizes = [c.stop - c.start for c in row_chunks(1000, 4096)]
    assert sizes == [256, 256, 256, 232]
    assert shape_text((28, 28, 1)) == "(n, 28, 28, 1)"


def peak_of(action):
    """The most memory in bytes that was allocated while the action ran."""
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


WIDTH, ROWS = 64, 300_000  # 77 MB


@pytest.fixture(scope="module")
def mapped(tmp_path_factory):
    path = tmp_path_factory.mktemp("map") / "x.bin"
    x = np.memmap(path, np.float32, "w+", shape=(ROWS, WIDTH))
    x[...] = np.linspace(0, 1, WIDTH, dtype=np.float32)
    x.flush()
    return path


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_memory_map_is_never_copied_whole(mapped, order):
    shape = (ROWS, WIDTH) if order == "C" else (WIDTH, ROWS)
    x = np.memmap(mapped, np.float32, "r", shape=shape)
    x = x if order == "C" else x.T
    out = np.empty((100, WIDTH), np.float32)
    rows = np.random.default_rng(0).permutation(ROWS)[:100]

    def use():
        admit(x, "x", (WIDTH,), np.float32, (0, 1))
        gather(x, rows, out)
        gather(x, slice(7, 107), out)

    assert peak_of(use) < 4 << 20
    np.testing.assert_array_equal(out, x[7:107])


def test_a_sliced_array_is_never_copied_whole(mapped):
    x = np.memmap(mapped, np.float32, "r", shape=(ROWS, WIDTH))[::2, 1:]
    out = np.empty((100, WIDTH - 1), np.float32)
    rows = np.random.default_rng(0).permutation(len(x))[:100]
    assert peak_of(lambda: gather(x, rows, out)) < 4 << 20
    np.testing.assert_array_equal(out, x[rows])


@pytest.mark.large
@pytest.mark.parametrize(
    "use",
    [
        lambda ae, x: ae.fit(x, steps_per_epoch=20, verbose=0),
        lambda ae, x: ae.evaluate(x),
        lambda ae, x: ae.encode(x),
        lambda ae, x: ae.reconstruction_error(x),
    ],
    ids=["fit", "evaluate", "encode", "reconstruction_error"],
)
def test_a_model_uses_a_memory_map_without_copying_it(mapped, use):
    x = np.memmap(mapped, np.float32, "r", shape=(ROWS, WIDTH))
    ae = tae.Autoencoder([tae.Dense(2)], [tae.Dense(WIDTH)], input_shape=(WIDTH,))
    use(ae, x[:64])  # compiles, which is not to be counted
    assert peak_of(lambda: use(ae, x)) < x.nbytes / 2


# Bounds


def bounded(x, dtype=np.float32):
    return admit(x, "x", None, dtype, (0.0, 1.0))


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([1.0000000000000002, 0.5], np.float64),
        ([-1e-17, 0.5], np.float64),
        ([1 + 4 * 2.0**-52, -(2.0**-50)], np.float64),
        (np.array([1 + 2.0**-22, -1e-8], "f4"), np.float32),
        (np.array([1 + 2.0**-10, 0], "f2"), np.float32),
        ([1.00000012, 0.5], np.float32),  # what becomes 1 + an ulp in the model
    ],
)
def test_values_beyond_bounds_by_rounding_are_clipped_in_a_copy(values, dtype):
    x = np.array([values, values])
    before = x.copy()
    found = bounded(x, dtype)
    np.testing.assert_array_equal(found, np.clip(before, 0, 1))
    assert not np.shares_memory(found, x)
    np.testing.assert_array_equal(x, before)


def test_within_bounds_nothing_is_copied():
    assert bounded(X) is X


@pytest.mark.parametrize(
    ("value", "where", "message"),
    [
        (1.0000000000000018, (1, 3), "row 1 holds 1.0000000000000018 in column 3$"),
        (-1e-15, (0, 0), "row 0 holds -1e-15 in column 0$"),
        (np.float64(1.00000095), (5, 1), "row 5 holds 1.00000095 in column 1$"),
        (1.5, (2, 2), "row 2 holds 1.5 in column 2$"),
        (100.5, (2, 2), "row 2 holds 100.5 in column 2$"),
        (255.5, (2, 2), "row 2 holds 255.5 in column 2$"),
        (254.5, (2, 2), "row 2 holds 254.5 in column 2; divide .* by 255$"),
    ],
)
def test_a_value_beyond_bounds_is_shown_with_its_place(value, where, message):
    x = X.copy()
    x[where] = value
    with pytest.raises(ValueError, match=rf"^x must lie in \[0, 1\], but {message}"):
        bounded(x, np.float64)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.array([[0, 3], [16, 0]]), "row 0 holds 3 in column 1; divide .* by 255$"),
        (np.array([[0, 3], [256, 0]]), "row 0 holds 3 in column 1$"),
        (np.array([[0, 3], [-1, 0]]), "row 0 holds 3 in column 1$"),
        (
            np.full((3, 2, 2, 1), 255, np.uint8),
            r"row 0 holds 255 at \(0, 0, 0\); divide .* by 255$",
        ),
        (np.array([[1.25]], "f4"), "row 0 holds 1.25 in column 0$"),
        (np.array([[1.1]], "f4"), "row 0 holds 1.1 in column 0$"),  # float32's own digits
    ],
)
def test_only_what_looks_like_pixels_is_to_be_divided(x, message):
    with pytest.raises(ValueError, match=message):
        bounded(x)


def test_a_value_beyond_bounds_is_found_behind_the_first_megabyte(monkeypatch):
    monkeypatch.setattr(arrays, "CHUNK_BYTES", 64)
    x = X.copy()
    x[4, 1] = 2.5
    with pytest.raises(ValueError, match=r"row 4 holds 2\.5 in column 1$"):
        bounded(x)


def test_a_list_of_rows_of_a_memory_map_is_told_how_to_be_given(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((3, 4)))
    rows = list(np.load(tmp_path / "x.npy", mmap_mode="r"))
    with pytest.raises(ValueError, match=r"x\[0\] has shape \(4,\): for one sample each pass np.a"):
        admit(rows, "x", (4,))
