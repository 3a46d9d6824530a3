"""Every public callable's parameters, and what is bad for each kind of them.

The parameters are read from the signatures; a new one needs a line in `KINDS`.
"""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tinyae import datasets, models, plot
from tinyae.checks.public_names import find, homes

# What anybody may pass by mistake, by name
VALUES: dict[str, Any] = {
    "True": True,
    "words": "no",
    "digits": "3",
    "bytes": b"3",
    "fraction": 2.5,
    "NaN": float("nan"),
    "infinity": float("inf"),
    "negative": -1,
    "beyond all floats": 10**400,
    "complex": 1j,
    "nothing": None,
    "list": [],
    "dict": {},
    "set": {1},
    "array": np.array([1.0, 2.0]),
    "class": int,
    "object": object(),
}
# Of these, what is right for a parameter of that name; with a callable before a dot, of that only
COUNT = NUMBER_BELOW_1 = ARRAY = LAYERS = PART = CHOICE = SHAPE = MODEL = MAPPING = frozenset()
OPTIONAL, NUMBER, FLAG = frozenset({"nothing"}), frozenset({"fraction"}), frozenset({"True"})
TEXT = PATH = frozenset({"words", "digits"})
KINDS: dict[str, frozenset[str]] = {
    **dict.fromkeys(("encoder", "decoder", "layers"), LAYERS),
    **dict.fromkeys(("x", "z", "codes", "x_from", "x_to", "start", "end", "images"), ARRAY),
    **dict.fromkeys(
        ("y", "validation_data", "x_test", "manifold.codes", "labels", "std"), OPTIONAL
    ),
    **dict.fromkeys(("units", "filters", "kernel_size", "strides", "pool_size", "size"), COUNT),
    **dict.fromkeys(("MaxPooling2D.strides", "AveragePooling2D.strides"), OPTIONAL),
    **dict.fromkeys(("n", "epochs", "batch_size", "patience", "columns", "gap"), COUNT),
    **dict.fromkeys(("steps_per_epoch", "initial_epoch", "threads", "k", "seed"), OPTIONAL),
    **dict.fromkeys(("samples.columns",), OPTIONAL),
    **dict.fromkeys(("build.seed", "sample.seed", "generate.seed"), COUNT),
    **dict.fromkeys(("sine_curve.seed", "two_gaussians.seed"), COUNT),
    **dict.fromkeys(("learning_rate", "epsilon", "l1", "l2", "stddev", "min_delta"), NUMBER),
    **dict.fromkeys(("noise",), NUMBER),
    **dict.fromkeys(
        ("quantile", "rate", "beta_1", "beta_2", "momentum", "tolerance"), NUMBER_BELOW_1
    ),
    **dict.fromkeys(("shuffle", "eager", "training", "per_feature", "use_bias"), FLAG),
    **dict.fromkeys(("training_state", "encoder_only", "save_best_only"), FLAG),
    **dict.fromkeys(("restore_best_weights", "mnist.images", "mnist_mini.images"), FLAG),
    "verbose": FLAG,
    **dict.fromkeys(("path", "folder"), PATH),
    "mnist.path": PATH | OPTIONAL,
    **dict.fromkeys(("monitor", "label"), TEXT),
    "add_weight.name": TEXT,
    **dict.fromkeys(("loss", "optimizer", "padding", "covariance"), CHOICE),
    **dict.fromkeys(("activation", "output_activation", "code_activation"), OPTIONAL),
    **dict.fromkeys(("Activation.activation",), OPTIONAL),
    "dtype": CHOICE,
    "copy.dtype": OPTIONAL,
    **dict.fromkeys(("kernel_initializer", "bias_initializer", "initializer"), PART),
    **dict.fromkeys(("activity_regularizer", "kernel_regularizer", "penalty"), OPTIONAL),
    "kernel_constraint": OPTIONAL,
    "axis": frozenset({"negative"}),
    **dict.fromkeys(("build.input_shape", "target_shape", "sizes"), SHAPE),
    "input_shape": OPTIONAL,
    "add_weight.shape": frozenset({"list"}),  # of one number
    "n_components": OPTIONAL,
    "whiten": FLAG,
    **dict.fromkeys(("sample_weight", "comm"), OPTIONAL),
    "sharded": FLAG,
    **dict.fromkeys(("validation_split", "factor", "alpha", "decay_rate"), NUMBER_BELOW_1),
    **dict.fromkeys(("weight_decay", "min_lr"), NUMBER),
    **dict.fromkeys(("clipnorm", "global_clipnorm"), NUMBER | OPTIONAL),
    **dict.fromkeys(("decay_steps", "warmup_steps", "cooldown"), COUNT),
    "staircase": FLAG,
    "mask_missing.fill": NUMBER | {"negative"},
    **dict.fromkeys(("scale", "offset"), NUMBER | {"negative"}),
    # of pipelines, and ignored
    **dict.fromkeys(("PCA.fit.y", "PCA.fit_transform.y", "PCA.score.y"), frozenset(VALUES)),
    "callbacks": frozenset({"nothing", "list", "dict"}),
    "custom": frozenset({"nothing", "dict"}),
    "digits": frozenset({"nothing", "set"}),
    **dict.fromkeys(("model", "compare_latent.pca", "density", "layer"), MODEL),
    "curve.pca": OPTIONAL,
    **dict.fromkeys(("spectrum.pca", "explained_variance.pca", "traces"), MODEL),
    "step": OPTIONAL,
    "fps": COUNT,
    "scores": frozenset({"array"}),
    "threshold": OPTIONAL | NUMBER | {"negative"},
    "errors": OPTIONAL | {"dict"},
    **dict.fromkeys(("strips", "models", "plot.history.history"), MAPPING),
    "joint.units": SHAPE,
    "bounds": frozenset({"nothing", "array"}),
    "fill": NUMBER | {"NaN", "infinity", "negative"},
    **dict.fromkeys(("ax", "axes"), OPTIONAL),
    "title": TEXT | OPTIONAL,
    "function": PART,
    "delta": NUMBER,
    "Columns.columns": LAYERS,
    "explanation": MODEL,
    "sample": COUNT,
    "names": OPTIONAL,
    **dict.fromkeys(("cropping", "ZeroPadding2D.padding"), COUNT),
    **dict.fromkeys(("output_padding", "MaxPooling1D.strides"), OPTIONAL),
    "AveragePooling1D.strides": OPTIONAL,
    **dict.fromkeys(("Variational.beta", "variational.beta", "free_bits"), NUMBER),
    "encode.return_std": FLAG,
    "variance": NUMBER | OPTIONAL,
    **dict.fromkeys(("Autoencoder.elbo.seed", "Autoencoder.log_likelihood.seed"), COUNT),
    **dict.fromkeys(("elbo.samples", "log_likelihood.samples"), COUNT),
    "mean": NUMBER | {"negative"},
    "clip": frozenset({"nothing", "array"}),
    **dict.fromkeys(("low", "high"), NUMBER | {"negative"}),
    "TopK.k": COUNT,
    "Contractive.strength": NUMBER,
    "Tied.layer": MODEL,
    "encode.layer": OPTIONAL | {"negative"},  # counted from the last
}
# Counts and keys of which any is good, however large: no array is that long
BOUNDLESS = ("batch_size", "patience", "cooldown", "decay_steps", "warmup_steps", "n_components")
BOUNDLESS += ("TopK.k", "Tied.layer", "samples.columns", "elbo.samples", "log_likelihood.samples")
BOUNDLESS += ("filters.n", "error_map.n", "reconstructions.n", "blame.n", "blame_map.n")
BOUNDLESS += ("compare_reconstructions.n", *(key for key in KINDS if key.endswith("seed")))
KINDS |= {key: KINDS.get(key, COUNT) | {"beyond all floats"} for key in BOUNDLESS}

# Methods that tinyae calls itself, with what it has checked
PLUMBING = {
    *("admit", "admit_input", "adopt", "batch", "batch_gradient", "bind", "bind_alone", "claim"),
    *(
        "declare",
        "from_file",
        "prepare",
        "release",
        "require_built",
        "run",
        "set_model",
        "on_train_end",
    ),
    *("all_or_nothing", "kernel_numbers", "record", "record_behind", "record_fields"),
    *("scratch_size", "shape_error", "slides", "part_address", "settings"),
    *("forward_address", "backward_address", "tie"),
    *(
        "from_logits",
        "numbers_for",
        "parts",
        "check_targets",
        "check_weight",
        "output_padding_for",
        "step_weight",
    ),
    *("to_file", "rescaled", "decayed", "check_figures", "value", "numbers_by_step"),
    *("plain", "untied", "place"),
    *("beta_at", "penalty_gain", "penalise", "penalty_address"),
    *("formula", "of", "operations", "steps", "inside", "first_state"),
}
# Callables that take anything, and why
ANYTHING = {
    "Kernels": "a tuple, looked at by the class that has it",
    "ActivationFunction": "a tuple, looked at by the layer that gets it",
    "Formula": "a tuple of two texts, shown as they are",
    "History": "a dict",
    "History.append": "a dict's figures",
    "History.check": "takes nothing",
    "History.amend": "a dict's figures",
    "ModelFormatError": "an error with any message",
    "TrainingDiverged": "an error with any message",
    **dict.fromkeys(
        (
            "Layer.forward",
            "Layer.backward",
            "Sequential.forward",
            "Sequential.backward",
            "Tied.forward",
            "Tied.backward",
        ),
        "given arrays of the engine's",
    ),
    **dict.fromkeys(
        ("Loss.value_and_gradient", "Loss.sums", "Loss.elements", "Loss.numpy"),
        "given arrays of the engine's",
    ),
    **dict.fromkeys(
        ("Penalty.add", "Optimizer.step", "Optimizer.state"), "given arrays of the engine's"
    ),
}


def signatures() -> Iterator[tuple[str, Callable]]:
    """Every public function, class and method by its name, each once: where it is defined."""
    named = {name: find(name) for name in homes("tinyae")}
    named |= {f"plot.{name}": getattr(plot, name) for name in homes("tinyae.plot")}
    for module in (models, datasets):
        for name, each in vars(module).items():
            ours = getattr(each, "__module__", "").startswith(module.__name__)
            if inspect.isfunction(each) and ours and not name.startswith("_"):
                named[f"{module.__name__.partition('.')[2]}.{name}"] = each
    for name, each in named.items():
        if callable(each):
            yield name, each
        if not inspect.isclass(each):
            continue
        for method in dir(each):
            owner = next(base for base in each.__mro__ if method in vars(base))
            public = not method.startswith("_") and method not in PLUMBING
            if (
                public
                and owner.__module__.startswith("tinyae")
                and owner.__name__ in ("Network", "Exportable", "Density", each.__name__)
            ):
                function = inspect.getattr_static(owner, method)
                if inspect.isfunction(function):
                    yield f"{name}.{method}", function


def parameters(name: str, function: Callable) -> list[str]:
    """The parameters of a callable, as `name` shows it."""
    found = inspect.signature(function).parameters.values()
    kinds = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    return [each.name for each in found if each.kind not in kinds and each.name != "self"]


def right(name: str, parameter: str) -> frozenset[str]:
    """Which of `VALUES` are right for a callable's parameter."""
    last = name.rpartition(".")[2]
    for key in (f"{name}.{parameter}", f"{last}.{parameter}", parameter):
        if key in KINDS:
            return KINDS[key]
    raise KeyError(f"{name} has a parameter {parameter}, whose kind is not in KINDS")
