"""The model: an encoder, a decoder, a loss and an optimizer put together."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from .callbacks.callback import Callback
from .checks.arguments import flag
from .checks.arrays import admit
from .distributed.merged_figures import evaluated
from .distributed.rank_training import RankTraining
from .engine.program import run
from .export.exportable import Exportable
from .feeding.given import Data
from .files.archive import ModelFile, write
from .layers.layer import Layer, Shape
from .likelihood import bounds
from .likelihood.density import Density
from .maths.loss import AnyLoss, read
from .maths.optimizers import Optimizer
from .network.history import History
from .network.sequential import Sequential, up_to
from .ranks.together import interruptible, together
from .saving.document import document_of, restored
from .training.alone import alone
from .training.evaluate import sample_errors
from .training.fit import Training
from .training.gradient import loss_and_gradient
from .training.one_step import Steps


class Autoencoder(Exportable, Density):
    """An encoder and a decoder, trained together to give back their input.

    Parameters
    ----------
    encoder, decoder : list of Layer, or Sequential
        The code is the encoder's output.
    input_shape : tuple of int, optional
        The shape of one sample. Default: taken from the first data seen.
    loss : str or Loss, default "mse"
        "mse", "bce", Keras's long names, or an object with
        ``value_and_gradient(output, target) -> (float, d_output)``.
    optimizer : str, Adam or SGD, default "adam"
        By its name with its defaults, or itself: ``Adam(1e-4)``.
    seed : int or None, default 0
        Decides initial weights, the order of samples, noise and dropout. None draws one.
    dtype : "float32" or "float64", or NumPy's type or dtype of that name
        Of the weights, and of all that is computed.
    threads : int, optional
        From 1 to 1024. Default: as many as the process may use. The last digits depend on it, but
        for steps of less than two million multiplications and additions, which one thread takes,
        and, with AVX-512, for float32 models of `Dense` (the README's limits say which).

    Attributes
    ----------
    encoder, decoder : Sequential
        Their layers.
    history : History
        The figures of all epochs so far.

    See Also
    --------
    PCA : The best linear autoencoder, without training.
    models.deep : One of the ready-made autoencoders.
    load : Reads what `save` wrote.

    Examples
    --------
    >>> import numpy as np, tinyae as tae
    >>> x = np.random.default_rng(0).random((100, 8))
    >>> ae = tae.Autoencoder([tae.Dense(3, "tanh")], [tae.Dense(8)])
    >>> history = ae.fit(x, epochs=5, verbose=0)
    >>> ae.encode(x).shape, ae.reconstruct(x).shape
    ((100, 3), (100, 8))
    """

    def __init__(
        self,
        encoder: Iterable[Layer] | Sequential,
        decoder: Iterable[Layer] | Sequential,
        input_shape: Shape | None = None,
        loss: str | AnyLoss = "mse",
        optimizer: str | Optimizer = "adam",
        seed: int | None = 0,
        dtype: DTypeLike = "float32",
        threads: int | None = None,
    ):
        super().__init__(encoder, decoder, loss, optimizer, seed, dtype, threads)
        self._training, self._steps = threading.Lock(), Steps()  # the lock is held while it trains
        if input_shape is not None:
            self.build(input_shape)

    # Use

    @overload
    def encode(self, x: ArrayLike, layer: Layer | int | None = None) -> np.ndarray: ...
    @overload
    def encode(self, x: ArrayLike, *, return_std: Literal[True]) -> tuple[np.ndarray, ...]: ...
    def encode(
        self, x: ArrayLike, layer: Layer | int | None = None, return_std: bool = False
    ) -> np.ndarray | tuple[np.ndarray, ...]:
        """The codes of samples x (n, *input_shape), shape (n, *code_shape).

        Of a `layer`, given itself or by its place in `layers`, its outputs (n, *its output_shape).
        With `return_std`, where the encoder ends in `Variational`: means, standard deviations.
        """
        if flag("return_std", return_std):
            if layer is not None:
                raise ValueError("return_std is of codes, not of a layer's outputs")
            bounds.variational(self, "return_std")
            return bounds.moments(self, self.admit_input(x))
        if layer is None:
            return self.encoder.run(self.admit_input(x))
        layers = up_to(layer, self.layers)
        return run(layers, None, self.admit_input(x), self.parameters, self.threads)[0]

    def decode(self, z: ArrayLike) -> np.ndarray:
        """The outputs for codes z (n, *code_shape), shape (n, *output_shape)."""
        self.require_built("decode")
        z = admit(z, "z", self.encoder.output_shape, self.dtype)
        return read(self.loss, self.decoder.run(z))

    def reconstruct(self, x: ArrayLike) -> np.ndarray:
        """The output for samples x: ``decode(encode(x))``, shape (n, *output_shape)."""
        x = self.admit_input(x)
        output, self._program = run(self.layers, self._program, x, self.parameters, self.threads)
        return read(self.loss, output)

    def predict(self, x: ArrayLike) -> np.ndarray:
        """What `reconstruct` gives for x, by Keras's name."""
        return self.reconstruct(x)

    def evaluate(
        self,
        x: ArrayLike,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        *,
        comm: Any = None,
        sharded: bool = False,
    ) -> dict[str, float]:
        """The loss on samples x as if all were one mini-batch, without noise and dropout.

        Parameters
        ----------
        x, y, sample_weight : array-like
            As for `fit`: the reconstruction is Σ w ℓ / Σ w.
        comm, sharded : optional
            As for `fit`: each of the samples of all ranks counts once.

        Returns
        -------
        dict
            ``loss``, and its parts ``reconstruction`` and ``penalty``; also ``kl`` of a variational
            model, with z = μ: no bound, which takes draws of z, as `elbo` does.
        """
        return evaluated(self, (x, y, "x", sample_weight), comm, sharded)

    def reconstruction_error(
        self,
        x: ArrayLike,
        y: ArrayLike | None = None,
        per_feature: bool = False,
        *,
        sample_weight: ArrayLike | None = None,
    ) -> np.ndarray:
        """The loss of each sample alone, without penalties: a score for anomalies.

        Parameters
        ----------
        x, y : array-like
            As for `fit`.
        per_feature : bool, default False
            Whether to give each output element's share, whose mean is the sample's error.
        sample_weight : array-like, shape (n,) or (n, *output_shape), optional
            How much each element counts in the mean over its sample. Where nothing was observed,
            which is what weight zero means, the error is NaN.

        Returns
        -------
        array, shape (n,), or (n, *output_shape) with `per_feature`
            Of the model's dtype.
        """
        per_feature = flag("per_feature", per_feature)
        return sample_errors(self, self.admit((x, y, "x", sample_weight))[0], per_feature)

    # Training

    def fit(
        self,
        x: ArrayLike,
        y: ArrayLike | None = None,
        *,
        sample_weight: ArrayLike | None = None,
        epochs: int = 1,
        steps_per_epoch: int | None = None,
        batch_size: int = 32,
        validation_data: ArrayLike | tuple[ArrayLike, ...] | None = None,
        validation_split: float = 0.0,
        shuffle: bool = True,
        callbacks: Iterable[Callback] | Callback | None = (),
        initial_epoch: int | None = None,
        verbose: str | int = "auto",
        eager: bool = False,
        comm: Any = None,
        sharded: bool = False,
    ) -> History:
        """Train on samples x. A second call goes on where the first ended.

        Warns if the activation of the output cannot give the targets, or does not suit the loss.

        Parameters
        ----------
        x : array-like, shape (n, *input_shape), or iterator
            A list of memory maps or of paths of .npy files stands for their rows, one after the
            other. An iterator (with `steps_per_epoch`) gives mini-batches: x, or a tuple (x, y) or
            (x, y, w); one is asked for while the step before runs, and where the iterator stands
            is not saved.
        y : array-like, shape (n, *output_shape), optional
            The targets. Default: x, or what a first `Rescaling` makes of it that no last undoes.
        sample_weight : array-like, shape (n,) or (n, *output_shape), optional
            How much each sample, or each element, counts: the reconstruction of a mini-batch is
            Σ w ℓ / Σ w over its elements, and 0 where it has no weight at all. (Keras divides by
            their number.) An epoch's mean is weighted by Σ w; penalties are not weighted. Weight
            zero means "not observed": see `mask_missing`.
        epochs : int, default 1
            How many more epochs; with `initial_epoch`, after which epoch to end, as in Keras.
        steps_per_epoch : int, optional
            Makes an epoch that many full mini-batches of an endless stream of reshuffled passes.
            Default: an epoch is one pass, whose last mini-batch may be smaller.
        batch_size : int, default 32
            Samples in a mini-batch; more than there are means all. Not used with an iterator.
        validation_data : array-like, or a tuple of two or three of them, optional
            What to measure after each epoch: x, (x, y) or (x, y, sample_weight); y may be None.
        validation_split : float, default 0
            What share of the samples, the last ones of x, to measure after each epoch and not to
            train on. At least 0 and below 1.
        shuffle : bool, default True
            Whether each pass has an order of its own.
        callbacks : callable ``(epoch, logs)``, or iterable of them
            Called after each epoch, from 0; one that returns True stops the training. Of one's
            methods ``set_model(model)`` is called first, and ``on_train_end()`` last, always.
        initial_epoch : int, optional
            The number of the first epoch. Default: how many there have been.
        verbose : "auto", 0, 1 or 2
            Nothing (0), a live line (1), a line per epoch (2); "auto": 1 on a terminal, else 2.
        eager : bool, default False
            Whether to run layer by layer in Python, where a debugger can stop, as models with
            parts without kernels do: see ``tinyae/network/backprop.py``.
        comm : communicator, optional
            Trains one model on many ranks, as ``mpi4py.MPI.COMM_WORLD`` has them: all call this
            with the same model and arguments, each computes its part of every mini-batch, and all
            get the model that one process would have made, from where rank 0's stands. What one
            fails with is raised on all. Rank 0 shows lines and writes checkpoints; callbacks get
            the same losses on each, and one's stop is all's. Ranks share a machine's cores.
        sharded : bool, default False
            Whether the rows of x, y, sample_weight and validation_data are each rank's own, whose
            number may differ. Default: all ranks pass all rows, and each row counts once.

        Returns
        -------
        History
            This call's epochs; `history` has all.

        Raises
        ------
        ValueError
            If the data or an argument is not as described; the model is unchanged.
        TrainingDiverged
            If the loss stops being finite.
        KeyboardInterrupt
            On Ctrl-C; model and `history` stand at the last finished mini-batch and epoch.
        """
        with together(comm) as ranks:
            sharded = flag("sharded", sharded)
            training = (partial(RankTraining, ranks=ranks, sharded=sharded) if ranks else Training)(
                self,
                epochs=epochs,
                steps_per_epoch=steps_per_epoch,
                batch_size=batch_size,
                shuffle=shuffle,
                callbacks=callbacks,
                initial_epoch=initial_epoch,
                verbose=verbose,
                eager=eager,
            )
            data = Data(x, y, sample_weight, validation_data, validation_split, steps_per_epoch)
            # what is called on the way out finds the model at its counted step
            with alone(self._training), training.way_out, training.way_out:
                with interruptible(ranks), self.all_or_nothing(waits=ranks is not None):
                    training.prepare(*data.admit(self))
                return training.run()

    def train_on_batch(
        self, x: ArrayLike, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None
    ) -> float:
        """Take one step on one mini-batch, for a training loop of your own.

        The optimizer's state and `progress.step` move on; epochs and `history` do not.

        Parameters
        ----------
        x, y, sample_weight : array-like
            As for `fit`.

        Returns
        -------
        float
            The loss before the step: reconstruction plus penalty.

        Raises
        ------
        ValueError
            If the data are not as described; the model is unchanged.
        TrainingDiverged
            If the loss is not finite; no step has been taken.
        """
        with alone(self._training):
            (samples,) = self.admit((x, y, "x", sample_weight))
            return self._steps.take(self, samples)

    def loss_and_gradient(
        self,
        x: ArrayLike,
        y: ArrayLike | None = None,
        *,
        sample_weight: ArrayLike | None = None,
        training: bool = False,
        eager: bool = False,
    ) -> tuple[float, np.ndarray]:
        """The loss of one mini-batch and its gradient for all parameters.

        Parameters
        ----------
        x, y, sample_weight : array-like
            As for `fit`.
        training : bool, default False
            Whether noise and dropout are active, as at the next step.
        eager : bool, default False
            Whether to run layer by layer in Python, where a debugger can stop.

        Returns
        -------
        loss : float
            Reconstruction plus penalty.
        gradient : array, shape (p,)
            In the order of `parameters`; a copy. Each layer's ``gradients`` hold its part.
        """
        training, eager = flag("training", training), flag("eager", eager)
        (samples,) = self.admit((x, y, "x", sample_weight))
        return loss_and_gradient(self, samples, training, eager)

    # Files and copies

    def save(self, path: str | os.PathLike[str], training_state: bool = False) -> None:
        """Write the model to one file, for `tinyae.load`.

        Parameters
        ----------
        path : str or path-like
            Written exactly there; a file that is there is replaced once the new one is whole.
        training_state : bool, default False
            Whether to add what lets `fit` go on as if there had been no break: the optimizer's
            state, the place in the data, and the history.

        Raises
        ------
        ValueError
            If the model is not built, holds NaN or infinity, or a part of your own has no
            ``get_config()`` that gives its constructor's arguments.
        OSError
            If the file cannot be written; one that was there is as before.
        """
        write(path, *self.to_file(training_state))

    def to_file(self, training_state: bool = False) -> tuple[dict, dict[str, np.ndarray]]:
        """What `save` writes, for the same `training_state`: the document and the arrays."""
        self.require_built("save")
        return document_of(self, flag("training_state", training_state))

    @classmethod
    def from_file(
        cls, file: ModelFile, custom: Mapping[str, Any], threads: int | None
    ) -> Autoencoder:
        """What `save` wrote, once `file` is known to hold it; `custom`, `threads` as for `load`."""
        return restored(cls, file, custom, threads)

    def __getstate__(self) -> dict:
        return {**super().__getstate__(), "_training": None, "_steps": None}

    def __setstate__(self, state: dict) -> None:
        super().__setstate__({**state, "_training": threading.Lock(), "_steps": Steps()})
