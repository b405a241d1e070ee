"""Journey maps: bound to live figures, evidence and moments by rule, versions that cannot be bent."""

from datetime import timedelta

import pytest
from django.db import ProgrammingError, transaction

from cxms.lib.periods import Period
from journeys import maps
from journeys.live import live
from journeys.maps import MapError, StaleMap
from journeys.models import JourneyMap, MapVersion
from metrics.series import Where, series
from tests.metrics.voices import receive, voice


@pytest.fixture
def today(now):
    return (now + timedelta(hours=8)).date()


def draw(shop, now, token="t"):
    with shop.scope():
        return maps.draw(
            "买机旅程", "换机族", token=token, owner=shop.members["cx_manager"], organisation=shop.id, now=now, actor_name="沈"
        )


def columns_of(shop, row):
    with shop.scope():
        fresh = JourneyMap.objects.get(id=row.id)
        return maps.at_version(fresh, fresh.version)


def state(shop, row, now):
    columns = columns_of(shop, row)
    with shop.scope():
        return live(columns, organisation=shop.id, paths=("/",), now=now)


def test_a_map_is_drawn_from_the_catalogue_once(shop, now):
    row = draw(shop, now)
    assert draw(shop, now).id == row.id
    columns = columns_of(shop, row)
    assert [column["touchpoint"] for column in columns][:3] == ["advert", "store_visit", "online_order"]
    assert {column["stage"] for column in columns} >= {"认知", "选购", "售后"}


def test_the_figures_are_those_of_the_series_and_evidence_is_counted(shop, now, today):
    day = today - timedelta(days=3)
    receive(
        shop,
        [voice(day, 10 if i % 3 else 2, touchpoint="store_visit", hour=i % 20) for i in range(40)]
        + [voice(day, 9, touchpoint="advert") for _ in range(7)]
        + [voice(day - timedelta(days=28), 2, touchpoint="store_visit", hour=i % 20) for i in range(40)],
        now=now,
    )
    found = state(shop, draw(shop, now), now)
    with shop.scope():
        points = series(
            organisation=shop.id, metric="nps", period=Period(today - timedelta(days=28), today), by=("touchpoint",),
            where=Where(), now=now,
        ).points  # fmt: skip
    of = {point.by["touchpoint"]: point for point in points}
    assert found["store_visit"].point == of["store_visit"]
    assert found["store_visit"].change.kind == "better"
    assert (found["store_visit"].n_voices, found["store_visit"].evidence) == (40, 2)
    assert (found["advert"].n_voices, found["advert"].evidence) == (7, 1)
    assert (found["payment"].n_voices, found["payment"].evidence, found["payment"].point) == (0, 0, None)
    assert found["store_visit"].reach_share == pytest.approx(40 / 47)


def test_moments_of_truth_follow_the_rule(shop, now, today, work):
    day = today - timedelta(days=2)
    texts = {"store_visit": "店员很热情，非常满意", "repair_intake": "修了三次还是坏的，太气人了，差评", "payment": "付款了"}
    receive(
        shop,
        [voice(day, text=f"{said}，第{i}次", touchpoint=code, hour=i % 20) for code, said in texts.items() for i in range(36)]
        + [voice(day, text=f"太差了{i}", touchpoint="hotline", hour=i) for i in range(10)],
        now=now,
    )
    work()
    found = state(shop, draw(shop, now), now)
    assert found["repair_intake"].feeling[0] < -0.5 < 0.5 < found["store_visit"].feeling[0]
    assert all(-2 <= bound <= 2 for row in found.values() if row.feeling for bound in row.feeling)
    assert found["hotline"].evidence == 1
    assert not found["hotline"].is_moment  # strong, but ten voices are no evidence
    moments = {code for code, row in found.items() if row.is_moment}
    assert "repair_intake" in moments
    assert "payment" not in moments


def test_editing_writes_the_next_version_and_the_old_cannot_be_bent(shop, now):
    row = draw(shop, now)
    columns = columns_of(shop, row)
    columns[0]["lanes"]["pain"], columns[0]["hand"] = "讲参数，不讲用途", 0.5
    columns[1], columns[2] = columns[2], columns[1]
    del columns[-1]
    who = {"organisation": shop.id, "now": now, "actor_name": "沈"}
    with shop.scope():
        maps.edit(row.id, columns, version=1, **who)
        maps.edit(row.id, columns, version=2, **who)
        assert JourneyMap.objects.get().version == 2
        with pytest.raises(StaleMap):
            maps.edit(row.id, columns[:2], version=1, **who)
        changed = maps.differences(maps.at_version(row, 1), columns)
        assert [(change.what, change.touchpoint) for change in changed] == [
            ("removed", "membership"), ("hand", "advert"), ("pain", "advert"), ("moved", "online_order"), ("moved", "store_visit"),
        ]  # fmt: skip
        for spoil in (
            lambda: MapVersion.objects.filter(number=1).update(columns=[]),
            lambda: MapVersion.objects.filter(number=1).delete(),
        ):
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                spoil()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"touchpoint": "nowhere"}, "unknown_touchpoint"), ({"metric": "magic"}, "unknown_metric"),
        ({"hand": 2.5}, "bad_feeling"), ({"hand": True}, "bad_feeling"), ({"touchpoint": "advert"}, "touchpoint_twice"),
    ],
)  # fmt: skip
def test_bad_columns_are_refused_by_name(shop, now, change, code):
    row = draw(shop, now)
    columns = columns_of(shop, row)
    columns[1] |= change
    with shop.scope(), pytest.raises(MapError) as error:
        maps.edit(row.id, columns, version=1, organisation=shop.id, now=now, actor_name="x")
    assert error.value.code == code


def test_a_wide_map_asks_as_often_as_a_narrow_one(shop, now):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    columns = columns_of(shop, draw(shop, now))

    def n(some):
        with shop.scope(), CaptureQueriesContext(connection) as taken:
            live(some, organisation=shop.id, paths=("/",), now=now)
        return len(taken)

    assert n(columns) == n(columns[:2])
