"""scikit-learn: its PCA, and the prediction of its `MLPRegressor`.

To train, `MLPRegressor` can express none of the workloads: all its hidden layers share one
activation, its output is the identity and its loss the squared error.
"""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.neural_network import MLPRegressor


def touch():
    """The smallest fit."""
    PCA(1).fit([[0.0], [1.0]])


class Covariance:
    """``svd_solver="covariance_eigh"``, which "auto" takes for data of this shape."""

    solver = "covariance_eigh"

    def __init__(self, workload, x, weights):
        # Its default copies x for the solvers that centre in place; this one centres none.
        self.x = x
        self.pca = PCA(workload.components, svd_solver=self.solver, random_state=0)

    def check(self):
        self.pca.fit(self.x)
        return self.pca.explained_variance_, self.pca.components_

    def run(self, count):
        for _ in range(count):
            self.pca.fit(self.x)


class Randomized(Covariance):
    """``svd_solver="randomized"``, an approximation."""

    solver = "randomized"


class Encode:
    """``MLPRegressor.predict``: ReLU in every hidden layer, a linear output."""

    def __init__(self, workload, x, weights):
        self.x = x
        hidden = [spec[1] for spec in workload.layers[:-1]]
        self.net = MLPRegressor(hidden_layer_sizes=hidden, activation="relu")
        self.net.partial_fit(x[:1], np.zeros((1, workload.layers[-1][1]), x.dtype))
        self.net.coefs_ = [kernel for kernel, _ in weights]
        self.net.intercepts_ = [bias for _, bias in weights]

    def check(self):
        return self.net.predict(self.x)

    def run(self, count):
        for _ in range(count):
            self.net.predict(self.x)
