"""Folders killed in the middle of a storm: late rows, edits, exclusions, deletions, moved rows, moved
units, merged customers, and no bucket is wrong."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from datetime import date, timedelta

import pytest
from django.db import connection
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from customers import customers, merging
from customers.likeness import Likeness
from customers.models import Merge
from cxms.lib import clock
from cxms.lib.periods import Period
from feedback.models import Feedback, Score
from metrics import rollup
from metrics.models import Delta
from metrics.series import series
from tenancy import units
from tests.chaos.conftest import ROOT
from tests.metrics.test_rollup import DAY, _do, audit, fold
from tests.metrics.voices import mix, receive, voice
from tests.shop import make_shop

pytestmark = [pytest.mark.services, pytest.mark.xdist_group("chaos")]
EXAMPLES = 200 if os.environ.get("CXMS_NIGHTLY") == "1" else 4
FOLDER = """
import sys, time, django; django.setup()
from metrics import rollup
from tenancy.scope import organisation_scope
while True:
    with organisation_scope(int(sys.argv[1])):
        n = rollup.fold(organisation=int(sys.argv[1]), limit=int(sys.argv[2]))
    if not n:
        time.sleep(0.02)
"""
NAMES = ["add", "add", "late", "exclude", "include", "delete", "value", "move", "day", "staff", "unit_moves", "merge", "merge", "part"]
STORM = st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 10), st.integers(0, 40)), min_size=12, max_size=40)


@contextmanager
def folder(shop, limit, dies_at):
    """A process that folds without end and dies by kill -9, with its transaction open, at the given fold."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "cxms.settings", "CXMS_FAILPOINT": f"rollup.before_commit:{dies_at}"}
    process = subprocess.Popen([sys.executable, "-c", FOLDER, str(shop.id), str(limit)], cwd=ROOT, env=environment)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()  # at whatever it is doing
        process.wait()


def change(shop, name, value, pick, keys, now):
    if name == "late":
        _do(shop, "add", value, pick, keys, now)
        with shop.scope():  # weeks after the buckets around it were folded
            Score.objects.filter(feedback_id=keys[-1]).update(local_day=DAY - timedelta(days=40 + pick))
            Feedback.objects.filter(id=keys[-1]).update(local_day=DAY - timedelta(days=40 + pick))
    elif name == "unit_moves":
        with shop.scope():
            moved, parents = shop.units["S001"], [shop.units["EAST"], shop.units["WEST"]]
            moved.refresh_from_db()
            parent = parents[moved.parent_id == parents[0].id]
            units.move(organisation=shop.id, unit=moved, parent=parent, from_date=DAY + timedelta(days=pick), now=now, actor="t")
    elif name in {"merge", "part"}:
        merge_or_part(shop, name, (f"K-{value % 4}", f"K-{pick % 4}"), keys, now)
    else:
        _do(shop, name, value, pick, keys, now)


def merge_or_part(shop, name, pair, keys, now):
    """Two customers who answered are one; or the last two so joined are two again. The followers come at once."""
    if name == "merge":
        keys += receive(shop, [voice(DAY, 9, customer=one) for one in pair], now=now)
    with shop.scope():
        if name == "merge":
            kept, gone = (customers.by_external(one, organisation=shop.id) for one in pair)
            if kept == gone:
                return
            row = merging.merge(kept.id, gone.id, Likeness(0.5, ()), organisation=shop.id, now=clock.now(), actor="t")
        else:
            row = Merge.objects.filter(undone_at=None).order_by("-merged_at").first()
            if row is None:
                return
            merging.undo(row.id, organisation=shop.id, now=now, actor="t")
        merging.settle(row.id, "voice", merging.give_in(Feedback), organisation=shop.id)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate])
@given(storm=STORM, dies_at=st.integers(1, 6), limit=st.integers(1, 4))
def test_killed_folders_leave_every_bucket_right(storm, dies_at, limit):
    shop, now, keys = make_shop("风暴"), clock.now(), []
    keys += receive(shop, mix(DAY, 6, 3, 3), now=now)  # enough to fold that it dies
    with folder(shop, limit, dies_at) as process:
        for name, value, pick in storm:
            change(shop, name, value, pick, keys, now)
            assert audit(shop) == []
        assert process.wait(timeout=60) == -signal.SIGKILL
    assert audit(shop) == []
    while fold(shop, limit=50):
        pass
    with shop.scope():
        assert not Delta.objects.exists()
    assert audit(shop) == []
    compare(shop, now)


def compare(shop, now):
    """The figure of the whole, the plain way."""
    period = Period(DAY - timedelta(days=90), DAY + timedelta(days=90))
    with shop.scope():
        (fast,) = series(organisation=shop.id, metric="nps", period=period, now=now, raw=True).points
        slow = list(Score.objects.filter(kind="nps", excluded=False).values_list("value", flat=True))
    assert (fast.n, fast.components["promoters"], fast.components["detractors"]) == (
        len(slow), sum(v >= 9 for v in slow), sum(v <= 6 for v in slow),
    )  # fmt: skip
    with shop.scope():  # a person once, however many he was before he was merged
        (fast,) = series(organisation=shop.id, metric="nps_relationship", period=period, now=now, raw=True).points
        answered = Score.objects.filter(kind="nps", excluded=False, feedback__customer__isnull=False,
            local_day__gte=period.from_date, local_day__lt=period.to_date)
        assert fast.n == answered.values("feedback__customer").distinct().count()


def test_a_folder_that_commits_between_taking_and_adding_is_caught(shop, now):
    """The control: deltas that are gone and were never added."""
    receive(shop, mix(date(2026, 9, 7), 3, 1, 1), now=now)
    with shop.scope(), connection.cursor() as cursor:
        cursor.execute("delete from metrics_delta where organisation_id = %s and id <= (select min(id) + 1 from metrics_delta)", [shop.id])
    assert {difference.table for difference in audit(shop)} >= {"metrics_unitday"}
    with shop.scope():
        rollup.rebuild(organisation=shop.id)
    assert audit(shop) == []
