"""The folder of results: all that was measured, in four files."""

import json
from pathlib import Path
from typing import Any

from benchmarks.report.comparison import best_peer
from benchmarks.report.markdown import markdown
from benchmarks.report.picture import picture


def write(record: dict[str, Any], text: str, out: Path) -> None:
    """Everything, into a folder; `text` is what was printed."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "results.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    (out / "results.md").write_text(markdown(record), encoding="utf-8")
    (out / "results.txt").write_text(text, encoding="utf-8")
    workloads = {
        name: found for name, found in record["workloads"].items() if best_peer(found) is not None
    }
    if workloads:
        picture(workloads, out / "results.png")
