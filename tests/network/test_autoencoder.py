"""The model: how it is put together and built, and what its answers mean."""

import numpy as np
import pytest

import tinyae as tae


def samples(n=30, features=6, seed=0, dtype=np.float64):
    return np.random.default_rng(seed).random((n, features)).astype(dtype)


def small_model(encoder=None, decoder=None, **settings):
    settings = {"input_shape": (6,), "dtype": "float64", "seed": 1, **settings}
    encoder = encoder or [tae.Dense(5, "tanh"), tae.Dense(2)]
    decoder = decoder or [tae.Dense(5, "elu"), tae.Dense(6, "sigmoid")]
    return tae.Autoencoder(encoder, decoder, **settings)


PENALTY = tae.L1L2(0.1, 0.2)
MODELS = {
    "mse": lambda **s: small_model(**s),
    "bce from logits": lambda **s: small_model(loss="bce", **s),
    "bce clipped": lambda **s: small_model(
        decoder=[tae.Dense(6, "sigmoid"), tae.Activation("linear")], loss="bce", **s
    ),
    "penalties": lambda **s: small_model(
        [tae.Dense(3, "relu", activity_regularizer=PENALTY)],
        [tae.Dense(6, "sigmoid", activity_regularizer=PENALTY)],
        loss="bce",
        **s,
    ),
    "deep encoder": lambda **s: small_model(
        [tae.Dense(7, "relu"), tae.Dense(5, "leaky_relu"), tae.Dense(3), tae.Activation("tanh")],
        [tae.Dense(6, use_bias=False)],
        **s,
    ),
    "images": lambda **s: tae.Autoencoder(
        [tae.Flatten(), tae.Dense(2)],
        [tae.Dense(6, "sigmoid"), tae.Reshape((2, 3))],
        **{"input_shape": (2, 3), "dtype": "float64", "loss": "bce", **s},
    ),
}
each_model = pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)


def data_for(ae, n=30):
    return samples(n).reshape(n, *ae.input_shape)


@each_model
def test_decoding_the_code_is_reconstructing(make):
    ae = make()
    x = data_for(ae)
    z = ae.encode(x)
    assert z.shape[0] == len(x)
    np.testing.assert_array_equal(ae.decode(z), ae.reconstruct(x))
    np.testing.assert_array_equal(ae.encoder.predict(x), z)
    np.testing.assert_array_equal(ae.decoder.predict(z), ae.reconstruct(x))
    assert ae.reconstruct(x).shape == x.shape


@each_model
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_results_have_the_models_dtype(make, dtype):
    ae = make(dtype=dtype)
    for given in (np.float32, np.float64):
        x = data_for(ae).astype(given)
        z = ae.encode(x)
        errors = ae.reconstruction_error(x), ae.reconstruction_error(x, per_feature=True)
        gradient = ae.loss_and_gradient(x)[1]
        for result in (z, ae.decode(z), ae.reconstruct(x), *errors, gradient, ae.parameters):
            assert result.dtype == dtype


@each_model
def test_evaluate_is_the_loss_of_one_batch_of_all(make):
    ae = make()
    x = data_for(ae)
    figures = ae.evaluate(x)
    assert list(figures) == ["loss", "reconstruction", "penalty"]
    assert figures["loss"] == pytest.approx(ae.loss_and_gradient(x)[0], rel=1e-12)
    assert figures["loss"] == pytest.approx(figures["reconstruction"] + figures["penalty"])
    r = ae.reconstruct(x)
    if isinstance(ae.loss, tae.MSE):
        expected = np.mean((r - x) ** 2)
    else:
        expected = np.mean(-x * np.log(r) - (1 - x) * np.log(1 - r))
    assert figures["reconstruction"] == pytest.approx(expected, rel=1e-9)


def test_the_penalty_is_per_sample_of_the_whole_batch():
    ae, x = MODELS["penalties"](), samples()
    total = sum(
        0.1 * np.abs(a).sum() + 0.2 * (a**2).sum() for a in (ae.encode(x), ae.reconstruct(x))
    )
    assert ae.evaluate(x)["penalty"] == pytest.approx(total / len(x), rel=1e-9)


@each_model
def test_errors_of_samples_have_evaluates_reconstruction_as_their_mean(make):
    ae = make()
    x, y = data_for(ae), data_for(ae)[::-1]
    for target in (None, y):
        errors = ae.reconstruction_error(x, target)
        assert errors.shape == (30,)
        expected = ae.evaluate(x, target)["reconstruction"]
        assert errors.mean() == pytest.approx(expected, rel=1e-12)
        each = [
            ae.evaluate(x[i : i + 1], None if target is None else target[i : i + 1])
            for i in range(30)
        ]
        np.testing.assert_allclose(errors, [e["reconstruction"] for e in each], rtol=1e-12)
        shares = ae.reconstruction_error(x, target, per_feature=True)
        assert shares.shape == x.shape
        np.testing.assert_allclose(shares.reshape(30, -1).mean(axis=1), errors, rtol=1e-12)


@each_model
def test_the_gradient_is_that_of_evaluate(make):
    ae = make()
    x, h = data_for(ae, 5), 1e-6
    kept = ae.parameters.copy()
    loss, gradient = ae.loss_and_gradient(x)
    assert ae.parameters.tobytes() == kept.tobytes()
    differences = []
    for i in range(kept.size):
        sides = []
        for side in (h, -h):
            ae.parameters[i] = kept[i] + side
            sides.append(ae.evaluate(x)["loss"])
        ae.parameters[i] = kept[i]
        differences.append((sides[0] - sides[1]) / (2 * h))
    np.testing.assert_allclose(gradient, differences, rtol=1e-5, atol=1e-8)
    assert loss == pytest.approx(ae.evaluate(x)["loss"], rel=1e-12)


def test_the_gradient_is_a_copy_and_serves_an_optimizer_of_ones_own():
    ae, own = small_model(optimizer=tae.SGD(0.5)), small_model()
    for _ in range(3):
        ae.fit(samples(), batch_size=30, shuffle=False, verbose=0)
        _, gradient = own.loss_and_gradient(samples())
        own.parameters[...] -= 0.5 * gradient
    np.testing.assert_allclose(own.parameters, ae.parameters, rtol=1e-12)
    first = own.loss_and_gradient(samples())[1]
    kept = first.copy()
    second = own.loss_and_gradient(samples(seed=5))[1]
    assert np.array_equal(first, kept)
    assert not np.shares_memory(first, second)
    first[...] = 0
    assert np.array_equal(own.loss_and_gradient(samples())[1], kept)


def test_frozen_layers_have_no_gradient_and_the_others_theirs():
    ae = small_model()
    whole = ae.loss_and_gradient(samples())[1]
    ae.layers[1].trainable = False
    part = ae.loss_and_gradient(samples())[1]
    frozen = slice(6 * 5 + 5, 6 * 5 + 5 + 5 * 2 + 2)
    assert not part[frozen].any()
    part[frozen] = whole[frozen]
    np.testing.assert_allclose(part, whole, rtol=1e-12)


def test_noise_is_active_in_training_only_and_as_at_the_next_step():
    ae = small_model([tae.GaussianNoise(0.2), tae.Dense(4, "tanh"), tae.Dropout(0.3)])
    for _ in range(3):
        quiet, (noisy, gradient) = (
            ae.evaluate(samples()),
            ae.loss_and_gradient(samples(), training=True),
        )
        assert ae.loss_and_gradient(samples())[0] == pytest.approx(quiet["loss"], rel=1e-12)
        assert noisy != pytest.approx(quiet["loss"], rel=1e-3)
        again = ae.loss_and_gradient(samples(), training=True)
        assert (noisy, gradient.tobytes()) == (again[0], again[1].tobytes())
        history = ae.fit(samples(), batch_size=30, shuffle=False, verbose=0)
        assert history["loss"][0] == pytest.approx(noisy, rel=1e-12)
    np.testing.assert_array_equal(ae.reconstruct(samples()), ae.decode(ae.encode(samples())))


def test_parameters_are_one_live_vector_in_the_layers_order():
    ae = small_model()
    views = [w for layer in ae.encoder.layers + ae.decoder.layers for w in layer.weights.values()]
    assert [list(layer.weights) for layer in ae.layers] == 4 * [["kernel", "bias"]]
    assert np.array_equal(ae.parameters, np.concatenate([w.ravel() for w in views]))
    for view in views:
        view[...] = 0.25
    assert (ae.parameters == 0.25).all()
    before = ae.reconstruct(samples())
    ae.parameters[...] = 0.5
    assert (ae.layers[-1].weights["bias"] == 0.5).all()
    assert not np.array_equal(ae.reconstruct(samples()), before)
    assert np.shares_memory(ae.encoder.parameters, ae.parameters)
    assert np.shares_memory(ae.decoder.parameters, ae.parameters)


def test_summary_counts_the_tutorials_parameters(capsys):
    ae = tae.Autoencoder(
        [tae.Dense(20, "relu"), tae.Dense(20, "relu"), tae.Dense(1)],
        [tae.Dense(20, "relu"), tae.Dense(20, "relu"), tae.Dense(2)],
        input_shape=(2,),
    )
    assert ae.summary() is None
    lines = capsys.readouterr().out.splitlines()
    counts = [line.split()[-1] for line in lines]
    assert counts == ["parameters", "60", "420", "21", "40", "420", "42", "1,003"]
    assert all("Dense" in line for line in lines[1:-1])
    assert "(n, 20)" in lines[1]
    assert ae.parameters.size == 1003


# Building


def test_what_needs_a_built_model_names_input_shape():
    ae = small_model(input_shape=None)
    for use in (lambda: ae.decode(np.ones((3, 2))), lambda: ae.parameters, ae.summary):
        with pytest.raises(ValueError, match="input_shape"):
            use()
    assert ae.input_shape is ae.output_shape is None


FIRST_CALLS = {
    "fit": lambda ae, x: ae.fit(x, epochs=0, verbose=0),
    "encode": lambda ae, x: ae.encode(x),
    "reconstruct": lambda ae, x: ae.reconstruct(x),
    "evaluate": lambda ae, x: ae.evaluate(x),
    "reconstruction_error": lambda ae, x: ae.reconstruction_error(x),
    "loss_and_gradient": lambda ae, x: ae.loss_and_gradient(x),
}


@pytest.mark.parametrize("call", FIRST_CALLS.values(), ids=FIRST_CALLS)
def test_the_first_call_with_data_builds_as_input_shape_does(call):
    ae = small_model(input_shape=None)
    call(ae, samples())
    assert (ae.input_shape, ae.output_shape) == ((6,), (6,))
    assert ae.parameters.tobytes() == small_model().parameters.tobytes()


@pytest.mark.parametrize("call", FIRST_CALLS.values(), ids=FIRST_CALLS)
def test_a_build_that_fails_leaves_the_model_as_it_was(call):
    ae = small_model(input_shape=None)
    with pytest.raises(ValueError, match=r"encoder\[0\] Dense"):
        call(ae, np.ones((4, 3, 2)))
    assert ae.input_shape is None
    with pytest.raises(ValueError, match="input_shape"):
        _ = ae.parameters
    call(ae, samples())
    assert ae.parameters.tobytes() == small_model().parameters.tobytes()


def test_a_decoder_that_cannot_follow_is_named():
    ae = small_model(decoder=[tae.Reshape((4,)), tae.Dense(6)], input_shape=None)
    with pytest.raises(ValueError, match=r"decoder\[0\] Reshape"):
        ae.encode(samples())
    assert not ae.encoder.built


def test_after_a_refused_decoder_the_encoder_is_free():
    owned = small_model().decoder
    for encoder in (tae.Sequential([tae.Dense(2)]), tae.Sequential([tae.Dense(2)])):
        with pytest.raises(ValueError, match="belongs to a model"):
            small_model(encoder, owned)
        small_model(encoder, tae.Sequential([tae.Dense(6)])).fit(samples(), verbose=0)
    built = tae.Sequential([tae.Dense(2)])
    built.build((6,))
    with pytest.raises(ValueError, match="belongs to a model"):
        small_model(built, owned)
    small_model(built, tae.Sequential([tae.Dense(6)])).fit(samples(), verbose=0)


def test_built_parts_keep_their_weights_when_a_model_adopts_them():
    first = small_model()
    first.fit(samples(), epochs=3, verbose=0)
    encoder = first.encoder.copy()
    ae = small_model(encoder, tae.Sequential([tae.Dense(6)]))
    np.testing.assert_array_equal(ae.encode(samples()), first.encode(samples()))
    ae.fit(samples(), verbose=0)
    assert not np.array_equal(ae.encode(samples()), first.encode(samples()))


def test_one_layer_in_two_places_is_refused():
    layer = tae.Dense(6)
    with pytest.raises(ValueError, match="used twice"):
        tae.Autoencoder([layer], [layer])
    tae.Autoencoder([tae.Dense(2)], [layer], input_shape=(6,))
    with pytest.raises(ValueError, match="belongs to a model"):
        tae.Autoencoder([tae.Dense(2)], [layer], input_shape=(6,))


def test_a_copy_is_independent():
    ae = small_model()
    ae.fit(samples(), epochs=2, verbose=0)
    twin = ae.copy()
    for model in (ae, twin):
        model.fit(samples(), epochs=2, verbose=0)
    assert twin.parameters.tobytes() == ae.parameters.tobytes()
    twin.fit(samples(), verbose=0)
    assert twin.parameters.tobytes() != ae.parameters.tobytes()
    assert not np.shares_memory(twin.parameters, ae.parameters)
    single = ae.copy("float32")
    assert single.parameters.dtype == single.slots.dtype == np.float32
    np.testing.assert_allclose(single.parameters, ae.parameters, rtol=1e-6)
    single.fit(samples(), verbose=0)


@pytest.mark.large
def test_many_samples_are_as_few_at_a_time():
    ae = small_model([tae.Dense(300, "relu"), tae.Dense(2)], dtype="float32")
    x = samples(20_000, dtype=np.float32)
    pieces = [ae.reconstruct(x[start : start + 777]) for start in range(0, len(x), 777)]
    np.testing.assert_allclose(ae.reconstruct(x), np.concatenate(pieces), rtol=1e-4, atol=1e-6)
    errors = ae.reconstruction_error(x).mean(dtype=np.float64)
    assert ae.evaluate(x)["loss"] == pytest.approx(errors, rel=1e-6)
