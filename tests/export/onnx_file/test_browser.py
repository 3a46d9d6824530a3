"""The exported graph gives what the model gives in a browser, too, run by onnxruntime-web."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

import tinyae as tae
from tests.support.browser import BROWSER, answer_of
from tests.support.exported import assert_close
from tests.support.format_1 import dense, images, samples

pytest.importorskip("onnx")

# The folder dist of the npm package onnxruntime-web
WEB = os.environ.get("TINYAE_ONNXRUNTIME_WEB")

PAGE = """
<script type="module">
import * as ort from "./ort.wasm.bundle.min.mjs";
ort.env.wasm.numThreads = 1;
const answer = {};
try {
    for (const [name, [shape, numbers]] of Object.entries(GIVEN)) {
        const session = await ort.InferenceSession.create(`${name}.onnx`);
        const x = new ort.Tensor("float32", Float32Array.from(numbers), shape);
        const { y } = await session.run({ x });
        answer[name] = [y.dims, Array.from(y.data)];
    }
} catch (error) {
    answer.error = String(error);
}
await fetch("answer", { method: "POST", body: JSON.stringify(answer) });
</script>
"""

MODELS = {
    "dense": dense,
    "images": images,
    "transpose": lambda: tae.models.convolutional_transpose(filters=(8, 4)),
    "sparse": tae.models.sparse,
}


@pytest.mark.large
@pytest.mark.skipif(BROWSER is None, reason="needs chromium")
@pytest.mark.skipif(WEB is None, reason="TINYAE_ONNXRUNTIME_WEB does not name its folder dist")
def test_in_a_browser(tmp_path):
    for file in Path(WEB).glob("ort*wasm*"):
        shutil.copy(file, tmp_path)
    models = {name: make() for name, make in MODELS.items()}
    data = {name: samples(model.input_shape) for name, model in models.items()}
    given = {name: (x.shape, x.ravel().tolist()) for name, x in data.items()}
    (tmp_path / "page.html").write_text(PAGE.replace("GIVEN", json.dumps(given)))
    for name, model in models.items():
        model.export_onnx(tmp_path / f"{name}.onnx")
    answer = answer_of(tmp_path, "page.html")
    assert answer.keys() == models.keys(), answer
    for name, (shape, numbers) in answer.items():
        found = np.array(numbers, np.float32).reshape(shape)
        assert_close(found, models[name].reconstruct(data[name]))
