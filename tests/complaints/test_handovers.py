"""Handing over: whoever accepts holds, nobody else does, and the hours laid end to end are the ticket's open life."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.models import Notice
from complaints import handovers, holding, holding_figures, moves
from complaints.holding_figures import Asked
from complaints.intake import Complaint, file
from complaints.lifecycle import MoveNotAllowed
from complaints.models import Clock, Handover, Holding, Move, Ticket
from complaints.move_fields import MoveFieldError
from feedback.intake import Source
from feedback.shapes import RawVoice
from tenancy import members, units
from tenancy.models import User

MONDAY = datetime(2026, 3, 2, 1, tzinfo=UTC)
_count = itertools.count()
STEPS = ("hand_over", "hand_over", "accept_handover", "refuse_handover", "withdraw_handover", "resolve", "undo", "again", "note")


def department(shop, code="AFTER", name="售后部", *, minutes=""):
    """A department under the headquarters with one member of its own."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    with shop.scope():
        unit = units.add(
            organisation=shop.id, code=code, kind="department", name=name, parent=shop.units["HQ"], now=now, actor="test"
        )
        user = User.objects.create_user(f"{code.lower()}@{shop.organisation.slug}.example", name=name)
        shop.members[code] = members.add(
            organisation=shop.id, user=user, name=f"{name}的人", roles=[("frontline", unit)], now=now, actor="test"
        )
        if minutes:
            handovers.choose_target(unit, minutes, organisation=shop.id, now=now, actor="test")
    shop.units[code] = unit
    return unit


def ticket_of(shop, received_at=MONDAY):
    """A complaint of the store S001; in the open scope."""
    voice = RawVoice(channel="store", unit="S001", text="耳机左侧无声，要求退货", external_id=f"h-{next(_count)}")
    complaint = Complaint(voice, received_at=received_at)
    ticket, _ = file(complaint, organisation=shop.id, source=Source(b"{}", "x", "t"), now=datetime.now(UTC))
    return ticket


def do(shop, ticket, move, at=None, actor="key:t", **fields):
    return moves.apply(ticket.id, move, fields, organisation=shop.id, actor=actor, at=at)


def offer(shop, ticket, to="AFTER", **more):
    return do(shop, ticket, "hand_over", to=to, reason="要拆机检测", needed="今天给检测结论", **more)


def open_life(ticket, until):
    """The oracle: folds the moves, knows nothing of holdings. Undoing a solution takes it away."""
    spans, began, last_end = [], None, None
    for move in Move.objects.filter(ticket=ticket).order_by("seq"):
        if move.kind == "opened":
            began = move.at
        elif move.kind == "resolve" and began is not None:
            spans.append((began, move.at))
            began, last_end = None, len(spans) - 1
        elif move.kind == "reopen":
            began = spans.pop(last_end)[0] if move.data["mode"] == "undo" else move.at
    if began is not None:
        spans.append((began, until))
    return sum((end - start for start, end in spans), timedelta())


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 5 * 86_400_000_000)), max_size=14), to=st.data())
def test_the_holdings_laid_end_to_end_are_the_open_life(shop, steps, to):
    if "AFTER" not in shop.units:
        department(shop)
    with shop.scope():
        ticket = ticket_of(shop)
        at = MONDAY
        for step, later in steps:
            at += timedelta(microseconds=later)
            fields = {"text": "x"}
            move = step
            if step == "hand_over":
                fields = {"to": to.draw(st.sampled_from(("AFTER", "S002", "S003", "S001"))), "reason": "r", "needed": "n"}
            elif step in {"undo", "again"}:
                move, fields = "reopen", {"reason": "r", "mode": "undo" if step == "undo" else "new_cycle"}
            elif step == "refuse_handover":
                fields = {"reason": "r"}
            try:
                do(shop, ticket, move, at=at, **fields)
            except (MoveNotAllowed, moves.TicketError):
                continue
        until = at + timedelta(hours=1)
        rows = holding.of_ticket(ticket)
        assert sum(((row.to_at or until) - row.from_at for row in rows), timedelta()) == open_life(ticket, until)
        assert all(one.to_at is not None and one.to_at <= two.from_at for one, two in itertools.pairwise(rows))
        now_open = [row for row in rows if row.to_at is None]
        fresh = Ticket.objects.get(id=ticket.id)
        assert len(now_open) == (0 if fresh.state == "resolved" else 1)
        for row in now_open:
            assert row.unit == holding.holder_of(fresh)
        accepted = Move.objects.filter(ticket=ticket, kind="accept_handover").order_by("seq").last()
        assert holding.holder_of(fresh).name == (accepted.data["unit"] if accepted else "杭州西溪店")
        assert Handover.objects.filter(ticket=ticket, state="asked").exists() == (fresh.offered_id is not None)
        share = holding.shares(rows, now=until)
        assert sum(one.seconds for one in share) == pytest.approx(open_life(ticket, until).total_seconds())


def test_postgres_itself_refuses_two_holders_at_once(shop):
    department(shop)
    with shop.scope():
        ticket = ticket_of(shop)
        row = Holding(organisation_id=shop.id, ticket=ticket, unit=shop.units["S002"], from_at=MONDAY + timedelta(hours=1))
        with pytest.raises(IntegrityError, match="holding_no_overlap"), transaction.atomic():
            row.save(force_insert=True)
        do(shop, ticket, "resolve", at=MONDAY + timedelta(hours=1), text="好了")
        row.save(force_insert=True)


def test_offered_accepted_and_the_customers_clocks_never_stop(shop, work):
    unit = department(shop)
    with shop.scope():
        ticket = ticket_of(shop, received_at=None)
        due = dict(Clock.objects.filter(ticket=ticket).values_list("clause", "due_at"))
    giver, taker = shop.page("store_manager"), shop.page("AFTER")
    url = f"/promises/{ticket.number}/"
    assert taker.get(url).status_code == 404  # nothing of theirs yet
    fields = {"to": "AFTER", "reason": "要拆机检测", "needed": "今天给检测结论", "by": "2026-11-30T18:00"}
    with shop.scope():
        version = Ticket.objects.get(id=ticket.id).version
    sent = giver.post(f"{url}moves/", {"move": "hand_over", "version": version, **fields})
    assert sent.status_code == 302, sent.content.decode()[:500]
    work()
    with shop.scope():
        row = Handover.objects.get(ticket=ticket)
        assert (row.from_unit.code, row.to_unit, row.due_at - row.asked_at) == ("S001", unit, timedelta(minutes=30))
        assert row.by_at == datetime(2026, 11, 30, 10, tzinfo=UTC)
        told = Notice.objects.filter(ticket=ticket, purpose="handover")
        assert [(one.recipient.name, one.data["what"]) for one in told] == [("售后部的人", "asked")]
        version += 1
    assert "接手，由我负责" not in giver.get(url).content.decode()
    assert giver.post(f"{url}moves/", {"move": "accept_handover", "version": version}).status_code == 409
    assert "待我部门接收" in taker.get("/promises/?view=to_accept").content.decode()
    assert ticket.number in taker.get("/promises/?view=to_accept").content.decode()
    assert "接手，由我负责" in taker.get(url).content.decode()
    assert taker.post(f"{url}moves/", {"move": "accept_handover", "version": version}).status_code == 302
    work()
    with shop.scope():
        fresh = Ticket.objects.get(id=ticket.id)
        assert (fresh.holder, fresh.offered, fresh.owner, fresh.unit.code) == (unit, None, shop.members["AFTER"], "S001")
        assert dict(Clock.objects.filter(ticket=ticket).values_list("clause", "due_at")) == due
        accepted = Notice.objects.get(ticket=ticket, purpose="handover", data__what="accepted")
        assert accepted.recipient == shop.members["store_manager"]
    assert "时间去哪了" in giver.get(url).content.decode()


def test_refused_with_a_reason_withdrawn_or_solved_meanwhile(shop):
    department(shop)
    with shop.scope():
        ticket = ticket_of(shop)
        offer(shop, ticket)
        with pytest.raises(MoveNotAllowed):
            offer(shop, ticket, to="S002")  # one offer at a time
        with pytest.raises(MoveFieldError):
            do(shop, ticket, "refuse_handover", reason=" ")
        do(shop, ticket, "refuse_handover", reason="不归我们管")
        offer(shop, ticket)
        do(shop, ticket, "withdraw_handover")
        offer(shop, ticket)
        do(shop, ticket, "resolve", text="已退款")
        assert list(Handover.objects.order_by("asked_at").values_list("state", flat=True)) == ["refused", "withdrawn", "lapsed"]
        assert Ticket.objects.get(id=ticket.id).offered is None
        for to in ("S001", "NOWHERE"):
            with pytest.raises((moves.TicketError, MoveNotAllowed)):
                offer(shop, ticket, to=to)


def test_nobody_answers_in_the_units_own_time_and_its_managers_hear_of_it_once(shop, work):
    department(shop, minutes="1")
    with shop.scope():
        ticket = ticket_of(shop, received_at=None)
        actor = f"user:{shop.members['store_manager'].user.email}"
        offer(shop, ticket, actor=actor)
        row = Handover.objects.get(ticket=ticket)
        assert row.next_fire_at == row.due_at == row.asked_at + timedelta(minutes=1)
        # two minutes go by
        Handover.objects.filter(id=row.id).update(next_fire_at=row.asked_at - timedelta(minutes=1))
    work()
    work()
    with shop.scope():
        row = Handover.objects.get(ticket=ticket)
        assert row.escalated_at is not None
        assert row.next_fire_at is None
        told = Notice.objects.filter(ticket=ticket, purpose="handover", data__what="overdue")
        assert sorted(one.recipient.name for one in told) == ["admin", "cx_manager", "store_manager"]
        assert handovers.escalate(organisation=shop.id) == 0


def test_figures_by_unit_are_exact_and_the_same_at_every_door(shop, stranger):
    department(shop)
    day, hour = timedelta(days=1), timedelta(hours=1)
    now = datetime.now(UTC)
    with shop.scope():
        for n in range(6):
            ticket = ticket_of(shop, received_at=now - 3 * day)
            offer(shop, ticket, at=now - 3 * day + hour)
            do(shop, ticket, "accept_handover", at=now - 3 * day + 2 * hour)
            do(shop, ticket, "resolve", at=now - 3 * day + (3 + n) * hour, text="好了")
        one = ticket_of(shop, received_at=now - 3 * day)
        do(shop, one, "resolve", at=now - 3 * day + 4 * hour, text="好了")
        asked = Asked((now - 10 * day).date(), (now + 2 * day).date())
        found = {row.code: row for row in holding_figures.by_unit(asked, organisation=shop.id, now=now)}
    after, store = found["AFTER"], found["S001"]
    assert (after.n, after.n_open, after.seconds) == (6, 0, 21 * 3600)
    assert (after.median_seconds, after.p90_seconds) == (3.5 * 3600, 5.5 * 3600)
    assert (after.median_low, after.median_high) == (1 * 3600, 6 * 3600)
    assert (store.n, store.seconds, store.median_seconds) == (7, 16 * 3600, 2 * 3600)
    assert (after.share, store.share) == (21 / 37, 16 / 37)
    query = f"from={asked.from_date}&to={asked.to_date}"
    rows = {row["unit"]: row for row in shop.api("metrics:read").get(f"/api/v1/holding?{query}").json()["results"]}
    assert rows["AFTER"]["median_seconds"] == after.median_seconds
    assert rows["S001"]["share"] == store.share
    assert stranger.api("metrics:read").get(f"/api/v1/holding?{query}").json()["results"] == []
    assert shop.api("metrics:read").get("/api/v1/holding?from=2026-02-31").status_code == 422
    page = shop.page().get("/desk/holding/?days=28&holder=AFTER").content.decode()
    assert "n = 6" in page
    assert "56.8%" in page
    assert page.count(">C-") == 6
    assert "n = 6" not in stranger.page().get("/desk/holding/?days=28&holder=AFTER").content.decode()


def test_minutes_are_the_units_own_or_those_above(shop):
    page = shop.page("admin")
    assert page.post("/settings/handovers/", {"unit": "EAST", "minutes": "45"}).status_code == 302
    refused = page.post("/settings/handovers/", {"unit": "S003", "minutes": "0"})
    assert refused.status_code == 400
    assert "写 1 至 10080 之间的整数" in refused.content.decode()
    with shop.scope():
        found = [handovers.minutes_of(shop.units[code], organisation=shop.id) for code in ("S001", "EAST", "S003")]
    assert found == [45, 45, 30]
    assert 'placeholder="45"' in page.get("/settings/handovers/").content.decode()
    assert shop.page("store_manager").get("/settings/handovers/").status_code in {403, 404}
