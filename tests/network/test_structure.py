"""Whose the weights are: views, ownership, adoption, copies, and attempts that fail."""

import copy

import numpy as np
import pytest

import tinyae as tae
from tests.support.layer_cases import COPIES, chain_of, each_case, is_whole, samples


def small(**options):
    return tae.Autoencoder([tae.Dense(2, "tanh")], [tae.Dense(4)], **options)


@pytest.mark.parametrize("part", [lambda model: model, lambda model: model.encoder])
def test_a_shallow_copy_leaves_the_original_whole(part):
    model = small(input_shape=(4,))
    copy.copy(part(model))
    assert is_whole(model)
    assert is_whole(model.encoder)


# Weights


def test_the_vectors_order():
    """Encoder then decoder, layer by layer, kernel then bias, C order."""
    model = tae.Autoencoder(
        [tae.Dense(3), tae.Activation("relu"), tae.Dense(2, use_bias=False)],
        [tae.Sequential([tae.Dense(4)])],
        input_shape=(4,),
    )
    model.parameters[...] = np.arange(model.parameters.size)
    first, _, second, last = model.layers
    expected = [
        (first, "kernel", np.arange(12).reshape(4, 3)),
        (first, "bias", np.arange(12, 15)),
        (second, "kernel", np.arange(15, 21).reshape(3, 2)),
        (last, "kernel", np.arange(21, 29).reshape(2, 4)),
        (last, "bias", np.arange(29, 33)),
    ]
    for layer, name, values in expected:
        np.testing.assert_array_equal(layer.weights[name], values)
    np.testing.assert_array_equal(model.encoder.parameters, np.arange(21))
    np.testing.assert_array_equal(model.decoder.parameters, np.arange(21, 33))
    assert list(first.weights) == ["kernel", "bias"]
    assert repr(first.weights) == "Weights(kernel: (4, 3), bias: (3,))"


def test_weights_are_written_into_not_replaced():
    layer = small(input_shape=(4,)).encoder.layers[0]
    kernel = layer.weights["kernel"]
    with pytest.raises(TypeError, match=r"'kernel' is a view .* \['kernel'\]\[...\] = values"):
        layer.weights["kernel"] = np.zeros((4, 2))
    with pytest.raises(TypeError):
        layer.gradients["bias"] = layer.gradients["bias"] + 1
    layer.weights["kernel"][...] = 3
    layer.gradients["kernel"][...] += 1
    layer.gradients["kernel"] += 1  # ends by assigning the very same array
    assert np.shares_memory(layer.weights["kernel"], kernel)
    assert (layer.gradients["kernel"] == 2).all()


# Ownership


def test_a_layer_has_one_place():
    layer = tae.Dense(4)
    for parts in (([layer, layer], [tae.Dense(4)]), ([layer], [tae.Sequential([layer])])):
        with pytest.raises(ValueError, match="the same Dense object is used twice, as layers 0 an"):
            tae.Autoencoder(*parts)
    tae.Autoencoder([layer], [tae.Dense(4)], input_shape=(4,))
    with pytest.raises(ValueError, match="Dense already belongs to a model"):
        tae.Autoencoder([layer], [tae.Dense(4)], input_shape=(4,))


def test_a_chain_that_is_built_alone_begins_with_seed_0_in_float32():
    """Whose layers draw their weights, and their noise, by it."""
    chains = [tae.Sequential([tae.GaussianNoise(1.0), tae.Dense(3)]) for _ in range(3)]
    for chain, arguments in zip(
        chains, ({}, {"dtype": "float32", "seed": 0}, {"seed": 1}), strict=True
    ):
        chain.build((4,), **arguments)
    default, same, other = (chain.forward(np.ones((2, 4)), training=True)[0] for chain in chains)
    np.testing.assert_array_equal(default, same)
    assert default.dtype == np.float32
    assert (default != other).any()
    assert (chains[0].parameters != chains[2].parameters).any()


def test_a_model_adopts_what_was_built_alone():
    chain = tae.Sequential([tae.Dense(3, "tanh")])
    chain.build((4,), seed=7)
    x, expected = np.ones((2, 4)), chain.predict(np.ones((2, 4)))
    model = tae.Autoencoder(chain, [tae.Dense(4)], input_shape=(4,), dtype="float64")
    np.testing.assert_allclose(model.encode(x), expected, rtol=1e-6)
    assert model.encode(x).dtype == np.float64
    assert is_whole(model)
    with pytest.raises(ValueError, match="already belongs to a model"):
        tae.Autoencoder(chain, [tae.Dense(4)], input_shape=(4,))
    other = tae.Autoencoder(chain.copy(), [tae.Dense(4)], input_shape=(4,))
    np.testing.assert_array_equal(other.encode(x), expected)
    with pytest.raises(ValueError, match=r"encoder expects input of shape \(n, 4\), but got"):
        tae.Autoencoder(chain.copy(), [tae.Dense(4)], input_shape=(5,))


@pytest.mark.parametrize("how", ["itself", *COPIES])
def test_what_was_built_alone_can_be_a_part_of_a_chain(how):
    """Layers trained one after the other are stacked."""
    part = tae.Sequential([tae.Dense(3, "tanh")])
    part.build((4,), seed=7)
    expected = part.predict(np.ones((2, 4)))
    used = part if how == "itself" else COPIES[how](part)
    chain = tae.Sequential([used, tae.Activation("linear")])
    chain.build((4,))
    np.testing.assert_array_equal(chain.predict(np.ones((2, 4))), expected)


@pytest.mark.parametrize("how", COPIES)
def test_a_copy_of_a_models_part_is_free(how):
    model = small(input_shape=(4,))
    twin = COPIES[how](model.encoder)
    other = tae.Autoencoder(twin, [tae.Dense(4)], input_shape=(4,))
    np.testing.assert_array_equal(other.encode(np.ones((1, 4))), model.encode(np.ones((1, 4))))


@pytest.mark.parametrize("part", ["encoder", "decoder"])
@pytest.mark.parametrize("how", COPIES)
def test_a_copied_models_layers_belong_to_the_copy(how, part):
    twin = COPIES[how](small(input_shape=(4,)))
    shape = getattr(twin, part).input_shape
    with pytest.raises(ValueError, match="already belongs to a model"):
        tae.Autoencoder(getattr(twin, part), [tae.Dense(*shape)], input_shape=shape)
    assert is_whole(twin)


@pytest.mark.parametrize("how", COPIES)
def test_a_chain_that_is_not_built_is_copied_as_such(how):
    twin = COPIES[how](tae.Sequential([tae.Dense(3)]))
    assert tae.Autoencoder(twin, [tae.Dense(4)], input_shape=(4,)).built


def test_a_subclass_of_a_chain_is_one():
    class Named(tae.Sequential):
        """Only a name."""

    assert Named([tae.Dense(3)]).build((4,)) == (3,)
    with pytest.raises(TypeError, match=r"Wrong\.kernels must be Kernels, but got 5"):

        class Wrong(tae.Sequential):
            kernels = 5


def test_gradients_are_cleared_in_all_layers():
    model = small(input_shape=(4,))
    model.gradient[...] = 7
    model.clear_gradients()
    assert not model.gradient.any()


@pytest.mark.parametrize("loss", ["mse", "bce"])
def test_a_model_may_only_reshape(loss):
    model = tae.Autoencoder([tae.Flatten()], [tae.Reshape((2, 3))], loss=loss)
    x = np.full((5, 2, 3), 0.5)
    expected = 0.0 if loss == "mse" else np.log(2)
    assert model.evaluate(x)["loss"] == pytest.approx(expected, rel=1e-6)
    np.testing.assert_array_equal(model.fit(x, verbose=0)["loss"], [model.evaluate(x)["loss"]])


@pytest.mark.parametrize(
    "part",
    [lambda model: model.encoder, lambda model: model.decoder, lambda model: model.layers[0]],
    ids=["encoder", "decoder", "layer"],
)
def test_a_models_part_is_not_built_again(part):
    """Its weights would leave the model's vector, and training would move them no longer."""
    model = small(input_shape=(4,))
    before = model.parameters.copy()
    with pytest.raises(ValueError, match="belongs to a model, which has built it; build a copy"):
        part(model).build(part(model).input_shape)
    assert is_whole(model)
    np.testing.assert_array_equal(model.parameters, before)


# Attempts that fail


def test_a_failed_build_leaves_all_as_it_was():
    parts = tae.Sequential([tae.Dense(3), tae.Reshape((2, 2))]), tae.Sequential([tae.Dense(4)])
    with pytest.raises(ValueError, match=r"encoder\[1\] Reshape expects .* as \(n, 2, 2\), .* 3\)"):
        tae.Autoencoder(*parts, input_shape=(4,))
    assert not any(part.built for part in parts)
    for part in parts:
        assert not any(layer.built or layer.weights for layer in part.layers)
    model = tae.Autoencoder(parts[0].layers[:1], parts[1], input_shape=(5,))
    assert model.layers[0].weights["kernel"].shape == (5, 3)


@pytest.mark.parametrize("built", [False, True])
def test_an_encoder_outlives_a_refused_decoder(built):
    encoder, taken = tae.Sequential([tae.Dense(2)]), small(input_shape=(4,)).decoder
    if built:
        encoder.build((4,))
    with pytest.raises(ValueError, match="decoder already belongs to a model"):
        tae.Autoencoder(encoder, taken, input_shape=(4,))
    tae.Autoencoder(encoder, [tae.Dense(4)], input_shape=(4,)).encode(np.ones((1, 4)))


def test_unusable_data_does_not_decide_the_shapes():
    model = small()
    with pytest.raises(ValueError, match=r"turns \(n, 5\) into \(n, 4\), so it cannot learn its"):
        model.fit(np.ones((8, 5)), verbose=0)
    assert len(model.fit(np.ones((8, 4)), verbose=0)["loss"]) == 1


@pytest.mark.parametrize(
    ("layer", "input_shape", "message"),
    [
        (lambda: tae.Dense(2), (3, 4), r"\[0\] Dense expects .* \(n, features\); put a Flatten"),
        (
            lambda: tae.Reshape((5,)),
            (4,),
            r"\[0\] Reshape expects .* as \(n, 5\), but got \(n, 4\)",
        ),
        (lambda: tae.Reshape((3, -1)), (4,), r"\[0\] Reshape expects .* as \(n, 3, -1\)"),
    ],
)
def test_an_input_of_the_wrong_shape_names_the_layer(layer, input_shape, message):
    with pytest.raises(ValueError, match=message):
        tae.Sequential([layer()]).build(input_shape)


@each_case
def test_an_input_of_another_shape_never_reaches_a_kernel(case):
    """Kernels do not look at bounds: what does not fit must be refused, naming the layer."""
    chain, x = chain_of(case), samples(case)
    for wrong in (x[0], np.repeat(x, 2, axis=-1), x[..., :0]):
        with pytest.raises(ValueError, match=type(chain.layers[0]).__name__):
            chain.forward(wrong)


@each_case
def test_a_gradient_of_another_shape_never_reaches_a_kernel(case):
    chain, x = chain_of(case), samples(case)
    y, cache = chain.forward(x)
    for dy in (np.ones(()), y[:2], np.ones((*y.shape, 1)), np.repeat(y, 2, axis=-1)):
        with pytest.raises(ValueError, match=type(chain.layers[-1]).__name__):
            chain.backward(dy, cache)


def test_a_layer_that_is_not_built_says_so():
    with pytest.raises(ValueError, match=r"Dense.*buil[dt]"):
        tae.Dense(3).forward(np.ones((2, 4)))
    with pytest.raises(ValueError, match="Sequential must be built before use"):
        tae.Sequential([tae.Dense(3)]).predict(np.ones((2, 4)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: tae.Dense(0), "units must be a whole number of at least 1, but got 0"),
        (lambda: tae.Dense(2.0), "units must be a whole number of at least 1, but got 2.0"),
        (lambda: tae.Dense(2, "reLu6"), "activation must be one of"),
        (lambda: tae.Activation("softmin"), "activation must be one of"),
        (lambda: tae.Reshape(()), "target_shape must hold positive sizes"),
        (lambda: tae.Reshape((0, 2)), "target_shape must hold positive sizes"),
        (lambda: tae.Reshape((-1, -1)), "target_shape must hold positive sizes"),
        (lambda: tae.Sequential([]), "Sequential must hold at least one layer"),
        (lambda: tae.Sequential([3]), "Sequential must hold layers, but got 3"),
        (lambda: tae.Autoencoder(tae.Dense(2), [tae.Dense(4)]), "encoder must"),
    ],
)
def test_settings_that_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_freezing_a_chain_freezes_its_layers():
    x = np.random.default_rng(0).random((50, 6))
    ae = tae.Autoencoder([tae.Dense(4), tae.Dense(2)], [tae.Dense(6)], input_shape=(6,), seed=0)
    ae.encoder.trainable = False
    assert not ae.encoder.trainable
    assert ae.decoder.trainable
    before, other = ae.encoder.parameters.copy(), ae.decoder.parameters.copy()
    ae.fit(x, epochs=2, verbose=0)
    np.testing.assert_array_equal(ae.encoder.parameters, before)
    assert not np.array_equal(ae.decoder.parameters, other)
    ae.encoder.layers[0].trainable = True
    assert ae.encoder.trainable


@pytest.mark.parametrize(
    "layer", [tae.ZeroPadding2D(10**9), tae.UpSampling2D(10**6), tae.ZeroPadding2D(10**5)]
)
def test_outputs_beyond_what_an_array_holds_are_refused_by_name(layer):
    with pytest.raises(
        ValueError, match=r"encoder\[0\] \w+2D would make .* 2,147,483,647 are the m"
    ):
        tae.Autoencoder([layer], [tae.Flatten()], input_shape=(4, 4, 1))
    assert not layer.built


def test_parts_give_their_layers_by_place():
    ae = tae.Autoencoder([tae.Dense(3), tae.Dense(2)], [tae.Dense(4)], input_shape=(4,))
    assert ae.encoder[0] is ae.layers[0]
    assert ae.encoder[-1] is ae.layers[1]
    assert ae.encoder[:] == ae.encoder.layers == [*ae.encoder]
    with pytest.raises(IndexError):
        ae.decoder[1]
    with pytest.raises(ValueError, match=r"such as model.encoder\[0\], or its place from 0 to 2"):
        ae.encode(np.ones((1, 4)), layer="encoder[0]")


def test_a_misspelt_attribute_of_a_model_is_refused():
    ae = tae.Autoencoder([tae.Dense(3)], [tae.Dense(4)])
    for name, meant in {
        "optimzer": "optimizer",
        "thread": "threads",
        "columnss": "columns",
    }.items():
        with pytest.raises(ValueError, match=f"Autoencoder has no {name}; did you mean '{meant}'"):
            setattr(ae, name, 1)
        assert name not in vars(ae)
    ae.remark = "of one's own"
    assert ae.copy().remark == "of one's own"
    with pytest.raises(ValueError, match=r"a History has no loss to assign to: history\['loss'\]"):
        ae.history.loss = []
    with pytest.raises(ValueError, match=r"Progress has no steps to assign to, .*'step'"):
        ae.progress.steps = 3
