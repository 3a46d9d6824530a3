"""The cache of compiled kernels, tried on one kernel in this process: whose code is loaded."""

import errno
import os
import shutil
import signal
import warnings
from pathlib import Path

import numba
import numpy as np
import pytest

from tests.support.jit import needs_jit
from tests.support.kernel_caches import check_warned, cut, everything, flip
from tinyae.machine import cache, jit


def thrice(x):
    for i in range(x.size):
        x[i] *= 3


@pytest.fixture
def compile_in(monkeypatch):
    """Runs a new kernel with its cache in some folder; whether it was loaded, and the warnings."""

    def run(folder, dtype="float64", filters="default"):
        monkeypatch.setattr(numba.config, "CACHE_DIR", str(folder))
        monkeypatch.setattr(cache, "_complained", set())
        dispatcher, x = jit.kernel(thrice), np.ones(2, dtype)
        with warnings.catch_warnings(record=True) as shown:
            warnings.simplefilter(filters)
            dispatcher(x)
        assert x.tolist() == [3, 3]
        hits, misses = dispatcher.stats.cache_hits, dispatcher.stats.cache_misses
        assert sum(hits.values()) + sum(misses.values()) == 1
        return bool(hits), [f"{each.category.__name__}: {each.message}" for each in shown]

    return run


LOADED, COMPILED = (True, []), (False, [])


@pytest.fixture
def kept(compile_in, tmp_path):
    """A cache folder in which the kernel is."""
    folder = tmp_path / "kept"
    assert compile_in(folder) == COMPILED
    assert compile_in(folder) == LOADED
    return folder


def check_compiled_with_one_warning(result, folder):
    loaded, shown = result
    assert not loaded
    check_warned(shown, folder)


def only(folder, suffix):
    (path,) = folder.rglob(f"*.{suffix}")
    return path


@needs_jit
@pytest.mark.parametrize("damage", [cut, flip, lambda path: path.write_bytes(b"")])
def test_damaged_code_is_compiled_anew_and_heals(compile_in, kept, damage):
    damage(only(kept, "nbc"))
    check_compiled_with_one_warning(compile_in(kept), kept)
    assert compile_in(kept) == LOADED


@needs_jit
def test_no_wrong_bit_in_the_code_goes_unnoticed(compile_in, kept):
    path = only(kept, "nbc")
    whole = path.read_bytes()
    for place in (0, cache.DIGEST_BYTES, 2 * cache.DIGEST_BYTES, len(whole) // 3, len(whole) - 1):
        content = bytearray(whole)
        content[place] ^= 1
        path.write_bytes(content)
        check_compiled_with_one_warning(compile_in(kept), kept)


@needs_jit
def test_a_damaged_index_is_written_anew(compile_in, kept):
    """With or without a warning: it may be a valid one of something else."""
    path = only(kept, "nbi")
    whole = path.read_bytes()
    for place in range(0, len(whole), len(whole) // 15):
        content = bytearray(whole)
        content[place] ^= 255
        path.write_bytes(content)
        _, shown = compile_in(kept)
        if shown:
            check_warned(shown, kept)
        assert compile_in(kept) == LOADED
    path.write_bytes(b"")
    check_compiled_with_one_warning(compile_in(kept), kept)
    assert compile_in(kept) == LOADED


@needs_jit
def test_missing_files_are_no_damage(compile_in, kept):
    for suffix in ("nbc", "nbi"):
        only(kept, suffix).unlink()
        assert compile_in(kept) == COMPILED
        assert compile_in(kept) == LOADED


@needs_jit
def test_on_a_full_disk_nothing_half_written_stays(compile_in, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    result = compile_in(tmp_path)
    check_compiled_with_one_warning(result, tmp_path)
    assert "(No space left on device)" in result[1][0]
    assert everything(tmp_path) == set()


@needs_jit
def test_a_folder_that_may_be_read_only_is_read(compile_in, kept):
    folder = only(kept, "nbc").parent
    folder.chmod(0o500)
    try:
        if os.access(folder, os.W_OK):
            pytest.skip("this user may write everywhere")
        assert compile_in(kept) == LOADED
        check_compiled_with_one_warning(compile_in(kept, "float32"), kept)
    finally:
        folder.chmod(0o700)


@needs_jit
@pytest.mark.parametrize("suffix", ["nbc", "nbi"])
def test_a_folder_in_the_place_of_a_file_is_no_obstacle(compile_in, kept, suffix):
    path = only(kept, suffix)
    path.unlink()
    path.mkdir()
    check_compiled_with_one_warning(compile_in(kept), kept)


@needs_jit
def test_where_warnings_are_errors_it_is_shown_and_the_work_is_done(compile_in, tmp_path):
    """Numba would take an error for one in the kernel, or for a type that does not fit."""
    folder = tmp_path / "file"
    folder.write_text("in the way")
    check_compiled_with_one_warning(compile_in(folder, filters="error"), folder)


@needs_jit
def test_who_wants_no_warnings_gets_none(compile_in, tmp_path):
    folder = tmp_path / "file"
    folder.write_text("in the way")
    assert compile_in(folder, filters="ignore") == COMPILED


@needs_jit
def test_a_file_that_another_process_wrote_for_another_type_is_not_run(compile_in, kept, tmp_path):
    """As when both found no file yet, and each took the first number."""
    other = tmp_path / "other"
    assert compile_in(other, "float32") == COMPILED
    shutil.copy(only(other, "nbc"), only(kept, "nbc"))
    assert compile_in(kept) == COMPILED
    assert compile_in(kept) == LOADED


@needs_jit
def test_a_file_of_older_sources_is_neither_run_nor_called_damaged(compile_in, kept, monkeypatch):
    """As when another process has written the new index and not yet the new file."""
    older = only(kept, "nbc").read_bytes()
    monkeypatch.setattr(cache, "STAMP", "newer")
    assert compile_in(kept) == COMPILED
    only(kept, "nbc").write_bytes(older)
    assert compile_in(kept) == COMPILED
    assert compile_in(kept) == LOADED


@needs_jit
def test_a_user_without_a_home_folder_can_compile(compile_in, monkeypatch):
    def nowhere():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", nowhere)
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    assert compile_in("") == COMPILED


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX sends them")
def test_what_a_signals_handler_raises_is_no_fault_of_the_cache(monkeypatch):
    class Timeout(Exception):
        pass

    def alarm(number, frame):
        raise Timeout

    def load(*arguments):
        signal.raise_signal(signal.SIGALRM)

    monkeypatch.setattr(cache.FunctionCache, "load_overload", load)
    before = signal.signal(signal.SIGALRM, alarm)
    with pytest.raises(Timeout):
        cache.KernelCache(cache.digest).load_overload(None, None)
    signal.signal(signal.SIGALRM, before)
