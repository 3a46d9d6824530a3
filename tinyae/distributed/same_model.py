"""What ranks must have alike to train one model."""

from typing import Any

from ..maths import constraints
from ..maths.penalties import of_kernel
from ..network.network import Network, Samples
from ..ranks.alike import check_alike, digest
from ..ranks.together import Ranks


def settings(model: Network) -> dict[str, Any]:
    """All that decides what a model's next steps do, apart from its numbers."""
    layers, optimizer = model.layers, model.optimizer
    return {
        "input_shape": model.input_shape,
        "the model's layers": layers,
        "its output_shape by layer": [each.output_shape for each in layers],
        "its trainable by layer": [each.trainable for each in layers],
        "its activity_regularizer by layer": [each.activity_regularizer for each in layers],
        "its kernel_regularizer by layer": [of_kernel(each) for each in layers],
        "its kernel_constraint by layer": [constraints.of_kernel(each) for each in layers],
        "its loss": model.loss,
        "its seed": model.seed,
        "its dtype": model.dtype.name,
        "its optimizer": optimizer,
        "its optimizer's numbers": optimizer.kernel_numbers().tolist(),
    }


def data_alike(samples: Samples, sharded: bool, name: str = "x") -> dict[str, Any]:
    """What must be alike of the samples that ranks are given."""
    x, target, weight = samples
    kinds: dict[str, Any] = {
        f"the shape of a sample of {name}": x.shape[1:],
        f"the targets of {name}": None if target is x else target.shape[1:],
        f"the weights of {name}": None if weight is None else weight.shape[1:],
    }
    return kinds if sharded else {**kinds, f"the number of samples in {name}": len(x)}


def check_same_model(ranks: Ranks, model: Network, samples: Samples, sharded: bool) -> None:
    """Refuse, on all ranks, models or samples that cannot be measured together."""
    number = digest(model.parameters)
    alike = {**settings(model), **data_alike(samples, sharded), "the model's parameters": number}
    check_alike(ranks, {"sharded": sharded, **alike})
