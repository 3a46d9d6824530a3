"""The loss of a model that is not being trained: over all samples, or of each."""

from typing import Any

import numpy as np

from ..checks.arrays import row_chunks
from ..checks.floating_point import converted, finite, quiet
from ..checks.sample_weights import row_totals
from ..engine.program import Program
from ..family.penalised import PenalisedLayer
from ..family.variational import of_encoder
from ..feeding.weighting import Weighted, weighted_sums
from ..maths.penalties import kernel_penalties
from ..network.chain import Chain, loss_chain, training_chain
from ..network.network import Network, Samples


def finite_figures(model: Network, samples: Samples) -> dict[str, float]:
    """What `evaluate` gives, or a refusal."""
    figures = evaluate(model, samples)
    finite(np.array([*figures.values()]), "the loss", model.dtype)
    return figures


def evaluate(model: Network, samples: Samples) -> dict[str, float]:
    """Loss, reconstruction and penalty of admitted samples, as if all were one mini-batch."""
    chain = training_chain(model.layers, model.loss)
    x, target, weight = samples
    if chain.compiled:
        sums, (penalties, figure) = loss_sums(model, chain, samples, model.progress.step)
        total = float(target.size)
        if weight is not None:
            total = float(row_totals(weight, target[0].size).sum())
        reconstruction, penalty = _mean(sums, total), float(penalties) / len(x)
        kl = float(figure) / len(x)
    else:
        outputs = _outputs(chain, x, model.dtype)
        expected = converted(target, model.dtype)
        loss = chain.loss if weight is None else Weighted(chain.loss, weight)
        reconstruction = float(loss.value_and_gradient(outputs[-1], expected)[0])
        penalty = kl = 0.0
        for given, layer, a in zip([x, *outputs[:-1]], chain.layers, outputs, strict=True):
            if isinstance(layer, PenalisedLayer):
                gain = layer.penalty_gain(model.progress.step, target[0].size)
                more, figure = layer.penalise(converted(given, model.dtype), a, None, gain)
                penalty, kl = penalty + more, kl + figure
            if layer.activity_regularizer is not None:
                penalty += layer.activity_regularizer.add(a, a)[0]
    penalty += kernel_penalties(chain.layers)
    return {
        "loss": reconstruction + penalty,
        "reconstruction": reconstruction,
        "penalty": penalty,
        **({} if of_encoder(model.encoder.layers) is None else {"kl": kl}),
    }


def sample_errors(model: Network, samples: Samples, per_feature: bool) -> np.ndarray:
    """The loss of each admitted sample alone, or of each of its output elements.

    NaN where nothing was observed: where the sample's or the element's weight is zero.
    """
    weight, elements = samples.weight, samples.weight is not None and samples.weight.ndim > 1
    errors = finite(_errors(model, samples, per_feature or elements), "an error")
    if weight is None:
        return errors
    if per_feature or not elements:
        errors[weight == 0] = np.nan
        return errors
    n = len(errors)
    return converted(_weighted_means(weight.reshape(n, -1), errors.reshape(n, -1)), model.dtype)


@quiet
def _weighted_means(weight: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Of each row, in float64; NaN without any weight."""
    shares = weight / weight.max(axis=1, keepdims=True).astype(np.float64)  # at most 1
    return (shares * errors).sum(axis=1) / shares.sum(axis=1)


def _errors(model: Network, samples: Samples, per_feature: bool) -> np.ndarray:
    chain = loss_chain(model.layers, model.loss)
    x, target, _ = samples
    loss = chain.kernel_loss
    shares: Any = chain.loss
    if per_feature and loss is None and not shares.says_elements:
        raise ValueError(
            f"per_feature needs a loss of tinyae's, or one with elements(output, target), but "
            f"{type(model.loss).__name__} gives no element's share"
        )
    if loss is None and not per_feature:
        return _custom_errors(chain, x, target, model.dtype)
    if not per_feature:
        sums = loss_sums(model, chain, samples._replace(weight=None))[0]
        return _mean_of_each(sums, target[0].size, model.dtype)
    errors = np.empty(target.shape, model.dtype)
    for rows in row_chunks(len(x), x[:1].nbytes):  # every element as a sample of its own
        output, expected = _outputs(chain, x[rows], model.dtype)[-1], target[rows]
        errors[rows] = shares.elements(output, converted(expected, model.dtype))
    return errors


@quiet
def _mean(sums: np.ndarray, total: float) -> float:
    return float(sums.sum()) / total if total > 0 else 0.0


@quiet
def _mean_of_each(sums: np.ndarray, size: int, dtype: np.dtype) -> np.ndarray:
    return converted(sums / size, dtype)


def loss_sums(
    model: Any, chain: Chain, samples: Samples, step: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Each sample's summed loss (n,), weighted if it has weights; and the sums of penalties and of
    layers' figures. The model may be a decoder, for codes.

    Of these, only where the chain is compiled.
    """
    x, target, weight = samples
    assert chain.kernel_loss is not None
    if chain.compiled:
        given = (model.parameters, chain.kernel_loss, model.threads, weight, step)
        return Program(chain.layers).evaluate(x, target, *given)
    sums, ones = np.empty(len(x)), np.ones(len(x))
    weight = ones if weight is None else weight
    for rows in row_chunks(len(x), x[:1].nbytes):
        output = _outputs(chain, x[rows], model.dtype)[-1]
        sums[rows] = weighted_sums(chain.kernel_loss, output, target[rows], weight[rows])
    return sums, np.zeros(2)


def _outputs(chain: Chain, x: np.ndarray, dtype: np.dtype) -> list[np.ndarray]:
    """Every layer's output for x."""
    outputs = [converted(x, dtype)]
    for layer in chain.layers:
        outputs.append(layer.forward(outputs[-1])[0])
    return outputs[1:]


def _custom_errors(chain: Chain, x: np.ndarray, target: np.ndarray, dtype: np.dtype) -> np.ndarray:
    output = _outputs(chain, x, dtype)[-1]
    target = converted(target, dtype)
    pairs = [(output[i : i + 1], target[i : i + 1]) for i in range(len(x))]
    return converted([chain.loss.value_and_gradient(*pair)[0] for pair in pairs], dtype)
