"""Windows sliding over images: sizes, strides and padding, as Keras computes them."""

from numbers import Integral

from .layer import Layer, Shape


def pair(name: str, value: int | tuple[int, int]) -> tuple[int, int]:
    """One size for both directions, or (vertical, horizontal)."""
    sizes = tuple(value) if isinstance(value, tuple | list) else (value, value)
    if len(sizes) != 2 or not all(isinstance(size, Integral) and size > 0 for size in sizes):
        raise ValueError(f"{name} must be a positive integer or a pair of them, but got {value!r}")
    return int(sizes[0]), int(sizes[1])


def check_padding(padding: str) -> str:
    """ "valid" or "same"."""
    if padding not in ("valid", "same"):
        raise ValueError(f'padding must be "valid" or "same", but got {padding!r}')
    return padding


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
            f'{layer.label} with padding="valid" needs images of at least its window\'s size, '
            f"{window}, but got {size}"
        )
    return (size - window) // stride + 1, 0


def unslide(size: int, window: int, stride: int, padding: str) -> tuple[int, int]:
    """The transposed relation: how large an image `size` windows stem from, and zeros before.

    same: size · stride. valid: (size − 1) stride + max(window, stride).
    """
    if padding == "same":
        return size * stride, max(window - stride, 0) // 2
    return (size - 1) * stride + max(window, stride), 0
