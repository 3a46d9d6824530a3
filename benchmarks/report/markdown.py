"""The results as Markdown, for the README."""

from collections.abc import Iterable
from statistics import median
from typing import Any

from benchmarks.report.comparison import Found, best_peer, fastest, firsts, libraries, ratios
from benchmarks.report.numbers_as_text import duration, megabytes, slope, spread
from benchmarks.workloads.tinyae_models import TILES


def markdown(record: dict[str, Any]) -> str:
    """The README's tables."""
    workloads = {
        name: found for name, found in record["workloads"].items() if "tinyae" in found["seconds"]
    }
    tiled = [name for name, found in workloads.items() if found.get("way", "").startswith(TILES)]
    parts = [about(record["circumstances"], record["missing"], tiled)]
    if workloads:
        parts += [medians(workloads), starts(workloads)]
    if record["imports"]:
        rows = [[f"`{name}`", duration(each)] for name, each in record["imports"].items()]
        parts.append(table(["import, in a fresh process", "time"], rows))
    if record["scaling"]:
        parts.append(growth(record["scaling"]))
    return "\n".join(parts)


def about(circumstances: dict[str, Any], missing: dict[str, list[str]], tiled: list[str]) -> str:
    """A sentence under which conditions."""
    versions = ", ".join(f"{name} {number}" for name, number in circumstances["versions"].items())
    exceptions = f", but by its own tiles in {', '.join(tiled)}" if tiled else ""
    text = (
        f"{circumstances['machine']}, up to {circumstances['threads']} threads on "
        f"{circumstances['cores']} cores, load before {circumstances['load']}, vectors of "
        f"{circumstances['vectors']} bits, OpenBLAS's kernel {circumstances['kernel']}; Python "
        f"{circumstances['python']}, {versions}; tinyae's products by {circumstances['product']}"
        f"{exceptions}; {circumstances['date']}; data: "
        f"{circumstances['data']}. `{circumstances['command']}`"
    )
    if missing:
        text += f" Not installed: {', '.join(missing)}."
    return text + "\n"


def medians(workloads: dict[str, Found]) -> str:
    """Each library's fastest way, by workload."""
    columns = libraries(workloads)
    header = ["workload", *columns, "best peer ÷ tinyae", "MB above imports"]
    return table(header, (_row(name, found, columns) for name, found in workloads.items()))


def _row(name: str, found: Found, columns: list[str]) -> list[str]:
    best = fastest(found)
    cells = [
        duration(median(found["seconds"][best[library]])) if library in best else "–"
        for library in columns
    ]
    memory = megabytes(found["memory"]["tinyae"])
    peer = best_peer(found)
    if peer is None:
        return [name, *cells, "–", memory]
    each = ratios(found, peer)
    text = f"{median(each):.2f} ({spread(each)}) {peer}"
    return [name, *cells, text, f"{memory}, {peer} {megabytes(found['memory'][peer])}"]


def starts(workloads: dict[str, Found]) -> str:
    """Seconds to the end of the first step of training."""
    rows = []
    for name, seconds in firsts(workloads).items():
        rows.append([name, duration(min(seconds)), duration(max(seconds))])
    header = ["from starting Python to the end of the first training step", "least", "most"]
    return table(header, rows) if rows else ""


def growth(scaling: dict[str, Any]) -> str:
    """Slopes of the log-log lines."""
    names = list(next(iter(scaling.values()))["slope"])
    rows = [
        [
            f"{name}, {min(series['points'])} to {max(series['points'])}: {series['about']}",
            *(slope(series["slope"].get(contender)) for contender in names),
        ]
        for name, series in scaling.items()
    ]
    return table(["slope of time against", *names], rows)


def table(header: list[str], rows: Iterable[list[str]]) -> str:
    """Markdown; all columns but the first to the right."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "".join("| " + " | ".join(cells) + " |\n" for cells in lines)
