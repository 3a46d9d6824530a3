"""The cache of compiled kernels: whose code is loaded, and when it is not."""

import json
import shutil

import numpy as np
import pytest

from tests.support.fresh_python import PACKAGE, run_python
from tinyae.machine import jit

needs_jit = pytest.mark.skipif(jit.DISABLED, reason="nothing is compiled")

TRAIN = """
import json, numpy as np, tinyae as tae
from tinyae.maths import activations
from tinyae.engine import signatures as dispatch
from tinyae.engine import loop as engine
from tinyae.machine import jit
x = np.linspace(-1, 1, 64).reshape(16, 4) ** 2
ae = tae.Autoencoder([tae.Dense(3, "leaky_relu")], [tae.Dense(4)], threads=1)
losses = ae.fit(x, epochs=3, batch_size=5, verbose=0)["loss"]
stats = getattr(engine.train, "stats", None)
print(json.dumps({
    "losses": losses, "parameters": ae.parameters.tobytes().hex(),
    "package": tae.__path__[0], "blas": jit.BLAS.spelling,
    "hits": sum(stats.cache_hits.values()) if stats else None,
    "misses": sum(stats.cache_misses.values()) if stats else None,
    "kernels_loaded": [
        sum(kernel.stats.cache_hits.values())
        for kernel in (*dispatch.KERNELS[0], *activations.KERNELS["leaky_relu"]) if stats
    ],
}))
"""


def train(code=TRAIN, **options):
    return json.loads(run_python(code, **options))


@needs_jit
def test_one_cache_serves_both_products():
    found = train()  # fills the cache, if need be
    portable = train("from tinyae.machine import blas; blas.SPELLINGS = ()\n" + TRAIN)
    assert portable["blas"] == "portable"
    assert (portable["hits"], portable["misses"], portable["kernels_loaded"]) == (1, 0, [1] * 4)
    np.testing.assert_allclose(portable["losses"], found["losses"], rtol=1e-5)


@needs_jit
def test_compiled_kernels_compute_what_plain_python_does():
    plain = train(NUMBA_DISABLE_JIT="1")
    assert plain["hits"] is None
    np.testing.assert_allclose(plain["losses"], train()["losses"], rtol=1e-5)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The same training by a copied package: compiled, from the cache, and after an edit."""
    folder = tmp_path_factory.mktemp("copied")
    package = folder / "tinyae"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__", "*.npz"))
    options = {"package": package, "NUMBA_CACHE_DIR": str(folder / "cache")}
    first, again = train(**options), train(**options)
    assert first["package"] == str(package)
    # these kernels are called by address, by what engine.train calls by address
    source = package / "maths" / "activations.py"
    text = source.read_text(encoding="utf-8")
    assert text.count("LEAKY_SLOPE = 0.2\n") == 1
    source.write_text(text.replace("LEAKY_SLOPE = 0.2\n", "LEAKY_SLOPE = 0.7\n"), encoding="utf-8")
    return first, again, train(**options, NUMBA_OPT="1")  # quick to compile


@needs_jit
def test_unchanged_sources_are_not_compiled_again(runs):
    first, again, _ = runs
    assert (first["hits"], first["misses"], first["kernels_loaded"]) == (0, 1, [0] * 4)
    assert (again["hits"], again["misses"], again["kernels_loaded"]) == (1, 0, [1] * 4)


@needs_jit
def test_an_edit_in_another_file_is_noticed(runs):
    first, _, edited = runs
    assert (edited["misses"], edited["kernels_loaded"]) == (1, [0] * 4)
    assert abs(edited["losses"][-1] - first["losses"][-1]) > 1e-3


@needs_jit
def test_loaded_kernels_give_the_same_bytes_as_fresh_ones(runs):
    first, again, _ = runs
    assert again["parameters"] == first["parameters"]
    assert again["losses"] == first["losses"]


@needs_jit
def test_with_nowhere_to_write_all_still_works(tmp_path):
    """Neither beside the package, nor in the home folder: not even root can make these folders."""
    package, nowhere = tmp_path / "tinyae", str(tmp_path / "file" / "below")
    (tmp_path / "file").write_text("in the way")
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__", "*.npz"))
    for folder in {source.parent for source in package.rglob("*.py")}:
        (folder / "__pycache__").write_text("in the way")
    files = sorted(tmp_path.rglob("*"))
    homes = dict.fromkeys(("HOME", "USERPROFILE", "XDG_CACHE_HOME", "LOCALAPPDATA"), nowhere)
    # NUMBA_OPT=0: this compiles everything, quickly
    result = train(package=package, **homes, NUMBA_CACHE_DIR="", NUMBA_OPT="0")
    assert (result["package"], result["hits"]) == (str(package), 0)
    np.testing.assert_allclose(result["losses"], train()["losses"], rtol=1e-4)
    assert sorted(tmp_path.rglob("*")) == files


@needs_jit
def test_a_cache_folder_that_cannot_be_made_is_no_obstacle(tmp_path):
    (tmp_path / "file").write_text("in the way")
    code = "from tinyae.machine import products; import numpy as np; C = np.empty((1, 1))\n"
    code += "products.product(np.eye(1), np.eye(1), C, False); print(C[0, 0])"
    assert run_python(code, NUMBA_CACHE_DIR=str(tmp_path / "file" / "cache")) == "1.0"


def test_the_stamp_changes_with_every_source_its_name_and_the_versions(tmp_path):
    (tmp_path / "layers").mkdir()
    (tmp_path / "a.py").write_text("x = 1")
    (tmp_path / "layers" / "b.py").write_text("y = 1")

    def stamp(versions="1 2"):
        return jit.cache_stamp(tmp_path, versions)

    seen = [stamp()]
    assert stamp() == seen[0]
    seen.append(stamp("1 3"))
    (tmp_path / "layers" / "b.py").write_text("y = 2")
    seen.append(stamp())
    (tmp_path / "layers" / "b.py").rename(tmp_path / "layers" / "c.py")
    seen.append(stamp())
    (tmp_path / "new.py").write_text("")
    seen.append(stamp())
    assert len(set(seen)) == len(seen)
    (tmp_path / "notes.txt").write_text("no source")
    assert stamp() == seen[-1]


def test_the_stamp_tells_where_one_file_ends(tmp_path):
    """The same text, cut into files at another place, is another package."""
    stamps = []
    for files in ({"a.py": "x = 1b.pyy = 2"}, {"a.py": "x = 1", "b.py": "y = 2"}):
        folder = tmp_path / str(len(files))
        folder.mkdir()
        for file, content in files.items():
            (folder / file).write_text(content)
        stamps.append(jit.cache_stamp(folder, ""))
    assert stamps[0] != stamps[1]


@needs_jit
def test_a_numba_that_keeps_its_stamp_elsewhere_gets_no_cache(monkeypatch):
    """A stamp that Numba does not read must not let old code be loaded."""
    from numba.core import caching

    made = caching.IndexDataCacheFile.__init__

    def renamed(self, *arguments, **options):
        made(self, *arguments, **options)
        self._stamp_of_the_source = self.__dict__.pop("_source_stamp")

    monkeypatch.setattr(caching.IndexDataCacheFile, "__init__", renamed)
    dispatcher = jit.kernel(test_a_numba_that_keeps_its_stamp_elsewhere_gets_no_cache)
    assert isinstance(dispatcher._cache, caching.NullCache)


@needs_jit
def test_kernels_are_cached_under_the_packages_stamp():
    from tinyae.engine import loop as engine

    assert len(jit.STAMP) == 64
    assert engine.train._cache._cache_file._source_stamp == jit.STAMP
