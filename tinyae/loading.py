"""`load`: opens a model's file and asks the class of its kind.

What a file says is checked before anything is built: first its document, then that the layers it
describes have exactly as many parameters as the file holds numbers, then the numbers.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .checks.arguments import file_path, mapping, optional_threads
from .checks.hints import hinting
from .files.archive import ModelFile, ModelFormatError

if TYPE_CHECKING:
    from .autoencoder import Autoencoder
    from .inspection.anomalies import AnomalyDetector
    from .linear.pca import PCA
    from .network.sequential import Sequential


@hinting
def load(
    path: str | os.PathLike[str],
    *,
    custom: Mapping[str, Any] | None = None,
    threads: int | None = None,
) -> Autoencoder | Sequential | PCA | AnomalyDetector:
    """Read what `save` wrote.

    The file may come from anywhere: nothing in it is executed, and it is checked in full before
    memory is taken for what it declares.

    Parameters
    ----------
    path : str or path-like
        The file.
    custom : mapping of str to class, optional
        Your own layers, losses and initializers, by their class's name, and activations.
    threads : int, optional
        As for `Autoencoder`; a file does not say it.

    Returns
    -------
    Autoencoder, Sequential, PCA or AnomalyDetector
        With a saved training state, `Autoencoder.fit` and `PCA.partial_fit` go on where they were.

    Raises
    ------
    ModelFormatError
        If the file is no model's, damaged, hostile, or newer; the message names it and the reason.
    OSError
        If the file cannot be read.

    See Also
    --------
    Autoencoder.save : Writes a model.
    ModelFormatError : What a file that is none is refused with.

    Examples
    --------
    >>> import numpy as np, tinyae as tae
    >>> import pathlib, tempfile
    >>> pca = tae.PCA(1).fit(np.array([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0]]))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "pca.npz")
    ...     pca.save(file)
    ...     tae.load(file).components_
    array([[0.6, 0.8]])
    """
    path, threads = file_path("path", path), optional_threads("threads", threads)
    custom = mapping("custom", {} if custom is None else custom, "classes and activations")
    try:
        if not os.path.isfile(path) and os.path.exists(path):  # opening a pipe would wait
            raise ModelFormatError("it is not a plain file")
        with open(path, "rb") as stream:
            file = ModelFile(stream)
            if file.document.get("kind") == "anomaly_detector":
                from .inspection.anomalies import AnomalyDetector

                del file.document["kind"]
                return AnomalyDetector.from_file(file, lambda: _model(file, custom, threads))
            return _model(file, custom, threads)
    except ModelFormatError as error:
        raise ModelFormatError(f"{os.fspath(path)} cannot be loaded: {error}") from error


def _model(
    file: ModelFile, custom: Mapping[str, Any], threads: int | None
) -> Autoencoder | Sequential | PCA:
    """The model that the file's document describes."""
    kind = file.document.pop("kind", None)
    if kind == "pca":
        from .linear.pca import PCA  # alone: it does without Numba

        return PCA.from_file(file)
    if kind == "sequential":
        from .network.sequential import Sequential

        return Sequential.from_file(file, custom, threads)
    if kind == "autoencoder":
        from .autoencoder import Autoencoder

        return Autoencoder.from_file(file, custom, threads)
    raise ModelFormatError(f"it holds a model of the unknown kind {str(kind)[:40]!r}")
