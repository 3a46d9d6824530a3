"""The command line: ``python -m tinyae``."""

import argparse
import contextlib
import csv
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from ..version import __version__
from .terminal import complain

T = TypeVar("T")
PAGE = Path("tinyae-explore.html")
DATA_FILES = (
    "Data are read from .npy, .npz, .csv and .tsv; any other file is taken for IDX, the format of "
    "MNIST, gzipped or not. In text each line is a sample; a first line of words is taken for the "
    "columns' names. Separated is by tabs in .tsv, and in .csv by commas, or by semicolons (a "
    "comma is a decimal comma then) or tabs where one stands in the first line. Pixels of 8 bits "
    "(uint8) stay as they are where a model begins with Rescaling, as one that is trained on them "
    "here does; for others they are divided by 255, which is said. Vectors are reshaped to images "
    "and back as the model needs them. A model keeps which columns of a table it was trained on: "
    "unless others are asked for, they are found by name, in any order."
)
RESULTS = (
    " The result is written as its name says, .npy, .npz (one array), .csv or .tsv; in text each "
    "sample is one line of numbers, below a line of names where the data had one: {names}."
)
DECODED = "those of the columns that the model was trained on, else output_1, output_2 and so on"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit code: 0, 1 for an error, 130 for Ctrl-C.

    A misused option ends the process with 2, as argparse does.
    """
    options = parser().parse_args(arguments)
    try:
        options.run(options)
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return 130
    except (OSError, ValueError, ArithmeticError, ImportError, MemoryError) as error:
        missing = getattr(error, "name", None) == "matplotlib"
        hint = '; pip install "tinyae[plot]"' * missing
        complain(f"tinyae: {_in_words(error)}{hint}")
        return 1
    return 0


def _in_words(error: BaseException) -> str:
    """What the system says of a file, with its name in front."""
    if not isinstance(error, OSError) or error.filename is None or error.strerror is None:
        return str(error)
    told = {FileNotFoundError: "there is no such file", IsADirectoryError: "it is a folder"}
    return f"{error.filename}: {told.get(type(error), error.strerror.lower())}"


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top = argparse.ArgumentParser(
        prog="python -m tinyae", description="Autoencoders from scratch in NumPy and Numba."
    )
    top.add_argument("--version", action="version", version=f"tinyae {__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    demo = commands.add_parser(
        "demo",
        help="train an autoencoder on handwritten digits, beside PCA",
        description="Train a 784-500-300-2-300-500-784 autoencoder on the digits 1, 5 and 6, fit "
        "PCA with two components on the same images, compare them, and write pictures and a page "
        "for the browser.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    demo.add_argument(
        "--data",
        choices=("mini", "mnist"),
        default="mini",
        help="the bundled 7,000 images, or all 70,000 (from $TINYAE_DATA or downloaded)",
    )
    demo.add_argument("--epochs", type=positive, default=10, help="passes over the images")
    demo.add_argument("--seed", type=natural, default=0, help="decides weights and order")
    demo.add_argument(
        "--out", type=path, default=Path("tinyae-demo"), metavar="FOLDER", help="for the pictures"
    )
    demo.set_defaults(run=run_demo)
    explore = commands.add_parser(
        "explore",
        help="decode the code under the mouse, in a window or a page for the browser",
        description="Show the codes of the bundled test digits; the one under the mouse is decoded "
        "beside them. Where there can be no window, a page is written.",
    )
    explore.add_argument(
        "model",
        type=path,
        nargs="?",
        metavar="MODEL.npz",
        help="a saved model of 28 × 28 images, for a window with a code of two numbers; without "
        "it, the demo's is trained",
    )
    explore.add_argument(
        "--html",
        type=path,
        nargs="?",
        const=PAGE,
        metavar="FILE",
        help=f"write a page for the browser, of that name or {PAGE}",
    )
    explore.set_defaults(run=run_explore)
    exercises = commands.add_parser(
        "exercises",
        help="copy the exercises of the book into a folder",
        description="Write files to complete, and tests that judge them, into a folder; hints and "
        "solutions beside them. Then: cd FOLDER && pytest. Nothing that is there is written over.",
    )
    exercises.add_argument("folder", type=path, metavar="FOLDER", help="made if it is not there")
    exercises.set_defaults(run=run_exercises)
    warm = commands.add_parser(
        "warm",
        help="compile kernels now, so that the first training begins at once",
        description="Compile what dense models, large and tiny ones, and those of images need, on "
        "all cores, and keep it on disk. Where it is there already, this takes a moment.",
    )
    warm.set_defaults(run=run_warm)
    add_model_commands(commands)
    return top


def add_model_commands(commands: Any) -> None:
    """The commands that make and use a model's file."""
    info = commands.add_parser(
        "info",
        help="say what is in a model's file, or what this installation is",
        description="Say what is in a model's file; without one, which versions are installed, "
        "which matrix product is used and how fast it is, threads, cores and the cache's folder.",
    )
    info.add_argument(
        "model", type=path, nargs="?", metavar="FILE", help="as saved by a model's save()"
    )
    info.set_defaults(run=run_command, function="info")

    train = commands.add_parser(
        "train",
        help="train an autoencoder and save it",
        description="Train an autoencoder on the samples of a file and save it: a dense one, to "
        "which each sample is a vector, or a convolutional one of images. " + DATA_FILES,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    train.add_argument("data", type=path, metavar="DATA", help="the samples")
    train.add_argument(
        "--encoder",
        type=sizes,
        default=argparse.SUPPRESS,
        metavar="500-300-2",
        help="units of the encoder's dense layers, the code's last; the decoder mirrors them. Code "
        "and output have no activation, apart from a sigmoid output for bce",
    )
    train.add_argument(
        "--conv",
        type=sizes,
        default=argparse.SUPPRESS,
        metavar="16-8",
        help="before them, for images: filters of 3 x 3 convolutions, each followed by pooling "
        "that halves both sides; the decoder mirrors them. Without --encoder the last is the code",
    )
    train.add_argument(
        "--noise",
        type=deviation,
        default=0.0,
        help="standard deviation of what is added to the input in training: a denoising one",
    )
    train.add_argument(
        "--l1", type=deviation, default=0.0, help="weight of a penalty on the code: a sparse one"
    )
    train.add_argument(
        "--activation",
        default="relu",
        metavar="NAME",
        help="between layers: relu, tanh, elu, or another of Dense's",
    )
    train.add_argument(
        "--loss", choices=("mse", "bce"), default="mse", help="bce is for data from 0 to 1"
    )
    train.add_argument("--epochs", type=positive, default=10, help="passes over the samples")
    train.add_argument("--batch-size", type=positive, default=32, help="samples a step")
    train.add_argument("--learning-rate", type=rate, default=1e-3, help="of Adam")
    train.add_argument("--seed", type=natural, default=0, help="decides weights and order")
    train.add_argument(
        "--validation", type=share, default=0.0, help="share of the samples, the last, to hold out"
    )
    train.add_argument(
        "--early-stopping",
        type=positive,
        default=argparse.SUPPRESS,
        metavar="EPOCHS",
        help="stop after so many epochs in which the loss of what is held out (of all, if nothing "
        "is) has not fallen, and keep the weights of the best one",
    )
    train.add_argument(
        "--pictures",
        type=path,
        default=argparse.SUPPRESS,
        metavar="FOLDER",
        help="for the losses by epoch, the codes, and images beside their reconstructions",
    )
    train.add_argument(
        "--save",
        type=path,
        required=True,
        default=argparse.SUPPRESS,
        metavar="FILE",
        help="for the model",
    )
    add_data_options(train)
    train.set_defaults(run=run_train)

    for what, meaning, names in (
        ("encode", "the codes of samples", "code_1, code_2 and so on"),
        ("decode", "the outputs for codes", DECODED),
        ("reconstruct", "the outputs for samples", "the data's own"),
    ):
        use = commands.add_parser(
            what,
            help=f"write {meaning}",
            description=f"Write {meaning}. " + DATA_FILES + RESULTS.format(names=names),
        )
        use.add_argument("model", type=path, metavar="MODEL", help="as saved by a model's save()")
        use.add_argument("data", type=path, metavar="DATA", help=meaning.split()[-1])
        use.add_argument("out", type=path, metavar="OUT", help="for the result")
        add_data_options(use)
        use.set_defaults(run=run_command, function="apply", what=what)

    check = commands.add_parser(
        "check",
        help="compare a model's gradients with finite differences",
        description="Compare a saved model's gradients with finite differences of its loss; the "
        "exit code is 1 unless they agree. " + DATA_FILES,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    check.add_argument("model", type=path, metavar="MODEL", help="an autoencoder's file")
    check.add_argument("data", type=path, metavar="DATA", help="samples")
    check.add_argument("--samples", type=positive, default=8, help="how many, from the first on")
    add_data_options(check)
    check.set_defaults(run=run_command, function="check")


def add_data_options(command: argparse.ArgumentParser) -> None:
    """The options that say what in a file of data is meant."""
    command.set_defaults(key=None, columns=(), drop=(), header=None)
    command.add_argument(
        "--key", default=argparse.SUPPRESS, help="which array of an .npz that holds several"
    )
    choice = command.add_mutually_exclusive_group()
    choice.add_argument(
        "--columns",
        type=listed,
        default=argparse.SUPPRESS,
        metavar="A,B",
        help="the columns to use, by name, or by number from 1",
    )
    choice.add_argument(
        "--drop",
        type=listed,
        default=argparse.SUPPRESS,
        metavar="A,B",
        help="the columns not to use, labels for example",
    )
    command.add_argument(
        "--header",
        action=argparse.BooleanOptionalAction,
        default=argparse.SUPPRESS,
        help="whether the first line of text holds names, if it does not show",
    )


def run_demo(options: argparse.Namespace) -> None:
    """``python -m tinyae demo``."""
    from . import demo

    demo.run(options.data, options.epochs, options.seed, options.out)


def run_train(options: argparse.Namespace) -> None:
    """``python -m tinyae train``."""
    asked = {"encoder": [], "conv": [], "early_stopping": None, "pictures": None, **vars(options)}
    options = argparse.Namespace(**asked)
    if not options.encoder and not options.conv:
        raise ValueError("train needs the layers: --encoder 500-300-2, or --conv 16-8 for images")
    from . import train

    train.train(options)


def run_command(options: argparse.Namespace) -> None:
    """The other commands."""
    from . import commands  # not before it is known what is asked: it takes a moment

    getattr(commands, options.function)(options)


def run_explore(options: argparse.Namespace) -> None:
    """``python -m tinyae explore``."""
    from . import explore

    explore.run(options.model, options.html, PAGE)


def run_warm(options: argparse.Namespace) -> None:
    """``python -m tinyae warm``."""
    from . import warm

    warm.warm()


def run_exercises(options: argparse.Namespace) -> None:
    """``python -m tinyae exercises``."""
    from ..exercises import copying

    copying.copy(options.folder)
    print(f"{len(copying.names())} exercises are in {options.folder}: begin with its README.md")


# Values of options: each refusal names the form expected


def path(text: str) -> Path:
    """A file or folder."""
    return _read(Path, text, lambda path: bool(text), "a path")


def listed(text: str) -> list[str]:
    """Columns, such as a,b or "a, or b",c."""

    def parts(text: str) -> list[str]:
        (cells,) = csv.reader([text], strict=True)
        return [cell.strip() for cell in cells]

    form = "columns, by name or number, such as a,b or 1,2"
    return _read(parts, text, lambda found: bool(found) and all(found), form)


def natural(text: str) -> int:
    """A whole number of at least 0."""
    return _read(int, text, lambda value: value >= 0, "a whole number of at least 0")


def positive(text: str) -> int:
    """A whole number of at least 1."""
    return _read(int, text, lambda value: value >= 1, "a whole number of at least 1")


def rate(text: str) -> float:
    """A number above 0."""
    return _read(float, text, lambda value: 0 < value < math.inf, "a number above 0")


def deviation(text: str) -> float:
    """A number of at least 0."""
    return _read(float, text, lambda value: 0 <= value < math.inf, "a number of at least 0")


def share(text: str) -> float:
    """A share, from 0 to below 1."""
    return _read(float, text, lambda value: 0 <= value < 1, "a number from 0 to below 1")


def sizes(text: str) -> list[int]:
    """The units of layers, such as 500-300-2."""

    def parts(text: str) -> list[int]:
        return [int(part) for part in text.split("-")]

    form = "whole numbers of at least 1 with - between them, such as 500-300-2"
    return _read(parts, text, lambda found: min(found) >= 1, form)


def _read(convert: Callable[[str], T], text: str, fits: Callable[[T], bool], form: str) -> T:
    with contextlib.suppress(ValueError, csv.Error):
        if fits(value := convert(text)):
            return value
    raise argparse.ArgumentTypeError(f"must be {form}, but got {text!r}")
