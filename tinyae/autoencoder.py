"""The model: an encoder, a decoder, a loss and an optimizer put together."""

import copy
import secrets
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from . import evaluation, losses, optimizers, training
from .arrays import admit, shape_text
from .batches import Progress
from .callbacks import Callback
from .history import History
from .layers.base import Layer, Shape, bind, is_compiled
from .layers.noise import NOT_TRAINING
from .layers.sequential import Sequential, refuse_repeats
from .losses import Loss
from .optimizers import SGD, SLOTS, Adam
from .program import Program, eager_predict
from .trainers import EagerTrainer, Stretch, make_trainer


class Autoencoder:
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
        self.encoder, self.decoder = (
            _sequential(encoder, "encoder"),
            _sequential(decoder, "decoder"),
        )
        refuse_repeats(self.layers)
        self.loss = losses.get(loss)
        self.optimizer = optimizers.get(optimizer)
        self.seed = secrets.randbits(63) if seed is None else _count("seed", seed, least=0)
        self.dtype = np.dtype(dtype)
        if self.dtype not in (np.float32, np.float64):
            raise ValueError(f'dtype must be "float32" or "float64", but got {dtype!r}')
        self.threads = threads if threads is None else _count("threads", threads)
        self.history = History()
        self.progress = Progress()
        self.slots = np.empty((SLOTS, 0))
        self._parameters: np.ndarray | None = None
        self.gradient = np.empty(0)
        self._program: Program | None = None
        self._training = training.OneAtATime()
        if input_shape is not None:
            self.build(input_shape)

    # Structure

    @property
    def layers(self) -> list[Layer]:
        """All layers, the encoder's first."""
        return self.encoder.layers + self.decoder.layers

    def build(self, input_shape: Shape) -> None:
        """Create the weights for samples of this shape; the first call that brings data does it."""
        shape = tuple(_count("input_shape", size) for size in np.atleast_1d(input_shape))
        parts = [part for part in (self.encoder, self.decoder) if not part.built]
        rng = np.random.default_rng([self.seed, 0])
        try:
            code_shape = self.encoder.prepare(shape, self.dtype, rng)
            self.decoder.prepare(code_shape, self.dtype, rng)
            self.encoder.claim()
            self.decoder.claim()
        except Exception:
            for part in parts:  # another attempt, with other data, starts anew
                part.unbuild()
            raise
        self._bind()

    def _bind(self) -> None:
        """Give all weights their place in the model's vector."""
        self._parameters, self.gradient = bind(self.layers, self.dtype)
        if self.slots.shape[1] != self._parameters.size:
            self.slots = np.zeros((SLOTS, self._parameters.size), self.dtype)
        split = self.encoder.parameter_count
        self.encoder.adopt(self._parameters[:split])
        self.decoder.adopt(self._parameters[split:])
        self.encoder.threads = self.decoder.threads = self.threads
        for position, layer in enumerate(self.layers):
            seed = np.random.SeedSequence([self.seed, 2, position])
            layer.key = int(seed.generate_state(1, np.uint64)[0] >> 1)
        self._program = None

    @property
    def parameters(self) -> np.ndarray:
        """The live flat vector of all weights: encoder, decoder; kernel, bias; C order."""
        self._require_built("parameters")
        assert self._parameters is not None
        return self._parameters

    @property
    def input_shape(self) -> Shape | None:
        """The shape of one sample, or None before the model is built."""
        return self.encoder.input_shape

    @property
    def output_shape(self) -> Shape | None:
        """The shape of one reconstruction, or None before the model is built."""
        return self.decoder.output_shape

    def _require_built(self, what: str) -> None:
        if self._parameters is None:
            raise ValueError(
                f"{what} needs a built model: give Autoencoder an input_shape, or call fit first"
            )

    def summary(self) -> None:
        """Print each layer with its output's shape and its number of parameters, and the total."""
        self._require_built("summary")
        rows = [("layer", "output shape", "parameters")]
        for layer in self.layers:
            shape = shape_text(layer.output_shape or ())
            rows.append((layer.label, shape, f"{layer.parameter_count:,}"))
        rows.append(("total", "", f"{self.parameters.size:,}"))
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        for row in rows:
            print(f"{row[0]:{widths[0]}}  {row[1]:{widths[1]}}  {row[2]:>{widths[2]}}")

    # Use

    def encode(self, x: ArrayLike) -> np.ndarray:
        """The codes of samples x (n, *input_shape), shape (n, *code_shape)."""
        self._admit_input(x)
        return self.encoder.predict(x)

    def decode(self, z: ArrayLike) -> np.ndarray:
        """The outputs for codes z (n, *code_shape), shape (n, *output_shape)."""
        self._require_built("decode")
        return self.decoder.predict(z)

    def reconstruct(self, x: ArrayLike) -> np.ndarray:
        """The output for samples x: ``decode(encode(x))``, shape (n, *output_shape)."""
        x = self._admit_input(x)
        if not all(map(is_compiled, self.layers)):
            return eager_predict(self.layers, x, self.dtype)
        if self._program is None:
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
        epochs = _count("epochs", epochs, least=0)
        batch_size = _count("batch_size", batch_size)
        if steps_per_epoch is not None:
            steps_per_epoch = _count("steps_per_epoch", steps_per_epoch)
        if initial_epoch is not None:
            initial_epoch = _count("initial_epoch", initial_epoch, least=0)
        with self._training:
            rows, target = self._admit(x, y)
            validation = (
                None if validation_data is None else self._admit_validation(validation_data)
            )
            return training.fit(
                self,
                rows,
                target,
                epochs=epochs,
                steps_per_epoch=steps_per_epoch,
                batch_size=batch_size,
                validation=validation,
                shuffle=shuffle,
                callbacks=callbacks,
                initial_epoch=initial_epoch,
                verbose=verbose,
            )

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
            if trainer.interrupted is not None:
                raise trainer.interrupted
            return float(losses.sum()), trainer.gradients[0].copy()
        finally:
            trainer.close()

    # Admission of data

    def _admit_input(self, x: ArrayLike, name: str = "x") -> np.ndarray:
        """x, checked; it decides the shapes of a model that has none yet."""
        rows = admit(x, name, self.input_shape, self.dtype)
        if self._parameters is None:
            self.build(rows.shape[1:])
        return rows

    def _admit(
        self, x: ArrayLike, y: ArrayLike | None, name: str = "x"
    ) -> tuple[np.ndarray, np.ndarray]:
        """x and the target, checked against each other and against what the loss allows."""
        bounds = getattr(self.loss, "bounds", None)
        rows = self._admit_input(x, name)
        if y is None:
            if self.output_shape != self.input_shape:
                raise ValueError(
                    f"the model turns {shape_text(self.input_shape or ())} into "
                    f"{shape_text(self.output_shape or ())}, so it cannot learn its input: "
                    "the decoder must end in the input's shape, or targets be given as y"
                )
            if bounds is not None:
                admit(rows, name, self.input_shape, self.dtype, bounds)
            return rows, rows
        label = "y" if name == "x" else f"{name}[1]"
        target = admit(y, label, self.output_shape, self.dtype, bounds)
        if len(target) != len(rows):
            raise ValueError(
                f"{name} and {label} must have as many samples, but have {len(rows)} and "
                f"{len(target)}"
            )
        return rows, target

    def _admit_validation(
        self, data: ArrayLike | tuple[ArrayLike, ArrayLike]
    ) -> tuple[np.ndarray, np.ndarray]:
        x, y = data if isinstance(data, tuple) and len(data) == 2 else (data, None)
        return self._admit(x, y, "validation_data")

    # Copies

    def copy(self, dtype: DTypeLike | None = None) -> "Autoencoder":
        """An independent copy, its state of training included; in another dtype on request."""
        twin = copy.deepcopy(self)
        if dtype is not None and np.dtype(dtype) != twin.dtype:
            twin.dtype = np.dtype(dtype)
            twin.slots = twin.slots.astype(dtype)
            if twin._parameters is not None:
                twin._bind()
        return twin

    def __getstate__(self) -> dict:
        return {**self.__dict__, "_program": None}

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state)
        if self._parameters is not None:  # copied one by one, the weights are views no longer
            self._bind()

    def __repr__(self) -> str:
        return (
            f"Autoencoder(encoder={self.encoder.layers!r}, decoder={self.decoder.layers!r}, "
            f"loss={self.loss!r}, optimizer={self.optimizer!r})"
        )


def _sequential(part: Iterable[Layer] | Sequential, label: str) -> Sequential:
    if isinstance(part, Sequential):
        part.label = label
        return part
    return Sequential(part, label=label)


def _count(name: str, value: object, least: int = 1) -> int:
    """A whole number of at least `least`."""
    is_whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not is_whole or value < least:  # type: ignore[operator]
        raise ValueError(f"{name} must be a whole number of at least {least}, but got {value!r}")
    return int(value)  # type: ignore[call-overload]
