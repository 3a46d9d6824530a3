"""What both estimators share: an autoencoder that is made when data come, and trained."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from ..autoencoder import Autoencoder
from ..callbacks.early_stopping import EarlyStopping
from ..checks.arguments import between, flag, length, shown, sizes, whole
from ..checks.undo import unchanged_if_refused
from ..layers.layer import Shape
from ..maths.losses import BCE, AnyLoss
from ..maths.losses import get as get_loss
from ..maths.optimizers import Adam
from ..models import deep
from ..network.history import History

REAL = (np.float64, np.float32)  # what others become the first of

PARAMETERS = """
    Parameters
    ----------
    n_components : int, default 2
        Numbers in a code.
    hidden : sequence of int, default (32,)
        Units of the encoder's layers before the code; the decoder mirrors them.
    activation : str, default "relu"
        Of these layers. The code has none; the output has none, or a sigmoid for a loss of "bce".
    loss : str or Loss, default "mse"
        As for `tinyae.Autoencoder`.
    epochs : int, default 100
        Passes over the data.
    batch_size : int, default 32
        Samples in a mini-batch.
    learning_rate : float, default 1e-3
        Of Adam.
    random_state : int, RandomState or None, default None
        Decides initial weights, the order of samples, and which of them are held out.
    early_stopping : bool, default False
        Whether to hold out samples, stop when the loss on them no longer falls, and go back to the
        weights of the best epoch.
    validation_fraction : float, default 0.1
        The share that is held out.
    n_iter_no_change : int, default 10
        Epochs without improvement after which to stop.
    threads : int, optional
        Default: as many as the process may use. With ``n_jobs`` around it, 1 is best.
    verbose : 0, 1 or 2, default 0
        Nothing, a live line, or a line per epoch.
    build : callable ``(n_features) -> Autoencoder``, optional
        Makes a model of your own, whose layers, loss, optimizer, seed and dtype then count in place
        of what is said above of a model. It may be one of images: rows are reshaped to its input.
"""
ATTRIBUTES = """
    Attributes
    ----------
    autoencoder_ : Autoencoder
        The model: of float32 for data of float32, else of float64.
    history_ : History
        Its figures, epoch by epoch.
    n_iter_ : int
        How many epochs it has been trained.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Where the data had names.
"""


class AutoencoderEstimator(BaseEstimator):
    """An autoencoder as scikit-learn has its estimators."""

    def __init__(
        self,
        n_components: int = 2,
        hidden: Sequence[int] = (32,),
        activation: str = "relu",
        loss: str | AnyLoss = "mse",
        epochs: int = 100,
        batch_size: int = 32,
        learning_rate: float = 1e-3,
        random_state: int | np.random.RandomState | None = None,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        threads: int | None = None,
        verbose: int = 0,
        build: Callable[[int], Autoencoder] | None = None,
    ):
        self.n_components = n_components
        self.hidden = hidden
        self.activation = activation
        self.loss = loss
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.random_state = random_state
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.threads = threads
        self.verbose = verbose
        self.build = build

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Train a new model on `X` of shape (n, p); `y` is ignored."""
        self._check_arguments()
        with unchanged_if_refused(self):
            rows = validate_data(self, X, dtype=REAL, ensure_min_samples=1 + self.early_stopping)
            random = check_random_state(self.random_state)
            model = self._new_model(rows, random)
            train, held_out, callbacks = self._split(rows, random)
            self._train(model, train, self.epochs, held_out, callbacks)
            self.autoencoder_ = model
            self._learned_from(rows)
        return self

    def partial_fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Train for one pass over `X` in addition, with a new model at first; `y` is ignored."""
        self._check_arguments()
        first = not hasattr(self, "autoencoder_")
        with unchanged_if_refused(self):
            rows = validate_data(self, X, dtype=REAL, reset=first)
            if first:
                self.autoencoder_ = self._new_model(rows, check_random_state(self.random_state))
            self._train(self.autoencoder_, rows, 1)
            self._learned_from(rows)
        return self

    def score(self, X: ArrayLike, y: Any = None) -> float:
        """The mean loss of `X` with a minus, without penalties; `y` is ignored."""
        return -float(self._errors(self._admit(X)).mean())

    @property
    def history_(self) -> History:
        return self.autoencoder_.history

    @property
    def n_iter_(self) -> int:
        return self.autoencoder_.progress.epoch

    def _check_arguments(self) -> None:
        """Refuse what the model does not look at."""
        whole("epochs", self.epochs)
        flag("early_stopping", self.early_stopping)
        between("validation_fraction", self.validation_fraction)
        whole("n_iter_no_change", self.n_iter_no_change)

    def _new_model(self, rows: np.ndarray, random: np.random.RandomState) -> Autoencoder:
        features = rows.shape[1]
        model = self._deep(rows, random) if self.build is None else self._built(features)
        for name, shape in (("input", model.input_shape), ("output", model.output_shape)):
            if math.prod(shape or ()) != features:
                raise ValueError(
                    f"build({features}) must give a model whose {name} has {features} numbers, but "
                    f"it has shape {shape}"
                )
        return model

    def _deep(self, rows: np.ndarray, random: np.random.RandomState) -> Autoencoder:
        hidden = sizes("hidden", self.hidden, least=0)
        code = length("n_components", self.n_components)
        return deep(
            *((rows.shape[1], *hidden, code), self.activation),
            output_activation="sigmoid" if isinstance(get_loss(self.loss), BCE) else None,
            loss=self.loss,
            optimizer=Adam(self.learning_rate),
            seed=random.randint(np.iinfo(np.int32).max),
            dtype=rows.dtype,
            threads=self.threads,
        )

    def _built(self, features: int) -> Autoencoder:
        if not callable(self.build):
            raise ValueError(f"build must be a callable (n_features), but got {shown(self.build)}")
        given = self.build(features)
        if not isinstance(given, Autoencoder):
            raise ValueError(f"build must give an Autoencoder, but it gave {shown(given)}")
        model = given.copy()  # which may be the same each time
        if not model.built:
            model.build((features,))
        return model

    def _split(
        self, rows: np.ndarray, random: np.random.RandomState
    ) -> tuple[np.ndarray, np.ndarray | None, list[EarlyStopping]]:
        """What to train on, what to hold out, and what stops."""
        if not self.early_stopping:
            return rows, None, []
        order = random.permutation(len(rows))
        count = min(len(rows) - 1, int(np.ceil(len(rows) * self.validation_fraction)))
        stop = EarlyStopping(patience=self.n_iter_no_change, restore_best_weights=True)
        return rows[order[count:]], rows[order[:count]], [stop]

    def _train(
        self,
        model: Autoencoder,
        rows: np.ndarray,
        epochs: int,
        held_out: np.ndarray | None = None,
        callbacks: Sequence[EarlyStopping] = (),
    ) -> None:
        model.fit(
            as_samples(rows, model.input_shape),
            epochs=epochs,
            batch_size=self.batch_size,
            validation_data=None if held_out is None else as_samples(held_out, model.input_shape),
            callbacks=callbacks,
            verbose=self.verbose,
        )

    def _learned_from(self, rows: np.ndarray) -> None:
        """What a subclass learns besides, from a trained model."""

    def _admit(self, X: ArrayLike) -> np.ndarray:
        check_is_fitted(self)
        return validate_data(self, X, dtype=REAL, reset=False)

    def _errors(self, rows: np.ndarray) -> np.ndarray:
        """The loss of each row."""
        samples = as_samples(rows, self.autoencoder_.input_shape)
        return self.autoencoder_.reconstruction_error(samples).astype(np.float64)


def as_samples(rows: np.ndarray, shape: Shape | None) -> np.ndarray:
    """Rows in the shape that a built model has for each."""
    assert shape is not None
    return rows.reshape(len(rows), *shape)
