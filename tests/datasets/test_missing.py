"""Values that are not known: found in whatever form, and named where they are not allowed."""

import numpy as np
import pytest

import tinyae as tae

x = np.random.default_rng(0).random((9, 4))
GONE = x > 0.7


def gaps(values, dtype=float):
    return np.ma.masked_array(np.array(values, dtype), mask=GONE)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("form", ["masked", "rows"])
def test_what_is_masked_is_missing(form, dtype):
    given = gaps(x, dtype)
    given[0, 0] = np.nan
    filled, weight = tae.mask_missing(given if form == "masked" else list(given), fill=-1)
    missing = GONE.copy()
    missing[0, 0] = True
    np.testing.assert_array_equal(weight, ~missing)
    np.testing.assert_array_equal(filled, np.where(missing, -1, x.astype(dtype)))
    assert filled.dtype == (dtype if form == "masked" else "float64")
    assert type(filled) is np.ndarray


def test_a_mask_without_effect_and_whole_numbers():
    whole = np.arange(8).reshape(2, 4)
    for mask in (False, np.eye(2, 4, dtype=bool)):
        filled, weight = tae.mask_missing(np.ma.masked_array(whole, mask=mask), fill=5)
        np.testing.assert_array_equal(filled, np.where(mask, 5, whole))
        np.testing.assert_array_equal(weight, ~np.broadcast_to(mask, (2, 4)))


@pytest.mark.parametrize("call", ["fit", "evaluate", "reconstruct"])
@pytest.mark.parametrize(
    "given", [gaps(x), list(gaps(x)), np.where(GONE, np.nan, x)], ids=["masked", "rows", "NaN"]
)
def test_they_are_named_with_what_to_do(call, given):
    ae = tae.Autoencoder([tae.Dense(2)], [tae.Dense(4)])
    with pytest.raises(ValueError, match=r"x, w = tinyae.mask_missing\(x\).*sample_weight=w"):
        getattr(ae, call)(given)


def test_infinity_is_not_missing():
    ae = tae.Autoencoder([tae.Dense(2)], [tae.Dense(4)])
    with pytest.raises(ValueError, match=r"row \d holds infinity$"):
        ae.fit(np.where(GONE, np.inf, x))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.ma.masked_array(x * 1j, mask=GONE), "x must hold real numbers, but holds complex"),
        (np.ma.masked_array(x.astype(str), mask=GONE), "x must hold real numbers, but holds text"),
        ([gaps(x)[0], np.ma.masked_array([1.0])], "x must be one rectangular array"),
        (np.ma.masked, "x must have at least two dimensions"),
        (x.astype(np.longdouble) * np.longdouble(10) ** 400, "x must be finite, but holds a value"),
    ],
)
def test_what_are_no_numbers_is_refused_by_name(given, message):
    with np.errstate(all="raise"), pytest.raises(ValueError, match=message):
        tae.mask_missing(given)


def test_the_fill_must_be_a_number_of_the_samples():
    with pytest.raises(ValueError, match="fill must be finite, but holds a value beyond float32"):
        tae.mask_missing(x.astype("float32"), fill=1e39)
    assert tae.mask_missing(np.where(GONE, np.nan, x), fill=1e39)[0].max() == 1e39
