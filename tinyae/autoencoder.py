"""The model: an encoder, a decoder, a loss and an optimizer put together."""

import os
import threading
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from .checks.arguments import whole
from .checks.arrays import admit
from .engine.program import Program, eager_predict
from .layers.layer import Layer, Shape, is_compiled
from .layers.noise import NOT_TRAINING
from .machine.interruption import Interruption
from .maths import losses, optimizers
from .maths.losses import Loss
from .maths.optimizers import SGD, Adam
from .network.admission import Pair, admit_pairs
from .network.history import History, check_verbose
from .network.network import EncoderDecoder
from .network.sequential import Sequential
from .training import evaluate as evaluation
from .training import fit as training
from .training.batches import Progress
from .training.callbacks import Callback
from .training.trainers import EagerTrainer, Stretch, make_trainer


class Autoencoder(EncoderDecoder):
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
    seed : int or None, default 0
        Decides initial weights, the order of samples, noise and dropout. None draws one.
    dtype : "float32" or "float64"
    threads : int, optional
        Default: as many as the process may use. The last digits depend on it.

    Attributes
    ----------
    encoder, decoder : Sequential
    history : History
        The figures of all epochs so far.

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
        loss: str | Loss = "mse",
        optimizer: str | Adam | SGD = "adam",
        seed: int | None = 0,
        dtype: DTypeLike = "float32",
        threads: int | None = None,
    ):
        super().__init__(encoder, decoder, seed, dtype, threads)
        self.loss = losses.get(loss)
        self.optimizer = optimizers.get(optimizer)
        self.history = History()
        self.progress = Progress()
        self._lock = threading.Lock()  # held while fit runs
        if input_shape is not None:
            self.build(input_shape)

    # Use

    def encode(self, x: ArrayLike) -> np.ndarray:
        """The codes of samples x (n, *input_shape), shape (n, *code_shape)."""
        return self.encoder.run(self.admit_input(x))

    def decode(self, z: ArrayLike) -> np.ndarray:
        """The outputs for codes z (n, *code_shape), shape (n, *output_shape)."""
        self._require_built("decode")
        return self.decoder.run(admit(z, "z", self.encoder.output_shape, self.dtype))

    def reconstruct(self, x: ArrayLike) -> np.ndarray:
        """The output for samples x: ``decode(encode(x))``, shape (n, *output_shape)."""
        x = self.admit_input(x)
        if self._program is None:
            if not all(map(is_compiled, self.layers)):
                return eager_predict(self.layers, x, self.dtype)
            self._program = Program(self.layers)
        return self._program.predict(x, self.parameters, self.threads)

    def evaluate(self, x: ArrayLike, y: ArrayLike | None = None) -> dict[str, float]:
        """The loss on samples x as if all were one mini-batch, without noise and dropout.

        Parameters
        ----------
        x : array-like, shape (n, *input_shape)
        y : array-like, shape (n, *output_shape), optional
            The targets. Default: x.

        Returns
        -------
        dict
            ``loss``, and its parts ``reconstruction`` and ``penalty``.
        """
        return evaluation.evaluate(self, *self._admit(x, y))

    def reconstruction_error(
        self, x: ArrayLike, y: ArrayLike | None = None, per_feature: bool = False
    ) -> np.ndarray:
        """The loss of each sample alone, without penalties: a score for anomalies.

        Parameters
        ----------
        x : array-like, shape (n, *input_shape)
        y : array-like, shape (n, *output_shape), optional
            The targets. Default: x.
        per_feature : bool, default False
            Whether to give each output element's share, whose mean is the sample's error.

        Returns
        -------
        array, shape (n,), or (n, *output_shape) with `per_feature`
        """
        return evaluation.sample_errors(self, *self._admit(x, y), per_feature)

    # Training

    def fit(
        self,
        x: ArrayLike,
        y: ArrayLike | None = None,
        *,
        epochs: int = 1,
        steps_per_epoch: int | None = None,
        batch_size: int = 32,
        validation_data: ArrayLike | tuple[ArrayLike, ArrayLike] | None = None,
        shuffle: bool = True,
        callbacks: Iterable[Callback] = (),
        initial_epoch: int | None = None,
        verbose: str | int = "auto",
    ) -> History:
        """Train on samples x. A second call goes on where the first ended.

        Parameters
        ----------
        x : array-like, shape (n, *input_shape)
        y : array-like, shape (n, *output_shape), optional
            The targets. Default: x.
        epochs : int, default 1
            How many more epochs; with `initial_epoch`, after which epoch to end, as in Keras.
        steps_per_epoch : int, optional
            Makes an epoch that many full mini-batches of an endless stream of reshuffled passes.
            Default: an epoch is one pass, whose last mini-batch may be smaller.
        batch_size : int, default 32
            Samples in a mini-batch; more than there are means all.
        validation_data : array-like or (array-like, array-like), optional
            x, or x and y, to measure after each epoch.
        shuffle : bool, default True
            Whether each pass has an order of its own.
        callbacks : iterable of callable ``(epoch, logs)``
            Called after each epoch, from 0; one that returns True stops the training.
        initial_epoch : int, optional
            The number of the first epoch. Default: how many there have been.
        verbose : "auto", 0, 1 or 2
            Nothing (0), a live line (1), a line per epoch (2); "auto": 1 on a terminal, else 2.

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
            On Ctrl-C; the model and `history` stand at the last finished mini-batch and epoch.
        """
        epochs = whole("epochs", epochs, least=0)
        batch_size = whole("batch_size", batch_size)
        if steps_per_epoch is not None:
            steps_per_epoch = whole("steps_per_epoch", steps_per_epoch)
        if initial_epoch is not None:
            initial_epoch = whole("initial_epoch", initial_epoch, least=0)
        check_verbose(verbose)
        pairs: list[Pair] = [(x, y, "x")]
        if validation_data is not None:
            if isinstance(validation_data, tuple) and len(validation_data) == 2:
                pairs.append((*validation_data, "validation_data"))
            else:
                pairs.append((validation_data, None, "validation_data"))
        acquired = False
        try:
            with Interruption():
                acquired = self._lock.acquire(blocking=False)
            if not acquired:
                raise RuntimeError("this model is being trained already")
            (rows, target), *validation = admit_pairs(self, *pairs)
            return training.fit(
                self,
                rows,
                target,
                epochs=epochs,
                steps_per_epoch=steps_per_epoch,
                batch_size=batch_size,
                validation=validation[0] if validation else None,
                shuffle=shuffle,
                callbacks=callbacks,
                initial_epoch=initial_epoch,
                verbose=verbose,
            )
        finally:
            if acquired:
                self._lock.release()

    def loss_and_gradient(
        self, x: ArrayLike, y: ArrayLike | None = None, *, training: bool = False
    ) -> tuple[float, np.ndarray]:
        """The loss of one mini-batch and its gradient for all parameters.

        Parameters
        ----------
        x : array-like, shape (n, *input_shape)
        y : array-like, shape (n, *output_shape), optional
            The targets. Default: x.
        training : bool, default False
            Whether noise and dropout are active, as at the next step.

        Returns
        -------
        loss : float
            Reconstruction plus penalty.
        gradient : array, shape (p,)
            In the order of `parameters`; a copy.
        """
        x, target = self._admit(x, y)
        rows = np.array(x, self.dtype, order="C")
        expected = rows if target is x else np.array(target, self.dtype, order="C")
        trainer = make_trainer(self, len(rows))
        try:
            if isinstance(trainer, EagerTrainer):
                reconstruction, penalty, _ = trainer.loss_and_gradient(
                    rows, expected, training, self.progress.step
                )
                return reconstruction + penalty, self.gradient.copy()
            bounds = np.array([0, len(rows)])
            step = self.progress.step if training else NOT_TRAINING
            losses = trainer.run(Stretch(rows, expected, bounds, step), None)
            return float(losses.sum()), trainer.gradients[0].copy()
        finally:
            trainer.close()

    # Admission of data

    def admit_input(self, x: ArrayLike, name: str = "x") -> np.ndarray:
        """x, checked; it decides the shapes of a model that has none yet."""
        rows = admit(x, name, self.input_shape, self.dtype)
        if self._parameters is None:
            self.build(rows.shape[1:])
        return rows

    def _admit(self, x: ArrayLike, y: ArrayLike | None) -> tuple[np.ndarray, np.ndarray]:
        """Samples and their targets, checked."""
        return admit_pairs(self, (x, y, "x"))[0]

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
        from .loading import save_autoencoder  # which imports this module

        self._require_built("save")
        save_autoencoder(self, path, training_state)

    def export_numpy(
        self, folder: str | os.PathLike[str], *, encoder_only: bool = False
    ) -> list[Path]:
        """Write the model as one Python file that needs NumPy only, and its weights beside it.

        See `tinyae.export`.

        Returns
        -------
        list of Path
            The two files.
        """
        from .export.numpy_file import export_numpy

        self._require_built("export_numpy")
        return export_numpy(self, folder, encoder_only)

    def __getstate__(self) -> dict:
        return {**super().__getstate__(), "_lock": None}

    def __setstate__(self, state: dict) -> None:
        super().__setstate__({**state, "_lock": threading.Lock()})

    def __repr__(self) -> str:
        return (
            f"Autoencoder(encoder={self.encoder.layers!r}, decoder={self.decoder.layers!r}, "
            f"loss={self.loss!r}, optimizer={self.optimizer!r})"
        )
