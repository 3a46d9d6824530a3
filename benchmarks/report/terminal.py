"""The results for a terminal of 80 columns."""

import textwrap
from statistics import median
from typing import Any

from benchmarks.report.comparison import Found, best_peer, ratios
from benchmarks.report.numbers_as_text import digits, duration, megabytes, slope, spread

WIDTH = 80


def missing(packages: dict[str, list[str]]) -> str:
    """Which libraries cannot be asked, and what they need."""
    each = (f"{library} ({', '.join(names)})" for library, names in packages.items())
    text = f"not installed: {', '.join(each)}"
    return textwrap.fill(text, WIDTH, break_on_hyphens=False) + "\n"


def about(circumstances: dict[str, Any]) -> str:
    """What was measured on, before anything was."""
    kernel, vectors = circumstances["kernel"], circumstances["vectors"]
    lines = [
        circumstances["command"],
        f"{circumstances['date']}, {circumstances['machine']}",
        f"up to {circumstances['threads']} threads on {circumstances['cores']} cores, load before "
        f"{circumstances['load']}",
        f"vectors of {vectors} bits; OpenBLAS's kernel {kernel}",
        f"BLAS: {circumstances['product']}",
    ]
    return "".join(textwrap.fill(line, WIDTH, subsequent_indent="  ") + "\n" for line in lines)


def section(name: str, found: Found) -> str:
    """One workload's table."""
    control = [1e3 * seconds for seconds in found["control"]]
    noise = f"control {median(control):.2f} ms, {spread(control)}" if control else ""
    title = f"{name}, a {found['unit']}"
    lines = [f"{title:{WIDTH - len(noise)}}{noise}"]
    lines.append(f"  {'':21}{'median':>10}{'× tinyae':>10}{'spread':>16}{'MB':>8}{'first':>10}")
    for contender in sorted(found["seconds"], key=lambda each: median(found["seconds"][each])):
        each = ratios(found, contender)
        lines.append(
            f"  {contender:21}{duration(median(found['seconds'][contender])):>10}"
            f"{median(each):10.2f}{spread(each):>16}{megabytes(found['memory'][contender]):>8}"
            f"{duration(found['first'][contender]):>10}"
        )
    if "way" in found:
        lines.append(f"  tinyae: {found['way']}")
    if "cold" in found:
        lines.append(f"  {'tinyae, nothing compiled':67}{duration(found['cold']):>10}")
    for contender, problem in found["left_out"].items():
        lines.append(f"  {contender} was left out: {problem}")
    return _fitting(lines)


def imports(seconds: dict[str, float]) -> str:
    """The table of import times."""
    lines = ["imports, in fresh processes"]
    lines += [f"  {statement:45}{duration(each):>10}" for statement, each in seconds.items()]
    return _fitting(lines)


def growth(name: str, series: dict[str, Any]) -> str:
    """The table of one series."""
    lines = [
        f"growth with {name}: {series['about']}",
        f"  {'':15}" + "".join(f"{point:>10}" for point in series["points"]) + f"{'slope':>8}",
    ]
    for contender, seconds in series["seconds"].items():
        times = "".join(f"{duration(each) if each else '–':>10}" for each in seconds)
        lines.append(f"  {contender:15}{times}{slope(series['slope'][contender]):>8}")
    return _fitting(lines)


def summary(workloads: dict[str, Found]) -> str:
    """The best peer of every workload."""
    lines = [f"{'best peer / tinyae':20}{'':21}{'ratio':>8}{'spread':>16}{'memory':>10}"]
    for name, found in workloads.items():
        peer = best_peer(found) if found["seconds"].get("tinyae") else None
        if peer is None:
            lines.append(f"  {name:18}no peer was timed")
            continue
        each = ratios(found, peer)
        theirs, ours = found["memory"][peer], found["memory"]["tinyae"]
        memory = digits(theirs / ours, 2) if theirs and ours else "–"
        lines.append(f"  {name:18}{peer:21}{median(each):8.2f}{spread(each):>16}{memory:>10}")
    return _fitting(lines)


def _fitting(lines: list[str]) -> str:
    return "\n".join(line.rstrip()[:WIDTH] for line in lines) + "\n"
