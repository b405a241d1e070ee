"""Targets: series that are never changed, the nearest one holds, reached only when the whole interval says so."""

import uuid
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics import targets
from metrics.models import Target
from metrics.series import Where
from metrics.statistics import Estimate, against
from metrics.targets import TargetError, Wanted
from tenancy.models import AuditEvent


@pytest.mark.parametrize(
    ("low", "value", "high", "target", "direction", "said"),
    [
        (26.0, 30.0, 34.0, 25, 1, "reached"),
        (25.0, 30.0, 34.0, 25, 1, "reached"),  # at the target is at the target
        (20.0, 30.0, 34.0, 25, 1, "unclear"),
        (10.0, 22.0, 25.0, 25, 1, "unclear"),  # the target itself is still possible
        (10.0, 15.0, 24.9, 25, 1, "missed"),
        (26.0, 30.0, 34.0, 25, -1, "missed"),
        (20.0, 22.0, 24.0, 25, -1, "reached"),
        (20.0, 24.0, 28.0, 25, -1, "unclear"),
        (-13.31, -8.95, -4.55, -15, 1, "reached"),  # talkstats 58500
        (-13.31, -8.95, -4.55, -10, 1, "unclear"),
    ],
)
def test_only_a_whole_interval_reaches_or_misses(low, value, high, target, direction, said):
    assert against(Estimate(value, low, high, 50), target, direction) == said


def test_without_value_or_interval_nothing_is_claimed():
    assert against(Estimate(None, None, None, 0), 25, 1) is None
    assert against(Estimate(30.0, None, None, 9), 25, 1) == "unclear"
    for target, direction in ((float("nan"), 1), (25, 0)):
        with pytest.raises(ValueError):
            against(Estimate(1.0, 0.0, 2.0, 9), target, direction)


@given(st.lists(st.floats(-100, 100), min_size=3, max_size=3).map(sorted), st.floats(-100, 100))
def test_direction_is_a_mirror(bounds, target):
    low, value, high = bounds
    mirrored = Estimate(-value, -high, -low, 9)
    assert against(Estimate(value, low, high, 9), target, 1) == against(mirrored, -target, -1)


def put(shop, now, *, key=None, **more):
    wanted = Wanted(**({"metric": "nps", "value": "25", "from_date": "2026-01-01"} | more))
    with shop.scope():
        return targets.put(key or uuid.uuid4(), wanted, organisation=shop.id, now=now, actor="test")


def test_a_new_one_supersedes_from_its_day_and_changes_none(shop, now):
    first = put(shop, now)
    with pytest.raises(TargetError, match="2026-01-01") as refused:
        put(shop, now, value="30")
    assert refused.value.code == "not_later"
    second = put(shop, now, value="30", from_date="2026-07-01")
    with shop.scope():
        book = targets.book(["nps"], organisation=shop.id)
        days = (date(2025, 12, 31), date(2026, 6, 30), date(2026, 7, 1))
        assert [(found := book.at("nps", day, Where())) and float(found.value) for day in days] == [None, 25.0, 30.0]
        with pytest.raises(TargetError):
            targets.withdraw(second.id, " ", organisation=shop.id, now=now, actor="test")
        for reason in ("打错了", "again is a no-op"):
            targets.withdraw(second.id, reason, organisation=shop.id, now=now, actor="test")
        assert targets.withdraw(uuid.uuid4(), "x", organisation=shop.id, now=now, actor="test") is None
        assert float(targets.book(["nps"], organisation=shop.id).at("nps", days[2], Where()).value) == 25.0
        assert Target.objects.get(id=second.id).reason == "打错了"
        assert [event.action for event in AuditEvent.objects.filter(action__startswith="target.").order_by("seq")] == [
            "target.set", "target.set", "target.withdrawn",
        ]  # fmt: skip
    assert put(shop, now, value="31", from_date="2026-07-01").value == 31
    assert put(shop, now, key=first.id, value="99", from_date="2027-01-01").value == 25, "the same key again gives the first"


def test_the_nearest_unit_holds_and_a_narrowed_figure_has_none(shop, now):
    for unit, value in (("", "20"), ("EAST", "30"), ("S001", "40")):
        put(shop, now, unit=unit, value=value)
    put(shop, now, metric="promise_attainment", value="95", dimension="clause", code="solution")
    put(shop, now, competitor="对手甲", value="41", basis="competitor", source="年报 2025")
    with shop.scope():
        book = targets.book(["nps", "promise_attainment"], organisation=shop.id)
    day = date(2026, 6, 1)
    east, stores = shop.units["EAST"].path, (shop.units["S001"].path, shop.units["S003"].path)
    table = [
        ("nps", Where(), {}, 20), ("nps", Where(unit="HQ"), {}, 20), ("nps", Where(unit="EAST"), {}, 30), ("nps", Where(unit="S002"), {}, 30),
        ("nps", Where(unit="S001"), {}, 40), ("nps", Where(unit="S003"), {}, 20), ("nps", Where(paths=(east,)), {}, 30),
        ("nps", Where(paths=stores), {}, None), ("nps", Where(channel="app"), {}, None), ("nps", Where(), {"unit": "S001"}, 40),
        ("nps", Where(), {"cell": ("channel", "app")}, None), ("promise_attainment", Where(), {}, None),
        ("promise_attainment", Where(clause="solution"), {}, 95), ("promise_attainment", Where(unit="S001"), {"cell": ("clause", "solution")}, 95),
        ("promise_attainment", Where(clause="solution", channel="app"), {}, None), ("csat", Where(), {}, None),
    ]  # fmt: skip
    for metric, where, more, wanted in table:
        found = book.at(metric, day, where, **more)
        assert (found and float(found.value)) == wanted, (metric, where, more)
    assert [(row.competitor, float(row.value)) for row in book.competitors("nps", day)] == [("对手甲", 41.0)]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"metric": "nothing"}, "unknown_metric"), ({"value": "x"}, "bad_value"), ({"value": "NaN"}, "bad_value_or_range"),
        ({"value": "101"}, "out_of_range"), ({"metric": "csat", "value": "-1"}, "out_of_range"), ({"from_date": "soon"}, "bad_date"),
        ({"unit": "NOPE"}, "unknown_unit"), ({"dimension": "clause", "code": "x"}, "unknown_dimension"), ({"dimension": "channel"}, "unknown_code"),
        ({"dimension": "channel", "code": "drum"}, "unknown_code"), ({"basis": "dream"}, "unknown_basis"),
        ({"basis": "contract"}, "missing"), ({"competitor": "甲"}, "bad_basis"), ({"note": "x" * 301}, "too_long"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_target_is_refused_by_name(shop, now, more, code):
    with pytest.raises(TargetError) as refused:
        put(shop, now, **more)
    assert refused.value.code == code.replace("bad_value_or_range", "out_of_range")
    with shop.scope():
        assert not Target.objects.exists()


def test_the_database_keeps_one_a_day_and_another_tenant_sees_none(shop, stranger, now):
    from django.db import IntegrityError, transaction

    row = put(shop, now)
    with shop.scope():
        copy = {f.attname: getattr(row, f.attname) for f in Target._meta.concrete_fields if f.attname != "id"}
        with pytest.raises(IntegrityError), transaction.atomic():
            Target.objects.create(**copy)
    with stranger.scope():
        assert targets.book(["nps"], organisation=stranger.id).rows == []
        assert targets.withdraw(row.id, "x", organisation=stranger.id, now=now, actor="test") is None
    assert put(stranger, now + timedelta(days=1)).value == 25
