"""What a variational model can be asked as a density, as methods of an `Autoencoder`."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ..network.network import Network
from . import bounds


class Density(Network):
    """A model that may be variational."""

    def sample(self, n: int, seed: int = 0) -> np.ndarray:
        """The outputs (n, *output_shape) for n codes drawn from N(0, 1), of a variational model.

        The same `seed` draws the same codes. For another model `generate` draws codes from a
        density that was fitted to them.
        """
        return bounds.sample(self, n, seed)

    def elbo(
        self, x: ArrayLike, samples: int = 1, seed: int = 0, variance: float | None = None
    ) -> np.ndarray:
        """The bound E log p(x|z) − KL on each sample's log likelihood, of a variational model.

        Always with β = 1 and without free bits; the mean is over draws z of the encoder's.

        Parameters
        ----------
        x : array-like, shape (n, *input_shape)
            Under "bce" numbers that are 0 or 1: of greys between them it is no likelihood, and a
            call with some warns.
        samples : int, default 1
            How many draws of z for each sample.
        seed : int, default 0
            Decides the draws.
        variance : float, optional
            Under "mse", that of the normal noise of each output. Default: β/2, with the β of the
            present step: give one to compare figures while β changes.

        Returns
        -------
        array, shape (n,)
            In nats, of float64.
        """
        return bounds.elbo(self, self.admit((x, None, "x"))[0], samples, seed, variance)

    def log_likelihood(
        self, x: ArrayLike, samples: int = 100, seed: int = 0, variance: float | None = None
    ) -> np.ndarray:
        """The importance-weighted bound log 1/S Σ p(x|z) p(z) / q(z|x), with S `samples`.

        On average it is at least the ELBO and rises with S, to log p(x).

        Parameters
        ----------
        x, samples, seed, variance : array-like, int, int and float
            As for `elbo`, with its warning of greys under "bce".

        Returns
        -------
        array, shape (n,)
            In nats, of float64.

        References
        ----------
        Burda, Grosse and Salakhutdinov, Importance weighted autoencoders, 2015.
        """
        return bounds.log_likelihood(self, self.admit((x, None, "x"))[0], samples, seed, variance)
