"""Plain NumPy, written straight down as a tutorial would: dense models only."""

import numpy as np


class Plain:
    """Forward, backward and Adam, a list of arrays."""

    package = "numpy"

    def __init__(self, workload, weights, batches):
        if any(spec[0] != "dense" for spec in workload.layers):
            raise NotImplementedError("plain NumPy is written for dense models only")
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

    def sgd_losses(self, steps):
        weights, losses = [array.copy() for array in self.given], []
        for step in range(steps):
            x = self.batches[step % len(self.batches)]
            loss, gradients = self.loss_and_gradients(weights, x)
            losses.append(loss)
            for W, g in zip(weights, gradients, strict=True):
                W -= np.float32(1e-3) * g
        return losses

    def run(self, steps):
        for _ in range(steps):
            x = self.batches[self.step % len(self.batches)]
            gradients = self.loss_and_gradients(self.weights, x)[1]
            self.step += 1
            rate = np.float32(1e-3 * np.sqrt(1 - 0.999**self.step) / (1 - 0.9**self.step))
            for W, m, v, g in zip(self.weights, self.m, self.v, gradients, strict=True):
                m += np.float32(0.1) * (g - m)
                v += np.float32(0.001) * (g * g - v)
                W -= rate * m / (np.sqrt(v) + np.float32(1e-7))
