"""What an object does not have cannot be set: a slip of the pen is said, not kept."""

import pytest

import tinyae as tae


@pytest.mark.parametrize(
    "thing",
    [
        tae.PCA(2),
        tae.CosineDecay(0.1, 10),
        tae.ExponentialDecay(0.1, 10, 0.5),
        tae.RandomNormal(),
        tae.Adam(),
        tae.Huber(),
        tae.L1L2(0.1),
        tae.UnitNorm(),
        tae.Dense(3),
    ],
    ids=lambda thing: type(thing).__name__,
)
def test_a_name_that_is_none_of_its_own_is_refused(thing):
    with pytest.raises(ValueError, match=f"{type(thing).__name__} has no rate to assign to, only "):
        thing.rate = 1
    assert "rate" not in vars(thing)
