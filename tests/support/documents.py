"""What the documents show, block by block."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def page(name):
    """One of the book's pages."""
    return (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")


def code_of(document, holding):
    """The block of Python, or the book's cell, that holds a text."""
    blocks = re.findall(r"```(?:python|\{code-cell\})\n(.*?)```", document, flags=re.DOTALL)
    (block,) = [block for block in blocks if holding in block]
    return block
