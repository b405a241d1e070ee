"""Bulk history comes out as the same moves made one by one: clocks, verdicts, levels, state."""

from datetime import datetime, timedelta

import pytest

from complaints import clocks, history, moves, sla_policies, tickets
from complaints.clocks import Moment
from complaints.history import Case, HistoryError, Step
from complaints.lifecycle import MoveNotAllowed
from complaints.models import Clock, Escalation, Move, Ticket
from complaints.tickets import Opening
from feedback import intake
from feedback.intake import Source
from feedback.models import Feedback
from feedback.shapes import RawVoice

START = datetime.fromisoformat("2026-03-02T10:00:00+08:00")
FIVE = dict.fromkeys(("who", "when", "where", "what", "evidence"), "已查明") | {"signed": True}
PROPOSAL = {"text": "换新", "compensation": "", "wait": False}
HISTORIES = [
    (),
    ((5, "reply", {"text": "您好"}),),
    ((5, "reply", {"text": "您好"}), (50, "reconstruct", FIVE), (70, "propose", PROPOSAL), (119, "accept", {"consent": "verbal"})),
    ((80, "reconstruct", FIVE), (100, "propose", PROPOSAL), (150, "accept", {"consent": "customer"}), (3000, "reflect", {"cause": "a", "why": "", "prevention": "b"}), (3001, "close", {})),
    ((120, "propose", PROPOSAL), (120, "accept", {"consent": "customer"})),
    ((10, "resolve", {"text": "好了", "reason": ""}),),
]  # fmt: skip


def voice(shop, now, number):
    raw = RawVoice(channel="phone", text="我要投诉，修了三次还是坏", unit="S001", external_id=f"h{number}")
    (receipt,) = intake.receive(
        [raw], organisation=shop.id, source=Source(b"x", "x", "t"), now=now, received_at=START, announce=False
    )
    return Feedback.objects.get(id=receipt.id)


def shown(ticket):
    names = ("clause", "kind", "state", "started_at", "due_at", "stopped_at", "met_at", "breached_at", "cause", "next_fire_at")  # fmt: skip
    rows = Clock.objects.filter(ticket=ticket).exclude(kind="notify").order_by("position")
    levels = Escalation.objects.filter(ticket=ticket).exclude(clause="executives").order_by("fire_at", "clause")
    return {
        "state": ticket.state,
        "clocks": [{name: getattr(row, name) for name in names} for row in rows],
        "levels": [(row.clause, row.level, row.fire_at) for row in levels],
        "moves": list(Move.objects.filter(ticket=ticket).order_by("seq").values_list("kind", "at")),
        "resolved": (ticket.resolved_at, ticket.closed_at, ticket.first_reply_at),
    }


@pytest.mark.parametrize("steps", HISTORIES)
def test_bulk_equals_one_by_one(shop, now, steps):
    with shop.scope():
        policy = sla_policies.in_force(organisation=shop.id)[-1]
        case = Case(
            voice(shop, now, 1),
            "normal",
            steps=tuple(Step(START + timedelta(minutes=m), move, data) for m, move, data in steps),
        )
        (bulk,) = history.bring([case], organisation=shop.id, policy=policy, now=now, actor="t")
        opening = Opening(voice(shop, now, 2), severity="normal", is_history=True, has_moves=True)
        single = tickets.open_ticket(opening, organisation=shop.id, now=now, actor="t")
        for minutes, move, data in steps:
            at = START + timedelta(minutes=minutes)
            single = moves.apply(single.id, move, data, organisation=shop.id, actor="t", at=at)
        moment = Moment(at=single.received_at, written_at=clocks.database_now(), actor="t", is_history=True)
        clocks.catch_up(single, moment=moment)
        assert shown(Ticket.objects.get(id=bulk.id)) == shown(Ticket.objects.get(id=single.id))
        assert bulk.number[:-3] == single.number[:-3]
        assert {bulk.number[-3:], single.number[-3:]} == {"001", "002"}


def test_what_cannot_be_is_refused_whole(shop, now):
    with shop.scope():
        policy = sla_policies.in_force(organisation=shop.id)[-1]
        row = voice(shop, now, 1)
        for move, error in (("accept", MoveNotAllowed), ("hold", HistoryError)):
            case = Case(row, "normal", steps=(Step(START, move),))
            with pytest.raises(error):
                history.bring([case], organisation=shop.id, policy=policy, now=now, actor="t")
        assert Ticket.objects.count() == 0
