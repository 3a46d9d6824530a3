"""Models of one's own, as estimators for scikit-learn are told to build them."""

import tinyae as tae


def in_float64(n_features):
    """For any number of features."""
    return tae.Autoencoder(
        [tae.GaussianNoise(0.1), tae.Dense(3, "tanh")], [tae.Dense(n_features)], dtype="float64"
    )


def of_images(n_features):
    """For 36 features, which are 6 × 6 pixels; a code is 3 × 3 × 2."""
    assert n_features == 36
    return tae.Autoencoder(
        [tae.Conv2D(2, 3, strides=2, padding="same", activation="relu")],
        [tae.Conv2DTranspose(1, 3, strides=2, padding="same")],
        input_shape=(6, 6, 1),
        optimizer=tae.Adam(0.01),
    )


ONE = tae.Autoencoder([tae.Dense(1)], [tae.Dense(4)], input_shape=(4,))


def the_same(n_features):
    """The same model each time, which a fit must not train."""
    return ONE
