"""Compiled kernels kept on disk: in the user's cache folder, by tinyae's version.

Numba's own cache lies beside the sources, so that an installed package grows files that no one
removes, and notices edits in a kernel's own file only: after an edit to what a kernel calls it
would silently run the old code. Here a kernel of tinyae's is stamped with all of tinyae's sources,
and a user's with these, all that lie in its folder, the values of the globals that it names, and
the same of the kernels that it calls.
"""

import hashlib
import os
import pickle
import warnings
from pathlib import Path
from typing import Any

import numba
import numpy as np

from ..blas.blas import BLAS
from ..checks.code import names_in
from ..system.folders import kernel_cache
from ..system.interruption import Interruption
from ..system.numba_parts import (
    CompileResultCacheImpl,
    FunctionCache,
    IndexDataCacheFile,
    _CacheLocator,
)
from . import symbols

PACKAGE = Path(__file__).parents[1]
DIGEST_BYTES = hashlib.sha256().digest_size
VERSIONS = f"{np.__version__} {numba.__version__} {BLAS.integer_bits}"  # of what is compiled in


def source_stamp(folder: Path, versions: str, pattern: str = "**/*.py") -> str:
    """A digest of every source file in a folder and of the given versions."""
    digest = hashlib.sha256(versions.encode())
    for path in sorted(folder.glob(pattern)):
        if not path.is_file():  # such as the dangling link that an editor leaves
            continue
        source = path.read_bytes()
        digest.update(f"{path.relative_to(folder).as_posix()} {len(source)}\n".encode())
        digest.update(source)
    return digest.hexdigest()


try:
    STAMP = source_stamp(PACKAGE, VERSIONS)
except OSError:  # sources that cannot be read (a zip file) cannot be stamped: compile every time
    STAMP = ""


class Locator(_CacheLocator):
    """Says where a kernel's files lie, and what they must have been made from."""

    def __init__(self, function: Any, file: str):
        self._line = function.__code__.co_firstlineno
        self._file = Path(file).resolve()
        self._py_file = file  # which Numba names where it warns that a kernel cannot be kept

    @classmethod
    def from_function(cls, py_func: Any, py_file: str) -> "Locator | None":
        """None, for "not kept", where there is no source file, as for what a shell defines."""
        return cls(py_func, py_file) if STAMP and os.path.isfile(py_file) else None

    def get_cache_path(self) -> str:
        home = self._file.parent
        # environments that share a checkout do not throw out each other's kernels
        place = digest(os.fsencode(home) + VERSIONS.encode()).hex()[:12]
        return str(kernel_cache() / f"{home.name}-{place}")

    def get_source_stamp(self) -> str:
        if PACKAGE in self._file.parents:
            return STAMP
        return source_stamp(self._file.parent, STAMP, "*.py")  # a kernel of a user's

    def get_disambiguator(self) -> str:
        return str(self._line)


def value_stamp(function: Any, seen: set[int]) -> str:
    """A digest of what a function of a user's compiles in beside its own folder's text: the values
    of the globals that it names, and the kernels that it calls, wherever they are.
    """
    seen.add(id(function))
    parts = []
    for name in sorted(names_in(function.__code__, "LOAD_GLOBAL")):
        value = function.__globals__.get(name)
        called = getattr(value, "py_func", None)
        if called is None:
            kept = isinstance(value, bool | int | float | complex | str | tuple | np.generic)
            parts.append(f"{name} {value!r}" if kept else name)
            if isinstance(value, np.ndarray):
                parts.append(digest(value.tobytes()).hex())
        elif id(called) not in seen and PACKAGE not in Path(called.__code__.co_filename).parents:
            file = Path(called.__code__.co_filename)
            parts.append(source_stamp(file.parent, "", "*.py") if file.is_file() else name)
            parts.append(value_stamp(called, seen))
    return digest("\n".join(parts).encode()).hex()


class Format(CompileResultCacheImpl):
    """What is kept of a compiled kernel: what Numba keeps, in our place; and what it calls."""

    _locator_classes = [Locator]  # noqa: RUF012

    def reduce(self, cres: Any) -> Any:
        return symbols.needs_of(cres), super().reduce(cres)

    def rebuild(self, target_context: Any, payload: Any) -> Any:
        needs, kept = payload
        for need in needs:
            symbols.resolve(need)
        return super().rebuild(target_context, kept)

    def check_cachable(self, cres: Any) -> bool:
        return symbols.can_be_kept(cres) or super().check_cachable(cres)


class CheckedFile(IndexDataCacheFile):
    """Files whose machine code is checked before it runs: a file says what it holds, and a digest
    says whether that is what was written.

    Numba's index names a file before the file is written. Until then an older one may lie there,
    or, where two processes compile one kernel for different types, the other's.
    """

    def __init__(self, path: str, base: str, function: Any, stamp: str):
        super().__init__(path, base, stamp)
        self._function, self._files = function, stamp
        self._is_ours = PACKAGE in Path(function.__code__.co_filename).resolve().parents

    @property
    def _source_stamp(self) -> str:
        # asked for late: what a kernel names may be defined after it
        return self._files if self._is_ours else self._files + value_stamp(self._function, set())

    @_source_stamp.setter
    def _source_stamp(self, stamp: str) -> None:
        """Numba's constructor sets it."""

    def _load_index(self) -> dict:
        try:
            return super()._load_index()
        except Exception as error:  # whatever a damaged pickle may raise
            complain(self._cache_path, error)
            return {}

    def save(self, key: Any, data: Any) -> None:
        super().save(key, (key, data))

    def load(self, key: Any) -> Any:
        kept, data = super().load(key) or (None, None)
        return data if kept == key else None

    def _save_data(self, name: str, data: Any) -> None:
        content = digest(self._source_stamp.encode()) + self._dump(data)
        with self._open_for_write(self._data_path(name)) as file:
            file.write(digest(content) + content)

    def _load_data(self, name: str) -> Any:
        file = Path(self._data_path(name)).read_bytes()
        content, packed = file[DIGEST_BYTES:], file[2 * DIGEST_BYTES :]
        if file[:DIGEST_BYTES] != digest(content):
            raise ValueError("a file is damaged")
        fresh = content[:DIGEST_BYTES] == digest(self._source_stamp.encode())
        return pickle.loads(packed) if fresh else None


def digest(content: bytes) -> bytes:
    """What tells two contents apart, in DIGEST_BYTES."""
    return hashlib.sha256(content).digest()


class KernelCache(FunctionCache):
    """A kernel's compiled forms on disk. Where they cannot be kept it is compiled all the same."""

    _impl_class = Format

    def __init__(self, function: Any):
        super().__init__(function)
        base, stamp = self._impl.filename_base, self._impl.locator.get_source_stamp()
        self._cache_file = CheckedFile(self._cache_path, base, function, stamp)

    # What a signal's handler raises meanwhile is no fault of the cache

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        with Interruption():
            try:
                return super().load_overload(sig, target_context)
            except Exception as error:  # of the disk, or of what is on it
                complain(self._cache_path, error)
                return None

    def save_overload(self, sig: Any, data: Any) -> None:
        with Interruption():
            try:
                super().save_overload(sig, data)
            except Exception as error:
                complain(self._cache_path, error)


_complained: set[str] = set()


def complain(folder: str, error: Exception) -> None:
    """Warn that kernels are compiled anew: once in a process, however many they are and whatever
    ails each.

    Where warnings are errors it is shown all the same, not raised: in the middle of a compilation
    Numba would take it for an error in the kernel, and the work can be done.
    """
    where = str(Path(folder).parent)
    if where in _complained:  # Python's own memory of warnings is lost when any filter changes
        return
    _complained.add(where)
    reason = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
    warning = RuntimeWarning(
        f"the cache of compiled kernels in {where} failed ({reason}), so kernels are compiled anew"
    )
    try:
        warnings.warn(warning, stacklevel=1)
    except RuntimeWarning:
        warnings.showwarning(warning, RuntimeWarning, __file__, 0)
