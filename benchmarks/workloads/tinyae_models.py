"""The models of the workloads in tinyae: what it is timed with, and where weights come from."""

import tinyae as tae
from benchmarks.workloads.kinds import Encoding, Spec, Training, Workload
from tinyae.tiles.tiles import win
from tinyae.training.compiled import CompiledTrainer, make_trainer

TILES, BLAS = "tiles", "BLAS"


def model(workload: Training, **options) -> tae.Autoencoder:
    """The model in tinyae."""
    layers = [
        _layer(spec, workload.l1 if i == workload.code else 0)
        for i, spec in enumerate(workload.layers)
    ]
    split = workload.code + 1
    options = {"input_shape": workload.shape, "loss": workload.loss, **options}
    return tae.Autoencoder(layers[:split], layers[split:], **options)


def encoder(workload: Encoding) -> tae.Sequential:
    """The encoder in tinyae."""
    chain = tae.Sequential([_layer(spec) for spec in workload.layers])
    chain.build((784,), seed=1)
    return chain


def products(workload: Workload, threads: int = 2) -> str:
    """By what tinyae multiplies matrices in it: its own tiles, or BLAS."""
    if not isinstance(workload, Training):
        return BLAS
    network = model(workload, threads=threads)
    trainer = make_trainer(network, workload.batch)
    trainer.close()
    tiled = isinstance(trainer, CompiledTrainer) and (trainer.by_units or trainer.in_lanes)
    if any(isinstance(layer, tae.Conv2D) for layer in network.layers):
        tiled = win(network.dtype)
    return TILES if tiled else BLAS


def _layer(spec: Spec, l1: float = 0.0) -> tae.Layer:
    kind, *arguments = spec
    if kind == "dense":
        return tae.Dense(*arguments, activity_regularizer=tae.L1(l1) if l1 else None)
    if kind == "top_k":
        return tae.TopK(*arguments)
    if kind in ("conv", "conv_transpose"):
        filters, window, stride, activation = arguments
        make = tae.Conv2D if kind == "conv" else tae.Conv2DTranspose
        return make(filters, window, strides=stride, padding="same", activation=activation)
    simple = {"pool": tae.MaxPooling2D, "up": tae.UpSampling2D, "flatten": tae.Flatten}
    simple["draw"] = tae.Variational
    return simple[kind]() if kind in simple else tae.Reshape(*arguments)
