"""The transposed convolution: the backward pass of a convolution for its input, as a layer.

Its mathematics is in `convolution`, with that of the layer that it is the reverse of.
"""

from ..maths import activations
from .convolution import Conv2D
from .steps import Crop, Pad, Step, WindowProductTransposed, biased


class Conv2DTranspose(Conv2D):
    """Transposed convolution: the backward pass of a `Conv2D` for its input, as a layer.

    Each pixel of x adds its multiple of W to y under a window:
    z[i s + u − p, j s + v − p, o] += x[i, j, c] W[u, v, o, c], and y = f(z + b).

    Parameters
    ----------
    strides : int or (int, int), default 1
        s: how far the windows of neighbouring pixels lie apart.
    padding : "valid" or "same", default "valid"
        y has (size − 1) s + max(kernel_size, s) pixels along a side, or size · s.
    filters, kernel_size, activation, use_bias, bias_initializer
    activity_regularizer, kernel_regularizer
        As for `Conv2D`.
    kernel_initializer : str or callable ``(shape, rng) -> array``
        Initial W, of shape (rows, columns, filters, channels).

    Examples
    --------
    >>> Conv2DTranspose(8, 3, strides=2, padding="same").build((14, 14, 1))
    (28, 28, 8)
    """

    transposed = True

    def steps(self):
        sides = zip(
            self.slides(self.input_shape),
            self.input_shape,
            self.kernel_size,
            self.strides,
            strict=False,
        )
        crops, pads = [], []
        for (size, before), side, window, stride in sides:
            crops.append((before, size))
            pads.append((0, max(0, before + size - (side - 1) * stride - window)))
        taken: list[Step] = [WindowProductTransposed("kernel", self.strides)]
        if any(pads[0] + pads[1]):
            taken.append(Pad(pads[0], pads[1]))
        taken.append(Crop(*crops))
        return [*taken, *biased(self.use_bias, activations.get(self.activation))]
