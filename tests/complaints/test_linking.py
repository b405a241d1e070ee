"""Complaints that belong together: nothing goes round, nothing crosses tenants, every rate stays right."""

from datetime import UTC, datetime, timedelta

import pytest

from complaints import bulk, holding, linking, links, moves
from complaints.intake import Complaint, file
from complaints.lifecycle import MoveNotAllowed
from complaints.models import BulkRun, Clock, Move, Ticket, TicketLink
from customers.cards import Card
from cxms.lib.periods import Period
from feedback.intake import Source
from feedback.shapes import RawVoice
from metrics.series import Where, series

CHEN, LIN = Card(external_id="K-1", name="陈建国", phone="13812346629"), Card(external_id="K-2", name="林晓", phone="13912346620")


def told(shop, n, customer=CHEN, **more):
    """A complaint of a customer; in the open scope."""
    voice = RawVoice(channel="phone", unit="S001", text=f"耳机左侧无声，要求退货 {n}", external_id=f"l-{n}", customer=customer)
    ticket, _ = file(Complaint(voice, **more), organisation=shop.id, source=Source(b"{}", "x", "t"), now=datetime.now(UTC))
    return ticket


def do(shop, ticket, move, actor="key:t", **fields):
    return moves.apply(ticket.id, move, fields, organisation=shop.id, actor=actor)


def attainment(shop):
    now = datetime.now(UTC)
    period = Period((now - timedelta(days=3)).date(), (now + timedelta(days=2)).date())
    found = series(organisation=shop.id, metric="promise_attainment", period=period, where=Where(clause="first_response"), now=now, raw=True)
    rate = series(organisation=shop.id, metric="resolution_rate", period=period, where=Where(), now=now, raw=True)
    return found.points[0].n, rate.points[0].n


def test_a_duplicate_leaves_every_rate_and_comes_back_within_ten_minutes(shop, work):
    with shop.scope():
        first, second = told(shop, 1), told(shop, 2)
        do(shop, second, "reply", text="您好")
        before = list(Clock.objects.filter(ticket=second).order_by("clause").values_list("clause", "state", "due_at", "next_fire_at"))
        rates = attainment(shop)
        do(shop, second, "duplicate", of=first.number)
        kept = Ticket.objects.get(id=second.id)
        assert (kept.state, kept.duplicate_of) == ("closed", first)
        assert set(Clock.objects.filter(ticket=second).values_list("state", "cause", "next_fire_at")) == {("cancelled", "duplicate", None)}
        after = attainment(shop)
        assert after[1] == rates[1] - 1
        with pytest.raises(MoveNotAllowed):
            do(shop, second, "reopen", reason="x")
        do(shop, second, "unduplicate")
        assert list(Clock.objects.filter(ticket=second).order_by("clause").values_list("clause", "state", "due_at", "next_fire_at")) == before
        assert attainment(shop) == rates
        rows = holding.of_ticket(Ticket.objects.get(id=second.id))
        assert [(row.from_at, row.to_at) for row in rows] == [(second.received_at, None)]
        do(shop, second, "duplicate", of=first.number.lower())
        TicketLink.objects.filter(ended_at=None).update(made_at=datetime.now(UTC) - timedelta(minutes=10))
        with pytest.raises(MoveNotAllowed, match="十分钟"):
            do(shop, second, "unduplicate")
    work()
    with shop.scope():
        said = Move.objects.filter(ticket=first, kind="linked").order_by("seq").values_list("data__ended", flat=True)
        assert list(said) == [False, True, False]


def test_nothing_goes_round_and_nothing_crosses(shop, stranger):
    with stranger.scope():
        foreign = told(stranger, 1)
    with shop.scope():
        one, two, three, other = told(shop, 1), told(shop, 2), told(shop, 3), told(shop, 4, LIN)
        for ticket, of, code in (
            (one, one.number, "same_ticket"), (one, two.number, "later"), (two, "C-990101-001", "unknown_ticket"),
            (other, one.number, "other_customer"),
        ):  # fmt: skip
            with pytest.raises((moves.TicketError, MoveNotAllowed)) as refused:
                do(shop, ticket, "duplicate", of=of)
            assert refused.value.code == code
        do(shop, two, "duplicate", of=one.number)
        for move in ("duplicate", "join_incident"):
            with pytest.raises(MoveNotAllowed) as refused:
                do(shop, three, move, of=two.number)
            assert refused.value.code == "is_duplicate"
        with pytest.raises(MoveNotAllowed):
            do(shop, one, "duplicate", of=foreign.number) if foreign.number != one.number else do(shop, two, "duplicate", of=one.number)
        do(shop, other, "join_incident", of=three.number)
        with pytest.raises(MoveNotAllowed):
            do(shop, three, "join_incident", of=one.number)  # a parent is no child
        with pytest.raises((MoveNotAllowed, moves.TicketError)):
            do(shop, three, "join_incident", of=other.number)


def test_the_customer_of_a_duplicate_follows_one_thread_and_nobody_elses(shop, client):
    with shop.scope():
        first, second, unknown = told(shop, 1), told(shop, 2), told(shop, 3, None)
        do(shop, first, "reply", text="只给陈先生看的话")
        do(shop, second, "duplicate", of=first.number)
        do(shop, unknown, "duplicate", of=first.number)
        tokens = [links.token_for(one.id, organisation=shop.id) for one in (second, unknown)]
    mine = client.get(f"/p/{tokens[0]}/").content.decode()
    assert "只给陈先生看的话" in mine
    assert "我们合在一起办" in mine
    theirs = client.get(f"/p/{tokens[1]}/").content.decode()
    assert "只给陈先生看的话" not in theirs
    assert "我们合在一起办" in theirs
    client.post(f"/p/{tokens[0]}/", {"text": "我还想补一句"})
    with shop.scope():
        assert Move.objects.filter(ticket=first, kind="message").count() == 1


def test_an_incident_speaks_once_and_every_customer_hears_it(shop, work):
    with shop.scope():
        tickets = [told(shop, n, Card(external_id=f"K-{n}", name=f"客{n}", phone=f"1381234662{n}")) for n in range(4)]
    manager = shop.page("store_manager")
    sent = manager.post("/promises/incident/", {"ticket": [one.number for one in reversed(tickets)]})
    assert sent["Location"] == f"/promises/{tickets[0].number}/"
    manager.post("/promises/incident/", {"ticket": [one.number for one in tickets]})
    with shop.scope():
        assert TicketLink.objects.filter(kind="incident", ended_at=None).count() == 3
        do(shop, tickets[3], "resolve", text="已退")
        do(shop, tickets[3], "close") if not Clock.objects.filter(ticket=tickets[3], kind="reconstruction", stopped_at=None).exists() else None
        version = Ticket.objects.get(id=tickets[0].id).version
    url = f"/promises/{tickets[0].number}/"
    assert manager.post(f"{url}moves/", {"move": "reply", "version": version, "text": "停电影响了这一片，今晚恢复"}).status_code == 302
    work()
    with shop.scope():
        run = BulkRun.objects.get(move="reply")
        assert run.member == shop.members["store_manager"]
        assert sorted(row.outcome for row in bulk.rows_of(run)) == ["done", "done", "done"]
        heard = Move.objects.filter(kind="reply", data__text="停电影响了这一片，今晚恢复").values_list("ticket_id", flat=True)
        assert set(heard) == {one.id for one in tickets}
        do(shop, tickets[0], "resolve", text="已恢复")
    assert "把 2 宗子投诉也标为已解决" in manager.get(url).content.decode()
    result = manager.post(f"{url}children/", follow=True)
    assert result.redirect_chain[0][0].startswith("/promises/bulk/")
    with shop.scope():
        assert set(Ticket.objects.values_list("state", flat=True)) == {"resolved"}
        rows = {row.ticket_id: row.outcome for row in bulk.rows_of(BulkRun.objects.get(move="resolve"))}
        assert rows == {tickets[1].id: "done", tickets[2].id: "done", tickets[3].id: "refused"}


def test_one_voice_two_complaints_from_the_same_receipt(shop, stranger):
    with shop.scope():
        ticket = told(shop, 1)
        do(shop, ticket, "hold", reason="waiting_customer", proof="")
        do(shop, ticket, "resume")
    page, url = shop.page("store_manager"), f"/promises/{ticket.number}/"
    with shop.scope():
        version = Ticket.objects.get(id=ticket.id).version
    fields = {"move": "split", "version": version, "title": "发票抬头开错", "severity": "low"}
    assert page.post(f"{url}moves/", {**fields, "title": " "}).status_code == 400
    assert stranger.page().post(f"{url}moves/", fields).status_code == 404
    assert page.post(f"{url}moves/", fields).status_code == 302
    assert page.post(f"{url}moves/", fields).status_code == 412  # the same form again
    with shop.scope():
        half = Ticket.objects.get(part=1)
        assert (half.title, half.severity, half.received_at, half.feedback_id) == ("发票抬头开错", "low", ticket.received_at, ticket.feedback_id)
        assert set(Clock.objects.filter(ticket=half, kind="reconstruction").values_list("started_at", flat=True)) == {ticket.received_at}
        whole = linking.target_of(half, "split")
        assert whole.target == ticket
        old, new = (list(one.values_list("from_at", "to_at")) for one in (holding_pauses(ticket), holding_pauses(half)))
        assert old == new
        assert len(old) == 1
    assert "发票抬头开错" in page.get(url).content.decode()


def holding_pauses(ticket):
    from complaints.models import Pause

    return Pause.objects.filter(ticket=ticket).order_by("from_at")
