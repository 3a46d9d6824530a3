"""tinyae, through its public methods."""

import numpy as np

from benchmarks.contenders.rules import CHECKED_STEPS, RATE
from benchmarks.workloads import tinyae_models
from tinyae import PCA, SGD, Adam, Autoencoder, Dense

THREADS = 2


def set_weights(layers, weights):
    """Give the layers the weights that all begin with."""
    for layer, given in zip(layers, weights, strict=True):
        if given is not None:
            layer.weights["kernel"][...], layer.weights["bias"][...] = given


def touch():
    """One layer with one weight."""
    layer = Dense(1)
    layer.build((1,))
    layer.forward(np.ones((1, 1)))


class Train:
    """`Autoencoder.fit`."""

    def __init__(self, workload, batches, weights):
        self.workload, self.weights = workload, weights
        self.batch = batches.shape[1]
        self.x = batches.reshape(-1, *batches.shape[2:])
        self.model = self._model(Adam(RATE))

    def _model(self, optimizer) -> Autoencoder:
        model = tinyae_models.model(self.workload, optimizer=optimizer, threads=THREADS)
        set_weights(model.layers, self.weights)
        return model

    def check(self):
        model = self._model(SGD(RATE))
        return self._fit(model, epochs=CHECKED_STEPS, steps_per_epoch=1)["loss"]

    def run(self, count):
        self._fit(self.model, epochs=1, steps_per_epoch=count)

    def _fit(self, model, **options):
        return model.fit(self.x, batch_size=self.batch, shuffle=False, verbose=0, **options)


class Encode:
    """`Sequential.predict`, which is what an autoencoder's `encoder` is."""

    def __init__(self, workload, x, weights):
        self.x, self.encoder = x, tinyae_models.encoder(workload)
        self.encoder.threads = THREADS
        set_weights(self.encoder.layers, weights)

    def check(self):
        return self.encoder.predict(self.x)

    def run(self, count):
        for _ in range(count):
            self.encoder.predict(self.x)


class Components:
    """`PCA.fit`."""

    def __init__(self, workload, x, weights):
        self.x, self.pca = x, PCA(workload.components)

    def check(self):
        self.pca.fit(self.x)
        return self.pca.explained_variance_, self.pca.components_

    def run(self, count):
        for _ in range(count):
            self.pca.fit(self.x)
