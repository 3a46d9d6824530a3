"""What C and ONNX cannot say is refused by name, and nothing is written."""

import importlib.util
import sys

import numpy as np
import pytest

import tinyae as tae
from tests.support.exported import assert_refused
from tests.support.format_1 import dense
from tests.support.one_step import Given
from tinyae.maths.activations import KNOWN
from tinyae.primitives import steps

needs_onnx = pytest.mark.skipif(importlib.util.find_spec("onnx") is None, reason="needs onnx")
each_export = pytest.mark.parametrize(
    "export", ["export_c", pytest.param("export_onnx", marks=needs_onnx)]
)
FLAT, IMAGE = (4,), (3, 4, 2)


@each_export
@pytest.mark.parametrize("name", ["own", "relu"])
def test_activations_of_ones_own(export, name, tmp_path):
    own = tae.ActivationFunction(name, KNOWN["tanh"].forward, KNOWN["tanh"].backward)
    model = tae.Autoencoder([tae.Dense(2)], [tae.Dense(4, own)], FLAT)
    message = rf"^{export} cannot write decoder\[0\] Dense: its activation {name} has no "
    assert_refused(model, message, tmp_path, export)
    getattr(model, export)(tmp_path / "encoder", encoder_only=True)


@each_export
@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_weights_that_are_no_numbers(export, number, tmp_path):
    model = dense()
    model.layers[2].weights["bias"][1] = number
    message = rf"^{export} cannot write decoder\[0\] Dense: its weight 'bias' holds NaN or infinity"
    assert_refused(model, message, tmp_path, export)


@each_export
def test_a_layer_that_does_not_say_what_it_does(export, tmp_path):
    class Silent(tae.Dense):
        def forward(self, x, training=False, step=0, first=0):
            return super().forward(2 * x, training, step, first)

    model = tae.Autoencoder([Silent(2)], [tae.Dense(4)], FLAT)
    message = rf"^{export} cannot write encoder\[0\] Silent: Silent does not say which steps"
    assert_refused(model, message, tmp_path, export)


@each_export
@pytest.mark.parametrize(
    ("shape", "step"),
    [
        (FLAT, steps.Product("W")),
        (FLAT, steps.Reshape((5,))),
        (FLAT, steps.Reshape((2, -2))),
        (FLAT, steps.Pad((1, 1), (1, 1))),
        (FLAT, steps.MaxPool((1, 1), (1, 1))),
        (IMAGE, steps.Bias("W")),
        (IMAGE, steps.Product("W")),
        (IMAGE, steps.WindowProduct("W", (1, 1))),
        (IMAGE, steps.WindowProductTransposed("W", (1, 1))),
        (IMAGE, steps.Pad((-1, 1), (0, 0))),
        (IMAGE, steps.Pad((0.5, 0.5), (0, 0))),
        (IMAGE, steps.Pad("ab", "cd")),
        (IMAGE, steps.Crop((-1, 3), (0, 4))),
        (IMAGE, steps.Crop((0, 3), (1, 4))),
        (IMAGE, steps.Crop((0, 0), (0, 4))),
        (IMAGE, steps.MaxPool((4, 1), (1, 1))),
        (IMAGE, steps.MaxPool((1, 1), (0, 1))),
        (IMAGE, steps.MaxPool((1, 1), (-1, 1))),
        (IMAGE, steps.MaxPool(2, 1)),
        (IMAGE, steps.AveragePool((2, 2), (1, 1), (0, -1), (0, 0))),
        (IMAGE, steps.AveragePool((2, 2), (1, 1), (0,), (0, 0))),
        (IMAGE, steps.Repeat(0, 1)),
        (IMAGE, steps.Repeat(1.5, 1)),
    ],
)
def test_steps_that_do_not_fit(export, shape, step, tmp_path):
    """A program in C would read and write beyond its arrays."""
    model = tae.Autoencoder([Given([step])], [tae.Activation("linear")], shape)
    message = rf"^{export} cannot write encoder\[0\] Given: {type(step).__name__}\(.* does not fit"
    assert_refused(model, message, tmp_path, export)


@each_export
def test_steps_that_lead_elsewhere(export, tmp_path):
    model = tae.Autoencoder([Given([steps.Reshape((2, 2))])], [tae.Dense(4)], FLAT)
    message = r"Given: its steps give \(n, 2, 2\), but its output is \(n, 4\)"
    assert_refused(model, message, tmp_path, export)


@each_export
def test_a_model_that_is_not_built(export, tmp_path):
    model = tae.Autoencoder([tae.Dense(2)], [tae.Dense(4)])
    assert_refused(model, "input_shape", tmp_path, export)


@each_export
def test_a_file_that_cannot_be_written(export, tmp_path):
    (tmp_path / "file").write_text("as it was")
    with pytest.raises(OSError, match="file"):
        getattr(dense(), export)(tmp_path / "file" / "m.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "as it was"


def test_where_onnx_is_missing(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r'^export_onnx needs onnx: pip install "tinyae\[onnx\]"'):
        dense().export_onnx(tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())
