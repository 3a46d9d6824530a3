"""``python -m tinyae train``: convolutions, noise, a penalty, early stopping and pictures."""

import os

import numpy as np

import tinyae as tae
from tests.support.shell import fails, samples


def kinds(layers):
    return [type(layer).__name__ for layer in layers]


def test_all_that_may_be_asked_for(run):
    np.save("x.npy", np.random.default_rng(0).integers(0, 256, (24, 8, 8), np.uint8))
    code, out, err = run(
        *("train", "x.npy", "--conv", "3-2", "--encoder", "5-2", "--loss", "bce", "--noise", 0.1),
        *("--l1", 0.01, "--epochs", 2, "--validation", 0.25, "--pictures", "seen"),
        *("--save", "m.npz"),
    )
    assert (code, err) == (0, ""), err
    ae = tae.load("m.npz")
    conv = ["Conv2D", "MaxPooling2D"] * 2
    assert kinds(ae.encoder.layers) == [
        *("Rescaling", "GaussianNoise", *conv, "Flatten", "Dense", "Dense")
    ]
    back = ["Conv2D", "UpSampling2D"] * 2
    assert kinds(ae.decoder.layers) == ["Dense", "Dense", "Reshape", *back, "Conv2D"]
    assert ae.encoder.layers[-1].activity_regularizer.l1 == 0.01
    assert ae.output_shape == ae.input_shape == (8, 8, 1)
    assert sorted(os.listdir("seen")) == ["codes.png", "history.png", "reconstructions.png"]
    assert out.endswith("seen: history.png, codes.png, reconstructions.png\n")
    assert run("encode", "m.npz", "x.npy", "z.npy")[0] == 0
    np.testing.assert_array_equal(np.load("z.npy"), ae.encode(np.load("x.npy")[..., np.newaxis]))


def test_convolutions_alone_have_a_code_of_images(run):
    np.save("x.npy", np.random.default_rng(0).random((12, 4, 8)))
    assert run("train", "x.npy", "--conv", 3, "--epochs", 1, "--save", "m.npz")[0] == 0
    assert tae.load("m.npz").encoder.output_shape == (2, 4, 3)


def test_early_stopping_keeps_the_best_weights(run):
    np.save("x.npy", samples())
    options = ("--encoder", 2, "--epochs", 40, "--learning-rate", 1.0, "--validation", 0.25)
    code, out, _ = run("train", "x.npy", *options, "--early-stopping", 2, "--save", "m.npz")
    ae = tae.load("m.npz")
    losses = ae.history["val_loss"]
    best = int(np.argmin(losses))
    assert code == 0
    assert len(losses) == best + 3 < 40
    assert f"stopped after epoch {best + 3}: kept are the weights of epoch {best + 1}\n" in out
    assert f", val_loss {losses[best]:.5g}\n" in out
    assert np.isclose(ae.evaluate(samples()[45:].astype("f4"))["loss"], losses[best])


def test_what_cannot_be_convolved_is_refused(run):
    np.save("x.npy", samples())
    fails(run("train", "x.npy", "--conv", 3, "--save", "m"), "holds no images, which --conv needs")
    np.save("x.npy", np.ones((3, 6, 8)))
    fails(run("train", "x.npy", "--conv", "3-2", "--save", "m"), "6 x 8 pixels.*halved 2 times")
    fails(run("train", "x.npy", "--save", "m"), "train needs the layers: --encoder 500-300-2, or")
    assert os.listdir() == ["x.npy"]
