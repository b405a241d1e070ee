"""What is done goes after its time, in slices, once a day; what waits, is dead or fresh stays."""

from datetime import timedelta

import pytest

from integrations import purge as webhooks
from integrations.models import Endpoint, WebhookDelivery
from ledger import clockwork, facts, idempotency, purge, runner
from ledger.models import Delivery, Heartbeat, IdempotencyKey
from tests.integrations.conftest import Receiver, hook, receiver

__all__ = ["Receiver", "hook", "receiver"]


@pytest.fixture
def day():
    """A day on which nothing was purged yet."""
    Heartbeat.objects.filter(name__startswith="purge").delete()
    yield
    Heartbeat.objects.filter(name__startswith="purge").delete()


def deliveries(shop, now):
    with shop.scope():
        made = {}
        for name in ("fresh", "old", "dead", "waiting"):
            fact = facts.record("feedback.received", name, {"first": name, "last": name, "n": 0}, organisation=shop.id, now=now)
            made[name] = list(Delivery.objects.filter(fact_id=fact).values_list("id", flat=True))
        old = now - timedelta(days=7, minutes=1)
        Delivery.objects.filter(id__in=made["fresh"]).update(done_at=now - timedelta(days=6, hours=23))
        Delivery.objects.filter(id__in=made["old"]).update(done_at=old)
        Delivery.objects.filter(id__in=made["dead"]).update(dead_at=old)
        Delivery.objects.filter(id__in=made["waiting"]).update(run_at=now + timedelta(days=1))
        return made


def test_only_what_was_done_a_week_ago_goes(shop, stranger, day, now):
    made, theirs = deliveries(shop, now), deliveries(stranger, now)
    with shop.scope():
        for days, key in ((8, "old"), (6, "fresh")):
            row = idempotency.begin(organisation=shop.id, principal="p", route="r", key=key, body=b"", now=now - timedelta(days=days))
            idempotency.end(row, status=200, body={})
    clockwork.run_timers()
    with shop.scope():
        everything = {key for ids in made.values() for key in ids}
        left = set(Delivery.objects.filter(id__in=everything).values_list("id", flat=True))
        assert left == {key for name in ("fresh", "dead", "waiting") for key in made[name]}
        assert list(IdempotencyKey.objects.values_list("key", flat=True)) == ["fresh"]
    with stranger.scope():
        assert not Delivery.objects.filter(id__in=theirs["old"]).exists()
        assert Delivery.objects.filter(id__in=theirs["fresh"]).count() == len(theirs["fresh"])


def test_it_goes_in_slices_until_nothing_is_left_and_then_rests_for_a_day(shop, day, now, monkeypatch):
    monkeypatch.setattr(purge, "SLICE", 2)
    monkeypatch.setattr(purge, "SLICES", 2)
    with shop.scope():
        for i in range(11):
            facts.record("feedback.included", str(i), {}, organisation=shop.id, now=now)
        Delivery.objects.update(done_at=now - timedelta(days=8))
        n = Delivery.objects.count()
        assert n == 11
    counts = []
    while shop.id in purge.due_organisations():
        with shop.scope():
            counts.append(purge.purge(shop.id))
    assert counts == [4, 4, 3]
    while (rest := purge.due_organisations()) != []:
        for organisation in rest:
            from tenancy.scope import organisation_scope

            with organisation_scope(organisation):
                purge.purge(organisation)
    assert runner.silent_seconds(purge.HEARTBEAT) < 60
    with shop.scope():
        facts.record("feedback.included", "late", {}, organisation=shop.id, now=now)
        Delivery.objects.update(done_at=now - timedelta(days=8))
    assert purge.due_organisations() == [], "once a day"


def test_webhook_rows_that_ended_a_month_ago_go_and_waiting_ones_never(shop, hook, day, now):
    row, _ = hook()
    with shop.scope():
        for i, (state, days) in enumerate([("done", 31), ("dead", 31), ("done", 29), ("due", 0)]):
            fact = facts.record("feedback.deleted", str(i), {}, organisation=shop.id, now=now)
            WebhookDelivery.objects.create(
                organisation_id=shop.id, endpoint=row, fact_id=fact, kind="feedback.deleted", sequence=i, body=b"{}",
                created_at=now - timedelta(days=90), next_at=now + timedelta(days=1), state=state,
                finished_at=now - timedelta(days=days) if days else None,
            )  # fmt: skip
    assert shop.id in webhooks.due_organisations()
    clockwork.run_timers()
    with shop.scope():
        assert list(WebhookDelivery.objects.order_by("sequence").values_list("sequence", flat=True)) == [2, 3]
        assert Endpoint.objects.count() == 1


def test_a_timer_that_cannot_list_stops_no_other(shop, monkeypatch, day):
    ran = []
    monkeypatch.setattr(purge, "due_organisations", lambda: 1 / 0)
    monkeypatch.setattr(webhooks, "due_organisations", lambda: [shop.id])
    monkeypatch.setattr(webhooks, "run", lambda organisation: ran.append(organisation) or 1)
    clockwork.run_timers()
    assert ran == [shop.id]
