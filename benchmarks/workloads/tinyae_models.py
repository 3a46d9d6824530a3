"""The models of the workloads in tinyae: what it is timed with, and where weights come from."""

import tinyae as tae
from benchmarks.workloads.kinds import Encoding, Spec, Training, Workload
from tinyae.tiles.tiles import win
from tinyae.training.compiled import CompiledTrainer, make_trainer

TILES, BLAS, LOOP = "tiles", "BLAS", "a loop over the weights' rows"


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


def way(workload: Workload, threads: int = 2) -> str:
    """How tinyae computes it: by what it multiplies matrices, which way, on how many threads."""
    if not isinstance(workload, Training):
        return LOOP if isinstance(workload, Encoding) and workload.samples == 1 else BLAS
    network = model(workload, threads=threads)
    trainer = make_trainer(network, workload.batch)
    trainer.close()
    assert isinstance(trainer, CompiledTrainer)
    ways = {"by units": trainer.by_units, "in lanes": trainer.in_lanes, "apart": trainer.apart}
    taken = next((name for name, goes in ways.items() if goes), "by samples")
    products = TILES if trainer.by_units or trainer.in_lanes else BLAS
    if any(isinstance(layer, tae.Conv2D) for layer in network.layers) and win(network.dtype):
        products = f"{TILES} where channels come in sixteens"
    return f"{products}, {taken}, {trainer.threads} thread{'s' * (trainer.threads > 1)}"


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
