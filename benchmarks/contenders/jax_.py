"""JAX: one compiled step at a time, and many in one ``lax.scan``."""

import jax
import jax.numpy as jnp
from jax import lax

DIMENSIONS = ("NHWC", "HWIO", "NHWC")


class PerStep:
    """``jax.jit`` of one step."""

    package = "jax"

    def __init__(self, workload, weights, batches):
        self.workload = workload
        self.batches = jnp.asarray(batches)
        self.given = [None if pair is None else tuple(map(jnp.asarray, pair)) for pair in weights]
        zeros = jax.tree.map(jnp.zeros_like, self.given)
        self.state = (self.given, zeros, zeros, 0)
        self.step_ = jax.jit(self._adam)
        self.sgd = jax.jit(self._sgd)
        self.step = 0

    def loss(self, weights, target):
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

    def _sgd(self, weights, target):
        loss, gradients = jax.value_and_grad(self.loss)(weights, target)
        return jax.tree.map(lambda w, g: w - 1e-3 * g, weights, gradients), loss

    def _adam(self, state, target):
        weights, m, v, t = state
        gradients = jax.grad(self.loss)(weights, target)
        t = t + 1
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, gradients)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, gradients)
        rate = 1e-3 * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        weights = jax.tree.map(lambda w, m, v: w - rate * m / (jnp.sqrt(v) + 1e-7), weights, m, v)
        return (weights, m, v, t), 0.0

    def sgd_losses(self, steps):
        weights, losses = self.given, []
        for step in range(steps):
            weights, loss = self.sgd(weights, self.batches[step % len(self.batches)])
            losses.append(float(loss))
        return losses

    def run(self, steps):
        for _ in range(steps):
            self.state, _ = self.step_(self.state, self.batches[self.step % len(self.batches)])
            self.step += 1
        jax.block_until_ready(self.state)


class Scan(PerStep):
    """``lax.scan`` over many steps: no Python in between."""

    def __init__(self, workload, weights, batches):
        super().__init__(workload, weights, batches)
        self.length = max(1, min(256, 2_000_000 // batches[0].size))
        self.state = (*self.state[:3], jnp.asarray(0))
        self.scan = jax.jit(self._many)

    def _many(self, state):
        def step(state, _):
            return self._adam(state, self.batches[state[3] % len(self.batches)])

        return lax.scan(step, state, None, length=self.length)[0]

    def run(self, steps):
        for _ in range(steps // self.length):
            self.state = self.scan(self.state)
        for _ in range(steps % self.length):
            self.state, _ = self.step_(self.state, self.batches[self.step % len(self.batches)])
            self.step += 1
        jax.block_until_ready(self.state)
