"""From one 8 to another with a convolutional autoencoder: through pixels and through codes.

The code is a small picture itself, 7 × 7 numbers: much better reconstructions than two numbers
allow, and a walk through it that fades less and redraws more than one through pixels. How near each
stays to real eights is measured.

--full trains the tutorial's 128 and 32 filters on all 60,000 images of MNIST, for 3 epochs (about
5 minutes; the tutorial has more); else it is 16 and 8 filters and the 6,000 that are bundled.
"""

import common
import numpy as np

import tinyae as tae


def main(arguments=None, filters=(16, 8), samples=6000, epochs=4):
    options = arguments or common.arguments(__doc__)
    if options.full:
        filters, samples, epochs = (128, 32), 60_000, 3
    (x, y), (x_test, y_test) = common.mnist(options, images=True)
    x, y = x[:samples], y[:samples]
    ae = tae.models.convolutional(filters, optimizer=tae.Adam(0.003), seed=options.seed)
    print(f"{ae.parameters.size:,} parameters, {len(x):,} images of all digits, {epochs} epochs")
    ae.fit(x, epochs=epochs, batch_size=64, verbose=2)
    error = float(np.mean((ae.reconstruct(x_test) - x_test) ** 2))
    pca = tae.PCA(49).fit(x.reshape(len(x), -1))
    pca_error = float(pca.reconstruction_error(x_test.reshape(len(x_test), -1)).mean())
    figures = {"bce": ae.evaluate(x_test)["loss"], "mse": error, "pca mse": pca_error}
    print(f"\nOn test images: BCE {figures['bce']:.4f}, mean squared error {error:.5f}")
    print(f"(PCA with as many numbers, 49: {pca_error:.5f})")

    eights, ends = x[y == 8], x_test[y_test == 8]
    pairs = np.random.default_rng(options.seed).choice(len(ends), (100, 2))
    walks = {"pixels": [], "pixels, blurred": [], "codes": []}
    blurred = ae.reconstruct(ends)
    for a, b in pairs:
        walks["pixels"].append(tae.straight_line(ends[a], ends[b], 5))
        walks["pixels, blurred"].append(tae.straight_line(blurred[a], blurred[b], 5))
        walks["codes"].append(tae.interpolate(ae, ends[a], ends[b], 5))
    rows = [["walk through", "start", "1/4", "middle", "3/4", "end"]]
    for name, strips in walks.items():
        steps = np.concatenate(strips)
        distances = common.nearest(steps, eights).reshape(-1, 5).mean(axis=0)
        figures[f"middle {name}"] = float(distances[2])
        rows.append([name, *(f"{distance:.2f}" for distance in distances)])
    common.show(rows)
    print(f"distance to the nearest of {len(eights):,} real eights, mean of 100 walks; blurred:")
    print("from reconstruction to reconstruction, which are the ends of the walk in codes")

    first, last = ends[0], ends[np.argmax(np.sum((ends - ends[0]) ** 2, axis=(1, 2, 3)))]
    strips = {"pixels": tae.straight_line(first, last, 9)}
    strips["codes"] = tae.interpolate(ae, first, last, 9)
    ax = tae.plot.interpolation(strips)
    ax.set_title("From one 8 to another")
    common.save(ax, options.out, "walk.png")
    common.save(tae.plot.reconstructions(ae, x_test), options.out, "reconstructions.png")
    return figures


if __name__ == "__main__":
    main()
