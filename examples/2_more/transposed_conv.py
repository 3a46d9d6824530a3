"""Shrinking images by convolutions of stride 2, enlarging them by transposed ones.

A strided convolution computes every second output only, so no pooling is
needed. Seen as a matrix C it makes few numbers of many; the transposed
convolution multiplies by Cᵀ, makes many of few, and with the same weights it is
the other's backward pass. It is not the inverse: the sizes come back, the
pixels have to be learned.

Sizes, for an image of H pixels, a kernel of k and stride s:

             "same"       "valid"
    Conv2D   ⌈H / s⌉      ⌊(H − k) / s⌋ + 1
    transp.  H s          (H − 1) s + max(k, s)

A kernel of 3 in steps of 2 overlaps itself unevenly: some pixels are the sum of
four products, their neighbours of two or one. A kernel of 4 is even. Here it
ends with the smaller error, after a quarter of the steps, with half the
filters, it had the larger one. As a control, the same encoder gets a decoder
that repeats pixels and then convolves.

--full trains 32 and 16 filters on all of MNIST, in about two minutes; else it
is 16 and 8 filters and the 6,000 images that are bundled.
"""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path

import numpy as np

import tinyae as tae


def main(out, full=False, seed=0, epochs=4, samples=6000, filters=(16, 8)):
    out.mkdir(parents=True, exist_ok=True)
    print(f"Pictures go to {out}", flush=True)
    if full:
        filters, samples = (32, 16), 60_000
    load = tae.datasets.mnist if full else tae.datasets.mnist_mini
    (x, _), (x_test, _) = load(images=True)
    x = x[:samples]

    figures = explain_sizes()
    figures["transpose gap"] = gap = transpose_gap(seed)
    print("A transposed convolution with a convolution's weights is that one's transpose:")
    print(f"⟨conv(x), y⟩ and ⟨x, convT(y)⟩ differ by {gap:.0e}, relatively.\n")
    for kernel in (3, 4):
        figures[f"products {kernel}"] = numbers = products(kernel)
        names = ", ".join(map(str, numbers))
        print(f"Kernel {kernel}, stride 2: products that add up to one pixel: {names}")

    models = {
        "transposed, kernel 4": model(transposed(4), filters, seed),
        "transposed, kernel 3": model(transposed(3), filters, seed),
        "repeat, conv, kernel 4": model(repeated(4), filters, seed),
    }
    print(f"\n{'layer':42}{'output':>14}{'weights':>10}")
    for layer in models["transposed, kernel 4"].layers:
        shape = " × ".join(map(str, layer.output_shape))
        print(f"{describe(layer):42}{shape:>14}{layer.parameter_count:10,}")

    print(f"\n{'decoder':22}  weights     BCE  mean squared error")
    images = {"image": x_test[:10]}
    for name, ae in models.items():
        ae.fit(x, epochs=epochs, batch_size=32, verbose=0)
        outputs = ae.reconstruct(x_test)
        images[name] = outputs[:10]
        bce = figures[f"bce {name}"] = ae.evaluate(x_test)["loss"]
        error = figures[f"error {name}"] = float(np.mean((outputs - x_test) ** 2))
        print(f"{name:22}{ae.parameters.size:9,}{bce:8.4f}{error:20.5f}", flush=True)
    pca = tae.PCA(49).fit(x.reshape(len(x), -1))
    outputs = pca.reconstruct(x_test.reshape(len(x_test), -1)).reshape(x_test.shape)
    error = figures["error PCA"] = float(np.mean((outputs - x_test) ** 2))
    print(f"{'(PCA)':22}{pca.components_.size + 784:9,}{'-':>8}{error:20.5f}")
    print(f"\non {len(x_test):,} test images after {epochs} epochs on {len(x):,}; 49 numbers each")

    ax = tae.plot.interpolation({**images, "PCA": outputs[:10]})
    ax.set_title("Test images, and what 7 × 7 numbers keep of them")
    ax.figure.savefig(out / "reconstructions.png", bbox_inches="tight")
    return figures


def explain_sizes():
    """There and back by stride 2, kernel 3, for four sizes: what the layers say, as a table."""
    sizes = (28, 27, 8, 7)
    print("\nsize there and back, kernel 3, stride 2" + "".join(f"{size:>8}" for size in sizes))
    figures = {}
    for padding in ("same", "valid"):
        for size in sizes:
            there = tae.Conv2D(1, 3, strides=2, padding=padding)
            back = tae.Conv2DTranspose(1, 3, strides=2, padding=padding)
            small = there.build((size, size, 1))
            figures[f"{padding} {size}"] = small[0], back.build(small)[0]
        pairs = ("{:>4}, {:>2}".format(*figures[f"{padding} {size}"]) for size in sizes)
        print(f'"{padding}"'.ljust(39) + "".join(pairs))
    print("\nTwo sizes shrink to the same one, so one of them cannot come back: 8 and 7")
    print('become 4, and "same" makes 8 of it. This model halves 28 to 14 and 7 only.\n')
    return figures


def transpose_gap(seed):
    """How far ⟨conv(x), y⟩ and ⟨x, convT(y)⟩ are apart, in float64, for one kernel W."""
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((1, 10, 10, 3)), rng.standard_normal((1, 5, 5, 4))
    conv = tae.Sequential([tae.Conv2D(4, 3, strides=2, padding="same")])
    back = tae.Sequential([tae.Conv2DTranspose(3, 3, strides=2, padding="same")])
    conv.build(x.shape[1:], "float64")
    back.build(y.shape[1:], "float64")
    W = conv.layers[0].weights["kernel"]  # (kh, kw, in, out); the other's is (kh, kw, out, in)
    back.layers[0].weights["kernel"][...] = W
    forth = np.vdot(conv.predict(x), y)
    return float(abs(forth - np.vdot(x, back.predict(y))) / abs(forth))


def products(kernel):
    """The numbers of products that pixels of a transposed convolution are sums of, the border's
    left out: all inputs and weights are one, so each product adds one."""
    layer = tae.Conv2DTranspose(1, kernel, strides=2, padding="same")
    chain = tae.Sequential([layer])
    chain.build((8, 8, 1))
    layer.weights["kernel"][...] = 1
    counts = chain.predict(np.ones((1, 8, 8, 1)))[0, 4:-4, 4:-4]
    return sorted({int(count) for count in counts.ravel()})


def transposed(kernel):
    """Makes the layers that enlarge images to twice their size."""
    return lambda channels, activation: [
        tae.Conv2DTranspose(channels, kernel, strides=2, padding="same", activation=activation)
    ]


def repeated(kernel):
    """The same with as many weights, by repeating pixels."""
    return lambda channels, activation: [
        tae.UpSampling2D(2),
        tae.Conv2D(channels, kernel, padding="same", activation=activation),
    ]


def model(enlarge, filters, seed):
    """28 × 28 × 1 to 14 × 14 and 7 × 7, one channel of which is the code, and back."""
    wide, narrow = filters
    return tae.Autoencoder(
        encoder=[
            tae.Conv2D(wide, 3, strides=2, padding="same", activation="relu"),
            tae.Conv2D(narrow, 3, strides=2, padding="same", activation="relu"),
            tae.Conv2D(1, 3, padding="same"),
        ],
        decoder=[
            tae.Conv2D(narrow, 3, padding="same", activation="relu"),
            *enlarge(wide, "relu"),
            *enlarge(1, "sigmoid"),
        ],
        input_shape=(28, 28, 1),
        loss="bce",
        optimizer=tae.Adam(0.003),
        seed=seed,
    )


def describe(layer):
    """Such as "Conv2D 3×3, stride 2, relu"."""
    kernel, stride = layer.kernel_size[0], layer.strides[0]
    return f"{type(layer).__name__} {kernel}×{kernel}, stride {stride}, {layer.activation}"


if __name__ == "__main__":
    out = Path("tinyae-examples", Path(__file__).stem)
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=out, help="for pictures (default: %(default)s)")
    parser.add_argument("--full", action="store_true", help="60,000 images, 32 and 16 filters")
    parser.add_argument("--seed", type=np.uint32, default=0, help="of weights, data (default: 0)")
    try:
        main(**vars(parser.parse_args()))
    except (OSError, OverflowError) as error:  # no folder, no MNIST, a seed below 0
        parser.exit(1, f"{parser.prog}: {error}\n")
