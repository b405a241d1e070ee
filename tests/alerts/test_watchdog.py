"""The watchdog tells once when the house is late and once when that is over, by mail of its own, figures and /healthz."""

import subprocess
import sys
from datetime import timedelta

import pytest

from alerts import watchdog
from alerts.models import Hop, Incident, Notice
from complaints import sweep
from complaints.models import Clock
from cxms.lib import clock
from ledger import runner
from ledger.models import Delivery, Heartbeat
from tests.alerts.test_rings import MINUTE, filed, fire
from tests.chaos.conftest import ROOT


@pytest.fixture(autouse=True)
def calm(work, settings):
    """What earlier tests of this process left behind is done, and the watchdog knows it."""
    settings.OPS_MAIL = ["ops@house.example"]
    work()
    Incident.objects.all().delete()
    runner.beat("clockwork")


def about(post, name):
    return [subject for subject in post.to("ops@house.example") if subject.startswith(f"[CXMS] {name}:")]


def look():
    return {finding.name: finding.n for finding in watchdog.run(now=clock.now())}


def test_a_dead_sweep_is_told_once_and_its_recovery_once(shop, post, client):
    before = look().get("sweep", 0)
    ticket = filed(shop)
    with shop.scope():
        late = clock.now() - 2 * MINUTE
        Clock.objects.filter(ticket=ticket, clause="solution").update(started_at=late - timedelta(hours=3), next_fire_at=late)
    assert look()["sweep"] == before + 1
    look()
    assert len(about(post, "sweep")) == 1
    said = client.get("/healthz?detail=1").json()
    assert "sweep" in {row["name"] for row in said["incidents"]}
    assert client.get("/healthz").json() == {"status": "alive"}
    assert b'cxms_watchdog_incidents{name="sweep"}' in client.get("/prometheus").content
    with shop.scope():
        sweep.sweep(organisation=shop.id)
    assert "sweep" not in look()
    look()
    assert about(post, "sweep")[1:] == ["[CXMS] sweep: over"]
    assert "sweep" not in {row["name"] for row in client.get("/healthz?detail=1").json()["incidents"]}


def test_an_incident_whose_mail_does_not_leave_is_told_at_the_next_look(shop, post):
    post.busy = {"ops@house.example"}
    Heartbeat.objects.filter(name="clockwork").update(at=clock.now() - 2 * MINUTE)
    look()
    assert Incident.objects.get(name="clockwork").told_at is None
    post.busy = set()
    look()
    assert len(about(post, "clockwork")) == 1


def test_an_escalation_that_reached_nobody_for_five_minutes_is_told(shop, work):
    from complaints.models import Escalation

    ticket = filed(shop)
    at = clock.now()
    with shop.scope():
        row = Clock.objects.get(ticket=ticket, clause="solution")
        Escalation.objects.create(
            organisation_id=shop.id, ticket=ticket, clock=row, clause="solution", cycle=1, level="1", fire_at=at, written_at=at - 6 * MINUTE, late_seconds=0
        )
    assert look()["untold"] == 1, "no notice at all"
    fire(shop, ticket, "1", at=at)
    assert "untold" not in look(), "the bell is all there is here"
    with shop.scope():
        notice = Notice.objects.filter(purpose="escalation").first()
        hop = Hop.objects.create(
            organisation_id=shop.id, notice=notice, recipient_id=notice.recipient_id, position=1, kind="email", state="refused", created_at=at, finished_at=at
        )
        Notice.objects.filter(purpose="escalation").exclude(id=notice.id).delete()
        Notice.objects.filter(purpose="executives").delete()
    assert look()["untold"] == 1
    with shop.scope():
        Hop.objects.filter(id=hop.id).update(state="accepted")
    assert "untold" not in look()


def test_a_delivery_that_waits_a_minute_is_told(shop):
    filed(shop)
    with shop.scope():
        Delivery.objects.filter(done_at__isnull=True).update(run_at=clock.now() - 2 * MINUTE)
    assert look()["deliveries"] >= 1


def test_a_question_that_cannot_be_asked_is_itself_an_incident(monkeypatch):
    broken = watchdog.Watch("broken", "select no_such_column from complaints_clock", "x")
    monkeypatch.setattr(watchdog, "WATCHES", (broken,))
    assert look() == {"broken": 1}


def test_the_command_says_by_its_status_whether_something_is_wrong():
    Heartbeat.objects.filter(name="clockwork").update(at=clock.now() - 2 * MINUTE)
    found = subprocess.run([sys.executable, "manage.py", "watchdog", "--once"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert found.returncode == 1, found.stderr[-500:]
    assert "clockwork: 1 the clockwork has not beaten for a minute" in found.stdout
