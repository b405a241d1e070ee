"""The tiles of 今日 and the comparisons behind them: “真实” only when the test says so."""

from datetime import timedelta

import pytest

from metrics.definitions.table import BY_CODE
from metrics.series import Point, Where
from metrics.statistics import Estimate
from reports import changes, dashboards, home
from reports.dashboards import Place, rank
from tests.metrics.voices import mix, receive, voice

NBSP = "\u00a0"


def today(now):
    return (now + timedelta(hours=8)).date()


def tiles(shop, now, paths=("/",)):
    with shop.scope():
        return home.tiles(organisation=shop.id, now=now, paths=paths)


def test_five_tiles_in_order_even_without_data(shop, now):
    found = tiles(shop, now)
    assert [tile.label for tile in found] == ["NPS", "满意度指数 CSI", "投诉率，每万单", "费力度 CES，1–7", "2 小时方案守约率"]
    assert {tile.value_text for tile in found} == {"—"}
    assert {tile.change_kind for tile in found} == {"none"}
    assert found[0].url == "/metrics/nps"
    assert found[2].n_text == "0 / 0"


def test_a_real_fall_is_said_and_a_small_one_is_not(shop, now):
    day = today(now)
    receive(shop, mix(day - timedelta(days=10), 300, 100, 100) + mix(day - timedelta(days=3), 200, 100, 200), now=now)
    receive(shop, [voice(day - timedelta(days=d), v, kind="ces") for d in (3, 10) for v in (4, 5, 6, 7, 5, 6)], now=now)
    nps, _csi, _rate, ces, _promise = tiles(shop, now)
    assert (nps.value_text, nps.n_text, nps.change_kind) == ("0", "n = 500", "worse")
    assert nps.change_text.startswith(f"▼ −40.0{NBSP}±{NBSP}")
    assert nps.change_text.endswith(" 真实下降")
    assert nps.spark is not None
    assert (ces.value_text, ces.change_kind) == ("5.50", "unclear")
    assert ces.change_text.startswith("≈ 0.00")
    assert ces.where_text == "n 不足 30，仅供参考"


def test_today_is_not_a_complete_day(shop, now):
    receive(shop, mix(today(now), 40, 0, 0, hour=0), now=now)
    assert tiles(shop, now)[0].value_text == "—"


def test_few_answers_are_hidden_and_subtrees_end(shop, now):
    receive(shop, mix(today(now) - timedelta(days=1), 3, 0, 0), now=now)
    tile = tiles(shop, now)[0]
    assert (tile.value_text, tile.n_text, tile.where_text) == ("—", "n < 5", "已隐藏，防止认出个人")
    receive(shop, mix(today(now) - timedelta(days=1), 0, 0, 9, unit="S003"), now=now)
    assert tiles(shop, now, ("/HQ/WEST/",))[0].n_text == "n = 9"


def test_more_complaints_are_up_and_worse():
    definition = BY_CODE["complaint_rate"]
    change = changes.compare(definition, {"complaints": 341, "exposures": 40_596}, {"complaints": 240, "exposures": 40_000})
    assert (change.kind, change.arrow) == ("worse", "▲")
    assert changes.words(change, 1).endswith("真实上升")
    assert changes.compare(definition, None, {"complaints": 1, "exposures": 1}).kind == "none"
    assert changes.compare(definition, {"complaints": 3, "exposures": 0}, {"complaints": 1, "exposures": 9}).kind == "none"


@pytest.mark.parametrize(
    ("value", "decimals", "plain", "signed"),
    [(42, 0, "42", "+42"), (-4.34, 1, "−4.3", "−4.3"), (0.0, 1, "0.0", "0.0"), (-0.01, 1, "0.0", "0.0"), (None, 1, "—", "—"),
     (40_596, 0, "40,596", "+40,596")],
)  # fmt: skip
def test_numbers_are_written_with_a_true_minus(value, decimals, plain, signed):
    assert (changes.number(value, decimals), changes.signed(value, decimals)) == (plain, signed)


def test_intervals_follow_their_shape():
    assert changes.interval(BY_CODE["nps"], Estimate(42, 39.1, 44.9, 9)) == f"±{NBSP}2.9"
    assert changes.interval(BY_CODE["sentiment"], BY_CODE["sentiment"].estimate({"n": 9, "sum": -9.0, "sum_of_squares": 9.0})) == "全部相同，说不出区间"
    assert changes.interval(BY_CODE["sentiment"], Estimate(1, None, None, 1)) == "" and changes.interval(BY_CODE["service_environment"], Estimate(80, None, None, 9)) == ""
    assert changes.interval(BY_CODE["promise_attainment"], Estimate(91.9, 88.4, 94.4, 9)) == f"88.4{NBSP}–{NBSP}94.4"


def _place(code, promoters, passives, detractors, suppressed=False):
    n = promoters + passives + detractors
    found = {"promoters": promoters, "passives": passives, "detractors": detractors}
    value = 100 * (promoters - detractors) / n
    point = Point(dashboards.date(2026, 9, 7), dashboards.date(2026, 9, 14), {"unit": code}, value, n, value - 5, value + 5, False, found)
    if suppressed:
        point = Point(point.from_date, point.to_date, point.by, None, None, None, None, True, None)
    return Place(code, code, point)


def test_small_units_stand_outside_the_tiers():
    places = [_place("A", 700, 200, 100), _place("B", 690, 200, 110), _place("C", 300, 200, 500), _place("D", 20, 5, 4)]
    places += [_place("E", 2, 0, 0, suppressed=True)]
    found = rank(places, places[0].point)
    assert [[place.code for place in tier] for tier in found.tiers] == [["A", "B"], ["C"]]
    assert [place.code for place in found.grey] == ["D"]
    assert found.n_hidden == 1


def test_the_page_compares_whole_weeks_and_draws_the_running_one_apart(shop, now):
    monday = dashboards.monday_of(today(now))
    receive(shop, mix(monday - timedelta(days=7), 60, 20, 20) + mix(monday - timedelta(days=14), 20, 20, 60), now=now)
    receive(shop, mix(monday, 10, 0, 0, hour=0) + mix(monday - timedelta(days=371), 30, 20, 50), now=now)
    with shop.scope():
        page = dashboards.nps_page(organisation=shop.id, now=now, where=Where(), n_weeks=13)
        regions = dashboards.nps_page(organisation=shop.id, now=now, where=Where(), n_weeks=13, by="region")
    assert len(page.weeks) == 14
    assert [week.is_running for week in page.weeks] == [False] * 13 + [True]
    assert (page.head.point.n, page.head.before) == (100, -20.0)
    assert (page.to_last_week.kind, page.to_last_week.difference) == ("better", 80.0)
    assert page.to_last_year.difference == 60.0
    assert [place.name for tier in page.ranking.tiers for place in tier] == ["杭州西溪店"]
    assert [place.name for tier in regions.ranking.tiers for place in tier] == ["华东区"]
