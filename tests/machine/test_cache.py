"""The cache of compiled kernels: where it lies, whose code is loaded, and what is done without."""

import errno
import json
import os
import shutil
import signal
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numba
import numpy as np
import pytest

from tests.support.fresh_python import PACKAGE, run_python
from tinyae.machine import cache, jit
from tinyae.machine.numba_parts import DISABLED
from tinyae.version import __version__

needs_jit = pytest.mark.skipif(DISABLED, reason="nothing is compiled")

# Trains, and tells how many kernels were compiled and how many loaded, and what was warned of.
TRAIN = """
import json, sys, warnings
import numpy as np
shown = []
warnings.showwarning = lambda message, kind, *_: shown.append(f"{kind.__name__}: {message}")
import tinyae as tae
from tinyae.machine import blas
x = np.linspace(-1, 1, 64).reshape(16, 4) ** 2
ae = tae.Autoencoder([tae.Dense(3, "leaky_relu")], [tae.Dense(4)], threads=1)
losses = ae.fit(x, epochs=3, batch_size=5, verbose=0)["loss"]
modules = [vars(module) for name, module in list(sys.modules.items()) if name[:6] == "tinyae"]
found = {id(each): each for names in modules for each in names.values()}.values()
stats = {
    f"{each.__module__}.{each.__name__}": each.stats
    for each in found if hasattr(each, "py_func")
}
print(json.dumps({
    "losses": losses, "parameters": ae.parameters.tobytes().hex(),
    "package": tae.__path__[0], "blas": blas.BLAS.spelling,
    "loaded": sorted(name for name in stats if stats[name].cache_hits),
    "compiled": sorted(name for name in stats if stats[name].cache_misses),
    "shown": shown,
}))
"""
# What the training loads: all that it calls by address, and the loop. The rest is part of these.
KERNELS = [
    "tinyae.engine.loop.train",
    "tinyae.layers.dense.backward",
    "tinyae.layers.dense.forward",
    "tinyae.maths.activations.leaky_relu",
    "tinyae.maths.activations.leaky_relu_backward",
    "tinyae.maths.losses.mse",
    "tinyae.maths.optimizers.adam_step",
]


def train(code=TRAIN, **options):
    return json.loads(run_python(code, filters=(), **options))


def everything(folder):
    return {path.relative_to(folder) for path in folder.rglob("*") if not path.is_dir()}


def at_home(home):
    """The environment of a user whose home folder this is, and who set no folder of Numba's."""
    names = ("HOME", "USERPROFILE", "XDG_CACHE_HOME", "LOCALAPPDATA")
    return dict.fromkeys(names, str(home)) | {"NUMBA_CACHE_DIR": ""}


@needs_jit
def test_one_cache_serves_both_products():
    found = train()  # fills the cache, if need be
    portable = train("from tinyae.machine import threads; threads.libraries = tuple\n" + TRAIN)
    assert portable["blas"] == "portable"
    assert (portable["loaded"], portable["compiled"]) == (KERNELS, [])
    np.testing.assert_allclose(portable["losses"], found["losses"], rtol=1e-5)


@needs_jit
def test_compiled_kernels_compute_what_plain_python_does():
    plain = train(NUMBA_DISABLE_JIT="1")
    assert (plain["loaded"], plain["compiled"]) == ([], [])
    np.testing.assert_allclose(plain["losses"], train()["losses"], rtol=1e-5)


class Runs(NamedTuple):
    """The same training by a copy of the package, whose kernels lie in the user's cache folder."""

    package: Path
    home: Path
    at_once: list  # by processes that all find no kernel, or another's
    again: dict


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("copied")
    package, home = folder / "package" / "tinyae", folder / "home"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))

    def run(_):
        return train(package=package, **at_home(home))

    with ThreadPoolExecutor(4) as pool:
        at_once = list(pool.map(run, range(4)))
    return Runs(package, home, at_once, run(None))


@needs_jit
def test_processes_that_start_at_once_from_nothing_do_not_disturb_each_other(runs):
    for result in runs.at_once:
        assert result["package"] == str(runs.package)
        assert result["parameters"] == runs.again["parameters"]
        assert result["losses"] == runs.again["losses"]
        assert set(KERNELS) <= {*result["compiled"], *result["loaded"]}
        assert result["shown"] == []


@needs_jit
def test_unchanged_sources_are_not_compiled_again(runs):
    assert (runs.again["loaded"], runs.again["compiled"]) == (KERNELS, [])
    assert runs.again["shown"] == []


@needs_jit
def test_kernels_lie_in_the_users_cache_folder_and_not_beside_the_sources(runs):
    before = {path for path in everything(PACKAGE) if path.suffix != ".pyc"}
    new = everything(runs.package) - before
    assert {(path.parent.name, path.suffix) for path in new} <= {("__pycache__", ".pyc")}
    kept = everything(runs.home)
    assert {path.suffix for path in kept} == {".nbi", ".nbc"}
    assert {path.parents[1].name for path in kept} == {f"kernels-{__version__}"}
    assert {path.parents[2].name for path in kept} == {"tinyae"}


@needs_jit
def test_an_edit_in_another_file_is_noticed(runs):
    # leaky_relu is called by address, by what train calls by address
    source = runs.package / "maths" / "plain.py"
    text = source.read_text(encoding="utf-8")
    assert text.count("LEAKY_SLOPE = 0.2  ") == 1
    source.write_text(text.replace("LEAKY_SLOPE = 0.2  ", "LEAKY_SLOPE = 0.7  "), encoding="utf-8")
    shutil.copytree(runs.home, home := runs.home.with_name("home of the editor"))
    try:
        edited = train(package=runs.package, **at_home(home))
    finally:
        source.write_text(text, encoding="utf-8")
    assert set(KERNELS) <= set(edited["compiled"])
    assert (edited["loaded"], edited["shown"]) == ([], [])
    assert abs(edited["losses"][-1] - runs.again["losses"][-1]) > 1e-3


# A cache that fails


def check_warned(shown, folder):
    """There was one warning, which names the folder."""
    assert len(shown) == 1, shown
    assert shown[0].startswith("RuntimeWarning: the cache of compiled kernels in ")
    assert f" {folder / 'tinyae' / 'kernels-'}{__version__} failed (" in shown[0]


def check_done_without(result, expected, folder):
    """The numbers are the same as with the cache."""
    assert result["parameters"] == expected["parameters"]
    assert result["losses"] == expected["losses"]
    assert (result["loaded"], set(KERNELS) - set(result["compiled"])) == ([], set())
    check_warned(result["shown"], folder)


@needs_jit
def test_with_nowhere_to_write_the_training_is_done(runs, tmp_path):
    """Not even root can make this folder."""
    (tmp_path / "file").write_text("in the way")
    folder = tmp_path / "file" / "cache"
    result = train(package=runs.package, NUMBA_CACHE_DIR=str(folder))
    check_done_without(result, runs.again, folder)
    assert everything(tmp_path) == {Path("file")}


def cut(path):
    path.write_bytes(path.read_bytes()[:-9])


def flip(path):
    """One bit in the middle: of the machine code, or of what numbers and names it is made from."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 16
    path.write_bytes(content)


@needs_jit
def test_with_a_damaged_cache_the_training_is_done_and_the_cache_heals(runs, tmp_path):
    """Half of the kernels have a truncated index, half of them a wrong bit in their code."""
    (kernels,) = runs.home.rglob("kernels-*")
    shutil.copytree(kernels, tmp_path / "tinyae" / kernels.name)
    options = {"package": runs.package, "NUMBA_CACHE_DIR": str(tmp_path)}
    for i, name in enumerate(sorted({path.with_suffix("") for path in tmp_path.rglob("*.nbi")})):
        if i % 2 == 0:
            cut(name.with_name(name.name + ".nbi"))
        else:
            flip(name.with_name(name.name + ".1.nbc"))
    check_done_without(train(**options), runs.again, tmp_path)
    healed = train(**options)
    assert (healed["loaded"], healed["compiled"], healed["shown"]) == (KERNELS, [], [])
    assert healed["parameters"] == runs.again["parameters"]


# What is tried on one kernel in this process, which takes no time


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
