"""A new version of a policy for tickets that already run: asked for by a person, done in slices, one move per ticket.

Elapsed time carries over; new targets count from the same start, new hours from this instant on, what is used up already
breaks now (cause `target_change`). Hold reasons stay as they were pinned, so that no pause of the past changes its meaning.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from complaints import clock_specs, clocks, tickets
from complaints.clocks import Moment
from complaints.enums import ClockState, State
from complaints.models import Clock, Move, Pause, PolicyVersion, Ticket
from ledger.facts import record
from tenancy import audit

SLICE = 50
OPEN = (State.NEW, State.HANDLING, State.PROPOSED)


def ask(policy: PolicyVersion, *, organisation: int, now: datetime, actor: str) -> int:
    """Asks that the open tickets of older versions take this one. Returns how many there are."""
    n = waiting(policy, organisation=organisation)
    data = {"code": policy.code, "version": policy.version, "policy": str(policy.id), "cursor": "", "n": n}
    record("policy.reapplied", policy.code, data, organisation=organisation, now=now, actor=actor)
    detail = {"version": policy.version, "n": n}
    audit.note("policy.reapplied", policy.code, organisation=organisation, actor=actor, now=now, detail=detail)
    return n


def waiting(policy: PolicyVersion, *, organisation: int) -> int:
    """How many open tickets run under an older version of this policy."""
    rows = Ticket.objects.filter(organisation_id=organisation, state__in=OPEN, policy__code=policy.code)
    return rows.exclude(policy__version__gte=policy.version).count()


def next_slice(data: Mapping[str, Any], *, organisation: int, now: datetime, actor: str) -> list[uuid.UUID]:
    """The next tickets to move; records the fact that asks for those after them."""
    rows = Ticket.objects.filter(organisation_id=organisation, state__in=OPEN, policy__code=data["code"])
    rows = rows.filter(policy__version__lt=data["version"])
    if data["cursor"]:
        rows = rows.filter(id__gt=data["cursor"])
    keys = list(rows.order_by("id").values_list("id", flat=True)[:SLICE])
    if len(keys) == SLICE:
        going_on = {**data, "cursor": str(keys[-1])}
        record("policy.reapplied", data["code"], going_on, organisation=organisation, now=now, actor=actor)
    return keys


def repolicy(
    ticket: Ticket, held: Sequence[Clock], pauses: Sequence[Pause], fields: dict[str, Any], *, moment: Moment
) -> None:
    """The move itself, on a locked ticket."""
    policy = PolicyVersion.objects.get(organisation_id=ticket.organisation_id, id=fields["policy"])
    fields |= {"code": policy.code, "from": ticket.policy.version, "to": policy.version}
    ticket.policy = policy
    hours_of = tickets.calendars_of(policy.clauses, ticket.unit, ticket.organisation_id)
    clauses = {clause["code"]: clause for clause in policy.clauses}
    mine = [clock for clock in held if clock.cycle == ticket.cycle]
    for clock in mine:
        if clock.stopped_at is not None or clock.state in clocks.FINAL:
            continue
        clause = clauses.get(clock.clause)
        if clause is None:
            clocks.cancel(clock, cause="policy_change")
        else:
            _change(clock, clause, hours_of[clause["calendar"]], pauses, moment)
    there = {clock.clause for clock in mine}
    for position, clause in enumerate(policy.clauses):
        if clause["code"] not in there:
            _add(ticket, clause, position, hours_of[clause["calendar"]], moment)


def _change(
    clock: Clock, clause: Mapping[str, Any], hours: clocks.Hours, pauses: Sequence[Pause], moment: Moment
) -> None:
    clock.promise, clock.after_calendar = clause.get("promise", ""), clause.get("after_calendar", "same")
    clock.warn_shares, clock.after_seconds = clause["warn_shares"], clause["after_seconds"]
    if clock.hours != clause["calendar"] and (not clock.turns or clock.turns[-1]["hours"] != clause["calendar"]):
        turn = {"at": moment.at.isoformat(), "hours": clause["calendar"], "calendar": hours.version.code, "zone": hours.zone}
        clock.turns, clock.counting = [*clock.turns, turn], None
    if clock.state == ClockState.WAITING:
        clock.target_seconds, clock.changes = clause["target_seconds"], []
        clock.save()
        return
    clocks.retarget(clock, clause["target_seconds"] + clock.extended_seconds, pauses, moment=moment)
    clocks.settle(clock, pauses, until=moment.at, moment=moment)


def _add(ticket: Ticket, clause: dict[str, Any], position: int, hours: clocks.Hours, moment: Moment) -> None:
    """A promise that was not made before begins now, unless what it asks for is done already."""
    spec = clock_specs.SPECS[clause["kind"]]
    done = Move.objects.filter(organisation_id=ticket.organisation_id, ticket=ticket, cycle=ticket.cycle)
    if clause["kind"] == "notify" or done.filter(kind__in=spec.stops_on).exists():
        return
    runs = clock_specs.OPENED in spec.starts_on
    clocks.add_one(ticket, clause, position, hours, started_at=moment.at if runs else None, moment=moment)
