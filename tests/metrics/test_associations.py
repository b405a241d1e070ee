"""Key drivers: golden numbers, the rules of the definitions page, gaps, contradictions, and a bootstrap that holds."""

import numpy as np
import pytest

from metrics import statistics
from metrics.statistics.associations import nearest_correlations

# mtcars: mpg, cyl, disp, hp, gear
MTCARS = """21,6,160,110,4 21,6,160,110,4 22.8,4,108,93,4 21.4,6,258,110,3 18.7,8,360,175,3 18.1,6,225,105,3 14.3,8,360,245,3 24.4,4,146.7,62,4
22.8,4,140.8,95,4 19.2,6,167.6,123,4 17.8,6,167.6,123,4 16.4,8,275.8,180,3 17.3,8,275.8,180,3 15.2,8,275.8,180,3 10.4,8,472,205,3 10.4,8,460,215,3
14.7,8,440,230,3 32.4,4,78.7,66,4 30.4,4,75.7,52,4 33.9,4,71.1,65,4 21.5,4,120.1,97,3 15.5,8,318,150,3 15.2,8,304,150,3 13.3,8,350,245,3
19.2,8,400,175,3 27.3,4,79,66,4 26,4,120.3,91,5 30.4,4,95.1,113,5 15.8,8,351,264,5 19.7,6,145,175,5 15,8,301,335,5 21.4,4,121,109,4"""
CARS = np.array([[float(cell) for cell in row.split(",")] for row in MTCARS.split()])
NAMES = ("cyl", "disp", "hp", "gear")


def cars(times=2):
    """The rows repeated: correlations stay, and the rule of fifty is met."""
    table = np.tile(CARS, (times, 1))
    return table[:, 0], {name: table[:, at].copy() for at, name in enumerate(NAMES, start=1)}


def made(n=2000, k=4, seed=5):
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(n, k)) + rng.normal(size=(n, 1))
    return table @ np.arange(1, k + 1) + rng.normal(size=n) * 3, {f"d{i}": table[:, i].copy() for i in range(k)}


def test_relative_weights_of_the_golden_table():
    y, x = cars()
    found = statistics.key_drivers(y, x)
    assert found.r_squared == pytest.approx(0.7791896, abs=5e-8)
    weights = {"cyl": 0.2284797, "disp": 0.2221469, "hp": 0.2321744, "gear": 0.0963886}
    shares = {"cyl": 29.32274, "disp": 28.50999, "hp": 29.79691, "gear": 12.37037}
    for name in NAMES:
        assert found.rows[name].weight == pytest.approx(weights[name], abs=5e-8)
        assert found.rows[name].share == pytest.approx(shares[name], abs=5e-6)
    assert list(found.rows) == ["hp", "cyl", "disp", "gear"]
    assert found.n == 64


def test_both_decompositions_agree_with_the_slow_ones():
    y, x = made(n=300, k=5)
    lists = {name: column.tolist() for name, column in x.items()}
    for method, slow in (("relative", statistics.relative_weights), ("shapley", statistics.shapley_weights)):
        found, wanted = statistics.key_drivers(y, x, method), slow(y.tolist(), lists)
        assert {name: row.weight for name, row in found.rows.items()} == pytest.approx(wanted.raw, abs=1e-12)
        assert found.r_squared == pytest.approx(wanted.r_squared)
    # Shapley once by hand: two drivers, the average of entering first and second
    two = {name: x[name] for name in ("d0", "d1")}
    fits = dict.fromkeys(("", "d0", "d1", "both"), 0.0)
    centred = y - y.mean()
    for key, names in {"d0": ["d0"], "d1": ["d1"], "both": ["d0", "d1"]}.items():
        columns = np.column_stack([x[name] - x[name].mean() for name in names])
        rest = centred - columns @ np.linalg.lstsq(columns, centred, rcond=None)[0]
        fits[key] = 1 - (rest @ rest) / (centred @ centred)
    by_hand = (fits["d0"] + fits["both"] - fits["d1"]) / 2
    assert statistics.key_drivers(y, two, "shapley").rows["d0"].weight == pytest.approx(by_hand)


def test_correlations_and_inflation_are_the_textbook_ones():
    y, x = made(n=400)
    pearson, spearman = statistics.key_drivers(y, x, "pearson"), statistics.key_drivers(np.exp(y / 5), x, "spearman")
    ranks = lambda column: np.argsort(np.argsort(column))  # noqa: E731 - two uses, one line
    table = np.column_stack(list(x.values()))
    inflated = np.linalg.inv(np.corrcoef(table.T)).diagonal()
    for at, name in enumerate(x):
        assert pearson.rows[name].weight == pytest.approx(np.corrcoef(y, x[name])[0, 1])
        assert pearson.rows[name].vif == pytest.approx(inflated[at])
        assert spearman.rows[name].weight == pytest.approx(np.corrcoef(ranks(y), ranks(x[name]))[0, 1])
    with pytest.raises(ValueError, match="a method is one of"):
        statistics.key_drivers(y, x, "guess")


def test_the_rules_are_kept():
    y, x = made(n=49)
    assert statistics.key_drivers(y, x).problem == "few"
    y, x = made(n=79, k=8)
    assert (statistics.key_drivers(y, x).problem, statistics.key_drivers(y, x).n_wanted) == ("few", 80)
    y, x = made(n=80, k=8)
    assert statistics.key_drivers(y, x).problem == ""
    y, x = made(n=130, k=13)
    assert statistics.key_drivers(y, x, "shapley").problem == "many"
    y, x = made(n=200)
    x["d0"][:] = 4.0
    x["d1"][:160] = np.nan
    found = statistics.key_drivers(y, x)
    assert found.left_out == {"d0": "constant", "d1": "few"}
    assert set(found.rows) == {"d2", "d3"}
    assert statistics.key_drivers(np.full(200, 7.0), x).problem == "flat"
    assert statistics.key_drivers(y, {}).problem == "none"
    # answered by nobody together: the one with fewer answers goes
    y, x = made(n=400, k=2)
    x["d0"][:250], x["d1"][240:] = np.nan, np.nan
    assert statistics.key_drivers(y, x).left_out == {"d0": "few"}
    # two that say the same share alike, and no VIF can be told
    y, x = made(n=200, k=2)
    x["twin"] = x["d1"].copy()
    found = statistics.key_drivers(y, x)
    assert found.rows["twin"].weight == pytest.approx(found.rows["d1"].weight)
    assert found.rows["twin"].vif is None


def test_contradicting_pairs_are_mended_and_said():
    rng = np.random.default_rng(2)
    blocks = []
    for pair, sign in (((0, 1), 1), ((1, 2), 1), ((0, 2), -1)):
        block = np.full((300, 3), np.nan)
        block[:, pair[0]] = rng.normal(size=300)
        block[:, pair[1]] = sign * block[:, pair[0]] + rng.normal(size=300) / 4
        blocks.append(block)
    table = np.vstack(blocks)
    y = np.nansum(table, axis=1) + rng.normal(size=900)
    found = statistics.key_drivers(y, {f"d{i}": table[:, i].copy() for i in range(3)})
    assert found.is_mended
    assert 0 <= found.r_squared <= 1
    assert all(row.weight >= 0 for row in found.rows.values())
    assert not statistics.key_drivers(*made()).is_mended
    # Higham (2002), the nearest correlation matrix of his example
    nearest = nearest_correlations(np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]]))
    assert nearest == pytest.approx(np.array([[1, 0.7607, 0.1573], [0.7607, 1, 0.7607], [0.1573, 0.7607, 1]]), abs=1e-4)


@pytest.mark.parametrize("n", [150, 3000])
def test_intervals_hold_the_truth(n):
    """r of the population is 0.6; the percentile interval holds it about as often as it says, drawn by rows and by groups."""
    rng, held = np.random.default_rng(n), 0
    for seed in range(40):
        x = rng.normal(size=n)
        y = 0.6 * x + 0.8 * rng.normal(size=n)
        row = statistics.key_drivers(y, {"x": x}, "pearson", seed=seed).rows["x"]
        held += row.low <= 0.6 <= row.high
    assert 34 <= held <= 40


def test_the_same_answers_give_the_same_interval():
    first, again = (statistics.key_drivers(*made(n=1500)).rows["d3"] for _ in range(2))
    assert first == again
    assert first.low < first.weight < first.high
