"""Keras on TensorFlow: ``fit`` and ``predict``, plain and compiled by XLA."""

import math
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import tensorflow as tf

from benchmarks.contenders.rules import CHECKED_STEPS, RATE, stretch

tf.config.threading.set_intra_op_parallelism_threads(2)
tf.config.threading.set_inter_op_parallelism_threads(2)


def sequential(shape, layers, weights, code=None, l1=0.0):
    """The model with the given weights."""
    model = keras.Sequential([keras.Input(shape)])
    for i, spec in enumerate(layers):
        model.add(_layer(spec, l1 if i == code else 0, math.prod(shape)))
    model.set_weights([array for pair in weights if pair for array in pair])
    return model


def _layer(spec, l1, numbers):
    kind = spec[0]
    if kind == "dense":
        penalty = keras.regularizers.L1(l1) if l1 else None
        return keras.layers.Dense(*spec[1:], activity_regularizer=penalty)
    if kind in ("conv", "conv_transpose"):
        make = keras.layers.Conv2D if kind == "conv" else keras.layers.Conv2DTranspose
        return make(*spec[1:4], padding="same", activation=spec[4])
    simple = {
        "draw": lambda: Draw(numbers),
        "pool": keras.layers.MaxPooling2D,
        "up": keras.layers.UpSampling2D,
        "flatten": keras.layers.Flatten,
    }
    return simple[kind]() if kind in simple else keras.layers.Reshape(spec[1])


class Draw(keras.layers.Layer):
    """z = μ + σ ε; the divergence, divided by the numbers of an output, joins the loss."""

    def __init__(self, numbers):
        super().__init__()
        self.numbers, self.noise = numbers, keras.random.SeedGenerator(0)

    def call(self, x):
        mean, log_variance = keras.ops.split(x, 2, axis=1)
        each = mean**2 + keras.ops.exp(log_variance) - 1 - log_variance
        self.add_loss(0.5 * keras.ops.mean(keras.ops.sum(each, axis=1)) / self.numbers)
        epsilon = keras.random.normal(keras.ops.shape(mean), seed=self.noise)
        return mean + keras.ops.exp(0.5 * log_variance) * epsilon


def touch():
    """One layer with one weight."""
    tf.function(keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]))(tf.ones((1, 1)))


class Fit:
    """``model.fit`` on batches in memory, several steps an execution."""

    jit_compile = False

    def __init__(self, workload, batches, weights):
        self.workload, self.batches, self.weights = workload, batches, weights
        self.stretch = stretch(workload, batches, most=64)
        self.model = self._model(keras.optimizers.Adam(RATE), steps_per_execution=self.stretch)
        pairs = tf.data.Dataset.from_tensor_slices((batches, batches))
        self.pairs = pairs.repeat().prefetch(tf.data.AUTOTUNE)

    def _model(self, optimizer, **options):
        workload = self.workload
        shape = self.batches.shape[2:]
        model = sequential(shape, workload.layers, self.weights, workload.code, workload.l1)
        loss = {"mse": "mean_squared_error", "bce": "binary_crossentropy"}[workload.loss]
        model.compile(optimizer, loss, jit_compile=self.jit_compile, **options)
        return model

    def check(self):
        model, losses = self._model(keras.optimizers.SGD(RATE)), []
        for step in range(CHECKED_STEPS):
            x = self.batches[step % len(self.batches)]
            losses.append(float(model.train_on_batch(x, x)))
            model.reset_metrics()
        return losses

    def run(self, count):
        self.model.fit(self.pairs, steps_per_epoch=count, verbose=0)


class FitXLA(Fit):
    """With ``jit_compile=True``."""

    jit_compile = True


class Predict:
    """``model.predict``, all in one batch."""

    def __init__(self, workload, x, weights):
        self.x = x
        self.model = sequential(x.shape[1:], workload.layers, weights)

    def check(self):
        return self.model.predict(self.x, batch_size=len(self.x), verbose=0)

    def run(self, count):
        for _ in range(count):
            self.check()


class Call:
    """``model(x)`` under ``tf.function``."""

    jit_compile = False

    def __init__(self, workload, x, weights):
        self.x = tf.constant(x)
        self.model = sequential(x.shape[1:], workload.layers, weights)
        self.call = tf.function(self._call, jit_compile=self.jit_compile)

    def _call(self, x):
        return self.model(x, training=False)

    def check(self):
        return self.call(self.x).numpy()

    def run(self, count):
        for _ in range(count):
            self.call(self.x)


class CallXLA(Call):
    """With ``jit_compile=True``."""

    jit_compile = True
