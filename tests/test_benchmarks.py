"""The benchmarks' work: workloads, contenders that need no peer, and their processes."""

import dataclasses
import os
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.contenders import numpy_, tinyae_
from benchmarks.contenders.rules import stretch
from benchmarks.contenders.table import CONTENDERS
from benchmarks.harness import agreement, handover, import_times, measure, process, scaling
from benchmarks.harness.worker import load
from benchmarks.workloads.catalogue import WORKLOADS
from benchmarks.workloads.data import data_for, digits
from benchmarks.workloads.initial_weights import weights_for
from benchmarks.workloads.kinds import Components, Encoding, Training, all_dense
from benchmarks.workloads.series import SERIES

PARAMETERS = {
    "gauss2d": 1_003,
    "sine": 8_835,
    "latent2d": 1_087_586,
    "sigmoid": 218_192,
    "sparse": 111_680,
    "conv": 48_770,
    "convdense": 141_073,
    "encode1": 543_402,
    "encode10k": 543_402,
}
DENSE = [name for name, each in WORKLOADS.items() if each.task == "train" and all_dense(each)]
TINY = Training("tiny", (("dense", 1, None), ("dense", 3, None)), 0, 4, "mse", "noise", (3,))


@pytest.fixture
def bundled_only(monkeypatch):
    """As where MNIST is not at hand."""
    monkeypatch.delenv("TINYAE_DATA", raising=False)


def given(workload):
    return workload, data_for(workload), weights_for(workload)


# Workloads


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameter_counts(name):
    pairs = [pair for pair in weights_for(WORKLOADS[name]) if pair is not None]
    assert sum(kernel.size + bias.size for kernel, bias in pairs) == PARAMETERS[name]


def test_the_components_have_no_initial_weights():
    assert {name for name in WORKLOADS if name not in PARAMETERS} == {"pca2", "pca64"}
    assert weights_for(WORKLOADS["pca2"]) == []


@pytest.mark.usefixtures("bundled_only")
@pytest.mark.parametrize("name", [name for name in WORKLOADS if not name.startswith("pca")])
def test_data(name):
    workload = WORKLOADS[name]
    data = data_for(workload)
    assert data.dtype == np.float32
    if workload.task == "train":
        assert data.shape == (workload.count, workload.batch, *workload.shape)
        samples = data.reshape(workload.count * workload.batch, -1)
        assert len(np.unique(samples, axis=0)) > 0.99 * len(samples)
    else:
        assert data.shape == (workload.samples, 784)


@pytest.mark.usefixtures("bundled_only")
def test_the_bundled_digits_are_repeated_where_there_are_too_few():
    x = digits(6002)
    np.testing.assert_array_equal(x[6000:], x[:2])
    assert not np.array_equal(digits(2), digits(2, test=True))


@pytest.mark.parametrize("series", SERIES.values(), ids=list(SERIES))
def test_every_point_of_a_series_can_be_built(series):
    for point in series.points[:2]:
        workload = series.workload(point)
        shape = data_for(workload).shape
        assert shape == (workload.count, workload.batch, *workload.shape)
        assert len(weights_for(workload)) == len(workload.layers)


# Contenders


@pytest.mark.parametrize("name", DENSE)
def test_plain_numpy_agrees_with_tinyae(name):
    workload = WORKLOADS[name]
    parts = given(workload)
    ours, theirs = tinyae_.Train(*parts), numpy_.Train(*parts)
    np.testing.assert_allclose(theirs.check(), ours.check(), rtol=1e-5)
    ours.run(3)
    theirs.run(3)
    trained = [array for layer in ours.model.layers for array in layer.weights.values()]
    moved = [np.abs(a - b).max() for a, b in zip(trained, theirs.given, strict=True)]
    assert 2e-3 < max(moved) < 4e-3  # three steps of Adam
    for mine, other in zip(trained, theirs.weights, strict=True):
        np.testing.assert_allclose(mine, other, atol=2e-5)


def test_plain_numpy_encodes_like_tinyae():
    parts = given(dataclasses.replace(WORKLOADS["encode1"], samples=5))
    ours, theirs = tinyae_.Encode(*parts).check(), numpy_.Encode(*parts).check()
    assert ours.shape == (5, 2)
    assert agreement.disagreement(theirs, ours, "encode") < 1e-5
    parts[2][1][1][0] += 1  # one bias
    assert agreement.disagreement(numpy_.Encode(*parts).check(), ours, "encode") > 1e-4


def test_plain_numpy_finds_the_same_components():
    parts = Components("few", 3), digits(400)[:, 300:340].copy(), []
    ours, theirs = tinyae_.Components(*parts).check(), numpy_.Components(*parts).check()
    for got, want, tolerance in zip(theirs, ours, agreement.TOLERANCES["pca"], strict=True):
        assert agreement.disagreement(np.array(got), want, "pca") < tolerance
    swapped = theirs[1][[0, 2, 1]]
    assert agreement.disagreement(swapped, ours[1], "pca") > 0.9


def test_who_is_asked_for_what():
    def asked(workload):
        return {name for name, contender in CONTENDERS.items() if contender.part(workload)}

    assert "NumPy" in asked(WORKLOADS["sparse"])
    assert "NumPy" not in asked(WORKLOADS["conv"])
    assert "scikit-learn" not in asked(WORKLOADS["sparse"])
    assert asked(WORKLOADS["pca2"]) == {"tinyae", "NumPy", "scikit-learn", "scikit-learn rand."}
    assert load(CONTENDERS["NumPy"].part(WORKLOADS["sine"])) == (numpy_.touch, numpy_.Train)
    assert not CONTENDERS["NumPy"].missing()


def test_a_missing_package_is_named(monkeypatch):
    contender = dataclasses.replace(CONTENDERS["NumPy"], packages=("numpy", "no_such_package"))
    assert contender.missing() == ["no_such_package"]


# Processes


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Filled for a tiny workload; the processes find the contenders of these tests."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)
    handover.write(tmp_path, TINY, data_for(TINY), weights_for(TINY))
    return tmp_path


def test_a_worker_answers(folder):
    with process.ContenderProcess(folder, "benchmark_parts:Right") as worker:
        assert worker.ask("start") == "ready"
        seconds, count = worker.ask("time", 3)
        assert seconds >= 0
        assert count == 3
        assert worker.ask("check") == [[pytest.approx(data_for(TINY).sum()), 2]]
        peak = worker.ask("memory")
        assert peak is None or 0 <= peak < 50e6


def test_a_worker_rounds_up_to_whole_stretches(folder):
    with process.ContenderProcess(folder, "benchmark_parts:Stretches") as worker:
        worker.ask("start")
        assert [worker.ask("time", count)[1] for count in (1, 4, 5)] == [4, 4, 8]
        assert worker.ask("check") == [[4, 4, 8]]


def test_memory_is_what_was_taken_since_the_start(folder):
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("only Linux can take a peak back")
    with process.ContenderProcess(folder, "benchmark_parts:Hungry") as worker:
        worker.ask("start")
        assert worker.ask("memory") < 10e6  # 200 MB were taken while importing
        worker.ask("time", 1)
        assert 50e6 < worker.ask("memory") < 70e6


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ("benchmark_parts:Raises", "^MemoryError: no room$"),
        ("benchmark_parts:Dies", "^its process ended with 3$"),
        ("benchmark_parts:Missing", "^AttributeError"),
        ("no_such_module:Missing", "^ModuleNotFoundError"),
    ],
)
def test_a_worker_that_fails_says_why(folder, part, message):
    def work(worker):
        worker.ask("start")
        worker.ask("time", 1)

    expected = pytest.raises(process.ContenderError, match=message)
    with process.ContenderProcess(folder, part) as worker, expected:
        work(worker)


def test_a_worker_that_hangs_is_ended_with_what_it_started(folder):
    with process.ContenderProcess(folder, "benchmark_parts:Hangs") as worker:
        worker.ask("start")
        [[child]] = worker.ask("check")
        with pytest.raises(process.ContenderError, match=r"gave no answer for 0\.5 s"):
            worker.ask("time", 1, timeout=0.5)
    assert worker.process.poll() is not None
    if hasattr(os, "killpg"):
        assert ends(int(child))


def test_an_interrupt_leaves_no_process(folder):
    def interrupted(workers):
        with process.ContenderProcess(folder, "benchmark_parts:Hangs") as worker:
            workers += [worker]
            worker.ask("start")
            workers += worker.ask("check")[0]
            raise KeyboardInterrupt

    workers = []
    with pytest.raises(KeyboardInterrupt):
        interrupted(workers)
    worker, child = workers
    assert worker.process.poll() is not None
    if hasattr(os, "killpg"):
        assert ends(int(child))


def ends(pid):
    """Whether a process is gone, or soon will be: a zombie has only to be fetched by init."""
    for _ in range(100):
        try:
            if Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] == "Z":
                return True
            os.kill(pid, 0)
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.05)
    return False


# Measuring


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
        tinyae="benchmark_parts:Right",
        good="benchmark_parts:Right",
        other="benchmark_parts:Wrong",
        short="benchmark_parts:Stretches",
        dies="benchmark_parts:Dies",
        tires="benchmark_parts:Tires",
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
    names = contenders(tinyae="benchmark_parts:Dies", good="benchmark_parts:Right")
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


def test_a_call_takes_many_small_steps_or_one_large():
    def steps(name):
        workload = WORKLOADS[name]
        return stretch(workload, np.empty((2, workload.batch, *workload.shape)), most=256)

    assert [steps(name) for name in ("gauss2d", "latent2d", "conv")] == [256, 51, 1]


def test_imports_are_timed_where_there_is_something_to_import(monkeypatch):
    statements = {"import json": "json", "import no_such_package": "no_such_package"}
    monkeypatch.setattr(import_times, "STATEMENTS", statements)
    monkeypatch.setattr(import_times, "REPEATS", 1)
    found = import_times.import_seconds()
    assert list(found) == ["import json"]
    assert 0 < found["import json"] < 60


def test_an_encoder_is_a_workload_of_its_own():
    assert isinstance(WORKLOADS["encode1"], Encoding)
    assert not CONTENDERS["PyTorch fused"].part(WORKLOADS["encode1"])
