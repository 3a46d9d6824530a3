"""Convolution and transposed convolution of images, each as one matrix product.

With window rows u, columns v, input channels c, strides s and p zeros before the image:

    Conv2D            y[i, j, o] = f(Σ x[i s + u − p, j s + v − p, c] W[u, v, c, o] + b[o])
    Conv2DTranspose   z[i s + u − p, j s + v − p, o] += x[i, j, c] W[u, v, o, c];  y = f(z + b)

Either can be computed in two ways, with K the kernel as a matrix:

    gather    y = windows(x) K, where a row of windows(x) is the part of x under one window
    scatter   y = the rows of x Kᵀ, each added to y under its window

A convolution is a gather with K = W; with stride 1 it is also a scatter with the kernel turned by
180° and its channels exchanged. A transposed convolution is the reverse. Gathering copies x once
for every tap of the window, scattering y, so what has fewer channels is copied.
"""

import numpy as np

from ..machine.jit import inlined, kernel
from ..machine.products import called_product as product
from ..machine.views import clear, view
from ..maths import activations
from ..maths.activations import activation_backward, activation_forward, add_rows
from ..maths.initializers import Initializer
from ..maths.penalties import L1L2
from .layer import Layer, Shape
from .record import CONVOLUTION
from .windows import check_image, check_padding, pair, slide, unslide

# The rows of windows(x) are made, multiplied and used a block at a time, while they are in the
# second-level cache: so many numbers of them, or of what they are multiplied with.
BLOCK = 32768


@kernel
def windows(op, image, rows, columns, first_place, col):
    """Copy the part of an image under each window into a row of col, zeros where outside.

    image (n, height, width, channels); the windows lie on n grids of rows × columns, and col (some,
    window height · window width · channels) takes as many as it has rows from first_place on.
    """
    _, height, width, channels = image.shape
    source, target = view(image, 0, (image.size,)), view(col, 0, (col.size,))
    run = op.kernel_width * channels
    to = 0
    for place in range(first_place, first_place + col.shape[0]):
        sample, i, j = place // (rows * columns), place // columns % rows, place % columns
        top, left = i * op.stride_h - op.pad_top, j * op.stride_w - op.pad_left
        first = max(0, -left) * channels  # of the run, what lies inside the image
        last = min(op.kernel_width, width - left) * channels
        for u in range(op.kernel_height):
            row = top + u
            if row < 0 or row >= height or last <= first:
                for k in range(run):
                    target[to + k] = 0
            else:
                start = ((sample * height + row) * width + left) * channels
                for k in range(first):
                    target[to + k] = 0
                # unsigned: Numba need not ask whether an index counts from the end
                source_first, target_first = np.uintp(start + first), np.uintp(to + first)
                for k in range(np.uintp(last - first)):
                    target[target_first + k] = source[source_first + k]
                for k in range(last, run):
                    target[to + k] = 0
            to += run


@kernel
def add_windows(op, col, rows, columns, first_place, image):
    """The transpose of `windows`: add each row of col to the image under its window."""
    _, height, width, channels = image.shape
    source, target = view(col, 0, (col.size,)), view(image, 0, (image.size,))
    run = op.kernel_width * channels
    at = 0
    for place in range(first_place, first_place + col.shape[0]):
        sample, i, j = place // (rows * columns), place // columns % rows, place % columns
        top, left = i * op.stride_h - op.pad_top, j * op.stride_w - op.pad_left
        first = max(0, -left) * channels
        last = min(op.kernel_width, width - left) * channels
        for u in range(op.kernel_height):
            row = top + u
            if row >= 0 and row < height:
                start = ((sample * height + row) * width + left) * channels
                source_first, target_first = np.uintp(at + first), np.uintp(start + first)
                for k in range(np.uintp(max(0, last - first))):
                    target[target_first + k] += source[source_first + k]
            at += run


@kernel
def turn(op, W, a, b, K):
    """K[u + i, v + j, b, a] += W[−u, −v, a, b], for i < spread_h and j < spread_w.

    Turned by 180°, channels exchanged; with a spread the window that also repeats pixels.
    """
    rows, columns = op.kernel_height - op.spread_h + 1, op.kernel_width - op.spread_w + 1
    source = view(W, 0, (rows * columns, a, b))
    target = view(K, 0, (op.kernel_height, op.kernel_width, b, a))
    for tap in range(rows * columns):
        u, v = rows - 1 - tap // columns, columns - 1 - tap % columns
        for place in range(op.spread_h * op.spread_w):
            i, j = u + place // op.spread_w, v + place % op.spread_w
            for q in range(b):
                for p in range(a):
                    target[i, j, q, p] += source[tap, p, q]


@kernel
def turn_back(op, dK, a, b, dW):
    """The transpose of `turn`: dW[−u, −v, a, b] += Σ dK[u + i, v + j, b, a]."""
    rows, columns = op.kernel_height - op.spread_h + 1, op.kernel_width - op.spread_w + 1
    source = view(dK, 0, (op.kernel_height, op.kernel_width, b, a))
    target = view(dW, 0, (rows * columns, a, b))
    for tap in range(rows * columns):
        u, v = rows - 1 - tap // columns, columns - 1 - tap % columns
        for place in range(op.spread_h * op.spread_w):
            i, j = u + place // op.spread_w, v + place % op.spread_w
            for q in range(b):
                for p in range(a):
                    target[tap, p, q] += source[i, j, q, p]


@inlined
def sides(op):
    """Channels of the side that is gathered or scattered to, and of the other."""
    return (op.filters, op.channels) if op.scatter else (op.channels, op.filters)


@inlined
def pixels(image, channels):
    """Images as a matrix with a row for each pixel."""
    return view(image, 0, (image.size // channels, channels))


@inlined
def kernel_matrix(op, W, scratch):
    """K for the op's form, (taps · channels of the gathered side, channels of the other)."""
    inner, outer = sides(op)
    height = op.kernel_height * op.kernel_width * inner
    if not op.flipped:
        return view(W, 0, (height, outer))
    K = view(scratch, 0, (height, outer))
    clear(K)
    turn(op, W, outer, inner, K)
    return K


@inlined
def window_block(op, scratch):
    """Room for a block of windows, behind the room for K and its gradient."""
    inner, outer = sides(op)
    width = op.kernel_height * op.kernel_width * inner
    step = max(1, BLOCK // max(width, outer))
    start = 2 * width * outer
    return view(scratch, start, (step, width))


@inlined
def conv_forward(op, x, W, b, y, scratch):
    """y = f(convolution of x), for x (n, inputs) and y (n, outputs)."""
    n = x.shape[0]
    K, room = kernel_matrix(op, W, scratch), window_block(op, scratch)
    x_pixels, y_pixels = pixels(x, op.channels), pixels(y, op.filters)
    if op.scatter:
        image = view(y, 0, (n, op.out_height, op.out_width, op.filters))
        clear(y)
        for first in range(0, x_pixels.shape[0], room.shape[0]):
            x_block = x_pixels[first : first + room.shape[0]]
            col = room[: x_block.shape[0]]
            product(x_block, K, col, False, False, True)
            add_windows(op, col, op.height, op.width, first, image)
        activation_forward(b, op.activation, y_pixels)
    else:
        image = view(x, 0, (n, op.height, op.width, op.channels))
        for first in range(0, y_pixels.shape[0], room.shape[0]):
            y_block = y_pixels[first : first + room.shape[0]]
            col = room[: y_block.shape[0]]
            windows(op, image, op.out_height, op.out_width, first, col)
            product(col, K, y_block, False, False, False)
            activation_forward(b, op.activation, y_block)


@inlined
def conv_backward(op, x, W, y, dy, dW, db, dx, scratch):
    """The chain rule through `conv_forward`, for a loss with gradient dy for y.

    dz = dy f'(z)                 (written over dy)
    db += Σ dz                    over samples and pixels
    gather:   dK += windows(x)ᵀ dz;  dx = the rows of dz Kᵀ, added under their windows
    scatter:  dK += windows(dz)ᵀ x;  dx = windows(dz) K

    An empty dW, db or dx is not wanted.
    """
    K, room = kernel_matrix(op, W, scratch), window_block(op, scratch)
    wanted = dW.size > 0
    flat = scratch[K.size : K.size + K.size * wanted] if op.flipped else dW
    dK = view(flat, 0, (K.shape[0] * wanted, K.shape[1]))
    if op.flipped:
        clear(dK)
    if op.scatter:
        scatter_backward(op, x, K, y, dy, dK, db, dx, room)
    else:
        gather_backward(op, x, K, y, dy, dK, db, dx, room)
    if op.flipped and wanted:
        inner, outer = sides(op)
        turn_back(op, dK, outer, inner, dW)


@inlined
def gather_backward(op, x, K, y, dy, dK, db, dx, room):
    n = x.shape[0]
    y_pixels, dz_pixels = pixels(y, op.filters), pixels(dy, op.filters)
    x_image = view(x, 0, (n, op.height, op.width, op.channels))
    dx_image = view(dx, 0, (dx.shape[0], op.height, op.width, op.channels))
    clear(dx)
    for first in range(0, y_pixels.shape[0], room.shape[0]):
        dz = dz_pixels[first : first + room.shape[0]]
        col = room[: dz.shape[0]]
        activation_backward(y_pixels[first : first + room.shape[0]], op.slope, dz)
        add_rows(dz, db)
        if dK.size:
            windows(op, x_image, op.out_height, op.out_width, first, col)
            product(col, dz, dK, True, True, False)
        if dx.size:
            product(dz, K, col, False, False, True)
            add_windows(op, col, op.out_height, op.out_width, first, dx_image)


@inlined
def scatter_backward(op, x, K, y, dy, dK, db, dx, room):
    n = x.shape[0]
    activation_backward(y, op.slope, dy)
    add_rows(pixels(dy, op.filters), db)
    dz_image = view(dy, 0, (n, op.out_height, op.out_width, op.filters))
    x_pixels, dx_pixels = pixels(x, op.channels), pixels(dx, op.channels)
    for first in range(0, x_pixels.shape[0], room.shape[0]):
        x_block = x_pixels[first : first + room.shape[0]]
        col = room[: x_block.shape[0]]
        windows(op, dz_image, op.height, op.width, first, col)
        if dK.size:
            product(col, x_block, dK, True, True, False)
        if dx.size:
            product(col, K, dx_pixels[first : first + room.shape[0]], False, False, False)


class Conv2D(Layer):
    """Convolution of images: y[i, j, o] = f(Σ x[i s + u − p, j s + v − p, c] W[u, v, c, o] + b[o]).

    Parameters
    ----------
    filters : int
        Channels of y.
    kernel_size : int or (int, int)
        Rows and columns of the window.
    strides : int or (int, int), default 1
        s, down and to the right.
    padding : "valid" or "same", default "valid"
        Windows inside the image only; or as many windows as pixels / s, with zeros around, half
        of them (rounded down) before the image.
    activation : str or None
        f: linear (None), relu, leaky_relu, elu, tanh or sigmoid.
    use_bias : bool, default True
    kernel_initializer, bias_initializer : str or callable ``(shape, rng) -> array``
        Initial W, of shape (rows, columns, channels, filters), and b, of shape (filters,).
    activity_regularizer : L1, L2, L1L2 or None
        A penalty on y.

    Examples
    --------
    >>> Conv2D(8, 3, strides=2, padding="same").build((28, 28, 1))
    (14, 14, 8)
    """

    transposed = False

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, int],
        strides: int | tuple[int, int] = 1,
        padding: str = "valid",
        activation: str | None = None,
        *,
        use_bias: bool = True,
        kernel_initializer: str | Initializer = "glorot_uniform",
        bias_initializer: str | Initializer = "zeros",
        activity_regularizer: L1L2 | None = None,
    ):
        super().__init__(activity_regularizer=activity_regularizer)
        self.filters = pair("filters", filters)[0]
        self.kernel_size = pair("kernel_size", kernel_size)
        self.strides = pair("strides", strides)
        self.padding = check_padding(padding)
        self.activation = activations.check(activation)
        self.use_bias = use_bias
        self.kernel_initializer, self.bias_initializer = kernel_initializer, bias_initializer

    def build(self, input_shape: Shape) -> Shape:
        check_image(self, input_shape)
        (rows, _), (columns, _) = self.slides(input_shape)
        channels = (input_shape[2], self.filters)
        if self.transposed:
            channels = channels[::-1]
        self.add_weight("kernel", (*self.kernel_size, *channels), self.kernel_initializer)
        if self.use_bias:
            self.add_weight("bias", (self.filters,), self.bias_initializer)
        return rows, columns, self.filters

    def slides(self, input_shape: Shape) -> list[tuple[int, int]]:
        """For both directions: the output's size, and the zeros before."""
        sides = zip(input_shape[:2], self.kernel_size, self.strides, strict=True)
        if self.transposed:
            return [unslide(*side, self.padding) for side in sides]
        return [slide(self, *side, self.padding) for side in sides]

    def image_record(self, input_shape: Shape) -> np.record:
        """The record for images of this shape."""
        (rows, _), (columns, _) = self.slides(input_shape)
        return self.record(input_shape, (rows, columns, self.filters))

    def forward(self, x, training=False, step=0, first=0):
        x = self.batch(x)
        op = self.image_record(x.shape[1:])
        y = np.empty((len(x), op.out_height, op.out_width, op.filters), self.dtype)
        conv_forward(
            *(op, x.reshape(len(x), -1), self.weight("kernel").reshape(-1), self.weight("bias")),
            *(y.reshape(len(x), -1), self.scratch(op, len(x))),
        )
        return y, (x, y)

    def backward(self, dy, cache):
        x, y = cache
        op, n = self.image_record(x.shape[1:]), len(x)
        dx = np.empty_like(x)
        self.clear_gradients()
        conv_backward(
            *(op, x.reshape(n, -1), self.weight("kernel").reshape(-1), y.reshape(n, -1)),
            self.batch_gradient(dy, y.shape).reshape(n, -1),
            *(self.gradient("kernel").reshape(-1), self.gradient("bias")),
            *(dx.reshape(n, -1), self.scratch(op, n)),
        )
        return dx

    def scratch_sizes(self, op):
        inner, outer = (op.filters, op.channels) if op.scatter else (op.channels, op.filters)
        width = op.kernel_height * op.kernel_width * inner
        return 2 * width * outer + max(1, BLOCK // max(width, outer)) * width, 0

    def op(self, input_shape):
        (_, pad_top), (_, pad_left) = self.slides(input_shape)
        scatter = self.transposed
        if self.strides == (1, 1):  # either form: copy the side with fewer channels
            scatter = input_shape[2] > self.filters
        flipped = scatter != self.transposed
        if flipped:
            pad_top = self.kernel_size[0] - 1 - pad_top
            pad_left = self.kernel_size[1] - 1 - pad_left
        return {
            "kind": CONVOLUTION,
            **activations.fields(self.activation, self.dtype),
            "kernel_height": self.kernel_size[0],
            "kernel_width": self.kernel_size[1],
            "stride_h": self.strides[0],
            "stride_w": self.strides[1],
            "pad_top": pad_top,
            "pad_left": pad_left,
            "scatter": scatter,
            "flipped": flipped,
            "spread_h": 1,
            "spread_w": 1,
        }

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.filters}, {self.kernel_size}, strides={self.strides}, "
            f"padding={self.padding!r}, activation={self.activation!r})"
        )


class Conv2DTranspose(Conv2D):
    """Transposed convolution: the backward pass of a `Conv2D` for its input, as a layer.

    Each pixel of x adds its multiple of W to y under a window:
    z[i s + u − p, j s + v − p, o] += x[i, j, c] W[u, v, o, c], and y = f(z + b).

    Parameters
    ----------
    filters : int
        Channels of y.
    kernel_size : int or (int, int)
        Rows and columns of the window.
    strides : int or (int, int), default 1
        s: how far the windows of neighbouring pixels lie apart.
    padding : "valid" or "same", default "valid"
        y has (size − 1) s + max(kernel_size, s) pixels along a side, or size · s.
    activation, use_bias, bias_initializer, activity_regularizer
        As for `Conv2D`.
    kernel_initializer : str or callable ``(shape, rng) -> array``
        Initial W, of shape (rows, columns, filters, channels).

    Examples
    --------
    >>> Conv2DTranspose(8, 3, strides=2, padding="same").build((14, 14, 1))
    (28, 28, 8)
    """

    transposed = True
