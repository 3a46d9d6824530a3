"""Pages as single files: the parts in ``web``, and data, in one file that asks for nothing else."""

import html
import json
import os
import re
from pathlib import Path
from typing import Any

from ..checks.arguments import file_path
from ..checks.places import check_place
from ..files.atomic import replace_file

WEB = Path(__file__).with_name("web")
STYLE = re.compile(r'<link rel="stylesheet" href="([\w.]+)" />')
SCRIPT = re.compile(r'<script src="([\w.]+)"></script>')


def page_path(path: str | os.PathLike[str]) -> Path:
    """Where a page is to be written: where that can be, under a name of a page's."""
    found = Path(file_path("path", path))
    if found.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"path must end in .html, but got {os.fspath(path)!r}")
    check_place(found)
    return found


def write_page(path: Path, template: str, title: str, data: dict[str, Any]) -> Path:
    """Write ``web/<template>`` to the path, with all that it names and the data inside."""
    text = _part(template)
    text = STYLE.sub(lambda name: f"<style>\n{_part(name[1])}</style>", text)
    text = SCRIPT.sub(lambda name: f"<script>\n{_part(name[1])}</script>", text)
    # no text of the data's may end the element that it stands in
    said = json.dumps(data, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    text = text.replace("{{title}}", html.escape(title)).replace("{{data}}", said)
    with replace_file(path) as file:
        file.write(text.encode("utf-8", "replace"))  # half of a surrogate pair is no letter
    return path


def _part(name: str) -> str:
    return (WEB / name).read_text(encoding="utf-8")
