"""kill -9 at enumerated points: what was acknowledged is done exactly once. Each guarantee has a control that must fail."""

import os
import signal
import subprocess
import sys
from datetime import timedelta

import pytest
import redis

from alerts.models import Notice
from complaints import sla_policies, sweep
from complaints.intake import Complaint, file
from complaints.models import Clock, Escalation, Ticket
from cxms.lib import clock
from feedback import intake
from feedback.intake import Source
from feedback.models import Analysis, Feedback, RawFeedback
from feedback.shapes import RawVoice
from ledger.models import Delivery, Fact
from tests.chaos.conftest import ROOT
from tests.eight import by_eight

pytestmark = [pytest.mark.services, pytest.mark.xdist_group("chaos")]

SETUP = "import django; django.setup(); "
DRAIN = SETUP + "from ledger import runner; runner.drain(seconds=20)"
# the control: `done_at` is committed before the effect, as an early acknowledgement would
EARLY_ACK = (
    SETUP
    + "from ledger import runner; from cxms.lib import failpoints; from ledger.models import Delivery\n"
    + "def work(rows, organisation):\n"
    + "    from django.db import connection\n"
    + "    Delivery.objects.filter(id__in=[row.id for row in rows]).update(done_at=runner.database_now())\n"
    + "    connection.connection.commit()\n"
    + "    failpoints.reach('control')\n"
    + "    return len(rows)\n"
    + "runner._work = work\n"
    + "runner.drain(seconds=20)"
)


@pytest.fixture(autouse=True)
def nothing_waits(work):
    """Earlier tests of this process leave work behind; a kill must meet the work of the test, not theirs."""
    work()


def python(code, **environment):
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "cxms.settings", **environment}
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, timeout=120)


def voices(n):
    return [
        RawVoice(channel="app", text="手机坏了，没人管，我要投诉，要求退款", external_id=f"v{i}", unit="S001", row=i)
        for i in range(n)
    ]


def take(shop, n=5):
    with shop.scope():
        return intake.receive(voices(n), organisation=shop.id, source=Source(b"[]", "x", "t"), now=clock.now())


@pytest.mark.parametrize("point", ["ledger.before_commit:1", "ledger.before_commit:2", "ledger.after_commit:1"])
def test_work_after_intake_survives_a_kill_exactly_once(shop, point):
    take(shop)
    died = python(DRAIN, CXMS_FAILPOINT=point)
    assert died.returncode == -signal.SIGKILL, died.stderr[-500:]
    again = python(DRAIN)
    assert again.returncode == 0, again.stderr[-500:]
    python(DRAIN)
    with shop.scope():
        assert Analysis.objects.count() == 5
        assert Ticket.objects.count() == 5
        assert Notice.objects.filter(purpose="executives").count() == 5
        assert not Delivery.objects.filter(done_at__isnull=True, dead_at__isnull=True).exists()


def test_the_control_an_early_acknowledgement_loses_work(shop):
    take(shop)
    died = python(EARLY_ACK, CXMS_FAILPOINT="control:1")
    assert died.returncode == -signal.SIGKILL, died.stderr[-500:]
    python(DRAIN)
    with shop.scope():
        assert Analysis.objects.count() == 0, "the harness must be able to see a loss"


def test_a_kill_before_the_commit_of_an_intake_leaves_nothing_half_done(shop):
    code = (
        SETUP
        + "from tests.chaos.test_kill_points import voices; from tenancy.scope import organisation_scope\n"
        + "from feedback import intake; from feedback.intake import Source; from cxms.lib import clock\n"
        + f"with organisation_scope({shop.id}):\n"
        + f"    intake.receive(voices(5), organisation={shop.id}, source=Source(b'[]', 'x', 't'), now=clock.now())"
    )
    died = python(code, CXMS_FAILPOINT="intake.before_commit:1")
    assert died.returncode == -signal.SIGKILL, died.stderr[-500:]
    with shop.scope():
        assert (Feedback.objects.count(), RawFeedback.objects.count(), Fact.objects.count()) == (0, 0, 0)
    receipts = take(shop)
    assert {receipt.status for receipt in receipts} == {"accepted"}


def test_redis_may_be_flushed_and_nothing_is_lost(shop, settings, processes):
    """The queue is PostgreSQL: with no worker up, flush, then start one; it finds everything by polling."""
    take(shop)
    redis.Redis.from_url(settings.REDIS_URL).flushdb()
    house = processes()
    house.worker()
    from tests.chaos.conftest import until

    def done():
        with shop.scope():
            return Ticket.objects.count() == 5 and Notice.objects.count() == 5

    until(done, 60, "the work of a flushed queue")


def test_the_control_a_message_in_redis_is_lost_by_a_flush(settings):
    cache = redis.Redis.from_url(settings.REDIS_URL)
    from cxms.celery import app

    cache.delete("cxms-control")
    app.send_task("ledger.drain", args=["nothing"], queue="cxms-control")
    assert cache.llen("cxms-control") == 1
    cache.flushdb()
    assert cache.llen("cxms-control") == 0, "what lives only in Redis is gone: that is why nothing does"


def _due(shop, n):
    """Tickets whose first level is due now."""
    clause = {"code": "solve", "kind": "resolution", "target_seconds": 3600, "calendar": "always"}
    with shop.scope():
        now = clock.now()
        sla_policies.put("hour", {"name": "一小时", "clauses": [clause]}, organisation=shop.id, now=now, actor="t")
        made = []
        for i in range(n):
            voice = RawVoice(channel="phone", text=f"投诉 {i}", unit="S001")
            ticket, _ = file(
                Complaint(voice, policy="hour"), organisation=shop.id, source=Source(b"x", "x", "t"), now=now
            )
            made.append(ticket.id)
        early = now - timedelta(hours=3)
        for row in Clock.objects.filter(ticket__in=made):
            row.started_at, row.next_fire_at = early, early
            row.save(update_fields=["started_at", "next_fire_at"])
        Escalation.objects.all().delete()
    return made


def test_eight_sweepers_never_write_a_level_twice(shop):
    made = _due(shop, 40)

    def run():
        for _ in range(6):
            with shop.scope():
                sweep.sweep(organisation=shop.id)

    by_eight(run)
    with shop.scope():
        rows = list(Escalation.objects.filter(ticket__in=made).values_list("ticket_id", "level"))
        facts = Fact.objects.filter(kind="promise.escalated", subject__in=[str(key) for key in made]).count()
    assert len(rows) == len(set(rows)) == 40 * 4
    assert facts == 40


def test_a_sweep_killed_before_its_commit_is_made_up_by_the_next(shop):
    made = _due(shop, 3)
    code = SETUP + "from ledger import clockwork; clockwork.run_timers()"
    died = python(code, CXMS_FAILPOINT="sweep.before_commit:1")
    assert died.returncode == -signal.SIGKILL, died.stderr[-500:]
    with shop.scope():
        assert Escalation.objects.count() == 0
    assert python(code).returncode == 0
    with shop.scope():
        assert Escalation.objects.filter(ticket__in=made).count() == 12


def test_a_follower_that_fails_is_tried_again_and_ends_in_the_dead_letters(shop, monkeypatch, now):
    from complaints import tasks
    from ledger import facts, runner

    def broken(**_):
        raise ValueError("kaputt")

    monkeypatch.setattr(tasks, "judge_analysed", broken)
    runner._handler.cache_clear()
    take(shop, 1)
    runner.drain(seconds=10)
    try:
        for _ in range(20):
            with shop.scope():
                Delivery.objects.filter(follower="complaints.tasks.judge_analysed").update(run_at=now)
            runner.drain(seconds=5)
        with shop.scope():
            dead = Delivery.objects.get(follower="complaints.tasks.judge_analysed")
            assert (dead.failure, dead.attempts, dead.dead_at is not None) == ("bug", 12, True)
            assert dead.last_error == "ValueError: kaputt"
    finally:
        monkeypatch.undo()
        runner._handler.cache_clear()
    with shop.scope():
        assert facts.replay(dead.id, organisation=shop.id, now=now, actor="t")
        assert not facts.replay(dead.id, organisation=shop.id, now=now, actor="t")
    runner.drain(seconds=10)
    with shop.scope():
        assert Ticket.objects.count() == 1
