"""A level rings until somebody has it in hand: rows under unique keys, eight workers, acknowledgements that expire."""

from datetime import timedelta

import pytest

from alerts import acks, rings
from alerts.models import Notice, Ring
from complaints import moves, sla_policies
from complaints.intake import Complaint, file
from complaints.models import Acknowledgement, Clock, Escalation
from cxms.lib import clock
from feedback.intake import Source
from feedback.shapes import RawVoice
from ledger.models import Fact
from tests.eight import by_eight

SOURCE = Source(b"x", "text/plain", "t")
MINUTE = timedelta(minutes=1)


def filed(shop, text="要求退款，没人处理"):
    with shop.scope():
        ticket, _ = file(Complaint(RawVoice(channel="phone", text=text, unit="S001")), organisation=shop.id, source=SOURCE, now=clock.now())
        return ticket


def fire(shop, ticket, *levels, at, clause="solution"):
    """As `promise.escalated` of these levels would."""
    with shop.scope():
        kind = Clock.objects.get(ticket=ticket, clause=clause).kind
        data = {"clause": clause, "kind": kind, "cycle": 1, "levels": list(levels)}
        return rings.begin(ticket.id, data, organisation=shop.id, now=at)


def told(shop, ticket, purpose="escalation"):
    with shop.scope():
        rows = Notice.objects.filter(ticket=ticket, purpose=purpose).order_by("created_at", "recipient__name")
        return [(row.recipient.name, row.data.get("again", 0)) for row in rows]


def ring(shop, at):
    with shop.scope():
        return rings.ring(organisation=shop.id, now=at)


@pytest.fixture
def ticket(shop):
    return filed(shop)


def clause_of(shop, ticket):
    with shop.scope():
        return sorted(Clock.objects.filter(ticket=ticket).values_list("clause", flat=True))


def test_level_two_is_told_every_five_minutes_until_the_store_manager_acknowledges(shop, ticket, now):
    fire(shop, ticket, "0.75", at=now)
    assert ring(shop, now + 4 * MINUTE) == 0
    assert ring(shop, now + 5 * MINUTE) == 1
    assert told(shop, ticket) == [("frontline", 0), ("store_manager", 0), ("frontline", 1), ("store_manager", 1)]
    with shop.scope():
        acks.acknowledge(ticket, shop.members["store_manager"], organisation=shop.id, now=now + 6 * MINUTE, via="app")
    ring(shop, now + 10 * MINUTE)
    with shop.scope():
        assert Ring.objects.get(level="0.75").next_at == now + 36 * MINUTE
    assert len(told(shop, ticket)) == 4
    ring(shop, now + 36 * MINUTE)
    assert told(shop, ticket)[4:] == [("frontline", 2), ("store_manager", 2)], "no activity for half an hour: told again"


def test_a_lower_acknowledgement_does_not_silence_a_breach(shop, ticket, now):
    fire(shop, ticket, "1", at=now)
    with shop.scope():
        said = acks.acknowledge(ticket, shop.members["frontline"], organisation=shop.id, now=now + MINUTE, via="app")
        assert (said.row.level, said.fresh) == (1, True)
    ring(shop, now + 10 * MINUTE)
    assert len(told(shop, ticket)) == 6


def test_an_acknowledgement_holds_a_warning_but_not_the_next_breach(shop, ticket, now):
    with shop.scope():
        acks.acknowledge(ticket, shop.members["frontline"], organisation=shop.id, now=now, via="app")
    fire(shop, ticket, "0.5", at=now + MINUTE)
    assert told(shop, ticket) == []
    ring(shop, now + 15 * MINUTE)
    assert told(shop, ticket) == [("frontline", 0), ("store_manager", 0)]
    fire(shop, ticket, "1", at=now + 16 * MINUTE)
    assert len(told(shop, ticket)) == 5
    with shop.scope():
        assert Escalation.objects.filter(ticket=ticket).count() == 0, "the ladder tells; only the sweep writes what fired"


def test_the_clause_done_the_ring_is_over_and_a_higher_level_passes_a_lower(shop, ticket, now):
    fire(shop, ticket, "0.75", at=now)
    fire(shop, ticket, "1", at=now + MINUTE)
    with shop.scope():
        assert Ring.objects.get(level="0.75").ended_for == "passed"
        moves.apply(ticket.id, "propose", {"text": "退款"}, organisation=shop.id, actor="t")
        moves.apply(ticket.id, "accept", {"consent": "verbal"}, organisation=shop.id, actor="t")
    n = len(told(shop, ticket))
    ring(shop, now + 11 * MINUTE)
    with shop.scope():
        row = Ring.objects.get(level="1")
        assert (row.ended_for, row.next_at) == ("over", None)
    assert len(told(shop, ticket)) == n


def test_level_four_stops_after_eight_repeats(shop, ticket, now):
    fire(shop, ticket, "+1800", at=now)
    with shop.scope():
        acks.acknowledge(ticket, shop.members["executive"], organisation=shop.id, now=now + MINUTE, via="app")
    for i in range(1, 12):
        ring(shop, now + i * 30 * MINUTE)
    with shop.scope():
        row = Ring.objects.get(level="+1800")
        assert (row.n_told, row.ended_for) == (9, "most")
    assert [again for name, again in told(shop, ticket) if name == "executive"] == list(range(9))


def test_eight_workers_tell_each_repeat_once(shop, ticket, now):
    fire(shop, ticket, "1", at=now)

    def run():
        for _ in range(3):
            ring(shop, now + 10 * MINUTE)

    by_eight(run)
    assert sorted(told(shop, ticket)) == sorted([(name, n) for n in (0, 1) for name in ("frontline", "region_manager", "store_manager")])
    with shop.scope():
        assert Ring.objects.get(level="1").n_told == 2


def test_executives_who_do_not_read_in_ten_minutes_are_passed_over_once_a_rung(shop, now):
    ticket = filed(shop)
    with shop.scope():
        rings.begin_direct(ticket.id, organisation=shop.id, now=now)
    for i in range(1, 5):
        ring(shop, now + i * 10 * MINUTE)
    assert [name for name, _ in told(shop, ticket, "executives")] == ["executive", "cx_manager", "admin"]


def test_an_executive_who_reads_ends_it(shop, now):
    from alerts import notices

    ticket = filed(shop)
    with shop.scope():
        rings.begin_direct(ticket.id, organisation=shop.id, now=now)
        row = Notice.objects.get(purpose="executives")
        notices.read(row.id, shop.members["executive"], organisation=shop.id, now=now + 9 * MINUTE)
    ring(shop, now + 10 * MINUTE)
    with shop.scope():
        assert Ring.objects.get(level="direct").ended_for == "seen"
    assert [name for name, _ in told(shop, ticket, "executives")] == ["executive"]


def test_acknowledging_again_is_the_same_row_and_stamps_what_fired(shop, work):
    now = clock.now()
    clause = {"code": "solution", "kind": "solution", "target_seconds": 7200, "calendar": "always"}
    with shop.scope():
        sla_policies.put("two", {"name": "两小时", "clauses": [clause]}, organisation=shop.id, now=now, actor="t")
        ticket, _ = file(Complaint(RawVoice(channel="phone", text="投诉", unit="S001"), policy="two"), organisation=shop.id, source=SOURCE, now=now)
        early = now - timedelta(minutes=125)
        Clock.objects.filter(ticket=ticket).update(started_at=early, next_fire_at=early)
    work()
    with shop.scope():
        manager = shop.members["store_manager"]
        first = acks.acknowledge(ticket, manager, organisation=shop.id, now=clock.now(), via="app")
        again = acks.acknowledge(ticket, manager, organisation=shop.id, now=clock.now(), via="link")
        assert (again.row.id, again.fresh) == (first.row.id, False)
        assert Acknowledgement.objects.count() == 1
        stamped = dict(Escalation.objects.filter(ticket=ticket).values_list("level", "acknowledged_by"))
        assert stamped == {"0.5": f"user:{manager.user.email}", "0.75": f"user:{manager.user.email}", "1": ""}
        assert Fact.objects.filter(kind="complaint.acknowledged", subject=str(ticket.id)).count() == 1
        assert Clock.objects.get(ticket=ticket).stopped_at is None
        assert not Notice.objects.filter(recipient=manager, read_at__isnull=True).exists()


def test_the_timer_lists_only_who_has_something_to_tell(shop, stranger, now):
    ticket = filed(shop)
    fire(shop, ticket, "1", at=now - 11 * MINUTE)
    assert shop.id in rings.due_organisations()
    assert stranger.id not in rings.due_organisations()
    assert rings.next_at() <= now - MINUTE
