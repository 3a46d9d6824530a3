"""Image models as a whole: memory, chunks and threads, and that both paths agree."""

import os
import subprocess
import sys

import numpy as np
import pytest

import tinyae as tae
from tinyae import models
from tinyae.engine import tuning
from tinyae.network.chain import training_chain
from tinyae.training.compiled import make_trainer
from tinyae.training.eager import EagerTrainer

BUILDERS = {
    "convolutional": models.convolutional,
    "transposed": models.convolutional_transpose,
    "denoising": lambda **options: models.denoising(0.4, **options),
}


def digits(n, dtype="float64"):
    (x, _), _ = tae.datasets.mnist_mini(images=True)
    return x[:n].astype(dtype)


@pytest.mark.large
@pytest.mark.parametrize("name", BUILDERS)
@pytest.mark.parametrize("threads", [1, 3])
def test_eager_and_compiled_agree_on_real_digits(name, threads, monkeypatch):
    monkeypatch.setattr(tuning, "CHUNK_BYTES", 200_000)  # several chunks for each thread
    monkeypatch.setattr(tuning, "THREAD_OPERATIONS", 1)
    ae = BUILDERS[name](filters=(5, 3), dtype="float64", threads=threads)
    x = digits(20)
    chain = training_chain(ae.layers, ae.loss)
    eager = EagerTrainer(chain, ae.parameters, ae.gradient, ae.slots)
    reconstruction, penalty, _ = eager.loss_and_gradient(x, x, True, ae.progress.step)
    expected = ae.gradient.copy()
    loss, gradient = ae.loss_and_gradient(x, training=True)
    assert loss == pytest.approx(reconstruction + penalty, rel=1e-12)
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=1e-12 * np.abs(expected).max())


@pytest.mark.parametrize("name", BUILDERS)
def test_workspace_does_not_grow_with_the_batch(name):
    ae = BUILDERS[name](threads=2)
    workspaces = []
    for batch in (256, 4096):
        trainer = make_trainer(ae, batch)
        workspaces.append((trainer.values.nbytes, trainer.gradients.nbytes))
        trainer.close()
    assert workspaces[0] == workspaces[1]
    # each thread's activations stay within a small multiple of the chunk's budget
    assert workspaces[0][0] <= 2 * max(3 * tuning.CHUNK_BYTES, 8 << 20)


def test_a_chunk_is_at_least_one_sample():
    wide = tae.Autoencoder([tae.Conv2D(64, 3)], [tae.Conv2DTranspose(1, 3)], (200, 200, 1))
    trainer = make_trainer(wide, 8)
    trainer.close()
    assert trainer.capacity == 1


MEMORY = """
import resource, sys
import numpy as np
import tinyae as tae
x = np.random.default_rng(0).random((4096, 28, 28, 1), dtype="float32")
ae = tae.models.convolutional(filters=(4, 4))
ae.fit(x[:8], epochs=1, batch_size=8, verbose=0)
ae.fit(x, epochs=1, steps_per_epoch=1, batch_size=int(sys.argv[1]), verbose=0)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


@pytest.mark.large
@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read the Linux way")
def test_peak_memory_grows_by_the_batchs_pixels_only():
    peaks = []
    for batch in ("256", "4096"):
        command = [sys.executable, "-c", MEMORY, batch]
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ, check=True)
        peaks.append(int(done.stdout))
    pixels = (4096 - 256) * 784 * 4
    assert peaks[1] - peaks[0] < pixels + (4 << 20)  # what the allocator rounds up


@pytest.mark.parametrize("loss", ["mse", "bce"])
def test_gradients_of_an_image_model(loss):
    rng = np.random.default_rng(0)
    options = {"padding": "same", "bias_initializer": tae.RandomNormal(0.3)}
    ae = tae.Autoencoder(
        [
            tae.GaussianNoise(0.1),
            tae.Conv2D(3, 3, strides=2, activation="elu", **options),
            tae.AveragePooling2D(2, padding="same"),
            tae.Dropout(0.2),
            tae.Conv2D(2, 2, activation="tanh", activity_regularizer=tae.L2(0.1), **options),
            tae.Flatten(),
            tae.Dense(3),
        ],
        [
            tae.Dense(8, "elu"),
            tae.Reshape((2, 2, 2)),
            tae.UpSampling2D((2, 1)),
            tae.Conv2DTranspose(2, (3, 2), strides=(2, 3), activation="tanh", **options),
            tae.Conv2D(1, (1, 2), activation="sigmoid"),
        ],
        loss=loss,
    )
    x = rng.random((4, 8, 5, 1))
    report = tae.check_gradients(ae, x)
    assert report.passed, str(report)


def test_shared_maxima_are_reported_as_kinks():
    ae = tae.Autoencoder([tae.MaxPooling2D()], [tae.UpSampling2D()])
    report = tae.check_gradients(ae, np.ones((2, 4, 4, 1)))
    assert report.verdict == "inconclusive"
    assert next(row for row in report.rows if row.name == "input").kinks > 0
