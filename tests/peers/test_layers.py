"""Sequences, borders, `output_padding` and activations give PyTorch's outputs and gradients."""

import numpy as np
import pytest

import tinyae as tae
from tests.support.in_torch import (
    ACTIVATIONS,
    assert_same,
    channels_last,
    channels_second,
    functional,
    leaf,
    same_padding,
    torch,
)

pytestmark = pytest.mark.filterwarnings("ignore")  # PyTorch's own, as it is imported

SEEDS = pytest.mark.parametrize("seed", range(8))


def hold(rng, layer, shape, theirs, images=True):
    """Compare output, and gradients for input and weights, on three random samples.

    `theirs(x, kernel, bias)` gets PyTorch's order of axes, and kernels (out, in, …) of a
    convolution or (in, out, …) of its transpose.
    """
    chain = tae.Sequential([layer])
    chain.build(shape, "float64", seed=0)
    for weight in layer.weights.values():
        weight[...] = rng.standard_normal(weight.shape)
    there, back = (channels_second, channels_last) if images else (np.asarray, lambda y: y)
    x = rng.standard_normal((3, *shape))
    y, cache = chain.forward(x)
    dy = rng.standard_normal(y.shape)
    dx = chain.backward(dy, cache)
    inputs = [leaf(there(x))]
    if layer.weights:
        inputs += [leaf(layer.weights["kernel"].T), leaf(layer.weights["bias"])]
    expected = theirs(*inputs)
    expected.backward(torch.tensor(np.ascontiguousarray(there(dy))))
    assert_same(y, back(expected))
    assert_same(dx, back(inputs[0].grad))
    if layer.weights:
        assert_same(layer.gradients["kernel"].T, inputs[1].grad)
        assert_same(layer.gradients["bias"], inputs[2].grad)


def drawn(rng, *most):
    return [int(n) for n in rng.integers(1, most)]


@SEEDS
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_conv1d(seed, padding):
    rng = np.random.default_rng(seed)
    kernel, stride, channels, filters, steps = drawn(rng, 5, 4, 5, 5, 9)
    steps += 4
    ends = same_padding(steps, kernel, stride) if padding == "same" else (0, 0)

    def theirs(x, W, b):
        return functional.conv1d(functional.pad(x, ends), W, b, stride=stride)

    hold(rng, tae.Conv1D(filters, kernel, stride, padding), (steps, channels), theirs)


@SEEDS
def test_conv1d_transpose(seed):
    rng = np.random.default_rng(seed)
    kernel, stride, channels, filters, steps = drawn(rng, 6, 4, 5, 5, 9)
    more = int(rng.integers(0, stride))

    def theirs(x, W, b):
        return functional.conv_transpose1d(x, W, b, stride=stride, output_padding=more)

    layer = tae.Conv1DTranspose(filters, kernel, stride, "valid", output_padding=more)
    hold(rng, layer, (steps, channels), theirs)


@SEEDS
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_conv2d_transpose_with_output_padding(seed, padding):
    """Of PyTorch's whole result that part which Keras keeps."""
    rng = np.random.default_rng(seed)
    channels, filters, *rest = drawn(rng, 5, 5, 6, 6, 4, 4, 4, 4)
    kernel, strides, size = (tuple(rest[i : i + 2]) for i in (0, 2, 4))
    size = (size[0] + 2, size[1] + 2)
    more = tuple(int(rng.integers(0, stride)) for stride in strides)
    kept = []
    for h, k, s, extra in zip(size, kernel, strides, more, strict=True):
        same = padding == "same"
        start = max(0, k // 2 - (extra + 1) // 2) if same else 0
        kept.append(slice(start, start + (h - 1) * s + k - 2 * (k // 2) * same + extra))

    def theirs(x, W, b):
        # the kernel's axes come as (in, out, width, height)
        whole = functional.conv_transpose2d(x, W.permute(0, 1, 3, 2), stride=strides)
        whole = functional.pad(whole, (0, 9, 0, 9))
        return functional.selu(whole[:, :, kept[0], kept[1]] + b[:, None, None])

    layer = tae.Conv2DTranspose(filters, kernel, strides, padding, "selu", output_padding=more)
    hold(rng, layer, (*size, channels), theirs)


@SEEDS
@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("MaxPooling1D", functional.max_pool1d),
        ("AveragePooling1D", functional.avg_pool1d),
    ],
)
def test_pooling1d(seed, name, theirs):
    rng = np.random.default_rng(seed)
    size, stride, channels, steps = drawn(rng, 5, 4, 5, 9)
    layer = getattr(tae, name)(size, stride)
    hold(rng, layer, (steps + 4, channels), lambda x: theirs(x, size, stride))


@SEEDS
def test_upsampling_cropping_and_padding(seed):
    rng = np.random.default_rng(seed)
    times, channels, steps = drawn(rng, 5, 5, 9)
    repeat = tae.UpSampling1D(times)
    hold(rng, repeat, (steps, channels), lambda x: x.repeat_interleave(times, dim=2))
    top, bottom, left, right = (int(n) for n in rng.integers(0, 3, 4))
    sides = ((top, bottom), (left, right))
    edges = (left, right, top, bottom)
    hold(rng, tae.ZeroPadding2D(sides), (6, 7, channels), lambda x: functional.pad(x, edges))
    edges = tuple(-edge for edge in edges)
    hold(rng, tae.Cropping2D(sides), (6, 7, channels), lambda x: functional.pad(x, edges))


@SEEDS
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(seed, name):
    rng = np.random.default_rng(seed)
    hold(rng, tae.Activation(name), (4, 1 + seed), ACTIVATIONS[name], images=False)
