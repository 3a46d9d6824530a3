"""tinyae, through its public `fit`."""

import tinyae as tae


class TinyAE:
    """`Autoencoder.fit` over the same batches."""

    package = "tinyae"

    def __init__(self, workload, weights, batches):
        self.workload, self.weights = workload, weights
        self.batch = batches.shape[1]
        self.x = batches.reshape(-1, *batches.shape[2:])
        self.model = self._model(tae.Adam(1e-3))

    def _model(self, optimizer):
        model = self.workload.model(optimizer=optimizer, threads=2)
        for layer, given in zip(model.layers, self.weights, strict=True):
            if given is not None:
                layer.weights["kernel"][...], layer.weights["bias"][...] = given
        return model

    def sgd_losses(self, steps):
        model = self._model(tae.SGD(1e-3))
        history = self._fit(model, epochs=steps, steps_per_epoch=1)
        return history["loss"]

    def run(self, steps):
        self._fit(self.model, epochs=1, steps_per_epoch=steps)

    def _fit(self, model, **options):
        return model.fit(self.x, batch_size=self.batch, shuffle=False, verbose=0, **options)
