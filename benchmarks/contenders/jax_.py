"""JAX: one compiled step at a time, and many in one ``lax.scan``."""

import jax
import jax.numpy as jnp
from jax import lax

from benchmarks.contenders.rules import CHECKED_STEPS, RATE, stretch

DIMENSIONS = ("NHWC", "HWIO", "NHWC")


def touch():
    """One layer with one weight."""
    jax.block_until_ready(jax.jit(jnp.matmul)(jnp.ones((1, 1)), jnp.ones((1, 1))))


class Model:
    """The loss of a workload, and a step of either optimizer."""

    def __init__(self, workload, weights):
        self.workload, self.given = workload, weights

    def weights(self):
        """A copy of the initial weights, whose memory a step may take over."""
        return [None if pair is None else tuple(map(jnp.array, pair)) for pair in self.given]

    def state(self):
        """Weights, Adam's two averages, and the number of steps."""
        weights = self.weights()
        m, v = (jax.tree.map(jnp.zeros_like, weights) for _ in range(2))
        return weights, m, v, jnp.int32(0)

    def loss(self, weights, target, step=0):
        x, penalty = target, 0.0
        last = len(self.workload.layers) - 1
        for i, (spec, pair) in enumerate(zip(self.workload.layers, weights, strict=True)):
            kind, activation = spec[0], None
            if kind == "dense":
                x, activation = x @ pair[0] + pair[1], spec[2]
            elif kind == "conv":
                strides = (spec[3], spec[3])
                x = lax.conv_general_dilated(
                    x, pair[0], strides, "SAME", dimension_numbers=DIMENSIONS
                )
                x, activation = x + pair[1], spec[4]
            elif kind == "conv_transpose":
                strides = (spec[3], spec[3])
                x = lax.conv_transpose(
                    *(x, pair[0], strides, "SAME"),
                    dimension_numbers=DIMENSIONS,
                    transpose_kernel=True,
                )
                x, activation = x + pair[1], spec[4]
            elif kind == "pool":
                window = (1, 2, 2, 1)
                x = lax.reduce_window(x, -jnp.inf, lax.max, window, window, "VALID")
            elif kind == "up":
                x = jnp.repeat(jnp.repeat(x, 2, axis=1), 2, axis=2)
            elif kind == "draw":
                mean, log_variance = jnp.split(x, 2, axis=1)
                divergence = 0.5 * (mean**2 + jnp.exp(log_variance) - 1 - log_variance).sum()
                penalty = divergence / target.size
                key = jax.random.fold_in(jax.random.key(0), step)
                x = mean + jnp.exp(0.5 * log_variance) * jax.random.normal(key, mean.shape)
            else:
                x = x.reshape(len(x), *(spec[1] if kind == "reshape" else (-1,)))
            if i == last and activation == "sigmoid" and self.workload.loss == "bce":
                value = jnp.maximum(x, 0) - x * target + jnp.log1p(jnp.exp(-jnp.abs(x)))
                return value.mean() + penalty
            if activation is not None:
                x = getattr(jax.nn, activation)(x)
            if i == self.workload.code and self.workload.l1:
                penalty = self.workload.l1 * jnp.abs(x).sum() / len(x)
        return ((x - target) ** 2).mean() + penalty

    def sgd(self, weights, target):
        loss, gradients = jax.value_and_grad(self.loss)(weights, target)
        return jax.tree.map(lambda w, g: w - RATE * g, weights, gradients), loss

    def adam(self, state, target):
        weights, m, v, t = state
        gradients = jax.grad(self.loss)(weights, target, t)
        t = t + 1
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, gradients)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, gradients)
        rate = RATE * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        weights = jax.tree.map(lambda w, m, v: w - rate * m / (jnp.sqrt(v) + 1e-7), weights, m, v)
        return weights, m, v, t


class PerStep:
    """``jax.jit`` of one step."""

    def __init__(self, workload, batches, weights):
        self.model = Model(workload, weights)
        self.batches = [jnp.asarray(batch) for batch in batches]
        self.state, self.steps = self.model.state(), 0
        self.adam = jax.jit(self.model.adam, donate_argnums=0)

    def check(self):
        sgd, weights, losses = jax.jit(self.model.sgd), self.model.weights(), []
        for step in range(CHECKED_STEPS):
            weights, loss = sgd(weights, self.batches[step % len(self.batches)])
            losses.append(float(loss))
        return losses

    def run(self, count):
        for _ in range(count):
            self.state = self.adam(self.state, self.batches[self.steps % len(self.batches)])
            self.steps += 1
        jax.block_until_ready(self.state)


class Scan(PerStep):
    """``lax.scan`` over many steps: no Python in between."""

    def __init__(self, workload, batches, weights):
        super().__init__(workload, batches, weights)
        self.stretch = stretch(workload, batches, most=256)
        self.all = jnp.asarray(batches)
        self.many = jax.jit(self._many, donate_argnums=0)

    def _many(self, state, batches):
        def step(state, _):
            return self.model.adam(state, batches[state[3] % len(batches)]), None

        return lax.scan(step, state, None, length=self.stretch)[0]

    def run(self, count):
        for _ in range(count // self.stretch):
            self.state = self.many(self.state, self.all)
        jax.block_until_ready(self.state)


class Encode:
    """``jax.jit`` of the encoder."""

    def __init__(self, workload, x, weights):
        self.workload, self.x = workload, jnp.asarray(x)
        self.weights = [tuple(map(jnp.asarray, pair)) for pair in weights]
        self.encode = jax.jit(self._encode)

    def _encode(self, weights, x):
        for (_, _, activation), (kernel, bias) in zip(self.workload.layers, weights, strict=True):
            x = x @ kernel + bias
            x = jax.nn.relu(x) if activation == "relu" else x
        return x

    def check(self):
        return self.encode(self.weights, self.x)

    def run(self, count):
        for _ in range(count):
            jax.block_until_ready(self.encode(self.weights, self.x))
