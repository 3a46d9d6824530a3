"""Arguments of `fit` and settings of models that make no sense: refused by name."""

import pickle

import pytest

import tinyae as tae
from tests.support.entries import data, fit, model

BAD_ARGUMENTS = [
    *({"epochs": bad} for bad in (-1, 2.5, True, "3", None)),
    *({"batch_size": bad} for bad in (0, -1, 2.5, True, "8", None)),
    *({"steps_per_epoch": bad} for bad in (0, -1, 2.5, True)),
    *({"initial_epoch": bad} for bad in (-1, 2.5, True)),
    *({"verbose": bad} for bad in (3, "loud", None)),
    {"verbose": "loud", "initial_epoch": 4},
]


@pytest.mark.parametrize("built", [True, False])
@pytest.mark.parametrize("arguments", BAD_ARGUMENTS, ids=str)
def test_arguments_of_fit(arguments, built):
    ae = model(input_shape=(6,) if built else None)
    before = pickle.dumps(ae)
    with pytest.raises(ValueError, match=next(iter(arguments))):
        fit(ae, data(), **arguments)
    assert pickle.dumps(ae) == before


BAD_SETTINGS = [
    *({"dtype": bad} for bad in ("int8", "float16", "complex64", ">f4", "nonsense")),
    *({"threads": bad} for bad in (0, -1, 1.5, True)),
    *({"seed": bad} for bad in (-1, 1.5, "a", True)),
    *({"loss": bad} for bad in ("nonsense", 3, None, tae.MSE)),
    *({"optimizer": bad} for bad in ("nonsense", 3, None)),
    *({"input_shape": bad} for bad in ((0,), (-1,), (2.5,), ("a",), (6, None))),
]


@pytest.mark.parametrize("settings", BAD_SETTINGS, ids=str)
def test_settings_of_the_model(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        model(**settings)


@pytest.mark.parametrize("dtype", ["int8", "float16", "nonsense"])
def test_a_copy_in_a_dtype_that_models_do_not_have(dtype):
    ae = model()
    with pytest.raises(ValueError, match="dtype"):
        ae.copy(dtype)


@pytest.mark.parametrize("part", ["encoder", "decoder"])
@pytest.mark.parametrize("bad", [[], [3], ["relu"], [tae.Dense]], ids=str)
def test_parts_hold_layers(part, bad):
    parts = {"encoder": [tae.Dense(2)], "decoder": [tae.Dense(6)], part: bad}
    with pytest.raises(ValueError, match=part):
        tae.Autoencoder(**parts)
