"""The command ``python -m benchmarks``, with nothing measured."""

import json

import pytest

from benchmarks import __main__ as command


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
    assert all(len(line) <= 80 for line in printed.splitlines()[1:])
    for part in (
        "python -m benchmarks --w",
        "OpenBLAS's kernel",
        "load before",
        "import tinyae",
        "encode10k, a call",
        "growth with width",
        "best peer / tinyae",
    ):
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
