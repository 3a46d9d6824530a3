"""Models that begin with `Rescaling`: what they learn, and which targets do not suit them."""

import copy
import warnings

import numpy as np
import pytest

import tinyae as tae
from tests.support.small_models import PlainMSE

pixels = np.random.default_rng(0).integers(0, 256, (60, 6), dtype=np.uint8)
UNDONE = {
    "pixels": (tae.Rescaling(1 / 255), [tae.Rescaling(255)]),
    "from -1 to 1": (tae.Rescaling(1 / 127.5, -1), [tae.Rescaling(127.5, 127.5)]),
    "as one writes it": (tae.Rescaling(0.00392), [tae.Rescaling(255.0)]),
    "through shapes": (
        tae.Rescaling(1 / 255),
        [tae.Rescaling(255), tae.Reshape((6, 1)), tae.Flatten()],
    ),
}


def model(first, *end, loss="mse", activation="sigmoid"):
    return tae.Autoencoder(
        [first, tae.Dense(3, "tanh")], [tae.Dense(6, activation), *end], loss=loss
    )


@pytest.mark.parametrize("case", UNDONE)
@pytest.mark.parametrize("loss", ["mse", PlainMSE()], ids=["mse", "eager"])
def test_a_model_that_undoes_its_rescaling_learns_its_input(case, loss):
    first, end = copy.deepcopy(UNDONE[case])
    activation = "tanh" if first.offset else "sigmoid"
    found = model(first, *end, loss=loss, activation=activation)
    expected = found.copy()
    found.fit(pixels, epochs=2, verbose=0, validation_data=pixels)
    expected.fit(pixels, pixels, epochs=2, verbose=0, validation_data=(pixels, pixels))
    np.testing.assert_array_equal(found.parameters, expected.parameters)
    errors = np.mean((found.reconstruct(pixels) - pixels) ** 2, axis=1)
    np.testing.assert_allclose(found.reconstruction_error(pixels), errors, rtol=1e-4)
    np.testing.assert_allclose(found.evaluate(pixels)["loss"], errors.mean(), rtol=1e-4)
    assert found.rescaled(pixels) is pixels


def test_another_scale_at_the_end_leaves_the_target_as_it_was():
    """From a tanh to the numbers that the first layer makes."""
    ae = model(tae.Rescaling(1 / 255), tae.Rescaling(0.5, 0.5), activation="tanh")
    ae.fit(pixels, verbose=0)
    errors = np.mean((ae.reconstruct(pixels) - pixels / 255) ** 2, axis=1)
    np.testing.assert_allclose(ae.reconstruction_error(pixels), errors, rtol=1e-4)


@pytest.mark.parametrize(
    "noise",
    [tae.SaltAndPepper(0.5, 0, 255), tae.GaussianNoise(20, clip=(0, 255)), tae.Masking(0.5)],
)
def test_noise_on_the_scale_of_the_pixels_may_stand_before_it(noise):
    ae = tae.Autoencoder(
        [copy.deepcopy(noise), tae.Rescaling(1 / 255), tae.Dense(3)],
        [tae.Dense(6, "sigmoid")],
        loss="bce",
    )
    ae.fit(pixels, verbose=0)
    expected = ae.loss.value_and_gradient(ae.reconstruct(pixels), (pixels / 255).astype("f4"))[0]
    assert ae.evaluate(pixels)["loss"] == pytest.approx(expected, rel=1e-5)


def test_flatten_may_stand_before_it():
    ae = tae.Autoencoder(
        [tae.Flatten(), tae.Rescaling(1 / 255), tae.Dense(3)],
        [tae.Dense(6, "sigmoid"), tae.Reshape((2, 3, 1))],
        loss="bce",
    )
    images = pixels.reshape(-1, 2, 3, 1)
    ae.fit(images, verbose=0)
    np.testing.assert_allclose(ae.rescaled(images), images / 255, rtol=1e-6)


CALLS = {
    "fit": lambda ae: ae.fit(pixels, pixels, verbose=0),
    "a copy": lambda ae: ae.fit(pixels, pixels.astype(float), verbose=0),
    "validation": lambda ae: ae.fit(pixels, verbose=0, validation_data=(pixels, pixels)),
    "evaluate": lambda ae: ae.evaluate(pixels, pixels),
    "errors": lambda ae: ae.reconstruction_error(pixels, pixels),
    "a step": lambda ae: ae.train_on_batch(pixels, pixels),
    "gradient": lambda ae: ae.loss_and_gradient(pixels, pixels),
}


@pytest.mark.parametrize("call", CALLS)
def test_pixels_as_targets_of_a_model_that_gives_another_scale_are_named(call):
    name = r"validation_data\[1\]" if call == "validation" else "y"
    end = r"y out.* Rescaling\(255, offset=0\)"
    said = rf"^{name} is x itself, .*Rescaling\(0.00392156.*, offset=0\).* {end}"
    with pytest.warns(UserWarning, match=said) as caught:
        CALLS[call](model(tae.Rescaling(1 / 255), activation="linear"))
    assert caught[0].filename == __file__
    with pytest.raises(ValueError, match=said):
        CALLS[call](model(tae.Rescaling(1 / 255), loss="bce"))


@pytest.mark.parametrize("first", [tae.Rescaling(1 / 255), tae.Rescaling(1 / 127.5, -1)], ids=str)
def test_clean_pixels_as_targets_of_noisy_ones_are_named_once(first):
    noisy = pixels + np.random.default_rng(1).normal(0, 60, pixels.shape)
    ae = model(copy.deepcopy(first), activation="linear")
    said = r"^y is on the scale of x, .*y as model\.rescaled\(y\), or end .* to learn y as it is$"
    with pytest.warns(UserWarning, match=said) as caught:
        ae.fit(noisy, pixels, epochs=3, verbose=0)
    assert [each.filename for each in caught] == [__file__]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ae.fit(noisy, ae.rescaled(pixels), verbose=0)


def test_targets_of_their_own_are_no_mistake():
    clean = pixels // 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for ends, y in (
            ([tae.Rescaling(1 / 255)], pixels / 255),
            ([tae.Rescaling(1 / 255)], clean / 255),
            ([tae.Rescaling(1 / 255)], np.zeros_like(clean)),
            ([tae.Rescaling(1 / 127.5, -1)], clean / 127.5 - 1),
            ([tae.Rescaling(0.5)], clean),  # near enough to be of either scale
            ([tae.Rescaling(1 / 255), tae.Rescaling(255)], clean),
            ([tae.Rescaling(1 / 255), tae.Rescaling(255)], pixels),
            ([tae.Rescaling(1.0)], pixels),
            ([tae.Rescaling(0.0)], clean),
        ):
            model(*ends, activation="linear").fit(pixels, y, verbose=0)


def test_what_a_last_rescaling_gives_is_in_reach():
    """A sigmoid's 255-fold can be a pixel, and 256 cannot."""
    ends = tae.Rescaling(1 / 255), tae.Rescaling(255)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model(*ends).fit(pixels, verbose=0)
    with pytest.warns(
        UserWarning, match=r"Rescaling rescales what is sigmoid.*\[0, 255\].* 256.0 do not"
    ):
        model(tae.Rescaling(1 / 255), tae.Rescaling(255)).fit(pixels, pixels * 0.0 + 256, verbose=0)
    x = pixels / 255
    with pytest.warns(UserWarning, match="BCE is for .* rescales what is sigmoid"):
        model(tae.Rescaling(0.5), tae.Rescaling(2), loss="bce").fit(x, verbose=0)
