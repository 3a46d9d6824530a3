"""Compiled kernels kept on disk: in the user's cache folder, by tinyae's version.

Numba's own cache lies beside the sources, so that an installed package grows files that no one
removes, and notices edits in a kernel's own file only: after an edit to what a kernel calls it
would silently run the old code. Here every kernel is stamped with all it may have been made from.
"""

import hashlib
import os
import pickle
import warnings
from pathlib import Path
from typing import Any

import numba
import numpy as np

from ..version import __version__
from .blas import BLAS
from .folders import user_cache
from .numba_parts import (
    CompileResultCacheImpl,
    FunctionCache,
    IndexDataCacheFile,
    _CacheLocator,
)

PACKAGE = Path(__file__).parents[1]
DIGEST_BYTES = hashlib.sha256().digest_size


def source_stamp(package: Path, versions: str) -> str:
    """A digest of every source file of the package and of the given versions."""
    digest = hashlib.sha256(versions.encode())
    for path in sorted(package.rglob("*.py")):
        source = path.read_bytes()
        digest.update(f"{path.relative_to(package).as_posix()} {len(source)}\n".encode())
        digest.update(source)
    return digest.hexdigest()


try:
    STAMP = source_stamp(PACKAGE, f"{np.__version__} {numba.__version__} {BLAS.integer_bits}")
except OSError:  # sources that cannot be read (a zip file) cannot be stamped: compile every time
    STAMP = ""


def cache_folder() -> Path:
    """Where compiled kernels are kept: below NUMBA_CACHE_DIR if it is set."""
    base = numba.config.CACHE_DIR
    return (Path(base, "tinyae") if base else user_cache()) / f"kernels-{__version__}"


class Locator(_CacheLocator):
    """Says where a kernel's files lie, and what they must have been made from."""

    def __init__(self, function: Any, file: str):
        self._line = function.__code__.co_firstlineno
        self._file = Path(file).resolve()

    @classmethod
    def from_function(cls, py_func: Any, py_file: str) -> "Locator | None":
        """None, for "not kept", where there is no source file, as for what a shell defines."""
        return cls(py_func, py_file) if STAMP and os.path.isfile(py_file) else None

    def get_cache_path(self) -> str:
        home = self._file.parent
        place = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
        return str(cache_folder() / f"{home.name}-{place}")

    def get_source_stamp(self) -> str:
        if PACKAGE in self._file.parents:
            return STAMP
        return STAMP + hashlib.sha256(self._file.read_bytes()).hexdigest()  # a kernel of a user's

    def get_disambiguator(self) -> str:
        return str(self._line)


class Format(CompileResultCacheImpl):
    """What is kept of a compiled kernel: what Numba keeps, in our place."""

    _locator_classes = [Locator]  # noqa: RUF012


class CheckedFile(IndexDataCacheFile):
    """Files whose machine code is checked before it runs: by a digest of it and of its stamp."""

    def _load_index(self) -> dict:
        try:
            return super()._load_index()
        except Exception as error:  # whatever a damaged pickle may raise
            complain(self._cache_path, error)
            return {}

    def _digest(self, packed: bytes) -> bytes:
        return hashlib.sha256(self._source_stamp.encode() + packed).digest()

    def _save_data(self, name: str, data: Any) -> None:
        packed = pickle.dumps(data)
        with self._open_for_write(self._data_path(name)) as file:
            file.write(self._digest(packed) + packed)

    def _load_data(self, name: str) -> Any:
        data = Path(self._data_path(name)).read_bytes()
        digest, packed = data[:DIGEST_BYTES], data[DIGEST_BYTES:]
        if digest != self._digest(packed):
            raise ValueError("a file is damaged")
        return pickle.loads(packed)


class KernelCache(FunctionCache):
    """A kernel's compiled forms on disk. Where they cannot be kept it is compiled all the same."""

    _impl_class = Format

    def __init__(self, function: Any):
        super().__init__(function)
        file: Any = self._cache_file  # type: ignore[has-type]
        self._cache_file = CheckedFile(
            self._cache_path, self._impl.filename_base, file._source_stamp
        )

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except Exception as error:  # of the disk, or of what is on it
            complain(self._cache_path, error)
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            super().save_overload(sig, data)
        except Exception as error:
            complain(self._cache_path, error)


def complain(folder: str, error: Exception) -> None:
    """Warn, once in a process for each reason, that kernels are compiled anew."""
    reason = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
    warnings.warn(
        f"compiled kernels cannot be kept in {Path(folder).parent} ({reason}), so they are "
        "compiled again",
        RuntimeWarning,
        stacklevel=1,
    )
