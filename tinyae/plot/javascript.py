"""A decoder as data for ``web/steps.js``, which runs it in a browser.

Each primitive step is named with its settings, its weights packed: in base64, 16 or 32 bits a
number.
"""

import base64
import math
from typing import Any, NamedTuple

import numpy as np

from ..checks.arguments import shown
from ..maths.activations import KNOWN, ActivationFunction
from ..maths.loss import Loss, Part
from ..primitives import steps

EXACT_NUMBERS = 100_000  # so many weights and no more are packed in 32 bits: half a megabyte
CLOSE = 7e-4  # how far outputs may be from the model's, as a share of the largest, for 16 bits
PROBES = 64  # codes by which this is found out

Packed = dict[str, Any]


class Decoder(NamedTuple):
    """What decodes: its steps, and from one code to one output."""

    steps: list[tuple[steps.Step, np.ndarray | None]]  # each with its weight
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    readings: list[Part]  # columns of the output that the loss takes as logits

    @property
    def output_size(self) -> int:
        return math.prod(self.output_shape)

    @property
    def weight_count(self) -> int:
        """How many numbers its weights are."""
        return sum(weight.size for _, weight in self.steps if weight is not None)


def read_decoder(model: Any) -> Decoder:
    """That of an autoencoder or a PCA."""
    if hasattr(model, "components_"):
        k, p = model.components_.shape
        components = model.components_.astype(np.float64)
        if model.whiten:
            deviations = np.sqrt(model.explained_variance_)
            components *= np.where(deviations > 0, deviations, 1)[:, np.newaxis]
        product, bias = steps.Product("components"), steps.Bias("mean")
        return Decoder([(product, components), (bias, model.mean_)], (k,), (p,), [])
    part: Any = getattr(model, "decoder", None)
    if not getattr(part, "layers", None):
        raise ValueError(f"model must be an Autoencoder or a PCA, but got {shown(model)}")
    found = [each for layer in part.layers for each in _steps(layer)]
    loss = getattr(model, "loss", None)
    parts = loss.parts(part.output_shape) if isinstance(loss, Loss) else ()
    readings = [each for each in parts if each.activation is not None]
    return Decoder(found, part.input_shape, part.output_shape, readings)


def _steps(layer: Any) -> list[tuple[steps.Step, np.ndarray | None]]:
    found = steps.taken(layer, "page")
    for step, _ in found:
        if isinstance(step, steps.Apply) and KNOWN.get(step.activation.name) != step.activation:
            why = f"its activation {step.activation.name} has no reading in JavaScript"
            raise steps.refusal("page", layer, why)
    return found


def written(decoder: Decoder, bits: int) -> dict[str, Any]:
    """What ``readDecoder`` reads."""
    return {
        "shape": decoder.input_shape,
        "steps": [_written(step, weight, bits) for step, weight in decoder.steps],
        "readings": [
            {"activation": part.activation, "columns": [*map(int, part.columns or ())]}
            for part in decoder.readings
        ],
    }


def _written(step: steps.Step, weight: np.ndarray | None, bits: int) -> dict[str, Any]:
    settings = {name: _setting(value) for name, value in step._asdict().items()}
    if weight is not None:
        settings["weight"] = packed(weight, bits)
    return {"step": type(step).__name__, **settings}


def _setting(value: Any) -> Any:
    if isinstance(value, ActivationFunction):
        return value.name
    if isinstance(value, float) and not math.isfinite(value):  # JSON has no such number
        return "Infinity" if value > 0 else "-Infinity"
    return value


def packed(array: np.ndarray, bits: int = 32) -> Packed:
    """What ``unpack`` reads: numbers of 16 bits are divided by a power of two, so that they fit."""
    scale = _scale(array, bits)
    with np.errstate(all="ignore"):
        numbers = np.ascontiguousarray(array / scale, f"<f{bits // 8}")
    text = base64.b64encode(numbers.tobytes()).decode()
    return {"base64": text, "bits": bits, "scale": scale, "shape": array.shape}


def rounded(array: np.ndarray) -> np.ndarray:
    """What becomes of numbers in 16 bits."""
    scale = _scale(array, 16)
    with np.errstate(all="ignore"):
        return (array / scale).astype(np.float16).astype(array.dtype) * scale


def _scale(array: np.ndarray, bits: int) -> float:
    largest = float(np.abs(array).max(initial=0))
    return 2.0 ** math.frexp(largest)[1] if bits == 16 and largest > 0 else 1.0


def bits_needed(model: Any, decoder: Decoder, codes: np.ndarray) -> int:
    """16 where weights are many and outputs stay close to the model's, else 32."""
    part = getattr(model, "decoder", None)
    if decoder.weight_count <= EXACT_NUMBERS or part is None:
        return 32
    probes = probe(codes)
    twin = part.copy()
    for layer in twin.layers:
        for weight in layer.weights.values():
            weight[...] = rounded(weight)
    exact = part.predict(probes)
    error = np.abs(twin.predict(probes) - exact).max()
    return 16 if error <= CLOSE * max(1.0, float(np.abs(exact).max())) else 32


def probe(codes: np.ndarray, count: int = PROBES) -> np.ndarray:
    """So many of the codes, from first to last."""
    return codes[np.linspace(0, len(codes) - 1, min(count, len(codes))).astype(int)]
