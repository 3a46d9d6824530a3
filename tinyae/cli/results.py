"""Files that commands write: of the form that their name says, in nobody's place."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ..checks.places import check_place
from ..datasets.csv_file import is_name
from ..datasets.samples import NUMPY, TEXT
from ..files.atomic import replace_file


def check_result(path: Path, **inputs: Path) -> None:
    """`check_place`, and that the name says how a result is to be written."""
    if path.suffix.lower() not in NUMPY + TEXT:
        known = f"{', '.join((NUMPY + TEXT)[:-1])} or {TEXT[-1]}"
        raise ValueError(f"{path} says no form for the result: its name must end in {known}")
    check_place(path, **inputs)


def check_model(path: Path, **inputs: Path) -> None:
    """`check_place`, and that the name does not say that it holds data."""
    if path.suffix.lower() in (".npy", *TEXT):
        raise ValueError(f"{path} would be taken for data: a model's name ends in .npz")
    check_place(path, **inputs)


def write_result(path: Path, key: str, result: np.ndarray, names: Sequence[str] | None) -> None:
    """Write an array as the path's suffix says: in an .npz under `key`, in text with the names."""
    with replace_file(path) as file:
        suffix = path.suffix.lower()
        if suffix == ".npy":
            np.save(file, result, allow_pickle=False)
        elif suffix == ".npz":
            np.savez(file, **{key: result})  # type: ignore[arg-type]  # no name is an option's
        else:
            _write_text(file, "," if suffix == ".csv" else "\t", result, names)


def _write_text(
    file: BinaryIO, separator: str, result: np.ndarray, names: Sequence[str] | None
) -> None:
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    writer = csv.writer(text, delimiter=separator, lineterminator="\n")
    if names is not None:
        # a name that looks like a number would be read as one
        writer.writerow(
            name if is_name(name) else f"column_{name or i}" for i, name in enumerate(names, 1)
        )
    writer.writerows(result.reshape(len(result), -1))
    text.detach()
