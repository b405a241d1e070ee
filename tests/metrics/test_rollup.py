"""The roll-ups against the rows: whatever is done to scores and voices, in any order, no bucket is wrong."""

import os
from datetime import date, timedelta
from decimal import Decimal

import psycopg2
import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cxms.lib.periods import Period
from feedback import voices
from feedback.models import Feedback, Score
from metrics import rollup
from metrics.models import Delta, TouchpointDay, UnitDay
from metrics.series import series
from tests.metrics.voices import mix, receive, voice
from tests.shop import make_shop

DAY = date(2026, 9, 7)


def audit(shop):
    with shop.scope():
        return rollup.audit(organisation=shop.id)


def fold(shop, limit=rollup.BATCH):
    with shop.scope():
        return rollup.fold(organisation=shop.id, limit=limit)


def test_every_change_leaves_every_bucket_right(shop, now):
    keys = receive(shop, mix(DAY, 3, 2, 1, staff="E001") + [voice(DAY, 4, kind="ces"), voice(DAY, text="只有字")], now=now)
    assert audit(shop) == []
    assert fold(shop, limit=2) == 2
    assert audit(shop) == []
    with shop.scope():
        voices.exclude(keys[0], "测试", organisation=shop.id, now=now, actor="test")
        voices.exclude(keys[1], "测试", organisation=shop.id, now=now, actor="test")
        voices.include(keys[1], organisation=shop.id, now=now, actor="test")
        voices.delete(keys[2], organisation=shop.id, now=now, actor="test")
        Score.objects.filter(feedback_id=keys[3]).update(value=Decimal(9))
        Score.objects.filter(feedback_id=keys[4]).update(unit_id=shop.units["S003"].id, local_day=DAY + timedelta(days=9))
        Feedback.objects.filter(id=keys[4]).update(unit_id=shop.units["S003"].id, channel="qr")
    assert audit(shop) == []
    while fold(shop, limit=3):
        assert audit(shop) == []
    with shop.scope():
        assert Delta.objects.count() == 0
        assert UnitDay.objects.filter(kind="nps", n__lt=0).count() == 0


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["add", "add", "exclude", "include", "delete", "value", "move", "day", "staff", "fold", "fold"]),
        st.integers(0, 10),
        st.integers(0, 40),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(operations=OPERATIONS)
def test_a_storm_of_changes_leaves_every_bucket_right(operations):
    shop = make_shop("风暴")
    from cxms.lib import clock

    now, keys = clock.now(), []
    for name, value, pick in operations:
        _do(shop, name, value, pick, keys, now)
    assert audit(shop) == []
    period = Period(DAY, DAY + timedelta(days=60))
    with shop.scope():
        (fast,) = series(organisation=shop.id, metric="nps", period=period, now=now, raw=True).points
        slow = list(Score.objects.filter(kind="nps", excluded=False).values_list("value", flat=True))
    assert fast.n == len(slow)
    assert fast.components["promoters"] == sum(v >= 9 for v in slow)
    assert fast.components["detractors"] == sum(v <= 6 for v in slow)


def _do(shop, name, value, pick, keys, now):
    if name == "add":
        unit, staff = ("S001", "S002", "S003")[pick % 3], ("", "E001", "E003")[pick % 3]
        day = DAY + timedelta(days=pick)
        keys += receive(shop, [voice(day, value, unit=unit, staff=staff, channel=("app", "qr")[pick % 2])], now=now)
        return
    if name == "fold":
        fold(shop, limit=1 + pick % 5)
        return
    if not keys:
        return
    key = keys[pick % len(keys)]
    with shop.scope():
        scores = Score.objects.filter(feedback_id=key)
        if name == "exclude":
            voices.exclude(key, "风暴", organisation=shop.id, now=now, actor="test")
        elif name == "include":
            voices.include(key, organisation=shop.id, now=now, actor="test")
        elif name == "delete":
            keys.remove(key)
            voices.delete(key, organisation=shop.id, now=now, actor="test")
        elif name == "value":
            scores.update(value=Decimal(value))
        elif name == "move":
            scores.update(unit_id=shop.units["S002"].id)
        elif name == "day":
            scores.update(local_day=DAY + timedelta(days=value))
        elif name == "staff":
            scores.update(staff_id=None)


def test_the_audit_finds_a_bucket_that_was_tampered_with(shop, now):
    receive(shop, mix(DAY, 3, 0, 0), now=now)
    fold(shop)
    assert audit(shop) == []
    with shop.scope():
        UnitDay.objects.filter(kind="nps").update(n=4)
        TouchpointDay.objects.filter(kind="nps").update(h10=2)
        found = rollup.audit(organisation=shop.id)
        assert {difference.table for difference in found} == {"metrics_unitday", "metrics_touchpointday"}
        rollup.rebuild(organisation=shop.id)
    assert audit(shop) == []


def test_the_audit_finds_what_a_silenced_trigger_missed(shop, now, monkeypatch):
    """As the migrating role, in a transaction that is rolled back."""
    keys = receive(shop, mix(DAY, 3, 0, 0), now=now)
    with psycopg2.connect(os.environ["CXMS_MIGRATOR_URL"]) as raw, raw.cursor() as cursor:
        monkeypatch.setattr(rollup, "connection", raw)
        assert rollup.audit(organisation=shop.id) == []
        cursor.execute("alter table feedback_score disable trigger metrics_changed")
        cursor.execute("update feedback_score set value = 0 where feedback_id = %s", [str(keys[0])])
        found = rollup.audit(organisation=shop.id)
        raw.rollback()
    assert {(difference.table, difference.bucket[1]) for difference in found} == {
        ("metrics_unitday", "nps"), ("metrics_unitweek", "nps"), ("metrics_touchpointday", "nps"),
    }  # fmt: skip
    monkeypatch.undo()
    assert audit(shop) == []


def test_two_folders_of_one_organisation_do_not_meet(shop, now):
    receive(shop, mix(DAY, 3, 0, 0), now=now)
    with psycopg2.connect(os.environ["CXMS_MIGRATOR_URL"]) as other, other.cursor() as cursor:
        cursor.execute(rollup.LOCK, [shop.id])
        assert fold(shop) == 0
    assert fold(shop) > 0
    assert audit(shop) == []


@pytest.mark.parametrize("table", ["feedback_score", "feedback_feedback"])
def test_the_triggers_are_there_after_every_migration(shop, table):
    with connection.cursor() as cursor:
        cursor.execute("select tgname from pg_trigger where tgrelid = %s::regclass and not tgisinternal order by 1", [table])
        assert [row[0] for row in cursor.fetchall()] == ["metrics_came", "metrics_changed", "metrics_left"]
