"""Is a point worth an alert: every kind, every way not to know, with a quiet twin for each that fires."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics import statistics, watching
from metrics.definitions.table import BY_CODE
from metrics.series import Point
from metrics.watching import Condition, evaluate, settle

NPS, CSAT, RATE, VOLUME, CES = (BY_CODE[code] for code in ("nps", "csat", "complaint_rate", "volume", "ces"))
MONDAY = date(2026, 1, 5)


def points(definition, *rows, hidden=()):
    """A point a week from components; None is a gap."""
    made = []
    for index, found in enumerate(rows):
        first = MONDAY + timedelta(weeks=index)
        if found is None:
            made.append(Point(first, first + timedelta(days=7), {}, None, 0, None, None, False, None))
            continue
        if index in hidden:
            made.append(Point(first, first + timedelta(days=7), {}, None, None, None, None, True, None))
            continue
        e = definition.estimate(found)
        made.append(Point(first, first + timedelta(days=7), {}, e.value, e.n, e.low, e.high, False, found))
    return made


def nps(p, s, d):
    return {"promoters": p, "passives": s, "detractors": d}


def csat(x, n):
    return {"satisfied": x, "answered": n}


def test_a_threshold_on_the_value_and_on_the_bound():
    found = points(NPS, nps(40, 20, 40))  # 0, n 100, interval about ±17
    below = Condition("threshold", side="below", limit=10.0)
    verdict = evaluate(below, NPS, found)
    assert (verdict.state, verdict.why, verdict.value, verdict.n, verdict.against) == ("fires", "below", 0.0, 100, 10.0)
    sure = Condition("threshold", side="below", limit=10.0, bound="interval")
    assert evaluate(sure, NPS, found).state == "quiet"
    assert evaluate(Condition("threshold", side="below", limit=18.0, bound="interval"), NPS, found).state == "fires"
    assert evaluate(Condition("threshold", side="above", limit=0.0), NPS, found).state == "quiet"
    assert evaluate(Condition("threshold", side="above", limit=-17.5, bound="interval"), NPS, found).state == "fires"


@pytest.mark.parametrize(
    ("rows", "hidden", "why"),
    [([nps(2, 1, 1)], (0,), "hidden"), ([None], (), "no_data"), ([nps(10, 10, 9)], (), "few")],
)
def test_what_cannot_be_told_never_fires(rows, hidden, why):
    for condition in (Condition("threshold", side="below", limit=100.0), Condition("chart"), Condition("change")):
        verdict = evaluate(condition, NPS, points(NPS, *rows, hidden=hidden))
        assert (verdict.state, verdict.why) == ("unknown", why)


def test_a_change_is_the_metrics_own_test_and_holm_over_the_run():
    found = points(NPS, nps(60, 20, 20), nps(40, 25, 35))
    condition = Condition("change", side="below")
    verdict = evaluate(condition, NPS, found)
    p = statistics.nps_difference((40, 25, 35), (60, 20, 20)).p
    assert (verdict.p, verdict.against, verdict.against_n) == (p, 40.0, 100)
    alone, = settle([verdict], [condition])
    assert (alone.state, alone.why, alone.p_adjusted) == ("fires", "changed", p)
    crowd = settle([verdict] + [evaluate(condition, NPS, points(NPS, nps(50, 20, 30), nps(49, 20, 31)))] * 19, [condition] * 20)
    assert (crowd[0].state, crowd[0].p_adjusted) == ("quiet", pytest.approx(20 * p))
    up, = settle([verdict], [Condition("change", side="above")])
    assert up.state == "quiet"
    either, = settle([verdict], [Condition("change")])
    assert either.state == "fires"
    assert evaluate(condition, NPS, points(NPS, None, nps(40, 25, 35))).why == "nothing_before"
    assert evaluate(condition, NPS, points(NPS, nps(5, 1, 1), nps(40, 25, 35))).why == "nothing_before"


def test_which_metrics_have_a_test():
    assert watching.can("change", NPS) and watching.can("change", RATE) and not watching.can("change", VOLUME)
    assert watching.can("chart", VOLUME) and not watching.can("guess", NPS)


def test_a_p_chart_of_shares_is_that_of_the_definitions():
    """O-P3: p-bar .0945, n = 200, a day of 37 is out; limits .0325 and .1565."""
    base = points(CSAT, *[csat(19, 200), csat(18, 200), csat(20, 200), csat(19, 200)] * 3)
    condition = Condition("chart")
    made = watching.baseline_of(condition, CSAT, base)
    assert (made.chart, made.n_periods) == ("p", 12)
    frozen = watching.Baseline("p", 9.45, 1.0, 12)
    out = evaluate(condition, CSAT, points(CSAT, csat(19, 200), csat(37, 200)), frozen)
    assert (out.state, out.why) == ("fires", "beyond")
    assert (out.lower, out.upper) == (pytest.approx(3.245, abs=5e-4), pytest.approx(15.655, abs=5e-4))
    assert evaluate(condition, CSAT, points(CSAT, csat(31, 200)), frozen).state == "quiet"
    assert evaluate(Condition("chart", side="below"), CSAT, points(CSAT, csat(37, 200)), frozen).state == "quiet"


def test_a_baseline_leaves_its_own_signals_out_and_needs_eight():
    rows = [csat(19, 200)] * 9 + [csat(90, 200)]
    made = watching.baseline_of(Condition("chart"), CSAT, points(CSAT, *rows))
    assert (made.centre, made.n_periods) == (pytest.approx(9.5), 9)
    assert watching.baseline_of(Condition("chart"), CSAT, points(CSAT, *rows[:7])) is None
    assert watching.baseline_of(Condition("chart"), CSAT, points(CSAT, *([csat(1, 9)] * 20))) is None
    assert evaluate(Condition("chart"), CSAT, points(CSAT, *rows), None).why == "no_baseline"


def test_large_samples_take_laneys_limits():
    shares = [100, 130, 90, 125, 95, 120, 105, 135, 98, 122]
    rows = [csat(one * 10, 10_000) for one in shares]
    made = watching.baseline_of(Condition("chart"), CSAT, points(CSAT, *rows))
    assert made.chart == "p′" and made.spread > 2
    assert evaluate(Condition("chart"), CSAT, points(CSAT, csat(1250, 10_000)), made).state == "quiet"


def test_u_and_xmr_charts():
    def rate(c):
        return {"complaints": c, "exposures": 1000}

    made = watching.baseline_of(Condition("chart"), RATE, points(RATE, *[rate(9), rate(11)] * 6))
    assert (made.chart, made.centre) == ("u", pytest.approx(100.0))
    assert evaluate(Condition("chart"), RATE, points(RATE, rate(20)), made).why == "beyond"
    assert evaluate(Condition("chart"), RATE, points(RATE, rate(19)), made).state == "quiet"
    counts = [{"count": n} for n in (10, 12, 11, 13, 12, 10, 11, 12)]
    made = watching.baseline_of(Condition("chart"), VOLUME, points(VOLUME, *counts))
    values = [10, 12, 11, 13, 12, 10, 11, 12]
    chart = statistics.xmr(values)
    out = evaluate(Condition("chart"), VOLUME, points(VOLUME, {"count": 30}), made)
    assert (out.why, made.chart) == ("beyond", "XmR")
    assert out.upper == pytest.approx(chart.upper[0], abs=0.01)


def test_eight_in_a_row_fire_once():
    frozen = watching.Baseline("p", 10.0, 1.0, 12)
    rows = [csat(22, 200)] * 12
    states = [evaluate(Condition("chart"), CSAT, points(CSAT, *rows[: n + 1]), frozen).state for n in range(12)]
    assert states == ["quiet"] * 7 + ["fires"] + ["quiet"] * 4
    only = Condition("chart", rules=("beyond",))
    assert evaluate(only, CSAT, points(CSAT, *rows[:8]), frozen).state == "quiet"


def test_silence_fires_when_it_begins_and_only_where_there_was_sound():
    speaking = [{"count": 9}] * 5
    condition = Condition("absence")
    assert evaluate(condition, VOLUME, points(VOLUME, *speaking, None)).state == "fires"
    assert evaluate(condition, VOLUME, points(VOLUME, *speaking, None, None)).state == "quiet"
    assert evaluate(condition, VOLUME, points(VOLUME, *speaking, {"count": 5})).state == "quiet"
    assert evaluate(condition, VOLUME, points(VOLUME, *speaking[:3], None)).why == "never_regular"
    two = Condition("absence", n_periods=2)
    assert [evaluate(two, VOLUME, points(VOLUME, *speaking, *[None] * n)).state for n in (1, 2, 3)] == ["quiet", "fires", "quiet"]
    hidden = points(VOLUME, *speaking, {"count": 3}, hidden=(5,))
    assert evaluate(condition, VOLUME, hidden).state == "quiet"
    assert evaluate(Condition("absence", at_least=5), VOLUME, hidden).state == "fires"
    assert evaluate(Condition("absence", at_least=5), VOLUME, hidden).n is None


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60)), min_size=9, max_size=20), st.sampled_from(watching.KINDS))
def test_no_history_breaks_it_and_thin_points_stay_silent(rows, kind):
    found = points(NPS, *[nps(*row) for row in rows])
    condition = Condition(kind, side="below", limit=0.0)
    base = watching.baseline_of(condition, NPS, found[:-1])
    verdict, = settle([evaluate(condition, NPS, found, base)], [condition])
    assert verdict.state in {"fires", "quiet", "unknown"}
    if kind != "absence" and sum(rows[-1]) < watching.MIN_N:
        assert verdict.state == "unknown"
    if verdict.state == "fires" and kind == "chart":
        assert verdict.value < verdict.against
