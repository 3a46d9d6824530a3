"""Parts of one's own that are made wrongly are refused by name; what a subclass changes counts."""

import threading

import numpy as np
import pytest

import tinyae as tae
from tests.support.own_parts import OwnScale
from tinyae.layers.kernels import Kernels
from tinyae.maths import activations
from tinyae.system.numba_parts import DISABLED

X = np.random.default_rng(0).random((20, 6))


def model(encoder, decoder=None, **options):
    decoder = [tae.Dense(6)] if decoder is None else decoder
    return tae.Autoencoder(encoder, decoder, (6,), dtype="float64", threads=1, **options)


# Subclasses of built-in layers


class WithMore(tae.Dense):
    def build(self, input_shape):
        shape = super().build(input_shape)
        self.add_weight("more", (100_000,))
        return shape


def test_a_weight_more_behind_those_of_the_kernels_is_no_bias():
    ae = model([WithMore(2)])
    plain = model([tae.Dense(2)])
    for one, other in zip(ae.layers, plain.layers, strict=True):
        for name, weight in other.weights.items():
            weight[...] = one.weights[name]
    assert ae.loss_and_gradient(X)[0] == plain.loss_and_gradient(X)[0]
    assert not ae.layers[0].gradients["more"].any()


class BiasFirst(tae.Dense):
    def build(self, input_shape):
        self.add_weight("bias", (self.units,), "zeros")
        self.add_weight("kernel", (input_shape[0], self.units))
        return (self.units,)


class OtherShape(tae.Dense):
    def build(self, input_shape):
        super().build(input_shape)
        return (self.units + 1,)


@pytest.mark.parametrize("kind", [BiasFirst, OtherShape])
def test_a_build_that_the_kernels_are_not_for_is_refused(kind):
    with pytest.raises(ValueError, match=f"{kind.__name__}.build must declare what Dense's"):
        model([kind(2)])


@tae.kernel
def twice(op, w, x, y, scratch, step, first):
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            y[i, j] = 2 * x[i, j]


@tae.kernel
def twice_back(op, w, x, y, dy, dw, dx, scratch, step, first):
    if dx.size:
        for i in range(x.shape[0]):
            for j in range(x.shape[1]):
                dx[i, j] = 2 * dy[i, j]


class Twice(tae.Activation):
    kernels = Kernels(twice, twice_back)

    def __init__(self):
        super().__init__("relu")

    def record_fields(self):
        return {}


def test_new_kernels_make_inherited_steps_and_formulas_void(tmp_path):
    ae = model([Twice(), tae.Dense(2)])
    assert tae.check_gradients(ae, X[:4]).passed
    assert "Twice.forward" in tae.trace(ae, X).rows[0].formula.forward
    with pytest.raises(ValueError, match="Twice does not say which steps it takes"):
        ae.export_numpy(tmp_path)


class OwnSigmoid(tae.Layer):
    """Whose attribute is a label only."""

    kernels = Kernels(twice, twice_back)
    activation = "sigmoid"


def test_a_label_is_no_sigmoid():
    rows = np.clip(X, 0.1, 0.4)
    ae = model([tae.Dense(2)], [tae.Dense(6), OwnSigmoid()], loss="bce")
    eager, compiled = ae.loss_and_gradient(rows, eager=True), ae.loss_and_gradient(rows)
    assert eager[0] == pytest.approx(compiled[0], rel=1e-12)
    assert ae.evaluate(rows)["loss"] == pytest.approx(
        tae.BCE().value_and_gradient(ae.reconstruct(rows), rows)[0], rel=1e-12
    )


def test_a_chain_with_a_forward_of_its_own_is_refused():
    with pytest.raises(TypeError, match="Residual must be a Layer to define forward"):

        class Residual(tae.Sequential):
            def forward(self, x, training=False, step=0, first=0):
                return x, None


# Layers of one's own


class InInit(tae.Layer):
    def __init__(self):
        super().__init__()
        self.add_weight("scale", (6,))


class NoSuper(tae.Layer):
    def __init__(self):
        pass


def without_shape(shape):
    class NoShape(tae.Layer):
        def build(self, input_shape):
            return shape

    return NoShape()


class DeclaredTwice(tae.Layer):
    def build(self, input_shape):
        self.add_weight("a", (2,), "zeros")
        self.add_weight("a", (3,), "zeros")
        return input_shape


def with_fields(fields, values):
    return type(
        "Fields",
        (OwnScale,),
        {
            "kernels": OwnScale.kernels._replace(fields=fields),
            "record_fields": lambda self: values,
        },
    )()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (InInit, "add_weight is to be called in build"),
        (NoSuper, r"NoSuper.__init__ must call super\(\).__init__\(\)"),
        (lambda: without_shape(None), "NoShape.build must return the output's shape.* None"),
        (lambda: without_shape(6), "NoShape.build must return the output's shape.* 6"),
        (lambda: without_shape((0,)), r"NoShape.build must return .*\(0,\)"),
        (DeclaredTwice, "has a weight 'a' already"),
        (lambda: with_fields({"inputs": int}, {}), "not of a common field's name"),
        (lambda: with_fields({"rate": str}, {}), "must be int or float"),
        (lambda: with_fields({"rate": float}, {}), "record_fields must give .*rate: None"),
        (lambda: with_fields({"rate": int}, {"rate": 2.7}), "record_fields must give .*rate: 2.7"),
        (lambda: with_fields({}, {"w_size": 3}), "record_fields must give .*w_size: 3"),
    ],
)
def test_a_layer_that_is_made_wrongly_is_refused_by_name(make, message):
    with pytest.raises((ValueError, AttributeError), match=message):
        model([make(), tae.Dense(2)]).fit(X, verbose=0)


def test_kernels_are_the_class_and_are_kernels():
    with pytest.raises(TypeError, match=r"Pair.kernels must be Kernels"):

        class Pair(tae.Layer):
            kernels = (twice, twice_back)

    with pytest.raises(ValueError, match="kernels are a class's"):
        OwnScale().kernels = OwnScale.kernels


@tae.kernel
def exchanged(op, w, y, x, scratch, step, first):
    y[0, 0] = x[0, 0]


def test_parameters_in_another_order_are_refused():
    layer = type("Exchanged", (OwnScale,), {"kernels": Kernels(exchanged, twice_back)})()
    with pytest.raises(ValueError, match=r"exchanged must take \(op, w, x, y, .*takes \(op, w, y"):
        model([layer]).fit(X, verbose=0)


class Mixin:
    def build(self, input_shape):
        self.add_weight("scale", input_shape, "zeros")
        return input_shape


def test_a_build_of_a_mixin_is_a_layers_build():
    class Mixed(Mixin, tae.Layer):
        kernels = OwnScale.kernels

    assert not model([Mixed()]).encode(X).any()


def test_a_penalty_that_a_file_would_lose_is_refused(tmp_path):
    layer = OwnScale()
    layer.activity_regularizer = tae.L1(0.1)
    with pytest.raises(ValueError, match=r"its activity_regularizer, L1.* is none of its"):
        model([layer]).save(tmp_path / "model")


# Activations, losses, optimizers


def test_an_activation_needs_both_kernels_and_a_name_of_its_own(tmp_path):
    relu = activations.KNOWN["relu"]
    for missing in ({"forward": None}, {"backward": None}, {"forward": None, "backward": None}):
        with pytest.raises(ValueError, match="'soft' must have a forward and a backward kernel"):
            tae.Dense(2, relu._replace(name="soft", **missing))
    taken = relu._replace(name="Dense")
    with pytest.raises(ValueError, match="cannot be saved"):
        model([tae.Dense(2, taken)]).save(tmp_path / "model")


def test_numbers_of_a_loss_may_be_any_sequence():
    class Scaled(tae.MSE):
        def settings(self):
            return [1, 2]

    assert Scaled().value_and_gradient(X, 0 * X)[0] == tae.MSE().value_and_gradient(X, 0 * X)[0]
    ae = model([tae.Dense(2)], loss=Scaled())
    eager = ae.loss_and_gradient(X, eager=True)[0]
    assert ae.loss_and_gradient(X)[0] == pytest.approx(eager, rel=1e-12)


def test_parts_without_a_kernel_are_refused_by_name():
    class Bare(tae.Loss):
        pass

    class Idle(tae.Optimizer):
        pass

    with pytest.raises(ValueError, match="Bare must define a kernel"):
        model([tae.Dense(2)], loss=Bare())
    with pytest.raises(ValueError, match="Idle must define a kernel"):
        model([tae.Dense(2)], optimizer=Idle())


# Several at once, and after a refusal


def test_gradients_from_several_threads_are_each_ones_own():
    ae = model([tae.Dense(4, "tanh")])
    batches = [X[:k] for k in (3, 5, 8, 13)]
    expected = [ae.loss_and_gradient(rows)[1] for rows in batches]
    wrong = []

    def work(rows, gradient):
        for _ in range(30 if DISABLED else 300):
            if not np.array_equal(ae.loss_and_gradient(rows)[1], gradient):
                wrong.append(len(rows))

    threads = [
        threading.Thread(target=work, args=pair) for pair in zip(batches, expected, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_refusal_leaves_a_built_chain_its_weights():
    encoder = tae.Sequential([tae.Dense(2)])
    encoder.build((6,))
    ae = tae.Autoencoder(encoder, [tae.Dense(6)])
    with pytest.raises(ValueError, match="y must have shape"):
        ae.fit(X, np.ones((20, 5)), verbose=0)
    for weight in encoder.layers[0].weights.values():
        weight[...] = 0
    assert not encoder.predict(X).any()
    assert np.shares_memory(encoder.parameters, encoder.layers[0].weights["kernel"])


def test_a_fit_whose_kernels_do_not_fit_leaves_the_model_unbuilt():
    layer = type("Wrong", (OwnScale,), {"kernels": Kernels(exchanged, twice_back)})()
    ae = tae.Autoencoder([layer], [tae.Dense(6)])
    with pytest.raises(ValueError, match="must take"):
        ae.fit(X, verbose=0)
    assert not ae.built
    assert not layer.built


def test_layers_of_a_chain_alone_draw_different_numbers():
    chain = tae.Sequential([tae.Dropout(0.5), tae.Dropout(0.5)])
    chain.build((1000,))
    y, _ = chain.forward(np.ones((20, 1000)), training=True)
    assert (y != 0).mean() == pytest.approx(0.25, abs=0.02)
