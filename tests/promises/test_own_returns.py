"""What methods of one's own in NumPy may write over and return, and what is refused by name."""

import numpy as np
import pytest

import tinyae as tae
from tests.support.own_parts import EagerMSE
from tinyae.maths import losses, optimizers, penalties

# Layers


class Watched(tae.Layer):
    """y = x, in the way that a test says."""

    def __init__(self, forward=None, backward=None):
        super().__init__()
        self.how, self.back = forward or (lambda x: x), backward or (lambda dy: dy)

    def forward(self, x, training=False, step=0, first=0):
        return self.how(x), None

    def backward(self, dy, cache):
        return self.back(dy)


def written_over(a):
    kept = a.copy()
    a[...] = 77
    return kept


HARMLESS = {
    "itself": lambda a: a,
    "a view": lambda a: a[:],
    "read-only": lambda a: np.broadcast_to(a, a.shape),
    "Fortran order": np.asfortranarray,
    "backwards": lambda a: np.flip(np.flip(a).copy()),
    "a list": lambda a: a.tolist(),
    "big-endian": lambda a: a.astype(">f8"),
    "long double": lambda a: a.astype("g"),
    "written over": written_over,
}


@pytest.mark.parametrize("way", HARMLESS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_a_layer_returns_may_be_any_array_of_its_shape(way, dtype):
    """Nothing that it writes over what it is given reaches a neighbour's cache, or the data."""
    x = np.random.default_rng(0).random((40, 6)).astype(dtype)
    kept, found = x.copy(), []
    for how in (HARMLESS[way], None):
        layers = [Watched(how, how), tae.Dense(5, "tanh"), Watched(how, how), tae.Dense(3, "elu")]
        ae = tae.Autoencoder(
            layers, [tae.Dense(6, "tanh"), Watched(how, how)], (6,), EagerMSE(), dtype=dtype
        )
        errors = ae.reconstruction_error(x)
        loss, gradient = ae.loss_and_gradient(x)
        ae.fit(x, epochs=2, batch_size=16, validation_data=x, verbose=0)
        found.append([loss, gradient, errors, ae.parameters, ae.encode(x), ae.evaluate(x)["loss"]])
        assert ae.encode(x).dtype == dtype
    np.testing.assert_equal(*found)
    np.testing.assert_array_equal(x, kept)


def test_a_layer_may_use_its_memory_again():
    class Buffered(tae.Layer):
        def forward(self, x, training=False, step=0, first=0):
            self.room = getattr(self, "room", np.empty((1 << 16, 6), x.dtype))
            y = self.room[: len(x)]
            y[...] = 2 * x
            return y, None

    x = np.random.default_rng(0).random((60_000, 6))  # more than one chunk
    encoder = tae.Sequential([Buffered()])
    encoder.build((6,), "float64")
    np.testing.assert_array_equal(encoder.predict(x), 2 * x)


# Losses, penalties, optimizers, initializers


class OwnLoss:
    def __init__(self, given):
        self.given = given

    def value_and_gradient(self, output, target):
        value, gradient = tae.MSE().value_and_gradient(output, target)
        return self.given(value, gradient)


def ran(loss, use):
    x = np.random.default_rng(0).random((9, 6))
    kept = x.copy()
    ae = tae.Autoencoder([tae.Dense(3)], [tae.Dense(6, "tanh")], (6,), loss, dtype="float64")
    result = getattr(ae, use)(x, **({"verbose": 0} if use == "fit" else {}))
    np.testing.assert_array_equal(x, kept)
    return result, ae.parameters


LOSS_USES = ["fit", "evaluate", "loss_and_gradient", "reconstruction_error"]


@pytest.mark.parametrize("use", LOSS_USES)
@pytest.mark.parametrize(
    ("given", "message"),
    [
        (lambda value, d: value, r"must return a pair \(loss, gradient\), but returned 0."),
        (lambda value, d: None, r"must return a pair \(loss, gradient\), but returned None"),
        (lambda value, d: (value, d, 0), r"must return a pair .* tuple of 3"),
        (lambda value, d: (None, d), "the loss from OwnLoss.* must be an array of numbers"),
        (lambda value, d: ("0.5", d), "the loss from OwnLoss.* must be an array of numbers"),
        (lambda value, d: (1j, d), "the loss from OwnLoss.* must hold real numbers"),
        (lambda value, d: (d, d), r"the loss from OwnLoss.* must have shape \(\), but its shape"),
        (lambda value, d: (value, None), "the gradient from OwnLoss.* must be an array of numbers"),
        (lambda value, d: (value, d[:0]), "the gradient from OwnLoss.* must have shape"),
        (lambda value, d: (value, value), "the gradient from OwnLoss.* must have shape"),
        (lambda value, d: (value, d * 1j), "the gradient from OwnLoss.* must hold real numbers"),
        (lambda value, d: (value, d.astype(str)), "the gradient from OwnLoss.* must hold real"),
    ],
)
def test_a_loss_that_returns_what_it_should_not_is_refused(use, given, message):
    with pytest.raises(ValueError, match=message):
        ran(OwnLoss(given), use)


@pytest.mark.parametrize("use", LOSS_USES)
def test_a_loss_may_write_over_what_it_is_given(use):
    class Greedy:
        def value_and_gradient(self, output, target):
            output -= target
            target[...] = 99
            value = float((output**2).mean())
            output *= 2 / output.size
            return value, output

    (mine, parameters), (result, expected) = ran(Greedy(), use), ran(EagerMSE(), use)
    np.testing.assert_allclose(parameters, expected, rtol=1e-9)
    if use == "reconstruction_error":
        np.testing.assert_allclose(mine, result, rtol=1e-9)


class HalfSums(tae.MSE):
    def sums(self, output, target, scale=1.0, gradient=None):
        return super().sums(output, target, scale, gradient) / 2


def other_kernel(*arguments):
    """For comparisons only: it is never called."""


def test_what_the_engine_would_not_call_is_believed_or_refused():
    x = np.random.default_rng(0).random((9, 6))
    ae = tae.Autoencoder([tae.Dense(3)], [tae.Dense(6)], (6,), HalfSums(), dtype="float64")
    assert ae.loss_and_gradient(x)[0] == HalfSums().value_and_gradient(ae.reconstruct(x), x)[0]
    own = {"step": lambda self, *_: None, "state": lambda self, _: np.zeros((3, 1))}
    for name, method in own.items():
        for kind in (tae.Adam, tae.SGD):
            optimizer = type("Mine", (kind,), {name: method})()
            with pytest.raises(ValueError, match=f"Mine must not define {name}: training calls"):
                optimizers.get(optimizer)
    for kind in (tae.L1, tae.L2, tae.L1L2):
        penalty = type("Mine", (kind,), {"add": lambda self, a, da: (0.0, da)})()
        with pytest.raises(ValueError, match="Mine must not define add: training calls"):
            tae.Dense(3, activity_regularizer=penalty)
    for kind in (tae.L1, tae.MSE, tae.BCE):  # what went with the kernel goes with it
        mine = type("Mine", (kind,), {"kernel": other_kernel})
        assert getattr(mine, "of_sigmoid", None) is None
        assert getattr(mine, "numpy", None) is None
        assert getattr(mine, "formula", tae.Loss.formula) is tae.Loss.formula


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (lambda self: [], "settings must give the . numbers that .*'s kernel reads, but gives 0"),
        (lambda self: None, "what Mine.settings gives must be an array of numbers"),
        (lambda self: ["1"] * 4, "what Mine.settings gives must hold real numbers"),
        (lambda self: [1j] * 4, "what Mine.settings gives must hold real numbers"),
        (lambda self: np.ones((4, 4)), "Mine.settings must give numbers, one after the other"),
    ],
)
@pytest.mark.parametrize(
    ("kind", "door"),
    [
        (tae.Adam, optimizers.get),
        (tae.SGD, optimizers.get),
        (tae.L1L2, lambda penalty: penalties.check("activity_regularizer", penalty)),
        (tae.MSE, losses.get),
    ],
)
def test_settings_that_a_kernel_would_read_past_are_refused(settings, message, kind, door):
    mine = type("Mine", (kind,), {"settings": settings})()
    if kind is tae.MSE and "kernel reads" in message:
        door(mine)  # it reads none
        return
    with pytest.raises(ValueError, match=message):
        door(mine)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (lambda shape: None, "gives must be an array of numbers"),
        (lambda shape: np.ones(shape, complex), "gives must hold real numbers.*complex"),
        (lambda shape: np.ones(shape).astype(str), "gives must hold real numbers"),
        (lambda shape: np.ones(shape[::-1]), "must give shape"),
        (lambda shape: 1.0, "must give shape"),
        (lambda shape: np.where(np.eye(*shape) == 1, np.nan, 0), "must give finite numbers"),
        (lambda shape: np.full(shape, 1e300), "must give finite numbers of float32"),
        (lambda shape: np.ma.masked_all(shape), "gives must have no masked values"),
    ],
)
def test_an_initializer_gives_finite_numbers_of_the_shape(given, message):
    layer = tae.Dense(3, kernel_initializer=lambda shape, rng: given(shape))
    with pytest.raises(ValueError, match=f"the initializer of kernel {message}"):
        layer.build((4,))
    assert not layer.built
