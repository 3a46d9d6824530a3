"""PyTorch: eager, with its fused Adam, and compiled."""

import torch
from torch.nn import functional as F

from benchmarks.contenders.rules import CHECKED_STEPS, RATE

torch.set_num_threads(2)


def touch():
    """One layer with one weight."""
    torch.nn.Linear(1, 1)(torch.ones(1, 1)).sum().backward()


class Eager:
    """A plain training loop."""

    fused = False

    def __init__(self, workload, batches, weights):
        self.workload, self.given = workload, weights
        x = torch.from_numpy(batches)
        # images keep their channels last in memory, where PyTorch convolves faster
        self.batches = list(x.movedim(-1, 2) if x.ndim == 5 else x)
        self.weights = self._tensors()
        parameters = [tensor for pair in self.weights if pair for tensor in pair]
        self.adam = torch.optim.Adam(parameters, RATE, eps=1e-7, fused=self.fused)
        self.loss = self.loss_of
        self.step = 0

    def _tensors(self):
        tensors = []
        for given in self.given:
            if given is None:
                tensors.append(None)
                continue
            kernel = torch.tensor(given[0])
            if kernel.ndim == 4:  # (rows, columns, in, out), or (..., out, in) transposed
                kernel = kernel.permute(3, 2, 0, 1)
                kernel = kernel.contiguous(memory_format=torch.channels_last)
            tensors.append((kernel.requires_grad_(), torch.tensor(given[1]).requires_grad_()))
        return tensors

    def loss_of(self, weights, target):
        x, penalty = target, 0.0
        last = len(self.workload.layers) - 1
        for i, (spec, pair) in enumerate(zip(self.workload.layers, weights, strict=True)):
            kind, activation = spec[0], None
            if kind == "dense":
                x, activation = torch.addmm(pair[1], x, pair[0]), spec[2]
            elif kind == "conv":
                x, activation = self._conv(x, pair, spec), spec[4]
            elif kind == "conv_transpose":
                # "same" with window 3 and stride 2: nothing is cut before, one row behind
                x = F.conv_transpose2d(x, pair[0], pair[1], spec[3])
                height, width = x.shape[2] - 1, x.shape[3] - 1
                x, activation = x[:, :, :height, :width], spec[4]
            elif kind == "pool":
                x = F.max_pool2d(x, 2)
            elif kind == "up":
                x = F.interpolate(x, scale_factor=2, mode="nearest")
            elif kind == "top_k":
                values, places = x.topk(spec[1], dim=1)
                x = torch.zeros_like(x).scatter(1, places, values)
            elif kind == "flatten":
                x = x.movedim(1, -1).flatten(1)
            elif kind == "draw":
                mean, log_variance = x.chunk(2, dim=1)
                divergence = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum()
                penalty = divergence / target.numel()
                x = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
            else:
                x = x.reshape(-1, *spec[1]).movedim(-1, 1)
            if i == last and activation == "sigmoid" and self.workload.loss == "bce":
                return F.binary_cross_entropy_with_logits(x, target) + penalty
            if activation is not None:
                x = F.elu(x) if activation == "elu" else getattr(torch, activation)(x)
            if i == self.workload.code and self.workload.l1:
                penalty = self.workload.l1 * x.abs().sum() / len(x)
        return F.mse_loss(x, target) + penalty

    @staticmethod
    def _conv(x, pair, spec):
        window, stride = spec[2], spec[3]
        if stride == 1:
            return F.conv2d(x, pair[0], pair[1], padding="same")
        return F.conv2d(F.pad(x, (0, window - stride, 0, window - stride)), *pair, stride)

    def check(self):
        weights = self._tensors()
        tensors = [tensor for pair in weights if pair for tensor in pair]
        losses = []
        for step in range(CHECKED_STEPS):
            loss = self.loss(weights, self.batches[step % len(self.batches)])
            gradients = torch.autograd.grad(loss, tensors)
            losses.append(loss.item())
            with torch.no_grad():
                for tensor, gradient in zip(tensors, gradients, strict=True):
                    tensor -= RATE * gradient
        return losses

    def run(self, count):
        for _ in range(count):
            self.adam.zero_grad()
            self.loss(self.weights, self.batches[self.step % len(self.batches)]).backward()
            self.adam.step()
            self.step += 1


class Fused(Eager):
    """With ``Adam(fused=True)``."""

    fused = True


class Compiled(Fused):
    """With the loss under ``torch.compile``, which needs a C++ compiler."""

    def __init__(self, workload, batches, weights):
        super().__init__(workload, batches, weights)
        self.loss = torch.compile(self.loss_of)


class Encode:
    """Under ``torch.inference_mode``."""

    def __init__(self, workload, x, weights):
        layers = []
        for (_, units, activation), (kernel, bias) in zip(workload.layers, weights, strict=True):
            linear = torch.nn.Linear(len(kernel), units)
            linear.weight.data = torch.tensor(kernel.T.copy())
            linear.bias.data = torch.tensor(bias)
            layers += [linear, torch.nn.ReLU()] if activation == "relu" else [linear]
        self.x, self.model = torch.from_numpy(x), torch.nn.Sequential(*layers).eval()

    def check(self):
        with torch.inference_mode():
            return self.model(self.x).numpy()

    def run(self, count):
        with torch.inference_mode():
            for _ in range(count):
                self.model(self.x)


class EncodeCompiled(Encode):
    """With the model under ``torch.compile``."""

    def __init__(self, workload, x, weights):
        super().__init__(workload, x, weights)
        self.model = torch.compile(self.model)
