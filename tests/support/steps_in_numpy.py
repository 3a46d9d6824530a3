"""The primitive steps of a layer, run in plain NumPy one after the other."""

import numpy as np

from tinyae.primitives import plain_codes, plain_images, steps

# One line for each primitive: from h, the step and the layer's weights to the next h
RUN = {
    steps.Product: lambda h, step, weights: h @ weights[step.weight],
    steps.Bias: lambda h, step, weights: h + weights[step.weight],
    steps.Scale: lambda h, step, weights: h * weights[step.weight],
    steps.Rescale: lambda h, step, weights: h * step.scale + step.offset,
    steps.Apply: lambda h, step, weights: step.activation.numpy(h),
    steps.Head: lambda h, step, weights: h[..., : step.size],
    steps.Largest: lambda h, step, weights: plain_codes.largest(h, step.k),
    steps.Reshape: lambda h, step, weights: h.reshape(len(h), *step.shape),
    steps.Pad: lambda h, step, weights: plain_images.pad(h, *step),
    steps.Crop: lambda h, step, weights: plain_images.crop(h, *step),
    steps.WindowProduct: lambda h, step, weights: plain_images.conv(
        h, weights[step.weight], step.strides
    ),
    steps.WindowProductTransposed: lambda h, step, weights: plain_images.conv_transpose(
        h, weights[step.weight], step.strides
    ),
    steps.MaxPool: lambda h, step, weights: plain_images.max_pool(h, *step),
    steps.AveragePool: lambda h, step, weights: plain_images.average_pool(h, *step),
    steps.Repeat: lambda h, step, weights: plain_images.upsample(h, *step),
}


def run_steps(layer, x):
    """What the layer's steps make of a batch."""
    weights = {name: steps.weight_of(layer, name) for name in steps.weight_names(layer)}
    for step in layer.steps():
        x = RUN[type(step)](x, step, weights)
    return x


def assert_same(actual, expected):
    """Equal to 1e-12, of the largest number where that is above 1."""
    assert actual.shape == expected.shape
    largest = max(1.0, np.abs(expected).max(initial=0))
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-12 * largest)
