"""Where MNIST's four files come from: a folder, the user's cache, or a public mirror."""

import contextlib
import hashlib
import io
import os
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..system.folders import user_cache
from .idx import open_decompressed, parse_idx


class Original(NamedTuple):
    """What a published file is known by: its bytes before compression."""

    size: int
    sha256: str


FILES = {
    "train-images-idx3-ubyte": Original(
        47_040_016, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"
    ),
    "train-labels-idx1-ubyte": Original(
        60_008, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"
    ),
    "t10k-images-idx3-ubyte": Original(
        7_840_016, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"
    ),
    "t10k-labels-idx1-ubyte": Original(
        10_008, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"
    ),
}
MIRRORS = (
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
)
_TIMEOUT_SECONDS = 30


def mnist_arrays(path: str | os.PathLike[str] | None = None) -> list[np.ndarray]:
    """The four uint8 arrays, in the order of `FILES`, each checked against its SHA-256.

    A folder that the user names, by `path` or by the environment variable TINYAE_DATA, is taken
    at its word: nothing is downloaded. Otherwise what the cache lacks comes from a mirror.
    """
    if path is not None:
        return [_from_folder(Path(path), name, "the path given") for name in FILES]
    if folder := os.environ.get("TINYAE_DATA"):
        return [_from_folder(Path(folder), name, "from TINYAE_DATA") for name in FILES]
    return [_from_cache(cache_folder(), name) for name in FILES]


def cache_folder() -> Path:
    """The folder for downloads."""
    return user_cache() / "mnist"


def _from_folder(folder: Path, name: str, origin: str) -> np.ndarray:
    for file in (folder / f"{name}.gz", folder / name):
        if file.exists():
            return _read_verified(file, name)
    raise FileNotFoundError(f"neither {name}.gz nor {name} is in {folder} ({origin})")


def _from_cache(folder: Path, name: str) -> np.ndarray:
    # a damaged copy is replaced like a missing one
    with contextlib.suppress(FileNotFoundError, ValueError):
        return _from_folder(folder, name, "the cache")
    return _download(folder, name)


def _read_verified(file: Path, name: str) -> np.ndarray:
    with open_decompressed(file) as stream:
        data = stream.read(FILES[name].size + 1)  # one more shows that there is more
    digest = hashlib.sha256(data).hexdigest()
    if digest != FILES[name].sha256:
        raise ValueError(
            f"{file} is not MNIST's {name}: the SHA-256 of its decompressed bytes should begin "
            f"with {FILES[name].sha256[:12]}, but begins with {digest[:12]}; "
            "for other data in this format use load_idx"
        )
    return parse_idx(io.BytesIO(data), file)


def _download(folder: Path, name: str) -> np.ndarray:
    from http.client import HTTPException  # here, because HTTP is slow to import

    failures = []
    for mirror in MIRRORS:
        try:
            return _download_from(f"{mirror}{name}.gz", folder, name)
        except (OSError, ValueError, HTTPException) as error:
            failures.append(f"  {mirror}{name}.gz: {error!r}")
    raise OSError(
        f"MNIST's {name} could not be downloaded:\n" + "\n".join(failures) + "\n"
        f"To install it by hand, put {', '.join(FILES)} (each plain, or gzipped with .gz added) "
        f"into {folder}, or into any folder that you name by path or TINYAE_DATA"
    )


def _download_from(url: str, folder: Path, name: str) -> np.ndarray:
    """Fetch one file; it takes its place in the folder only once it is known to be right."""
    from urllib.request import urlopen

    folder.mkdir(parents=True, exist_ok=True)
    with urlopen(url, timeout=_TIMEOUT_SECONDS) as response:
        data = response.read(FILES[name].size)  # gzip makes it smaller; what is longer is wrong
    handle, temporary = tempfile.mkstemp(prefix=f"{name}-", suffix=".part", dir=folder)
    try:
        with open(handle, "wb") as file:
            file.write(data)
        array = _read_verified(Path(temporary), name)
        os.replace(temporary, folder / f"{name}.gz")
    finally:
        Path(temporary).unlink(missing_ok=True)
    return array
