"""History brought over in bulk: thousands of finished or standing cases in a handful of statements.

For a desk that moves house and for the demo. Only moves that follow one another without holds, reopenings or changes of
target; those go through `moves.apply`. The same pure tables decide (lifecycle, clock_specs, verdicts), and a test
compares the outcome with `moves.apply` row by row. Nobody is told of history.
"""

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import connection

from complaints import clock_specs, clocks, holding, lifecycle, tickets, verdicts
from complaints.clocks import Hours, Moment
from complaints.enums import ClockState
from complaints.models import Clock, Escalation, Holding, Move, PolicyVersion, Ticket
from cxms.lib.errors import DomainError
from cxms.lib.ids import new_id, new_ids
from feedback import masking
from feedback.models import Feedback
from ledger.facts import record
from tenancy import queries
from tenancy.models import Member, Unit

LINEAR = frozenset({"assign", "note", "reply", "reconstruct", "propose", "accept", "resolve", "reflect", "close"})


class HistoryError(DomainError):
    """A case that cannot be brought over this way."""


@dataclass(frozen=True)
class Step:
    """One move of the past."""

    at: datetime
    move: str
    data: dict[str, Any] = field(default_factory=dict)
    actor_name: str = ""


@dataclass(frozen=True)
class Case:
    """A complaint of the past with what was done about it, in order."""

    feedback: Feedback
    severity: str
    topics: tuple[str, ...] = ()
    title: str = ""
    owner: Member | None = None
    steps: tuple[Step, ...] = ()


@dataclass
class _Rows:
    tickets: list[Ticket] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    clocks: list[Clock] = field(default_factory=list)
    escalations: list[Escalation] = field(default_factory=list)
    holdings: list[Holding] = field(default_factory=list)


def bring(
    cases: Sequence[Case], *, organisation: int, policy: PolicyVersion, now: datetime, actor: str
) -> list[Ticket]:
    """Writes the cases with clocks and verdicts as if the moves had been made then. In the open scope.

    Raises MoveNotAllowed for an impossible sequence and HistoryError for a move that is not linear; nothing is kept.
    """
    units = {unit.id: unit for unit in Unit.objects.filter(organisation_id=organisation)}
    zone = queries.zone(queries.organisation(organisation).timezone)
    days = [case.feedback.received_at.astimezone(zone).date() for case in cases]
    numbers = _numbers(days, organisation)
    moment = Moment(at=now, written_at=now, actor=actor, is_history=True)
    calendars = {
        unit: tickets.calendars_of(policy.clauses, units.get(unit) if unit else None, organisation)
        for unit in {case.feedback.unit_id for case in cases}
    }
    rows = _Rows()
    for case, day, number in zip(cases, days, numbers, strict=True):
        ticket = _ticket(case, policy, day, number, organisation)
        rows.tickets.append(ticket)
        rows.holdings.append(holding.first(ticket, units[case.feedback.unit_id] if case.feedback.unit_id else holding.holder_of(ticket)))
        _play(case, ticket, calendars[case.feedback.unit_id], rows, moment)
    Ticket.objects.bulk_create(rows.tickets, batch_size=2000)
    Move.objects.bulk_create(rows.moves, batch_size=2000)
    Clock.objects.bulk_create(rows.clocks, batch_size=2000)
    Escalation.objects.bulk_create(rows.escalations, batch_size=2000)
    for row in rows.holdings:
        row.to_at = row.ticket.resolved_at
    Holding.objects.bulk_create(rows.holdings, batch_size=2000)
    record("history.brought", str(organisation), {"n": len(cases)}, organisation=organisation, now=now, actor=actor)
    return rows.tickets


def _numbers(days: Sequence[date], organisation: int) -> list[str]:
    wanted = Counter(days)
    last: dict[date, int] = {}
    with connection.cursor() as cursor:
        for day, n in sorted(wanted.items()):
            cursor.execute(
                "insert into complaints_ticketcounter (id, organisation_id, day, last) values (%s, %s, %s, %s) "
                "on conflict (organisation_id, day) do update set last = complaints_ticketcounter.last + excluded.last "
                "returning last",
                [new_id(), organisation, day, n],
            )
            last[day] = int((cursor.fetchone() or (0,))[0]) - n
    numbers = []
    for day in days:
        last[day] += 1
        numbers.append(f"C-{day:%y%m%d}-{last[day]:03d}")
    return numbers


def _ticket(case: Case, policy: PolicyVersion, day: date, number: str, organisation: int) -> Ticket:
    voice = case.feedback
    return Ticket(
        id=new_id(),
        organisation_id=organisation,
        number=number,
        feedback=voice,
        title=masking.hidden(case.title)[:120] or tickets.title_of(masking.hidden(voice.text)),
        severity=case.severity,
        customer_id=voice.customer_id,
        unit_id=voice.unit_id,
        staff_id=voice.staff_id,
        touchpoint_id=voice.touchpoint_id,
        channel=voice.channel,
        topics=list(case.topics),
        owner=case.owner,
        policy=policy,
        received_at=voice.received_at,
        local_day=day,
        opened_at=voice.received_at,
        is_history=True,
        version=1,
    )


def _play(case: Case, ticket: Ticket, calendar_of: dict[str, Hours], rows: _Rows, moment: Moment) -> None:
    held = clocks.fresh(ticket, ticket.policy.clauses, calendar_of)
    for clock in held:
        if clock.kind == "notify":
            # the executives of that day were told when it came in
            clock.stopped_at, clock.stopped_by = ticket.received_at, "notified"
    _note(rows, ticket, Step(ticket.received_at, "opened", {"channel": ticket.channel}), moment)
    for step in case.steps:
        if step.move not in LINEAR:
            raise HistoryError(f"{step.move} is not brought over in bulk", code="not_linear", field="move")
        ticket.state = lifecycle.next_state(ticket.state, step.move)
        ticket.version += 1
        _effect(ticket, step)
        for clock in held:
            if clock_specs.stops(clock.kind, step.move) and clock.started_at and not clock.stopped_at:
                clock.stopped_at, clock.stopped_by = step.at, step.move
            elif clock_specs.starts(clock.kind, step.move) and clock.started_at is None:
                clock.started_at = step.at
        _note(rows, ticket, step, moment)
    for clock in held:
        _judge(clock, rows, moment)
    rows.clocks += held


def _effect(ticket: Ticket, step: Step) -> None:
    if step.move in {"reply", "propose"}:
        ticket.first_reply_at = ticket.first_reply_at or step.at
    if step.move == "reconstruct":
        ticket.reconstruction = {**step.data, "at": step.at.isoformat()}
    elif step.move == "propose":
        ticket.proposal = {**step.data, "at": step.at.isoformat(), "answer": ""}
    elif step.move == "accept":
        ticket.proposal = {**ticket.proposal, "answer": "accepted"}
    if step.move in {"accept", "resolve"}:
        ticket.resolved_at = ticket.resolved_at or step.at
    elif step.move == "close":
        ticket.closed_at = step.at


def _note(rows: _Rows, ticket: Ticket, step: Step, moment: Moment) -> None:
    rows.moves.append(
        Move(
            id=new_id(),
            organisation_id=ticket.organisation_id,
            ticket=ticket,
            seq=ticket.version,
            kind=step.move,
            at=step.at,
            recorded_at=moment.written_at,
            actor=moment.actor[:120],
            actor_name=step.actor_name,
            data=step.data,
        )
    )


def _judge(clock: Clock, rows: _Rows, moment: Moment) -> None:
    until = clock.stopped_at or moment.written_at
    found = clocks.verdict(clock, [], now=until)
    if found is None:
        return
    clock.due_at, clock.breached_at, clock.cause = found.due_at, found.breached_at, found.cause
    clock.state = ClockState.BREACHED if found.breached_at else ClockState.MET if clock.stopped_at else ClockState.RUNNING
    clock.met_at = clock.stopped_at if clock.stopped_at and not found.breached_at else None
    clock.next_fire_at = None if clock.stopped_at else found.next_fire_at
    levels = [level for level in verdicts.fired(found, until) if level.name != "1" or found.breached_at]
    keys: list[uuid.UUID] = new_ids(len(levels)) if levels else []
    for key, level in zip(keys, levels, strict=True):
        rows.escalations.append(clocks.escalation(clock, level, found, moment, key=key))
