"""The benchmarks' report, from made-up results."""

import json

import pytest

from benchmarks.contenders.table import CONTENDERS
from benchmarks.report import (
    comparison,
    markdown,
    numbers_as_text,
    picture,
    results_folder,
    terminal,
)
from benchmarks.report.circumstances import circumstances
from tests.support.benchmark_results import made_up


def test_ratios_are_taken_round_by_round(workloads):
    found = workloads["gauss2d"]
    assert comparison.ratios(found, "JAX scan") == pytest.approx([2.0, 2.5, 2.5])
    assert comparison.best_peer(found) == "JAX scan"
    assert comparison.fastest(found) == {
        "tinyae": "tinyae",
        "JAX": "JAX scan",
        "PyTorch": "PyTorch compile",
    }
    assert comparison.libraries(workloads) == ["tinyae", "PyTorch", "JAX", "scikit-learn"]
    assert comparison.best_peer(made_up({"tinyae": [1.0]})) is None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (22.14e-6, "22.1 µs"),
        (0.4e-6, "0.400 µs"),
        (1.234e-3, "1.23 ms"),
        (0.3, "300 ms"),
        (123.4, "123 s"),
        (1234.0, "1234 s"),
        (0.0, "0 µs"),
    ],
)
def test_durations_have_three_digits_and_a_unit(seconds, text):
    assert numbers_as_text.duration(seconds) == text


def test_the_terminal_has_every_contender_in_80_columns(workloads, scaling):
    gauss, encode = (terminal.section(name, found) for name, found in workloads.items())
    parts = [
        *(gauss, encode, terminal.summary(workloads), terminal.growth("batch", scaling["batch"])),
        terminal.imports({"from tinyae import Autoencoder": 0.5}),
        terminal.missing({f"library {i}": ["package"] for i in range(9)}),
    ]
    assert max(len(line) for part in parts for line in part.splitlines()) <= 80
    rows = [line.split() for line in gauss.splitlines()]
    assert gauss.startswith("gauss2d, a step")
    assert rows[2] == ["tinyae", "20.0", "µs", "1.00", "1.00–1.00", "8", "250", "ms"]
    assert rows[3] == ["JAX", "scan", "50.0", "µs", "2.50", "2.00–2.50", "100", "2.50", "s"]
    assert [row[0] for row in rows[4:6]] == ["JAX", "PyTorch"]
    assert rows[6] == ["tinyae,", "nothing", "compiled", "12.5", "s"]
    assert "onnxruntime was left out: RuntimeError" in encode
    assert "control 3.00 ms, 2.00–4.00" in encode
    summary = [line.split() for line in terminal.summary(workloads).splitlines()]
    assert summary[1] == ["gauss2d", "JAX", "scan", "2.50", "2.00–2.50", "12"]
    assert summary[2] == ["encode10k", "scikit-learn", "rand.", "0.50", "0.50–1.00", "12"]
    assert terminal.growth("batch", scaling["batch"]).splitlines()[3].split()[-3:] == [
        *("ms", "–", "–")
    ]


def test_what_failed_altogether_is_said():
    failed = {**made_up({}), "control": [], "left_out": {"tinyae": "its process ended with 3"}}
    assert "tinyae was left out: its process ended with 3" in terminal.section("conv", failed)
    assert "no peer was timed" in terminal.summary({"conv": failed})


def record_of(workloads, scaling):
    return {
        "circumstances": circumstances("python -m benchmarks --rounds 3"),
        "missing": {"Keras": ["keras", "tensorflow"]},
        "imports": {"import tinyae": 0.005},
        "workloads": workloads,
        "scaling": scaling,
    }


def test_the_markdown_table(workloads, scaling):
    workloads["gauss2d"]["way"] = "tiles, in lanes, 1 thread"
    assert "  tinyae: tiles, in lanes, 1 thread" in terminal.section(
        "gauss2d", workloads["gauss2d"]
    )
    text = markdown.markdown(record_of(workloads, scaling))
    lines = text.splitlines()
    assert "| workload | tinyae | PyTorch | JAX | scikit-learn |" in text
    assert (
        "| gauss2d | 20.0 µs | 1.00 ms | 50.0 µs | – | 2.50 (2.00–2.50) JAX scan | "
        "8, JAX scan 100 |"
    ) in lines
    assert "| tinyae, nothing compiled | 12.5 s | 12.5 s |" in lines
    assert "| `import tinyae` | 5.00 ms |" in lines
    assert "| batch, 32 to 1024: a step of sigmoid | 0.86 | – |" in lines
    assert "`python -m benchmarks --rounds 3`" in lines[0]
    assert "Not installed: Keras." in lines[0]
    assert "by its own tiles in gauss2d;" in lines[0]
    for block in text.split("\n\n")[1:]:  # every row has its header's cells
        assert len({line.count("|") for line in block.strip().splitlines()}) == 1


def test_a_workload_without_peers_has_a_row_too():
    alone = made_up({"tinyae": [1.0, 2.0, 3.0]})
    assert "| conv | 2.00 s | – | 8 |" in markdown.medians({"conv": alone})


def test_everything_is_written(workloads, scaling, tmp_path):
    record = record_of(workloads, scaling)
    results_folder.write(record, "what was printed", tmp_path / "new" / "folder")
    out = tmp_path / "new" / "folder"
    assert json.loads((out / "results.json").read_text(encoding="utf-8")) == record
    assert (out / "results.md").read_text(encoding="utf-8") == markdown.markdown(record)
    assert (out / "results.txt").read_text(encoding="utf-8") == "what was printed"
    png = (out / "results.png").read_bytes()
    assert png.startswith(b"\x89PNG")
    assert len(png) > 10_000


def test_every_library_has_a_colour():
    libraries = {contender.library for contender in CONTENDERS.values()}
    assert set(picture.COLOURS) == libraries - {"tinyae"}


def test_circumstances_name_what_a_reader_needs(monkeypatch):
    monkeypatch.delenv("TINYAE_DATA", raising=False)
    found = circumstances("a command")
    names = {"machine", "threads", "python", "versions", "product", "date", "command", "data"}
    assert names | {"cores", "load", "kernel", "vectors"} == set(found)
    assert found["vectors"] in (128, 256, 512)
    assert "openblas" not in found["product"].lower() or found["kernel"].isidentifier()
    assert "GFLOP/s in float32 on one core" in found["product"]
    assert {"numpy", "numba"} <= set(found["versions"])
    assert "bundled" in found["data"]
    monkeypatch.setenv("TINYAE_DATA", "somewhere")
    assert circumstances("a command")["data"] == "MNIST"
