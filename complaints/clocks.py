"""Promise clocks in the database: start, stop, settle. The arithmetic is `complaints.verdicts`, pure.

Every function here runs inside a transaction that holds the clock's row lock; whoever stops or sweeps asks
`database_now` after taking it. A fired level is one row under a unique key.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from complaints import clock_specs, hours_counted, verdicts
from complaints.enums import ClockState
from complaints.models import Clock, Escalation, Pause, Ticket
from complaints.verdicts import Level, TargetChange, Verdict
from cxms.lib import clock as time
from cxms.lib.ids import new_id
from ledger.facts import record
from tenancy import calendars
from tenancy.models import CalendarVersion

FINAL = frozenset({ClockState.EXCUSED, ClockState.CANCELLED})


@dataclass(frozen=True)
class Moment:
    """When something happens to a ticket: `at` by its own clock, `written_at` by PostgreSQL's; history is silent."""

    at: datetime
    written_at: datetime
    actor: str
    is_history: bool = False


@dataclass(frozen=True)
class Hours:
    """What a clause's calendar word means for a ticket when its clocks are made: a version, and the unit's own zone."""

    version: CalendarVersion
    zone: str = ""


def database_now() -> datetime:
    """PostgreSQL's clock: this floor's one door to a clock, asked after the row lock is held."""
    return time.database_now()


def locked(ticket: Ticket) -> list[Clock]:
    """All clocks of a ticket under row lock, in the policy's order."""
    return locked_many([ticket])[ticket.id]


def locked_many(tickets: Sequence[Ticket]) -> dict[uuid.UUID, list[Clock]]:
    """All clocks of tickets of one organisation under row lock, each ticket's in the policy's order."""
    found: dict[uuid.UUID, list[Clock]] = {ticket.id: [] for ticket in tickets}
    by_id = {ticket.id: ticket for ticket in tickets}
    rows = Clock.objects.select_for_update(of=("self",)).filter(ticket__in=list(by_id))
    if tickets:
        rows = rows.filter(organisation_id=tickets[0].organisation_id)
    for clock in rows.order_by("ticket", "cycle", "position", "id"):
        clock.ticket = by_id[clock.ticket_id]
        clock.as_read = _columns(clock)
        found[clock.ticket_id].append(clock)
    hours_counted.attach([clock for clocks in found.values() for clock in clocks])
    return found


def pauses_of(ticket: Ticket) -> list[Pause]:
    """The holds of a ticket in order."""
    return pauses_of_many([ticket])[ticket.id]


def pauses_of_many(tickets: Sequence[Ticket]) -> dict[uuid.UUID, list[Pause]]:
    """The holds of tickets of one organisation, each ticket's in order."""
    found: dict[uuid.UUID, list[Pause]] = {ticket.id: [] for ticket in tickets}
    for pause in Pause.objects.filter(organisation_id__in={ticket.organisation_id for ticket in tickets}, ticket__in=list(found)).order_by("from_at"):
        found[pause.ticket_id].append(pause)
    return found


def add_all(
    ticket: Ticket, clauses: Sequence[dict[str, Any]], *, moment: Moment, calendar_of: dict[str, Hours]
) -> list[Clock]:
    """The clocks of a new ticket as of its receipt: those that start with it run, the others wait."""
    rows = fresh(ticket, clauses, calendar_of)
    Clock.objects.bulk_create(rows)
    for row in rows:
        settle(row, [], until=moment.at, moment=moment)
    return rows


def add_one(
    ticket: Ticket, clause: dict[str, Any], position: int, hours: Hours, *, started_at: datetime | None, moment: Moment
) -> Clock:
    """One more clock on a running ticket, started or waiting."""
    row = _new(ticket, clause, position, hours, started_at)
    row.save(force_insert=True)
    settle(row, [], until=moment.at, moment=moment)
    return row


def fresh(ticket: Ticket, clauses: Sequence[dict[str, Any]], calendar_of: dict[str, Hours]) -> list[Clock]:
    """The unsaved clocks of a ticket's policy: those that start with it are started at its receipt."""
    rows = []
    for position, clause in enumerate(clauses):
        runs = clock_specs.starts(clause["kind"], clock_specs.OPENED)
        rows.append(
            _new(ticket, clause, position, calendar_of[clause["calendar"]], ticket.received_at if runs else None)
        )
    return rows


def catch_up(ticket: Ticket, *, moment: Moment) -> None:
    """Settles every open clock of a ticket up to the moment's writing: levels that lay in the past get their rows."""
    pauses = pauses_of(ticket)
    for clock in locked(ticket):
        if clock.stopped_at is None and clock.started_at is not None and clock.started_at <= moment.written_at:
            settle(clock, pauses, until=moment.written_at, moment=moment)


def _new(
    ticket: Ticket, clause: dict[str, Any], position: int, hours: Hours, started_at: datetime | None
) -> Clock:
    row = Clock(
        id=new_id(),
        organisation_id=ticket.organisation_id,
        ticket=ticket,
        clause=clause["code"],
        kind=clause["kind"],
        cycle=ticket.cycle,
        position=position,
        state=ClockState.RUNNING if started_at else ClockState.WAITING,
        calendar=hours.version,
        calendar_code=hours.version.code,
        hours=clause["calendar"],
        zone=hours.zone,
        target_seconds=clause["target_seconds"],
        warn_shares=clause["warn_shares"],
        after_seconds=clause["after_seconds"],
        after_calendar=clause.get("after_calendar", "same"),
        pausable_by=clause["pausable_by"],
        promise=clause.get("promise", ""),
        started_at=started_at,
    )
    # made under the version in force: nothing to splice in yet
    row.counting = calendars.by_key(hours.version.id, organisation=ticket.organisation_id, timezone=hours.zone)
    return row


def spans(clock: Clock, pauses: Iterable[Pause]) -> list[tuple[datetime, datetime | None]]:
    """The intervals in which this clock does not count: holds that may pause it, and undone stops."""
    held: list[tuple[datetime, datetime | None]] = [
        (pause.from_at, pause.to_at or pause.expires_at) for pause in pauses if pause.reason in clock.pausable_by
    ]
    undone = [(datetime.fromisoformat(start), datetime.fromisoformat(end)) for start, end in clock.gaps]
    return [*held, *undone]


def verdict(clock: Clock, pauses: Iterable[Pause], *, now: datetime) -> Verdict | None:
    """The truth about a started clock at an instant, worked out afresh; None while it waits."""
    if clock.started_at is None:
        return None
    changes: list[TargetChange] = [
        {"at": datetime.fromisoformat(change["at"]), "target_seconds": change["target_seconds"]}
        for change in clock.changes
    ]
    if clock.counting is None:
        hours_counted.attach([clock])
    assert clock.counting is not None
    return verdicts.judge(
        calendar=clock.counting,
        started_at=clock.started_at,
        target_seconds=clock.target_seconds,
        warn_shares=clock.warn_shares,
        after_seconds=clock.after_seconds,
        pauses=spans(clock, pauses),
        changes=changes,
        stopped_at=clock.stopped_at,
        now=max(now, clock.started_at),
        after_always=clock.after_calendar == "always",
    )


def retimed(clock: Clock, pauses: Sequence[Pause], *, since: datetime) -> tuple[datetime | None, datetime | None]:
    """When a running clock is due and what fires next after `since`, worked out afresh; nothing is written.

    Levels between `since` and now that nobody has written yet are found again, so that the next sweep writes them. What
    should have fired by `since` and waits for its sweep goes on waiting: the hours that changed have left it in the past.
    """
    until = max(since, clock.started_at or since)
    found = verdict(clock, pauses, now=until)
    if found is None:
        return clock.due_at, clock.next_fire_at
    waits = clock.next_fire_at is not None and clock.next_fire_at <= until
    return found.due_at, clock.next_fire_at if waits else _next(clock, found, pauses, until)


def settle(clock: Clock, pauses: Sequence[Pause], *, until: datetime, moment: Moment) -> list[Escalation]:
    """Brings a locked clock up to `until`: writes every level that fired, its state and what fires next.

    Returns the escalations this call wrote. Records `promise.escalated` once for them all, so that after an outage
    people get one message, and `promise.breached` / `promise.met` when the verdict falls.
    """
    before = clock.state
    found = verdict(clock, pauses, now=until)
    if found is None or before in FINAL:
        clock.next_fire_at = None
        if clock.as_read != _columns(clock):
            clock.save()
        return []
    # exactly at due a stop may still come and be met: the breach is written from the next microsecond on
    levels = [level for level in verdicts.fired(found, until) if level.name != "1" or found.breached_at is not None]
    written = _write(clock, levels, found, moment)
    clock.due_at = found.due_at
    clock.breached_at = clock.breached_at or found.breached_at
    clock.cause = clock.cause or found.cause
    # the word itself, as it was read: an enum would never compare equal
    clock.state = str(_state(clock, found, pauses, until))
    clock.next_fire_at = _next(clock, found, pauses, until)
    if clock.stopped_at is not None and clock.breached_at is None:
        clock.met_at = clock.stopped_at
    if clock.as_read != _columns(clock):
        clock.save()
    _tell(clock, before, written, moment)
    return written


def _columns(clock: Clock) -> str:
    """Every column in words, lists and objects with what is in them now."""
    return repr([getattr(clock, column.attname) for column in Clock._meta.concrete_fields])


def _state(clock: Clock, found: Verdict, pauses: Sequence[Pause], until: datetime) -> str:
    if clock.breached_at is not None:
        return ClockState.BREACHED
    if clock.stopped_at is not None:
        return ClockState.MET
    is_held = any(start <= until and (end is None or until < end) for start, end in spans(clock, pauses))
    return ClockState.PAUSED if is_held else ClockState.RUNNING


def _next(clock: Clock, found: Verdict, pauses: Sequence[Pause], until: datetime) -> datetime | None:
    """The earliest instant at which a level fires or a hold ends by itself."""
    if clock.stopped_at is not None:
        return None
    if found.due_at == until and found.breached_at is None:
        return until + timedelta(microseconds=1)
    ends = [pause.expires_at for pause in pauses if pause.to_at is None and pause.expires_at > until]
    instants = [*ends, *([found.next_fire_at] if found.next_fire_at else [])]
    return min(instants, default=None)


def _write(clock: Clock, levels: Sequence[Level], found: Verdict, moment: Moment) -> list[Escalation]:
    if not levels:
        return []
    there = set(Escalation.objects.filter(organisation_id=clock.organisation_id, clock=clock).values_list("level", flat=True))
    rows = [
        escalation(clock, level, found, moment, key=new_id())
        for level in levels
        if level.name not in there and level.fire_at is not None
    ]
    # the row lock already keeps a second writer out; the unique key is the wall behind it
    return Escalation.objects.bulk_create(rows)


def escalation(clock: Clock, level: Level, found: Verdict, moment: Moment, *, key: uuid.UUID) -> Escalation:
    """The unsaved row of a level that fired."""
    fire_at = level.fire_at or moment.written_at
    return Escalation(
        id=key,
        organisation_id=clock.organisation_id,
        ticket_id=clock.ticket_id,
        clock=clock,
        clause=clock.clause,
        cycle=clock.cycle,
        level=level.name,
        fire_at=fire_at,
        written_at=moment.written_at,
        late_seconds=max(0, int((moment.written_at - fire_at).total_seconds())),
        cause=found.cause if level.name == "1" else "",
    )


def _tell(clock: Clock, before: str, written: list[Escalation], moment: Moment) -> None:
    facts: list[tuple[str, uuid.UUID | str, dict[str, Any]]] = []
    data = {
        "ticket": str(clock.ticket_id),
        "clock": str(clock.id),
        "clause": clock.clause,
        "kind": clock.kind,
        "cycle": clock.cycle,
        "silent": moment.is_history,
    }
    if written:
        facts.append(("promise.escalated", clock.ticket_id, {**data, "levels": [row.level for row in written]}))
    if clock.state == ClockState.BREACHED and before != ClockState.BREACHED:
        facts.append(("promise.breached", clock.ticket_id, {**data, "cause": clock.cause}))
    if clock.state == ClockState.MET and before != ClockState.MET:
        facts.append(("promise.met", clock.ticket_id, data))
    if facts:
        # one more fact per verdict is what webhooks and the audit tell from
        organisation = clock.organisation_id
        for kind, subject, detail in facts:
            record(kind, subject, detail, organisation=organisation, now=moment.written_at, actor=moment.actor)


def stop(clock: Clock, pauses: Sequence[Pause], *, by: str, moment: Moment, cause: str = "") -> None:
    """Stops a running clock at the moment and judges it in the same transaction; a stopped one stays as it is.

    An excused one only notes when it was stopped, for the day the excuse is taken back.
    """
    if clock.stopped_at is not None or clock.started_at is None or clock.state == ClockState.CANCELLED:
        return
    clock.stopped_at = max(moment.at, clock.started_at)
    clock.stopped_by = by
    clock.cause = clock.cause or cause
    settle(clock, pauses, until=clock.stopped_at, moment=moment)


def start(clock: Clock, *, moment: Moment) -> None:
    """Starts a waiting clock at the moment."""
    if clock.state == ClockState.WAITING:
        clock.started_at = moment.at
        clock.state = ClockState.RUNNING
        settle(clock, [], until=moment.at, moment=moment)


def cancel(clock: Clock, *, cause: str) -> None:
    """Takes a clock out of every rate, with its cause; neither met nor breached."""
    clock.state, clock.cause, clock.next_fire_at = ClockState.CANCELLED, cause, None
    clock.save()


def retarget(clock: Clock, target_seconds: int, pauses: Sequence[Pause], *, moment: Moment) -> None:
    """A new target from the same start with the same pauses; what is already used up breaches now."""
    if clock.stopped_at is not None or clock.started_at is None or clock.state in FINAL:
        return
    latest = clock.changes[-1]["target_seconds"] if clock.changes else clock.target_seconds
    if latest != target_seconds:
        clock.changes = [*clock.changes, {"at": moment.at.isoformat(), "target_seconds": target_seconds}]
        settle(clock, pauses, until=moment.at, moment=moment)


def unstop(clock: Clock, pauses: Sequence[Pause], *, moment: Moment) -> None:
    """Undoes a stop: the time in between is a gap that does not count; a breach stays."""
    if clock.stopped_at is None:
        return
    clock.gaps = [*clock.gaps, [clock.stopped_at.isoformat(), moment.at.isoformat()]]
    clock.stopped_at, clock.stopped_by, clock.met_at = None, "", None
    clock.state = ClockState.BREACHED if clock.breached_at else ClockState.RUNNING
    settle(clock, pauses, until=moment.at, moment=moment)


def target_of(clock: Clock) -> int:
    """The target in force, seconds."""
    return int(clock.changes[-1]["target_seconds"]) if clock.changes else clock.target_seconds

