"""Assignments of anything to whatever a model has, and what arrays let one do to themselves."""

import contextlib
import copy
import inspect

import numpy as np

import tinyae as tae
from tests.support.invariants import Broken
from tests.support.world_parts import Countdown, X, pick

VALUES = [
    *(None, True, False, 0, 1, 2, -1, 10**30, 0.5, 1.5, 0.0, float("nan"), float("inf")),
    *("tanh", "relu", "nope", "0.1", "mse", "bce", "adam", "sgd", "same", "valid", "full", ""),
    *((3, 3), [], {}, np.zeros(3), np.float32(0.25), np.True_, object(), Countdown(), "float64"),
    *(tae.L1(0.1), tae.SGD(0.1), tae.MSE(), tae.Adam, tae.Dense(3)),
]


def places(ae):
    """The objects of a model that have attributes."""
    penalties = [each.activity_regularizer for each in ae.layers if each.activity_regularizer]
    parts = [ae, ae.encoder, ae.decoder, ae.loss, ae.optimizer, ae.progress]
    return [*parts, *ae.layers, *penalties]


def attributes(target):
    """The public attributes that the target has; methods only where they may not be replaced."""
    names = [name for name in dir(target) if not name.startswith("_")]
    if not has_fixed_methods(target):
        names = [name for name in names if not inspect.isroutine(getattr(type(target), name, 0))]
    return names


def has_fixed_methods(target):
    """Whether an object's own methods would be passed over, since its class has kernels."""
    parts = (tae.Layer, tae.Loss, tae.Adam, tae.SGD, tae.L1L2)
    return isinstance(target, parts) and type(target).__module__.startswith("tinyae")


def assign(ae, place, attribute, value):
    """Assign one of the values to an attribute of a built model's part; whether it was taken."""
    target = pick(places(ae), place)
    taken = try_to_assign(target, pick(attributes(target), attribute), pick(VALUES, value))
    if taken:
        train_copy(ae)
    return taken


def train_copy(ae):
    """A model that takes an assignment can be trained on."""
    twin = copy.deepcopy(ae)
    with contextlib.suppress(tae.TrainingDiverged):
        twin.fit(X, epochs=1, verbose=0)


def try_to_assign(target, name, value):
    """Whether the target takes the value, which it must as its constructor does, if that knows it.

    What is refused is refused by name; what may not change at all is refused whatever the value.
    """
    kind = type(target)
    where = f"{kind.__name__}.{name} = {value!r}"
    try:
        setattr(target, name, value)
    except (ValueError, TypeError, AttributeError) as error:
        if name not in str(error):
            raise Broken("refused without a name", f"{where}: {error}") from None
        own = "stays" in str(error) or "at most the number of features" in str(error)
        if not own and constructed(target, name, value) is not None:
            raise Broken("an assignment is not as the constructor", f"{where}: {error}") from None
        return False
    if inspect.isroutine(inspect.getattr_static(kind, name, None)):
        raise Broken("a method is replaced", where)
    if name in inspect.signature(kind).parameters:
        twin = constructed(target, name, value)
        if twin is None:
            raise Broken("an assignment is not as the constructor", f"{where} is taken")
        if repr(getattr(twin, name)) != repr(getattr(target, name)):
            raise Broken("an assignment is not as the constructor", where)
    return True


def constructed(target, name, value):
    """Another like the target, made with the value; None if its constructor refuses it."""
    parameters = inspect.signature(type(target)).parameters
    if name not in parameters:
        return None
    given = {each: copy.deepcopy(getattr(target, each, None)) for each in parameters}
    try:
        return type(target)(**{**given, name: value})
    except (ValueError, TypeError, AttributeError):
        return None


# What may change


def settings(ae):
    """Changes that every model takes."""
    layer = next(each for each in reversed(ae.layers) if hasattr(each, "activation"))
    return [
        *((layer, "activation", name) for name in ("tanh", "sigmoid", "relu")),
        *((ae.decoder, "trainable", value) for value in (False, True)),
        *((layer, "trainable", value) for value in (False, True)),
        *((layer, "activity_regularizer", penalty) for penalty in (tae.L1(0.1), None)),
        *((ae, "loss", loss) for loss in ("mse", tae.MSE())),
        *((ae, "optimizer", optimizer) for optimizer in ("adam", tae.SGD(0.1))),
        *((ae.optimizer, "learning_rate", rate) for rate in (0.03, 1e-4)),
        *((ae, "threads", count) for count in (1, 2)),
    ]


def change(ae, setting):
    setattr(*pick(settings(ae), setting))


# Arrays


def arrays(ae):
    """All arrays that a model hands out."""
    layers = [layer for layer in ae.layers if layer.weights]
    weights = [array for layer in layers for array in layer.weights.values()]
    gradients = [array for layer in layers for array in layer.gradients.values()]
    parts = [*layers, ae.encoder, ae.decoder]
    names = ("parameters", "gradient")
    vectors = [getattr(part, name) for part in parts for name in names if hasattr(part, name)]
    return [ae.parameters, ae.gradient, ae.slots, *weights, *gradients, *vectors]


def owner(array):
    """The array at the bottom."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def shrink(array):
    array.resize(1, refcheck=False)


def grow(array):
    array.resize(10**6, refcheck=False)


def set_shape(array):
    array.shape = (1, *array.shape)


def set_dtype(array):
    array.dtype = np.uint8


def set_strides(array):
    array.strides = (0,) * array.ndim


METHODS = [
    *(shrink, grow, set_shape, set_dtype, set_strides),
    lambda array: array.setflags(write=False),
    lambda array: shrink(owner(array)),
    lambda array: grow(owner(array)),
    lambda array: set_shape(owner(array)),
    lambda array: owner(array).setflags(write=False),
]


def misuse(ae, array, method):
    """Call one of the methods of one of the arrays; NumPy may refuse it."""
    with contextlib.suppress(ValueError, TypeError, AttributeError):
        pick(METHODS, method)(pick(arrays(ae), array))
