"""Every public callable with arguments that work; a new one needs a line in `calls`."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import tinyae as tae
from tests.support.entries import FLAT, SQUARES, data, detector, model, pca, pictured, sampler
from tests.support.layer_calls import layer_calls, tied_calls
from tinyae import datasets, models, plot


class Call(NamedTuple):
    """A callable, made anew for each call, and arguments that work."""

    make: Callable[[], Callable]
    good: dict[str, Any]


def chain():
    return tae.Sequential([tae.Dense(3)])


def variational():
    return tae.Autoencoder([tae.Dense(4), tae.Variational()], [tae.Dense(6)], input_shape=(6,))


def built():
    net = chain()
    net.build((6,))
    return net


def with_weight(**arguments):
    """A built layer of one's own, whose weight is declared so."""

    class Own(tae.Layer):
        def build(self, input_shape):
            self.add_weight(**arguments)
            return input_shape

    Own().build((6,))


def calls(folder: Path) -> dict[str, Call]:
    """For every public callable, how to make it and what it takes."""
    x, squares = data(FLAT), data(SQUARES)
    (folder / "idx").write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 2, 5, 6]))
    model().save(folder / "model.npz")
    line, ranks = {"n": 3}, {"comm": None, "sharded": False}
    penalty, titled = {"activity_regularizer": None}, {"title": "A", "ax": None}
    decay = {"weight_decay": 0.1, "clipnorm": None, "global_clipnorm": None}
    codes = functools.partial(data, (12, 2))
    made: dict[str, tuple[Callable[[], Callable], dict[str, Any]]] = {
        "Autoencoder": (
            lambda: tae.Autoencoder,
            {
                "encoder": [tae.Dense(2)],
                "decoder": [tae.Dense(6)],
                "input_shape": (6,),
                **{"loss": "mse", "optimizer": "adam", "seed": 0, "dtype": "float32"},
                "threads": 1,
            },
        ),
        "Autoencoder.build": (lambda: model(input_shape=None).build, {"input_shape": (6,)}),
        "Autoencoder.clear_gradients": (lambda: model().clear_gradients, {}),
        "Autoencoder.copy": (lambda: model().copy, {"dtype": "float64"}),
        "Autoencoder.decode": (lambda: model().decode, {"z": x}),
        "Autoencoder.encode": (
            lambda: model().encode,
            {"x": x, "layer": 0, "return_std": False},
        ),
        "Autoencoder.sample": (lambda: variational().sample, {"n": 2, "seed": 1}),
        **{
            f"Autoencoder.{name}": (
                lambda name=name: getattr(variational(), name),
                {"x": x, "samples": 2, "seed": 1, "variance": 0.5},
            )
            for name in ("elbo", "log_likelihood")
        },
        "Autoencoder.predict": (lambda: model().predict, {"x": x}),
        "Autoencoder.evaluate": (
            lambda: model().evaluate,
            {"x": x, "y": x, "sample_weight": None, **ranks},
        ),
        "Autoencoder.train_on_batch": (
            lambda: model().train_on_batch,
            {"x": x, "y": x, "sample_weight": None},
        ),
        **{
            f"Autoencoder.export_{kind}": (
                lambda kind=kind: getattr(model(), f"export_{kind}"),
                {"folder": folder / "exported", "encoder_only": False},
            )
            for kind in ("numpy", "c")
        },
        "Autoencoder.export_onnx": (
            lambda: model().export_onnx,
            {"path": folder / "m.onnx", "encoder_only": False},
        ),
        "Autoencoder.fit": (
            lambda: model().fit,
            {
                **{"x": x, "y": x, "epochs": 1, "steps_per_epoch": 1, **ranks},
                **{"validation_data": x, "shuffle": True, "callbacks": (), "initial_epoch": 0},
                **{"batch_size": 4, "verbose": 0, "eager": False, "sample_weight": None},
                **{"validation_split": 0.0},
            },
        ),
        "Autoencoder.loss_and_gradient": (
            lambda: model().loss_and_gradient,
            {"x": x, "y": x, "training": False, "eager": False, "sample_weight": None},
        ),
        "Autoencoder.reconstruct": (lambda: model().reconstruct, {"x": x}),
        "Autoencoder.reconstruction_error": (
            lambda: model().reconstruction_error,
            {"x": x, "y": x, "per_feature": False, "sample_weight": None},
        ),
        "Autoencoder.save": (
            lambda: model().save,
            {"path": folder / "saved.npz", "training_state": True},
        ),
        "Autoencoder.summary": (lambda: model().summary, {}),
        "latent_diagnostics": (lambda: tae.latent_diagnostics, {"codes": x, "std": abs(x)}),
        "AnomalyDetector": (lambda: tae.AnomalyDetector, {"model": pca(), "quantile": 0.5}),
        **{
            f"AnomalyDetector.{name}": (lambda name=name: getattr(detector("PCA"), name), {"x": x})
            for name in ("fit", "score", "predict", "explain")
        },
        "AnomalyDetector.save": (
            lambda: detector("PCA").save,
            {"path": folder / "d.npz", "training_state": True},
        ),
        "GaussianSampler": (lambda: tae.GaussianSampler, {"covariance": "full"}),
        "GaussianSampler.fit": (lambda: sampler("full").fit, {"codes": x}),
        "GaussianSampler.log_prob": (lambda: sampler("full").log_prob, {"codes": x}),
        "GaussianSampler.sample": (lambda: sampler("full").sample, {"n": 2, "seed": 1}),
        "generate": (
            lambda: tae.generate,
            {"model": model(), "density": sampler("full"), "n": 2, "seed": 1},
        ),
        "interpolate": (
            lambda: tae.interpolate,
            {"model": model(), "x_from": x[0], "x_to": x[1], **line},
        ),
        "straight_line": (lambda: tae.straight_line, {"start": x[0], "end": x[1], **line}),
        "check_gradients": (
            lambda: tae.check_gradients,
            {"model": model(), "x": x[:2], "y": x[:2], "tolerance": 1e-6, "verbose": 0},
        ),
        "compare_with_pca": (
            lambda: tae.compare_with_pca,
            {"model": model(), "x": x, "k": 2, "x_test": x},
        ),
        "trace": (lambda: tae.trace, {"model": model(), "x": x, "y": x}),
        "Layer": (lambda: tae.Layer, penalty),
        "Layer.build": (lambda: tae.Layer().build, {"input_shape": (4,)}),
        "Layer.add_weight": (
            lambda: with_weight,
            {"name": "scale", "shape": (6,), "initializer": "zeros"},
        ),
        "Layer.clear_gradients": (lambda: built().layers[0].clear_gradients, {}),
        "PCA": (lambda: tae.PCA, {"n_components": 2, "whiten": False}),
        **{
            f"PCA.{name}": (lambda name=name: getattr(pca(), name), {"x": x})
            for name in ("encode", "partial_fit", "reconstruct", "transform", "score_samples")
        },
        **{
            f"PCA.{name}": (lambda name=name: getattr(pca(), name), {"x": x, "y": None})
            for name in ("fit_transform", "score")
        },
        "PCA.fit": (lambda: pca().fit, {"x": x, "y": None, **ranks}),
        **{
            f"PCA.{name}": (lambda name=name: getattr(pca(), name), {"z": x[:, :3]})
            for name in ("decode", "inverse_transform")
        },
        "PCA.reconstruction_error": (
            lambda: pca().reconstruction_error,
            {"x": x, "per_feature": False},
        ),
        "PCA.save": (lambda: pca().save, {"path": folder / "p.npz", "training_state": False}),
        "load": (
            lambda: tae.load,
            {"path": folder / "model.npz", "custom": {}, "threads": 1},
        ),
        "kernel": (lambda: tae.kernel, {"function": lambda z: z}),
        "RandomNormal": (lambda: tae.RandomNormal, {"stddev": 0.1, "mean": 0.5}),
        **{
            name: (lambda name=name: getattr(tae, name), {})
            for name in ("BCE", "MAE", "MSE", "CategoricalCrossentropy")
        },
        "Huber": (lambda: tae.Huber, {"delta": 0.5}),
        "Columns": (lambda: tae.Columns, {"columns": [(0, "mse")]}),
        **{name: (lambda name=name: getattr(tae, name), {}) for name in ("Loss", "Optimizer")},
        "SGD": (lambda: tae.SGD, {"learning_rate": 0.1, "momentum": 0.5, **decay}),
        "Adam": (
            lambda: tae.Adam,
            {"learning_rate": 0.1, "beta_1": 0.5, "beta_2": 0.5, "epsilon": 1e-7, **decay},
        ),
        "CosineDecay": (
            lambda: tae.CosineDecay,
            {"learning_rate": 0.1, "decay_steps": 9, "alpha": 0.5, "warmup_steps": 1},
        ),
        "ExponentialDecay": (
            lambda: tae.ExponentialDecay,
            {
                **{"learning_rate": 0.1, "decay_steps": 9, "decay_rate": 0.5},
                **{"staircase": True, "warmup_steps": 1},
            },
        ),
        "ReduceLROnPlateau": (
            lambda: tae.ReduceLROnPlateau,
            {
                **{"monitor": "loss", "factor": 0.5, "patience": 1, "min_delta": 0.1},
                **{"cooldown": 1, "min_lr": 0.1},
            },
        ),
        "mask_missing": (lambda: tae.mask_missing, {"x": x, "fill": 0.5}),
        **{f"L{n}": (lambda n=n: getattr(tae, f"L{n}"), {f"l{n}": 0.1}) for n in (1, 2)},
        "UnitNorm": (lambda: tae.UnitNorm, {"axis": 1}),
        "L1L2": (lambda: tae.L1L2, {"l1": 0.1, "l2": 0.1}),
        "History.copy": (lambda: tae.History(loss=[1.0]).copy, {}),
        "History.plot": (lambda: tae.History(loss=[1.0]).plot, {"title": "A", "ax": None}),
        "Sequential": (lambda: tae.Sequential, {"layers": [tae.Dense(2)], "label": "Sequential"}),
        "Sequential.build": (
            lambda: chain().build,
            {"input_shape": (6,), "dtype": "float32", "seed": 1},
        ),
        "Sequential.clear_gradients": (lambda: built().clear_gradients, {}),
        "Sequential.copy": (lambda: built().copy, {}),
        "Sequential.summary": (lambda: built().summary, {}),
        "Sequential.predict": (lambda: built().predict, {"x": x}),
        "Sequential.save": (lambda: built().save, {"path": folder / "chain.npz"}),
        "EarlyStopping": (
            lambda: tae.EarlyStopping,
            {"monitor": "loss", "patience": 1, "min_delta": 0.1, "restore_best_weights": True},
        ),
        "ModelCheckpoint": (
            lambda: tae.ModelCheckpoint,
            {
                **{"path": folder / "m.npz", "monitor": "loss", "save_best_only": True},
                "training_state": True,
            },
        ),
        "plot.compare_latent": (
            lambda: plot.compare_latent,
            {
                "pca": pca(2),
                "model": pca(2),
                "x": x,
                "labels": [1] * 12,
                "title": ("A", None),
                "axes": None,
            },
        ),
        "plot.joint": (
            lambda: plot.joint,
            {"codes": codes(), "labels": [1] * 12, "units": (0, 1), **titled},
        ),
        "plot.latent": (
            *(lambda: plot.latent,),
            {"codes": codes(), "labels": [1] * 12, **titled},
        ),
        "plot.curve": (
            lambda: plot.curve,
            {
                **{"model": pca(1, (12, 2)), "x": codes(), "pca": pca(1, (12, 2)), "n": 3},
                "title": "A",
                "ax": None,
            },
        ),
        "plot.tile": (
            lambda: plot.tile,
            {"images": np.ones((4, 2, 2)), "columns": 2, "gap": 1, "fill": 0.5},
        ),
        "plot.filters": (
            lambda: plot.filters,
            {
                "layer": tae.Autoencoder([tae.Dense(2)], [tae.Dense(4)], (4,)).layers[0],
                "n": 2,
                "title": "A",
                "ax": None,
            },
        ),
        **{
            f"plot.{name}": (
                lambda name=name: getattr(plot, name),
                {"model": pictured(), "x": squares, "n": 2, **titled},
            )
            for name in ("error_map", "reconstructions")
        },
        "plot.blame": (
            lambda: plot.blame,
            {
                **{"explanation": detector("PCA").explain(x), "sample": 0, "n": 3},
                **{"names": list("abcdef"), **titled},
            },
        ),
        "plot.blame_map": (
            lambda: plot.blame_map,
            {
                "explanation": tae.AnomalyDetector(pca(2, SQUARES)).fit(squares).explain(squares),
                **{"n": 3, **titled},
            },
        ),
        "plot.interpolation": (
            lambda: plot.interpolation,
            {"strips": {"a": squares}, **titled},
        ),
        "plot.manifold": (
            lambda: plot.manifold,
            {"model": pictured(), "n": 2, "bounds": None, "codes": None, **titled},
        ),
        "plot.samples": (
            lambda: plot.samples,
            {"images": squares, "columns": 2, **titled},
        ),
        "plot.explore": (
            lambda: plot.explore,
            {
                "model": pictured(),
                "x": squares,
                "labels": [1] * 12,
                "title": ("A", None),
                "axes": None,
            },
        ),
        "plot.page": (
            lambda: plot.page,
            {
                **{"model": pictured(), "x": squares, "labels": [1] * 12, "title": "A"},
                "path": folder / "page.html",
            },
        ),
        **{
            f"plot.{name}": (
                lambda name=name: getattr(plot, name),
                {"model": model(), "x": x[0], "y": x[1], "title": "A", **more},
            )
            for name, more in (
                ("backprop", {"step": 1, "ax": None}),
                ("backprop_page", {"path": folder / "backprop.html"}),
            )
        },
        "plot.training_film": (
            lambda: plot.training_film,
            {
                **{"model": model(), "x": x, "labels": [1] * 12, "path": folder / "film.gif"},
                **{"epochs": 1, "batch_size": 4, "steps_per_epoch": 1, "verbose": 0, "fps": 1},
                "title": "A",
            },
        ),
        "plot.compare_reconstructions": (
            lambda: plot.compare_reconstructions,
            {"models": {"a": pictured()}, "x": squares, "n": 2, **titled},
        ),
        "plot.scores": (
            lambda: plot.scores,
            {"scores": x[:, 0], "labels": [1] * 12, "threshold": 0.5, "title": "A", "ax": None},
        ),
        "plot.spectrum": (lambda: plot.spectrum, {"pca": pca(2), "errors": {2: 0.1}, **titled}),
        "plot.explained_variance": (lambda: plot.explained_variance, {"pca": pca(2), **titled}),
        "plot.gradient_norms": (
            lambda: plot.gradient_norms,
            {"traces": [tae.trace(model(), x)], **titled},
        ),
        "plot.history": (lambda: plot.history, {"history": {"loss": [1.0]}, **titled}),
        "models.deep": (
            lambda: models.deep,
            {"sizes": (6, 2), "activation": "relu", "output_activation": None},
        ),
        "models.variational": (
            lambda: models.variational,
            {"sizes": (6, 2), "activation": "elu", "beta": 0.5},
        ),
        **{
            f"models.{name}": (lambda name=name: getattr(models, name), {"filters": (2, 1)})
            for name in ("convolutional", "convolutional_transpose")
        },
        "models.denoising": (
            lambda: models.denoising,
            {"stddev": 0.1, "filters": (2, 1), "clip": (0, 1)},
        ),
        "models.sparse": (lambda: models.sparse, {"penalty": tae.L1(0.1), "code_activation": None}),
        "datasets.mnist": (
            lambda: datasets.mnist,
            {"path": folder, "digits": (1,), "images": False},
        ),
        "datasets.mnist_mini": (lambda: datasets.mnist_mini, {"digits": (1,), "images": False}),
        "datasets.load_idx": (lambda: datasets.load_idx, {"path": folder / "idx"}),
        "datasets.sine_curve": (lambda: datasets.sine_curve, {"n": 3, "noise": 0.1, "seed": 1}),
        "datasets.two_gaussians": (lambda: datasets.two_gaussians, {"n": 3, "seed": 1}),
    }
    made |= tied_calls(built().layers[0])
    return {name: Call(*call) for name, call in {**layer_calls(), **made}.items()}
