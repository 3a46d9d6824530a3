"""What a file holds of a PCA: its components and, to go on, what is kept of the data."""

import math
from typing import Any

import numpy as np

from ..decomposition.moments import Moments
from ..decomposition.solvers import Decomposition
from ..files.archive import ModelFile, ModelFormatError
from ..files.fields import counter, dtype_of, fields

# What older files do not say; None is found from the rest
DEFAULTS: dict[int, dict[str, Any]] = {1: {"whiten": False, "noise_variance": None}}
FORMS = ("rows", "factor", "scatter")  # of what is kept


def document_of(
    arguments: dict[str, Any], data: Moments, found: Decomposition, training_state: bool
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """A fitted PCA, made with these arguments of the constructor, as plain data and arrays."""
    document = {
        "kind": "pca",
        **arguments,
        "dtype": found.components.dtype.name,
        "samples": data.samples,
        "features": len(data.mean),
        "kept": len(found.components),
        "noise_variance": found.noise_variance,
        "training_state": training_state,
    }
    arrays = {
        "mean": data.mean,
        "components": found.components,
        "variance": found.variance,
        "variance_ratio": found.variance_ratio,
    }
    if training_state:
        bounds = np.array([data.rounding, data.least])
        arrays |= {"anchor": data.anchor, "offset": data.offset, "bounds": bounds}
        arrays[data.form] = np.asarray(data.matrix)
    return document, arrays


def read(file: ModelFile) -> tuple[dict[str, Any], Moments, Decomposition]:
    """The same from a file; nothing is allocated before it is known to hold it."""
    number = (float, type(None)) if file.version == 1 else float
    types: dict[str, type | tuple[type, ...]] = {
        "n_components": (int, float, type(None)),
        "whiten": bool,
        "dtype": str,
        "samples": int,
        "features": int,
        "kept": int,
        "noise_variance": number,
        "training_state": bool,
    }
    document = {**DEFAULTS.get(file.version, {}), **file.document}
    n_components, whiten, dtype, samples, features, kept, noise, training_state = fields(
        "the document", document, types
    )
    dtype = dtype_of(dtype)
    for name, count in (("samples", samples), ("features", features), ("kept", kept)):
        counter(name, count, least=1)
    if noise is not None and not (0 <= noise < math.inf):
        raise ModelFormatError(f"noise_variance should be 0 or more, but is {noise}")
    shapes: dict[str, tuple[Any, tuple[int, ...]]] = {
        "mean": (np.float64, (features,)),
        "components": (dtype, (kept, features)),
        "variance": (np.float64, (kept,)),
        "variance_ratio": (np.float64, (kept,)),
    }
    form = "none"
    if training_state:
        form = next((each for each in FORMS if file.shape(each)), "scatter")
        rows = {"rows": samples, "scatter": features}.get(form, (*file.shape(form), 0)[0])
        shapes[form] = (dtype if form == "rows" else np.float64, (rows, features))
        if file.version > 1:
            shapes |= dict.fromkeys(("anchor", "offset"), shapes["mean"])
            shapes["bounds"] = (np.float64, (2,))
    file.expect(shapes)
    array = {name: file.read(name) for name in shapes}
    # what is known of an older scatter is that its products were of that dtype
    bounds = array.get("bounds", np.array([np.finfo(dtype).eps, 0]))
    data = Moments(
        samples,
        array.get("anchor", array["mean"]),
        array.get("offset", np.zeros(features)),
        form,
        array.get(form, np.empty((0, 0))),
        *map(float, bounds),
    )
    variance, ratio = array["variance"], array["variance_ratio"]
    if noise is None:
        left, share = min(samples, features) - kept, max(0.0, 1 - float(ratio.sum()))
        noise = share * float(variance[0] / ratio[0]) / left if left > 0 and ratio[0] > 0 else 0.0
    mean, components = array["mean"].astype(dtype), array["components"]
    arguments = {"n_components": n_components, "whiten": whiten}
    return arguments, data, Decomposition(mean, components, variance, ratio, noise)
