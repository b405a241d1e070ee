"""`metrics.series`: exact figures by every road, hidden where they would name a person."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cxms.lib.periods import Period
from feedback import voices as moves
from metrics import rollup
from metrics.definitions.table import BY_CODE
from metrics.models import Delta
from metrics.series import Point, Where, series, suppress
from tenancy import units
from tests.metrics.voices import at, mix, receive, voice

MONDAY = date(2026, 9, 7)
WEEK = Period(MONDAY, MONDAY + timedelta(days=7))


def read(shop, now, *, metric="nps", period=WEEK, **asked):
    with shop.scope():
        return series(organisation=shop.id, metric=metric, period=period, now=now, **asked).points


def fold(shop):
    with shop.scope():
        while rollup.fold(organisation=shop.id):
            pass
        assert Delta.objects.count() == 0


def test_the_published_numbers(shop, now):
    """talkstats 58500: 291 promoters, 476 passives, 395 detractors."""
    receive(shop, mix(MONDAY, 291, 476, 395), now=now)
    (unfolded,) = read(shop, now)
    fold(shop)
    (point,) = read(shop, now)
    assert point == unfolded
    assert point.n == 1162
    assert point.components == {"promoters": 291, "passives": 476, "detractors": 395}
    assert round(point.value, 2) == -8.95
    assert round(point.margin, 2) == 4.38  # adjusted Wald; the plain Wald of the source prints 4.39
    assert (round(point.low, 2), round(point.high, 2)) == (-13.31, -4.55)


def test_empty_periods_are_points_without_a_value(shop, now):
    receive(shop, mix(MONDAY + timedelta(days=2), 6, 0, 0), now=now)
    points = read(shop, now, grain="day")
    assert [point.n for point in points] == [0, 0, 6, 0, 0, 0, 0]
    assert points[0] == Point(MONDAY, MONDAY + timedelta(days=1), {}, None, 0, None, None, False, points[0].components)
    assert points[2].value == 100.0
    assert points[2].low < 100.0  # all alike is still not certain
    assert read(shop, now, grain="day", by=["unit"])[0].from_date == MONDAY + timedelta(days=2)


def test_zero_is_a_value(shop, now):
    receive(shop, [voice(MONDAY, 0) for _ in range(5)], now=now)
    (point,) = read(shop, now)
    assert (point.value, point.n, point.components["detractors"]) == (-100.0, 5, 5)


def test_no_answers_are_no_value(shop, now):
    (point,) = read(shop, now)
    assert (point.value, point.n, point.low, point.high, point.suppressed) == (None, 0, None, None, False)


def test_unfolded_deltas_are_read_with_the_roll_up(shop, now):
    receive(shop, mix(MONDAY, 6, 2, 2), now=now)
    fold(shop)
    receive(shop, mix(MONDAY, 0, 0, 10), now=now)
    for by in ((), ("unit",), ("channel",), ("touchpoint",), ("tier",), ("unit", "channel")):
        (point,) = read(shop, now, by=by)
        assert (point.n, point.value) == (20, -30.0), by


def test_an_excluded_voice_leaves_and_comes_back(shop, now):
    keys = receive(shop, mix(MONDAY, 8, 0, 2), now=now)
    with shop.scope():
        moves.exclude(keys[-1], "测试数据", organisation=shop.id, now=now, actor="test")
    for by in ((), ("unit",), ("tier",)):
        (point,) = read(shop, now, by=by)
        assert point.components == {"promoters": 8, "passives": 0, "detractors": 1}
    assert read(shop, now, metric="volume")[0].value == 9
    with shop.scope():
        moves.include(keys[-1], organisation=shop.id, now=now, actor="test")
        moves.delete(keys[0], organisation=shop.id, now=now, actor="test")
    assert read(shop, now)[0].components == {"promoters": 7, "passives": 0, "detractors": 2}


def test_fewer_than_five_are_hidden_unless_raw(shop, now):
    receive(shop, mix(MONDAY, 2, 1, 1), now=now)
    (point,) = read(shop, now)
    assert point.suppressed
    assert (point.value, point.n, point.low, point.high, point.components) == (None, None, None, None, None)
    (seen,) = read(shop, now, raw=True)
    assert (seen.suppressed, seen.n, seen.value) == (False, 4, 25.0)
    receive(shop, mix(MONDAY, 1, 0, 0), now=now)
    assert read(shop, now)[0].n == 5


def test_a_total_does_not_give_the_one_hidden_sibling_away(shop, now):
    receive(shop, mix(MONDAY, 9, 0, 0, unit="S001") + mix(MONDAY, 7, 0, 0, unit="S002"), now=now)
    receive(shop, mix(MONDAY, 2, 0, 0, unit="S003"), now=now)
    hidden = {point.by["unit"]: point.suppressed for point in read(shop, now, by=["unit"])}
    assert hidden == {"S001": False, "S002": True, "S003": True}


def _cell(n, **by):
    return Point(WEEK.from_date, WEEK.to_date, by, 1.0, n, 0.0, 2.0, False, {"n": n})


def test_siblings_are_hidden_along_every_dimension():
    cells = [_cell(2, unit="A", channel="x"), _cell(8, unit="A", channel="y"), _cell(9, unit="B", channel="x")]
    cells += [_cell(7, unit="B", channel="y")]
    assert [point.suppressed for point in suppress(cells)] == [True, True, True, True]
    assert [point.suppressed for point in suppress([_cell(3, unit="A"), _cell(4, unit="B"), _cell(9, unit="C")])] == [
        True, True, False,
    ]  # fmt: skip
    assert not suppress([_cell(3)])[0].n


def test_a_unit_covers_its_subtree(shop, now):
    for unit, n in (("S001", 5), ("S002", 6), ("S003", 7)):
        receive(shop, mix(MONDAY, n, 0, 0, unit=unit), now=now)
    assert read(shop, now, where=Where(unit="EAST"))[0].n == 11
    assert read(shop, now, where=Where(unit="HQ"))[0].n == 18
    assert read(shop, now, where=Where(unit="S003"))[0].n == 7
    assert read(shop, now, where=Where(paths=("/HQ/WEST/",)))[0].n == 7
    assert read(shop, now, where=Where(paths=("/HQ/",)))[0].n == 18
    assert read(shop, now, where=Where(unit="WEST", paths=("/HQ/EAST/",)))[0].n == 0


def test_a_moved_unit_follows_the_tree_of_the_day(shop, now):
    receive(shop, mix(MONDAY, 6, 0, 0, unit="S001"), now=now)
    receive(shop, mix(MONDAY + timedelta(days=4), 0, 0, 8, unit="S001"), now=now)
    with shop.scope():
        units.move(
            organisation=shop.id, unit=shop.units["S001"], parent=shop.units["WEST"],
            from_date=MONDAY + timedelta(days=3), now=now, actor="test",
        )  # fmt: skip
    assert read(shop, now, where=Where(unit="EAST"))[0].components["promoters"] == 6
    assert read(shop, now, where=Where(unit="EAST"))[0].n == 6
    assert read(shop, now, where=Where(unit="WEST"))[0].n == 8


def test_weeks_by_unit_are_the_days_and_a_subtree_keeps_to_its_days(shop, now):
    """A store's week is read from its weeks; below a region, where a store may have moved in the middle, from the days."""
    monday = MONDAY
    for day in range(14):
        receive(shop, mix(monday + timedelta(days=day), 4, 1, day % 3, unit="S001") + mix(monday + timedelta(days=day), 1, 5, 2, unit="S003"), now=now)
    fold(shop)
    receive(shop, mix(monday, 7, 0, 0, unit="S001"), now=now)  # not folded yet
    asked = {"organisation": shop.id, "metric": "nps", "now": now, "raw": True}
    weeks, days = Period(monday, monday + timedelta(days=14)), {}
    with shop.scope():
        moved, west = shop.units["S001"], shop.units["WEST"]
        units.move(organisation=shop.id, unit=moved, parent=west, from_date=monday + timedelta(days=3), now=now, actor="t")
        with CaptureQueriesContext(connection) as seen:
            by_week = series(**asked, period=weeks, grain="week", by=("unit",)).points
        assert "metrics_unitweek" in seen[0]["sql"]
        for point in series(**asked, period=weeks, grain="day", by=("unit",)).points:
            key = point.by["unit"], point.from_date - timedelta(days=point.from_date.weekday())
            days[key] = days.get(key, 0) + point.n
        assert {(point.by["unit"], point.from_date): point.n for point in by_week} == days
        (east,) = series(**asked, period=Period(monday, monday + timedelta(days=7)), where=Where(unit="EAST")).points
        assert east.n == sum(4 + 1 + day % 3 for day in range(3)) + 7


def test_weeks_are_cut_on_mondays_and_clipped(shop, now):
    receive(shop, mix(MONDAY, 5, 0, 0) + mix(MONDAY + timedelta(days=9), 0, 0, 6), now=now)
    period = Period(MONDAY - timedelta(days=3), MONDAY + timedelta(days=10))
    points = read(shop, now, period=period, grain="week")
    assert [(point.from_date, point.n) for point in points] == [
        (MONDAY - timedelta(days=3), 0), (MONDAY, 5), (MONDAY + timedelta(days=7), 6),
    ]  # fmt: skip
    assert points[-1].to_date == MONDAY + timedelta(days=10)


def test_staff_are_read_by_whole_weeks_and_from_rows_otherwise(shop, now):
    receive(shop, mix(MONDAY, 5, 0, 0, staff="E001") + mix(MONDAY + timedelta(days=6), 0, 6, 0, staff="E002"), now=now)
    receive(shop, mix(MONDAY + timedelta(days=7), 0, 0, 9, staff="E001"), now=now)
    fold(shop)
    whole = Period(MONDAY, MONDAY + timedelta(days=14))
    weeks = read(shop, now, period=whole, grain="week", by=["staff"])
    assert [(point.from_date, point.by["staff"], point.n) for point in weeks] == [
        (MONDAY, "E001", 5), (MONDAY, "E002", 6), (MONDAY + timedelta(days=7), "E001", 9),
    ]  # fmt: skip
    bent = Period(MONDAY, MONDAY + timedelta(days=6))
    assert [(point.by["staff"], point.n) for point in read(shop, now, period=bent, by=["staff"])] == [("E001", 5)]
    days = read(shop, now, period=whole, grain="day", where=Where(staff="E002"))
    assert [point.n for point in days].count(6) == 1


@pytest.mark.parametrize("grain", ["day", "week", "month", "quarter", "year", "all"])
@pytest.mark.parametrize("by", [(), ("unit",), ("channel",), ("unit", "touchpoint"), ("tier",), ("tier", "staff")])
def test_cells_add_up_to_the_total_by_every_cut(shop, now, grain, by):
    days = [MONDAY + timedelta(days=offset) for offset in (0, 1, 8, 30, 100)]
    receive(shop, [voice(day, v, unit=u, staff=s, channel=c, customer=f"{u}{v}", tier=t)
                   for day in days for v, u, s, c, t in
                   ((0, "S001", "E001", "app", "gold"), (7, "S002", "", "qr", ""), (10, "", "E003", "web", "gold"))], now=now)
    period = Period(MONDAY, MONDAY + timedelta(days=120))
    points = read(shop, now, period=period, grain=grain, by=by, raw=True)
    sums = [sum(point.components[name] for point in points) for name in ("promoters", "passives", "detractors")]
    assert sums == ([5, 0, 5] if "staff" in by else [5, 5, 5])  # the passive was served by nobody we know


def test_relationship_nps_hears_each_customer_once(shop, now):
    rows = [voice(MONDAY, 0, customer=f"c{i}", hour=9) for i in range(6)]
    rows += [voice(MONDAY, 10, customer=f"c{i}", hour=15) for i in range(6)] + [voice(MONDAY, 0)]
    receive(shop, rows, now=now)
    (point,) = read(shop, now, metric="nps_relationship")
    assert (point.n, point.value) == (6, 100.0)
    assert read(shop, now)[0].n == 13
    (cell,) = read(shop, now, metric="nps_relationship", by=["unit"], where=Where(unit="EAST"))
    assert (cell.by, cell.n) == ({"unit": "S001"}, 6)


@pytest.mark.parametrize(
    ("scale", "values", "satisfied"),
    [((1, 3), (1, 2, 3, 3, 3), 3), ((1, 5), (1, 3, 4, 5, 5), 3), ((1, 7), (5, 6, 7, 1, 1), 2), ((1, 10), (7, 8, 9, 10, 1), 3)],
)
def test_csat_boxes_follow_the_scale(shop, now, scale, values, satisfied):
    receive(shop, [voice(MONDAY, value, kind="csat", scale=scale) for value in values], now=now)
    for by in ((), ("tier",)):
        (point,) = read(shop, now, metric="csat", by=by)
        assert point.components == {"satisfied": satisfied, "answered": 5}
        assert point.value == pytest.approx(100 * satisfied / 5)


def test_means_come_with_their_sums(shop, now):
    counts = (80, 210, 140, 110, 160, 180, 120)  # cys.group
    receive(shop, [voice(MONDAY, value + 1, kind="ces") for value, n in enumerate(counts) for _ in range(n)], now=now)
    (point,) = read(shop, now, metric="ces")
    assert (round(point.value, 2), point.n, point.components["sum"]) == (4.08, 1000, 4080.0)
    receive(shop, [voice(MONDAY, value, kind="csi", item="服务") for value in (1, 4, 7, 10, 10)], now=now)
    (index,) = read(shop, now, metric="csi")
    assert (index.n, round(index.value, 2)) == (5, 60.0)


def test_sentiment_by_topic_once_analysed(shop, now, work):
    receive(shop, [voice(MONDAY, text=f"店员态度特别好，耐心讲解，谢谢第{i}次") for i in range(6)], now=now)
    work()
    (point,) = read(shop, now, metric="sentiment")
    assert (point.n, point.value > 0) == (6, True)
    topics = {point.by["topic"]: point.n for point in read(shop, now, metric="sentiment", by=["topic"])}
    assert topics["staff_attitude"] == 6
    assert read(shop, now, metric="volume", where=Where(topic="staff_attitude"))[0].n == 6
    assert read(shop, now, metric="volume", where=Where(topic="price"))[0].n == 0


def test_an_unknown_dimension_is_refused(shop, now):
    with pytest.raises(ValueError, match="has no dimension clause"):
        read(shop, now, by=["clause"])
    with pytest.raises(KeyError):
        read(shop, now, metric="happiness")


def test_late_instants_belong_to_the_local_day(shop, now):
    receive(shop, [voice(MONDAY, 10, hour=0) for _ in range(5)], now=now)
    assert at(MONDAY, 0).utctimetuple().tm_mday == MONDAY.day - 1
    assert read(shop, now, grain="day")[0].n == 5


@pytest.mark.parametrize("code", [code for code, one in BY_CODE.items() if one.size is not None])
def test_a_size_told_alone_is_the_estimates_n(code):
    definition = BY_CODE[code]
    names = [name for read in definition.reads for name in read.measures]
    for numbers in ((0, 0, 0), (2, 4, 10), (10, 30, 100), (10, 50, 250)):
        found = definition.components(dict.fromkeys(names, 0) | dict(zip(names, numbers, strict=False)))
        assert definition.n_of(found) == definition.estimate(found).n
