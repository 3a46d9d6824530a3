"""Loss and gradient of variational models are those that PyTorch's autograd finds, in float64."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinyae as tae
from tinyae.layers.noise import element_bits, row_key, standard_normal

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore")  # theirs, as they are imported

ACTIVATIONS = {
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "elu": torch.nn.functional.elu,
    "softplus": torch.nn.functional.softplus,
    "linear": lambda z: z,
}
inner = st.lists(st.tuples(st.integers(1, 9), st.sampled_from([*ACTIVATIONS])), max_size=3)


def noise(layer, step, n, k):
    """The layer's ε at a step."""
    with np.errstate(over="ignore"):
        rows = [row_key(layer.key, step, i) for i in range(n)]
        drawn = [[float(standard_normal(element_bits(row, j))) for j in range(k)] for row in rows]
    return torch.tensor(drawn, dtype=torch.float64)


def theirs(ae, x, step):
    """The same loss, by PyTorch, and its gradient in the order of `parameters`; and KL."""
    weights, h, kl = [], torch.tensor(x), None
    for layer in ae.layers:
        if isinstance(layer, tae.Variational):
            mean, log_variance = h.chunk(2, dim=1)
            deviation = torch.exp(log_variance / 2)
            own = torch.distributions.Normal(mean, deviation)
            kl = torch.distributions.kl_divergence(own, torch.distributions.Normal(0.0, 1.0))
            beta, free = layer.beta, layer.free_bits
            h = mean + deviation * noise(layer, step, *mean.shape)
            continue
        kernel, bias = (
            torch.tensor(layer.weights[name], requires_grad=True) for name in ("kernel", "bias")
        )
        weights += [kernel, bias]
        h = ACTIVATIONS[layer.activation](h @ kernel + bias)
    losses = {"MSE": torch.nn.functional.mse_loss, "BCE": torch.nn.functional.binary_cross_entropy}
    penalty = kl.clamp(min=free).sum(dim=1).mean() if free else kl.sum(dim=1).mean()
    loss = losses[type(ae.loss).__name__](h, torch.tensor(x)) + beta * penalty / x.shape[1]
    loss.backward()
    gradient = np.concatenate([weight.grad.numpy().ravel() for weight in weights])
    return loss.item(), gradient, kl.sum(dim=1).mean().item()


@settings(deadline=None, max_examples=60)
@given(
    inner,
    inner,
    st.integers(1, 5),
    st.sampled_from(["mse", "bce"]),
    st.sampled_from([(1.0, 0.0), (0.3, 0.0), (4.0, 0.05)]),
    st.integers(0, 1000),
)
def test_random_stacks(before, behind, k, loss, variational, seed):
    layers = [tae.Dense(*each) for each in before]
    rng = np.random.default_rng(seed)
    encoder = [*layers, tae.Dense(2 * k), tae.Variational(*variational)]
    decoder = [*(tae.Dense(*each) for each in behind), tae.Dense(7, "sigmoid")]
    ae = tae.Autoencoder(encoder, decoder, (7,), loss=loss, dtype="float64", seed=seed)
    ae.parameters[...] += rng.normal(0, 0.3, ae.parameters.size)
    ae.progress.step = step = int(rng.integers(1000))
    x = rng.random((6, 7))
    expected, gradient, kl = theirs(ae, x, step)
    for eager in (False, True):
        found, own = ae.loss_and_gradient(x, training=True, eager=eager)
        assert found == pytest.approx(expected, rel=1e-10)
        np.testing.assert_allclose(own, gradient, rtol=0, atol=1e-10 * np.abs(gradient).max())
    assert ae.evaluate(x)["kl"] == pytest.approx(kl, rel=1e-10)
