"""Backpropagation by hand: one hidden layer in NumPy, then the same from tinyae.

    x ── · W1 + b1 ──> a ── tanh ──> h ── · W2 + b2 ──> y

    loss = mean of (y − x)²

n images of p pixels, k hidden units. Written dv, the gradient of a value v says
by how much the loss grows per unit of v, so it has v's shape. To find it we
walk from the loss back to the weights, and at each arrow multiply by that
arrow's own slope: that is all of backpropagation.
"""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path

import numpy as np

import tinyae as tae


def forward(x, W1, b1, W2, b2):
    """The hidden values and the reconstruction."""
    a = x @ W1 + b1  #                (n, k) = (n, p)(p, k) + (k,)
    h = np.tanh(a)  #                 (n, k)
    y = h @ W2 + b2  #                (n, p) = (n, k)(k, p) + (p,)
    return h, y


def loss_and_gradients(x, W1, b1, W2, b2):
    """The loss, and by how much it grows with each number in W1, b1, W2 and b2."""
    h, y = forward(x, W1, b1, W2, b2)
    loss = np.mean((y - x) ** 2)
    dy = 2 * (y - x) / x.size  #      (n, p)  the slope of the square, in a mean of n p terms
    dW2 = h.T @ dy  #                 (k, p)  each image adds its h, as a column, times its dy
    db2 = dy.sum(axis=0)  #           (p,)    every image has the same b2, with slope 1
    dh = dy @ W2.T  #                 (n, k)  each h reached every pixel through its row of W2
    da = dh * (1 - h**2)  #           (n, k)  the slope of tanh is 1 − h²
    dW1 = x.T @ da  #                 (p, k)  as for W2, with x in the place of h
    db1 = da.sum(axis=0)  #           (k,)
    return loss, [dW1, db1, dW2, db2]


def initial_weights(p, k, rng):
    """Small random kernels, so that no two hidden units start alike; biases of zero."""
    width = np.sqrt(6 / (p + k))
    kernels = rng.uniform(-width, width, (p, k)), rng.uniform(-width, width, (k, p))
    return [kernels[0], np.zeros(k), kernels[1], np.zeros(p)]


def train(x, weights, epochs, rng, batch_size=50, rate=10.0):
    """Gradient descent: step against the gradient of one mini-batch after the other.

    The rate is large because each gradient is divided by the number of pixels.
    """
    for epoch in range(epochs):
        losses = []
        order = rng.permutation(len(x))
        for start in range(0, len(x), batch_size):
            loss, gradients = loss_and_gradients(x[order[start : start + batch_size]], *weights)
            for weight, gradient in zip(weights, gradients, strict=True):
                weight -= rate * gradient
            losses.append(loss)
        print(f"epoch {epoch + 1:2}  loss {np.mean(losses):.5f}")
    return float(np.mean(losses))


def nudge(x, weights, where, h=1e-5):
    """The slope for one number of W1, from the loss a little ahead of it and behind it."""
    losses = []
    for step in (h, -h):
        W1, *others = weights
        W1 = W1.copy()
        W1[where] += step
        losses.append(loss_and_gradients(x, W1, *others)[0])
    return (losses[0] - losses[1]) / (2 * h)


def main(out, full=False, seed=0, epochs=10, hidden=32):
    out.mkdir(parents=True, exist_ok=True)
    print(f"Pictures go to {out}", flush=True)
    load = tae.datasets.mnist if full else tae.datasets.mnist_mini
    x, x_test = (images.astype(np.float64) for images, _ in load())
    rng = np.random.default_rng(seed)
    weights = initial_weights(x.shape[1], hidden, rng)
    final = train(x, weights, epochs, rng)

    few = x_test[:100]
    loss, gradients = loss_and_gradients(few, *weights)
    where = np.unravel_index(np.abs(gradients[0]).argmax(), gradients[0].shape)
    print(f"\ngradient of W1[{where[0]}, {where[1]}], by hand and by nudging it up and down:")
    print(f"  {gradients[0][where]:.12f}\n  {nudge(few, weights, where):.12f}")

    ae = tae.Autoencoder(
        encoder=[tae.Dense(hidden, "tanh")],
        decoder=[tae.Dense(x.shape[1])],
        input_shape=(x.shape[1],),
        dtype="float64",
    )
    ae.parameters[...] = np.concatenate([weight.ravel() for weight in weights])
    its_loss, its_gradient = ae.loss_and_gradient(few)
    by_hand = np.concatenate([gradient.ravel() for gradient in gradients])
    loss_gap = abs(its_loss - loss) / loss
    gradient_gap = np.abs(its_gradient - by_hand).max() / np.abs(by_hand).max()
    print(f"\ntinyae with the same weights, {by_hand.size:,} of them, differs relatively by")
    print(f"  {loss_gap:.1e} in the loss\n  {gradient_gap:.1e} in the gradients")
    assert loss_gap < 1e-12
    assert gradient_gap < 1e-12

    title = f"{hidden} hidden units, trained by hand for {epochs} epochs"
    ax = tae.plot.reconstructions(ae, few, title=title)
    ax.figure.savefig(out / "reconstructions.png", bbox_inches="tight")
    return {"loss": final, "loss_gap": loss_gap, "gradient_gap": float(gradient_gap)}


if __name__ == "__main__":
    out = Path("tinyae-examples", Path(__file__).stem)
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=out, help="for pictures (default: %(default)s)")
    parser.add_argument("--full", action="store_true", help="all 60,000 images of MNIST")
    parser.add_argument("--seed", type=np.uint32, default=0, help="of weights, data (default: 0)")
    try:
        main(**vars(parser.parse_args()))
    except (OSError, OverflowError) as error:  # no folder, no MNIST, a seed below 0
        parser.exit(1, f"{parser.prog}: {error}\n")
