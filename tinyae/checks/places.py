"""Where files are to be written, checked before the work that fills them."""

import os
from pathlib import Path


def check_place(path: Path, **inputs: Path) -> None:
    """Refuse a path that cannot be written, or is one of the inputs."""
    folder = Path(os.path.realpath(path)).parent
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {path.parent} to save {path.name} in")
    if path.exists() and not path.is_file():
        raise ValueError(f"{path} is not a plain file, so it is not replaced")
    if not os.access(folder, os.W_OK):
        raise PermissionError(f"the folder {path.parent} may not be written into")
    for name, other in inputs.items():
        # by what they are: links, other spellings and other capitals lead to one file
        if path.exists() and other.exists() and path.samefile(other):
            raise ValueError(f"{path} is the {name}, which would be overwritten")
