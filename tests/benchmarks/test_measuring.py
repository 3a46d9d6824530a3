"""The course of a measurement: who is timed and who left out; series; import times."""

from types import SimpleNamespace

import pytest

from benchmarks.harness import import_times, measure, scaling
from benchmarks.workloads.series import SERIES
from tests.support.tiny_workload import TINY


@pytest.fixture
def contenders(monkeypatch, folder):
    """The contenders of these tests under names of the real ones."""

    def use(**parts):
        table = {
            name: SimpleNamespace(library=name, part=lambda workload, part=part: part)
            for name, part in parts.items()
        }
        monkeypatch.setattr(measure, "CONTENDERS", table)
        monkeypatch.setattr(measure, "PAUSE", 0.0)
        return list(table)

    return use


def test_who_fails_is_left_out_with_the_reason(contenders, tmp_path_factory):
    names = contenders(
        tinyae="tests.support.benchmark_parts:Right",
        good="tests.support.benchmark_parts:Right",
        other="tests.support.benchmark_parts:Wrong",
        short="tests.support.benchmark_parts:Stretches",
        dies="tests.support.benchmark_parts:Dies",
        tires="tests.support.benchmark_parts:Tires",
    )
    found = measure.measure(TINY, names, 3, tmp_path_factory.mktemp("cache"), count=1)
    assert list(found["seconds"]) == ["tinyae", "good"]
    assert all(len(each) == 3 for each in [*found["seconds"].values(), found["control"]])
    assert found["left_out"] == {
        "other": "its answer differs from tinyae's by 2.0e-04",
        "short": "its answer differs from tinyae's by inf",
        "dies": "its process ended with 3",
        "tires": "ValueError: enough",
    }
    assert found["cold"] > 0
    assert found["unit"] == "step"
    assert set(found["first"]) >= {"tinyae", "good"}


def test_without_tinyae_nobody_is_timed(contenders, tmp_path):
    names = contenders(
        tinyae="tests.support.benchmark_parts:Dies", good="tests.support.benchmark_parts:Right"
    )
    found = measure.measure(TINY, names, 1, tmp_path, count=1)
    assert found["seconds"] == {}
    assert found["left_out"] == {"tinyae": "its process ended with 3"}
    assert "cold" not in found  # the folder is not empty


def test_the_slope_of_a_series():
    assert scaling.slope((1, 10, 100), (2.0, 200.0, 20000.0)) == pytest.approx(2)
    assert scaling.slope((1, 10, 100), (2.0, None, 20.0)) == pytest.approx(0.5)
    assert scaling.slope((1, 10), (2.0, None)) is None


def test_a_series_times_steps_or_whole_epochs(monkeypatch, tmp_path):
    asked = []

    def made_up(workload, names, rounds, cache, count):
        asked.append((workload.name, workload.count, count))
        return {"seconds": {"tinyae": [2.0, 1.0, 9.0]}}

    monkeypatch.setattr(scaling, "measure", made_up)
    names = ["tinyae", "NumPy", "JAX scan"]
    steps = scaling.grow(SERIES["batch"], names, 3, tmp_path)
    assert steps["seconds"] == {"tinyae": [2.0] * 4, "JAX scan": [None] * 4}
    assert steps["slope"] == {"tinyae": pytest.approx(0), "JAX scan": None}
    assert asked[0] == ("batch 32", 16, None)
    epochs = scaling.grow(SERIES["samples"], names, 3, tmp_path)
    assert epochs["seconds"]["tinyae"][0] == 30.0  # 960 samples are 15 batches
    assert epochs["slope"]["tinyae"] == pytest.approx(1)
    assert asked[-1] == ("samples 59968", 937, 937)


def test_imports_are_timed_where_there_is_something_to_import(monkeypatch):
    statements = {"import json": "json", "import no_such_package": "no_such_package"}
    monkeypatch.setattr(import_times, "STATEMENTS", statements)
    monkeypatch.setattr(import_times, "REPEATS", 1)
    found = import_times.import_seconds()
    assert list(found) == ["import json"]
    assert 0 < found["import json"] < 60


@pytest.mark.parametrize(("a_call", "each"), [(0.0, 2e-6), (0.08, 0.015), (0.0, 2.0)])
def test_rounds_are_filled_whatever_a_call_costs_besides(a_call, each):
    """Of which a step's share would be less, were they counted by the first calls alone."""

    def ask(command, count):
        asked.append(count)
        return a_call + each * count, count

    asked = []
    count = measure._count(SimpleNamespace(ask=ask))
    takes = a_call + each * count
    assert measure.ROUND_SECONDS / 2 <= takes <= measure.ROUND_SECONDS * 1.1 or count == 1
    assert len(asked) < 12
