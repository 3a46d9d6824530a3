"""The loss of a model that is not being trained: over all samples, or of each."""

from typing import Any

import numpy as np

from ..checks.arrays import row_chunks
from ..checks.floating_point import converted, finite, quiet
from ..engine.program import Program
from ..network.chain import Chain, training_chain
from ..network.network import Network


def finite_figures(model: Network, x: np.ndarray, target: np.ndarray) -> dict[str, float]:
    """What `evaluate` gives, or a refusal."""
    figures = evaluate(model, x, target)
    finite(np.array([*figures.values()]), "the loss", model.dtype)
    return figures


def evaluate(model: Network, x: np.ndarray, target: np.ndarray) -> dict[str, float]:
    """Loss, reconstruction and penalty of admitted samples, as if all were one mini-batch."""
    chain = training_chain(model.layers, model.loss)
    if chain.compiled:
        sums, penalties = _loss_sums(model, chain, x, target)
        reconstruction, penalty = _mean(sums, target.size), penalties / len(x)
    else:
        outputs = _outputs(chain, x, model.dtype)
        expected = converted(target, model.dtype)
        reconstruction = float(chain.loss.value_and_gradient(outputs[-1], expected)[0])
        penalty = 0.0
        for layer, a in zip(chain.layers, outputs, strict=True):
            if layer.activity_regularizer is not None:
                penalty += layer.activity_regularizer.add(a, a)[0]
    return {
        "loss": reconstruction + penalty,
        "reconstruction": reconstruction,
        "penalty": penalty,
    }


def sample_errors(
    model: Network, x: np.ndarray, target: np.ndarray, per_feature: bool
) -> np.ndarray:
    """The loss of each admitted sample alone, or of each of its output elements."""
    return finite(_sample_errors(model, x, target, per_feature), "an error")


def _sample_errors(
    model: Network, x: np.ndarray, target: np.ndarray, per_feature: bool
) -> np.ndarray:
    chain = training_chain(model.layers, model.loss)
    loss = chain.kernel_loss
    shares: Any = chain.loss
    if per_feature and loss is None and not shares.says_elements:
        raise ValueError(
            f"per_feature needs a loss of tinyae's, or one with elements(output, target), but "
            f"{type(model.loss).__name__} gives no element's share"
        )
    if loss is None and not per_feature:
        return _custom_errors(chain, x, target, model.dtype)
    if loss is not None and chain.compiled and not per_feature:
        sums = _loss_sums(model, chain, x, target)[0]
        return _mean_of_each(sums, target[0].size, model.dtype)
    errors = np.empty(target.shape if per_feature else len(target), model.dtype)
    for rows in row_chunks(len(x), x[:1].nbytes):
        output, expected = _outputs(chain, x[rows], model.dtype)[-1], target[rows]
        if per_feature:
            errors[rows] = shares.elements(output, converted(expected, model.dtype))
        else:
            assert loss is not None
            sums = loss.sums(output, expected)
            errors[rows] = _mean_of_each(sums, expected[0].size, model.dtype)
    return errors


@quiet
def _mean(sums: np.ndarray, size: int) -> float:
    return float(sums.sum()) / size


@quiet
def _mean_of_each(sums: np.ndarray, size: int, dtype: np.dtype) -> np.ndarray:
    return converted(sums / size, dtype)


def _loss_sums(
    model: Network, chain: Chain, x: np.ndarray, target: np.ndarray
) -> tuple[np.ndarray, float]:
    assert chain.kernel_loss is not None
    program = Program(chain.layers)
    return program.evaluate(x, target, model.parameters, chain.kernel_loss, model.threads)


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
