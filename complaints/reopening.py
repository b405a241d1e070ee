"""Reopening: a new cycle with its own clocks, or the undoing of a stop within the hour. Earlier cycles keep their verdicts."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from complaints import clock_specs, clocks
from complaints.clocks import Moment
from complaints.enums import ClockState
from complaints.models import Clock, Pause, Ticket

UNDO_WITHIN = timedelta(hours=1)
SOLVING = frozenset({"accept", "resolve", "no_answer"})


def mode_of(resolved_at: datetime | None, at: datetime, asked: str) -> str:
    """The mode asked for, else undo within the hour after the resolution, else a new cycle. Pure."""
    if asked:
        return asked
    return "undo" if resolved_at is not None and at - resolved_at < UNDO_WITHIN else "new_cycle"


def reopen(
    ticket: Ticket, held: Sequence[Clock], pauses: Sequence[Pause], fields: dict[str, Any], *, moment: Moment
) -> None:
    """Reopens a locked ticket; `fields` gets the mode that was taken."""
    mode = mode_of(ticket.resolved_at, moment.at, fields["mode"])
    fields["mode"] = mode
    ticket.n_reopened += 1
    ticket.resolved_at = ticket.closed_at = None
    ticket.proposal = {**ticket.proposal, "answer": "reopened"} if ticket.proposal else {}
    for clock in held:
        if clock.kind == "reflection" and clock.stopped_at is None and clock.state not in clocks.FINAL:
            _rest_reflection(clock, mode)
        elif mode == "undo" and clock.cycle == ticket.cycle and clock.stopped_by in SOLVING:
            clocks.unstop(clock, pauses, moment=moment)
    if mode == "new_cycle":
        _new_cycle(ticket, held, fields, moment)


def _rest_reflection(clock: Clock, mode: str) -> None:
    """There is nothing to reflect on yet: an undo lets it wait again, a new cycle brings its own."""
    if mode == "undo":
        clock.state, clock.started_at, clock.due_at, clock.next_fire_at = ClockState.WAITING, None, None, None
        clock.save()
    elif clock.breached_at is None:
        clocks.cancel(clock, cause="reopened")


def _new_cycle(ticket: Ticket, held: Sequence[Clock], fields: dict[str, Any], moment: Moment) -> None:
    last = [clock for clock in held if clock.cycle == ticket.cycle]
    ticket.cycle += 1
    again_reconstruct = bool(fields.get("reconstruct"))
    if again_reconstruct:
        ticket.reconstruction = {}
    # the full target is the present policy's: a clock that stopped before the severity changed still has the former one
    targets = {clause["code"]: clause["target_seconds"] for clause in ticket.policy.clauses}
    for clock in last:
        spec = clock_specs.SPECS[clock.kind]
        if not spec.again and not (clock.kind == "reconstruction" and again_reconstruct):
            continue
        runs = clock_specs.starts(clock.kind, clock_specs.OPENED)
        fresh = Clock(
            organisation_id=ticket.organisation_id,
            ticket=ticket,
            clause=clock.clause,
            kind=clock.kind,
            cycle=ticket.cycle,
            position=clock.position,
            state=ClockState.RUNNING if runs else ClockState.WAITING,
            calendar_id=clock.calendar_id,
            calendar_code=clock.calendar_code,
            hours=clock.hours,
            zone=clock.zone,
            turns=clock.turns,
            promise=clock.promise,
            after_calendar=clock.after_calendar,
            target_seconds=targets.get(clock.clause, clocks.target_of(clock) - clock.extended_seconds),
            warn_shares=clock.warn_shares,
            after_seconds=clock.after_seconds,
            pausable_by=clock.pausable_by,
            started_at=moment.at if runs else None,
        )
        fresh.save(force_insert=True)
        clocks.settle(fresh, [], until=moment.at, moment=moment)
