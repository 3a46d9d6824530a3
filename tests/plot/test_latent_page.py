"""What a page's file holds; what it does in a browser is tested in tests/browser."""

import base64
import json
import re

import numpy as np
import pytest

import tinyae as tae
from tinyae import plot
from tinyae.checks.tables import percent
from tinyae.linear.pca import PCA
from tinyae.maths.activations import KNOWN
from tinyae.plot.directions import MOST_DIRECTIONS, directions_of
from tinyae.plot.html_file import SCRIPT, STYLE, WEB
from tinyae.primitives import steps

X = np.random.default_rng(0).random((60, 16))


@pytest.fixture
def write(tmp_path):
    """Writes a page; what it holds, as data."""

    def write(model, x=X, labels=None, **options):
        path = plot.page(model, x, labels, tmp_path / "page.html", **options)
        text = path.read_text(encoding="utf-8")
        return json.loads(re.search(r'id="data">(.*?)</script>', text)[1])

    return write


def unpack(packed):
    numbers = np.frombuffer(base64.b64decode(packed["base64"]), f"<f{packed['bits'] // 8}")
    return packed["scale"] * numbers.reshape(packed["shape"]).astype(float)


def deep(*units, inputs=16, **options):
    return tae.Autoencoder(
        [tae.Dense(units[-1])],
        [*(tae.Dense(each, "relu") for each in units[-2::-1]), tae.Dense(inputs)],
        input_shape=(inputs,),
        **options,
    )


def test_every_primitive_and_activation_has_its_javascript():
    text = (WEB / "steps.js").read_text(encoding="utf-8")
    written = re.findall(r"^  (\w+)\(", text.partition("const STEPS = {")[2], re.M)
    assert sorted(written) == sorted(primitive.__name__ for primitive in steps.PRIMITIVES)
    tables = "".join(re.findall(r"const (?:ACTIVATIONS|OF_ROWS) = \{(.*?)\n\};", text, re.S))
    assert {*re.findall(r"^  (\w+)[:,(]", tables, re.M)} == KNOWN.keys() - {"linear"}


def test_one_file_holds_all_of_it(tmp_path):
    path = plot.page(PCA(2).fit(X), X, None, str(tmp_path / "page.html"))
    assert path == tmp_path / "page.html"
    text = path.read_text(encoding="utf-8")
    assert not STYLE.search(text)
    assert not SCRIPT.search(text)
    assert "http:" not in text
    assert "https:" not in text
    assert "default-src 'none'" in text
    for part in WEB.iterdir():
        assert len(part.read_text(encoding="utf-8").splitlines()) <= 400
        if "latent" in part.name and part.suffix != ".html":
            assert part.read_text(encoding="utf-8") in text


def test_codes_of_two_numbers_are_shown_as_they_are(write):
    ae = deep(9, 2)
    found = write(ae, labels=np.arange(60) % 3)
    (way,) = found["ways"]
    assert way["names"] == ["code 0", "code 1"]
    low, high = np.array(way["low"]), np.array(way["high"])
    codes = ae.encode(X)
    span = high - low
    np.testing.assert_allclose(unpack(way["points"]) * span + low, codes, atol=1e-3 * span.max())
    np.testing.assert_allclose(way["start"], np.median(codes, axis=0), rtol=1e-6)
    assert found["labels"] == ["0", "1", "2"]
    assert found["index"] == (np.arange(60) % 3).tolist()
    assert (found["samples"], found["weights"], found["bits"]) == (60, 9 * 2 + 9 + 9 * 16 + 16, 32)
    np.testing.assert_allclose(
        ae.decode(unpack(found["probes"]["codes"])), unpack(found["probes"]["outputs"]), rtol=1e-6
    )


def test_many_weights_have_16_bits_unless_outputs_would_leave_the_models(write):
    ae = deep(400, 250, 2)
    half = write(ae)
    assert half["bits"] == half["decoder"]["steps"][0]["weight"]["bits"] == 16
    # pairs of units alike, of whose large weights only the difference counts
    before, last = (layer.weights["kernel"] for layer in ae.decoder.layers[-2:])
    before[:, 1::2] = before[:, ::2]
    last[::2] += 100
    last[1::2] -= 100
    assert write(ae)["bits"] == 32


@pytest.mark.parametrize(
    ("model", "x", "expected"),
    [
        (PCA(2).fit(X), X, {"kind": "image", "height": 4, "width": 4, "channels": 1}),
        (PCA(2).fit(X[:, :9]), X[:, :9], {"kind": "line", "size": 9}),
        (PCA(1).fit(X[:, :2]), X[:, :2], {"kind": "point"}),
        (
            tae.Autoencoder(
                [tae.Flatten(), tae.Dense(2)], [tae.Dense(12), tae.Reshape((2, 2, 3))], (2, 2, 3)
            ),
            X[:, :12].reshape(-1, 2, 2, 3),
            {"kind": "image", "height": 2, "width": 2, "channels": 3, "ink": False},
        ),
        (  # outputs unlike what goes in
            tae.Autoencoder([tae.Dense(2)], [tae.Dense(5)], input_shape=(16,)),
            X,
            {"kind": "line", "size": 5},
        ),
    ],
)
def test_outputs_are_drawn_as_what_they_are(write, model, x, expected):
    assert expected.items() <= write(model, x)["output"].items()


@pytest.mark.parametrize("dark", [True, False])
def test_dark_images_are_ink(write, dark):
    x = np.where(X > 0.8, X, 0.0 if dark else 0.5)
    assert write(PCA(2).fit(x), x)["output"]["ink"] is dark


def test_limits_of_images_are_those_of_plots(write):
    found = write(PCA(2).fit(3 * X - 1), 3 * X - 1)["output"]
    low, high = np.percentile(3 * X - 1, [1, 99])
    assert (found["low"], found["high"]) == (low, high)


def test_limits_of_bytes_are_those_of_what_the_model_makes_of_them(write):
    x = (255 * X).astype(np.uint8)
    ae = tae.Autoencoder([tae.Rescaling(1 / 255), tae.Dense(2)], [tae.Dense(16)], (16,))
    found = write(ae, x)["output"]
    assert (found["low"], found["high"]) == (0, 1)


def test_of_many_samples_some_are_drawn(write):
    x = np.random.default_rng(0).random((12_000, 3))
    found = write(PCA(2).fit(x), x, labels=np.arange(12_000) % 50)
    assert (found["samples"], len(found["index"])) == (12_000, 10_000)
    assert found["index"] != (np.arange(10_000) % 50).tolist()  # by chance
    wide = np.random.default_rng(0).random((4_000, 30))
    found = write(PCA(25).fit(wide), wide)
    (way,) = found["ways"]
    assert len(way["names"]) == MOST_DIRECTIONS
    assert unpack(way["points"]).shape == (len(found["index"]), MOST_DIRECTIONS)
    assert len(found["index"]) == 4_000


def test_codes_of_one_number_stand_in_rows(write):
    found = write(PCA(1).fit(X), X, np.array(["b", "a", "c"])[np.arange(60) % 3])
    rows = np.array(found["rows"])
    assert found["labels"] == ["a", "b", "c"]
    np.testing.assert_array_equal(np.floor(rows * 3), found["index"])
    assert len(found["ways"][0]["names"]) == 1


def test_titles(tmp_path):
    def title(**options):
        text = plot.page(PCA(1).fit(X), X, path=tmp_path / "p.html", **options).read_text()
        return re.search("<title>(.*)</title>", text)[1]

    assert title() == title(title=None) == "The codes of 60 samples"
    assert title(title="mine") == "mine"
    assert title(title="") == ""


# Directions


@pytest.mark.parametrize("k", [1, 2, 3, 24, 25, 400])
@pytest.mark.parametrize("n", [1, 2, 300])
def test_directions_are_at_right_angles_and_lead_to_the_codes(n, k):
    codes = 5 + np.random.default_rng(0).normal(size=(n, k)) * np.arange(1, k + 1)
    for way in directions_of(codes):
        m = len(way.names)
        assert m >= min(k, 2)
        np.testing.assert_allclose(way.directions @ way.directions.T, np.eye(m), atol=1e-12)
        if m == k or n <= 2:
            there = way.origin + way.coordinates @ way.directions
            np.testing.assert_allclose(there, codes, rtol=1e-9)
        assert (way.low < way.high).all()
        inside = (way.low <= way.coordinates) & (way.coordinates <= way.high)
        assert inside.mean() > 0.98
    names = [way.name for way in directions_of(codes)]
    own, principal = "the code's numbers", "principal directions"
    assert names == {1: [own], 2: [own], 3: [principal, own], 24: [principal, own]}.get(
        k, [principal]
    )


def test_principal_directions_are_pcas():
    codes = np.random.default_rng(0).normal(size=(500, 6)) @ np.random.default_rng(1).random((6, 6))
    pca = PCA(6).fit(codes)
    way = directions_of(codes)[0]
    np.testing.assert_allclose(way.directions, pca.components_, atol=1e-9)
    np.testing.assert_allclose(way.coordinates, pca.encode(codes), atol=1e-9)
    shares = map(percent, pca.explained_variance_ratio_)
    assert way.names == [f"direction {i} ({share})" for i, share in enumerate(shares, 1)]


# Refusals


class Mine(tae.Dense):
    """Inherits steps that are not its own."""

    def forward(self, x, training=False, step=0, first=0):
        y, cache = super().forward(x, training, step, first)
        return 2 * y, cache


def softsign():
    return tae.ActivationFunction(
        "softsign", KNOWN["tanh"].forward, KNOWN["tanh"].backward, numpy=np.tanh
    )


@pytest.mark.parametrize(
    ("decoder", "message"),
    [
        (
            [Mine(16)],
            r"page cannot write decoder\[0\] Mine: Mine does not say",
        ),
        (
            [tae.Dense(16, softsign())],
            r"decoder\[0\] Dense: its activation softsign has no reading in JavaScript",
        ),
    ],
)
def test_what_cannot_be_written_is_refused_by_name(tmp_path, decoder, message):
    ae = tae.Autoencoder([tae.Dense(2)], decoder, input_shape=(16,))
    with pytest.raises(ValueError, match=message):
        plot.page(ae, X, None, tmp_path / "page.html")
    assert not list(tmp_path.iterdir())


def test_what_only_the_encoder_has_does_not_matter(write):
    write(tae.Autoencoder([Mine(9), tae.Dense(2, softsign())], [tae.Dense(16)], (16,)))


@pytest.mark.parametrize("name", ["page", "page.txt", "page.html.gz", ""])
def test_the_name_says_that_it_is_a_page(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="path must"):
        plot.page(PCA(1).fit(X), X, None, name)
    with pytest.raises(FileNotFoundError, match="there is no folder none"):
        plot.page(PCA(1).fit(X), X, None, "none/page.html")
    assert not list(tmp_path.iterdir())


def test_what_is_no_letter_and_what_is_no_place(tmp_path):
    path = tmp_path / "page.html"
    plot.page(PCA(1).fit(X), X, None, path, title="half \ud83d of a pair")
    assert "<h1>half ? of a pair</h1>" in path.read_text(encoding="utf-8")
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(ValueError, match="is not a plain file"):
        plot.page(PCA(1).fit(X), X, None, tmp_path / "folder.html")


def test_a_model_without_weights_is_refused_and_stays_so(tmp_path):
    ae = tae.Autoencoder([tae.Dense(2)], [tae.Dense(16)])
    with pytest.raises(ValueError, match="page needs a built model: give Autoencoder an input_s"):
        plot.page(ae, X, None, tmp_path / "page.html")
    assert not ae.built


def test_an_object_that_only_encodes_and_decodes_is_refused(tmp_path):
    class Other:
        def encode(self, x):
            return x[:, :2]

        def decode(self, z):
            return z

    with pytest.raises(ValueError, match="model must be an Autoencoder or a PCA"):
        plot.page(Other(), X, None, tmp_path / "page.html")


def test_numbers_beyond_the_pages_are_refused(tmp_path):
    for x, what in ((1e39 * X, "a code"), (1e39 + X, "an output")):
        with pytest.raises(ValueError, match=f"{what} is beyond float32"):
            plot.page(PCA(2).fit(x), x, None, tmp_path / "page.html")
    assert not list(tmp_path.iterdir())
