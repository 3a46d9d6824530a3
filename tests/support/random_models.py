"""Models and data at random, for Hypothesis: all layers, activations and penalties, small sizes."""

import math
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

import tinyae as tae
from tinyae.layers.layer import Layer
from tinyae.maths.activations import KNOWN

MOST = 60  # numbers in one layer's output for one sample

activations = st.sampled_from(sorted(KNOWN))
seeds = st.integers(0, 2**20)
strengths = st.sampled_from([0.01, 0.3])
penalties = st.one_of(
    st.builds(tae.L1, strengths),
    st.builds(tae.L2, strengths),
    st.builds(tae.L1L2, strengths, strengths),
)
constraints = st.one_of(
    st.none(), st.none(), st.builds(tae.UnitNorm, st.sampled_from([0, 1, -1, (0, 1)]))
)
paddings = st.sampled_from(["valid", "same"])
LOSSES = ["mse", "bce", "mae", "huber", "categorical_crossentropy"]
biases = st.sampled_from(["zeros", tae.RandomNormal(0.3)])


class Part(NamedTuple):
    """A layer to be made."""

    kind: type[Layer]
    arguments: dict[str, Any]
    trainable: bool = True

    def make(self):
        layer = self.kind(**self.arguments)
        layer.trainable = self.trainable
        return layer

    def __repr__(self):
        arguments = ", ".join(f"{key}={value!r}" for key, value in self.arguments.items())
        return f"{self.kind.__name__}({arguments})" + " frozen" * (not self.trainable)


class Design(NamedTuple):
    """A model to be made, as often as one likes; and its data."""

    encoder: list[Part]
    decoder: list[Part]
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    settings: dict[str, Any]
    samples: int
    guise: str
    data_seed: int

    def make(self, **settings):
        encoder, decoder = ([part.make() for part in side] for side in (self.encoder, self.decoder))
        settings = {"input_shape": self.input_shape, **self.settings, **settings}
        return tae.Autoencoder(encoder, decoder, **settings)

    @property
    def x(self):
        """Samples in [0, 1], in some guise of arrays."""
        x = np.random.default_rng(self.data_seed).random((self.samples, *self.input_shape))
        return GUISES[self.guise](x)

    @property
    def y(self):
        """Targets in [0, 1]."""
        rng = np.random.default_rng(self.data_seed + 1)
        return rng.random((self.samples, *self.output_shape))


GUISES = {
    "float64": lambda x: x,
    "float32": lambda x: x.astype(np.float32),
    "float16": lambda x: x.astype(np.float16),
    "big-endian": lambda x: x.astype(">f4"),
    "integers": lambda x: np.round(x).astype(np.uint8),
    "Fortran order": np.asfortranarray,
    "every second": lambda x: np.repeat(x, 2, axis=0)[::2],
}


def shape_after(part, shape):
    """The shape that a layer makes of one, or None where it does not fit."""
    try:
        after = tae.Sequential([part.make()]).build(shape)
    except ValueError:
        return None
    return after if math.prod(after) <= MOST else None


def sizes(least, most):
    """A number, or one for each direction."""
    one = st.integers(least, most)
    return st.one_of(one, st.tuples(one, one))


@st.composite
def parts(draw, shape):
    """A layer that fits, and the shape that comes out."""
    kinds = ["Activation", "Dropout", "GaussianNoise", "Reshape"]
    kinds += ["SaltAndPepper", "Masking"]
    if len(shape) == 1:
        kinds += ["Dense"] * 5
    elif len(shape) == 3:
        kinds += [
            "Conv2D",
            "Conv2DTranspose",
            "UpSampling2D",
            "MaxPooling2D",
            "AveragePooling2D",
        ] * 2
        kinds += ["ZeroPadding2D", "Cropping2D"]
    else:
        kinds += ["Conv1D", "Conv1DTranspose", "UpSampling1D"] * 2
        kinds += ["MaxPooling1D", "AveragePooling1D"] * 2
    if len(shape) > 1:
        kinds += ["Flatten"] * 2
    kind = draw(st.sampled_from(kinds))
    arguments = draw(ARGUMENTS[kind](shape))
    if draw(st.integers(0, 4)) == 0:
        arguments = {**arguments, "activity_regularizer": draw(penalties)}
    part = Part(getattr(tae, kind), arguments, trainable=draw(st.integers(0, 9)) > 0)
    after = shape_after(part, shape)
    return (Part(tae.Flatten, {}), (math.prod(shape),)) if after is None else (part, after)


def weighted(**more):
    return st.fixed_dictionaries(
        {
            **{**more, "activation": activations, "use_bias": st.booleans()},
            **{"bias_initializer": biases, "kernel_constraint": constraints},
        }
    )


def convolution(shape):
    return weighted(
        filters=st.integers(1, 4), kernel_size=sizes(1, 4), strides=sizes(1, 3), padding=paddings
    )


def transposed(shape):
    extra = st.none() | sizes(0, 1)
    return st.builds(
        lambda given, more: {**given, "output_padding": more}, convolution(shape), extra
    )


def convolution_1d(shape):
    one = st.integers(1, 4)
    return weighted(filters=one, kernel_size=one, strides=st.integers(1, 3), padding=paddings)


def pooling_1d(shape):
    one = st.integers(1, 3)
    return st.fixed_dictionaries(
        {"pool_size": one, "strides": st.none() | one, "padding": paddings}
    )


def pooling(shape):
    return st.fixed_dictionaries(
        {"pool_size": sizes(1, 3), "strides": st.none() | sizes(1, 3), "padding": paddings}
    )


@st.composite
def reshaping(draw, shape):
    """Two or three sides whose product is the size."""
    size = math.prod(shape)
    first = draw(st.sampled_from([n for n in range(1, size + 1) if size % n == 0]))
    second = draw(st.sampled_from([n for n in range(1, size + 1) if size // first % n == 0]))
    rest = size // first // second
    return {"target_shape": draw(st.sampled_from([(first, second, rest), (first, -1)]))}


ARGUMENTS = {
    "Dense": lambda shape: weighted(units=st.integers(1, 7)),
    "Conv2D": convolution,
    "Conv2DTranspose": transposed,
    "ZeroPadding2D": lambda shape: st.fixed_dictionaries({"padding": sizes(0, 2)}),
    "Cropping2D": lambda shape: st.fixed_dictionaries({"cropping": sizes(0, 2)}),
    "Conv1D": convolution_1d,
    "Conv1DTranspose": convolution_1d,
    "MaxPooling1D": pooling_1d,
    "AveragePooling1D": pooling_1d,
    "UpSampling1D": lambda shape: st.fixed_dictionaries({"size": st.integers(1, 3)}),
    "MaxPooling2D": pooling,
    "AveragePooling2D": pooling,
    "UpSampling2D": lambda shape: st.fixed_dictionaries({"size": sizes(1, 3)}),
    "Activation": lambda shape: st.fixed_dictionaries({"activation": activations}),
    "Dropout": lambda shape: st.fixed_dictionaries({"rate": st.sampled_from([0.0, 0.3, 0.9])}),
    "GaussianNoise": lambda shape: st.fixed_dictionaries(
        {"stddev": st.sampled_from([0.0, 0.5]), "clip": st.sampled_from([None, (-0.5, 0.5)])}
    ),
    "SaltAndPepper": lambda shape: st.fixed_dictionaries(
        {"rate": st.sampled_from([0.0, 0.3]), "low": st.sampled_from([0.0, -0.5])}
    ),
    "Masking": lambda shape: st.fixed_dictionaries({"rate": st.sampled_from([0.0, 0.3, 0.9])}),
    "Flatten": lambda shape: st.just({}),
    "Reshape": reshaping,
}


@st.composite
def dictionary(draw):
    """A TopK between dense layers, of so few units that the engine computes with these only."""
    wide = draw(weighted(units=st.sampled_from([32, 48, MOST])))
    between = [Part(tae.Activation, {"activation": "elu"})] * draw(st.booleans())
    top = Part(tae.TopK, {"k": draw(st.integers(1, 2))})
    narrow = draw(weighted(units=st.integers(1, 7)))
    return [Part(tae.Dense, wide), *between, top, Part(tae.Dense, narrow)]


def jumps(parts):
    """Whether the least change of its input may change an output much."""
    return any(part.kind is tae.TopK for part in parts)


@st.composite
def chains(draw, shape, most):
    """One to `most` layers, and the shape that comes out."""
    chain = []
    for _ in range(draw(st.integers(1, most))):
        if len(shape) == 1 and draw(st.integers(0, 5)) == 0:
            chain += draw(dictionary())
            shape = (chain[-1].arguments["units"],)
        else:
            part, shape = draw(parts(shape))
            chain.append(part)
    return chain, shape


@st.composite
def ends(draw, encoder, shape):
    """An encoder that may end as one of the family's, and its code's shape."""
    kind = draw(st.sampled_from(["plain", "plain", "variational", "contractive"]))
    if kind == "variational" and shape[-1] % 2 == 0:
        given = {"beta": draw(strengths), "free_bits": draw(st.sampled_from([0.0, 0.1]))}
        return [*encoder, Part(tae.Variational, given)], (*shape[:-1], shape[-1] // 2)
    if kind == "contractive" and all(map(_may_contract, encoder)):
        return [*encoder, Part(tae.Contractive, {"strength": draw(strengths)})], shape
    return encoder, shape


def _may_contract(part):
    """Whether the layer's derivative is known to `Contractive`, and nothing else is penalised."""
    known = part.kind in (tae.Dense, tae.Flatten, tae.Reshape)
    plain = part.arguments.get("activity_regularizer") is None
    return known and plain and part.arguments.get("activation") != "softmax"


@st.composite
def tied_starts(draw, encoder, input_shape, code):
    """A decoder's first layer, tied to a layer of the encoder, if one fits; and its shape."""
    fitting, shape = [], input_shape
    for place, part in enumerate(encoder):
        before, shape = shape, shape_after(part, shape)
        if part.kind in (tae.Dense, tae.Conv2D) and shape == code:
            fitting.append((place, before))
    if not fitting or draw(st.booleans()):
        return [], code
    place, before = draw(st.sampled_from(fitting))
    given = {"layer": place, "activation": draw(activations), "use_bias": draw(st.booleans())}
    return [Part(tae.Tied, given)], before


@st.composite
def designs(draw):
    """A model with data that fit."""
    flat = st.tuples(st.integers(1, 8))
    image = st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(1, 3))
    sequence = st.tuples(st.integers(1, 8), st.integers(1, 3))
    image = image.filter(lambda shape: math.prod(shape) <= MOST)
    input_shape = draw(st.one_of(flat, sequence, image))
    encoder, code = draw(chains(input_shape, 4))
    encoder, code = draw(ends(encoder, code))
    start, code = draw(tied_starts(encoder, input_shape, code))
    decoder, shape = draw(chains(code, 3))
    decoder = [*start, *decoder]
    if draw(st.booleans()):  # an autoencoder proper
        if len(shape) > 1:
            decoder.append(Part(tae.Flatten, {}))
        units, last = math.prod(input_shape), draw(activations)
        decoder.append(Part(tae.Dense, {"units": units, "activation": last}))
        decoder.append(Part(tae.Reshape, {"target_shape": input_shape}))
        shape = input_shape
    loss = draw(st.sampled_from(LOSSES))
    # what float32 rounds is multiplied by the one's slope, 1 / y for a y near 0, and decides which
    # of nearly equal numbers the other keeps
    exact = loss == "categorical_crossentropy" or jumps([*encoder, *decoder])
    dtypes = ["float32", "float64"][exact:]
    settings = {
        "loss": loss,
        "dtype": draw(st.sampled_from(dtypes)),
        "seed": draw(seeds),
        "threads": draw(st.sampled_from([None, 1, 2, 3])),
        "optimizer": draw(st.sampled_from([tae.Adam(0.01), tae.SGD(0.01), tae.SGD(0.01, 0.9)])),
    }
    guise = draw(st.sampled_from(sorted(GUISES)))
    samples = draw(st.integers(1, 12))
    return Design(encoder, decoder, input_shape, shape, settings, samples, guise, draw(seeds))
