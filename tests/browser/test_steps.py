"""The page's JavaScript computes what the kernels do, for every primitive step."""

from types import SimpleNamespace

import numpy as np
import pytest

import tinyae as tae
from tests.support.layer_cases import LAYER_CASES, Case, chain_of, samples
from tinyae.plot.javascript import read_decoder, written
from tinyae.primitives import steps

RUN = "([decoder, xs]) => xs.map((x) => [...readDecoder(decoder)(x)])"


class Scaled(tae.Layer):
    def build(self, input_shape):
        self.add_weight("scale", input_shape, "he_normal")
        return input_shape

    def forward(self, x, training=False, step=0, first=0):
        return self.weights["scale"] * x, None

    def backward(self, dy, cache):
        return self.weights["scale"] * dy

    def steps(self):
        return [steps.Scale("scale")]


CASES = [*LAYER_CASES, Case("scale", Scaled, (2, 3, 2))]


@pytest.fixture(scope="module")
def page(chromium, digits_page):
    context = chromium.new_context()
    page = context.new_page()
    page.goto(digits_page.absolute().as_uri())
    yield page
    context.close()


def test_the_cases_have_every_primitive():
    layers = [layer for case in CASES for layer in chain_of(case).layers]
    assert {type(step) for layer in layers for step in layer.steps()} == {*steps.PRIMITIVES}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize(("bits", "close"), [(32, 1e-6), (16, 1e-3)])
def test_outputs_are_the_models(page, case, bits, close):
    chain, x = chain_of(case), samples(case)
    decoder = written(read_decoder(SimpleNamespace(decoder=chain)), bits)
    found = page.evaluate(RUN, [decoder, x.reshape(len(x), -1).tolist()])
    expected = chain.predict(x)
    largest = max(1.0, np.abs(expected).max())
    np.testing.assert_allclose(
        np.reshape(found, expected.shape), expected, rtol=0, atol=close * largest
    )


def test_a_whole_image_model_is_the_models(page):
    ae = tae.models.convolutional(filters=(4, 3))
    z = np.random.default_rng(0).normal(size=(3, *ae.encoder.output_shape))
    found = page.evaluate(RUN, [written(read_decoder(ae), 16), z.reshape(3, -1).tolist()])
    np.testing.assert_allclose(found, ae.decode(z).reshape(3, -1), rtol=0, atol=1e-3)


@pytest.mark.parametrize("shape", [(6,), (3, 6)])
def test_columns_of_logits_are_read_as_the_model_reads_them(page, shape):
    loss = tae.Columns(
        [(slice(0, 2), "mse"), (2, "bce"), ([5, 3, 4], tae.CategoricalCrossentropy())]
    )
    size = int(np.prod(shape))
    layers = [tae.Dense(size), tae.Reshape(shape)]
    ae = tae.Autoencoder([tae.Flatten(), tae.Dense(2)], layers, shape, loss=loss)
    z = 3 * np.random.default_rng(0).normal(size=(4, 2))
    found = page.evaluate(RUN, [written(read_decoder(ae), 32), z.tolist()])
    np.testing.assert_allclose(found, ae.decode(z).reshape(4, -1), rtol=0, atol=1e-5)


def test_numbers_of_16_bits(page):
    """All of them, and those around what a scale makes of very large and small ones."""
    from tinyae.plot.javascript import packed, rounded

    halves = np.arange(65536, dtype=np.uint16).view(np.float16)
    halves = halves[np.isfinite(halves)].astype(np.float64)
    for array in (halves, halves * 1e30, halves * 2.0**-60, np.zeros(3), np.array([3e38, 1e-30])):
        found = page.evaluate("(packed) => [...unpack(packed).values]", packed(array, 16))
        np.testing.assert_array_equal(np.float32(found), rounded(array).astype(np.float32))
        np.testing.assert_allclose(rounded(array), array, rtol=2**-11, atol=2**-24 * array.max())
