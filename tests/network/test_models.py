"""The ready-made models: shapes, parameters, and that each learns something of real digits."""

import itertools
import re

import numpy as np
import pytest

import tinyae as tae
from tinyae import models

MODELS = {
    # name -> (model, parameters, code shape)
    "deep": (models.deep, 1_087_586, (2,)),
    "convolutional": (models.convolutional, None, (7, 7, 1)),
    "convolutional_transpose": (models.convolutional_transpose, None, (7, 7, 1)),
    "denoising": (models.denoising, None, (7, 7, 32)),
    "sparse": (models.sparse, None, (16,)),
    "variational": (models.variational, None, (20,)),
}


def conv(taps, inputs, filters):
    return taps * inputs * filters + filters


@pytest.mark.parametrize("name", MODELS)
def test_shapes(name):
    make, _, code = MODELS[name]
    ae = make()
    assert ae.encoder.output_shape == code
    assert ae.output_shape == ae.input_shape


def test_parameter_counts():
    dense = [784, 500, 300, 2, 300, 500, 784]
    assert models.deep().parameters.size == sum(a * b + b for a, b in itertools.pairwise(dense))
    sparse = [784, 64, 48, 32, 16, 32, 48, 64, 784]
    assert models.sparse().parameters.size == sum(a * b + b for a, b in itertools.pairwise(sparse))
    drawn = [784 * 500 + 500, 500 * 40 + 40, 20 * 500 + 500, 500 * 784 + 784]
    assert models.variational().parameters.size == sum(drawn)
    encoder = conv(49, 1, 128) + conv(4, 128, 32) + conv(49, 32, 1)
    decoder = conv(49, 1, 32) + conv(4, 32, 128) + conv(49, 128, 1)
    assert models.convolutional().parameters.size == encoder + decoder


def test_options_are_passed_on():
    ae = models.sparse(tae.L2(0.5), seed=3, dtype="float64", optimizer=tae.SGD(0.1), loss="mse")
    assert ae.seed == 3
    assert ae.dtype == np.float64
    assert isinstance(ae.optimizer, tae.SGD)
    assert isinstance(ae.loss, tae.MSE)
    assert ae.encoder.layers[-1].activity_regularizer.l2 == 0.5


@pytest.mark.parametrize("name", MODELS)
def test_layers_and_shape_are_the_models_own(name):
    make = MODELS[name][0]
    for own, given in (("input_shape", (9,)), ("encoder", []), ("decoder", [])):
        said = re.escape(f"{own} is the model's own, but got {own}={given}; tinyae.Auto")
        with pytest.raises(TypeError, match=said):
            make(**{own: given})


def test_a_variational_model_is_kingmas():
    ae = models.variational((6, 5, 4), "tanh", beta=0.5)
    assert ae.layers[2].beta == 0.5
    assert isinstance(ae.loss, tae.BCE)
    activations = [layer.activation for layer in ae.layers if layer.weights]
    assert activations == ["tanh", "linear", "tanh", "sigmoid"]


def test_denoising_without_its_own_noise():
    assert len(models.denoising(0).layers) == len(models.denoising(0.4).layers) - 1


def test_noise_can_be_kept_in_the_range_of_pixels():
    noise = models.denoising(0.5, clip=(0, 1)).layers[0]
    assert (noise.stddev, noise.clip) == (0.5, (0, 1))
    with pytest.raises(ValueError, match=r"^clip is of the noise, but stddev is 0 and clip \(0, 1"):
        models.denoising(0, clip=(0, 1))


@pytest.mark.parametrize("make", [models.deep, models.variational])
def test_sizes_that_are_no_sizes_say_what_to_give(make):
    with pytest.raises(ValueError, match=r"must be one tuple, .* \(784, 500, 20\), but got 784$"):
        make(784, 64, 4)
    with pytest.warns(
        UserWarning, match=r"sizes \(28, 28, 1\) are numbers .* give \(784, \.\.\.\)"
    ):
        make((28, 28, 1))
    make((28, 28, 2))
    make((28, 14, 1))


@pytest.mark.large
@pytest.mark.parametrize("name", MODELS)
def test_learns_real_digits(name):
    make = MODELS[name][0]
    options = {"filters": (6, 4)} if "conv" in name or name == "denoising" else {}
    ae = make(**options)
    images = len(ae.input_shape) == 3
    (x, _), (x_test, _) = tae.datasets.mnist_mini(images=images)
    mean_image = np.broadcast_to(x.mean(axis=0), x_test.shape).astype(np.float64)
    baseline = float(ae.loss.value_and_gradient(mean_image, x_test.astype(np.float64))[0])
    # one pass over two thousand images in small mini-batches: better than the mean image
    ae.fit(x[:2000], epochs=3, batch_size=20, verbose=0)
    assert ae.evaluate(x_test)["reconstruction"] < baseline
