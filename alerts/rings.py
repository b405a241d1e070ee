"""Ringing: a level that fired is told at once and again, until it is acknowledged, done, or was told often enough.

`promise.escalated` begins a ring and tells it in the same transaction; the timer `rings` tells it again. One row per
level under a unique key, locked with SKIP LOCKED, and notices under keys that carry the number of the telling: eight
workers tell nobody twice. What to do when is `complaints.ladder`, pure.
"""

import uuid
from datetime import datetime, timedelta
from typing import Any

from alerts import notices, passing
from alerts.models import Notice, Ring
from complaints import acknowledgements, ladder, queries
from complaints.enums import ClockState
from complaints.ladder import Ack, Standing
from complaints.models import Clock, Ticket
from cxms.lib import dispatch, failpoints
from cxms.lib.ids import new_id

DUE = "select organisation_id from alerts_ring where next_at <= clock_timestamp() group by 1 order by min(next_at)"
NEXT = "select min(next_at) from alerts_ring where next_at is not null"
BATCH = 50
DIRECT = "direct"
UNREAD = timedelta(minutes=10)
OVER = {ClockState.MET, ClockState.EXCUSED, ClockState.CANCELLED}


def due_organisations() -> list[int]:
    """Organisations with a level to be told again now. As the dispatcher, outside any scope."""
    return [int(row[0]) for row in dispatch.rows(DUE)]


def next_at() -> datetime | None:
    """The next instant at which any level is told again."""
    found: datetime | None = dispatch.rows(NEXT)[0][0]
    return found


def begin(ticket_id: uuid.UUID, data: dict[str, Any], *, organisation: int, now: datetime) -> Ring | None:
    """The levels that fired together ring as the highest of them, at once unless an acknowledgement holds a warning."""
    ticket = queries.by_id(ticket_id, organisation=organisation)
    if ticket is None:
        return None
    level = max(data["levels"], key=ladder.order)
    row, _fresh = Ring.objects.get_or_create(
        organisation_id=organisation,
        ticket=ticket,
        clause=data["clause"],
        cycle=data["cycle"],
        level=level,
        defaults={"id": new_id(), "kind": data["kind"], "levels": data["levels"], "fired_at": now, "next_at": now},
    )
    lower = Ring.objects.filter(organisation_id=organisation, ticket=ticket, clause=row.clause, cycle=row.cycle, next_at__isnull=False)
    for other in lower.exclude(level=DIRECT).select_for_update():
        if ladder.order(other.level) < ladder.order(level):
            _end(other, "passed", now)
    if row.ended_at is None and row.n_told == 0:
        _turn(row, ticket, now)
    return row


def begin_direct(ticket_id: uuid.UUID, *, organisation: int, now: datetime) -> Ring | None:
    """The executives' notice of a new cycle: told at once; unread for ten minutes, the next rung is told."""
    ticket = queries.by_id(ticket_id, organisation=organisation)
    if ticket is None:
        return None
    row, _fresh = Ring.objects.get_or_create(
        organisation_id=organisation,
        ticket=ticket,
        clause="",
        cycle=ticket.cycle,
        level=DIRECT,
        defaults={"id": new_id(), "kind": "notify", "fired_at": now, "next_at": now},
    )
    if row.ended_at is None and row.n_told == 0:
        _turn_direct(row, ticket, now)
    return row


def ring(*, organisation: int, now: datetime) -> int:
    """Tells one batch of due levels of an organisation again. Returns how many were looked at."""
    due = Ring.objects.select_for_update(skip_locked=True, of=("self",)).filter(organisation_id=organisation, next_at__lte=now)
    rows = list(due.select_related("ticket", "ticket__unit", "ticket__owner", "ticket__policy").order_by("next_at")[:BATCH])
    for row in rows:
        (_turn_direct if row.level == DIRECT else _turn)(row, row.ticket, now)
    failpoints.reach("rings.before_commit")
    return len(rows)


def _turn(row: Ring, ticket: Ticket, now: datetime) -> None:
    step = ladder.step(_standing(row, ticket), now=now)
    if step.rings:
        _tell(row, ticket, now)
    row.next_at = step.next_at
    if step.ended:
        row.ended_at, row.ended_for = now, step.ended
    row.save()


def _standing(row: Ring, ticket: Ticket) -> Standing:
    organisation = ticket.organisation_id
    clock = Clock.objects.filter(organisation_id=organisation, ticket=ticket, clause=row.clause, cycle=row.cycle).first()
    done = row.cycle != ticket.cycle or clock is None or clock.stopped_at is not None or clock.state in OVER
    return Standing(
        level=ladder.number(row.level),
        n_rung=row.n_told,
        # a level that fired is told once, whatever was done since: what is over only stops repeats
        is_over=done and row.n_told > 0,
        is_held=clock is not None and clock.state == ClockState.PAUSED,
        acks=acks_of(ticket, row.cycle),
        active_at=acknowledgements.active_at(ticket, organisation=organisation),
    )


def acks_of(ticket: Ticket, cycle: int) -> list[Ack]:
    """The acknowledgements of a cycle, as the ladder weighs them."""
    rows = acknowledgements.of_ticket(ticket, organisation=ticket.organisation_id)
    return [Ack(row.at, row.level) for row in rows if row.cycle == cycle]


def _tell(row: Ring, ticket: Ticket, now: datetime) -> None:
    # the levels that fired together are told as the highest: its rungs hold those of the lower ones
    decision = notices.recipients(ticket, row.level, now=now)
    key = f"escalation:{ticket.id}:{row.clause}:{row.cycle}:{row.level}" + (f":{row.n_told}" if row.n_told else "")
    detail = {"clause": row.clause, "kind": row.kind, "cycle": row.cycle, "level": row.level, "again": row.n_told}
    if not decision.told:
        passing.lost(ticket, key, organisation=ticket.organisation_id, now=now)
    notices.tell_decided(ticket, decision, "escalation", key, detail, organisation=ticket.organisation_id, now=now)
    row.n_told += 1


def _turn_direct(row: Ring, ticket: Ticket, now: datetime) -> None:
    organisation = ticket.organisation_id
    if row.n_told and (row.cycle != ticket.cycle or _is_seen(row, ticket)):
        _end(row, "seen", now)
        return
    key = f"executives:{ticket.id}:{row.cycle}"
    decision = notices.executives(ticket, row.n_told + 1, now=now)
    detail = {"again": row.n_told, "passed": row.n_told > 0}
    if not decision.told:
        passing.lost(ticket, key, organisation=organisation, now=now)
    notices.tell_decided(ticket, decision, "executives", key, detail, organisation=organisation, now=now)
    row.n_told += 1 + decision.n_passed
    row.next_at = now + UNREAD if row.n_told < len(notices.DIRECT_RUNGS) else None
    if row.next_at is None:
        row.ended_at, row.ended_for = now, "most"
    row.save()


def _is_seen(row: Ring, ticket: Ticket) -> bool:
    told = Notice.objects.filter(organisation_id=ticket.organisation_id, ticket=ticket, purpose="executives")
    seen = told.filter(key=f"executives:{ticket.id}:{row.cycle}", read_at__isnull=False).exists()
    return seen or bool(acks_of(ticket, row.cycle)) or ticket.state in acknowledgements.DONE


def _end(row: Ring, why: str, now: datetime) -> None:
    row.next_at, row.ended_at, row.ended_for = None, now, why
    row.save()
