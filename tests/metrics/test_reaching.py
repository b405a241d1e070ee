"""Response rate, coverage and repeat rate: complete windows only, by hand-counted rows, cut by unit and tier, blind to neighbours."""

from datetime import timedelta

from complaints.intake import Complaint, file
from customers import events
from customers.cards import Card
from customers.events import RawEvent
from cxms.lib.periods import Period
from feedback.intake import Source
from feedback.shapes import RawVoice
from metrics.series import series
from surveys.models import Invitation
from tests.metrics.voices import receive, voice
from tests.surveys.conftest import happen, person, publish

__all__ = ["happen", "publish"]


def read(shop, now, metric, **asked):
    today = now.date()
    with shop.scope():
        return series(organisation=shop.id, metric=metric, period=Period(today - timedelta(days=90), today + timedelta(days=2)), now=now, **asked).points


def test_the_response_rate_counts_windows_that_are_over(shop, stranger, publish, happen, now):
    publish(quiet_days=0)
    ids = [happen(f"o{n}", person(n, tier="gold" if n < 6 else "")).id for n in range(13)]
    with shop.scope():
        def when(keys, **fields):
            Invitation.objects.filter(id__in=keys).update(**fields)

        long_ago = now - timedelta(days=20)
        when(ids[:12], decided_at=long_ago, mailed_at=long_ago)
        when(ids[:5], answered_at=long_ago + timedelta(days=1))
        when(ids[5:6], answered_at=long_ago + timedelta(days=8))  # too late to count
        when(ids[10:11], mailed_at=None)  # never arrived
        when(ids[11:12], mailed_at=None, answered_at=long_ago + timedelta(days=2))  # no receipt, and yet it came
        when(ids[12:], decided_at=now - timedelta(days=1), mailed_at=now, answered_at=now)
    (point,) = read(shop, now, "response_rate")
    assert point.components == {"answered": 6, "delivered": 11, "running": 1}
    assert (round(point.value, 2), point.n) == (54.55, 11)
    assert {p.by["tier"]: p.n for p in read(shop, now, "response_rate", by=["tier"], raw=True)} == {"gold": 6, None: 5}
    assert [p.by["unit"] for p in read(shop, now, "response_rate", by=["unit"])] == ["S001"]
    assert read(stranger, now, "response_rate")[0].n == 0


def test_coverage_is_of_people_not_of_events(shop, stranger, now):
    day = now - timedelta(days=40)
    rows = [RawEvent(f"e{n}-{k}", "order", day + timedelta(days=k), customer=Card(external_id=f"c{n}"), unit="S001") for n in range(8) for k in range(2)]
    rows.append(RawEvent("late", "order", now - timedelta(days=3), customer=Card(external_id="late"), unit="S001"))
    rows.append(RawEvent("nobody", "order", day, unit="S001"))
    with shop.scope():
        events.receive(rows, organisation=shop.id, now=now)
    heard = [voice((day + timedelta(days=5)).date(), 9, customer=f"c{n}") for n in range(3)]
    receive(shop, [*heard, voice((day - timedelta(days=5)).date(), 9, customer="c5"), voice(now.date(), 9, customer="c6")], now=now)
    (point,) = read(shop, now, "coverage")
    assert point.components == {"heard": 3, "customers": 8, "running": 1}
    assert (point.value, point.n) == (37.5, 8)
    assert read(stranger, now, "coverage")[0].value is None


def test_who_complains_again_of_the_same_topic(shop, stranger, now):
    def complain(customer, days, text, topics):
        with shop.scope():
            at = now - timedelta(days=days)
            raw = RawVoice(channel="phone", text=text, unit="S001", occurred_at=at, customer=Card(external_id=customer) if customer else None)
            ticket, _ = file(Complaint(raw, received_at=at), organisation=shop.id, source=Source(b"x", "x", "t"), now=now)
            type(ticket).objects.filter(id=ticket.id).update(topics=topics)

    for n in range(5):
        complain(f"c{n}", 80, f"电池坏了 {n}", ["quality"])
    complain("c0", 60, "电池又坏了", ["quality", "price"])  # counts for c0's first; itself complete and alone
    complain("c1", 45, "电池又坏了", ["quality"])  # 35 days later
    complain("c2", 60, "太贵", ["price"])  # another topic
    complain("", 60, "没有名字", ["quality"])
    complain("c3", 5, "电池又坏了", ["quality"])  # too late for the first, still running itself
    (point,) = read(shop, now, "repeat_rate")
    assert point.components == {"repeated": 1, "complete": 8, "running": 1}
    assert (point.value, point.n) == (12.5, 8)
    assert read(stranger, now, "repeat_rate")[0].n == 0
