"""Layers that say what they do in steps that are given: one of each primitive, and any others."""

import numpy as np

import tinyae as tae
from tests.support import naive, naive_images
from tinyae.maths.activations import KNOWN
from tinyae.primitives import steps

# One case for each primitive step: the step, its weight's shape, the input's, and what it does by
# definition, for an input x and the weight W.
IMAGE = (5, 4, 2)
PRIMITIVES = {
    steps.Product: (steps.Product("W"), (4, 3), (4,), lambda x, W: naive.product(x, W)),
    steps.Bias: (steps.Bias("W"), (2,), IMAGE, lambda x, W: x + np.broadcast_to(W, IMAGE)),
    steps.Scale: (steps.Scale("W"), IMAGE, IMAGE, lambda x, W: x * W),
    steps.Rescale: (steps.Rescale(0.5, -2.0), None, IMAGE, lambda x, W: 0.5 * x - 2.0),
    steps.Apply: (steps.Apply(KNOWN["elu"]), None, (4,), lambda x, W: naive.activation("elu", x)),
    steps.Head: (steps.Head(1), None, IMAGE, lambda x, W: x[..., :1]),
    steps.Largest: (steps.Largest(1), None, IMAGE, lambda x, W: naive.largest(x, 1)),
    steps.Reshape: (steps.Reshape((2, 20)), None, IMAGE, lambda x, W: x.reshape(-1, 2, 20)),
    steps.Pad: (
        *(steps.Pad((1, 2), (0, 3), 0.0), None, IMAGE),
        lambda x, W: np.pad(x, [(0, 0), (1, 2), (0, 3), (0, 0)], constant_values=0),
    ),
    steps.Crop: (steps.Crop((1, 3), (0, 2)), None, IMAGE, lambda x, W: x[:, 1:4, :2]),
    steps.WindowProduct: (
        *(steps.WindowProduct("W", (2, 1)), (2, 3, 2, 3), IMAGE),
        lambda x, W: naive_images.conv2d(x, W, np.zeros(3), (2, 1), "valid"),
    ),
    steps.WindowProductTransposed: (
        *(steps.WindowProductTransposed("W", (2, 1)), (2, 3, 3, 2), IMAGE),
        lambda x, W: naive_images.conv2d_transpose(x, W, np.zeros(3), (2, 1), "valid"),
    ),
    steps.MaxPool: (
        *(steps.MaxPool((3, 2), (2, 1)), None, IMAGE),
        lambda x, W: naive_images.pooling(x, (3, 2), (2, 1), "valid", np.max),
    ),
    steps.AveragePool: (
        *(steps.AveragePool((3, 2), (2, 1), (1, 1), (0, 1)), None, IMAGE),
        lambda x, W: naive_images.pooling(x, (3, 2), (2, 1), "same", np.mean),
    ),
    steps.Repeat: (
        *(steps.Repeat(2, 3), None, IMAGE),
        lambda x, W: naive_images.upsampling(x, (2, 3)),
    ),
}


class OneStep(tae.Layer):
    """A layer of one's own that says what it does in a primitive step."""

    def __init__(self, step, weight_shape, compute):
        super().__init__()
        self.step, self.weight_shape, self.compute = step, weight_shape, compute

    def build(self, input_shape):
        if self.weight_shape is not None:
            self.add_weight("W", self.weight_shape)
        return self.compute(np.zeros((1, *input_shape)), self.weights.get("W")).shape[1:]

    def forward(self, x, training=False, step=0, first=0):
        return self.compute(x, self.weights.get("W")), None

    def steps(self):
        return [self.step]


def one_step(kind, dtype="float64"):
    """A model whose encoder takes one step of a kind; a new kind needs a case above."""
    step, weight_shape, input_shape, compute = PRIMITIVES[kind]
    assert type(step) is kind
    return tae.Autoencoder(
        [OneStep(step, weight_shape, compute)],
        [tae.Activation("linear")],
        input_shape=input_shape,
        dtype=dtype,
    )


class Given(tae.Layer):
    """A layer whose steps are given."""

    def __init__(self, given, weight="W"):
        super().__init__()
        self.given, self.weight = given, weight

    def build(self, input_shape):
        self.add_weight(self.weight, input_shape)
        return input_shape

    def forward(self, x, training=False, step=0, first=0):
        return x * self.weights[self.weight], None

    def steps(self):
        return self.given
