"""Every public class whose attributes can be assigned to, before and after it has learned."""

import copy
import inspect

import numpy as np

import tinyae as tae
from tests.support.assignments import VALUES, attributes, train_copy, try_to_assign
from tests.support.invariants import Broken, difference, frozen
from tests.support.world_parts import CODE, FEATURES, X

FLAT, IMAGE, SEQUENCE = (4,), (4, 4, 2), (4, 2)
LAYERS = {
    "Dense": (lambda: tae.Dense(3, "tanh"), FLAT),
    "Conv2D": (lambda: tae.Conv2D(2, 3), IMAGE),
    "Conv2DTranspose": (lambda: tae.Conv2DTranspose(2, 3), IMAGE),
    "MaxPooling2D": (tae.MaxPooling2D, IMAGE),
    "AveragePooling2D": (tae.AveragePooling2D, IMAGE),
    "UpSampling2D": (tae.UpSampling2D, IMAGE),
    "ZeroPadding2D": (tae.ZeroPadding2D, IMAGE),
    "Cropping2D": (lambda: tae.Cropping2D(1), IMAGE),
    "Conv1D": (lambda: tae.Conv1D(2, 2), SEQUENCE),
    "Conv1DTranspose": (lambda: tae.Conv1DTranspose(2, 3), SEQUENCE),
    "MaxPooling1D": (tae.MaxPooling1D, SEQUENCE),
    "AveragePooling1D": (tae.AveragePooling1D, SEQUENCE),
    "UpSampling1D": (tae.UpSampling1D, SEQUENCE),
    "Flatten": (tae.Flatten, IMAGE),
    "Reshape": (lambda: tae.Reshape((2, 2)), FLAT),
    "Activation": (lambda: tae.Activation("elu"), IMAGE),
    "Dropout": (lambda: tae.Dropout(0.2), FLAT),
    "GaussianNoise": (lambda: tae.GaussianNoise(0.2), FLAT),
    "SaltAndPepper": (lambda: tae.SaltAndPepper(0.2), FLAT),
    "TopK": (lambda: tae.TopK(2), FLAT),
    "Tied": (lambda: tae.Tied(first()), (3,)),
    "Variational": (lambda: tae.Variational(0.5, 0.1), FLAT),
    "Contractive": (lambda: tae.Contractive(0.2), FLAT),
    "Masking": (lambda: tae.Masking(0.2), FLAT),
    "Sequential": (lambda: tae.Sequential([tae.Dense(3), tae.Dense(2)]), FLAT),
}


def first():
    """A layer that another may be tied to."""
    layer = tae.Dense(3)
    layer.build((4,))
    return layer


def model(**options):
    penalty = tae.L1L2(0.1, 0.1)
    layers = [tae.Dense(CODE, activity_regularizer=penalty)], [tae.Dense(FEATURES)]
    return tae.Autoencoder(*layers, loss=options.pop("loss", "mse"), **options)


def in_a_chain(layer, shape):
    """Whether the layer works in a chain as by itself; it may refuse to be built."""
    chain = layer if isinstance(layer, tae.Sequential) else tae.Sequential([layer])
    if not layer.built:
        try:
            chain.build(shape)
        except ValueError:
            return
        layer = chain
    elif chain is not layer:
        chain.build(shape)
    x = np.random.default_rng(1).random((3, *layer.input_shape)).astype(layer.dtype)
    y, cache = layer.forward(x)
    layer.backward(np.ones_like(y), cache)
    if not np.allclose(chain.predict(x), y, 1e-5, 1e-5, equal_nan=True):
        raise Broken("numbers differ", f"of {layer!r} in a chain and alone")


def built(make, shape):
    layer = make()
    layer.build(shape)
    return layer


def in_a_model(**part):
    return lambda target: train_copy(model(input_shape=FLAT, **{k: target for k in part}))


def of_layer(target):
    train_copy(tae.Autoencoder([tae.Dense(3, activity_regularizer=target)], [tae.Dense(4)]))


def callback(target):
    try:
        model().fit(X, validation_data=X, epochs=2, verbose=0, callbacks=[target])
    except ValueError as error:
        if "monitor" not in str(error):
            raise


def of_pca(target):
    for x in (X, X + 1):
        try:
            target.partial_fit(x)
        except ValueError as error:
            if "at most the number of features" not in str(error):
                raise
            return
        if target.encode(x).shape[1] != target.n_components_:
            raise Broken("numbers differ", "codes have another size than n_components_")


def of_detector(target):
    target.fit(X).predict(X)


def of_sampler(target):
    target.fit(X).sample(3)


# A maker of the object, and what is done with it once it has taken a value
SUBJECTS = {
    **{
        name: (make, lambda layer, shape=shape: in_a_chain(layer, shape))
        for name, (make, shape) in LAYERS.items()
    },
    **{
        f"{name}, built": (
            lambda make=make, shape=shape: built(make, shape),
            lambda layer, shape=shape: in_a_chain(layer, shape),
        )
        for name, (make, shape) in LAYERS.items()
    },
    "Autoencoder": (model, train_copy),
    "Autoencoder, built": (lambda: model(input_shape=FLAT), train_copy),
    "MSE": (tae.MSE, in_a_model(loss=1)),
    "BCE": (tae.BCE, in_a_model(loss=1)),
    "MAE": (tae.MAE, in_a_model(loss=1)),
    "Huber": (tae.Huber, in_a_model(loss=1)),
    "CategoricalCrossentropy": (tae.CategoricalCrossentropy, in_a_model(loss=1)),
    "Columns": (lambda: tae.Columns([(slice(None), "mae")]), in_a_model(loss=1)),
    "Adam": (tae.Adam, in_a_model(optimizer=1)),
    "SGD": (tae.SGD, in_a_model(optimizer=1)),
    "L1": (tae.L1, of_layer),
    "L2": (tae.L2, of_layer),
    "L1L2": (tae.L1L2, of_layer),
    "RandomNormal": (tae.RandomNormal, lambda target: target((2, 2), np.random.default_rng(0))),
    "EarlyStopping": (tae.EarlyStopping, callback),
    "ModelCheckpoint": (lambda: tae.ModelCheckpoint("nowhere"), lambda target: None),
    "PCA": (lambda: tae.PCA(2), of_pca),
    "PCA, fitted": (lambda: tae.PCA(2).fit(X), of_pca),
    "AnomalyDetector": (lambda: tae.AnomalyDetector(tae.PCA(2).fit(X)), of_detector),
    "AnomalyDetector, fitted": (
        lambda: tae.AnomalyDetector(tae.PCA(2).fit(X)).fit(X),
        of_detector,
    ),
    "GaussianSampler": (tae.GaussianSampler, of_sampler),
    "GaussianSampler, fitted": (lambda: tae.GaussianSampler().fit(X), lambda one: one.sample(3)),
    "Progress": (lambda: model(input_shape=FLAT).progress, lambda target: None),
}


def try_everything(name):
    """Assign every value to every attribute; what is refused has changed nothing."""
    make, use = SUBJECTS[name]
    for attribute in attributes(make()):
        method = inspect.isroutine(getattr(type(make()), attribute, None))
        for value in VALUES[:3] if method else VALUES:
            target = make()
            before = frozen(target)
            if try_to_assign(target, attribute, copy.copy(value)):
                use(target)
            elif frozen(target) != before:
                raise Broken("a refused call changed", difference(before, frozen(target)))
