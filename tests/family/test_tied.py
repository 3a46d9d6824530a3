"""Tied layers: one kernel, two places; what is frozen, copied, saved, and refused."""

import copy
import pickle

import numpy as np
import pytest

import tinyae as tae
from tinyae.engine import tuning

X = np.random.default_rng(0).random((11, 6))
IMAGES = np.random.default_rng(1).random((5, 6, 5, 2))
each_way = pytest.mark.parametrize("eager", [False, True])


def dense(**options):
    """Two layers, and two that are tied to them."""
    first, second = tae.Dense(5, "tanh"), tae.Dense(3, "elu")
    encoder, decoder = [first, second], [tae.Tied(second, "tanh"), tae.Tied(first, "sigmoid")]
    return tae.Autoencoder(encoder, decoder, **{"loss": "bce", "dtype": "float64", **options})


def images(**options):
    conv = tae.Conv2D(3, 3, strides=2, padding="same", activation="tanh")
    decoder = [tae.Tied(conv, "sigmoid", use_bias=False)]
    return tae.Autoencoder([conv], decoder, **{"dtype": "float64", **options})


def model(make, **options):
    """Built, with no weight at zero."""
    x = X if make is dense else IMAGES
    ae = make(input_shape=x.shape[1:], **options)
    ae.parameters[...] += np.random.default_rng(2).normal(0, 0.2, ae.parameters.size)
    return ae, x


def plain(ae):
    """The same model with kernels of their own."""
    settings = {"input_shape": ae.input_shape, "loss": ae.loss, "dtype": "float64"}
    return tae.Autoencoder(ae.encoder.copy(), ae.decoder.copy(), **settings)


def test_a_tied_convolution_has_the_shape_and_the_size_that_the_source_takes():
    """For any windows, strides and sizes, different ones for rows and columns."""
    sides = [
        (size, window, stride)
        for size in (2, 3, 5, 6, 8)
        for window in (1, 2, 3, 4)
        for stride in (1, 2, 3, 4)
    ]
    rng = np.random.default_rng(3)
    for rows in sides:
        for padding in ("same", "valid"):
            columns = sides[rng.integers(len(sides))]
            shape, window, strides = zip(rows, columns, strict=True)
            if padding == "valid" and any(np.less(shape, window)):
                continue
            conv = tae.Conv2D(2, window, strides, padding)
            ae = tae.Autoencoder([conv], [tae.Tied(conv)], input_shape=(*shape, 3))
            own = ae.decoder.layers[0].untied()
            assert own.output_shape == (*shape, 3), (rows, columns, padding)


@pytest.mark.parametrize(
    ("window", "strides", "size"),
    [((4, 1), 2, (6, 3)), ((2, 3), 4, (8, 2)), ((1, 4), (2, 3), (7, 6)), ((2, 1), (2, 3), (8, 5))],
)
def test_samples_of_a_tied_convolution_do_not_meet(window, strides, size):
    """Where rows need an output_padding and columns must have none, or the other way round."""
    conv = tae.Conv2D(3, window, strides, "same", activation="tanh")
    ae = tae.Autoencoder([conv], [tae.Tied(conv, "sigmoid")], (*size, 2), dtype="float64")
    x = np.random.default_rng(0).random((4, *size, 2))
    alone = np.concatenate([ae.reconstruct(x[i : i + 1]) for i in range(len(x))])
    np.testing.assert_allclose(ae.reconstruct(x), alone, rtol=1e-12)
    np.testing.assert_allclose(plain(ae).reconstruct(x), alone, rtol=1e-12)
    tae.check_gradients(ae, x)


each_make = pytest.mark.parametrize("make", [dense, images])


@each_make
@each_way
def test_outputs_are_a_plain_models_and_gradients_its_sum(make, eager):
    ae, x = model(make)
    twin = plain(ae)
    assert not any(isinstance(layer, tae.Tied) for layer in twin.layers)
    np.testing.assert_allclose(ae.reconstruct(x), twin.reconstruct(x), rtol=1e-12)
    np.testing.assert_allclose(ae.decode(ae.encode(x)), ae.reconstruct(x), rtol=1e-12)
    loss, _ = ae.loss_and_gradient(x, eager=eager)
    assert loss == pytest.approx(twin.loss_and_gradient(x)[0], rel=1e-12)
    pairs = list(zip(ae.layers, twin.layers, strict=True))
    for position, (layer, alone) in enumerate(pairs[: len(pairs) // 2]):
        mirrored = pairs[-1 - position][1].gradients["kernel"]
        both = alone.gradients["kernel"] + (mirrored.T if make is dense else mirrored)
        np.testing.assert_allclose(layer.gradients["kernel"], both, rtol=1e-9, atol=1e-15)
        np.testing.assert_allclose(
            layer.gradients["bias"], alone.gradients["bias"], rtol=1e-9, atol=1e-15
        )
    for layer, alone in pairs[len(pairs) // 2 :]:
        for name, gradient in layer.gradients.items():
            np.testing.assert_allclose(gradient, alone.gradients[name], rtol=1e-9, atol=1e-15)


@each_make
def test_one_copy_is_in_the_vector(make):
    ae, _ = model(make)
    biases = [layer.parameter_count for layer in ae.decoder.layers]
    assert biases == ([5, 6] if make is dense else [0])
    assert ae.parameters.size == ae.encoder.parameter_count + sum(biases)
    assert ae.gradient.size == ae.slots.shape[1] == ae.parameters.size


@each_make
def test_gradients(make):
    ae, x = model(make)
    ae.layers[0].kernel_regularizer = tae.L2(0.1)
    report = tae.check_gradients(ae, x[:4])
    assert report.passed, report


@each_make
@pytest.mark.parametrize("clip", [None, 0.01])
@pytest.mark.parametrize("threads", [1, 3])
def test_training_is_the_eager_one(make, threads, clip, monkeypatch):
    monkeypatch.setattr(tuning, "THREAD_OPERATIONS", 1)
    optimizer = tae.Adam(0.01, global_clipnorm=clip)
    fast, x = model(make, threads=threads, optimizer=optimizer)
    slow, _ = model(make, optimizer=optimizer)
    fast.fit(x, epochs=3, batch_size=4, verbose=0)
    slow.fit(x, epochs=3, batch_size=4, verbose=0, eager=True)
    np.testing.assert_allclose(fast.parameters, slow.parameters, rtol=1e-9, atol=1e-12)


@each_make
@each_way
@pytest.mark.parametrize("frozen", ["source", "tied"])
def test_the_sources_trainable_decides(make, eager, frozen):
    ae, x = model(make)
    encoder, decoder = ae.layers[0], ae.layers[-1]
    (encoder if frozen == "source" else decoder).trainable = False
    before = ae.parameters.copy()
    ae.fit(x, epochs=2, batch_size=4, verbose=0, eager=eager)
    moved = ae.parameters != before
    own = decoder.parameter_count
    assert moved[: encoder.parameter_count].all() == (frozen == "tied")
    assert not moved[: encoder.parameter_count].any() or frozen == "tied"
    if own:
        assert moved[-own:].all() == (frozen == "source")
        assert moved[-own:].any() == (frozen == "source")


def saved(ae, tmp_path):
    ae.save(tmp_path / "model.npz", training_state=True)
    return tae.load(tmp_path / "model.npz")


@each_make
@pytest.mark.parametrize("how", ["copy", "pickle", "deepcopy", "saved", "float32"])
def test_a_copy_of_the_model_is_tied_to_its_own(make, how, tmp_path):
    ae, x = model(make)
    ae.fit(x, verbose=0)
    twin = {
        "copy": ae.copy,
        "pickle": lambda: pickle.loads(pickle.dumps(ae)),
        "deepcopy": lambda: copy.deepcopy(ae),
        "saved": lambda: saved(ae, tmp_path),
        "float32": lambda: ae.copy("float32").copy("float64"),
    }[how]()
    assert [twin.layers.index(layer.layer) for layer in twin.decoder.layers] == (
        [1, 0] if make is dense else [0]
    )
    close = 1e-5 if how == "float32" else 1e-12
    before = ae.parameters.copy()
    twin.fit(x, verbose=0)
    np.testing.assert_array_equal(ae.parameters, before)
    ae.fit(x, verbose=0)
    np.testing.assert_allclose(twin.parameters, ae.parameters, rtol=0, atol=close)
    np.testing.assert_allclose(twin.decode(twin.encode(x)), twin.reconstruct(x), rtol=0, atol=close)


@each_make
@pytest.mark.parametrize("how", ["copy", "pickle", "saved"])
def test_a_decoder_without_the_encoder_is_plain(make, how, tmp_path):
    ae, x = model(make)
    codes = ae.encode(x)
    path = tmp_path / "decoder.npz"
    alone = {
        "copy": ae.decoder.copy,
        "pickle": lambda: pickle.loads(pickle.dumps(ae.decoder)),
        "saved": lambda: ae.decoder.save(path) or tae.load(path),
    }[how]()
    kinds = {type(layer) for layer in alone.layers}
    assert kinds == {tae.Dense if make is dense else tae.Conv2DTranspose}
    np.testing.assert_allclose(alone.predict(codes), ae.decode(codes), rtol=1e-12)
    shapes = [layer.weights["kernel"].shape for layer in alone.layers]
    assert shapes == ([(3, 5), (5, 6)] if make is dense else [(3, 3, 2, 3)])
    ae.decoder.layers[0].layer.weights["kernel"][...] = 0
    assert alone.parameters.all()


def test_the_live_kernel_is_used():
    ae, x = model(dense)
    z = ae.encode(x)
    ae.layers[0].weights["kernel"][...] = 0
    np.testing.assert_allclose(ae.decode(z), np.tile(ae.decode(z)[0], (11, 1)))


def test_a_source_may_be_named_by_its_place():
    by_place = tae.Autoencoder(
        [tae.Dense(5, "tanh"), tae.Dense(3, "elu")],
        [tae.Tied(1, "tanh"), tae.Tied(0, "sigmoid")],
        **{"input_shape": (6,), "loss": "bce", "dtype": "float64"},
    )
    ae = dense(input_shape=(6,))
    np.testing.assert_array_equal(by_place.reconstruct(X), ae.reconstruct(X))


def test_what_is_not_before_it_is_refused():
    other = tae.Dense(3)
    behind = tae.Dense(6)
    for decoder, layer in (
        ([tae.Tied(other)], "layer 1 is Tied\\(Dense"),
        ([tae.Tied(behind), behind], "layer 1 is Tied\\(Dense"),
        ([tae.Tied(1)], "layer 1 is Tied\\(1"),
        ([tae.Tied(784, "relu")], "layer 1 is Tied\\(784, .*'relu'\\)"),  # as units are given
        ([tae.Activation("relu"), tae.Tied(1)], "layer 2 is Tied\\(1"),
    ):
        said = rf"behind the one it is tied to, .* by its place \(here 0\), but {layer}"
        with pytest.raises(
            ValueError, match=f"{said}.*; its units are those that the other takes$"
        ):
            tae.Autoencoder([tae.Dense(3)], decoder)


def test_what_does_not_fit_is_refused():
    first = tae.Dense(3)
    with pytest.raises(ValueError, match=r"decoder\[1\] Tied expects input of shape \(n, 3\), but"):
        tae.Autoencoder([first], [tae.Dense(2), tae.Tied(first)], input_shape=(6,))
    with pytest.raises(ValueError, match="which must be built before it"):
        tae.Tied(tae.Dense(3)).build((3,))
    for wrong in (tae.Flatten(), tae.Conv2DTranspose(2, 3), -1, True, None, tae.Dense):
        with pytest.raises(ValueError, match="layer must be a Dense or a Conv2D, or its place"):
            tae.Tied(wrong)


def test_sizes_come_from_the_source():
    for side in range(3, 9):
        for stride, padding in ((1, "valid"), (2, "valid"), (2, "same"), (3, "same")):
            conv = tae.Conv2D(2, (3, 2), stride, padding)
            ae = tae.Autoencoder([conv], [tae.Tied(conv)], input_shape=(side, side + 1, 1))
            assert ae.output_shape == (side, side + 1, 1)


def test_formula_and_repr():
    ae, x = model(dense)
    assert repr(ae.layers[-1]) == f"Tied({ae.layers[0]!r}, activation='sigmoid')"
    assert "y = tanh(x Wᵀ + b), W of encoder[1] Dense" in str(tae.trace(ae, x))
