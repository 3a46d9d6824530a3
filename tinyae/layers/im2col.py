"""The windows of images as rows of a matrix, and back: what makes a convolution a product.

`windows` is known as im2col, `add_windows`, its transpose, as col2im.
"""

import numpy as np

from ..machine.basics import larger, smaller
from ..machine.jit import shared
from ..machine.views import clear, copy, view
from ..tiles.strips import LANES, copy_vector


@shared
def windows(op, image, rows, columns, first_place, col):
    """Copy the part of an image under each window into a row of col, zeros where outside.

    image (n, height, width, channels); the windows lie on n grids of rows × columns, and col (some,
    window height · window width · channels) takes as many as it has rows from first_place on.
    """
    _, height, width, channels = image.shape
    source, target = view(image, 0, (image.size,)), view(col, 0, (col.size,))
    run, starts, ends = op.kernel_width * channels, source.size - LANES, target.size - LANES
    to = 0
    for place in range(first_place, first_place + col.shape[0]):
        sample, i, j = place // (rows * columns), place // columns % rows, place % columns
        top, left = i * op.stride_h - op.pad_top, j * op.stride_w - op.pad_left
        first = larger(0, -left) * channels  # of the run, what lies inside the image
        last = smaller(op.kernel_width, width - left) * channels
        for u in range(op.kernel_height):
            row = top + u
            if row < 0 or row >= height or last <= first:
                clear(view(target, to, (run,)))
            else:
                start = ((sample * height + row) * width + left) * channels
                if run <= LANES and 0 <= start <= starts and to <= ends:
                    copy_vector(source, start, target, to)  # the next overwrites what is too much
                else:
                    inside = (last - first,)
                    copy(view(source, start + first, inside), view(target, to + first, inside))
                clear(view(target, to, (first,)))
                clear(view(target, to + last, (run - last,)))
            to += run


@shared
def add_windows(op, col, rows, columns, first_place, image):
    """The transpose of `windows`: add each row of col to the image under its window."""
    _, height, width, channels = image.shape
    source, target = view(col, 0, (col.size,)), view(image, 0, (image.size,))
    run = op.kernel_width * channels
    at = 0
    for place in range(first_place, first_place + col.shape[0]):
        sample, i, j = place // (rows * columns), place // columns % rows, place % columns
        top, left = i * op.stride_h - op.pad_top, j * op.stride_w - op.pad_left
        first = larger(0, -left) * channels
        last = smaller(op.kernel_width, width - left) * channels
        for u in range(op.kernel_height):
            row = top + u
            if row >= 0 and row < height:
                start = ((sample * height + row) * width + left) * channels
                source_first, target_first = np.uintp(at + first), np.uintp(start + first)
                for k in range(np.uintp(larger(0, last - first))):
                    target[target_first + k] += source[source_first + k]
            at += run


@shared
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


@shared
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
