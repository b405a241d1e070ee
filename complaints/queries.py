"""Questions about tickets and promises. Nothing here writes."""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from complaints import clocks
from complaints.enums import ClockState, State
from complaints.models import Clock, Escalation, Move, Pause, Ticket

OPEN = (State.NEW, State.HANDLING, State.PROPOSED)
LIVE = (ClockState.RUNNING, ClockState.PAUSED, ClockState.BREACHED)


@dataclass(frozen=True)
class Filters:
    """The filters of the desk; empty means any. `view`: open, breached, due_soon, held, unassigned, resolved, all."""

    view: str = "open"
    q: str = ""
    unit: str = ""
    severity: str = ""
    owner: str = ""
    state: str = ""
    topic: str = ""
    paths: tuple[str, ...] = field(default_factory=tuple)


def tickets(filters: Filters, *, organisation: int, now: datetime) -> QuerySet[Ticket]:
    """Tickets that pass the filters, the one whose promise ends first on top."""
    everything = Ticket.objects.filter(organisation_id=organisation)
    rows = _seen(everything.select_related("unit", "owner", "customer", "touchpoint"), filters)
    rows = _viewed(rows, filters.view, organisation, now)
    if filters.state:
        rows = rows.filter(state=filters.state)
    if filters.severity:
        rows = rows.filter(severity=filters.severity)
    if filters.owner:
        rows = rows.filter(owner__user__email=filters.owner)
    if filters.topic:
        rows = rows.filter(topics__contains=[filters.topic])
    if filters.q:
        rows = rows.filter(Q(number__icontains=filters.q) | Q(title__icontains=filters.q))
    first = live_clocks(organisation).filter(ticket=OuterRef("pk")).order_by("due_at")
    return rows.annotate(next_due_at=Subquery(first.values("due_at")[:1])).order_by(
        F("next_due_at").asc(nulls_last=True), "-received_at", "id"
    )


def _seen(rows: QuerySet[Ticket], filters: Filters) -> QuerySet[Ticket]:
    if filters.unit:
        rows = rows.filter(unit__path__contains=f"/{filters.unit}/")
    if filters.paths and not any(path.count("/") == 2 for path in filters.paths):
        inside = Q()
        for path in filters.paths:
            inside |= Q(unit__path__startswith=path)
        rows = rows.filter(inside)
    return rows


def _viewed(rows: QuerySet[Ticket], view: str, organisation: int, now: datetime) -> QuerySet[Ticket]:
    mine = live_clocks(organisation).filter(ticket=OuterRef("pk"))
    if view == "all":
        return rows
    if view == "resolved":
        return rows.filter(state__in=[State.RESOLVED, State.CLOSED])
    if view == "breached":
        return rows.filter(Exists(mine.filter(breached_at__isnull=False)))
    if view == "due_soon":
        soon = mine.filter(breached_at__isnull=True, due_at__lte=now + timedelta(hours=2))
        return rows.filter(Exists(soon.exclude(state=ClockState.PAUSED)))
    rows = rows.filter(state__in=OPEN)
    if view == "held":
        held = Pause.objects.filter(
            organisation_id=organisation, ticket=OuterRef("pk"), to_at__isnull=True, expires_at__gt=now
        )
        return rows.filter(Exists(held))
    if view == "unassigned":
        return rows.filter(owner__isnull=True)
    return rows


def live_clocks(organisation: int) -> QuerySet[Clock]:
    """Clocks that still ask something of somebody: started, not stopped, neither excused nor cancelled."""
    return Clock.objects.filter(organisation_id=organisation, stopped_at__isnull=True, state__in=LIVE)


def by_number(number: str, *, organisation: int) -> Ticket | None:
    """One ticket with what its page shows, or None."""
    rows = Ticket.objects.filter(organisation_id=organisation, number=number)
    names = ("unit", "owner", "owner__user", "customer", "touchpoint", "policy", "feedback", "staff")
    return rows.select_related(*names).first()


def by_id(ticket_id: uuid.UUID, *, organisation: int) -> Ticket | None:
    """One ticket by key, or None."""
    return Ticket.objects.filter(organisation_id=organisation, id=ticket_id).select_related("unit", "owner", "customer").first()


@dataclass(frozen=True)
class ClockView:
    """A clock as every door shows it, true at `now`."""

    clock: Clock
    state: str
    due_at: datetime | None
    target_seconds: int
    elapsed_seconds: int
    warn_at: tuple[datetime, ...]
    late_seconds: int
    late_working_seconds: int
    left_share: float
    is_stopped: bool


def clock_views(tickets_: Iterable[Ticket], *, organisation: int, now: datetime) -> dict[uuid.UUID, list[ClockView]]:
    """The clocks of tickets, worked out afresh, in two statements."""
    ids = [ticket.id for ticket in tickets_]
    pauses: dict[uuid.UUID, list[Pause]] = defaultdict(list)
    for pause in Pause.objects.filter(organisation_id=organisation, ticket__in=ids).order_by("from_at"):
        pauses[pause.ticket_id].append(pause)
    found: dict[uuid.UUID, list[ClockView]] = defaultdict(list)
    rows = Clock.objects.filter(organisation_id=organisation, ticket__in=ids).select_related("calendar")
    for clock in rows.order_by("cycle", "position"):
        found[clock.ticket_id].append(view(clock, pauses[clock.ticket_id], now=now))
    return found


def view(clock: Clock, pauses: list[Pause], *, now: datetime) -> ClockView:
    """One clock as it stands at `now`: what was swept is kept, what time has done since is added."""
    found = clocks.verdict(clock, pauses, now=now)
    target = clocks.target_of(clock)
    if found is None:
        return ClockView(clock, clock.state, None, target, 0, (), 0, 0, 1.0, False)
    state = clock.state
    if state in {ClockState.RUNNING, ClockState.PAUSED} and found.state == "breached":
        state = ClockState.BREACHED
    elif state in {ClockState.RUNNING, ClockState.PAUSED}:
        held = any(start <= now and (end is None or now < end) for start, end in clocks.spans(clock, pauses))
        state = ClockState.PAUSED if held else ClockState.RUNNING
    warnings = tuple(level.fire_at for level in found.levels if level.share is not None and level.share < 1 and level.fire_at)
    left = max(0.0, 1 - found.elapsed_seconds / target) if target else 0.0
    return ClockView(
        clock=clock,
        state=state,
        due_at=found.due_at,
        target_seconds=target,
        elapsed_seconds=found.elapsed_seconds,
        warn_at=warnings,
        late_seconds=found.late_seconds,
        late_working_seconds=found.late_working_seconds,
        left_share=left,
        is_stopped=clock.stopped_at is not None,
    )


def escalations(ticket: Ticket) -> list[Escalation]:
    """Every level that fired, in the order of its instant."""
    rows = Escalation.objects.filter(organisation_id=ticket.organisation_id, ticket=ticket)
    return list(rows.order_by("fire_at", "clause"))


def timeline(ticket: Ticket) -> list[Move]:
    """The moves of a ticket in order."""
    return list(Move.objects.filter(organisation_id=ticket.organisation_id, ticket=ticket).order_by("seq"))


def open_pause(ticket: Ticket, *, now: datetime) -> Pause | None:
    """The hold that lasts at `now`, or None."""
    rows = Pause.objects.filter(organisation_id=ticket.organisation_id, ticket=ticket, to_at__isnull=True)
    return rows.filter(expires_at__gt=now).first()


def held_tickets(ids: Iterable[uuid.UUID], *, organisation: int, now: datetime) -> set[uuid.UUID]:
    """Which of these tickets are held at `now`."""
    rows = Pause.objects.filter(organisation_id=organisation, ticket__in=list(ids), to_at__isnull=True)
    return set(rows.filter(expires_at__gt=now).values_list("ticket_id", flat=True))


def counts(filters: Filters, *, organisation: int, now: datetime) -> dict[str, int]:
    """How many tickets each view of the desk holds, under the other filters."""
    rows = _seen(Ticket.objects.filter(organisation_id=organisation), filters)
    views = ("open", "breached", "due_soon", "held", "unassigned")
    return {name: _viewed(rows, name, organisation, now).count() for name in views}


def similar(ticket: Ticket, *, limit: int = 3) -> list[Ticket]:
    """Solved cases that share a topic, the newest first."""
    if not ticket.topics:
        return []
    rows = Ticket.objects.filter(
        organisation_id=ticket.organisation_id, topics__overlap=ticket.topics, state__in=[State.RESOLVED, State.CLOSED]
    )
    return list(rows.exclude(id=ticket.id).select_related("unit").order_by("-resolved_at")[:limit])
