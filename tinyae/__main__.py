"""The command line: ``python -m tinyae``."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path


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
    except (OSError, ValueError, ArithmeticError, ImportError) as error:
        print(f"tinyae: {error}", file=sys.stderr)
        return 1
    return 0


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top = argparse.ArgumentParser(
        prog="python -m tinyae", description="Autoencoders from scratch in NumPy and Numba."
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    demo = commands.add_parser(
        "demo",
        help="train an autoencoder on handwritten digits, beside PCA",
        description="Train a 784-500-300-2-300-500-784 autoencoder on the digits 1, 5 and 6, fit "
        "PCA with two components on the same images, compare them, and write pictures.",
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
        "--out", type=Path, default=Path("tinyae-demo"), metavar="FOLDER", help="for the pictures"
    )
    demo.set_defaults(run=run_demo)
    return top


def run_demo(options: argparse.Namespace) -> None:
    """``python -m tinyae demo``."""
    from . import demo

    demo.run(options.data, options.epochs, options.seed, options.out)


def natural(text: str) -> int:
    """An option's whole number of at least 0."""
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"must be at least 0, but got {value}")
    return value


def positive(text: str) -> int:
    """An option's whole number of at least 1."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, but got {value}")
    return value


if __name__ == "__main__":
    sys.exit(main())
