"""Upsampling and the convolution after it, run as one op: the same numbers as one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinyae as tae
from tinyae.checks.overridden import is_compiled
from tinyae.engine.program import Program, eager_predict
from tinyae.layers import upsampled_convolution
from tinyae.layers.record import as_type
from tinyae.network.chain import training_chain
from tinyae.training.eager import EagerTrainer


def model_of(upsampling, conv, shape, **options):
    return tae.Autoencoder(
        [tae.Activation("linear")],
        [upsampling, conv],
        input_shape=shape,
        **{"dtype": "float64", "seed": 1, "threads": 1} | options,
    )


@st.composite
def models(draw):
    """A pair that can be folded, and images for it."""
    sizes, taps = st.tuples(*[st.integers(1, 3)] * 2), st.tuples(*[st.integers(1, 7)] * 2)
    size, window = draw(sizes), draw(taps)
    padding = draw(st.sampled_from(["same", "valid"]))
    rows, columns = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    if padding == "valid":
        rows, columns = max(rows, -(-window[0] // size[0])), max(columns, -(-window[1] // size[1]))
    conv = tae.Conv2D(
        *(draw(st.integers(1, 3)), window),
        padding=padding,
        activation=draw(st.sampled_from(["linear", "tanh", "sigmoid"])),
        use_bias=draw(st.booleans()),
        bias_initializer=tae.RandomNormal(1.0),
        activity_regularizer=draw(st.sampled_from([None, tae.L1L2(0.1, 0.2)])),
    )
    conv.trainable = draw(st.sampled_from([True, True, True, False]))
    shape = (rows, columns, draw(st.integers(1, 3)))
    loss = draw(st.sampled_from(["mse", "bce"])) if conv.activation == "sigmoid" else "mse"
    return model_of(tae.UpSampling2D(size), conv, shape, loss=loss)


@given(models(), st.integers(0, 100))
def test_the_fold_is_exact(model, seed):
    rng = np.random.default_rng(seed)
    x = rng.random((3, *model.input_shape))
    y = x
    for layer in model.layers:
        y, _ = layer.forward(y)
    target = rng.random(y.shape)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(upsampled_convolution, "pays", lambda conv, repeat: True)
        assert len(Program(model.layers).table) == 2
        np.testing.assert_allclose(model.reconstruct(x), y, rtol=0, atol=1e-12)
        loss, gradient = model.loss_and_gradient(x, target)
    chain = training_chain(model.layers, model.loss)
    eager = EagerTrainer(chain, model.parameters, model.gradient, model.slots)
    reconstruction, penalty, _ = eager.loss_and_gradient(x, target, False, 0)
    assert loss == pytest.approx(reconstruction + penalty, rel=1e-12)
    np.testing.assert_allclose(gradient, model.gradient, rtol=0, atol=1e-12)


def test_the_gradient_for_the_input_passes_through():
    model = tae.Autoencoder(
        [tae.UpSampling2D(), tae.Conv2D(2, 3, padding="same", activation="tanh")],
        [tae.MaxPooling2D()],
        input_shape=(3, 4, 2),
        seed=0,
    )
    assert len(Program(model.layers).table) == 2
    report = tae.check_gradients(model, np.random.default_rng(0).normal(size=(2, 3, 4, 2)))
    assert report.passed, str(report)


def test_the_tutorials_model_has_both_its_pairs_folded():
    model = tae.models.convolutional()
    ops = [as_type(op, tae.Conv2D.kernels.record) for op in Program(model.layers).table]
    assert len(model.layers) - len(ops) == 2
    assert [(op.kernel_height, op.stride_h) for op in ops[-2:]] == [(3, 2), (8, 2)]


class Own(tae.Conv2D):
    def forward(self, x, training=False, step=0, first=0):
        return super().forward(x, training, step, first)


@pytest.mark.parametrize(
    ("upsampling", "conv", "channels"),
    [
        (tae.UpSampling2D(), tae.Conv2D(1, 3, strides=2, padding="same"), 8),
        (tae.UpSampling2D(), tae.Conv2DTranspose(1, 3, padding="same"), 8),
        (tae.UpSampling2D(activity_regularizer=tae.L1(0.1)), tae.Conv2D(1, 3, padding="same"), 8),
        # scattering 64 filters costs more than gathering one channel
        (tae.UpSampling2D(), tae.Conv2D(64, 7, padding="same"), 1),
        # no fewer products
        (tae.UpSampling2D(), tae.Conv2D(8, 1, padding="same"), 8),
    ],
)
def test_other_pairs_are_left_alone(upsampling, conv, channels):
    model = model_of(upsampling, conv, (4, 4, channels))
    assert len(Program(model.layers).table) == 3
    x = np.random.default_rng(0).normal(size=(2, 4, 4, channels))
    eager = eager_predict(model.layers, x, model.dtype)
    np.testing.assert_allclose(model.reconstruct(x), eager, rtol=0, atol=1e-12)


def test_a_convolution_of_ones_own_runs_as_it_is_written():
    model = model_of(tae.UpSampling2D(), Own(1, 3, padding="same"), (4, 4, 8))
    assert not is_compiled(model.layers[-1])
    assert model.reconstruct(np.zeros((1, 4, 4, 8))).shape == (1, 8, 8, 1)
