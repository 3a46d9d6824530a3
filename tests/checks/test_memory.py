"""What there is no memory for: refused by name, with its size, and nothing has changed."""

import numpy as np
import pytest

import tinyae as tae

MOST = 2**31 - 1  # units that a layer may be asked for
x = np.random.default_rng(0).random((3, 784))


def said(what, shape):
    size = 4 * int(np.prod(shape, dtype=object))
    text = ", ".join(map(str, shape))
    return (
        rf"^{what} would take {size:,} bytes, as an array of shape \({text}\), .*make it smaller$"
    )


def test_weights_that_do_not_fit():
    wide = said(r"encoder\[0\] Dense: its kernel", (784, MOST))
    ae = tae.Autoencoder([tae.Dense(MOST)], [tae.Dense(784)])
    with pytest.raises(MemoryError, match=wide):
        ae.fit(x, verbose=0)
    assert not ae.built
    with pytest.raises(MemoryError, match=wide):
        tae.Autoencoder([tae.Dense(MOST)], [tae.Dense(784)], input_shape=(784,))
    larger = said(r"Dense: its kernel", (MOST, MOST))  # than anything that NumPy makes
    with pytest.raises(MemoryError, match=larger):
        tae.Dense(MOST).build((MOST,))
    images = said(r"Sequential\[0\] Conv2D: its kernel", (99, 99, 9, MOST))
    with pytest.raises(MemoryError, match=images):
        tae.Sequential([tae.Conv2D(MOST, 99, padding="same")]).build((2, 2, 9))


class NoRoom:
    """NumPy without any."""

    def __getattr__(self, name):
        return self.refuse if name in ("empty", "zeros") else getattr(np, name)

    def refuse(self, *_):
        raise MemoryError


def test_what_is_beside_the_weights_does_not_fit(monkeypatch):
    x4, vectors = x[:, :4], said("a vector of weights, with one of their gradients,", (2, 5))
    ae = tae.Autoencoder([tae.Dense(1)], [tae.Dense(4)])
    for place, words in (
        ("layers.weights", vectors),
        ("maths.optimizers", said("what the optimizer keeps", (2, 13))),
        ("machine.aligned", "^what the layers give for 3 samples, with its gradients, would "),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(f"tinyae.{place}.np", NoRoom())
            with pytest.raises(MemoryError, match=words):
                ae.fit(x4, verbose=0)
        assert not ae.built
    assert len(ae.fit(x4, verbose=0)["loss"]) == 1
