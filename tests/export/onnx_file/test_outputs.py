"""The exported graph gives what the model gives, in onnxruntime or onnx's reference."""

import numpy as np
import pytest
from hypothesis import assume, given, settings

import tinyae as tae
from tests.support.exported_onnx import check, run_onnxruntime
from tests.support.format_1 import samples
from tests.support.layer_cases import each_case
from tests.support.one_step import one_step
from tests.support.random_models import designs, jumps
from tests.support.small_models import MIXED, mixed_model
from tinyae.primitives import steps

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

DTYPES = ("float32", "float64")
PRESETS = {
    "deep": lambda: tae.models.deep((784, 256, 64, 16), "elu"),
    "convolutional": tae.models.convolutional,
    "convolutional_transpose": tae.models.convolutional_transpose,
    "denoising": tae.models.denoising,
    "sparse": tae.models.sparse,
}


def test_every_ready_made_model_is_here():
    public = {name for name in vars(tae.models) if not name.startswith("_")}
    assert public >= PRESETS.keys()


@pytest.mark.large
@pytest.mark.parametrize("encoder_only", [False, True])
@pytest.mark.parametrize("name", PRESETS)
def test_ready_made_models(name, encoder_only, tmp_path):
    model = PRESETS[name]()
    (_, _), (x, _) = tae.datasets.mnist_mini()
    check(model, tmp_path / "m.onnx", x[:7].reshape(-1, *model.input_shape), encoder_only)


@pytest.mark.parametrize("dtype", DTYPES)
@each_case
def test_every_layer(case, dtype, tmp_path):
    model = tae.Autoencoder(
        [case.make()], [tae.Activation("linear")], case.input_shape, dtype=dtype
    )
    rng = np.random.default_rng(0)
    model.parameters[...] += rng.normal(0, 0.2, model.parameters.size)
    check(model, tmp_path / "m.onnx", rng.standard_normal((5, *case.input_shape)))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", steps.PRIMITIVES)
def test_every_primitive(kind, dtype, tmp_path):
    model = one_step(kind, dtype)
    x = np.random.default_rng(0).standard_normal((3, *model.input_shape))
    check(model, tmp_path / "m.onnx", x)


@pytest.mark.parametrize("dtype", DTYPES)
@given(design=designs())
@settings(max_examples=200)
def test_random_models(dtype, design, tmp_path_factory):
    assume(dtype == "float64" or not jumps([*design.encoder, *design.decoder]))
    model = design.make(dtype=dtype)
    check(model, tmp_path_factory.mktemp("onnx") / "m.onnx", design.x)


@pytest.mark.parametrize("pixels", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", MIXED)
def test_columns_that_a_loss_takes_as_logits(name, dtype, pixels, tmp_path):
    check(mixed_model(name, dtype, pixels), tmp_path / "m.onnx", samples((6,)))


def test_any_number_of_samples(tmp_path):
    model = tae.models.denoising(filters=(2, 2))
    model.export_onnx(tmp_path / "m.onnx")
    x = np.random.default_rng(0).random((9, 28, 28, 1), np.float32)
    (together,) = run_onnxruntime(tmp_path / "m.onnx", x)
    alone = [run_onnxruntime(tmp_path / "m.onnx", x[i : i + 1])[0] for i in range(9)]
    np.testing.assert_allclose(together, np.concatenate(alone), rtol=0, atol=1e-6)
