"""Who is told what: the rungs of the ladder, one message after an outage, history told to nobody."""

from datetime import timedelta

import pytest

from alerts import notices, rings
from alerts.models import Notice
from complaints import queries, sla_policies, tickets
from complaints.intake import Complaint, file
from complaints.models import Clock, Escalation
from complaints.tickets import Opening
from cxms.lib import clock
from feedback import intake
from feedback.intake import Source
from feedback.models import Feedback
from feedback.shapes import RawVoice
from tenancy.models import Member

SOURCE = Source(b"x", "text/plain", "t")


def filed(shop, unit="S001", **fields):
    voice = RawVoice(channel="phone", text="要求退款，没人处理", unit=unit)
    with shop.scope():
        ticket, _ = file(Complaint(voice, **fields), organisation=shop.id, source=SOURCE, now=clock.now())
        return ticket


def names(shop, ticket, level):
    with shop.scope():
        row = queries.by_id(ticket.id, organisation=shop.id)
        found = notices.recipients(row, level, now=clock.now())
        known = {member.id: member.name for member in Member.objects.all()}
        return {known[one.key] for one in found.told}


def test_the_rungs_of_the_ladder(shop):
    ticket = filed(shop)
    assert names(shop, ticket, "0.5") == {"frontline", "store_manager"}
    assert names(shop, ticket, "0.75") == {"frontline", "store_manager"}
    assert names(shop, ticket, "1") == {"frontline", "store_manager", "region_manager"}
    assert names(shop, ticket, "+1800") == {"frontline", "store_manager", "region_manager", "executive"}


def test_an_owner_is_told_first_and_an_absent_one_is_passed_over(shop):
    from complaints import moves

    ticket = filed(shop)
    with shop.scope():
        fields = {"assignee": shop.members["frontline"].user.email}
        moves.apply(ticket.id, "assign", fields, organisation=shop.id, actor="t")
    assert names(shop, ticket, "0.5") == {"frontline"}
    with shop.scope():
        Member.objects.filter(name="frontline").update(absent=True)
    assert names(shop, ticket, "0.5") == {"store_manager"}


def test_an_empty_rung_passes_to_the_next_one_up(shop):
    assert names(shop, filed(shop, unit="S003"), "0.5") == {"executive"}
    with shop.scope():
        Member.objects.filter(name="executive").update(absent=True)
    assert names(shop, filed(shop, unit="S003"), "0.5") == {"admin", "cx_manager"}


def test_a_complaint_goes_straight_to_the_executives_once(shop, work):
    ticket = filed(shop)
    work()
    with shop.scope():
        assert [n.recipient.name for n in Notice.objects.filter(purpose="executives")] == ["executive"]
        rings.begin_direct(ticket.id, organisation=shop.id, now=clock.now())
        assert Notice.objects.filter(purpose="executives").count() == 1


def test_reading_it_meets_the_clause_at_that_instant(shop, work):
    ticket = filed(shop)
    work()
    with shop.scope():
        notice = Notice.objects.get(purpose="executives")
        read_at = clock.database_now()
        notices.read(notice.id, shop.members["executive"], organisation=shop.id, now=read_at)
        assert notices.read(notice.id, shop.members["frontline"], organisation=shop.id, now=read_at) is None
    work()
    with shop.scope():
        row = Clock.objects.get(ticket=ticket, kind="notify")
        assert (row.state, row.stopped_at) == ("met", read_at)


def test_e18_after_an_outage_every_level_has_its_row_and_everyone_one_message(shop, work):
    """Received 2 h 40 min ago and seen only now: rows for all four levels with their lateness, one mail a person."""
    now = clock.now()
    received = now - timedelta(minutes=160)
    clause = {"code": "solution", "kind": "solution", "target_seconds": 7200, "calendar": "always"}
    with shop.scope():
        sla_policies.put("two", {"name": "两小时", "clauses": [clause]}, organisation=shop.id, now=now, actor="t")
        voice = RawVoice(channel="email", text="要求退款", unit="S001")
        (receipt,) = intake.receive(
            [voice], organisation=shop.id, source=SOURCE, now=now, received_at=received, announce=False
        )
        opening = Opening(Feedback.objects.get(id=receipt.id), policy="two")
        ticket = tickets.open_ticket(opening, organisation=shop.id, now=now, actor="mailbox")
    work()
    with shop.scope():
        rows = {row.level: row for row in Escalation.objects.filter(ticket=ticket)}
        late = {level: round(row.late_seconds, -1) for level, row in rows.items()}
        assert late == {"0.5": 6000, "0.75": 4200, "1": 2400, "+1800": 600}
        told = [(n.recipient.name, n.data["level"]) for n in Notice.objects.filter(purpose="escalation")]
    assert sorted(told) == [
        ("executive", "+1800"), ("frontline", "+1800"), ("region_manager", "+1800"), ("store_manager", "+1800"),
    ]  # fmt: skip


def test_history_is_told_to_nobody(shop, work):
    filed(shop, received_at=clock.now() - timedelta(days=2))
    work()
    with shop.scope():
        assert Escalation.objects.count() > 0
        assert Notice.objects.count() == 0


@pytest.mark.parametrize(("language", "word"), [("zh-hans", "直达高管"), ("zh-hant", "直達高管"), ("en", "executive")])
def test_a_notice_speaks_its_readers_language(shop, work, language, word):
    from alerts.wording import words

    filed(shop)
    work()
    with shop.scope():
        notice = Notice.objects.select_related("ticket", "ticket__unit").get(purpose="executives")
        assert word in words(notice, language=language).subject.lower()
