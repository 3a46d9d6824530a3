"""Keras on TensorFlow: ``fit``, plain and compiled by XLA."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

tf.config.threading.set_intra_op_parallelism_threads(2)
tf.config.threading.set_inter_op_parallelism_threads(2)


class Fit:
    """``model.fit`` as a tutorial would call it."""

    package = "tensorflow"
    jit_compile = False

    def __init__(self, workload, weights, batches):
        self.workload, self.weights = workload, weights
        self.batch = batches.shape[1]
        self.x = batches.reshape(-1, *batches.shape[2:])
        self.model = self._model(keras.optimizers.Adam(1e-3))

    def _model(self, optimizer):
        layers = [keras.Input(self.x.shape[1:])]
        for i, spec in enumerate(self.workload.layers):
            layers.append(self._layer(spec, self.workload.l1 if i == self.workload.code else 0))
        model = keras.Sequential(layers)
        model.set_weights([array for pair in self.weights if pair for array in pair])
        loss = {"mse": "mean_squared_error", "bce": "binary_crossentropy"}[self.workload.loss]
        model.compile(optimizer, loss, jit_compile=self.jit_compile)
        return model

    @staticmethod
    def _layer(spec, l1):
        kind = spec[0]
        if kind == "dense":
            penalty = keras.regularizers.L1(l1) if l1 else None
            return keras.layers.Dense(*spec[1:], activity_regularizer=penalty)
        if kind in ("conv", "conv_transpose"):
            make = keras.layers.Conv2D if kind == "conv" else keras.layers.Conv2DTranspose
            return make(*spec[1:4], padding="same", activation=spec[4])
        simple = {
            "pool": keras.layers.MaxPooling2D,
            "up": keras.layers.UpSampling2D,
            "flatten": keras.layers.Flatten,
        }
        return simple[kind]() if kind in simple else keras.layers.Reshape(spec[1])

    def sgd_losses(self, steps):
        model = self._model(keras.optimizers.SGD(1e-3))
        count = len(self.x) // self.batch
        losses = []
        for step in range(steps):
            first = step % count * self.batch
            some = self.x[first : first + self.batch]
            losses.append(float(model.train_on_batch(some, some)))
            model.reset_metrics()
        return losses

    def run(self, steps):
        count = len(self.x) // self.batch
        epochs, rest = divmod(steps, count)
        if epochs:
            self._fit(self.x, epochs)
        if rest:
            self._fit(self.x[: rest * self.batch], 1)

    def _fit(self, x, epochs):
        options = {"batch_size": self.batch, "shuffle": False, "verbose": 0}
        self.model.fit(np.asarray(x), np.asarray(x), epochs=epochs, **options)


class FitXLA(Fit):
    """With ``jit_compile=True``."""

    jit_compile = True
