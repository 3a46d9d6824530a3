"""Convolution and transposed convolution of images, each as one matrix product.

With window rows u, columns v, input channels c, strides s and p zeros before the image:

    Conv2D            y[i, j, o] = f(Σ x[i s + u − p, j s + v − p, c] W[u, v, c, o] + b[o])
    Conv2DTranspose   z[i s + u − p, j s + v − p, o] += x[i, j, c] W[u, v, o, c];  y = f(z + b)

Backward, with dz = dy f'(z), for a Conv2D (for a Conv2DTranspose x and dz change places in dW,
and dx is the convolution of dz by W):

    dW[u, v, c, o] = Σ x[i s + u − p, j s + v − p, c] dz[i, j, o]     over samples, i and j
    dx[i s + u − p, j s + v − p, c] += Σ dz[i, j, o] W[u, v, c, o]    over o

Either can be computed in two ways, with K the kernel as a matrix:

    gather    y = windows(x) K, where a row of windows(x) is the part of x under one window
    scatter   y = the rows of x Kᵀ, each added to y under its window

A convolution is a gather with K = W; with stride 1 it is also a scatter with the kernel turned by
180° and its channels exchanged. A transposed convolution is the reverse. Gathering copies x once
for every tap, a place (u, v) in the window, scattering y: so what has fewer channels is copied.
Which products are by tiles, and take T = Kᵀ in place of K, is said in ``tiles.matrices``.
``plain_images`` has both in plain NumPy, without any of this: as sums over the taps.
"""

from __future__ import annotations

from typing import Any, ClassVar

from ..checks.arguments import length, pair
from ..machine.basics import larger, smaller
from ..machine.jit import called, inlined
from ..machine.views import clear, view
from ..maths import activations
from ..maths.activations import (
    ActivationFunction,
    activation_backward,
    activation_forward,
    add_rows,
)
from ..maths.constraints import UnitNorm
from ..maths.formula import Formula, matrix_formula
from ..maths.initializers import Initializer
from ..maths.penalties import Penalty
from ..primitives.steps import Pad, Step, WindowProduct, biased
from ..tiles.matrices import add_product, product, product_transposed, tiles_for, turned
from .affine import Affine
from .im2col import add_windows, turn, turn_back, windows
from .kernels import Kernels
from .layer import Shape
from .upsampled_convolution import record_behind_repeat
from .windows import (
    WINDOW_FIELDS,
    by,
    check_image,
    check_padding,
    paddings,
    slide,
    window_fields,
)


@inlined
def gather_forward(op, x, K, b, y, room):
    """y = f(windows(x) K + b), a block of windows at a time."""
    x_image, y_pixels = images(x, op.height, op.width), pixels(y, op.filters)
    for first in range(0, y_pixels.shape[0], room.shape[0]):
        y_block = y_pixels[first : first + room.shape[0]]
        col = room[: y_block.shape[0]]
        windows(op, x_image, op.out_height, op.out_width, first, col)
        product(op.tiles, col, K, y_block)
        activation_forward(b, op.activation, y_block)


@inlined
def gather_backward(op, x, K, T, y, dy, dK, db, dx, room):
    """dz = dy f'(z); db += Σ dz; dK += windows(x)ᵀ dz; dx = dz Kᵀ, added under the windows."""
    y_pixels, dz_pixels = pixels(y, op.filters), pixels(dy, op.filters)
    x_image, dx_image = images(x, op.height, op.width), images(dx, op.height, op.width)
    clear(dx)
    for first in range(0, y_pixels.shape[0], room.shape[0]):
        dz = dz_pixels[first : first + room.shape[0]]
        col = room[: dz.shape[0]]
        activation_backward(y_pixels[first : first + room.shape[0]], op.slope, dz)
        add_rows(dz, db)
        if dK.size:
            windows(op, x_image, op.out_height, op.out_width, first, col)
            add_product(op.tiles, col, dz, dK)
        if dx.size:
            product_transposed(op.tiles, dz, K, T, col)
            add_windows(op, col, op.out_height, op.out_width, first, dx_image)


@inlined
def scatter_forward(op, x, K, T, b, y, room):
    """y = f(z + b), z = the rows of x Kᵀ, each added under its window."""
    x_pixels, y_image = pixels(x, op.channels), images(y, op.out_height, op.out_width)
    clear(y)
    for first in range(0, x_pixels.shape[0], room.shape[0]):
        x_block = x_pixels[first : first + room.shape[0]]
        col = room[: x_block.shape[0]]
        product_transposed(op.tiles, x_block, K, T, col)
        add_windows(op, col, op.height, op.width, first, y_image)
    activation_forward(b, op.activation, pixels(y, op.filters))


@inlined
def scatter_backward(op, x, K, y, dy, dK, db, dx, room):
    """dz = dy f'(z); db += Σ dz; dK += windows(dz)ᵀ x; dx = windows(dz) K."""
    dz_pixels = pixels(dy, op.filters)
    activation_backward(pixels(y, op.filters), op.slope, dz_pixels)
    add_rows(dz_pixels, db)
    dz_image = images(dy, op.out_height, op.out_width)
    x_pixels, dx_pixels = pixels(x, op.channels), pixels(dx, op.channels)
    for first in range(0, x_pixels.shape[0], room.shape[0]):
        x_block = x_pixels[first : first + room.shape[0]]
        col = room[: x_block.shape[0]]
        windows(op, dz_image, op.height, op.width, first, col)
        if dK.size:
            add_product(op.tiles, col, x_block, dK)
        if dx.size:
            product(op.tiles, col, K, dx_pixels[first : first + room.shape[0]])


@inlined
def conv_forward(op, x, W, b, y, scratch):
    """y = f(convolution of x + b), for x (n, inputs) and y (n, outputs), in the op's form."""
    K, room = kernel_matrix(op, W, scratch), window_block(op, scratch)
    if op.scatter:
        T = turned(op.tiles, K, scratch, 2 * K.size)
        scatter_forward(op, x, K, T, b, y, room)
    else:
        gather_forward(op, x, K, b, y, room)


@inlined
def conv_backward(op, x, W, y, dy, dW, db, dx, scratch):
    """The chain rule through `conv_forward`; dz is written over dy. What is empty is not wanted."""
    K, room = kernel_matrix(op, W, scratch), window_block(op, scratch)
    dK = kernel_gradient(op, K, dW, scratch)
    if op.scatter:
        scatter_backward(op, x, K, y, dy, dK, db, dx, room)
    else:
        T = turned(op.tiles, K, scratch, 2 * K.size)
        gather_backward(op, x, K, T, y, dy, dK, db, dx, room)
    if op.flipped and dW.size:
        inner, outer = sides(op)
        turn_back(op, dK, outer, inner, dW)


class Conv2D(Affine):
    """Convolution of images: y[i, j, o] = f(Σ x[i s + u − p, j s + v − p, c] W[u, v, c, o] + b[o]).

    Parameters
    ----------
    filters : int
        Channels of y.
    kernel_size : int or (int, int)
        Rows and columns of the window.
    strides : int or (int, int), default 1
        The stride s, down and to the right.
    padding : "valid" or "same", default "valid"
        Windows inside the image only; or as many windows as pixels / s, with zeros around, half
        of them (rounded down) before the image.
    activation : str, ActivationFunction or None
        The function f: linear (None), relu, leaky_relu, elu, selu, softplus, tanh, sigmoid or
        softmax, or one of your own.
    use_bias : bool, default True
        Whether there is a b.
    kernel_initializer, bias_initializer : str or callable ``(shape, rng) -> array``
        Initial W, of shape (rows, columns, channels, filters), and b, of shape (filters,).
    activity_regularizer : L1, L2, L1L2 or None
        A penalty on y.
    kernel_regularizer : L1, L2, L1L2 or None
        A penalty on W while the layer is trained, λ₁ Σ|W| + λ₂ ΣW², divided by nothing.
    kernel_constraint : UnitNorm or None
        What W is to be after each step.

    See Also
    --------
    Conv2DTranspose : Its backward pass as a layer, which enlarges images.
    Conv1D : For sequences.

    Examples
    --------
    >>> import tinyae as tae
    >>> tae.Conv2D(8, 3, strides=2, padding="same").build((28, 28, 1))
    (14, 14, 8)
    """

    transposed = False
    kernel_size: Any
    strides: Any
    checks: ClassVar = {
        "filters": length,
        "kernel_size": pair,
        "strides": pair,
        "padding": check_padding,
    }

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, int],
        strides: int | tuple[int, int] = 1,
        padding: str = "valid",
        activation: str | ActivationFunction | None = None,
        *,
        use_bias: bool = True,
        kernel_initializer: str | Initializer = "glorot_uniform",
        bias_initializer: str | Initializer = "zeros",
        activity_regularizer: Penalty | None = None,
        kernel_regularizer: Penalty | None = None,
        kernel_constraint: UnitNorm | None = None,
    ):
        super().__init__(
            activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            activity_regularizer=activity_regularizer,
            kernel_regularizer=kernel_regularizer,
            kernel_constraint=kernel_constraint,
        )
        self.filters, self.padding = filters, padding
        self.kernel_size, self.strides = kernel_size, strides

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
        """For both directions of `input_shape`: the output's size, and the zeros before."""
        sides = zip(input_shape[:2], self.kernel_size, self.strides, strict=True)
        return [slide(self, *side, self.padding) for side in sides]

    def scratch_size(self, op):
        inner, outer = (op.filters, op.channels) if op.scatter else (op.channels, op.filters)
        width = op.kernel_height * op.kernel_width * inner
        return 3 * width * outer + max(1, BLOCK // max(width, outer)) * width  # K, dK, Kᵀ, windows

    def operations(self):
        rows, columns, filters = self.output_shape
        return rows * columns * (2 * self.weights["kernel"].size + filters)

    @property
    def scatters(self) -> bool:
        """Which form: with stride 1 either will do, and the side with fewer channels is copied."""
        if self.strides == (1, 1):
            return self.input_shape[2] > self.filters
        return self.transposed

    def record_fields(self):
        (_, top), (_, left) = self.slides(self.input_shape)
        flipped = self.scatters != self.transposed
        if flipped:
            top, left = self.kernel_size[0] - 1 - top, self.kernel_size[1] - 1 - left
        fields = window_fields(self, self.kernel_size, self.strides, (top, left))
        form = {"scatter": self.scatters, "flipped": flipped, "spread_h": 1, "spread_w": 1}
        form["tiles"] = tiles_for(self.dtype)
        return {**fields, **form, **activations.addresses(self.activation, self.dtype)}

    def record_behind(self, step, input_shape):
        return record_behind_repeat(self, step, input_shape)

    def formula(self) -> Formula:
        kind, back = ("convT", "conv") if self.transposed else ("conv", "convT")
        window = f"{by(self.kernel_size)}, {self.padding}"
        if self.strides != (1, 1):
            window += f", stride {by(self.strides)}"
        product, dx = f"{kind}(x, W: {window})", f"dx = {back}(dz, W)"
        return matrix_formula(product, "dW = Σ x dz", dx, self.activation, self.use_bias)

    def steps(self):
        rows, columns = paddings(self, self.kernel_size)
        pad: list[Step] = [Pad(rows, columns)] if any(rows + columns) else []
        end = biased(self.use_bias, activations.get(self.activation))
        return [*pad, WindowProduct("kernel", self.strides), *end]


# For the engine: which form, and room for it

BLOCK = 32768  # numbers of windows(x), or of its factor, at a time: they fit the second-level cache


@inlined
def sides(op):
    """Channels of the side that is gathered or scattered to, and of the other."""
    return (op.filters, op.channels) if op.scatter else (op.channels, op.filters)


@inlined
def pixels(image, channels):
    """Images as a matrix with a row for each pixel."""
    return view(image, 0, (image.size // channels, channels))


@inlined
def images(batch, height, width):
    """Samples as images."""
    n = batch.shape[0]
    return view(batch, 0, (n, height, width, batch.shape[1] // (height * width)))


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
def kernel_gradient(op, K, dW, scratch):
    """The matrix for the gradient of K: dW itself, or cleared room for it; empty if not wanted."""
    wanted = dW.size > 0
    flat = scratch[K.size : K.size + K.size * wanted] if op.flipped else dW
    dK = view(flat, 0, (K.shape[0] * wanted, K.shape[1]))
    if op.flipped:
        clear(dK)
    return dK


@inlined
def window_block(op, scratch):
    """Room for a block of windows, behind the room for K and its gradient."""
    inner, outer = sides(op)
    width = op.kernel_height * op.kernel_width * inner
    step = larger(1, BLOCK // larger(width, outer))
    start = 3 * width * outer
    return view(scratch, start, (step, width))


@inlined
def kernel_and_bias(op, w):
    """W and b, or dW and db, as flat arrays: from w, or from dw, which may be empty."""
    taps = (op.kernel_height - op.spread_h + 1) * (op.kernel_width - op.spread_w + 1)
    size = smaller(w.size, taps * op.channels * op.filters)
    return view(w, 0, (size,)), view(w, size, (smaller(w.size - size, op.filters),))


@called
def forward(op, w, x, y, scratch, step, first):
    W, b = kernel_and_bias(op, w)
    conv_forward(op, x, W, b, y, scratch)


@called
def backward(op, w, x, y, dy, dw, dx, scratch, step, first):
    W, _ = kernel_and_bias(op, w)
    dW, db = kernel_and_bias(op, dw)
    conv_backward(op, x, W, y, dy, dW, db, dx, scratch)


Conv2D.kernels = Kernels(
    forward,
    backward,
    {
        **WINDOW_FIELDS,
        **activations.FIELDS,
        **{"scatter": int, "flipped": int},  # which form of the convolution
        "tiles": int,  # the product by tiles, or NONE
        **{"spread_h": int, "spread_w": int},  # 1, or by how much pixels before it are repeated
    },
)
