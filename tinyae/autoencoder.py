"""The model: an encoder, a decoder, a loss and an optimizer put together."""

import os
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from .callbacks.callback import Callback
from .checks.arguments import file_path, flag
from .checks.arrays import admit
from .checks.floating_point import converted, finite
from .checks.foreign_names import hinting
from .engine.program import run
from .export.numpy_file import export_numpy
from .files.archive import ModelFile, write
from .layers.kernels import NOT_TRAINING
from .layers.layer import Layer, Shape
from .machine.interruption import Interruption
from .maths.loss import AnyLoss, read
from .maths.optimizers import Optimizer
from .network.history import History
from .network.model_file import from_file, to_file
from .network.network import Network, Pair
from .network.sequential import Sequential, up_to
from .training.batches import Stretch
from .training.compiled import make_trainer
from .training.eager import EagerTrainer
from .training.evaluate import finite_figures, sample_errors
from .training.fit import Training


class Autoencoder(Network):
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
        loss: str | AnyLoss = "mse",
        optimizer: str | Optimizer = "adam",
        seed: int | None = 0,
        dtype: DTypeLike = "float32",
        threads: int | None = None,
    ):
        super().__init__(encoder, decoder, loss, optimizer, seed, dtype, threads)
        self._training = threading.Lock()  # held while fit runs
        if input_shape is not None:
            self.build(input_shape)

    # Use

    def encode(self, x: ArrayLike, layer: Layer | int | None = None) -> np.ndarray:
        """The codes of samples x (n, *input_shape), shape (n, *code_shape).

        Of a `layer`, given itself or by its place in `layers`, its outputs (n, *its output_shape).
        """
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
        """`reconstruct`."""
        return self.reconstruct(x)

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
        return finite_figures(self, *self.admit((x, y, "x"))[0])

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
        per_feature = flag("per_feature", per_feature)
        return sample_errors(self, *self.admit((x, y, "x"))[0], per_feature)

    # Training

    @hinting
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
        callbacks: Iterable[Callback] | Callback | None = (),
        initial_epoch: int | None = None,
        verbose: str | int = "auto",
        eager: bool = False,
    ) -> History:
        """Train on samples x. A second call goes on where the first ended.

        Warns if the activation of the output cannot give the targets, or does not suit the loss.

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
        training = Training(
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
        pairs: list[Pair] = [(x, y, "x")]
        if isinstance(validation_data, tuple) and len(validation_data) == 2:
            pairs.append((*validation_data, "validation_data"))
        elif validation_data is not None:
            pairs.append((validation_data, None, "validation_data"))
        acquired = False
        try:
            with Interruption():
                acquired = self._training.acquire(blocking=False)
            if not acquired:
                text = "this model is being trained already, or was when this process was forked"
                raise RuntimeError(f"{text}; train a copy: model.copy()")
            # what is called on the way out finds the model at its counted step
            with training.way_out, training.way_out:
                with self.all_or_nothing():
                    data, *validation = self.admit(*pairs)
                    training.prepare(data, validation[0] if validation else None)
                return training.run()
        finally:
            if acquired:
                self._training.release()

    def loss_and_gradient(
        self,
        x: ArrayLike,
        y: ArrayLike | None = None,
        *,
        training: bool = False,
        eager: bool = False,
    ) -> tuple[float, np.ndarray]:
        """The loss of one mini-batch and its gradient for all parameters.

        Parameters
        ----------
        x : array-like, shape (n, *input_shape)
        y : array-like, shape (n, *output_shape), optional
            The targets. Default: x.
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
        ((x, target),) = self.admit((x, y, "x"))
        rows = converted(x, self.dtype)
        expected = rows if target is x else converted(target, self.dtype)
        step, trainer = self.progress.step, make_trainer(self, len(rows), eager)
        try:
            if isinstance(trainer, EagerTrainer):
                parts = trainer.loss_and_gradient(rows, expected, training, step)[:2]
                gradient = self.gradient.copy()
            else:
                stretch = Stretch(
                    *(rows, expected, np.array([0, len(rows)])),
                    step if training else NOT_TRAINING,
                )
                parts = trainer.run(stretch, None).sum(axis=0)
                # other threads may do the same: what is returned is this call's
                gradient = trainer.gradients[0].copy()
                self.gradient[...] = gradient
            loss = finite(np.array(sum(parts)), "the loss", self.dtype)
            return float(loss), finite(gradient, "the gradient")
        finally:
            trainer.close()

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
        """What `save` writes: the document and the arrays."""
        self.require_built("save")
        return to_file(self, flag("training_state", training_state))

    @classmethod
    def from_file(
        cls, file: ModelFile, custom: Mapping[str, Any], threads: int | None
    ) -> "Autoencoder":
        """What `save` wrote; nothing is allocated before the file is known to hold it."""
        return from_file(cls, file, custom, threads)

    def export_numpy(
        self, folder: str | os.PathLike[str], *, encoder_only: bool = False
    ) -> list[Path]:
        """Write the model as one Python file that needs NumPy only, and its weights beside it.

        See `tinyae.export.numpy_file`.

        Returns
        -------
        list of Path
            The two files.
        """
        encoder_only = flag("encoder_only", encoder_only)
        self.require_built("export_numpy")
        return export_numpy(self, file_path("folder", folder), encoder_only)

    def __getstate__(self) -> dict:
        return {**super().__getstate__(), "_training": None}

    def __setstate__(self, state: dict) -> None:
        super().__setstate__({**state, "_training": threading.Lock()})
