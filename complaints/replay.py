"""What the last thirty days would have looked like under another policy: the stored behaviour, judged afresh.

Nothing is written. What people did and when is taken as it was (they might have acted otherwise under another promise):
the page says so. Starts, stops and holds come from the moves; targets, calendars and pauses from the policy under test.
"""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from complaints import clock_specs, contacts, policies_match, sla_policies, tickets, verdicts
from complaints.enums import ClockState, Severity, State
from complaints.models import Clock, Move, Pause, PolicyVersion, Ticket
from complaints.policies_match import Case
from complaints.reopening import SOLVING
from cxms.lib.working_time import Calendar
from feedback.models import Analysis
from tenancy import calendars
from tenancy.models import Unit

DAYS = 30
MOST = 2000
OPEN = (State.NEW, State.HANDLING, State.PROPOSED)
Span = tuple[datetime, datetime | None]


@dataclass
class Tally:
    """Ended promises: how many were kept, of how many; what still runs apart."""

    n_met: int = 0
    n_ended: int = 0
    n_running: int = 0

    def add(self, state: str) -> None:
        """Counts one verdict: met, breached or running."""
        self.n_met += state == "met"
        self.n_ended += state in {"met", "breached"}
        self.n_running += state == "running"


@dataclass(frozen=True)
class ClauseReplay:
    """One clause: as it was on these tickets, and under the policy under test."""

    code: str
    kind: str
    target_seconds: int
    then: Tally = field(default_factory=Tally)
    under: Tally = field(default_factory=Tally)


@dataclass(frozen=True)
class Replay:
    """n_seen: tickets looked at; n_taken: those the policy would take, n_had: those that had it; n_open: open ones among
    the taken; n_break: open ones that would be broken now and are not; is_capped: older ones were left out."""

    n_seen: int
    n_taken: int
    n_had: int
    n_open: int
    n_break: int
    clauses: tuple[ClauseReplay, ...]
    is_capped: bool


@dataclass
class Course:
    """What happened in one cycle of a ticket."""

    started_at: datetime
    stops: dict[str, datetime] = field(default_factory=dict)
    starts: dict[str, datetime] = field(default_factory=dict)
    gaps: dict[str, list[Span]] = field(default_factory=lambda: defaultdict(list))
    again: bool = True


def run(code: str, match: Mapping[str, Any], clauses: Sequence[dict[str, Any]], *, organisation: int, now: datetime) -> Replay:
    """Replays the last thirty days with the policy `code` saying this instead. The clauses are checked ones."""
    recent = Ticket.objects.filter(organisation_id=organisation, received_at__gte=now - timedelta(days=DAYS), received_at__lte=now)
    rows = list(recent.select_related("unit", "customer", "policy").order_by("-received_at")[: MOST + 1])
    seen = rows[:MOST]
    taken = [ticket for ticket, row in _matched(code, match, clauses, seen, organisation) if row.code == code]
    told = _Told(taken, organisation)
    hours = _Hours(organisation)
    found = tuple(ClauseReplay(c["code"], c["kind"], c["target_seconds"]) for c in clauses)
    n_break = 0
    for ticket in taken:
        broken = [_judge(ticket, clause, one, told, hours, now) for clause, one in zip(clauses, found, strict=True)]
        n_break += ticket.state in OPEN and any(broken)
    return Replay(
        n_seen=len(seen), n_taken=len(taken), n_had=sum(ticket.policy.code == code for ticket in seen),
        n_open=sum(ticket.state in OPEN for ticket in taken), n_break=n_break, clauses=found, is_capped=len(rows) > MOST,
    )  # fmt: skip


def _matched(
    code: str, match: Mapping[str, Any], clauses: Sequence[dict[str, Any]], seen: Sequence[Ticket], organisation: int
) -> list[tuple[Ticket, PolicyVersion]]:
    """Each ticket with the policy that would take it, in today's order, by what is known of it today."""
    rows = sla_policies.in_force(organisation=organisation)
    tried = [
        PolicyVersion(code=row.code, position=row.position, match=match, clauses=clauses) if row.code == code else row
        for row in rows
    ]
    voices = [ticket.feedback_id for ticket in seen]
    red = set(
        Analysis.objects.filter(organisation_id=organisation, feedback_id__in=voices, is_current=True, red_line=True)
        .values_list("feedback_id", flat=True)
    )  # fmt: skip
    found = []
    for ticket in seen:
        grave = ticket.severity == Severity.CRITICAL or ticket.feedback_id in red
        picked = policies_match.pick(case_of(ticket, grave), tried)
        if picked is not None:
            found.append((ticket, picked))
    return found


def case_of(ticket: Ticket, red_line: bool) -> Case:
    """What matching looks at, of a ticket as it stands."""
    return Case(
        severity=ticket.severity,
        tier=ticket.customer.tier if ticket.customer else "",
        channel=ticket.channel,
        unit_path=ticket.unit.path if ticket.unit else "",
        topics=tuple(ticket.topics),
        red_line=red_line,
    )


class _Told:
    """The moves, holds and clocks of tickets, read in three statements."""

    def __init__(self, rows: Sequence[Ticket], organisation: int) -> None:
        keys = [row.id for row in rows]
        mine = {"organisation_id": organisation, "ticket__in": keys}
        self.courses: dict[uuid.UUID, dict[int, Course]] = {row.id: {1: Course(row.received_at)} for row in rows}
        for move in Move.objects.filter(**mine).order_by("ticket_id", "seq"):
            _take(self.courses[move.ticket_id], move)
        self.pauses: dict[uuid.UUID, list[Pause]] = defaultdict(list)
        for pause in Pause.objects.filter(**mine):
            self.pauses[pause.ticket_id].append(pause)
        self.clocks: dict[tuple[uuid.UUID, str, int], Clock] = {}
        for clock in Clock.objects.filter(**mine):
            self.clocks[clock.ticket_id, clock.clause, clock.cycle] = clock
            if clock.kind == "notify" and clock.stopped_at and clock.cycle in self.courses[clock.ticket_id]:
                self.courses[clock.ticket_id][clock.cycle].stops["notify"] = clock.stopped_at


def _take(courses: dict[int, Course], move: Move) -> None:
    """Adds one move to what is known of its ticket."""
    kind = "no_answer" if move.data.get("reason") == "no_answer" and move.kind == "resolve" else contacts.kind_of(move)
    if kind == "reopen" and move.data.get("mode") == "new_cycle":
        courses[move.cycle] = Course(move.at, again=bool(move.data.get("reconstruct")))
        return
    course = courses.get(move.cycle)
    if course is None:
        return
    if kind == "visit":
        kind = "visit" if not {"no_show", "window"} & set(move.data) else "visit_other"
    for name in clock_specs.SPECS:
        if kind == "reopen" and name in course.stops and SOLVING & clock_specs.SPECS[name].stops_on:
            course.gaps[name].append((course.stops.pop(name), move.at))
        elif clock_specs.stops(name, kind):
            course.stops.setdefault(name, move.at)
        elif clock_specs.starts(name, kind):
            course.starts.setdefault(name, move.at)


class _Hours:
    """The calendars in force now, by clause and unit, each loaded once."""

    def __init__(self, organisation: int) -> None:
        self.organisation = organisation
        self.made: dict[tuple[str, uuid.UUID | None], Calendar] = {}

    def of(self, clause: Mapping[str, Any], unit: Unit | None) -> Calendar:
        """The hours a clause counts for a unit."""
        key = (clause["calendar"], unit.id if unit is not None and clause["calendar"] == "unit" else None)
        if key not in self.made:
            hours = tickets.calendars_of([dict(clause)], unit, self.organisation)[clause["calendar"]]
            self.made[key] = calendars.by_key(hours.version.id, organisation=self.organisation, timezone=hours.zone)
        return self.made[key]


def _judge(
    ticket: Ticket, clause: Mapping[str, Any], found: ClauseReplay, told: _Told, hours: _Hours, now: datetime
) -> bool:
    """Counts one clause of one ticket in each of its cycles. True when it would be broken now, still runs and is not."""
    spec, breaks = clock_specs.SPECS[clause["kind"]], False
    for cycle, course in told.courses[ticket.id].items():
        if cycle > 1 and not (spec.again or course.again):
            continue
        before = told.clocks.get((ticket.id, clause["code"], cycle))
        _count_then(found.then, before)
        started = course.started_at if clock_specs.OPENED in spec.starts_on else course.starts.get(clause["kind"])
        if started is None:
            continue
        stopped = course.stops.get(clause["kind"])
        state = _state(clause, course, told.pauses[ticket.id], hours.of(clause, ticket.unit), (started, stopped), now)
        found.under.add(state)
        was = before is not None and before.breached_at is not None
        breaks = breaks or (state == "breached" and stopped is None and not was)
    return breaks


def _count_then(tally: Tally, clock: Clock | None) -> None:
    if clock is None or clock.started_at is None or clock.state == ClockState.CANCELLED:
        return
    tally.add("breached" if clock.breached_at else "met" if clock.met_at else "running")


def _state(
    clause: Mapping[str, Any], course: Course, pauses: Sequence[Pause], calendar: Calendar, span: Span, now: datetime
) -> str:
    started, stopped = span
    held: list[Span] = [(p.from_at, p.to_at or p.expires_at) for p in pauses if p.reason in clause["pausable_by"]]
    verdict = verdicts.judge(
        calendar=calendar, started_at=started, target_seconds=clause["target_seconds"], warn_shares=(), after_seconds=(),
        pauses=[*held, *course.gaps.get(clause["kind"], ())], stopped_at=max(stopped, started) if stopped else None,
        now=max(now, started),
    )  # fmt: skip
    return verdict.state
