"""Plain NumPy, written straight down as a tutorial would: dense models only."""

import numpy as np

from benchmarks.contenders.rules import CHECKED_STEPS, RATE


def touch():
    """A product."""
    np.ones((1, 1)) @ np.ones((1, 1))


class Train:
    """Forward, backward and Adam, a list of arrays."""

    def __init__(self, workload, batches, weights):
        self.workload, self.batches = workload, batches
        self.given = [array for pair in weights for array in pair]
        self.weights = [array.copy() for array in self.given]
        self.m = [np.zeros_like(array) for array in self.given]
        self.v = [np.zeros_like(array) for array in self.given]
        self.step = 0

    def loss_and_gradients(self, weights, x):
        outputs = [x]
        for spec, W, b in zip(self.workload.layers, weights[::2], weights[1::2], strict=True):
            z, activation = outputs[-1] @ W + b, spec[2]
            if activation == "relu":
                z = np.maximum(z, 0)
            elif activation == "elu":
                z = np.where(z > 0, z, np.expm1(np.minimum(z, 0)))
            elif activation == "sigmoid":
                z = 1 / (1 + np.exp(-z))
            outputs.append(z)
        y = outputs[-1]
        if self.workload.loss == "mse":
            loss, d = np.mean((y - x) ** 2), 2 * (y - x) / y.size
        else:
            p = np.clip(y, 1e-7, 1 - 1e-7)
            loss = -np.mean(x * np.log(p) + (1 - x) * np.log(1 - p))
            d = (p - x) / (p * (1 - p)) / y.size
        code = outputs[self.workload.code + 1]
        loss += self.workload.l1 * np.abs(code).sum() / len(x)
        gradients = []
        for i in range(len(self.workload.layers) - 1, -1, -1):
            a, activation = outputs[i + 1], self.workload.layers[i][2]
            if i == self.workload.code and self.workload.l1:
                d = d + np.float32(self.workload.l1 / len(x)) * np.sign(a)
            if activation == "relu":
                d = d * (a > 0)
            elif activation == "elu":
                d = d * np.where(a > 0, 1, a + 1)
            elif activation == "sigmoid":
                d = d * a * (1 - a)
            gradients += [d.sum(axis=0), outputs[i].T @ d]
            if i:
                d = d @ weights[2 * i].T
        return float(loss), gradients[::-1]

    def check(self):
        weights, losses = [array.copy() for array in self.given], []
        for step in range(CHECKED_STEPS):
            x = self.batches[step % len(self.batches)]
            loss, gradients = self.loss_and_gradients(weights, x)
            losses.append(loss)
            for W, g in zip(weights, gradients, strict=True):
                W -= np.float32(RATE) * g
        return losses

    def run(self, count):
        for _ in range(count):
            x = self.batches[self.step % len(self.batches)]
            gradients = self.loss_and_gradients(self.weights, x)[1]
            self.step += 1
            rate = np.float32(RATE * np.sqrt(1 - 0.999**self.step) / (1 - 0.9**self.step))
            for W, m, v, g in zip(self.weights, self.m, self.v, gradients, strict=True):
                m += np.float32(0.1) * (g - m)
                v += np.float32(0.001) * (g * g - v)
                W -= rate * m / (np.sqrt(v) + np.float32(1e-7))


class Encode:
    """One product after the other."""

    def __init__(self, workload, x, weights):
        self.workload, self.x, self.weights = workload, x, weights

    def check(self):
        x = self.x
        for (_, _, activation), (W, b) in zip(self.workload.layers, self.weights, strict=True):
            x = x @ W + b
            if activation == "relu":
                x = np.maximum(x, 0)
        return x

    def run(self, count):
        for _ in range(count):
            self.check()


class Components:
    """Eigenvectors of the covariance matrix."""

    def __init__(self, workload, x, weights):
        self.components, self.x = workload.components, x

    def check(self):
        centred = self.x - self.x.mean(axis=0)
        covariance = centred.T @ centred / (len(centred) - 1)
        values, vectors = np.linalg.eigh(covariance)
        return values[: -self.components - 1 : -1], vectors.T[: -self.components - 1 : -1]

    def run(self, count):
        for _ in range(count):
            self.check()
