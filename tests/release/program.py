"""A user's program, whose types are checked from outside in strict mode; it also runs."""

from collections.abc import Mapping
from typing import Any, assert_type

import numpy as np

import tinyae as tae

Array = np.ndarray[tuple[Any, ...], np.dtype[Any]]


class Scale(tae.Layer):
    """y = s x."""

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        self.add_weight("scale", input_shape, lambda shape, rng: np.ones(shape))
        return input_shape

    def forward(
        self, x: Array, training: bool = False, step: int = 0, first: int = 0
    ) -> tuple[Array, Any]:
        return x * self.weights["scale"], x

    def backward(self, dy: Array, cache: Any) -> Array:
        self.gradients["scale"] += (dy * cache).sum(axis=0)
        dx: Array = dy * self.weights["scale"]
        return dx


def tell(epoch: int, logs: Mapping[str, float]) -> bool | None:
    """A callback."""
    return logs["loss"] < 0 and epoch > 0


def main() -> None:
    x = np.random.default_rng(0).random((40, 6))
    ae = tae.Autoencoder(
        encoder=[Scale(), tae.Dense(4, "relu", activity_regularizer=tae.L2(1e-3)), tae.Dense(2)],
        decoder=tae.Sequential([tae.Dense(4, "relu"), tae.Dense(6)]),
        loss=tae.MSE(),
        optimizer=tae.Adam(1e-3),
        dtype="float64",
    )
    stop = tae.EarlyStopping("loss", patience=2)
    history = ae.fit(x, epochs=2, callbacks=[stop, tell], verbose=0)
    assert_type(history, tae.History)
    assert_type(history["loss"], list[float])
    assert_type(ae.encoder, tae.Sequential)
    assert_type(ae.evaluate(x), dict[str, float])
    codes = ae.encode(x)
    assert_type(codes, Array)
    assert_type(ae.decode(codes), Array)
    assert_type(ae.reconstruction_error(x, per_feature=True), Array)
    loss, gradient = ae.loss_and_gradient(x)
    assert_type(loss, float)
    assert_type(gradient, Array)
    assert_type(ae.copy(), tae.Autoencoder)
    assert_type(tae.check_gradients(ae, x[:4]).passed, bool)
    pca = tae.PCA(2).fit(x)
    assert_type(pca, tae.PCA)
    assert_type(pca.reconstruct(x), Array)
    assert_type(tae.compare_with_pca(ae, x).ratio, float)
    (images, labels), _ = tae.datasets.mnist_mini(digits=(1, 5))
    assert_type(images, Array)
    assert_type(labels, Array)
    assert_type(tae.models.deep((6, 2)), tae.Autoencoder)
    assert_type(tae.interpolate(ae, x[0], x[1]), Array)
    print(loss, ae.encoder.layers[1].weights["kernel"].shape)


if __name__ == "__main__":
    main()
