"""The contenders: each trains a workload from given weights, in a process of its own.

A contender is a class with

- ``package``: what has to be installed;
- ``__init__(workload, weights, batches)``;
- ``sgd_losses(steps)``: the losses of plain gradient descent at 1e-3, from the given weights;
- ``run(steps)``: take steps of Adam over the batches in turn, and come back when they are done.
"""

import importlib

# name in the tables -> (module, class)
CONTENDERS = {
    "tinyae": ("tinyae_", "TinyAE"),
    "PyTorch": ("torch_", "Eager"),
    "PyTorch fused": ("torch_", "Fused"),
    "PyTorch compile": ("torch_", "Compiled"),
    "JAX jit": ("jax_", "PerStep"),
    "JAX scan": ("jax_", "Scan"),
    "Keras": ("keras_", "Fit"),
    "Keras XLA": ("keras_", "FitXLA"),
    "NumPy": ("numpy_", "Plain"),
}


def load(name: str) -> type:
    """The contender's class; ImportError where its package is missing."""
    module, cls = CONTENDERS[name]
    return getattr(importlib.import_module(f"benchmarks.contenders.{module}"), cls)
