"""Weights that come from Keras and PyTorch give the outputs that they gave there."""

import os
import sys

import numpy as np
import pytest

import tinyae as tae

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# theirs, as they are imported
pytestmark = pytest.mark.filterwarnings("ignore")

CLOSE = 1e-6  # of the largest output

ACTIVATIONS = {"linear": "Identity", "relu": "ReLU", "elu": "ELU", "tanh": "Tanh"}
KERNELS = [(1, 1), (3, 1), (2, 2), (4, 3), (5, 2)]  # and strides


@pytest.fixture
def recipe(example):
    return example("from_keras_and_pytorch")


def built(layer, shape):
    """The layer, as a chain that can be run."""
    chain = tae.Sequential([layer])
    chain.build(shape)
    return chain


def assert_close(found, expected):
    expected = np.asarray(expected)
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= CLOSE * np.abs(expected).max()


def data(*shape):
    return np.random.default_rng(0).standard_normal((5, *shape)).astype(np.float32)


@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("activation", ACTIVATIONS)
class TestDense:
    def test_keras(self, recipe, activation, use_bias):
        keras = pytest.importorskip("keras")
        settings = {"activation": activation, "use_bias": use_bias}
        theirs, ours = keras.layers.Dense(7, **settings), tae.Dense(7, **settings)
        chain, expected = built(ours, (11,)), theirs(data(11))
        theirs.set_weights([w + np.float32(0.1) for w in theirs.get_weights()])
        recipe.from_keras(theirs, ours)
        assert_close(chain.predict(data(11)), theirs(data(11)))
        assert np.abs(np.asarray(expected) - chain.predict(data(11))).max() > 0.01

    def test_pytorch(self, recipe, activation, use_bias):
        torch = pytest.importorskip("torch")
        theirs = torch.nn.Linear(11, 7, bias=use_bias)
        ours = tae.Dense(7, activation, use_bias=use_bias)
        chain = built(ours, (11,))
        recipe.from_pytorch(theirs, ours)
        with torch.no_grad():
            z = getattr(torch.nn, ACTIVATIONS[activation])()(theirs(torch.from_numpy(data(11))))
        assert_close(chain.predict(data(11)), z)


@pytest.mark.parametrize(("kernel", "strides"), KERNELS)
@pytest.mark.parametrize("kind", ["Conv2D", "Conv2DTranspose"])
class TestConvolutions:
    @pytest.mark.parametrize("padding", ["valid", "same"])
    def test_keras(self, recipe, kind, kernel, strides, padding):
        keras = pytest.importorskip("keras")
        settings = {"kernel_size": (kernel, 3), "strides": strides, "padding": padding}
        theirs = getattr(keras.layers, kind)(4, **settings, bias_initializer="random_normal")
        ours = getattr(tae, kind)(4, **settings)
        chain, x = built(ours, (8, 9, 3)), data(8, 9, 3)
        theirs.build((None, 8, 9, 3))
        recipe.from_keras(theirs, ours)
        assert_close(chain.predict(x), theirs(x))

    def test_pytorch(self, recipe, kind, kernel, strides):
        torch = pytest.importorskip("torch")
        name = {"Conv2D": "Conv2d", "Conv2DTranspose": "ConvTranspose2d"}[kind]
        theirs = getattr(torch.nn, name)(3, 4, (kernel, 3), stride=(strides, 2))
        ours = getattr(tae, kind)(4, (kernel, 3), strides=(strides, 2))
        chain, x = built(ours, (8, 9, 3)), data(8, 9, 3)
        recipe.from_pytorch(theirs, ours)
        with torch.no_grad():
            y = theirs(torch.from_numpy(x.transpose(0, 3, 1, 2)))
        assert_close(chain.predict(x), y.numpy().transpose(0, 2, 3, 1))


@pytest.mark.parametrize(("name", "module"), [("Keras", "keras"), ("PyTorch", "torch")])
def test_whole_networks(recipe, name, module, capsys):
    pytest.importorskip(module)
    assert recipe.main(seed=3, names=(name,))[name] <= CLOSE
    assert capsys.readouterr().out.startswith(f"{name}: ")


def test_without_them_the_recipe_says_so(recipe, monkeypatch, capsys):
    for module in ("keras", "torch"):
        monkeypatch.setitem(sys.modules, module, None)
    assert recipe.main() == {}
    assert [line[:20] for line in capsys.readouterr().out.splitlines()] == [
        "Keras: not compared,",
        "PyTorch: not compare",
    ]
