"""The results as text, Markdown, JSON and a picture."""

import json
import platform
from datetime import date
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import Any

PACKAGES = ("numpy", "numba", "torch", "jax", "keras", "tensorflow-cpu")


def ratios(results: dict[str, Any], name: str) -> list[float]:
    """By round, how many times longer a contender took than tinyae."""
    ours, theirs = results["steps_us"]["tinyae"], results["steps_us"][name]
    return [b / a for a, b in zip(ours, theirs, strict=True)]


def section(workload: str, results: dict[str, Any]) -> str:
    """One workload's table for the terminal."""
    lines = [f"{workload}", f"  {'':16}{'µs a step':>12}{'× tinyae':>10}{'spread':>15}{'MB':>8}"]
    for name in sorted(results["steps_us"], key=lambda name: median(results["steps_us"][name])):
        each = ratios(results, name)
        spread = f"{min(each):.2f} to {max(each):.2f}"
        lines.append(
            f"  {name:16}{median(results['steps_us'][name]):12.1f}{median(each):10.2f}"
            f"{spread:>15}{results['memory'][name] / 1e6:8.0f}"
        )
    for name, problem in results["left_out"].items():
        lines.append(f"  {name:16}left out: {problem}"[:80])
    control = results["control_ms"]
    lines.append(f"  (control: {median(control):.2f} ms, {min(control):.2f} to {max(control):.2f})")
    return "\n".join(lines) + "\n"


def best_peer(results: dict[str, Any]) -> tuple[str, float]:
    """The fastest contender beside tinyae, and its median ratio."""
    peers = [name for name in results["steps_us"] if name != "tinyae"]
    if not peers:
        return "none installed", float("nan")
    name = min(peers, key=lambda name: median(results["steps_us"][name]))
    return name, median(ratios(results, name))


def markdown(found: dict[str, Any], command: str) -> str:
    """The README's table."""
    names = list(dict.fromkeys(name for results in found.values() for name in results["steps_us"]))
    lines = [
        "| workload | " + " | ".join(names) + " | best peer / tinyae |",
        "| --- |" + " ---: |" * (len(names) + 1),
    ]
    for workload, results in found.items():
        cells = [
            f"{median(results['steps_us'][name]):,.0f}" if name in results["steps_us"] else "–"
            for name in names
        ]
        peer, ratio = best_peer(results)
        lines.append(f"| {workload} | " + " | ".join(cells) + f" | {ratio:.2f} ({peer}) |")
    return "\n".join([*lines, "", f"Microseconds a step, medians. {machine()} `{command}`", ""])


def machine() -> str:
    """Processor, versions and date."""
    processor = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        processor = names[0].split(":")[1].strip() if names else processor
    versions = []
    for package in PACKAGES:
        try:
            versions.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            continue
    python = platform.python_version()
    return f"{processor}, 2 threads, Python {python}, {', '.join(versions)}, {date.today()}."


def picture(found: dict[str, Any], path: Path) -> None:
    """Each contender's ratio to tinyae, by workload."""
    from matplotlib import pyplot as plt

    figure, ax = plt.subplots(figsize=(8, 4.5), layout="constrained")
    names = list(dict.fromkeys(name for results in found.values() for name in results["steps_us"]))
    markers = "o^sDvPX*<"
    for i, name in enumerate(name for name in names if name != "tinyae"):
        points = [
            (x, median(ratios(results, name)))
            for x, results in enumerate(found.values())
            if name in results["steps_us"]
        ]
        ax.plot(*zip(*points, strict=True), markers[i % len(markers)], label=name)
    ax.axhline(1, color="black", linewidth=1)
    ax.text(len(found) - 0.5, 1, "tinyae", va="bottom", ha="right")
    ax.set_yscale("log")
    ax.set_xticks(range(len(found)), list(found))
    ax.set_xlim(-0.5, len(found) - 0.5)
    ax.set(ylabel="time of a step, in tinyae's", title="Training, two threads: lower is faster")
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0)
    figure.savefig(path, dpi=100)
    plt.close(figure)


def write(found: dict[str, Any], out: Path, command: str) -> None:
    """Everything, into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    record = {"machine": machine(), "command": command, "results": found}
    (out / "results.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    (out / "results.md").write_text(markdown(found, command), encoding="utf-8")
    picture(found, out / "results.png")
    print(f"Written to {out}: results.json, results.md, results.png")
