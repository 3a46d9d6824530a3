"""The README's picture."""

from pathlib import Path
from statistics import median

from benchmarks.report.comparison import Found, fastest, libraries, ratios
from benchmarks.report.numbers_as_text import duration

COLOURS = {
    "PyTorch": "tab:red",
    "JAX": "tab:purple",
    "Keras": "tab:orange",
    "scikit-learn": "tab:blue",
    "onnxruntime": "tab:green",
    "NumPy": "dimgray",
}

LANE = 0.13  # of a row's height


def picture(workloads: dict[str, Found], path: Path) -> None:
    """Each library's fastest way beside tinyae, by workload; the lines are all rounds."""
    from matplotlib import pyplot as plt

    height = 1.3 + 0.5 * len(workloads)
    figure, ax = plt.subplots(figsize=(8, height), layout="constrained")
    order = [library for library in libraries(workloads) if library != "tinyae"]
    drawn: dict[str, object] = {}
    for row, found in enumerate(workloads.values()):
        if row % 2 == 0:
            ax.axhspan(row - 0.5, row + 0.5, color="black", alpha=0.04, linewidth=0)
        drawn |= _row(ax, row, found, order)
    ax.axvline(1, color="black", linewidth=1.5)
    _multiples(ax)
    _names(ax, workloads)
    figure.legend(
        [drawn[library] for library in order], order, loc="outside upper center", ncols=len(order)
    )
    figure.savefig(path, dpi=120)
    plt.close(figure)


def _row(ax, row: int, found: Found, order: list[str]) -> dict[str, object]:
    """One workload's points, by library."""
    drawn: dict[str, object] = {}
    best = fastest(found)
    timed = [library for library in order if library in best]
    for position, library in enumerate(timed):
        each = ratios(found, best[library])
        colour = COLOURS[library]
        # a lane for each library, so that none hides another
        lane = row + LANE * (position - (len(timed) - 1) / 2)
        ax.plot([min(each), max(each)], [lane, lane], color=colour, alpha=0.5, linewidth=2)
        drawn[library] = ax.plot(median(each), lane, "o", color=colour, markersize=6)[0]
    return drawn


def _multiples(ax) -> None:
    """The horizontal axis."""
    from matplotlib.ticker import FuncFormatter, NullLocator

    ax.set_xscale("log")
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    left, right = ax.get_xlim()
    ax.set_xlim(min(left, 0.5), 1.05 * max(right, 2))
    ax.set_xticks([x for x in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500) if _in(x, ax)])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.grid(axis="x", alpha=0.3)
    ax.set_xlabel(
        "time as a multiple of tinyae's, which stands on the left: right of the line is slower"
    )


def _names(ax, workloads: dict[str, Found]) -> None:
    """The vertical axis: each workload with tinyae's time."""
    ax.set_yticks(
        range(len(workloads)),
        [
            f"{name}   {duration(median(found['seconds']['tinyae'])):>7}"
            for name, found in workloads.items()
        ],
    )
    ax.set_ylim(len(workloads) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.spines[["top", "right", "left"]].set_visible(False)


def _in(x: float, ax) -> bool:
    left, right = ax.get_xlim()
    return left <= x <= right
