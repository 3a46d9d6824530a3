"""Names that people know from Keras, scikit-learn and PyTorch: what tinyae calls it, if it has it.

A name that gets a meaning here leaves its table.
"""

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, ParamSpec, TypeVar

NONE = "tinyae has none"
MODEL = {
    "add": "give all layers to the constructor",
    "compile": "give loss and optimizer to Autoencoder, or assign them: model.loss = ...",
    "count_params": "parameters.size",
    "eval": "nothing is needed: noise and dropout are active in fit only",
    "forward": "reconstruct(x)",
    "load_state_dict": "tae.load(path), or parameters[...] = values",
    "load_weights": "tae.load(path)",
    "set_weights": "parameters[...] = values",
    "get_weights": "parameters, or layer.weights by name",
    "state_dict": "parameters, or layer.weights by name",
    "train": "fit(x)",
    "train_on_batch": "fit(x, batch_size=len(x))",
    "trainable_weights": "parameters",
}
ATTRIBUTES: dict[str, dict[str, str]] = {
    "Autoencoder": {
        **MODEL,
        "decoder_": "decoder",
        "encoder_": "encoder",
        "fit_transform": "fit(x), then encode(x)",
        "get_layer": "encoder.layers or decoder.layers",
        "inverse_transform": "decode(z)",
        "partial_fit": "fit(x), which goes on where it ended",
        "predict": "reconstruct(x), or encode(x) for codes",
        "predict_on_batch": "reconstruct(x)",
        "score": "evaluate(x), or reconstruction_error(x) for each sample",
        "score_samples": "reconstruction_error(x)",
        "transform": "encode(x)",
        "weights": "parameters, or layer.weights by name",
    },
    "Sequential": {
        **{name: hint for name, hint in MODEL.items() if name != "forward"},
        "append": "give all layers to the constructor",
        "call": "predict(x)",
        "compile": "make it the encoder of a tae.Autoencoder, which has loss and optimizer",
        "decode": "predict(x)",
        "encode": "predict(x)",
        "evaluate": "make it the encoder of a tae.Autoencoder",
        "fit": "make it the encoder of a tae.Autoencoder, whose fit trains it",
        "reconstruct": "predict(x)",
        "summary": "print(...), or the summary() of the Autoencoder that it is in",
        "train": "make it the encoder of a tae.Autoencoder, whose fit trains it",
        "transform": "predict(x)",
    },
    "Layer": {
        "bias": 'weights["bias"]',
        "call": "forward(x), which gives the output and what backward needs",
        "count_params": "parameter_count",
        "get_config": "a layer keeps each argument under its own name",
        "get_weights": "weights, by name",
        "grad": "gradients, by name",
        "kernel": 'weights["kernel"]',
        "name": "label",
        "output_padding": NONE,
        "predict": "forward(x), or predict of the Sequential that it is in",
        "requires_grad_": "trainable = False freezes it",
        "set_weights": 'weights["kernel"][...] = values',
        "state_dict": "weights, by name",
        "trainable_weights": "weights, by name",
        "weight": 'weights["kernel"]',
        "zero_grad": "clear_gradients()",
    },
    "PCA": {
        "fit_predict": "fit_transform(x)",
        "get_covariance": "components_ and explained_variance_",
        "predict": "reconstruct(x), or encode(x) for codes",
        "singular_values_": "explained_variance_",
    },
    "History": {
        "epoch": "range(len(history['loss']))",
        "history": "the history is the dict itself: history['loss']",
        "params": NONE,
    },
    "GaussianSampler": {
        "covariances_": "covariance_",
        "fit_predict": "fit(codes), then log_prob(codes)",
        "means_": "mean_",
        "predict": "log_prob(codes)",
        "score": "log_prob(codes).mean()",
        "score_samples": "log_prob(codes)",
    },
    "Optimizer": {
        "get_config": "its numbers are attributes",
        "lr": "learning_rate",
        "param_groups": "learning_rate and the like are attributes",
        "zero_grad": "a step clears the gradient",
    },
    "tinyae.plot": {
        "imshow": "samples(images)",
        "losses": "history(history)",
        "scatter": "latent(codes)",
        "show": "call matplotlib.pyplot.show()",
    },
    "tinyae": {
        "AE": "Autoencoder",
        "AdamW": "Adam",
        "AutoEncoder": "Autoencoder",
        "AvgPool2d": "AveragePooling2D",
        "BCELoss": "BCE, or loss='bce'",
        "BatchNorm2d": NONE,
        "BatchNormalization": NONE,
        "BinaryCrossentropy": "BCE, or loss='bce'",
        "Conv": "Conv2D",
        "Conv1D": NONE,
        "Conv2d": "Conv2D",
        "Conv3D": NONE,
        "ConvTranspose2d": "Conv2DTranspose",
        "DataLoader": "fit takes whole arrays, and batch_size",
        "Input": "give input_shape to Autoencoder",
        "InputLayer": "give input_shape to Autoencoder",
        "LSTM": NONE,
        "LeakyReLU": 'Activation("leaky_relu")',
        "Linear": "Dense",
        "MSELoss": "MSE, or loss='mse'",
        "MeanSquaredError": "MSE, or loss='mse'",
        "Model": "Autoencoder, or Sequential for a part of it",
        "Module": "Layer",
        "RMSprop": "Adam or SGD",
        "ReLU": 'Activation("relu")',
        "Sigmoid": 'Activation("sigmoid")',
        "Tanh": 'Activation("tanh")',
        "Tensor": "NumPy's arrays",
        "Upsample": "UpSampling2D",
        "VAE": NONE,
        "load_model": "load",
        "losses": "tinyae.MSE and tinyae.BCE",
        "nn": "tinyae.Dense and so on",
        "optimizers": "tinyae.Adam and tinyae.SGD",
        "save": "the model's save(path)",
        "save_model": "the model's save(path)",
        "set_seed": "give seed to Autoencoder",
    },
}
WEIGHT_PENALTY = "there is none on weights; activity_regularizer is one on the output"
LAYER_ARGUMENTS = {
    "bias": "use_bias",
    "bias_constraint": NONE,
    "bias_regularizer": WEIGHT_PENALTY,
    "data_format": "images are (height, width, channels)",
    "dtype": "give it to Autoencoder",
    "in_channels": "it is taken from the input",
    "in_features": "it is taken from the input",
    "input_dim": "give input_shape to Autoencoder",
    "input_shape": "give it to Autoencoder",
    "kernel_constraint": NONE,
    "kernel_regularizer": WEIGHT_PENALTY,
    "name": NONE,
    "nonlinearity": "activation",
    "stride": "strides",
    "trainable": "layer.trainable = False, once it is made",
}
MODEL_ARGUMENTS = {
    "activation": "give it to the layers",
    "batch_size": "give it to fit",
    "epochs": "give it to fit",
    "input_dim": "input_shape",
    "latent_dim": "the last layer of encoder decides it",
    "layers": "encoder and decoder",
    "learning_rate": "optimizer=tae.Adam(learning_rate)",
    "lr": "optimizer=tae.Adam(learning_rate)",
    "metrics": NONE,
    "n_jobs": "threads",
    "random_state": "seed",
}
ARGUMENTS: dict[str, dict[str, str]] = {
    "Layer": LAYER_ARGUMENTS,
    "Dense": {"out_features": "units", "n_units": "units"},
    "Conv2D": {
        "dilation": NONE,
        "dilation_rate": NONE,
        "groups": NONE,
        "out_channels": "filters",
        "output_padding": NONE,
    },
    "UpSampling2D": {
        "interpolation": "it repeats pixels, as nearest does",
        "mode": "it repeats pixels, as nearest does",
        "scale_factor": "size",
    },
    "Dropout": {"p": "rate", "noise_shape": NONE},
    "GaussianNoise": {"std": "stddev", "sigma": "stddev"},
    "RandomNormal": {"mean": "it is 0", "seed": "give it to Autoencoder", "std": "stddev"},
    "Autoencoder": MODEL_ARGUMENTS,
    "Optimizer": {
        "alpha": "learning_rate",
        "amsgrad": NONE,
        "betas": "beta_1 and beta_2",
        "clipnorm": NONE,
        "decay": NONE,
        "eps": "epsilon",
        "lr": "learning_rate",
        "nesterov": NONE,
        "params": "the model hands them over",
        "weight_decay": NONE,
    },
    "PCA": {
        "random_state": "nothing is random",
        "svd_solver": "one is chosen",
    },
    "GaussianSampler": {"covariance_type": "covariance", "random_state": "give seed to sample"},
    "Autoencoder.fit": {
        "batchsize": "batch_size",
        "class_weight": NONE,
        "learning_rate": "model.optimizer.learning_rate",
        "learningrate": "model.optimizer.learning_rate",
        "lr": "model.optimizer.learning_rate",
        "max_iter": "epochs",
        "n_epochs": "epochs",
        "nb_epoch": "epochs",
        "num_epochs": "epochs",
        "optimizer": "give it to Autoencoder, or assign it: model.optimizer = ...",
        "sample_weight": NONE,
        "validation_batch_size": "all of validation_data is measured as one batch",
        "validation_split": "validation_data, such as a slice of x",
        "workers": "give threads to Autoencoder",
    },
    "Sequential.predict": {"batch_size": "it is chosen", "verbose": "nothing is shown"},
    "EarlyStopping": {"mode": "smaller is better", "start_from_epoch": NONE, "verbose": NONE},
    "ModelCheckpoint": {
        "filepath": "path",
        "mode": "smaller is better",
        "save_freq": "after each epoch",
        "save_weights_only": "training_state",
        "verbose": "nothing is shown",
    },
    "interpolate": {"num": "n", "steps": "n"},
    "generate": {"n_samples": "n", "num_samples": "n", "random_state": "seed"},
    "load": {"compile": "a model comes with its loss", "custom_objects": "custom"},
}


def hint(name: str, foreign: Iterable[Mapping[str, str]], known: Iterable[str]) -> str:
    """What to say of an unknown name: what it is called here, or which one was misspelt."""
    for names in foreign:
        if name in names:
            return f"; {NONE}" if names[name] == NONE else f"; in tinyae: {names[name]}"
    if name.startswith("_"):
        return ""
    close = get_close_matches(name, known, 1)
    return f"; did you mean {close[0]!r}?" if close else ""


def no_attribute(owner: Any, name: str) -> AttributeError:
    """For an object that has no attribute of this name."""
    classes = [each.__name__ for each in type(owner).__mro__]
    tables = [ATTRIBUTES[each] for each in classes if each in ATTRIBUTES]
    known: Iterable[str] = {*dir(type(owner)), *vars(owner)} - {
        "checks",
        "closed",
    }  # which are the classes' own
    known = sorted(each for each in known if not each.startswith("_"))
    said = hint(name, tables, known)
    return AttributeError(
        f"{type(owner).__name__} has no attribute {name!r}{said}", name=name, obj=owner
    )


P = ParamSpec("P")
R = TypeVar("R")


def hinting(function: Callable[P, R]) -> Callable[P, R]:
    """The function, which says of arguments that it does not have what they are called here.

    Its signature is what it was, for readers and for programs.
    """
    own = inspect.signature(function).parameters
    _, dot, last = function.__qualname__.rpartition(".")
    method = f".{last}" if dot and last != "__init__" else ""

    @functools.wraps(function)
    def wrapper(*args: P.args, **options: P.kwargs) -> R:
        unknown = [name for name in options if name not in own] if options else ()
        if unknown:
            mro: Iterable[type] = type(args[0]).__mro__ if dot else ()
            tables = [ARGUMENTS.get(f"{each.__name__}{method}", {}) for each in mro]
            tables = tables or [ARGUMENTS.get(last, {})]
            title = f"{type(args[0]).__name__}{method}" if dot else last
            said = hint(unknown[0], tables, own.keys() - {"self"})
            raise TypeError(f"{title} has no argument {unknown[0]!r}{said}")
        return function(*args, **options)

    return wrapper
