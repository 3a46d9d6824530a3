"""What an exported graph looks like to programs that read it."""

import numpy as np
import pytest

import tinyae as tae
from tests.support.exported import assert_close
from tests.support.exported_onnx import run_reference
from tests.support.format_1 import dense, images, samples
from tests.support.one_step import Given
from tinyae.export.onnx_file import OPERATORS
from tinyae.maths.activations import KNOWN
from tinyae.primitives import steps

onnx = pytest.importorskip("onnx")


def shape_of(value):
    return [size.dim_param or size.dim_value for size in value.type.tensor_type.shape.dim]


def test_opset_and_ends(tmp_path):
    path = tmp_path / "of any name"
    assert images().export_onnx(path) == path
    assert [file.name for file in tmp_path.iterdir()] == ["of any name"]
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", 17)]
    assert model.ir_version == 8  # that of opset 17, which every runtime of it reads
    assert (model.producer_name, model.producer_version) == ("tinyae", tae.__version__)
    (x,), (y,) = model.graph.input, model.graph.output
    assert (x.name, shape_of(x)) == ("x", ["n", 6, 6, 1])
    assert (y.name, shape_of(y)) == ("y", ["n", *images().output_shape])
    assert x.type.tensor_type.elem_type == onnx.TensorProto.FLOAT
    images().export_onnx(path, encoder_only=True)
    (z,) = onnx.load(path).graph.output
    assert (z.name, shape_of(z)) == ("z", ["n", 3])
    dense(dtype="float64").export_onnx(path)
    assert onnx.load(path).graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.DOUBLE


def operators(path):
    return [node.op_type for node in onnx.load(path).graph.node]


def test_images_are_turned_once_for_layers_that_follow_each_other(tmp_path):
    images().export_onnx(tmp_path / "m.onnx")
    encoder = ["Transpose", "Pad", "Conv", "Add", "Relu", "MaxPool", "Conv", "Tanh", "AveragePool"]
    encoder += ["Transpose", "Reshape", "MatMul", "Add"]
    decoder = ["MatMul", "Add", "Reshape", "Elu", "Transpose", "Resize", "ConvTranspose", "Slice"]
    decoder += ["Add", "Relu", "Conv", "Add", "Sigmoid", "Transpose"]
    assert operators(tmp_path / "m.onnx") == encoder + decoder


def test_layers_that_change_nothing(tmp_path):
    model = tae.Autoencoder([tae.Dropout(0.5)], [tae.Activation("linear")], (4,))
    model.export_onnx(tmp_path / "m.onnx")
    assert operators(tmp_path / "m.onnx") == ["Identity"]


def test_the_same_model_gives_the_same_bytes(tmp_path):
    files = [images().export_onnx(tmp_path / name).read_bytes() for name in "ab"]
    assert files[0] == files[1]


@pytest.mark.parametrize("name", ["two words", "x", "δ", "\ud800"])
def test_weights_of_any_name_and_weights_that_are_used_twice(name, tmp_path):
    """Once for images with channels last, once first."""
    given = [steps.Scale(name), steps.Pad((0, 0), (0, 0)), steps.Bias(name)]
    model = tae.Autoencoder([Given(given, name)], [tae.Activation("linear")], (1, 1, 4))
    weight = model.layers[0].weights[name]
    given[2] = steps.Scale(name)
    model.export_onnx(tmp_path / "m.onnx")
    x = samples((1, 1, 4)).astype(np.float32)
    (found,) = run_reference(tmp_path / "m.onnx", x)
    assert_close(found, x * weight * weight)


def test_every_activation_has_an_operator():
    assert OPERATORS.keys() == KNOWN.keys() - {"linear"}
