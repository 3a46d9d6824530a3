"""Loss and gradient of contractive models are PyTorch's, by its double backward, in float64."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinyae as tae
from tinyae.layers.noise import element_bits, row_key

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore")  # theirs, as they are imported

ACTIVATIONS = {
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "elu": torch.nn.functional.elu,
    "selu": torch.nn.functional.selu,
    "softplus": torch.nn.functional.softplus,
    "relu": torch.relu,
    "leaky_relu": lambda z: torch.nn.functional.leaky_relu(z, 0.2),
    "linear": lambda z: z,
}
inner = st.lists(st.tuples(st.integers(1, 7), st.sampled_from([*ACTIVATIONS])), max_size=3)


def signs(layer, step, n, size):
    """The layer's v at a step."""
    with np.errstate(over="ignore"):
        rows = [row_key(layer.key, step, i) for i in range(n)]
        bits = np.array([[element_bits(row, j) for j in range(size)] for row in rows])
    return torch.tensor(np.where(bits < 2**31, 1.0, -1.0))


def theirs(ae, x, step):
    """The same loss, by PyTorch, and its gradient in the order of `parameters`."""
    names = ("kernel", "bias")
    weights = [
        [torch.tensor(layer.weights[name], requires_grad=True) for name in names]
        for layer in ae.layers
        if layer.weights
    ]
    depth = len(ae.encoder.layers) - 1

    def through(h, layers, pairs):
        for layer, (kernel, bias) in zip(layers, pairs, strict=True):
            h = ACTIVATIONS[layer.activation](h @ kernel + bias)
        return h

    def encode(h):
        return through(h, ae.encoder.layers[:-1], weights[:depth])

    inputs = torch.tensor(x, requires_grad=True)
    code = encode(inputs)
    options = {"create_graph": True, "retain_graph": True}
    if depth == 1:
        columns = [
            torch.autograd.grad(code[:, j].sum(), inputs, **options)[0]
            for j in range(code.shape[1])
        ]
        penalty = sum((column**2).sum() for column in columns) / len(x)
    else:
        v = signs(ae.layers[depth], step, *x.shape)
        _, along = torch.autograd.functional.jvp(encode, inputs, v, create_graph=True)
        penalty = (along**2).sum() / len(x)
    output = through(code, ae.decoder.layers, weights[depth:])
    loss = torch.nn.functional.mse_loss(output, torch.tensor(x))
    loss = loss + ae.layers[depth].strength * penalty
    flat = [each for pair in weights for each in pair]
    gradient = torch.autograd.grad(loss, flat, allow_unused=True)
    parts = [
        np.zeros(tuple(w.shape)) if g is None else g.numpy()
        for w, g in zip(flat, gradient, strict=True)
    ]
    return loss.item(), np.concatenate([part.ravel() for part in parts])


@settings(deadline=None, max_examples=60)
@given(inner, st.integers(1, 4), st.sampled_from([*ACTIVATIONS]), inner, st.integers(0, 1000))
def test_random_stacks(before, units, last, behind, seed):
    rng = np.random.default_rng(seed)
    encoder = [*(tae.Dense(*each) for each in before), tae.Dense(units, last)]
    decoder = [*(tae.Dense(*each) for each in behind), tae.Dense(7)]
    ae = tae.Autoencoder(
        [*encoder, tae.Contractive(0.7)], decoder, (7,), dtype="float64", seed=seed
    )
    ae.parameters[...] += rng.normal(0, 0.3, ae.parameters.size)
    ae.progress.step = step = int(rng.integers(1000))
    x = rng.random((6, 7))
    expected, gradient = theirs(ae, x, step)
    for eager in (False, True):
        found, own = ae.loss_and_gradient(x, training=True, eager=eager)
        assert found == pytest.approx(expected, rel=1e-10)
        np.testing.assert_allclose(own, gradient, rtol=0, atol=1e-10 * np.abs(gradient).max())
