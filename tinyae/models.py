"""The tutorials' models, ready to train.

Each function returns a new `Autoencoder`; options that it does not name (``seed``, ``dtype``,
``threads``, another ``optimizer``) are passed on to it.

>>> from tinyae import models
>>> models.convolutional(filters=(8, 4)).encoder.output_shape
(7, 7, 1)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from numbers import Integral
from typing import Any

from .autoencoder import Autoencoder
from .checks.arguments import pair, shown
from .checks.arguments import sizes as whole_numbers
from .checks.public_names import explaining
from .checks.reach import warn
from .family.variational import Variational
from .layers.convolution import Conv2D
from .layers.dense import Dense
from .layers.layer import Layer
from .layers.noise import GaussianNoise
from .layers.pooling import MaxPooling2D, UpSampling2D
from .layers.transposed_convolution import Conv2DTranspose
from .maths.activations import check as check_activation
from .maths.penalties import L1, L1L2
from .maths.penalties import check as check_penalty

IMAGE = (28, 28, 1)

__getattr__ = explaining(__name__)


def deep(
    sizes: Sequence[int] = (784, 500, 300, 2),
    activation: str = "relu",
    output_activation: str | None = None,
    **options: Any,
) -> Autoencoder:
    """Dense layers down to a code and back: 784-500-300-2-300-500-784 with ReLU and MSE.

    Parameters
    ----------
    sizes : sequence of int
        From the input to the code, which is linear; the decoder mirrors them.
    activation : str
        Of the layers between.
    output_activation : str, optional
        Of the last layer: "sigmoid" for a loss of "bce".
    **options
        What else `tinyae.Autoencoder` takes, such as ``seed``, ``dtype`` and another ``optimizer``.

    Returns
    -------
    Autoencoder
        Not trained yet.

    See Also
    --------
    variational : The same with codes that are drawn.
    sparse : Dense layers with a penalty on the codes.

    Examples
    --------
    >>> import tinyae as tae
    >>> ae = tae.models.deep((8, 4, 2))
    >>> [layer.units for layer in ae.layers]
    [4, 2, 4, 8]
    """
    pixels, *inner, code = _units(sizes)
    check_activation("activation", activation)
    check_activation("output_activation", output_activation)
    output = Dense(pixels, output_activation)
    return _made(
        options,
        encoder=[*(Dense(units, activation) for units in inner), Dense(code)],
        decoder=[*(Dense(units, activation) for units in reversed(inner)), output],
        input_shape=(pixels,),
        loss="mse",
    )


def variational(
    sizes: Sequence[int] = (784, 500, 20),
    activation: str = "relu",
    beta: float | Callable[[int], float] = 1.0,
    **options: Any,
) -> Autoencoder:
    """Dense layers down to a code that is drawn, and back: 784-500-20-500-784 with ReLU and BCE.

    Parameters
    ----------
    sizes : sequence of int
        From the input to the code; the decoder mirrors them, and ends in a sigmoid.
    activation : str
        Of the layers between.
    beta : float or callable ``(step) -> float``
        As for `tinyae.Variational`.
    **options
        What else `tinyae.Autoencoder` takes, such as ``seed``, ``dtype`` and another ``optimizer``.

    Returns
    -------
    Autoencoder
        Not trained yet.

    See Also
    --------
    deep : The same without draws.
    tinyae.Variational : The layer that draws.

    Examples
    --------
    >>> import tinyae as tae
    >>> ae = tae.models.variational((8, 4, 2))
    >>> ae.encoder.layers[-2].units  # two means and two log variances
    4
    """
    pixels, *inner, code = _units(sizes)
    check_activation("activation", activation)
    output = Dense(pixels, "sigmoid")
    return _made(
        options,
        encoder=[
            *(Dense(units, activation) for units in inner),
            Dense(2 * code),
            Variational(beta),
        ],
        decoder=[*(Dense(units, activation) for units in reversed(inner)), output],
        input_shape=(pixels,),
        loss="bce",
    )


def convolutional(filters: tuple[int, int] = (128, 32), **options: Any) -> Autoencoder:
    """The convolutional autoencoder for 28 × 28 images, with a 7 × 7 code and BCE.

    Conv 128 7×7, pool, Conv 32 2×2, pool, Conv 1 7×7; Conv 32 7×7, up, Conv 128 2×2, up, Conv 1 7×7
    sigmoid; ReLU between, "same" padding.

    Parameters
    ----------
    filters : (int, int)
        Channels of the first and the second convolution.
    **options
        What else `tinyae.Autoencoder` takes, such as ``seed``, ``dtype`` and another ``optimizer``.

    Returns
    -------
    Autoencoder
        Not trained yet.

    See Also
    --------
    convolutional_transpose : Another decoder.
    denoising : For noisy images.

    Examples
    --------
    >>> import tinyae as tae
    >>> tae.models.convolutional(filters=(8, 4)).encoder.output_shape
    (7, 7, 1)
    """
    filters = pair("filters", filters)
    return _made(
        options,
        encoder=_conv_encoder(filters),
        decoder=_conv_decoder(filters),
        input_shape=IMAGE,
        loss="bce",
    )


def convolutional_transpose(filters: tuple[int, int] = (128, 32), **options: Any) -> Autoencoder:
    """`convolutional`, its decoder enlarging images by transposed convolutions of stride 2.

    ConvT 32 7×7 stride 2, ConvT 128 2×2 stride 2, ConvT 1 7×7 sigmoid.

    Parameters
    ----------
    filters : (int, int)
        Channels of the first and the second convolution.
    **options
        What else `tinyae.Autoencoder` takes, such as ``seed``, ``dtype`` and another ``optimizer``.

    Returns
    -------
    Autoencoder
        Not trained yet.

    See Also
    --------
    convolutional : A decoder that repeats pixels.
    tinyae.Conv2DTranspose : Its layers.

    Examples
    --------
    >>> import tinyae as tae
    >>> tae.models.convolutional_transpose(filters=(8, 4)).output_shape
    (28, 28, 1)
    """
    wide, narrow = filters = pair("filters", filters)
    return _made(
        options,
        encoder=_conv_encoder(filters),
        decoder=[
            Conv2DTranspose(narrow, 7, strides=2, padding="same", activation="relu"),
            Conv2DTranspose(wide, 2, strides=2, padding="same", activation="relu"),
            Conv2DTranspose(1, 7, padding="same", activation="sigmoid"),
        ],
        input_shape=IMAGE,
        loss="bce",
    )


def denoising(
    stddev: float = 0.4,
    filters: tuple[int, int] = (32, 32),
    clip: tuple[float, float] | None = None,
    **options: Any,
) -> Autoencoder:
    """A convolutional autoencoder that sees noisy images and is asked for the clean ones.

    Conv 3×3, pool, Conv 3×3, pool; Conv 3×3, up, Conv 3×3, up, Conv 1 3×3 sigmoid; ReLU between,
    "same" padding, BCE. Its code is large: it cannot copy because the noise is new at every step.

    Parameters
    ----------
    stddev : float
        Of the noise that is added in training; with 0, bring the noisy images: ``fit(noisy, x)``.
    filters : (int, int)
        Channels of the first and the second convolution.
    clip : (float, float), optional
        What pixels are kept in with their noise, as for `tinyae.GaussianNoise`: (0, 1) for those
        that cannot be beyond. Default: noise goes as far as it goes.
    **options
        What else `tinyae.Autoencoder` takes, such as ``seed``, ``dtype`` and another ``optimizer``.

    Returns
    -------
    Autoencoder
        Not trained yet.

    See Also
    --------
    convolutional : For clean images, with a smaller code.
    tinyae.GaussianNoise : The noise.

    Examples
    --------
    >>> import tinyae as tae
    >>> ae = tae.models.denoising(stddev=0.5)
    >>> ae.encoder.layers[0].stddev
    0.5
    """

    def conv(channels: int, activation: str = "relu") -> Conv2D:
        return Conv2D(channels, 3, padding="same", activation=activation)

    first, second = pair("filters", filters)
    noise: list[Layer] = [GaussianNoise(stddev, clip)]
    if stddev == 0:
        if clip is not None:
            raise ValueError(f"clip is of the noise, but stddev is 0 and clip {shown(clip)}")
        noise = []
    return _made(
        options,
        encoder=[*noise, conv(first), MaxPooling2D(), conv(second), MaxPooling2D()],
        decoder=[
            *(conv(second), UpSampling2D(), conv(first), UpSampling2D()),
            conv(1, "sigmoid"),
        ],
        input_shape=IMAGE,
        loss="bce",
    )


def sparse(
    penalty: L1L2 | None = None, code_activation: str | None = "relu", **options: Any
) -> Autoencoder:
    """784-64-48-32-16-32-48-64-784 with ReLU and BCE, and a penalty on its sixteen codes.

    Parameters
    ----------
    penalty : L1, L2 or L1L2, optional
        Default: L1(2.56e-3), which is 1e-5 at batch size 256 for those who sum over the batch.
    code_activation : str, optional
        Of the codes: with ReLU many are exactly zero; None makes them linear, as in the tutorial.
    **options
        What else `tinyae.Autoencoder` takes, such as ``seed``, ``dtype`` and another ``optimizer``.

    Returns
    -------
    Autoencoder
        Not trained yet.

    See Also
    --------
    deep : Without a penalty.
    tinyae.TopK : Exactly so many numbers above zero.
    tinyae.L1 : The penalty.

    Examples
    --------
    >>> import tinyae as tae
    >>> tae.models.sparse(tae.L1(0.01)).encoder.layers[-1].activity_regularizer
    L1(0.01)
    """
    check_activation("code_activation", code_activation)
    check_penalty("penalty", penalty)
    penalty = L1(2.56e-3) if penalty is None else penalty
    return _made(
        options,
        encoder=[
            *(Dense(units, "relu") for units in (64, 48, 32)),
            Dense(16, code_activation, activity_regularizer=penalty),
        ],
        decoder=[*(Dense(units, "relu") for units in (32, 48, 64)), Dense(784, "sigmoid")],
        input_shape=(784,),
        loss="bce",
    )


def _made(
    options: dict[str, Any],
    encoder: list[Layer],
    decoder: list[Layer],
    input_shape: tuple[int, ...],
    loss: str,
) -> Autoencoder:
    """The model with the options; layers and shape are its own."""
    for name in ("encoder", "decoder", "input_shape"):
        if name in options:
            raise TypeError(
                f"{name} is the model's own, but got {name}={shown(options[name])}; "
                "tinyae.Autoencoder takes one"
            )
    return Autoencoder(encoder, decoder, input_shape=input_shape, **{"loss": loss, **options})


def _units(given: Sequence[int]) -> tuple[int, ...]:
    """From the input to the code; a warning says so of what looks like the shape of an image."""
    if isinstance(given, Integral):
        raise ValueError(
            "sizes must be one tuple, from the input to the code, such as (784, 500, 20), but got "
            f"{shown(given)}"
        )
    found = whole_numbers("sizes", given, least=2)
    if len(found) == 3 and found[0] == found[1] and found[2] in (1, 3):
        warn(
            f"sizes {found} are numbers of units, from {found[0]} inputs to a code of {found[2]}: "
            f"for images of that shape give ({math.prod(found)}, ...), and a Flatten before them"
        )
    return found


def _conv_encoder(filters: tuple[int, int]) -> list[Layer]:
    wide, narrow = filters
    return [
        Conv2D(wide, 7, padding="same", activation="relu"),
        MaxPooling2D(),
        Conv2D(narrow, 2, padding="same", activation="relu"),
        MaxPooling2D(),
        Conv2D(1, 7, padding="same", activation="relu"),
    ]


def _conv_decoder(filters: tuple[int, int]) -> list[Layer]:
    wide, narrow = filters
    return [
        Conv2D(narrow, 7, padding="same", activation="relu"),
        UpSampling2D(),
        Conv2D(wide, 2, padding="same", activation="relu"),
        UpSampling2D(),
        Conv2D(1, 7, padding="same", activation="sigmoid"),
    ]
