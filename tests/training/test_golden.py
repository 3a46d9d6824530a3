"""Ten models trained to given numbers: what a seed decides stays the same from release to release.

All in float64 and on one thread, so that only the last digits depend on the machine.
"""

import numpy as np
import pytest

import tinyae as tae
from tinyae.engine import tuning
from tinyae.training.compiled import make_trainer

OWN = {"dtype": "float64", "seed": 5, "threads": 1}


def flat(n=40, size=12):
    return np.random.default_rng(6).random((n, size))


def images(n=20, side=8, channels=2):
    return np.random.default_rng(7).random((n, side, side, channels))


def deep():
    layers = [tae.Dense(10, "relu"), tae.Dense(8, "relu"), tae.Dense(3)]
    decoder = [tae.Dense(8, "relu"), tae.Dense(10, "relu"), tae.Dense(12)]
    return tae.Autoencoder(layers, decoder, **OWN), flat()


def convolution():
    encoder = [
        tae.Conv2D(4, 3, padding="same", activation="relu"),
        *(tae.MaxPooling2D(), tae.Conv2D(3, 2, strides=2, activation="tanh")),
    ]
    decoder = [
        *(tae.UpSampling2D(4), tae.Conv2D(2, 5, padding="same", activation="sigmoid")),
    ]
    return tae.Autoencoder(encoder, decoder, loss="bce", **OWN), images()


def transposed():
    encoder = [tae.Conv2D(3, 3, strides=2, padding="same", activation="elu")]
    decoder = [
        tae.Conv2DTranspose(4, 3, padding="same", activation="relu", use_bias=False),
        tae.Conv2DTranspose(2, (4, 3), strides=2, padding="same"),
    ]
    return tae.Autoencoder(encoder, decoder, **OWN), images()


def denoising():
    encoder = [tae.GaussianNoise(0.4), tae.Dense(6, "tanh")]
    return tae.Autoencoder(encoder, [tae.Dense(12, "sigmoid")], loss="bce", **OWN), flat()


def sparse():
    encoder = [tae.Dense(9, "relu"), tae.Dense(6, "relu", activity_regularizer=tae.L1(0.02))]
    return tae.Autoencoder(encoder, [tae.Dense(9, "relu"), tae.Dense(12)], **OWN), flat()


def momentum():
    encoder = [tae.Dense(9, "elu"), tae.Dense(7, "tanh"), tae.Dense(4, "leaky_relu")]
    decoder = [tae.Dense(9, "leaky_relu", kernel_initializer="he_normal"), tae.Dense(12)]
    return tae.Autoencoder(encoder, decoder, optimizer=tae.SGD(0.2, 0.8), **OWN), flat()


def sigmoids():
    penalty, other = tae.L1L2(0.01, 0.02), tae.L2(0.03)
    encoder = [tae.Dense(7, "sigmoid"), tae.Dense(4, "sigmoid", activity_regularizer=penalty)]
    decoder = [tae.Dense(12, "sigmoid", activity_regularizer=other)]
    return tae.Autoencoder(encoder, decoder, loss="bce", **OWN), flat()


def noisy():
    encoder = [tae.GaussianNoise(0.2), tae.Dense(8, "elu"), tae.Dropout(0.3), tae.Dense(4)]
    decoder = [
        *(tae.Dropout(0.1), tae.Dense(12), tae.Reshape((4, 3))),
        tae.Activation("sigmoid", activity_regularizer=tae.L1(0.01)),
        tae.Flatten(activity_regularizer=tae.L2(0.02)),
    ]
    return tae.Autoencoder(encoder, decoder, loss="bce", **OWN), flat()


def pools():
    encoder = [
        tae.Conv2D(3, (3, 2), strides=(1, 2), activation="leaky_relu"),
        tae.MaxPooling2D(3, strides=2, padding="same"),
        tae.AveragePooling2D((2, 3), strides=1, padding="same"),
        *(tae.Flatten(), tae.Dense(5)),
    ]
    decoder = [
        *(tae.Dense(8), tae.Reshape((2, 2, 2)), tae.UpSampling2D((2, 4))),
        tae.Conv2D(3, 3, padding="same", activation="tanh"),
        tae.Conv2DTranspose(2, 2, strides=(2, 1), padding="same"),
    ]
    return tae.Autoencoder(encoder, decoder, **OWN), images()


def large():
    """So large that gradients of weights are computed apart from the backward pass."""
    encoder = [tae.Dense(300, "relu"), tae.Dense(8, activity_regularizer=tae.L2(1e-3))]
    decoder = [tae.Dense(300, "relu"), tae.Dense(450, "sigmoid")]
    return tae.Autoencoder(encoder, decoder, loss="bce", **OWN), flat(48, 450)


# For each model the losses of two epochs; and of its parameters the first, the one in the middle,
# the last, and the norm of all
GOLDEN = {
    deep: (
        [0.36439745743717694, 0.35670894383533486],
        [0.31279179566727533, 0.5549888438072816, 0.005988477791842229, 7.062525005826925],
    ),
    convolution: (
        [0.6962551123770628, 0.6952485667109266],
        [0.2067064485972814, -0.12280770495368812, -0.0037495829986986676, 2.9458459322889023],
    ),
    transposed: (
        [0.3743279269717131, 0.3676339170746826],
        [0.2187548467735029, 0.12178452528259653, 0.0039997766284931855, 2.950741922683689],
    ),
    denoising: (
        [0.717678214289907, 0.7176550795632395],
        [0.34945795561508314, 0.5047280414681662, -0.005537607512544209, 4.0432224839301725],
    ),
    sparse: (
        [0.43608554776640257, 0.4161037934445538],
        [0.3320029883945766, 0.028887986315959072, 0.005982923956955162, 5.983393283884068],
    ),
    momentum: (
        [0.7913806071997213, 0.2439263806223245],
        [-0.04350275250082047, -0.33996016794936507, 0.27679443355642364, 7.235551711879562],
    ),
    sigmoids: (
        [0.8308053988711201, 0.8294935723030118],
        [0.33771309949109013, -0.03628949307601492, -0.005980279583153041, 4.486127540581684],
    ),
    noisy: (
        [0.8653560905529583, 0.8735357925378938],
        [0.3388911989739514, -0.005951008914212386, -0.005925925966327654, 4.488560692061917],
    ),
    pools: (
        [0.4946661282276771, 0.4724011128746143],
        [0.26880911388612005, -0.003864866042383287, 0.003999632068505711, 4.546409289869382],
    ),
    large: (
        [0.6968782739826613, 0.6949070478406439],
        [0.054238805283402955, -0.1371987674030815, -0.001518486326230745, 27.415624950296966],
    ),
}


def trained(make):
    model, x = make()
    model.fit(x, epochs=2, batch_size=16, verbose=0)
    p = model.parameters
    return model.history["loss"], [p[0], p[p.size // 2], p[-1], np.linalg.norm(p)]


@pytest.mark.parametrize("make", GOLDEN, ids=lambda make: make.__name__)
def test_training_gives_these_numbers(make):
    losses, parameters = trained(make)
    assert losses == pytest.approx(GOLDEN[make][0], rel=1e-9)
    assert parameters == pytest.approx(GOLDEN[make][1], rel=1e-9)


def test_the_large_model_takes_the_way_of_large_models():
    model, x = large()
    model.build(x.shape[1:])
    assert model.parameters.size >= tuning.APART_PARAMETERS
    trainer = make_trainer(model, 16)
    trainer.close()
    assert trainer.apart
