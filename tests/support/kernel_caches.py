"""Looks at caches of compiled kernels, and damages them."""

from tinyae.version import __version__


def everything(folder):
    return {path.relative_to(folder) for path in folder.rglob("*") if not path.is_dir()}


def check_warned(shown, folder):
    """There was one warning, which names the folder."""
    assert len(shown) == 1, shown
    assert shown[0].startswith("RuntimeWarning: the cache of compiled kernels in ")
    assert f" {folder / 'tinyae' / 'kernels-'}{__version__} failed (" in shown[0]


def cut(path):
    path.write_bytes(path.read_bytes()[:-9])


def flip(path):
    """One bit in the middle: of the machine code, or of what numbers and names it is made from."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 16
    path.write_bytes(content)
