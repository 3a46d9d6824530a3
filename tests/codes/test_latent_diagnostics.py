"""Dead units, zeros, and dependence that correlation does not see."""

import math

import numpy as np
import pytest

import tinyae as tae
from tinyae.codes import latent_diagnostics as diagnostics
from tinyae.codes.latent_diagnostics import distance_correlation


def naive_distance_correlation(x, y):
    """The definition (Székely and Rizzo 2014), with whole matrices."""
    n = len(x)

    def centred(values):
        a = np.abs(values[:, None] - values[None, :])
        rows = a.sum(axis=1) / (n - 2)
        result = a - rows[:, None] - rows[None, :] + a.sum() / ((n - 1) * (n - 2))
        np.fill_diagonal(result, 0)
        return result / math.sqrt(n * (n - 3))

    a, b = centred(x), centred(y)
    squared = (a * b).sum() / math.sqrt((a * a).sum() * (b * b).sum())
    return math.sqrt(max(0, squared))


def normal_pair(rho, n=2000, seed=0):
    a, b = np.random.default_rng(seed).normal(size=(2, n))
    return np.column_stack([a, rho * a + math.sqrt(1 - rho**2) * b])


def test_distance_correlation_is_the_definition():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 4)) + 1000
    x[:, 1] = np.round(x[:, 0] ** 2)  # with ties
    x[:, 3] = np.sin(x[:, 2])
    result = distance_correlation(x)
    for i in range(4):
        for j in range(4):
            expected = naive_distance_correlation(x[:, i], x[:, j])
            assert result[i, j] == pytest.approx(expected, abs=1e-7)


def test_blocks_do_not_change_it(monkeypatch):
    x = np.random.default_rng(0).normal(size=(50, 3))
    x[:, 2] = x[:, 0] ** 2
    whole = distance_correlation(x)
    monkeypatch.setattr(diagnostics, "BLOCK_NUMBERS", 50 * 3 * 7)
    np.testing.assert_allclose(distance_correlation(x), whole, rtol=1e-10)


@pytest.mark.parametrize("rho", [0.3, 0.6, -0.9])
def test_of_normal_numbers_it_is_what_theory_says(rho):
    """Székely, Rizzo and Bakirov (2007), theorem 7."""
    r = abs(rho)
    inside = r * math.asin(r) + math.sqrt(1 - r * r) - r * math.asin(r / 2) - math.sqrt(4 - r * r)
    expected = math.sqrt((inside + 1) / (1 + math.pi / 3 - math.sqrt(3)))
    assert distance_correlation(normal_pair(rho))[0, 1] == pytest.approx(expected, abs=0.03)
    assert expected < r


def test_of_independent_numbers_it_is_small_and_of_a_line_one():
    a, b = np.random.default_rng(0).normal(size=(2, 2000))
    result = distance_correlation(np.column_stack([a, b, 3 - 2 * a]))
    assert result[0, 1] < 0.05
    assert result[0, 2] == pytest.approx(1)
    np.testing.assert_allclose(np.diag(result), 1)
    np.testing.assert_array_equal(result, result.T)


def test_dependence_without_correlation_is_seen():
    a = np.random.default_rng(0).uniform(-1, 1, 2000)
    report = tae.latent_diagnostics(np.column_stack([a, a**2]))
    assert abs(report.correlation[0, 1]) < 0.05
    assert report.dependence[0, 1] > 0.45
    assert report.mean_dependence == pytest.approx(report.dependence[0, 1])


def test_units_are_described():
    rng = np.random.default_rng(0)
    codes = np.maximum(rng.normal(size=(100, 3)), 0).astype(np.float32)
    report = tae.latent_diagnostics(codes)
    for i, unit in enumerate(report.units):
        column = codes[:, i].astype(float)
        assert unit.mean == pytest.approx(column.mean())
        assert unit.std == pytest.approx(column.std())
        assert (unit.least, unit.most) == (0, column.max())
        assert unit.zeros == (column == 0).mean()
        assert not unit.dead
    assert report.zeros == pytest.approx((codes == 0).mean())
    assert report.mean_absolute == pytest.approx(np.abs(codes).mean(dtype=float))
    np.testing.assert_allclose(report.correlation, np.corrcoef(codes.T), atol=1e-6)


def test_dead_units_are_found_and_left_out_of_the_pairs():
    codes = np.random.default_rng(0).normal(size=(100, 5))
    codes[:, 1] = 0
    codes[:, 3] = 7 + 1e-7 * codes[:, 3]  # what rounding leaves of a constant
    codes[:, 4] = 1e-9 * codes[:, 4]  # small, but it varies
    report = tae.latent_diagnostics(codes)
    assert report.dead == [1, 3]
    for matrix in (report.correlation, report.dependence):
        assert (matrix[[1, 3]] == 0).all()
    pairs = [report.dependence[i, j] for i, j in ((0, 2), (0, 4), (2, 4))]
    assert report.mean_dependence == pytest.approx(np.mean(pairs))
    pairs = [abs(report.correlation[i, j]) for i, j in ((0, 2), (0, 4), (2, 4))]
    assert report.mean_correlation == pytest.approx(np.mean(pairs))


def test_many_codes_are_sampled_and_always_the_same():
    codes = normal_pair(0.5, n=20_000)
    first, second = (tae.latent_diagnostics(codes) for _ in range(2))
    np.testing.assert_array_equal(first.dependence, second.dependence)
    # sorted by label, as data often are: the sample must not be the first ones
    codes[:10_000, 1] = codes[:10_000, 0]
    assert tae.latent_diagnostics(codes).dependence[0, 1] < 0.95


def test_one_unit_has_no_pairs():
    report = tae.latent_diagnostics(np.arange(10.0)[:, np.newaxis])
    assert math.isnan(report.mean_dependence)
    assert math.isnan(report.mean_correlation)
    assert "pairs" not in str(report)


@pytest.mark.parametrize("k", [1, 2, 16, 49])
def test_it_prints_within_80_columns(k):
    codes = np.random.default_rng(0).normal(size=(50, 7 * 7))[:, :k] * -1.2345e-7
    codes[:, 0] = 0
    text = str(tae.latent_diagnostics(codes.reshape(50, 1, k)))
    lines = text.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[1].endswith("dead")
    assert f"1 of {k} units dead" in text
    assert ("… and 29 more units" in text) == (k == 49)


def test_the_table_names_the_closest_unit():
    a = np.random.default_rng(0).normal(size=(300, 3))
    a[:, 2] = -2 * a[:, 0]
    line = str(tae.latent_diagnostics(a)).splitlines()[1].split()
    assert line[0] == "0"
    assert line[-3:] == ["2", "-1.00", "1.00"]


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        (np.ones((3, 2)), "codes must hold at least 4 samples, but hold 3"),
        (np.ones(5), "codes must have at least two dimensions"),
        (np.full((5, 2), np.nan), "codes must be finite"),
    ],
)
def test_what_is_refused(codes, message):
    with pytest.raises(ValueError, match=message):
        tae.latent_diagnostics(codes)


def variational(k=4):
    x = (np.random.default_rng(0).random((60, 8)) > 0.5).astype("float32")
    encoder = [tae.Dense(2 * k), tae.Variational()]
    return tae.Autoencoder(encoder, [tae.Dense(8, "sigmoid")], (8,), loss="bce"), x


def test_a_variational_code_has_a_divergence_in_each_unit():
    ae, x = variational()
    mean, std = ae.encode(x, return_std=True)
    report = tae.latent_diagnostics(mean, std)
    m, s = mean.astype(float), std.astype(float)
    expected = (0.5 * (m**2 + s**2 - 1 - np.log(s**2))).mean(axis=0)
    np.testing.assert_allclose([unit.kl for unit in report.units], expected, rtol=1e-12)
    assert report.kl == pytest.approx(ae.evaluate(x)["kl"], rel=1e-5)
    plain = tae.latent_diagnostics(mean)
    assert (plain.kl, plain.units[0].kl, plain.collapsed) == (None, None, [])
    np.testing.assert_array_equal(plain.dependence, report.dependence)


def test_collapsed_units_are_named_though_they_vary():
    mean, std = np.random.default_rng(0).normal(size=(500, 4)), np.full((500, 4), 0.1)
    mean[:, 1] *= 0.05  # Burda's bound is at a deviation of 0.1
    mean[:, 2] *= 0.15
    mean[:, 3], std[:, 1:] = 0, 0.99
    report = tae.latent_diagnostics(mean, std)
    assert (report.collapsed, report.dead) == ([1, 3], [3])
    lines = str(report).splitlines()
    assert [line.endswith(" collapsed") for line in lines[1:5]] == [False, True, False, True]
    assert lines[0].split()[5] == "kl"
    assert lines[6] == f"2 units active, 2 collapsed, KL {report.kl:.4g} nats"


def test_a_table_of_divergences_is_as_narrow():
    mean = np.random.default_rng(0).normal(size=(50, 30)) * -1.2345e-7
    lines = str(tae.latent_diagnostics(mean, np.full(mean.shape, 1.00001))).splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[1].endswith("collapsed")


def test_what_is_refused_of_deviations():
    ae, x = variational()
    both = mean, std = ae.encode(x, return_std=True)
    for wrong, message in [
        ((mean, -std), "std must be positive, but one is -"),
        ((mean, 0 * std), "std must be positive, but one is 0"),
        ((1e200 * mean.astype(float), std), "a unit's KL"),
        ((mean, std[:9]), "codes and std must have as many samples, but have 60 and 9"),
        ((mean, std[:, :2]), r"std must have shape \(n, 4\)"),
        ((both,), r"give means and deviations as latent_diagnostics\(mean, std\)"),
    ]:
        with pytest.raises(ValueError, match=message):
            tae.latent_diagnostics(*wrong)


def test_zeros_that_are_not_all_do_not_read_so():
    codes = np.zeros((1000, 3))
    codes[:4, 0] = codes[:-4, 1] = 1  # 0.4% and 99.6% of the samples
    lines = str(tae.latent_diagnostics(codes)).splitlines()
    assert [line.split()[5] for line in lines[1:4]] == [">99%", "<1%", "100%"]


def test_of_a_number_that_one_sample_alone_has_nothing_is_known():
    x = np.random.default_rng(0).normal(size=(40, 3))
    x[:, 1:] = 0
    x[3, 1] = x[5, 2] = 1  # whose centred distances are all 0
    np.testing.assert_array_equal(distance_correlation(x)[1:], 0)


def test_many_units_are_compared_in_fewer_samples(monkeypatch):
    seen = []
    monkeypatch.setattr(
        diagnostics, "distance_correlation", lambda x: seen.append(x.shape) or np.eye(x.shape[1])
    )
    codes = np.random.default_rng(0).normal(size=(3000, 300))
    codes[:, 256:] = 0  # dead units take no part
    tae.latent_diagnostics(codes)
    tae.latent_diagnostics(codes[:, 250:])
    assert seen == [(1024, 256), (2000, 6)]
