"""Methods of single parts, called by hand: good and bad arrays are those of everything else.

Each is computed right, which means as for the plain array in NumPy, or refused by name.
"""

import re

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinyae as tae
from tests.support import naive
from tests.support.entries import data
from tests.support.input_cases import BAD, GOOD, read_only
from tests.support.layer_cases import LAYER_CASES, chain_of
from tests.support.own_parts import Cauchy, OwnScale
from tinyae.maths import initializers

SHAPE = (12, 6)


def built(layer, shape=SHAPE[1:], dtype="float64"):
    chain = tae.Sequential([layer])
    chain.build(shape, dtype, seed=1)
    return chain


def backward_of(part, dy):
    cache = part.forward(data())[1]
    part.clear_gradients()
    return part.backward(dy, cache), part.gradient.copy()


class NumPyScale(OwnScale):
    """The same without kernels, in NumPy; it writes over what it is given."""

    def forward(self, x, training=False, step=0, first=0):
        kept = x.copy()
        x *= self.weights["scale"]
        return x, kept

    def backward(self, dy, cache):
        self.gradients["scale"] += (dy * cache).sum(axis=0)
        dy *= self.weights["scale"]
        return dy


def stepped(optimizer, gradient):
    theta = np.ones(SHAPE[0] * SHAPE[1])
    slots = optimizer.state(theta)
    optimizer.step(theta, gradient, slots, 3)
    return theta, slots


def fresh(make):
    return lambda array: (lambda part: part.forward(array)[0])(make())


LAYERS = {
    "Dense": lambda: built(tae.Dense(6, "tanh")).layers[0],
    "Dropout": lambda: built(tae.Dropout(0.5)).layers[0],
    "own kernels": lambda: built(OwnScale()).layers[0],
    "own NumPy": lambda: built(NumPyScale()).layers[0],
    "Sequential": lambda: built(tae.Sequential([tae.Dense(6, "elu"), NumPyScale()])),
}
LOSSES = {"MSE": tae.MSE(), "BCE": tae.BCE(), "own": Cauchy(0.1)}

# name of the array in messages, the call, the shape
CALLS = {
    **{f"{key}.forward": ("x", fresh(make), SHAPE) for key, make in LAYERS.items()},
    **{
        f"{key}.backward": ("dy", lambda a, make=make: backward_of(make(), a), SHAPE)
        for key, make in LAYERS.items()
    },
    **{
        f"{key} {method} {which}": (
            which,
            lambda a, loss=loss, method=method, which=which: getattr(loss, method)(
                **{"output": data(seed=5), "target": data(seed=5), which: a}
            ),
            SHAPE,
        )
        for key, loss in LOSSES.items()
        for method in ("value_and_gradient", "sums")
        for which in ("output", "target")
    },
    "L1L2.add a": ("a", lambda a: tae.L1L2(0.1, 0.2).add(a, data(seed=6)), SHAPE),
    "L1L2.add da": ("da", lambda a: tae.L1L2(0.1, 0.2).add(data(seed=6), a), SHAPE),
    "Adam.step": ("gradient", lambda a: stepped(tae.Adam(), a), (72,)),
    "SGD.step": ("gradient", lambda a: stepped(tae.SGD(0.1, 0.5), a), (72,)),
}
DECIDES = {"output": "output|target", "a": "a|da"}  # of which shape the other one has to be
NOT_FINITE = {"nan", "infinity", "minus infinity", "nan in float16", "nan in big-endian"}


def plain(array):
    single = array.dtype.kind == "f" and array.itemsize == 4
    return array.astype(np.float32 if single else np.float64)


@pytest.mark.parametrize("guise", GOOD)
@pytest.mark.parametrize("key", CALLS)
def test_as_good_as_the_plain_array_and_never_modified(key, guise, tmp_path):
    _, call, shape = CALLS[key]
    x = GOOD[guise](data(shape), tmp_path)
    array = np.array(x)
    np.testing.assert_equal(call(x), call(plain(array)))
    assert np.array(x).tobytes() == array.tobytes()


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("key", CALLS)
def test_refused_by_name_or_nan_comes_out(key, bad):
    name, call, shape = CALLS[key]
    array = BAD[bad](data(shape))
    if bad in NOT_FINITE and name != "target":  # as where training diverges
        with np.errstate(all="ignore"):
            found, expected = call(array), call(plain(array))
        np.testing.assert_equal(found, expected)
        return
    if shape == (72,) and bad == "flat":
        return
    with pytest.raises(ValueError, match=rf"\b({DECIDES.get(name, name)}) (must|is empty)"):
        call(array)


KINDS = ["f2", "f4", "f8", "g", ">f4", ">f8", "i1", "u8", "?", "c8", "O", "U4"]


@pytest.mark.parametrize("case", LAYER_CASES, ids=lambda case: case.name)
@settings(max_examples=25)
@given(draw=st.data())
def test_any_array_is_as_the_definition_or_refused_by_name(case, draw):
    """Whatever its shape, its dtype and its order: never what lies beside it in memory."""
    dtype = draw.draw(st.sampled_from(["float32", "float64"]))
    chain = chain_of(case, dtype)
    shape = draw.draw(
        st.one_of(
            st.just((3, *case.input_shape)),
            st.lists(st.integers(0, 5), max_size=4).map(tuple),
            st.permutations((2, *case.input_shape)).map(tuple),
        )
    )
    kind = draw.draw(
        st.sampled_from(["f2", "f4", "f8", "g", ">f4", ">f8", "i1", "u8", "?", "c8", "O", "U4"])
    )
    order = draw.draw(st.sampled_from("CF"))
    x = np.asarray(np.random.default_rng(0).integers(-2, 3, shape)).astype(kind, order=order)
    if draw.draw(st.booleans()):
        x = read_only(x)
    fits = x.ndim > 0 and x.size and x.shape[1:] == case.input_shape and kind not in "c8OU4"
    if not fits:
        with pytest.raises(ValueError, match=r": x (must|is empty)"):
            chain.forward(x)
        return
    y, cache = chain.forward(x)
    expected = naive.forward(chain, x.astype(dtype))
    np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-5)
    dx = chain.backward(y, cache)  # dy is y
    gradient = chain.gradient.copy()
    chain.clear_gradients()
    y, cache = chain.forward(x)
    np.testing.assert_array_equal(chain.backward(y.copy(), cache), dx)
    np.testing.assert_array_equal(chain.gradient, gradient)


# Targets, buffers that are written, caches


@pytest.mark.parametrize("method", ["value_and_gradient", "sums"])
def test_cross_entropy_bounds_its_targets(method):
    for target, hint in ((data() * 7, ""), (data() - 0.5, ""), (data() * 255, "by 255")):
        with pytest.raises(ValueError, match=rf"target must lie in \[0, 1\].*{hint}"):
            getattr(tae.BCE(), method)(data(), target)


BUFFERS = {
    "strided": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    "Fortran order": np.asfortranarray,
    "big-endian": lambda a: a.astype(">f8"),
    "backwards": lambda a: np.flip(np.flip(a).copy()),
}
NO_BUFFERS = {
    "a list": lambda a: a.tolist(),
    "read-only": read_only,
    "float32": lambda a: a.astype("f4"),
    "float16": lambda a: a.astype("f2"),
    "whole": lambda a: a.astype(int),
    "complex": lambda a: a.astype(complex),
    "shorter": lambda a: a[:-1],
    "longer": lambda a: np.concatenate([a, a]),
    "wider": lambda a: np.repeat(a, 2, axis=-1),
    "0-d": lambda a: np.zeros(()),
    "nothing": lambda a: "none",
}


@pytest.mark.parametrize("guise", BUFFERS)
def test_what_is_written_arrives_in_any_buffer(guise):
    y, x = data(seed=1), data(seed=2)
    buffer = BUFFERS[guise](np.zeros(SHAPE))
    tae.MSE().sums(y, x, 0.5, buffer)
    np.testing.assert_array_equal(buffer, y - x)
    itself = y.copy()
    tae.MSE().sums(itself, x, 0.5, itself)
    np.testing.assert_array_equal(itself, y - x)
    optimizer, plain = tae.SGD(0.1, 0.5), np.ones(7)
    state = optimizer.state(plain)
    theta, slots = BUFFERS[guise](plain.copy()), BUFFERS[guise](state.copy())
    for t in (1, 2):
        optimizer.step(plain, np.arange(7), state, t)
        optimizer.step(theta, np.arange(7), slots, t)
    np.testing.assert_array_equal(theta, plain)
    np.testing.assert_array_equal(slots, state)


@pytest.mark.parametrize("guise", NO_BUFFERS)
def test_what_would_not_arrive_is_refused_and_nothing_changed(guise):
    spoil, optimizer = NO_BUFFERS[guise], tae.Adam()
    with pytest.raises(ValueError, match=r"gradient must be a writable array .* but got"):
        tae.MSE().sums(data(), data(), 1.0, spoil(np.zeros(SHAPE)))
    theta, slots = np.ones(7), np.zeros((2, 7))
    with pytest.raises(ValueError, match=r"(parameters|state|gradient) must"):
        optimizer.step(spoil(theta), np.ones(7), slots, 1)
    with pytest.raises(ValueError, match=r"state must be a writable array .* but got"):
        optimizer.step(theta, np.ones(7), spoil(slots), 1)
    assert (theta == 1).all()
    assert not slots.any()


def test_an_optimizers_buffers_are_apart():
    for slots in (np.ones((2, 7)), np.ones((3, 7))[:2]):
        with pytest.raises(ValueError, match="state must have memory of its own"):
            tae.Adam().step(slots[1], np.ones(7), slots, 1)
        assert (slots == 1).all()
    theta = np.ones(7)
    tae.SGD(0.5).step(theta, theta, np.zeros((2, 7)), 1)  # its own gradient
    assert (theta == 0.5).all()


@pytest.mark.parametrize("key", ["Dense", "Dropout", "own kernels", "Sequential"])
def test_backward_takes_the_cache_of_its_forward_only(key):
    part, other = LAYERS[key](), built(tae.Dense(5), (3,))
    if key == "Sequential":
        part = built(tae.Sequential([tae.Dense(6, "elu"), OwnScale()]))
    caches = [None, 3, (), "abcd", (data(), data(), 0, 0), np.ones((2, 2)), [None] * 9]
    caches += [other.layers[0].forward(data((12, 3)))[1], part.forward(data()[:5])[1]]
    for cache in caches:
        with pytest.raises(ValueError, match=r"backward must be given the cache that its forward"):
            part.backward(data(), cache)
    assert not part.gradient.any()


@pytest.mark.parametrize("key", LAYERS)
def test_a_layer_that_is_not_built_says_so(key):
    part = {"Dense": tae.Dense(3), "Dropout": tae.Dropout(0.5), "own NumPy": NumPyScale()}.get(
        key, OwnScale()
    )
    for call in (lambda: part.forward(data()), lambda: part.backward(data(), None)):
        with pytest.raises(ValueError, match="must be built before use"):
            call()


@tae.kernel
def added(z, b):
    for k in range(z.size):
        z[k] += b[k]


@pytest.mark.parametrize("bad", ["float16", "object", "lists", "text", "nothing"])
def test_a_kernel_of_ones_own_says_what_it_cannot_take(bad):
    if not hasattr(added, "py_func"):
        pytest.skip("nothing is compiled")
    given = {
        "float16": np.ones(3, "f2"),
        "object": np.ones(3, object),
        "lists": [1.0],
        "text": "x",
        "nothing": None,
    }[bad]
    kind = re.escape(type(given).__name__)
    with pytest.raises(TypeError, match=rf"added must be called with arrays .* got \(.*{kind}"):
        added(given, np.ones(3))
    with pytest.raises(numba.TypingError, match="getitem"):  # the kernel's own mistake
        added(np.ones(3), 1.0)


# What stands beside the arrays


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda layer: layer.forward(data(), training="no"), "training must be True or False"),
        (lambda layer: layer.forward(data(), training=True, step="3"), "step must be a whole"),
        (lambda layer: layer.forward(data(), True, 2**70), "step must be a whole number from 0"),
        (lambda layer: layer.forward(data(), first=-1), "first must be a whole number from 0"),
        (lambda layer: tae.MSE().sums(data(), data(), "3"), "scale must be zero or positive"),
        (lambda layer: tae.MSE().sums(data(), data(), np.nan), "scale must be zero or positive"),
        (lambda layer: tae.Adam().step(*np.ones((2, 3)), np.zeros((2, 3)), 2**70), "t must be a"),
        (lambda layer: tae.Adam().state(None), "parameters must be an array of numbers"),
        (lambda layer: tae.Adam().state(np.ones((3, 2))), r"parameters must have shape \(6,\)"),
    ],
)
def test_what_stands_beside_the_arrays_is_checked(call, message):
    with pytest.raises(ValueError, match=message):
        call(LAYERS["Dropout"]())


SHAPES = [None, 2.0, "ab", (2.5,), (-1, 2), (0, 2), (True,), np.ones((2, 2))]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_shape_is_positive_sizes(shape):
    rng = np.random.default_rng(0)
    for initializer in (*initializers.NAMES.values(), tae.RandomNormal()):
        with pytest.raises(ValueError, match="shape must hold positive whole numbers, but got"):
            initializer(shape, rng)
    for layer in (tae.Dense(3), tae.Flatten(), tae.Sequential([tae.Conv2D(1, 1)])):
        with pytest.raises(ValueError, match="input_shape must hold positive whole numbers, but"):
            layer.build(shape)

    class Own(tae.Layer):
        def build(self, input_shape):
            self.add_weight("w", shape)
            return input_shape

    with pytest.raises(ValueError, match="shape must hold positive whole numbers"):
        Own().build((6,))


@pytest.mark.parametrize("rng", [None, 5, np.random.RandomState(0)], ids=str)
@pytest.mark.parametrize("name", sorted(initializers.NAMES.keys() - {"zeros"}))
def test_random_weights_need_a_generator(name, rng):
    for initializer in (initializers.NAMES[name], tae.RandomNormal()):
        with pytest.raises(ValueError, match=r"rng must be a numpy.random.Generator, but got"):
            initializer((3, 2), rng)
