"""Upsampling followed by a convolution as one op: exact, with fewer operations and no large image.

Repeating every pixel s times and then moving a k × k window over the result adds, for every pixel
of the small image, the same sums of weights under a (k + s − 1)² window of the result, s apart. So
the pair is a transposed convolution of the small image with stride s and the spread window K:

    K[u, v] = Σ W[u − i, v − j], over i, j < s      (with W turned; see `layers.conv.turn`)

For s = 2 and k = 7 that is 64 products a small pixel where the pair takes 4 · 49.
"""

import math
from collections.abc import Sequence

import numpy as np

from ..layers.convolution import Conv2D
from ..layers.layer import Layer
from ..layers.pooling import UpSampling2D

# Multiplications and additions in the time of moving one number between an image and its windows.
# It is on the cautious side: of 22 measured shapes the 11 that are folded take 1.2 to 2.9 times as
# long apart, the 11 that are left alone, with one to eight channels, 0.4 to 1.9 times.
MOVE = 30


def records(layers: Sequence[Layer]) -> list[tuple[int, np.record]]:
    """The ops that run the layers: each one's record, with the position of the layer it is for.

    A folded pair has one op, for the convolution, whose weights it uses.
    """
    found: list[tuple[int, np.record]] = []
    for position, layer in enumerate(layers):
        op = fold(layers[position - 1], layer) if position else None
        if op is not None:
            found[-1] = position, op
        else:
            op = layer.record(layer.input_shape or (), layer.output_shape or ())
            found.append((position, op))
    return found


def fold(upsampling: Layer, conv: Layer) -> np.record | None:
    """The record of a pair, as a convolution in its scatter form; None for what is left alone."""
    if type(upsampling) is not UpSampling2D or type(conv) is not Conv2D:
        return None  # exact types: what a subclass changes is not known here
    if conv.strides != (1, 1) or upsampling.activity_regularizer is not None:
        return None
    if not pays(upsampling, conv):
        return None
    op = conv.record(conv.input_shape or (), conv.output_shape or ())
    op.height, op.width, _ = small = upsampling.input_shape or ()
    op.inputs = math.prod(small)
    (k_h, k_w), (s_h, s_w) = conv.kernel_size, upsampling.size
    (_, top), (_, left) = conv.slides(upsampling.output_shape or ())
    op.scatter = op.flipped = 1
    op.pad_top, op.pad_left = k_h - 1 - top, k_w - 1 - left
    op.kernel_height, op.kernel_width = k_h + s_h - 1, k_w + s_w - 1
    op.stride_h, op.stride_w = op.spread_h, op.spread_w = s_h, s_w
    return op


def pays(upsampling: UpSampling2D, conv: Conv2D) -> bool:
    """Whether a pair takes less time as one op."""
    (k_h, k_w), (s_h, s_w) = conv.kernel_size, upsampling.size
    channels, filters = (conv.input_shape or ())[-1], conv.filters
    products = 2 * channels * filters
    # for each pixel of the small image
    alone = s_h * s_w * k_h * k_w * (products + MOVE * min(channels, filters))
    together = (k_h + s_h - 1) * (k_w + s_w - 1) * (products + MOVE * filters)
    return together < alone
