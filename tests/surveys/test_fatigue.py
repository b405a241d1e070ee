"""Why a person is not asked: each reason, their order, and what no batch order may break."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers import events
from customers.cards import Card
from customers.events import RawEvent
from cxms.lib import clock
from surveys import fatigue, invitations, surveys
from surveys.enums import Decision
from surveys.fatigue import Candidate, Rules
from surveys.models import Invitation
from tests.surveys.conftest import person, spec

NOW = clock.now()
FINE = Candidate(due_at=NOW, has_customer=True, email="a@b.example", is_unsubscribed=False, draw=0.5)
RULES = Rules(quiet_days=90, all_quiet_days=14, sample_percent=100)


def test_who_may_be_asked_is_asked():
    assert fatigue.judge(FINE, RULES, now=NOW) == ""


@pytest.mark.parametrize(
    ("change", "rules", "reason"),
    [
        ({}, {"is_paused": True}, "survey_paused"),
        ({"due_at": NOW - timedelta(days=3, seconds=1)}, {}, "too_late"),
        ({"has_customer": False, "email": ""}, {}, "no_customer"),
        ({"email": ""}, {}, "no_email"),
        ({"is_unsubscribed": True}, {}, "unsubscribed"),
        ({"asked_by_this": NOW - timedelta(days=89), "asked_by_any": NOW - timedelta(days=89)}, {}, "quiet_survey"),
        ({"asked_by_this": NOW + timedelta(hours=1)}, {}, "quiet_survey"),
        ({"asked_by_any": NOW - timedelta(days=13)}, {}, "quiet_global"),
        ({}, {"sample_percent": 50}, "not_sampled"),
        ({"draw": 0.499}, {"sample_percent": 50}, ""),
        ({"asked_by_this": NOW - timedelta(days=90), "asked_by_any": NOW - timedelta(days=14)}, {}, ""),
        ({"asked_by_this": NOW, "asked_by_any": NOW}, {"quiet_days": 0, "all_quiet_days": 0}, ""),
    ],
)
def test_each_reason(change, rules, reason):
    candidate = Candidate(**{**FINE.__dict__, **change})
    assert fatigue.judge(candidate, Rules(**{**RULES.__dict__, **rules}), now=NOW) == reason


def test_the_lot_falls_evenly_and_always_the_same():
    from cxms.lib.ids import new_ids

    survey, *many = new_ids(4001)
    drawn = [fatigue.draw(survey, event) for event in many]
    assert drawn == [fatigue.draw(survey, event) for event in many]
    assert 0.27 < sum(lot < 0.3 for lot in drawn) / 4000 < 0.33
    assert all(0 <= lot < 1 for lot in drawn)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(hours=st.lists(st.integers(0, 70), min_size=1, max_size=12), days=st.integers(1, 3), cut=st.integers(0, 12))
def test_no_order_of_batches_asks_a_person_twice_within_his_rest(hours, days, cut):
    from tests.shop import make_shop

    shop = make_shop()
    with shop.scope():
        row = surveys.create(spec(quiet_days=days, delay_minutes=0), code="x", organisation=shop.id, now=NOW, actor="t")
        surveys.move(row.id, "published", organisation=shop.id, now=NOW, actor="t")
        surveys.set_quiet_days(0, organisation=shop.id, now=NOW, actor="t")
        raw = [RawEvent(f"e{i}", "order", NOW + timedelta(hours=h), customer=person(1)) for i, h in enumerate(hours)]
        for part in (raw[:cut], raw[cut:]):
            if part:
                ids = [str(r.id) for r in events.receive(part, organisation=shop.id, now=NOW)]
                invitations.decide(ids[0], ids[-1], organisation=shop.id, now=NOW)
        rows = list(Invitation.objects.filter(organisation_id=shop.id))
    assert len(rows) == len(hours)
    asked = sorted(row.release_at for row in rows if row.decision == Decision.INVITED)
    assert asked
    assert all(later - earlier >= timedelta(days=days) for earlier, later in zip(asked, asked[1:], strict=False))


def test_each_reason_is_written_beside_its_event(shop, publish, happen, now):
    first = publish(quiet_days=30)
    assert happen("o1", person(1)).decision == "invited"
    assert (happen("o2", person(1)).decision, happen("o3", person(1)).reason) == ("not_asked", "quiet_survey")
    assert happen("o4").reason == "no_customer"
    assert happen("o5", Card(external_id="c5", phone="13812346629")).reason == "no_email"
    assert happen("o6", person(6), ago=timedelta(days=4)).reason == "too_late"
    assert happen("o7", person(7), ago=timedelta(days=31)) is None
    assert happen("v1", person(8), kind="visit") is None
    publish(code="visits", event_kind="visit", quiet_days=0)
    assert happen("v2", person(1), kind="visit").reason == "quiet_global"
    with shop.scope():
        surveys.set_quiet_days(0, organisation=shop.id, now=now, actor="t")
    assert happen("v3", person(1), kind="visit").decision == "invited"
    with shop.scope():
        surveys.change(
            first.id, spec(sample_percent=1), revision=first.revision, organisation=shop.id, now=now, actor="t"
        )
    assert [happen(f"s{i}", person(100 + i)).reason for i in range(3)].count("not_sampled") >= 2
    with shop.scope():
        surveys.move(first.id, "paused", organisation=shop.id, now=now, actor="t")
    assert happen("o9", person(9)).reason == "survey_paused"


def test_the_same_event_never_invites_twice(shop, publish, happen, now):
    publish(quiet_days=0)
    row = happen("o1", person(1))
    with shop.scope():
        for _ in range(3):
            invitations.decide(str(row.event), str(row.event), organisation=shop.id, now=now)
        assert Invitation.objects.filter(organisation_id=shop.id).count() == 1
    assert happen("o1", person(1)) is None, "a duplicate event is no event"


def test_a_survey_of_a_region_asks_about_its_own_stores(shop, publish, happen):
    publish(unit="EAST")
    assert happen("o1", person(1), unit="S001").decision == "invited"
    assert happen("o2", person(2), unit="S003") is None


def test_who_leaves_between_decision_and_mail_is_not_mailed(shop, publish, happen, now):
    publish(delay_minutes=60)
    row = happen("o1", person(1))
    assert row.release_at == now + timedelta(minutes=60)
    with shop.scope():
        assert invitations.release(organisation=shop.id, now=now + timedelta(minutes=59)) == 0
        invitations.unsubscribe(row.id, organisation=shop.id, now=now)
        assert invitations.release(organisation=shop.id, now=now + timedelta(minutes=61)) == 1
        row.refresh_from_db()
    assert (row.decision, row.reason, row.released_at) == ("not_asked", "unsubscribed", None)
    assert happen("o2", person(1)).reason == "unsubscribed"


def test_ten_thousand_events_are_decided_in_one_go(shop, publish, now):
    publish(quiet_days=0)
    raw = [RawEvent(f"e{i}", "order", now, customer=person(i % 50) if i % 2 else None) for i in range(2500)]
    with shop.scope():
        surveys.set_quiet_days(0, organisation=shop.id, now=now, actor="t")
        ids = [str(r.id) for r in events.receive(raw, organisation=shop.id, now=now)]
        assert invitations.decide(ids[0], ids[-1], organisation=shop.id, now=now) == 2500
        assert Invitation.objects.filter(organisation_id=shop.id, decision="invited").count() == 1250
