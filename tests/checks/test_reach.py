"""Outputs that can never be their targets: one warning, of the caller's line."""

import warnings

import numpy as np
import pytest

import tinyae as tae

X = np.random.default_rng(0).random((8, 4))
BEYOND = X * 4 - 2


class OwnLoss(tae.MSE):
    """Nothing is known of what it does with targets."""


class OwnDense(tae.Dense):
    """Nor of this."""


def model(*end, loss="mse"):
    return tae.Autoencoder([tae.Dense(2)], list(end), loss=loss)


def words(ae, *data, **settings):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ae.fit(*data, verbose=0, **settings)
    return caught


D = tae.Dense
WARNED = {
    "sigmoid": (lambda: model(D(4, "sigmoid")), BEYOND, r"decoder\[0\] Dense is sigmoid.*\[0, 1\]"),
    "tanh": (lambda: model(D(4, "tanh")), BEYOND, r"is tanh.* \[-1, 1\]"),
    "relu": (lambda: model(D(4, "relu")), BEYOND, r"is relu.* \[0, inf\]"),
    "behind others": (
        lambda: model(D(4), tae.Activation("sigmoid"), tae.Reshape((4, 1)), tae.Flatten()),
        BEYOND,
        r"decoder\[1\] Activation is sigmoid",
    ),
    "pixels": (lambda: model(D(4, "sigmoid")), np.full((3, 4), 255, np.uint8), "such as 255 do"),
    "BCE of linear": (lambda: model(D(4), loss="bce"), X, r"BCE is for .* Dense is linear: .*sigm"),
    "BCE of relu": (lambda: model(D(4, "relu"), loss="bce"), X, "BCE is for .* is relu"),
    "BCE of tanh": (lambda: model(D(4, "tanh"), loss="bce"), X, "BCE is for .* is tanh"),
}


@pytest.mark.parametrize("case", WARNED)
def test_one_warning_with_what_to_do(case):
    make, x, message = WARNED[case]
    (warning,) = words(make(), x, epochs=3)
    assert warning.category is UserWarning
    assert warning.filename == __file__
    with pytest.warns(UserWarning, match=message):
        make().fit(x, verbose=0)


SILENT = {
    "sigmoid": (lambda: model(D(4, "sigmoid")), X),
    "sigmoid of rounded data": (lambda: model(D(4, "sigmoid")), np.clip(BEYOND, 0, 1 + 2**-52)),
    "BCE of sigmoid": (lambda: model(D(4, "sigmoid"), loss="bce"), X),
    "BCE of sigmoid behind others": (
        lambda: model(D(4, "sigmoid"), tae.Reshape((2, 2, 1)), tae.Flatten(), loss="bce"),
        X,
    ),
    "linear": (lambda: model(D(4)), BEYOND),
    "leaky relu": (lambda: model(D(4, "leaky_relu")), BEYOND),
    "relu": (lambda: model(D(4, "relu")), X * 9),
    "a loss of one's own": (lambda: model(D(4, "sigmoid"), loss=OwnLoss()), BEYOND),
    "a layer of one's own": (lambda: model(OwnDense(4, "sigmoid")), BEYOND),
}


@pytest.mark.parametrize("case", SILENT)
def test_no_word_where_all_is_well_or_nothing_known(case):
    make, x = SILENT[case]
    assert not words(make(), x)


def test_targets_count_not_inputs():
    assert not words(model(D(4, "sigmoid")), BEYOND, X)
    assert len(words(model(D(4, "sigmoid")), X, BEYOND)) == 1


def test_the_line_is_that_of_whoever_called_the_package():
    class Mine(tae.Autoencoder):
        def fit(self, x, **options):
            return super().fit(x, **options)  # this line

    (warning,) = words(Mine([D(2)], [D(4, "sigmoid")]), BEYOND)
    with open(__file__, encoding="utf-8") as file:
        assert "# this line" in file.readlines()[warning.lineno - 1]


def test_a_warning_that_is_an_error_leaves_the_model_as_it_was():
    ae = model(D(4, "sigmoid"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="is sigmoid"):
            ae.fit(BEYOND, verbose=0, initial_epoch=3)
    assert not ae.built
    assert ae.progress.epoch == 0
