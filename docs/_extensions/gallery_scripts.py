"""The examples as sphinx-gallery wants them: a docstring with a title, below it plain paragraphs.

The examples' own docstrings are written for a terminal; here copies get what a page needs.
"""

import importlib.util
import re
import shutil
from pathlib import Path

FOLDERS = {
    "1_learn": ("To learn from", "From backpropagation by hand to a layer of your own."),
    "2_more": ("What it can be used for", "In any order."),
}
ABOUT = """\
Each example is one short script that prints its figures and saves its pictures:
``python examples/2_more/denoising.py``, with ``--full`` for all of MNIST (from the folder that
``TINYAE_DATA`` names, or downloaded) and longer training, and ``--help`` for what it shows.
It needs no other file: copy it, run it anywhere, change it. All need matplotlib, as the demo does;
``latent_walks`` also draws from a mixture where scikit-learn is installed.

What ``mnist_latent`` learns, to be played with: :doc:`how this page is made </tutorials/plane>`.

.. raw:: html

   <iframe class="live" src="../../_pages/tutorials/plane/digits.html" title="Two numbers"></iframe>
"""
NEEDED = {"from_keras_and_pytorch": "torch"}  # examples that run only where this is installed


def configuration(docs):
    scripts = docs / "gallery" / "scripts"
    write(docs.parent / "examples", scripts)
    absent = [name for name, module in NEEDED.items() if not importlib.util.find_spec(module)]
    return {
        "examples_dirs": [str(scripts)],
        "gallery_dirs": [str(docs / "gallery" / "pages")],
        "filename_pattern": rf"/(?!({'|'.join(absent) or '-'})\.py)[a-z]\w*\.py",
        "reset_argv": "gallery_scripts.started_from_a_shell",
        "within_subsection_order": "FileNameSortKey",
        "copyfile_regex": "",
        "download_all_examples": False,
        "show_signature": False,
        "remove_config_comments": True,
        "write_computation_times": False,  # on pages that ask the network for a table's script
        "abort_on_example_error": True,
        "only_warn_on_example_error": False,
        "nested_sections": False,
        "matplotlib_animations": False,
    }


def started_from_a_shell(gallery_conf, script):
    """The options of a script, which also finds its own name as it does in a shell."""
    script["example_globals"]["__file__"] = script["src_file"]
    return ["--out", "pictures"]  # beside the copy that runs


def write(examples, target):
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    header(target, "Gallery", ABOUT)
    for folder, (title, text) in FOLDERS.items():
        (target / folder).mkdir()
        header(target / folder, title, text)
        for script in sorted((examples / folder).glob("*.py")):
            text = with_title(script.read_text(encoding="utf-8"))
            (target / folder / script.name).write_text(text, encoding="utf-8")


def header(folder, title, text):
    Path(folder, "GALLERY_HEADER.rst").write_text(
        f"{title}\n{'=' * len(title)}\n\n{text}\n", encoding="utf-8"
    )


def with_title(script):
    """The script, its docstring as reStructuredText."""
    docstring, rest = re.match(r'"""(.*?)"""\n(.*)', script, re.DOTALL).groups()
    title, _, text = docstring.partition("\n\n")
    title = " ".join(title.split()).rstrip(".")
    text = "\n\n".join(map(paragraph, re.split(r"\n\n+", text.strip("\n"))))
    return f'r"""\n{title}\n{"=" * len(title)}\n\n{text}\n"""\n{rest}'


def paragraph(text):
    """As it is, or as a block to be kept line by line: formulas, tables, commands."""
    lines = text.splitlines()
    if all(line.startswith(("- ", "  ")) for line in lines) and lines[0].startswith("- "):
        return escaped(text)
    if any(re.search(r"^ |\S {3,}\S", line) for line in lines):
        return "::\n\n" + "\n".join(f"    {line}" for line in lines)
    return escaped(text)


def escaped(text):
    """What reStructuredText would take for its own, outside of code."""
    parts = re.split(r"(`+[^`]+`+)", text)
    parts[::2] = [re.sub(r"[|*]|--", r"\\\g<0>", part) for part in parts[::2]]
    return "".join(parts)
