"""Windows sliding over images: sizes, strides and padding, as Keras computes them."""

from typing import Any

from ..checks.arguments import one_of
from ..machine.jit import inlined
from ..machine.views import view
from .layer import Layer, Shape

# Of the records of layers of images: x is (height, width, channels), y (out_height, …, filters)
SIZE_FIELDS = dict.fromkeys(
    ("height", "width", "channels", "out_height", "out_width", "filters"), int
)
WINDOW_FIELDS = SIZE_FIELDS | dict.fromkeys(
    ("kernel_height", "kernel_width", "stride_h", "stride_w", "pad_top", "pad_left"), int
)


@inlined
def inputs(op, x):
    """x, or the gradient for it, as (n, height, width, channels)."""
    return view(x, 0, (x.shape[0], op.height, op.width, op.channels))


@inlined
def outputs(op, y):
    """y, or the gradient for it, as (n, out_height, out_width, filters)."""
    return view(y, 0, (y.shape[0], op.out_height, op.out_width, op.filters))


def image_sizes(layer: Layer) -> dict[str, float]:
    """The sizes of x and y."""
    return dict(zip(SIZE_FIELDS, (*layer.input_shape, *layer.output_shape), strict=True))


def window_fields(
    layer: Layer, window: tuple[int, int], strides: tuple[int, int], before: tuple[int, int]
) -> dict[str, float]:
    """All of them; `before` are the zeros before the first row and column."""
    numbers = *layer.input_shape, *layer.output_shape, *window, *strides, *before
    return dict(zip(WINDOW_FIELDS, numbers, strict=True))


def by(pair: tuple[int, int]) -> str:
    """Two sizes as text."""
    return f"{pair[0]}×{pair[1]}"


def check_padding(name: str, padding: Any) -> str:
    """ "valid" or "same"."""
    return one_of(name, padding, "valid", "same")


def check_image(layer: Layer, input_shape: Shape) -> None:
    """Refuse samples that are not images."""
    if len(input_shape) != 3:
        hint = "; put a Reshape((height, width, channels)) before it"
        raise layer.shape_error(input_shape, "(n, height, width, channels)" + hint)


def slide(layer: Layer, size: int, window: int, stride: int, padding: str) -> tuple[int, int]:
    """How many windows fit along one side, and how many zeros come before.

    same:  ⌈size / stride⌉ windows; total zeros max((windows − 1) stride + window − size, 0), half
    of them, rounded down, before. valid: windows inside only, no zeros.
    """
    if padding == "same":
        windows = -(-size // stride)
        return windows, max((windows - 1) * stride + window - size, 0) // 2
    if window > size:
        raise ValueError(
            f'{layer.label} with padding="valid" needs at least its window\'s size, '
            f"{window}, but got {size}"
        )
    return (size - window) // stride + 1, 0


def unslide(
    size: int, window: int, stride: int, padding: str, output_padding: int | None = None
) -> tuple[int, int]:
    """The transposed relation: how large an image `size` windows stem from, and zeros before.

    same: size · stride. valid: (size − 1) stride + max(window, stride). With an output_padding
    valid: (size − 1) stride + window + output_padding; same: 2 ⌊window / 2⌋ less, of which half,
    but for half of the output_padding, rounded up, were before.
    """
    if output_padding is not None:
        half = window // 2 if padding == "same" else 0
        before = max(0, half - (output_padding + 1) // 2)
        return (size - 1) * stride + window - 2 * half + output_padding, before
    if padding == "same":
        return size * stride, max(window - stride, 0) // 2
    return (size - 1) * stride + max(window, stride), 0


def paddings(layer: Any, window: tuple[int, int]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Rows and columns to add, (before, after) the image, so that every window is whole."""
    rows, columns = (
        (before, max(0, (count - 1) * stride + size - before - side))
        for (count, before), stride, size, side in zip(
            layer.slides(layer.input_shape), layer.strides, window, layer.input_shape, strict=False
        )
    )
    return rows, columns
