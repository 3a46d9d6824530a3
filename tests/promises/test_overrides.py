"""Subclasses that override any method of any layer of tinyae's, rightly and wrongly.

The engine gives what the same methods give when they are called layer by layer, or the subclass is
refused by name.
"""

import math

import numpy as np
import pytest

import tinyae as tae
from tests.support.layer_cases import LAYER_CASES, samples
from tests.support.own_parts import EagerMSE, OwnScale

CASES = {type(case.make()): case for case in reversed(LAYER_CASES)}
del CASES[tae.Sequential]
each_kind = pytest.mark.parametrize("kind", CASES, ids=lambda kind: kind.__name__)


def derived(kind, **methods):
    """A case's layer, of a subclass with these attributes."""
    layer = CASES[kind].make()
    layer.__class__ = type("Mine", (kind,), methods)
    return layer


def model(layer, shape, **options):
    size = math.prod(shape)
    return tae.Autoencoder(
        [tae.Flatten(), tae.Dense(size, "tanh"), tae.Reshape(shape), layer],
        [tae.Flatten(), tae.Dense(size), tae.Reshape(shape)],
        **{"input_shape": shape, "dtype": "float64", "seed": 4, "threads": 1, **options},
    )


def assert_near(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11)


def is_as_layer_by_layer(make, case):
    """All that a model does with the layer, against the layer's own methods."""
    x = samples(case, 7)
    ae, reference = model(make(), case.input_shape), model(make(), case.input_shape)
    reference.loss = EagerMSE()
    y, _ = ae.decoder.forward(ae.encoder.forward(x)[0])
    assert_near(ae.reconstruct(x), y)
    value, gradient = ae.loss_and_gradient(x, training=True)
    expected = reference.loss_and_gradient(x, training=True, eager=True)
    assert_near(value, expected[0])
    assert_near(gradient, expected[1])
    for each in (ae, reference):
        each.fit(x, epochs=2, batch_size=3, verbose=0)
    assert_near(ae.parameters, reference.parameters)
    return gradient


# Harmless: each calls what it overrides


def calling(kind, name):
    """A method that does what the one it overrides does."""

    def method(self, *args, **options):
        return getattr(kind, name)(self, *args, **options)

    return method


METHODS = ["build", "forward", "backward", "record_fields", "scratch_size", "operations", "steps"]
METHODS += ["formula", "kernels", "get_config"]


def harmless(kind, name):
    if name == "kernels":
        return kind.kernels
    if name == "get_config":
        return lambda self: {}
    return calling(kind, name)


@each_kind
@pytest.mark.parametrize("names", [[name] for name in METHODS] + [METHODS[:2], METHODS[:4]])
def test_a_harmless_override_changes_nothing(kind, names):
    case = CASES[kind]
    methods = {name: harmless(kind, name) for name in names}
    gradient = is_as_layer_by_layer(lambda: derived(kind, **methods), case)
    plain = model(case.make(), case.input_shape)
    assert_near(plain.loss_and_gradient(samples(case, 7), training=True)[1], gradient)


@each_kind
def test_other_formulas_are_computed_as_they_are_written(kind):
    def forward(self, x, training=False, step=0, first=0):
        y, cache = kind.forward(self, 2 * x, training, step, first)
        return 3 * y, cache

    def backward(self, dy, cache):
        return 2 * kind.backward(self, 3 * dy, cache)

    case = CASES[kind]
    is_as_layer_by_layer(lambda: derived(kind, forward=forward, backward=backward), case)
    is_as_layer_by_layer(lambda: derived(kind, forward=forward), case)
    is_as_layer_by_layer(lambda: derived(kind, backward=backward), case)


# Wrong


def build_more(self, shape):
    *sides, last = super(type(self), self).build(shape)
    return (*sides, last + 1)


def build_another_first(self, shape):
    self.add_weight("another", (3,))
    return super(type(self), self).build(shape)


def ones(self, x, training=False, step=0, first=0):
    return np.ones((len(x), *self.output_shape)), None


def adding(name, amount):
    """The record with one number changed."""

    def record_fields(self):
        fields = super(type(self), self).record_fields()
        return {**fields, name: fields.get(name, 0) + amount}

    return record_fields


@each_kind
def test_a_weight_before_those_of_the_kernels_is_refused_or_left_alone(kind):
    case = CASES[kind]
    plain, x = model(case.make(), case.input_shape), samples(case, 7)
    layer = derived(kind, build=build_another_first)
    if plain.encoder.layers[3].parameter_count:
        with pytest.raises(ValueError, match=r"Mine.build must declare what \w+'s"):
            model(layer, case.input_shape)
        return
    ae = model(layer, case.input_shape)
    assert not layer.gradients["another"].any()
    for mine, other in zip(ae.layers, plain.layers, strict=True):
        for name, weight in other.weights.items():
            mine.weights[name][...] = weight
    assert_near(ae.reconstruct(x), plain.reconstruct(x))
    assert_near(ae.loss_and_gradient(x)[0], plain.loss_and_gradient(x)[0])


RECORDED = [  # every whole number of every kind's record
    (kind, name) for kind in CASES for name, of in kind.kernels.fields.items() if of is int
]
WRONG = {
    "build: another shape": ({"build": build_more}, "Mine.build must declare"),
    "build: None": ({"build": lambda self, shape: None}, "Mine.build must return"),
    "build: an array": ({"build": lambda self, shape: np.ones(2)}, "Mine.build must return"),
    "build: fractions": ({"build": lambda self, shape: (1.5,)}, "Mine.build must return"),
    "build: bools": ({"build": lambda self, shape: (True,)}, "Mine.build must return"),
    "forward: only y": ({"forward": lambda self, x, **_: x}, r"Mine.forward must return a pair"),
    "forward: None": ({"forward": lambda self, x, **_: None}, r"Mine.forward must return a pair"),
    "forward: three": ({"forward": lambda self, x, **_: (x, x, x)}, r"Mine.forward must return a"),
    "forward: y None": ({"forward": lambda self, x, **_: (None, None)}, "y from .*Mine.forward mu"),
    "forward: y flat": (
        {"forward": lambda self, x, **_: (x.reshape(-1), None)},
        "y from .*Mine.forward must have shape",
    ),
    "forward: y wider": (
        {"forward": lambda self, x, **_: (np.ones((len(x), *self.output_shape, 2)), None)},
        "y from .*Mine.forward must have shape",
    ),
    "forward: y complex": (
        {"forward": lambda self, x, **_: (1j * ones(self, x)[0], None)},
        "y from .*Mine.forward must hold real numbers.*complex",
    ),
    "forward: y text": (
        {"forward": lambda self, x, **_: (ones(self, x)[0].astype(str), None)},
        "y from .*Mine.forward must hold real numbers",
    ),
    "forward: another cache": ({"forward": ones}, "Mine.backward must be given the cache that its"),
    "backward: None": (
        {"forward": ones, "backward": lambda self, dy, cache: None},
        "dx from .*Mine.backward must be an array of numbers",
    ),
    "backward: wider": (
        {"backward": lambda self, dy, cache: np.ones((len(dy), *self.input_shape, 2))},
        "dx from .*Mine.backward must have shape",
    ),
    "backward: one sample": (
        {"backward": lambda self, dy, cache: np.ones((1, *self.input_shape))},
        "dx from .*Mine.backward must have shape",
    ),
    "backward: complex": (
        {"backward": lambda self, dy, cache: np.ones((len(dy), *self.input_shape), complex)},
        "dx from .*Mine.backward must hold real numbers",
    ),
    "record_fields: None": ({"record_fields": lambda self: None}, "record_fields must give"),
    "record_fields: no integer": (
        {"record_fields": lambda self: {"units": np.nan, "activation": np.inf}},
        "record_fields must give",
    ),
    "record_fields: one more": (
        {"record_fields": adding("more", 1)},
        "record_fields must give .*more: 1",
    ),
    "scratch_size: text": ({"scratch_size": lambda self, op: "2"}, "scratch_size must be a whole"),
    "scratch_size: -1": ({"scratch_size": lambda self, op: -1}, "scratch_size must be a whole"),
    "operations: 0": ({"operations": lambda self: 0}, "operations must be positive"),
    "operations: None": ({"operations": lambda self: None}, "operations must be positive"),
}


@each_kind
@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_override_is_refused_by_name(kind, wrong):
    methods, message = WRONG[wrong]
    case = CASES[kind]
    x = samples(case, 7)
    with pytest.raises(ValueError, match=message):
        model(derived(kind, **methods), case.input_shape).fit(x, verbose=0)


@pytest.mark.parametrize(("kind", "name"), RECORDED)
@pytest.mark.parametrize("eager", [False, True])
def test_no_record_leads_out_of_an_array(kind, name, eager):
    case = CASES[kind]
    layer = derived(kind, record_fields=adding(name, 1))
    ae = model(layer, case.input_shape)
    with pytest.raises(ValueError, match=rf"Mine: record_fields must give {name}: -?\w+, as "):
        ae.loss_and_gradient(samples(case, 7), eager=eager)


@each_kind
def test_scratch_is_never_smaller_than_the_kernels_need(kind):
    less = {"scratch_size": lambda self, op: 0}
    is_as_layer_by_layer(lambda: derived(kind, **less), CASES[kind])


@each_kind
def test_what_a_model_counts_on_is_no_subclasss_to_define(kind):
    names = ["output_shape", "input_shape", "dtype", "parameters", "weights", "gradient"]
    for name in [*names, "built", "layers", "parameter_count", "trainable", "gradients"]:
        with pytest.raises(TypeError, match=f"Mine must not define {name}"):
            type("Mine", (kind,), {name: property(lambda self: (2,))})


class Turned(tae.Dense):
    """Weights in another order, and methods of its own that reckon with it."""

    def build(self, input_shape):
        self.add_weight("bias", (self.units,), "zeros")
        self.add_weight("kernel", (input_shape[0], self.units))
        return (self.units,)

    def forward(self, x, training=False, step=0, first=0):
        return x @ self.weights["kernel"] + self.weights["bias"], x

    def backward(self, dy, cache):
        self.gradients["kernel"] += cache.T @ dy
        self.gradients["bias"] += dy.sum(axis=0)
        return dy @ self.weights["kernel"].T


def test_with_both_methods_of_its_own_a_subclass_may_build_what_it_likes():
    x, ae = np.random.default_rng(0).random((9, 6)), model(Turned(3), (6,))
    assert tae.check_gradients(ae, x).passed

    class Calls(Turned):
        def forward(self, x, training=False, step=0, first=0):
            return tae.Dense.forward(self, x, training, step, first)

    with pytest.raises(ValueError, match=r"Calls.build must declare what Dense's kernels are for"):
        model(Calls(3), (6,)).fit(x, verbose=0)
    for method in ("forward", "backward"):  # the other one is a kernel's
        half = type("Half", (tae.Dense,), {"build": Turned.build, method: getattr(Turned, method)})
        with pytest.raises(ValueError, match=r"Half.build must declare what Dense's kernels are"):
            model(half(3), (6,))


@pytest.mark.parametrize("config", [None, 3, {"unit": 3}, {"units": 3, "more": 1}, {}, {3: 3}])
def test_a_get_config_that_the_constructor_would_refuse_is_refused(config, tmp_path):
    class Mine(tae.Dense):
        def get_config(self):
            return config

    with pytest.raises(ValueError, match="get_config must give the arguments of its constructor"):
        model(Mine(3), (6,)).save(tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_a_record_of_ones_own_kernels_is_ones_own():
    ae = model(OwnScale(), (6,))
    assert tae.check_gradients(ae, np.random.default_rng(0).random((4, 6))).passed


@pytest.mark.parametrize("given", [None, "y = x", ("y = x", "dx = dy")])
def test_a_formula_is_one(given):
    class Mine(tae.Dense):
        def formula(self):
            return given

    with pytest.raises(ValueError, match=r"Mine.formula must return a Formula, but gave"):
        tae.trace(model(Mine(3), (6,)), np.ones((4, 6)))


@pytest.mark.parametrize("name", ["forward", "backward", "build", "prepare"])
def test_a_chain_computes_what_its_layers_do(name):
    with pytest.raises(TypeError, match=f"Mine must be a Layer to define {name}"):
        type("Mine", (tae.Sequential,), {name: lambda self, *_: None})
