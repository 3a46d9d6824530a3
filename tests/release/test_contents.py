"""What is in the wheel and in the source distribution."""

import email
import re
import subprocess
from pathlib import Path

import tinyae
from tinyae.version import __version__

ROOT = Path(__file__).parents[2]
NOT_RELEASED = {".gitignore"}


def inside(files, folder):
    return {name: content for name, content in files.items() if name.startswith(folder)}


def test_the_wheel_is_the_package_and_its_licences(wheel, sdist):
    package, about = inside(wheel, "tinyae/"), inside(wheel, f"tinyae-{__version__}.dist-info/")
    assert package.keys() | about.keys() == wheel.keys()
    assert package == inside(sdist, "tinyae/")
    licences = {name.partition("/licenses/")[2] for name in about} - {""}
    assert licences == {"LICENSE", "tinyae/datasets/MNIST.md"}


def test_the_source_distribution_is_what_is_kept_in_git(sdist):
    command = ["git", "-C", str(ROOT), "ls-files"]
    kept = set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
    made = {"PKG-INFO", *inside(sdist, "tinyae.egg-info/")}
    assert sdist.keys() - made == kept - NOT_RELEASED
    changed = [name for name in kept - NOT_RELEASED if sdist[name] != (ROOT / name).read_bytes()]
    assert set(changed) <= {"setup.cfg"}  # to which a tag is added


def test_what_is_said_of_it(wheel, sdist):
    said = email.message_from_bytes(wheel[f"tinyae-{__version__}.dist-info/METADATA"])
    assert said["Name"] == "tinyae"
    assert said["Version"] == __version__ == tinyae.__version__
    assert said["Requires-Python"] == ">=3.11"
    assert said["License"] == "MIT AND CC-BY-SA-3.0"
    needed = [each for each in said.get_all("Requires-Dist") if "extra ==" not in each]
    assert sorted(needed) == ["numba>=0.61", "numpy>=2.0"]
    assert said["Description-Content-Type"] == "text/markdown"


def test_the_description_shows_nothing_that_is_not_there(wheel, sdist):
    said = email.message_from_bytes(wheel[f"tinyae-{__version__}.dist-info/METADATA"])
    shown, readme = said.get_payload(decode=True).decode(), sdist["README.md"].decode()
    addresses = re.compile(r"\]\(([^)]*)\)")
    assert "examples/pictures/digits_latent.png" in addresses.findall(readme)
    assert [each for each in addresses.findall(shown) if not each.startswith("https://")] == []
    words = re.compile(r"[\w.]+")
    without_pictures = re.sub(r"!\[.*?\)", "", readme)
    assert words.findall(shown) == words.findall(re.sub(r"\]\(.*?\)", "", without_pictures))
