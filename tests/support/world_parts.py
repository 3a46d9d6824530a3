"""What the models of `tests.support.histories` are made of, and how to make one of them afresh."""

import numpy as np

import tinyae as tae

FEATURES, CODE = 4, 3
X = np.random.default_rng(0).random((10, FEATURES))


class Countdown:
    """An initializer that is interrupted when its time has come; otherwise a normal one."""

    left = 0

    def __call__(self, shape, rng):
        if Countdown.left:
            Countdown.left -= 1
            if not Countdown.left:
                raise KeyboardInterrupt
        return rng.normal(0, 0.5, shape)

    def get_config(self):
        return {}


class OwnLayer(tae.Layer):
    """y = s x, without kernels: its model trains eagerly."""

    def build(self, input_shape):
        self.add_weight("scale", input_shape, Countdown())
        return input_shape

    def forward(self, x, training=False, step=0, first=0):
        return x * self.weights["scale"], x

    def backward(self, dy, cache):
        self.gradients["scale"] += (dy * cache).sum(axis=0)
        return dy * self.weights["scale"]

    def get_config(self):
        return {}


class OwnLoss:
    """A loss without kernels."""

    def value_and_gradient(self, output, target):
        d = output - target
        return float(np.mean(d * d)), 2 * d / d.size

    def get_config(self):
        return {}


CUSTOM = {"Countdown": Countdown, "OwnLayer": OwnLayer, "OwnLoss": OwnLoss}


class BadCallback:
    """A callback that refuses its model."""

    def set_model(self, model):
        raise ValueError("set_model: not this one")

    def __call__(self, epoch, logs):
        return None


def dense(units, activation=None, **options):
    return tae.Dense(units, activation, kernel_initializer=Countdown(), **options)


ENCODERS = [
    lambda: [dense(CODE, "tanh")],
    lambda: [tae.GaussianNoise(0.1), dense(5, "relu"), tae.Dropout(0.2), dense(CODE)],
    lambda: [
        *(tae.Reshape((2, 2, 1)), tae.Conv2D(2, 2, padding="same", activation="elu")),
        *(tae.Flatten(), dense(CODE)),
    ],
    lambda: [OwnLayer(), dense(CODE)],
    lambda: [dense(CODE, "sigmoid", activity_regularizer=tae.L1L2(0.01, 0.02))],
]
DECODERS = [
    lambda: [dense(FEATURES, "sigmoid")],
    lambda: [dense(FEATURES)],
    lambda: [dense(FEATURES, "sigmoid", activity_regularizer=tae.L1L2(0.01, 0.02))],
    lambda: [
        *(dense(FEATURES, "leaky_relu"), tae.Reshape((2, 2, 1))),
        *(tae.Conv2DTranspose(1, 2, padding="same"), tae.Flatten()),
    ],
]
LOSSES = ["mse", "bce", OwnLoss]
OPTIMIZERS = ["adam", lambda: tae.SGD(0.05, momentum=0.5), lambda: tae.Adam(0.01)]
DTYPES = ["float32", "float64"]


def pick(options, index):
    """One of the options; any number names one."""
    return options[index % len(options)]


def made(options, index):
    option = pick(options, index)
    return option() if callable(option) else option


def new_model(encoder, decoder, loss, optimizer, dtype, threads, built):
    """A model by the numbers of its parts."""
    return tae.Autoencoder(
        made(ENCODERS, encoder),
        made(DECODERS, decoder),
        input_shape=(FEATURES,) if built else None,
        loss=made(LOSSES, loss),
        optimizer=made(OPTIMIZERS, optimizer),
        dtype=pick(DTYPES, dtype),
        threads=pick([1, 2], threads),
        seed=encoder,
    )


def fit(ae, **arguments):
    ae.fit(X, verbose=0, **arguments)


def build(ae):
    if not ae.built:
        ae.build((FEATURES,))


def write(ae, seed):
    """Weights of one's own, through the live vector."""
    build(ae)
    ae.parameters[...] = np.random.default_rng(seed).normal(0, 0.5, ae.parameters.size)


DOING = {"fit": fit, "build": build, "write": write}


def replay(journal):
    """A new model with the same history: the numbers of its parts, and what was done to it."""
    recipe, *entries = journal
    ae = new_model(*recipe)
    for what, arguments in entries:
        DOING[what](ae, **arguments)
    return ae
