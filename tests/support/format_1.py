"""How the files of format 1 in tests/saving/data were made, once: they are never made again.

    python -m tests.support.format_1

Each FILE.npz is a saved model; outputs.npz holds, under the file's name, what it gave for
`samples(input_shape)`.
"""

from pathlib import Path

import numpy as np

import tinyae as tae

FOLDER = Path(__file__).parents[1] / "saving" / "data"


def samples(shape):
    """Some fixed numbers in [0, 1], which no random generator has to give again."""
    return (np.arange(6 * np.prod(shape)) * 37 % 101 / 100).reshape(6, *shape)


def dense(**options):
    return tae.Autoencoder(
        encoder=[
            tae.Dense(5, "elu", kernel_initializer=tae.RandomNormal(0.5)),
            tae.Dense(2, use_bias=False, activity_regularizer=tae.L1L2(0.01, 0.02)),
        ],
        decoder=[tae.Dense(5, "leaky_relu", kernel_initializer="he_normal"), tae.Dense(4)],
        input_shape=(4,),
        **options,
    )


def images():
    return tae.Autoencoder(
        encoder=[
            tae.GaussianNoise(0.1),
            tae.Conv2D(3, 3, padding="same", activation="relu"),
            tae.MaxPooling2D(),
            tae.Conv2D(2, (2, 3), strides=(1, 2), activation="tanh", use_bias=False),
            tae.AveragePooling2D(2, strides=1, padding="same"),
            tae.Flatten(),
            tae.Dropout(0.2),
            tae.Dense(3, activity_regularizer=tae.L2(0.1)),
        ],
        decoder=[
            tae.Dense(9),
            tae.Reshape((3, 3, 1)),
            tae.Activation("elu"),
            tae.UpSampling2D((1, 2)),
            tae.Conv2DTranspose(2, 3, strides=2, padding="same", activation="relu"),
            tae.Conv2D(1, (1, 7), activation="sigmoid", activity_regularizer=tae.L1(0.001)),
        ],
        input_shape=(6, 6, 1),
        loss="bce",
        optimizer=tae.SGD(0.1, momentum=0.5),
        seed=7,
    )


if __name__ == "__main__":
    outputs = {}
    model = dense(dtype="float64")
    model.layers[0].trainable = False
    model.fit(samples((4,)), epochs=3, batch_size=4, verbose=0)
    model.save(FOLDER / "dense.npz")
    outputs["dense"] = model.reconstruct(samples((4,)))
    model.encoder.save(FOLDER / "encoder.npz")
    outputs["encoder"] = model.encode(samples((4,)))
    model = images()
    model.fit(samples((6, 6, 1)), epochs=3, batch_size=4, verbose=0)
    model.save(FOLDER / "images.npz", training_state=True)
    outputs["images"] = model.reconstruct(samples((6, 6, 1)))
    pca = tae.PCA(2).fit(samples((5,)))
    pca.save(FOLDER / "pca.npz", training_state=True)
    outputs["pca"] = pca.reconstruct(samples((5,)))
    np.savez(FOLDER / "outputs.npz", **outputs)
