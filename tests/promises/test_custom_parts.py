"""Layers and losses of the user's own train through the same `fit`, beside built-in ones."""

import numpy as np
import pytest

import tinyae as tae


class Scale(tae.Layer):
    """y = s x, one s a feature."""

    def build(self, input_shape):
        self.add_weight("scale", input_shape, lambda shape, rng: np.ones(shape))
        return input_shape

    def forward(self, x, training=False, step=0, first=0):
        return x * self.weights["scale"], x

    def backward(self, dy, cache):
        self.gradients["scale"] += (dy * cache).sum(axis=0)
        return dy * self.weights["scale"]


class NumPyDense(tae.Layer):
    """What Dense computes, written anew in NumPy."""

    def __init__(self, units):
        super().__init__()
        self.units = units

    def build(self, input_shape):
        self.add_weight("kernel", (input_shape[0], self.units))
        self.add_weight("bias", (self.units,), "zeros")
        return (self.units,)

    def forward(self, x, training=False, step=0, first=0):
        y = np.tanh(x @ self.weights["kernel"] + self.weights["bias"])
        return y, (x, y)

    def backward(self, dy, cache):
        x, y = cache
        d = dy * (1 - y * y)
        self.gradients["kernel"] += x.T @ d
        self.gradients["bias"] += d.sum(axis=0)
        return d @ self.weights["kernel"].T


class Sphere:
    """Half the squared distance, per sample: not among the built-in losses."""

    def value_and_gradient(self, output, target):
        difference = output - target
        return 0.5 * float((difference**2).sum()) / len(output), difference / len(output)


class HalvedMSE(tae.MSE):
    """A subclass that overrides what it inherits must be believed."""

    def value_and_gradient(self, output, target):
        value, gradient = super().value_and_gradient(output, target)
        return value / 2, gradient / 2


class Watching(tae.Layer):
    """Passes everything on, and notes how it was called."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def forward(self, x, training=False, step=0, first=0):
        self.calls.append((training, step, len(x)))
        return x, None

    def backward(self, dy, cache):
        return dy


def samples(n=30, features=4, seed=0, dtype=np.float64):
    return np.random.default_rng(seed).random((n, features)).astype(dtype)


def model(encoder, decoder, **settings):
    settings = {"input_shape": (4,), "dtype": "float64", "seed": 1, **settings}
    return tae.Autoencoder(encoder, decoder, **settings)


def finite_differences(ae, x, h=1e-6):
    gradient = np.empty_like(ae.parameters)
    for i in range(gradient.size):
        kept, sides = ae.parameters[i], []
        for side in (h, -h):
            ae.parameters[i] = kept + side
            sides.append(ae.evaluate(x)["loss"])
        ae.parameters[i] = kept
        gradient[i] = (sides[0] - sides[1]) / (2 * h)
    return gradient


MIXED = {
    "layer first": lambda: ([Scale(), tae.Dense(3, "tanh")], [tae.Dense(4)]),
    "layer last": lambda: ([tae.Dense(3, "elu")], [tae.Dense(4), Scale()]),
    "layer between": lambda: ([tae.Dense(3, "tanh"), Scale()], [Scale(), tae.Dense(4, "sigmoid")]),
    "in a Sequential": lambda: (
        [tae.Sequential([NumPyDense(5), Scale()]), tae.Dense(2)],
        [tae.Dense(4)],
    ),
}


@pytest.mark.parametrize("layers", MIXED.values(), ids=MIXED)
@pytest.mark.parametrize("loss", ["mse", "bce", Sphere()], ids=["mse", "bce", "custom"])
def test_gradients_are_the_finite_differences(layers, loss):
    encoder, decoder = layers()
    if loss == "bce":
        decoder = [*decoder, tae.Activation("sigmoid")]
    ae, x = model(encoder, decoder, loss=loss), samples(5)
    value, gradient = ae.loss_and_gradient(x)
    assert value == pytest.approx(ae.evaluate(x)["loss"], rel=1e-12)
    np.testing.assert_allclose(gradient, finite_differences(ae, x), rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("layers", MIXED.values(), ids=MIXED)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_they_train_and_answer_like_any_model(layers, dtype):
    ae, x = model(*layers(), optimizer=tae.Adam(1e-2), dtype=dtype), samples()
    before, start = ae.evaluate(x)["loss"], ae.parameters.copy()
    history = ae.fit(x, epochs=60, batch_size=8, validation_data=x, verbose=0)
    assert history["val_loss"][-1] == ae.evaluate(x)["loss"] < before
    assert (ae.parameters != start).all()
    z, r = ae.encode(x), ae.reconstruct(x)
    assert z.dtype == r.dtype == dtype
    np.testing.assert_allclose(ae.decode(z), r, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(
        ae.reconstruction_error(x).mean(), ae.evaluate(x)["reconstruction"], rtol=1e-6
    )
    np.testing.assert_allclose(ae.encoder.predict(x), z)
    np.testing.assert_allclose(ae.encode(x[:1]), z[:1], rtol=1e-5, atol=1e-7)


def test_a_layer_rewritten_in_numpy_trains_as_the_built_in_one():
    built_in = model([tae.Dense(3, "tanh")], [tae.Dense(4)])
    own = model([NumPyDense(3)], [tae.Dense(4)])
    assert own.parameters.tobytes() == built_in.parameters.tobytes()
    for ae in (built_in, own):
        ae.fit(samples(), epochs=20, batch_size=8, verbose=0)
    np.testing.assert_allclose(own.parameters, built_in.parameters, rtol=1e-9)
    np.testing.assert_allclose(own.history["loss"], built_in.history["loss"], rtol=1e-9)
    assert own.progress == built_in.progress


def test_a_subclass_that_overrides_backward_is_believed():
    class Stubborn(tae.Dense):
        def backward(self, dy, cache):
            dx = super().backward(dy, cache)
            self.clear_gradients()
            return dx

    ae = model([Stubborn(3, "tanh")], [tae.Dense(4)])
    before = ae.encoder.parameters.copy(), ae.decoder.parameters.copy()
    ae.fit(samples(), epochs=3, verbose=0)
    assert np.array_equal(ae.encoder.parameters, before[0])
    assert not np.array_equal(ae.decoder.parameters, before[1])


def test_a_subclass_that_overrides_forward_is_believed():
    class Doubled(tae.Dense):
        def forward(self, x, training=False, step=0, first=0):
            y, cache = super().forward(x, training, step, first)
            return 2 * y, cache

    plain, ae = model([tae.Dense(3)], [tae.Dense(4)]), model([Doubled(3)], [tae.Dense(4)])
    np.testing.assert_allclose(ae.encode(samples()), 2 * plain.encode(samples()))


def test_a_subclass_that_overrides_nothing_stays_compiled_and_equal():
    class Named(tae.Dense):
        """Only a name."""

    plain, ae = model([tae.Dense(3)], [tae.Dense(4)]), model([Named(3)], [tae.Dense(4)])
    for each in (plain, ae):
        each.fit(samples(), epochs=3, verbose=0)
    assert ae.parameters.tobytes() == plain.parameters.tobytes()


def test_a_loss_subclass_that_overrides_its_value_is_believed():
    ae, plain = (
        model([tae.Dense(3)], [tae.Dense(4)], loss=HalvedMSE()),
        model([tae.Dense(3)], [tae.Dense(4)]),
    )
    assert ae.evaluate(samples())["loss"] == pytest.approx(plain.evaluate(samples())["loss"] / 2)
    np.testing.assert_allclose(
        ae.loss_and_gradient(samples())[1], plain.loss_and_gradient(samples())[1] / 2
    )
    errors = ae.reconstruction_error(samples())
    assert errors.mean() == pytest.approx(ae.evaluate(samples())["reconstruction"])


def test_per_feature_needs_a_built_in_loss():
    ae = model([tae.Dense(3)], [tae.Dense(4)], loss=Sphere())
    assert ae.reconstruction_error(samples()).shape == (30,)
    with pytest.raises(ValueError, match=r"per_feature.*Sphere"):
        ae.reconstruction_error(samples(), per_feature=True)


@tae.kernel
def scale_forward(op, w, x, y, scratch, step, first):
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            y[i, j] = op.factor * w[j] * x[i, j]


@tae.kernel
def scale_backward(op, w, x, y, dy, dw, dx, scratch, step, first):
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            if dw.size:
                dw[j] += op.factor * x[i, j] * dy[i, j]
            if dx.size:
                dx[i, j] = op.factor * w[j] * dy[i, j]


class CompiledScale(tae.Layer):
    """y = factor s x, with kernels of one's own."""

    kernels = tae.Kernels(scale_forward, scale_backward, {"factor": float})

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def build(self, input_shape):
        self.add_weight("scale", input_shape, lambda shape, rng: np.ones(shape))
        return input_shape

    def record_fields(self):
        return {"factor": self.factor}


def test_a_layer_with_kernels_of_ones_own_trains_in_the_engine():
    def make(scale):
        return model([tae.Dense(3, "tanh"), scale], [tae.Dense(4)])

    compiled, eager, x = make(CompiledScale(1.0)), make(Scale()), samples()
    report = tae.check_gradients(make(CompiledScale(2.5)), x[:5])
    assert report.passed, str(report)
    assert report.rows[-1].name == "loss"  # of the engine and of Python compared
    for ae in (compiled, eager):
        ae.fit(x, epochs=5, batch_size=8, verbose=0)
    np.testing.assert_allclose(compiled.parameters, eager.parameters, rtol=0, atol=1e-12)


class Again(tae.Layer):
    """Another layer of the model, two more times: y = f(f(x))."""

    def __init__(self, used):
        super().__init__()
        self.used = used

    def forward(self, x, training=False, step=0, first=0):
        h, inner = self.used.forward(x, training, step, first)
        y, outer = self.used.forward(h, training, step, first)
        return y, (inner, outer)

    def backward(self, dy, cache):
        inner, outer = cache
        return self.used.backward(self.used.backward(dy, outer), inner)


@pytest.mark.parametrize("make", [lambda: tae.Dense(4, "tanh"), lambda: NumPyDense(4)])
def test_a_weight_that_is_used_several_times_gets_the_sum_of_its_gradients(make):
    used = make()
    ae, x = model([used, Again(used), tae.Dense(2)], [tae.Dense(4)]), samples(5)
    ae.parameters[...] += np.random.default_rng(0).normal(0, 0.3, ae.parameters.size)
    report = tae.check_gradients(ae, x)
    assert report.passed, str(report)
    np.testing.assert_allclose(
        ae.loss_and_gradient(x)[1], finite_differences(ae, x), rtol=1e-5, atol=1e-8
    )
    history = ae.fit(x, epochs=20, verbose=0)
    assert history["loss"][-1] < history["loss"][0]
    used.trainable = False
    assert not ae.loss_and_gradient(x)[1][: used.parameter_count].any()


def test_penalties_count_once_beside_a_custom_loss():
    x = samples()
    penalty = tae.L1L2(0.1, 0.2)
    ae = model([tae.Dense(3, activity_regularizer=penalty)], [tae.Dense(4)], loss=Sphere())
    z = ae.encode(x)
    expected = (0.1 * np.abs(z) + 0.2 * z**2).sum() / len(x)
    assert ae.evaluate(x)["penalty"] == pytest.approx(expected)
    history = ae.fit(x, batch_size=len(x), verbose=0)
    assert history["penalty"][0] == pytest.approx(expected)
    np.testing.assert_allclose(
        ae.loss_and_gradient(x)[1], finite_differences(ae, x), rtol=1e-5, atol=1e-8
    )


def test_a_layer_is_told_when_it_trains_and_at_which_step():
    watching = Watching()
    ae = model([watching, tae.Dense(3)], [tae.Dense(4)])
    ae.fit(samples(10), epochs=2, batch_size=4, verbose=0)
    assert watching.calls == [(True, step, (4, 4, 2)[step % 3]) for step in range(6)]
    watching.calls.clear()
    ae.loss_and_gradient(samples(10))
    ae.loss_and_gradient(samples(10), training=True)
    assert watching.calls == [(False, 6, 10), (True, 6, 10)]
    watching.calls.clear()
    ae.evaluate(samples(10))
    ae.reconstruct(samples(10))
    ae.encode(samples(10))
    assert {training for training, _, _ in watching.calls} == {False}


def test_a_frozen_layer_of_ones_own_stays():
    scale = Scale()
    ae = model([scale, tae.Dense(3)], [tae.Dense(4)])
    ae.fit(samples(), epochs=2, verbose=0)
    kept = scale.weights["scale"].copy()
    scale.trainable = False
    ae.fit(samples(), epochs=2, verbose=0)
    assert np.array_equal(scale.weights["scale"], kept)
    assert not ae.loss_and_gradient(samples())[1][:4].any()


def test_weights_are_written_into_not_replaced():
    scale = Scale()
    ae = model([scale], [tae.Dense(4)])
    with pytest.raises(TypeError, match="scale"):
        scale.weights["scale"] = np.zeros(4)
    scale.weights["scale"][...] = 7
    assert (ae.parameters[:4] == 7).all()


@pytest.mark.parametrize("what", ["forward", "backward"])
def test_a_missing_method_is_named(what):
    methods = {"forward": lambda self, x, training=False, step=0, first=0: (x, None)}
    layer = type("Half", (tae.Layer,), methods if what == "backward" else {})()
    ae = model([layer], [tae.Dense(4)])
    with pytest.raises(NotImplementedError, match=rf"Half must define {what}"):
        ae.fit(samples(), verbose=0)
    assert ae.progress.step == 0
