"""What holds of models and chains at every moment, whatever has been done to them."""

import inspect
from collections.abc import Mapping

import numpy as np

from tests.support.world_parts import FEATURES, X

# What is remembered for speed, or belongs to the process
REMEMBERED = ("_program", "_lock", "_training", "_steps", "_version")


class Broken(Exception):
    """A kind of fault, and where it was seen."""


# Nothing changed


def state_of(world):
    """All that is in all objects of a world, each under its name."""
    models = {f"model {id(each.ae)}": frozen(each.ae) for each in world.models}
    chains = {f"chain {id(chain)}": frozen(chain) for chain in world.chains}
    return models | chains


def frozen(value):
    """The value as it is now, to be compared."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, Mapping):
        return {key: frozen(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [frozen(each) for each in value]
    if hasattr(value, "__dict__") and not isinstance(value, type) and not inspect.isroutine(value):
        attributes = {k: v for k, v in vars(value).items() if k not in REMEMBERED}
        return [type(value).__name__, frozen(attributes)]
    return repr(value)


def look(before, after, what):
    """Nothing differs."""
    for name, state in before.items():
        if name in after and after[name] != state:
            raise Broken(what, difference(state, after[name]))


def difference(one, other, place=""):
    """Where two states differ first."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in [*one, *other]:
            if one.get(key) != other.get(key):
                return difference(one.get(key), other.get(key), f"{place}.{key}")
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for position, pair in enumerate(zip(one, other, strict=True)):
            if pair[0] != pair[1]:
                return difference(*pair, f"{place}[{position}]")
    return f"{place}: {str(one)[:60]} is now {str(other)[:60]}"


# What holds


def check_world(world):
    """Each model and chain is whole, computes one thing, and has its memory alone."""
    vectors = []
    for each in world.models:
        if each.ae.built:
            check_model(each.ae)
            vectors += [each.ae.parameters, each.ae.gradient, *each.ae.slots]
        elif any(layer.built for layer in each.ae.layers):
            pretrained = [layer for layer in each.ae.layers if layer.built]
            for layer in pretrained:
                forward([layer], np.zeros((1, *layer.input_shape)))
    for position, one in enumerate(vectors):
        for other in vectors[position + 1 :]:
            if np.shares_memory(one, other):
                raise Broken("shared memory", "between two vectors")
    taken = {id(layer) for each in world.models if each.ae.built for layer in each.ae.layers}
    for chain in world.chains:
        if chain.built:
            check_weights(chain.layers, chain.parameters, "weights", "a chain")
            same(chain.predict(X), forward(chain.layers, X), "a chain's predictions")
            if not taken & {id(layer) for layer in chain.layers}:
                for vector in vectors:
                    if np.shares_memory(vector, chain.parameters):
                        raise Broken("shared memory", "of a chain with a model")


def address(array):
    return array.__array_interface__["data"][0]


def check_weights(layers, vector, kind, where):
    """The layers' arrays are the vector's parts, one after the other."""
    place = address(vector)
    if vector.ndim != 1 or not (vector.flags.c_contiguous and vector.flags.writeable):
        raise Broken("no flat vector", f"{where}: {vector.shape}, {vector.flags}")
    for layer in layers:
        for name, array in getattr(layer, kind).items():
            right = array.dtype == vector.dtype and array.flags.carray
            if not right or (array.size and address(array) != place):
                raise Broken("views", f"{name} of {layer.label} is not where {where} has it")
            if array.shape[-1:] != layer.output_shape[-1:]:
                raise Broken("views", f"{name} of {layer.label} has shape {array.shape}")
            place += array.nbytes
    if place != address(vector) + vector.nbytes:
        raise Broken("views", f"{where} has numbers that are no layer's")


def check_model(ae):
    layers = ae.encoder.layers + ae.decoder.layers
    size = ae.parameters.size
    if ae.parameters.dtype != ae.dtype or ae.slots.shape != (2, size):
        raise Broken("views", f"{ae.parameters.dtype}, slots {ae.slots.shape} for {size}")
    check_weights(layers, ae.parameters, "weights", "parameters")
    check_weights(layers, ae.gradient, "gradients", "gradient")
    for part in (ae.encoder, ae.decoder):
        check_weights(part.layers, part.parameters, "weights", part.label)
    if not (ae.slots.flags.writeable and ae.slots.flags.c_contiguous):
        raise Broken("views", "slots are not writable")
    check_numbers(ae, layers)


def forward(layers, x):
    """Layer by layer, as a learner would."""
    y = np.array(x, layers[0].dtype)
    for layer in layers:
        y, _ = layer.forward(y)
    return y


def same(one, other, what):
    tolerance = 1e-3 if one.dtype == np.float32 else 1e-6
    if one.shape != other.shape or not np.allclose(one, other, tolerance, tolerance, True):
        raise Broken("numbers differ", f"{what}: {one.ravel()[:3]} and {other.ravel()[:3]}")


def check_numbers(ae, layers):
    """The compiled model is its layers one after the other, and the whole is its parts."""
    if not np.isfinite(ae.parameters).all():
        return
    codes = forward(ae.encoder.layers, X)
    output = forward(ae.decoder.layers, codes)
    same(ae.encode(X), codes, "codes")
    same(ae.encoder.predict(X), codes, "the encoder's codes")
    same(ae.decode(codes), output, "decoded codes")
    same(ae.reconstruct(X), output, "reconstructions")
    if ae.output_shape != (FEATURES,):
        return
    kept = ae.gradient.copy()
    (loss, gradient), wanted = ae.loss_and_gradient(X), by_hand(ae, layers)
    same(np.array(loss, ae.dtype), np.array(ae.evaluate(X)["loss"]), "losses")
    same(np.array(loss, ae.dtype), np.array(wanted), "the loss by hand")
    same(gradient, ae.gradient, "gradients")
    ae.gradient[...] = kept


def by_hand(ae, layers):
    """The loss; the gradient is left in the model."""
    ae.gradient[...] = 0
    y, passes = X.astype(ae.dtype), []
    for layer in layers:
        y, cache = layer.forward(y)
        passes.append((layer, y, cache))
    loss, dy = ae.loss.value_and_gradient(y, X.astype(ae.dtype))
    for layer, a, cache in reversed(passes):
        penalty = layer.activity_regularizer
        if penalty is not None:
            loss += (penalty.l1 * abs(a) + penalty.l2 * a * a).sum() / len(a)
            dy = dy + ((penalty.l1 * np.sign(a) + 2 * penalty.l2 * a) / len(a)).astype(a.dtype)
        dy = layer.backward(dy, cache)
        if not layer.trainable:
            layer.clear_gradients()
    return loss
