"""Upsampling followed by a convolution as one op: exact, with fewer operations and no large image.

Repeating every pixel s times and then moving a k × k window over the result adds, for every pixel
of the small image, the same sums of weights under a (k + s − 1)² window of the result, s apart. So
the pair is a transposed convolution of the small image with stride s and the spread window K:

    K[u, v] = Σ W[u − i, v − j], over i, j < s      (with W turned; see `turn`)

For s = 2 and k = 7 that is 64 products a small pixel where the pair takes 4 · 49.
"""

import math
from typing import Any

import numpy as np

from ..primitives.steps import Repeat, Step

# Multiplications and additions in the time of moving one number between an image and its windows.
# It is on the cautious side: of 22 measured shapes the 11 that are folded take 1.2 to 2.9 times as
# long apart, the 11 that are left alone, with one to eight channels, 0.4 to 1.9 times.
MOVE = 30


def record_behind_repeat(conv: Any, step: Step, input_shape: tuple[int, ...]) -> np.recarray | None:
    """The record of a pair, as a convolution in its scatter form; None for what is left alone.

    Parameters
    ----------
    conv : Conv2D
    step : Step
        What is done to images before it.
    input_shape : tuple of int
        The small image's.
    """
    if not isinstance(step, Repeat) or conv.transposed or conv.strides != (1, 1):
        return None
    if not pays(conv, step):
        return None
    table = conv.record()
    op = table.view(conv.kernels.record).view(np.recarray)
    op.height, op.width, _ = input_shape
    op.inputs = math.prod(input_shape)
    (k_h, k_w), (s_h, s_w) = conv.kernel_size, step
    (_, top), (_, left) = conv.slides(conv.input_shape)
    op.scatter = op.flipped = 1
    op.pad_top, op.pad_left = k_h - 1 - top, k_w - 1 - left
    op.kernel_height, op.kernel_width = k_h + s_h - 1, k_w + s_w - 1
    op.stride_h, op.stride_w = op.spread_h, op.spread_w = s_h, s_w
    return table


def pays(conv: Any, repeat: Repeat) -> bool:
    """Whether a pair takes less time as one op."""
    (k_h, k_w), (s_h, s_w) = conv.kernel_size, repeat
    channels, filters = conv.input_shape[-1], conv.filters
    products = 2 * channels * filters
    # for each pixel of the small image
    alone = s_h * s_w * k_h * k_w * (products + MOVE * min(channels, filters))
    together = (k_h + s_h - 1) * (k_w + s_w - 1) * (products + MOVE * filters)
    return together < alone
