"""The cache of compiled kernels in whole trainings: where it lies, and what is done without."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from tests.support.fresh_python import PACKAGE, run_python
from tests.support.jit import needs_jit
from tests.support.kernel_caches import check_warned, cut, everything, flip
from tinyae.version import __version__

# Trains, and tells how many kernels were compiled and how many loaded, and what was warned of.
TRAIN = """
import json, sys, warnings
import numpy as np
shown = []
warnings.showwarning = lambda message, kind, *_: shown.append(f"{kind.__name__}: {message}")
import tinyae as tae
from tinyae.blas import blas
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
    "tinyae.engine.gradients.add_gradients",
    "tinyae.engine.loop.train",
    "tinyae.engine.updates.update",
    "tinyae.layers.dense.backward",
    "tinyae.layers.dense.forward",
    "tinyae.maths.activations.leaky_relu",
    "tinyae.maths.activations.leaky_relu_backward",
    "tinyae.maths.losses.mse",
    "tinyae.maths.optimizers.adam_step",
]


def train(code=TRAIN, **options):
    return json.loads(run_python(code, filters=(), **options))


def at_home(home):
    """The environment of a user whose home folder this is, and who set no folder of Numba's."""
    names = ("HOME", "USERPROFILE", "XDG_CACHE_HOME", "LOCALAPPDATA")
    return dict.fromkeys(names, str(home)) | {"NUMBA_CACHE_DIR": ""}


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

    with ThreadPoolExecutor(2) as pool:
        at_once = list(pool.map(run, range(2)))
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
def test_kernels_of_the_other_product_are_kept_beside_them(runs):
    no_blas = "import sys; sys.modules['scipy'] = None\n"
    no_blas += "from tinyae.system import threads; threads.libraries = tuple\n"
    here = {"package": runs.package, **at_home(runs.home)}
    train(no_blas + TRAIN, **here)
    again = train(no_blas + TRAIN, **here)
    assert (again["blas"], again["loaded"], again["compiled"]) == ("portable", KERNELS, [])
    np.testing.assert_allclose(again["losses"], runs.again["losses"], rtol=1e-5)
    assert train(**here) == runs.again


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
