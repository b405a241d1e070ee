"""Control charts and drivers against the published numbers of the definitions page."""

import math
from typing import Any

import pytest
from scipy import stats

from metrics.statistics import Chart, Drivers, moving_range_limit, p_chart, relative_weights, shapley_weights, xmr

# Motor Trend 1974: mpg, cyl, disp, hp, gear
MTCARS = [
    (21.0, 6, 160.0, 110, 4), (21.0, 6, 160.0, 110, 4), (22.8, 4, 108.0, 93, 4), (21.4, 6, 258.0, 110, 3),
    (18.7, 8, 360.0, 175, 3), (18.1, 6, 225.0, 105, 3), (14.3, 8, 360.0, 245, 3), (24.4, 4, 146.7, 62, 4),
    (22.8, 4, 140.8, 95, 4), (19.2, 6, 167.6, 123, 4), (17.8, 6, 167.6, 123, 4), (16.4, 8, 275.8, 180, 3),
    (17.3, 8, 275.8, 180, 3), (15.2, 8, 275.8, 180, 3), (10.4, 8, 472.0, 205, 3), (10.4, 8, 460.0, 215, 3),
    (14.7, 8, 440.0, 230, 3), (32.4, 4, 78.7, 66, 4), (30.4, 4, 75.7, 52, 4), (33.9, 4, 71.1, 65, 4),
    (21.5, 4, 120.1, 97, 3), (15.5, 8, 318.0, 150, 3), (15.2, 8, 304.0, 150, 3), (13.3, 8, 350.0, 245, 3),
    (19.2, 8, 400.0, 175, 3), (27.3, 4, 79.0, 66, 4), (26.0, 4, 120.3, 91, 5), (30.4, 4, 95.1, 113, 5),
    (15.8, 8, 351.0, 264, 5), (19.7, 6, 145.0, 175, 5), (15.0, 8, 301.0, 335, 5), (21.4, 4, 121.0, 109, 4),
]  # fmt: skip
MPG = [row[0] for row in MTCARS]
CARS = {name: [row[n] for row in MTCARS] for n, name in enumerate(("cyl", "disp", "hp", "gear"), start=1)}


def near(value: Any, digits: int) -> Any:
    return pytest.approx(value, abs=0.5 * 10**-digits)


def test_p1_chart_without_signal() -> None:
    chart = p_chart([40, 44, 22, 34, 24, 32, 28, 32, 34, 30], [200] * 10)
    assert (chart.centre, chart.signals) == (0.16, [])
    assert (chart.upper, chart.lower) == ([near(0.2378, 4)] * 10, [near(0.0822, 4)] * 10)


def test_p3_chart_with_one_day_out() -> None:
    chart = p_chart([19, 18, 20, 17, 37, 21], 200, p_bar=0.0945)
    assert (chart.lower[0], chart.upper[0], chart.signals) == (near(0.03245, 5), near(0.15655, 5), [4])


def test_p_chart_limits_follow_each_size() -> None:
    chart = p_chart([1, 0, 0, 5], [10, 100, 0, 10], p_bar=0.1)
    assert chart.lower == [0, near(0.01, 6), None, 0]
    assert chart.upper == [near(0.384605, 6), near(0.19, 6), None, near(0.384605, 6)]
    assert chart.signals == [1, 3]


def test_eight_in_a_row_signal_over_a_gap() -> None:
    sizes = [100] * 4 + [0] + [100] * 6
    assert p_chart([11] * 4 + [0] + [11] * 6, sizes, p_bar=0.1).signals == [8, 9, 10]
    assert p_chart([11] * 7 + [10] + [11] * 7, 100, p_bar=0.1).signals == []


def test_p_chart_of_nothing_and_of_nonsense() -> None:
    assert p_chart([], []) == Chart(None, [], [], [])
    assert p_chart([0, 0], [0, 0]) == Chart(None, [None, None], [None, None], [])
    for wrong in (([2], [1]), ([1], [1, 2]), ([-1], [1]), ([1], [2], 1.5), ([1], [2], math.nan)):
        with pytest.raises(ValueError):
            p_chart(*wrong)


def test_p6_xmr_constants() -> None:
    values = [10, 12, 11, 13, 12, 30]
    chart = xmr(values)
    assert chart.centre == pytest.approx(88 / 6)
    assert chart.upper == [pytest.approx(88 / 6 + 2.66 * 4.8)] * 6
    assert chart.lower == [pytest.approx(88 / 6 - 2.66 * 4.8)] * 6
    assert chart.signals == [5]
    assert moving_range_limit(values) == pytest.approx(3.27 * 4.8)


def test_xmr_of_gaps_and_of_few() -> None:
    gapped = xmr([10, 12, None, 20, 24])
    assert (gapped.centre, gapped.upper[2], gapped.upper[0]) == (16.5, None, pytest.approx(16.5 + 2.66 * 3))
    assert xmr([]) == Chart(None, [], [], [])
    assert xmr([5]) == Chart(5, [None], [None], [])
    assert moving_range_limit([5, None, 6]) is None
    for values in ([1, math.nan], [1e308, -1e308]):
        with pytest.raises(ValueError):
            xmr(values)


def test_d1_relative_weights() -> None:
    drivers = relative_weights(MPG, CARS)
    assert drivers.r_squared == near(0.7791896, 7)
    expected = {"cyl": 0.2284797, "disp": 0.2221469, "hp": 0.2321744, "gear": 0.0963886}
    assert drivers.raw == {name: near(value, 7) for name, value in expected.items()}
    percent = {"cyl": 29.32274, "disp": 28.50999, "hp": 29.79691, "gear": 12.37037}
    assert drivers.rescaled == {name: near(value, 5) for name, value in percent.items()}


def test_shapley_weights_share_out_the_same_r_squared() -> None:
    drivers = shapley_weights(MPG, CARS)
    assert drivers.r_squared == near(0.7791896, 7)
    assert sum(drivers.raw.values()) == pytest.approx(drivers.r_squared)
    two = shapley_weights(MPG, {name: CARS[name] for name in ("hp", "gear")})
    alone = {name: stats.pearsonr(CARS[name], MPG).statistic ** 2 for name in ("hp", "gear")}
    hp = (alone["hp"] + two.r_squared - alone["gear"]) / 2
    assert two.raw == {"hp": pytest.approx(hp), "gear": pytest.approx(two.r_squared - hp)}


@pytest.mark.parametrize("method", [relative_weights, shapley_weights])
def test_drivers_that_cannot_be_told_apart_or_never_vary(method: Any) -> None:
    twins = method(MPG, {"hp": CARS["hp"], "twin": [2 * v + 1 for v in CARS["hp"]], "flat": [0.1] * 32})
    assert twins.r_squared == pytest.approx(stats.pearsonr(CARS["hp"], MPG).statistic ** 2)
    assert twins.rescaled == {"hp": pytest.approx(50), "twin": pytest.approx(50)}
    assert method([3] * 32, CARS) == method([], {}) == method(MPG, {"flat": [1] * 32}) == Drivers(None, {}, {})
    for wrong in (([1, 2], {"a": [1]}), ([1, math.nan], {"a": [1, 2]}), ([1, None], {"a": [1, 2]})):
        with pytest.raises(ValueError):
            method(*wrong)


def test_shapley_stops_at_twelve_drivers() -> None:
    with pytest.raises(ValueError, match="at most 12"):
        shapley_weights([1, 2], {str(n): [1, 2] for n in range(13)})
