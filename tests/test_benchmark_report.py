"""The benchmarks' report, from made-up results."""

import json

import pytest

from benchmarks import __main__ as command
from benchmarks.report import (
    comparison,
    markdown,
    numbers_as_text,
    picture,
    results_folder,
    terminal,
)
from benchmarks.report.circumstances import circumstances


def made_up(seconds, unit="step", **more):
    """The results of one workload."""
    return {
        "unit": unit,
        "seconds": seconds,
        "control": [0.002, 0.003, 0.004],
        "memory": dict.fromkeys(seconds, 100_000_000) | {"tinyae": 8_000_000},
        "first": dict.fromkeys(seconds, 2.5) | {"tinyae": 0.25},
        "left_out": {},
        **more,
    }


@pytest.fixture
def workloads():
    """Training with many peers, and an encoder with one that died."""
    train = {
        "JAX jit": [30e-6, 60e-6, 90e-6],
        "tinyae": [10e-6, 20e-6, 20e-6],
        "JAX scan": [20e-6, 50e-6, 50e-6],
        "PyTorch compile": [1e-3, 1e-3, 2e-3],
    }
    encode = {"tinyae": [0.02, 0.02, 0.02], "scikit-learn rand.": [0.01, 0.02, 0.01]}
    died = {"onnxruntime": "RuntimeError: " + "x" * 100}
    return {
        "gauss2d": made_up(train, cold=12.5),
        "encode10k": made_up(encode, "call", left_out=died),
    }


@pytest.fixture
def scaling():
    """One series."""
    return {
        "batch": {
            "about": "a step of sigmoid",
            "points": [32, 1024],
            "seconds": {"tinyae": [1e-3, 0.02], "JAX scan": [2e-3, None]},
            "slope": {"tinyae": 0.864, "JAX scan": None},
        }
    }


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
    assert "none was timed" in terminal.summary({"conv": failed})


def record_of(workloads, scaling):
    return {
        "circumstances": circumstances("python -m benchmarks --rounds 3"),
        "missing": {"Keras": ["keras", "tensorflow"]},
        "imports": {"import tinyae": 0.005},
        "workloads": workloads,
        "scaling": scaling,
    }


def test_the_markdown_table(workloads, scaling):
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
    libraries = {contender.library for contender in command.CONTENDERS.values()}
    assert set(picture.COLOURS) == libraries - {"tinyae"}


def test_circumstances_name_what_a_reader_needs(monkeypatch):
    monkeypatch.delenv("TINYAE_DATA", raising=False)
    found = circumstances("a command")
    assert {"machine", "threads", "python", "versions", "date", "command", "data"} == set(found)
    assert {"numpy", "numba"} <= set(found["versions"])
    assert "bundled" in found["data"]
    monkeypatch.setenv("TINYAE_DATA", "somewhere")
    assert circumstances("a command")["data"] == "MNIST"


# The command


def test_the_command_measures_what_was_asked_for(monkeypatch, workloads, scaling, tmp_path):
    asked = []

    def measure(workload, names, rounds, cache):
        asked.append((workload.name, names, rounds))
        return workloads[workload.name]

    monkeypatch.setattr(command, "measure", measure)
    monkeypatch.setattr(command, "grow", lambda series, *options: scaling["batch"])
    monkeypatch.setattr(command, "import_seconds", lambda: {"import tinyae": 0.005})
    arguments = ["--workloads", "encode10k", "--contenders", "NumPy", "--rounds", "2", "--scaling"]
    monkeypatch.setattr("sys.argv", ["benchmarks", *arguments, "--out", str(tmp_path)])
    assert command.main() == 0
    assert asked == [("encode10k", ["tinyae", "NumPy"], 2)]
    record = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert set(record["scaling"]) == {"batch", "width", "image side", "samples"}
    assert record["circumstances"]["command"].endswith(f"--scaling --out {tmp_path}")
    printed = (tmp_path / "results.txt").read_text(encoding="utf-8")
    for part in ("import tinyae", "encode10k, a call", "growth with width", "best peer / tinyae"):
        assert part in printed


def test_an_interrupt_is_said_and_nothing_written(monkeypatch, tmp_path, capsys):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "import_seconds", interrupted)
    monkeypatch.setattr("sys.argv", ["benchmarks", "--out", str(tmp_path / "out")])
    assert command.main() == 130
    assert "interrupted" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("arguments", [["--rounds", "0"], ["--workloads", "cnn"]])
def test_what_cannot_be_is_refused(arguments, capsys):
    with pytest.raises(SystemExit):
        command.parse(arguments)
    assert arguments[0] in capsys.readouterr().err
