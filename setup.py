"""The description for an index of packages, where README's links into the project lead nowhere.

All else is in setup.cfg.
"""

import re
from pathlib import Path

from setuptools import setup

HERE = r"\((?!https?://)[^)]*\)"  # an address among the project's files


def description() -> str:
    """README.md; of a link to a file its text stays, of a picture nothing."""
    text = Path(__file__).with_name("README.md").read_text(encoding="utf-8")
    text = re.sub(rf"!\[[^\]]*\]{HERE}\s?", "", text)
    return re.sub(rf"\[([^\]]*)\]{HERE}", r"\1", text)


setup(long_description=description())
