"""Exercises and their tests, written into a folder of the learner's."""

import re
from pathlib import Path

FILES = Path(__file__).parent / "files"
SUFFIX = ".template"
PART = re.compile(
    r"^( *)#: task\n(?P<task>.*?)(?:^ *#: solution\n(?P<solution>.*?))^ *#: end\n",
    re.DOTALL | re.MULTILINE,
)


def names() -> list[str]:
    """The exercises, in their order."""
    return sorted(path.name.removesuffix(f".py{SUFFIX}") for path in FILES.glob(f"ex*{SUFFIX}"))


def contents() -> dict[str, str]:
    """All that is written, by its path in the folder."""
    found = {}
    for path in sorted(filter(Path.is_file, FILES.iterdir())):
        text, name = path.read_text(encoding="utf-8"), path.name.removesuffix(SUFFIX)
        found[name] = PART.sub(r"\g<task>", text)
        if name.removesuffix(".py") in names():
            found[f"solutions/{name}"] = PART.sub(r"\g<solution>", text)
    return found


def copy(folder: Path) -> list[Path]:
    """Write them; what is there already, a learner's work perhaps, is never written over.

    Raises
    ------
    FileExistsError
        If one of the files is there; then none is written.
    """
    texts = {folder / name: text for name, text in contents().items()}
    for path in texts:
        if path.exists():
            raise FileExistsError(f"{path} is there already: choose another folder, or remove it")
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(texts)
