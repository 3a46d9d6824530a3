"""Functions of one's own in an exported file: copied with all that they name, or refused."""

import numpy as np
import pytest

import tinyae as tae
from tests.export import own_functions
from tests.support.exported import assert_refused, functions, run_alone
from tests.support.format_1 import samples
from tinyae.maths.activations import KNOWN

STEEPNESS = 1.5


def steep(z):
    return STEEPNESS * z


def bent(z):
    return np.tanh(steep(z))


def own_activation(numpy):
    """One whose kernels never run here."""
    return tae.ActivationFunction("own", KNOWN["tanh"].forward, KNOWN["tanh"].backward, numpy=numpy)


def test_an_activation_of_ones_own_is_copied_with_all_that_it_calls(tmp_path):
    model = tae.Autoencoder([tae.Dense(2, own_activation(bent))], [tae.Dense(4)], input_shape=(4,))
    file, _ = model.export_numpy(tmp_path)
    assert {"steep", "bent"} < set(functions(file))
    assert "\nSTEEPNESS = 1.5\n" in file.read_text()
    x, (layer, _) = samples((4,)), model.layers
    z = run_alone(tmp_path, "autoencoder", x=x, z=x[:, :2])["encode"]
    np.testing.assert_allclose(z, bent(x @ layer.weights["kernel"]), rtol=1e-6)


def typed(text):
    """A function whose text is nowhere."""
    names = {"__name__": "typed"}
    exec(compile(text, "<typed>", "exec"), names)
    return names.popitem()[1]


@pytest.mark.parametrize(
    ("numpy", "message"),
    [
        (None, "cannot write the activation own, which has no reading in NumPy"),
        (np.tanh, "copies functions written with def, but got <ufunc 'tanh'>"),
        (lambda z: z, "copies functions written with def, but got <function <lambda>"),
        (typed("def f(z): return z"), "cannot find the text of f"),
        (typed("def squared_error(z): return z"), "two meanings of the name 'squared_error'"),
    ],
)
def test_activations_that_cannot_be_copied_are_refused(numpy, message, tmp_path):
    layer = tae.Dense(2, own_activation(numpy))
    model = tae.Autoencoder([layer], [tae.Dense(4)], input_shape=(4,))
    with pytest.raises(ValueError, match=message):
        model.export_numpy(tmp_path / "out")
    assert not (tmp_path / "out").exists()


class Mine(tae.Layer):
    def forward(self, x, training=False, step=0, first=0):
        return 2 * x, None


class Other:
    def value_and_gradient(self, output, target):
        return 0.0, output


def test_parts_of_ones_own_are_refused(tmp_path):
    def build(layer, loss="mse"):
        return tae.Autoencoder([layer], [tae.Dense(4)], input_shape=(4,), loss=loss)

    with pytest.raises(ValueError, match=r"encoder\[0\] Mine: Mine does not say"):
        build(Mine()).export_numpy(tmp_path / "out")
    with pytest.raises(ValueError, match=r"the loss .*Other.*encoder_only=True"):
        build(tae.Dense(2), Other()).export_numpy(tmp_path / "out")
    with pytest.raises(ValueError, match="export_numpy needs a built model"):
        tae.Autoencoder([tae.Dense(2)], [tae.Dense(4)]).export_numpy(tmp_path / "out")
    assert not (tmp_path / "out").exists()
    build(tae.Dense(2), Other()).export_numpy(tmp_path / "out", encoder_only=True)


def with_activation(numpy):
    return tae.Autoencoder([tae.Dense(4, own_activation(numpy))], [tae.Dense(4)], input_shape=(4,))


@pytest.mark.parametrize("function", own_functions.RIGHT, ids=lambda each: each.__name__)
def test_what_a_function_names_comes_along(function, tmp_path):
    model, x = with_activation(function), samples((4,))
    model.export_numpy(tmp_path)
    z = run_alone(tmp_path, "autoencoder", x=x, z=x)["encode"]
    expected = function(x @ model.layers[0].weights["kernel"])
    np.testing.assert_allclose(z, expected, rtol=1e-5)


@pytest.mark.parametrize(("function", "message"), own_functions.WRONG.items())
def test_what_cannot_come_along_is_refused_by_name(function, message, tmp_path):
    assert_refused(with_activation(function), message, tmp_path)


@pytest.mark.parametrize("function", own_functions.NAMED, ids=lambda each: each.__name__)
def test_functions_called_as_the_file_calls_its_own_are_refused(function, tmp_path):
    message = f"cannot copy '{function.__name__}': the file needs that name"
    assert_refused(with_activation(function), message, tmp_path)


CLIP = 0.5  # as tinyae.maths.plain calls another number


def clipped(z):
    return np.maximum(z, CLIP)


def test_one_name_for_two_numbers_is_refused(tmp_path):
    layers = [tae.Dense(4, own_activation(clipped))], [tae.Dense(4)]
    model = tae.Autoencoder(*layers, input_shape=(4,), loss="bce")
    assert_refused(model, "two meanings of the name 'CLIP'", tmp_path)


def test_a_text_further_left_than_its_def_is_refused(tmp_path):
    names = {}
    text = "def around():\n    def f(z):\n        '''A\nB'''\n        return z\n    return f\n"
    file = tmp_path / "left.py"
    file.write_text(text)
    exec(compile(text, str(file), "exec"), names)
    assert_refused(with_activation(names["around"]()), "cannot find the text of f", tmp_path)


class Bounded(tae.Loss):
    """Its numbers may be infinite."""

    kernel = tae.MSE.kernel

    @staticmethod
    def numpy(y, x, low, high, nan):
        return np.where(np.isnan(nan), np.clip(y - x, low, high) ** 2, 0)

    def settings(self):
        return np.array([-np.inf, np.inf, np.nan])


def test_a_loss_with_infinite_numbers_of_its_own(tmp_path):
    model = tae.Autoencoder([tae.Dense(2)], [tae.Dense(4)], input_shape=(4,), loss=Bounded())
    file, _ = model.export_numpy(tmp_path)
    assert 'numpy(y, x, float("-inf"), float("inf"), float("nan"))' in file.read_text()
    x = samples((4,))
    score = run_alone(tmp_path, "autoencoder", x=x, z=x[:, :2])["score"]
    np.testing.assert_allclose(score, ((model.reconstruct(x) - x) ** 2).mean(axis=1), rtol=1e-5)
