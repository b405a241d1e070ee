"""Questions about tickets and promises. Nothing here writes."""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Case, Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When

from complaints import axes, clocks, hours_counted
from complaints.enums import ClockState, Severity, State
from complaints.models import Clock, Escalation, Move, Pause, Ticket

OPEN = (State.NEW, State.HANDLING, State.PROPOSED)
LIVE = (ClockState.RUNNING, ClockState.PAUSED, ClockState.BREACHED)
_RANK = Case(
    *(When(severity=code, then=Value(i)) for i, code in enumerate(Severity.values)), output_field=IntegerField()
)
ORDERS: dict[str, tuple[Any, ...]] = {
    "newest": ("-received_at", "id"),
    "oldest": ("received_at", "id"),
    "severity": (_RANK.desc(), "received_at", "id"),
}


@dataclass(frozen=True)
class Filters:
    """The filters of the desk; empty means any. `view`: open, breached, due_soon, held, unassigned, to_accept, resolved, all.

    `clock`: running, paused or breached; `due_minutes`: a promise ends within; `contact`: "due" when it is time to try the customer again; `owner`: an e-mail or "none";
    `axes`: a place on the two axes, "need:wholly:set" (`complaints.axes`), which leaves out duplicates and those whose voice was;
    `order`: due, newest, oldest, severity.
    """

    view: str = "open"
    q: str = ""
    unit: str = ""
    severity: str = ""
    owner: str = ""
    state: str = ""
    topic: str = ""
    tier: str = ""
    channel: str = ""
    clock: str = ""
    contact: str = ""
    verdict: str = ""
    paused: str = ""
    from_date: date | None = None
    to_date: date | None = None
    due_minutes: int = 0
    axes: str = ""
    order: str = "due"
    paths: tuple[str, ...] = field(default_factory=tuple)


def tickets(filters: Filters, *, organisation: int, now: datetime) -> QuerySet[Ticket]:
    """Tickets that pass the filters, the one whose promise ends first on top."""
    everything = Ticket.objects.filter(organisation_id=organisation)
    rows = _seen(everything.select_related("unit", "owner", "customer", "touchpoint", "holder", "offered"), filters)
    rows = _viewed(rows, filters, organisation, now)
    rows = _narrowed(rows, filters, organisation, now)
    if filters.order in ORDERS:
        return rows.order_by(*ORDERS[filters.order])
    first = live_clocks(organisation).filter(ticket=OuterRef("pk")).order_by("due_at")
    return rows.annotate(next_due_at=Subquery(first.values("due_at")[:1])).order_by(
        F("next_due_at").asc(nulls_last=True), "-received_at", "id"
    )


def n_tickets(filters: Filters, *, organisation: int, now: datetime) -> int:
    """How many tickets pass the filters."""
    return tickets(replace(filters, order="newest"), organisation=organisation, now=now).order_by().count()


def _narrowed(rows: QuerySet[Ticket], filters: Filters, organisation: int, now: datetime) -> QuerySet[Ticket]:
    plain = {
        "state": filters.state,
        "severity": filters.severity,
        "channel": filters.channel,
        "customer__tier": filters.tier,
        "topics__contains": [filters.topic] if filters.topic else "",
    }
    rows = rows.filter(**{name: value for name, value in plain.items() if value})
    if filters.owner:
        nobody = filters.owner == "none"
        rows = rows.filter(owner__isnull=True) if nobody else rows.filter(owner__user__email=filters.owner)
    if filters.q:
        said = Q(number__icontains=filters.q) | Q(title__icontains=filters.q) | Q(feedback__text__icontains=filters.q)
        rows = rows.filter(said)
    if filters.from_date:
        rows = rows.filter(local_day__gte=filters.from_date)
    if filters.to_date:
        rows = rows.filter(local_day__lt=filters.to_date)
    if filters.verdict:
        rows = rows.filter(_judged(filters.verdict, organisation, now))
    if filters.paused:
        rows = rows.filter(Exists(Pause.objects.filter(organisation_id=organisation, ticket=OuterRef("pk"))))
    if place := axes.place_of(filters.axes):
        rows = axes.narrowed(rows, place, organisation=organisation)
    if filters.contact:
        rows = rows.filter(state__in=OPEN, contact_due_at__lte=now)
    mine = live_clocks(organisation).filter(ticket=OuterRef("pk"))
    if filters.clock == ClockState.BREACHED:
        rows = rows.filter(Exists(mine.filter(breached_at__isnull=False)))
    elif filters.clock:
        rows = rows.filter(Exists(mine.filter(breached_at__isnull=True, state=filters.clock)))
    if filters.due_minutes:
        until = now + timedelta(minutes=filters.due_minutes)
        ends = mine.filter(breached_at__isnull=True, due_at__lte=until).exclude(state=ClockState.PAUSED).exclude(kind="notify")
        rows = rows.filter(Exists(ends))
    return rows


def _judged(asked: str, organisation: int, now: datetime) -> Exists:
    """Tickets with a clock of “clause:verdict”, as the attainment counts it: what ran out is broken before any sweep."""
    clause, _colon, verdict = asked.rpartition(":")
    rows = Clock.objects.filter(organisation_id=organisation, ticket=OuterRef("pk"))
    rows = rows.filter(clause=clause) if clause else rows
    over = Q(state=ClockState.RUNNING, stopped_at__isnull=True, due_at__lt=now)
    if verdict == ClockState.BREACHED:
        return Exists(rows.filter(Q(state=verdict) | over))
    if verdict == ClockState.RUNNING:
        return Exists(rows.filter(state__in=[ClockState.RUNNING, ClockState.PAUSED]).exclude(over))
    return Exists(rows.filter(state=verdict))


def _seen(rows: QuerySet[Ticket], filters: Filters) -> QuerySet[Ticket]:
    if filters.unit:
        rows = rows.filter(unit__path__contains=f"/{filters.unit}/")
    if filters.paths and not any(path.count("/") == 2 for path in filters.paths):
        # where it happened, who has it, whom it is offered to
        rows = rows.filter(_inside(filters.paths, "unit") | _inside(filters.paths, "holder") | _inside(filters.paths, "offered"))
    return rows


def _inside(paths: Iterable[str], name: str) -> Q:
    found = Q()
    for path in paths:
        found |= Q(**{f"{name}__path__startswith": path})
    return found


def _viewed(rows: QuerySet[Ticket], filters: Filters, organisation: int, now: datetime) -> QuerySet[Ticket]:
    view = filters.view
    mine = live_clocks(organisation).filter(ticket=OuterRef("pk"))
    if view == "all":
        return rows
    if view == "resolved":
        return rows.filter(state__in=[State.RESOLVED, State.CLOSED])
    if view == "breached":
        return rows.filter(Exists(mine.filter(breached_at__isnull=False)))
    if view == "due_soon":
        soon = mine.filter(breached_at__isnull=True, due_at__lte=now + timedelta(hours=2))
        return rows.filter(Exists(soon.exclude(state=ClockState.PAUSED).exclude(kind="notify")))
    rows = rows.filter(state__in=OPEN)
    if view == "to_accept":
        return rows.filter(_inside(filters.paths or ("/",), "offered"))
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
    names = ("unit", "owner", "owner__user", "customer", "touchpoint", "policy", "feedback", "staff", "holder", "offered")
    return rows.select_related(*names).first()


def by_id(ticket_id: uuid.UUID, *, organisation: int) -> Ticket | None:
    """One ticket by key, or None."""
    return Ticket.objects.filter(organisation_id=organisation, id=ticket_id).select_related("unit", "owner", "customer").first()


def numbers(ids: Iterable[str], *, organisation: int) -> dict[str, str]:
    """Ticket key → number, as texts."""
    rows = Ticket.objects.filter(organisation_id=organisation, id__in=set(ids))
    return {str(key): number for key, number in rows.values_list("id", "number")}


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
    """The clocks of tickets, worked out afresh, in a handful of statements."""
    tickets_ = list(tickets_)
    ids = [ticket.id for ticket in tickets_]
    pauses: dict[uuid.UUID, list[Pause]] = defaultdict(list)
    for pause in Pause.objects.filter(organisation_id=organisation, ticket__in=ids).order_by("from_at"):
        pauses[pause.ticket_id].append(pause)
    found: dict[uuid.UUID, list[ClockView]] = defaultdict(list)
    by_id = {ticket.id: ticket for ticket in tickets_}
    rows = list(Clock.objects.filter(organisation_id=organisation, ticket__in=ids).order_by("cycle", "position"))
    for clock in rows:
        clock.ticket = by_id[clock.ticket_id]
    hours_counted.attach(rows)
    for clock in rows:
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
    views = ("open", "breached", "due_soon", "held", "unassigned", "to_accept")
    return {name: _viewed(rows, replace(filters, view=name), organisation, now).count() for name in views}
