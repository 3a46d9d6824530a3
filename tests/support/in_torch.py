"""What tests against PyTorch share: arrays there and back, losses and networks in its words."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
functional = torch.nn.functional

CLOSE = 1e-10  # of the largest number there, or of 1

ACTIVATIONS = {
    "linear": lambda z: z,
    "relu": functional.relu,
    "leaky_relu": lambda z: functional.leaky_relu(z, 0.2),
    "elu": functional.elu,
    "selu": functional.selu,
    "softplus": functional.softplus,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "softmax": lambda z: functional.softmax(z, dim=-1),
}


def leaf(array):
    """A tensor with a gradient, in memory of its own."""
    return torch.tensor(np.array(array, np.float64), requires_grad=True)


def assert_same(found, tensor):
    """Each number to `CLOSE`."""
    expected = tensor.detach().numpy()
    assert np.shape(found) == expected.shape
    assert np.abs(np.asarray(found) - expected).max(initial=0) <= CLOSE * max(
        1.0, np.abs(expected).max(initial=0)
    )


def channels_second(x):
    """(n, …, channels) as PyTorch has it, (n, channels, …); an array or a tensor."""
    axes = (0, x.ndim - 1, *range(1, x.ndim - 1))
    return x.permute(axes) if torch.is_tensor(x) else np.transpose(x, axes)


def channels_last(x):
    """The way back."""
    return x.permute(0, *range(2, x.ndim), 1)


def same_padding(size, kernel, stride):
    """Before and after, so that ceil(size / stride) places are left."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def dense_outputs(layers, parameters, x):
    """The output of each dense layer of tinyae's, with these parameters, in PyTorch's operations.

    Parameters
    ----------
    layers : list of Dense
        For their sizes and activations.
    parameters : tensor, shape (p,)
        Kernels and biases in order.
    x : tensor, shape (n, features)
    """
    outputs, start = [], 0
    for layer in layers:
        rows, units = layer.weights["kernel"].shape
        kernel = parameters[start : start + rows * units].reshape(rows, units)
        bias = parameters[start + rows * units :][:units]
        start += (rows + 1) * units
        x = ACTIVATIONS[layer.activation](x @ kernel + bias)
        outputs.append(x)
    return outputs
