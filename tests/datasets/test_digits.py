"""The data sets: mirrors that fail, and the figures of the real MNIST."""

import contextlib
import gzip
import hashlib
import http.server
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from tests.support.idx_files import idx_bytes, peak_memory
from tinyae import datasets
from tinyae.datasets import fetch
from tinyae.datasets.digits import MINI_FILE
from tools import build_mini

NOT_HTTP = b"this is not HTTP\r\n"


# ------------------------------------------------- where MNIST comes from, with a tiny stand-in


@pytest.fixture
def tiny(monkeypatch):
    """Four small files that take the place of the published ones: name -> IDX bytes."""
    rng = np.random.default_rng(0)
    contents = {}
    for name, count in zip(fetch.FILES, (90, 90, 60, 60), strict=True):
        array = rng.integers(0, 10, count, dtype=np.uint8)
        if "images" in name:  # mostly background, as in the real images: gzip makes them smaller
            array = rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)
            array[rng.random(array.shape) < 0.8] = 0
        contents[name] = idx_bytes(array)
    originals = {
        name: fetch.Original(len(content), hashlib.sha256(content).hexdigest())
        for name, content in contents.items()
    }
    monkeypatch.setattr(fetch, "FILES", originals)
    return contents


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """The user's cache, elsewhere than the real one."""
    monkeypatch.delenv("TINYAE_DATA", raising=False)
    monkeypatch.setattr(fetch, "cache_folder", lambda: tmp_path / "cache" / "mnist")
    return tmp_path / "cache" / "mnist"


@pytest.fixture
def server(monkeypatch):
    """A local web server; `pages` maps a path to its body, `asked` lists what was asked for."""

    class Handler(http.server.BaseHTTPRequestHandler):
        wbufsize = -1  # header and body leave together; apart, the second waits for the network

        def do_GET(self):
            self.server.asked.append(self.path)
            body = self.server.pages.get(self.path)
            if body == NOT_HTTP:
                self.wfile.write(body)
                return
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            with contextlib.suppress(ConnectionError):  # the other side may have had enough
                self.wfile.write(body or b"")

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.pages, running.asked = {}, []
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        address = f"http://127.0.0.1:{running.server_port}"
        monkeypatch.setattr(fetch, "MIRRORS", (f"{address}/one/", f"{address}/two/"))
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def publish(server, mirror, contents):
    for name, content in contents.items():
        server.pages[f"/{mirror}/{name}.gz"] = gzip.compress(content)


def write_files(folder, contents, pack=gzip.compress, suffix=".gz"):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / f"{name}{suffix}").write_bytes(pack(content))


def assert_is_tiny(data, tiny):
    (x_train, y_train), (x_test, y_test) = data
    loaded = (x_train * 255, y_train, x_test * 255, y_test)
    for array, content, offset in zip(loaded, tiny.values(), (16, 8, 16, 8), strict=True):
        expected = np.frombuffer(content, np.uint8, offset=offset)
        np.testing.assert_array_equal(np.rint(array).ravel(), expected)


@pytest.mark.parametrize(("pack", "suffix"), [(bytes, ""), (gzip.compress, ".gz")])
def test_mnist_from_an_explicit_folder(tiny, cache, server, tmp_path, pack, suffix):
    write_files(tmp_path / "mine", tiny, pack, suffix)
    assert_is_tiny(datasets.mnist(tmp_path / "mine"), tiny)
    assert_is_tiny(datasets.mnist(str(tmp_path / "mine")), tiny)
    assert server.asked == []
    assert not cache.exists()


def test_mnist_from_the_environment_unless_a_path_is_given(tiny, cache, tmp_path, monkeypatch):
    write_files(tmp_path / "mine", tiny)
    monkeypatch.setenv("TINYAE_DATA", str(tmp_path / "mine"))
    assert_is_tiny(datasets.mnist(), tiny)
    monkeypatch.setenv("TINYAE_DATA", str(tmp_path / "nowhere"))
    assert_is_tiny(datasets.mnist(tmp_path / "mine"), tiny)


@pytest.mark.parametrize("by_path", [True, False])
def test_mnist_downloads_nothing_into_a_folder_that_was_named(
    tiny, cache, server, tmp_path, monkeypatch, by_path
):
    publish(server, "one", tiny)
    write_files(tmp_path / "mine", tiny)
    (tmp_path / "mine" / "t10k-labels-idx1-ubyte.gz").unlink()
    monkeypatch.setenv("TINYAE_DATA", str(tmp_path / ("nowhere" if by_path else "mine")))
    with pytest.raises(FileNotFoundError, match=r"t10k-labels-idx1-ubyte\.gz nor .* is in .*mine"):
        datasets.mnist(tmp_path / "mine" if by_path else None)
    assert server.asked == []


def test_mnist_refuses_other_data_and_damage_in_a_folder_that_was_named(tiny, tmp_path):
    name = "train-labels-idx1-ubyte"
    write_files(tmp_path, tiny)
    changed = tiny[name][:-1] + bytes([tiny[name][-1] ^ 1])
    for content in (changed, tiny[name][:-1], tiny[name] + b"\0"):
        write_files(tmp_path, {name: content})
        with pytest.raises(ValueError, match=rf"{name}\.gz is not MNIST's {name}: the SHA-256"):
            datasets.mnist(tmp_path)
    write_files(tmp_path, {name: tiny[name]}, lambda content: gzip.compress(content)[:-3])
    with pytest.raises(ValueError, match=rf"{name}\.gz is a damaged gzip file"):
        datasets.mnist(tmp_path)


def test_mnist_decompresses_no_more_than_the_published_size(tiny, tmp_path):
    content = tiny["train-labels-idx1-ubyte"] + bytes(50_000_000)
    write_files(tmp_path, tiny)
    write_files(tmp_path, {"train-labels-idx1-ubyte": content})

    def load():
        with pytest.raises(ValueError, match="SHA-256"):
            datasets.mnist(tmp_path)

    assert peak_memory(load) < 5e6


def test_mnist_downloads_once_into_the_cache(tiny, cache, server):
    publish(server, "one", tiny)
    assert_is_tiny(datasets.mnist(), tiny)
    assert server.asked == [f"/one/{name}.gz" for name in tiny]
    assert sorted(os.listdir(cache)) == sorted(f"{name}.gz" for name in tiny)
    assert_is_tiny(datasets.mnist(), tiny)
    assert len(server.asked) == 4


def test_mnist_replaces_only_the_damaged_file_of_the_cache(tiny, cache, server):
    publish(server, "one", tiny)
    write_files(cache, tiny)
    name = "t10k-images-idx3-ubyte"
    write_files(cache, {name: b"not this"})
    assert_is_tiny(datasets.mnist(), tiny)
    assert server.asked == [f"/one/{name}.gz"]
    assert gzip.decompress((cache / f"{name}.gz").read_bytes()) == tiny[name]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda body: None,
        lambda body: NOT_HTTP,
        lambda body: b"<html>moved</html>",
        lambda body: body[:-20],
        lambda body: gzip.compress(gzip.decompress(body)[:-1] + b"\xff"),
        lambda body: body + b"x" * 50_000_000,
    ],
    ids=["404", "not HTTP", "web page", "cut short", "changed", "flood"],
)
def test_mnist_passes_on_to_the_next_mirror(tiny, cache, server, spoil):
    publish(server, "one", tiny)
    publish(server, "two", tiny)
    bad = "/one/train-images-idx3-ubyte.gz"
    server.pages[bad] = spoil(server.pages[bad])
    assert peak_memory(lambda: assert_is_tiny(datasets.mnist(), tiny)) < 20e6
    assert server.asked[:2] == [bad, bad.replace("one", "two")]
    assert sorted(os.listdir(cache)) == sorted(f"{name}.gz" for name in tiny)


def test_mnist_says_what_to_do_when_every_mirror_fails(tiny, cache, server):
    publish(server, "two", {name: b"wrong" for name in tiny})
    with pytest.raises(OSError, match="train-images-idx3-ubyte could not be downloaded") as caught:
        datasets.mnist()
    message = str(caught.value)
    assert "/one/train-images-idx3-ubyte.gz: <HTTPError 404" in message
    assert "SHA-256" in message
    assert f"into {cache}" in message
    assert all(name in message for name in (*tiny, "TINYAE_DATA"))
    assert os.listdir(cache) == []


def test_mnist_says_what_to_do_when_nothing_answers_or_the_cache_cannot_be_written(
    tiny, cache, server, monkeypatch
):
    cache.parent.mkdir()
    cache.write_text("a file where the folder should be")
    publish(server, "one", tiny)
    with pytest.raises(OSError, match="put train-images"):
        datasets.mnist()
    cache.unlink()
    monkeypatch.setattr(fetch, "MIRRORS", ("http://127.0.0.1:1/",))
    with pytest.raises(OSError, match="put train-images"):
        datasets.mnist()


@pytest.mark.parametrize(
    ("platform", "variable", "default"),
    [
        ("linux", "XDG_CACHE_HOME", ".cache"),
        ("darwin", None, "Library/Caches"),
        ("win32", "LOCALAPPDATA", "AppData/Local"),
    ],
)
def test_cache_folder_follows_the_system(monkeypatch, tmp_path, platform, variable, default):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    assert fetch.cache_folder() == tmp_path / default / "tinyae" / "mnist"
    if variable:
        monkeypatch.setenv(variable, str(tmp_path / "own"))
        assert fetch.cache_folder() == tmp_path / "own" / "tinyae" / "mnist"


# ------------------------------------------------------------------------------ the real digits


def test_mini_shapes_types_and_values():
    (x_train, y_train), (x_test, y_test) = datasets.mnist_mini()
    for x, y, n in ((x_train, y_train, 6000), (x_test, y_test, 1000)):
        assert (x.shape, x.dtype) == ((n, 784), np.float32)
        assert (y.shape, y.dtype) == ((n,), np.int64)
        assert (x.min(), x.max()) == (0, 1)
        assert set(y.tolist()) == set(range(10))
    assert y_train[:5].tolist() == [5, 0, 4, 1, 9]
    assert y_test[:5].tolist() == [7, 2, 1, 0, 4]


def test_mini_digits_and_images():
    (x, y), _ = datasets.mnist_mini()
    (some, labels), (some_test, _) = datasets.mnist_mini(digits=(6, 1, 5), images=True)
    assert (some.shape, some_test.shape) == ((1793, 28, 28, 1), (300, 28, 28, 1))
    keep = (y == 1) | (y == 5) | (y == 6)
    np.testing.assert_array_equal(labels, y[keep])
    np.testing.assert_array_equal(some.reshape(-1, 784), x[keep])
    (again, _), _ = datasets.mnist_mini(digits=np.array([1, 5, 6]))
    np.testing.assert_array_equal(again, x[keep])


@pytest.mark.parametrize("digits", [(), 5, (1, 10), (-1,), (1.0,), "15", (True,), [[1]], (None,)])
def test_bad_digits_are_refused_before_anything_is_loaded(digits, tmp_path):
    for load in (datasets.mnist_mini, lambda digits: datasets.mnist(tmp_path, digits=digits)):
        with pytest.raises(ValueError, match=r"digits must be"):
            load(digits=digits)


def test_mini_is_small_and_says_whose_it_is():
    assert MINI_FILE.stat().st_size < 1.2e6
    notice = MINI_FILE.with_name("MNIST.md").read_text(encoding="utf-8")
    for text in (notice, datasets.mnist.__doc__, datasets.mnist_mini.__doc__):
        for word in ("LeCun", "Cortes", "Burges", "SA 3.0"):
            assert word in text.replace("ShareAlike", "SA")


def test_real_mnist(mnist_folder):
    (x, y), (x_test, y_test) = datasets.mnist(mnist_folder)
    assert (x.shape, x_test.shape) == ((60000, 784), (10000, 784))
    assert np.isin(y, (1, 5, 6)).sum() == 18081
    assert np.isin(y_test, (1, 5, 6)).sum() == 2985
    (mini, mini_y), (mini_test, mini_y_test) = datasets.mnist_mini()
    for small, full in ((mini, x), (mini_y, y), (mini_test, x_test), (mini_y_test, y_test)):
        np.testing.assert_array_equal(small, full[: len(small)])


def test_real_mnist_digits(mnist_folder):
    (x, y), (x_test, y_test) = datasets.mnist(mnist_folder, digits=(1, 5, 6), images=True)
    assert (x.shape, x.dtype) == ((18081, 28, 28, 1), np.float32)
    assert x_test.shape == (2985, 28, 28, 1)
    assert set(y.tolist()) == set(y_test.tolist()) == {1, 5, 6}


def test_mini_is_built_from_the_real_files_always_alike(mnist_folder, tmp_path):
    one, two = tmp_path / "one.npz", tmp_path / "two.npz"
    build_mini.build(mnist_folder, one)
    build_mini.build(mnist_folder, two)
    assert one.read_bytes() == two.read_bytes()
    with np.load(one) as built, np.load(MINI_FILE) as bundled:
        assert built.files == bundled.files
        for name in built.files:
            assert built[name].dtype == np.uint8
            np.testing.assert_array_equal(built[name], bundled[name])


def test_import_is_light():
    heavy = "numba", "matplotlib", "urllib.request", "ssl", "http.client"
    code = f"import sys, tinyae.datasets; print([m for m in {heavy} if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.strip() == "[]", result.stderr
